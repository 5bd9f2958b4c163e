"""Roles in SQL."""

from hearth.core.models.roles import Role
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

ROLES = Table(Role, "roles", ids=["id"])


def of_guild(connection: Connection, guild_id: int) -> list[Role]:
    """A guild's roles, by id."""
    return ROLES.many(connection, "WHERE guild_id = ? ORDER BY id", (guild_id,))
