"""Audit log entries (Discord reference, "Audit log resource")."""

from enum import IntEnum

from msgspec import Struct


class AuditAction(IntEnum):
    """Discord's audit log events that Hearth writes today."""

    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    CHANNEL_OVERWRITE_CREATE = 13
    CHANNEL_OVERWRITE_UPDATE = 14
    CHANNEL_OVERWRITE_DELETE = 15
    MEMBER_KICK = 20
    MEMBER_UPDATE = 24
    MEMBER_ROLE_UPDATE = 25
    BOT_ADD = 28
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    MESSAGE_DELETE = 72


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
