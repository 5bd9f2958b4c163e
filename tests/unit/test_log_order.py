"""The order that durability hangs on, seen from outside: write, flush, then acknowledge.

Killing the process proves nothing about it, for the kernel keeps what was written; so the system
calls of a process that puts messages are traced.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 20

# Puts one message after the other and writes `ack N` where the server would answer its client.
SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from hearth.core.ports import Entry, Kind
from hearth.store.messages_lmdb import LmdbLog

def committed(outcome):
    for entry, error in outcome:
        assert error is None
        os.write(1, b"ack %d\\n" % entry.id)
        entry.note.set_result(None)

async def main(path, sync, count):
    log = LmdbLog(Path(path), committed, reserve_bytes=0, map_size_bytes=1 << 30, sync=sync)
    for id in range(1, count + 1):
        future = asyncio.get_running_loop().create_future()
        log.put(Entry(Kind.CREATE, 1, id, b"x" * 200, b"nonce%d" % id, future))
        await future
    await log.close()

asyncio.run(main(sys.argv[1], sys.argv[2] == "sync", int(sys.argv[3])))
"""

CALL = re.compile(
    r"^(?P<thread>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?P<resumed> resumed>)?(?P<rest>.*)$"
)
DESCRIPTOR = re.compile(r"^\((\d+)<([^>]*)>")
WRITES = {"write", "writev", "pwrite64", "pwritev"}
FLUSHES = {"fsync", "fdatasync"}


def faults(trace: str) -> list[str]:
    """What is out of order in the output of `strace -f -y`; nothing if each `ack` came in order.

    A call counts when it has returned, an `ack` already when it begins.
    """
    said: list[str] = []
    begun: dict[str, str] = {}
    synchronous: set[str] = set()
    pages_written = root_written = False
    unflushed = 0
    acknowledged = 0
    for line in trace.splitlines():
        call = CALL.match(line)
        if call is None:
            continue
        thread, name, rest = call["thread"], call["name"], call["rest"]
        unfinished = rest.endswith("<unfinished ...>")
        if ack := re.match(r'\(1<[^>]*>, "ack (\d+)', rest):
            if not pages_written or not root_written:
                said.append(f"ack {ack[1]}: nothing was written for it")
            if unflushed:
                said.append(f"ack {ack[1]}: {unflushed} writes were not flushed")
            pages_written = root_written = False
            acknowledged += 1
            continue
        if unfinished:
            begun[thread] = rest
            continue
        if call["resumed"]:
            rest = begun.pop(thread, "") + rest
        if name == "openat":
            # The second descriptor of the data file is the one for the root pages.
            if (
                "/data.mdb" in rest
                and "O_DSYNC" in rest
                and (opened := re.search(r"= (\d+)", rest))
            ):
                synchronous.add(opened[1])
            continue
        target = DESCRIPTOR.match(rest)
        if target is None or not target[2].endswith("/data.mdb"):
            continue
        if name in FLUSHES:
            unflushed = 0
        elif name in WRITES and target[1] in synchronous:
            if unflushed:
                said.append("a root page was written before its pages were flushed")
            root_written = True
        elif name in WRITES:
            unflushed += 1
            pages_written = True
    if acknowledged != COUNT:
        said.append(f"{acknowledged} acknowledgements of {COUNT} were seen")
    return said


@pytest.fixture(scope="module")
def strace() -> str:
    """The path of a strace that may trace."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([found, "-o", "/dev/null", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"strace may not trace: {tried.stderr.decode().strip()}")
    return found


def trace(strace: str, folder: Path, sync: str) -> str:
    """The system calls of a process that puts `COUNT` messages."""
    calls = "trace=openat,write,writev,pwrite64,pwritev,fsync,fdatasync,msync"
    command = [strace, "-f", "-y", "-e", calls, "-o", str(folder / "trace")]
    script = [sys.executable, "-c", SCRIPT, str(folder / "log"), sync, str(COUNT)]
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run(
        [*command, *script], cwd=root, capture_output=True, check=False, timeout=100
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return (folder / "trace").read_text()


def test_an_acknowledgement_leaves_after_the_flush(strace: str, tmp_path: Path):
    assert faults(trace(strace, tmp_path, "sync")) == []


def test_the_check_sees_that_sync_is_off(strace: str, tmp_path: Path):
    said = faults(trace(strace, tmp_path, "nosync"))
    assert sum("not flushed" in one for one in said) == COUNT


def test_the_check_sees_a_root_before_its_pages():
    data = "1 pwrite64(7</d/data.mdb>, x, 4096, 8192) = 4096"
    root = "1 pwrite64(8</d/data.mdb>, x, 128, 0) = 128"
    flush = "1 fdatasync(7</d/data.mdb>) = 0"
    ack = '2 write(1<pipe:[1]>, "ack 1\\n", 6) = 6'
    opened = '1 openat(AT_FDCWD, "/d/data.mdb", O_WRONLY|O_DSYNC|O_CLOEXEC) = 8</d/data.mdb>'
    good = [data, flush, root, ack] * COUNT
    assert faults("\n".join([opened, *good])) == []
    begun = [
        "1 fdatasync(7</d/data.mdb> <unfinished ...>",
        ack,
        "1 <... fdatasync resumed>) = 0",
    ]
    cases = [
        ([data, root, flush, ack], "before its pages"),
        ([data, flush, ack, root], "nothing was written"),
        ([data, root, *begun], "not flushed"),
    ]
    for lines, says in cases:
        assert any(says in one for one in faults("\n".join([opened, *lines, *good[4:]])))
