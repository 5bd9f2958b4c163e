"""What can be wrong with the records and the journal of a log on LMDB, a sentence each."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

import lmdb

from hearth.core.models.messages import Message
from hearth.core.ports import Kind
from hearth.store.journal_lmdb import journal_row

_key = struct.Struct(">QQ")
_number = struct.Struct(">Q")


def faults(
    txn: "lmdb.Transaction[bytes]",
    messages: Any,
    journal: Any,
    purged: Any,
    decode: Callable[[bytes], Message],
    tail_rows: int,
) -> Iterator[str]:
    """What is wrong: records that are not their key's message, holes of the journal, lost messages.

    Only the journal's last `tail_rows` are held against the messages.
    """
    with txn.cursor(messages) as cursor:
        for key, value in cursor.iternext():
            yield from _record_faults(key, value, decode)
    with txn.cursor(purged) as cursor:
        gone = {_number.unpack(key)[0] for key in cursor.iternext(values=False)}
    done: dict[tuple[int, int], int] = {}
    with txn.cursor(journal) as cursor:
        last = _number.unpack(cursor.key())[0] if cursor.last() else 0
        expected = 0
        for key, value in cursor.iternext() if cursor.first() else ():
            n = _number.unpack(key)[0]
            if expected and n != expected:
                yield f"The journal goes from row {expected - 1} to row {n}."
            expected = n + 1
            if n <= last - tail_rows:
                continue
            try:
                entries = journal_row(value)
            except ValueError as error:
                yield f"Journal row {n} cannot be read: {error}."
                continue
            for kind, channel, id in entries:
                done[channel, id] = kind
    for (channel, id), kind in done.items():
        there = txn.get(_key.pack(channel, id), db=messages) is not None
        if there and kind == Kind.DELETE:
            yield f"Message {id} of channel {channel} is there, the journal deleted it."
        elif not there and kind != Kind.DELETE and channel not in gone:
            yield f"Message {id} of channel {channel} is lost, the journal knows it."


def _record_faults(key: bytes, value: bytes, decode: Callable[[bytes], Message]) -> Iterator[str]:
    """What is wrong with one record."""
    if len(key) != _key.size:
        yield f"The key {key.hex()} is no message's."
        return
    channel, id = _key.unpack(key)
    try:
        message = decode(value)
    except ValueError as error:
        yield f"Message {id} of channel {channel} cannot be read: {error}."
        return
    if (message.channel_id, message.id) != (channel, id):
        yield (
            f"Message {id} of channel {channel} says it is"
            f" {message.id} of channel {message.channel_id}."
        )
