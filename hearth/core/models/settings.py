"""A person's settings: of the client, of notifications, and what was seen (discord-userdoccers)."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.social import Note, Relationship
from hearth.core.models.users import ReadState
from hearth.core.wire import Form, Problem, Snowflake, parse_timestamp, timestamp

LEGACY = 0
"""The kind of settings that are JSON; 1 to 3 are clients' protocol buffers."""

PROTO_BYTES = 128 * 1024
"""So big one kind of protocol buffers may be."""

INHERIT = 3
"""The level of notifications that is the guild's or the server's own."""

MOST_OVERRIDES = 1000


class Setting(Struct, frozen=True, gc=False, kw_only=True):
    """One kind of a person's settings, as bytes."""

    user_id: int
    kind: int
    data: bytes


class ChannelOverride(Struct, frozen=True, gc=False, kw_only=True):
    """How somebody wants to be told of one channel, or of all in a category."""

    channel_id: int
    message_notifications: int = INHERIT
    muted: bool = False
    mute_until_ms: int | None = None
    mute_window_s: int | None = None
    collapsed: bool = False
    flags: int = 0

    def muted_at(self, wall_ms: int) -> bool:
        """Whether it is muted; a mute ends by itself."""
        return self.muted and (self.mute_until_ms is None or wall_ms < self.mute_until_ms)


class NotificationSettings(Struct, frozen=True, gc=False, kw_only=True):
    """How somebody wants to be told of a guild; of private channels where `guild_id` is 0."""

    user_id: int
    guild_id: int
    message_notifications: int = INHERIT
    muted: bool = False
    mute_until_ms: int | None = None
    mute_window_s: int | None = None
    suppress_everyone: bool = False
    suppress_roles: bool = False
    mobile_push: bool = True
    hide_muted_channels: bool = False
    mute_scheduled_events: bool = False
    notify_highlights: int = 0
    flags: int = 0
    version: int = 0
    overrides: tuple[ChannelOverride, ...] = ()

    def muted_at(self, wall_ms: int) -> bool:
        """Whether all of it is muted; a mute ends by itself."""
        return self.muted and (self.mute_until_ms is None or wall_ms < self.mute_until_ms)


class PinAck(Struct, frozen=True, gc=False, kw_only=True):
    """Up to which of a channel's pins a person has seen them."""

    user_id: int
    channel_id: int
    at_ms: int


class DismissedMention(Struct, frozen=True, gc=False, kw_only=True):
    """A mention that a person took off the list of recent ones."""

    user_id: int
    message_id: int


class Personal(Struct, frozen=True, gc=False, kw_only=True):
    """All that is kept of how a user looks at others and is told of things."""

    relationships: list[Relationship] = []
    notes: list[Note] = []
    settings: list[Setting] = []
    notification_settings: list[NotificationSettings] = []
    read_states: list[ReadState] = []
    pin_acks: list[PinAck] = []
    dismissed_mentions: list[DismissedMention] = []


# Replies


class MuteConfig(Struct, gc=False, kw_only=True):
    """Until when something is muted, and how long that was to be in seconds."""

    end_time: str | None = None
    selected_time_window: int | None = None


class ChannelOverrideObject(Struct, gc=False, kw_only=True):
    """How somebody is told of one channel."""

    channel_id: str
    message_notifications: int
    muted: bool
    mute_config: MuteConfig | None
    collapsed: bool
    flags: int


class NotificationSettingsObject(Struct, gc=False, kw_only=True):
    """How somebody is told of a guild; of private channels where there is no `guild_id`."""

    guild_id: str | None
    message_notifications: int
    muted: bool
    mute_config: MuteConfig | None
    suppress_everyone: bool
    suppress_roles: bool
    mobile_push: bool
    hide_muted_channels: bool
    mute_scheduled_events: bool
    notify_highlights: int
    flags: int
    version: int
    channel_overrides: list[ChannelOverrideObject]


def _mute(muted: bool, until_ms: int | None, window_s: int | None) -> MuteConfig | None:
    if not muted or (until_ms is None and window_s is None):
        return None
    return MuteConfig(
        end_time=None if until_ms is None else timestamp(until_ms), selected_time_window=window_s
    )


def notification_settings_object(
    settings: NotificationSettings, wall_ms: int
) -> NotificationSettingsObject:
    """Settings as their user sees them at `wall_ms`: a mute that is over is none."""
    muted = settings.muted_at(wall_ms)
    overrides: list[ChannelOverrideObject] = []
    for each in settings.overrides:
        still = each.muted_at(wall_ms)
        overrides.append(
            ChannelOverrideObject(
                channel_id=str(each.channel_id),
                message_notifications=each.message_notifications,
                muted=still,
                mute_config=_mute(still, each.mute_until_ms, each.mute_window_s),
                collapsed=each.collapsed,
                flags=each.flags,
            )
        )
    return NotificationSettingsObject(
        guild_id=str(settings.guild_id) if settings.guild_id else None,
        message_notifications=settings.message_notifications,
        muted=muted,
        mute_config=_mute(muted, settings.mute_until_ms, settings.mute_window_s),
        suppress_everyone=settings.suppress_everyone,
        suppress_roles=settings.suppress_roles,
        mobile_push=settings.mobile_push,
        hide_muted_channels=settings.hide_muted_channels,
        mute_scheduled_events=settings.mute_scheduled_events,
        notify_highlights=settings.notify_highlights,
        flags=settings.flags,
        version=settings.version,
        channel_overrides=overrides,
    )


class ProtoObject(Struct, gc=False, kw_only=True):
    """One kind of a client's settings: protocol buffers in base64, which Hearth does not read."""

    settings: str


class AckObject(Struct):
    """What an ack is answered with."""

    token: None = None


class ReadStateObject(Struct, gc=False, kw_only=True):
    """How far somebody has read a channel, and how often what follows mentions them."""

    id: str
    last_message_id: str
    mention_count: int
    last_pin_timestamp: str
    flags: int = 0


# Requests

Level = Annotated[int, Meta(ge=0, le=3)]
Bits = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class MuteConfigPut(Struct, kw_only=True):
    """Until when something is to be muted."""

    end_time: str | None = None
    selected_time_window: Annotated[int, Meta(ge=-1, le=2**31 - 1)] | None = None

    @property
    def end_ms(self) -> int | None:
        """When it ends, in epoch milliseconds."""
        return None if self.end_time is None else parse_timestamp(self.end_time)


def _not_a_time(*path: str) -> Problem:
    return path, "DATE_TIME_TYPE_PARSE", "Could not parse as a timestamp"


def _mute_problems(
    patch: "ChannelOverridePatch | NotificationSettingsPatch", *path: str
) -> Iterable[Problem]:
    """A mute's end is a time."""
    mute = patch.mute_config
    if mute and mute.end_time is not None and mute.end_ms is None:
        yield _not_a_time(*path, "mute_config", "end_time")
    if isinstance(patch, NotificationSettingsPatch):
        for name, each in (patch.channel_overrides or {}).items():
            yield from _mute_problems(each, *path, "channel_overrides", name)


class ChannelOverridePatch(Struct, kw_only=True):
    """What changes of how somebody is told of one channel."""

    message_notifications: Level | UnsetType | None = UNSET
    muted: bool | UnsetType | None = UNSET
    mute_config: MuteConfigPut | UnsetType | None = UNSET
    collapsed: bool | UnsetType | None = UNSET
    flags: Bits | UnsetType | None = UNSET


class NotificationSettingsPatch(Form, kw_only=True):
    """Body of update_notification_settings: what changes of how somebody is told of a guild."""

    message_notifications: Level | UnsetType | None = UNSET
    muted: bool | UnsetType | None = UNSET
    mute_config: MuteConfigPut | UnsetType | None = UNSET
    suppress_everyone: bool | UnsetType | None = UNSET
    suppress_roles: bool | UnsetType | None = UNSET
    mobile_push: bool | UnsetType | None = UNSET
    hide_muted_channels: bool | UnsetType | None = UNSET
    mute_scheduled_events: bool | UnsetType | None = UNSET
    notify_highlights: Annotated[int, Meta(ge=0, le=2)] | UnsetType | None = UNSET
    flags: Bits | UnsetType | None = UNSET
    channel_overrides: dict[str, ChannelOverridePatch] | UnsetType | None = UNSET

    def problems(self) -> Iterable[Problem]:
        """Times are times."""
        return _mute_problems(self)


class NotificationSettingsBulk(Form, kw_only=True):
    """Body of update_all_notification_settings: what changes, by the guild's id or `@me`."""

    guilds: Annotated[dict[str, NotificationSettingsPatch], Meta(max_length=200)]

    def problems(self) -> Iterable[Problem]:
        """Times are times."""
        for name, each in self.guilds.items():
            yield from _mute_problems(each, "guilds", name)


class ProtoPatch(Struct, kw_only=True):
    """Body of update_proto_settings: the new protocol buffers in base64, in place of the old."""

    settings: Annotated[str, Meta(max_length=PROTO_BYTES * 4 // 3 + 4)]
    required_data_version: int | None = None


class AckPut(Struct, kw_only=True):
    """Body of ack_message: `manual` marks what follows the message as unread again."""

    manual: bool | None = None
    mention_count: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    last_viewed: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    flags: Bits | None = None
    token: Any = None


class BulkAck(Struct, kw_only=True):
    """One of ack_bulk's: up to which message a channel was read."""

    channel_id: Snowflake
    message_id: Snowflake
    read_state_type: Annotated[int, Meta(ge=0, le=5)] = 0


class BulkAckPut(Struct, kw_only=True):
    """Body of ack_bulk."""

    read_states: Annotated[list[BulkAck], Meta(max_length=100)]


class RecentMentionsQuery(Struct, kw_only=True):
    """Query of list_recent_mentions: those below `before`, of one guild, of what kind."""

    before: Snowflake | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 25
    guild_id: Snowflake | None = None
    roles: bool = True
    everyone: bool = True


# The settings that are JSON

Ids = Annotated[list[Snowflake], Meta(max_length=1000)]


class FriendSources(Struct, kw_only=True):
    """Who may ask to be friends; with `all`, everybody."""

    all: bool = False
    mutual_friends: bool = False
    mutual_guilds: bool = False


class GuildFolder(Struct, kw_only=True):
    """Guilds that a person's list shows as one."""

    guild_ids: Ids
    id: int | None = None
    name: Annotated[str, Meta(max_length=100)] | None = None
    color: Annotated[int, Meta(ge=0, le=0xFFFFFF)] | None = None


class CustomStatus(Struct, kw_only=True):
    """What a person's client shows of them until it expires."""

    text: Annotated[str, Meta(max_length=128)] | None = None
    emoji_id: Snowflake | None = None
    emoji_name: Annotated[str, Meta(max_length=100)] | None = None
    expires_at: str | None = None


class UserSettingsPatch(Form, kw_only=True, omit_defaults=True):
    """Body of update_user_settings, and what is kept of it; other keys are not read."""

    afk_timeout: Annotated[int, Meta(ge=0, le=600)] | UnsetType = UNSET
    allow_accessibility_detection: bool | UnsetType = UNSET
    animate_emoji: bool | UnsetType = UNSET
    animate_stickers: Annotated[int, Meta(ge=0, le=2)] | UnsetType = UNSET
    contact_sync_enabled: bool | UnsetType = UNSET
    convert_emoticons: bool | UnsetType = UNSET
    custom_status: CustomStatus | UnsetType | None = UNSET
    default_guilds_restricted: bool | UnsetType = UNSET
    detect_platform_accounts: bool | UnsetType = UNSET
    developer_mode: bool | UnsetType = UNSET
    disable_games_tab: bool | UnsetType = UNSET
    enable_tts_command: bool | UnsetType = UNSET
    explicit_content_filter: Annotated[int, Meta(ge=0, le=2)] | UnsetType = UNSET
    friend_discovery_flags: Bits | UnsetType = UNSET
    friend_source_flags: FriendSources | UnsetType | None = UNSET
    gif_auto_play: bool | UnsetType = UNSET
    guild_folders: Annotated[list[GuildFolder], Meta(max_length=200)] | UnsetType = UNSET
    guild_positions: Ids | UnsetType = UNSET
    inline_attachment_media: bool | UnsetType = UNSET
    inline_embed_media: bool | UnsetType = UNSET
    locale: Annotated[str, Meta(min_length=2, max_length=16)] | UnsetType = UNSET
    message_display_compact: bool | UnsetType = UNSET
    native_phone_integration_enabled: bool | UnsetType = UNSET
    passwordless: bool | UnsetType = UNSET
    render_embeds: bool | UnsetType = UNSET
    render_reactions: bool | UnsetType = UNSET
    restricted_guilds: Ids | UnsetType = UNSET
    show_current_game: bool | UnsetType = UNSET
    status: Literal["online", "idle", "dnd", "invisible"] | UnsetType = UNSET
    stream_notifications_enabled: bool | UnsetType = UNSET
    theme: Literal["dark", "light"] | UnsetType = UNSET
    timezone_offset: Annotated[int, Meta(ge=-1440, le=1440)] | UnsetType = UNSET
    view_nsfw_commands: bool | UnsetType = UNSET
    view_nsfw_guilds: bool | UnsetType = UNSET

    def problems(self) -> Iterable[Problem]:
        """When a status expires is a time."""
        until = self.custom_status.expires_at if self.custom_status else None
        if until is not None and parse_timestamp(until) is None:
            yield _not_a_time("custom_status", "expires_at")


DEFAULTS: dict[str, Any] = {
    "afk_timeout": 600,
    "allow_accessibility_detection": False,
    "animate_emoji": True,
    "animate_stickers": 0,
    "contact_sync_enabled": False,
    "convert_emoticons": True,
    "custom_status": None,
    "default_guilds_restricted": False,
    "detect_platform_accounts": False,
    "developer_mode": False,
    "disable_games_tab": True,
    "enable_tts_command": True,
    "explicit_content_filter": 0,
    "friend_discovery_flags": 0,
    "friend_source_flags": {"all": True, "mutual_friends": True, "mutual_guilds": True},
    "gif_auto_play": True,
    "guild_folders": [],
    "guild_positions": [],
    "inline_attachment_media": True,
    "inline_embed_media": True,
    "locale": "en-US",
    "message_display_compact": False,
    "native_phone_integration_enabled": False,
    "passwordless": False,
    "render_embeds": True,
    "render_reactions": True,
    "restricted_guilds": [],
    "show_current_game": True,
    "status": "online",
    "stream_notifications_enabled": False,
    "theme": "dark",
    "timezone_offset": 0,
    "view_nsfw_commands": False,
    "view_nsfw_guilds": False,
}
"""What somebody has who never changed anything."""
