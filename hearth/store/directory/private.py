"""Private channels and their recipients in SQL."""

from hearth.core.models.guilds import Snapshot
from hearth.core.models.private import PrivateChannel, Recipient, as_member
from hearth.store.directory.channels import CHANNELS
from hearth.store.directory.tables import Table
from hearth.store.directory.users import USERS
from hearth.store.sql.database import Connection

RECIPIENTS = Table(Recipient, "recipients", ["channel_id", "user_id"])

_SHOWN_TO = "(SELECT channel_id FROM recipients WHERE user_id = ? AND open = 1)"


def snapshot(connection: Connection, channel_id: int) -> Snapshot | None:
    """A private channel with its recipients, by user id."""
    channel = CHANNELS.one(connection, "id = ? AND guild_id IS NULL", (channel_id,))
    if channel is None:
        return None
    recipients = RECIPIENTS.few(connection, "WHERE channel_id = ? ORDER BY user_id", (channel_id,))
    condition, parameter = connection.among("id", [each.user_id for each in recipients])
    users = USERS.few(connection, f"WHERE {condition}", (parameter,))
    return Snapshot(
        guild=None,
        channels={channel.id: channel},
        roles={},
        members={each.user_id: as_member(each) for each in recipients},
        users={user.id: user for user in users},
        presences={},
        recipients={each.user_id: each for each in recipients},
    )


def of_user(connection: Connection, user_id: int) -> list[PrivateChannel]:
    """The private channels that a user's list shows, by id."""
    channels = CHANNELS.few(connection, f"WHERE id IN {_SHOWN_TO} ORDER BY id", (user_id,))
    if not channels:
        return []
    recipients: dict[int, list[Recipient]] = {channel.id: [] for channel in channels}
    rest = f"WHERE channel_id IN {_SHOWN_TO} ORDER BY channel_id, user_id"
    for each in RECIPIENTS.many(connection, rest, (user_id,)):
        recipients[each.channel_id].append(each)
    return [PrivateChannel(channel, tuple(recipients[channel.id])) for channel in channels]


def ids_of_user(connection: Connection, user_id: int) -> list[int]:
    """Ids of the private channels that a user is in, ascending."""
    source = "FROM recipients WHERE user_id = ? ORDER BY channel_id"
    return [row[0] for row in connection.bulk(["channel_id"], source, (user_id,))]


def of_pair(connection: Connection, pair: str) -> int | None:
    """The DM of two users."""
    row = connection.one("SELECT id FROM channels WHERE pair = ?", (pair,))
    return None if row is None else row[0]


def share_a_guild(connection: Connection, one: int, other: int) -> bool:
    """Whether two users are members of one guild."""
    statement = (
        "SELECT 1 FROM members a JOIN members b ON b.guild_id = a.guild_id AND b.user_id = ?"
        " WHERE a.user_id = ? LIMIT 1"
    )
    return connection.one(statement, (other, one)) is not None
