// What the person has read, and the badges that follow from it.
import { createStore, produce, reconcile } from "solid-js/store";
import { compare, idAt, newer } from "../core/snowflake.ts";
import { type Channel, ChannelType, type Id, type Message, type ReadState } from "../core/types.ts";
import { channels, isPrivate, isWritten } from "./channels.ts";
import type { Reducers } from "./events.ts";
import { guilds, memberOf } from "./guilds.ts";
import { mutedChannel, mutedGuild, suppressed } from "./notify.ts";
import { isBlocked } from "./relationships.ts";
import { myId } from "./session.ts";

interface Read {
  last: Id;
  mentions: number;
}

const [reads, setReads] = createStore<Record<Id, Read>>({});
export { reads };

/** The newest message that the person has read; without a word of it, what was there when they came. */
export function lastRead(channel: Channel): Id {
  const known = reads[channel.id]?.last;
  if (known && known !== "0") return known;
  const joined = channel.guild_id ? guilds[channel.guild_id]?.joined_at : undefined;
  return joined ? idAt(Date.parse(joined)) : "0";
}

export function mentionsIn(channel: Channel): number {
  return reads[channel.id]?.mentions ?? 0;
}

/** Whether something is new in a channel, muted or not. */
export function hasNews(channel: Channel): boolean {
  if (!isWritten(channel) || !channel.last_message_id) return false;
  return compare(channel.last_message_id, lastRead(channel)) > 0;
}

/** Whether a channel is to be shown as unread. */
export function isUnread(channel: Channel): boolean {
  if (mentionsIn(channel) > 0) return true;
  return hasNews(channel) && !mutedChannel(channel);
}

export interface Badge {
  unread: boolean;
  mentions: number;
}

/** What a guild's place in the rail shows. */
export function guildBadge(guildId: Id): Badge {
  let unread = false;
  let mentions = 0;
  const muted = mutedGuild(guildId);
  for (const channel of Object.values(channels)) {
    if (channel.guild_id !== guildId || channel.type === ChannelType.CATEGORY) continue;
    mentions += mentionsIn(channel);
    if (!muted && !unread) unread = isUnread(channel);
  }
  return { unread: unread || mentions > 0, mentions };
}

/** How many things wait for the person anywhere. */
export function totalMentions(): number {
  let total = 0;
  for (const channel of Object.values(channels)) total += mentionsIn(channel);
  return total;
}

/** Note that a channel is read up to a message. */
export function noteRead(channelId: Id, messageId: Id, mentions = 0): void {
  setReads(channelId, { last: messageId, mentions });
}

let reading: (channelId: Id) => boolean = () => false;

/** Who shows messages says which channel is being read at this moment. */
export function readingIs(check: (channelId: Id) => boolean): void {
  reading = check;
}

export function isBeingRead(channelId: Id): boolean {
  return reading(channelId);
}

/** Whether a message names the person, so that it stands out where it is. */
export function standsOut(message: Message): boolean {
  if (message.author.id === myId()) return false;
  if (message.mention_everyone || message.mentions.some((user) => user.id === myId())) return true;
  const held = memberOf(channels[message.channel_id]?.guild_id, myId())?.roles ?? [];
  return message.mention_roles.some((id) => held.includes(id));
}

/** Whether a message is meant for the person, by the rules of badges. */
export function names(message: Message): boolean {
  const channel = channels[message.channel_id];
  if (!channel || message.author.id === myId() || isBlocked(message.author.id)) return false;
  if (message.mentions.some((user) => user.id === myId())) return true;
  if (isPrivate(channel)) return !mutedChannel(channel);
  if (mutedGuild(channel.guild_id) || mutedChannel(channel)) return false;
  if (message.mention_everyone && !suppressed(channel.guild_id, "everyone")) return true;
  if (suppressed(channel.guild_id, "roles")) return false;
  const held = memberOf(channel.guild_id, myId())?.roles ?? [];
  return message.mention_roles.some((id) => held.includes(id));
}

type Told = ReadState[] | { entries: ReadState[] };

export const reducers: Reducers = {
  READY(d: { read_state?: Told }) {
    const entries = Array.isArray(d.read_state) ? d.read_state : (d.read_state?.entries ?? []);
    setReads(
      reconcile(
        Object.fromEntries(
          entries.map((one) => [one.id, { last: String(one.last_message_id ?? "0"), mentions: one.mention_count ?? 0 }]),
        ),
      ),
    );
  },
  MESSAGE_ACK(d: { channel_id: Id; message_id: Id; manual?: boolean; mention_count?: number }) {
    const was = reads[d.channel_id];
    const last = d.manual ? d.message_id : (newer(was?.last, d.message_id) as Id);
    // An ack from before the newest mention leaves it: only the server can count those between.
    const mentions = d.manual ? (d.mention_count ?? 0) : 0;
    setReads(d.channel_id, { last, mentions });
  },
  MESSAGE_CREATE(d: Message) {
    const was = reads[d.channel_id];
    if (d.author.id === myId()) setReads(d.channel_id, { last: d.id, mentions: 0 });
    else if (names(d) && !isBeingRead(d.channel_id)) {
      const channel = channels[d.channel_id];
      const last = was?.last ?? (channel ? lastRead(channel) : "0");
      setReads(d.channel_id, { last, mentions: (was?.mentions ?? 0) + 1 });
    }
  },
  CHANNEL_DELETE(d: { id: Id }) {
    setReads(produce((all) => void delete all[d.id]));
  },
};
