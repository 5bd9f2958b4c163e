"""Bans (Discord reference, "Guild resource", "Ban object")."""

from typing import Annotated

from msgspec import Meta, Struct

from hearth.core.models.users import User, UserObject, user_json
from hearth.core.wire import Snowflake

DAY_S = 24 * 3600


class Ban(Struct, frozen=True, gc=False, kw_only=True):
    """A user who may not come into a guild."""

    guild_id: int
    user_id: int
    reason: str | None = None


class BanSweep(Struct, frozen=True, gc=False, kw_only=True):
    """A banned user's messages with ids from `oldest` to `newest`, which are being deleted."""

    guild_id: int
    user_id: int
    oldest: int
    newest: int


class BanObject(Struct, gc=False, kw_only=True):
    """A ban."""

    user: UserObject
    reason: str | None


def ban_object(ban: Ban, user: User) -> BanObject:
    """A ban as it is shown."""
    return BanObject(user=user_json(user), reason=ban.reason)


DeleteSeconds = Annotated[int, Meta(ge=0, le=7 * DAY_S)]


class BanPut(Struct, kw_only=True):
    """Body of ban_user_from_guild; the seconds outweigh the days."""

    delete_message_seconds: DeleteSeconds | None = None
    delete_message_days: Annotated[int, Meta(ge=0, le=7)] | None = None

    @property
    def delete_s(self) -> int:
        """Of how many seconds the user's messages go."""
        if self.delete_message_seconds is not None:
            return self.delete_message_seconds
        return (self.delete_message_days or 0) * DAY_S


class BulkBan(Struct, kw_only=True):
    """Body of bulk_ban_users_from_guild."""

    user_ids: Annotated[list[Snowflake], Meta(max_length=200)]
    delete_message_seconds: DeleteSeconds | None = None


class BulkBanObject(Struct, gc=False, kw_only=True):
    """Who was banned, and who was not."""

    banned_users: list[str]
    failed_users: list[str]


class BansQuery(Struct, kw_only=True):
    """Query of list_guild_bans; `before` outweighs `after`."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000
    before: Snowflake | None = None
    after: Snowflake | None = None
