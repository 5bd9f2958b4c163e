"""Whatever comes: no exception escapes, nobody else suffers, and nothing grows."""

import asyncio
import logging
import random
import time

import pytest

from hearth.sfu import rtcp, rtp, sdp
from hearth.sfu.borrowed import srtp_protect_rtcp
from hearth.sfu.browser import REPORTERS, SOURCES, UNBOUND
from hearth.sfu.icelite import ADDRESSES_OF_ONE
from hearth.sfu.sources import Allowance
from tests.sfu.conftest import Rig, until
from tests.sfu.peer import OPUS, RTX, VP8, TestPeer
from tests.sfu.test_sdp import OFFER, answered
from tests.sfu.test_video import Camera
from tests.sfu.told import ALL

SEED = 20261128
SOAK = 1_000_000
FOR_S = 4.0
"""How long a run in the ordinary tests takes at most."""


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The data with some bytes changed, cut, doubled or put in."""
    made = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(made) + 1)
        kind = dice.randrange(5)
        if kind == 0 and at < len(made):
            made[at] = dice.randrange(256)
        elif kind == 1 and at < len(made):
            made[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            del made[at:]
        elif kind == 3:
            made[at:at] = dice.randbytes(dice.randint(1, 8))
        else:
            made += made[at : at + 40]
    return bytes(made[:1900])


def resident() -> int:
    """Bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage() + str(record.exc_info)
        for record in caplog.records
        if record.levelno >= logging.ERROR
    ]


async def run(rig: Rig, count: int, caplog: pytest.LogCaptureFixture) -> None:
    """Throw so many at a room in which two see and hear each other; then they still do."""
    dice = random.Random(SEED)
    loop = asyncio.get_running_loop()
    one, of_one = await rig.join(1, 11, camera=("q", "h", "f"), video_slots=1)
    _two, of_two = await rig.join(1, 12, camera=("",), video_slots=1)
    camera = Camera(of_one)
    await camera.until(lambda: of_two.packets > 20)
    assert one.browser is not None
    # What is thrown here is more than anybody may send, and all of it is to be looked at.
    one.browser.allowance = Allowance(1e12, 1e12)
    others = [("127.0.0.1", 20_000 + port) for port in range(20)]
    whole = seeds(of_one, camera)
    web = rig.sfu.web
    assert web is not None
    began, start = time.monotonic(), resident()
    for number in range(count):
        if count < SOAK and time.monotonic() - began > FOR_S:
            break
        if number == count // 10:
            start = resident()
        kind = number % 4
        address = of_one.address if kind < 3 else dice.choice(others)
        if kind == 0:
            data = mutated(dice.choice(whole), dice)
        elif kind == 1:
            # Sealed as it should be: what is opened is malformed.
            plain = mutated(dice.choice(plains(of_one)), dice)
            if len(plain) < 12 or plain[0] >> 6 != 2 or len(plain) > 1400:
                continue
            try:
                data = of_one.seal(plain)
            except AssertionError:
                continue
        elif kind == 2:
            plain = mutated(dice.choice(reports(of_one)), dice)
            if len(plain) < 8:
                continue
            try:
                data = of_one.seal(plain, srtp_protect_rtcp)
            except AssertionError:
                continue
        else:
            data = dice.randbytes(dice.randint(0, 100))
        rig.sfu.udp.feed(data, address)
        if number % 200 == 0:
            await asyncio.sleep(0)
    assert not faults(caplog)
    assert one.browser is not None
    assert len(one.browser.sources) <= SOURCES
    assert len(one.browser.unbound) <= UNBOUND
    assert len(web.ice.by_address) <= 2 * ADDRESSES_OF_ONE
    if count >= SOAK:
        assert resident() - start < 30 << 20
    # The other is not touched: a third hears it.
    _, of_three = await rig.join(1, 13)

    def heard() -> bool:
        of_two.say(b"still here", level=10)
        return any(b"still here" in each.payloads for each in of_three.received.values())

    await until(heard)
    assert loop.is_running()


def plains(browser: TestPeer) -> list[bytes]:
    """Packets in the clear, as a browser makes them."""
    mid = browser.sent_mids["video"].encode()
    layer, repair = browser.layer_ssrcs["q"], browser.repair_ssrcs["q"]
    named = {rtp.MID: mid, rtp.RID: b"q", rtp.TRANSPORT_CC: b"\x01\x02"}
    number = browser.next(layer)
    return [
        browser.packet(
            OPUS, browser.ssrc, number, number * 960, b"opus", extensions={rtp.MID: b"0"}
        ),
        browser.packet(
            VP8, layer, number, number, b"\x90\xc0\x80\x01\x02" + bytes(20), extensions=named
        ),
        browser.packet(
            RTX,
            repair,
            number,
            number,
            bytes(20),
            extensions={rtp.MID: mid, rtp.REPAIRED_RID: b"q"},
        ),
    ]


def reports(browser: TestPeer) -> list[bytes]:
    """RTCP in the clear."""
    slots = [ssrc for ssrcs in browser.slot_ssrcs.values() for ssrc in ssrcs]
    return [
        rtcp.sender_report(browser.ssrc, 1.0, 2, 3, 4),
        rtcp.receiver_report(1, [rtcp.Received(ssrc, 1, 2, 3, 4, 5, 6) for ssrc in slots]),
        *(rtcp.nack(1, ssrc, [1, 2, 60_000]) for ssrc in slots),
        *(rtcp.pli(1, ssrc) for ssrc in slots),
        rtcp.transport_feedback(1, 2, bytes(12)),
        bytes.fromhex("8fce00050000000100000000") + b"REMB" + bytes.fromhex("010ee5a500000005"),
    ]


def seeds(browser: TestPeer, camera: Camera) -> list[bytes]:
    """Whole datagrams that a browser sends."""
    sent = browser.sent = []
    browser.check()
    browser.say(b"hello")
    camera.frame()
    browser.sent = None
    hello = b"\x16\xfe\xff" + bytes(8) + b"\x00\x40\x01" + bytes(63)
    return [*sent, hello, b"\x16\xfe\xfd" + bytes(11), b"\x00\x01\x00\x46" + bytes(70)]


async def test_mutated_datagrams(rig: Rig, caplog: pytest.LogCaptureFixture):
    await run(rig, 20_000, caplog)


@pytest.mark.soak
async def test_a_million_mutated_datagrams(rig: Rig, caplog: pytest.LogCaptureFixture):
    await run(rig, SOAK, caplog)


def offers(count: int) -> None:
    """Mutated offers are answered or refused."""
    dice = random.Random(SEED)
    lines = [str(line) for line in OFFER.split("\r\n")]
    began = time.monotonic()
    for _ in range(count):
        if count < SOAK and time.monotonic() - began > FOR_S:
            return
        made: list[str] = list(lines)
        for _ in range(dice.randint(1, 4)):
            kind, at = dice.randrange(4), dice.randrange(len(made))
            if kind == 0:
                del made[at]
            elif kind == 1:
                made.insert(dice.randrange(len(made)), made[at])
            elif kind == 2:
                made[at] = mutated(made[at].encode(), dice).decode("utf-8", "replace")
            else:
                made[at] = made[at].replace("1", str(dice.randrange(1 << dice.randrange(70))))
            made = made or lines
        text = "\r\n".join(made)
        try:
            sdp.parse(text)
        except ValueError:
            continue
        answered(text)


def test_mutated_offers():
    offers(20_000)


@pytest.mark.soak
def test_a_million_mutated_offers():
    offers(SOAK)


async def test_ssrcs_are_counted(rig: Rig):
    """libsrtp keeps something for each of which it opened a packet: there are not many."""
    peer, browser = await rig.join(1, 11, camera=("q", "h", "f"))
    side = peer.browser
    assert side is not None
    for ssrc in range(1000, 1200):
        browser.send_raw(browser.seal(browser.packet(OPUS, ssrc, 1, 1, b"x")))
    # Reports come last: once they are counted, no packet is on its way any more.
    for ssrc in range(1000, 1200):
        browser.send_rtcp(rtcp.receiver_report(ssrc, []))
    await until(lambda: len(side.unbound) == UNBOUND and len(side.reporters) == REPORTERS)
    assert not side.sources
    # A new offer gives those that belonged nowhere another chance.
    await peer.offer(browser.offer())
    assert not side.unbound
    camera = Camera(browser)
    await camera.until(lambda: len(side.sources) == 3)


async def test_a_flood_of_handshakes_that_go_nowhere_leaves_nothing(rig: Rig):
    for number in range(300):
        peer = rig.sfu.join(2, number, ALL)
        browser = rig.browser(keep=False)
        browser.answered(await peer.offer(browser.offer()))
        browser.close()
        peer.close()
    web = rig.sfu.web
    assert web is not None
    assert not web.ice.by_ufrag
    assert not web.ice.by_address
    assert 2 not in rig.sfu.rooms
