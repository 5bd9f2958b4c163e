"""Audit log entries (Discord reference, "Audit log resource")."""

from enum import IntEnum

from msgspec import UNSET, Raw, Struct, UnsetType


class AuditAction(IntEnum):
    """Discord's audit log events that Hearth writes today."""

    GUILD_UPDATE = 1
    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    CHANNEL_OVERWRITE_CREATE = 13
    CHANNEL_OVERWRITE_UPDATE = 14
    CHANNEL_OVERWRITE_DELETE = 15
    MEMBER_KICK = 20
    MEMBER_BAN_ADD = 22
    MEMBER_BAN_REMOVE = 23
    MEMBER_UPDATE = 24
    MEMBER_ROLE_UPDATE = 25
    BOT_ADD = 28
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    INVITE_CREATE = 40
    INVITE_UPDATE = 41
    INVITE_DELETE = 42
    EMOJI_CREATE = 60
    EMOJI_UPDATE = 61
    EMOJI_DELETE = 62
    MESSAGE_DELETE = 72
    MESSAGE_BULK_DELETE = 73
    MESSAGE_PIN = 74
    MESSAGE_UNPIN = 75


class AuditEntry(Struct, frozen=True, gc=False, kw_only=True):
    """Who did what to whom in a guild. `changes` and `options` are JSON as the API shows them.

    `user_id` is None when the server's own operator acted.
    """

    id: int
    guild_id: int
    user_id: int | None
    action_type: int
    target_id: int | None
    changes: bytes | None = None
    options: bytes | None = None
    reason: str | None = None


class AuditEntryObject(Struct, gc=False, kw_only=True):
    """An audit log entry; `guild_id` is there only in events."""

    id: str
    action_type: int
    user_id: str | None
    target_id: str | None
    changes: Raw | UnsetType = UNSET
    options: Raw | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    guild_id: str | UnsetType = UNSET


def audit_entry_object(entry: AuditEntry, *, in_event: bool = False) -> AuditEntryObject:
    """An audit log entry, with the guild's id when it is `in_event`."""
    return AuditEntryObject(
        id=str(entry.id),
        action_type=entry.action_type,
        user_id=None if entry.user_id is None else str(entry.user_id),
        target_id=None if entry.target_id is None else str(entry.target_id),
        changes=UNSET if entry.changes is None else Raw(entry.changes),
        options=UNSET if entry.options is None else Raw(entry.options),
        reason=UNSET if entry.reason is None else entry.reason,
        guild_id=str(entry.guild_id) if in_event else UNSET,
    )
