"""Who is connected for voice: each connection's place in a room, and what it hears of others.

It stands between the rules (`hearth.core.voice`), the clients, and the media server, which is
opened when the first client comes. Whatever changes for somebody is a commit of their home: their
flags follow in the commit's own step.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from hearth.actions.gate import call
from hearth.actions.seats import VoiceToken
from hearth.actions.world import Home, World
from hearth.core.commits import Commit
from hearth.core.errors import Refused
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.voice import VoiceState
from hearth.core.operations import OPERATIONS, SYSTEM
from hearth.core.permissions import P, resolve
from hearth.core.visibility import Views
from hearth.core.voice import flags
from hearth.core.voice_ports import (
    Health,
    IceServer,
    Kind,
    May,
    Media,
    MediaListener,
    MediaPeer,
    Route,
    Stream,
)
from hearth.net.voice.conversation import (
    CALL_TERMINATED,
    CLIENT_DISCONNECT,
    CLIENTS_CONNECT,
    DISCONNECTED,
    GOING_AWAY,
    MEDIA_SINK_WANTS,
    SESSION_INVALID,
    SPEAKING,
    VIDEO,
    Identify,
    Resume,
    Sent,
)
from hearth.net.voice.direct import Direct
from hearth.net.voice.turn import GUEST, TRY_S, Turn

logger = logging.getLogger(__name__)

GRACE_S = 15.0
"""A voice session without its socket goes on for so long."""

CONNECT_S = 60.0
"""Who joins must connect within so long; it is how long a token is good."""

AFK_EVERY_S = 5.0

PRIORITY = 4
FLAGS = 7

_encode = msgspec.json.Encoder().encode


class Line(Protocol):
    """A client's socket as its voice session knows it."""

    def write(self, data: bytes) -> None:
        """Send one text message."""
        ...

    def close(self, code: int) -> None:
        """Say goodbye."""
        ...


class Seat:
    """A voice session: one user's place in one room, with or without a socket."""

    def __init__(
        self, home_id: int, wish: Identify, channel_id: int, peer: MediaPeer, now: float
    ) -> None:
        self.home_id = home_id
        self.user_id = wish.user_id
        self.session_id = wish.session_id
        self.token = wish.token
        self.channel_id = channel_id
        self.peer = peer
        self.sent = Sent()
        self.line: Line | None = None
        self.since = now
        """When its socket was lost."""
        self.active_at = now
        """When it spoke last."""
        self.browser = False
        self.speaking = 0
        """The flags that others were told last."""
        self.says = False
        """Whether its client says that it speaks, as push-to-talk does."""
        self.screen = False
        """Whether it shows one."""
        self.watchers_changed = False
        """Who watches its screens changed, and the room was not told."""
        self.slots: dict[str, tuple[int, int]] = {}
        """Whose picture each section of a browser's offer carries: user and stream."""
        self.direct = False
        """Whether its person lets media go directly to whom they are called by."""
        self.may = May(False, False, False, False)
        self.vad = True
        """Whether it may be heard without having said that it speaks."""

    def say(self, op: int, d: Any) -> None:
        """Tell it something that it must not miss."""
        made = self.sent.number(op, _encode(d))
        if self.line is not None:
            self.line.write(made)


class VoiceDoor:
    """Every voice session of this process. It is the media server's listener.

    `open_media` is called when the first client comes. `away` tells whether a user's clients all
    say that nobody is there. `turn` has the relays that browsers are told. `p2p` lets media of two
    go directly, by addresses that they may ask the servers of `stun` for.
    """

    def __init__(
        self,
        world: World,
        open_media: Callable[[MediaListener], Awaitable[Media]],
        *,
        away: Callable[[int], bool] = lambda user_id: False,
        scale: float = 1.0,
        turn: Turn | None = None,
        p2p: bool = False,
        stun: Sequence[str] = (),
    ) -> None:
        self.world = world
        self.turn = turn or Turn((), "")
        self.scale = scale
        self.media: Media | None = None
        self._open_media = open_media
        self._opening = asyncio.Lock()
        self._away = away
        self.seats: dict[str, Seat] = {}
        self._of_home: dict[int, dict[int, Seat]] = {}
        self._of_peer: dict[MediaPeer, Seat] = {}
        self.direct = Direct(
            world, lambda home_id: self._of_home.get(home_id, {}), on=p2p, stun=stun
        )
        self._waiting: dict[tuple[int, int], tuple[str, int, float]] = {}
        """Who joined and has not connected: session, channel, and until when they may."""
        self._afk_at = 0.0
        self.closing = False
        self.lines: set[Line] = set()
        world.receivers.append(self.receive)
        for home in world.homes.values():
            # Who was in voice before an orderly restart.
            for state in home.snapshot.voice_states.values() if home.snapshot else ():
                self._joined(state)

    # Coming and going

    async def enter(self, wish: Identify) -> Seat | None:
        """A new voice session, for who has a good token; None for who has not."""
        home_id = wish.server_id
        at: dict[str, int | str] = {"home_id": home_id}
        token = VoiceToken(wish.user_id, wish.session_id, wish.token)
        try:
            reply = await call(self.world, OPERATIONS["enter_voice"], SYSTEM, at, token)
        except Refused as refused:
            logger.info("voice refused user=%d code=%d", wish.user_id, refused.error.code)
            return None
        media = await self._opened()
        # From here to the end nothing awaits: no commit falls between what is known and the room.
        home = self.world.homes.get(home_id)
        snapshot = None if home is None else home.snapshot
        state = None if snapshot is None else snapshot.voice_states.get(wish.user_id)
        if (
            snapshot is None
            or state is None
            or (state.session_id, state.channel_id) != (wish.session_id, reply.value)
        ):
            return None
        old = self._of_home.get(home_id, {}).get(wish.user_id)
        if old is not None:
            self._out(old, SESSION_INVALID)
        may, vad = self._flags(snapshot, state)
        peer = media.join(state.channel_id, wish.user_id, may)
        seat = Seat(home_id, wish, state.channel_id, peer, self.world.clock.now())
        seat.may, seat.vad = may, vad
        self.seats[seat.session_id] = seat
        self._of_home.setdefault(home_id, {})[seat.user_id] = seat
        self._of_peer[peer] = seat
        self._waiting.pop((home_id, seat.user_id), None)
        self._allow(seat)
        for other in self._others(seat):
            other.say(CLIENTS_CONNECT, {"user_ids": [str(seat.user_id)]})
        return seat

    async def _opened(self) -> Media:
        """The media server, which the first who needs it opens. Raises OSError."""
        async with self._opening:
            if self.media is None:
                self.media = await self._open_media(self)
            return self.media

    async def check(self) -> Sequence[Route]:
        """The ways to the media server, to be tried. Raises OSError where it cannot be opened."""
        return await (await self._opened()).check()

    def relays(self, user_id: int) -> Sequence[IceServer]:
        """What the relays are tried with, by a user, or by a guest (0)."""
        return self.turn.servers(user_id or GUEST, self.world.wall_ms() / 1000, TRY_S)

    def introduce(self, seat: Seat) -> None:
        """Tell a session that has its key who else is there, and them of it."""
        others = list(self._others(seat))
        if others:
            ids = [str(other.user_id) for other in others]
            seat.say(CLIENTS_CONNECT, {"user_ids": ids})
        for other in others:
            seat.say(SPEAKING, self._speaking(other))
            other.say(SPEAKING, self._speaking(seat))
            if seat.browser and any(each.kind != "audio" for each in other.peer.streams):
                seat.say(VIDEO, self._streams(seat, other))
        self.direct.settle(seat.home_id)

    def resume(self, wish: Resume) -> Seat | None:
        """The session that goes on; None where it cannot."""
        seat = self.seats.get(wish.session_id)
        if seat is None or seat.home_id != wish.server_id:
            return None
        if not hmac.compare_digest(seat.token.encode(), wish.token.encode()):
            return None
        # Its client lets media go directly anew.
        self.direct.allow(seat, on=False)
        return seat if seat.sent.after(wish.seq_ack) is not None else None

    def lost(self, peer: MediaPeer, why: str) -> None:
        """Its media is gone, or its key is used up: it joins anew."""
        seat = self._of_peer.get(peer)
        if seat is not None:
            logger.info("media lost user=%d why=%s", seat.user_id, why)
            self._leave(seat.home_id, seat.user_id, seat.session_id)

    def crashed(self, peer: MediaPeer) -> None:
        """Its media is gone by no fault of its own: it stays where it is, and gets a new token, for
        which clients wait after this code."""
        seat = self._of_peer.get(peer)
        if seat is not None:
            line, seat.line, seat.screen = seat.line, None, False
            self.hang_up(seat)
            if line is not None:
                line.close(DISCONNECTED)
            self._ask("readmit_voice", seat.home_id, seat.user_id, seat.session_id)

    def hang_up(self, seat: Seat) -> None:
        """Its client said goodbye: there is no way back, but to join anew."""
        self._forget(seat)
        state = self._state(seat)
        if state is not None:
            # It stays where it is for a while: libraries connect again with a new token.
            now = self.world.clock.now()
            key = (seat.home_id, seat.user_id)
            self._waiting.setdefault(key, (seat.session_id, state.channel_id, now + GRACE_S))

    def _out(self, seat: Seat, code: int) -> None:
        """Out of the room first, then goodbye."""
        self._forget(seat)
        if seat.line is not None:
            line, seat.line = seat.line, None
            line.close(code)

    def _forget(self, seat: Seat) -> None:
        if self.seats.get(seat.session_id) is not seat:
            return
        seat.peer.close()
        del self.seats[seat.session_id]
        del self._of_peer[seat.peer]
        of_home = self._of_home[seat.home_id]
        del of_home[seat.user_id]
        if not of_home:
            del self._of_home[seat.home_id]
        for other in self._others(seat):
            other.say(CLIENT_DISCONNECT, {"user_id": str(seat.user_id)})
            if other.screen and any(seat_of == other.user_id for seat_of, _ in seat.slots.values()):
                other.watchers_changed = True
        self.direct.settle(seat.home_id)
        if seat.screen:
            self._ask("set_streaming", seat.home_id, seat.user_id, seat.session_id, on=0)

    def _others(self, seat: Seat) -> Iterable[Seat]:
        """The other sessions of a room."""
        return [
            other
            for other in self._of_home.get(seat.home_id, {}).values()
            if other is not seat and other.channel_id == seat.channel_id
        ]

    def _leave(self, home_id: int, user_id: int, session_id: str) -> None:
        self._ask("leave_voice", home_id, user_id, session_id)

    def _ask(self, name: str, home_id: int, user_id: int, session_id: str, **more: int) -> None:
        """Ask for a change of a voice state, if it still is of this connection."""

        async def ask() -> None:
            at: dict[str, int | str] = {"home_id": home_id, "user_id": user_id}
            with suppress(Refused):
                at |= {"session_id": session_id, **more}
                await call(self.world, OPERATIONS[name], SYSTEM, at)

        self.world.tasks.start(ask(), name=name)

    # What changes

    def receive(self, home: Home | None, before: Views | None, commit: Commit) -> None:
        """A commit: whoever may do otherwise now does so from the next packet on."""
        for noun in commit.save:
            if isinstance(noun, VoiceState):
                self._joined(noun)
        for noun in commit.delete:
            if isinstance(noun, VoiceState):
                self._waiting.pop((noun.home_id, noun.user_id), None)
        self.direct.learn(commit)
        seats = self._of_home.get(commit.home)
        if not seats:
            return
        snapshot = None if home is None else home.snapshot
        if snapshot is None:
            for seat in list(seats.values()):
                self._out(seat, DISCONNECTED)
            return
        voices = [
            noun for noun in (*commit.save, *commit.delete) if isinstance(noun, VoiceState | Member)
        ]
        if commit.moves_sight or any(noun.user_id in seats for noun in voices):
            for seat in list(seats.values()):
                self._settle(seat, snapshot)
        if voices:
            self.direct.settle(commit.home)

    def _joined(self, state: VoiceState) -> None:
        seat = self.seats.get(state.session_id)
        if seat is None or seat.channel_id != state.channel_id:
            until = self.world.clock.now() + CONNECT_S
            key = (state.home_id, state.user_id)
            known = self._waiting.get(key)
            if known is None or known[:2] != (state.session_id, state.channel_id):
                self._waiting[key] = (state.session_id, state.channel_id, until)

    def _settle(self, seat: Seat, snapshot: Snapshot) -> None:
        state = snapshot.voice_states.get(seat.user_id)
        if state is None or state.session_id != seat.session_id:
            self._out(seat, CALL_TERMINATED if snapshot.guild is None else DISCONNECTED)
        elif state.channel_id != seat.channel_id:
            self._out(seat, DISCONNECTED)
        else:
            seat.may, seat.vad = self._flags(snapshot, state)
            self._allow(seat)
            if seat.speaking and not seat.may.audio_in:
                self._spoke(seat, 0)

    def _flags(self, snapshot: Snapshot, state: VoiceState) -> tuple[May, bool]:
        wall_ms = self.world.wall_ms()
        vad = True
        member = snapshot.members.get(state.user_id)
        channel = snapshot.channels.get(state.channel_id)
        if snapshot.guild is not None and member is not None:
            vad = bool(resolve(snapshot, member, channel, wall_ms) & P.USE_VAD)
        return May(*flags(snapshot, state, wall_ms)), vad

    def _allow(self, seat: Seat) -> None:
        """Who may not use voice activity is heard only while they say that they speak."""
        may = seat.may
        if not seat.vad and not seat.says:
            may = may._replace(audio_in=False)
        seat.peer.allow(may)

    def _state(self, seat: Seat) -> VoiceState | None:
        home = self.world.homes.get(seat.home_id)
        if home is None or home.snapshot is None:
            return None
        state = home.snapshot.voice_states.get(seat.user_id)
        return state if state is not None and state.session_id == seat.session_id else None

    # What clients say

    def speak(self, seat: Seat, said: int) -> None:
        """Op 5 of a client: whether it speaks; who may not speak first does not."""
        said &= FLAGS if seat.may.priority else FLAGS & ~PRIORITY
        seat.active_at = self.world.clock.now()
        seat.says = bool(said)
        # Who of those in browsers is loud the media server hears itself.
        if not seat.browser or not said:
            self._spoke(seat, said)
        if not seat.vad:
            self._allow(seat)

    def show(self, seat: Seat, kinds: Mapping[str, str]) -> None:
        """Op 12 of a browser: which sections of its offer are screens."""
        seat.peer.label(
            {mid: "screen" if kind == "screen" else "video" for mid, kind in kinds.items()}
        )

    def _spoke(self, seat: Seat, said: int) -> None:
        if seat.may.audio_in or not said:
            seat.speaking = said
            for other in self._others(seat):
                other.say(SPEAKING, self._speaking(seat))

    @staticmethod
    def _speaking(seat: Seat) -> dict[str, Any]:
        return {
            "user_id": str(seat.user_id),
            "ssrc": seat.peer.ssrc,
            "speaking": seat.speaking,
            "delay": 0,
        }

    # What the media server says

    def speaking(self, peer: MediaPeer, flags: int) -> None:
        """A browser's microphone became loud or silent."""
        seat = self._of_peer.get(peer)
        if seat is not None:
            seat.active_at = self.world.clock.now()
            self._spoke(seat, flags)

    def streams(self, peer: MediaPeer) -> None:
        """What a peer publishes changed; it is told too, to know how others call it."""
        seat = self._of_peer.get(peer)
        if seat is None:
            return
        self._tell_streams(seat)
        screen = any(each.kind == "screen" and each.active for each in peer.streams)
        if screen != seat.screen:
            seat.screen = screen
            self._ask("set_streaming", seat.home_id, seat.user_id, seat.session_id, on=int(screen))

    def _tell_streams(self, shower: Seat) -> None:
        shower.watchers_changed = False
        for other in (shower, *self._others(shower)):
            if other.browser:
                other.say(VIDEO, self._streams(other, shower))

    def _streams(self, viewer: Seat, shower: Seat) -> dict[str, Any]:
        """All pictures of one, in which sections of the viewer's offer they are, and who watches
        the screens."""
        shown = [each for each in shower.peer.streams if each.kind != "audio"]
        slots = {where: mid for mid, where in viewer.slots.items()}
        own = viewer is shower
        return {
            "user_id": str(shower.user_id),
            "audio_ssrc": shower.peer.ssrc,
            "video_ssrc": shown[0].ssrc if shown else 0,
            "streams": [
                {
                    "type": each.kind,
                    "ssrc": each.ssrc,
                    "active": each.active,
                    "mid": each.mid if own else slots.get((shower.user_id, each.ssrc)),
                    "layers": each.layers,
                    **({"watchers": self._watchers(shower, each.ssrc)} if _is_screen(each) else {}),
                }
                for each in shown
            ],
        }

    def _watchers(self, shower: Seat, ssrc: int) -> list[str]:
        """Those to whom a screen is carried."""
        where = (shower.user_id, ssrc)
        return [
            str(other.user_id) for other in self._others(shower) if where in other.slots.values()
        ]

    def mapped(self, peer: MediaPeer, mid: str, user_id: int | None, ssrc: int, kind: Kind) -> None:
        """A receive slot of a viewer's carries somebody else now, or nobody."""
        seat = self._of_peer.get(peer)
        if seat is None:
            return
        others = self._of_home.get(seat.home_id, {})
        other = None if user_id is None else others.get(user_id)
        if kind == "audio":
            speaking = 0 if other is None else other.speaking
            who = None if user_id is None else str(user_id)
            seat.say(SPEAKING, {"user_id": who, "ssrc": ssrc, "speaking": speaking, "mid": mid})
            return
        before = seat.slots.pop(mid, None)
        if user_id is not None:
            seat.slots[mid] = (user_id, ssrc)
        for each in {before[0] if before else None, user_id} - {None}:
            shower = others.get(each or 0)
            if shower is not None:
                seat.say(VIDEO, self._streams(seat, shower))
                shower.watchers_changed = shower.watchers_changed or kind == "screen"

    def demand(self, peer: MediaPeer, wanted: Mapping[int, int]) -> None:
        """The best that anyone wants of each of a publisher's streams."""
        seat = self._of_peer.get(peer)
        if seat is not None:
            d: dict[str, Any] = {"any": 0, **{str(ssrc): each for ssrc, each in wanted.items()}}
            seat.say(MEDIA_SINK_WANTS, d)

    # Time

    def detach(self, seat: Seat, line: Line) -> None:
        """Its socket is gone; it may be back."""
        if seat.line is line:
            seat.line = None
            seat.since = self.world.clock.now()
            self.direct.allow(seat, on=False)

    def sweep(self) -> None:
        """Called each second: ends what did not come, or come back; moves who is away; tells
        who watches whose screen.
        """
        now = self.world.clock.now()
        for (home_id, user_id), (session_id, _, until) in list(self._waiting.items()):
            if now >= until:
                del self._waiting[home_id, user_id]
                self._leave(home_id, user_id, session_id)
        for seat in list(self.seats.values()):
            if seat.line is None and now - seat.since > GRACE_S:
                self._forget(seat)
                self._leave(seat.home_id, seat.user_id, seat.session_id)
        for seat in self.seats.values():
            if seat.watchers_changed:
                self._tell_streams(seat)
        if now - self._afk_at >= AFK_EVERY_S:
            self._afk_at = now
            self._move_away(now)

    def _move_away(self, now: float) -> None:
        for home_id, seats in self._of_home.items():
            home = self.world.homes.get(home_id)
            guild = None if home is None or home.snapshot is None else home.snapshot.guild
            if guild is None or guild.afk_channel_id is None:
                continue
            for seat in seats.values():
                silent = now - seat.active_at >= guild.afk_timeout
                if silent and seat.channel_id != guild.afk_channel_id and self._away(seat.user_id):
                    at: dict[str, int | str] = {"home_id": home_id, "user_id": seat.user_id}
                    work = call(self.world, OPERATIONS["move_to_afk"], SYSTEM, at)
                    self.world.tasks.start(work, name="afk")

    def health(self) -> Sequence[Health]:
        """How the processes are that carry media; none before the first client."""
        return () if self.media is None else self.media.health()

    async def close(self) -> None:
        """Out with everybody, who are told where to connect anew once the server is back.

        By 4014 libraries wait for that; after another code discord.py calls a gateway that is gone.
        """
        self.closing = True
        for seat in list(self.seats.values()):
            self._out(seat, DISCONNECTED)
        for line in list(self.lines):
            line.close(GOING_AWAY)
        if self.media is not None:
            await self.media.close()


def _is_screen(stream: Stream) -> bool:
    return stream.kind == "screen"
