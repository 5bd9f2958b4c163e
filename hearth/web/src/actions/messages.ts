// What a person does with messages: read a channel's history, edit, delete, react, pin, say what is read.
import { request } from "../api/client.ts";
import { Refusal } from "../core/refusal.ts";
import { compare } from "../core/snowflake.ts";
import type { Emoji, Id, Message } from "../core/types.ts";
import { channels } from "../store/channels.ts";
import { guilds, memberOf } from "../store/guilds.ts";
import { apply } from "../store/index.ts";
import { place, reactAtOnce, stretches } from "../store/messages.ts";
import { lastRead, noteRead } from "../store/reads.ts";
import { learn } from "../store/users.ts";
import { command } from "./session.ts";

const PAGE = 50;
/** A stretch that is brought up to date is read anew in so many pages at most, or begun anew. */
const MOST_PAGES = 4;

const loading = new Map<string, Promise<void>>();

/** One at a time of each kind and channel. */
function once(key: string, work: () => Promise<void>): Promise<void> {
  const running = loading.get(key);
  if (running) return running;
  const made = work().finally(() => loading.delete(key));
  loading.set(key, made);
  return made;
}

async function page(channelId: Id, query: Record<string, string | number>): Promise<Message[]> {
  const found = await request<Message[]>("GET", `/channels/${channelId}/messages`, { query: { limit: PAGE, ...query } });
  meet(channels[channelId]?.guild_id, found);
  return found;
}

/** In a large guild not everybody is known: ask who those are that wrote. */
function meet(guildId: Id | undefined, found: Message[]): void {
  if (!guildId || !guilds[guildId]?.large) return;
  const ids = new Set(found.map((message) => message.author.id).filter((id) => !memberOf(guildId, id)));
  if (ids.size) command(8, { guild_id: guildId, user_ids: [...ids].slice(0, 100), presences: true });
}

/** Load the newest messages where none are loaded, or bring what is loaded up to date. */
export function open(channelId: Id): Promise<void> {
  return once(`open ${channelId}`, async () => {
    const stretch = stretches[channelId];
    if (stretch && !stretch.stale) return;
    const oldest = stretch?.atEnd ? stretch.ids[0] : undefined;
    const found: Message[] = [];
    for (let count = 0; count < MOST_PAGES; count += 1) {
      const last = found.at(-1);
      const next = await page(channelId, last ? { before: last.id } : {});
      // Who came by the link of a message is there already, and stays.
      if (!stretch && stretches[channelId]) return;
      found.push(...next);
      if (next.length < PAGE) return place(channelId, found, "newest", { atStart: true, atEnd: true });
      if (!oldest || compare((next.at(-1) as Message).id, oldest) <= 0) break;
    }
    place(channelId, found, "newest", { atStart: false, atEnd: true });
  });
}

/** Load the page before what is loaded. */
export function older(channelId: Id): Promise<void> {
  return once(`older ${channelId}`, async () => {
    const first = stretches[channelId]?.ids[0];
    if (!first || stretches[channelId]?.atStart) return;
    const found = await page(channelId, { before: first });
    if (stretches[channelId]?.ids[0] !== first) return;
    place(channelId, found, "before", { atStart: found.length < PAGE });
  });
}

/** Load the page after what is loaded. */
export function later(channelId: Id): Promise<void> {
  return once(`later ${channelId}`, async () => {
    const last = stretches[channelId]?.ids.at(-1);
    if (!last || stretches[channelId]?.atEnd) return;
    const found = await page(channelId, { after: last });
    if (stretches[channelId]?.ids.at(-1) !== last) return;
    place(channelId, found, "after", { atEnd: found.length < PAGE });
  });
}

/** Load what is around a message, wherever it is. */
export function around(channelId: Id, messageId: Id): Promise<void> {
  return once(`around ${channelId} ${messageId}`, async () => {
    if (stretches[channelId]?.ids.includes(messageId)) return;
    const found = await page(channelId, { around: messageId });
    if (!found.length) return;
    const newest = channels[channelId]?.last_message_id;
    const atEnd = !newest || compare((found[0] as Message).id, newest) >= 0;
    place(channelId, found, "around", { atStart: false, atEnd });
  });
}

/** Begin anew at the newest message. */
export async function present(channelId: Id): Promise<void> {
  const found = await page(channelId, {});
  place(channelId, found, "newest", { atStart: found.length < PAGE, atEnd: true });
}

const path = (message: Pick<Message, "id" | "channel_id">) =>
  `/channels/${message.channel_id}/messages/${message.id}`;

export async function edit(message: Message, content: string): Promise<void> {
  apply("MESSAGE_UPDATE", await request<Message>("PATCH", path(message), { body: { content } }));
}

export async function remove(message: Message): Promise<void> {
  await request("DELETE", path(message));
  apply("MESSAGE_DELETE", { id: message.id, channel_id: message.channel_id });
}

export async function pin(message: Message, on: boolean): Promise<void> {
  const { id, channel_id } = message;
  await request(on ? "PUT" : "DELETE", `/channels/${channel_id}/messages/pins/${id}`);
  apply("MESSAGE_UPDATE", { id, channel_id, pinned: on });
}

export async function listPins(channelId: Id): Promise<Message[]> {
  const reply = await request<{ items: { message: Message }[] }>("GET", `/channels/${channelId}/messages/pins`);
  return reply.items.map((item) => item.message);
}

/** The messages that named the person of late, the newest first. */
export async function listMentions(): Promise<Message[]> {
  const found = await request<Message[]>("GET", "/users/@me/mentions", { query: { limit: 25 } });
  for (const message of found) learn(message.author);
  return found;
}

/** Take a message off that list. */
export async function dismissMention(messageId: Id): Promise<void> {
  await request("DELETE", `/users/@me/mentions/${messageId}`);
}

const emojiPath = (emoji: Emoji) => encodeURIComponent(emoji.id ? `${emoji.name}:${emoji.id}` : (emoji.name ?? ""));

/** React, or take it back: shown at once, undone where the server says no. */
export async function react(message: Message, emoji: Emoji, on: boolean): Promise<void> {
  reactAtOnce(message.id, emoji, on);
  try {
    await request(on ? "PUT" : "DELETE", `${path(message)}/reactions/${emojiPath(emoji)}/@me`);
  } catch (error) {
    reactAtOnce(message.id, emoji, !on);
    throw error;
  }
}

/** Show the others that the person is typing. */
export async function type(channelId: Id): Promise<void> {
  await quietly(request("POST", `/channels/${channelId}/typing`));
}

/** Say that a channel is read up to its newest message. */
export async function read(channelId: Id): Promise<void> {
  const channel = channels[channelId];
  const last = channel?.last_message_id;
  if (!channel || !last || compare(last, lastRead(channel)) <= 0) return;
  noteRead(channelId, last);
  await quietly(request("POST", `/channels/${channelId}/messages/${last}/ack`, { body: { token: null } }));
}

/** Say that everything in a guild is read. */
export async function readGuild(guildId: Id): Promise<void> {
  await request("POST", `/guilds/${guildId}/ack`, { body: {} });
}

/** What nobody waits for may fail: the next one will do. */
async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
