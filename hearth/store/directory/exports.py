"""Exports of people's data in SQL."""

from hearth.core.models.exports import Harvest
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

HARVESTS = Table(Harvest, "harvests", ["user_id"], ids=["id"])


def of_user(connection: Connection, user_id: int) -> Harvest | None:
    """The last export that a user has asked for."""
    return HARVESTS.one(connection, "user_id = ?", (user_id,))


def known(connection: Connection) -> list[Harvest]:
    """Everybody's last export, the oldest first."""
    return HARVESTS.many(connection, "ORDER BY id")
