"""What is published, and the slots in which it is received: numbering, and who gets a packet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hearth.core.voice_ports import Kind
from hearth.sfu.rtp import AUDIO_TAIL, SEQUENCES, TIMESTAMPS, Layout, head, template
from hearth.sfu.speakers import LOUD

if TYPE_CHECKING:
    from hearth.sfu.forward import Fan, Member, Post
    from hearth.sfu.room import Peer
    from hearth.sfu.video import Layer, Sight, VideoTrack

OPUS_HZ = 48_000
VIDEO_HZ = 90_000

_OFFSETS = (0, 21845, 43690)
"""What may be added to a stream's numbers for one viewer. With three, one of them always leads
forward and by less than half of all numbers, as SRTP needs; and viewers who need the same are
served together."""

_DRIFT_S = 1.0
_LOSS_S = 12.0
"""How long a listener's report counts; browsers send one every five seconds."""


def step_forward(last: int | None, following: int, modulus: int = SEQUENCES) -> int:
    """What to add to numbers that begin at `following`, so that they come after `last`."""
    if last is None:
        return 0
    steps = [each * modulus // SEQUENCES for each in _OFFSETS]
    ahead = [((following + step - last) % modulus or modulus, step) for step in steps]
    return min(ahead)[1]


class Viewer(Protocol):
    """The browser that a slot is in."""

    @property
    def peer(self) -> Peer:
        """Whose browser it is."""
        ...

    @property
    def post(self) -> Post:
        """What sends its packets."""
        ...

    @property
    def ready(self) -> bool:
        """It can be sent to now."""
        ...

    @property
    def together(self) -> bool:
        """It can be a member of a fan."""
        ...

    def member(self, template: bytes) -> Member:
        """It, as a member of a fan."""
        ...

    def send(self, packet: bytes) -> bool:
        """Seal one packet and send it alone; whether it went."""
        ...


class View:
    """One slot of a viewer: a section of its offer in which it receives, with SSRCs that stay."""

    def __init__(self, viewer: Viewer, kind: Kind, mid: str, ssrc: int, rtx: int) -> None:
        self.viewer = viewer
        self.kind: Kind = kind
        self.mid = mid
        self.ssrc = ssrc
        self.rtx = rtx
        self.codecs: dict[str, tuple[int, int | None]] = {}
        """Name → payload type, and that of its retransmissions."""
        self.mid_id: int | None = None
        self.tail_id: int | None = None
        self.track: AudioTrack | VideoTrack | None = None
        self.since = 0.0
        """When it was given its track."""

        self.offset = 0
        self.last: int | None = None
        """The newest sequence number sent in it before it last paused."""
        self.packets = 0
        self.octets = 0
        self.loss = (0.0, float("-inf"))
        """Of its packets, how many its viewer said that it lost, and when."""
        self._base = (0, 0)
        self.live = False
        """It gets packets now."""

        # What only video has; see `hearth.sfu.video`.
        self.layer: Layer | None = None
        self.target: Layer | None = None
        self.sight: Sight | None = None
        self.timestamp_offset = 0

    def sent(self) -> tuple[int, int]:
        """Packets and octets that went to it in all."""
        source = self.track if isinstance(self.track, AudioTrack) else self.layer
        if source is None or not self.live:
            return self.packets, self.octets
        packets, octets = self._base
        return self.packets + source.packets - packets, self.octets + source.octets - octets

    def layout(self, codec: str, tail_bytes: int, tag_bytes: int) -> Layout | None:
        """What its packets look like; None when it does not know the codec."""
        found = self.codecs.get(codec)
        if found is None:
            return None
        made = self.template(self.ssrc, tail_bytes)
        return Layout(found[0], self.tail_id, len(made), tag_bytes)

    def template(self, ssrc: int, tail_bytes: int) -> bytes:
        """What is its own in each packet."""
        return template(ssrc, self.mid_id, self.mid, tail_bytes if self.tail_id is not None else 0)

    def began(self, packets: int, octets: int) -> None:
        """It gets packets from now on; the counts are its source's."""
        self._base = (packets, octets)
        self.live = True

    def ended(self, packets: int, octets: int) -> bool:
        """It gets no more of this source; whether it got any."""
        self.live = False
        got = packets - self._base[0]
        self.packets += got
        self.octets += octets - self._base[1]
        self._base = (packets, octets)
        return got > 0


class Numbers:
    """One stream's numbers as the room sees them: they go on when the publisher's begin anew, and
    timestamps are near the room's clock, so that a slot may change from one stream to another."""

    def __init__(self, clock: int) -> None:
        self._clock = clock
        self._source: int | None = None
        self._sequence_shift = 0
        self._timestamp_shift = 0
        self.last: int | None = None
        """The newest sequence number."""
        self.last_timestamp = 0
        self._at = 0.0

    def map(self, source: int, sequence: int, timestamp: int, now: float) -> tuple[int, int]:
        """The room's sequence number and timestamp of a packet of SSRC `source`."""
        clock = int(now * self._clock)
        if source != self._source:
            self._source = source
            following = sequence if self.last is None else self.last + 1
            self._sequence_shift = (following - sequence) % SEQUENCES
            self._timestamp_shift = (clock - timestamp) % TIMESTAMPS
        mapped = (timestamp + self._timestamp_shift) % TIMESTAMPS
        if now - self._at > _DRIFT_S:
            # After a pause, clocks that ran apart are set right; within speech they are left.
            apart = (clock - mapped + TIMESTAMPS // 2) % TIMESTAMPS - TIMESTAMPS // 2
            if abs(apart) > _DRIFT_S * self._clock:
                self._timestamp_shift = (self._timestamp_shift + apart) % TIMESTAMPS
                mapped = (mapped + apart) % TIMESTAMPS
        self._at = now
        number = (sequence + self._sequence_shift) % SEQUENCES
        if self.last is None or (number - self.last) % SEQUENCES < SEQUENCES // 2:
            self.last = number
            self.last_timestamp = mapped
        return number, mapped


class AudioTrack:
    """A microphone or the sound of a screen."""

    kind: Kind = "audio"

    def __init__(self, peer: Peer, ssrc: int, mid: str) -> None:
        self.peer = peer
        self.ssrc = ssrc
        self.mid = mid
        self.views: list[View] = []
        self.changed = True
        """Who gets it is decided anew at the next packet."""
        self.audible = True
        """It is among the loudest, or there are few."""
        self.peak = 127
        """The loudest level since somebody last looked, in -dBov."""
        self.active = False
        self.packets = 0
        self.octets = 0
        self.numbers = Numbers(OPUS_HZ)
        self._live: list[View] = []
        self._fans: list[tuple[int, Layout, Fan]] = []
        self._alone: list[tuple[View, Layout]] = []
        self._bots: list[Peer] = []

    def take(
        self,
        source: int,
        sequence: int,
        timestamp: int,
        marker: bool,
        payload: bytes,
        level: int | None,
        now: float,
    ) -> None:
        """Forward one packet to all who may hear it."""
        heard = 40 if level is None else level
        if heard < self.peak:
            self.peak = heard
            if heard <= LOUD and not self.peer.voice.speaking:
                self.peer.begin(self, now)
        sequence, timestamp = self.numbers.map(source, sequence, timestamp, now)
        if self.changed:
            if sequence != self.numbers.last:
                # One that was overtaken decides nothing.
                return
            self._settle(sequence)
        self.packets += 1
        self.octets += len(payload)
        for offset, layout, fan in self._fans:
            tail = payload
            if layout.extension_id is not None:
                tail = bytes((layout.extension_id << 4, heard)) + payload
            number = (sequence + offset) % SEQUENCES
            fan.send(head(marker, layout.payload_type, number, timestamp), tail)
        for view, layout in self._alone:
            tail = payload
            if layout.extension_id is not None:
                tail = bytes((layout.extension_id << 4, heard)) + payload
            number = (sequence + view.offset) % SEQUENCES
            start = head(marker, layout.payload_type, number, timestamp)
            view.viewer.send(start + view.template(view.ssrc, AUDIO_TAIL) + tail)
        for bot in self._bots:
            if bot.transport is not None:
                bot.transport.send_audio(self.peer, sequence, timestamp, marker, payload)

    def add(self, view: View) -> None:
        """Let it be received in a slot."""
        self.views.append(view)
        self.changed = True

    def drop(self, view: View) -> None:
        """No longer let it be received in a slot."""
        self.views.remove(view)
        self.silence()

    def lost(self, now: float) -> float:
        """What the worst off of its listeners loses, 0 to 1: Opus can repair it, where the speaker
        knows."""
        return max((view.loss[0] for view in self._live if now - view.loss[1] < _LOSS_S), default=0)

    def silence(self) -> None:
        """Nobody gets it until the next packet, when it is decided anew."""
        for view in self._live:
            if view.ended(self.packets, self.octets) and self.numbers.last is not None:
                view.last = (self.numbers.last + view.offset) % SEQUENCES
        self._live = []
        self._fans = []
        self._alone = []
        self._bots = []
        self.changed = True

    def _settle(self, sequence: int) -> None:
        """Decide who gets the packets from number `sequence` on."""
        before = {view: view.offset for view in self._live}
        self._live = []
        self._fans, self._alone, self._bots = [], [], []
        self.changed = False
        may = self.peer.may.audio_in and self.audible
        groups: dict[tuple[int, Layout], list[tuple[View, Member]]] = {}
        for view in self.views if may else ():
            viewer = view.viewer
            if not viewer.ready or not viewer.peer.may.audio_out:
                continue
            made = view.template(view.ssrc, AUDIO_TAIL)
            member = viewer.member(made)
            layout = view.layout("opus", AUDIO_TAIL, member.srtp.tag_bytes)
            if layout is None:
                continue
            if view not in before:
                view.offset = step_forward(view.last, sequence)
                view.began(self.packets, self.octets)
            self._live.append(view)
            if viewer.together:
                groups.setdefault((view.offset, layout), []).append((view, member))
            else:
                self._alone.append((view, layout))
        for view in before:
            if view not in self._live and view.ended(self.packets, self.octets):
                # The packet in hand is the next; those before it were the last that it got.
                view.last = (sequence - 1 + view.offset) % SEQUENCES
        for (offset, layout), members in groups.items():
            post = members[0][0].viewer.post
            for fan in post.fans([member for _, member in members]):
                self._fans.append((offset, layout, fan))
        if may:
            self._bots = [
                peer
                for peer in self.peer.room.peers
                if peer is not self.peer and peer.transport is not None and peer.may.audio_out
            ]
