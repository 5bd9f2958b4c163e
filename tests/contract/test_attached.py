"""What every `MessageLog` promises of pins and marks, on LMDB and in memory; then of the disk."""

import asyncio
import random
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hearth.core.ports import (
    Attached,
    Entry,
    Exists,
    Kind,
    Missing,
    StorageFull,
    Tally,
    TooMany,
)
from hearth.core.record import decode
from hearth.store import messages_lmdb
from hearth.store.memory import MemoryLog
from hearth.store.messages_lmdb import LmdbLog
from tests.contract.test_message_log import Rig, message, pair, tamper

UP, DOWN, LONGER = b"rup", b"rdown", b"rupper"


class Board(Rig):
    """A log with messages that get marks and pins."""

    def change(self, kind: Kind, channel: int, id: int, **more: Any):
        """Queue a change without a value; the future is why it failed or None."""
        future: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.log.put(Entry(kind, channel, id, note=future, **more))
        return future

    def mark(self, channel: int, id: int, name: bytes, user: int, **more: Any):
        return self.change(Kind.MARK, channel, id, name=name, user_id=user, **more)

    def unmark(self, channel: int, id: int, name: bytes, user: int):
        return self.change(Kind.UNMARK, channel, id, name=name, user_id=user)

    def clear(self, channel: int, id: int, name: bytes):
        return self.change(Kind.CLEAR, channel, id, name=name)

    def pin(self, channel: int, id: int, at_ms: int, most: int | None = None):
        return self.change(Kind.PIN, channel, id, at_ms=at_ms, most=most)

    def unpin(self, channel: int, id: int):
        return self.change(Kind.UNPIN, channel, id)

    async def write(self, channel: int, *ids: int) -> None:
        await asyncio.gather(*(self.create(channel, id, message(channel, id)) for id in ids))

    async def tallies(self, channel: int, id: int, user: int = 0) -> list[tuple[bytes, int, bool]]:
        found = await self.log.attached(channel, [id], user)
        assert found == await self.log.attached(channel, [id], user, cold=True)
        return [(t.name, t.count, t.mine) for t in found.get(id, Attached()).tallies]


@pytest.fixture(params=["memory", "lmdb"])
async def board(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Board]:
    made = Board(None if request.param == "memory" else tmp_path / "log")
    yield made
    assert await made.log.check(decode) == []
    await made.log.close()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Board]:
    made = Board(tmp_path / "log")
    yield made
    await made.log.close()


async def test_nothing_hangs_off_at_first(board: Board):
    await board.write(1, 2)
    assert await board.log.attached(1, [], 9) == {}
    assert await board.log.attached(1, [2, 3], 9) == {}
    assert await board.log.marked(1, 2, UP, 0, 10) == []
    assert await board.log.pins(1) == []
    assert board.log.last_pin_ms(1) is None


async def test_marks_are_counted(board: Board):
    await board.write(1, 2)
    assert await board.mark(1, 2, UP, 7, label=b"first") is None
    assert await board.mark(1, 2, DOWN, 8) is None
    assert await board.mark(1, 2, UP, 8, label=b"second") is None
    assert isinstance(await board.mark(1, 2, UP, 8), Exists)
    assert await board.tallies(1, 2, 7) == [(UP, 2, True), (DOWN, 1, False)]
    found = await board.log.attached(1, [2], 0)
    assert found == {2: Attached(None, (Tally(UP, 2, False, b"first"), Tally(DOWN, 1, False, b"")))}
    assert await board.unmark(1, 2, UP, 7) is None
    assert isinstance(await board.unmark(1, 2, UP, 7), Missing)
    assert await board.tallies(1, 2, 7) == [(UP, 1, False), (DOWN, 1, False)]
    assert await board.unmark(1, 2, UP, 8) is None
    # A name that comes again comes last.
    await board.mark(1, 2, UP, 8)
    assert await board.tallies(1, 2, 8) == [(DOWN, 1, True), (UP, 1, True)]


async def test_a_name_is_no_other_that_begins_like_it(board: Board):
    await board.write(1, 2, 3)
    big = int.from_bytes(b"per\0\0\0\0\0")
    for id in (2, 3):
        for name, user in ((UP, 7), (LONGER, 7), (UP, big), (LONGER, 8)):
            await board.mark(1, id, name, user)
    assert await board.log.marked(1, 2, UP, 0, 10) == [7, big]
    assert await board.log.marked(1, 2, LONGER, 0, 10) == [7, 8]
    assert await board.clear(1, 2, UP) is None
    assert await board.tallies(1, 2) == [(LONGER, 2, False)]
    assert await board.log.marked(1, 2, UP, 0, 10) == []
    assert await board.tallies(1, 3) == [(UP, 2, False), (LONGER, 2, False)]


async def test_who_marked_comes_in_pages(board: Board):
    await board.write(1, 2, 3)
    for user in (5, 3, 9, 1 << 62):
        await board.mark(1, 2, UP, user)
    await board.mark(1, 3, UP, 4)
    await board.mark(1, 2, DOWN, 4)
    log = board.log
    assert await log.marked(1, 2, UP, 0, 10) == [3, 5, 9, 1 << 62]
    assert await log.marked(1, 2, UP, 0, 2) == [3, 5]
    assert await log.marked(1, 2, UP, 5, 2) == [9, 1 << 62]
    assert await log.marked(1, 2, UP, 1 << 62, 2) == []
    assert await log.marked(1, 2, UP, (1 << 64) - 1, 2) == []
    assert await log.marked(1, 2, UP, 0, 0) == []


async def test_a_family_is_limited_and_cleared_alone(board: Board):
    await board.write(1, 2)
    assert await board.mark(1, 2, b"p1", 7) is None
    assert await board.mark(1, 2, UP, 7, most=2) is None
    assert await board.mark(1, 2, DOWN, 7, most=2) is None
    assert isinstance(await board.mark(1, 2, LONGER, 7, most=2), TooMany)
    assert await board.mark(1, 2, DOWN, 8, most=0) is None
    assert isinstance(await board.clear(1, 2, LONGER), Missing)
    assert await board.clear(1, 2, b"r") is None
    assert isinstance(await board.clear(1, 2, b"r"), Missing)
    assert await board.tallies(1, 2) == [(b"p1", 1, False)]
    assert isinstance(await board.mark(1, 2, UP, 7, most=0), TooMany)


async def test_nothing_hangs_off_what_is_not_there(board: Board):
    assert isinstance(await board.mark(1, 2, UP, 7), Missing)
    assert isinstance(await board.pin(1, 2, 5), Missing)
    assert isinstance(await board.clear(1, 2, b"r"), Missing)
    await board.write(1, 2)
    queued = [board.delete(1, 2), board.mark(1, 2, UP, 7), board.pin(1, 2, 5)]
    errors = [type(error) for error in await asyncio.gather(*queued)]
    assert errors == [type(None), Missing, Missing]
    assert await board.log.attached(1, [2], 7) == {}


async def test_a_delete_takes_all_along(board: Board):
    await board.write(1, 2, 3)
    for id in (2, 3):
        for user in range(5, 9):
            await board.mark(1, id, UP, user)
        await board.pin(1, id, 100)
    assert await board.delete(1, 2) is None
    assert await board.log.attached(1, [2], 7) == {}
    assert await board.log.pins(1) == [(101, 3)]
    await board.write(1, 2)
    assert await board.tallies(1, 2) == []
    assert await board.tallies(1, 3) == [(UP, 4, False)]


async def test_an_edit_leaves_what_hangs_off(board: Board):
    await board.write(1, 2)
    await board.mark(1, 2, UP, 7)
    await board.pin(1, 2, 5)
    await board.update(1, 2, message(1, 2))
    assert await board.log.attached(1, [2], 7) == {2: Attached(5, (Tally(UP, 1, True),))}
    assert board.log.get(1, 2) == message(1, 2)


async def test_pins_come_newest_first_and_each_has_its_time(board: Board):
    await board.write(1, 1, 2, 3)
    await board.write(2, 4)
    assert await board.pin(1, 2, 100) is None
    assert board.log.last_pin_ms(1) == 100
    assert isinstance(await board.pin(1, 2, 200), Exists)
    assert await board.pin(1, 1, 100, most=2) is None
    assert isinstance(await board.pin(1, 3, 300, most=2), TooMany)
    assert await board.pin(1, 3, 50, most=3) is None
    assert await board.pin(2, 4, 7) is None
    assert await board.log.pins(1) == [(102, 3), (101, 1), (100, 2)]
    assert (board.log.last_pin_ms(1), board.log.last_pin_ms(2)) == (102, 7)
    assert [board.log.pinned(1, id) for id in (1, 2, 3, 4)] == [True, True, True, False]
    assert await board.unpin(1, 3) is None
    assert isinstance(await board.unpin(1, 3), Missing)
    assert board.log.last_pin_ms(1) == 101
    await board.delete(1, 1)
    assert board.log.last_pin_ms(1) == 100
    assert [board.log.pinned(1, id) for id in (1, 2, 3)] == [False, True, False]


async def test_a_page_is_read_at_once(board: Board):
    ids = list(range(10, 60))
    await board.write(1, *ids)
    await board.write(0, 11)
    await board.write(2, 11)
    for channel in (0, 2):
        await board.mark(channel, 11, UP, 7)
        await board.pin(channel, 11, 5)
    for id in (10, 30, 31, 59):
        await board.mark(1, id, UP, 7)
        await board.mark(1, id, DOWN, 8)
    await board.pin(1, 30, 5)
    await board.pin(1, 40, 6)
    everything = await board.log.attached(1, ids, 7)
    assert sorted(everything) == [10, 30, 31, 40, 59]
    assert everything[30].pinned_at_ms == 5
    assert [(t.count, t.mine) for t in everything[59].tallies] == [(1, True), (1, False)]
    assert everything == await board.log.attached(1, ids[::-1], 7)
    scattered = await board.log.attached(1, [10, 33, 59], 7)
    assert scattered == {id: everything[id] for id in (10, 59)}


async def test_the_journal_tells_of_it(board: Board):
    await board.write(1, 2)
    await board.mark(1, 2, UP, 7)
    await board.mark(1, 2, UP, 7)
    await board.pin(1, 2, 5)
    await board.unmark(1, 2, UP, 7)
    await board.unpin(1, 2)
    await board.mark(1, 2, UP, 7)
    await board.clear(1, 2, b"r")
    rows = await board.log.journal(0, 50)
    told = [entry for row in rows for entry in row.entries]
    assert told == [(kind, 1, 2) for kind in (0, 3, 6, 4, 7, 3, 5)]


async def test_a_full_disk_takes_what_takes_away(board: Board, monkeypatch: pytest.MonkeyPatch):
    await board.write(1, 2)
    await board.mark(1, 2, UP, 7)
    await board.mark(1, 2, DOWN, 7)
    await board.pin(1, 2, 5)
    log = board.log
    monkeypatch.setattr(log, "full" if isinstance(log, MemoryLog) else "_full", True)
    with pytest.raises(StorageFull):
        board.mark(1, 2, UP, 8)
    with pytest.raises(StorageFull):
        board.pin(1, 2, 8)
    gone = [board.unmark(1, 2, UP, 7), board.clear(1, 2, b"r"), board.unpin(1, 2)]
    assert await asyncio.gather(*gone) == [None, None, None]


async def test_a_purge_takes_all_along(board: Board, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages_lmdb, "PIECE", 3)
    for channel in (1, 2):
        await board.write(channel, *range(1, 9))
        for id in range(1, 9):
            await board.mark(channel, id, UP, 7)
            await board.pin(channel, id, id)
    assert await board.log.purge(1) == 8
    assert await board.log.attached(1, range(1, 9), 7) == {}
    assert (board.log.last_pin_ms(1), board.log.last_pin_ms(2)) == (None, 8)
    assert len(await board.log.attached(2, range(1, 9), 7)) == 8


CHANGES = ["create", "delete", *["mark"] * 3, *["unmark"] * 2, "clear", "all", "pin", "unpin"]


@pytest.mark.parametrize("seed", range(8))
async def test_any_sequence_is_as_in_a_dict(board: Board, seed: int):
    chance = random.Random(seed)
    model: dict[int, dict[bytes, set[int]]] = {}
    pinned: dict[int, bool] = {}
    done: list[tuple[asyncio.Future[Exception | None], type[Exception] | None]] = []
    for _ in range(300):
        id, user = chance.randint(1, 4), chance.randint(1, 3)
        name = chance.choice([UP, DOWN, LONGER, b"p1"])
        what = chance.choice(CHANGES)
        names = model.get(id)
        error: type[Exception] | None = None
        if what == "create":
            future = board.create(1, id, message(1, id))
            error = Exists if names is not None else None
            model.setdefault(id, {})
        elif what == "delete":
            future = board.delete(1, id)
            error = Missing if model.pop(id, None) is None else None
            pinned.pop(id, None)
        elif what == "mark":
            future = board.mark(1, id, name, user)
            if names is None:
                error = Missing
            elif user in names.get(name, set()):
                error = Exists
            else:
                names.setdefault(name, set()).add(user)
        elif what == "unmark":
            future = board.unmark(1, id, name, user)
            users = (names or {}).get(name, set())
            error = None if user in users else Missing
            users.discard(user)
        elif what in ("clear", "all"):
            family = b"r" if what == "all" else name
            future = board.clear(1, id, family)
            gone = [n for n, users in (names or {}).items() if users and n.startswith(family)]
            gone = gone if what == "all" else [n for n in gone if n == name]
            error = None if gone else Missing
            for each in gone:
                del model[id][each]
        elif what == "pin":
            future = board.pin(1, id, 5)
            error = Missing if names is None else Exists if id in pinned else None
            pinned |= {id: True} if names is not None else {}
        else:
            future = board.unpin(1, id)
            error = None if pinned.pop(id, False) else Missing
        done.append((future, error))
        if chance.random() < 0.3:
            await future
    for future, error in done:
        got = await future
        assert (got and type(got)) == error
    for user in (1, 2, 3):
        found = await board.log.attached(1, [1, 2, 3, 4], user)
        shown = {
            id: {t.name: (t.count, t.mine) for t in attached.tallies}
            for id, attached in found.items()
            if attached.tallies
        }
        wanted = {
            id: {name: (len(users), user in users) for name, users in names.items() if users}
            for id, names in model.items()
        }
        assert shown == {id: names for id, names in wanted.items() if names}
        assert {i for i, attached in found.items() if attached.pinned_at_ms} == {*pinned}


# What only the disk can show.


async def test_a_restart_finds_what_hangs_off(disk: Board):
    await disk.write(1, 2)
    await disk.mark(1, 2, UP, 7, at_ms=4, label=b"x")
    await disk.pin(1, 2, 5)
    log = await disk.reopen()
    assert await log.attached(1, [2], 7) == {2: Attached(5, (Tally(UP, 1, True, b"x"),))}
    assert log.last_pin_ms(1) == 5
    assert await log.check(decode) == []


async def test_the_newest_pin_is_never_stale(disk: Board):
    seen: list[int | None] = []
    await disk.write(1, 2)
    disk.watch = lambda entry: seen.append(disk.log.last_pin_ms(1))
    for at_ms in range(10, 60, 10):
        pinned = disk.pin(1, 2, at_ms)
        disk.log.last_pin_ms(1)
        await pinned
        unpinned = disk.unpin(1, 2)
        disk.log.last_pin_ms(1)
        await unpinned
    assert seen == [10, None, 20, None, 30, None, 40, None, 50, None]


@pytest.mark.parametrize(
    ("table", "key", "value", "says"),
    [
        (b"tallies", UP, struct.pack(">QQ", 5, 1), "has 2 marks b'rup', its tally says 5."),
        (b"tallies", UP, None, "has 2 marks b'rup', its tally says 0."),
        (b"tallies", DOWN, struct.pack(">QQ", 1, 2), "has 0 marks b'rdown', its tally says 1."),
        (
            b"marks",
            b"\x03rup" + struct.pack(">Q", 7),
            None,
            "has 1 marks b'rup', its tally says 2.",
        ),
    ],
)
async def test_check_finds_wrong_tallies(
    disk: Board, table: bytes, key: bytes, value: bytes | None, says: str
):
    await disk.write(1, 2, 3)
    for user in (7, 8):
        await disk.mark(1, 2, UP, user)
    await disk.log.close()
    assert disk.path is not None
    key = pair(1, 2) + key
    tamper(disk.path, table, lambda txn: txn.delete(key) if value is None else txn.put(key, value))
    log = disk.open()
    assert await log.check(decode) == [f"Message 2 of channel 1 {says}"]


@pytest.mark.parametrize("table", [b"pins", b"tallies", b"marks"])
async def test_check_finds_what_hangs_off_nothing(disk: Board, table: bytes):
    await disk.write(1, 2)
    await disk.log.close()
    assert disk.path is not None
    key = pair(1, 5) + {b"pins": b"", b"tallies": UP, b"marks": b"\x03rup" + bytes(8)}[table]
    tamper(disk.path, table, lambda txn: txn.put(key, bytes(16)))
    said = await disk.open().check(decode)
    assert said[0] == "Message 5 of channel 1 is not there, but something hangs off it."


# Marks and unmarks without pause, saying each that was acknowledged, until it is killed.
SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from hearth.core.ports import Entry, Kind
from hearth.store.messages_lmdb import LmdbLog

def committed(outcome):
    for entry, error in outcome:
        if error is None and entry.kind is not Kind.CREATE:
            os.write(1, b"%d %d %d\\n" % (entry.kind, entry.id, entry.user_id))
        entry.note.set_result(error)

async def main(path):
    log = LmdbLog(Path(path), committed, reserve_bytes=0, map_size_bytes=1 << 30)
    loop = asyncio.get_running_loop()
    async def put(kind, id, user=0, value=None):
        note = loop.create_future()
        log.put(Entry(kind, 1, id, value, note=note, name=b"rup", user_id=user))
        await note
    async def work(user):
        for turn in range(10**9):
            id = turn % 3 + 1
            await put(Kind.CREATE, id, value=b"x")
            await put(Kind.MARK, id, user)
            if (turn + user) % 4 == 0:
                await put(Kind.UNMARK, id, user)
            if (turn + user) % 37 == 0:
                await put(Kind.DELETE, id)
    await asyncio.gather(*(work(user) for user in range(1, 9)))

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("acks", [3, 40, 300])
async def test_a_kill_leaves_tallies_that_count_the_marks(tmp_path: Path, acks: int):
    path = tmp_path / "log"
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SCRIPT, str(path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(acks):
            assert await process.stdout.readline()
        process.kill()
        await process.communicate()
        log = LmdbLog(path, lambda outcome: None, reserve_bytes=0, map_size_bytes=1 << 30)
        said = await log.check(decode)
        await log.close()
        assert [text for text in said if "cannot be read" not in text] == []
