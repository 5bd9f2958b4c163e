// What a person may mean who has begun to write @, # or :, and what is put in its place.
import { emojiUrl } from "../core/cdn.ts";
import { type Channel, ChannelType, type Id } from "../core/types.ts";
import { channelName, channels, emojiGuilds, isPrivate, isWritten } from "../store/channels.ts";
import { members, nameIn, rolesOf } from "../store/guilds.ts";
import { userName, users } from "../store/users.ts";

export interface Choice {
  /** What is put into the text. */
  text: string;
  label: string;
  note?: string;
  userId?: Id;
  glyph?: string;
  /** Where the picture of it is. */
  picture?: string;
}

export interface Begun {
  mark: "@" | "#" | ":";
  query: string;
  from: number;
}

const MOST = 8;

/** What was begun right before the caret, if anything was. */
export function begunAt(text: string, caret: number): Begun | null {
  const found = /(?:^|\s)([@#]|:(?=\w{2}))([^\s@#:]{0,32})$/.exec(text.slice(0, caret));
  if (!found) return null;
  const [, mark, query] = found as unknown as [string, "@" | "#" | ":", string];
  return { mark, query: query.toLowerCase(), from: caret - query.length - 1 };
}

/** Those who fit the query, the best first: what begins with it before what has it within. */
export function best<T>(list: T[], query: string, words: (one: T) => string[]): T[] {
  const rank = (one: T) => {
    const all = words(one).map((word) => word.toLowerCase());
    if (all.some((word) => word.startsWith(query))) return 0;
    return all.some((word) => word.includes(query)) ? 1 : 2;
  };
  return list
    .map((one) => ({ one, rank: rank(one) }))
    .filter((each) => each.rank < 2)
    .sort((a, b) => a.rank - b.rank || (words(a.one)[0] ?? "").localeCompare(words(b.one)[0] ?? ""))
    .slice(0, MOST)
    .map((each) => each.one);
}

export function people(channel: Channel, query: string, everyone: boolean): Choice[] {
  const guildId = channel.guild_id;
  const ids = guildId ? Object.keys(members[guildId] ?? {}) : (channel.recipient_ids ?? []);
  const found = best(ids, query, (id) => [nameIn(guildId, id), userName(users[id]), users[id]?.username ?? ""]);
  const choices: Choice[] = found.map((id) => ({
    text: `<@${id}> `,
    label: nameIn(guildId, id),
    note: users[id]?.username,
    userId: id,
  }));
  if (guildId) {
    const roles = rolesOf(guildId).filter((role) => role.id !== guildId && (role.mentionable || everyone));
    choices.push(...best(roles, query, (role) => [role.name]).map((role) => ({ text: `<@&${role.id}> `, label: `@${role.name}`, note: "role" })));
    if (everyone) {
      for (const [word, note] of [["everyone", "all who see this channel"], ["here", "all of them who are online"]] as const) {
        if (word.startsWith(query)) choices.push({ text: `@${word} `, label: `@${word}`, note });
      }
    }
  }
  return choices.slice(0, MOST);
}

export function places(channel: Channel, query: string): Choice[] {
  if (isPrivate(channel)) return [];
  const all = Object.values(channels).filter(
    (one) => one.guild_id === channel.guild_id && (isWritten(one) || one.type === ChannelType.FORUM),
  );
  return best(all, query, (one) => [channelName(one)]).map((one) => ({ text: `<#${one.id}> `, label: `#${channelName(one)}` }));
}

export async function emoji(guildId: Id | undefined, query: string): Promise<Choice[]> {
  const own = emojiGuilds(guildId).flatMap((guild) =>
    best(guild.emojis, query, (one) => [one.name ?? ""]).map((one) => ({
      text: `<${one.animated ? "a" : ""}:${one.name}:${one.id}> `,
      label: `:${one.name}:`,
      note: guild.id === guildId ? "this guild" : guild.name,
      picture: emojiUrl(one),
    })),
  );
  const { EMOJI } = await import("../core/emoji/index.ts");
  const all = EMOJI.flatMap(([, list]) => list);
  const found = best(all, query, ([, words]) => words.split(" ")).map(([text, words]) => ({
    text: `${text} `,
    label: words,
    glyph: text,
  }));
  return [...own, ...found].slice(0, MOST);
}
