"""discord.py passes a storm of 429s without an exception: it waits, and all is done once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import aiohttp
import pytest

from tests.conformance.discord_py.conftest import Den, point
from tests.harness import Server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the limits that it has by default."""
    running = Server(tmp_path_factory.mktemp("strict") / "data", scale=1).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def strict_den(strict: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Den]:
    """A fresh guild on the strict server."""
    point(monkeypatch, strict.url)
    made = Den(strict)
    yield made
    await made.close()


def traced() -> tuple[Counter[int], aiohttp.TraceConfig]:
    """A count of HTTP statuses, and the trace that fills it."""
    statuses: Counter[int] = Counter()

    async def ended(
        _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        statuses[end.response.status] += 1
        if end.response.status == 429:
            assert end.response.headers["Via"]
            assert float(end.response.headers["Retry-After"]) > 0
            assert end.response.headers["X-RateLimit-Scope"] in ("user", "global")

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    return statuses, trace


async def messages(den: Den, of_each: int = 5) -> list[int]:
    """Messages of two people."""
    return [await den.say(who, "x") for who in (den.ann, den.bob) for _ in range(of_each)]


async def test_one_client_waits_before_it_is_refused(strict_den: Den) -> None:
    statuses, trace = traced()
    bot = await strict_den.bot(http_trace=trace)
    for message_id in await messages(strict_den):
        await strict_den.text(bot).get_partial_message(message_id).delete()
    assert statuses[204] == 10
    assert statuses[429] == 0


async def test_storm_on_one_channel(strict_den: Den) -> None:
    """Two clients of one bot do not know of each other's calls."""
    statuses, trace = traced()
    account = strict_den.account()
    bots = [strict_den.client(account, http_trace=trace) for _ in range(2)]
    for bot in bots:
        bot.run_on()
        await bot.told("ready")
    await asyncio.gather(
        *(
            strict_den.text(bots[index % 2]).get_partial_message(message_id).delete()
            for index, message_id in enumerate(await messages(strict_den))
        )
    )
    assert statuses[204] == 10
    assert statuses[429] > 0
    assert statuses[404] == 0


async def test_messages_over_the_limit_are_sent_once(strict_den: Den) -> None:
    account = strict_den.account()
    bots = [strict_den.client(account) for _ in range(2)]
    for bot in bots:
        bot.run_on()
        await bot.told("ready")
    texts = [str(number) for number in range(6)]
    await asyncio.gather(
        *(strict_den.text(bots[number % 2]).send(text) for number, text in enumerate(texts))
    )
    assert sorted([(await bots[0].told("message")).content for _ in texts]) == texts
    history = [message.content async for message in strict_den.text(bots[0]).history()]
    assert sorted(history) == texts


async def test_storm_over_the_global_limit(strict_den: Den) -> None:
    statuses, trace = traced()
    account = strict_den.account()
    bots = [strict_den.client(account, http_trace=trace) for _ in range(3)]
    for bot in bots:
        await bot.login(account.token)
    # Calls in several buckets, so that only the limit over all of them is in the way.
    channel, guild = strict_den.channel_id, strict_den.guild_id
    calls = [call for bot in bots for _ in range(16) for call in (
        bot.fetch_guild(guild),
        bot.fetch_channel(channel),
    )]  # fmt: skip
    answers = await asyncio.gather(*calls)
    assert {answer.id for answer in answers} == {channel, guild}
    assert statuses[429] > 0
    assert statuses[200] >= 96
    assert not [status for status in statuses if status not in (200, 429)]


async def test_all_members_twice_is_once_too_often(strict_den: Den) -> None:
    bot = await strict_den.bot(chunk_guilds_at_startup=False, enable_debug_events=True)
    guild = strict_den.guild(bot)
    members = await guild.chunk()
    people = strict_den.ann.id, strict_den.bob.id, bot.account.id
    assert {member.id for member in members} == {*people}
    await bot.ws.request_chunks(guild.id, query="", limit=0, nonce="again")
    told = await bot.told("socket_raw_receive", lambda text: '"RATE_LIMITED"' in text)
    limited = json.loads(told)["d"]
    assert (limited["opcode"], limited["meta"]["nonce"]) == (8, "again")
    assert 0 < limited["retry_after"] <= 30
    # By id it is another thing, and the connection goes on.
    assert await guild.query_members(user_ids=[strict_den.bob.id]) != []


async def test_a_bot_that_logs_in_too_often_waits_and_comes_in(strict_den: Den) -> None:
    account = strict_den.account()
    bots = [strict_den.client(account) for _ in range(9)]
    for bot in bots:
        bot.run_on()
    for bot in bots:
        await bot.told("ready", within=20.0)
