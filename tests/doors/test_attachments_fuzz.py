"""Bodies with files, broken at random places: each is taken or refused, and nothing is left.

Two hundred of them; ten thousand in `make soak`.
"""

import asyncio
import json
import random
from pathlib import Path

import aiohttp
import pytest

from tests import sounds
from tests.doors.conftest import Den
from tests.pictures import SECRET, moving, photograph, still

BOUNDARY = b"--edge"
SEED = 20_261
MANY = 10_000
WORKER_BYTES, GROWTH_BYTES = 1536 << 20, 100 << 20
"""What one of the processes that look into files may have taken at most, and the server more."""

FILES = [
    photograph("jpeg", 6),
    photograph("png"),
    photograph("webp"),
    still("gif", comment=SECRET),
    moving(),
    moving("webp"),
    sounds.wav(0.01),
    sounds.mp3(3),
    sounds.flac(),
    sounds.opus(),
    sounds.mp4(),
    sounds.webm(),
]


def highest(pid: int) -> int:
    """The most memory that a process had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if "VmHWM" in line)


def workers(pid: int) -> list[int]:
    """The processes of a process."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(each) for thread in threads for each in (thread / "children").read_text().split()]


async def settled(folder: Path) -> None:
    """Wait until there is no draft in a folder; what is given up is dropped behind the answer."""
    async with asyncio.timeout(10):
        while await asyncio.to_thread(lambda: list(folder.iterdir())):
            pass


def body(random: random.Random, picture: bytes) -> bytes:
    """A multipart body with a picture, a payload that names it, and a file of text."""
    payload = json.dumps({"content": "x", "attachments": [{"id": 0, "description": "d"}]})
    parts = [
        b'Content-Disposition: form-data; name="files[0]"; filename="p.png"\r\n\r\n' + picture,
        b'Content-Disposition: form-data; name="payload_json"\r\n\r\n' + payload.encode(),
        b'Content-Disposition: form-data; name="files[1]"; filename="t.txt"\r\n\r\nhello',
    ]
    random.shuffle(parts)
    whole = b"".join(BOUNDARY + b"\r\n" + part + b"\r\n" for part in parts)
    return whole + BOUNDARY + b"--\r\n"


def broken(random: random.Random, data: bytes) -> bytes:
    """`data` with a few bytes changed, left out, put in, or all behind a place cut off."""
    made = bytearray(data)
    for _ in range(random.randint(0, 4)):
        if not made:
            break
        at = random.randrange(len(made))
        match random.randrange(4):
            case 0:
                made[at] ^= 1 << random.randrange(8)
            case 1:
                del made[at : at + random.randint(1, 40)]
            case 2:
                made[at:at] = random.randbytes(random.randint(1, 40))
            case _:
                del made[max(1, at) :]
    return bytes(made)


@pytest.mark.parametrize(
    "rounds", [200, pytest.param(MANY, marks=[pytest.mark.soak, pytest.mark.timeout(1200)])]
)
async def test_nothing_but_an_answer_comes_of_it(den: Den, rounds: int) -> None:
    assert den.server.process is not None
    pid, data_folder = den.server.process.pid, den.server.data
    before = highest(pid)
    fuzz, taken, refused = random.Random(SEED), 0, 0
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    path = f"/channels/{den.channel}/messages"
    async with aiohttp.ClientSession() as http:
        for number in range(rounds):
            picture = fuzz.choice(FILES)
            data = body(fuzz, broken(fuzz, picture) if number % 2 else picture)
            data = data if number % 2 else broken(fuzz, data)
            answer = await den.bob.call("POST", path, data=data, headers=headers)
            assert answer.status in (200, 400), (number, answer.status, answer.body)
            if answer.status == 400:
                refused += 1
                assert answer.code in (50006, 50035, 50109), (number, answer.body)
                continue
            taken += 1
            for file in answer.body["attachments"]:
                async with http.get(file["url"]) as got:
                    assert got.status == 200
                    if file.get("width"):
                        assert SECRET not in await got.read(), number
        async with http.get(f"{den.server.url}/metrics") as got:
            assert "hearth_errors_total 0" in await got.text()
    assert taken > 10
    assert refused > 10
    assert 1 <= len(workers(pid)) <= 2
    assert max(map(highest, workers(pid))) < WORKER_BYTES
    assert highest(pid) - before < GROWTH_BYTES
    await settled(data_folder / "drafts")
    await settled(data_folder / "blobs" / "tmp")
