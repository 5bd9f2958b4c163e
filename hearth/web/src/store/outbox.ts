// Messages that are not acknowledged yet, and drafts: both outlive the window.
import { createStore, produce } from "solid-js/store";
import type { Id, Message, StickerItem } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { keep, readAll } from "./kept.ts";
import { myId } from "./session.ts";

/** A file that the server has already. */
export interface SentFile {
  uploaded: string;
  filename: string;
  description?: string;
  /** Of a voice message: how long it is, and its shape. */
  spoken?: { seconds: number; waveform: string };
}

export interface Outgoing {
  nonce: string;
  channel_id: Id;
  content: string;
  /** When it was written, milliseconds since 1970. */
  at: number;
  files?: SentFile[];
  stickers?: StickerItem[];
  replyTo?: Id;
  /** Whether the author of what it replies to is mentioned. */
  ping?: boolean;
  /** What the server had against it; then it waits for the person to try again or let it be. */
  failed?: string;
}

const [outbox, setOutbox] = createStore<Outgoing[]>([]);
const [drafts, setDrafts] = createStore<Record<Id, string>>({});
export { drafts, outbox };

/** Each under a name of its own: another window of the same person's has its own. */
const nameOf = (nonce: string) => `outbox.${myId()}.${nonce}`;

/** Take up what this person left behind. */
export function restore(userId: Id): void {
  const left = Object.values(readAll<Outgoing>(`outbox.${userId}.`)).sort((a, b) => a.at - b.at);
  setOutbox((here) => [...here, ...left.filter((one) => !here.some((each) => each.nonce === one.nonce))]);
  setDrafts(readAll<string>(`draft.${userId}.`));
}

/** Forget whose these are; what is kept stays. */
export function leave(): void {
  setOutbox([]);
  setDrafts(produce((all) => Object.keys(all).forEach((id) => delete all[id])));
}

export function enqueue(message: Outgoing): void {
  setOutbox(outbox.length, message);
  keep(nameOf(message.nonce), message);
}

export function outgoingIn(channelId: Id): Outgoing[] {
  return outbox.filter((one) => one.channel_id === channelId);
}

export function settle(nonce: string | number | undefined): void {
  if (nonce === undefined || !outbox.some((one) => one.nonce === nonce)) return;
  setOutbox((all) => all.filter((one) => one.nonce !== nonce));
  keep(nameOf(String(nonce)), null);
}

export function failed(nonce: string, why: string | undefined): void {
  const at = outbox.findIndex((one) => one.nonce === nonce);
  if (at < 0) return;
  setOutbox(at, "failed", why);
  keep(nameOf(nonce), outbox[at]);
}

export function draftOf(channelId: Id): string {
  return drafts[channelId] ?? "";
}

export function draft(channelId: Id, text: string): void {
  if (draftOf(channelId) === text) return;
  if (text) setDrafts(channelId, text);
  else setDrafts(produce((all) => void delete all[channelId]));
  keep(`draft.${myId()}.${channelId}`, text || null);
}

export const reducers: Reducers = {
  MESSAGE_CREATE(d: Message) {
    if (d.author.id === myId()) settle(d.nonce);
  },
};
