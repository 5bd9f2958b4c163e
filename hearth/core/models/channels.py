"""Channels, threads and permission overwrites (Discord reference, "Channel resource")."""

from enum import IntEnum

from msgspec import Struct


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
    """A guild channel or thread. `parent_id` is the category, for a thread its channel."""

    id: int
    guild_id: int
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

    @property
    def is_thread(self) -> bool:
        """Whether permissions come from the parent channel."""
        return 10 <= self.type <= 12
