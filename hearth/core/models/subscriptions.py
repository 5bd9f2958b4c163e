"""What a person's client wants to follow of a guild: parts of member lists, members, typing.

(Community documentation of the Gateway's opcodes 14 and 37.)
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.wire import Snowflake

MOST_CHANNELS = 5
"""The most channels of one guild whose lists a session follows."""

MOST_RANGES = 5
"""The most ranges of one channel's list."""

MOST_ROWS = 100
"""The most rows of one range."""

LAST_ROW = 1_000_000

MOST_MEMBERS = 200
"""The most members of one guild that a session follows by id."""

MOST_GUILDS = 100
"""The most guilds in one command."""

RowNumber = Annotated[int, Meta(ge=0, le=LAST_ROW)]


class Range(Struct, frozen=True, gc=False, array_like=True):
    """Rows of a list, from the first to the last, counted from 0."""

    start: RowNumber
    end: RowNumber

    def __post_init__(self) -> None:
        if not 0 <= self.end - self.start < MOST_ROWS:
            raise ValueError(f"a range has 1 to {MOST_ROWS} rows")


Ranges = Annotated[tuple[Range, ...], Meta(max_length=MOST_RANGES)]


class Subscription(Struct, frozen=True, kw_only=True):
    """What is left out stays as it was; what is there takes the place of all of it.

    `channels` has the ranges of the member list beside each channel, `members` are those whose
    presence is told; without `typing` nobody is told who types in a large guild. Other keys that
    clients send (activities, threads, member_updates) ask for nothing more here.
    """

    channels: Annotated[dict[Snowflake, Ranges], Meta(max_length=MOST_CHANNELS)] | UnsetType = UNSET
    members: Annotated[tuple[Snowflake, ...], Meta(max_length=MOST_MEMBERS)] | UnsetType = UNSET
    typing: bool | UnsetType = UNSET


class SubscribeGuild(Subscription, frozen=True, kw_only=True):
    """Op 14."""

    guild_id: Snowflake


class SubscribeGuilds(Struct, frozen=True, kw_only=True):
    """Op 37: the same for several guilds."""

    subscriptions: Annotated[dict[Snowflake, Subscription], Meta(max_length=MOST_GUILDS)]

    @property
    def guild_ids(self) -> list[int]:
        """The guilds that it is about."""
        return list(self.subscriptions)
