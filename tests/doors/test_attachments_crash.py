"""Kill -9 while files come: a message that was answered has them whole, and no message has half."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.command import hearth as command
from tests.harness import Client, Server

SOAK = os.environ.get("HEARTH_SOAK") == "1"
ROUNDS = 200 if SOAK else 6
SEED = int(os.environ.get("HEARTH_SEED", "20150102"))
AT_ONCE = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data", HEARTH_MEDIA_USER_BYTES_PER_HOUR=str(1 << 40)).start()
    yield running
    if running.process is not None:
        running.kill()


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[Client]:
    client = server.person("ann")
    yield client
    await client.close()


async def send(ann: Client, channel: int, data: bytes) -> dict[str, Any]:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("files[0]", data, filename="f.bin")
    form.add_field("payload_json", json.dumps({"content": data[:8].hex()}))
    answer = await ann.call("POST", f"/channels/{channel}/messages", data=form)
    assert answer.status == 200, answer.body
    return answer.body


@pytest.mark.timeout(0 if SOAK else 120)
async def test_killed_while_files_come(server: Server, ann: Client) -> None:
    _, channel = server.guild("Den", "ann")
    chance, sent, answered = random.Random(SEED), dict[str, bytes](), set[str]()

    async def go_on(enough: asyncio.Event) -> None:
        while True:
            data = os.urandom(chance.randrange(8, 700_000))
            sent[data[:8].hex()] = data
            try:
                shown = await send(ann, channel, data)
            except aiohttp.ClientError:
                return
            answered.add(shown["content"])
            enough.set()

    for _ in range(ROUNDS):
        enough = asyncio.Event()
        work = [asyncio.create_task(go_on(enough)) for _ in range(AT_ONCE)]
        await enough.wait()
        # No synchronisation: the kill is to fall anywhere between two answers.
        await asyncio.sleep(chance.random() * 0.1)
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*work)
        await asyncio.to_thread(server.start)
        assert list((server.data / "blobs" / "tmp").iterdir()) == []
    seen = set[str]()
    before: dict[str, str] = {}
    async with aiohttp.ClientSession() as http:
        while messages := (
            await ann.get(f"/channels/{channel}/messages", params={"limit": "100", **before})
        ).body:
            before = {"before": messages[-1]["id"]}
            for message in messages:
                (file,) = message["attachments"]
                async with http.get(file["url"]) as got:
                    assert got.status == 200
                    assert await got.read() == sent[message["content"]]
                seen.add(message["content"])
    assert answered <= seen, "an answered message is gone"
    assert await asyncio.to_thread(server.stop) == 0
    code, output = await asyncio.to_thread(check, server.data)
    assert code == 0, output


def check(data: Path) -> tuple[int, str]:
    done = command("admin", "--data", data, "check")
    return done.returncode, done.stdout + done.stderr
