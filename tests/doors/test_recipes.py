"""Debian's nginx and Caddy in front, as packaging/ has their files: clients notice nothing."""

import asyncio
import io
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.command import hearth
from tests.harness import PASSWORD, Client, Gateway, Server

Recipe = Callable[[Path, int, int, str, str], list[str]]
"""From a folder, the ports of server and proxy, certificate and key: a command."""

PACKAGING = Path(__file__).parents[2] / "packaging"

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command is missing"
)


def changed(recipe: str, *changes: tuple[str, str]) -> str:
    """A recipe with each pattern replaced where it stands, once."""
    text = (PACKAGING / recipe).read_text()
    for old, new in changes:
        text, count = re.subn(old, new, text)
        assert count == 1, old
    return text


def nginx(folder: Path, server: int, port: int, certificate: str, key: str) -> list[str]:
    """The command that runs packaging/nginx.conf."""
    recipe = changed(
        "nginx.conf",
        (r"server 127\.0\.0\.1:8080;", f"server 127.0.0.1:{server};"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (r"\n *listen \[::\]:443 ssl;", ""),
        (r"ssl_certificate /.*;", f"ssl_certificate {certificate};"),
        (r"ssl_certificate_key /.*;", f"ssl_certificate_key {key};"),
    )
    paths = "".join(
        f"{name}_temp_path {folder / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"{user}daemon off;\nworker_processes 1;\nerror_log {folder / 'error.log'};\n"
        f"pid {folder / 'pid'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{recipe}}}\n"
    )
    return ["nginx", "-c", str(file)]


def caddy(folder: Path, server: int, port: int, certificate: str, key: str) -> list[str]:
    """The command that runs packaging/Caddyfile, with a certificate that it need not ask for."""
    recipe = changed(
        "Caddyfile",
        (
            r"\nchat\.example\.org \{\n",
            f"\nhttps://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}\n",
        ),
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{server}"),
    )
    file = folder / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{recipe}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


class Proxy:
    """A proxy with its recipe, before a server; only names, addresses and files are changed."""

    def __init__(self, recipe: Recipe, folder: Path, server: Server) -> None:
        self.server = server
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        done = hearth("admin", "--data", server.data, "cert", "--json")
        made = json.loads(done.stdout)
        self.trust = ssl.create_default_context(cafile=made["ca"])
        command = recipe(folder, server.port, self.port, made["certificate"], made["key"])
        command[0] = shutil.which(command[0], path=PATH) or command[0]
        env = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        log = folder / "proxy.log"
        with log.open("wb") as told:
            self.process = subprocess.Popen(command, stdout=told, stderr=told, env=env)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                assert self.process.poll() is None, log.read_text()
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


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def recipe(request: pytest.FixtureRequest) -> Recipe:
    """Each of the recipes, where its program is installed."""
    name = request.param.__name__
    if shutil.which(name, path=PATH) is None:
        pytest.skip(f"{name} is not installed: see packaging/test-deps.sh")
    return request.param


@pytest.fixture(scope="module")
def proxy(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A server that trusts the proxy before it, as the recipe says."""
    folder = tmp_path_factory.mktemp("proxy")
    server = Server(folder / "data", HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.1").start()
    running = Proxy(recipe, folder, server)
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
    # Bodies above a proxy's default size are ours to judge.
    async with http.post(
        f"{proxy.url}/api/v10/auth/login", data=io.BytesIO(bytes(2 << 20))
    ) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (413, "application/json")


async def test_the_real_address_arrives(recipe: Recipe, tmp_path: Path) -> None:
    """Failed log-ins count for the address that the proxy saw, whatever the client says."""
    server = Server(tmp_path / "data", scale=0.1, HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.1").start()
    server.person("cat", PASSWORD)
    proxy = await asyncio.to_thread(Proxy, recipe, tmp_path, server)

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

    async def together(**addresses: str) -> set[int]:
        """Eight at once, each of a name of its own: they count for the name, too."""
        wrong = [
            log_in(
                "127.0.0.2",
                f"nobody{i}.{len(addresses)}",
                "wrong",
                **{k: v % i for k, v in addresses.items()},
            )
            for i in range(8)
        ]
        return {*await asyncio.gather(*wrong)}

    assert await together() == {400, 429}
    # Were the client believed, each of these would be the first of its address.
    assert 429 in await together(**{"X-Forwarded-For": "198.51.100.%d"})
    assert await log_in("127.0.0.3", "cat", PASSWORD) == 200
    proxy.stop()
    assert server.stop() == 0
