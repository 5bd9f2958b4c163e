"""What hangs off messages on LMDB: pins, users' marks and their tallies, within a transaction.

Keys begin as a message's: channel id, message id.

    pins     key                               when, in epoch milliseconds
    tallies  key, name                         count, order of the first mark, label
    marks    key, length of name, name, user   when, in epoch milliseconds

A tally's count is the number of its marks, and it is gone when there are none.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import lmdb

from hearth.core.ports import Attached, Entry, Exists, Kind, Missing, Tally, TooMany

_key = struct.Struct(">QQ")
_number = struct.Struct(">Q")
_tally = struct.Struct(">QQ")
_MAX = (1 << 64) - 1
_PREFIX = _key.size
_USER = _number.size

if TYPE_CHECKING:
    Txn = lmdb.Transaction[bytes]
    Cursor = lmdb.Cursor[bytes]


class AttachedTables:
    """The three tables of an open environment. All writing is within the caller's transaction."""

    def __init__(self, env: "lmdb.Environment", txn: "Txn") -> None:
        self._pins = env.open_db(b"pins", txn=txn)
        self._tallies = env.open_db(b"tallies", txn=txn)
        self._marks = env.open_db(b"marks", txn=txn)

    # Changes; the message is there.

    def change(self, txn: "Txn", key: bytes, entry: Entry) -> Exception | None:
        """Do what an entry of the later kinds says; why it cannot be done."""
        match entry.kind:
            case Kind.MARK:
                return self._mark(txn, key, entry)
            case Kind.UNMARK:
                return self._unmark(txn, key, entry)
            case Kind.CLEAR:
                return None if self._clear(txn, key, entry.name) else Missing()
            case Kind.PIN:
                return self._pin(txn, key, entry)
            case _:
                return None if txn.delete(key, db=self._pins) else Missing()

    def drop(self, txn: "Txn", key: bytes) -> None:
        """Take off all that a message has, because it goes."""
        txn.delete(key, db=self._pins)
        with txn.cursor(self._tallies) as cursor:
            if not cursor.set_range(key) or cursor.key()[:_PREFIX] != key:
                return
        self._delete_range(txn, self._tallies, key)
        self._delete_range(txn, self._marks, key)

    def _mark(self, txn: "Txn", key: bytes, entry: Entry) -> Exception | None:
        name = entry.name
        found = txn.get(key + name, db=self._tallies)
        if found is None:
            others = [value for other, value in self._of(txn, key) if other[:1] == name[:1]]
            if entry.most is not None and len(others) >= entry.most:
                return TooMany()
            order = max((_tally.unpack_from(value)[1] for value in others), default=0) + 1
            count, label = 0, entry.label
        else:
            count, order = _tally.unpack_from(found)
            label = found[_tally.size :]
        mark = _mark_key(key, name) + _number.pack(entry.user_id)
        if not txn.put(mark, _number.pack(entry.at_ms), overwrite=False, db=self._marks):
            return Exists()
        txn.put(key + name, _tally.pack(count + 1, order) + label, db=self._tallies)
        return None

    def _unmark(self, txn: "Txn", key: bytes, entry: Entry) -> Exception | None:
        name = entry.name
        if not txn.delete(_mark_key(key, name) + _number.pack(entry.user_id), db=self._marks):
            return Missing()
        found = txn.get(key + name, db=self._tallies) or _tally.pack(0, 0)
        count, order = _tally.unpack_from(found)
        if count > 1:
            value = _tally.pack(count - 1, order) + found[_tally.size :]
            txn.put(key + name, value, db=self._tallies)
        else:
            txn.delete(key + name, db=self._tallies)
        return None

    def _clear(self, txn: "Txn", key: bytes, name: bytes) -> bool:
        """Take off every user's marks of a name or of a family; whether there were any."""
        names = [
            other
            for other, _ in self._of(txn, key)
            if other == name or (len(name) == 1 and other[:1] == name)
        ]
        for other in names:
            txn.delete(key + other, db=self._tallies)
            self._delete_range(txn, self._marks, _mark_key(key, other))
        return bool(names)

    def _pin(self, txn: "Txn", key: bytes, entry: Entry) -> Exception | None:
        if self.pinned(txn, key):
            return Exists()
        pins = self.pins(txn, entry.channel_id)
        if entry.most is not None and len(pins) >= entry.most:
            return TooMany()
        # Pages of pins go by their time: each has its own.
        at_ms = max(entry.at_ms, pins[0][0] + 1) if pins else entry.at_ms
        txn.put(key, _number.pack(at_ms), db=self._pins)
        return None

    def _delete_range(self, txn: "Txn", table: Any, prefix: bytes) -> None:
        with txn.cursor(table) as cursor:
            found = cursor.set_range(prefix)
            while found and cursor.key().startswith(prefix):
                cursor.delete()
                found = bool(cursor.key())

    # Reads

    def _of(self, txn: "Txn", key: bytes) -> list[tuple[bytes, bytes]]:
        """The tallies of one message as (name, value)."""
        found: list[tuple[bytes, bytes]] = []
        with txn.cursor(self._tallies) as cursor:
            if cursor.set_range(key):
                for other, value in cursor.iternext():
                    if other[:_PREFIX] != key:
                        break
                    found.append((other[_PREFIX:], value))
        return found

    def read(
        self, txn: "Txn", channel_id: int, ids: Sequence[int], user_id: int
    ) -> dict[int, Attached]:
        """What hangs off these messages: a seek in each table where that is nothing."""
        ids = sorted(ids)
        pinned: dict[int, int] = {}
        tallies: dict[int, list[tuple[int, Tally]]] = {}
        with txn.cursor(self._pins) as cursor:
            for id in _visit(cursor, channel_id, ids):
                pinned[id] = _number.unpack(cursor.value())[0]
        with txn.cursor(self._tallies) as cursor:
            for id in _visit(cursor, channel_id, ids):
                whole, value = cursor.item()
                key, name = whole[:_PREFIX], whole[_PREFIX:]
                count, order = _tally.unpack_from(value)
                mark = _mark_key(key, name) + _number.pack(user_id)
                mine = txn.get(mark, db=self._marks) is not None
                tally = Tally(name, count, mine, value[_tally.size :])
                tallies.setdefault(id, []).append((order, tally))
        found = {id: Attached(at_ms) for id, at_ms in pinned.items()}
        for id, of_id in tallies.items():
            of_id.sort(key=lambda each: each[0])
            found[id] = Attached(pinned.get(id), tuple(tally for _, tally in of_id))
        return found

    def marked(
        self, txn: "Txn", channel_id: int, id: int, name: bytes, after: int, limit: int
    ) -> list[int]:
        """Up to `limit` users above `after` with this mark, ascending."""
        users: list[int] = []
        if limit <= 0 or after >= _MAX:
            return users
        prefix = _mark_key(_key.pack(channel_id, id), name)
        with txn.cursor(self._marks) as cursor:
            if cursor.set_range(prefix + _number.pack(after + 1)):
                for key in cursor.iternext(values=False):
                    if not key.startswith(prefix):
                        break
                    users.append(_number.unpack(key[-_USER:])[0])
                    if len(users) == limit:
                        break
        return users

    def pinned(self, txn: "Txn", key: bytes) -> bool:
        """Whether a message is pinned."""
        return txn.get(key, db=self._pins) is not None

    def pins(self, txn: "Txn", channel_id: int) -> list[tuple[int, int]]:
        """A channel's pins as (when, message id), the newest first."""
        found: list[tuple[int, int]] = []
        prefix = _number.pack(channel_id)
        with txn.cursor(self._pins) as cursor:
            if cursor.set_range(prefix):
                for key, value in cursor.iternext():
                    if not key.startswith(prefix):
                        break
                    found.append((_number.unpack(value)[0], _key.unpack(key)[1]))
        found.sort(reverse=True)
        return found

    def faults(self, txn: "Txn", messages: Any) -> Iterator[str]:
        """What is wrong: a tally that is not the number of its marks, or hangs off nothing."""
        orphans: set[bytes] = set()
        for table in (self._pins, self._tallies, self._marks):
            with txn.cursor(table) as cursor:
                keys = (key[:_PREFIX] for key in cursor.iternext(values=False))
                orphans.update(key for key, _ in groupby(keys) if txn.get(key, db=messages) is None)
        for key in sorted(orphans):
            yield f"{_said(key)} is not there, but something hangs off it."
        with txn.cursor(self._marks) as cursor:
            runs = groupby(cursor.iternext(values=False), lambda key: key[:-_USER])
            for prefix, keys in runs:
                key, name = prefix[:_PREFIX], prefix[_PREFIX + 1 :]
                count = sum(1 for _ in keys)
                value = txn.get(key + name, db=self._tallies)
                told = 0 if value is None else _tally.unpack_from(value)[0]
                if told != count:
                    yield f"{_said(key)} has {count} marks {name!r}, its tally says {told}."
        with txn.cursor(self._tallies) as cursor, txn.cursor(self._marks) as marks:
            for whole, value in cursor.iternext():
                prefix = _mark_key(whole[:_PREFIX], whole[_PREFIX:])
                if not marks.set_range(prefix) or not marks.key().startswith(prefix):
                    told = _tally.unpack_from(value)[0]
                    name = whole[_PREFIX:]
                    yield f"{_said(whole)} has 0 marks {name!r}, its tally says {told}."


def _visit(cursor: "Cursor", channel_id: int, ids: Sequence[int]) -> Iterator[int]:
    """Put `cursor` on each row of the messages `ids`, ascending, and give its message's id."""
    at = 0
    found = bool(ids) and cursor.set_range(_key.pack(channel_id, ids[0]))
    while found:
        channel, id = _key.unpack(cursor.key()[:_PREFIX])
        if channel != channel_id:
            return
        at = bisect_left(ids, id, at)
        if at == len(ids):
            return
        if ids[at] == id:
            yield id
            found = cursor.next()
        else:
            found = cursor.set_range(_key.pack(channel_id, ids[at]))


def _mark_key(key: bytes, name: bytes) -> bytes:
    return b"%b%c%b" % (key, len(name), name)


def _said(key: bytes) -> str:
    channel, id = _key.unpack(key[:_PREFIX])
    return f"Message {id} of channel {channel}"
