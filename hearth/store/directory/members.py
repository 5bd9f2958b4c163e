"""Members in SQL."""

from typing import Any

from hearth.core.models.members import Member
from hearth.core.models.users import User
from hearth.store.directory.tables import Table
from hearth.store.directory.users import USERS
from hearth.store.sql.database import Connection

MEMBERS = Table(Member, "members", ["guild_id", "user_id"])

_PAGE = 2_000
"""Rows decoded at a time: about a millisecond in which the loop cannot run."""

_COLUMNS = [f"m.{column}" for column in MEMBERS.columns] + [f"u.{name}" for name in USERS.columns]
_GUILD_ID, _USER_ID = map(MEMBERS.columns.index, ("guild_id", "user_id"))
_ID = USERS.columns.index("id")


def of_guild(connection: Connection, guild_id: int) -> tuple[dict[int, Member], dict[int, User]]:
    """A guild's members and their users, by user id.

    Equal ids and equal sets of roles are one object each, which saves a third of the memory.
    """
    members: dict[int, Member] = {}
    users: dict[int, User] = {}
    ids: dict[int, int] = {}
    sets: dict[str, tuple[int, ...]] = {}

    def shared(text: str) -> tuple[int, ...]:
        if (found := sets.get(text)) is None:
            roles = MEMBERS.field("roles", text)
            found = sets[text] = tuple([ids.setdefault(role, role) for role in roles])
        return found

    member_of = MEMBERS.reader(roles=shared)
    width = len(MEMBERS.columns)
    after = -1
    while rows := _page(connection, guild_id, after):
        for row in rows:
            after = row[_USER_ID]
            row[_GUILD_ID] = guild_id
            row[width + _ID] = after
            members[after] = member_of(row[:width])
            users[after] = USERS.noun_of(row[width:])
    return members, users


def _page(connection: Connection, guild_id: int, after: int) -> list[list[Any]]:
    source = (
        "FROM members m JOIN users u ON u.id = m.user_id"
        " WHERE m.guild_id = ? AND m.user_id > ? ORDER BY m.user_id LIMIT ?"
    )
    return connection.bulk(_COLUMNS, source, (guild_id, after, _PAGE))


def passing(connection: Connection) -> list[Member]:
    """Temporary members without a role, who leave with their last session."""
    return MEMBERS.many(connection, "WHERE temporary = 1 AND roles = '[]'")


def guilds_of(connection: Connection, user_id: int) -> list[int]:
    """Ids of the guilds that a user is a member of, ascending."""
    source = "FROM members WHERE user_id = ? ORDER BY guild_id"
    return [row[0] for row in connection.bulk(["guild_id"], source, (user_id,))]
