"""Media over TCP, on the port of HTTP, with TLS and without."""

import asyncio
import json
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hearth.net.listen import Listener
from hearth.net.rest.sockets import Counts, HttpServer
from hearth.sfu.room import Sfu
from tests.command import hearth
from tests.sfu.conftest import Rig, until
from tests.sfu.told import ALL, Told


async def hello(request: web.BaseRequest) -> web.Response:
    return web.Response(text="hello")


@asynccontextmanager
async def listening(
    media: Callable[[Callable[[], None]], object | None], tls: ssl.SSLContext | None
) -> AsyncGenerator[tuple[int, HttpServer]]:
    """A port that takes HTTP and `Media.stream`."""
    http = HttpServer(
        hello,
        counts=Counts(100, lambda address: False),
        head_timeout_s=10.0,
        body_rate_bytes=1,
    )
    http.media = media
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    listener = Listener(http, sock, tls)
    await listener.open()
    try:
        yield sock.getsockname()[1], http
    finally:
        listener.close()
        await listener.settle(1.0)
        await http.shutdown(1.0)


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> ssl.SSLContext | None:
    """None, or a certificate that nobody vouches for."""
    if request.param == "plain":
        return None
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is missing")
    done = hearth("admin", "--data", tmp_path, "cert", "--json", "--name", "localhost")
    made = json.loads(done.stdout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made["certificate"], made["key"])
    return context


async def test_media_and_http_share_a_port(rig: Rig, tls: ssl.SSLContext | None):
    async with listening(rig.sfu.stream, tls) as (port, http), aiohttp.ClientSession() as session:
        peer, browser = rig.sfu.join(1, 11, ALL), rig.browser()
        rig.sfu.tcp_port = port
        answer = await peer.offer(browser.offer())
        assert f"tcp {(126 << 24) + ((65535 - 1 - 32768) << 8) + 255} 127.0.0.1 {port}" in answer
        await browser.by_tcp("127.0.0.1", port)
        browser.answered(answer)
        async with asyncio.timeout(20):
            await browser.connected.wait()
        _, of_two = await rig.join(1, 12)

        def both() -> bool:
            browser.say(b"by tcp")
            of_two.say(b"by udp")
            return all(
                any(words in each.payloads for each in who.received.values())
                for who, words in ((of_two, b"by tcp"), (browser, b"by udp"))
            )

        await until(both)
        scheme = "http" if tls is None else "https"
        async with session.get(f"{scheme}://127.0.0.1:{port}/", ssl=False) as reply:
            assert await reply.text() == "hello"
        assert http.counts.of == {"127.0.0.1": 2}
        web_side = rig.sfu.web
        assert web_side is not None
        assert len(web_side.streams) == 1
        assert browser.stream is not None
        browser.stream.abort()
        await until(lambda: not web_side.streams and http.counts.of == {"127.0.0.1": 1})
        assert peer.browser is not None
        assert peer.browser.address is None
        # It may come back, by whatever way.
        browser.stream = None
        browser.check()
        await until(lambda: peer.browser and peer.browser.ready)


async def test_frames_that_are_none_end_their_connection(rig: Rig):
    _, of_one = await rig.join(1, 11)
    async with listening(rig.sfu.stream, None) as (port, _):
        for data in (b"\x07\xff" + bytes(2047), b"\x00\x00\x00\x02ab", b"\x00\x14" + bytes(20)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(data)
            await writer.drain()
            writer.write(b"\x08\x01")
            assert await reader.read() == b""
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x09\x00 is no media")
        assert (await reader.read()).startswith(b"HTTP/1.")
        writer.close()
    assert of_one.bad == 0


async def test_without_media_it_is_bad_http():
    sfu = Sfu(Told())
    async with listening(sfu.stream, None) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x00\x14 / HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.")
        writer.close()
    sfu.close()
