"""Debian's nginx in front, as packaging/nginx.conf has it: clients notice nothing of it."""

import asyncio
import io
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.command import hearth
from tests.harness import PASSWORD, Client, Gateway, Server

RECIPE = Path(__file__).parents[2] / "packaging" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed: see packaging/test-deps.sh"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is missing"),
]


class Proxy:
    """nginx with the recipe, before a server; only names, addresses and files are changed."""

    def __init__(self, folder: Path, server: Server, port: int) -> None:
        self.server = server
        self.port = port
        done = hearth("admin", "--data", server.data, "cert", "--json")
        made = json.loads(done.stdout)
        self.trust = ssl.create_default_context(cafile=made["ca"])
        recipe = RECIPE.read_text()
        for old, new in (
            (r"server 127\.0\.0\.1:8080;", f"server 127.0.0.1:{server.port};"),
            (r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            (r"\n *listen \[::\]:443 ssl;", ""),
            (r"ssl_certificate /.*;", f"ssl_certificate {made['certificate']};"),
            (r"ssl_certificate_key /.*;", f"ssl_certificate_key {made['key']};"),
        ):
            recipe, count = re.subn(old, new, recipe)
            assert count == 1, old
        file = folder / "nginx.conf"
        paths = "".join(
            f"{name}_temp_path {folder / name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        file.write_text(
            f"{user}daemon off;\nworker_processes 1;\nerror_log {folder / 'error.log'};\n"
            f"pid {folder / 'pid'};\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}{recipe}}}\n"
        )
        assert NGINX is not None
        checked = subprocess.run(
            [NGINX, "-t", "-c", str(file)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        self.process = subprocess.Popen([NGINX, "-c", str(file)], stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                assert self.process.poll() is None
            else:
                break

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"https://localhost:{self.port}"

    def http(self, address: str = "127.0.0.1") -> aiohttp.ClientSession:
        """A client that comes from an address of this machine."""
        connector = aiohttp.TCPConnector(
            ssl=self.trust, local_addr=(address, 0), family=socket.AF_INET
        )
        return aiohttp.ClientSession(connector=connector)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A server that trusts the proxy before it, as the recipe says."""
    folder = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Server(folder / "data", HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.1").start()
    running = Proxy(folder, server, port)
    yield running
    running.stop()
    assert server.stop() == 0


@pytest.fixture
async def http(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with proxy.http() as session:
        yield session


async def connect(proxy: Proxy, op: int, wish: dict[str, Any], url: str) -> Gateway:
    """A gateway connection that has said one thing."""
    http = proxy.http()
    gateway = Gateway(http, await http.ws_connect(f"{url}?v=10&encoding=json", max_msg_size=0))
    await gateway.send(op, wish)
    return gateway


async def test_talk_and_resume(proxy: Proxy, http: aiohttp.ClientSession) -> None:
    ann: Client = proxy.server.person("ann")
    _, channel = proxy.server.guild("Den", "ann")
    async with http.get(f"{proxy.url}/api/v10/gateway") as answer:
        url = (await answer.json())["url"]
    assert url == f"wss://localhost:{proxy.port}/gateway"

    async def say(content: str) -> None:
        async with http.post(
            f"{proxy.url}/api/v10/channels/{channel}/messages",
            json={"content": content},
            headers={"Authorization": ann.token},
        ) as answer:
            assert answer.status == 200

    gateway = await connect(proxy, 2, {"token": ann.token, "properties": {}}, url)
    ready = await gateway.event("READY")
    assert ready["resume_gateway_url"] == url
    for number in range(3):
        await say(f"{number}")
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == f"{number}"
    seq = gateway.seq
    gateway.cut()
    await gateway.closed()
    await gateway.close()
    await say("meanwhile")
    wish = {"token": ann.token, "session_id": ready["session_id"], "seq": seq}
    again = await connect(proxy, 6, wish, ready["resume_gateway_url"])
    assert (await again.event("MESSAGE_CREATE"))["content"] == "meanwhile"
    await again.event("RESUMED")
    await again.close()
    await ann.close()


async def test_what_the_recipe_keeps_to_itself(proxy: Proxy, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{proxy.url}/metrics") as answer:
        assert answer.status == 404
    async with http.get(f"{proxy.url}/healthz") as answer:
        assert await answer.json() == {"status": "ok"}
    # Bodies above nginx's default size are ours to judge.
    async with http.post(
        f"{proxy.url}/api/v10/auth/login", data=io.BytesIO(bytes(2 << 20))
    ) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (413, "application/json")


async def test_the_real_address_arrives(tmp_path: Path) -> None:
    """Failed log-ins count for the address that nginx saw, whatever the client says of itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Server(tmp_path / "data", scale=0.1, HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.1").start()
    server.person("bob")
    server.person("cat")
    proxy = await asyncio.to_thread(Proxy, tmp_path, server, port)

    async def log_in(address: str, name: str, password: str, **headers: str) -> int:
        async with (
            proxy.http(address) as http,
            http.post(
                f"{proxy.url}/api/v10/auth/login",
                json={"login": name, "password": password},
                headers=headers,
            ) as answer,
        ):
            return answer.status

    # They count for the name, too: hence another.
    assert await log_in("127.0.0.2", "bob", "wrong") == 400
    assert await log_in("127.0.0.2", "cat", PASSWORD) == 429
    spoofed = {"X-Forwarded-For": "198.51.100.1"}
    assert await log_in("127.0.0.2", "cat", PASSWORD, **spoofed) == 429
    assert await log_in("127.0.0.3", "cat", PASSWORD) == 200
    proxy.stop()
    assert server.stop() == 0
