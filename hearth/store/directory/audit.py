"""Audit log entries in SQL."""

from hearth.core.ids import MAX_ID
from hearth.core.models.audit import AuditEntry
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

AUDIT_LOG = Table(AuditEntry, "audit_log", ids=["id"], json=["changes", "options"])


def entries(
    connection: Connection,
    guild_id: int,
    limit: int,
    before: int | None,
    after: int | None,
    only: dict[str, int | None],
) -> list[AuditEntry]:
    """Up to `limit` entries of a guild, newest first, or oldest first with `after`.

    `only` are columns and the values that they must have, where these are not None.
    """
    wanted = {column: value for column, value in only.items() if value is not None}
    where = "".join(f" AND {column} = ?" for column in wanted)
    order = "DESC" if after is None else "ASC"
    return AUDIT_LOG.many(
        connection,
        f"WHERE guild_id = ? AND id < ? AND id > ?{where} ORDER BY id {order} LIMIT ?",
        (
            guild_id,
            MAX_ID if before is None else before,
            -1 if after is None else after,
            *wanted.values(),
            limit,
        ),
    )
