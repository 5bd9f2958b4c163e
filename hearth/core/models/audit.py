"""Audit log entries (Discord reference, "Audit log resource")."""

from enum import IntEnum
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from hearth.core.models.users import UserObject
from hearth.core.wire import Snowflake


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
    MEMBER_MOVE = 26
    MEMBER_DISCONNECT = 27
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
    STAGE_INSTANCE_CREATE = 83
    STAGE_INSTANCE_UPDATE = 84
    STAGE_INSTANCE_DELETE = 85
    STICKER_CREATE = 90
    STICKER_UPDATE = 91
    STICKER_DELETE = 92
    VOICE_CHANNEL_STATUS_UPDATE = 192
    VOICE_CHANNEL_STATUS_DELETE = 193


TARGETS_USER = frozenset({20, 22, 23, 24, 25, 28, 72})
"""The actions whose target is a user."""


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


class AuditLogObject(Struct, gc=False, kw_only=True):
    """Entries, and what they name. What Hearth does not have is an empty list."""

    audit_log_entries: list[AuditEntryObject]
    users: list[UserObject]
    integrations: tuple[Any, ...] = ()
    webhooks: tuple[Any, ...] = ()
    guild_scheduled_events: tuple[Any, ...] = ()
    threads: tuple[Any, ...] = ()
    application_commands: tuple[Any, ...] = ()
    auto_moderation_rules: tuple[Any, ...] = ()


class AuditLogQuery(Struct, kw_only=True):
    """Query of list_guild_audit_log_entries."""

    user_id: Snowflake | None = None
    target_id: Snowflake | None = None
    action_type: Annotated[int, Meta(ge=0, le=1000)] | None = None
    before: Snowflake | None = None
    after: Snowflake | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
