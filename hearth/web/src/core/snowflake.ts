// Ids: 64-bit numbers as strings, in the order of time; and the nonces of messages on their way.
import type { Id } from "./types.ts";

const EPOCH_MS = 1420070400000n;

/** Less than 0 when `a` is older than `b`, 0 when they are the same. */
export function compare(a: Id, b: Id): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** The newer of two ids; null is older than any. */
export function newer(a: Id | null | undefined, b: Id | null | undefined): Id | null {
  if (!a || !b) return a ?? b ?? null;
  return compare(a, b) > 0 ? a : b;
}

/** When an id was made, in milliseconds since 1970. */
export function createdMs(id: Id): number {
  return Number((BigInt(id) >> 22n) + EPOCH_MS);
}

/** The lowest id that could be made at a time. */
export function idAt(ms: number): Id {
  const since = BigInt(Math.max(0, Math.floor(ms))) - EPOCH_MS;
  return since > 0n ? (since << 22n).toString() : "0";
}

/** A new nonce, at most 25 characters; `random` gives numbers from 0 to 1. */
export function makeNonce(wallMs: number, random: () => number): string {
  return wallMs.toString(36) + Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
}
