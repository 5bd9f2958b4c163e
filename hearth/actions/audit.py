"""The audit log, read (Discord reference, "Audit log resource")."""

from hearth.actions.scopes import InGuild
from hearth.core.models.audit import (
    TARGETS_USER,
    AuditLogObject,
    AuditLogQuery,
    audit_entry_object,
)
from hearth.core.models.users import user_object
from hearth.core.operations import operation
from hearth.core.permissions import P


@operation("GET", "/guilds/{guild_id}/audit-logs", needs=P.VIEW_AUDIT_LOG)
async def list_guild_audit_log_entries(here: InGuild, query: AuditLogQuery) -> AuditLogObject:
    """Who did what, the newest first; with `after` the oldest first. Users come along."""
    world = here.world
    entries = await world.directory.audit_entries(
        here.guild.id,
        query.limit,
        before=query.before,
        after=query.after,
        user_id=query.user_id,
        action_type=query.action_type,
        target_id=query.target_id,
    )
    named = {entry.user_id for entry in entries if entry.user_id is not None}
    named |= {
        entry.target_id
        for entry in entries
        if entry.target_id is not None and entry.action_type in TARGETS_USER
    }
    await world.load_users(named)
    return AuditLogObject(
        audit_log_entries=[audit_entry_object(entry) for entry in entries],
        users=[user_object(world.user(user_id)) for user_id in sorted(named)],
    )
