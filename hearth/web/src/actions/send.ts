// The way of a message out: shown at once, sent in order, tried again until the server has it.
import { request } from "../api/client.ts";
import { Refusal } from "../core/refusal.ts";
import { makeNonce } from "../core/snowflake.ts";
import { type Id, type Message, MessageFlag } from "../core/types.ts";
import { apply } from "../store/index.ts";
import { enqueue, failed, type Outgoing, outbox, settle } from "../store/outbox.ts";
import { session } from "../store/session.ts";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 4000;

/** Channels whose messages are on their way now: each sends one after the other. */
const running = new Set<Id>();
let wake: (() => void)[] = [];

/** What a message is made of. */
export type Written = Partial<Pick<Outgoing, "content" | "files" | "stickers" | "replyTo" | "ping">>;

/** Write a message. */
export function send(channelId: Id, written: Written): void {
  const at = Date.now();
  enqueue({ content: "", ...written, nonce: makeNonce(at, Math.random), channel_id: channelId, at });
  flush();
}

/** Send what waits; called when there is something, and when the server is back. */
export function flush(): void {
  for (const go of wake.splice(0)) go();
  for (const channelId of new Set(outbox.map((one) => one.channel_id))) void pump(channelId);
}

/** Try again what the server refused. */
export function retry(nonce: string): void {
  failed(nonce, undefined);
  flush();
}

/** Let it be. */
export function discard(nonce: string): void {
  settle(nonce);
}

async function pump(channelId: Id): Promise<void> {
  if (running.has(channelId)) return;
  running.add(channelId);
  try {
    let wait = FIRST_WAIT_MS;
    for (;;) {
      const next = outbox.find((one) => one.channel_id === channelId && !one.failed);
      if (!next || session.phase !== "in") return;
      try {
        const message = await request<Message>("POST", `/channels/${channelId}/messages`, { body: form(next) });
        apply("MESSAGE_CREATE", { ...message, nonce: next.nonce });
        settle(next.nonce);
        wait = FIRST_WAIT_MS;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.status === 401) return;
        if (error.passing || error.status === 429) {
          await pause(wait);
          wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        } else failed(next.nonce, error.message);
      }
    }
  } finally {
    running.delete(channelId);
  }
}

/** Wait, but no longer than until the connection is back. */
function pause(ms: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    wake.push(() => {
      clearTimeout(timer);
      done();
    });
  });
}

function form(one: Outgoing): Record<string, unknown> {
  const body: Record<string, unknown> = { content: one.content, nonce: one.nonce, enforce_nonce: true };
  if (one.stickers) body.sticker_ids = one.stickers.map((each) => each.id);
  if (one.files?.length) {
    body.attachments = one.files.map((file, id) => ({
      id: String(id),
      filename: file.filename,
      uploaded_filename: file.uploaded,
      description: file.description,
      duration_secs: file.spoken?.seconds,
      waveform: file.spoken?.waveform,
    }));
    if (one.files.some((file) => file.spoken)) body.flags = MessageFlag.VOICE;
  }
  if (one.replyTo) {
    body.message_reference = { message_id: one.replyTo, channel_id: one.channel_id, fail_if_not_exists: false };
    body.allowed_mentions = { parse: ["users", "roles", "everyone"], replied_user: one.ping ?? true };
  }
  return body;
}
