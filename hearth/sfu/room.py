"""Rooms and the peers in them: who is handed whose packets."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from hearth.core.voice_ports import MICROPHONE, PRIORITY, Kind, May, MediaListener, Stream
from hearth.sfu.allocator import shares
from hearth.sfu.bwe import Bandwidth
from hearth.sfu.slots import assign_audio, assign_video, demands, published
from hearth.sfu.speakers import Voice, loudest
from hearth.sfu.track import AudioTrack, View
from hearth.sfu.udp import Udp, bound

if TYPE_CHECKING:
    from hearth.sfu.browser import Browser
    from hearth.sfu.video import VideoTrack
    from hearth.sfu.web import Web

logger = logging.getLogger(__name__)

TICK_S = 0.05
LOOK_S = 1.0
"""How often bandwidths are looked at."""

_LEARN_S = 1.0
"""How long the first to come waits for the public address."""

LOUDEST = 8
"""How many are heard at once where more have microphones."""


class Transport(Protocol):
    """How a bot is reached: Discord's UDP. Browsers have `Peer.browser` instead."""

    def send_audio(
        self, source: Peer, sequence: int, timestamp: int, marker: bool, payload: bytes
    ) -> None:
        """Hand the peer one Opus packet of `source`, which is in the same room."""
        ...

    def forget(self, source: Peer) -> None:
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

    def __init__(self, sfu: Sfu, id: int) -> None:
        self.sfu = sfu
        self.id = id
        self.peers: list[Peer] = []
        self._audible: set[Peer] = set()
        self._settling: asyncio.Handle | None = None
        self._looked_at = 0.0

    def browsers(self) -> list[Browser]:
        """The browsers in it."""
        return [peer.browser for peer in self.peers if peer.browser is not None]

    def refresh(self) -> None:
        """Who may get what changed: decide it anew at each next packet."""
        for peer in self.peers:
            for track in peer.tracks():
                track.changed = True

    def changed(self) -> None:
        """Who is here, or what they publish, or may, changed: give out slots anew, soon."""
        self.refresh()
        self.settle_soon()

    def settle_soon(self) -> None:
        """Give out slots anew behind what else is to be done now. Who gets another slot, or none,
        is told apart; the packets of all others stay as they are."""
        if self._settling is None:
            self._settling = asyncio.get_running_loop().call_soon(self.settle)

    def settle(self) -> None:
        """Give slots to streams."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        now = self.sfu.now()
        # Looked for once, and not by each of so many viewers.
        heard, shown = published(self)
        for browser in self.browsers():
            assign_audio(self, browser, heard, now)
            assign_video(self, browser, shown, now)
        self._tell_demands()

    def give(self, view: View, track: AudioTrack | VideoTrack, now: float) -> None:
        """Let a slot receive a track."""
        view.track = track
        view.since = now
        track.add(view)
        peer = track.peer
        listener = self.sfu.listener
        listener.mapped(view.viewer.peer, view.mid, peer.user_id, track.ssrc, track.kind)

    def withdraw(self, view: View) -> None:
        """Let a slot receive nothing. Nothing happens when it does not."""
        track = view.track
        if track is None:
            return
        track.drop(view)
        view.track = None
        listener = self.sfu.listener
        listener.mapped(view.viewer.peer, view.mid, None, track.ssrc, track.kind)

    def tick(self, now: float) -> None:
        """Called every TICK_S."""
        for peer in list(self.peers):
            peer.tick(now)
        self._listen(now)
        due = now - self._looked_at >= LOOK_S
        if due:
            self._looked_at = now
        looked = [peer for peer in self.peers if due or peer.bandwidth.alarmed]
        for peer in looked:
            peer.bandwidth.look(now)
        if any(peer.browser is not None and peer.browser.views for peer in looked):
            self.settle()

    def _listen(self, now: float) -> None:
        """See who speaks, and who is heard."""
        for peer in self.peers:
            microphone = peer.microphone
            peak, microphone.peak = microphone.peak, 127
            if peer.voice.look(peak if peer.may.audio_in else 127, now) and peer.transport is None:
                peer.tell_speaking()
        publishers = [peer for peer in self.peers if peer.microphone.active and peer.may.audio_in]
        if len(publishers) > self.sfu.loudest:
            pairs = [(peer, peer.voice) for peer in publishers]
            audible = loudest(pairs, self.sfu.loudest, self._audible)
        else:
            audible = set(publishers)
        if audible != self._audible:
            for peer in publishers:
                heard = peer in audible
                if heard != peer.microphone.audible:
                    peer.microphone.audible = heard
                    peer.microphone.silence()
            self._audible = audible
            self.settle_soon()

    def _tell_demands(self) -> None:
        for peer in self.peers:
            browser = peer.browser
            if browser is None:
                continue
            wanted = demands(self, browser)
            if wanted:
                self.sfu.listener.demand(peer, wanted)


class Peer:
    """One connection of one user to one room."""

    def __init__(self, sfu: Sfu, room: Room, user_id: int, may: May, ssrc: int) -> None:
        self.sfu = sfu
        self.room = room
        self.user_id = user_id
        self.ssrc = ssrc
        self.may = may
        self.transport: Transport | None = None
        self.browser: Browser | None = None
        self.microphone = AudioTrack(self, self.ssrc, "")
        self.voice = Voice()
        self.bandwidth = Bandwidth()
        self.cap = sfu.viewer_bits
        """bits/s of video that it may be sent at most."""
        self.appetite = 0.0
        """bits/s of video that it would be sent if there were no bound."""
        self.closed = False
        self.others = 100
        self.wanted: Mapping[int, int] = {}
        self.pixels: Mapping[int, int] = {}

    @property
    def room_id(self) -> int:
        """The channel's id."""
        return self.room.id

    @property
    def port(self) -> int:
        """The UDP port that its media comes to."""
        return self.sfu.port

    def tracks(self) -> list[AudioTrack | VideoTrack]:
        """What it publishes, the microphone first."""
        found: list[AudioTrack | VideoTrack] = [self.microphone]
        if self.browser is not None:
            found += [
                track for track in self.browser.tracks.values() if track is not self.microphone
            ]
        return found

    @property
    def streams(self) -> Sequence[Stream]:
        """What it publishes now, as the room knows it."""
        now = self.sfu.now()
        said: list[Stream] = []
        for track in self.tracks():
            may = self.may.audio_in if track.kind == "audio" else self.may.video_in
            layers: tuple[str, ...] = ()
            if not isinstance(track, AudioTrack):
                layers = tuple(each.rid for each in track.layers if each.rid and each.running(now))
            said.append(Stream(track.kind, track.ssrc, track.mid, track.active and may, layers))
        return said

    def allow(self, may: May) -> None:
        """Change what it may do, from the next packet on."""
        self.may = may
        self.microphone.silence()
        self.room.changed()

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
        if not self.microphone.active:
            self.microphone.active = True
            self.sfu.listener.streams(self)
            self.room.changed()
        self.microphone.take(self.ssrc, sequence, timestamp, marker, payload, level, self.sfu.now())

    async def offer(self, sdp: str) -> str:
        """Take a browser's offer and answer. Raises ValueError with one sentence."""
        if self.closed:
            raise ValueError("The connection is closed.")
        if self.browser is None:
            web = self.sfu.web
            if web is None:
                web = await self.sfu.load()
            self.browser = web.browser(self)
        return self.browser.offer(sdp)

    def label(self, kinds: Mapping[str, Kind]) -> None:
        """Say which video sections of its offer are screens; what it publishes is told again."""
        for track in self.tracks():
            if not isinstance(track, AudioTrack):
                kind: Kind = "screen" if kinds.get(track.mid) == "screen" else "video"
                if kind != track.kind:
                    track.kind = kind
                    self.room.changed()
        self.sfu.listener.streams(self)

    def want(self, others: int, wanted: Mapping[int, int], pixels: Mapping[int, int]) -> None:
        """What this viewer shows (op 15)."""
        self.others, self.wanted, self.pixels = others, dict(wanted), dict(pixels)
        self.room.settle_soon()

    def begin(self, track: AudioTrack, now: float) -> None:
        """A track of somebody who was silent is loud: it is told before the next look at all."""
        if track is self.microphone and self.transport is None and self.voice.look(track.peak, now):
            self.tell_speaking()

    def tell_speaking(self) -> None:
        """Tell whether it speaks now."""
        flags = MICROPHONE | (PRIORITY if self.may.priority else 0) if self.voice.speaking else 0
        self.sfu.listener.speaking(self, flags)

    def tick(self, now: float) -> None:
        """Called every TICK_S."""
        if self.transport is not None:
            self.transport.tick(now)
        if self.browser is not None:
            self.browser.tick(now)
        for track in self.tracks():
            if not isinstance(track, AudioTrack):
                track.tick(now)

    def close(self) -> None:
        """Leave the room. May be called again."""
        if self.closed:
            return
        self.closed = True
        for view in list(self.microphone.views):
            self.room.withdraw(view)
        self.microphone.silence()
        if self.browser is not None:
            self.browser.close()
        self.room.peers.remove(self)
        for other in self.room.peers:
            if other.transport is not None:
                other.transport.forget(self)
        if self.transport is not None:
            self.transport.close()
        self.sfu.left(self.room)


class Sfu:
    """All rooms of one UDP socket. Made on the loop that it works on."""

    def __init__(self, listener: MediaListener, *, loudest: int = LOUDEST) -> None:
        self.listener = listener
        self.loudest = loudest
        self.udp = Udp()
        self.rooms: dict[int, Room] = {}
        self.web: Web | None = None
        self.hosts: Sequence[str] = ()
        """The addresses that browsers are told, best first; without any, the one that is bound."""
        self.viewer_bits = self.upload_bits = math.inf
        """bits/s of video that one viewer is sent, and all together."""
        self.tcp_port = 0
        """The TCP port that takes media too; 0 is none."""
        self.name = ""
        """What the ICE names of its browsers begin with."""
        self.stun = ""
        """`HOST:PORT` of a STUN server that is asked for the public address; empty is none."""
        self._loop = asyncio.get_running_loop()
        self._host = ""
        self._ticking: asyncio.TimerHandle | None = None
        self._shared_at = 0.0

    def now(self) -> float:
        """The loop's seconds, which never go back."""
        return self._loop.time()

    async def open(self, host: str, port: int) -> None:
        """Bind the UDP socket; port 0 takes a free one. Raises OSError."""
        self.use(bound(host, port), host)

    def use(self, sock: socket.socket, host: str) -> None:
        """Take media at a socket that is bound to `host`; it is closed with the rest."""
        self.udp.open(sock)
        self._host = host

    @property
    def port(self) -> int:
        """The UDP port that is bound."""
        return self.udp.port

    async def load(self) -> Web:
        """What browsers need: imported when the first comes, in a thread, for it takes a while."""
        if self.web is None:
            await asyncio.to_thread(_import_web)
        if self.web is None:
            from hearth.sfu.web import Web

            self.web = Web(self.udp, self.now, self.name)
            self._reach(None)
            if self.stun:
                from hearth.sfu.mapped import Mapped

                self.web.mapped = Mapped(self.udp, self.stun, self._reach)
                await self.web.mapped.first(_LEARN_S)
        return self.web

    def _reach(self, public: tuple[str, int] | None) -> None:
        """What browsers are told of how we are reached; `public` is what a STUN server says."""
        from hearth.sfu.sdp import Candidate

        assert self.web is not None
        udp = [(host, self.port) for host in self.hosts or (self._host,)]
        if public is not None:
            # The port too may be another outside, or led to ours by a rule of the router's.
            udp = [public, (public[0], self.port), *udp]
        told: dict[Candidate, None] = {}
        for host, port in udp:
            told[Candidate("udp", host, port)] = None
            if self.tcp_port:
                told[Candidate("tcp", host, self.tcp_port)] = None
        self.web.candidates = list(told)

    def stream(
        self, left: Callable[[], None] = lambda: None, first: bytes = b""
    ) -> asyncio.Protocol | None:
        """What takes a TCP connection that carries media, `first` before what comes; it calls
        `left` when that is over. None before any browser came."""
        if self.web is None:
            return None
        from hearth.sfu.tcp import MediaStream

        return MediaStream(self.web, left, first)

    def close(self) -> None:
        """Every peer leaves, and the socket closes. May be called again."""
        for room in list(self.rooms.values()):
            for peer in list(room.peers):
                peer.close()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        if self.web is not None:
            self.web.close()
        self.udp.close()

    def join(self, room_id: int, user_id: int, may: May, ssrc: int | None = None) -> Peer:
        """A new peer, named `ssrc` or as chance will have it; a room is made for its first."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = Room(self, room_id)
        peer = Peer(self, room, user_id, may, ssrc or new_ssrc())
        room.peers.append(peer)
        room.changed()
        if self._ticking is None:
            self._ticking = self._loop.call_later(TICK_S, self._tick)
        return peer

    def left(self, room: Room) -> None:
        """Forget a room that nobody is in."""
        if not room.peers:
            self.rooms.pop(room.id, None)
        else:
            room.changed()

    def peers(self, room_id: int) -> Sequence[Peer]:
        """Who is in a room, in the order of their coming."""
        room = self.rooms.get(room_id)
        return () if room is None else tuple(room.peers)

    def _share(self) -> None:
        """Divide what may be sent in all among those who look."""
        peers = [peer for room in self.rooms.values() for peer in room.peers]
        wants = [min(peer.appetite, self.viewer_bits) for peer in peers]
        given = shares(wants, self.upload_bits)
        for peer, want, most in zip(peers, wants, given, strict=True):
            peer.cap = most if most < want else self.viewer_bits

    def _tick(self) -> None:
        self._ticking = None
        now = self.now()
        if now - self._shared_at >= LOOK_S:
            self._shared_at = now
            self._share()
        for room in list(self.rooms.values()):
            try:
                room.tick(now)
            except Exception:
                logger.exception("tick failed room=%d", room.id)
        if self.rooms:
            self._ticking = self._loop.call_later(TICK_S, self._tick)


def new_ssrc() -> int:
    """A name for a microphone that nobody else's room has, as good as surely."""
    return secrets.randbits(31) | 1


def _import_web() -> None:
    import hearth.sfu.web  # noqa: F401  # pyright: ignore[reportUnusedImport]
