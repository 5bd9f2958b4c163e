// Messages, and of each channel the stretch of its history that is loaded: without holes, in order.
import { batch } from "solid-js";
import { createStore, produce } from "solid-js/store";
import { compare } from "../core/snowflake.ts";
import type { Emoji, Id, Message, Reaction } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { myId } from "./session.ts";
import { learn } from "./users.ts";

/** A stretch of history. `atStart`, `atEnd`: nothing is older, nothing is newer. */
export interface Stretch {
  ids: Id[];
  atStart: boolean;
  atEnd: boolean;
  /** Events were missed: what is shown may be behind. */
  stale: boolean;
}

/** A channel that nobody looks at keeps so many rows. */
const UNSEEN = 100;

const [messages, setMessages] = createStore<Record<Id, Message>>({});
const [stretches, setStretches] = createStore<Record<Id, Stretch>>({});
export { messages, stretches };

let viewed: Id | null = null;
/** Deleted of late: a page that was on its way must not bring them back. */
const gone = new Set<Id>();

/** Which channel is on screen: its stretch is trimmed by whoever shows it. */
export function view(channelId: Id | null): void {
  const before = viewed;
  viewed = channelId;
  if (before && before !== channelId && stretches[before]?.atEnd) trim(before, "old", UNSEEN);
}

const sorted = (ids: Iterable<Id>) => [...new Set(ids)].sort(compare);

function put(list: Message[]): void {
  setMessages(
    produce((all) => {
      for (const message of list) {
        if (gone.has(message.id)) continue;
        for (const user of [message.author, ...message.mentions, message.referenced_message?.author]) learn(user);
        all[message.id] = message;
      }
    }),
  );
}

/** Put a page of history in. `where`: which side of what is there it continues; `around` begins anew. */
export function place(
  channelId: Id,
  page: Message[],
  where: "before" | "after" | "around" | "newest",
  full: { atStart?: boolean; atEnd?: boolean },
): void {
  batch(() => {
    put(page);
    const ids = page.map((message) => message.id).filter((id) => !gone.has(id));
    const was = stretches[channelId];
    if (!was || where === "around" || where === "newest") {
      // What came by events while the page was on its way is newer than it, and stays.
      const last = sorted(ids).at(-1);
      const live = was?.atEnd && full.atEnd ? was.ids.filter((id) => !last || compare(id, last) > 0) : [];
      setStretches(channelId, {
        ids: sorted([...ids, ...live]),
        atStart: full.atStart ?? false,
        atEnd: full.atEnd ?? false,
        stale: false,
      });
      return;
    }
    setStretches(channelId, {
      ids: sorted([...was.ids, ...ids]),
      atStart: where === "before" ? (full.atStart ?? was.atStart) : was.atStart,
      atEnd: where === "after" ? (full.atEnd ?? was.atEnd) : was.atEnd,
      stale: was.stale,
    });
  });
}

/** Let go of rows at one end until `most` are left. */
export function trim(channelId: Id, side: "old" | "new", most: number): void {
  const stretch = stretches[channelId];
  if (!stretch || stretch.ids.length <= most) return;
  const kept = side === "old" ? stretch.ids.slice(-most) : stretch.ids.slice(0, most);
  const keep = new Set(kept);
  const dropped = stretch.ids.filter((id) => !keep.has(id));
  batch(() => {
    setStretches(channelId, side === "old" ? { ids: kept, atStart: false } : { ids: kept, atEnd: false });
    setMessages(produce((all) => dropped.forEach((id) => delete all[id])));
  });
}

/** Forget a channel's history, so that it is loaded anew. */
export function drop(channelId: Id): void {
  const stretch = stretches[channelId];
  if (!stretch) return;
  setStretches(produce((all) => void delete all[channelId]));
}

function change(id: Id, how: (message: Message) => void): void {
  if (messages[id]) setMessages(id, produce(how));
}

function remove(channelId: Id, ids: Id[]): void {
  for (const id of ids) gone.add(id);
  if (gone.size > 5000) for (const id of [...gone].slice(0, 2500)) gone.delete(id);
  const lost = new Set(ids);
  batch(() => {
    if (stretches[channelId]) setStretches(channelId, "ids", (all) => all.filter((id) => !lost.has(id)));
    setMessages(
      produce((all) => {
        for (const id of ids) delete all[id];
        for (const message of Object.values(all)) {
          const to = message.message_reference?.message_id;
          if (to && lost.has(to) && message.referenced_message) message.referenced_message = null;
        }
      }),
    );
  });
}

const same = (a: Emoji, b: Emoji) => (a.id || b.id ? a.id === b.id : a.name === b.name);

interface ReactionEvent {
  message_id: Id;
  user_id: Id;
  emoji: Emoji;
}

function react(d: ReactionEvent, by: 1 | -1): void {
  change(d.message_id, (message) => {
    const list: Reaction[] = (message.reactions ??= []);
    const mine = d.user_id === myId();
    const at = list.findIndex((one) => same(one.emoji, d.emoji));
    const found = list[at];
    if (!found) {
      if (by > 0) list.push({ count: 1, me: mine, emoji: d.emoji });
      return;
    }
    // One's own was counted when it was clicked.
    if (mine && found.me === by > 0) return;
    found.count += by;
    if (mine) found.me = by > 0;
    if (found.count <= 0) list.splice(at, 1);
  });
}

/** Show one's own reaction, or that it is gone, before the server says so. */
export function reactAtOnce(messageId: Id, emoji: Emoji, on: boolean): void {
  react({ message_id: messageId, user_id: myId(), emoji }, on ? 1 : -1);
}

export const reducers: Reducers = {
  READY() {
    for (const [id, stretch] of Object.entries(stretches)) {
      if (id === viewed) setStretches(id, "stale", true);
      else if (stretch) drop(id);
    }
  },
  MESSAGE_CREATE(d: Message) {
    const stretch = stretches[d.channel_id];
    if (!stretch?.atEnd || gone.has(d.id)) return;
    // One's own comes twice, as event and as reply: the later adds to it, and undoes no event between them.
    const was = messages[d.id];
    put([was ? { ...d, ...was } : d]);
    if (!stretch.ids.includes(d.id)) setStretches(d.channel_id, "ids", (ids) => sorted([...ids, d.id]));
    if (d.channel_id !== viewed) trim(d.channel_id, "old", UNSEEN);
  },
  MESSAGE_UPDATE(d: Partial<Message> & { id: Id }) {
    change(d.id, (message) => {
      const { reactions: _, nonce: __, ...rest } = d;
      Object.assign(message, rest);
    });
  },
  MESSAGE_DELETE: (d: { id: Id; channel_id: Id }) => remove(d.channel_id, [d.id]),
  MESSAGE_DELETE_BULK: (d: { ids: Id[]; channel_id: Id }) => remove(d.channel_id, d.ids),
  MESSAGE_REACTION_ADD: (d: ReactionEvent) => react(d, 1),
  MESSAGE_REACTION_REMOVE: (d: ReactionEvent) => react(d, -1),
  MESSAGE_REACTION_REMOVE_ALL: (d: { message_id: Id }) => change(d.message_id, (message) => void (message.reactions = [])),
  MESSAGE_REACTION_REMOVE_EMOJI: (d: { message_id: Id; emoji: Emoji }) =>
    change(d.message_id, (message) => {
      message.reactions = (message.reactions ?? []).filter((one) => !same(one.emoji, d.emoji));
    }),
  CHANNEL_DELETE: (d: { id: Id }) => drop(d.id),
};
