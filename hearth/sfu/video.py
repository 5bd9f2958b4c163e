"""A published camera or screen: its layers, who sees which, and what is sent again."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from hearth.core.voice_ports import Kind
from hearth.sfu import rtcp
from hearth.sfu.codecs import LEVEL_ZEROES, NOTHING, PEEKS, PICTURES, Peek, renumbered
from hearth.sfu.rtp import (
    SEQUENCES,
    TIMESTAMPS,
    VIDEO_TAIL,
    Layout,
    Packet,
    head,
    newer,
    send_time,
)
from hearth.sfu.track import VIDEO_HZ, Numbers, View

if TYPE_CHECKING:
    from hearth.sfu.browser import Browser
    from hearth.sfu.forward import Fan, Member
    from hearth.sfu.room import Peer
    from hearth.sfu.sdp import Section
    from hearth.sfu.sources import Source

RING = 1024
"""Packets of a layer that can be sent again, at most: a second of the fastest."""

RING_S = 1.0
"""How long they are kept: what comes later than this is of no use any more."""

KEYFRAME_S = 0.5
"""A keyframe is asked for at most so often."""

_FRAME = VIDEO_HZ // 30
RESENDS = 3
_PADS = 200
_OVERHEAD = 60
"""Bytes of a packet beside its payload, about."""

_RATE_S = 0.5


class Kept(NamedTuple):
    """A packet as the room numbers it."""

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    peek: Peek
    at: float
    """When it came."""


class Shift(NamedTuple):
    """What is added to a layer's numbers for one viewer."""

    sequence: int = 0
    timestamp: int = 0
    picture: int = 0
    level: int = 0


class Piece(NamedTuple):
    """A stretch of what one viewer got, from one layer."""

    first: int
    """Its first sequence number as the viewer got it."""
    layer: Layer
    shift: Shift


class Sight:
    """What is remembered of one slot that shows video."""

    def __init__(self) -> None:
        self.shift = Shift()
        self.pieces: list[Piece] = []
        self.last_timestamp: int | None = None
        self.last_picture: int | None = None
        self.last_level: int | None = None
        self.rtx_sequence = secrets.randbits(15)
        self.resent: dict[int, int] = {}


class Layer:
    """One encoding. Without simulcast it is the only one."""

    def __init__(self, track: VideoTrack, rid: str, rank: int) -> None:
        self.track = track
        self.rid = rid
        self.rank = rank
        """0 is the poorest."""
        self.ssrc = 0
        self.codec = ""
        self.numbers = Numbers(VIDEO_HZ)
        self.ring: list[Kept | None] = [None] * RING
        self.packets = 0
        self.octets = 0
        self.height = 0
        self.bitrate = 0.0
        """bits/s over the last looks."""
        self.active_at = float("-inf")
        self.changed = True
        self.live: list[View] = []
        self.waiting: list[View] = []
        """Slots that change to this layer at its next keyframe."""
        self._fans: list[tuple[Shift, Layout, Fan]] = []
        self._alone: list[tuple[View, Layout]] = []
        self.keyframe = 0
        """Where the newest begins."""
        self._keyframe_wanted = False
        self._keyframe_at = float("-inf")
        self._newest_start = 0
        self._last_picture = 0
        self._last_level = 0
        self._counted = (0, 0.0)
        self.forgotten: int | None = None
        """The newest of those that are too old to be sent again."""
        self._oldest = 0
        """Where in the ring it is looked next for what is too old."""

    def bind(self, ssrc: int, codec: str) -> None:
        """Its packets come with this SSRC."""
        self.ssrc = ssrc
        self.codec = codec
        self.ring = [None] * RING

    # --- packets ----------------------------------------------------------------------------

    def take(self, packet: Packet, payload: bytes, now: float) -> None:
        """Forward a packet to all who see this layer."""
        sequence, timestamp = self.numbers.map(packet.ssrc, packet.sequence, packet.timestamp, now)
        peek = PEEKS[self.codec](payload) if payload else NOTHING
        self.packets += 1
        self.octets += len(payload)
        self.active_at = now
        self.ring[sequence % RING] = Kept(sequence, timestamp, packet.marker, payload, peek, now)
        self._tidy(now)
        if sequence != self.numbers.last:
            # Late: for those who already saw this layer when it was due.
            if self.changed or newer(self._newest_start, sequence):
                return
        else:
            if peek.picture_at:
                self._last_picture = peek.picture
            if peek.level_at:
                self._last_level = peek.level
            if peek.keyframe:
                self._keyframe_wanted = False
                self.keyframe = sequence
                self.height = peek.height or self.height
                for view in self.waiting:
                    self._enter(view, sequence, timestamp, peek)
                self.waiting = []
            if self.changed:
                self._settle()
        sent_at = send_time(now)
        for shift, layout, fan in self._fans:
            fan.send(
                *self._made(
                    packet.marker, sequence, timestamp, payload, peek, shift, layout, sent_at
                )
            )
        for view, layout in self._alone:
            start, rest = self._made(
                packet.marker,
                sequence,
                timestamp,
                payload,
                peek,
                sight(view).shift,
                layout,
                sent_at,
            )
            view.viewer.send(start + view.template(view.ssrc, VIDEO_TAIL) + rest)

    def _tidy(self, now: float) -> None:
        """Let go of old packets: a few with each that comes, so memory follows the rate."""
        for _ in range(4):
            old = self.ring[self._oldest]
            if old is not None:
                if now - old.at < RING_S:
                    return
                self.ring[self._oldest] = None
                self.forgotten = old.sequence
            self._oldest = (self._oldest + 1) % RING

    def _made(
        self,
        marker: bool,
        sequence: int,
        timestamp: int,
        payload: bytes,
        peek: Peek,
        shift: Shift,
        layout: Layout,
        sent_at: bytes,
    ) -> tuple[bytes, bytes]:
        """A packet's first eight bytes, and what follows the template."""
        if shift.picture or shift.level:
            payload = renumbered(payload, peek, shift.picture, shift.level)
        if layout.extension_id is not None:
            payload = bytes((layout.extension_id << 4 | 2,)) + sent_at + payload
        return (
            head(
                marker,
                layout.payload_type,
                (sequence + shift.sequence) % SEQUENCES,
                (timestamp + shift.timestamp) % TIMESTAMPS,
            ),
            payload,
        )

    # --- who sees it ------------------------------------------------------------------------

    def _enter(self, view: View, sequence: int, timestamp: int, peek: Peek) -> None:
        """The slot sees this layer from this keyframe on."""
        if view.layer is not None:
            view.layer.leave(view)
        seen = sight(view)
        shift = Shift()
        if view.last is not None:
            picture = level = late = 0
            if seen.last_timestamp is not None and not newer(
                timestamp, seen.last_timestamp, TIMESTAMPS
            ):
                late = (seen.last_timestamp + _FRAME - timestamp) % TIMESTAMPS
            if seen.last_picture is not None and peek.picture_at:
                picture = (seen.last_picture + 1 - peek.picture) % PICTURES
            if seen.last_level is not None and peek.level_at:
                level = (seen.last_level + 1 - peek.level) % LEVEL_ZEROES
            shift = Shift((view.last + 1 - sequence) % SEQUENCES, late, picture, level)
        seen.shift = shift
        seen.pieces = [
            *seen.pieces[-3:],
            Piece((sequence + shift.sequence) % SEQUENCES, self, shift),
        ]
        view.layer = self
        if view.target is self:
            view.target = None
        view.timestamp_offset = shift.timestamp
        view.began(self.packets - 1, self.octets)
        self.live.append(view)
        self._newest_start = sequence
        self.changed = True

    def leave(self, view: View) -> None:
        """The slot sees this layer no more; its numbers are remembered."""
        self.live.remove(view)
        self.changed = True
        view.layer = None
        seen = sight(view)
        shift = seen.shift
        if view.ended(self.packets, self.octets) and self.numbers.last is not None:
            view.last = (self.numbers.last + shift.sequence) % SEQUENCES
            seen.last_timestamp = (self.numbers.last_timestamp + shift.timestamp) % TIMESTAMPS
            seen.last_picture = (self._last_picture + shift.picture) % PICTURES
            seen.last_level = (self._last_level + shift.level) % LEVEL_ZEROES

    def _settle(self) -> None:
        """Make the fans anew."""
        self.changed = False
        self._fans, self._alone = [], []
        groups: dict[tuple[Shift, Layout], list[tuple[View, Member]]] = {}
        for view in self.live:
            viewer = view.viewer
            if not viewer.ready:
                continue
            member = viewer.member(view.template(view.ssrc, VIDEO_TAIL))
            layout = view.layout(self.codec, VIDEO_TAIL, member.srtp.tag_bytes)
            if layout is None:
                continue
            if viewer.together:
                key = (sight(view).shift, layout)
                groups.setdefault(key, []).append((view, member))
            else:
                self._alone.append((view, layout))
        for (shift, layout), members in groups.items():
            for fan in members[0][0].viewer.post.fans([member for _, member in members]):
                self._fans.append((shift, layout, fan))

    # --- keyframes and rates ----------------------------------------------------------------

    def want_keyframe(self, now: float) -> None:
        """Somebody needs one; requests are merged, and made twice a second at most."""
        self._keyframe_wanted = True
        self.tick(now)

    def lacks(self, sequence: int) -> bool:
        """A packet that is needed to show what comes now is not here any more."""
        gone = self.forgotten is not None and not newer(sequence, self.forgotten)
        return gone and newer(sequence, self.keyframe)

    def tick(self, now: float) -> None:
        """Ask for a keyframe when it is wanted and due, and measure the rate."""
        if (
            self._keyframe_wanted
            and self.ssrc
            and now - self._keyframe_at >= KEYFRAME_S
            and self.track.browser.send_rtcp(rtcp.pli(self.track.peer.ssrc, self.ssrc))
        ):
            self._keyframe_at = now
        octets, at = self._counted
        if now - at >= _RATE_S:
            if at:
                rate = (self.octets - octets) * 8 / (now - at)
                self.bitrate = rate if not self.bitrate else (self.bitrate + rate) / 2
            self._counted = (self.octets, now)

    def running(self, now: float) -> bool:
        """Packets of it came of late."""
        return now - self.active_at < 1.0


class VideoTrack:
    """One camera or screen."""

    def __init__(self, peer: Peer, section: Section, browser: Browser) -> None:
        self.peer = peer
        self.kind: Kind = "video"
        self.ssrc = secrets.randbits(31) | 1
        self.mid = section.mid
        self.browser = browser
        self.active = False
        self.views: list[View] = []
        self.demand = -1
        """The best quality that anyone wants, as the publisher was told."""
        rids = section.rids or ("",)
        self.layers = [Layer(self, rid, rank) for rank, rid in enumerate(rids)]

    @property
    def changed(self) -> bool:
        """Who gets it is to be decided anew."""
        return any(layer.changed for layer in self.layers)

    @changed.setter
    def changed(self, value: bool) -> None:
        for layer in self.layers:
            layer.changed = layer.changed or value

    def take(self, source: Source, packet: Packet, payload: bytes, now: float) -> None:
        """A packet of one of its layers, or a repair."""
        layer = source.layer
        assert layer is not None
        if source.repairs:
            self._take_repair(layer, packet, payload, now)
            return
        source.reception.take(packet.sequence, packet.timestamp, now)
        if self.peer.may.video_in:
            layer.take(packet, payload, now)

    def _take_repair(self, layer: Layer, packet: Packet, payload: bytes, now: float) -> None:
        """What fills a gap is taken; browsers also send old packets again to probe their way."""
        if len(payload) < 3 or not layer.ssrc:
            return
        main = self.browser.sources.get(layer.ssrc)
        sequence = payload[0] << 8 | payload[1]
        if main is None or not main.reception.misses(sequence):
            return
        main.reception.take(sequence, packet.timestamp, now)
        if self.peer.may.video_in:
            layer.take(packet._replace(ssrc=layer.ssrc, sequence=sequence), payload[2:], now)

    def add(self, view: View) -> None:
        """Let it be seen in a slot; which layer is chosen by `show`."""
        self.views.append(view)

    def drop(self, view: View) -> None:
        """No longer let it be seen in a slot."""
        self.views.remove(view)
        self.show(view, None, 0.0)

    def silence(self) -> None:
        """What its packets look like is decided anew."""
        self.changed = True

    def show(self, view: View, layer: Layer | None, now: float) -> None:
        """Let the slot change to a layer at its next keyframe, or None: show nothing at once."""
        if view.target is not None and view.target is not layer:
            view.target.waiting.remove(view)
            view.target = None
        if layer is None:
            if view.layer is not None:
                view.layer.leave(view)
        elif layer is not view.layer and view.target is None:
            view.target = layer
            layer.waiting.append(view)
            layer.want_keyframe(now)

    def resend(self, view: View, sequences: list[int], now: float) -> None:
        """Send again what a viewer asks for, as far as it is still here."""
        seen = sight(view)
        codec = view.codecs.get(view.layer.codec if view.layer is not None else "")
        if codec is None or codec[1] is None or view.track is not self:
            return
        for sequence in sequences:
            again = seen.resent.get(sequence, 0)
            piece = next(
                (each for each in reversed(seen.pieces) if not newer(each.first, sequence)), None
            )
            if piece is None:
                continue
            source = (sequence - piece.shift.sequence) % SEQUENCES
            kept = piece.layer.ring[source % RING]
            if again >= RESENDS or kept is None or kept.sequence != source:
                if view.layer is piece.layer and piece.layer.lacks(source):
                    # It goes on at a keyframe, then.
                    piece.layer.want_keyframe(now)
                continue
            seen.resent[sequence] = again + 1
            while len(seen.resent) > RING:
                del seen.resent[next(iter(seen.resent))]
            self._repair(view, piece, kept, codec[1], now)

    def pad(self, view: View, octets: float, now: float) -> float:
        """Send a viewer so much that it has, newest first; how much of it was left."""
        seen, layer = sight(view), view.layer
        codec = None if layer is None else view.codecs.get(layer.codec)
        if layer is None or codec is None or codec[1] is None or layer.numbers.last is None:
            return octets
        piece = seen.pieces[-1]
        number = layer.numbers.last
        for _ in range(_PADS):
            kept = layer.ring[number % RING]
            if octets <= 0 or kept is None or kept.sequence != number:
                break
            if newer(piece.first, (number + piece.shift.sequence) % SEQUENCES):
                break
            self._repair(view, piece, kept, codec[1], now)
            octets -= len(kept.payload) + _OVERHEAD
            number = (number - 1) % SEQUENCES
        return octets

    @staticmethod
    def _repair(view: View, piece: Piece, kept: Kept, payload_type: int, now: float) -> None:
        """Send one packet again, as a repair (RFC 4588)."""
        seen, shift, payload = sight(view), piece.shift, kept.payload
        sequence = (kept.sequence + shift.sequence) % SEQUENCES
        if shift.picture or shift.level:
            payload = renumbered(payload, kept.peek, shift.picture, shift.level)
        payload = sequence.to_bytes(2, "big") + payload
        if view.tail_id is not None:
            payload = bytes((view.tail_id << 4 | 2,)) + send_time(now) + payload
        seen.rtx_sequence = (seen.rtx_sequence + 1) % SEQUENCES
        timestamp = (kept.timestamp + shift.timestamp) % TIMESTAMPS
        start = head(kept.marker, payload_type, seen.rtx_sequence, timestamp)
        view.viewer.send(start + view.template(view.rtx, VIDEO_TAIL) + payload)

    def tick(self, now: float) -> None:
        """Called about every 50 ms."""
        for layer in self.layers:
            layer.tick(now)


def sight(view: View) -> Sight:
    """What is remembered of a slot."""
    if view.sight is None:
        view.sight = Sight()
    return view.sight
