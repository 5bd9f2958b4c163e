"""What goes wrong outside: a clear refusal, a line in the log or none, nothing half-done."""

import asyncio
import contextlib
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hearth.server
from hearth.actions.auth import give_token
from hearth.actions.gate import call
from hearth.config import Config, Limits
from hearth.config import Server as ServerConfig
from hearth.core.ids import EPOCH_MS, IdMaker, created_ms
from hearth.core.models.messages import MessageCreate
from hearth.core.operations import OPERATIONS, OPERATOR, Principal
from hearth.net.gateway.connection import Connection
from hearth.net.gateway.connection import Gateway as Hub
from hearth.net.gateway.session import MOST_EVENTS, STALLED_S
from tests.actions.house import ANN, House
from tests.command import hearth as command
from tests.doors.conftest import Den
from tests.harness import PASSWORD, Gateway, Server

PAGE = 16_384
MASK = b"\x01\x02\x03\x04"


@pytest.fixture(scope="module", autouse=True)
def _quiet_log(server: Server) -> Iterator[None]:
    """After all of it: the server still serves, and its log has neither traceback nor error."""
    yield
    assert server.operate("check_storage")["faults"] == []
    log = server.log.read_text()
    assert "Traceback" not in log
    assert re.search(r"^\S+Z error ", log, re.MULTILINE) is None, log


# The gateway


def frame(opcode: int, payload: bytes, *, first: int = 0x80, masked: bool = True) -> bytes:
    """A client's frame; `first` has the bits beside the opcode."""
    size = len(payload)
    head = bytes([first | opcode])
    if size < 126:
        head += bytes([size | 0x80 * masked])
    else:
        head += bytes([126 | 0x80 * masked]) + size.to_bytes(2)
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))


async def talk(server: Server, data: bytes, query: str = "?v=10&encoding=json") -> int | None:
    """Send raw bytes behind a handshake; the code that the server closes with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET /gateway{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        + data
    )
    try:
        told = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    assert b"Traceback" not in told
    body = told[told.index(b"\r\n\r\n") + 4 :]
    while body:
        size, start = body[1], 2
        if size == 126:
            size, start = int.from_bytes(body[2:4]), 4
        if body[0] & 0x0F == 8:
            return int.from_bytes(body[start : start + 2])
        body = body[start + size :]
    return None


def text(payload: Any) -> bytes:
    """A text frame with JSON."""
    return frame(1, json.dumps(payload).encode())


SILENT: dict[str, tuple[bytes, int]] = {
    "binary garbage": (frame(2, b"\x00\xff\x83garbage"), 4002),
    "not JSON": (frame(1, b"hello"), 4002),
    "no object": (frame(1, b"[1, 2]"), 4002),
    "no opcode": (text({"d": 1}), 4002),
    "an opcode that is no number": (text({"op": "1", "d": 1}), 4002),
    "deep nesting": (frame(1, b'{"op":1,"d":' + b"[" * 6000), 4002),
    "an empty message": (frame(1, b""), 4002),
    "not UTF-8": (frame(1, b'{"op":1,"d":"\xff"}'), 4002),
    "too big": (frame(1, b'{"op":1,"d":"' + b"x" * PAGE + b'"}'), 4002),
    "too big in pieces": (
        frame(1, b"x" * 9000, first=0) + frame(0, b"x" * 9000, first=0),
        4002,
    ),
    "not masked": (frame(1, b'{"op":1,"d":null}', masked=False), 4002),
    "a reserved bit": (frame(1, b'{"op":1,"d":null}', first=0xC0), 4002),
    "a reserved opcode": (frame(3, b""), 4002),
    "a control frame in pieces": (frame(9, b"", first=0), 4002),
    "a long control frame": (frame(9, b"x" * 126), 4002),
    "a continuation of nothing": (frame(0, b"x"), 4002),
    "an unknown opcode": (text({"op": 99, "d": None}), 4001),
    "a server's opcode": (text({"op": 10, "d": None}), 4001),
    "a command before IDENTIFY": (text({"op": 3, "d": {"status": "idle"}}), 4003),
    "a request before IDENTIFY": (text({"op": 8, "d": {"guild_id": "1"}}), 4003),
    "IDENTIFY that is none": (text({"op": 2, "d": "me"}), 4002),
    "IDENTIFY without a token": (text({"op": 2, "d": {"properties": {}}}), 4002),
    "a bad token": (text({"op": 2, "d": {"token": "no", "properties": {}}}), 4004),
    "RESUME with a bad token": (
        text({"op": 6, "d": {"token": "no", "session_id": "x", "seq": 1}}),
        4004,
    ),
    "a sequence that is none": (text({"op": 1, "d": "x"}), 4002),
}


@pytest.mark.parametrize("name", SILENT)
async def test_frames_before_identify(server: Server, name: str) -> None:
    data, code = SILENT[name]
    assert await talk(server, data) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [("?v=6", 4012), ("?v=11", 4012), ("?v=ten", 4012), ("?v=10&encoding=etf", 4002)],
)
async def test_addresses_of_the_gateway(server: Server, query: str, code: int) -> None:
    assert await talk(server, b"", query) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "TOKEN", "properties": {}}}, 4005),
        ({"op": 6, "d": {"token": "TOKEN", "session_id": "x", "seq": 1}}, 4005),
        ({"op": 1, "d": 9999}, 4007),
        ({"op": 3, "d": {"status": "asleep"}}, 4002),
        ({"op": 8, "d": {"guild_id": {}}}, 4002),
        ({"op": 77, "d": None}, 4001),
    ],
)
async def test_frames_after_identify(den: Den, payload: dict[str, Any], code: int) -> None:
    gateway = await den.bob.connect()
    known = json.dumps(payload).replace("TOKEN", den.bob.token)
    await gateway.socket.send_str(known)
    assert await gateway.closed() == code


async def test_a_resume_that_knows_too_much(den: Den) -> None:
    gateway = await den.bob.connect()
    session = gateway.session_id
    gateway.cut()
    again = await Gateway.open(den.server)
    await again.send(6, {"token": den.bob.token, "session_id": session, "seq": 9999})
    assert await again.closed() == 4007
    await again.close()


@pytest.mark.parametrize("session", ["", "unknown", "x" * 4000, "\x00"])
async def test_a_resume_of_nothing(den: Den, session: str) -> None:
    gateway = await Gateway.open(den.server)
    await gateway.send(6, {"token": den.bob.token, "session_id": session, "seq": 0})
    assert (await gateway.other(9))["d"] is False
    await gateway.send(2, {"token": den.bob.token, "properties": {}})
    await gateway.event("READY")
    await gateway.close()


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"intents": 1 << 40}, 4013),
        ({"intents": -1}, 4013),
        ({}, 4013),
        ({"intents": 1, "shard": [2, 2]}, 4010),
        ({"intents": 1, "shard": [0, 0]}, 4010),
        ({"intents": 1, "shard": [-1, 1]}, 4010),
    ],
)
async def test_what_a_bot_may_not_ask(den: Den, wish: dict[str, Any], code: int) -> None:
    bot = den.bot()
    gateway = await Gateway.open(den.server)
    await gateway.send(2, {"token": bot.token, "properties": {}, **wish})
    assert await gateway.closed() == code
    await gateway.close()


async def test_intents_that_the_application_does_not_have(den: Den) -> None:
    bot = den.bot()
    # An application's switches are not for its owner to turn yet: they are turned in the table.
    connection = sqlite3.connect(den.server.data / "metadata.db")
    with connection:
        connection.execute("UPDATE applications SET flags = 0 WHERE bot_id = ?", (bot.id,))
    connection.close()
    gateway = await Gateway.open(den.server)
    await gateway.send(2, {"token": bot.token, "properties": {}, "intents": 1 << 15})
    assert await gateway.closed() == 4014
    await gateway.close()
    await bot.connect(intents=1 << 9)


async def test_a_flood(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", scale=1.0).start()
    try:
        assert await talk(server, text({"op": 1, "d": None}) * 121) == 4008
        assert await talk(server, text({"op": 1, "d": None}) * 120 + frame(8, b"\x03\xe8")) == 1000
    finally:
        assert server.stop() == 0


async def test_clients_that_leave_in_the_middle(den: Den) -> None:
    """Half a handshake, half a frame, half a request, and a cut while READY is being made."""
    half = [
        b"GET /gateway?v=10 HTTP/1.1\r\nHost: x\r\nUpgr",
        b"POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b'Content-Length: 99\r\n\r\n{"login"',
        b"POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na",
    ]
    for data in half:
        _, writer = await asyncio.open_connection("127.0.0.1", den.server.port)
        writer.write(data)
        await writer.drain()
        writer.transport.abort()
    gateway = await Gateway.open(den.server)
    await gateway.send(2, {"token": den.bob.token, "properties": {}})
    gateway.cut()
    await gateway.close()
    await den.bob.connect()


# A client that never reads


def _resident_kib(server: Server) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


async def test_a_client_that_never_reads(den: Den) -> None:
    """The others are told everything, it is cut, and memory stays bounded."""
    cat = den.member("cat")
    reading = await cat.connect()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", den.server.port))
    deaf.sendall(
        b"GET /gateway?v=10 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        + text({"op": 2, "d": {"token": den.bob.token, "properties": {}}})
    )
    # Its user is shown as there: from here on it is told what is said.
    while (await reading.event("PRESENCE_UPDATE"))["user"]["id"] != str(den.bob.id):
        pass
    before = _resident_kib(den.server)
    number = MOST_EVENTS + 600
    content = "€" * 2000
    path = f"/channels/{den.channel}/messages"

    async def say(count: int) -> None:
        for _ in range(count):
            assert (await den.ann.post(path, {"content": content})).status == 200

    await asyncio.gather(*(say(number // 8) for _ in range(8)))
    # The socket still holds what it was sent, so its end is not seen from here.
    cut = re.compile(r" info \S+: (overrun|stalled) session=")
    for _ in range(600):
        if cut.search(den.server.log.read_text()):
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("the deaf client was not cut")
    deaf.close()
    for _ in range(number):
        await reading.event("MESSAGE_CREATE")
    # What it may have had waiting is 4 MiB; the rest is the reader's and what was in flight.
    grown = _resident_kib(den.server) - before
    assert grown < 48 * 1024


class _Transport(asyncio.Transport):
    """What is written is kept; nothing leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self.news = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        self.news.set()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True


async def test_a_stalled_connection_is_cut_after_twenty_seconds() -> None:
    house = await House.build(1)
    world = house.owner
    hub = Hub(world, scale=1.0)
    transport = _Transport()
    connection = Connection(hub, transport, {}, "ws://x")
    token = await give_token(world, world.user(ANN))
    connection.data_received(text({"op": 2, "d": {"token": token, "properties": {}}}))
    while b"READY" not in transport.written:
        transport.news.clear()
        await asyncio.wait_for(transport.news.wait(), 5)
    session = connection.session
    assert session is not None
    connection.pause_writing()
    house.clock.seconds += STALLED_S - 1
    connection.check(house.clock.now())
    assert not transport.aborted
    connection.resume_writing()
    connection.pause_writing()
    house.clock.seconds += STALLED_S + 1
    connection.check(house.clock.now())
    assert transport.aborted
    connection.connection_lost(None)
    assert session.id in hub.sessions  # it may be resumed
    await house.close()


# HTTP


def part(head: str, body: bytes = b"hello") -> bytes:
    """A multipart body of one part."""
    return b"--b\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n--b--\r\n"


JSON_TYPE = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
GZIP = {"Content-Encoding": "gzip"}
FIELD = 'Content-Disposition: form-data; name="content"'


def many(count: int, body: bytes) -> bytes:
    """A multipart body of equal fields."""
    return count * part(FIELD, body).removesuffix(b"--b--\r\n") + b"--b--\r\n"


PATH = "/channels/CHANNEL/messages"

REQUESTS: dict[str, tuple[str, str, dict[str, Any], int, int]] = {
    "an oversized body": (
        "POST", PATH, {"data": b'{"content":"' + b"x" * (1 << 20), "headers": JSON_TYPE}, 413, 40005
    ),
    "deep JSON": ("POST", PATH, {"data": b"[" * 200_000, "headers": JSON_TYPE}, 400, 50109),
    "deep objects": ("POST", PATH, {"data": b'{"a":' * 100_000, "headers": JSON_TYPE}, 400, 50109),
    "no UTF-8": (
        "POST", PATH, {"data": b'{"content":"\xff\xfe"}', "headers": JSON_TYPE}, 400, 50109
    ),
    "half a surrogate": (
        "POST", PATH, {"data": b'{"content":"\\ud800"}', "headers": JSON_TYPE}, 400, 50109
    ),
    "no object": ("POST", PATH, {"json": [1]}, 400, 50035),
    "wrong types": ("POST", PATH, {"json": {"content": {"a": 1}, "embeds": 7}}, 400, 50035),
    "a wrong content type": (
        "POST", PATH, {"data": b"x", "headers": {"Content-Type": "text/plain"}}, 400, 50035
    ),
    "a content type that is none": (
        "POST", PATH, {"data": b"x", "headers": {"Content-Type": ";;;"}}, 400, 50035
    ),
    "a form that is not UTF-8": (
        "POST",
        PATH,
        {"data": b"content=\xff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        400,
        50035,
    ),
    "multipart without a boundary": (
        "POST", PATH, {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, 50035
    ),
    "multipart that is none": ("POST", PATH, {"data": b"x", "headers": MULTIPART}, 400, 50035),
    "multipart cut off": (
        "POST", PATH, {"data": part(FIELD)[:-9], "headers": MULTIPART}, 400, 50035
    ),
    "multipart with a bad header": (
        "POST", PATH, {"data": part("nonsense"), "headers": MULTIPART}, 400, 50035
    ),
    "multipart with a huge header": (
        "POST", PATH, {"data": part("X: " + "y" * 100_000), "headers": MULTIPART}, 400, 50035
    ),
    "multipart with more text than a body may have": (
        "POST", PATH, {"data": many(4, b"x" * (1 << 19)), "headers": MULTIPART}, 413, 40005
    ),
    "multipart of too many parts": (
        "POST", PATH, {"data": many(101, b""), "headers": MULTIPART}, 400, 50035
    ),
    "multipart in an unknown charset": (
        "POST",
        PATH,
        {"data": part(FIELD + "\r\nContent-Type: text/plain; charset=x-no"), "headers": MULTIPART},
        400,
        50035,
    ),
    "multipart in an unknown encoding": (
        "POST",
        PATH,
        {"data": part(FIELD + "\r\nContent-Transfer-Encoding: x-no"), "headers": MULTIPART},
        400,
        50035,
    ),
    "multipart in multipart": (
        "POST",
        PATH,
        {"data": part("Content-Type: multipart/mixed; boundary=c"), "headers": MULTIPART},
        400,
        50035,
    ),
    "payload_json that is none": (
        "POST",
        PATH,
        {
            "data": part('Content-Disposition: form-data; name="payload_json"', b"{"),
            "headers": MULTIPART,
        },
        400,
        50109,
    ),
    "gzip that is none": (
        "POST", PATH, {"data": b"hello", "headers": {**JSON_TYPE, **GZIP}}, 400, 50109
    ),
    "a bomb": (
        "POST",
        PATH,
        {
            "data": zlib.compress(b" " * (20 << 20)),
            "headers": {**JSON_TYPE, "Content-Encoding": "deflate"},
        },
        413,
        40005,
    ),
    "a wrong method": ("PUT", PATH, {}, 405, 0),
    "an unknown route": ("GET", "/nowhere", {}, 404, 0),
    "an empty segment": ("GET", "/channels//messages", {}, 404, 0),
    "an id that is none": ("GET", "/channels/%00/messages", {}, 400, 50035),
    "an id that is too big": ("GET", f"/channels/{1 << 70}/messages", {}, 400, 50035),
    "a query that is none": ("GET", PATH + "?limit=%ff&around=%zz", {}, 400, 50035),
    "a bad token": ("GET", PATH, {"headers": {"Authorization": "Bot \xff"}}, 401, 0),
    "an old version": ("GET", "/../v8/gateway", {}, 400, 50041),
}  # fmt: skip


HEADERS: dict[str, tuple[bytes, bytes, int]] = {
    "a token": (b"GET /api/v10/users/@me", b"Authorization: \xff", 401),
    "the metrics' token": (b"GET /metrics", b"Authorization: \xff\r\nVia: x", 401),
    "a host": (b"GET /api/v10/gateway", b"Host: \xff", 200),
    "a client": (b"POST /api/v10/auth/login", b"User-Agent: \xff\r\nX-Super-Properties: \xff", 200),
}


@pytest.mark.parametrize("name", HEADERS)
async def test_headers_that_are_not_utf_8(den: Den, name: str) -> None:
    line, header, status = HEADERS[name]
    body = json.dumps({"login": den.person("cat", PASSWORD).name, "password": PASSWORD}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", den.server.port)
    head = [line + b" HTTP/1.1", header, b"Connection: close", b"Content-Type: application/json"]
    if b"Host" not in header:
        head.append(b"Host: x")
    if line.startswith(b"POST"):
        head.append(b"Content-Length: %d" % len(body))
    writer.write(b"\r\n".join([*head, b"", body if line.startswith(b"POST") else b""]))
    assert (await reader.read()).startswith(b"HTTP/1.1 %d " % status)
    writer.close()


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests_of_every_wrong_kind(den: Den, name: str) -> None:
    method, path, more, status, code = REQUESTS[name]
    if "data" in more:
        more = {**more, "data": io.BytesIO(more["data"])}
    answer = await den.ann.call(method, path.replace("CHANNEL", str(den.channel)), **more)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/json"
    assert "Traceback" not in json.dumps(answer.body)
    # The next one is served, on the same connection or another.
    assert (await den.ann.get("/users/@me")).status == 200


HEAD = b"POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

NO_HTTP = {
    "garbage": b"\x00\xff garbage\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a bad address": b"GET http://[bad/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long line": b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_no_http(server: Server, name: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(NO_HTTP[name])
    told = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert re.match(rb"HTTP/1\.[01] 400 ", told), told
    assert b"Traceback" not in told
    assert b"hearth/" not in told


# The disk


class SmallDisk(Server):
    """A server whose data is on a disk of its own, of a few MiB."""

    def start(self) -> "SmallDisk":
        """Mount the disk where only the server sees it."""
        disk = self.data.parent
        self.prefix = ("unshare", "-r", "-m", "sh", "-c", MOUNT, str(disk))
        super().start()
        assert self.process is not None
        self.data = Path(f"/proc/{self.process.pid}/root{self.data}")
        return self

    def fill(self, leave_bytes: int) -> None:
        """Take the room on the disk, but for so many bytes."""
        path = self.data.parent / "filler"
        room = os.statvfs(self.data.parent)
        left = max(0, room.f_bavail * room.f_frsize - leave_bytes)
        # The server may take some of it meanwhile.
        with path.open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while left:
                left -= filler.write(bytes(left))

    def free(self) -> None:
        """Give the room back."""
        (self.data.parent / "filler").unlink()


MOUNT = 'mount -t tmpfs -o size=24m tmpfs "$0" && exec "$@"'


@pytest.fixture
def may_mount(tmp_path: Path) -> None:
    """Skips where a process may not mount a disk of its own."""
    words = ["unshare", "-r", "-m", "sh", "-c", MOUNT, str(tmp_path), "true"]
    if shutil.which("unshare") is None or subprocess.run(words, check=False).returncode:
        pytest.skip("no mount namespace for a disk of the test's own")


class Shelf:
    """One person who writes, and what was acknowledged."""

    def __init__(self, server: Server) -> None:
        self.ann = server.person("ann")
        self.guild, self.channel = server.guild("Den", "ann")
        self.path = f"/channels/{self.channel}/messages"
        self.acked: dict[int, str] = {}
        self.nonce = 0

    async def say(self, content: str = "x" * 2000) -> int:
        """Say something under a new nonce; the status."""
        self.nonce += 1
        body = {"content": content, "nonce": self.nonce, "enforce_nonce": True}
        answer = await self.ann.post(self.path, body)
        if answer.status == 200:
            self.acked[int(answer.body["id"])] = content
        else:
            assert (answer.status, answer.code) == (503, 130000), answer.body
        return answer.status

    async def say_until_refused(self, content: str = "x" * 2000, most: int = 20_000) -> None:
        """Write until the disk is full."""
        for _ in range(most):
            if await self.say(content) == 503:
                return
        raise AssertionError(f"{most} messages fit")

    async def shown(self) -> dict[int, str]:
        """The whole history."""
        found: dict[int, str] = {}
        after = 0
        while page := (await self.ann.get(f"{self.path}?limit=100&after={after}")).body:
            found.update((int(one["id"]), one["content"]) for one in page)
            after = max(found)
        return found

    async def delete_first(self) -> int:
        """Delete the oldest message; the status."""
        first = min(self.acked)
        answer = await self.ann.delete(f"{self.path}/{first}")
        if answer.status == 204:
            del self.acked[first]
        return answer.status


@pytest.mark.usefixtures("may_mount")
async def test_a_full_disk(tmp_path: Path) -> None:
    """Not a byte left: 503, reading goes on, nothing is half-written, and room is enough."""
    (tmp_path / "disk").mkdir()
    server = SmallDisk(tmp_path / "disk" / "data", HEARTH_STORAGE_RESERVE_BYTES="0")
    server.log = tmp_path / "log"
    server.start()
    shelf = Shelf(server)
    try:
        gateway = await shelf.ann.connect()
        for _ in range(5):
            assert await shelf.say() == 200
        server.fill(0)
        await shelf.say_until_refused()
        assert await shelf.shown() == shelf.acked
        names = {"general"}
        for number in range(50):
            answer = await shelf.ann.patch(f"/channels/{shelf.channel}", {"name": f"n{number}"})
            if answer.status == 503:
                assert answer.code == 130000
                break
            names = {answer.body["name"]}
        else:
            raise AssertionError("metadata was written on a full disk")
        assert {(await shelf.ann.get(f"/channels/{shelf.channel}")).body["name"]} == names
        assert (await shelf.ann.get("/users/@me")).status == 200
        assert server.operate("check_storage")["faults"] == []
        server.free()
        assert await shelf.say() == 200
        assert await shelf.delete_first() == 204
        assert (await shelf.ann.patch(f"/channels/{shelf.channel}", {"name": "n"})).status == 200
        assert await shelf.shown() == shelf.acked
        # Nobody was told of what was refused.
        while (await gateway.event("CHANNEL_UPDATE"))["name"] != "n":
            pass
        told = {int(d["id"]) for _, t, d in gateway.dispatches if t == "MESSAGE_CREATE"}
        assert told >= shelf.acked.keys()
        assert len(told - shelf.acked.keys()) == 1  # the one that was deleted
        assert server.operate("check_storage")["faults"] == []
        server.fill(0)
        await shelf.say_until_refused()
    finally:
        await shelf.ann.close()
        assert server.stop() == 0
    log = server.log.read_text()
    assert "sessions were not saved" in log
    assert "Traceback" not in log


@pytest.mark.usefixtures("may_mount")
async def test_below_the_reserve(tmp_path: Path) -> None:
    """With less than the reserve left, messages are refused, deletes make room, and it goes on."""
    (tmp_path / "disk").mkdir()
    server = SmallDisk(tmp_path / "disk" / "data", HEARTH_STORAGE_RESERVE_BYTES=str(12 << 20))
    server.log = tmp_path / "log"
    server.start()
    shelf = Shelf(server)
    try:
        for _ in range(5):
            assert await shelf.say() == 200
        server.fill(10 << 20)
        # Little: many are written until the server looks, and all is to fit beside the reserve.
        await shelf.say_until_refused("x")
        assert await shelf.shown() == shelf.acked
        last = max(shelf.acked)
        edit = await shelf.ann.patch(f"{shelf.path}/{last}", {"content": "edited"})
        assert (edit.status, edit.code) == (503, 130000)
        assert await shelf.delete_first() == 204
        server.free()
        for _ in range(100):
            if await shelf.say() == 200:
                break
            await asyncio.sleep(0.1)  # as a client that was told 503
        else:
            raise AssertionError("the server did not see that there is room again")
        assert await shelf.shown() == shelf.acked
        assert server.operate("check_storage")["faults"] == []
    finally:
        await shelf.ann.close()
        assert server.stop() == 0
    log = server.log.read_text()
    assert "warning hearth.store.messages_lmdb: disk reserve reached" in log
    assert "warning hearth.store.messages_lmdb: disk reserve free again" in log
    assert "Traceback" not in log


async def test_a_full_map(tmp_path: Path) -> None:
    """The log's own bound: 503 as for the disk; deletes make room; a restart finds all well."""
    server = Server(tmp_path / "data", HEARTH_STORAGE_MAP_SIZE_BYTES=str(1 << 20)).start()
    shelf = Shelf(server)
    try:
        await shelf.say_until_refused()
        assert await shelf.shown() == shelf.acked
        for _ in range(20):
            assert await shelf.delete_first() == 204
        assert await shelf.say("room again") == 200
        assert await shelf.shown() == shelf.acked
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert await shelf.shown() == shelf.acked
        assert server.operate("check_storage")["faults"] == []
    finally:
        await shelf.ann.close()
        assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


# The clock


def test_ids_never_go_back() -> None:
    now = 1_800_000_000_000
    ids = IdMaker(0)
    walls = [now, now, now - 3_600_000, now - 1, now, now + 1, now - 86_400_000, EPOCH_MS - 5]
    made = [ids.make(wall) for wall in walls for _ in range(5000)]
    assert made == sorted(set(made))
    assert IdMaker(0, made[-1]).make(now - 3_600_000) > made[-1]
    assert created_ms(made[0]) == now


class _Clock:
    """A clock that the test sets; its wall steps back while `now` goes on."""

    seconds = 0.0
    step = 0.0

    def now(self) -> float:
        """Monotonic seconds."""
        return self.seconds

    def wall(self) -> float:
        """Epoch seconds."""
        return 1_800_000_000.0 + self.seconds + self.step


async def test_a_clock_that_is_stepped_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages stay in the order in which they were sent, while it runs and over a restart."""
    clock = _Clock()
    monkeypatch.setattr(hearth.server, "Clock", lambda: clock)
    config = Config(server=ServerConfig(data=tmp_path / "data"), limits=Limits(scale=1000.0))
    said: list[int] = []
    channel = 0
    who = Principal(kind="user", user_id=0)

    async def run(world: Any, name: str, as_who: Principal, body: Any, **params: int) -> Any:
        operation = OPERATIONS[name]
        form = body and msgspec.convert(body, operation.body)
        query = operation.query and operation.query()
        return (await call(world, operation, as_who, params, form, query)).value

    for step in (0.0, -3600.0, -86_400.0):
        async with hearth.server.opened(config) as world:
            if not channel:
                made = await run(
                    world, "create_user", OPERATOR, {"username": "ann", "password": "x" * 8}
                )
                who = Principal(kind="user", user_id=int(made.id))
                den = await run(world, "create_guild", OPERATOR, {"name": "Den", "owner": "ann"})
                channel = next(int(one.id) for one in den.channels if one.type == 0)
            for back in (0.0, -10.0, 5.0):
                clock.step = step + back
                clock.seconds += 1
                body = MessageCreate(content="hello", nonce=str(clock.seconds), enforce_nonce=True)
                params = {"channel_id": channel}
                twice = [
                    await call(world, OPERATIONS["create_message"], who, params, body)
                    for _ in range(2)
                ]
                assert twice[0].value.id == twice[1].value.id
                said.append(int(twice[0].value.id))
            page = msgspec.json.encode(
                await run(world, "list_messages", who, None, channel_id=channel)
            )
            assert [int(one["id"]) for one in json.loads(page)] == said[::-1]
            assert await world.check() == []
    assert said == sorted(set(said))


# Starting


def _refused(*words: str | Path, **env: str) -> str:
    """The sentence with which `hearth serve` ends."""
    done = command("serve", *words, **env)
    assert done.returncode == 1, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    assert lines[0].endswith(".")
    return lines[0]


def test_a_port_in_use(server: Server, tmp_path: Path) -> None:
    address = f"127.0.0.1:{server.port}"
    said = _refused("--data", tmp_path / "other", "--listen", address)
    assert said == f"Error: {address}: Address already in use."


def test_an_address_that_is_not_ours(tmp_path: Path) -> None:
    said = _refused("--data", tmp_path / "data", "--listen", "192.0.2.1:0")
    assert said == "Error: 192.0.2.1:0: Cannot assign requested address."


def test_a_second_server(server: Server) -> None:
    said = _refused("--data", server.data, "--listen", "127.0.0.1:0")
    assert said == f"Error: Another Hearth is running on {server.data}."


def test_data_that_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        said = _refused("--data", path, "--listen", "127.0.0.1:0")
        assert str(tmp_path / "file") in said


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nlisten = 7\n", "listen"),
        ("[server]\nlissen = '127.0.0.1:0'\n", "lissen"),
        ("[sever]\n", "[sever]"),
        ("[limits]\nscale = 0\n", "scale"),
        ("[server\n", "TOML"),
        ("[storage]\nmap_size_bytes = 'big'\n", "map_size_bytes"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "hearth.toml"
    file.write_text(text)
    assert named in _refused("--config", file, "--data", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_settings_that_are_not_there(tmp_path: Path) -> None:
    assert "there is no such file" in _refused("--config", tmp_path / "none.toml")
    assert "HEARTH_LIMITS_SCALE" in _refused(
        "--data", tmp_path / "data", HEARTH_LIMITS_SCALE="much"
    )
