"""Guilds in SQL."""

from hearth.core.models.guilds import Guild, Snapshot
from hearth.store.directory import channels, emojis, members, roles, stickers
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

GUILDS = Table(Guild, "guilds", ids=["id"])


def snapshot(connection: Connection, guild_id: int) -> Snapshot | None:
    """A guild whole, each table ordered by id."""
    guild = GUILDS.one(connection, "id = ?", (guild_id,))
    if guild is None:
        return None
    people, users = members.of_guild(connection, guild_id)
    return Snapshot(
        guild=guild,
        channels={channel.id: channel for channel in channels.of_guild(connection, guild_id)},
        roles={role.id: role for role in roles.of_guild(connection, guild_id)},
        members=people,
        users=users,
        presences={},
        emojis={emoji.id: emoji for emoji in emojis.of_guild(connection, guild_id)},
        stickers={each.id: each for each in stickers.of_guild(connection, guild_id)},
    )


def ids(connection: Connection) -> list[int]:
    """Every guild's id, ascending."""
    return [row[0] for row in connection.bulk(["id"], "FROM guilds ORDER BY id")]


def named(connection: Connection, name: str) -> list[int]:
    """Ids of the guilds with exactly this name."""
    rows = connection.bulk(["id"], "FROM guilds WHERE name = ? ORDER BY id", (name,))
    return [row[0] for row in rows]
