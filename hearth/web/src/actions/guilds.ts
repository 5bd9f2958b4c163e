// What a person does with guilds: make and join them, their channels, invites, roles and members.
import { createEffect, createRoot } from "solid-js";
import { request } from "../api/client.ts";
import type { Move } from "../core/order.ts";
import type { Channel, Guild, Id, Invite, Role, User } from "../core/types.ts";
import { channels } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { apply } from "../store/index.ts";
import { learn } from "../store/users.ts";
import { command } from "./session.ts";

const ARRIVAL_MS = 5000;

/** Wait until the gateway has told of a guild that was just made or joined, but not for ever. */
function arrival(guildId: Id): Promise<void> {
  return new Promise((done) => {
    createRoot((dispose) => {
      const end = () => {
        clearTimeout(timer);
        dispose();
        done();
      };
      const timer = setTimeout(end, ARRIVAL_MS);
      createEffect(() => guilds[guildId] && queueMicrotask(end));
    });
  });
}

export async function createGuild(name: string): Promise<Guild> {
  const made = await request<Guild>("POST", "/guilds", { body: { name } });
  await arrival(made.id);
  return made;
}

export async function changeGuild(guildId: Id, change: Record<string, unknown>): Promise<void> {
  await request("PATCH", `/guilds/${guildId}`, { body: change });
}

export async function leaveGuild(guildId: Id): Promise<void> {
  await request("DELETE", `/users/@me/guilds/${guildId}`);
}

export async function deleteGuild(guildId: Id): Promise<void> {
  await request("DELETE", `/guilds/${guildId}`);
}

// Invites

export function lookUpInvite(code: string): Promise<Invite> {
  return request<Invite>("GET", `/invites/${encodeURIComponent(code)}`, { query: { with_counts: true } });
}

export async function acceptInvite(code: string): Promise<Invite> {
  const joined = await request<Invite>("POST", `/invites/${encodeURIComponent(code)}`, { body: {} });
  await arrival(joined.guild.id);
  return joined;
}

export function createInvite(channelId: Id, options: { max_age: number; max_uses: number }): Promise<Invite> {
  return request<Invite>("POST", `/channels/${channelId}/invites`, { body: options });
}

export function listInvites(guildId: Id): Promise<Invite[]> {
  return request<Invite[]>("GET", `/guilds/${guildId}/invites`);
}

export async function revokeInvite(code: string): Promise<void> {
  await request("DELETE", `/invites/${encodeURIComponent(code)}`);
}

// Channels

export interface ChannelForm {
  name: string;
  type?: number;
  topic?: string | null;
  parent_id?: Id | null;
  rate_limit_per_user?: number;
  /** Of groups, as a data URI. */
  icon?: string | null;
}

export async function createChannel(guildId: Id, form: ChannelForm): Promise<Channel> {
  const made = await request<Channel>("POST", `/guilds/${guildId}/channels`, { body: form });
  apply("CHANNEL_CREATE", made);
  return made;
}

export async function changeChannel(channelId: Id, change: Partial<ChannelForm>): Promise<void> {
  apply("CHANNEL_UPDATE", await request<Channel>("PATCH", `/channels/${channelId}`, { body: change }));
}

/** Move channels: shown at once, undone where the server says no. */
export async function moveChannels(guildId: Id, moves: Move[]): Promise<void> {
  const before = moves.flatMap((move) => (channels[move.id] ? [{ ...(channels[move.id] as Channel) }] : []));
  for (const move of moves) apply("CHANNEL_UPDATE", { ...channels[move.id], ...move });
  try {
    await request("PATCH", `/guilds/${guildId}/channels`, { body: moves });
  } catch (error) {
    for (const channel of before) apply("CHANNEL_UPDATE", { ...channels[channel.id], position: channel.position, parent_id: channel.parent_id });
    throw error;
  }
}

export async function deleteChannel(channelId: Id): Promise<void> {
  await request("DELETE", `/channels/${channelId}`);
}

export async function setOverwrite(
  channelId: Id, targetId: Id, type: 0 | 1, allow: bigint, deny: bigint,
): Promise<void> {
  const body = { type, allow: allow.toString(), deny: deny.toString() };
  await request("PUT", `/channels/${channelId}/permissions/${targetId}`, { body });
}

export async function deleteOverwrite(channelId: Id, targetId: Id): Promise<void> {
  await request("DELETE", `/channels/${channelId}/permissions/${targetId}`);
}

// Roles

export async function createRole(guildId: Id, form: Partial<Role>): Promise<Role> {
  const role = await request<Role>("POST", `/guilds/${guildId}/roles`, { body: form });
  apply("GUILD_ROLE_CREATE", { guild_id: guildId, role });
  return role;
}

export async function changeRole(guildId: Id, roleId: Id, change: Partial<Role>): Promise<void> {
  const role = await request<Role>("PATCH", `/guilds/${guildId}/roles/${roleId}`, { body: change });
  apply("GUILD_ROLE_UPDATE", { guild_id: guildId, role });
}

export async function deleteRole(guildId: Id, roleId: Id): Promise<void> {
  await request("DELETE", `/guilds/${guildId}/roles/${roleId}`);
}

export async function moveRole(guildId: Id, roleId: Id, position: number): Promise<void> {
  await request("PATCH", `/guilds/${guildId}/roles`, { body: [{ id: roleId, position }] });
}

export async function giveRole(guildId: Id, userId: Id, roleId: Id, on: boolean): Promise<void> {
  await request(on ? "PUT" : "DELETE", `/guilds/${guildId}/members/${userId}/roles/${roleId}`);
}

// Members

export async function kick(guildId: Id, userId: Id, reason: string): Promise<void> {
  await request("DELETE", `/guilds/${guildId}/members/${userId}`, { reason });
}

export async function ban(guildId: Id, userId: Id, reason: string, deleteSeconds: number): Promise<void> {
  await request("PUT", `/guilds/${guildId}/bans/${userId}`, { reason, body: { delete_message_seconds: deleteSeconds } });
}

export interface Ban {
  user: User;
  reason: string | null;
}

/** So many bans come at a time. */
const BANS = 1000;

/** All who are banned, who came first to the server first. */
export async function listBans(guildId: Id): Promise<Ban[]> {
  const all: Ban[] = [];
  for (;;) {
    const page = await request<Ban[]>("GET", `/guilds/${guildId}/bans`, { query: { limit: BANS, after: all.at(-1)?.user.id } });
    for (const ban of page) learn(ban.user);
    all.push(...page);
    if (page.length < BANS) return all;
  }
}

export async function unban(guildId: Id, userId: Id): Promise<void> {
  await request("DELETE", `/guilds/${guildId}/bans/${userId}`);
}

/** Keep somebody from writing for a while; 0 seconds let them write again. */
export async function timeOut(guildId: Id, userId: Id, seconds: number, reason: string): Promise<void> {
  const until = seconds ? new Date(Date.now() + seconds * 1000).toISOString() : null;
  await request("PATCH", `/guilds/${guildId}/members/${userId}`, {
    reason,
    body: { communication_disabled_until: until },
  });
}

export async function rename(guildId: Id, userId: Id | "@me", nick: string | null): Promise<void> {
  await request("PATCH", `/guilds/${guildId}/members/${userId}`, { body: { nick } });
}

/** Ask for those members of a large guild that are to be seen in a channel, by their places in the list. */
export function subscribe(guildId: Id, channelId: Id, ranges: [number, number][]): void {
  command(14, { guild_id: guildId, typing: true, activities: true, threads: false, channels: { [channelId]: ranges } });
}

/** Ask for members by the beginning of their name; they come as an event. */
export function findMembers(guildId: Id, query: string, limit = 10): void {
  command(8, { guild_id: guildId, query, limit, presences: true });
}
