"""Guilds, and the snapshot that holds everything a permission check needs."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.channels import Channel
from hearth.core.models.emojis import Emoji, EmojiObject, emoji_object
from hearth.core.models.members import Member
from hearth.core.models.presence import Presence
from hearth.core.models.private import Recipient
from hearth.core.models.roles import Role, RoleObject, role_object
from hearth.core.models.stickers import Sticker, StickerObject, sticker_object
from hearth.core.models.users import User
from hearth.core.models.voice import Call, StageInstance, VoiceChannel, VoiceState
from hearth.core.wire import Snowflake


class Guild(Struct, frozen=True, gc=False, kw_only=True):
    """A community (Discord reference, "Guild resource"). The @everyone role has the guild's id."""

    id: int
    name: str
    owner_id: int
    icon: str | None = None
    description: str | None = None
    afk_channel_id: int | None = None
    afk_timeout: int = 300
    system_channel_id: int | None = None
    system_channel_flags: int = 0
    rules_channel_id: int | None = None
    verification_level: int = 0
    default_message_notifications: int = 0
    explicit_content_filter: int = 0
    preferred_locale: str = "en-US"
    mfa_level: int = 0
    nsfw_level: int = 0
    features: tuple[str, ...] = ()
    public_updates_channel_id: int | None = None
    safety_alerts_channel_id: int | None = None
    premium_progress_bar_enabled: bool = False
    splash: str | None = None
    discovery_splash: str | None = None
    banner: str | None = None


class Snapshot(Struct, kw_only=True):
    """One guild whole, or one private channel, in memory, as of commit `n`.

    A private channel has no guild and no roles; its `recipients` are its members too. Of voice it
    has the states by user, and by channel since when people are there, live stages, and calls.

    All but `members`, `recipients`, `users` and `presences`, and the derived tables, are replaced
    by each commit and never changed in place; those four are changed in place, in the commit's own
    step of the loop, because copying 50,000 rows would stop it.
    """

    guild: Guild | None
    channels: dict[int, Channel]
    roles: dict[int, Role]
    members: dict[int, Member]
    users: dict[int, User]
    presences: dict[int, Presence]
    recipients: dict[int, Recipient] = {}
    emojis: dict[int, Emoji] = {}
    stickers: dict[int, Sticker] = {}
    voice_states: dict[int, VoiceState] = {}
    voice_channels: dict[int, VoiceChannel] = {}
    stages: dict[int, StageInstance] = {}
    calls: dict[int, Call] = {}
    n: int = 0

    @property
    def the_guild(self) -> Guild:
        """The guild, where a private channel cannot be."""
        assert self.guild is not None
        return self.guild


class GuildObject(Struct, gc=False, kw_only=True):
    """A guild; what Hearth does not have yet is shown as a guild without it."""

    id: str
    name: str
    owner_id: str
    icon: str | None
    description: str | None
    afk_channel_id: str | None
    afk_timeout: int
    system_channel_id: str | None
    system_channel_flags: int
    rules_channel_id: str | None
    verification_level: int
    default_message_notifications: int
    explicit_content_filter: int
    preferred_locale: str
    mfa_level: int
    nsfw_level: int
    nsfw: bool
    roles: list[RoleObject]
    emojis: list[EmojiObject]
    stickers: list[StickerObject]
    features: tuple[str, ...]
    public_updates_channel_id: str | None
    safety_alerts_channel_id: str | None
    premium_progress_bar_enabled: bool
    splash: str | None
    discovery_splash: str | None
    banner: str | None
    home_header: None = None
    application_id: None = None
    region: str = "deprecated"
    widget_enabled: bool = False
    widget_channel_id: None = None
    max_presences: None = None
    max_members: int = 500_000
    max_video_channel_users: int = 25
    max_stage_video_channel_users: int = 50
    vanity_url_code: None = None
    premium_tier: int = 0
    premium_subscription_count: int = 0
    incidents_data: None = None
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)


def guild_object(snapshot: Snapshot, *, with_counts: bool = False) -> GuildObject:
    """A guild with its roles, and with the counts of members and of those online on request."""
    guild = snapshot.the_guild
    return GuildObject(
        id=str(guild.id),
        name=guild.name,
        owner_id=str(guild.owner_id),
        icon=guild.icon,
        description=guild.description,
        afk_channel_id=_id(guild.afk_channel_id),
        afk_timeout=guild.afk_timeout,
        system_channel_id=_id(guild.system_channel_id),
        system_channel_flags=guild.system_channel_flags,
        rules_channel_id=_id(guild.rules_channel_id),
        verification_level=guild.verification_level,
        default_message_notifications=guild.default_message_notifications,
        explicit_content_filter=guild.explicit_content_filter,
        preferred_locale=guild.preferred_locale,
        mfa_level=guild.mfa_level,
        nsfw_level=guild.nsfw_level,
        nsfw=guild.nsfw_level in (1, 3),
        roles=[role_object(role) for role in snapshot.roles.values()],
        emojis=[emoji_object(emoji) for emoji in snapshot.emojis.values()],
        stickers=[sticker_object(sticker) for sticker in snapshot.stickers.values()],
        features=guild.features,
        public_updates_channel_id=_id(guild.public_updates_channel_id),
        safety_alerts_channel_id=_id(guild.safety_alerts_channel_id),
        premium_progress_bar_enabled=guild.premium_progress_bar_enabled,
        splash=guild.splash,
        discovery_splash=guild.discovery_splash,
        banner=guild.banner,
        approximate_member_count=len(snapshot.members) if with_counts else UNSET,
        approximate_presence_count=len(snapshot.presences) if with_counts else UNSET,
    )


class MyGuildObject(Struct, gc=False, kw_only=True):
    """A guild as the list of one's own guilds shows it; `permissions` are those in no channel."""

    id: str
    name: str
    icon: str | None
    owner: bool
    permissions: str
    features: tuple[str, ...]
    banner: str | None = None
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


def my_guild_object(
    snapshot: Snapshot, user_id: int, permissions: int, with_counts: bool = False
) -> MyGuildObject:
    """A guild as the member `user_id` with `permissions` finds it among their own."""
    guild = snapshot.the_guild
    return MyGuildObject(
        id=str(guild.id),
        name=guild.name,
        icon=guild.icon,
        owner=guild.owner_id == user_id,
        permissions=str(permissions),
        features=guild.features,
        banner=guild.banner,
        approximate_member_count=len(snapshot.members) if with_counts else UNSET,
        approximate_presence_count=len(snapshot.presences) if with_counts else UNSET,
    )


class MyGuildsQuery(Struct, kw_only=True):
    """Query of list_my_guilds."""

    before: Snowflake | None = None
    after: Snowflake | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 200
    with_counts: bool = False
