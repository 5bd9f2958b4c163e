// Channels of guilds, DMs and groups by id; what the person may do in them.
import { createStore, produce, reconcile } from "solid-js/store";
import { GROUP, GROUP_OWNER, P, type Permission, PRIVATE, resolve, type World } from "../core/permissions.ts";
import { compare, newer } from "../core/snowflake.ts";
import { type Channel, ChannelType, type Guild, type Id, type User } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { guildList, guilds, memberOf, roles } from "./guilds.ts";
import { myId } from "./session.ts";
import { userName, users } from "./users.ts";

type Told = Channel & { recipients?: User[] };

const [channels, setChannels] = createStore<Record<Id, Channel>>({});
export { channels };

function shown(d: Told, guildId?: Id): Channel {
  const { recipients, ...rest } = d;
  const channel: Channel = guildId ? { ...rest, guild_id: guildId } : rest;
  if (recipients) channel.recipient_ids = recipients.map((user) => user.id);
  return channel;
}

const WRITTEN = new Set<number>([
  ChannelType.TEXT, ChannelType.DM, ChannelType.GROUP_DM, ChannelType.ANNOUNCEMENT,
  ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD, ChannelType.VOICE, ChannelType.STAGE,
]);

/** Whether people write in such a channel. */
export function isWritten(channel: Channel | undefined): boolean {
  return channel !== undefined && WRITTEN.has(channel.type);
}

export function isPrivate(channel: Channel): boolean {
  return channel.type === ChannelType.DM || channel.type === ChannelType.GROUP_DM;
}

export interface Branch {
  category: Channel | null;
  channels: Channel[];
}

/** A guild's channels as they are listed: those without a category first, voice below text. */
export function channelTree(guildId: Id): Branch[] {
  const all = Object.values(channels).filter((one) => one.guild_id === guildId && (one.type < 10 || one.type > 12));
  const order = (a: Channel, b: Channel) =>
    Number(isVoice(a)) - Number(isVoice(b)) || (a.position ?? 0) - (b.position ?? 0) || compare(a.id, b.id);
  const categories = all.filter((one) => one.type === ChannelType.CATEGORY).sort(order);
  const known = new Set(categories.map((one) => one.id));
  const within = (id: Id | null) =>
    all
      .filter((one) => one.type !== ChannelType.CATEGORY)
      .filter((one) => (one.parent_id && known.has(one.parent_id) ? one.parent_id === id : id === null))
      .sort(order);
  return [
    { category: null, channels: within(null) },
    ...categories.map((category) => ({ category, channels: within(category.id) })),
  ];
}

export function isVoice(channel: Channel): boolean {
  return channel.type === ChannelType.VOICE || channel.type === ChannelType.STAGE;
}

/** The person's DMs and groups, the last written in first. */
export function privateList(): Channel[] {
  return Object.values(channels)
    .filter(isPrivate)
    .sort((a, b) => compare(newer(b.last_message_id, b.id) as Id, newer(a.last_message_id, a.id) as Id));
}

/** What a channel is called: a DM by who it is with. */
export function channelName(channel: Channel): string {
  if (channel.name) return channel.name;
  if (!isPrivate(channel)) return "unnamed";
  const others = (channel.recipient_ids ?? []).map((id) => userName(users[id]));
  return others.join(", ") || "Only you";
}

/** The guild as the permission algorithm reads it. */
export function worldOf(guildId: Id): World | null {
  const guild = guilds[guildId];
  if (!guild) return null;
  return { id: guildId, owner_id: guild.owner_id, roles: roles[guildId] ?? {}, channel: (id) => channels[id] };
}

/** What somebody may do in a channel, or with `channel` undefined in the guild; 0 where it is not known. */
export function permissionsIn(guildId: Id | undefined, channel: Channel | undefined, userId: Id): bigint {
  if (channel && isPrivate(channel)) {
    if (channel.type === ChannelType.DM) return PRIVATE;
    return channel.owner_id === userId ? GROUP_OWNER : GROUP;
  }
  const world = guildId ? worldOf(guildId) : null;
  if (!world) return 0n;
  if (world.owner_id === userId) return resolve(world, { user: { id: userId }, roles: [], communication_disabled_until: null }, null, 0);
  const member = memberOf(guildId, userId);
  return member ? resolve(world, member, channel ?? null, Date.now()) : 0n;
}

/** Whether the person may do something in a channel. */
export function may(channel: Channel | undefined, permission: Permission): boolean {
  return channel !== undefined && (permissionsIn(channel.guild_id, channel, myId()) & P[permission]) !== 0n;
}

/** Whether the person may do something in a guild at large. */
export function mayIn(guildId: Id | undefined, permission: Permission): boolean {
  return (permissionsIn(guildId, undefined, myId()) & P[permission]) !== 0n;
}

/** A guild, and after it all others where the person may use what is theirs; in private all are others. */
function lenders(guildId: Id | undefined, theirs: boolean): Guild[] {
  const own = guildId ? guilds[guildId] : undefined;
  const others = !guildId || theirs ? guildList().filter((one) => one.id !== guildId) : [];
  return own ? [own, ...others] : others;
}

/** Whose emoji the person may write in a guild, or with none in private: its own first. */
export const emojiGuilds = (guildId: Id | undefined): Guild[] => lenders(guildId, mayIn(guildId, "USE_EXTERNAL_EMOJIS"));

/** Whose stickers the person may send in a channel: its own guild's first; none without any. */
export const stickerGuilds = (channel: Channel): Guild[] =>
  lenders(channel.guild_id, may(channel, "USE_EXTERNAL_STICKERS")).filter((one) => one.stickers.some((each) => each.available));

/** Note the newest message of a channel. */
export function noteLast(channelId: Id, messageId: Id): void {
  if (channels[channelId]) setChannels(channelId, "last_message_id", (was) => newer(was, messageId));
}

export function noteChannel(d: Told): void {
  setChannels(d.id, shown(d));
}

interface Whole {
  id: Id;
  unavailable?: boolean;
  channels?: Told[];
  threads?: Told[];
}

const ofGuild = (d: Whole) => [...(d.channels ?? []), ...(d.threads ?? [])].map((one) => shown(one, d.id));

export const reducers: Reducers = {
  READY(d: { guilds: Whole[]; private_channels: Told[] }) {
    const all = [...d.guilds.flatMap(ofGuild), ...d.private_channels.map((one) => shown(one))];
    setChannels(reconcile(Object.fromEntries(all.map((one) => [one.id, one]))));
  },
  GUILD_CREATE(d: Whole) {
    for (const channel of ofGuild(d)) setChannels(channel.id, channel);
  },
  GUILD_DELETE(d: { id: Id; unavailable?: boolean }) {
    if (d.unavailable) return;
    setChannels(
      produce((all) => {
        for (const channel of Object.values(all)) if (channel.guild_id === d.id) delete all[channel.id];
      }),
    );
  },
  CHANNEL_CREATE: noteChannel,
  THREAD_CREATE: noteChannel,
  CHANNEL_UPDATE(d: Told) {
    setChannels(d.id, (was) => ({ ...shown(d), last_message_id: newer(d.last_message_id, was?.last_message_id) }));
  },
  THREAD_UPDATE(d: Told) {
    if (channels[d.id]) setChannels(d.id, shown(d));
  },
  CHANNEL_DELETE(d: { id: Id }) {
    setChannels(produce((all) => void delete all[d.id]));
  },
  THREAD_DELETE(d: { id: Id }) {
    setChannels(produce((all) => void delete all[d.id]));
  },
  CHANNEL_RECIPIENT_ADD(d: { channel_id: Id; user: User }) {
    if (channels[d.channel_id]) {
      setChannels(d.channel_id, "recipient_ids", (ids) => [...new Set([...(ids ?? []), d.user.id])]);
    }
  },
  CHANNEL_RECIPIENT_REMOVE(d: { channel_id: Id; user: User }) {
    if (channels[d.channel_id]) {
      setChannels(d.channel_id, "recipient_ids", (ids) => (ids ?? []).filter((id) => id !== d.user.id));
    }
  },
  CHANNEL_PINS_UPDATE(d: { channel_id: Id; last_pin_timestamp?: string | null }) {
    if (channels[d.channel_id]) setChannels(d.channel_id, "last_pin_timestamp", d.last_pin_timestamp ?? null);
  },
  MESSAGE_CREATE: (d: { channel_id: Id; id: Id }) => noteLast(d.channel_id, d.id),
};
