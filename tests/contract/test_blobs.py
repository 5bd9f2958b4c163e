"""What every `Blobs` promises, on a disk and in memory; then what only a disk can show."""

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from hearth.core.blobs import PIECE_BYTES, Blob, Blobs, NoBlob, TooLarge
from hearth.core.ports import StorageFull
from hearth.store.blobs_disk import DiskBlobs
from hearth.store.memory import MemoryBlobs

MANY = 1 << 40
LONG = os.urandom(3 * PIECE_BYTES + 5)


class Wall:
    """A clock that a test moves."""

    seconds = 1_764_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["disk", "memory"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path, wall: Wall) -> AsyncIterator[Blobs]:
    made: Blobs = MemoryBlobs(wall=wall)
    if request.param == "disk":
        made = DiskBlobs(tmp_path / "blobs", wall=wall)
    yield made
    await made.close()


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def put(blobs: Blobs, data: bytes) -> bytes:
    return (await blobs.put(pieces(data), MANY)).hash


async def read(blobs: Blobs, hash: bytes, *span: int) -> bytes:
    return b"".join([piece async for piece in blobs.read(hash, *span)])


async def older(blobs: Blobs, than: float) -> set[bytes]:
    return {hash async for some in blobs.older(than) for hash in some}


async def test_what_is_put_is_read(blobs: Blobs) -> None:
    kept = await blobs.put(pieces(LONG[:1], b"", LONG[1:]), MANY)
    assert kept == Blob(sha256(LONG).digest(), len(LONG))
    assert await blobs.size(kept.hash) == len(LONG)
    assert await read(blobs, kept.hash) == LONG
    assert all([len(piece) <= PIECE_BYTES async for piece in blobs.read(kept.hash)])
    for span in ((0, 1), (5, 5), (PIECE_BYTES - 1, PIECE_BYTES + 1), (7,), (len(LONG),)):
        start, end = span[0], span[1] if len(span) > 1 else None
        assert await read(blobs, kept.hash, *span) == LONG[start:end]
    assert Path(await blobs.file(kept.hash)).read_bytes() == LONG  # noqa: ASYNC240


async def test_nothing_is_a_blob_too(blobs: Blobs) -> None:
    kept = await blobs.put(pieces(), 0)
    assert kept == Blob(sha256(b"").digest(), 0)
    assert await read(blobs, kept.hash) == b""


async def test_what_is_not_there(blobs: Blobs) -> None:
    assert await blobs.size(bytes(32)) is None
    assert not await blobs.touch(bytes(32))
    assert not await blobs.delete(bytes(32), 1e12)
    with pytest.raises(NoBlob):
        await blobs.file(bytes(32))
    with pytest.raises(NoBlob):
        await read(blobs, bytes(32))


async def test_the_same_bytes_are_one_blob(blobs: Blobs, wall: Wall) -> None:
    first = await put(blobs, b"same")
    assert await put(blobs, b"same") == first
    assert await older(blobs, wall.seconds + 1) == {first}


async def test_only_what_is_old_is_deleted(blobs: Blobs, wall: Wall) -> None:
    one, two, three = [await put(blobs, text) for text in (b"1", b"2", b"3")]
    start = wall.seconds
    wall.seconds += 100
    assert await blobs.touch(two)
    assert await put(blobs, b"3") == three
    assert await older(blobs, start) == set()
    assert await older(blobs, wall.seconds) == {one}
    for young in (two, three):
        assert not await blobs.delete(young, wall.seconds)
        assert await blobs.size(young) == 1
    assert await blobs.delete(one, wall.seconds)
    assert not await blobs.delete(one, wall.seconds)
    assert await blobs.size(one) is None


async def test_too_much_leaves_nothing(blobs: Blobs, wall: Wall) -> None:
    read_on = False

    async def long() -> AsyncIterator[bytes]:
        nonlocal read_on
        yield b"123"
        yield b"45"
        read_on = True

    with pytest.raises(TooLarge):
        await blobs.put(long(), 4)
    assert not read_on
    assert (await blobs.put(pieces(b"1234"), 4)).size == 4
    assert len(await older(blobs, wall.seconds + 1)) == 1


async def test_what_the_chunks_raise_comes_back(blobs: Blobs, wall: Wall) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"123"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put(broken(), MANY)
    assert await older(blobs, wall.seconds + 1) == set()


async def test_what_was_touched_last_stays(blobs: Blobs, wall: Wall) -> None:
    hashes: list[bytes] = []
    for text in (b"aaaa", b"bbb", b"cc", b"d"):
        hashes.append(await put(blobs, text))
        wall.seconds += 1
    assert await blobs.trim(10) == 10
    await blobs.touch(hashes[0])
    assert await blobs.trim(9) == 7
    assert [await blobs.size(hash) for hash in hashes] == [4, None, 2, 1]
    assert await blobs.trim(4) == 4
    assert await blobs.trim(0) == 4, "the one that was asked for last"
    assert [await blobs.size(hash) for hash in hashes] == [4, None, None, None]


# A disk


def files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


async def test_a_blob_is_a_file_two_folders_deep(tmp_path: Path, wall: Wall) -> None:
    blobs = DiskBlobs(tmp_path, wall=wall)
    name = (await put(blobs, b"hello")).hex()
    assert files(tmp_path) == [tmp_path / name[:2] / name[2:4] / name]
    assert files(tmp_path)[0].stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o700  # noqa: ASYNC240
    await blobs.close()
    again = DiskBlobs(tmp_path, wall=wall)
    assert await read(again, bytes.fromhex(name)) == b"hello"
    await again.close()


async def test_a_put_that_is_stopped_leaves_nothing(tmp_path: Path, wall: Wall) -> None:
    blobs = DiskBlobs(tmp_path, wall=wall)
    reached = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(1 << 20)
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(blobs.put(endless(), MANY))
    await reached.wait()
    assert len(files(tmp_path / "tmp")) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await blobs.close()
    assert files(tmp_path) == []


async def test_what_is_read_while_it_goes_is_read_whole(tmp_path: Path, wall: Wall) -> None:
    blobs = DiskBlobs(tmp_path, wall=wall)
    hash = await put(blobs, LONG)
    reading = blobs.read(hash)
    found = await anext(reading)
    assert await blobs.delete(hash, wall.seconds + 1)
    async for piece in reading:
        found += piece
    assert found == LONG
    await blobs.close()


async def test_below_the_reserve_nothing_comes_and_all_is_read(tmp_path: Path, wall: Wall) -> None:
    blobs = DiskBlobs(tmp_path, wall=wall)
    hash = await put(blobs, b"hello")
    await blobs.close()
    full = DiskBlobs(tmp_path, wall=wall, reserve_bytes=1 << 60)
    with pytest.raises(StorageFull):
        await put(full, b"more")
    assert await read(full, hash) == b"hello"
    await full.close()
    assert len(files(tmp_path)) == 1


async def test_a_file_that_cannot_grow_is_no_room(tmp_path: Path, wall: Wall) -> None:
    blobs = DiskBlobs(tmp_path, wall=wall)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageFull):
            await put(blobs, bytes(3 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await blobs.close()
    assert files(tmp_path) == []


WRITER = """
import asyncio, os, sys, time
from pathlib import Path
from hearth.store.blobs_disk import DiskBlobs

async def main():
    blobs = DiskBlobs(Path(sys.argv[1]), wall=time.time)
    async def chunks(i):
        for _ in range(10):
            yield bytes([i % 256]) * 100_000
    for i in range(1_000):
        kept = await blobs.put(chunks(i), 1 << 30)
        print(kept.hash.hex(), flush=True)

asyncio.run(main())
"""


async def test_killed_while_writing_loses_nothing_and_halves_nothing(
    tmp_path: Path, wall: Wall
) -> None:
    def write() -> list[str]:
        with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=-1) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(7)]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        return [line.decode().strip() for line in lines if line.endswith(b"\n")]

    said = await asyncio.to_thread(write)
    blobs = DiskBlobs(tmp_path, wall=wall)
    assert files(tmp_path / "tmp") == []
    for file in files(tmp_path):
        assert sha256(file.read_bytes()).hexdigest() == file.name
    assert {file.name for file in files(tmp_path)} >= set(said)
    await blobs.close()


ONE = """
import asyncio, sys, time
from pathlib import Path
from hearth.store.blobs_disk import DiskBlobs

async def main():
    blobs = DiskBlobs(Path(sys.argv[1]), wall=time.time)
    async def chunks():
        yield b"hello"
    await blobs.put(chunks(), 9)
    print("ack", flush=True)

asyncio.run(main())
"""


def test_a_blob_is_flushed_then_named_then_its_name_is_flushed(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    command = [strace, "-f", "-y", "-e", "trace=fsync,rename,renameat2,write"]
    command += ["-o", str(tmp_path / "trace"), sys.executable, "-c", ONE, str(tmp_path / "blobs")]
    ran = subprocess.run(command, capture_output=True, check=False, timeout=60)
    if ran.returncode:
        pytest.skip(f"strace may not trace: {ran.stderr.decode().strip()[:200]}")
    lines = (tmp_path / "trace").read_text().splitlines()

    def place(call: str, name: str) -> int:
        return next(i for i, line in enumerate(lines) if call in line and name in line)

    folder = sha256(b"hello").hexdigest()[2:4]
    order = [
        place("write(", "hello"),
        place("fsync(", "/tmp/"),
        place("rename", "/tmp/"),
        place("fsync(", f"/{folder}>"),
        place("write(", "ack"),
    ]
    assert order == sorted(order), lines
