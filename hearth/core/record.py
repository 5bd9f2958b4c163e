"""The stored form of a message: one version byte, then a msgpack array of its fields.

Golden files under tests/unit/golden keep a record of every form ever written; each of them is
readable for ever.
"""

from functools import lru_cache

import msgspec

from hearth.core.models.messages import Message

VERSION = 1
"""First byte of every record written now; a new one is needed only if fields cease to append."""

_FIRST = bytes([VERSION])
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class BadRecord(ValueError):
    """Stored bytes that are no message: damaged, or written by a version unknown here."""


def encode(message: Message) -> bytes:
    """The bytes that keep `message`."""
    return _FIRST + _encode(message)


@lru_cache(2048)
def decode(record: bytes) -> Message:
    """The message that `record` keeps; the last ones are remembered.

    A message is read soon after it was written, by those who index and count it and by many readers
    of the newest page.
    Fields that an older record lacks get their defaults; those that a later one adds are left out.
    Raises `BadRecord`.
    """
    if record[:1] != _FIRST:
        if not record:
            raise BadRecord("the message record is empty")
        raise BadRecord(f"message record version {record[0]} is unknown; this Hearth reads 1")
    try:
        return _decode(record[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecord(f"the message record is damaged: {error}") from error
