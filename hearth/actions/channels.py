"""Channels of a guild and their overwrites (Discord reference, "Channel", "Guild resource")."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions import private
from hearth.actions.assets import PICTURE_BODY_BYTES
from hearth.actions.messages import TEXT_CHANNELS
from hearth.actions.reach import reach
from hearth.actions.scopes import Audit, InChannel, InGuild
from hearth.core.commits import Noun
from hearth.core.errors import (
    CANNOT_DELETE_CHANNEL,
    MAX_CHANNELS,
    MAX_OVERWRITES,
    MISSING_PERMISSIONS,
    NOT_A_TEXT_CHANNEL,
    UNKNOWN_OVERWRITE,
    Refused,
    invalid_form,
)
from hearth.core.events import ChannelUpdate, Event, GuildUpdate, TypingStart
from hearth.core.limits import Rate
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import (
    NAMELESS,
    Channel,
    ChannelCreate,
    ChannelObject,
    ChannelPatch,
    ChannelType,
    Overwrite,
    OverwritePut,
    OverwriteType,
    channel_object,
)
from hearth.core.models.private import PrivateChannelObject
from hearth.core.operations import operation
from hearth.core.patch import Change, changes
from hearth.core.permissions import ALL, P

MOST_CHANNELS = 500
MOST_CHANNELS_PER_CATEGORY = 50
MOST_OVERWRITES = 1000

NAMED_BY_GUILD = (
    "system_channel_id",
    "afk_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
)
"""Fields of a guild that name a channel."""

AUDITED = (
    "name",
    "type",
    "position",
    "parent_id",
    "topic",
    "nsfw",
    "rate_limit_per_user",
    "bitrate",
    "user_limit",
    "rtc_region",
    "video_quality_mode",
    "default_auto_archive_duration",
    "default_thread_rate_limit_per_user",
    "flags",
)


@operation("GET", "/guilds/{guild_id}/channels")
async def list_guild_channels(here: InGuild) -> list[ChannelObject]:
    """The channels that the caller sees; no threads."""
    return [
        _object(here, channel)
        for channel in here.snapshot.channels.values()
        if not channel.is_thread and here.permissions_in(channel) & P.VIEW_CHANNEL
    ]


@operation("GET", "/channels/{channel_id}")
async def get_channel(here: InChannel) -> ChannelObject | PrivateChannelObject:
    """One channel."""
    if here.snapshot.guild is None:
        return private.shown(here, here.channel, here.who.user_id)
    return _object(here, here.channel)


@operation(
    "POST",
    "/guilds/{guild_id}/channels",
    needs=P.MANAGE_CHANNELS,
    commits=True,
    status=201,
)
async def create_guild_channel(here: InGuild, body: ChannelCreate) -> ChannelObject:
    """Make a channel. Without overwrites of its own it takes those of its category."""
    channels = here.snapshot.channels
    if sum(not channel.is_thread for channel in channels.values()) >= MOST_CHANNELS:
        raise Refused(MAX_CHANNELS)
    values = body.values()
    kind = values.setdefault("type", ChannelType.GUILD_TEXT)
    parent = category_of(here, values.get("parent_id"), kind)
    overwrites = values.pop("overwrites", None)
    # discord.py sends an empty list when it is given none: that too is without overwrites.
    if overwrites:
        values["overwrites"] = overwrites = _known(overwrites)
        _may_overwrite(here, _givable(here, None, parent), (), overwrites)
    elif parent is not None:
        values["overwrites"] = parent.overwrites
    if values.get("position") is None:
        values["position"] = _next_position(channels.values(), kind, values.get("parent_id"))
    if kind in (ChannelType.GUILD_VOICE, ChannelType.GUILD_STAGE_VOICE):
        values.setdefault("bitrate", 64000)
        values.setdefault("user_limit", 0)
    channel = Channel(id=here.world.make_id(), guild_id=here.guild.id, **values)
    await here.commit(
        save=[channel],
        audit=[Audit(AuditAction.CHANNEL_CREATE, channel.id, _shown(None, channel))],
    )
    return channel_object(channel, None)


@operation("PATCH", "/channels/{channel_id}", commits=True, body_bytes=PICTURE_BODY_BYTES)
async def update_channel(
    here: InChannel, body: ChannelPatch
) -> ChannelObject | PrivateChannelObject:
    """Change a channel's name, topic, place or overwrites, with MANAGE_CHANNELS; or a group DM."""
    if here.snapshot.guild is None:
        return await private.update_private_channel(here, body)
    here.require(P.MANAGE_CHANNELS)
    before = here.channel
    values = body.values()
    if not values.get("name", "x"):
        raise invalid_form(NAMELESS)
    kind = values.get("type", before.type)
    if kind != before.type and {kind, before.type} != {
        ChannelType.GUILD_TEXT,
        ChannelType.GUILD_ANNOUNCEMENT,
    }:
        raise invalid_form(
            (("type",), "BASE_TYPE_CHOICES", "Only text and announcement channels convert.")
        )
    if values.get("parent_id") is not None and values["parent_id"] != before.parent_id:
        category_of(here, values["parent_id"], kind)
    overwrites = values.pop("overwrites", None)
    if overwrites is not None:
        here.require(P.MANAGE_ROLES)
        values["overwrites"] = overwrites = _known(overwrites)
        _may_overwrite(here, _givable(here, before), before.overwrites, overwrites)
    after = replace(before, **values)
    if after != before:
        await here.commit(
            save=[after],
            audit=[
                *update_audits(before, after),
                *overwrite_audits(here, before, after),
            ],
            tell=[ChannelUpdate(after)],
        )
    return _object(here, after)


@operation("DELETE", "/channels/{channel_id}", commits=True)
async def delete_channel(here: InChannel) -> ChannelObject | PrivateChannelObject:
    """Delete a channel with all in it, with MANAGE_CHANNELS; close a DM or leave a group.

    A category's channels stay, outside.
    """
    if here.snapshot.guild is None:
        return await private.leave_private_channel(here)
    here.require(P.MANAGE_CHANNELS)
    channel = here.channel
    if "COMMUNITY" in here.guild.features and channel.id in (
        here.guild.rules_channel_id,
        here.guild.public_updates_channel_id,
    ):
        raise Refused(CANNOT_DELETE_CHANNEL)
    save: list[Noun] = []
    delete: list[Noun] = [channel]
    tell: list[Event] = []
    named = {name: None for name in NAMED_BY_GUILD if getattr(here.guild, name) == channel.id}
    if named:
        save.append(replace(here.guild, **named))
        tell.append(GuildUpdate())
    for child in here.snapshot.channels.values():
        if child.parent_id == channel.id:
            if child.is_thread:
                delete.append(child)
            else:
                freed = replace(child, parent_id=None)
                save.append(freed)
                tell.append(ChannelUpdate(freed))
    await here.commit(
        save=save,
        delete=delete,
        audit=[Audit(AuditAction.CHANNEL_DELETE, channel.id, _shown(channel, None))],
        tell=tell,
    )
    shown = _object(here, channel)
    here.world.purge([noun.id for noun in delete if isinstance(noun, Channel)])
    return shown


@operation(
    "PUT",
    "/channels/{channel_id}/permissions/{overwrite_id}",
    needs=P.MANAGE_ROLES,
    commits=True,
)
async def set_channel_permission_overwrite(
    here: InChannel, overwrite_id: int, body: OverwritePut
) -> None:
    """Allow and deny a role or a member permissions that the caller has here."""
    before = here.channel
    old = next((each for each in before.overwrites if each.id == overwrite_id), None)
    kind = body.type if body.type is not UNSET and body.type is not None else None
    if kind is None:
        kind = old.type if old is not None else OverwriteType.ROLE
    (new,) = _known([Overwrite(overwrite_id, kind, body.allow or 0, body.deny or 0)])
    kept = [each for each in before.overwrites if each.id != overwrite_id]
    if old is None and len(kept) >= MOST_OVERWRITES:
        raise Refused(MAX_OVERWRITES)
    _may_overwrite(here, _givable(here, before), before.overwrites, [*kept, new])
    await _set_overwrites(here, before, (*kept, new))


@operation(
    "DELETE",
    "/channels/{channel_id}/permissions/{overwrite_id}",
    needs=P.MANAGE_ROLES,
    commits=True,
)
async def delete_channel_permission_overwrite(here: InChannel, overwrite_id: int) -> None:
    """Take an overwrite off a channel."""
    before = here.channel
    kept = tuple(each for each in before.overwrites if each.id != overwrite_id)
    if len(kept) == len(before.overwrites):
        raise Refused(UNKNOWN_OVERWRITE)
    _may_overwrite(here, _givable(here, before), before.overwrites, kept)
    await _set_overwrites(here, before, kept)


@operation("POST", "/channels/{channel_id}/typing", needs=P.SEND_MESSAGES, rate=Rate(5, per=5))
async def trigger_typing_indicator(here: InChannel) -> None:
    """Show for ten seconds that the caller is typing."""
    if here.channel.type not in TEXT_CHANNELS:
        raise Refused(NOT_A_TEXT_CHANNEL)
    if here.snapshot.guild is None:
        await reach(here)
    if here.member is not None:
        here.tell([TypingStart(here.channel.id, here.member, here.world.wall_ms() // 1000)])


async def _set_overwrites(
    here: InChannel, before: Channel, overwrites: Sequence[Overwrite]
) -> None:
    after = replace(before, overwrites=tuple(overwrites))
    if after != before:
        await here.commit(
            save=[after], audit=overwrite_audits(here, before, after), tell=[ChannelUpdate(after)]
        )


def may_overwrite(here: InGuild, channel: Channel, after: Sequence[Overwrite]) -> None:
    """Raise 50013 unless the caller may give a channel these overwrites."""
    _may_overwrite(here, _givable(here, channel), channel.overwrites, after)


def _known(overwrites: Sequence[Overwrite]) -> tuple[Overwrite, ...]:
    """Overwrites without bits that are no permission."""
    return tuple(replace(each, allow=each.allow & ALL, deny=each.deny & ALL) for each in overwrites)


def _givable(here: InGuild, channel: Channel | None, parent: Channel | None = None) -> int:
    """What the caller may allow and deny in a channel, which is in `parent` where it is new.

    It is what they have in the guild, the category or the channel, without MANAGE_ROLES unless
    they are an administrator. Whom an overwrite of the channel gives MANAGE_ROLES may all.
    (Reference, "Edit channel permissions" and "Create guild channel".)
    """
    member = here.member
    bits = here.permissions_in(None)
    if member is None or bits & P.ADMINISTRATOR:
        return ALL
    if channel is not None:
        own = {member.user_id, here.guild.id, *member.roles}
        if any(each.id in own and each.allow & P.MANAGE_ROLES for each in channel.overwrites):
            return ALL
        if channel.parent_id is not None:
            parent = here.snapshot.channels.get(channel.parent_id)
        bits |= here.permissions_in(channel)
    if parent is not None:
        bits |= here.permissions_in(parent)
    return bits & ~P.MANAGE_ROLES


def _may_overwrite(
    here: InGuild, givable: int, before: Sequence[Overwrite], after: Sequence[Overwrite]
) -> None:
    """Nobody changes another bit; overwrites name roles and members that exist."""
    if len(after) > MOST_OVERWRITES:
        raise Refused(MAX_OVERWRITES)
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    for key in old.keys() | new.keys():
        was = old.get(key, Overwrite(key, 0))
        now = new.get(key, Overwrite(key, 0))
        if (was.allow ^ now.allow | was.deny ^ now.deny) & ~givable:
            raise Refused(MISSING_PERMISSIONS)
    for each in after:
        was = old.get(each.id)
        known = here.snapshot.roles if each.type == OverwriteType.ROLE else here.snapshot.members
        if each.id not in known and (was is None or was.type != each.type):
            raise Refused(UNKNOWN_OVERWRITE)


def category_of(
    here: InGuild, parent_id: int | None, kind: int, path: tuple[str | int, ...] = ("parent_id",)
) -> Channel | None:
    """The category that a channel is put into, or a refusal that names `path`."""
    if parent_id is None:
        return None
    parent = here.snapshot.channels.get(parent_id)
    problem: tuple[str, str] | None = None
    if kind == ChannelType.GUILD_CATEGORY:
        problem = "CHANNEL_PARENT_INVALID_PARENT", "Categories cannot have subcategories"
    elif parent is None:
        problem = "CHANNEL_PARENT_INVALID", "Category does not exist"
    elif parent.type != ChannelType.GUILD_CATEGORY:
        problem = "CHANNEL_PARENT_INVALID_TYPE", "Not a category"
    elif (
        sum(child.parent_id == parent_id for child in here.snapshot.channels.values())
        >= MOST_CHANNELS_PER_CATEGORY
    ):
        problem = (
            "CHANNEL_PARENT_MAX_CHANNELS",
            "Maximum number of channels in category reached (50)",
        )
    if problem is not None:
        raise invalid_form((path, problem[0], problem[1]))
    return parent


def _next_position(channels: Any, kind: int, parent_id: int | None) -> int:
    spoken = (ChannelType.GUILD_VOICE, ChannelType.GUILD_STAGE_VOICE)
    return 1 + max(
        (
            channel.position
            for channel in channels
            if channel.parent_id == parent_id and (channel.type in spoken) == (kind in spoken)
        ),
        default=-1,
    )


def _object(here: InGuild, channel: Channel) -> ChannelObject:
    """A guild's channel as replies show it."""
    home = here.home
    return channel_object(channel, home.last_id(channel.id), home.last_pin_ms(channel.id))


def _shown(before: Channel | None, after: Channel | None) -> list[Change]:
    return [
        Change(c.key, _text(c.key, c.old), _text(c.key, c.new))
        for c in changes(before, after, AUDITED)
    ]


def _text(key: str, value: Any) -> Any:
    return str(value) if key == "parent_id" and value is not None else value


def update_audits(before: Channel, after: Channel) -> list[Audit]:
    """The audit entry of a change of a channel's own fields, if there is one."""
    shown = [change for change in _shown(before, after) if change.moved]
    return [Audit(AuditAction.CHANNEL_UPDATE, after.id, shown)] if shown else []


def overwrite_audits(here: InGuild, before: Channel, after: Channel) -> list[Audit]:
    """An audit entry for each overwrite that changed."""
    old = {each.id: each for each in before.overwrites}
    new = {each.id: each for each in after.overwrites}
    audits: list[Audit] = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        action = AuditAction.CHANNEL_OVERWRITE_UPDATE
        if was is None:
            action = AuditAction.CHANNEL_OVERWRITE_CREATE
        elif now is None:
            action = AuditAction.CHANNEL_OVERWRITE_DELETE
        one = now or was
        assert one is not None
        options = {"id": str(key), "type": str(int(one.type))}
        role = here.snapshot.roles.get(key) if one.type == OverwriteType.ROLE else None
        if role is not None:
            options["role_name"] = role.name
        audits.append(
            Audit(
                action,
                after.id,
                [Change(name, _bits(was, name), _bits(now, name)) for name in ("allow", "deny")],
                options,
            )
        )
    return audits


def _bits(overwrite: Overwrite | None, name: str) -> str | None:
    return None if overwrite is None else str(getattr(overwrite, name))
