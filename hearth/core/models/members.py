"""Guild members (Discord reference, "Guild member object")."""

from msgspec import Struct


class Member(Struct, frozen=True, gc=False, kw_only=True):
    """A user's place in a guild. `roles` leaves @everyone out, sorted by id."""

    guild_id: int
    user_id: int
    joined_at_ms: int
    nick: str | None = None
    avatar: str | None = None
    roles: tuple[int, ...] = ()
    communication_disabled_until_ms: int | None = None
    deaf: bool = False
    mute: bool = False
    flags: int = 0
