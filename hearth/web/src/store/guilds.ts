// Guilds with their roles, and who is in them as far as the server told.
import { createStore, produce, reconcile } from "solid-js/store";
import { compare } from "../core/snowflake.ts";
import type { Emoji, Guild, Id, Member, Role, Sticker } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { learn, userName, users } from "./users.ts";

const [guilds, setGuilds] = createStore<Record<Id, Guild>>({});
const [roles, setRoles] = createStore<Record<Id, Record<Id, Role>>>({});
const [members, setMembers] = createStore<Record<Id, Record<Id, Member>>>({});
export { guilds, members, roles };

type Whole = Guild & { roles: Role[]; members?: Member[]; channels?: unknown; threads?: unknown };

function shown(d: Whole): Guild {
  return {
    id: d.id,
    name: d.name,
    icon: d.icon ?? null,
    owner_id: d.owner_id,
    description: d.description ?? null,
    system_channel_id: d.system_channel_id ?? null,
    member_count: d.member_count ?? 0,
    large: d.large ?? false,
    joined_at: d.joined_at ?? new Date().toISOString(),
    emojis: d.emojis ?? [],
    stickers: d.stickers ?? [],
    mfa_level: d.mfa_level ?? 0,
    default_message_notifications: d.default_message_notifications ?? 0,
  };
}

const byId = <T extends { id: Id }>(list: T[]): Record<Id, T> => Object.fromEntries(list.map((one) => [one.id, one]));
const byUser = (list: Member[]): Record<Id, Member> => Object.fromEntries(list.map((one) => [one.user.id, one]));

/** The guilds in the order of joining them. */
export function guildList(): Guild[] {
  return Object.values(guilds).sort((a, b) => a.joined_at.localeCompare(b.joined_at) || compare(a.id, b.id));
}

/** A guild's roles, the highest first, @everyone last. */
export function rolesOf(guildId: Id): Role[] {
  return Object.values(roles[guildId] ?? {}).sort(
    (a, b) =>
      Number(a.id === guildId) - Number(b.id === guildId) || b.position - a.position || compare(a.id, b.id),
  );
}

export function memberOf(guildId: Id | undefined, userId: Id): Member | undefined {
  return guildId ? members[guildId]?.[userId] : undefined;
}

/** What somebody is called in a guild, or where there is none. */
export function nameIn(guildId: Id | undefined, userId: Id): string {
  return memberOf(guildId, userId)?.nick || userName(users[userId]);
}

/** The colour of a member's highest role that has one, as CSS; undefined for none. */
export function colourIn(guildId: Id | undefined, userId: Id): string | undefined {
  const member = memberOf(guildId, userId);
  if (!guildId || !member?.roles.length) return undefined;
  let best: Role | undefined;
  for (const id of member.roles) {
    const role = roles[guildId]?.[id];
    if (role?.color && (!best || role.position > best.position)) best = role;
  }
  return best && `#${best.color.toString(16).padStart(6, "0")}`;
}

export function noteMember(guildId: Id, member: Partial<Member> & { user: Member["user"] }): void {
  learn(member.user);
  const was = members[guildId]?.[member.user.id];
  if (!members[guildId]) setMembers(guildId, {});
  setMembers(guildId, member.user.id, {
    nick: null,
    avatar: null,
    roles: [],
    joined_at: "",
    communication_disabled_until: null,
    ...was,
    ...member,
  } as Member);
}

export const reducers: Reducers = {
  READY(d: { guilds: Whole[] }) {
    const there = d.guilds.filter((guild) => !guild.unavailable);
    setGuilds(reconcile(byId(there.map(shown))));
    setRoles(reconcile(Object.fromEntries(there.map((guild) => [guild.id, byId(guild.roles)]))));
    setMembers(reconcile(Object.fromEntries(there.map((guild) => [guild.id, byUser(guild.members ?? [])]))));
  },
  GUILD_CREATE(d: Whole) {
    setGuilds(d.id, shown(d));
    setRoles(d.id, reconcile(byId(d.roles)));
    setMembers(d.id, reconcile(byUser(d.members ?? [])));
  },
  GUILD_UPDATE(d: Guild & { roles?: Role[] }) {
    const { roles: _, ...rest } = d;
    if (guilds[d.id]) setGuilds(d.id, (was) => ({ ...was, ...rest, joined_at: was.joined_at, member_count: was.member_count }));
  },
  GUILD_DELETE(d: { id: Id; unavailable?: boolean }) {
    if (d.unavailable) return;
    setGuilds(produce((all) => void delete all[d.id]));
    setRoles(produce((all) => void delete all[d.id]));
    setMembers(produce((all) => void delete all[d.id]));
  },
  GUILD_ROLE_CREATE(d: { guild_id: Id; role: Role }) {
    if (roles[d.guild_id]) setRoles(d.guild_id, d.role.id, d.role);
  },
  GUILD_ROLE_UPDATE(d: { guild_id: Id; role: Role }) {
    if (roles[d.guild_id]) setRoles(d.guild_id, d.role.id, d.role);
  },
  GUILD_ROLE_DELETE(d: { guild_id: Id; role_id: Id }) {
    setRoles(d.guild_id, produce((all) => void delete all?.[d.role_id]));
    for (const [id, member] of Object.entries(members[d.guild_id] ?? {})) {
      if (member.roles.includes(d.role_id)) {
        setMembers(d.guild_id, id, "roles", (held) => held.filter((role) => role !== d.role_id));
      }
    }
  },
  GUILD_MEMBER_ADD(d: Member & { guild_id: Id }) {
    const { guild_id, ...member } = d;
    if (!members[guild_id]?.[d.user.id] && guilds[guild_id]) setGuilds(guild_id, "member_count", (count) => count + 1);
    noteMember(guild_id, member);
  },
  GUILD_MEMBER_UPDATE(d: Member & { guild_id: Id }) {
    const { guild_id, ...member } = d;
    noteMember(guild_id, member);
  },
  GUILD_MEMBER_REMOVE(d: { guild_id: Id; user: { id: Id } }) {
    if (guilds[d.guild_id]) setGuilds(d.guild_id, "member_count", (count) => Math.max(0, count - 1));
    setMembers(d.guild_id, produce((all) => void delete all?.[d.user.id]));
  },
  GUILD_MEMBERS_CHUNK(d: { guild_id: Id; members: Member[] }) {
    for (const member of d.members) noteMember(d.guild_id, member);
  },
  GUILD_EMOJIS_UPDATE(d: { guild_id: Id; emojis: Emoji[] }) {
    if (guilds[d.guild_id]) setGuilds(d.guild_id, "emojis", d.emojis);
  },
  GUILD_STICKERS_UPDATE(d: { guild_id: Id; stickers: Sticker[] }) {
    if (guilds[d.guild_id]) setGuilds(d.guild_id, "stickers", d.stickers);
  },
  MESSAGE_CREATE(d: { guild_id?: Id; member?: Partial<Member>; author: Member["user"] }) {
    if (d.guild_id && d.member && !members[d.guild_id]?.[d.author.id]) {
      noteMember(d.guild_id, { ...d.member, user: d.author });
    }
  },
};
