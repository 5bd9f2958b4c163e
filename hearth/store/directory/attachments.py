"""Files of messages, and those on their way, in SQL."""

from collections.abc import Iterable

from hearth.core.models.attachments import PendingUpload, StoredFile
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

ATTACHMENTS = Table(StoredFile, "attachments", ids=["id"], follows=[("channels", "channel_id")])
UPLOADS = Table(PendingUpload, "uploads", ["name"])


def file(connection: Connection, id: int) -> StoredFile | None:
    """The file with this id."""
    return ATTACHMENTS.one(connection, "id = ?", (id,))


def of_messages(connection: Connection, message_ids: Iterable[int]) -> list[StoredFile]:
    """The files of messages, by id."""
    found: list[StoredFile] = []
    for message_id in message_ids:
        found += ATTACHMENTS.few(connection, "WHERE message_id = ? ORDER BY id", (message_id,))
    return found


def unclaimed(connection: Connection, before: int, limit: int) -> list[StoredFile]:
    """Up to `limit` files with ids below `before` that no message was seen to have."""
    where = "WHERE message_id IS NULL AND id < ? ORDER BY id LIMIT ?"
    return ATTACHMENTS.few(connection, where, (before, limit))


def bytes_of_guild(connection: Connection, guild_id: int) -> int:
    """How many bytes the files of a guild's messages are."""
    row = connection.one(
        "SELECT coalesce(sum(a.size), 0) FROM channels c JOIN attachments a ON a.channel_id = c.id"
        " WHERE c.guild_id = ?",
        (guild_id,),
    )
    return int(row[0] or 0) if row else 0


def bytes_of_user(connection: Connection, user_id: int) -> int:
    """How many bytes the files are that a user sent; those of earlier versions do not count."""
    row = connection.one(
        "SELECT coalesce(sum(size), 0) FROM attachments WHERE user_id = ?", (user_id,)
    )
    return int(row[0] or 0) if row else 0


def upload(connection: Connection, name: str) -> PendingUpload | None:
    """The file on its way with this name."""
    return UPLOADS.one(connection, "name = ?", (name,))


def lapsed_uploads(connection: Connection, before_ms: int, limit: int) -> list[PendingUpload]:
    """Up to `limit` files on their way since before `before_ms`."""
    where = "WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?"
    return UPLOADS.few(connection, where, (before_ms, limit))
