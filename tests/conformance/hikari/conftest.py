"""Unmodified hikari bots at a real server, and guilds of their own for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from typing import TypeVar

import hikari
import pytest

from tests.conformance.cable import Cable
from tests.harness import Client, Server

E = TypeVar("E", bound=hikari.Event)
PATIENCE_S = 30.0
"""After a cut hikari waits for some seconds, each time longer, before it connects again."""

ADMINISTRATOR = 1 << 3

_names = count()


class Bot:
    """A hikari bot that remembers all it was told; nothing of the library is changed."""

    def __init__(self, account: Client, url: str) -> None:
        self.account = account
        self.bot = hikari.GatewayBot(
            account.token,
            rest_url=f"{url}/api/v10",
            intents=hikari.Intents.ALL,
            banner=None,
            logs=None,
            suppress_optimization_warning=True,
        )
        self.seen: list[hikari.Event] = []
        self._untold: list[hikari.Event] = []
        self._news = asyncio.Event()
        self.bot.subscribe(hikari.Event, self._hear)

    async def _hear(self, event: hikari.Event) -> None:
        self.seen.append(event)
        self._untold.append(event)
        self._news.set()

    async def told(self, kind: type[E], check: Callable[[E], bool] = lambda _: True) -> E:
        """The next event of this kind that passes `check` and was not asked for before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for index, event in enumerate(self._untold):
                    if isinstance(event, kind) and check(event):
                        del self._untold[index]
                        return event
                self._news.clear()
                await self._news.wait()

    def count(self, kind: type[hikari.Event]) -> int:
        """How many events of this kind there were."""
        return sum(isinstance(event, kind) for event in self.seen)


class Den:
    """A guild of its own for one test: `ann` owns it, `bob` is a member, bots as asked."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.url = url
        self.bots: list[Bot] = []
        self.ann, self.bob = (server.person(f"{name}{next(_names)}") for name in ("ann", "bob"))
        self.clients = [self.ann, self.bob]
        self.guild, self.channel = server.guild("Den", self.ann.name)
        server.join(self.guild, self.bob.name)

    async def bot(self) -> Bot:
        """A new bot in the guild, connected and ready."""
        name = f"bot{next(_names)}"
        account = self.server.bot(name, self.ann.name, self.guild, ADMINISTRATOR)
        self.clients.append(account)
        bot = Bot(account, self.url)
        self.bots.append(bot)
        await bot.bot.start(check_for_updates=False)
        await bot.told(hikari.GuildAvailableEvent)
        return bot

    async def say(self, who: Client, content: str) -> int:
        """A person's message; its id."""
        answer = await who.post(f"/channels/{self.channel}/messages", {"content": content})
        assert answer.status == 200, answer.body
        return int(answer.body["id"])

    async def close(self) -> None:
        """Log everybody out."""
        for bot in self.bots:
            await bot.bot.close()
        for client in self.clients:
            await client.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with loose limits."""
    running = Server(tmp_path_factory.mktemp("hikari") / "data").start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def den(server: Server) -> AsyncIterator[Den]:
    """A fresh guild."""
    made = Den(server, server.url)
    yield made
    await made.close()


@pytest.fixture
async def cable(server: Server) -> AsyncIterator[Cable]:
    """A cable to the server."""
    async with Cable(server.port) as laid:
        yield laid


@pytest.fixture
async def cabled(server: Server, cable: Cable) -> AsyncIterator[Den]:
    """A fresh guild whose bots are on the cable, its people beside it."""
    made = Den(server, cable.url)
    yield made
    await made.close()
