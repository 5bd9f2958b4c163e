"""Channels and threads in SQL."""

from hearth.core.models.channels import Channel
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

CHANNELS = Table(Channel, "channels", ids=["id"])


def of_guild(connection: Connection, guild_id: int) -> list[Channel]:
    """A guild's channels, by id."""
    return CHANNELS.many(connection, "WHERE guild_id = ? ORDER BY id", (guild_id,))


def home_of(connection: Connection, channel_id: int) -> int | None:
    """The guild of a channel; a private channel is its own home."""
    row = connection.one("SELECT coalesce(guild_id, id) FROM channels WHERE id = ?", (channel_id,))
    return None if row is None else row[0]
