"""Invites: made, shown, taken back, and accepted (Discord reference, "Invite resource")."""

import secrets
import string
from contextlib import suppress

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.messages import TEXT_CHANNELS
from hearth.actions.scopes import Audit, InChannel, InGuild, Open, Params
from hearth.actions.world import World
from hearth.core.errors import (
    BANNED,
    MAX_GUILDS,
    MAX_INVITES,
    MAX_MEMBERS,
    MISSING_PERMISSIONS,
    UNAUTHORIZED,
    UNKNOWN_INVITE,
    USERS_ONLY,
    WRONG_CHANNEL_TYPE,
    Refused,
)
from hearth.core.events import GuildMemberAdd, MessageCreate
from hearth.core.guild_events import InviteCreate as InviteCreated
from hearth.core.guild_events import InviteDelete
from hearth.core.limits import Rate
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.guilds import Guild
from hearth.core.models.invites import (
    Invite,
    InviteCreate,
    InviteObject,
    InviteQuery,
    invite_object,
)
from hearth.core.models.members import Member
from hearth.core.models.messages import Message, MessageType
from hearth.core.operations import Principal, operation
from hearth.core.patch import Change
from hearth.core.permissions import P
from hearth.core.ports import Entry, Kind
from hearth.core.record import encode

MOST_INVITES = 1000
MOST_MEMBERS = 500_000
MOST_GUILDS = 100
"""So many guilds a person is in."""

CODE_LETTERS = string.ascii_letters + string.digits
CODE_LENGTH = 10
"""Sixty bits: nobody finds one by trying."""

NO_JOIN_MESSAGES = 1 << 0
"""The system channel flag that leaves out who joined."""

INVITABLE = frozenset(
    {
        ChannelType.GUILD_TEXT,
        ChannelType.GUILD_VOICE,
        ChannelType.GUILD_ANNOUNCEMENT,
        ChannelType.GUILD_STAGE_VOICE,
        ChannelType.GUILD_FORUM,
        ChannelType.GUILD_MEDIA,
    }
)


async def _guild_of(world: World, params: Params) -> int:
    invite = await world.directory.invite(str(params["code"]))
    if invite is None:
        raise Refused(UNKNOWN_INVITE)
    return invite.guild_id


class ByInvite(InGuild):
    """For members of the guild that the invite `code` leads to."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return await _guild_of(world, params)


class AsGuest(InGuild):
    """For people with an invite, members of its guild or not. Who is none may do nothing there."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return await _guild_of(world, params)

    def admit(self) -> None:
        if self.who.kind != "user":
            raise Refused(USERS_ONLY if self.who.kind == "bot" else UNAUTHORIZED)
        if self.home.snapshot is None:
            raise Refused(UNKNOWN_INVITE)
        self.snapshot = self.home.snapshot
        self.member = self.snapshot.members.get(self.who.user_id)
        self._permissions = 0

    def permissions_in(self, channel: Channel | None) -> int:
        return 0 if self.member is None else super().permissions_in(channel)


@operation(
    "POST",
    "/channels/{channel_id}/invites",
    needs=P.CREATE_INSTANT_INVITE,
    commits=True,
    rate=Rate(5, per=15),
)
async def create_channel_invite(here: InChannel, body: InviteCreate) -> InviteObject:
    """Make an invite to a channel; unless it is to be unique, an unused one alike is given."""
    world, guild = here.world, here.guild
    if here.channel.type not in INVITABLE:
        raise Refused(WRONG_CHANNEL_TYPE)
    now = world.wall_ms()
    known = await world.directory.invites_of(guild.id)
    # Those that lead nowhere any more are swept out by whoever makes the next.
    lapsed = [invite for invite in known if invite.lapsed(now)]
    invite = Invite(
        code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
        guild_id=guild.id,
        channel_id=here.channel.id,
        inviter_id=here.who.user_id or None,
        created_at_ms=now,
        **body.values(),
    )
    if body.unique is UNSET or not body.unique:
        for other in known:
            alike = replace(invite, code=other.code, created_at_ms=other.created_at_ms)
            if other == alike and other not in lapsed:
                return await _shown(here, other)
    if len(known) - len(lapsed) >= MOST_INVITES:
        raise Refused(MAX_INVITES)
    await here.commit(
        save=[invite],
        delete=lapsed,
        audit=[Audit(AuditAction.INVITE_CREATE, None, _changes(None, invite))],
        tell=[InviteCreated(invite)],
    )
    return await _shown(here, invite)


@operation("GET", "/channels/{channel_id}/invites", needs=P.MANAGE_CHANNELS)
async def list_channel_invites(here: InChannel) -> list[InviteObject]:
    """The invites to a channel, with how often they were used."""
    alive = await _alive(here)
    return [await _shown(here, each) for each in alive if each.channel_id == here.channel.id]


@operation("GET", "/guilds/{guild_id}/invites")
async def list_guild_invites(here: InGuild) -> list[InviteObject]:
    """A guild's invites, with MANAGE_GUILD, or without their uses with VIEW_AUDIT_LOG."""
    if not here.permissions & (P.MANAGE_GUILD | P.VIEW_AUDIT_LOG):
        raise Refused(MISSING_PERMISSIONS)
    whole = here.may(P.MANAGE_GUILD)
    return [await _shown(here, each, with_metadata=whole) for each in await _alive(here)]


@operation("GET", "/invites/{code}")
async def invite_resolve(here: Open, code: str, query: InviteQuery) -> InviteObject:
    """Where an invite leads, for everybody who has it."""
    world = here.world
    invite = await world.directory.invite(code)
    if invite is None or invite.lapsed(world.wall_ms()):
        raise Refused(UNKNOWN_INVITE)
    # A copy of the guild, followed where it is owned elsewhere: nothing is changed.
    snapshot = (await world.home(invite.guild_id)).snapshot
    channel = None if snapshot is None else snapshot.channels.get(invite.channel_id)
    if snapshot is None or snapshot.guild is None or channel is None:
        raise Refused(UNKNOWN_INVITE)
    counts = len(snapshot.members), len(snapshot.presences)
    return await _object(
        world, invite, snapshot.guild, channel, counts=counts if query.with_counts else None
    )


@operation("POST", "/invites/{code}", commits=True, rate=Rate(10, per=60))
async def accept_invite(here: AsGuest, code: str) -> InviteObject:
    """Become a member of the guild that an invite leads to; who is one uses nothing up."""
    world, guild, me = here.world, here.guild, here.who.user_id
    # In the turn of the guild: of two who come at once the second sees what the first used.
    invite = await world.directory.invite(code)
    if invite is None or invite.lapsed(world.wall_ms()):
        raise Refused(UNKNOWN_INVITE)
    channel = here.snapshot.channels.get(invite.channel_id)
    if channel is None or "INVITES_DISABLED" in guild.features:
        raise Refused(UNKNOWN_INVITE)
    counts = len(here.snapshot.members), len(here.snapshot.presences)
    if here.member is None:
        await _may_join(here, me)
        await world.load_users([me])
        here.tell((), save=[world.user(me)])
        member = Member(
            guild_id=guild.id,
            user_id=me,
            joined_at_ms=world.wall_ms(),
            temporary=invite.temporary,
        )
        used = replace(invite, uses=invite.uses + 1)
        gone = used.lapsed(world.wall_ms())
        await here.commit(
            save=[member],
            delete=[used] if gone else [],
            beside=[] if gone else [used],
            tell=[GuildMemberAdd(member)],
        )
        await greet(here, member)
    shown = await _object(world, invite, guild, channel, counts=counts)
    shown.new_member = here.member is None
    return shown


@operation("DELETE", "/invites/{code}", commits=True)
async def invite_revoke(here: ByInvite, code: str) -> InviteObject:
    """Take an invite back, with MANAGE_CHANNELS in its channel or MANAGE_GUILD."""
    invite = await here.world.directory.invite(code)
    channel = None if invite is None else here.snapshot.channels.get(invite.channel_id)
    if invite is None or channel is None:
        raise Refused(UNKNOWN_INVITE)
    if not here.may(P.MANAGE_GUILD):
        there = here.permissions_in(channel)
        if not there & P.MANAGE_CHANNELS or not there & P.VIEW_CHANNEL:
            raise Refused(MISSING_PERMISSIONS)
    shown = await _object(here.world, invite, here.guild, channel)
    await here.commit(
        delete=[invite],
        audit=[Audit(AuditAction.INVITE_DELETE, None, _changes(invite, None))],
        tell=[InviteDelete(invite)],
    )
    return shown


async def greet(here: InGuild, member: Member) -> None:
    """Write into the system channel that somebody joined, where the guild wants that."""
    guild, world = here.guild, here.world
    channel = here.snapshot.channels.get(guild.system_channel_id or 0)
    if channel is None or channel.type not in TEXT_CHANNELS:
        return
    if guild.system_channel_flags & NO_JOIN_MESSAGES:
        return
    message = Message(
        id=world.make_id(),
        channel_id=channel.id,
        author_id=member.user_id,
        type=MessageType.USER_JOIN,
        content="",
    )
    entry = Entry(Kind.CREATE, channel.id, message.id, encode(message))
    with suppress(Refused):  # A full disk keeps nobody out.
        await world.post(here.home, entry, MessageCreate(message))


async def _may_join(here: InGuild, user_id: int) -> None:
    directory = here.world.directory
    if await directory.bans_among(here.guild.id, [user_id]):
        raise Refused(BANNED)
    if len(here.snapshot.members) >= MOST_MEMBERS:
        raise Refused(MAX_MEMBERS)
    if len(await directory.guilds_of(user_id)) >= MOST_GUILDS:
        raise Refused(MAX_GUILDS)


async def _alive(here: InGuild) -> list[Invite]:
    """The guild's invites that lead to a channel; one may be newer than the caller's snapshot."""
    now = here.world.wall_ms()
    known = await here.world.directory.invites_of(here.guild.id)
    inviters = {invite.inviter_id for invite in known if invite.inviter_id is not None}
    await here.world.load_users(inviters)
    channels = here.snapshot.channels
    return [each for each in known if not each.lapsed(now) and each.channel_id in channels]


async def _shown(here: InGuild, invite: Invite, *, with_metadata: bool = True) -> InviteObject:
    channel = here.snapshot.channels[invite.channel_id]
    return await _object(here.world, invite, here.guild, channel, with_metadata=with_metadata)


async def _object(
    world: World,
    invite: Invite,
    guild: Guild,
    channel: Channel,
    *,
    counts: tuple[int, int] | None = None,
    with_metadata: bool = False,
) -> InviteObject:
    inviter = None
    if invite.inviter_id is not None:
        await world.load_users([invite.inviter_id])
        inviter = world.user(invite.inviter_id)
    return invite_object(
        invite, guild, channel, inviter, counts=counts, with_metadata=with_metadata
    )


def _changes(before: Invite | None, after: Invite | None) -> list[Change]:
    one = before or after
    assert one is not None
    values = {
        "code": one.code,
        "channel_id": str(one.channel_id),
        "inviter_id": None if one.inviter_id is None else str(one.inviter_id),
        "uses": one.uses,
        "max_uses": one.max_uses,
        "max_age": one.max_age_s,
        "temporary": one.temporary,
    }
    if after is None:
        return [Change(key, value, None) for key, value in values.items()]
    return [Change(key, None, value) for key, value in values.items()]
