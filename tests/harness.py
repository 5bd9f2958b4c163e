"""A real server in a process of its own, and clients that speak to it over the wire."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import aiohttp
import zstandard

from hearth.net.ask import ask
from tests import forks

PASSWORD = "correct horse"
EVERY_INTENT = 0x3FFFFFF & ~(1 << 17 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23)
START_S = 30.0
WAIT_S = 20.0
"""For what comes at once, unless the machine's disk stands still for a while."""
PAUSE_S = 0.01
"""Between two looks at what nothing tells of; without it a loop takes the time it waits for."""


def runs(pid: int) -> bool:
    """Whether there is such a process; one that has ended and was not looked at yet is none."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


async def until(check: Callable[[], object]) -> None:
    """Let the loop go on until something is so of which nothing tells."""
    turns = 0
    while not check():
        turns += 1
        await asyncio.sleep(0 if turns < 100 else PAUSE_S)


async def until_yes(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask a server until it says yes, of what it does behind its answers."""
    while not await ask():  # noqa: ASYNC110
        await asyncio.sleep(PAUSE_S)


class Refusal(Exception):
    """The operator's door said no."""


class Server:
    """`hearth serve` on a data directory, started and ended as an operator would."""

    def __init__(self, data: Path, *, scale: float = 1000.0, port: int = 0, **env: str) -> None:
        self.data = data
        self.port = port
        self.env = {**os.environ, "HEARTH_LIMITS_SCALE": str(scale), **env}
        self.prefix: tuple[str, ...] = ()
        """Words before the command: what it is run under."""
        self.words: tuple[str, ...] = ()
        """Words behind it: more options."""
        self.passed: tuple[int, ...] = ()
        """Descriptors that it inherits."""
        self.scheme = "http"
        self.process: forks.Started | None = None
        self.log = data.parent / f"{data.name}.log"

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it and wait until it accepts; the port stays over restarts."""
        words = ["serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as log:
            self.process = forks.start(
                [*words, *self.words], self.env, log, prefix=self.prefix, passed=self.passed
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"no ready line but {line!r}; log: {self.log.read_text()[-2000:]}")
        scheme, _, port = line.removeprefix("ready ").rpartition(":")
        self.scheme, self.port = scheme.partition(":")[0], int(port)
        return self

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL; the exit code."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    def operate(self, operation: str, body: dict[str, Any] | None = None, **params: int) -> Any:
        """An operation of the operator's, by the socket; raises Refusal."""
        call = {"operation": operation, "params": params, "body": body}
        reply = ask(self.data / "admin.sock", call)
        if "error" in reply:
            raise Refusal(json.dumps(reply["error"]))
        return reply["value"]

    def person(self, name: str, password: str | None = None) -> "Client":
        """A new person; without a password, whose hash takes long, they cannot log in."""
        made = self.operate("create_user", {"username": name, "password": password})
        return Client(self, int(made["id"]), made["token"], name=name)

    def bot(self, name: str, owner: str, guild: int, permissions: int = 0) -> "Client":
        """A new bot that is in `guild`."""
        made = self.operate("create_bot", {"username": name, "owner": owner})
        self.operate("join_bot", {"user": name, "permissions": permissions}, guild_id=guild)
        return Client(self, int(made["user_id"]), made["token"], name=name, bot=True)

    def guild(self, name: str, owner: str) -> tuple[int, int]:
        """A new guild: its id and the id of its text channel."""
        made = self.operate("create_guild", {"name": name, "owner": owner})
        text = next(channel for channel in made["channels"] if channel["type"] == 0)
        return int(made["id"]), int(text["id"])

    def join(self, guild: int, name: str) -> None:
        """Make a user a member."""
        self.operate("join_guild", {"user": name}, guild_id=guild)


class Held(Server):
    """A server whose listening socket outlives it, as systemd's sockets do."""

    def __init__(self, data: Path, **more: Any) -> None:
        super().__init__(data, **more)
        self.socket = socket.create_server(("127.0.0.1", 0))
        number = self.socket.fileno()
        # The new process makes the socket its descriptor 3, then becomes the command.
        self.prefix = (
            sys.executable,
            "-c",
            f"import os, sys; os.dup2({number}, 3)\n"
            "os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'}\n"
            "os.execv(sys.argv[1], sys.argv[1:])",
        )
        self.passed = (number,)


class Answer:
    """A response: `status`, `headers`, and `body` (the JSON, None when there is none)."""

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self.body: Any = json.loads(text) if text else None

    @property
    def code(self) -> int:
        """The API's error code."""
        return self.body["code"]


class Client:
    """One account: REST with its token, and a gateway session."""

    def __init__(
        self, server: Server, id: int, token: str, *, name: str, bot: bool = False
    ) -> None:
        self.server = server
        self.id = id
        self.token = token
        self.name = name
        self.is_bot = bot
        self.session: aiohttp.ClientSession | None = None
        self.gateway: Gateway | None = None

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        """One request below /api/v10."""
        if self.session is None or self.session.closed:
            self.session = aiohttp.ClientSession()
        authorization = f"Bot {self.token}" if self.is_bot else self.token
        headers = {"Authorization": authorization, **more.pop("headers", {})}
        url = f"{self.server.url}/api/v10{path}"
        async with self.session.request(method, url, headers=headers, **more) as response:
            return Answer(response.status, response.headers, await response.text())

    async def get(self, path: str, **more: Any) -> Answer:
        """GET."""
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> Answer:
        """POST JSON."""
        return await self.call("POST", path, json=json, **more)

    async def patch(self, path: str, json: Any = None, **more: Any) -> Answer:
        """PATCH JSON."""
        return await self.call("PATCH", path, json=json, **more)

    async def put(self, path: str, json: Any = None, **more: Any) -> Answer:
        """PUT JSON."""
        return await self.call("PUT", path, json=json, **more)

    async def delete(self, path: str, **more: Any) -> Answer:
        """DELETE."""
        return await self.call("DELETE", path, **more)

    async def connect(self, *, intents: int = EVERY_INTENT, **identify: Any) -> "Gateway":
        """Identify; returns after READY (bots: after the GUILD_CREATEs that it announces)."""
        self.gateway = await Gateway.open(self.server)
        wish = {"token": self.token, "properties": {}, **identify}
        if self.is_bot:
            wish["intents"] = intents
        await self.gateway.send(2, wish)
        ready = await self.gateway.event("READY")
        self.gateway.session_id = ready["session_id"]
        if self.is_bot and intents & 1:
            for _ in ready["guilds"]:
                await self.gateway.event("GUILD_CREATE")
        return self.gateway

    async def event(self, name: str, within: float = WAIT_S) -> Any:
        """The next event `name` of the gateway session; earlier others are kept."""
        assert self.gateway is not None
        return await self.gateway.event(name, within)

    async def close(self) -> None:
        """Close everything."""
        if self.gateway is not None:
            await self.gateway.close()
        if self.session is not None:
            await self.session.close()


class Gateway:
    """A gateway connection that keeps all it was told: `dispatches` as (s, t, d)."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        decompress: Callable[[bytes], bytes] = zlib.decompress,
    ) -> None:
        self.http = http
        self.socket = socket
        self._decompress = decompress
        self.session_id = ""
        self.dispatches: list[tuple[int, str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self._waiting: list[tuple[str, Any]] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, server: Server, query: str = "?v=10&encoding=json") -> "Gateway":
        """Connect; nothing is sent."""
        decompress: Callable[[bytes], bytes] = zlib.decompress
        if "compress=zlib-stream" in query:
            decompress = zlib.decompressobj().decompress
        elif "compress=zstd-stream" in query:
            decompress = zstandard.ZstdDecompressor().decompressobj().decompress
        http = aiohttp.ClientSession()
        socket = await http.ws_connect(f"{server.url}/gateway{query}", max_msg_size=0)
        return cls(http, socket, decompress)

    async def _read(self) -> None:
        async for message in self.socket:
            data = message.data
            if message.type is aiohttp.WSMsgType.BINARY:
                data = self._decompress(data)
            payload = json.loads(data)
            if payload["op"] == 0:
                self.dispatches.append((payload["s"], payload["t"], payload["d"]))
                self._waiting.append((payload["t"], payload["d"]))
            else:
                self.others.append(payload)
            self._news.set()
        self._news.set()

    async def send(self, op: int, d: Any) -> None:
        """Send one payload."""
        await self.socket.send_json({"op": op, "d": d})

    async def event(self, name: str, within: float = WAIT_S) -> Any:
        """The next event of this name that was not taken yet."""
        return await self._until(
            lambda: next((i for i, (t, _) in enumerate(self._waiting) if t == name), None),
            lambda index: self._waiting.pop(index)[1],
            f"event {name}",
            within,
        )

    async def other(self, op: int, within: float = WAIT_S) -> Any:
        """The next payload with this opcode."""
        return await self._until(
            lambda: next((i for i, p in enumerate(self.others) if p["op"] == op), None),
            lambda index: self.others.pop(index),
            f"op {op}",
            within,
        )

    async def _until(self, find: Any, take: Any, what: str, within: float) -> Any:
        deadline = time.monotonic() + within
        while (index := find()) is None:
            left = deadline - time.monotonic()
            if self._reader.done() or left <= 0:
                told = [t for _, t, _ in self.dispatches]
                code = self.socket.close_code
                raise TimeoutError(f"no {what}; told {told}, others {self.others}, close {code}")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                continue
        return take(index)

    async def closed(self, within: float = WAIT_S) -> int | None:
        """Wait until the server closes; the close code."""
        try:
            await asyncio.wait_for(asyncio.shield(self._reader), within)
        except TimeoutError:
            told = [t for _, t, _ in self.dispatches]
            raise TimeoutError(f"not closed; told {told}, others {self.others}") from None
        return self.socket.close_code

    @property
    def seq(self) -> int:
        """The last sequence that was received."""
        return self.dispatches[-1][0] if self.dispatches else 0

    def names(self) -> list[str]:
        """The names of the events so far."""
        return [t for _, t, _ in self.dispatches]

    def cut(self) -> None:
        """Cut the TCP connection without a word."""
        transport = self.socket.get_extra_info("socket")
        assert transport is not None
        self.socket._response.connection.transport.abort()

    async def close(self, code: int = 1000) -> None:
        """Close in order, and wait until the server has taken it."""
        if not self.socket.closed:
            # Its own `close` lets the reader, which an event woke meanwhile, say 1000 first.
            with contextlib.suppress(aiohttp.ClientError):
                await self.socket.send_frame(code.to_bytes(2, "big"), aiohttp.WSMsgType.CLOSE)
            await asyncio.wait([self._reader], timeout=WAIT_S)
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self.http.close()
