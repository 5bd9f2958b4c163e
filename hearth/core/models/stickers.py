"""Stickers of guilds (Discord reference, "Sticker resource")."""

from msgspec import Struct


class Sticker(Struct, frozen=True, gc=False, kw_only=True):
    """A sticker of a guild; `tags` is the name of a related emoji. `user_id` made it."""

    id: int
    guild_id: int
    name: str
    tags: str
    format_type: int
    description: str | None = None
    user_id: int | None = None
    available: bool = True
