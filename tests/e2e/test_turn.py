"""Voice by a relay: coturn with the settings of the documentation, and who has no other way."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aioice import stun
from playwright.async_api import Browser

from hearth.net.rest.static import DIST
from tests.e2e.people import CHROMIUM
from tests.e2e.test_voice import Speaker
from tests.e2e.test_voice import rooms as rooms
from tests.harness import PASSWORD, Server

SECRET = "a-secret-of-two-servers"
PAGE = Path(__file__).parents[2] / "docs" / "turn.md"
WAIT_S = 30.0

ONLY_RELAYS = """
  const before = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends before {
    constructor(words) {
      super({ ...words, iceTransportPolicy: 'relay' });
      (window.relayed ??= []).push(this);
    }
  };
"""

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed"),
]


def free_port() -> int:
    """A UDP port that nobody has, low enough for some more behind it."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            if (port := one.getsockname()[1]) < 65_000:
                return port


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[int]:
    """A relay on this machine; its port."""
    port, above = free_port(), free_port()
    text = re.search(r"```conf\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert text is not None
    settings = (
        text[1]
        .replace("=3478", f"={port}")
        .replace("=SECRET", f"={SECRET}")
        .replace("203.0.113.7", "127.0.0.1")
        .replace("=49160", f"={above}")
        .replace("=49960", f"={above + 200}")
    )
    # What follows is for a relay that serves this machine from this machine.
    settings += f"""
        listening-ip=127.0.0.1
        relay-ip=127.0.0.1
        allow-loopback-peers
        no-tls
        no-dtls
        userdb={tmp_path / "turndb"}
        pidfile={tmp_path / "turn.pid"}
        log-file=stdout
    """
    conf, log = tmp_path / "turnserver.conf", tmp_path / "turn.log"
    conf.write_text("\n".join(line.strip() for line in settings.splitlines()) + "\n")
    with (
        log.open("w") as out,
        subprocess.Popen(["turnserver", "-c", conf], stdout=out, stderr=out, cwd=tmp_path) as run,
    ):
        try:
            answers(port, log)
            yield port
        finally:
            run.terminate()


def answers(port: int, log: Path) -> None:
    """Wait until it does."""
    until = time.monotonic() + WAIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        while time.monotonic() < until:
            asked = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
            asking.sendto(bytes(asked), ("127.0.0.1", port))
            try:
                asking.recv(2048)
            except OSError:
                continue
            return
    raise AssertionError(log.read_text())


@pytest.fixture
def server(tmp_path: Path, relay: int) -> Iterator[Server]:
    """A server that knows the relay, with two people in a guild."""
    if not (DIST / "index.html").exists():
        pytest.skip("the web client is not built: make setup")
    running = Server(
        tmp_path / "data",
        HEARTH_VOICE_TURN=f"turn:127.0.0.1:{relay}?transport=udp",
        HEARTH_VOICE_TURN_SECRET=SECRET,
    ).start()
    try:
        for name in ("ann", "bob"):
            running.operate("create_user", {"username": name, "password": PASSWORD})
        guild, _ = running.guild("Den", "ann")
        running.join(guild, "bob")
        yield running
    finally:
        assert running.stop() == 0


async def test_who_has_no_other_way_goes_by_the_relay(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.page.add_init_script(ONLY_RELAYS)
    await ann.page.reload()
    await ann.connected()
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await ann.hears(880)
    await bob.hears(440)
    ways = await ann.page.evaluate(
        """async () => [...(await relayed.at(-1).getStats()).values()]
            .filter(({ type, bytesSent }) => type === 'local-candidate')
            .map(({ candidateType }) => candidateType)"""
    )
    assert set(ways) == {"relay"}
    assert ann.faults == bob.faults == []
