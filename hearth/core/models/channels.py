"""Channels, threads and permission overwrites (Discord reference, "Channel resource")."""

from enum import IntEnum
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.member_lists import member_list_id, viewers
from hearth.core.wire import Bits, Form, Problem, Snowflake, timestamp


class ChannelType(IntEnum):
    """Discord's channel types that Hearth keeps."""

    GUILD_TEXT = 0
    DM = 1
    GUILD_VOICE = 2
    GROUP_DM = 3
    GUILD_CATEGORY = 4
    GUILD_ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    GUILD_STAGE_VOICE = 13
    GUILD_FORUM = 15
    GUILD_MEDIA = 16


class OverwriteType(IntEnum):
    """Whom a permission overwrite names."""

    ROLE = 0
    MEMBER = 1


class Overwrite(Struct, frozen=True, gc=False):
    """What a channel allows and denies to one role or member; the bits of `P`."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


class Channel(Struct, frozen=True, gc=False, kw_only=True):
    """A channel or thread; without a guild a private one (`hearth.core.models.private`).

    `parent_id` is the category, for a thread its channel. `pair` names the two of a DM, uniquely;
    `icon` is the hash of a group DM's picture (`hearth.core.models.assets`).
    """

    id: int
    guild_id: int | None
    type: int
    name: str
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    nsfw: bool = False
    rate_limit_per_user: int = 0
    overwrites: tuple[Overwrite, ...] = ()
    bitrate: int | None = None
    user_limit: int | None = None
    rtc_region: str | None = None
    video_quality_mode: int | None = None
    default_auto_archive_duration: int | None = None
    default_thread_rate_limit_per_user: int | None = None
    flags: int = 0
    owner_id: int | None = None
    pair: str | None = None
    icon: str | None = None

    @property
    def is_thread(self) -> bool:
        """Whether permissions come from the parent channel."""
        return 10 <= self.type <= 12


class OverwriteObject(Struct, gc=False, kw_only=True):
    """A permission overwrite."""

    id: str
    type: int
    allow: str
    deny: str


def overwrite_object(overwrite: Overwrite) -> OverwriteObject:
    """A permission overwrite as it is shown."""
    return OverwriteObject(
        id=str(overwrite.id),
        type=overwrite.type,
        allow=str(overwrite.allow),
        deny=str(overwrite.deny),
    )


class ChannelObject(Struct, gc=False, kw_only=True):
    """A guild channel. What its type does not have is left out."""

    id: str
    type: int
    guild_id: str
    name: str
    position: int
    parent_id: str | None
    permission_overwrites: list[OverwriteObject]
    nsfw: bool
    flags: int
    topic: str | UnsetType | None = UNSET
    last_message_id: str | UnsetType | None = UNSET
    last_pin_timestamp: str | UnsetType | None = UNSET
    rate_limit_per_user: int | UnsetType = UNSET
    default_auto_archive_duration: int | UnsetType = UNSET
    default_thread_rate_limit_per_user: int | UnsetType = UNSET
    bitrate: int | UnsetType = UNSET
    user_limit: int | UnsetType = UNSET
    rtc_region: str | UnsetType | None = UNSET
    video_quality_mode: int | UnsetType = UNSET
    available_tags: tuple[()] | UnsetType = UNSET
    default_reaction_emoji: UnsetType | None = UNSET
    default_sort_order: UnsetType | None = UNSET
    default_forum_layout: int | UnsetType = UNSET
    member_list_id: str | UnsetType = UNSET
    """The `id` of its list in GUILD_MEMBER_LIST_UPDATE; only in events, and threads have none."""


_VOICE = frozenset({ChannelType.GUILD_VOICE, ChannelType.GUILD_STAGE_VOICE})
_FORUM = frozenset({ChannelType.GUILD_FORUM, ChannelType.GUILD_MEDIA})


def channel_object(
    channel: Channel,
    last_message_id: int | None = None,
    last_pin_ms: int | None = None,
    *,
    in_event: bool = False,
) -> ChannelObject:
    """A guild channel as it is shown, with the id of its newest message and its newest pin's time.

    The id of its member list is there when it is `in_event`.

    Threads are made by no operation yet; one that is stored is shown as a text channel.
    """
    shown = ChannelObject(
        id=str(channel.id),
        type=channel.type,
        guild_id=str(channel.guild_id),
        name=channel.name,
        position=channel.position,
        parent_id=None if channel.parent_id is None else str(channel.parent_id),
        permission_overwrites=[overwrite_object(each) for each in channel.overwrites],
        nsfw=channel.nsfw,
        flags=channel.flags,
    )
    kind = channel.type
    if kind == ChannelType.GUILD_CATEGORY:
        return shown
    shown.last_message_id = None if last_message_id is None else str(last_message_id)
    shown.last_pin_timestamp = None if last_pin_ms is None else timestamp(last_pin_ms)
    shown.rate_limit_per_user = channel.rate_limit_per_user
    if in_event and not channel.is_thread:
        shown.member_list_id = member_list_id(viewers(channel.overwrites))
    if kind != ChannelType.GUILD_VOICE:
        shown.topic = channel.topic
    if kind in _VOICE:
        shown.bitrate = 64_000 if channel.bitrate is None else channel.bitrate
        shown.user_limit = channel.user_limit or 0
        shown.rtc_region = channel.rtc_region
        shown.video_quality_mode = channel.video_quality_mode or 1
        return shown
    shown.default_thread_rate_limit_per_user = channel.default_thread_rate_limit_per_user or 0
    if channel.default_auto_archive_duration is not None:
        shown.default_auto_archive_duration = channel.default_auto_archive_duration
    if kind in _FORUM:
        shown.available_tags = ()
        shown.default_reaction_emoji = None
        shown.default_sort_order = None
        shown.default_forum_layout = 0
    return shown


class OverwritePut(Struct, kw_only=True):
    """Body of set_channel_permission_overwrite."""

    type: Literal[0, 1] | None = None
    allow: Bits | None = None
    deny: Bits | None = None


class OverwriteRequest(OverwritePut, kw_only=True):
    """A permission overwrite in the body of a channel."""

    id: Snowflake

    def overwrite(self) -> Overwrite:
        """The noun; what is left out is 0, so it names a role."""
        return Overwrite(self.id, self.type or 0, self.allow or 0, self.deny or 0)


ChannelName = Annotated[str, Meta(min_length=1, max_length=100)]
Seconds = Annotated[int, Meta(ge=0, le=21600)]
ArchiveMinutes = Literal[60, 1440, 4320, 10080]
RequestedType = Literal[0, 2, 4, 5, 13, 15, 16]


class ChannelFields(Form, kw_only=True):
    """What the bodies of create_guild_channel and update_channel have in common."""

    type: RequestedType | UnsetType | None = UNSET
    position: Annotated[int, Meta(ge=0, le=(1 << 31) - 1)] | UnsetType | None = UNSET
    topic: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET
    nsfw: bool | UnsetType | None = UNSET
    rate_limit_per_user: Seconds | UnsetType | None = UNSET
    bitrate: Annotated[int, Meta(ge=8000, le=384_000)] | UnsetType | None = UNSET
    user_limit: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType | None = UNSET
    parent_id: Snowflake | UnsetType | None = UNSET
    permission_overwrites: (
        Annotated[list[OverwriteRequest], Meta(max_length=100)] | UnsetType | None
    ) = UNSET
    rtc_region: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    video_quality_mode: Literal[1, 2] | UnsetType | None = UNSET
    default_auto_archive_duration: ArchiveMinutes | UnsetType | None = UNSET
    default_thread_rate_limit_per_user: Seconds | UnsetType | None = UNSET
    available_tags: Any = UNSET
    default_reaction_emoji: Any = UNSET
    default_sort_order: Any = UNSET
    default_forum_layout: Any = UNSET
    default_tag_setting: Any = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Channel` that are asked for.

        A null asks for what a new channel would have, but for the type and the position nothing.
        """
        values: dict[str, Any] = {}
        for name in ("type", "position"):
            value = getattr(self, name)
            if value is not UNSET and value is not None:
                values[name] = value
        for name in ("nsfw", "rate_limit_per_user"):
            value = getattr(self, name)
            if value is not UNSET:
                values[name] = value or _NEW[name]
        for name in _NULLABLE:
            value = getattr(self, name)
            if value is not UNSET:
                values[name] = value
        if self.permission_overwrites is not UNSET:
            wanted = {each.id: each.overwrite() for each in self.permission_overwrites or ()}
            values["overwrites"] = tuple(wanted.values())
        return values


_NEW: dict[str, Any] = {"nsfw": False, "rate_limit_per_user": 0}
_NULLABLE = (
    "topic",
    "bitrate",
    "user_limit",
    "parent_id",
    "rtc_region",
    "video_quality_mode",
    "default_auto_archive_duration",
    "default_thread_rate_limit_per_user",
)


class ChannelCreate(ChannelFields, kw_only=True):
    """Body of create_guild_channel."""

    name: ChannelName

    def values(self) -> dict[str, Any]:
        """The fields of `Channel` that are asked for."""
        return {"name": self.name, **ChannelFields.values(self)}


NAMELESS: Problem = (
    ("name",),
    "BASE_TYPE_BAD_LENGTH",
    "Must be between 1 and 100 in length.",
)
"""A guild's channel that is to go without a name."""


class ChannelPatch(ChannelFields, kw_only=True):
    """Body of update_channel. `owner` and `icon` are a group DM's, the last five threads'.

    A group may go without a name, a guild's channel may not.
    """

    name: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    owner: Snowflake | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    flags: Bits | UnsetType | None = UNSET
    archived: Any = UNSET
    locked: Any = UNSET
    invitable: Any = UNSET
    auto_archive_duration: Any = UNSET
    applied_tags: Any = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Channel` that are asked for. Guild channels have no flags to set yet."""
        named = {} if self.name is UNSET else {"name": self.name}
        return {**named, **ChannelFields.values(self)}
