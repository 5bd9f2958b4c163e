"""A backup is of one instant of both stores, whatever is written meanwhile."""

import asyncio
import errno
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hearth.core.backups import BackupFailed, Counts
from hearth.core.models.assets import Asset
from hearth.core.models.users import User
from hearth.core.ports import Entry, Kind, Unusable
from hearth.store import backup as module
from hearth.store.backup import DataBackups
from hearth.store.blobs_disk import DiskBlobs
from hearth.store.directory import SqlDirectory
from hearth.store.messages_lmdb import LmdbLog
from hearth.store.restore import restore
from hearth.store.sql.database import Database
from hearth.store.sql.migrate import migrate, migrations
from hearth.store.sql.sqlite import Sqlite
from tests.harness import until

CHANNEL = 5


class Stores:
    """The stores of a data directory, with what a backup needs of it."""

    def __init__(self, data: Path, directory: SqlDirectory) -> None:
        self.data = data
        self.directory = directory
        self.outcome: list[Any] = []
        self.log = LmdbLog(data / "messages", self.outcome.extend, reserve_bytes=0)
        self.blobs = DiskBlobs(data / "blobs", wall=lambda: 0.0)
        self.backups = DataBackups(data, directory, self.log, wall=lambda: 0.0)

    async def pair(self, i: int) -> None:
        """A user, and when that is durable a message of the same number, durable as well."""
        await self.directory.commit([User(id=i, username=f"u{i}")], [])
        entry = Entry(kind=Kind.CREATE, channel_id=CHANNEL, id=i, value=b"x" * 200)
        before = len(self.outcome)
        self.log.put(entry)
        await until(lambda: len(self.outcome) > before)

    async def close(self) -> None:
        """End all."""
        await self.backups.close()
        await self.log.close()
        await self.blobs.close()
        await self.directory.close()


async def opened(data: Path) -> Stores:
    return Stores(data, await SqlDirectory.open(data / "metadata.db"))


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "key").write_bytes(bytes(32))
    made = await opened(data)
    yield made
    await made.close()


async def test_it_is_of_one_instant(stores: Stores, tmp_path: Path) -> None:
    """Of what is written one after the other no backup has the second without the first."""
    done, over, counts = 0, asyncio.Event(), None

    async def write() -> None:
        nonlocal done
        while not over.is_set():
            await stores.pair(done + 1)
            done += 1

    writing = asyncio.create_task(write())
    try:
        for i in range(8):
            at_least = done + 3
            await until(lambda at_least=at_least: done >= at_least)
            before = done
            manifest, barrier_ms = await stores.backups.make(str(tmp_path / f"b{i}"), None)
            counts = manifest.counts
            assert before <= counts.messages <= counts.users <= counts.messages + 1
            assert barrier_ms > 0
    finally:
        over.set()
        await writing
    back = tmp_path / "back"
    back.mkdir()
    assert counts is not None
    assert restore(tmp_path / "b7", back).counts == counts
    again = await opened(back)
    try:
        assert len(await again.log.page(CHANNEL, 10_000)) == counts.messages
        assert await again.directory.check() == []
    finally:
        await again.close()


async def test_two_at_once_follow_each_other(stores: Stores, tmp_path: Path) -> None:
    await stores.pair(1)
    one, two = (stores.backups.make(str(tmp_path / name), None) for name in ("one", "two"))
    await asyncio.gather(one, two)
    assert (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()
    three, four = (stores.backups.make(str(tmp_path / "three"), None) for _ in range(2))
    outcome = await asyncio.gather(three, four, return_exceptions=True)
    assert [type(each) for each in outcome if isinstance(each, Exception)] == [BackupFailed]


async def test_what_cannot_be_written_says_so(stores: Stores, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="No such file"):
        await stores.backups.make(str(tmp_path / "none" / "backup"), None)
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="exists already"):
        await stores.backups.make(str(tmp_path / "file"), None)
    (stores.data / "key").unlink()
    with pytest.raises(BackupFailed, match="key"):
        await stores.backups.make(str(tmp_path / "backup"), None)
    assert not (tmp_path / "backup.part").exists()
    await stores.pair(1)  # nothing is held


async def test_after_the_end_none_is_made(stores: Stores, tmp_path: Path) -> None:
    await stores.backups.close()
    with pytest.raises(BackupFailed, match="stopping"):
        await stores.backups.make(str(tmp_path / "backup"), None)


async def bytes_of(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


def damage(file: str) -> None:
    Path(file).write_text("mad")


async def test_where_nothing_can_be_linked_it_is_copied(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged blob is noticed then, and what an earlier backup has is linked from there."""
    real = os.link

    def link(source: Path, target: Path) -> None:
        if stores.data in source.parents:  # another disk
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target)

    monkeypatch.setattr(module.os, "link", link)

    good = await stores.blobs.put(bytes_of("good"), 100)
    bad = await stores.blobs.put(bytes_of("bad"), 100)
    damage(await stores.blobs.file(bad.hash))
    for i, blob in enumerate((good, bad), 1):
        await stores.directory.commit([User(id=i, username=f"u{i}")], [])
        asset = Asset(path=f"avatars/{i}", hash="h", blob=blob.hash, type="png", user_id=i)
        await stores.directory.commit([asset], [])
    first, _ = await stores.backups.make(str(tmp_path / "first"), None)
    assert first.lost == (bad.hash.hex(),)
    name = good.hash.hex()
    place = Path("blobs", name[:2], name[2:4], name)
    assert (tmp_path / "first" / place).read_text() == "good"
    assert not (tmp_path / "first" / place).samefile(stores.data / place)
    await stores.backups.make(str(tmp_path / "second"), str(tmp_path / "first"))
    assert (tmp_path / "first" / place).samefile(tmp_path / "second" / place)


@pytest.fixture
async def whole(stores: Stores, tmp_path: Path) -> Path:
    """A backup of a few messages, two pictures and a certificate."""
    for i in (1, 2, 3):
        await stores.pair(i)
        blob = await stores.blobs.put(bytes_of(f"picture {i % 2}"), 100)
        asset = Asset(path=f"avatars/{i}", hash="h", blob=blob.hash, type="png", user_id=i)
        await stores.directory.commit([asset], [])
    (stores.data / "tls").mkdir()
    (stores.data / "tls" / "ca.pem").write_text("a certificate")
    manifest, _ = await stores.backups.make(str(tmp_path / "whole"), None)
    assert manifest.counts == Counts(3, 0, 0, 3, 2, 18)
    # Its blobs are links, and tests change what they find in it.
    shutil.copytree(tmp_path / "whole", tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Where to restore to."""
    made = tmp_path / "empty"
    made.mkdir()
    return made


NAMES = [
    "manifest.json",
    "manifest.sha256",
    "metadata.db",
    "messages/data.mdb",
    "key",
    "blobs.list",
    "blobs/*/*/*",
    "tls/ca.pem",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["a byte", "cut", "longer", "gone"])
def test_what_is_damaged_is_refused(whole: Path, empty: Path, name: str, how: str) -> None:
    (file, *_) = sorted(whole.glob(name))
    data = bytearray(file.read_bytes())
    if how == "a byte":
        data[len(data) // 2] ^= 1
    file.write_bytes(data[:-1] if how == "cut" else data + b"x" if how == "longer" else data)
    if how == "gone":
        file.unlink()
    said = "damaged|missing|no backup"
    with pytest.raises(Unusable, match=said):
        restore(whole, empty)
    assert list(empty.iterdir()) == []
    if not name.startswith("blobs/"):
        with pytest.raises(Unusable, match=said):
            restore(whole, empty, without_damaged=True)
        return
    assert restore(whole, empty, without_damaged=True).left_out == [file.name]
    assert len([*(empty / "blobs").glob("*/*/*")]) == 1


def change(backup: Path, alter: Callable[[dict[str, Any]], None]) -> None:
    """Write another manifest, sealed as Hearth does."""
    manifest = json.loads((backup / "manifest.json").read_text())
    alter(manifest)
    text = json.dumps(manifest).encode()
    (backup / "manifest.json").write_bytes(text)
    seal = f"{hashlib.sha256(text).hexdigest()}  manifest.json\n"
    (backup / "manifest.sha256").write_text(seal)


UNFIT: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda m: m["schema"].append("9999_later"), "newer version .*9999_later"),
    (lambda m: m.update(format=2, files=[]), "newer version"),
    (lambda m: m.pop("files"), "damaged"),
    (lambda m: m["files"].pop("key"), "damaged"),
    (lambda m: m["files"].update({"../x": m["files"]["key"]}), "damaged"),
    (lambda m: m["files"].update({"tls/../../x": m["files"]["key"]}), "damaged"),
    (lambda m: m["counts"].update(messages=4), "not as many"),
    (lambda m: m["counts"].update(users=2), "not as many"),
    (lambda m: m["counts"].update(blobs=1), "names 2 files"),
    (lambda m: m["counts"].update(blob_bytes=17), "names 2 files"),
]


@pytest.mark.parametrize(("alter", "said"), UNFIT)
def test_a_manifest_that_does_not_fit(whole: Path, empty: Path, alter: Any, said: str) -> None:
    change(whole, alter)
    with pytest.raises(Unusable, match=said):
        restore(whole, empty)
    assert list(empty.iterdir()) == []


def test_of_what_is_another_persons_nothing_is_readable(whole: Path, empty: Path) -> None:
    restore(whole, empty)
    paths = [*whole.parent.joinpath("whole").rglob("*"), *empty.rglob("*")]
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


async def test_an_older_schema_is_brought_up_by_the_next_start(tmp_path: Path, empty: Path) -> None:
    """A backup goes with the database as it is; what later versions need is not asked of it."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "key").write_bytes(bytes(32))
    engine = Sqlite(data / "metadata.db")
    old = migrations()[:-1]
    database = Database(engine, lambda c: migrate(c, engine.words, old))
    await database.close()
    stores = await opened(data)
    try:
        await stores.backups.make(str(tmp_path / "whole"), None)
    finally:
        await stores.close()
    # As the older version would have made it: its metadata have fewer tables.
    older = tmp_path / "whole" / "metadata.db"
    older.unlink()
    database = Database(Sqlite(older), lambda c: migrate(c, engine.words, old))
    await database.close()

    def alter(manifest: dict[str, Any]) -> None:
        manifest["schema"] = [each.name for each in old]
        digest = hashlib.sha256(older.read_bytes()).hexdigest()
        manifest["files"]["metadata.db"] = {"size": older.stat().st_size, "sha256": digest}

    change(tmp_path / "whole", alter)
    restore(tmp_path / "whole", empty)
    again = await opened(empty)
    try:
        assert await again.directory.check() == []
    finally:
        await again.close()
