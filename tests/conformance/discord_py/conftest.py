"""Unmodified discord.py clients at a real server, and guilds of their own for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import discord
import pytest
import yarl

from tests.conformance.witness import Witness
from tests.harness import Client, Server

T = TypeVar("T")
PATIENCE_S = 8.0
RESTART_S = 30.0
"""discord.py waits for up to two, then four, then eight seconds between refused connections."""

_names = count()
_people: dict[Server, tuple[Client, Client]] = {}
ADMINISTRATOR = 1 << 3


WITNESS = Witness("discord.py")


async def _note(_: Any, __: Any, end: aiohttp.TraceRequestEndParams) -> None:
    path = end.url.raw_path.removeprefix("/api/v10")
    WITNESS.saw(end.method, path, end.response.status)


@pytest.fixture(scope="session", autouse=True)
def witness(request: pytest.FixtureRequest) -> Iterator[None]:
    """What discord.py called is at least what clients.json says."""
    yield from WITNESS.watch(request, {*Path(__file__).parent.glob("test_*.py")})


class Bot(discord.Client):
    """A discord.py client that remembers all it was told; nothing of the library is changed."""

    def __init__(self, account: Client, intents: discord.Intents, **options: Any) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(_note)
        options = {"http_trace": trace, **options}
        # How long READY waits for further guilds; each of ours comes in one piece with READY.
        super().__init__(intents=intents, **{"guild_ready_timeout": 0.1, **options})
        self.account = account
        self.seen: list[tuple[str, tuple[Any, ...]]] = []
        self._untold: list[tuple[str, tuple[Any, ...]]] = []
        self._news = asyncio.Event()
        self.running: asyncio.Task[None] | None = None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.seen.append((event, args))
        self._untold.append((event, args))
        self._news.set()
        super().dispatch(event, *args, **kwargs)

    async def on_error(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"discord.py failed in {event}")

    def run_on(self) -> None:
        """Log in and stay connected, in the background."""
        self.running = asyncio.create_task(self.start(self.account.token))
        self.running.add_done_callback(lambda _: self._news.set())

    async def told(
        self,
        event: str,
        check: Callable[..., bool] = lambda *_: True,
        within: float = PATIENCE_S,
    ) -> Any:
        """The next event of this name that passes `check` and was not asked for before.

        Its one argument, or all in a tuple.
        """
        async with asyncio.timeout(within):
            while True:
                for index, (name, args) in enumerate(self._untold):
                    if name == event and check(*args):
                        del self._untold[index]
                        return args[0] if len(args) == 1 else args
                if self.running is not None and self.running.done():
                    self.running.result()
                    raise AssertionError(f"{self.account.name} ended before {event}")
                self._news.clear()
                await self._news.wait()

    def names(self) -> list[str]:
        """The names of the events so far."""
        return [name for name, _ in self.seen]

    def forget(self) -> None:
        """Take all events so far for told."""
        self.seen.clear()
        self._untold.clear()

    async def end(self) -> None:
        """Log out."""
        await self.close()
        if self.running is not None:
            await asyncio.gather(self.running, return_exceptions=True)


class Den:
    """A guild of its own for one test: `ann` owns it, `bob` is a member, bots as asked.

    All guilds of a server have the same two.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clients: list[Client] = []
        self.bots: list[Bot] = []
        if server not in _people:
            _people[server] = self.person("ann"), self.person("bob")
        self.ann, self.bob = self.clients[:] = _people[server]
        self.guild_id, self.channel_id = server.guild("Den", self.ann.name)
        server.join(self.guild_id, self.bob.name)

    def person(self, name: str) -> Client:
        """A new person."""
        client = self.server.person(f"{name}{next(_names)}")
        self.clients.append(client)
        return client

    def account(self, permissions: int = ADMINISTRATOR) -> Client:
        """A new bot's account in the guild."""
        name = f"bot{next(_names)}"
        client = self.server.bot(name, self.ann.name, self.guild_id, permissions)
        self.clients.append(client)
        return client

    def client(
        self, account: Client, *, intents: discord.Intents | None = None, **options: Any
    ) -> Bot:
        """A discord.py client of an account; it is ended with the test."""
        bot = Bot(account, intents or discord.Intents.all(), **options)
        self.bots.append(bot)
        return bot

    async def bot(
        self,
        permissions: int = ADMINISTRATOR,
        *,
        intents: discord.Intents | None = None,
        **options: Any,
    ) -> Bot:
        """A new bot in the guild, connected and ready."""
        bot = self.client(self.account(permissions), intents=intents, **options)
        bot.run_on()
        await bot.told("ready")
        return bot

    def guild(self, bot: Bot) -> discord.Guild:
        """The guild as a bot has it in its cache."""
        guild = bot.get_guild(self.guild_id)
        assert guild is not None
        return guild

    def text(self, bot: Bot) -> discord.TextChannel:
        """The first text channel as a bot has it in its cache."""
        channel = self.guild(bot).get_channel(self.channel_id)
        assert isinstance(channel, discord.TextChannel)
        return channel

    async def say(self, who: Client, content: str, **more: Any) -> int:
        """A person's message; its id."""
        answer = await who.post(
            f"/channels/{self.channel_id}/messages", {"content": content, **more}
        )
        assert answer.status == 200, answer.body
        return int(answer.body["id"])

    async def close(self) -> None:
        """Log everybody out."""
        for bot in self.bots:
            await bot.end()
        for client in self.clients:
            await client.close()
            client.gateway = client.session = None  # They belong to this test's loop.


def point(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Give discord.py another address, as README.md says; undone after the test."""
    monkeypatch.setattr(discord.http.Route, "BASE", f"{url}/api/v10")
    gateway = yarl.URL(f"ws{url.removeprefix('http')}/gateway")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    monkeypatch.setattr(discord.Asset, "BASE", f"{url}/cdn")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with loose limits."""
    running = Server(tmp_path_factory.mktemp("discord_py") / "data").start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def den(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Den]:
    """A fresh guild, and discord.py pointed at the server."""
    point(monkeypatch, server.url)
    made = Den(server)
    yield made
    await made.close()
