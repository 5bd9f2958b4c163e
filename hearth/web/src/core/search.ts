// What a person looks for: words and filters, and the query that they make.
import { idAt } from "./snowflake.ts";
import type { Id } from "./types.ts";

export const KINDS = ["from", "mentions", "in", "has", "before", "after", "pinned"] as const;
export type Kind = (typeof KINDS)[number];

/** `value` is an id (from, mentions, in), a word (has, pinned) or a day as "2026-11-27" (before, after). */
export interface Filter {
  kind: Kind;
  value: string;
}

export type Sort = "newest" | "oldest" | "relevance";

/** So many results a page has, and so many can be paged to at most. */
export const PAGE = 25;
export const MOST = 10_000;

/** Of these kinds there is one at a time: a new one takes the place of the old. */
const SINGLE = new Set<Kind>(["before", "after", "pinned"]);

const DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

/** The filters with one more. */
export function withFilter(all: Filter[], one: Filter): Filter[] {
  return [...all.filter((each) => each.kind !== one.kind || !(SINGLE.has(one.kind) || each.value === one.value)), one];
}

/** The filter that the end of a text begins, as "from:bo" does; `from` is where in the text it does. */
export function begunFilter(text: string): { kind: Kind; typed: string; from: number } | null {
  const found = /(?:^|\s)(from|mentions|in|has|before|after|pinned):([^\s:]*)$/i.exec(text);
  if (!found) return null;
  const [, kind, typed] = found as unknown as [string, string, string];
  return { kind: kind.toLowerCase() as Kind, typed: typed.toLowerCase(), from: text.length - kind.length - typed.length - 1 };
}

/** The day that somebody wrote, as "2026-11-27"; null where there is no such day. */
export function dayIn(text: string): string | null {
  const found = DAY.exec(text);
  if (!found) return null;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const date = new Date(year, month - 1, day);
  if (date.getMonth() !== month - 1 || date.getDate() !== day) return null;
  return dayAt(date.getTime());
}

/** The day that a time is in, where the reader is, as "2026-11-27". */
export function dayAt(ms: number): string {
  const date = new Date(ms);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** When a day begins, or the one so many days later. */
function begins(day: string, later = 0): number {
  const [, year, month, date] = DAY.exec(day) as unknown as [string, string, string, string];
  return new Date(Number(year), Number(month) - 1, Number(date) + later).getTime();
}

/** Whether there is anything to look for. */
export function asksAnything(text: string, filters: Filter[]): boolean {
  return text.trim() !== "" || filters.length > 0;
}

/** The query of the API's; `page` counts from 0. */
export function queryOf(text: string, filters: Filter[], sort: Sort, page: number): Record<string, string | Id[]> {
  const values = (kind: Kind) => filters.filter((one) => one.kind === kind).map((one) => one.value);
  const query: Record<string, string | Id[]> = { limit: String(PAGE), offset: String(page * PAGE) };
  const lists = { author_id: "from", mentions: "mentions", channel_id: "in", has: "has" } as const;
  for (const [name, kind] of Object.entries(lists)) if (values(kind).length) query[name] = values(kind);
  const [before, after, pinned] = [values("before")[0], values("after")[0], values("pinned")[0]];
  if (before) query.max_id = idAt(begins(before));
  // What is sought is newer than min_id: all from the next day's first moment on.
  if (after) query.min_id = (BigInt(idAt(begins(after, 1))) - 1n).toString();
  if (pinned) query.pinned = pinned === "yes" ? "true" : "false";
  if (text.trim()) query.content = text.trim();
  // Where there are no words, nothing is more relevant than anything else.
  if (sort === "relevance" && text.trim()) query.sort_by = "relevance";
  query.sort_order = sort === "oldest" ? "asc" : "desc";
  return query;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts without blanks between words: any part of a run of them is found. */
const RUN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Myanmar}\p{Script=Khmer}]/u;
/** The last word also finds longer ones from so many letters on. */
const PREFIX = 3;

const fold = (word: string) => word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** What shows which parts of a text are the words that were looked for: pieces in order, each said to be one or not. */
export function marker(query: string): (text: string) => [piece: string, hit: boolean][] {
  const wanted = (query.match(WORD) ?? []).map(fold);
  const last = /["\s]$/.test(query) ? "" : (wanted.at(-1) ?? "");
  const whole = new Set(wanted.filter((word) => !RUN.test(word)));
  const runs = wanted.filter((word) => RUN.test(word));
  const hit = (word: string) => {
    const folded = fold(word);
    return whole.has(folded) || (last.length >= PREFIX && !RUN.test(last) && folded.startsWith(last));
  };
  return (text) => {
    const pieces: [string, boolean][] = [];
    let at = 0;
    const put = (from: number, to: number) => {
      if (from > at) pieces.push([text.slice(at, from), false]);
      pieces.push([text.slice(from, to), true]);
      at = to;
    };
    for (const found of text.matchAll(WORD)) {
      const [word] = found;
      if (!RUN.test(word)) {
        if (hit(word)) put(found.index, found.index + word.length);
        continue;
      }
      for (let i = 0; i < word.length; i += 1) {
        const run = runs.find((one) => word.startsWith(one, i));
        if (!run) continue;
        put(found.index + i, found.index + i + run.length);
        i += run.length - 1;
      }
    }
    if (at < text.length) pieces.push([text.slice(at), false]);
    return pieces;
  };
}
