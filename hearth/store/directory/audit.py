"""Audit log entries in SQL."""

from hearth.core.ids import MAX_ID
from hearth.core.models.audit import AuditEntry
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

AUDIT_LOG = Table(AuditEntry, "audit_log", ids=["id"], json=["changes", "options"])


def entries(
    connection: Connection, guild_id: int, limit: int, before: int | None
) -> list[AuditEntry]:
    """Up to `limit` entries of a guild with ids below `before`, newest first."""
    return AUDIT_LOG.many(
        connection,
        "WHERE guild_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (guild_id, MAX_ID if before is None else before, limit),
    )
