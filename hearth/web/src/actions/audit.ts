// The audit log of a guild: who did what.
import { request } from "../api/client.ts";
import type { AuditEntry, Id, User } from "../core/types.ts";
import { learn } from "../store/users.ts";

/** So many entries come at a time. */
export const AUDIT_PAGE = 50;

export interface AuditQuery {
  user_id?: Id;
  action_type?: string;
  /** Only what is older than this entry. */
  before?: Id;
}

/** A page of entries, the newest first; who they name is known afterwards. */
export async function readAudit(guildId: Id, query: AuditQuery): Promise<AuditEntry[]> {
  const reply = await request<{ audit_log_entries: AuditEntry[]; users: User[] }>("GET", `/guilds/${guildId}/audit-logs`, {
    query: { limit: AUDIT_PAGE, ...query },
  });
  for (const user of reply.users) learn(user);
  return reply.audit_log_entries;
}
