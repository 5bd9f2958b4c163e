"""Bodies with files, broken at random places: each is taken or refused, and nothing else comes."""

import json
import random

import aiohttp

from tests.doors.conftest import Den
from tests.pictures import SECRET, moving, photograph, still

BOUNDARY = b"--edge"
SEED, ROUNDS = 20_261, 200
PICTURES = [
    photograph("jpeg", 6),
    photograph("png"),
    photograph("webp"),
    still("gif", comment=SECRET),
    moving(),
]


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


async def test_nothing_but_an_answer_comes_of_it(den: Den) -> None:
    fuzz, taken, refused = random.Random(SEED), 0, 0
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    path = f"/channels/{den.channel}/messages"
    async with aiohttp.ClientSession() as http:
        for number in range(ROUNDS):
            picture = fuzz.choice(PICTURES)
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
