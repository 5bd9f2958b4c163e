"""Bans: who may not come into a guild (Discord reference, "Guild resource")."""

import asyncio

from hearth.actions.messages import readable
from hearth.actions.scopes import Audit, InGuild
from hearth.core.commits import Noun
from hearth.core.errors import (
    MISSING_PERMISSIONS,
    NOBODY_BANNED,
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
    BulkBan,
    BulkBanObject,
    ban_object,
)
from hearth.core.operations import operation
from hearth.core.permissions import P, outranks
from hearth.core.ports import Entry, Kind, Missing

PAGE = 100
"""So many messages are looked through at a time."""


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
    if not await here.world.directory.bans_among(here.guild.id, [user_id]):
        await _add(here, [user_id])
    _sweep(here, [user_id], body.delete_s)


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
    await _add(here, banned)
    _sweep(here, banned, body.delete_message_seconds or 0)
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


async def _add(here: InGuild, user_ids: list[int]) -> None:
    """Ban users in one commit."""
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
    )


def _sweep(here: InGuild, user_ids: list[int], seconds: int) -> None:
    """Delete what users wrote in the last `seconds`, in the background."""
    if seconds:
        oldest = first_id(here.world.wall_ms() - seconds * 1000)
        here.world.tasks.start(_delete_since(here, frozenset(user_ids), oldest), name="ban-sweep")


async def _delete_since(here: InGuild, authors: frozenset[int], oldest: int) -> None:
    """Delete the authors' messages from the id `oldest` on, a page of a channel at a time."""
    log = here.world.log
    for channel_id in list(here.snapshot.channels):
        before = log.last_id(channel_id)
        before = None if before is None else before + 1
        while before is not None and before > oldest:
            page = await log.page(channel_id, PAGE, before=before)
            messages = [each for each in map(readable, page) if each is not None]
            own = [each.id for each in messages if each.author_id in authors]
            await delete_messages(here, channel_id, [each for each in own if each >= oldest])
            before = messages[-1].id if len(page) == PAGE and messages else None


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
