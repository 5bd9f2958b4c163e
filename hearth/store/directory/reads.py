"""Read states and mentions in SQL, and the badges that follow from both."""

from collections.abc import Iterable

from hearth.core.ids import EPOCH_MS
from hearth.core.models.mentions import Mention
from hearth.core.models.users import ReadState
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

READ_STATES = Table(
    ReadState,
    "read_states",
    ["user_id", "channel_id"],
    follows=[("users", "user_id"), ("channels", "channel_id")],
)
# A message that is edited or deleted takes back its mentions, and by then nobody knows their
# targets any more: hence deletes go by the message.
MENTIONS = Table(
    Mention,
    "mentions",
    ["channel_id", "message_id", "target_id"],
    delete_by=["channel_id", "message_id"],
    follows=[("channels", "channel_id")],
)

ROWS = Table(Mention, "mentions", ["channel_id", "message_id", "target_id"])
"""The same, one by one."""

TRIMMED = 1000
"""So many mentions go in one transaction."""


def read_states(connection: Connection, user_id: int) -> list[ReadState]:
    """How far a user has read, per channel, by channel id."""
    return READ_STATES.many(connection, "WHERE user_id = ? ORDER BY channel_id", (user_id,))


# Whoever one blocks is not heard: what they wrote counts for nothing.
_NOT_BLOCKED = (
    " AND NOT EXISTS (SELECT 1 FROM relationships b"
    " WHERE b.user_id = ? AND b.other_id = n.author_id AND b.type = 2)"
)

_NOT_DISMISSED = (
    " AND NOT EXISTS (SELECT 1 FROM dismissed_mentions d"
    " WHERE d.user_id = ? AND d.message_id = n.message_id)"
)


def mention_counts(
    connection: Connection, user_id: int, targets: Iterable[int], muted: Iterable[int]
) -> dict[int, int]:
    """How many unread messages per channel mention one of `targets`."""
    condition, parameter = connection.among("n.target_id", targets)
    quiet, quiet_parameter = connection.among("n.channel_id", muted)
    # A message may name somebody directly and by his role, and counts once. `<< 22` makes the
    # least id of the millisecond in which he joined (core/ids.py).
    source = (
        "FROM mentions n"
        " JOIN channels c ON c.id = n.channel_id"
        " LEFT JOIN members m ON m.guild_id = c.guild_id AND m.user_id = ?"
        " LEFT JOIN recipients p ON p.channel_id = c.id AND p.user_id = ?"
        " LEFT JOIN read_states r ON r.channel_id = n.channel_id AND r.user_id = ?"
        f" WHERE {condition}"
        " AND (m.user_id IS NOT NULL OR p.user_id IS NOT NULL)"
        " AND n.message_id > coalesce(r.last_message_id, 0)"
        " AND n.message_id >= (coalesce(m.joined_at_ms, p.joined_at_ms) - ?) << 22"
        f" AND (n.target_id = ? OR NOT {quiet})"
        f"{_NOT_BLOCKED} GROUP BY n.channel_id"
    )
    parameters = (
        *(user_id, user_id, user_id, parameter, EPOCH_MS),
        *(user_id, quiet_parameter, user_id),
    )
    rows = connection.bulk(["n.channel_id", "count(DISTINCT n.message_id)"], source, parameters)
    return {row[0]: row[1] for row in rows}


def recent_mentions(
    connection: Connection,
    user_id: int,
    targets: Iterable[int],
    channels: Iterable[int],
    limit: int,
    before: int,
    after: int,
) -> list[Mention]:
    """Messages between both ids that mention one of `targets`, the newest first, each once."""
    condition, parameter = connection.among("n.target_id", targets)
    # By the plus no index is used for it: there are more channels than mentions of one target.
    seen, seen_parameter = connection.among("+n.channel_id", channels)
    source = (
        "FROM mentions n"
        " JOIN channels c ON c.id = n.channel_id"
        " LEFT JOIN members m ON m.guild_id = c.guild_id AND m.user_id = ?"
        " LEFT JOIN recipients p ON p.channel_id = c.id AND p.user_id = ?"
        f" WHERE {condition} AND {seen}"
        " AND n.message_id < ? AND n.message_id > ? AND n.author_id <> ?"
        " AND (m.user_id IS NOT NULL OR p.user_id IS NOT NULL)"
        " AND n.message_id >= (coalesce(m.joined_at_ms, p.joined_at_ms) - ?) << 22"
        f"{_NOT_DISMISSED}{_NOT_BLOCKED}"
        " GROUP BY n.message_id ORDER BY n.message_id DESC LIMIT ?"
    )
    parameters = (
        *(user_id, user_id, parameter, seen_parameter, before, after, user_id),
        *(EPOCH_MS, user_id, user_id, limit),
    )
    columns = ["n.channel_id", "n.message_id", "min(n.target_id)", "n.author_id"]
    return [
        Mention(channel_id=row[0], message_id=row[1], target_id=row[2], author_id=row[3])
        for row in connection.bulk(columns, source, parameters)
    ]


# Whom a mention is for says when nobody counts it any more: one user who has read it, or is a bot;
# all people of a private channel; of a role or @everyone nobody asks, these end by age.
_OVER = (
    "CASE WHEN t.id IS NOT NULL THEN t.bot = 1 OR EXISTS (SELECT 1 FROM read_states r"
    " WHERE r.user_id = t.id AND r.channel_id = n.channel_id"
    " AND r.last_message_id >= n.message_id)"
    " WHEN n.target_id = n.channel_id THEN NOT EXISTS (SELECT 1 FROM recipients p"
    " JOIN users u ON u.id = p.user_id AND u.bot = 0"
    " LEFT JOIN read_states r ON r.user_id = p.user_id AND r.channel_id = p.channel_id"
    " WHERE p.channel_id = n.channel_id AND coalesce(r.last_message_id, 0) < n.message_id)"
    " ELSE n.message_id < ? END"
)


def over(connection: Connection, recent: int, badge: int, start: int) -> list[Mention]:
    """The first mentions from the message `start` on and before `recent` that nothing shows."""
    source = (
        "FROM mentions n LEFT JOIN users t ON t.id = n.target_id"
        f" WHERE n.message_id >= ? AND n.message_id < ? AND {_OVER}"
        " ORDER BY n.message_id LIMIT ?"
    )
    parameters = (start, recent, badge, TRIMMED)
    return [
        Mention(channel_id=row[0], message_id=row[1], target_id=row[2])
        for row in connection.bulk(
            ["n.channel_id", "n.message_id", "n.target_id"], source, parameters
        )
    ]


def forget_dismissed(connection: Connection, recent: int) -> None:
    """Forget which mentions before `recent` were dismissed: nobody is shown those."""
    connection.execute("DELETE FROM dismissed_mentions WHERE message_id < ?", (recent,))
