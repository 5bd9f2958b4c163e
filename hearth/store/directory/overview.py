"""Counts and lists for the operator, in SQL."""

from hearth.core.overview import AccountLine, GuildLine, Totals
from hearth.store.sql.database import Connection

_TOTALS = ", ".join(
    f"(SELECT {what})"
    for what in (
        "count(*) FROM users WHERE bot = 0",
        "count(*) FROM users WHERE bot = 1",
        "count(*) FROM guilds",
        "count(*) FROM channels",
        "count(*) FROM members",
        "count(*) FROM invites",
        "count(*) FROM bans",
        "count(*) FROM attachments",
        "coalesce(sum(size), 0) FROM attachments",
    )
)

_FILES = "FROM channels c JOIN attachments a ON a.channel_id = c.id WHERE c.guild_id = g.id"


def totals(connection: Connection) -> Totals:
    """How much there is of everything."""
    row = connection.one(f"SELECT {_TOTALS}")
    assert row is not None
    return Totals(*map(int, row))


def accounts_after(connection: Connection, after: int, limit: int, bots: bool) -> list[AccountLine]:
    """Up to `limit` people, or bots, by id."""
    rows = connection.bulk(
        ["u.id", "u.username", "coalesce(a.disabled, 0)"],
        "FROM users u LEFT JOIN accounts a ON a.user_id = u.id"
        " WHERE u.id > ? AND u.bot = ? ORDER BY u.id LIMIT ?",
        (after, int(bots), limit),
    )
    return [AccountLine(id, name, bots, disabled) for id, name, disabled in rows]


def guilds_after(connection: Connection, after: int, limit: int) -> list[GuildLine]:
    """Up to `limit` guilds, by id."""
    rows = connection.bulk(
        [
            "g.id",
            "g.name",
            "g.owner_id",
            "(SELECT count(*) FROM members m WHERE m.guild_id = g.id)",
            "(SELECT count(*) FROM channels c WHERE c.guild_id = g.id)",
            f"(SELECT count(*) {_FILES})",
            f"(SELECT coalesce(sum(a.size), 0) {_FILES})",
        ],
        "FROM guilds g WHERE g.id > ? ORDER BY g.id LIMIT ?",
        (after, limit),
    )
    return [GuildLine(*row) for row in rows]
