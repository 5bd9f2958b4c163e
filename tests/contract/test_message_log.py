"""What every `MessageLog` promises, run on LMDB and in memory; then what only a disk can show."""

import asyncio
import contextlib
import os
import stat
import struct
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lmdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.core.models.messages import Message
from hearth.core.ports import Entry, Exists, Kind, MessageLog, Missing, StorageFull
from hearth.core.record import decode, encode
from hearth.store import journal_lmdb, messages_lmdb
from hearth.store.memory import MemoryLog
from hearth.store.messages_lmdb import LmdbLog, UnknownFormat

TEN_MINUTES_S = 600


class Rig:
    """A log, what it told, and a clock that stands still."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.now_s = 1_764_000_000.0
        self.batches: list[list[tuple[Entry, Exception | None]]] = []
        self.watch: Callable[[Entry], object] = lambda entry: None
        self.log: MessageLog = self.open()

    def open(self, **options: Any) -> MessageLog:
        if self.path is None:
            self.log = MemoryLog(self.committed, wall=lambda: self.now_s)
        else:
            options = {"map_size_bytes": 1 << 30, "reserve_bytes": 0} | options
            self.log = LmdbLog(self.path, self.committed, wall=lambda: self.now_s, **options)
        return self.log

    async def reopen(self, **options: Any) -> MessageLog:
        await self.log.close()
        return self.open(**options)

    def committed(self, outcome: Any) -> None:
        self.batches.append(list(outcome))
        for entry, error in outcome:
            self.watch(entry)
            entry.note.set_result(error)

    def put(
        self, kind: Kind, channel: int, id: int, value: bytes | None, nonce: bytes | None = None
    ) -> asyncio.Future[Exception | None]:
        """Queue a change; the future is why it failed or None."""
        future: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.log.put(Entry(kind, channel, id, value, nonce, future))
        return future

    def create(self, channel: int, id: int, value: bytes = b"new", nonce: bytes | None = None):
        return self.put(Kind.CREATE, channel, id, value, nonce)

    def update(self, channel: int, id: int, value: bytes = b"edited"):
        return self.put(Kind.UPDATE, channel, id, value)

    def delete(self, channel: int, id: int):
        return self.put(Kind.DELETE, channel, id, None)

    def now_ms(self) -> int:
        return int(self.now_s * 1000)


@pytest.fixture(params=["memory", "lmdb"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(None if request.param == "memory" else tmp_path / "log")
    yield rig
    await rig.log.close()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path / "log")
    yield rig
    await rig.log.close()


def message(channel: int, id: int) -> bytes:
    """A record that `decode` reads."""
    return encode(Message(id=id, channel_id=channel, author_id=1, type=0, content="hi"))


# What each log promises.


async def test_an_empty_log_has_nothing(rig: Rig):
    log = rig.log
    assert log.get(1, 2) is None
    assert log.last_id(1) is None
    assert await log.page(1, 50) == []
    assert await log.page(1, 50, before=9) == []
    assert await log.page(1, 50, after=0) == []
    assert log.nonce(b"n", rig.now_ms()) is None
    assert await log.journal(0, 10) == []
    assert await log.purge(1) == 0
    assert await log.channels() == []
    assert log.count() == 0
    assert log.greatest_id() == 0
    assert await log.check(decode) == []


async def test_a_message_is_created_edited_and_deleted(rig: Rig):
    assert await rig.create(1, 2, b"a") is None
    assert (rig.log.get(1, 2), rig.log.last_id(1)) == (b"a", 2)
    assert await rig.update(1, 2, b"b") is None
    assert await rig.log.page(1, 50) == [b"b"]
    assert rig.log.count() == 1
    assert await rig.delete(1, 2) is None
    assert rig.log.count() == 0
    assert (rig.log.get(1, 2), rig.log.last_id(1)) == (None, None)
    rows = await rig.log.journal(0, 10)
    assert [(row.n, row.entries) for row in rows] == [
        (1, ((0, 1, 2),)),
        (2, ((1, 1, 2),)),
        (3, ((2, 1, 2),)),
    ]


async def test_an_empty_value_is_a_value(rig: Rig):
    await rig.create(1, 2, b"")
    assert rig.log.get(1, 2) == b""
    assert await rig.update(1, 2, b"x") is None


async def test_what_cannot_be_done_fails_alone_and_leaves_the_journal(rig: Rig):
    done = [
        rig.update(1, 1),
        rig.create(1, 2),
        rig.create(1, 2, b"other"),
        rig.delete(1, 3),
        rig.update(1, 2),
    ]
    errors = [type(error) for error in await asyncio.gather(*done)]
    assert errors == [Missing, type(None), Exists, Missing, type(None)]
    assert rig.log.get(1, 2) == b"edited"
    rows = await rig.log.journal(0, 10)
    assert [entry for row in rows for entry in row.entries] == [(0, 1, 2), (1, 1, 2)]
    before = len(rows)
    assert isinstance(await rig.delete(1, 9), Missing)
    assert len(await rig.log.journal(0, 10)) == before


async def test_a_nonce_of_a_refused_create_is_not_kept(rig: Rig):
    await rig.create(1, 2, nonce=b"first")
    assert isinstance(await rig.create(1, 2, nonce=b"second"), Exists)
    assert rig.log.nonce(b"first", rig.now_ms()) == 2
    assert rig.log.nonce(b"second", rig.now_ms()) is None


async def test_outcomes_come_in_the_order_of_puts(rig: Rig):
    futures = []
    for id in range(1, 400):
        futures.append(rig.create(id % 7, id))
        if id % 50 == 0:
            await futures[-1]
    await asyncio.gather(*futures)
    assert [entry.id for batch in rig.batches for entry, _ in batch] == list(range(1, 400))


async def test_a_value_has_a_kind_that_wants_it(rig: Rig):
    for kind, value in ((Kind.CREATE, None), (Kind.UPDATE, None), (Kind.DELETE, b"x")):
        with pytest.raises(ValueError, match="has no value"):
            rig.put(kind, 1, 2, value)
    assert rig.log.get(1, 2) is None


async def test_reads_see_what_is_queued(rig: Rig):
    first = rig.create(1, 2, b"a")
    assert rig.log.get(1, 2) == b"a"
    second = rig.update(1, 2, b"b")
    assert rig.log.get(1, 2) == b"b"
    third = rig.delete(1, 2)
    assert rig.log.get(1, 2) is None
    assert [await first, await second, await third] == [None, None, None]
    assert rig.log.get(1, 2) is None


async def test_an_edit_behind_a_delete_finds_nothing(rig: Rig):
    await rig.create(1, 2)
    deleted = rig.delete(1, 2)
    assert rig.log.get(1, 2) is None
    edited = rig.update(1, 2)
    assert await deleted is None
    assert isinstance(await edited, Missing)
    assert rig.log.get(1, 2) is None


async def test_a_newer_queued_value_outlives_the_commit_of_an_older(rig: Rig):
    seen: list[bytes | None] = []
    last = rig.create(1, 2, b"0")
    rig.watch = lambda entry: seen.append(rig.log.get(1, 2))
    for count in range(1, 60):
        last = rig.update(1, 2, b"%d" % count)
        await asyncio.sleep(0)
        assert rig.log.get(1, 2) == b"%d" % count
    await last
    assert rig.log.get(1, 2) == b"59"
    assert len(seen) == 60
    assert [int(value or b"-1") for value in seen] == sorted(int(value or b"-1") for value in seen)


async def test_the_outcome_finds_its_entry_in_every_read(rig: Rig):
    seen: list[object] = []

    def watch(entry: Entry) -> None:
        seen.append((rig.log.get(1, 2), rig.log.last_id(1), rig.log.nonce(b"n", rig.now_ms())))
        with contextlib.suppress(StopIteration):
            rig.log.page(1, 50).send(None)
            raise AssertionError("the newest page waits for something")

    rig.watch = watch
    await rig.create(1, 2, b"a", nonce=b"n")
    assert seen == [(b"a", 2, 2)]


async def test_a_put_from_the_outcome_is_written(rig: Rig):
    again: list[asyncio.Future[Exception | None]] = []
    rig.watch = lambda entry: again.append(rig.update(1, 2)) if entry.kind is Kind.CREATE else None
    await rig.create(1, 2)
    assert await again[0] is None
    assert rig.log.get(1, 2) == b"edited"


@pytest.mark.parametrize(
    ("limit", "where", "ids"),
    [
        (3, {}, [50, 40, 30]),
        (50, {}, [50, 40, 30, 20, 10]),
        (0, {}, []),
        (-1, {}, []),
        (2, {"before": 40}, [30, 20]),
        (2, {"before": 41}, [40, 30]),
        (9, {"before": 10}, []),
        (9, {"before": 0}, []),
        (2, {"before": 1 << 63}, [50, 40]),
        (2, {"before": 1 << 80}, [50, 40]),
        (2, {"after": 20}, [40, 30]),
        (2, {"after": 19}, [30, 20]),
        (9, {"after": 50}, []),
        (2, {"after": 0}, [20, 10]),
        (2, {"after": -5}, [20, 10]),
        (9, {"after": (1 << 64) - 1}, []),
    ],
)
@pytest.mark.parametrize("neighbours", [True, False])
async def test_pages(rig: Rig, limit: int, where: dict[str, int], ids: list[int], neighbours: bool):
    for id in (10, 30, 20, 50, 40):
        rig.create(5, id, b"%d" % id)
    if neighbours:
        for channel in (4, 6, 0, (1 << 63) - 1):
            for id in (1, 25, (1 << 63) - 1):
                rig.create(channel, id, b"no")
    await rig.create(7, 1)
    assert [int(value) for value in await rig.log.page(5, limit, **where)] == ids
    assert rig.log.last_id(5) == 50


async def test_a_page_is_before_or_after(rig: Rig):
    with pytest.raises(ValueError, match="not both"):
        await rig.log.page(1, 2, before=3, after=1)


async def test_a_nonce_finds_its_id_for_ten_minutes(rig: Rig):
    queued = rig.create(1, 2, nonce=b"n")
    assert rig.log.nonce(b"n", rig.now_ms()) is None
    await queued
    assert rig.log.nonce(b"n", rig.now_ms()) == 2
    assert rig.log.nonce(b"other", rig.now_ms()) is None
    rig.now_s += TEN_MINUTES_S - 0.001
    assert rig.log.nonce(b"n", rig.now_ms()) == 2
    rig.now_s += 0.001
    assert rig.log.nonce(b"n", rig.now_ms()) is None
    await rig.create(1, 3, nonce=b"n")
    assert rig.log.nonce(b"n", rig.now_ms()) == 3


async def test_the_journal_is_read_from_a_cursor(rig: Rig):
    for id in range(1, 6):
        await rig.create(1, id)
    assert [row.n for row in await rig.log.journal(0, 2)] == [1, 2]
    assert [row.n for row in await rig.log.journal(2, 50)] == [3, 4, 5]
    assert await rig.log.journal(5, 50) == []
    assert await rig.log.journal(0, 0) == []
    assert (await rig.log.journal(2, 1))[0].entries == ((0, 1, 3),)


async def test_the_journal_is_trimmed_but_for_its_last_row(rig: Rig):
    for id in range(1, 6):
        await rig.create(1, id)
    assert await rig.log.trim(-7) == 0
    assert await rig.log.trim(3) == 2
    assert await rig.log.trim(3) == 0
    assert [row.n for row in await rig.log.journal(0, 50)] == [3, 4, 5]
    assert [row.n for row in await rig.log.journal(3, 1)] == [4]
    assert await rig.log.trim(50) == 2
    await rig.create(1, 6)
    assert [row.n for row in await rig.log.journal(0, 50)] == [5, 6]
    assert not [said for said in await rig.log.check(decode) if "ournal" in said]


async def test_channels_and_the_greatest_id(rig: Rig):
    for channel, id in ((9, 5), (3, 8), (3, 2), (4, 7)):
        rig.create(channel, id)
    await rig.create(0, 1)
    assert await rig.log.channels() == [0, 3, 4, 9]
    assert rig.log.greatest_id() == 8
    await rig.delete(3, 8)
    await rig.delete(9, 5)
    assert await rig.log.channels() == [0, 3, 4]
    assert rig.log.greatest_id() == 8
    await rig.log.purge(4)
    assert rig.log.greatest_id() == 8


async def test_a_purge_takes_one_channel(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages_lmdb, "PIECE", 10)
    for channel in (4, 5, 6):
        for id in range(1, 26):
            rig.create(channel, id, message(channel, id))
    assert await rig.log.purge(5) == 25
    assert await rig.log.channels() == [4, 6]
    assert rig.log.get(5, 1) is None
    assert await rig.log.page(5, 50) == []
    assert len(await rig.log.page(4, 50)) == len(await rig.log.page(6, 50)) == 25
    assert await rig.log.purge(5) == 0
    assert await rig.log.check(decode) == []


async def test_closing_commits_what_is_queued(rig: Rig):
    future = rig.create(1, 2)
    await rig.log.close()
    assert future.result() is None
    await rig.log.close()
    with pytest.raises(RuntimeError, match="closed"):
        rig.create(1, 3)


async def test_a_record_that_is_not_its_key_s_message_is_found(rig: Rig):
    rig.create(1, 2, message(1, 2))
    rig.create(1, 3, message(1, 4))
    await rig.create(1, 5, b"\x07rubbish")
    said = await rig.log.check(decode)
    assert len(said) == 2
    assert said[0] == "Message 3 of channel 1 says it is 4 of channel 1."
    assert "Message 5 of channel 1 cannot be read: " in said[1]


async def test_memory_can_play_full():
    rig = Rig(None)
    await rig.create(1, 2)
    assert isinstance(rig.log, MemoryLog)
    rig.log.full = True
    with pytest.raises(StorageFull):
        rig.create(1, 3)
    assert await rig.delete(1, 2) is None


# Any sequence of changes and reads against plain dicts.

Op = tuple[str, int, int, int]
OPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["create", "create", "create", "update", "delete", "settle", "purge", "reopen"]
        ),
        st.integers(1, 3),
        st.integers(1, 6),
        st.integers(0, 9),
    ),
    max_size=60,
)


async def play(rig: Rig, ops: list[Op]) -> None:
    """Do `ops` on the rig's log and on a model, comparing as they go."""
    model: dict[tuple[int, int], bytes] = {}
    queued: dict[tuple[int, int], bytes | None] = {}
    waiting: list[tuple[asyncio.Future[Exception | None], type[Exception] | None]] = []
    journal: list[tuple[int, int, int]] = []

    async def settle() -> None:
        for future, error in waiting:
            got = await future
            assert (got and type(got)) == error
        waiting.clear()
        queued.clear()

    for count, (what, channel, id, at) in enumerate([*ops, ("settle", 1, 1, 0)]):
        key = (channel, id)
        if what in ("create", "update", "delete"):
            kind = Kind[what.upper()]
            value = None if kind is Kind.DELETE else b"%d" % count
            error: type[Exception] | None = None
            if kind is Kind.CREATE and key in model:
                error = Exists
            elif kind is not Kind.CREATE and key not in model:
                error = Missing
            else:
                journal.append((int(kind), channel, id))
                if value is None:
                    del model[key]
                else:
                    model[key] = value
            queued[key] = value
            waiting.append((rig.put(kind, channel, id, value), error))
            assert rig.log.get(channel, id) == value
            continue
        if what == "purge":
            gone = [other for other in model if other[0] == channel]
            assert await rig.log.purge(channel) == len(gone)
            for other in gone:
                del model[other]
        elif what == "reopen" and rig.path is not None:
            await rig.reopen()
        await settle()
        for one in (1, 2, 3):
            ids = sorted(other for in_channel, other in model if in_channel == one)
            assert rig.log.last_id(one) == (ids[-1] if ids else None)
            assert await rig.log.page(one, 4) == [model[one, other] for other in ids[-4:][::-1]]
            below = [other for other in ids if other < at][-4:][::-1]
            assert await rig.log.page(one, 4, before=at) == [model[one, other] for other in below]
            above = [other for other in ids if other > at][:4][::-1]
            assert await rig.log.page(one, 4, after=at) == [model[one, other] for other in above]
            for other in range(1, 7):
                assert rig.log.get(one, other) == model.get((one, other))
        assert await rig.log.channels() == sorted({in_channel for in_channel, _ in model})
        made = [other for kind, _, other in journal if kind == Kind.CREATE]
        assert rig.log.greatest_id() == max(made, default=0)
    rows = await rig.log.journal(0, 1000)
    assert [row.n for row in rows] == list(range(1, len(rows) + 1))
    assert [entry for row in rows for entry in row.entries] == journal
    assert [said for said in await rig.log.check(decode) if "cannot be read" not in said] == []


@pytest.mark.parametrize("store", ["memory", "lmdb"])
@settings(max_examples=50, deadline=None)
@given(ops=OPS)
def test_any_sequence_is_as_in_a_dict(store: str, ops: list[Op]):
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            rig = Rig(None if store == "memory" else Path(folder) / "log")
            try:
                await play(rig, ops)
            finally:
                await rig.log.close()

    asyncio.run(run())


# What only the disk can show.


async def test_closing_waits_for_who_looks_at_the_channels(disk: Rig):
    await asyncio.gather(*(disk.create(channel, 1) for channel in range(3000)))
    looking = asyncio.create_task(disk.log.channels())
    await asyncio.sleep(0)
    await disk.log.close()
    assert await looking == list(range(3000))


async def test_the_greatest_id_is_found_when_the_journal_forgets_it(disk: Rig):
    for channel, id in ((1, 10), (2, 20), (3, 30)):
        await disk.create(channel, id)
    await disk.delete(3, 30)
    assert disk.log.greatest_id() == 30
    await disk.log.trim(4)  # its last row, which stays, creates nothing
    log = await disk.reopen()
    assert log.greatest_id() == 20
    await disk.create(1, 40)
    await disk.delete(1, 40)
    assert log.greatest_id() == 40


async def test_the_greatest_id_is_not_that_of_the_last_in_the_journal(
    disk: Rig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(journal_lmdb, "_LAST", 3)
    for id in (10, 20, 40, 30, 35):  # 40 was under way with them
        await disk.create(1, id)
    assert disk.log.greatest_id() == 40
    for _ in range(5):
        await disk.update(1, 20)
    assert disk.log.greatest_id() == 35  # further back than anything under way


async def test_a_restart_finds_all_and_goes_on(disk: Rig):
    for channel in (1, 2):
        for id in (10, 20):
            await disk.create(channel, id, message(channel, id), nonce=b"%d-%d" % (channel, id))
    await disk.delete(1, 20)
    log = await disk.reopen()
    assert log.get(2, 10) == message(2, 10)
    assert log.last_id(1) == 10
    assert log.greatest_id() == 20
    assert log.nonce(b"2-20", disk.now_ms()) == 20
    disk.now_s += TEN_MINUTES_S
    assert log.nonce(b"2-20", disk.now_ms()) is None
    await disk.create(1, 30, message(1, 30))
    assert [row.n for row in await log.journal(0, 50)] == [1, 2, 3, 4, 5, 6]
    assert await log.check(decode) == []


async def test_the_ends_of_channels_are_found_anew_when_another_version_wrote(disk: Rig):
    for channel, id in ((1, 10), (2, 20), (2, 30), (3, 30)):
        await disk.create(channel, id, message(channel, id))
    await disk.log.close()
    assert disk.path is not None
    # As an earlier version does, which knows nothing of the table of ends.
    tamper(disk.path, b"messages", lambda txn: txn.put(pair(1, 40), message(1, 40)))
    tamper(disk.path, b"messages", lambda txn: txn.delete(pair(2, 30)))
    tamper(disk.path, b"messages", lambda txn: txn.delete(pair(3, 30)))
    row = bytes([1]) + msgspec.msgpack.encode([(0, 1, 40), (2, 2, 30), (2, 3, 30)])
    tamper(disk.path, b"journal", lambda txn: txn.put(struct.pack(">Q", 5), row))
    log = disk.open()
    assert [log.last_id(channel) for channel in (1, 2, 3)] == [40, 20, None]
    assert await log.channels() == [1, 2]
    assert await log.check(decode) == []


async def test_an_outcome_does_not_uncover_what_a_newer_entry_hides(disk: Rig):
    for id in range(1, 50):
        created = disk.create(1, id, b"old")
        # The loop stands still until the first is on disk and its outcome under way.
        while disk.log.last_id(1) != id:
            pass
        edited = disk.update(1, id, b"new")
        await created
        assert disk.log.get(1, id) == b"new"
        await edited


async def test_a_bad_entry_spoils_no_other_of_its_batch(disk: Rig):
    # LMDB refuses a key over 511 bytes: the whole transaction falls and is tried one by one.
    futures = [
        disk.create(1, 1),
        disk.create(1, 2, nonce=b"x" * 600),
        disk.update(1, 2),
        disk.create(1, 3, nonce=b"ok"),
    ]
    first, second, third, fourth = await asyncio.gather(*futures)
    assert (first, fourth) == (None, None)
    assert isinstance(second, lmdb.BadValsizeError)
    assert isinstance(third, Missing)
    assert disk.log.get(1, 2) is None
    assert await disk.log.page(1, 50) == [b"new", b"new"]
    assert disk.log.nonce(b"ok", disk.now_ms()) == 3
    rows = await disk.log.journal(0, 50)
    assert [entry for row in rows for entry in row.entries] == [(0, 1, 1), (0, 1, 3)]


async def test_a_full_map_refuses_what_does_not_fit_and_only_that(disk: Rig):
    await disk.reopen(map_size_bytes=1 << 18)
    big, small = b"x" * (1 << 20), b"x" * 100
    outcomes = await asyncio.gather(
        disk.create(1, 1, small), disk.create(1, 2, big), disk.create(1, 3, small)
    )
    assert [type(error) for error in outcomes] == [type(None), StorageFull, type(None)]
    stored = {1, 3}
    for id in range(4, 1000):
        error = await disk.create(1, id, b"x" * 2000)
        if error is not None:
            assert isinstance(error, StorageFull)
            break
        stored.add(id)
    assert 5 < len(stored) < 900
    assert isinstance(await disk.create(1, 1000, big), StorageFull)
    assert disk.log.get(1, 1000) is None
    log = await disk.reopen()
    assert len(await log.page(1, 1000)) == len(stored)
    assert await disk.create(1, 2, big) is None
    rows = await log.journal(0, 1000)
    assert [row.n for row in rows] == list(range(1, len(rows) + 1))
    assert {id for row in rows for _, _, id in row.entries} == stored | {2}


async def test_below_the_reserve_only_deletes_are_taken(disk: Rig, monkeypatch: pytest.MonkeyPatch):
    await disk.create(1, 1)
    monkeypatch.setattr(messages_lmdb, "_DISK_EVERY_S", 0.005)
    found = SimpleNamespace(f_bavail=10, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    await disk.reopen(reserve_bytes=50_000)
    with pytest.raises(StorageFull, match="reserve"):
        disk.create(1, 2)
    assert disk.log.get(1, 2) is None
    with pytest.raises(StorageFull):
        disk.update(1, 1)
    assert await disk.delete(1, 1) is None
    # Room again: the writer notices although nobody can put anything.
    found.f_bavail = 20
    async with asyncio.timeout(20):
        while True:
            try:
                future = disk.create(1, 2)
            except StorageFull:
                await asyncio.sleep(0.002)
            else:
                break
    assert await future is None

    # A disk that cannot be asked is as good as full.
    def gone(path: object) -> object:
        raise OSError("gone")

    monkeypatch.setattr(os, "statvfs", gone)
    for id in range(3, 10_000):
        try:
            await disk.create(1, id)
        except StorageFull:
            break
        await asyncio.sleep(0.002)
    else:
        pytest.fail("the reserve was not seen")


async def test_expired_nonces_go_in_pieces(disk: Rig):
    async def add(first: int, count: int, letter: bytes) -> None:
        await asyncio.gather(
            *(
                disk.create(1, id, b"", nonce=letter + struct.pack(">Q", id))
                for id in range(first, first + count)
            )
        )

    # Those that expire stand behind those that do not: the sweep must get past the latter.
    await add(1, 1000, b"b")
    disk.now_s += TEN_MINUTES_S
    for turn in range(10):
        await add(1001 + turn * 100, 100, b"a")
        disk.now_s += 1
    await disk.log.close()
    with (
        lmdb.open(str(disk.path), max_dbs=8, readonly=True) as env,
        env.begin(db=env.open_db(b"nonces", create=False)) as txn,
    ):
        assert 1000 <= txn.stat(env.open_db(b"nonces", txn=txn, create=False))["entries"] < 1300


async def test_a_purge_that_was_stopped_goes_on(disk: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages_lmdb, "PIECE", 10)
    await asyncio.gather(*(disk.create(5, id, message(5, id)) for id in range(1, 101)))
    task = asyncio.create_task(disk.log.purge(5))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await disk.create(6, 1, message(6, 1))
    left = len(await disk.log.page(5, 1000))
    assert left == 90
    assert await disk.log.check(decode) == []
    log = await disk.reopen()
    assert await log.purge(5) == left
    assert await log.channels() == [6]
    assert await log.check(decode) == []


async def test_a_job_that_fails_is_told_and_the_writer_lives(
    disk: Rig, monkeypatch: pytest.MonkeyPatch
):
    await disk.create(5, 1)
    with monkeypatch.context() as patch:
        patch.setattr(messages_lmdb, "PIECE", None)
        with pytest.raises(TypeError):
            await disk.log.purge(5)
    assert await disk.log.purge(5) == 1


def tamper(path: Path, table: bytes, change: Callable[[Any], object]) -> None:
    """Change a table behind the log's back."""
    with (
        lmdb.open(str(path), max_dbs=8, map_size=1 << 30) as env,
        env.begin(db=env.open_db(table), write=True) as txn,
    ):
        change(txn)


def pair(channel: int, id: int) -> bytes:
    return struct.pack(">QQ", channel, id)


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        (
            b"messages",
            lambda txn: txn.delete(pair(1, 1)),
            "Message 1 of channel 1 is lost, the journal knows it.",
        ),
        (
            b"messages",
            lambda txn: txn.put(pair(1, 3), message(1, 3)),
            "Message 3 of channel 1 is there, the journal deleted it.\n"
            "Channel 1 ends with message 3, its table says 2.",
        ),
        (
            b"messages",
            lambda txn: txn.put(pair(1, 1), b"\x09"),
            "Message 1 of channel 1 cannot be read: message record version 9 is unknown; "
            "this Hearth reads 1.",
        ),
        (b"messages", lambda txn: txn.put(b"\x01", b""), "The key 01 is no message's."),
        (
            b"journal",
            lambda txn: txn.delete(struct.pack(">Q", 2)),
            "The journal goes from row 1 to row 3.",
        ),
        (
            b"journal",
            lambda txn: txn.put(struct.pack(">Q", 1), b"\x02"),
            "Journal row 1 cannot be read: its version 02 is unknown.",
        ),
        (
            b"newest",
            lambda txn: txn.put(struct.pack(">Q", 1), struct.pack(">Q", 9)),
            "Channel 1 ends with message 2, its table says 9.",
        ),
        # Rows before the first may be gone; only a hole is a fault.
        (b"journal", lambda txn: txn.delete(struct.pack(">Q", 1)), None),
    ],
)
async def test_check_finds(
    disk: Rig, table: bytes, change: Callable[[Any], object], says: str | None
):
    for id in (1, 2, 3):
        await disk.create(1, id, message(1, id))
    await disk.delete(1, 3)
    await disk.log.close()
    assert disk.path is not None
    tamper(disk.path, table, change)
    log = disk.open()
    assert "\n".join(await log.check(decode)) == (says or "")


async def test_check_looks_at_the_tail_only(disk: Rig):
    for id in (1, 2):
        await disk.create(1, id, message(1, id))
    await disk.log.close()
    assert disk.path is not None
    tamper(disk.path, b"messages", lambda txn: txn.delete(pair(1, 1)))
    log = disk.open()
    assert await log.check(decode, tail_rows=1) == []
    assert len(await log.check(decode, tail_rows=2)) == 1


async def test_a_later_format_is_refused(disk: Rig):
    await disk.log.close()
    assert disk.path is not None
    tamper(disk.path, b"meta", lambda txn: txn.put(b"format", b"2"))
    with pytest.raises(UnknownFormat, match="format 2"):
        disk.open()
    tamper(disk.path, b"meta", lambda txn: txn.put(b"format", b"1"))
    disk.open()


async def test_only_the_owner_may_read_the_files(disk: Rig):
    assert disk.path is not None
    for file in (disk.path, *disk.path.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


async def test_an_idle_writer_keeps_house(disk: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages_lmdb, "_READERS_EVERY_S", 0.001)
    monkeypatch.setattr(messages_lmdb, "_DISK_EVERY_S", 0.0)
    await disk.reopen(reserve_bytes=1 << 20)
    asked = 0
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    def statvfs(path: object) -> object:
        nonlocal asked
        asked += 1
        if asked == 3:
            loop.call_soon_threadsafe(seen.set)
        return SimpleNamespace(f_bavail=1 << 20, f_frsize=4096)

    monkeypatch.setattr(os, "statvfs", statvfs)
    await seen.wait()
    assert await disk.create(1, 1) is None
