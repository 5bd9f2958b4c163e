import { beforeEach, expect, test, vi } from "vitest";
import type { Message } from "../core/types.ts";
import { channelTree, may } from "./channels.ts";
import { apply } from "./index.ts";
import { listKey, lists } from "./lists.ts";
import { messages, place, stretches, trim, view } from "./messages.ts";
import { enqueue, outgoingIn } from "./outbox.ts";
import { guildBadge, hasNews, mentionsIn, readingIs } from "./reads.ts";
import {
  calls, hasLeft, own, ownEnded, ownIs, popped, ringing, roomEnded, server, setPopped, setWatched, streamsAre, voiceOf, voicesIn, watched, watchNothing,
} from "./voice.ts";
import { channels } from "./channels.ts";

const me = { id: "1", username: "ann", global_name: null, avatar: null };
const bob = { id: "2", username: "bob", global_name: null, avatar: null };
const GUILD = "1000000000000000000";
const ROOM = "1000000000000000001";

function message(id: string, more: Partial<Message> = {}): Message {
  return {
    id, channel_id: ROOM, guild_id: GUILD, type: 0, author: bob, content: id, timestamp: "", edited_timestamp: null,
    mention_everyone: false, mentions: [], mention_roles: [], attachments: [], embeds: [], pinned: false, flags: 0, ...more,
  };
}

function ready(more: object = {}): void {
  apply("READY", {
    user: me, session_id: "s", private_channels: [], relationships: [], read_state: { entries: [] },
    guilds: [{
      id: GUILD, name: "Den", owner_id: "9", joined_at: "2020-01-01T00:00:00Z", member_count: 2, emojis: [],
      roles: [{ id: GUILD, name: "@everyone", permissions: String(1n << 10n | 1n << 11n | 1n << 16n), position: 0, color: 0 }],
      members: [{ user: me, roles: [], nick: null }, { user: bob, roles: [], nick: "Bobby" }],
      presences: [{ user: { id: "2" }, status: "idle" }],
      channels: [
        { id: "3", type: 4, name: "Rooms", position: 0, permission_overwrites: [] },
        { id: ROOM, type: 0, name: "general", position: 1, parent_id: "3", permission_overwrites: [], last_message_id: null },
        { id: "4", type: 0, name: "first", position: 0, permission_overwrites: [] },
      ],
      ...more,
    }],
  });
}

const id = (n: number) => String(1100000000000000000n + BigInt(n));
const page = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => message(id(to - 1 - i)));

beforeEach(() => {
  readingIs(() => false);
  view(null);
  apply("CHANNEL_DELETE", { id: ROOM });
  ready();
});

test("READY is a world", () => {
  expect(channelTree(GUILD).map((branch) => [branch.category?.name, branch.channels.map((one) => one.name)])).toEqual([
    [undefined, ["first"]],
    ["Rooms", ["general"]],
  ]);
  expect(may(channels[ROOM], "SEND_MESSAGES")).toBe(true);
  expect(may(channels[ROOM], "MANAGE_MESSAGES")).toBe(false);
});

test("history is one stretch without holes; what comes meanwhile stays, what was deleted stays away", () => {
  place(ROOM, page(50, 100), "newest", { atEnd: true });
  apply("MESSAGE_CREATE", message(id(100)));
  apply("MESSAGE_CREATE", message(id(100)));
  apply("MESSAGE_DELETE", { id: id(60), channel_id: ROOM });
  place(ROOM, page(0, 50), "before", { atStart: true });
  expect(stretches[ROOM]?.ids).toEqual(Array.from({ length: 101 }, (_, i) => id(i)).filter((one) => one !== id(60)));
  place(ROOM, page(55, 100), "newest", { atEnd: true });
  expect(stretches[ROOM]?.ids.includes(id(60))).toBe(false);
  expect(stretches[ROOM]?.ids.at(-1)).toBe(id(100));
  expect(stretches[ROOM]?.atStart).toBe(false);
});

test("the reply to one's own message undoes no event that came before it", () => {
  place(ROOM, [], "newest", { atEnd: true });
  apply("MESSAGE_CREATE", message(id(1), { author: me as Message["author"] }));
  apply("MESSAGE_REACTION_ADD", { message_id: id(1), channel_id: ROOM, user_id: "2", emoji: { id: null, name: "🔥" } });
  apply("MESSAGE_UPDATE", { id: id(1), channel_id: ROOM, pinned: true });
  const { guild_id: _, ...reply } = message(id(1), { author: me as Message["author"] });
  apply("MESSAGE_CREATE", { ...reply, nonce: "n" });
  expect(messages[id(1)]).toMatchObject({ pinned: true, guild_id: GUILD, nonce: "n", reactions: [{ count: 1, me: false }] });
});

test("a stretch that does not reach the end takes no new messages", () => {
  view(ROOM);
  place(ROOM, page(0, 50), "around", { atEnd: false });
  apply("MESSAGE_CREATE", message(id(500)));
  expect(stretches[ROOM]?.ids.at(-1)).toBe(id(49));
  place(ROOM, page(0, 120), "newest", { atEnd: true, atStart: true });
  trim(ROOM, "new", 100);
  expect([stretches[ROOM]?.atEnd, stretches[ROOM]?.ids.length, messages[id(119)]]).toEqual([false, 100, undefined]);
});

test("one's message goes from the outbox when it comes back, once", () => {
  place(ROOM, [], "newest", { atStart: true, atEnd: true });
  enqueue({ nonce: "n1", channel_id: ROOM, content: "hi", at: 0 });
  expect(outgoingIn(ROOM)).toHaveLength(1);
  apply("MESSAGE_CREATE", message(id(1), { author: me, nonce: "n1" }));
  apply("MESSAGE_CREATE", message(id(1), { author: me, nonce: "n1" }));
  expect(outgoingIn(ROOM)).toHaveLength(0);
  expect(stretches[ROOM]?.ids).toEqual([id(1)]);
  // What one writes oneself is read.
  expect(hasNews(channels[ROOM]!)).toBe(false);
});

test("badges: what names the person counts, where it is not being read or muted", () => {
  const room = () => channels[ROOM]!;
  apply("MESSAGE_CREATE", message(id(1)));
  expect([hasNews(room()), mentionsIn(room()), guildBadge(GUILD)]).toEqual([true, 0, { unread: true, mentions: 0 }]);
  apply("MESSAGE_CREATE", message(id(2), { mentions: [me] }));
  apply("MESSAGE_CREATE", message(id(3), { mention_everyone: true }));
  expect(guildBadge(GUILD)).toEqual({ unread: true, mentions: 2 });
  apply("MESSAGE_ACK", { channel_id: ROOM, message_id: id(3) });
  expect(guildBadge(GUILD)).toEqual({ unread: false, mentions: 0 });
  readingIs((channel) => channel === ROOM);
  apply("MESSAGE_CREATE", message(id(4), { mentions: [me] }));
  expect(mentionsIn(room())).toBe(0);
  readingIs(() => false);
  apply("USER_GUILD_SETTINGS_UPDATE", { guild_id: GUILD, muted: true, channel_overrides: [], message_notifications: 3 });
  apply("MESSAGE_ACK", { channel_id: ROOM, message_id: id(4) });
  apply("MESSAGE_CREATE", message(id(5), { mention_everyone: true }));
  expect(guildBadge(GUILD)).toEqual({ unread: false, mentions: 0 });
  apply("MESSAGE_CREATE", message(id(6), { mentions: [me] }));
  expect(guildBadge(GUILD)).toEqual({ unread: true, mentions: 1 });
  apply("MESSAGE_ACK", { channel_id: ROOM, message_id: id(2), manual: true, mention_count: 3 });
  expect(mentionsIn(room())).toBe(3);
});

test("reactions count once, also those that were shown at once", () => {
  place(ROOM, page(0, 1), "newest", { atStart: true, atEnd: true });
  const on = { message_id: id(0), channel_id: ROOM, emoji: { id: null, name: "🔥" } };
  apply("MESSAGE_REACTION_ADD", { ...on, user_id: "1" });
  apply("MESSAGE_REACTION_ADD", { ...on, user_id: "1" });
  apply("MESSAGE_REACTION_ADD", { ...on, user_id: "2" });
  expect(messages[id(0)]?.reactions).toEqual([{ count: 2, me: true, emoji: on.emoji }]);
  apply("MESSAGE_REACTION_REMOVE", { ...on, user_id: "1" });
  expect(messages[id(0)]?.reactions).toEqual([{ count: 1, me: false, emoji: on.emoji }]);
  apply("MESSAGE_REACTION_REMOVE", { ...on, user_id: "2" });
  expect(messages[id(0)]?.reactions).toEqual([]);
});

test("a member list follows its operations", () => {
  const update = (...ops: object[]) =>
    apply("GUILD_MEMBER_LIST_UPDATE", { guild_id: GUILD, id: "everyone", groups: [{ id: "online", count: 2 }], member_count: 2, online_count: 2, ops });
  const row = (user: typeof me) => ({ member: { user, roles: [], nick: null, presence: { user, status: "online" } } });
  update({ op: "SYNC", range: [0, 99], items: [{ group: { id: "online", count: 1 } }, row(me)] });
  update({ op: "INSERT", index: 2, item: row(bob) }, { op: "UPDATE", index: 0, item: { group: { id: "online", count: 2 } } });
  expect(lists[listKey(GUILD, "everyone")]?.items).toEqual([{ group: { id: "online", count: 2 } }, { member: "1" }, { member: "2" }]);
  update({ op: "DELETE", index: 1 });
  expect(lists[listKey(GUILD, "everyone")]?.items.at(-1)).toEqual({ member: "2" });
});

const spoken = (user_id: string, channel_id: string | null, more: object = {}) => ({
  user_id, channel_id, session_id: `s${user_id}`, deaf: false, mute: false, self_deaf: false, self_mute: false,
  self_video: false, suppress: false, request_to_speak_timestamp: null, ...more,
});

test("who is in voice where", () => {
  ready({ voice_states: [spoken("2", "4")] });
  const first = channels["4"]!;
  expect(voicesIn(first).map((one) => one.user_id)).toEqual(["2"]);
  apply("VOICE_STATE_UPDATE", spoken("1", "4", { guild_id: GUILD, self_mute: true }));
  expect(voicesIn(first).map((one) => one.user_id)).toEqual(["1", "2"]);
  apply("VOICE_STATE_UPDATE", spoken("2", ROOM, { guild_id: GUILD }));
  expect([voicesIn(first).length, voicesIn(channels[ROOM]!).length]).toEqual([1, 1]);
  apply("VOICE_STATE_UPDATE", spoken("2", null, { guild_id: GUILD }));
  expect([voiceOf(GUILD, "2"), voiceOf(GUILD, "1")?.self_mute]).toEqual([undefined, true]);
  apply("VOICE_SERVER_UPDATE", { token: "t", endpoint: "x/voice", guild_id: GUILD });
  expect(server()).toEqual({ token: "t", endpoint: "x/voice", home: GUILD });
});

test("a call rings until one comes or it ends", () => {
  apply("CHANNEL_CREATE", { id: "77", type: 1, recipients: [bob] });
  apply("CALL_CREATE", { channel_id: "77", message_id: "1", region: "x", ringing: ["1"], voice_states: [spoken("2", "77")] });
  expect([ringing(), voicesIn(channels["77"]!).map((one) => one.user_id)]).toEqual([["77"], ["2"]]);
  apply("VOICE_STATE_UPDATE", spoken("2", null, { guild_id: null }));
  expect(voicesIn(channels["77"]!)).toEqual([]);
  apply("CALL_UPDATE", { channel_id: "77", ringing: [] });
  expect([ringing(), calls["77"]?.ringing]).toEqual([[], []]);
  apply("CALL_DELETE", { channel_id: "77" });
  expect(calls["77"]).toBeUndefined();
});

test("whose screen was watched is watched again, but not for long, and not elsewhere", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const shows = (ssrc: number) => streamsAre("2", [{ type: "screen", ssrc, active: true }]);
  shows(5);
  streamsAre("3", [{ type: "screen", ssrc: 6, active: true }]);
  setWatched([5]);
  roomEnded();
  expect(watched()).toEqual([]);
  streamsAre("3", [{ type: "screen", ssrc: 8, active: true }]);
  shows(7);
  expect(watched()).toEqual([7]);
  // They are cut off.
  hasLeft("2");
  shows(9);
  expect(watched()).toEqual([9]);
  // They stop, and share something else.
  streamsAre("2", []);
  shows(10);
  expect(watched()).toEqual([]);
  setWatched([10]);
  roomEnded();
  vi.advanceTimersByTime(60_000);
  shows(11);
  expect(watched()).toEqual([]);
  setWatched([11]);
  roomEnded();
  watchNothing();
  shows(12);
  expect(watched()).toEqual([]);
  vi.useRealTimers();
});

test("a window of its own waits for the same kind of the same person's, and ends with what it shows", () => {
  const screen = (ssrc: number, active = true) => ({ type: "screen" as const, ssrc, active });
  const pop = (ssrc: number) => setPopped({ userId: "2", type: "screen", ssrc, pixels: 9 });
  ready({ voice_states: [spoken("2", "4"), spoken("3", "4")] });
  ownIs({ phase: "connected", channelId: "4", guildId: GUILD });
  streamsAre("2", [screen(5)]);
  pop(5);
  streamsAre("3", [screen(6)]);
  expect(popped()?.ssrc).toBe(5);
  // All is cut off. Names of before may be another's now, and what is shown comes one by one.
  roomEnded();
  ready();
  streamsAre("3", [screen(5)]);
  streamsAre("2", [{ type: "video", ssrc: 7, active: true }, screen(8, false)]);
  expect(popped()).toEqual({ userId: "2", type: "screen", ssrc: null, pixels: 9 });
  streamsAre("2", [{ type: "video", ssrc: 7, active: true }, screen(8)]);
  expect(popped()?.ssrc).toBe(8);
  // They alone are.
  hasLeft("2");
  streamsAre("2", [screen(9)]);
  expect(popped()?.ssrc).toBe(9);
  streamsAre("2", [screen(9, false)]);
  expect(popped()).toBeNull();
  pop(9);
  hasLeft("2");
  apply("VOICE_STATE_UPDATE", spoken("2", "4", { guild_id: GUILD }));
  apply("VOICE_STATE_UPDATE", spoken("3", null, { guild_id: GUILD }));
  expect(popped()).not.toBeNull();
  apply("VOICE_STATE_UPDATE", spoken("2", null, { guild_id: GUILD }));
  expect(popped()).toBeNull();
  pop(9);
  ownEnded();
  expect(popped()).toBeNull();
});

test("who was in comes in again, until they go or it failed", () => {
  ownIs({ phase: "asking", channelId: "4", guildId: GUILD });
  expect(own.again).toBe(false);
  ownIs({ phase: "connected" });
  ownIs({ phase: "asking" });
  expect(own.again).toBe(true);
  ownIs({ phase: "failed" });
  expect(own.again).toBe(false);
  ownIs({ phase: "connected" });
  ownEnded();
  expect(own.again).toBe(false);
});
