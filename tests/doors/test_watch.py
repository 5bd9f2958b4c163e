"""What machines ask: /healthz, /readyz and /metrics; and what proxies are believed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hearth.actions.auth import FREE_OF_ADDRESS
from tests.harness import PASSWORD, Server, until, until_yes

TOKEN = "a long random text".replace(" ", "-")
FOR, HOST, PROTO = "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes the proxies of this machine, with tight limits."""
    server = Server(
        tmp_path_factory.mktemp("behind") / "data",
        scale=0.1,
        HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.0/8",
        HEARTH_HTTP_CONNECTIONS_PER_ADDRESS="2",
        HEARTH_METRICS_TOKEN=TOKEN,
    ).start()
    yield server
    assert server.stop() == 0


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as session:
        yield session


async def get(http: aiohttp.ClientSession, url: str, **headers: str) -> tuple[int, str]:
    """Status and text."""
    async with http.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_alive_and_ready(server: Server, http: aiohttp.ClientSession) -> None:
    assert await get(http, f"{server.url}/healthz") == (200, '{"status":"ok"}')
    assert await get(http, f"{server.url}/readyz") == (200, '{"status":"ready"}')


async def test_a_full_disk_is_not_ready(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    server = Server(tmp_path / "data", HEARTH_STORAGE_RESERVE_BYTES=str(1 << 45)).start()
    ann = server.person("ann")
    _, channel = server.guild("Den", "ann")
    assert await get(http, f"{server.url}/readyz") == (503, '{"status":"disk full"}')
    assert await get(http, f"{server.url}/healthz") == (200, '{"status":"ok"}')
    assert "\nhearth_ready 0\n" in (await get(http, f"{server.url}/metrics"))[1]
    assert (await ann.post(f"/channels/{channel}/messages", {"content": "hello"})).status == 503
    await ann.close()
    assert server.stop() == 0


async def test_who_is_in_the_middle_when_it_stops_is_answered(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    server = Server(tmp_path / "data").start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = b'{"login":"nobody","password":"wrong"}'
    writer.write(
        b"POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )

    async def both() -> bool:
        return "hearth_http_connections 2" in (await get(http, f"{server.url}/metrics"))[1]

    await until_yes(both)
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    await until(lambda: "draining" in server.log.read_text())
    writer.write(body)
    told = await asyncio.wait_for(reader.read(), 10)
    assert told.startswith((b"HTTP/1.1 400", b"HTTP/1.1 503"))
    assert await stopping == 0
    writer.close()


async def test_metrics_of_this_machine(server: Server, http: aiohttp.ClientSession) -> None:
    ann = server.person("wanda")
    _, channel = server.guild("Wanda's", "wanda")
    await ann.connect()
    await ann.post(f"/channels/{channel}/messages", {"content": "a secret"})
    await ann.event("MESSAGE_CREATE")
    assert (await ann.get("/channels/1")).status == 404
    status, text = await get(http, f"{server.url}/metrics")
    assert status == 200
    assert 'hearth_requests_total{operation="create_message",status="200"} 1\n' in text
    assert 'hearth_requests_total{operation="get_channel",status="404"} 1\n' in text
    assert 'hearth_request_seconds_count{operation="create_message"} 1\n' in text
    assert "\nhearth_sessions 1\n" in text
    assert "\nhearth_gateway_connections 1\n" in text
    assert "\nhearth_errors_total 0\n" in text
    assert "\nhearth_log_queue 0\n" in text
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert float(found["hearth_events_total"]) >= 2  # READY and the message
    assert float(found["hearth_commit_messages_count"]) >= 1
    assert float(found["hearth_resident_bytes"]) > 1e7
    for word in ("secret", "wanda", str(ann.id), str(channel)):
        assert word not in text
    await ann.close()


async def test_metrics_are_not_for_others(
    server: Server, behind: Server, http: aiohttp.ClientSession
) -> None:
    for name in (FOR, "Forwarded", "Via", "X-Real-IP"):
        assert (await get(http, f"{server.url}/metrics", **{name: "192.0.2.1"}))[0] == 401
    bearer = {FOR: "192.0.2.1", "Authorization": f"Bearer {TOKEN}"}
    assert (await get(http, f"{behind.url}/metrics", **bearer))[0] == 200
    for wrong in (f"Bearer {TOKEN}x", TOKEN, "Bearer ", "Bearer é"):
        bearer["Authorization"] = wrong
        assert (await get(http, f"{behind.url}/metrics", **bearer))[0] == 401
        # Without the setting no token opens.
        assert (await get(http, f"{server.url}/metrics", **bearer))[0] == 401


async def test_what_a_proxy_says_is_the_address(
    server: Server, behind: Server, http: aiohttp.ClientSession
) -> None:
    said = {PROTO: "https", HOST: "chat.example.org", FOR: "192.0.2.1"}
    path = "/api/v10/gateway"
    assert "wss://chat.example.org/gateway" in (await get(http, behind.url + path, **said))[1]
    assert (
        f"ws://127.0.0.1:{server.port}/gateway" in (await get(http, server.url + path, **said))[1]
    )
    # HELLO's and READY's address of the gateway, too.
    gateway = await http.ws_connect(f"{behind.url}/gateway?v=10&encoding=json", headers=said)
    ann = behind.person("ann")
    await gateway.receive_json()
    await gateway.send_json({"op": 2, "d": {"token": ann.token, "properties": {}}})
    ready = await gateway.receive_json()
    assert ready["d"]["resume_gateway_url"] == "wss://chat.example.org/gateway"
    await gateway.close()


async def test_public_url_comes_first(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    server = Server(
        tmp_path / "data",
        HEARTH_HTTP_PUBLIC_URL="https://public.example.org",
        HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.1",
    ).start()
    told = await get(http, f"{server.url}/api/v10/gateway", **{HOST: "other.example.org"})
    assert told == (200, '{"url":"wss://public.example.org/gateway"}')
    assert server.stop() == 0


async def log_in(http: aiohttp.ClientSession, server: Server, name: str, way: str) -> int:
    """The status of a log-in that came this way; there is only cat."""
    body = {"login": name, "password": PASSWORD}
    url = f"{server.url}/api/v10/auth/login"
    async with http.post(url, json=body, headers={FOR: way}) as answer:
        return answer.status


async def test_failed_log_ins_count_for_the_client(
    behind: Server, http: aiohttp.ClientSession
) -> None:
    """Not for the proxy, and not for what the client says of itself."""
    behind.person("cat", PASSWORD)

    async def together(client: str) -> set[int]:
        """At once: one after the other they could take longer than the first wait lasts."""
        many = range(FREE_OF_ADDRESS // 10 + 6)
        names = [f"nobody{i}.{len(client)}" for i in many]
        asked = [
            log_in(http, behind, name, client.replace("*", f"{i:x}"))
            for i, name in enumerate(names)
        ]
        return {*await asyncio.gather(*asked)}

    assert await together("198.51.100.1") == {400, 429}
    assert 429 in await together("203.0.113.*, 198.51.100.1")
    assert await log_in(http, behind, "cat", "198.51.100.1, 203.0.113.50") == 200
    # The addresses of one household are one.
    assert await together("2001:db8::*") == {400, 429}


async def test_gateway_connections_of_one_client(
    behind: Server, http: aiohttp.ClientSession
) -> None:
    url = f"{behind.url}/gateway?v=10&encoding=json"

    async def connect(client: str) -> Any:
        return await http.ws_connect(url, headers={FOR: client})

    first, second = await connect("198.51.100.9"), await connect("198.51.100.9")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect("198.51.100.9")
    assert refused.value.status == 429
    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"] == "5"
    others = [await connect("198.51.100.10"), await connect("127.0.0.1")]
    await first.close()
    again = None
    while again is None:
        with contextlib.suppress(aiohttp.WSServerHandshakeError):
            again = await connect("198.51.100.9")
    for gateway in (second, again, *others):
        await gateway.close()
