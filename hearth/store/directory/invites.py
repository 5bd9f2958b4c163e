"""Invites in SQL."""

from hearth.core.models.invites import Invite
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

INVITES = Table(Invite, "invites", ["code"])


def one(connection: Connection, code: str) -> Invite | None:
    """The invite with exactly this code."""
    return INVITES.one(connection, "code = ?", (code,))


def of_guild(connection: Connection, guild_id: int) -> list[Invite]:
    """A guild's invites, lapsed ones too, the oldest first."""
    return INVITES.many(connection, "WHERE guild_id = ? ORDER BY created_at_ms, code", (guild_id,))
