"""What `hearth doctor voice` finds of relays, and what guests are told of them: with coturn."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hearth.commands.checkup import Finding
from hearth.commands.checkup_relays import check_relays, try_relays
from hearth.config import Config, Voice
from hearth.core.voice_ports import Route
from hearth.net.voice.turn import GOOD_S, TRY_S, Turn
from hearth.sfu.probe_relay import relay
from tests.coturn import COTURN, SECRET, coturn, free_port
from tests.doors.test_voice_check import examine
from tests.harness import Server

pytestmark = pytest.mark.skipif(COTURN is None, reason="coturn is not installed")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that knows relays, which need not be there."""
    more = {"HEARTH_VOICE_TURN": "turn:127.0.0.1", "HEARTH_VOICE_TURN_SECRET": SECRET}
    running = Server(tmp_path / "data", **more).start()
    yield running
    assert running.stop() == 0


def told(server: Server) -> dict[str, Any]:
    """What a guest tries the ways with."""
    answer = requests.post(f"{server.url}/api/v10/voice/check", timeout=30)
    assert answer.status_code == 200
    return answer.json()


def ways(server: Server) -> list[Route]:
    """The ways to its media."""
    return [Route(**each) for each in told(server)["routes"]]


def found(
    routes: list[Route], *urls: str, secret: str = SECRET, wall: float = 0.0
) -> list[Finding]:
    """What the doctor says of relays."""
    config = Config(voice=Voice(turn=urls, turn_secret=secret))
    tried = try_relays(config, routes, wall or time.time())
    return check_relays(tried, routes, {"127.0.0.1"})


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody trusts, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed")
    made = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    words = [openssl, *command.split(), "-out", str(made[0]), "-keyout", str(made[1])]
    subprocess.run(words, check=True, capture_output=True)
    return made


def test_relays_are_gone_by_and_what_is_wrong_is_named(
    server: Server, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    safe = free_port()
    with coturn(tmp_path, tls=(*certificate, safe)) as port:
        near = f"turn:127.0.0.1:{port}"
        tls = f"turns:localhost:{safe}"
        code, value, states = examine(
            server,
            HEARTH_VOICE_TURN=f"{near}, {near}?transport=tcp, {tls}",
            HEARTH_VOICE_TURN_SECRET=SECRET,
            SSL_CERT_FILE=str(certificate[0]),
        )
        assert states["relay"] == ["ok"] * 3, value
        assert code == 0
        routes = ways(server)
        (untrusted,) = found(routes, tls)
        assert "no certificate that can be trusted" in untrusted.text
        (refused,) = found(routes, near, secret="another")
        assert "another secret" in refused.text
        (late,) = found(routes, near, wall=time.time() - GOOD_S - 120)
        assert "its clock is ahead" in late.text
        # Only who knows the password that the media server gave is answered by it.
        strangers = [route._replace(password="0" * 32) for route in routes]
        (lost,) = found(strangers, near)
        assert "no packet comes back" in lost.text
        assert {each.state for each in (untrusted, refused, late, lost)} == {"trouble"}
    (gone,) = found(routes, f"{near}?transport=tcp")
    assert gone.state == "trouble"
    assert "does not answer from here" in gone.text


@pytest.mark.parametrize(
    ("pattern", "instead", "text"),
    [
        ("allowed-peer-ip=.*", "allowed-peer-ip=127.0.0.9", "may not lead to Hearth's media"),
        ("denied-peer-ip=.*", "", "leads to other addresses"),
    ],
)
def test_a_relay_that_leads_elsewhere(
    server: Server, tmp_path: Path, pattern: str, instead: str, text: str
) -> None:
    with coturn(tmp_path, [(pattern, instead)]) as port:
        *others, last = found(ways(server), f"turn:127.0.0.1:{port}")
    assert text in last.text
    assert last.state == "trouble"
    assert [each.state for each in others] == (["ok"] if not instead else [])


def test_a_share_of_a_relay_is_a_persons(server: Server, tmp_path: Path) -> None:
    """Whatever the time in the names: guests, who all have one, take nobody's place."""
    # Nothing comes back for these, so each holds its place for a while.
    routes = [route._replace(password="0" * 32) for route in ways(server)]
    with coturn(tmp_path, [("user-quota=.*", "user-quota=1")]) as port:
        url = f"turn:127.0.0.1:{port}"
        turn = Turn([url], SECRET)

        async def gone_by(who: str, later_s: int) -> str:
            (name,) = turn.servers(who, time.time() + later_s)
            return (await relay(url, name, routes)).state

        async def together() -> list[str]:
            people = [("guest", 0), ("guest", 1), ("guest", 2), ("7", 3)]
            return await asyncio.gather(*(gone_by(*each) for each in people))

        *guests, member = asyncio.run(together())
    assert sorted(guests) == ["lost", "odd", "odd"]
    assert member == "lost"


def test_guests_share_one_name_that_is_good_for_minutes(server: Server) -> None:
    (relays,) = told(server)["ice_servers"]
    until, _, who = relays["username"].partition(":")
    assert who == "guest"
    assert 0 < int(until) - time.time() <= TRY_S
    assert relays["urls"] == ["turn:127.0.0.1"]
