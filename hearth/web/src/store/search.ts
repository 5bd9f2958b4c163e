// What was looked for last, and the page of what was found; it stays while one goes to a message and back.
import { createStore } from "solid-js/store";
import type { Filter, Sort } from "../core/search.ts";
import type { Id, Message } from "../core/types.ts";
import type { Reducers } from "./events.ts";

export interface Search {
  /** The guild, or the private channel, that is searched. */
  scope: Id | null;
  text: string;
  filters: Filter[];
  sort: Sort;
  page: number;
  /** "indexing": the server has no index yet. */
  phase: "idle" | "looking" | "there" | "indexing" | "failed";
  messages: Message[];
  total: number;
  /** How many messages are indexed so far. */
  indexed: number;
  fault: string;
}

const EMPTY: Search = {
  scope: null, text: "", filters: [], sort: "newest", page: 0, phase: "idle", messages: [], total: 0, indexed: 0, fault: "",
};

const [search, setSearch] = createStore<Search>({ ...EMPTY });
export { search, setSearch };

let owner: Id | null = null;

/** Begin anew, in a scope. */
export function searchIn(scope: Id | null): void {
  setSearch({ ...EMPTY, scope });
}

const without = (gone: (message: Message) => boolean) =>
  setSearch("messages", (all) => (all.some(gone) ? all.filter((one) => !gone(one)) : all));

export const reducers: Reducers = {
  READY(d: { user: { id: Id } }) {
    if (owner !== d.user.id) searchIn(null);
    owner = d.user.id;
  },
  MESSAGE_UPDATE(d: Partial<Message> & { id: Id }) {
    const { reactions: _, nonce: __, ...rest } = d;
    setSearch("messages", (one) => one.id === d.id, rest);
  },
  MESSAGE_DELETE: (d: { id: Id }) => without((one) => one.id === d.id),
  MESSAGE_DELETE_BULK: (d: { ids: Id[] }) => without((one) => d.ids.includes(one.id)),
  CHANNEL_DELETE: (d: { id: Id }) => without((one) => one.channel_id === d.id),
  GUILD_DELETE(d: { id: Id; unavailable?: boolean }) {
    if (!d.unavailable && d.id === search.scope) searchIn(null);
  },
};
