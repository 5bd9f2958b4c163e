"""Whether voice can be reached: what guests are told, and what `hearth doctor voice` finds."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hearth.core.voice_ports import Route
from hearth.sfu.probe import reach
from tests.command import hearth
from tests.harness import Client, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has called yet."""
    running = Server(tmp_path / "data", HEARTH_VOICE_GUESTS_CHECK="true").start()
    yield running
    if running.process is not None:
        assert running.stop() == 0


def examine(server: Server, **env: str) -> tuple[int, dict[str, Any], dict[str, list[str]]]:
    """The exit code of the doctor, what it says, and the states of each subject."""
    done = hearth("doctor", "voice", "--data", server.data, "--json", **env)
    value = json.loads(done.stdout)
    states: dict[str, list[str]] = {}
    for each in value["findings"]:
        states.setdefault(each["subject"], []).append(each["state"])
        assert each["text"]
        assert bool(each["todo"]) == (each["state"] != "ok")
    assert value["ok"] == (done.returncode == 0)
    return done.returncode, value, states


async def _check(server: Server, token: str = "", **more: Any) -> tuple[int, Any]:
    headers = {"Authorization": token} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers | more.pop("headers", {})) as http,
        http.post(f"{server.url}/api/v10/voice/check") as answer,
    ):
        return answer.status, await answer.json()


async def test_a_guest_tries_the_ways(server: Server) -> None:
    status, told = await _check(server)
    assert status == 200
    routes = [Route(**each) for each in told["routes"]]
    expected = [("udp", "127.0.0.1", server.port), ("tcp", "127.0.0.1", server.port)]
    assert [route[:3] for route in routes] == expected
    for route in routes:
        assert await reach(route) > 0
        for other in (
            route._replace(password="0" * 32),
            route._replace(ufrag=f"{route.ufrag[:-1]}x"),
            route._replace(ufrag="0123abcd"),
        ):
            with pytest.raises(OSError, match=r"no answer|closed"):
                await reach(other, within_s=0.3)


async def test_who_comes_from_afar_is_told_public_addresses(tmp_path: Path) -> None:
    more = {
        "HEARTH_VOICE_ADDRESSES": "198.41.0.4, 10.0.0.7, 127.0.0.1",
        "HEARTH_HTTP_TRUSTED_PROXIES": "127.0.0.1",
        "HEARTH_VOICE_GUESTS_CHECK": "false",
        # A process of voice's own is told the addresses, and answers.
        "HEARTH_VOICE_PROCESSES": "1",
    }
    server = Server(tmp_path / "data", **more).start()
    try:
        ann: Client = server.person("ann")
        # Not for guests here.
        assert (await _check(server))[0] == 401
        _, near = await _check(server, ann.token)
        _, far = await _check(server, ann.token, headers={"X-Forwarded-For": "8.8.8.8"})
        hosts = [[each["host"] for each in one["routes"]] for one in (near, far)]
        assert hosts == [
            ["198.41.0.4"] * 2 + ["10.0.0.7"] * 2 + ["127.0.0.1"] * 2,
            ["198.41.0.4"] * 2,
        ]
    finally:
        assert server.stop() == 0


def test_the_doctor_finds_a_local_server_well(server: Server) -> None:
    code, value, states = examine(server)
    assert code == 0
    assert states["ports"] == ["ok"]
    assert states["way"] == ["ok", "ok"]
    assert states["addresses"] == states["certificate"] == ["warning"]
    assert states["clock"] in (["ok"], ["warning"])
    assert {each["port"] for each in value["routes"]} == {server.port}
    said = hearth("doctor", "voice", "--data", server.data)
    assert said.returncode == 0
    assert f"Media comes to UDP {server.port} and TCP {server.port}" in said.stdout
    assert said.stdout.endswith("Nothing is wrong as far as can be seen from here.\n")


def test_the_doctor_finds_a_port_taken(server: Server) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", server.port))
        code, _, states = examine(server)
    assert code == 1
    assert states["ports"] == ["trouble"]
    # Calls go on at another.
    assert states["way"] == ["ok", "ok"]


def test_the_doctor_finds_no_server_and_a_bad_certificate(server: Server) -> None:
    assert server.stop() == 0
    other = server.data / "no.pem"
    other.write_text("no certificate")
    env = {"HEARTH_TLS_CERTIFICATE": str(other), "HEARTH_TLS_KEY": str(other)}
    code, _, states = examine(server, **env)
    assert code == 1
    assert states["server"] == states["certificate"] == ["trouble"]
