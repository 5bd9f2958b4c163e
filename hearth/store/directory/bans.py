"""Bans in SQL."""

from collections.abc import Iterable

from hearth.core.ids import MAX_ID
from hearth.core.models.bans import Ban, BanSweep
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

BANS = Table(Ban, "bans", ["guild_id", "user_id"])
BAN_SWEEPS = Table(BanSweep, "ban_sweeps", ["guild_id", "user_id"])


def page(
    connection: Connection, guild_id: int, limit: int, before: int | None, after: int | None
) -> list[Ban]:
    """Up to `limit` bans of a guild by user id: the last below `before`, or the first above."""
    if before is None:
        where = "WHERE guild_id = ? AND user_id > ? ORDER BY user_id LIMIT ?"
        return BANS.many(connection, where, (guild_id, -1 if after is None else after, limit))
    where = "WHERE guild_id = ? AND user_id < ? ORDER BY user_id DESC LIMIT ?"
    return BANS.many(connection, where, (guild_id, min(before, MAX_ID), limit))[::-1]


def among(connection: Connection, guild_id: int, user_ids: Iterable[int]) -> list[Ban]:
    """The bans that a guild has of these users, by user id."""
    condition, parameter = connection.among("user_id", user_ids)
    where = f"WHERE guild_id = ? AND {condition} ORDER BY user_id"
    return BANS.many(connection, where, (guild_id, parameter))


def sweeps(connection: Connection) -> list[BanSweep]:
    """What is left to be deleted of the banned, by guild and user id."""
    return BAN_SWEEPS.many(connection, "ORDER BY guild_id, user_id")
