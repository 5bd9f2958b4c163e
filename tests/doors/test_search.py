"""Search over a real server: what follows a write, a kill, a rebuild and a lost file."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.command import hearth
from tests.doors.conftest import Den
from tests.harness import PAUSE_S, Client, Server, until_yes


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill and start again."""
    made = Server(tmp_path / "data").start()
    yield made
    made.stop()


@pytest.fixture
async def den(server: Server) -> AsyncIterator[Den]:
    made = Den(server)
    yield made
    for client in made.clients:
        await client.close()


async def contents(who: Client, guild: int, query: str, count: int) -> list[str]:
    """What is found, newest first, once there are `count`; it is behind by less than a second."""
    path = f"/guilds/{guild}/messages/search?{query}"
    async with asyncio.timeout(30):
        while True:
            answer = await who.get(path)
            if answer.status == 202:
                assert answer.body["code"] == 110000
                assert answer.body["retry_after"] > 0
            else:
                assert answer.status == 200, answer.body
                if answer.body["total_results"] == count:
                    return [message["content"] for (message,) in answer.body["messages"]]
            await asyncio.sleep(PAUSE_S)


async def say(den: Den, *texts: str) -> list[dict[str, Any]]:
    """Messages of ann's."""
    said: list[dict[str, Any]] = []
    for text in texts:
        answer = await den.ann.post(f"/channels/{den.channel}/messages", {"content": text})
        assert answer.status == 200, answer.body
        said.append(answer.body)
    return said


HOSTILE = [
    '"', '"hello', 'hello"', "*", "^hello", "hello*", "(", "((((", "NEAR(a b", "NEAR", "AND", "NOT",
    "OR hello", "tags : c1", "words:hello", "{tags words}: a", "hello\0world", "\0", "'; --",
    "-hello", "+", "\\", "%", "\u202e", "\ufeff", "\U0010ffff", "e" + "\u0301" * 500, "x" * 1024,
    '"' * 1024, "a " * 512, "中" * 1024, "🔥" * 1024, "x" * 2000, "NOT " * 500, "* " * 512,
]  # fmt: skip


async def test_hostile_words_are_words(den: Den) -> None:
    await say(den, "hello")
    assert await contents(den.bob, den.guild, "content=hello", 1) == ["hello"]
    fields = ("content", "link_hostname", "embed_provider", "attachment_filename", "has", "min_id")
    for text in HOSTILE:
        for field in fields:
            query = urlencode({field: text})
            for place in (f"/guilds/{den.guild}", f"/channels/{den.channel}"):
                answer = await den.bob.get(f"{place}/messages/search?{query}")
                assert answer.status in (200, 400), (field, text, answer.status, answer.body)
                if answer.status == 400:
                    assert answer.code == 50035
                    assert list(answer.body["errors"]) == [field]
    # What is no UTF-8, and what is no query.
    for query in (
        "content=%ff%fe",
        "content=%00",
        "content=%ed%a0%80",
        "%ed%a0%80=x",
        "content",
        "&&&=",
        "content=%",
        "has=%22",
    ):
        answer = await den.bob.get(f"/guilds/{den.guild}/messages/search?{query}")
        assert answer.status in (200, 400), (query, answer.body)
    async with aiohttp.ClientSession() as http, http.get(f"{den.server.url}/metrics") as got:
        assert "hearth_errors_total 0" in await got.text()
    assert await contents(den.bob, den.guild, "content=hello", 1) == ["hello"]


async def test_several_values_of_one_name(den: Den) -> None:
    await say(den, "one https://example.org", "two")
    ann, bob = den.ann.id, den.bob.id
    assert await contents(den.bob, den.guild, f"author_id={ann}&author_id={bob}", 2)
    found = await contents(den.bob, den.guild, "has=link&has=-image", 1)
    assert found == ["one https://example.org"]


async def test_a_kill_loses_nothing_and_finds_nothing_twice(server: Server, den: Den) -> None:
    said = await say(den, *(f"word {i}" for i in range(20)))
    server.kill()
    server.start()
    assert len(await contents(den.ann, den.guild, "content=word", 20)) == 20
    path = f"/channels/{den.channel}/messages"
    await den.ann.delete(f"{path}/{said[0]['id']}")
    await den.ann.patch(f"{path}/{said[1]['id']}", {"content": "other"})
    server.kill()
    server.start()
    assert len(await contents(den.ann, den.guild, "content=word", 18)) == 18
    assert await contents(den.ann, den.guild, "content=other", 1) == ["other"]


@pytest.mark.parametrize("runs", [True, False])
async def test_it_is_made_anew(server: Server, den: Den, runs: bool) -> None:
    await say(den, *(f"word {i}" for i in range(5)))
    await contents(den.ann, den.guild, "content=word", 5)
    if not runs:
        server.stop()
    done = hearth("admin", "--data", server.data, "search", "rebuild", "--json")
    assert (done.returncode, done.stdout) == (0, '{"documents": 5}\n'), done
    if not runs:
        server.start()
    assert len(await contents(den.ann, den.guild, "content=word", 5)) == 5
    checked = hearth("admin", "--data", server.data, "check")
    assert checked.stdout == "All is well.\n", checked


@pytest.mark.parametrize("loss", ["gone", "damaged"])
async def test_a_lost_file_is_made_anew(server: Server, den: Den, loss: str) -> None:
    await say(den, "word one", "word two")
    await contents(den.ann, den.guild, "content=word", 2)
    server.stop()
    for path in server.data.glob("search.db*"):
        if loss == "gone":
            path.unlink()
        else:
            path.write_bytes(b"no database " * 1000)
    server.start()
    assert await contents(den.ann, den.guild, "content=word", 2) == ["word two", "word one"]


async def test_metrics_say_how_far_behind_it_is(server: Server, den: Den) -> None:
    await say(den, "word")
    await contents(den.ann, den.guild, "content=word", 1)
    async with aiohttp.ClientSession() as session:

        async def even() -> bool:
            async with session.get(f"{server.url}/metrics") as answer:
                return "\nhearth_search_lag 0\n" in await answer.text()

        await until_yes(even)
