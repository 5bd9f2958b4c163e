// DMs, friends, blocked users, and how one is told of things.
import { request } from "../api/client.ts";
import type { Channel, Id, User } from "../core/types.ts";
import { noteChannel } from "../store/channels.ts";

/** The DM with somebody, or a group of several; made where there is none. */
export async function openDm(userIds: Id[]): Promise<Id> {
  const channel = await request<Channel>("POST", "/users/@me/channels", { body: { recipients: userIds } });
  noteChannel(channel);
  return channel.id;
}

export async function closeDm(channelId: Id): Promise<void> {
  await request("DELETE", `/channels/${channelId}`);
}

export async function addFriendByName(username: string): Promise<void> {
  await request("POST", "/users/@me/relationships", { body: { username } });
}

/** Ask to be friends, or take an offer. */
export async function befriend(userId: Id): Promise<void> {
  await request("PUT", `/users/@me/relationships/${userId}`, { body: {} });
}

export async function block(userId: Id): Promise<void> {
  await request("PUT", `/users/@me/relationships/${userId}`, { body: { type: 2 } });
}

/** End a friendship, turn a request down or take it back, unblock. */
export async function unfriend(userId: Id): Promise<void> {
  await request("DELETE", `/users/@me/relationships/${userId}`);
}

export interface ProfileObject {
  user: User & { bio?: string };
  user_profile?: { bio?: string; pronouns?: string };
}

export function profileOf(userId: Id): Promise<ProfileObject> {
  return request<ProfileObject>("GET", `/users/${userId}/profile`);
}

/** Change how the person is told of a guild, or with "@me" of private channels. */
export async function changeNotifications(guildId: Id | "@me", change: Record<string, unknown>): Promise<void> {
  await request("PATCH", `/users/@me/guilds/${guildId}/settings`, { body: change });
}
