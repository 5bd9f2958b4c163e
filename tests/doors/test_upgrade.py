"""The hand-over of a WebSocket's socket from aiohttp, over TCP and TLS, on both event loops.

It is also the contract test of the private parts of aiohttp that net/gateway/upgrade.py uses.
"""

import asyncio
import contextlib
import gc
import logging
import random
import shutil
import ssl
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop
import websockets
from aiohttp import web
from aiohttp.web import RequestHandler

from hearth.net.gateway import frames
from hearth.net.gateway.frames import Close, Failure, FrameReader, Message, Ping
from hearth.net.gateway.upgrade import take_over

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example key and answer of RFC 6455 1.3."""

HANDSHAKE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
LIMIT = 1 << 20


class Echo(asyncio.Protocol):
    """Says "hello", then sends back what it is sent."""

    __slots__ = ("gone", "paused", "reader", "transport")

    def __init__(self, transport: asyncio.Transport, gone: "set[Echo]") -> None:
        self.transport = transport
        self.gone = gone
        self.reader = FrameReader(LIMIT)
        self.paused = 0
        transport.write(frames.text_frame(b"hello"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        raise AssertionError("make() stands for this")

    def data_received(self, data: bytes) -> None:
        for received in self.reader.feed(data):
            match received:
                case Message(data, binary):
                    opcode = frames.BINARY if binary else frames.TEXT
                    self.transport.write(frames.frame_header(opcode, len(data)) + data)
                case Ping(data):
                    self.transport.write(frames.pong_frame(data))
                case Close(code) | Failure(code):
                    self.transport.write(frames.close_frame(code))
                    self.transport.close()
                case _:
                    pass

    def pause_writing(self) -> None:
        self.paused += 1

    def resume_writing(self) -> None:
        self.paused -= 1
        assert self.paused == 0

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.add(self)


class Server:
    """aiohttp's low-level server with one handler, as net/rest/serve.py has it."""

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        trust: ssl.SSLContext | None,
        log: pytest.LogCaptureFixture,
    ) -> None:
        self.tls = tls
        self.trust = trust
        self.log = log
        self.clients: list[Raw] = []
        self.echoes: list[Echo] = []
        self.gone: set[Echo] = set()
        self.before: list[Callable[[web.BaseRequest], Coroutine[Any, Any, None]]] = []
        self.make: Callable[[asyncio.Transport], asyncio.Protocol] = self.make_echo
        self.web = web.Server(self.handle, access_log=None)
        self.port = 0

    def make_echo(self, transport: asyncio.Transport) -> Echo:
        echo = Echo(transport, self.gone)
        self.echoes.append(echo)
        return echo

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/gateway":
            return web.Response(text=f"{request.method} {request.path}")
        for step in self.before:
            await step(request)
        return take_over(request, self.make)

    def url(self, scheme: str = "ws", path: str = "/gateway") -> str:
        return f"{scheme}{'s' if self.tls else ''}://localhost:{self.port}{path}"

    async def connect(self) -> "Raw":
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            ssl=self.trust,
            server_hostname="localhost" if self.trust else None,
        )
        client = Raw(reader, writer)
        self.clients.append(client)
        return client


Scenario = Callable[[Server], Coroutine[Any, Any, None]]


class Raw:
    """A client's socket, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.transport = writer.transport

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def response(self) -> bytes:
        """The head of a response."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of a frame."""
        first, length = await self.reader.readexactly(2)
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        with contextlib.suppress(OSError):
            return await self.reader.read()
        return b""

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def request(
    method: str = "GET", path: str = "/gateway", version: str = "1.1", **more: str
) -> bytes:
    """A handshake; `more` replaces headers (`_` for `-`), an empty value drops one."""
    named = {name.replace("_", "-").lower(): value for name, value in more.items()}
    headers = {name.lower(): value for name, value in HANDSHAKE.items()} | named
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join((f"{method} {path} HTTP/{version}", *lines, "", "")).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame."""
    header = bytearray(frames.frame_header(opcode, len(payload)))
    header[1] |= 0x80
    return (
        bytes(header)
        + b"\x01\x02\x03\x04"
        + bytes(byte ^ (1, 2, 3, 4)[i % 4] for i, byte in enumerate(payload))
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What the server and the client of a TLS connection need."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed, so there is no certificate for TLS")
    folder: Path = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    )
    subprocess.run(
        [openssl, *command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


async def until(true: Callable[[], bool]) -> None:
    """Wait for what the loop must bring about within seconds."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - nothing signals what the loop does inside
            await asyncio.sleep(0.001)


async def run(scenario: Scenario, server: Server) -> None:
    """One scenario: at its end nothing was logged, and no task and no connection is left."""
    loop = asyncio.get_running_loop()
    faults: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))
    listening = await loop.create_server(server.web, "127.0.0.1", 0, ssl=server.tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(20):
            await scenario(server)
    finally:
        listening.close()
        for end in (*server.clients, *server.echoes):
            # Python 3.11's TLS transport cannot be aborted when its connection is gone already.
            with contextlib.suppress(AttributeError):
                end.transport.abort()
        await server.web.shutdown(1)
    await until(lambda: server.gone >= set(server.echoes))
    gc.collect()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert faults == []
    assert [record.getMessage() for record in server.log.records] == []


def on_every_wire(scenario: Scenario) -> Callable[..., None]:
    """Run a scenario over TCP and TLS on plain asyncio and on uvloop."""

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    @pytest.mark.parametrize("wire", ["tcp", "tls"])
    def test(
        loop: str, wire: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        tls, trust = (None, None) if wire == "tcp" else request.getfixturevalue("certificate")
        factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop

        async def main() -> None:
            await run(scenario, Server(tls, trust, caplog))

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(main())

    test.__name__, test.__doc__ = scenario.__name__, scenario.__doc__
    return test


async def upgraded(client: Raw, *, tail: bytes = b"") -> None:
    """Shake hands and read the greeting."""
    client.send(request() + tail)
    head = await client.response()
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"\r\nSec-WebSocket-Accept: " + ACCEPT + b"\r\n" in head
    assert b"Extensions" not in head
    assert await client.frame() == (frames.TEXT, b"hello")


@on_every_wire
async def test_aiohttp_client(server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(server.url(), ssl=server.trust or True, compress=15) as ws,
    ):
        assert ws.compress == 0
        assert await ws.receive_str() == "hello"
        for size in (0, 1, 125, 126, 65_535, 65_536, LIMIT):
            await ws.send_str("x" * size)
            assert await ws.receive_str() == "x" * size
            await ws.send_bytes(b"\xff" * size)
            assert await ws.receive_bytes() == b"\xff" * size
        await ws.ping(b"are you there")
        await ws.close(code=4000, message=b"bye")
        assert ws.close_code == 4000


@on_every_wire
async def test_websockets_client(server: Server) -> None:
    async with websockets.connect(server.url(), ssl=server.trust, max_size=None) as ws:
        assert await ws.recv() == "hello"
        await (await ws.ping(b"p"))
        for size in (0, 125, 126, 65_535, 65_536, LIMIT):
            await ws.send(b"\xfe" * size)
            assert await ws.recv() == b"\xfe" * size
        await ws.send(["in ", "frag", "ments"])
        assert await ws.recv() == "in fragments"
        await ws.close(4001)
    assert ws.close_code == 4001


@on_every_wire
async def test_too_big_a_message_is_refused(server: Server) -> None:
    async with websockets.connect(server.url(), ssl=server.trust) as ws:
        await ws.recv()
        await ws.send(b"x" * (LIMIT + 1))
        with pytest.raises(websockets.ConnectionClosed):
            await ws.recv()
    assert ws.close_code == 1009


@on_every_wire
async def test_connection_that_served_http(server: Server) -> None:
    client = await server.connect()
    for path in ("/a", "/b"):
        client.send(request("POST", path, Upgrade="", Connection="", Content_Length="2") + b"hi")
        assert (await client.response()).startswith(b"HTTP/1.1 200 OK\r\n")
        assert await client.reader.readexactly(7) == f"POST {path}".encode()
    await upgraded(client)
    client.send(masked(frames.TEXT, b"after"))
    assert await client.frame() == (frames.TEXT, b"after")
    await client.close()


@on_every_wire
async def test_refused_connection_goes_on(server: Server) -> None:
    client = await server.connect()
    client.send(request(Sec_WebSocket_Version="12"))
    head = await client.response()
    assert head.startswith(b"HTTP/1.1 426 ")
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in head
    await client.reader.readexactly(len("use WebSocket version 13"))
    await upgraded(client)
    await client.close()


@on_every_wire
async def test_bytes_behind_the_handshake(server: Server) -> None:
    client = await server.connect()
    one, two = masked(frames.TEXT, b"one"), masked(frames.TEXT, b"two")
    await upgraded(client, tail=one + two[:4])
    assert await client.frame() == (frames.TEXT, b"one")
    client.send(two[4:])
    assert await client.frame() == (frames.TEXT, b"two")
    await client.close()


@on_every_wire
async def test_requests_and_handshake_in_one_segment(server: Server) -> None:
    client = await server.connect()
    plain = request(path="/a", Upgrade="", Connection="")
    client.send(plain + plain + request() + masked(frames.TEXT, b"one"))
    for _ in range(2):
        await client.response()
        assert await client.reader.readexactly(6) == b"GET /a"
    assert (await client.response()).startswith(b"HTTP/1.1 101 ")
    assert await client.frame() == (frames.TEXT, b"hello")
    assert await client.frame() == (frames.TEXT, b"one")
    await client.close()


@on_every_wire
async def test_much_behind_the_handshake_while_the_handler_works(server: Server) -> None:
    """aiohttp holds the transport when its buffer is full; the new protocol must be fed again."""
    size = 400_000
    message = b"x" * size

    async def wait(request: web.BaseRequest) -> None:
        await until(lambda: not request.transport.is_reading())

    server.before.append(wait)
    client = await server.connect()
    await upgraded(client, tail=masked(frames.BINARY, message) * 3)
    for _ in range(3):
        assert await client.frame() == (frames.BINARY, message)
    await client.close()


@on_every_wire
async def test_handshake_byte_by_byte(server: Server) -> None:
    client = await server.connect()
    for byte in request() + masked(frames.TEXT, b"slow"):
        client.send(bytes([byte]))
        await client.writer.drain()
        await asyncio.sleep(0)
    await client.response()
    assert await client.frame() == (frames.TEXT, b"hello")
    assert await client.frame() == (frames.TEXT, b"slow")
    await client.close()


@on_every_wire
async def test_full_transport_is_told_to_the_new_protocol(server: Server) -> None:
    """A buffer above the mark at the hand-over: paused once, resumed once it drained."""
    piece = frames.binary_frame(bytes(16_000))
    count = 600

    def make(transport: asyncio.Transport) -> Echo:
        echo = server.make_echo(transport)
        transport.set_write_buffer_limits(high=16_384)
        for _ in range(count):
            transport.write(piece)
        return echo

    server.make = make
    client = await server.connect()
    client.send(request())
    await until(lambda: len(server.echoes) == 1)
    assert server.echoes[0].paused == 1
    await client.response()
    await client.frame()
    for _ in range(count):
        assert await client.frame() == (frames.BINARY, bytes(16_000))
    await until(lambda: server.echoes[0].paused == 0)
    await client.close()


REFUSED = {
    "POST": (request("POST", Content_Length="0"), b"405"),
    "HTTP/1.0": (request(version="1.0"), b"400"),
    "no Upgrade": (request(Upgrade=""), b"426"),
    "other Upgrade": (request(Upgrade="h2c"), b"426"),
    "no Connection": (request(Connection=""), b"426"),
    "other Connection": (request(Connection="keep-alive"), b"426"),
    "no version": (request(Sec_WebSocket_Version=""), b"426"),
    "version 8": (request(Sec_WebSocket_Version="8"), b"426"),
    "no key": (request(Sec_WebSocket_Key=""), b"400"),
    "no base64": (request(Sec_WebSocket_Key="x"), b"400"),
    "short key": (request(Sec_WebSocket_Key="AAAA"), b"400"),
    "body": (request(Content_Length="2") + b"hi", b"400"),
}


@on_every_wire
async def test_refusals(server: Server) -> None:
    for name, (handshake, status) in REFUSED.items():
        client = await server.connect()
        client.send(handshake)
        head = await client.response()
        assert head.split()[1] == status, name
        assert (b"\r\nUpgrade: websocket\r\n" in head) == (status == b"426"), name
        await client.close()
    assert server.echoes == []


@on_every_wire
async def test_handshake_is_read_liberally(server: Server) -> None:
    client = await server.connect()
    client.send(request(Upgrade="WebSocket", Connection="UPGRADE", Origin="https://example.com"))
    assert (await client.response()).startswith(b"HTTP/1.1 101 ")
    await client.close()


@on_every_wire
async def test_shutdown_of_aiohttp_leaves_it_alone(server: Server) -> None:
    client = await server.connect()
    await upgraded(client)
    await until(lambda: server.web.connections == [])
    await server.web.shutdown(1)
    gc.collect()
    kept = [thing for thing in gc.get_objects() if type(thing) in (RequestHandler, web.BaseRequest)]
    assert kept == []
    client.send(masked(frames.TEXT, b"still here"))
    assert await client.frame() == (frames.TEXT, b"still here")
    await client.close()
    await until(lambda: server.gone == set(server.echoes))


@on_every_wire
async def test_client_gone_before_the_handler_ends(server: Server) -> None:
    ended: list[web.BaseRequest] = []

    async def wait(request: web.BaseRequest) -> None:
        await until(lambda: request.transport is None)
        ended.append(request)

    server.before.append(wait)
    client = await server.connect()
    client.send(request())
    await client.writer.drain()
    client.transport.abort()
    await until(lambda: len(ended) == 1)
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert server.echoes == []


@on_every_wire
async def test_fault_of_the_new_protocol_cuts_the_connection(server: Server) -> None:
    def make(transport: asyncio.Transport) -> asyncio.Protocol:
        raise ZeroDivisionError

    server.make = make
    client = await server.connect()
    client.send(request())
    assert b"500" not in await client.rest()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert [record.exc_info[0] for record in server.log.records if record.exc_info] == [
        ZeroDivisionError
    ]
    server.log.clear()
    await client.close()


@on_every_wire
async def test_random_bytes_and_cuts(server: Server) -> None:
    """Whatever follows a handshake: the server answers or closes, logs nothing and goes on."""
    dice = random.Random(6455)
    good = [
        masked(frames.TEXT, "hällo".encode()),
        masked(frames.BINARY, bytes(300)),
        masked(frames.PING, b"p"),
    ]
    for turn in range(60):
        client = await server.connect()
        noise = b"".join(dice.choices(good, k=dice.randrange(4)))
        match turn % 3:
            case 0:
                noise += dice.randbytes(dice.randrange(1, 400))
            case 1:
                noise = noise[: dice.randrange(len(noise) + 1)]
            case _:
                noise = bytes(byte ^ (dice.random() < 0.02) << dice.randrange(8) for byte in noise)
        tail = dice.randrange(len(noise) + 1)
        client.send(request() + noise[:tail])
        assert (await client.response()).startswith(b"HTTP/1.1 101 ")
        client.send(noise[tail:])
        if turn % 2:
            client.transport.abort()
        else:
            if server.trust is None:
                with contextlib.suppress(OSError):
                    client.writer.write_eof()
                await client.rest()
            await client.close()
    await until(lambda: server.gone == set(server.echoes))
    client = await server.connect()
    await upgraded(client)
    await client.close()
