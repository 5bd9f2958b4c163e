"""Rooms and the peers in them: who is handed whose packets."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol

from hearth.core.voice_ports import Kind, May, MediaListener, Stream
from hearth.sfu.udp import Udp

log = logging.getLogger("hearth.sfu")


class Transport(Protocol):
    """How one peer is reached: WebRTC for a browser, Discord's UDP for a bot."""

    def send_audio(
        self, source: "Peer", sequence: int, timestamp: int, marker: bool, payload: bytes
    ) -> None:
        """Hand the peer one Opus packet of `source`, which is in the same room."""
        ...

    def forget(self, source: "Peer") -> None:
        """`source` will send no more."""
        ...

    def tick(self, now: float) -> None:
        """Called about every 50 ms with monotonic seconds."""
        ...

    def close(self) -> None:
        """The peer left; give back what it holds."""
        ...


class Room:
    """The peers of one channel."""

    def __init__(self, id: int) -> None:
        self.id = id
        self.peers: list[Peer] = []


class Peer:
    """One connection of one user to one room."""

    def __init__(self, sfu: "Sfu", room: Room, user_id: int, may: May) -> None:
        self.sfu = sfu
        self.room = room
        self.user_id = user_id
        self.ssrc = secrets.randbits(31) | 1
        self.may = may
        self.transport: Transport | None = None
        self.streams: Sequence[Stream] = ()
        self.closed = False

    @property
    def room_id(self) -> int:
        """The channel's id."""
        return self.room.id

    def allow(self, may: May) -> None:
        """Change what it may do, from the next packet on."""
        self.may = may

    def heard(
        self,
        sequence: int,
        timestamp: int,
        marker: bool,
        payload: bytes,
        level: int | None = None,
    ) -> None:
        """Its transport got one Opus packet that is proven to be from it: forward it.

        `level` is in -dBov, 0 the loudest and 127 silence; None is not known.
        """
        if self.closed or not self.may.audio_in:
            return
        for other in self.room.peers:
            if other is not self and other.may.audio_out and other.transport is not None:
                other.transport.send_audio(self, sequence, timestamp, marker, payload)

    async def offer(self, sdp: str) -> str:
        """Take a browser's offer and answer. Raises ValueError with one sentence."""
        raise ValueError("Browsers cannot be answered yet.")

    def label(self, kinds: Mapping[str, Kind]) -> None:
        """Say which video sections of its offer are screens."""

    def want(self, others: int, wanted: Mapping[int, int], pixels: Mapping[int, int]) -> None:
        """What this viewer shows (op 15)."""

    def close(self) -> None:
        """Leave the room. May be called again."""
        if self.closed:
            return
        self.closed = True
        self.room.peers.remove(self)
        for other in self.room.peers:
            if other.transport is not None:
                other.transport.forget(self)
        if self.transport is not None:
            self.transport.close()
        self.sfu.left(self.room)


class Sfu:
    """All rooms of one UDP socket. Made on the loop that it works on."""

    def __init__(self, listener: MediaListener) -> None:
        self.listener = listener
        self.udp = Udp()
        self.rooms: dict[int, Room] = {}

    async def open(self, host: str, port: int) -> None:
        """Bind the UDP socket; port 0 takes a free one. Raises OSError."""
        self.udp.open(host, port)

    @property
    def port(self) -> int:
        """The UDP port that is bound."""
        return self.udp.port

    def close(self) -> None:
        """Every peer leaves, and the socket closes. May be called again."""
        for room in list(self.rooms.values()):
            for peer in list(room.peers):
                peer.close()
        self.udp.close()

    def join(self, room_id: int, user_id: int, may: May) -> Peer:
        """A new peer; a room is made for its first."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = Room(room_id)
        peer = Peer(self, room, user_id, may)
        room.peers.append(peer)
        return peer

    def left(self, room: Room) -> None:
        """Forget a room that nobody is in."""
        if not room.peers:
            self.rooms.pop(room.id, None)

    def peers(self, room_id: int) -> Sequence[Peer]:
        """Who is in a room, in the order of their coming."""
        room = self.rooms.get(room_id)
        return () if room is None else tuple(room.peers)
