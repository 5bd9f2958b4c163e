"""The journal of a log on LMDB: one row for each transaction, which its consumers follow."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import lmdb
import msgspec

from hearth.core.ports import JournalRow, Kind

_VERSION = 1

_LAST = 1_000
"""Entries that `created_last` looks at, more than are ever under way at one time."""

_number = struct.Struct(">Q")
_encode_row = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(tuple[tuple[int, int, int], ...]).decode


def append(
    txn: "lmdb.Transaction[bytes]", journal: Any, entries: Sequence[tuple[int, int, int]]
) -> int:
    """Write the row of a transaction; its number, which is the last one's plus 1."""
    with txn.cursor(journal) as cursor:
        n = _number.unpack(cursor.key())[0] + 1 if cursor.last() else 1
        cursor.put(_number.pack(n), bytes([_VERSION]) + _encode_row(entries), append=True)
    return n


def last(txn: "lmdb.Transaction[bytes]", journal: Any) -> int:
    """The number of the last row; 0 where there never was one."""
    with txn.cursor(journal) as cursor:
        return _number.unpack(cursor.key())[0] if cursor.last() else 0


def rows(txn: "lmdb.Transaction[bytes]", journal: Any, after: int) -> Iterator[JournalRow]:
    """The rows after row `after`."""
    with txn.cursor(journal) as cursor:
        if cursor.set_range(_number.pack(max(after + 1, 0))):
            for key, value in cursor.iternext():
                yield JournalRow(_number.unpack(key)[0], journal_row(value))


def created_last(txn: "lmdb.Transaction[bytes]", journal: Any) -> int:
    """The greatest id of the messages created last; 0 where the journal tells of none.

    Messages are created in order of their ids, but for those that are under way at one time: hence
    more than the last one is looked at.
    """
    greatest = seen = 0
    with txn.cursor(journal) as cursor:
        for value in cursor.iterprev(keys=False):
            try:
                entries = journal_row(value)
            except ValueError:  # `hearth admin check` tells of it
                break
            greatest = max([greatest, *(id for kind, _, id in entries if kind == Kind.CREATE)])
            seen += len(entries)
            if greatest and seen >= _LAST:
                break
    return greatest


def trim(txn: "lmdb.Transaction[bytes]", journal: Any, before: int, most: int) -> int:
    """Delete up to `most` of the oldest rows with n < `before`, but never the last; how many."""
    gone = 0
    with txn.cursor(journal) as cursor:
        # The last row stays: the next one's number is made from it.
        end = min(_number.pack(max(before, 0)), cursor.key()) if cursor.last() else b""
        found = cursor.first()
        while found and gone < most and cursor.key() < end:
            cursor.delete()
            gone += 1
            found = bool(cursor.key())
    return gone


def journal_row(value: bytes) -> tuple[tuple[int, int, int], ...]:
    """The entries of a journal row. Raises ValueError."""
    if value[:1] != bytes([_VERSION]):
        raise ValueError(f"its version {value[:1].hex()} is unknown")
    return _decode_row(value[1:])
