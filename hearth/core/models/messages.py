"""Messages as they are stored (Discord reference, "Message resource")."""

from enum import IntEnum

from msgspec import Struct


class MessageType(IntEnum):
    """Discord's message types that Hearth writes today."""

    DEFAULT = 0
    REPLY = 19


class MessageFlag(IntEnum):
    """Bits of a message's `flags`."""

    SUPPRESS_EMBEDS = 1 << 2
    SUPPRESS_NOTIFICATIONS = 1 << 12


class MessageReference(Struct, frozen=True, gc=False, array_like=True):
    """Which message another replies to."""

    channel_id: int
    message_id: int
    guild_id: int | None = None
    type: int = 0


class Message(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """A message as the log keeps it: ids, no objects, nothing that depends on reader or time.

    Fields are only ever appended, each with a default: a record of any earlier commit decodes.
    `embeds` is the JSON of the embeds as sent; `nonce` is not stored, it is the event's.
    """

    id: int
    channel_id: int
    author_id: int
    type: int
    content: str
    flags: int = 0
    edited_at_ms: int | None = None
    tts: bool = False
    mention_everyone: bool = False
    mentions: tuple[int, ...] = ()
    mention_roles: tuple[int, ...] = ()
    embeds: bytes | None = None
    reference: MessageReference | None = None
