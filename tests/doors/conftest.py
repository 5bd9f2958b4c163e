"""One server for a module of door tests, and accounts that close themselves."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.doors.inside import ANN, BOB, BOT, CAT, DEN, FLAGS, NEXT, Inside
from tests.harness import Client, Server

_names = count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with loose limits."""
    running = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield running
    if running.process is not None:
        assert running.stop() == 0


class Den:
    """A guild of its own for one test: `ann` owns it, `bob` is a member; `bot` where asked."""

    def __init__(self, server: Server, password: str | None = None) -> None:
        self.server = server
        self.clients: list[Client] = []
        self.ann = self.person("ann", password)
        self.bob = self.person("bob", password)
        self.guild, self.channel = server.guild("Den", self.ann.name)
        server.join(self.guild, self.bob.name)

    def person(self, name: str, password: str | None = None) -> Client:
        """A new person with a name of their own."""
        client = self.server.person(f"{name}{next(_names)}", password)
        self.clients.append(client)
        return client

    def member(self, name: str) -> Client:
        """A new person who is a member."""
        client = self.person(name)
        self.server.join(self.guild, client.name)
        return client

    def bot(self, permissions: int = 0) -> Client:
        """A new bot in the guild."""
        client = self.server.bot(f"bot{next(_names)}", self.ann.name, self.guild, permissions)
        self.clients.append(client)
        return client

    async def say(self, who: Client, content: str, **more: Any) -> Any:
        """A message; its object."""
        answer = await who.post(f"/channels/{self.channel}/messages", {"content": content, **more})
        assert answer.status == 200, answer.body
        return answer.body


@pytest.fixture
def password() -> str | None:
    """That of the two, where a module gives them one; its hash takes long."""
    return None


@pytest.fixture
async def den(server: Server, password: str | None) -> AsyncIterator[Den]:
    """A fresh guild with two people."""
    made = Den(server, password)
    yield made
    for client in made.clients:
        await client.close()


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    """Ann's guild with bob and a bot, and another of ann's alone; cat is nowhere."""
    made = await Inside.build()
    for user_id in (ANN, BOB, CAT):
        await made.person(user_id)
    await made.person(BOT, bot=True, flags=FLAGS)
    await made.guild(DEN, ANN, [BOB, BOT])
    await made.guild(NEXT, ANN)
    yield made
    await made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Door tests start processes: give them time on a busy machine."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(120))
