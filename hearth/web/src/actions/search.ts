// Search in messages: of a guild, or of one private channel.
import { request } from "../api/client.ts";
import { asksAnything, queryOf } from "../core/search.ts";
import type { Message } from "../core/types.ts";
import { guilds } from "../store/guilds.ts";
import { type Search, search, setSearch } from "../store/search.ts";
import { learn } from "../store/users.ts";

interface Found {
  messages: Message[][];
  total_results: number;
}

/** What the server says while it has no index. */
interface NotYet {
  documents_indexed?: number;
  retry_after: number;
}

/** Which run is the last: what an earlier one finds comes too late. */
let last = 0;

/** Look for what is asked, on its first page unless another is named; tries again until there is an index. */
export async function find(change: Partial<Pick<Search, "text" | "filters" | "sort" | "page">> = {}): Promise<void> {
  last += 1;
  const run = last;
  setSearch({ page: 0, ...change });
  const { scope, text, filters, sort, page } = search;
  if (!scope || !asksAnything(text, filters)) return setSearch({ phase: "idle", messages: [], total: 0 });
  setSearch({ phase: "looking" });
  const path = guilds[scope] ? `/guilds/${scope}/messages/search` : `/channels/${scope}/messages/search`;
  try {
    const reply = await request<Found | NotYet>("GET", path, { query: queryOf(text, filters, sort, page) });
    if (run !== last) return;
    if ("retry_after" in reply) {
      setSearch({ phase: "indexing", indexed: reply.documents_indexed ?? 0, messages: [], total: 0 });
      setTimeout(() => run === last && search.phase === "indexing" && void find({ page }), reply.retry_after * 1000);
      return;
    }
    const messages = reply.messages.flat();
    for (const message of messages) for (const user of [message.author, ...message.mentions]) learn(user);
    setSearch({ phase: "there", messages, total: reply.total_results });
  } catch (error) {
    if (run === last) setSearch({ phase: "failed", fault: error instanceof Error ? error.message : String(error) });
  }
}
