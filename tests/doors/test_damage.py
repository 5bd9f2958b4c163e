"""Files that are cut short, empty, gone or on a read-only disk: refused, named, and left alone."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from hearth.store import whole
from tests.command import hearth
from tests.harness import Server

STORES = ("metadata.db", "messages/data.mdb")
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that was used and stopped."""
    server = Server(tmp_path_factory.mktemp("lived") / "data").start()
    ann = server.person("ann")
    _, channel = server.guild("Den", "ann")

    async def talk() -> None:
        for number in range(60):
            body = {"content": f"{number} " + "x" * 1900}
            assert (await ann.post(f"/channels/{channel}/messages", body)).status == 200
        await ann.close()

    asyncio.run(talk())
    assert server.stop() == 0
    return server.data


def refusal(data: Path) -> str:
    """The sentence with which `hearth serve` ends; every file of `data` is as it was."""
    before = contents(data)
    done = hearth("serve", "--data", data, "--listen", "127.0.0.1:0")
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    after = contents(data)
    assert {name: after.get(name) for name in before} == before
    # SQLite may leave a log and a lock of its own behind, and LMDB its table of readers.
    assert {Path(name).suffix for name in after.keys() - before.keys()} <= {".db-wal", ".db-shm"}
    return line


def contents(data: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {
        str(path.relative_to(data)): path.read_bytes()
        for path in sorted(data.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize(
    "part", ["nothing", "a page", "two pages", "half", "all but a page", "more"]
)
def test_a_file_that_is_cut_short(lived: Path, tmp_path: Path, name: str, part: str) -> None:
    data = Path(shutil.copytree(lived, tmp_path / "data"))
    size = (data / name).stat().st_size
    left = {
        "nothing": 0,
        "a page": 4096,
        "two pages": 8192,
        "half": size // 8192 * 4096,
        "all but a page": size - 4096,
        "more": size - 100,
    }[part]
    os.truncate(data / name, left)
    line = refusal(data)
    assert line.startswith(f"Error: {data / name} is "), line
    assert line.endswith("put it back from a backup."), line


@pytest.mark.parametrize("name", STORES)
def test_a_file_that_is_gone(lived: Path, tmp_path: Path, name: str) -> None:
    data = Path(shutil.copytree(lived, tmp_path / "data"))
    (data / name).unlink()
    assert refusal(data).startswith(f"Error: {data / name} is empty or gone, but there are ")
    assert not (data / name).exists()


def test_what_a_first_start_left_behind(tmp_path: Path) -> None:
    """A server that was killed while it made its files begins again."""
    data = tmp_path / "data"
    (data / "messages").mkdir(parents=True)
    for name in STORES:
        (data / name).touch()
    server = Server(data).start()
    server.person("ann")
    assert server.stop() == 0
    assert server.start().stop() == 0


@pytest.mark.parametrize("left", [0, 1, 40])
def test_saved_sessions_that_are_cut_short(lived: Path, tmp_path: Path, left: int) -> None:
    """They are worth less than a server that runs: it starts without them."""
    data = Path(shutil.copytree(lived, tmp_path / "data"))
    (data / "sessions").write_bytes((b"\x93\x01\x92" * 100)[:left])
    assert Server(data).start().stop() == 0


def test_a_key_that_is_cut_short(lived: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(lived, tmp_path / "data"))
    os.truncate(data / "key", 16)
    assert refusal(data) == (
        f"Error: {data / 'key'} is not a key of 32 bytes; put it back from a backup."
    )


@pytest.mark.parametrize("used", [True, False])
def test_a_read_only_disk(lived: Path, tmp_path: Path, used: bool) -> None:
    data = tmp_path / "data"
    if used:
        shutil.copytree(lived, data)
    prefix = ["unshare", "-r", "-m", "sh", "-c", READ_ONLY, str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("no mount namespace for a disk of the test's own")
    before = contents(tmp_path)
    words = ["-m", "hearth", "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    done = subprocess.run(
        [*prefix, sys.executable, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    named = data / "lock" if used else data
    assert done.stderr == f"Error: {named}: Read-only file system.\n"
    assert contents(tmp_path) == before


def test_a_cut_file_is_told_from_one_with_free_pages_behind(tmp_path: Path) -> None:
    """Whatever length a file of LMDB's has: what is let through can be read to its end."""
    make = tmp_path / "make"
    with lmdb.open(str(make), map_size=1 << 26) as env:
        for turn in range(6):
            with env.begin(write=True) as txn:
                for number in range(30):
                    txn.put(b"%d-%d" % (turn, number), bytes(3000 * (number % 4)))
        with env.begin(write=True) as txn:
            for number in range(30):
                txn.delete(b"5-%d" % number)
                txn.delete(b"3-%d" % number)
        with env.begin(write=True) as txn:
            txn.put(b"last", b"small")
    size = (make / "data.mdb").stat().st_size
    passed: list[int] = []
    for pages in range(2, size // 4096 + 1):
        cut = tmp_path / "cut"
        shutil.rmtree(cut, ignore_errors=True)
        shutil.copytree(make, cut)
        os.truncate(cut / "data.mdb", pages * 4096)
        with (cut / "data.mdb").open("rb") as file:
            if not whole._is_cut(file.fileno()):  # pyright: ignore[reportPrivateUsage]
                passed.append(pages)
    assert passed[-1] == size // 4096
    # Free pages at the end may be gone, and that is told from the loss of a page in use.
    assert 1 < len(passed) < size // 4096 - 2
    assert passed == list(range(passed[0], size // 4096 + 1))
    for pages, dies in ((passed[0], False), (passed[0] - 1, True)):
        shutil.rmtree(tmp_path / "cut", ignore_errors=True)
        shutil.copytree(make, tmp_path / "cut")
        os.truncate(tmp_path / "cut" / "data.mdb", pages * 4096)
        read = subprocess.run([sys.executable, "-c", READ, str(tmp_path / "cut")], check=False)
        assert (read.returncode != 0) == dies, pages


READ = """
import lmdb, sys
env = lmdb.open(sys.argv[1], map_size=1 << 26)
with env.begin() as txn:
    assert sum(len(key) + len(value) for key, value in txn.cursor()) > 100_000
with env.begin(write=True) as txn:
    txn.put(b"new", bytes(50_000))
"""
