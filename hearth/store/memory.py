"""The ports in memory: what a test of verbs, or a trial without a disk, stands on."""

import asyncio
import hashlib
import tempfile
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from pathlib import Path

from hearth.core.blobs import PIECE_BYTES, Blob, NoBlob, TooLarge
from hearth.core.models.messages import Message
from hearth.core.ports import (
    REMOVALS,
    Attached,
    Committed,
    Entry,
    Exists,
    JournalRow,
    Kind,
    Missing,
    StorageFull,
    Tally,
    TooMany,
)

NONCE_MS = 600_000
"""How long a nonce finds its message."""


class _Marks:
    """The marks of one name that a message has; the users' ids with when they marked it."""

    def __init__(self, label: bytes) -> None:
        self.label = label
        self.users: dict[int, int] = {}


class MemoryLog:
    """`MessageLog` without a disk; what is queued in one step of the loop is one batch.

    `full` is for tests: while it is set, `put` raises `StorageFull` for all but removals.
    """

    def __init__(self, committed: Committed, *, wall: Callable[[], float] = time.time) -> None:
        self.full = False
        self._committed = committed
        self._wall = wall
        self._closed = False
        self._queue: list[Entry] = []
        self._pending: dict[tuple[int, int], Entry] = {}
        self._values: dict[tuple[int, int], bytes] = {}
        self._ids: dict[int, list[int]] = {}
        self._pins: dict[tuple[int, int], int] = {}
        self._marks: dict[tuple[int, int], dict[bytes, _Marks]] = {}
        self._nonces: dict[bytes, tuple[int, int]] = {}
        self._rows: list[JournalRow] = []
        self._greatest = 0
        self._trimmed = 0
        """Rows that were deleted: the first that is there has the next number."""

    def put(self, entry: Entry) -> None:
        """Queue `entry` for the next step of the loop; the outcome comes to `committed`."""
        if self._closed:
            raise RuntimeError("the message log is closed")
        writes = entry.kind in (Kind.CREATE, Kind.UPDATE)
        if (entry.value is None) is writes:
            raise ValueError("but for a create and an update, an entry has no value")
        if self.full and entry.kind not in REMOVALS:
            raise StorageFull("free disk is below the reserve")
        if writes or entry.kind is Kind.DELETE:
            self._pending[entry.channel_id, entry.id] = entry
        if not self._queue:
            asyncio.get_running_loop().call_soon(self._commit)
        self._queue.append(entry)

    def get(self, channel_id: int, id: int) -> bytes | None:
        """The newest value, queued or committed."""
        queued = self._pending.get((channel_id, id))
        return self._values.get((channel_id, id)) if queued is None else queued.value

    def last_id(self, channel_id: int) -> int | None:
        """The greatest committed id of a channel."""
        ids = self._ids.get(channel_id)
        return ids[-1] if ids else None

    async def page(
        self,
        channel_id: int,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[bytes]:
        """Up to `limit` committed values, newest first."""
        if limit <= 0:
            return []
        if before is not None and after is not None:
            raise ValueError("a page is before or after, not both")
        ids = self._ids.get(channel_id, [])
        if after is not None:
            first = bisect_right(ids, after)
            found = ids[first : first + limit]
        else:
            end = len(ids) if before is None else bisect_left(ids, before)
            found = ids[max(end - limit, 0) : end]
        return [self._values[channel_id, id] for id in reversed(found)]

    async def attached(
        self, channel_id: int, ids: Sequence[int], user_id: int, *, cold: bool = False
    ) -> dict[int, Attached]:
        """What hangs off these messages, read by `user_id`; messages without are left out."""
        found: dict[int, Attached] = {}
        for id in ids:
            key = channel_id, id
            tallies = tuple(
                Tally(name, len(marks.users), user_id in marks.users, marks.label)
                for name, marks in self._marks.get(key, {}).items()
            )
            if tallies or key in self._pins:
                found[id] = Attached(self._pins.get(key), tallies)
        return found

    async def marked(
        self, channel_id: int, id: int, name: bytes, after: int, limit: int
    ) -> list[int]:
        """Up to `limit` users above `after` whose mark `name` the message has, ascending."""
        marks = self._marks.get((channel_id, id), {}).get(name)
        users = sorted(marks.users) if marks else []
        first = bisect_right(users, after)
        return users[first : first + max(limit, 0)]

    async def pins(self, channel_id: int) -> list[tuple[int, int]]:
        """A channel's pins as (when in epoch milliseconds, message id), the newest first."""
        return self._pins_of(channel_id)

    def pinned(self, channel_id: int, id: int) -> bool:
        """Whether a message is pinned, by what is committed."""
        return (channel_id, id) in self._pins

    def last_pin_ms(self, channel_id: int) -> int | None:
        """When the newest of a channel's pins was made; None when it has none."""
        pins = self._pins_of(channel_id)
        return pins[0][0] if pins else None

    def nonce(self, key: bytes, wall_ms: int) -> int | None:
        """The id created under `key` within the ten minutes before `wall_ms`, if committed."""
        id, expires_ms = self._nonces.get(key, (0, 0))
        return id if wall_ms < expires_ms else None

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` journal rows with n > `after`, ascending."""
        first = max(after - self._trimmed, 0)
        return self._rows[first : first + max(limit, 0)]

    async def trim(self, before: int) -> int:
        """Delete journal rows with n < `before`, but never the last; how many went."""
        gone = min(max(before - 1 - self._trimmed, 0), max(len(self._rows) - 1, 0))
        del self._rows[:gone]
        self._trimmed += gone
        return gone

    async def purge(self, channel_id: int) -> int:
        """Delete a channel's whole range, after what is queued; how many records went."""
        self._commit()
        ids = self._ids.pop(channel_id, [])
        for id in ids:
            del self._values[channel_id, id]
            self._drop((channel_id, id))
        return len(ids)

    async def channels(self) -> list[int]:
        """Ids of the channels that have records, ascending."""
        return sorted(self._ids)

    def count(self) -> int:
        """How many records there are."""
        return len(self._values)

    def greatest_id(self) -> int:
        """The greatest id of any message that was created, 0 when there was none."""
        return self._greatest

    async def check(
        self, decode: Callable[[bytes], Message], *, tail_rows: int = 10_000
    ) -> list[str]:
        """What is wrong with the log, a sentence each; only a record can be, here."""
        said: list[str] = []
        for (channel, id), value in self._values.items():
            try:
                message = decode(value)
            except ValueError as error:
                said.append(f"Message {id} of channel {channel} cannot be read: {error}.")
                continue
            if (message.channel_id, message.id) != (channel, id):
                said.append(
                    f"Message {id} of channel {channel} says it is"
                    f" {message.id} of channel {message.channel_id}."
                )
        return said

    async def close(self) -> None:
        """Commit what is queued and tell its outcome."""
        self._commit()
        self._closed = True

    def _commit(self) -> None:
        """Write what is queued, then tell of it."""
        queue, self._queue = self._queue, []
        if not queue:
            return
        outcome = [(entry, self._write(entry)) for entry in queue]
        row = tuple(
            (int(entry.kind), entry.channel_id, entry.id) for entry, error in outcome if not error
        )
        if row:
            self._rows.append(JournalRow(self._trimmed + len(self._rows) + 1, row))
        for entry in queue:
            if self._pending.get((entry.channel_id, entry.id)) is entry:
                del self._pending[entry.channel_id, entry.id]
        self._committed(outcome)

    def _write(self, entry: Entry) -> Exception | None:
        """Do what `entry` says; why it cannot be done."""
        channel, id, value = entry.channel_id, entry.id, entry.value
        there = (channel, id) in self._values
        if entry.kind is Kind.CREATE:
            if there:
                return Exists()
            insort(self._ids.setdefault(channel, []), id)
            self._greatest = max(self._greatest, id)
            if entry.nonce is not None:
                self._nonces[entry.nonce] = (id, int(self._wall() * 1000) + NONCE_MS)
        elif not there:
            return Missing()
        if value is not None:
            self._values[channel, id] = value
            return None
        if entry.kind is not Kind.DELETE:
            return self._attach(entry)
        self._drop((channel, id))
        del self._values[channel, id]
        ids = self._ids[channel]
        del ids[bisect_left(ids, id)]
        if not ids:
            del self._ids[channel]
        return None

    def _pins_of(self, channel_id: int) -> list[tuple[int, int]]:
        found = [
            (at_ms, id) for (channel, id), at_ms in self._pins.items() if channel == channel_id
        ]
        return sorted(found, reverse=True)

    def _drop(self, key: tuple[int, int]) -> None:
        """Take off all that a message has, because it goes."""
        self._pins.pop(key, None)
        self._marks.pop(key, None)

    def _attach(self, entry: Entry) -> Exception | None:
        """Do what an entry of the later kinds says, for a message that is there."""
        key, name = (entry.channel_id, entry.id), entry.name
        if entry.kind is Kind.PIN:
            if key in self._pins:
                return Exists()
            pins = self._pins_of(entry.channel_id)
            if entry.most is not None and len(pins) >= entry.most:
                return TooMany()
            self._pins[key] = max(entry.at_ms, pins[0][0] + 1) if pins else entry.at_ms
            return None
        if entry.kind is Kind.UNPIN:
            return Missing() if self._pins.pop(key, None) is None else None
        names = self._marks.setdefault(key, {})
        family = [other for other in names if other[:1] == name[:1]]
        if entry.kind is Kind.CLEAR:
            gone = [other for other in family if len(name) == 1 or other == name]
            for other in gone:
                del names[other]
            return None if gone else Missing()
        marks = names.get(name)
        if entry.kind is Kind.UNMARK:
            if marks is None or marks.users.pop(entry.user_id, None) is None:
                return Missing()
            if not marks.users:
                del names[name]
            return None
        if marks is None:
            if entry.most is not None and len(family) >= entry.most:
                return TooMany()
            marks = names[name] = _Marks(entry.label)
        if entry.user_id in marks.users:
            return Exists()
        marks.users[entry.user_id] = entry.at_ms
        return None


class MemoryBlobs:
    """`Blobs` without a disk; only `file` makes files, in a folder that goes with it.

    `full` is for tests: while it is set, `put` raises `StorageFull`.
    """

    def __init__(self, *, wall: Callable[[], float] = time.time) -> None:
        self.full = False
        self._wall = wall
        self._values: dict[bytes, bytes] = {}
        self._touched: dict[bytes, float] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def put(
        self, chunks: AsyncIterable[bytes], most: int, *, under: bytes | None = None
    ) -> Blob:
        """See the port."""
        if self.full:
            raise StorageFull("free disk is below the reserve")
        data = bytearray()
        async for chunk in chunks:
            data += chunk
            if len(data) > most:
                raise TooLarge
        hash = hashlib.sha256(data).digest()
        self._values[under or hash] = bytes(data)
        self._touched[under or hash] = self._wall()
        return Blob(hash, len(data))

    async def touch(self, hash: bytes) -> bool:
        """See the port."""
        if hash in self._values:
            self._touched[hash] = self._wall()
        return hash in self._values

    async def size(self, hash: bytes) -> int | None:
        """See the port."""
        value = self._values.get(hash)
        return None if value is None else len(value)

    async def read(
        self, hash: bytes, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """See the port."""
        value = self._values.get(hash)
        if value is None:
            raise NoBlob
        wanted = value[start:end]
        for at in range(0, len(wanted), PIECE_BYTES):
            yield wanted[at : at + PIECE_BYTES]

    async def file(self, hash: bytes) -> str:
        """See the port."""
        value = self._values.get(hash)
        if value is None:
            raise NoBlob
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / hash.hex()
        await asyncio.to_thread(file.write_bytes, value)
        return str(file)

    async def older(self, than: float) -> AsyncIterator[list[bytes]]:
        """See the port."""
        yield [hash for hash, at in self._touched.items() if at < than]

    async def delete(self, hash: bytes, than: float) -> bool:
        """See the port."""
        if self._touched.get(hash, than) >= than:
            return False
        del self._values[hash], self._touched[hash]
        return True

    async def trim(self, most: int) -> int:
        """See the port."""
        left = sum(map(len, self._values.values()))
        for hash in sorted(self._values, key=self._touched.__getitem__)[:-1]:
            if left > most:
                left -= len(self._values.pop(hash))
                del self._touched[hash]
        return left

    async def close(self) -> None:
        """See the port."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
