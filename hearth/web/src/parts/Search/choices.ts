// The filters that fit what somebody has begun to write, in words.
import { begunFilter, dayAt, dayIn, type Filter, type Kind, KINDS } from "../../core/search.ts";
import { longDate } from "../../core/time.ts";
import { type Channel, ChannelType, type Id } from "../../core/types.ts";
import { channelName, channels, isPrivate, isWritten, may } from "../../store/channels.ts";
import { members, nameIn } from "../../store/guilds.ts";
import { userName, users } from "../../store/users.ts";
import { best } from "../complete.ts";

export interface Choice {
  label: string;
  note: string;
  userId?: Id;
  /** What it adds; without it the choice begins a filter of `kind`. */
  filter?: Filter;
  kind: Kind;
}

const HINTS: Record<Kind, string> = {
  from: "who wrote it",
  mentions: "who is named in it",
  in: "a channel",
  has: "a link, picture, file…",
  before: "a day",
  after: "a day",
  pinned: "whether it is pinned",
};

const HAS: [value: string, note: string][] = [
  ["image", "a picture"],
  ["file", "any file"],
  ["link", "a link"],
  ["video", "a film"],
  ["sound", "music or speech"],
  ["embed", "a preview or a bot's panel"],
];

const DAYS: [days: number, words: string][] = [[0, "today"], [1, "yesterday"], [7, "a week ago"], [30, "a month ago"], [365, "a year ago"]];

const DAY_MS = 86_400_000;

const midday = (day: string) => new Date(`${day}T12:00`).getTime();

/** What a filter is called: "from: bob". */
export function wordsOf(filter: Filter, guildId: Id | undefined): string {
  const { kind, value } = filter;
  if (kind === "from" || kind === "mentions") return `${kind}: ${nameIn(guildId, value)}`;
  if (kind === "in") return `in: #${channels[value] ? channelName(channels[value]) : "unknown"}`;
  if (kind === "before" || kind === "after") return `${kind}: ${longDate(midday(value))}`;
  return `${kind}: ${value}`;
}

/** Which filters somebody may mean who has written this in a channel's search. */
export function choicesFor(text: string, channel: Channel): Choice[] {
  const begun = begunFilter(text);
  if (begun) return values(begun.kind, begun.typed, channel);
  const word = /(?:^|\s)(\S*)$/.exec(text)?.[1]?.toLowerCase() ?? "";
  if (text && !word) return [];
  return KINDS.filter((kind) => kind.startsWith(word) && !(kind === "in" && isPrivate(channel))).map((kind) => ({
    kind,
    label: `${kind}:`,
    note: HINTS[kind],
  }));
}

function values(kind: Kind, typed: string, channel: Channel): Choice[] {
  const guildId = channel.guild_id;
  const made = (value: string, label: string, note: string, userId?: Id): Choice => ({ kind, label, note, userId, filter: { kind, value } });
  switch (kind) {
    case "from":
    case "mentions": {
      const ids = guildId ? Object.keys(members[guildId] ?? {}) : [...(channel.recipient_ids ?? [])];
      const found = best(ids, typed, (id) => [nameIn(guildId, id), userName(users[id]), users[id]?.username ?? ""]);
      return found.map((id) => made(id, nameIn(guildId, id), users[id]?.username ?? "", id));
    }
    case "in": {
      const all = Object.values(channels).filter((one) => one.guild_id === guildId && isWritten(one) && one.type !== ChannelType.VOICE && may(one, "READ_MESSAGE_HISTORY"));
      const parent = (one: Channel) => (one.parent_id && channels[one.parent_id] ? channelName(channels[one.parent_id] as Channel) : "");
      return best(all, typed.replace(/^#/, ""), (one) => [channelName(one)]).map((one) => made(one.id, `#${channelName(one)}`, parent(one)));
    }
    case "has":
      return HAS.filter(([value]) => value.startsWith(typed)).map(([value, note]) => made(value, value, note));
    case "pinned":
      return ["yes", "no"].filter((value) => value.startsWith(typed)).map((value) => made(value, value, value === "yes" ? "only what is pinned" : "only what is not"));
    case "before":
    case "after": {
      const day = dayIn(typed);
      if (day) return [made(day, longDate(midday(day)), day)];
      const now = Date.now();
      return DAYS.map(([days, words]) => [dayAt(now - days * DAY_MS), words] as const)
        .filter(([at, words]) => at.startsWith(typed) || words.startsWith(typed))
        .map(([at, words]) => made(at, longDate(midday(at)), words));
    }
  }
}
