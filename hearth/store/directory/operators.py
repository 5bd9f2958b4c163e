"""The operator log in SQL."""

from hearth.core.models.operators import OperatorEntry
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

OPERATOR_LOG = Table(OperatorEntry, "operator_log", ids=["id"])


def newest(connection: Connection, limit: int) -> list[OperatorEntry]:
    """Up to `limit` entries, newest first."""
    return OPERATOR_LOG.many(connection, "ORDER BY id DESC LIMIT ?", (limit,))
