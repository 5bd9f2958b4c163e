"""Video between browsers without codecs: layers, numbers, repairs, keyframes, feedback."""

import asyncio
import struct
from itertools import pairwise

from hearth.core.voice_ports import May
from hearth.sfu import rtcp
from hearth.sfu.codecs import vp8
from hearth.sfu.room import Peer
from hearth.sfu.video import RING_S, VideoTrack
from tests.sfu.conftest import Rig, until
from tests.sfu.peer import RTX, VP8, Stream, TestPeer
from tests.sfu.told import ALL

LAYERS = {"q": (320, 180), "h": (640, 360), "f": (1280, 720)}


class Camera:
    """Frames of all layers, each of two packets, with VP8's numbers."""

    def __init__(self, browser: TestPeer, rids: tuple[str, ...] = ("q", "h", "f")) -> None:
        self.browser = browser
        self.rids = rids
        self.count = 0
        self.pictures = {rid: 1000 * (number + 1) for number, rid in enumerate(rids)}
        self.starts = {rid: 77_000 * (number + 1) for number, rid in enumerate(rids)}
        self.sent: dict[str, list[tuple[int, bytes, int]]] = {rid: [] for rid in rids}
        self.key: dict[str, bool] = dict.fromkeys(rids, True)

    def payloads(self, rid: str) -> list[bytes]:
        """The next frame of a layer."""
        picture = self.pictures[rid] = self.pictures[rid] + 1
        number = struct.pack(">HB", 0x8000 | picture & 0x7FFF, picture & 0xFF)
        width, height = LAYERS.get(rid, LAYERS["f"])
        key = self.key[rid]
        start = b"\x90\xc0" + number
        body = bytes([0 if key else 1, 0, 0])
        if key:
            body += b"\x9d\x01\x2a" + struct.pack("<HH", width, height)
        mark = b"%s%d" % (rid.encode(), picture)
        return [start + body + mark, b"\x80\xc0" + number + mark + b"-rest"]

    def frame(self, lose: str | None = None) -> None:
        """A frame of every layer; the second packet of layer `lose` gets lost."""
        asked = {fact.ssrc for fact in self.browser.facts if isinstance(fact, rtcp.KeyframeWanted)}
        self.count += 1
        for rid in self.rids:
            if self.browser.layer_ssrcs[rid] in asked:
                self.key[rid] = True
                self.browser.facts = [
                    fact
                    for fact in self.browser.facts
                    if fact != rtcp.KeyframeWanted(self.browser.layer_ssrcs[rid])
                ]
            timestamp = self.starts[rid] + self.count * 3000
            for number, payload in enumerate(self.payloads(rid)):
                sequence = self.browser.show(
                    rid, payload, timestamp, marker=number == 1, send=not (number and rid == lose)
                )
                self.sent[rid].append((sequence, payload, timestamp))
            self.key[rid] = False

    async def until(self, check: object) -> None:
        """Show frames until it is so."""
        assert callable(check)

        def step() -> object:
            self.frame()
            return check()

        await until(step)


def mark(payload: bytes) -> bytes:
    """What the camera wrote behind VP8's numbers."""
    peek = vp8(payload)
    return payload[15 if peek.keyframe else 8 if peek.begins else 5 :]


async def pair(
    rig: Rig, camera: tuple[str, ...] = ("q", "h", "f"), may: May = ALL
) -> tuple[Peer, Camera, Peer, TestPeer]:
    """Somebody with a camera, and somebody who looks."""
    one, of_one = await rig.join(1, 11, may, camera=camera, microphone=False, audio_slots=0)
    two, of_two = await rig.join(1, 12, microphone=False, audio_slots=0, video_slots=1)
    return one, Camera(of_one, camera), two, of_two


def slot(browser: TestPeer) -> tuple[int, int]:
    """The SSRCs of its one video slot."""
    (mid,) = browser.mids["video"]
    media, repair = browser.slot_ssrcs[mid]
    return media, repair


def shown(browser: TestPeer) -> Stream:
    """What came in its slot."""
    return browser.received.get(slot(browser)[0], Stream())


def last_layer(browser: TestPeer) -> bytes:
    """The layer of the last packet that came."""
    payloads = shown(browser).payloads
    return mark(payloads[-1])[:1] if payloads else b""


def check_numbers(stream: Stream) -> None:
    """As a browser needs them, whatever layers came: no gap, and all lead forward."""
    assert {(b - a) % 65536 for a, b in pairwise(stream.sequences)} == {1}
    assert all((b - a) % (1 << 32) < 90_000 * 5 for a, b in pairwise(stream.timestamps))
    peeks = [vp8(payload) for payload in stream.payloads]
    assert {(b.picture - a.picture) % 32768 for a, b in pairwise(peeks)} <= {0, 1}
    assert {(b.level - a.level) % 256 for a, b in pairwise(peeks)} <= {0, 1}
    begun = [peek for peek in peeks if peek.begins]
    assert begun[0].keyframe
    layers = [mark(payload)[:1] for payload in stream.payloads]
    for before, payload, peek in zip(layers, stream.payloads[1:], peeks[1:], strict=False):
        # A layer begins with its keyframe.
        assert mark(payload)[:1] == before or peek.keyframe


async def test_the_layer_is_what_is_shown(rig: Rig):
    one, camera, two, of_two = await pair(rig)
    await camera.until(lambda: last_layer(of_two) == b"f")
    stream = next(each for each in one.streams if each.kind == "video")
    assert stream.layers == ("q", "h", "f")
    for pixels, layer in ((320 * 180, b"q"), (640 * 360, b"h"), (1280 * 720, b"f")):
        two.want(100, {}, {stream.ssrc: pixels})
        await camera.until(lambda layer=layer: last_layer(of_two) == layer)
    for _ in range(3):
        camera.frame()
    await until(lambda: mark(shown(of_two).payloads[-1]) == mark(camera.sent["f"][-1][1]))
    check_numbers(shown(of_two))
    assert shown(of_two).payload_types == {VP8}
    assert of_two.bad == 0


async def test_without_simulcast_there_is_one_layer(rig: Rig):
    _, camera, _, of_two = await pair(rig, ("",))
    await camera.until(lambda: len(shown(of_two).payloads) > 10)
    check_numbers(shown(of_two))


async def test_what_a_viewer_lost_is_sent_again_three_times(rig: Rig):
    one, camera, two, of_two = await pair(rig)
    await camera.until(lambda: last_layer(of_two) == b"f")
    # Behind a change of layer, numbers are shifted, and what was sent before is still known.
    stream = next(each for each in one.streams if each.kind == "video")
    two.want(100, {}, {stream.ssrc: 320 * 180})
    await camera.until(lambda: last_layer(of_two) == b"q")
    media, repair = slot(of_two)
    seen = shown(of_two)
    numbered = [*zip(seen.sequences, seen.payloads, strict=True)]
    before = [sequence for sequence, payload in numbered if mark(payload)[:1] == b"f"][-1]
    wanted = [before, *[each for each in seen.sequences[-3:] if each != before][-2:]]
    lost = {sequence: payload for sequence, payload in numbered if sequence in wanted}
    for _ in range(5):
        of_two.send_rtcp(rtcp.nack(1, media, wanted))
    of_two.send_rtcp(rtcp.nack(1, media, [(seen.sequences[0] - 5) & 0xFFFF]))
    await until(lambda: repair in of_two.received and of_two.received[repair].packets >= 9)
    await camera.until(lambda: len(shown(of_two).payloads) > len(seen.sequences) - 1)
    again = of_two.received[repair]
    assert again.packets == 9
    assert again.payload_types == {RTX}
    assert again.mids == set(of_two.mids["video"])
    for payload in again.payloads:
        assert lost[int.from_bytes(payload[:2], "big")] == payload[2:]
    assert of_two.bad == 0


async def test_what_was_lost_on_the_way_in_is_asked_for_and_fills_its_place(rig: Rig):
    _, camera, _, of_two = await pair(rig)
    await camera.until(lambda: last_layer(of_two) == b"f")
    camera.frame(lose="f")
    sequence, payload, timestamp = camera.sent["f"][-1]
    browser, ssrc = camera.browser, camera.browser.layer_ssrcs["f"]

    def asked() -> bool:
        camera.frame()
        return any(
            isinstance(fact, rtcp.Nack) and fact.ssrc == ssrc and sequence in fact.sequences
            for fact in browser.facts
        )

    await until(asked)
    # Repairs of what came already are probes; they go nowhere.
    probe = camera.sent["f"][-1]
    browser.repair("f", probe[0], probe[1], probe[2])
    browser.repair("f", sequence, payload, timestamp)
    browser.repair("f", sequence, payload, timestamp)
    await until(lambda: [mark(each) for each in shown(of_two).payloads].count(mark(payload)) == 1)
    await camera.until(lambda: mark(shown(of_two).payloads[-1]) > mark(probe[1]))
    seen = shown(of_two)
    marks = [mark(each) for each in seen.payloads]
    assert marks.count(mark(payload)) == marks.count(mark(probe[1])) == 1
    ordered = sorted(seen.sequences, key=lambda each: (each - seen.sequences[0]) % 65536)
    assert {(b - a) % 65536 for a, b in pairwise(ordered)} == {1}


async def test_only_a_second_is_kept(rig: Rig):
    one, camera, _, of_two = await pair(rig, ("",))
    await camera.until(lambda: last_layer(of_two))
    track = next(each for each in one.tracks() if isinstance(each, VideoTrack))
    (layer,) = track.layers
    camera.frame()
    await until(lambda: sum(each is not None for each in layer.ring) >= 4)
    at = max(each.at for each in layer.ring if each is not None)
    await camera.until(lambda: all(each is None or each.at > at for each in layer.ring))
    assert max(each.at for each in layer.ring if each is not None) < at + 20 * RING_S


async def test_keyframes_are_asked_for_twice_a_second_at_most(rig: Rig):
    _, camera, _, of_two = await pair(rig)
    await camera.until(lambda: last_layer(of_two) == b"f")
    media, _ = slot(of_two)
    browser = camera.browser
    ssrc = browser.layer_ssrcs["f"]
    wanted = rtcp.KeyframeWanted(ssrc)
    loop = asyncio.get_running_loop()
    browser.facts.clear()
    start = loop.time()
    while loop.time() - start < 1.2:
        of_two.send_rtcp(rtcp.pli(1, media))
        await asyncio.sleep(0.01)
    passed = loop.time() - start
    assert 1 <= browser.facts.count(wanted) <= 2 + passed / 0.5


async def test_the_publisher_is_told_how_its_packets_arrive(rig: Rig):
    _, camera, _, of_two = await pair(rig)
    browser = camera.browser
    await camera.until(lambda: browser.feedback and last_layer(of_two))
    ssrcs = set(browser.layer_ssrcs.values())

    def reported() -> bool:
        told = {fact.ssrc for fact in browser.facts if isinstance(fact, rtcp.Report)}
        return told == ssrcs

    await camera.until(reported)
    await camera.until(lambda: any(isinstance(fact, rtcp.Sent) for fact in of_two.facts))


async def test_who_may_not_show_is_not_seen(rig: Rig):
    one, camera, _, of_two = await pair(rig, may=ALL._replace(video_in=False))
    for _ in range(20):
        camera.frame()
    assert one.browser is not None
    await camera.until(lambda: len(one.browser.sources) == 3 if one.browser else False)
    assert not shown(of_two).payloads
    one.allow(ALL)
    await camera.until(lambda: last_layer(of_two))
    one.allow(ALL._replace(video_in=False))
    await until(lambda: rig.told.maps[-1][2] is None)
    count = len(shown(of_two).payloads)
    one.allow(ALL)
    await camera.until(lambda: len(shown(of_two).payloads) > count + 4)
    check_numbers(shown(of_two))


async def test_a_screen_is_seen_by_who_asks_for_it(rig: Rig):
    one, camera, two, of_two = await pair(rig)
    one.label({camera.browser.sent_mids["video"]: "screen"})
    for _ in range(10):
        camera.frame()
    await camera.until(lambda: next(each.active for each in one.streams if each.kind == "screen"))
    stream = next(each for each in one.streams if each.kind == "screen")
    await until(lambda: (11, {stream.ssrc: 0}) in rig.told.demands)
    assert not shown(of_two).payloads
    two.want(100, {stream.ssrc: 100}, {})
    await camera.until(lambda: last_layer(of_two))
    assert (12, of_two.mids["video"][0], 11, stream.ssrc, "screen") in rig.told.maps
    assert (11, {stream.ssrc: 100}) in rig.told.demands
