"""What `hearth admin check` looks for in the metadata."""

from collections import defaultdict
from typing import Any

import msgspec

from hearth.core.models.channels import ChannelType
from hearth.store.directory.nouns import TABLES
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection


def faults(connection: Connection) -> list[str]:
    """A sentence for each fault; empty when all is well."""
    found = connection.damage()
    if found:
        return found  # what can be read of a damaged file says nothing
    found += connection.violations()
    for table in TABLES:
        found += _undecodable(connection, table)
    if found:
        return found
    found = _owners(connection) + _parents(connection) + _roles(connection)
    return found + _recipients(connection)


def _undecodable(connection: Connection, table: Table[Any]) -> list[str]:
    """Rows whose JSON does not decode to what the noun holds."""
    found: list[str] = []
    for column in table.json_columns:
        names = [*table.key, column]
        for row in connection.bulk(names, f"FROM {table.name} WHERE {column} IS NOT NULL"):
            try:
                msgspec.json.decode(row[-1])
                table.field(column, row[-1])
            except (msgspec.DecodeError, UnicodeError):
                key = ", ".join(f"{n} {v}" for n, v in zip(table.key, row[:-1], strict=True))
                found.append(f"Table {table.name}, {key}: {column} is not the JSON it should be.")
    return found


def _owners(connection: Connection) -> list[str]:
    """Guilds without their @everyone role, or whose owner is not a member."""
    source = (
        "FROM guilds g LEFT JOIN roles r ON r.id = g.id AND r.guild_id = g.id"
        " LEFT JOIN members m ON m.guild_id = g.id AND m.user_id = g.owner_id"
        " WHERE r.id IS NULL OR m.user_id IS NULL ORDER BY g.id"
    )
    found: list[str] = []
    columns = ["g.id", "g.owner_id", "r.id", "m.user_id"]
    for guild_id, owner_id, role_id, user_id in connection.bulk(columns, source):
        if role_id is None:
            found.append(f"Guild {guild_id} has no @everyone role.")
        if user_id is None:
            found.append(f"Guild {guild_id} is owned by user {owner_id}, who is not a member.")
    return found


def _parents(connection: Connection) -> list[str]:
    """Channels and threads under a channel that is not in their guild."""
    source = (
        "FROM channels c LEFT JOIN channels p ON p.id = c.parent_id"
        " WHERE c.parent_id IS NOT NULL AND (p.id IS NULL OR p.guild_id <> c.guild_id)"
        " ORDER BY c.id"
    )
    return [
        f"Channel {channel_id} is under channel {parent_id}, which is not in its guild."
        for channel_id, parent_id in connection.bulk(["c.id", "c.parent_id"], source)
    ]


def _roles(connection: Connection) -> list[str]:
    """Members with a role that their guild does not have."""
    roles: defaultdict[int, set[int]] = defaultdict(set)
    for guild_id, role_id in connection.bulk(["guild_id", "id"], "FROM roles"):
        roles[guild_id].add(role_id)
    source = "FROM members WHERE roles <> '[]' ORDER BY guild_id, user_id"
    return [
        f"Member {user_id} of guild {guild_id} has role {role_id}, which is not in the guild."
        for guild_id, user_id, text in connection.bulk(["guild_id", "user_id", "roles"], source)
        for role_id in msgspec.json.decode(text, type=list[int])
        if role_id not in roles[guild_id]
    ]


def _recipients(connection: Connection) -> list[str]:
    """Recipients of a guild's channel; group DMs that are nobody's, or of somebody not in them."""
    source = (
        "FROM recipients r JOIN channels c ON c.id = r.channel_id"
        " WHERE c.guild_id IS NOT NULL ORDER BY r.channel_id, r.user_id"
    )
    found = [
        f"User {user_id} is a recipient of channel {channel_id}, which is a guild's."
        for channel_id, user_id in connection.bulk(["r.channel_id", "r.user_id"], source)
    ]
    source = (
        "FROM channels c JOIN users u ON u.id = c.owner_id"
        " LEFT JOIN recipients r ON r.channel_id = c.id AND r.user_id = c.owner_id"
        f" WHERE c.guild_id IS NULL AND c.type = {int(ChannelType.GROUP_DM)} AND r.user_id IS NULL"
        " ORDER BY c.id"
    )
    found += [
        f"Group DM {channel_id} is owned by user {owner_id}, who is not in it."
        for channel_id, owner_id in connection.bulk(["c.id", "c.owner_id"], source)
    ]
    return found
