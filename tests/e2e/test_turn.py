"""Voice by a relay: coturn with the settings of the documentation, and who has no other way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hearth.net.rest.static import DIST
from tests.coturn import COTURN, SECRET, coturn
from tests.e2e.people import CHROMIUM
from tests.e2e.test_voice import Speaker
from tests.e2e.test_voice import rooms as rooms
from tests.harness import PASSWORD, Server

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
    pytest.mark.skipif(COTURN is None, reason="coturn is not installed"),
]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[int]:
    """A relay on this machine; its port."""
    with coturn(tmp_path) as port:
        yield port


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
    # Without an account one sees whether the relay would help.
    guest = await (await browser.new_context()).new_page()
    await guest.goto(f"{server.url}/voice-check")
    row = guest.get_by_role("listitem").filter(has_text="By a relay (TURN)")
    await expect(row).to_contain_text("It answers, after")
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
