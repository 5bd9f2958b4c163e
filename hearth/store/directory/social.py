"""Friends, notes and settings in SQL: what a user keeps of others, and how they want to be told."""

from hearth.core.models.settings import (
    DismissedMention,
    NotificationSettings,
    Personal,
    PinAck,
    Setting,
)
from hearth.core.models.social import Note, Relationship, RelationshipType
from hearth.store.directory.reads import READ_STATES
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

RELATIONSHIPS = Table(Relationship, "relationships", ["user_id", "other_id"])
NOTES = Table(Note, "notes", ["user_id", "other_id"])
SETTINGS = Table(Setting, "settings", ["user_id", "kind"])
NOTIFICATION_SETTINGS = Table(
    NotificationSettings, "notification_settings", ["user_id", "guild_id"]
)
PIN_ACKS = Table(
    PinAck,
    "pin_acks",
    ["user_id", "channel_id"],
    follows=[("users", "user_id"), ("channels", "channel_id")],
)
DISMISSED_MENTIONS = Table(DismissedMention, "dismissed_mentions", ["user_id", "message_id"])

FRIEND, BLOCKED = int(RelationshipType.FRIEND), int(RelationshipType.BLOCKED)


def relationships(connection: Connection, user_id: int) -> list[Relationship]:
    """What others are to a user, by their ids."""
    return RELATIONSHIPS.many(connection, "WHERE user_id = ? ORDER BY other_id", (user_id,))


def relationship(connection: Connection, user_id: int, other_id: int) -> Relationship | None:
    """What another is to a user."""
    return RELATIONSHIPS.one(connection, "user_id = ? AND other_id = ?", (user_id, other_id))


def share_a_friend(connection: Connection, one: int, other: int) -> bool:
    """Whether two users have a friend in common."""
    statement = (
        "SELECT 1 FROM relationships a JOIN relationships b"
        " ON b.user_id = ? AND b.other_id = a.other_id AND b.type = ?"
        " WHERE a.user_id = ? AND a.type = ? LIMIT 1"
    )
    return connection.one(statement, (other, FRIEND, one, FRIEND)) is not None


def watchers(connection: Connection, user_id: int) -> list[int]:
    """Who is told of a user's presence outside of guilds, ascending.

    Friends, and those whose DM with the user both lists show, unless one of both blocks the other.
    """
    source = (
        "FROM (SELECT other_id AS id FROM relationships WHERE user_id = ? AND type = ?"
        " UNION SELECT p.user_id FROM recipients me"
        " JOIN channels c ON c.id = me.channel_id AND c.pair IS NOT NULL"
        " JOIN recipients p ON p.channel_id = me.channel_id AND p.user_id <> me.user_id"
        " WHERE me.user_id = ? AND me.open = 1 AND p.open = 1"
        " AND NOT EXISTS (SELECT 1 FROM relationships b WHERE b.type = ?"
        " AND (b.user_id = me.user_id AND b.other_id = p.user_id"
        " OR b.user_id = p.user_id AND b.other_id = me.user_id))) ORDER BY id"
    )
    return [row[0] for row in connection.bulk(["id"], source, (user_id, FRIEND, user_id, BLOCKED))]


def notes(connection: Connection, user_id: int) -> list[Note]:
    """A user's notes, by whom they are about."""
    return NOTES.many(connection, "WHERE user_id = ? ORDER BY other_id", (user_id,))


def setting(connection: Connection, user_id: int, kind: int) -> bytes | None:
    """One kind of a user's settings."""
    found = SETTINGS.one(connection, "user_id = ? AND kind = ?", (user_id, kind))
    return None if found is None else found.data


def notification_settings(connection: Connection, user_id: int) -> list[NotificationSettings]:
    """How a user wants to be told of guilds, by guild id."""
    rest = "WHERE user_id = ? ORDER BY guild_id"
    return NOTIFICATION_SETTINGS.many(connection, rest, (user_id,))


def personal(connection: Connection, user_id: int) -> Personal:
    """All that is kept of how a user looks at others and is told of things."""
    mine = "WHERE user_id = ? ORDER BY 1, 2", (user_id,)
    return Personal(
        relationships=relationships(connection, user_id),
        notes=notes(connection, user_id),
        settings=SETTINGS.few(connection, *mine),
        notification_settings=notification_settings(connection, user_id),
        read_states=READ_STATES.many(connection, *mine),
        pin_acks=PIN_ACKS.many(connection, *mine),
        dismissed_mentions=DISMISSED_MENTIONS.many(connection, *mine),
    )
