// Users by id, as the newest event or reply showed them, and whether they are there.
import { createStore, reconcile } from "solid-js/store";
import type { Id, Presence, Status, User } from "../core/types.ts";
import type { Reducers } from "./events.ts";

const [users, setUsers] = createStore<Record<Id, User>>({});
const [statuses, setStatuses] = createStore<Record<Id, Status>>({});
export { users };

/** Note what a user is called now. */
export function learn(user: User | undefined | null): void {
  if (!user) return;
  const was = users[user.id];
  if (was && was.global_name === user.global_name && was.username === user.username && was.avatar === user.avatar) return;
  const { id, username, global_name, avatar, bot } = user;
  setUsers(id, { id, username, global_name: global_name ?? null, avatar: avatar ?? null, bot });
}

export function statusOf(id: Id): Status {
  return statuses[id] ?? "offline";
}

/** What somebody is called where they have no name of their own. */
export function userName(user: Pick<User, "username" | "global_name"> | undefined): string {
  return user ? user.global_name || user.username : "Somebody";
}

export function setStatus(id: Id, status: Status): void {
  if (statuses[id] !== status) setStatuses(id, status);
}

interface Ready {
  user: User;
  users?: User[];
  presences?: Presence[];
  guilds: { members?: { user: User }[]; presences?: Presence[] }[];
  private_channels: { recipients?: User[] }[];
  relationships?: { user?: User }[];
  sessions?: { status?: Status }[];
}

export const reducers: Reducers = {
  READY(d: Ready) {
    for (const user of [d.user, ...(d.users ?? [])]) learn(user);
    for (const channel of d.private_channels) channel.recipients?.forEach(learn);
    for (const relationship of d.relationships ?? []) learn(relationship.user);
    const found: Record<Id, Status> = { [d.user.id]: d.sessions?.at(-1)?.status ?? "online" };
    for (const presence of d.presences ?? []) found[presence.user.id] = presence.status;
    for (const guild of d.guilds) {
      for (const member of guild.members ?? []) learn(member.user);
      for (const presence of guild.presences ?? []) found[presence.user.id] = presence.status;
    }
    setStatuses(reconcile(found));
  },
  GUILD_CREATE(d: { members?: { user: User }[]; presences?: Presence[] }) {
    for (const member of d.members ?? []) learn(member.user);
    for (const presence of d.presences ?? []) setStatus(presence.user.id, presence.status);
  },
  PRESENCE_UPDATE(d: Presence) {
    setStatus(d.user.id, d.status);
  },
  GUILD_MEMBER_ADD: (d: { user: User }) => learn(d.user),
  GUILD_MEMBER_UPDATE: (d: { user: User }) => learn(d.user),
  GUILD_MEMBERS_CHUNK(d: { members: { user: User }[]; presences?: Presence[] }) {
    for (const member of d.members) learn(member.user);
    for (const presence of d.presences ?? []) setStatus(presence.user.id, presence.status);
  },
  USER_UPDATE: (d: User) => learn(d),
  MESSAGE_CREATE(d: { author: User; mentions: User[] }) {
    learn(d.author);
    d.mentions.forEach(learn);
  },
  RELATIONSHIP_ADD: (d: { user?: User }) => learn(d.user),
  CHANNEL_CREATE(d: { recipients?: User[] }) {
    d.recipients?.forEach(learn);
  },
  CHANNEL_RECIPIENT_ADD: (d: { user: User }) => learn(d.user),
};
