"""Roles (Discord reference, "Permissions", "Role object")."""

from msgspec import Struct


class Role(Struct, frozen=True, gc=False, kw_only=True):
    """A role of a guild; `permissions` are the bits of `P`.

    `bot_id` names the bot whose managed role this is.
    """

    id: int
    guild_id: int
    name: str
    permissions: int = 0
    position: int = 0
    color: int = 0
    secondary_color: int | None = None
    tertiary_color: int | None = None
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    icon: str | None = None
    unicode_emoji: str | None = None
    flags: int = 0
    bot_id: int | None = None
