"""Bans: who may not come into a guild (Discord reference, "Guild resource")."""

import asyncio
from contextlib import suppress

from hearth.actions.gate import call
from hearth.actions.messages import readable
from hearth.actions.scopes import Audit, InGuild
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import (
    MISSING_PERMISSIONS,
    NOBODY_BANNED,
    UNAUTHORIZED,
    UNKNOWN_BAN,
    UNKNOWN_USER,
    Refused,
)
from hearth.core.events import Event, GuildMemberRemove
from hearth.core.guild_events import GuildBanAdd, GuildBanRemove
from hearth.core.ids import first_id
from hearth.core.limits import Rate
from hearth.core.message_events import MessageDeleteBulk
from hearth.core.models.audit import AuditAction
from hearth.core.models.bans import (
    Ban,
    BanObject,
    BanPut,
    BansQuery,
    BanSweep,
    BulkBan,
    BulkBanObject,
    ban_object,
)
from hearth.core.operations import OPERATIONS, SYSTEM, operation
from hearth.core.permissions import P, outranks
from hearth.core.ports import Entry, Kind, Missing

PAGE = 100
"""So many messages are looked through at a time."""

ON_ITS_WAY_MS = 5000
"""What is written while the ban is being made goes too."""


@operation("GET", "/guilds/{guild_id}/bans", needs=P.BAN_MEMBERS)
async def list_guild_bans(here: InGuild, query: BansQuery) -> list[BanObject]:
    """Who is banned, by user id."""
    bans = await here.world.directory.bans(
        here.guild.id,
        query.limit,
        before=query.before,
        after=None if query.before is not None else query.after,
    )
    await here.world.load_users([ban.user_id for ban in bans])
    return [ban_object(ban, here.home.user(ban.user_id)) for ban in bans]


@operation("GET", "/guilds/{guild_id}/bans/{user_id}", needs=P.BAN_MEMBERS)
async def get_guild_ban(here: InGuild, user_id: int) -> BanObject:
    """One ban."""
    ban = await _ban(here, user_id)
    await here.world.load_users([user_id])
    return ban_object(ban, here.home.user(user_id))


@operation("PUT", "/guilds/{guild_id}/bans/{user_id}", needs=P.BAN_MEMBERS, commits=True)
async def ban_user_from_guild(here: InGuild, user_id: int, body: BanPut) -> None:
    """Ban a user, a member or not; the messages of their last days go on request."""
    if not _may_ban(here, user_id):
        raise Refused(MISSING_PERMISSIONS)
    if not await _known(here, [user_id]):
        raise Refused(UNKNOWN_USER)
    sweeps = _sweeps(here, [user_id], body.delete_s)
    if not await here.world.directory.bans_among(here.guild.id, [user_id]):
        await _add(here, [user_id], sweeps)
    elif sweeps:
        await here.world.write(sweeps)
    _start(here, sweeps)


@operation(
    "POST",
    "/guilds/{guild_id}/bulk-ban",
    needs=P.BAN_MEMBERS | P.MANAGE_GUILD,
    commits=True,
    rate=Rate(5, per=60),
)
async def bulk_ban_users_from_guild(here: InGuild, body: BulkBan) -> BulkBanObject:
    """Ban up to 200 users at once; who cannot be banned, or is already, is named."""
    wanted = list(dict.fromkeys(body.user_ids))
    known = await _known(here, wanted)
    already = {ban.user_id for ban in await here.world.directory.bans_among(here.guild.id, wanted)}
    banned = [
        user_id
        for user_id in wanted
        if user_id in known and user_id not in already and _may_ban(here, user_id)
    ]
    if not banned:
        raise Refused(NOBODY_BANNED)
    sweeps = _sweeps(here, banned, body.delete_message_seconds or 0)
    await _add(here, banned, sweeps)
    _start(here, sweeps)
    return BulkBanObject(
        banned_users=[str(user_id) for user_id in banned],
        failed_users=[str(user_id) for user_id in wanted if user_id not in banned],
    )


@operation("DELETE", "/guilds/{guild_id}/bans/{user_id}", needs=P.BAN_MEMBERS, commits=True)
async def unban_user_from_guild(here: InGuild, user_id: int) -> None:
    """Lift a ban; the user needs an invite to come back."""
    ban = await _ban(here, user_id)
    await here.world.load_users([user_id])
    await here.commit(
        delete=[ban],
        audit=[Audit(AuditAction.MEMBER_BAN_REMOVE, user_id)],
        tell=[GuildBanRemove(ban)],
    )


async def _ban(here: InGuild, user_id: int) -> Ban:
    found = await here.world.directory.bans_among(here.guild.id, [user_id])
    if not found:
        raise Refused(UNKNOWN_BAN)
    return found[0]


async def _known(here: InGuild, user_ids: list[int]) -> set[int]:
    """Those of `user_ids` that are users, who are in memory after it."""
    await here.world.load_users(user_ids)
    return {user_id for user_id in user_ids if here.world.known_user(user_id) is not None}


def _may_ban(here: InGuild, user_id: int) -> bool:
    """Whether the caller stands above the user; nobody bans themselves."""
    member = here.snapshot.members.get(user_id)
    if here.member is None:
        # The operator may ban all but the owner, without whom a guild cannot be.
        return user_id != here.guild.owner_id
    return member is None or outranks(here.snapshot, here.member, member)


async def _add(here: InGuild, user_ids: list[int], sweeps: list[BanSweep]) -> None:
    """Ban users in one commit, which also keeps what is to be deleted of theirs."""
    bans = [Ban(guild_id=here.guild.id, user_id=i, reason=here.reason) for i in user_ids]
    # Followers show the user of GUILD_BAN_ADD, who may be no member.
    here.tell((), save=[here.home.user(user_id) for user_id in user_ids])
    delete: list[Noun] = []
    tell: list[Event] = []
    for ban in bans:
        member = here.snapshot.members.get(ban.user_id)
        if member is not None:
            delete.append(member)
            tell.append(GuildMemberRemove(member))
        tell.append(GuildBanAdd(ban))
    await here.commit(
        save=bans,
        delete=delete,
        audit=[Audit(AuditAction.MEMBER_BAN_ADD, user_id) for user_id in user_ids],
        tell=tell,
        beside=sweeps,
    )


def _sweeps(here: InGuild, user_ids: list[int], seconds: int) -> list[BanSweep]:
    """What is to be deleted of what users wrote in the last `seconds`."""
    if not seconds:
        return []
    now = here.world.wall_ms()
    oldest, newest = first_id(now - seconds * 1000), first_id(now + ON_ITS_WAY_MS)
    return [
        BanSweep(guild_id=here.guild.id, user_id=each, oldest=oldest, newest=newest)
        for each in user_ids
    ]


def _start(here: InGuild, sweeps: list[BanSweep]) -> None:
    """Delete in the background what is written down in `sweeps`."""
    if sweeps:
        here.world.tasks.start(_sweep(here, sweeps), name="ban-sweep")


async def resume_sweeps(world: World) -> None:
    """At the start: go on deleting what the banned wrote."""
    for guild_id in {each.guild_id for each in await world.directory.ban_sweeps()}:
        with suppress(Refused):  # A guild that is gone, or a full disk: then it is the next start.
            await call(world, OPERATIONS["sweep_banned"], SYSTEM, {"guild_id": guild_id})


@operation()
async def sweep_banned(here: InGuild) -> None:
    """Delete what is left to be deleted of the banned users' messages of a guild."""
    if here.who.kind != "system":
        raise Refused(UNAUTHORIZED)
    known = await here.world.directory.ban_sweeps()
    await _sweep(here, [each for each in known if each.guild_id == here.guild.id])


async def _sweep(here: InGuild, sweeps: list[BanSweep]) -> None:
    """Delete the messages that `sweeps` name, a page of a channel at a time; then the sweeps."""
    log, of = here.world.log, {each.user_id: each for each in sweeps}
    oldest = min(each.oldest for each in sweeps)
    for channel_id in list(here.snapshot.channels):
        before = log.last_id(channel_id)
        before = None if before is None else before + 1
        while before is not None and before > oldest:
            page = await log.page(channel_id, PAGE, before=before)
            messages = [each for each in map(readable, page) if each is not None]
            gone = [
                each.id
                for each in messages
                if (sweep := of.get(each.author_id)) is not None
                and sweep.oldest <= each.id <= sweep.newest
            ]
            await delete_messages(here, channel_id, gone)
            before = messages[-1].id if len(page) == PAGE and messages else None
    await here.world.write([], sweeps)


async def delete_messages(here: InGuild, channel_id: int, message_ids: list[int]) -> None:
    """Delete messages of a channel and tell of those that were still there."""
    world = here.world
    posted = [
        world.post(here.home, Entry(Kind.DELETE, channel_id, message_id))
        for message_id in message_ids
    ]
    outcomes = await asyncio.gather(*posted, return_exceptions=True)
    gone = [i for i, outcome in zip(message_ids, outcomes, strict=True) if outcome is None]
    if gone:
        world.publish(here.home, tell=[MessageDeleteBulk(channel_id, tuple(gone))])
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, Missing):
            raise outcome
