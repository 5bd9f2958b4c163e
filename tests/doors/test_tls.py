"""TLS without a proxy: https and wss, certificates of one's own, and new ones without a restart."""

import json
import os
import shutil
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.command import hearth
from tests.harness import PASSWORD, Server

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command is missing"
)


def cert(data: Path, *words: str) -> dict[str, Any]:
    """`hearth admin cert`."""
    done = hearth("admin", "--data", data, "cert", "--json", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def trusting(data: Path) -> ssl.SSLContext:
    """A client's context that trusts the authority, as strictly as newer Pythons are."""
    context = ssl.create_default_context(cafile=str(data / "tls" / "ca.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def serial(server: Server, trust: ssl.SSLContext, name: str = "localhost") -> str:
    """The number of the certificate that a new connection is shown."""
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as plain,
        trust.wrap_socket(plain, server_hostname=name) as sock,
    ):
        found = sock.getpeercert()
        assert found is not None
        return str(found["serialNumber"])


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that speaks TLS on its TCP address, and plain HTTP on a Unix socket."""
    data = tmp_path_factory.mktemp("tls") / "data"
    made = cert(data, "--name", "chat.test")
    server = Server(
        data, HEARTH_TLS_CERTIFICATE=made["certificate"], HEARTH_TLS_KEY=made["key"]
    ).start()
    yield server
    assert server.stop() == 0


@pytest.fixture
async def http(secure: Server) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that trusts the authority."""
    connector = aiohttp.TCPConnector(ssl=trusting(secure.data))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def test_a_message_over_tls(secure: Server, http: aiohttp.ClientSession) -> None:
    assert secure.scheme == "https"
    url = f"https://localhost:{secure.port}"
    async with http.get(f"{url}/api/v10/gateway") as answer:
        gateway_url = (await answer.json())["url"]
    assert gateway_url == f"wss://localhost:{secure.port}/gateway"
    ann = secure.person("ann", PASSWORD)
    _, channel = secure.guild("Den", "ann")
    login = {"login": "ann", "password": PASSWORD}
    async with http.post(f"{url}/api/v10/auth/login", json=login) as answer:
        token = (await answer.json())["token"]
    async with http.ws_connect(f"{gateway_url}?v=10&encoding=json") as gateway:
        assert (await gateway.receive_json())["op"] == 10
        await gateway.send_json({"op": 2, "d": {"token": token, "properties": {}}})
        assert (await gateway.receive_json())["t"] == "READY"
        async with http.post(
            f"{url}/api/v10/channels/{channel}/messages",
            json={"content": "x" * 2000},
            headers={"Authorization": ann.token},
        ) as answer:
            assert answer.status == 200
        while (told := await gateway.receive_json())["t"] != "MESSAGE_CREATE":
            pass
        assert told["d"]["content"] == "x" * 2000


def test_what_is_not_spoken(secure: Server) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), 10) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in sock.recv(1000)
    old = trusting(secure.data)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        serial(secure, old)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        trust = trusting(secure.data)
        trust.minimum_version = trust.maximum_version = version
        assert serial(secure, trust)
    assert serial(secure, trusting(secure.data), "chat.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        serial(secure, trusting(secure.data), "other.test")


async def test_new_files_are_taken(secure: Server, http: aiohttp.ClientSession) -> None:
    trust = trusting(secure.data)
    folder = secure.data / "tls"
    first = serial(secure, trust)
    async with http.ws_connect(f"wss://localhost:{secure.port}/gateway?v=10") as gateway:
        assert (await gateway.receive_json())["op"] == 10
        cert(secure.data)
        while (second := serial(secure, trust)) == first:
            pass
        # A broken one changes nothing, and is said.
        good = (folder / "certificate.pem").read_bytes()
        for number, bad in enumerate((b"no certificate", (folder / "ca.pem").read_bytes()), 1):
            (folder / "certificate.pem").write_bytes(bad)
            while secure.log.read_text().count("certificate not taken") < number:
                assert serial(secure, trust) == second
            assert serial(secure, trust) == second
        (folder / "certificate.pem").write_bytes(good)
        # Who was connected before stays.
        await gateway.send_json({"op": 1, "d": None})
        assert (await gateway.receive_json())["op"] == 11
    assert secure.log.read_text().count("certificate not taken") == 2


def test_a_bad_certificate_at_the_start(tmp_path: Path) -> None:
    made = cert(tmp_path / "data")
    for key, word in ((tmp_path / "none.pem", "cannot be read"), (made["ca"], "cannot be used")):
        done = hearth(
            "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
            HEARTH_TLS_CERTIFICATE=made["certificate"], HEARTH_TLS_KEY=str(key),
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        assert word in done.stderr
        assert str(key) in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_authority_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = cert(data, "--name", "chat.test", "--name", "192.0.2.7")
    folder = data / "tls"
    assert {"localhost", "127.0.0.1", "::1", "chat.test", "192.0.2.7"} <= set(made["names"])
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert files == {"ca.pem": 0o644, "ca.key": 0o600, "certificate.pem": 0o644, "key.pem": 0o600}
    assert stat.S_IMODE(data.stat().st_mode) == stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    said = hearth("admin", "--data", data, "cert")
    assert "The authority from before" in said.stdout
    assert str(folder / "ca.pem") in said.stdout
    after = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {
        "certificate.pem",
        "key.pem",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_makes_is_the_servers(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 4711, 4712)
    cert(data)
    for path in (data / "tls", *(data / "tls").iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712)


@pytest.mark.parametrize("name", ["a b", "", "x,DNS:evil", "-\n[x]", "a..b"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    done = hearth("admin", "--data", tmp_path / "data", "cert", "--name", name)
    assert done.returncode == 1
    assert "neither a host name nor an address" in done.stderr
    assert not (tmp_path / "data").exists()
