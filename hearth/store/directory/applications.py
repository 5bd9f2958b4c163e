"""Applications in SQL."""

from hearth.core.models.users import Application
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

APPLICATIONS = Table(Application, "applications", ids=["id"])


def of_bot(connection: Connection, bot_id: int) -> Application | None:
    """A bot user's application."""
    return APPLICATIONS.one(connection, "bot_id = ?", (bot_id,))
