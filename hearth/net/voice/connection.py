"""The voice gateway's sockets: each carries a conversation, and a seat once it has identified."""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from hearth.core.voice_ports import MODES
from hearth.net.gateway.framed import Framed
from hearth.net.gateway.frames import Message, close_frame, text_frame
from hearth.net.voice import conversation
from hearth.net.voice.conversation import (
    HEARTBEAT_ACK,
    HELLO,
    READY,
    RESUMED,
    SESSION_DESCRIPTION,
    Beat,
    Close,
    Conversation,
    Identify,
    Output,
    Resume,
    SelectProtocol,
    Speaking,
    UdpChoice,
    Video,
    Wants,
)
from hearth.net.voice.direct import Word
from hearth.net.voice.door import Seat, VoiceDoor

logger = logging.getLogger(__name__)

STALLED_BYTES = 1 << 20
"""Who takes nothing until so much waits is cut."""

_encode = msgspec.json.Encoder().encode

Work = Identify | Resume | SelectProtocol


class VoiceConnection(Framed):
    """One client's socket after the upgrade.

    `ip` is where it comes from, and may be empty; `media_ip` what it is told to send to.
    """

    NAME = "voice"
    UNREADABLE = conversation.DECODE_ERROR
    FAULT = conversation.BAD_REQUEST

    def __init__(
        self,
        door: VoiceDoor,
        transport: asyncio.Transport,
        *,
        ip: str,
        media_ip: str,
        left: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(transport, conversation.SDP_BYTES + conversation.LIMIT_BYTES)
        self.door = door
        self.ip, self.media_ip = ip, media_ip
        self.left = left
        self.seat: Seat | None = None
        now = door.world.clock.now()
        self.talk = Conversation(now, sends=max(1, int(conversation.SENDS * door.scale)))
        door.lines.add(self)
        self._wake: asyncio.TimerHandle | None = None
        d = b'{"v":8,"heartbeat_interval":%d}' % int(conversation.HEARTBEAT_S * 1000)
        self.say(HELLO, d)
        self._watch()
        if door.closing:
            self.close(conversation.GOING_AWAY)

    # The transport's side

    def said(self, message: Message) -> None:
        """One whole message."""
        now = self.door.world.clock.now()
        self._act(self.talk.receive(message.data, now, binary=message.binary))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; the seat waits to be taken again."""
        self._detach()
        if self._wake is not None:
            self._wake.cancel()
        self.door.lines.discard(self)
        self.left()

    # What is said

    def write(self, data: bytes) -> None:
        """Send one text message; who takes nothing is cut."""
        if not self.transport.is_closing():
            self.transport.write(text_frame(data))
            if self.transport.get_write_buffer_size() > STALLED_BYTES:
                self.transport.abort()

    def say(self, op: int, d: bytes) -> None:
        """Send a message that has no number."""
        self.write(b'{"op":%d,"d":%b}' % (op, d))

    def close(self, code: int) -> None:
        """Say goodbye; the seat, if it still has one, waits to be taken again."""
        if not self.transport.is_closing():
            self._detach()
            self.transport.write(close_frame(code, conversation.REASONS.get(code, "")))
            self.transport.close()

    def goodbye(self, code: int) -> None:
        """The client closed: by 1000 or 4014 for good, by all else it may be back."""
        seat = self.seat
        self._detach()
        if seat is not None and seat.line is None and code in (1000, 1001, 4014):
            self.door.hang_up(seat)
        self.transport.write(close_frame(code))
        self.transport.close()

    def _detach(self) -> None:
        seat, self.seat = self.seat, None
        if seat is not None:
            self.door.detach(seat, self)

    def _watch(self) -> None:
        """Close a connection whose heartbeats have stopped."""
        loop = asyncio.get_running_loop()
        now = self.door.world.clock.now()
        self._act(self.talk.tick(now))
        if not self.transport.is_closing():
            self._wake = loop.call_later(max(0.1, self.talk.wake_at() - now), self._watch)

    def _act(self, output: Output | None) -> None:
        if output is None:
            return
        seat = self.seat
        if isinstance(output, Beat):
            if seat is not None and output.seq_ack is not None:
                seat.sent.acknowledge(output.seq_ack)
            d = b'{"t":%d}' % output.nonce if output.whole else b"%d" % output.nonce
            self.say(HEARTBEAT_ACK, d)
        elif isinstance(output, Close):
            self.close(output.code)
        elif isinstance(output, Work):
            self.do(output, self.door.world.tasks)
        elif seat is None:
            self.close(conversation.NOT_AUTHENTICATED)
        elif isinstance(output, Speaking):
            self.door.speak(seat, int(output.speaking))
        elif isinstance(output, Video):
            self.door.show(seat, {each.mid: each.type for each in output.streams if each.mid})
        elif isinstance(output, Word):
            self.door.direct.say(seat, output)
        else:
            assert isinstance(output, Wants)
            seat.peer.want(output.others, output.wanted, output.pixels)

    # What takes a while

    async def obey(self, wish: Work) -> None:
        """Let it in, and let it choose how its media comes."""
        if isinstance(wish, Identify):
            await self._identify(wish)
        elif isinstance(wish, Resume):
            self._resume(wish)
        else:
            await self._select(wish)

    async def _identify(self, wish: Identify) -> None:
        seat = await self.door.enter(wish)
        if self.transport.is_closing():
            return  # Nobody waits for it: it lapses like one whose socket is gone.
        if seat is None:
            self.close(conversation.AUTHENTICATION_FAILED)
            return
        self._take(seat)
        media = self.door.media
        assert media is not None
        try:
            await media.expect(seat.peer, self.ip)
        except ValueError:
            self.close(conversation.SESSION_INVALID)
        if self.seat is not seat:
            return
        # Bots have no use for relays.
        wall = self.door.world.wall_ms() / 1000
        relays = self.door.turn.servers(wish.user_id, wall) if wish.video else []
        self.write(
            seat.sent.number(
                READY,
                _encode(
                    {
                        "ssrc": seat.peer.ssrc,
                        "ip": self.media_ip,
                        "port": seat.peer.port,
                        "modes": MODES,
                        "experiments": [],
                        "streams": wish.streams[:8] if wish.video else [],
                        "ice_servers": relays,
                    }
                ),
            )
        )

    def _take(self, seat: Seat) -> None:
        if seat.line is not None and seat.line is not self:
            old, seat.line = seat.line, None
            old.close(conversation.SESSION_INVALID)
        self.seat, seat.line = seat, self

    def _resume(self, wish: Resume) -> None:
        seat = self.door.resume(wish)
        if seat is None:
            self.close(conversation.SESSION_INVALID)
            return
        missed = seat.sent.after(wish.seq_ack) or []
        self._take(seat)
        for each in missed:
            self.write(each)
        self.say(RESUMED, b"null")

    async def _select(self, wish: SelectProtocol) -> None:
        seat, media = self.seat, self.door.media
        if seat is None or media is None:
            self.close(conversation.NOT_AUTHENTICATED)
        elif wish.protocol == "udp" and isinstance(wish.data, UdpChoice):
            try:
                key = await media.select(seat.peer, wish.data.mode)
            except ValueError:
                self.close(conversation.UNKNOWN_MODE)
                return
            if self.seat is not seat:
                return
            d = {
                "mode": wish.data.mode,
                "secret_key": list(key),
                "audio_codec": "opus",
                "video_codec": "VP8",
                "media_session_id": seat.session_id,
                "dave_protocol_version": 0,
            }
            self.say(SESSION_DESCRIPTION, _encode(d))
            self.door.introduce(seat)
        elif wish.protocol == "webrtc" and (offer := wish.data or wish.sdp):
            await self._answer(seat, str(offer), wish)
        else:
            self.close(conversation.UNKNOWN_PROTOCOL)

    async def _answer(self, seat: Seat, offer: str, wish: SelectProtocol) -> None:
        try:
            sdp = await seat.peer.offer(offer)
        except ValueError as error:
            logger.info("offer refused user=%d: %s", seat.user_id, error)
            self.close(conversation.BAD_REQUEST)
            return
        if self.seat is not seat:
            return
        first, seat.browser = not seat.browser, True
        d = {
            "type": "answer",
            "rev": wish.rev or 1,
            "sdp": sdp,
            "audio_codec": "opus",
            "video_codec": "VP8",
            "media_session_id": seat.session_id,
            "dave_protocol_version": 0,
        }
        self.say(SESSION_DESCRIPTION, _encode(d))
        if first:
            self.door.introduce(seat)
