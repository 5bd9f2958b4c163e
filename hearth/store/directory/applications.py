"""Applications in SQL."""

from hearth.core.models.users import Application
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

APPLICATIONS = Table(Application, "applications", ids=["id"])


def of_owner(connection: Connection, owner_id: int) -> list[Application]:
    """The applications of a user, by id."""
    return APPLICATIONS.few(connection, "WHERE owner_id = ? ORDER BY id", (owner_id,))


def of_bot(connection: Connection, bot_id: int) -> Application | None:
    """A bot user's application."""
    return APPLICATIONS.one(connection, "bot_id = ?", (bot_id,))
