"""The greatest message id of each channel on LMDB, within a transaction.

    newest   channel id   message id
             "row"        the journal's last row of which the table knows

READY tells it of every channel: here they stand together, else each were a page of its own on the
disk. Where the journal has another last row an earlier version has written behind the table's back,
which is then made anew.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import lmdb

_key = struct.Struct(">QQ")
_number = struct.Struct(">Q")
_pack, _unpack = _number.pack, _number.unpack
_MAX = (1 << 64) - 1
_ROW = b"row"

if TYPE_CHECKING:
    Txn = lmdb.Transaction[bytes]
    Cursor = lmdb.Cursor[bytes]


class Newest:
    """The table of an open environment; `messages` is the one of which it tells."""

    def __init__(self, env: "lmdb.Environment", txn: "Txn", messages: Any, row: int) -> None:
        """`row` is the last one of the journal."""
        self._table = env.open_db(b"newest", txn=txn)
        self._messages = messages
        known = txn.get(_ROW, db=self._table)
        if known != (_pack(row) if row else None):
            txn.drop(self._table, delete=False)
            for channel_id, id in _ranges(txn, messages):
                txn.put(_pack(channel_id), _pack(id), db=self._table)
            if row:
                txn.put(_ROW, _pack(row), db=self._table)

    def of(self, txn: "Txn", channel_id: int) -> int | None:
        """The greatest id of a channel."""
        found = txn.get(_pack(channel_id), db=self._table)
        return None if found is None else _unpack(found)[0]

    def all(self, txn: "Txn") -> dict[int, int]:
        """That of each channel that has messages, ascending."""
        with txn.cursor(self._table) as cursor:
            return {
                _unpack(key)[0]: _unpack(value)[0]
                for key, value in cursor.iternext()
                if key != _ROW
            }

    def refresh(self, txn: "Txn", channel_ids: Iterable[int], row: int | None = None) -> None:
        """Look anew at channels whose messages came or went, in the journal's row `row` if any."""
        with txn.cursor(self._messages) as cursor:
            for channel_id in channel_ids:
                last = last_of(cursor, channel_id)
                if last is None:
                    txn.delete(_pack(channel_id), db=self._table)
                else:
                    txn.put(_pack(channel_id), _pack(last), db=self._table)
        if row is not None:
            txn.put(_ROW, _pack(row), db=self._table)

    def faults(self, txn: "Txn") -> Iterator[str]:
        """A sentence for each channel of which the table is wrong."""
        told, found = self.all(txn), dict(_ranges(txn, self._messages))
        for channel_id in sorted(told.keys() | found.keys()):
            here, there = told.get(channel_id), found.get(channel_id)
            if here != there:
                yield f"Channel {channel_id} ends with message {there}, its table says {here}."


def last_of(cursor: "Cursor", channel_id: int) -> int | None:
    """The greatest id of a channel, by a cursor of the messages."""
    found = seek_last(cursor, _key.pack(channel_id, _MAX))
    while found and len(cursor.key()) != _key.size:  # of which `check` tells
        found = cursor.prev()
    channel, id = _key.unpack(cursor.key()) if found else (None, None)
    return id if channel == channel_id else None


def seek_last(cursor: "Cursor", key: bytes) -> bool:
    """Put `cursor` on the greatest key up to `key`; False if there is none."""
    if not cursor.set_range(key):
        return cursor.last()
    return cursor.key() == key or cursor.prev()


def _ranges(txn: "Txn", messages: Any) -> Iterator[tuple[int, int]]:
    """Each channel that has records, with its greatest id, ascending; a few seeks for each."""
    with txn.cursor(messages) as cursor:
        found = cursor.first()
        while found:
            if len(cursor.key()) != _key.size:
                found = cursor.next()
                continue
            channel, _ = _key.unpack(cursor.key())
            last = last_of(cursor, channel)
            if last is not None:
                yield channel, last
            found = cursor.set_range(_key.pack(channel, _MAX))
