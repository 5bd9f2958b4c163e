"""Guilds: shown, made, changed, left and deleted (Discord reference, "Guild resource")."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from hearth.actions.assets import PICTURE_BODY_BYTES, set_picture
from hearth.actions.scopes import Audit, InGuild, SignedIn
from hearth.core.commits import Noun
from hearth.core.errors import (
    INVALID_GUILD,
    MAX_GUILDS,
    MISSING_PERMISSIONS,
    UNKNOWN_MEMBER,
    Refused,
    invalid_form,
)
from hearth.core.events import GuildMemberRemove, GuildUpdate
from hearth.core.limits import Rate
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import Channel, ChannelType, OverwriteType
from hearth.core.models.guild_forms import SWITCHES, GuildCreate, GuildPatch
from hearth.core.models.guilds import Guild, GuildObject, Snapshot, guild_object
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.operations import operation
from hearth.core.patch import Change, changes
from hearth.core.permissions import ALL, EVERYONE, P
from hearth.core.wire import Problem

MOST_GUILDS, MOST_GUILDS_OF_BOTS = 100, 10
"""Who is in so many guilds makes no other."""

SPOKEN = frozenset({ChannelType.GUILD_VOICE, ChannelType.GUILD_STAGE_VOICE})
WRITTEN = frozenset({ChannelType.GUILD_TEXT, ChannelType.GUILD_ANNOUNCEMENT})
NAMED: Mapping[str, frozenset[ChannelType]] = {
    "afk_channel_id": frozenset({ChannelType.GUILD_VOICE}),
    "system_channel_id": WRITTEN,
    "rules_channel_id": WRITTEN,
    "public_updates_channel_id": WRITTEN,
    "safety_alerts_channel_id": WRITTEN,
}
"""The fields that name a channel, and which types it may have."""

OF_COMMUNITIES = ("rules_channel_id", "public_updates_channel_id")
"""What a guild with the feature COMMUNITY must have."""

AUDITED = (
    "name",
    "description",
    "owner_id",
    "verification_level",
    "default_message_notifications",
    "explicit_content_filter",
    "preferred_locale",
    "afk_timeout",
    "system_channel_flags",
    "premium_progress_bar_enabled",
    "features",
    *NAMED,
)


PICTURES = {
    "icon": "icons",
    "splash": "splashes",
    "banner": "banners",
    "discovery_splash": "discovery-splashes",
}
"""A guild's pictures by field, and where each is found."""


class GuildQuery(Struct, kw_only=True):
    """Query of get_guild."""

    with_counts: bool = False


@operation("GET", "/guilds/{guild_id}")
async def get_guild(here: InGuild, query: GuildQuery) -> GuildObject:
    """A guild; with counts on request."""
    return guild_object(here.snapshot, with_counts=query.with_counts)


@operation("PATCH", "/guilds/{guild_id}", commits=True, body_bytes=PICTURE_BODY_BYTES)
async def update_guild(here: InGuild, body: GuildPatch) -> GuildObject:
    """Change a guild with MANAGE_GUILD, its owner as the owner, COMMUNITY as an administrator."""
    before = here.guild
    values = body.values()
    owner_id = before.owner_id if body.owner_id is UNSET else body.owner_id
    pictured = [name for name in PICTURES if getattr(body, name) is not UNSET]
    if owner_id == before.owner_id or values or pictured or body.features is not UNSET:
        here.require(P.MANAGE_GUILD)
    if owner_id != before.owner_id:
        _may_give_away(here, owner_id)
        values["owner_id"] = owner_id
    if body.features is not UNSET:
        values["features"] = _features(here, body.features or ())
    after = replace(before, **values)
    if "COMMUNITY" in before.features and "COMMUNITY" not in after.features:
        after = replace(after, rules_channel_id=None, public_updates_channel_id=None)
    problems = [*_bad_channels(here.snapshot.channels, values), *_lacking(after)]
    if problems:
        raise invalid_form(*problems)
    beside: list[Noun] = []
    delete: list[Noun] = []
    for name in pictured:
        path = f"{PICTURES[name]}/{before.id}"
        made = await set_picture(here.world, name, getattr(body, name), path, guild_id=before.id)
        after = replace(after, **{name: made.hash})
        beside += made.save
        delete += made.delete
    if after != before:
        await here.commit(
            save=[after],
            delete=delete,
            audit=[Audit(AuditAction.GUILD_UPDATE, before.id, _shown(before, after))],
            tell=[GuildUpdate()],
            beside=beside,
        )
    return guild_object(here.home.snapshot or here.snapshot)


@operation(
    "POST",
    "/guilds",
    commits=True,
    status=201,
    rate=Rate(10, per=3600),
    body_bytes=PICTURE_BODY_BYTES,
)
async def create_my_guild(here: SignedIn, body: GuildCreate) -> GuildObject:
    """Make a guild that the caller owns, with the roles and channels that are given."""
    world, me = here.world, here.who.user_id
    most = MOST_GUILDS_OF_BOTS if here.who.kind == "bot" else MOST_GUILDS
    if len(await world.directory.guilds_of(me)) >= most:
        raise Refused(MAX_GUILDS)
    guild_id = world.make_id()
    roles, role_ids = _new_roles(here, guild_id, body)
    channels, channel_ids = _new_channels(here, guild_id, body, role_ids)
    named = {name: getattr(body, name) for name in ("afk_channel_id", "system_channel_id")}
    values: dict[str, Any] = {
        name: channel_ids.get(id, id) for name, id in named.items() if id is not None
    }
    known = {channel.id: channel for channel in channels}
    problems = _bad_channels(known, values)
    if problems:
        raise invalid_form(*problems)
    if not body.channels:
        values["system_channel_id"] = channels[2].id
    beside: list[Noun] = []
    if body.icon:
        path = f"{PICTURES['icon']}/{guild_id}"
        made = await set_picture(world, "icon", body.icon, path, guild_id=guild_id)
        values["icon"] = made.hash
        beside = made.save
    guild = Guild(id=guild_id, owner_id=me, **body.values(), **values)
    member = Member(guild_id=guild_id, user_id=me, joined_at_ms=world.wall_ms())
    await world.load_users([me])
    nouns: list[Noun] = [guild, *roles, *channels, member, *beside]
    await world.save(nouns, home=guild_id)
    return guild_object(
        Snapshot(
            guild=guild,
            channels=known,
            roles={role.id: role for role in roles},
            members={me: member},
            users={},
            presences={},
        )
    )


@operation("DELETE", "/guilds/{guild_id}", commits=True)
async def delete_guild(here: InGuild) -> None:
    """Delete a guild with all in it, as its owner."""
    await _delete(here)


@operation("POST", "/guilds/{guild_id}/delete", commits=True)
async def delete_guild_by_post(here: InGuild) -> None:
    """Delete a guild with all in it, as its owner; the way that people's clients take."""
    await _delete(here)


@operation("DELETE", "/users/@me/guilds/{guild_id}", commits=True)
async def leave_guild(here: InGuild) -> None:
    """Leave a guild; its owner cannot."""
    member = here.member
    if member is None or member.user_id == here.guild.owner_id:
        raise Refused(INVALID_GUILD)
    await here.commit(delete=[member], tell=[GuildMemberRemove(member)])


async def _delete(here: InGuild) -> None:
    guild = here.guild
    if here.member is not None and here.member.user_id != guild.owner_id:
        raise Refused(MISSING_PERMISSIONS)
    channels = list(here.snapshot.channels)
    # SQL takes along what is the guild's own; the messages follow in the background, and a start
    # after a crash goes on with them.
    await here.commit(delete=[guild])
    here.world.purge(channels)


def _may_give_away(here: InGuild, owner_id: int) -> None:
    if here.member is not None and here.member.user_id != here.guild.owner_id:
        raise Refused(MISSING_PERMISSIONS)
    if owner_id not in here.snapshot.members:
        raise Refused(UNKNOWN_MEMBER)
    if here.home.user(owner_id).bot:
        raise invalid_form((("owner_id",), "USER_IS_BOT", "A bot cannot own a guild."))


def _features(here: InGuild, wanted: Any) -> tuple[str, ...]:
    """The features with those switched that the guild's members may switch."""
    before = here.guild.features
    asked = {feature for feature in wanted if feature}
    unknown = sorted(asked - SWITCHES - {*before})
    if unknown:
        names = ", ".join(sorted(SWITCHES))
        text = f"{unknown[0][:100]} cannot be turned on; these can: {names}."
        raise invalid_form((("features",), "BASE_TYPE_CHOICES", text))
    if ("COMMUNITY" in asked) != ("COMMUNITY" in before):
        here.require(P.ADMINISTRATOR)
    return tuple(sorted(asked | ({*before} - SWITCHES)))


def _bad_channels(channels: Mapping[int, Channel], values: Mapping[str, Any]) -> list[Problem]:
    """The fields that name no channel, or one of a type that is not for this."""
    problems: list[Problem] = []
    for name, types in NAMED.items():
        channel_id = values.get(name)
        if channel_id is None:
            continue
        channel = channels.get(channel_id)
        if channel is None:
            problems.append(((name,), "CHANNEL_INVALID", "Channel does not exist."))
        elif channel.type not in types:
            problems.append(((name,), "CHANNEL_INVALID_TYPE", "Not a channel of the right type."))
    return problems


def _lacking(guild: Guild) -> list[Problem]:
    if "COMMUNITY" not in guild.features:
        return []
    text = "A community needs a channel for rules and one for updates."
    return [
        ((name,), "BASE_TYPE_REQUIRED", text)
        for name in OF_COMMUNITIES
        if getattr(guild, name) is None
    ]


def _new_roles(
    here: SignedIn, guild_id: int, body: GuildCreate
) -> tuple[list[Role], dict[int, int]]:
    """The roles of a new guild, and their ids by the placeholders."""
    wanted = body.roles or []
    ids = {0: guild_id}
    roles: list[Role] = []
    for position, each in enumerate(wanted):
        role_id = here.world.make_id() if position else guild_id
        ids[each.id or 0] = role_id
        values: dict[str, Any] = each.values()
        values["permissions"] = values.get("permissions", EVERYONE) & ALL
        if position == 0:
            kept: dict[str, Any] = {"name": "@everyone", "permissions": values["permissions"]}
            values = kept
        values.setdefault("name", "new role")
        roles.append(Role(id=role_id, guild_id=guild_id, position=position, **values))
    if not roles:
        everyone = Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=EVERYONE)
        roles.append(everyone)
    return roles, ids


def _new_channels(
    here: SignedIn, guild_id: int, body: GuildCreate, role_ids: Mapping[int, int]
) -> tuple[list[Channel], dict[int, int]]:
    """The channels of a new guild, and their ids by the placeholders."""
    if not body.channels:
        return starting_channels(here.world.make_id, guild_id), {}
    ids: dict[int, int] = {}
    made: list[Channel] = []
    problems: list[Problem] = []
    categories: set[int] = set()
    for index, each in enumerate(body.channels):
        values = each.values()
        kind = values.setdefault("type", ChannelType.GUILD_TEXT)
        channel_id = here.world.make_id()
        parent_id = values.get("parent_id")
        if parent_id is not None:
            # A category stands before what is in it.
            if parent_id not in categories or kind == ChannelType.GUILD_CATEGORY:
                path = ("channels", index, "parent_id")
                problems.append((path, "CHANNEL_PARENT_INVALID", "Category does not exist"))
                continue
            values["parent_id"] = ids[parent_id]
        if each.id is not None:
            ids[each.id] = channel_id
            if kind == ChannelType.GUILD_CATEGORY:
                categories.add(each.id)
        overwrites = values.pop("overwrites", ())
        kept = [
            replace(
                one, id=role_ids.get(one.id, one.id), allow=one.allow & ALL, deny=one.deny & ALL
            )
            for one in overwrites
        ]
        allowed = {*role_ids.values(), here.who.user_id}
        if any(one.id not in allowed for one in kept) or any(
            one.type == OverwriteType.MEMBER and one.id != here.who.user_id for one in kept
        ):
            path = ("channels", index, "permission_overwrites")
            problems.append((path, "OVERWRITE_INVALID", "No such role."))
            continue
        values.setdefault("position", index)
        if kind in SPOKEN:
            values.setdefault("bitrate", 64000)
            values.setdefault("user_limit", 0)
        made.append(Channel(id=channel_id, guild_id=guild_id, overwrites=tuple(kept), **values))
    if problems:
        raise invalid_form(*problems)
    return made, ids


def starting_channels(make_id: Any, guild_id: int) -> list[Channel]:
    """What a guild begins with: a text and a voice channel, each in a category."""
    texts = Channel(
        id=make_id(), guild_id=guild_id, type=ChannelType.GUILD_CATEGORY, name="Text Channels"
    )
    voices = Channel(
        id=make_id(),
        guild_id=guild_id,
        type=ChannelType.GUILD_CATEGORY,
        name="Voice Channels",
        position=1,
    )
    general = Channel(
        id=make_id(),
        guild_id=guild_id,
        type=ChannelType.GUILD_TEXT,
        name="general",
        parent_id=texts.id,
    )
    lounge = Channel(
        id=make_id(),
        guild_id=guild_id,
        type=ChannelType.GUILD_VOICE,
        name="General",
        parent_id=voices.id,
        bitrate=64000,
        user_limit=0,
    )
    return [texts, voices, general, lounge]


def _shown(before: Guild, after: Guild) -> list[Change]:
    pictures = [Change(f"{c.key}_hash", c.old, c.new) for c in changes(before, after, [*PICTURES])]
    return [
        *(
            Change(c.key, _text(c.key, c.old), _text(c.key, c.new))
            for c in changes(before, after, AUDITED)
        ),
        *pictures,
    ]


def _text(key: str, value: Any) -> Any:
    if key.endswith("_id") and value is not None:
        return str(value)
    return value
