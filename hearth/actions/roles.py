"""Roles and who has them (Discord reference, "Guild resource", "Permissions")."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.assets import MOST_ICON_BYTES, PICTURE_BODY_BYTES, Set, set_picture
from hearth.actions.scopes import Audit, InGuild
from hearth.core.commits import Noun
from hearth.core.errors import (
    INVALID_ROLE,
    MAX_ROLES,
    MISSING_PERMISSIONS,
    UNKNOWN_ROLE,
    Refused,
)
from hearth.core.events import (
    ChannelUpdate,
    Event,
    GuildMemberUpdate,
    GuildRoleCreate,
    GuildRoleDelete,
    GuildRoleUpdate,
)
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import OverwriteType
from hearth.core.models.members import Member
from hearth.core.models.roles import Role, RoleCreate, RoleObject, RolePatch, role_object
from hearth.core.operations import operation
from hearth.core.patch import Change, changes
from hearth.core.permissions import ALL, P, outranks

MOST_ROLES = 250

AUDITED = (
    "name",
    "permissions",
    "position",
    "color",
    "hoist",
    "mentionable",
    "icon",
    "unicode_emoji",
)


@operation("GET", "/guilds/{guild_id}/roles")
async def list_guild_roles(here: InGuild) -> list[RoleObject]:
    """The guild's roles."""
    return [role_object(role) for role in here.snapshot.roles.values()]


@operation("GET", "/guilds/{guild_id}/roles/{role_id}")
async def get_guild_role(here: InGuild, role_id: int) -> RoleObject:
    """One role."""
    return role_object(here.role(role_id, UNKNOWN_ROLE))


@operation(
    "POST",
    "/guilds/{guild_id}/roles",
    needs=P.MANAGE_ROLES,
    commits=True,
    body_bytes=PICTURE_BODY_BYTES,
)
async def create_guild_role(here: InGuild, body: RoleCreate) -> RoleObject:
    """Make a role just above @everyone."""
    if len(here.snapshot.roles) >= MOST_ROLES:
        raise Refused(MAX_ROLES)
    guild = here.guild
    values = body.values()
    values.setdefault("name", "new role")
    values.setdefault("permissions", here.snapshot.roles[guild.id].permissions)
    values["permissions"] &= ALL
    _may_give(here, values["permissions"])
    role = Role(id=here.world.make_id(), guild_id=guild.id, position=1, **values)
    icon = await _icon(here, role, body)
    role = replace(role, icon=icon.hash)
    await here.commit(
        save=[role],
        beside=icon.save,
        audit=[Audit(AuditAction.ROLE_CREATE, role.id, shown_changes(None, role))],
        tell=[GuildRoleCreate(role)],
    )
    return role_object(role)


@operation(
    "PATCH",
    "/guilds/{guild_id}/roles/{role_id}",
    needs=P.MANAGE_ROLES,
    commits=True,
    body_bytes=PICTURE_BODY_BYTES,
)
async def update_guild_role(here: InGuild, role_id: int, body: RolePatch) -> RoleObject:
    """Change a role below one's own highest."""
    before = here.role(role_id, UNKNOWN_ROLE)
    may_change(here, before)
    values = body.values()
    if role_id == here.guild.id:
        # @everyone has permissions and nothing else.
        values = {name: value for name, value in values.items() if name == "permissions"}
    if "permissions" in values:
        values["permissions"] &= ALL
        _may_give(here, values["permissions"] & ~before.permissions)
    after = replace(before, **values)
    icon = Set(before.icon, [], [])
    if role_id != here.guild.id:
        icon = await _icon(here, after, body)
        after = replace(after, icon=icon.hash)
    if after != before:
        await here.commit(
            save=[after],
            delete=icon.delete,
            beside=icon.save,
            audit=[Audit(AuditAction.ROLE_UPDATE, role_id, shown_changes(before, after))],
            tell=[GuildRoleUpdate(after)],
        )
    return role_object(after)


async def _icon(here: InGuild, role: Role, body: RolePatch) -> Set:
    """The role's icon as it is asked for."""
    if body.icon is UNSET:
        return Set(role.icon, [], [])
    path = f"role-icons/{role.id}"
    return await set_picture(
        here.world, "icon", body.icon, path, most=MOST_ICON_BYTES, role_id=role.id
    )


@operation("DELETE", "/guilds/{guild_id}/roles/{role_id}", needs=P.MANAGE_ROLES, commits=True)
async def delete_guild_role(here: InGuild, role_id: int) -> None:
    """Delete a role below one's own highest; members and overwrites lose it with it."""
    role = here.role(role_id, UNKNOWN_ROLE)
    if role_id == here.guild.id or role.managed:
        raise Refused(INVALID_ROLE)
    may_change(here, role)
    save: list[Noun] = []
    tell: list[Event] = [GuildRoleDelete(role_id)]
    for member in here.snapshot.members.values():
        if role_id in member.roles:
            left = tuple(held for held in member.roles if held != role_id)
            after = replace(member, roles=left)
            save.append(after)
            tell.append(GuildMemberUpdate(after))
    for channel in here.snapshot.channels.values():
        kept = tuple(
            overwrite
            for overwrite in channel.overwrites
            if overwrite.id != role_id or overwrite.type != OverwriteType.ROLE
        )
        if len(kept) != len(channel.overwrites):
            changed = replace(channel, overwrites=kept)
            save.append(changed)
            tell.append(ChannelUpdate(changed))
    await here.commit(
        save=save,
        delete=[role],
        audit=[Audit(AuditAction.ROLE_DELETE, role_id, shown_changes(role, None))],
        tell=tell,
    )


@operation(
    "PUT",
    "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
    needs=P.MANAGE_ROLES,
    commits=True,
)
async def add_guild_member_role(here: InGuild, user_id: int, role_id: int) -> None:
    """Give a member a role; nothing changes for one who has it."""
    member = here.member_of(user_id)
    role = _assignable(here, role_id)
    if role_id not in member.roles:
        await set_roles(here, member, tuple(sorted((*member.roles, role_id))), given=[role])


@operation(
    "DELETE",
    "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
    needs=P.MANAGE_ROLES,
    commits=True,
)
async def delete_guild_member_role(here: InGuild, user_id: int, role_id: int) -> None:
    """Take a role from a member; nothing changes for one who lacks it."""
    member = here.member_of(user_id)
    role = _assignable(here, role_id)
    if role_id in member.roles:
        left = tuple(held for held in member.roles if held != role_id)
        await set_roles(here, member, left, taken=[role])


async def set_roles(
    here: InGuild,
    member: Member,
    roles: tuple[int, ...],
    *,
    given: list[Role] | None = None,
    taken: list[Role] | None = None,
) -> Member:
    """Commit a member's new role set with its audit entry."""
    after = replace(member, roles=roles)
    await here.commit(
        save=[after],
        audit=[role_audit(member, given or [], taken or [])],
        tell=[GuildMemberUpdate(after)],
    )
    return after


def role_audit(member: Member, given: list[Role], taken: list[Role]) -> Audit:
    """The audit entry of a change of a member's roles."""
    shown: list[Change] = []
    for key, roles in (("$add", given), ("$remove", taken)):
        if roles:
            shown.append(Change(key, None, [{"id": str(r.id), "name": r.name} for r in roles]))
    return Audit(AuditAction.MEMBER_ROLE_UPDATE, member.user_id, shown)


def _assignable(here: InGuild, role_id: int) -> Role:
    """A role that the caller may give and take."""
    role = here.role(role_id, UNKNOWN_ROLE)
    if role_id == here.guild.id or role.managed:
        raise Refused(INVALID_ROLE)
    may_change(here, role)
    return role


def check_role_change(
    here: InGuild, before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[list[Role], list[Role]]:
    """The roles given and taken, each of which the caller may give and take."""
    given = [_assignable(here, role_id) for role_id in after if role_id not in before]
    taken = [_assignable(here, role_id) for role_id in before if role_id not in after]
    return given, taken


def may_change(here: InGuild, role: Role) -> None:
    """Raise 50013 unless the caller stands above the role."""
    if here.member is not None and not outranks(here.snapshot, here.member, role):
        raise Refused(MISSING_PERMISSIONS)


def _may_give(here: InGuild, permissions: int) -> None:
    """Nobody gives what they lack."""
    if permissions & ~here.permissions:
        raise Refused(MISSING_PERMISSIONS)


def shown_changes(before: Role | None, after: Role | None) -> list[Change]:
    """What differs between two states of a role, as the audit log shows it."""
    return [
        Change(c.key, _text(c.key, c.old), _text(c.key, c.new))
        for c in changes(before, after, AUDITED)
    ]


def _text(key: str, value: Any) -> Any:
    return str(value) if key == "permissions" and value is not None else value
