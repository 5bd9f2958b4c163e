"""What a `Directory` in a file promises beyond one in memory: restarts, crashes, readers beside."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hearth.core.models.users import User
from hearth.core.ports import StorageFull
from hearth.store.directory import SqlDirectory
from hearth.store.sql.database import Connection
from tests.contract import worlds
from tests.contract.worlds import GUILD, WORLD, everything, rows, same


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "hearth.db"
    for _ in range(2):
        directory = await SqlDirectory.open(file)
        await directory.commit(WORLD, [])
        await directory.consume("unread", 9, [], [])
        await directory.close()
        assert os.listdir(tmp_path) == ["hearth.db"], "the WAL is folded in"
    directory = await SqlDirectory.open(file)
    assert same(await everything(directory), WORLD)
    assert await directory.cursor("unread") == 9
    await directory.close()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_reads_do_not_wait_for_a_write(tmp_path: Path) -> None:
    directory = await SqlDirectory.open(tmp_path / "hearth.db")
    await directory.commit(WORLD, [])
    started, go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.execute("DELETE FROM guilds")
        started.set()
        go.wait(10)

    write = asyncio.create_task(directory._database.write(slow))
    await asyncio.to_thread(started.wait, 10)
    assert await directory.guild_ids() == [GUILD]
    assert not write.done()
    go.set()
    await write
    assert await directory.guild_ids() == []
    await directory.close()


async def test_a_file_that_cannot_grow_is_no_room(tmp_path: Path) -> None:
    directory = await SqlDirectory.open(tmp_path / "hearth.db")
    await directory.commit(WORLD, [])
    people = [User(id=10_000 + i, username="u" * 100 + str(i)) for i in range(5_000)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(StorageFull):
            await directory.commit(people, [worlds.token])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(await everything(directory), WORLD)
    await directory.commit(people, [])
    assert await directory.check() == []
    await directory.close()


async def test_a_file_that_may_only_be_read_is_no_room(tmp_path: Path) -> None:
    directory = await SqlDirectory.open(tmp_path / "hearth.db")

    def lock(connection: Connection) -> None:
        connection.execute("PRAGMA query_only = ON")

    await directory._database.write(lock)
    with pytest.raises(StorageFull):
        await directory.commit(WORLD, [])
    await directory.close()


WRITER = """
import asyncio, sys
from hearth.core.models.users import Token, User
from hearth.store.directory import SqlDirectory

async def main():
    directory = await SqlDirectory.open(sys.argv[1])
    i = await directory.greatest_id()
    while True:
        i += 1
        token = Token(hash=i.to_bytes(32), user_id=i, created_at_ms=i)
        await directory.commit([User(id=i, username=f"u{i}"), token], [])
        print(i, flush=True)

asyncio.run(main())
"""


def kill_while_writing(file: Path, acknowledged: int) -> int:
    """Let a process write until it has said so `acknowledged` times, kill it; the last it said."""
    with subprocess.Popen([sys.executable, "-c", WRITER, file], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(acknowledged)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    return max(int(line) for line in lines if line.endswith(b"\n"))


async def test_killed_while_writing_loses_nothing_and_halves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "hearth.db"
    for acknowledged in (1, 37, 150):
        last = await asyncio.to_thread(kill_while_writing, file, acknowledged)
        directory = await SqlDirectory.open(file)
        found = await directory.greatest_id()
        assert last <= found <= last + 1
        assert len(await directory.users(range(1, found + 1))) == found
        assert len((await rows(directory))["tokens"]) == found
        assert await directory.check() == []
        await directory.close()


async def test_a_commit_is_on_the_disk_when_it_is_answered(tmp_path: Path) -> None:
    """The settings that promise it; that SQLite keeps the promise is its own affair."""
    directory = await SqlDirectory.open(tmp_path / "hearth.db")

    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [(connection.one(f"PRAGMA {name}") or [None])[0] for name in names]

    assert await directory._database.write(settings) == ["wal", 2, 1]
    await directory.close()
