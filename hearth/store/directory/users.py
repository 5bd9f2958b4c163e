"""Users in SQL."""

from collections.abc import Iterable

from hearth.core.models.users import User
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

USERS = Table(User, "users", ids=["id"])


def among(connection: Connection, ids: Iterable[int]) -> list[User]:
    """The users that exist among `ids`, by id."""
    condition, parameter = connection.among("id", ids)
    return USERS.many(connection, f"WHERE {condition} ORDER BY id", (parameter,))


def named(connection: Connection, username: str) -> User | None:
    """The user with exactly this username."""
    return USERS.one(connection, "username = ?", (username,))
