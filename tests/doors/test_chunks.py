"""Op 8 over the wire, in a guild with a crowd and with limits as they come."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import Application, User
from hearth.core.permissions import EVERYONE
from hearth.store.directory import SqlDirectory
from hearth.store.messages_lmdb import LmdbLog
from tests.doors.inside import token_of
from tests.harness import Client, Gateway, Server

ANN, BOT, HALL = 11, 12, 1000
CROWD = 2500


async def fill(data: Path) -> None:
    """A guild of ann's with a bot and a crowd."""
    directory = await SqlDirectory.open(data / "metadata.db")
    crowd = range(10_000, 10_000 + CROWD)
    users = [
        User(id=ANN, username="ann"),
        User(id=BOT, username="bot", bot=True),
        *(User(id=i, username=f"crowd{i}", global_name=f"Äpfel {i}") for i in crowd),
    ]
    application = Application(
        id=BOT, bot_id=BOT, owner_id=ANN, name="bot", flags=1 << 13 | 1 << 15 | 1 << 19
    )
    hall = [
        Guild(id=HALL, name="Hall", owner_id=ANN),
        Role(id=HALL, guild_id=HALL, name="@everyone", permissions=EVERYONE),
        *(Member(guild_id=HALL, user_id=user.id, joined_at_ms=1) for user in users),
    ]
    await directory.commit([*users, application, token_of(ANN), token_of(BOT), *hall], [])
    await directory.close()
    await LmdbLog(data / "messages", lambda results: None).close()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the limits that it comes with, and a crowd."""
    data = tmp_path_factory.mktemp("hall") / "data"
    data.mkdir(mode=0o700)
    asyncio.run(fill(data))
    running = Server(data, scale=1.0).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def bot(hall: Server) -> AsyncIterator[Client]:
    """The bot, connected."""
    client = Client(hall, BOT, f"token{BOT}", name="bot", bot=True)
    await client.connect()
    yield client
    await client.close()


async def ask(client: Client, **d: Any) -> list[Any]:
    """All chunks that answer an op 8."""
    assert client.gateway is not None
    await client.gateway.send(8, {"guild_id": str(HALL), **d})
    chunks = [await client.event("GUILD_MEMBERS_CHUNK")]
    chunks += [
        await client.event("GUILD_MEMBERS_CHUNK") for _ in range(1, chunks[0]["chunk_count"])
    ]
    assert [chunk["chunk_index"] for chunk in chunks] == list(range(len(chunks)))
    assert {chunk["guild_id"] for chunk in chunks} == {str(HALL)}
    return chunks


async def test_the_whole_list_comes_in_chunks_once_in_half_a_minute(bot: Client) -> None:
    chunks = await ask(bot, query="", limit=0, presences=True, nonce="whole")
    assert [len(chunk["members"]) for chunk in chunks] == [1000, 1000, 502]
    assert {chunk["nonce"] for chunk in chunks} == {"whole"}
    ids = [int(member["user"]["id"]) for chunk in chunks for member in chunk["members"]]
    assert len(set(ids)) == CROWD + 2
    assert "not_found" not in chunks[-1]
    online = [p["user"]["id"] for chunk in chunks for p in chunk["presences"]]
    assert online == [str(BOT)]
    assert bot.gateway is not None
    await bot.gateway.send(8, {"guild_id": str(HALL), "query": "", "limit": 0, "nonce": "again"})
    limited = await bot.event("RATE_LIMITED")
    assert limited["opcode"] == 8
    assert 0 < limited["retry_after"] <= 30
    assert limited["meta"] == {"guild_id": str(HALL), "nonce": "again"}


async def test_members_by_id(bot: Client) -> None:
    wanted = ["10000", str(ANN), "77"]
    (chunk,) = await ask(bot, user_ids=wanted, nonce="ids")
    assert [member["user"]["id"] for member in chunk["members"]] == wanted[:2]
    assert (chunk["not_found"], chunk["nonce"]) == (["77"], "ids")
    assert "presences" not in chunk
    (chunk,) = await ask(bot, user_ids=str(ANN))
    assert [member["user"]["id"] for member in chunk["members"]] == [str(ANN)]
    many = [str(i) for i in range(10_000, 10_150)]
    (chunk,) = await ask(bot, user_ids=many)
    assert [member["user"]["id"] for member in chunk["members"]] == many[:100]


async def test_members_by_the_beginning_of_a_name(bot: Client) -> None:
    (chunk,) = await ask(bot, query="äPFEL 1000", limit=4)
    assert [member["user"]["id"] for member in chunk["members"]] == [
        str(i) for i in range(10_000, 10_004)
    ]
    (chunk,) = await ask(bot, query="crowd", limit=0)
    assert len(chunk["members"]) == 100
    (chunk,) = await ask(bot, query="nobody", limit=5)
    assert (chunk["members"], chunk["chunk_count"]) == ([], 1)


async def test_a_large_guild_comes_without_its_crowd(bot: Client) -> None:
    assert bot.gateway is not None
    guild = bot.gateway.dispatches[1][2]
    assert (guild["large"], guild["member_count"]) == (True, CROWD + 2)
    assert len(guild["members"]) < 5


async def test_who_sends_too_much_is_closed(hall: Server) -> None:
    gateway = await Gateway.open(hall)
    for _ in range(121):
        await gateway.send(1, None)
    assert await gateway.closed() == 4008
    assert [payload["op"] for payload in gateway.others] == [10, *[11] * 120]
    await gateway.close()


async def test_a_nonce_that_is_too_long_is_left_out(bot: Client) -> None:
    (chunk,) = await ask(bot, query="x", nonce="n" * 33)
    assert "nonce" not in chunk
    (chunk,) = await ask(bot, query="x", nonce="n" * 32)
    assert chunk["nonce"] == "n" * 32
