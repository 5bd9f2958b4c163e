// The last entry of an audit log that was told of; who shows a log puts it on top.
import { createSignal } from "solid-js";
import type { AuditEntry, Id } from "../core/types.ts";
import type { Reducers } from "./events.ts";

type Told = AuditEntry & { guild_id: Id };

const [lastAudit, setLastAudit] = createSignal<Told | null>(null);
export { lastAudit };

export const reducers: Reducers = {
  GUILD_AUDIT_LOG_ENTRY_CREATE: (d: Told) => void setLastAudit(d),
};
