"""Bodies of the operations that make and change guilds (Discord reference, "Guild resource")."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.channels import ChannelCreate
from hearth.core.models.roles import RoleCreate
from hearth.core.wire import Bits, Form, Snowflake

GuildName = Annotated[str, Meta(min_length=2, max_length=100)]
Level = Literal[0, 1, 2, 3, 4]
Filter = Literal[0, 1, 2]
Notifications = Literal[0, 1]
AfkTimeout = Literal[60, 300, 900, 1800, 3600]
Locale = Literal[
    "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he",
    "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru",
    "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
]  # fmt: skip

SWITCHES = frozenset({"COMMUNITY", "INVITES_DISABLED", "RAID_ALERTS_DISABLED"})
"""The features that a guild's own members turn on and off."""

_NEW: dict[str, Any] = {
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "preferred_locale": "en-US",
    "afk_timeout": 300,
    "system_channel_flags": 0,
    "premium_progress_bar_enabled": False,
}
"""What a null asks for: what a new guild has."""

_NULLABLE = (
    "description",
    "afk_channel_id",
    "system_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
)


class GuildPatch(Form, kw_only=True):
    """Body of update_guild. `region` is Discord's past and means nothing."""

    name: GuildName | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=300)] | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    verification_level: Level | UnsetType | None = UNSET
    default_message_notifications: Notifications | UnsetType | None = UNSET
    explicit_content_filter: Filter | UnsetType | None = UNSET
    preferred_locale: Locale | UnsetType | None = UNSET
    afk_timeout: AfkTimeout | UnsetType | None = UNSET
    afk_channel_id: Snowflake | UnsetType | None = UNSET
    system_channel_id: Snowflake | UnsetType | None = UNSET
    system_channel_flags: Bits | UnsetType | None = UNSET
    rules_channel_id: Snowflake | UnsetType | None = UNSET
    public_updates_channel_id: Snowflake | UnsetType | None = UNSET
    safety_alerts_channel_id: Snowflake | UnsetType | None = UNSET
    premium_progress_bar_enabled: bool | UnsetType | None = UNSET
    features: Annotated[list[str | None], Meta(max_length=1521)] | UnsetType | None = UNSET
    owner_id: Snowflake | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    splash: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET
    discovery_splash: str | UnsetType | None = UNSET
    home_header: Any = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Guild` that are asked for, but for its features and its owner."""
        values: dict[str, Any] = {}
        if self.name is not UNSET:
            values["name"] = self.name
        for name, new in _NEW.items():
            value = getattr(self, name)
            if value is not UNSET:
                values[name] = new if value is None else value
        for name in _NULLABLE:
            value = getattr(self, name)
            if value is not UNSET:
                values[name] = value or None
        return values


class ChannelOfNew(ChannelCreate, kw_only=True):
    """A channel of a new guild; its id is a placeholder by which others may name it."""

    id: Snowflake | None = None


class RoleOfNew(RoleCreate, kw_only=True):
    """A role of a new guild, whose id is a placeholder; the first is @everyone."""

    id: Snowflake | None = None


class GuildCreate(Struct, kw_only=True):
    """Body of create_my_guild (discord-userdoccers, "Create guild")."""

    name: GuildName
    description: Annotated[str, Meta(max_length=300)] | None = None
    region: str | None = None
    verification_level: Level | None = None
    default_message_notifications: Notifications | None = None
    explicit_content_filter: Filter | None = None
    preferred_locale: Locale | None = None
    roles: Annotated[list[RoleOfNew], Meta(max_length=250)] | None = None
    channels: Annotated[list[ChannelOfNew], Meta(max_length=500)] | None = None
    afk_channel_id: Snowflake | None = None
    afk_timeout: AfkTimeout | None = None
    system_channel_id: Snowflake | None = None
    system_channel_flags: Bits | None = None
    icon: str | UnsetType | None = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Guild` that are asked for and name no channel."""
        names = ("name", "description", *_NEW)
        found = {name: getattr(self, name, None) for name in names}
        return {name: value for name, value in found.items() if value is not None}
