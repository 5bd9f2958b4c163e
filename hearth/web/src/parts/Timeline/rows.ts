// How a list of messages is laid out: who begins a group, where a day begins, where the new ones do.
import { compare } from "../../core/snowflake.ts";
import { dayOf } from "../../core/time.ts";
import type { Id } from "../../core/types.ts";

/** What of a message its place in the list hangs on. */
export interface Line {
  key: string;
  author: Id;
  at: number;
  /** A system message, a reply: never part of a group. */
  alone: boolean;
}

export interface Place {
  /** Shows the author. */
  head: boolean;
  /** The day that begins here, midnight in milliseconds. */
  day: number | null;
  /** The first one that is new. */
  fresh: boolean;
}

const GROUP_MS = 7 * 60_000;

/** Where each line stands; `newAfter` is the last that was read, null where nothing is marked as new. */
export function placeLines(lines: Line[], newAfter: Id | null, me: Id): Map<string, Place> {
  const places = new Map<string, Place>();
  let last: Line | undefined;
  let marked = newAfter === null;
  for (const line of lines) {
    const day = last && dayOf(last.at) === dayOf(line.at) ? null : dayOf(line.at);
    const pending = line.key.startsWith("~");
    const fresh = !marked && !pending && line.author !== me && compare(line.key, newAfter as Id) > 0;
    if (fresh) marked = true;
    const joins =
      last !== undefined && last.author === line.author && line.at - last.at < GROUP_MS && !last.alone && !line.alone;
    places.set(line.key, { head: !joins || day !== null || fresh, day: day, fresh });
    last = line;
  }
  return places;
}
