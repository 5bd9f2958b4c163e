"""Members of a guild: read, change, remove (Discord reference, "Guild resource")."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.roles import check_role_change, role_audit
from hearth.actions.scopes import Audit, InGuild
from hearth.core.errors import (
    CANNOT_TIME_OUT,
    MISSING_PERMISSIONS,
    Refused,
    invalid_form,
)
from hearth.core.events import GuildMemberRemove, GuildMemberUpdate
from hearth.core.models.audit import AuditAction
from hearth.core.models.members import (
    MAX_TIMEOUT_MS,
    TIMEOUT_TOO_LONG,
    Member,
    MemberObject,
    MemberPatch,
    member_object,
)
from hearth.core.operations import operation
from hearth.core.patch import Change, changes
from hearth.core.permissions import P, outranks, resolve
from hearth.core.wire import timestamp


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
    for name in ("mute", "deaf"):
        value = getattr(body, name)
        if value is not UNSET:
            here.require(P.MUTE_MEMBERS if name == "mute" else P.DEAFEN_MEMBERS)
    if body.channel_id is not UNSET:
        here.require(P.MOVE_MEMBERS)
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
        await here.commit(save=[after], audit=audit, tell=[GuildMemberUpdate(after)])
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
    shown = changes(before, after, ("nick", "flags"))
    old, new = before.communication_disabled_until_ms, after.communication_disabled_until_ms
    shown.append(
        Change(
            "communication_disabled_until",
            None if old is None else timestamp(old),
            None if new is None else timestamp(new),
        )
    )
    return [change for change in shown if change.moved]
