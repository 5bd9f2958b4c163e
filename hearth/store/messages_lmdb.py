"""The message log on LMDB: durable and in order, one group commit after the other."""

import asyncio
import logging
import os
import struct
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

import lmdb
import msgspec

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
    Unusable,
)
from hearth.store import journal_lmdb
from hearth.store.attached_lmdb import AttachedTables
from hearth.store.check_lmdb import faults
from hearth.store.instant_lmdb import Instant
from hearth.store.newest_lmdb import Newest, seek_last
from hearth.store.room import free_bytes, reason

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

NONCE_MS = 600_000
"""How long a nonce finds its message."""

BATCH = 1_024
"""Most entries of one transaction: a bound on how long the next one waits."""

PIECE = 1_000
"""Records or rows that one transaction of a purge or trim deletes."""

_FORMAT = b"1"
_DISK_EVERY_S = 1.0
_REST, _REST_S = 1.5, 0.005
"""After a batch of several, so many times as long as it took, and at most so many seconds.

While many write, the loop has the core meanwhile, and the next batch is larger: each costs as much
as many messages. Who writes alone never waits.
"""
_READERS_EVERY_S = 60.0
_PRUNE_AFTER = 64
_PRUNE_FACTOR = 4
_MAX = (1 << 64) - 1

_key = struct.Struct(">QQ")
_number = struct.Struct(">Q")
_pack = _key.pack


class UnknownFormat(Unusable):
    """The log was written by a later version that keeps it differently."""


class _Job(msgspec.Struct):
    """Something the writer does between two batches; its result goes to `future`."""

    run: Callable[[], int]
    future: asyncio.Future[int]


_Item = tuple[bytes, Entry]


class LmdbLog:
    """`MessageLog` in the directory `path`; made on the running loop, to which it answers.

    Nobody else may have the directory open for writing: the lock of the data directory sees to
    it. All writing is done by one thread. It takes what is queued, writes it in one transaction
    that is on disk when it returns, and tells the loop once; what arrives meanwhile is the next
    batch. `wall` tells epoch seconds. Below `reserve_bytes` of free disk
    `put` raises `StorageFull` for all but deletes, which are how room is made.

    `sync=False` loses acknowledged messages at a power cut; it exists for the test which shows
    that the order of flush and acknowledgement is really watched.
    """

    def __init__(
        self,
        path: Path,
        committed: Committed,
        *,
        wall: Callable[[], float] = time.time,
        map_size_bytes: int = 1 << 40,
        reserve_bytes: int = 256 << 20,
        sync: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._path = path
        self._committed = committed
        self._wall = wall
        self._reserve_bytes = reserve_bytes
        try:
            self._open(map_size_bytes, sync)
        except lmdb.Error as error:
            raise Unusable(f"The message log cannot be opened: {error}.") from error
        self._pending: dict[bytes, Entry] = {}
        self._last_pins: dict[int, int | None] = {}
        self._queue: SimpleQueue[_Item | _Job] = SimpleQueue()
        self._closed = False
        self._running = True
        self._full = False
        self._disk_at = self._readers_at = 0.0
        self._sweep = b""
        self._unpruned = 0
        self._keep_house()
        self._readers = ThreadPoolExecutor(1, "log-reader")
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def _open(self, map_size_bytes: int, sync: bool) -> None:
        """Open the environment and its tables. Raises `UnknownFormat`."""
        path = self._path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._env = env = lmdb.open(
            str(path),
            map_size=map_size_bytes,
            max_dbs=16,
            mode=0o600,
            sync=sync,
            metasync=sync,
        )
        with env.begin(write=True) as txn:
            meta = env.open_db(b"meta", txn=txn)
            self._messages = env.open_db(b"messages", txn=txn)
            self._journal = env.open_db(b"journal", txn=txn)
            self._nonces = env.open_db(b"nonces", txn=txn)
            self._purged = env.open_db(b"purged", txn=txn)
            self._attached = AttachedTables(env, txn)
            found = txn.get(b"format", _FORMAT, db=meta)
            if found == _FORMAT:
                txn.put(b"format", _FORMAT, db=meta)
                row = journal_lmdb.last(txn, self._journal)
                self._newest = Newest(env, txn, self._messages, row)
        if found != _FORMAT:
            env.close()
            raise UnknownFormat(f"{path} has format {found.decode()}; this Hearth reads 1.")
        # LMDB flushes its files but not the directories that name them.
        for directory in (path, path.parent):
            descriptor = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    # What the loop calls.

    def put(self, entry: Entry) -> None:
        """Queue `entry` for the next commit; the outcome comes to `committed`.

        Raises `StorageFull` at once when free disk is below the reserve, unless it takes something
        away.
        """
        if self._closed:
            raise RuntimeError("the message log is closed")
        kind = entry.kind
        writes = kind is Kind.CREATE or kind is Kind.UPDATE
        if (entry.value is None) is writes:
            raise ValueError("but for a create and an update, an entry has no value")
        if self._full and kind not in REMOVALS:
            raise StorageFull("free disk is below the reserve")
        key = _pack(entry.channel_id, entry.id)
        if writes or kind is Kind.DELETE:
            self._pending[key] = entry
        self._queue.put((key, entry))

    def get(self, channel_id: int, id: int) -> bytes | None:
        """The newest value, queued or committed."""
        key = _pack(channel_id, id)
        queued = self._pending.get(key)
        if queued is not None:
            return queued.value
        with self._env.begin() as txn:
            return txn.get(key, db=self._messages)

    def last_id(self, channel_id: int) -> int | None:
        """The greatest committed id of a channel."""
        with self._env.begin() as txn:
            return self._newest.of(txn, channel_id)

    async def page(
        self,
        channel_id: int,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[bytes]:
        """Up to `limit` committed values, newest first.

        With `before` the newest below it, with `after` the oldest above it, with neither the
        newest of all. The newest are in memory and read at once; a page further back may have to
        come from a slow disk, hence from the reader thread.
        """
        if limit <= 0:
            return []
        if before is None and after is None:
            return self._page_down(channel_id, limit, _MAX)
        if before is not None and after is not None:
            raise ValueError("a page is before or after, not both")
        read = (
            partial(self._page_down, channel_id, limit, before - 1)
            if before is not None
            else partial(self._page_up, channel_id, limit, after or 0)
        )
        return await self._loop.run_in_executor(self._readers, read)

    async def attached(
        self, channel_id: int, ids: Sequence[int], user_id: int, *, cold: bool = False
    ) -> dict[int, Attached]:
        """What hangs off these messages, read by `user_id`; messages without are left out."""
        return await self._read(cold, self._attached.read, channel_id, ids, user_id)

    async def marked(
        self, channel_id: int, id: int, name: bytes, after: int, limit: int
    ) -> list[int]:
        """Up to `limit` users above `after` whose mark `name` the message has, ascending."""
        return await self._read(True, self._attached.marked, channel_id, id, name, after, limit)

    async def pins(self, channel_id: int) -> list[tuple[int, int]]:
        """A channel's pins as (when in epoch milliseconds, message id), the newest first."""
        return await self._read(True, self._attached.pins, channel_id)

    def pinned(self, channel_id: int, id: int) -> bool:
        """Whether a message is pinned, by what is committed."""
        with self._env.begin() as txn:
            return self._attached.pinned(txn, _pack(channel_id, id))

    def last_pin_ms(self, channel_id: int) -> int | None:
        """When the newest of a channel's pins was made; None when it has none.

        It is shown with each channel, so it is remembered until a pin changes.
        """
        if channel_id not in self._last_pins:
            with self._env.begin() as txn:
                pins = self._attached.pins(txn, channel_id)
            self._last_pins[channel_id] = pins[0][0] if pins else None
        return self._last_pins[channel_id]

    async def _read(
        self,
        cold: bool,
        read: Callable[Concatenate["lmdb.Transaction[bytes]", P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """What `read` gives, in a transaction; in the reader thread when it may be `cold`."""

        def run() -> R:
            with self._env.begin() as txn:
                return read(txn, *args, **kwargs)

        return await self._loop.run_in_executor(self._readers, run) if cold else run()

    def nonce(self, key: bytes, wall_ms: int) -> int | None:
        """The id created under `key` within the ten minutes before `wall_ms`, if committed."""
        with self._env.begin() as txn:
            found = txn.get(key, db=self._nonces)
        if found is None:
            return None
        id, expires_ms = _key.unpack(found)
        return id if wall_ms < expires_ms else None

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` journal rows with n > `after`, ascending."""
        return await self._loop.run_in_executor(self._readers, self._rows, after, limit)

    async def trim(self, before: int) -> int:
        """Delete journal rows with n < `before`, but never the last; how many went."""
        return await self._in_pieces(partial(self._trim_piece, before))

    async def purge(self, channel_id: int) -> int:
        """Delete a channel's whole range in bounded transactions; how many records went.

        It may be stopped and called again. The journal does not tell of it: whoever consumes the
        journal learns from the channel's end, and `check` from the table of purged channels.
        """
        return await self._in_pieces(partial(self._purge_piece, channel_id))

    async def channels(self) -> list[int]:
        """Ids of the channels that have records, ascending."""
        return [*await self._read(True, self._newest.all)]

    def count(self) -> int:
        """How many committed records there are."""
        with self._env.begin() as txn:
            return txn.stat(self._messages)["entries"]

    def instant(self) -> Instant:
        """The log as it is now."""
        return Instant(self._env, self._messages)

    def greatest_id(self) -> int:
        """See the port. The journal's end tells it, else the last message of each channel."""
        with self._env.begin() as txn:
            created = journal_lmdb.created_last(txn, self._journal)
            return created or max(self._newest.all(txn).values(), default=0)

    async def check(
        self, decode: Callable[[bytes], Message], *, tail_rows: int = 10_000
    ) -> list[str]:
        """What is wrong with the log, a sentence each; nothing when all is well.

        Every record decodes to the message of its key; tallies count the marks; nothing hangs off a
        message that is not there; the journal has no holes; what its last `tail_rows` did to a key
        is what is found there.
        """

        def run() -> list[str]:
            with self._env.begin() as txn:
                tables = self._messages, self._journal, self._purged
                found = [*faults(txn, *tables, decode, tail_rows), *self._newest.faults(txn)]
                return [*found, *self._attached.faults(txn, self._messages)]

        return await asyncio.to_thread(run)

    async def close(self) -> None:
        """Commit what is queued, tell its outcome, then close."""
        if self._closed:
            return
        self._closed = True
        await self.between_commits(self._stop)
        self._thread.join()
        self._readers.shutdown()
        self._env.close()

    async def _in_pieces(self, run: Callable[[], int]) -> int:
        """The sum of `run`, which the writer calls until it finds less than a `PIECE`."""
        total = 0
        while True:
            gone = await self.between_commits(run)
            total += gone
            if gone < PIECE:
                return total

    async def between_commits(self, run: Callable[[], int]) -> int:
        """The result of `run`, which the writer calls after all that is queued now; meanwhile
        nothing is written."""
        future: asyncio.Future[int] = self._loop.create_future()
        self._queue.put(_Job(run, future))
        return await future

    def _finish(self, batch: list[_Item], outcome: list[tuple[Entry, Exception | None]]) -> None:
        """On the loop: from here on the disk speaks for these entries, then tell of them."""
        pending = self._pending
        for key, entry in batch:
            if pending.get(key) is entry:
                del pending[key]
            if entry.kind is not Kind.CREATE:
                self._last_pins.pop(entry.channel_id, None)
        self._committed(outcome)

    # What the writer thread does.

    def _write(self) -> None:
        """The writer's life."""
        queue = self._queue
        tell = self._loop.call_soon_threadsafe
        while self._running:
            try:
                # Woken each second while full: only here is it found that there is room again.
                item = queue.get(timeout=_DISK_EVERY_S if self._full else _READERS_EVERY_S)
            except Empty:
                self._keep_house()
                continue
            batch: list[_Item] = []
            while not isinstance(item, _Job):
                batch.append(item)
                if len(batch) == BATCH or queue.empty():
                    break
                item = queue.get_nowait()
            if batch:
                begun = time.monotonic()
                tell(self._finish, batch, self._commit(batch))
                if len(batch) > 1:
                    time.sleep(min((time.monotonic() - begun) * _REST, _REST_S))
            if isinstance(item, _Job):
                try:
                    result = item.run()
                except Exception as error:  # noqa: BLE001 - it is whoever asked who hears of it
                    tell(_fail, item.future, reason(error, self._path))
                else:
                    tell(_resolve, item.future, result)
            self._keep_house()

    def _commit(self, batch: list[_Item]) -> list[tuple[Entry, Exception | None]]:
        """Write `batch` durably; if it fails as a whole, one entry at a time."""
        try:
            return self._transact(batch)
        except Exception as error:
            # Whatever it is, the writer must outlive it.
            if len(batch) == 1:
                entry = batch[0][1]
                why = reason(error, self._path)
                if not isinstance(why, StorageFull):
                    logger.exception("commit failed channel=%d id=%d", entry.channel_id, entry.id)
                return [(entry, why)]
        return [self._commit([item])[0] for item in batch]

    def _transact(self, batch: list[_Item]) -> list[tuple[Entry, Exception | None]]:
        """One transaction with one journal row; it is on disk when this returns."""
        outcome: list[tuple[Entry, Exception | None]] = []
        row: list[tuple[int, int, int]] = []
        moved: dict[int, None] = {}
        expires_ms = 0
        messages = self._messages
        with self._env.begin(write=True) as txn:
            put = txn.put
            for key, entry in batch:
                kind = entry.kind
                value = entry.value
                if kind is Kind.DELETE:
                    done = txn.delete(key, db=messages)
                    if done:
                        self._attached.drop(txn, key)
                elif value is None:
                    if txn.get(key, db=messages) is None:
                        why = Missing()
                    else:
                        why = self._attached.change(txn, key, entry)
                    if why is not None:
                        outcome.append((entry, why))
                        continue
                    done = True
                elif kind is Kind.CREATE:
                    done = put(key, value, overwrite=False, db=messages)
                    if done and entry.nonce is not None:
                        expires_ms = expires_ms or int(self._wall() * 1000) + NONCE_MS
                        put(entry.nonce, _pack(entry.id, expires_ms), db=self._nonces)
                        self._unpruned += 1
                elif done := txn.get(key, db=messages) is not None:
                    put(key, value, db=messages)
                if done:
                    row.append((int(kind), entry.channel_id, entry.id))
                    if kind is Kind.CREATE or kind is Kind.DELETE:
                        moved[entry.channel_id] = None
                    outcome.append((entry, None))
                else:
                    outcome.append((entry, Exists() if kind is Kind.CREATE else Missing()))
            if row:
                self._newest.refresh(txn, moved, journal_lmdb.append(txn, self._journal, row))
            if self._unpruned >= _PRUNE_AFTER:
                self._prune(txn)
        return outcome

    def _prune(self, txn: "lmdb.Transaction[bytes]") -> None:
        """Forget expired nonces among the next few keys.

        The sweep goes round the table and looks at several keys for each that was added, so the
        table stays within about a third above what ten minutes bring.
        """
        now_ms = int(self._wall() * 1000)
        with txn.cursor(self._nonces) as cursor:
            found = cursor.set_range(self._sweep) if self._sweep else cursor.first()
            for _ in range(_PRUNE_FACTOR * self._unpruned):
                if not found:
                    break
                # A delete leaves the cursor on the next key.
                if _key.unpack(cursor.value())[1] <= now_ms:
                    cursor.delete()
                    found = bool(cursor.key())
                else:
                    found = cursor.next()
            self._sweep = cursor.key() if found else b""
        self._unpruned = 0

    def _purge_piece(self, channel_id: int) -> int:
        """Delete up to `PIECE` records of a channel; how many there were."""
        gone = 0
        end = _pack(channel_id, _MAX)
        with self._env.begin(write=True) as txn, txn.cursor(self._messages) as cursor:
            txn.put(_number.pack(channel_id), b"", db=self._purged)
            found = cursor.set_range(_pack(channel_id, 0))
            while found and gone < PIECE and cursor.key() <= end:
                self._attached.drop(txn, cursor.key())
                cursor.delete()
                gone += 1
                found = bool(cursor.key())
            self._newest.refresh(txn, [channel_id])
        return gone

    def _trim_piece(self, before: int) -> int:
        """Delete up to `PIECE` rows of the journal below row `before`; how many there were."""
        with self._env.begin(write=True) as txn:
            return journal_lmdb.trim(txn, self._journal, before, PIECE)

    def _stop(self) -> int:
        """The last job."""
        self._running = False
        return 0

    def _keep_house(self) -> None:
        """Look at the free disk, at most once a second, and for dead readers each minute."""
        now = time.monotonic()
        if now >= self._disk_at:
            self._disk_at = now + _DISK_EVERY_S
            full = free_bytes(self._path) < self._reserve_bytes
            if full != self._full:
                logger.warning("disk reserve %s", "reached" if full else "free again")
            self._full = full
        if now >= self._readers_at:
            self._readers_at = now + _READERS_EVERY_S
            try:
                self._env.reader_check()
            except lmdb.Error:
                logger.exception("reader check failed")

    # What is read on whichever thread.

    def _page_down(self, channel_id: int, limit: int, top: int) -> list[bytes]:
        """The newest values of ids up to `top`, newest first."""
        low = _pack(channel_id, 0)
        values: list[bytes] = []
        if top < 0:
            return values
        with self._env.begin() as txn, txn.cursor(self._messages) as cursor:
            if seek_last(cursor, _pack(channel_id, min(top, _MAX))):
                for key, value in islice(cursor.iterprev(), limit):
                    if key < low:
                        break
                    values.append(value)
        return values

    def _page_up(self, channel_id: int, limit: int, after: int) -> list[bytes]:
        """The oldest values of ids above `after`, newest first."""
        end = _pack(channel_id, _MAX)
        values: list[bytes] = []
        if after >= _MAX:
            return values
        with self._env.begin() as txn, txn.cursor(self._messages) as cursor:
            if cursor.set_range(_pack(channel_id, max(after + 1, 0))):
                for key, value in islice(cursor.iternext(), limit):
                    if key > end:
                        break
                    values.append(value)
        values.reverse()
        return values

    def _rows(self, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` rows of the journal after row `after`."""
        with self._env.begin() as txn:
            return list(islice(journal_lmdb.rows(txn, self._journal, after), max(limit, 0)))


def _resolve(future: asyncio.Future[int], result: int) -> None:
    """Answer a job, unless whoever asked has gone."""
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[int], error: Exception) -> None:
    """Answer a job that failed, unless whoever asked has gone."""
    if not future.done():
        future.set_exception(error)
