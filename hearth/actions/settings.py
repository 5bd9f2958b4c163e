"""A person's settings: of clients, and of what they want to be told (discord-userdoccers).

("User settings", "User settings proto", "Guild settings".) The server itself reads few of them.
"""

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict, replace

from hearth.actions.scopes import AsPerson
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import UNKNOWN_GUILD, Refused, invalid_form
from hearth.core.events import Event
from hearth.core.ids import MAX_ID
from hearth.core.limits import Rate
from hearth.core.models.settings import (
    DEFAULTS,
    LEGACY,
    MOST_OVERRIDES,
    PROTO_BYTES,
    ChannelOverride,
    FriendSources,
    MuteConfigPut,
    NotificationSettings,
    NotificationSettingsBulk,
    NotificationSettingsObject,
    NotificationSettingsPatch,
    Personal,
    ProtoObject,
    ProtoPatch,
    Setting,
    UserSettingsPatch,
    notification_settings_object,
)
from hearth.core.operations import operation
from hearth.core.social_events import (
    UserGuildSettingsUpdate,
    UserSettingsProtoUpdate,
    UserSettingsUpdate,
)

PRIVATE = 0
"""In place of a guild's id: the settings of private channels."""

Wrong = tuple[tuple[str | int, ...], str, str]


# Settings that are JSON


async def kept_settings(world: World, user_id: int) -> UserSettingsPatch:
    """What somebody ever changed of their settings."""
    data = await world.directory.setting(user_id, LEGACY)
    return (
        UserSettingsPatch() if data is None else msgspec.json.decode(data, type=UserSettingsPatch)
    )


async def friend_sources(world: World, user_id: int) -> FriendSources:
    """Who may ask somebody to be friends."""
    kept = (await kept_settings(world, user_id)).friend_source_flags
    return kept or msgspec.convert(DEFAULTS["friend_source_flags"], FriendSources)


def shown_settings(kept: UserSettingsPatch) -> dict[str, Any]:
    """All settings of somebody who changed `kept` of them; ids are strings."""
    return DEFAULTS | _shown(kept)


def _shown(kept: UserSettingsPatch) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(kept)
    for name in ("restricted_guilds", "guild_positions"):
        if name in shown:
            shown[name] = [str(each) for each in shown[name]]
    for folder in shown.get("guild_folders", ()):
        folder["guild_ids"] = [str(each) for each in folder["guild_ids"]]
    if shown.get("custom_status"):
        emoji_id = shown["custom_status"]["emoji_id"]
        shown["custom_status"]["emoji_id"] = None if emoji_id is None else str(emoji_id)
    return shown


@operation("GET", "/users/@me/settings")
async def get_user_settings(here: AsPerson) -> dict[str, Any]:
    """The settings that the caller's clients share."""
    return shown_settings(await kept_settings(here.world, here.who.user_id))


@operation("PATCH", "/users/@me/settings", rate=Rate(30, per=60), commits=True)
async def update_user_settings(here: AsPerson, body: UserSettingsPatch) -> dict[str, Any]:
    """Change some of the settings that the caller's clients share; told to the caller's sessions.

    Keys that Discord does not document are not read.
    """
    world, me = here.world, here.who.user_id
    before = await kept_settings(world, me)
    changes = {name: value for name, value in _fields(body).items() if value is not UNSET}
    after = replace(before, **changes)
    if after != before:
        told = UserSettingsUpdate(me, _shown(body))
        setting = Setting(user_id=me, kind=LEGACY, data=msgspec.json.encode(after))
        await world.commit(here.home, [], [], [told], [setting])
    return shown_settings(after)


def _fields(body: UserSettingsPatch) -> dict[str, Any]:
    return {name: getattr(body, name) for name in body.__struct_fields__}


# Settings that only clients read


def _kind(text: str) -> int:
    """Which protocol buffers: 1 preloaded, 2 frecency, 3 test settings."""
    if text not in ("1", "2", "3"):
        message = "Value must be one of {1, 2, 3}."
        raise invalid_form((("settings_type",), "BASE_TYPE_CHOICES", message))
    return int(text)


@operation("GET", "/users/@me/settings-proto/{settings_type}")
async def get_proto_settings(here: AsPerson, settings_type: str) -> ProtoObject:
    """One kind of the settings that clients keep as protocol buffers."""
    data = await here.world.directory.setting(here.who.user_id, _kind(settings_type))
    return ProtoObject(settings=base64.b64encode(data or b"").decode())


@operation(
    "PATCH", "/users/@me/settings-proto/{settings_type}", rate=Rate(30, per=60), commits=True
)
async def update_proto_settings(
    here: AsPerson, settings_type: str, body: ProtoPatch
) -> ProtoObject:
    """Put other protocol buffers in place of one kind; Hearth keeps them without reading them."""
    world, me = here.world, here.who.user_id
    kind = _kind(settings_type)
    try:
        data = base64.b64decode(body.settings, validate=True)
    except (binascii.Error, ValueError):
        raise invalid_form((("settings",), "INVALID_BASE64", "Not base64")) from None
    if len(data) > PROTO_BYTES:
        message = f"Must be {PROTO_BYTES} or fewer bytes."
        raise invalid_form((("settings",), "BASE_TYPE_MAX_LENGTH", message))
    text = base64.b64encode(data).decode()
    if data != await world.directory.setting(me, kind):
        setting = Setting(user_id=me, kind=kind, data=data)
        told = UserSettingsProtoUpdate(me, kind, text)
        await world.commit(here.home, [], [], [told], [setting])
    return ProtoObject(settings=text)


# What one wants to be told


@operation(
    "PATCH",
    "/users/@me/guilds/{guild_id}/settings",
    rate=Rate(30, per=60),
    commits=True,
)
async def update_notification_settings(
    here: AsPerson, guild_id: str, body: NotificationSettingsPatch
) -> NotificationSettingsObject:
    """Change how the caller is told of a guild, or with `@me` of private channels."""
    (changed,) = await _change(here, {guild_id: body}, nested=False)
    return changed


@operation("PATCH", "/users/@me/guilds/settings", rate=Rate(30, per=60), commits=True)
async def update_all_notification_settings(
    here: AsPerson, body: NotificationSettingsBulk
) -> list[NotificationSettingsObject]:
    """Change how the caller is told of several guilds."""
    return await _change(here, body.guilds, nested=True)


async def _change(
    here: AsPerson, patches: Mapping[str, NotificationSettingsPatch], *, nested: bool
) -> list[NotificationSettingsObject]:
    world, me = here.world, here.who.user_id
    mine = set(await world.directory.guilds_of(me))
    kept = {each.guild_id: each for each in await world.directory.notification_settings(me)}
    now = world.wall_ms()
    beside: list[Noun] = []
    tell: list[Event] = []
    shown: list[NotificationSettingsObject] = []
    for name, patch in patches.items():
        path = ("guilds", name) if nested else ()
        guild_id = PRIVATE if name in ("@me", "null", "0") else _id(name, path or ("guild_id",))
        if guild_id and guild_id not in mine:
            raise Refused(UNKNOWN_GUILD)
        before = kept.get(guild_id) or NotificationSettings(user_id=me, guild_id=guild_id)
        after = _patched(before, patch, path)
        if after != before:
            after = replace(after, version=max(now, before.version + 1))
            beside.append(after)
            tell.append(UserGuildSettingsUpdate(me, notification_settings_object(after, now)))
        shown.append(notification_settings_object(after, now))
    if beside:
        await world.commit(here.home, [], [], tell, beside)
    return shown


def _id(text: str, path: tuple[str | int, ...]) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_ID:
        message = f'Value "{text[:20]}" is not snowflake.'
        raise invalid_form((path, "NUMBER_TYPE_COERCE", message))
    return int(text)


def _patched(
    before: NotificationSettings, patch: NotificationSettingsPatch, path: tuple[str | int, ...]
) -> NotificationSettings:
    changes = _changes(asdict(patch))
    overrides = {each.channel_id: each for each in before.overrides}
    for name, each in (patch.channel_overrides or {}).items():
        channel_id = _id(name, (*path, "channel_overrides", name))
        old = overrides.get(channel_id) or ChannelOverride(channel_id=channel_id)
        after = replace(old, **_changes(asdict(each)))
        if after == ChannelOverride(channel_id=channel_id):
            overrides.pop(channel_id, None)
        else:
            overrides[channel_id] = after
    if len(overrides) > MOST_OVERRIDES:
        message = f"Must be {MOST_OVERRIDES} or fewer in length."
        raise invalid_form(((*path, "channel_overrides"), "BASE_TYPE_MAX_LENGTH", message))
    return replace(before, **changes, overrides=tuple(overrides.values()))


def _changes(patch: dict[str, Any]) -> dict[str, Any]:
    """The fields that a patch changes; a mute without an end is for ever."""
    asked = patch.pop("mute_config", UNSET)
    patch.pop("channel_overrides", None)
    changes = {name: value for name, value in patch.items() if value is not UNSET}
    changes = {name: value for name, value in changes.items() if value is not None}
    if isinstance(asked, MuteConfigPut):
        changes["mute_until_ms"] = asked.end_ms
        changes["mute_window_s"] = asked.selected_time_window
    elif asked is None or changes.get("muted") is False:
        changes["mute_until_ms"] = changes["mute_window_s"] = None
    return changes


def settings_in(personal: Personal) -> dict[str, Any]:
    """All settings that clients share, of somebody of whom this is kept."""
    for each in personal.settings:
        if each.kind == LEGACY:
            return shown_settings(msgspec.json.decode(each.data, type=UserSettingsPatch))
    return DEFAULTS


def shown_notification_settings(
    world: World, personal: Personal, guild_ids: Collection[int]
) -> list[NotificationSettingsObject]:
    """How somebody is told of these guilds, and of private channels."""
    now = world.wall_ms()
    return [
        notification_settings_object(each, now)
        for each in personal.notification_settings
        if each.guild_id == PRIVATE or each.guild_id in guild_ids
    ]
