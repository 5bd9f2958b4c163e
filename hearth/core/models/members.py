"""Guild members (Discord reference, "Guild member object")."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.users import User, UserObject, user_json
from hearth.core.wire import Bits, Form, Problem, Snowflake, parse_timestamp, raw, timestamp

MAX_TIMEOUT_MS = 28 * 24 * 3600 * 1000
"""A timeout ends at most so far from now."""


class Member(Struct, frozen=True, gc=False, kw_only=True):
    """A user's place in a guild. `roles` leaves @everyone out, sorted by id.

    A `temporary` one leaves with the user's last session unless it got a role.
    """

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
    temporary: bool = False
    bio: str | None = None
    banner: str | None = None


class PartialMemberObject(Struct, gc=False, kw_only=True):
    """A member without the user, as events show the author of a message."""

    roles: list[str]
    joined_at: str
    nick: str | None
    avatar: str | None
    communication_disabled_until: str | None
    flags: int
    deaf: bool
    mute: bool
    banner: str | None = None
    premium_since: None = None
    pending: bool = False


class MemberObject(PartialMemberObject, gc=False, kw_only=True):
    """A member with the user; `guild_id` is there only in events."""

    user: UserObject
    guild_id: str | UnsetType = UNSET


def _until(member: Member) -> str | None:
    until = member.communication_disabled_until_ms
    return None if until is None else timestamp(until)


def member_object(member: Member, user: User, *, in_event: bool = False) -> MemberObject:
    """A member with the user, and with the guild's id when it is `in_event`."""
    return MemberObject(
        user=user_json(user),
        roles=[str(role_id) for role_id in member.roles],
        joined_at=timestamp(member.joined_at_ms),
        nick=member.nick,
        avatar=member.avatar,
        banner=member.banner,
        communication_disabled_until=_until(member),
        flags=member.flags,
        deaf=member.deaf,
        mute=member.mute,
        guild_id=str(member.guild_id) if in_event else UNSET,
    )


@lru_cache(2048)
def partial_member_json(member: Member) -> PartialMemberObject:
    """A member without the user, encoded already and kept."""
    return raw(
        PartialMemberObject(
            roles=[str(role_id) for role_id in member.roles],
            joined_at=timestamp(member.joined_at_ms),
            nick=member.nick,
            avatar=member.avatar,
            banner=member.banner,
            communication_disabled_until=_until(member),
            flags=member.flags,
            deaf=member.deaf,
            mute=member.mute,
        )
    )


class MemberPatch(Form, kw_only=True):
    """Body of update_guild_member."""

    nick: Annotated[str, Meta(max_length=32)] | UnsetType | None = UNSET
    roles: Annotated[list[Snowflake], Meta(max_length=350)] | UnsetType | None = UNSET
    mute: bool | UnsetType | None = UNSET
    deaf: bool | UnsetType | None = UNSET
    channel_id: Snowflake | UnsetType | None = UNSET
    communication_disabled_until: str | UnsetType | None = UNSET
    flags: Bits | UnsetType | None = UNSET

    @property
    def until_ms(self) -> int | None:
        """The end of the timeout that is asked for; None for none."""
        text = self.communication_disabled_until
        return parse_timestamp(text) if isinstance(text, str) else None

    def problems(self) -> Iterable[Problem]:
        """The timeout must be a time. Whether it ends within 28 days depends on now."""
        text = self.communication_disabled_until
        if isinstance(text, str) and parse_timestamp(text) is None:
            message = f"Could not parse {text[:100]}. Should be ISO8601."
            yield ("communication_disabled_until",), "DATE_TIME_TYPE_PARSE", message


class MyMemberPatch(Struct, kw_only=True):
    """Body of update_my_guild_member."""

    nick: Annotated[str, Meta(max_length=32)] | UnsetType | None = UNSET
    bio: Annotated[str, Meta(max_length=190)] | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET


class MyNick(Struct, kw_only=True):
    """Body and reply of update_my_nick."""

    nick: Annotated[str, Meta(max_length=32)] | UnsetType | None = UNSET


class MemberPut(Struct, kw_only=True):
    """Body of add_guild_member."""

    access_token: Annotated[str, Meta(max_length=10240)]
    nick: Annotated[str, Meta(max_length=32)] | None = None
    roles: Annotated[list[Snowflake], Meta(max_length=250)] | None = None
    mute: bool | None = None
    deaf: bool | None = None
    flags: Bits | None = None


class MembersQuery(Struct, kw_only=True):
    """Query of list_guild_members."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 1
    after: Snowflake = 0


class MemberSearchQuery(Struct, kw_only=True):
    """Query of search_guild_members."""

    query: Annotated[str, Meta(min_length=1, max_length=100)]
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1


TIMEOUT_TOO_LONG: Problem = (
    ("communication_disabled_until",),
    "INVALID_COMMUNICATION_DISABLED_TIMESTAMP",
    "Communication disabled timestamp must be within 28 days of now.",
)
"""A timeout that ends later than `MAX_TIMEOUT_MS` from now."""
