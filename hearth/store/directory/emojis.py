"""Emojis in SQL, and their pictures as earlier versions kept them."""

from hearth.core.models.emojis import Emoji, EmojiImage
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

EMOJIS = Table(Emoji, "emojis", ids=["id"])
EMOJI_IMAGES = Table(EmojiImage, "emoji_images", ["emoji_id"])


def of_guild(connection: Connection, guild_id: int) -> list[Emoji]:
    """A guild's emojis, by id."""
    return EMOJIS.many(connection, "WHERE guild_id = ? ORDER BY id", (guild_id,))


def one(connection: Connection, emoji_id: int) -> Emoji | None:
    """An emoji of whichever guild."""
    return EMOJIS.one(connection, "id = ?", (emoji_id,))


def image(connection: Connection, emoji_id: int) -> EmojiImage | None:
    """The picture of an emoji."""
    return EMOJI_IMAGES.one(connection, "emoji_id = ?", (emoji_id,))


def images(connection: Connection, limit: int) -> list[EmojiImage]:
    """Up to `limit` pictures of emojis."""
    return EMOJI_IMAGES.few(connection, "ORDER BY emoji_id LIMIT ?", (limit,))
