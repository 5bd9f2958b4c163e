// Every event goes by here, to each store that wants it, in one step.
import { batch } from "solid-js";
import * as audit from "./audit.ts";
import * as channels from "./channels.ts";
import type { Reducers } from "./events.ts";
import * as guilds from "./guilds.ts";
import * as lists from "./lists.ts";
import * as messages from "./messages.ts";
import * as notify from "./notify.ts";
import * as outbox from "./outbox.ts";
import * as reads from "./reads.ts";
import * as relationships from "./relationships.ts";
import * as search from "./search.ts";
import * as session from "./session.ts";
import * as typing from "./typing.ts";
import * as users from "./users.ts";
import * as voice from "./voice.ts";

/** In this order: what others look up comes first. */
const STORES: { reducers: Reducers }[] = [
  session, users, guilds, channels, notify, relationships, messages, reads, typing, outbox, lists, search,
  audit, voice,
];

/** Take an event in, or a reply that says the same as one. */
export function apply(name: string, d: unknown): void {
  batch(() => {
    for (const store of STORES) store.reducers[name]?.(d);
  });
}
