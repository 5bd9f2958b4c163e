"""Members of a guild: read, change, remove (Discord reference, "Guild resource")."""

import asyncio
from collections.abc import Sequence
from heapq import nsmallest
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.assets import PICTURE_BODY_BYTES, set_picture
from hearth.actions.roles import check_role_change, role_audit
from hearth.actions.scopes import Audit, InGuild
from hearth.actions.voice import Moderated
from hearth.core.commits import Noun
from hearth.core.errors import (
    CANNOT_TIME_OUT,
    FEATURE_DISABLED,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_MEMBER,
    Refused,
    invalid_form,
)
from hearth.core.events import GuildMemberRemove, GuildMemberUpdate
from hearth.core.limits import Rate
from hearth.core.models.audit import AuditAction
from hearth.core.models.members import (
    MAX_TIMEOUT_MS,
    TIMEOUT_TOO_LONG,
    Member,
    MemberObject,
    MemberPatch,
    MemberPut,
    MemberSearchQuery,
    MembersQuery,
    MyMemberPatch,
    MyNick,
    member_object,
)
from hearth.core.operations import operation
from hearth.core.patch import Change, changes
from hearth.core.permissions import P, outranks, resolve
from hearth.core.wire import timestamp

MEMBERS_INTENT_FLAGS = 1 << 14 | 1 << 15
"""Flags of an application, of which either lets it have the intent GUILD_MEMBERS."""

SLICE = 2000
"""So many members are looked at in one step of the loop."""


@operation("GET", "/guilds/{guild_id}/members/{user_id}")
async def get_guild_member(here: InGuild, user_id: int) -> MemberObject:
    """One member."""
    return member_object(here.member_of(user_id), here.home.user(user_id))


@operation("PATCH", "/guilds/{guild_id}/members/{user_id}", commits=True)
async def update_guild_member(here: InGuild, user_id: int, body: MemberPatch) -> MemberObject:
    """Change a member: each field needs its own permission, and rank."""
    member = here.member_of(user_id)
    values: dict[str, Any] = {}
    if body.nick is not UNSET:
        itself = here.member is not None and here.member.user_id == user_id
        here.require(P.CHANGE_NICKNAME if itself else P.MANAGE_NICKNAMES)
        if not itself:
            _must_outrank(here, member)
        values["nick"] = body.nick or None
    moderated = Moderated(here, member, body)
    values.update(moderated.values)
    if body.communication_disabled_until is not UNSET:
        here.require(P.MODERATE_MEMBERS)
        values["communication_disabled_until_ms"] = _timeout(here, member, body)
    if body.flags is not UNSET:
        if not here.permissions & (P.MANAGE_GUILD | P.MANAGE_ROLES) and not here.may(
            P.MODERATE_MEMBERS | P.KICK_MEMBERS | P.BAN_MEMBERS
        ):
            raise Refused(MISSING_PERMISSIONS)
        # Of a member's flags only BYPASSES_VERIFICATION can be set.
        values["flags"] = (member.flags & ~4) | ((body.flags or 0) & 4)
    given, taken = [], []
    if body.roles is not UNSET:
        here.require(P.MANAGE_ROLES)
        wanted = set(body.roles or ()) - {here.guild.id}
        unknown = [role_id for role_id in wanted if role_id not in here.snapshot.roles]
        if unknown:
            raise invalid_form((("roles",), "ROLE_UNKNOWN", f"Unknown role {unknown[0]}."))
        roles = tuple(sorted(wanted))
        given, taken = check_role_change(here, member.roles, roles)
        values["roles"] = roles
    after = replace(member, **values)
    if after != member:
        audit: list[Audit] = []
        shown = _shown(member, after)
        if shown:
            audit.append(Audit(AuditAction.MEMBER_UPDATE, user_id, shown))
        if given or taken:
            audit.append(role_audit(member, given, taken))
        tell = [GuildMemberUpdate(after), *moderated.told()]
        await here.commit(save=[after], audit=audit, tell=tell)
    await moderated.move(here)
    return member_object(after, here.home.user(user_id))


@operation("DELETE", "/guilds/{guild_id}/members/{user_id}", needs=P.KICK_MEMBERS, commits=True)
async def delete_guild_member(here: InGuild, user_id: int) -> None:
    """Remove a member, who may come back by an invite."""
    member = here.member_of(user_id)
    _must_outrank(here, member)
    await here.commit(
        delete=[member],
        audit=[Audit(AuditAction.MEMBER_KICK, user_id)],
        tell=[GuildMemberRemove(member)],
    )


def _timeout(here: InGuild, member: Member, body: MemberPatch) -> int | None:
    until_ms = body.until_ms
    if until_ms is not None and until_ms > here.world.wall_ms() + MAX_TIMEOUT_MS:
        raise invalid_form(TIMEOUT_TOO_LONG)
    permissions = resolve(here.snapshot, member, None, here.world.wall_ms())
    if until_ms is not None and (
        permissions & P.ADMINISTRATOR or member.user_id == here.guild.owner_id
    ):
        raise Refused(CANNOT_TIME_OUT)
    _must_outrank(here, member)
    return until_ms


def _must_outrank(here: InGuild, member: Member) -> None:
    if here.member is not None and not outranks(here.snapshot, here.member, member):
        raise Refused(MISSING_PERMISSIONS)


def _shown(before: Member, after: Member) -> list[Change]:
    shown = changes(before, after, ("nick", "flags", "mute", "deaf"))
    old, new = before.communication_disabled_until_ms, after.communication_disabled_until_ms
    shown.append(
        Change(
            "communication_disabled_until",
            None if old is None else timestamp(old),
            None if new is None else timestamp(new),
        )
    )
    return [change for change in shown if change.moved]


@operation("GET", "/users/@me/guilds/{guild_id}/member")
async def get_my_guild_member(here: InGuild) -> MemberObject:
    """Who the caller is in a guild."""
    return _myself(here, _me(here))


@operation("PATCH", "/guilds/{guild_id}/members/@me", commits=True, body_bytes=PICTURE_BODY_BYTES)
async def update_my_guild_member(here: InGuild, body: MyMemberPatch) -> MemberObject:
    """Change one's own name here, with CHANGE_NICKNAME, and what one says of oneself."""
    values: dict[str, Any] = {}
    if body.nick is not UNSET:
        values["nick"] = body.nick or None
    if body.bio is not UNSET:
        values["bio"] = body.bio or None
    beside: list[Noun] = []
    delete: list[Noun] = []
    for name, wish in (("avatar", body.avatar), ("banner", body.banner)):
        if wish is not UNSET:
            who = {"guild_id": here.guild.id, "user_id": _me(here).user_id}
            path = f"guilds/{who['guild_id']}/users/{who['user_id']}/{name}s"
            made = await set_picture(here.world, name, wish, path, **who)
            values[name] = made.hash
            beside += made.save
            delete += made.delete
    return _myself(here, await _change_myself(here, values, beside, delete))


@operation("PATCH", "/guilds/{guild_id}/members/@me/nick", commits=True)
async def update_my_nick(here: InGuild, body: MyNick) -> MyNick:
    """Change one's own name here, the older way."""
    values = {} if body.nick is UNSET else {"nick": body.nick or None}
    return MyNick(nick=(await _change_myself(here, values)).nick)


async def _change_myself(
    here: InGuild,
    values: dict[str, Any],
    beside: Sequence[Noun] = (),
    delete: Sequence[Noun] = (),
) -> Member:
    member = _me(here)
    if "nick" in values:
        here.require(P.CHANGE_NICKNAME)
    after = replace(member, **values)
    if after != member:
        shown = _shown(member, after)
        audit = [Audit(AuditAction.MEMBER_UPDATE, member.user_id, shown)] if shown else []
        tell = [GuildMemberUpdate(after)]
        await here.commit(save=[after], delete=delete, audit=audit, tell=tell, beside=beside)
    return after


def _me(here: InGuild) -> Member:
    if here.member is None:
        raise Refused(UNKNOWN_MEMBER)
    return here.member


def _myself(here: InGuild, member: Member) -> MemberObject:
    return member_object(member, here.home.user(member.user_id))


@operation("GET", "/guilds/{guild_id}/members", rate=Rate(10, per=10))
async def list_guild_members(here: InGuild, query: MembersQuery) -> list[MemberObject]:
    """Members by id; for bots that may have the intent GUILD_MEMBERS."""
    if here.who.kind == "bot":
        application = await here.world.directory.application_of(here.who.user_id)
        if application is None or not application.flags & MEMBERS_INTENT_FLAGS:
            raise Refused(MISSING_ACCESS)
    after = query.after
    found = nsmallest(query.limit, (i for i in here.snapshot.members if i > after))
    return [_myself(here, here.snapshot.members[user_id]) for user_id in found]


@operation("GET", "/guilds/{guild_id}/members/search", rate=Rate(10, per=10))
async def search_guild_members(here: InGuild, query: MemberSearchQuery) -> list[MemberObject]:
    """Members whose username, display name or name here begins with a text."""
    return [_myself(here, each) for each in await members_named(here, query.query, query.limit)]


async def members_named(here: InGuild, start: str, most: int) -> list[Member]:
    """Up to `most` members whose username, display name or name here begins with `start`.

    The loop gets its turn in between: a large guild takes tens of milliseconds.
    """
    start = start.casefold()
    found: list[Member] = []
    # A copy, for members may come and go meanwhile.
    for number, member in enumerate(list(here.snapshot.members.values()), 1):
        user = here.home.user(member.user_id)
        names = (user.username, user.global_name or "", member.nick or "")
        if any(name.casefold().startswith(start) for name in names):
            found.append(member)
            if len(found) == most:
                break
        if number % SLICE == 0:
            await asyncio.sleep(0)
    return found


@operation("PUT", "/guilds/{guild_id}/members/{user_id}", commits=True, status=201)
async def add_guild_member(here: InGuild, user_id: int, body: MemberPut) -> MemberObject:
    """Add a user who has allowed an application to do so: not before OAuth2."""
    raise Refused(FEATURE_DISABLED)
