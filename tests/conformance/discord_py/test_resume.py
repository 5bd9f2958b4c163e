"""discord.py goes on after a cut, a restart and a kill: no message is missing, none is double."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import discord
import pytest

from tests.conformance.cable import Cable
from tests.conformance.discord_py.conftest import RESTART_S, Bot, Den, point
from tests.harness import Server


@pytest.fixture
async def cable(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cable]:
    """A cable to the common server; discord.py uses it from now on."""
    async with Cable(server.port) as laid:
        point(monkeypatch, laid.url)
        yield laid


@pytest.fixture
async def cabled(server: Server, cable: Cable) -> AsyncIterator[Den]:
    """A fresh guild whose bots are on the cable, its people beside it."""
    made = Den(server)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests stop and start."""
    running = Server(tmp_path_factory.mktemp("fragile") / "data").start()
    yield running
    if running.process is not None:
        assert running.stop() == 0


@pytest.fixture
async def fragile_den(fragile: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Den]:
    """A fresh guild on the fragile server."""
    if fragile.process is None:
        fragile.start()
    point(monkeypatch, fragile.url)
    made = Den(fragile)
    yield made
    await made.close()


async def say(den: Den, numbers: range) -> None:
    """Numbered messages of a person."""
    for number in numbers:
        await den.say(den.bob, str(number))


async def heard(bot: Bot, most: int, within: float = 8.0) -> list[int]:
    """All that a bot was told, when it has been told the message `most`."""
    await bot.told("message", lambda message: message.content == str(most), within)
    return [int(args[0].content) for name, args in bot.seen if name == "message"]


async def test_cut_is_resumed(cabled: Den, cable: Cable) -> None:
    bot = await cabled.bot()
    await say(cabled, range(5))
    cable.cut()
    await say(cabled, range(5, 10))
    cable.mend()
    await bot.told("resumed")
    await say(cabled, range(10, 15))
    assert await heard(bot, 14) == list(range(15))
    assert bot.names().count("ready") == bot.names().count("connect") == 1
    assert "guild_join" not in bot.names()


async def test_cut_in_the_middle_of_a_stream(cabled: Den, cable: Cable) -> None:
    """Several times, while messages come all the time and without waiting for the library."""
    bot = await cabled.bot()
    for start in range(0, 100, 20):
        said = asyncio.create_task(say(cabled, range(start, start + 20)))
        await bot.told("message", lambda message, at=start + 7: message.content == str(at))
        cable.cut()
        cable.mend()
        await said
        await bot.told("resumed")
    assert await heard(bot, 99) == list(range(100))
    assert bot.names().count("ready") == 1


async def test_cut_after_long_silence_brings_changes_of_everything(
    cabled: Den, cable: Cable
) -> None:
    bot = await cabled.bot()
    path = f"/guilds/{cabled.guild_id}"
    cable.cut()
    channel = (await cabled.ann.post(f"{path}/channels", {"name": "new"})).body
    role = (await cabled.ann.post(f"{path}/roles", {"name": "new"})).body
    await cabled.ann.put(f"{path}/members/{cabled.bob.id}/roles/{role['id']}")
    await cabled.ann.delete(f"/channels/{cabled.channel_id}")
    cable.mend()
    await bot.told("resumed")
    guild = cabled.guild(bot)
    assert guild.get_channel(int(channel["id"])) is not None
    assert guild.get_channel(cabled.channel_id) is None
    bob = guild.get_member(cabled.bob.id)
    assert bob is not None
    assert [each.name for each in bob.roles] == ["@everyone", "new"]


async def test_orderly_restart_is_resumed(fragile_den: Den) -> None:
    den = fragile_den
    server = den.server
    watcher = await den.bot()
    bot = await den.bot()
    await say(den, range(5))
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    await say(den, range(5, 10))
    for each in (bot, watcher):
        await each.told("resumed", within=RESTART_S)
    await say(den, range(10, 15))
    for each in (bot, watcher):
        assert await heard(each, 14) == list(range(15))
        assert each.names().count("ready") == each.names().count("connect") == 1
        assert "guild_join" not in each.names()


async def test_restart_in_the_middle_of_a_stream(fragile_den: Den) -> None:
    """A person writes until refused and goes on with what was not acknowledged."""
    den = fragile_den
    server = den.server
    bot = await den.bot()

    async def write() -> None:
        for number in range(60):
            nonce = {"content": str(number), "nonce": str(number), "enforce_nonce": True}
            path = f"/channels/{den.channel_id}/messages"
            while True:
                try:
                    if (await den.bob.post(path, nonce)).status == 200:
                        break
                except aiohttp.ClientError:
                    pass
                await running.wait()

    running = asyncio.Event()
    running.set()
    writing = asyncio.create_task(write())
    await bot.told("message", lambda message: message.content == "20")
    running.clear()
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    running.set()
    await writing
    await bot.told("resumed", within=RESTART_S)
    assert await heard(bot, 59) == list(range(60))


async def test_kill_is_followed_by_a_new_session(fragile_den: Den) -> None:
    den = fragile_den
    server = den.server
    bot = await den.bot()
    await say(den, range(3))
    assert await heard(bot, 2) == [0, 1, 2]
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    bot.forget()
    await bot.told("ready", within=RESTART_S)
    assert "resumed" not in bot.names()
    await say(den, range(3, 6))
    assert await heard(bot, 5) == [3, 4, 5]
    history = [m.content async for m in den.text(bot).history(oldest_first=True)]
    assert history == ["0", "1", "2", "3", "4", "5"]
    await den.text(bot).send("goes on")


async def test_presence_outlives_a_restart(fragile_den: Den) -> None:
    den = fragile_den
    game = discord.Game("chess")
    watcher = await den.bot()
    bot = await den.bot(status=discord.Status.idle, activity=game)
    await watcher.told("presence_update", lambda _, m: m.id == bot.account.id)
    await asyncio.to_thread(den.server.stop)
    await asyncio.to_thread(den.server.start)
    late = await den.bot()
    for each in (watcher, late):
        seen = den.guild(each).get_member(bot.account.id)
        assert seen is not None
        assert (seen.status, seen.activity) == (discord.Status.idle, game)
    await bot.told("resumed", within=RESTART_S)
    await watcher.told("resumed", within=RESTART_S)
    await bot.change_presence(status=discord.Status.dnd)
    _, after = await watcher.told("presence_update", lambda _, m: m.id == bot.account.id)
    assert after.status is discord.Status.dnd
