"""A camera that runs, and a viewer that answers what comes as a browser's receiver does."""

import asyncio
import itertools
import struct

from hearth.sfu import rtcp, rtp
from hearth.sfu.codecs import vp8
from hearth.sfu.reception import Reception
from tests.sfu.peer import TestPeer

RATES = {"q": 150e3, "h": 500e3, "f": 1_700e3}
"""bits/s of a camera's layers, as the web client asks for."""

SIZES = {"q": (320, 180), "h": (640, 360), "f": (1280, 720)}
FRAME_S = 1 / 30
_PAYLOAD = 1000
_KEPT = 600


class Film:
    """Thirty frames a second of every layer. What is asked for again is sent again, and a layer
    begins anew when a keyframe is asked for."""

    def __init__(self, browser: TestPeer, rates: dict[str, float] | None = None) -> None:
        self.browser = browser
        self.rates = RATES if rates is None else rates
        self.keyframes = 0
        self._pictures = dict.fromkeys(self.rates, 0)
        self._count = 0
        self._key = set(self.rates)
        self._sent: dict[str, dict[int, tuple[bytes, int, bool]]] = {rid: {} for rid in self.rates}
        self._rids = {browser.layer_ssrcs[rid]: rid for rid in self.rates}
        self._loop = asyncio.get_running_loop()
        self._step()

    def _step(self) -> None:
        self._timer = self._loop.call_later(FRAME_S, self._step)
        self._obey()
        self._count += 1
        for rid, rate in self.rates.items():
            self._frame(rid, int(rate * FRAME_S / 8))

    def _obey(self) -> None:
        facts, self.browser.facts = self.browser.facts, []
        for fact in facts:
            if isinstance(fact, rtcp.KeyframeWanted) and fact.ssrc in self._rids:
                self._key.add(self._rids[fact.ssrc])
            elif isinstance(fact, rtcp.Nack) and fact.ssrc in self._rids:
                rid = self._rids[fact.ssrc]
                for sequence in fact.sequences:
                    if sequence in self._sent[rid]:
                        payload, timestamp, last = self._sent[rid][sequence]
                        self.browser.repair(rid, sequence, payload, timestamp, marker=last)

    def _frame(self, rid: str, octets: int) -> None:
        picture = self._pictures[rid] = self._pictures[rid] + 1
        number = struct.pack(">HB", 0x8000 | picture & 0x7FFF, picture & 0xFF)
        key = rid in self._key
        self._key.discard(rid)
        self.keyframes += key
        body = bytes([0 if key else 1, 0, 0])
        if key:
            octets *= 3
            body += b"\x9d\x01\x2a" + struct.pack("<HH", *SIZES.get(rid, SIZES["f"]))
        body += rid[:1].encode().ljust(1) + bytes(max(0, octets - len(body)))
        pieces = [body[at : at + _PAYLOAD] for at in range(0, len(body), _PAYLOAD)]
        timestamp = self._count * 3000
        for place, piece in enumerate(pieces):
            payload = (b"\x90\xc0" if place == 0 else b"\x80\xc0") + number + piece
            last = place == len(pieces) - 1
            sequence = self.browser.show(rid, payload, timestamp, marker=last)
            sent = self._sent[rid]
            sent[sequence] = (payload, timestamp, last)
            if len(sent) > _KEPT:
                del sent[next(iter(sent))]

    def close(self) -> None:
        """No more frames."""
        self._timer.cancel()


class Shown:
    """A frame that could be decoded, and when."""

    def __init__(self, at: float, layer: str) -> None:
        self.at = at
        self.layer = layer


class Watch:
    """One slot of video at a viewer: it puts packets in order, asks for what is missing, asks for
    a keyframe where nothing helps, and reports what it loses and how much it thinks that it can
    take (libwebrtc's remote estimate: up by 8 % a second to at most half as much again as it
    receives, down to 85 % of that when packets queue)."""

    def __init__(self, browser: TestPeer) -> None:
        self.browser = browser
        (mid,) = browser.mids["video"]
        self.media, self.repair = browser.slot_ssrcs[mid]
        self.shown: list[Shown] = []
        self.asked_keyframes = 0
        self.probes = 0
        """Packets that came twice."""
        self.estimate = 2_500e3
        self._reception: Reception | None = None
        self._pointer = -1
        """The newest packet of those that can all be decoded."""
        self._highest = 0
        self._got: dict[int, tuple[bool, bool, str]] = {}
        self._missing: dict[int, tuple[float, float, int]] = {}
        self._layer = ""
        self._octets = 0
        self._reported_at = self._stuck_since = 0.0
        self._fastest: float | None = None
        self._queued = 0.0
        self._loop = asyncio.get_running_loop()
        browser.on_packet = self._take
        self._tick()

    # --- packets ----------------------------------------------------------------------------

    def _take(self, packet: rtp.Packet, payload: bytes) -> None:
        now = self._loop.time()
        self._octets += packet.end + 28
        if packet.ssrc == self.repair:
            if len(payload) > 2:
                self._place(payload[0] << 8 | payload[1], packet.marker, payload[2:], now)
            return
        if packet.ssrc != self.media:
            return
        if self._reception is None:
            self._reception = Reception(self.media, 90_000, packet.sequence)
            self._highest = packet.sequence - 1
            self._reported_at = self._stuck_since = now
        self._reception.take(packet.sequence, packet.timestamp, now)
        transit = now - packet.timestamp / 90_000
        if self._fastest is None or transit < self._fastest or transit > self._fastest + 5:
            self._fastest = transit
        self._queued = transit - self._fastest
        self._place(packet.sequence, packet.marker, payload, now)

    def _place(self, sequence: int, marker: bool, payload: bytes, now: float) -> None:
        behind = (self._highest - sequence) % rtp.SEQUENCES
        number = self._highest - behind
        if behind >= rtp.SEQUENCES // 2:
            number += rtp.SEQUENCES
        if number <= self._pointer or number in self._got:
            self.probes += 1
            return
        peek = vp8(payload)
        layer = chr(payload[15 if peek.keyframe else 8]) if peek.begins else ""
        self._got[number] = (marker, peek.keyframe, layer)
        self._missing.pop(number, None)
        for gone in range(self._highest + 1, number):
            self._missing[gone] = (now, now + 0.02, 0)
        self._highest = max(self._highest, number)
        if peek.keyframe and number > self._pointer + 1:
            # Whatever lies before is of no use any more.
            self._pointer = number - 1
            self._missing = {each: at for each, at in self._missing.items() if each > number}
            self._got = {each: got for each, got in self._got.items() if each >= number}
        while self._pointer >= 0 and self._pointer + 1 in self._got:
            self._pointer += 1
            self._stuck_since = now
            last, _, layer = self._got.pop(self._pointer)
            self._layer = layer or self._layer
            if last:
                self.shown.append(Shown(now, self._layer))

    # --- what it says -----------------------------------------------------------------------

    def _tick(self) -> None:
        self._timer = self._loop.call_later(0.05, self._tick)
        now = self._loop.time()
        wanted: list[int] = []
        for number, (since, due, tries) in list(self._missing.items()):
            if tries >= 10 or number <= self._pointer:
                del self._missing[number]
            elif due <= now:
                wanted.append(number % rtp.SEQUENCES)
                self._missing[number] = (since, now + 0.1, tries + 1)
        if wanted:
            self.browser.send_rtcp(rtcp.nack(1, self.media, wanted[:100]))
        if self._reception is not None and now - self._stuck_since > 3.0:
            self._stuck_since = now
            self.asked_keyframes += 1
            self.browser.send_rtcp(rtcp.pli(1, self.media))
        queued = self._queued > 0.1 and now - self._reported_at >= 0.2
        if (queued or now - self._reported_at >= 1.0) and self._reception is not None:
            self._report(now)

    def _report(self, now: float) -> None:
        assert self._reception is not None
        since, self._reported_at = now - self._reported_at, now
        received = self._octets * 8 / since
        self._octets = 0
        limit = 1.5 * received + 10_000
        if self._queued > 0.1:
            self.estimate = min(self.estimate, 0.85 * received)
        elif self.estimate < limit:
            self.estimate = min(self.estimate * 1.08, limit)
        self.estimate = max(self.estimate, 50_000)
        self.browser.send_rtcp(
            rtcp.receiver_report(1, [self._reception.report(now)]) + remb(self.media, self.estimate)
        )

    # --- what is seen -----------------------------------------------------------------------

    @property
    def layer(self) -> str:
        """That of the newest frame; empty before the first, and half a second behind the last."""
        if not self.shown or self._loop.time() - self.shown[-1].at > 0.5:
            return ""
        return self.shown[-1].layer

    def longest_gap(self, since: float) -> float:
        """The longest time without a frame, from `since` to now."""
        times = [since, *(each.at for each in self.shown if each.at > since), self._loop.time()]
        return max(b - a for a, b in itertools.pairwise(times))

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()


def remb(ssrc: int, bitrate: float) -> bytes:
    """A receiver's word of how much it can take."""
    exponent = max(0, int(bitrate).bit_length() - 18)
    mantissa = int(bitrate) >> exponent
    body = struct.pack(">II4sI", 1, 0, b"REMB", 1 << 24 | exponent << 18 | mantissa)
    body += struct.pack(">I", ssrc)
    return struct.pack(">BBH", 0x8F, rtcp.PSFB, len(body) // 4) + body
