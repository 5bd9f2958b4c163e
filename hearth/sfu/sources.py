"""The SSRCs that a browser sends with, and how each finds its place in the offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.sfu import rtp
from hearth.sfu.reception import Reception
from hearth.sfu.track import OPUS_HZ, VIDEO_HZ, AudioTrack
from hearth.sfu.video import Layer, VideoTrack

if TYPE_CHECKING:
    from hearth.sfu.browser import Browser

_AUDIO = (110.0, 64_000.0)
_VIDEO = (1500.0, 1_500_000.0)
"""Packets and bytes a second that one source may send; more is dropped."""


class Allowance:
    """A bucket that holds one second of packets and of bytes."""

    def __init__(self, packets: float, octets: float) -> None:
        self._rates = (packets, octets)
        self._packets, self._octets = packets, octets
        self._at: float | None = None

    def take(self, octets: int, now: float) -> bool:
        """Whether one more packet of so many bytes may come."""
        packets_s, octets_s = self._rates
        if self._at is not None:
            since = now - self._at
            self._packets = min(packets_s, self._packets + since * packets_s)
            self._octets = min(octets_s, self._octets + since * octets_s)
        self._at = now
        if self._packets < 1 or self._octets < octets:
            return False
        self._packets -= 1
        self._octets -= octets
        return True


class Source:
    """One SSRC that is bound to a track, and to a layer of it if it is video."""

    def __init__(
        self,
        track: AudioTrack | VideoTrack,
        layer: Layer | None,
        repairs: bool,
        reception: Reception,
    ) -> None:
        self.track = track
        self.layer = layer
        self.repairs = repairs
        """It carries only what was sent before with another."""
        self.reception = reception
        self.asks = layer is not None and not repairs
        """What is missing is asked for again."""
        rates = _AUDIO if layer is None else _VIDEO
        self.allowance = Allowance(*rates)


def bind(browser: Browser, data: memoryview, packet: rtp.Packet) -> Source | None:
    """The source that an SSRC becomes by its first packet: by its MID and RID, or as the offer
    named it. None when it belongs nowhere."""
    ids = browser.ids
    mid = _text(rtp.extension(data, packet, ids.get(rtp.MID)))
    section = browser.sections.get(mid) if mid is not None else None
    repaired: int | None = None
    if section is None:
        for each in browser.sections.values():
            if each.sends and packet.ssrc in each.ssrcs:
                section = each
    if section is None or not section.sends:
        return None
    track = browser.tracks.get(section.mid)
    if track is None:
        return None
    if isinstance(track, AudioTrack):
        if packet.payload_type != section.codecs[0].payload_type:
            return None
        reception = Reception(packet.ssrc, OPUS_HZ, packet.sequence)
        return Source(track, None, False, reception)
    codec = next(
        (c for c in section.codecs if packet.payload_type in (c.payload_type, c.rtx)), None
    )
    if codec is None:
        return None
    repairs = packet.payload_type == codec.rtx
    if section.rids:
        uri = rtp.REPAIRED_RID if repairs else rtp.RID
        rid = _text(rtp.extension(data, packet, ids.get(uri)))
        layer = next((each for each in track.layers if each.rid == rid), None)
    else:
        layer = track.layers[0]
        repaired = section.repairs.get(packet.ssrc)
        if repairs and section.repairs and repaired is None:
            return None
    if layer is None:
        return None
    if not repairs:
        layer.bind(packet.ssrc, codec.name)
    reception = Reception(packet.ssrc, VIDEO_HZ, packet.sequence)
    return Source(track, layer, repairs, reception)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("ascii", "replace")
