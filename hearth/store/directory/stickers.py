"""Stickers of guilds in SQL."""

from hearth.core.models.stickers import Sticker
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

STICKERS = Table(Sticker, "stickers", ids=["id"])


def of_guild(connection: Connection, guild_id: int) -> list[Sticker]:
    """A guild's stickers, by id."""
    return STICKERS.many(connection, "WHERE guild_id = ? ORDER BY id", (guild_id,))


def one(connection: Connection, sticker_id: int) -> Sticker | None:
    """A sticker of whichever guild."""
    return STICKERS.one(connection, "id = ?", (sticker_id,))
