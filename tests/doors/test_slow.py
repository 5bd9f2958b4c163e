"""Connections that send little or nothing: bounded in number, time and memory, others are served.

It is also the contract test of the private parts of aiohttp that net/rest/sockets.py uses.
"""

import asyncio
import contextlib
import json
import resource
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from hearth.net.listen import Listener, sockets
from hearth.net.rest.sockets import Counts, HttpServer
from hearth.net.tls import Certificate
from tests.command import hearth
from tests.harness import Server, until, until_yes

MANY = 1000
HALVES = (
    b"",
    b"GE",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000000\r\n\r\n{",
)


@pytest.fixture(scope="module", autouse=True)
def _many_sockets() -> Iterator[None]:
    """This process, too, opens many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def metric(server: Server, name: str) -> float:
    """What /metrics says."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}/metrics", ssl=False) as answer,
    ):
        text = await answer.text()
    return float(text.partition(f"\n{name} ")[2].partition("\n")[0])


async def test_a_thousand_half_open_sockets(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", HEARTH_HTTP_HEAD_TIMEOUT_S="2").start()
    ann = server.person("ann")
    _, channel = server.guild("Den", "ann")
    await ann.connect()
    before = await metric(server, "hearth_resident_bytes")
    streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for number in range(MANY):
        streams.append(await asyncio.open_connection("127.0.0.1", server.port))
        streams[-1][1].write(HALVES[number % len(HALVES)])
    # The others are served.
    answer = await ann.post(f"/channels/{channel}/messages", {"content": "hello"})
    assert answer.status == 200
    assert (await ann.event("MESSAGE_CREATE"))["content"] == "hello"
    grown = await metric(server, "hearth_resident_bytes") - before
    assert grown < MANY * 64 * 1024
    for reader, writer in streams:
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
    assert await metric(server, "hearth_connections_slow_total") == MANY

    async def over() -> bool:
        return await metric(server, "hearth_http_connections") <= 2

    await until_yes(over)
    answer = await ann.post(f"/channels/{channel}/messages", {"content": "still"})
    assert answer.status == 200
    await ann.close()
    assert server.stop() == 0
    # The link that a first start prints has the server's own address.
    lines = [line for line in server.log.read_text().splitlines() if "#claim=" not in line]
    log = "\n".join(lines)
    assert "Traceback" not in log
    assert "127.0.0.1" not in log
    assert "slow connections cut body=" in log
    assert len(lines) < 60


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is missing")
async def test_half_a_tls_handshake(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = json.loads(hearth("admin", "--data", data, "cert", "--json").stdout)
    server = Server(
        data,
        HEARTH_HTTP_HEAD_TIMEOUT_S="1",
        HEARTH_TLS_CERTIFICATE=made["certificate"],
        HEARTH_TLS_KEY=made["key"],
    ).start()
    streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for number in range(200):
        streams.append(await asyncio.open_connection("127.0.0.1", server.port))
        streams[-1][1].write(
            (b"", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\n")[number % 3]
        )
    assert await metric(server, "hearth_homes") >= 0
    for reader, writer in streams:
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 30)
        writer.close()
    # One that has shaken hands and then says nothing.
    trust = ssl.create_default_context(cafile=made["ca"])
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=trust)
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.transport.abort()
    assert await asyncio.to_thread(server.stop) == 0
    assert "Traceback" not in server.log.read_text()


class Household(socket.socket):
    """A listening socket whose clients seem to come from addresses of one /64."""

    def accept(self) -> tuple[socket.socket, Any]:
        sock, _ = super().accept()
        return sock, (f"2001:db8::{sock.fileno():x}", 0, 0, 0)


class House:
    """An `HttpServer` inside this process, with bounds that are soon reached."""

    def __init__(self, most: int = 3, *, free: bool = False, **more: Any) -> None:
        wish = {"head_timeout_s": 0.05, "body_rate_bytes": 1_000_000, **more}
        counts = Counts(most, lambda address: free)
        self.http = HttpServer(self.handle, counts=counts, **wish)
        self.bodies: list[int] = []
        self.tls: ssl.SSLContext | None = None
        self.household = False
        self.listener: Listener | None = None
        self.port = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/big":
            return web.Response(body=bytes(64 << 20))
        self.bodies.append(len(await request.read()))
        return web.Response(text="hello")

    async def open(self) -> None:
        (sock,) = sockets(["127.0.0.1:0"], [])
        self.port = sock.getsockname()[1]
        if self.household:
            sock = Household(fileno=sock.detach())
        self.listener = Listener(self.http, sock, self.tls)
        await self.listener.open()

    async def connect(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 16)
        streams[1].write(data)
        return streams

    async def swept(self, reader: asyncio.StreamReader) -> bytes:
        """Sweep until the server has closed a connection; what it said there."""
        reading = asyncio.create_task(reader.read())
        while not reading.done():
            self.http.sweep()
            await asyncio.sleep(0)
        error = reading.exception()
        assert error is None or isinstance(error, ConnectionError)
        return b"" if error else reading.result()

    async def close(self) -> None:
        assert self.listener is not None
        self.listener.close()
        await self.listener.settle(0)
        await self.http.shutdown(1)


@pytest.fixture
async def houses() -> AsyncIterator[list[House]]:
    """Those that a test opens."""
    opened: list[House] = []
    yield opened
    for house in opened:
        await house.close()


async def opened(houses: list[House], house: House) -> House:
    houses.append(house)
    await house.open()
    return house


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


async def test_a_slow_body(houses: list[House]) -> None:
    house = await opened(houses, House())
    reader, writer = await house.connect(POST + b"x" * 10)
    await until(lambda: house.http.connections[0]._current_request)
    assert await house.swept(reader) == b""
    assert (house.http.slow, house.bodies) == (1, [])
    writer.close()


async def test_a_body_that_keeps_coming(houses: list[House]) -> None:
    """What is fast enough on the whole is let through, however long it takes."""
    house = await opened(houses, House(body_rate_bytes=1, head_timeout_s=3600.0))
    reader, writer = await house.connect(POST)
    for _ in range(100):
        writer.write(b"x" * 1000)
        await writer.drain()
        house.http.sweep()
    assert b"hello" in await reader.readuntil(b"hello")
    assert (house.http.slow, house.bodies) == (0, [100_000])
    writer.close()


async def test_an_answer_that_is_not_taken(houses: list[House]) -> None:
    house = await opened(houses, House())
    reader, writer = await house.connect(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    while not house.http.slow:
        house.http.sweep()
        await asyncio.sleep(0)
    told = 0
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(1 << 20):
            told += len(piece)
    assert told < 64 << 20
    writer.close()


async def test_a_resting_connection_is_left_alone(houses: list[House]) -> None:
    house = await opened(houses, House())
    ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    reader, writer = await house.connect(ask)
    await reader.readuntil(b"hello")
    end = asyncio.get_running_loop().time() + 0.2
    while asyncio.get_running_loop().time() < end:
        house.http.sweep()
        await asyncio.sleep(0)
    writer.write(ask)
    await reader.readuntil(b"hello")
    assert house.http.slow == 0
    writer.close()


async def test_connections_of_one_address(houses: list[House]) -> None:
    house = await opened(houses, House(3, head_timeout_s=3600.0))
    ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    streams = [await house.connect(ask) for _ in range(3)]
    for reader, _ in streams:
        await reader.readuntil(b"hello")
    reader, writer = await house.connect(ask)
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    assert house.http.refused == 1
    assert house.http.counts.of == {"127.0.0.1": 3}
    for _, writer in streams:
        writer.close()
    await until(lambda: not house.http.counts.of)
    reader, writer = await house.connect(ask)
    await reader.readuntil(b"hello")
    writer.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is missing")
@pytest.mark.parametrize("household", [False, True])
async def test_handshakes_of_one_address(
    houses: list[House], tmp_path: Path, household: bool
) -> None:
    """Those under way count, before there is anything that could be swept."""
    done = await asyncio.to_thread(hearth, "admin", "--data", tmp_path / "data", "cert", "--json")
    made = json.loads(done.stdout)
    house = House(3, head_timeout_s=3600.0)
    house.household = household
    house.tls = Certificate(Path(made["certificate"]), Path(made["key"])).context
    await opened(houses, house)
    silent = [await house.connect() for _ in range(4)]
    ends = [asyncio.create_task(reader.read()) for reader, _ in silent]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    assert [end.done() for end in ends] == [False, False, False, True]
    assert house.http.refused == 1
    for _, writer in silent:
        writer.close()
    trust = ssl.create_default_context(cafile=made["ca"])
    listener = house.listener
    assert listener is not None
    await until(lambda: listener.failed == 3)
    reader, writer = await asyncio.open_connection("localhost", house.port, ssl=trust)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"hello")
    writer.transport.abort()
    await asyncio.gather(*ends, return_exceptions=True)


async def test_those_without_a_bound(houses: list[House]) -> None:
    house = await opened(houses, House(1, free=True, head_timeout_s=3600.0))
    streams = [await house.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(5)]
    for reader, writer in streams:
        await reader.readuntil(b"hello")
        writer.close()
    assert house.http.counts.of == {}
