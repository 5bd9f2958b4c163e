"""The order of channels and roles, changed for many at once (Discord reference, "Guild")."""

from collections import Counter
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.channels import (
    MOST_CHANNELS,
    MOST_CHANNELS_PER_CATEGORY,
    category_of,
    may_overwrite,
    overwrite_audits,
    update_audits,
)
from hearth.actions.roles import MOST_ROLES, may_change, shown_changes
from hearth.actions.scopes import Audit, InGuild
from hearth.core.commits import Noun
from hearth.core.errors import (
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_ROLE,
    Refused,
    invalid_form,
)
from hearth.core.events import ChannelUpdate, Event, GuildRoleUpdate
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import Channel
from hearth.core.models.positions import ChannelPosition, RolePosition
from hearth.core.models.roles import Role, RoleObject, role_object
from hearth.core.operations import operation
from hearth.core.permissions import P, outranks


@operation("PATCH", "/guilds/{guild_id}/roles", needs=P.MANAGE_ROLES, commits=True)
async def bulk_update_guild_roles(here: InGuild, body: list[RolePosition]) -> list[RoleObject]:
    """Move roles, none from or to above one's own highest; gives all roles."""
    _must_be_few(len(body), MOST_ROLES)
    roles = here.snapshot.roles
    moved: dict[int, Role] = {}
    for index, each in enumerate(body):
        if each.id is None or each.position is None:
            continue
        before = roles.get(each.id)
        if before is None:
            raise Refused(UNKNOWN_ROLE)
        may_change(here, before)
        if before.id == here.guild.id:
            if each.position:
                text = "The role of everybody is the lowest."
                raise invalid_form(((index, "position"), "ROLE_POSITION_INVALID", text))
            continue
        after = replace(before, position=max(each.position, 1))
        if here.member is not None and not outranks(here.snapshot, here.member, after):
            raise Refused(MISSING_PERMISSIONS)
        moved[each.id] = after
    changed = [role for role in moved.values() if role != roles[role.id]]
    if changed:
        await here.commit(
            save=changed,
            audit=[
                Audit(AuditAction.ROLE_UPDATE, role.id, shown_changes(roles[role.id], role))
                for role in changed
            ],
            tell=[GuildRoleUpdate(role) for role in changed],
        )
    return [role_object(moved.get(role.id, role)) for role in roles.values()]


@operation("GET", "/guilds/{guild_id}/roles/member-counts")
async def guild_role_member_counts(here: InGuild) -> dict[str, int]:
    """How many members have each role; @everyone is left out."""
    counts = {role_id: 0 for role_id in here.snapshot.roles if role_id != here.guild.id}
    for member in here.snapshot.members.values():
        for role_id in member.roles:
            if role_id in counts:
                counts[role_id] += 1
    return {str(role_id): count for role_id, count in counts.items()}


@operation("PATCH", "/guilds/{guild_id}/channels", needs=P.MANAGE_CHANNELS, commits=True)
async def bulk_update_guild_channels(here: InGuild, body: list[ChannelPosition]) -> None:
    """Move channels within and between categories, all or none."""
    _must_be_few(len(body), MOST_CHANNELS)
    channels = here.snapshot.channels
    moved: dict[int, Channel] = {}
    for index, each in enumerate(body):
        if each.id is None:
            continue
        before = channels.get(each.id)
        if before is None or before.is_thread:
            raise Refused(UNKNOWN_CHANNEL)
        there = here.permissions_in(before)
        if not there & P.VIEW_CHANNEL or not there & P.MANAGE_CHANNELS:
            raise Refused(MISSING_PERMISSIONS)
        values: dict[str, Any] = {}
        if each.position is not UNSET and each.position is not None:
            values["position"] = each.position
        if each.parent_id is not UNSET and each.parent_id != before.parent_id:
            values["parent_id"] = each.parent_id
            category_of(here, each.parent_id, before.type, (index, "parent_id"))
        after = replace(moved.get(each.id, before), **values)
        if each.lock_permissions and after.parent_id is not None:
            if not there & P.MANAGE_ROLES:
                raise Refused(MISSING_PERMISSIONS)
            overwrites = channels[after.parent_id].overwrites
            may_overwrite(here, before, overwrites)
            after = replace(after, overwrites=overwrites)
        moved[each.id] = after
    _must_fit(here, moved)
    save: list[Noun] = []
    audit: list[Audit] = []
    tell: list[Event] = []
    for channel_id, after in moved.items():
        before = channels[channel_id]
        if after != before:
            save.append(after)
            audit += [*update_audits(before, after), *overwrite_audits(here, before, after)]
            tell.append(ChannelUpdate(after))
    if save:
        await here.commit(save=save, audit=audit, tell=tell)


def _must_be_few(count: int, most: int) -> None:
    """Refuse to look at more than a guild can have: each costs time, and a body has room."""
    if count > most:
        text = f"Must be {most} or fewer in length."
        raise invalid_form(((), "BASE_TYPE_MAX_LENGTH", text))


def _must_fit(here: InGuild, moved: dict[int, Channel]) -> None:
    """Refuse when more come into a category together than each alone would."""
    after = [moved.get(each.id, each) for each in here.snapshot.channels.values()]
    held = Counter(each.parent_id for each in after if not each.is_thread)
    for parent_id in {each.parent_id for each in moved.values()} - {None}:
        if held[parent_id] > MOST_CHANNELS_PER_CATEGORY:
            code, text = "CHANNEL_PARENT_MAX_CHANNELS", "Maximum number of channels in category"
            raise invalid_form((("parent_id",), code, f"{text} reached (50)"))
