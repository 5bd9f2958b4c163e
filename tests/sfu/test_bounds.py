"""What one connection may do, and for how long it is sent anything that nobody answers."""

import asyncio

import pytest

from hearth.sfu import rtp
from hearth.sfu.browser import LOST_S, PACKETS, SILENT_S
from hearth.sfu.video import VideoTrack
from tests.sfu.call import Call, virtual
from tests.sfu.conftest import Rig
from tests.sfu.peer import OPUS


@virtual
async def test_who_is_silent_is_sent_nothing_and_then_let_go(call: Call):
    """Consent (RFC 7675): an address that stops answering is not sent media for ever."""
    _, speaker, _ = await call.come(11, audio_slots=0)
    _, listener, relay = await call.come(12, microphone=False)

    async def talk(seconds: float) -> int:
        """How many datagrams of any kind went to the listener meanwhile."""
        before, until = relay.down.came, call.sfu.now() + seconds
        while call.sfu.now() < until:
            speaker.say(b"opus")
            await asyncio.sleep(0.1)
        return relay.down.came - before

    assert await talk(2)
    listener.silent = True
    await talk(SILENT_S + 3)
    assert await talk(5) == 0
    listener.silent = False
    listener.check()
    assert await talk(2) > 10
    listener.silent = True
    await talk(LOST_S + 3)
    assert call.told.gone == [(12, "silent")]


async def test_what_no_path_would_carry_is_not_taken(rig: Rig):
    peer, browser = await rig.join(1, 11, audio_slots=0)
    mid = {rtp.MID: browser.sent_mids["audio"].encode()}

    def feed(octets: int) -> int:
        """How many packets of the microphone were taken of one that is so long."""
        before = peer.microphone.packets
        number = browser.next(browser.ssrc)
        plain = browser.packet(OPUS, browser.ssrc, number, number * 960, b"", extensions=mid)
        sealed = browser.seal(plain + bytes(octets - len(plain)))
        rig.sfu.udp.feed(sealed, browser.address)
        return peer.microphone.packets - before

    assert [feed(octets) for octets in (100, rtp.LARGEST, rtp.LARGEST + 1, 100)] == [1, 1, 0, 1]


async def test_who_sends_too_much_is_not_forwarded_and_then_let_go(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    """Whatever it is shared out among: each of its sources is within what one may send."""
    monkeypatch.setattr("hearth.sfu.browser.EXCESS", 500)
    peer, browser = await rig.join(
        1, 11, camera=("q", "h", "f"), microphone=False, audio_slots=0, keep=False
    )
    web, browser.sent = rig.sfu.web, []
    for number in range(1200):
        for rid in ("q", "h", "f"):
            browser.show(rid, b"\x90\x80\x01" + bytes(20), number * 3000, marker=True)
    packets, browser.sent = browser.sent, None
    assert web is not None
    now = web.now()
    web.now = lambda: now
    for packet in packets:
        rig.sfu.udp.feed(packet, browser.address)
    (track,) = (each for each in peer.tracks() if isinstance(each, VideoTrack))
    assert sum(layer.packets for layer in track.layers) == PACKETS
    assert rig.told.gone == [(11, "sends too much")]
