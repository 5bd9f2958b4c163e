"""What a voice client may say and when: the protocol of one signalling connection, pure.

(Discord topic "Voice connections", versions 4 to 9; discord-userdoccers, "Voice Connections".)
`receive` takes one whole message, `tick` the time; time is monotonic seconds.
"""

from typing import Any

import msgspec
from msgspec import Struct

from hearth.core.wire import Snowflake
from hearth.net.voice.direct import DIRECT, Word

HEARTBEAT_S = 13.75
"""The interval that HELLO asks for."""

PATIENCE_S = HEARTBEAT_S * 3
"""A client that says nothing for so long is gone."""

GREETING_S = 15.0
"""Who has not said so long after the beginning who it is is not waited for."""

SENDS, SENDS_PER_S = 120, 60.0
LIMIT_BYTES = 16 * 1024
SDP_BYTES = 64 * 1024

IDENTIFY, SELECT_PROTOCOL, READY, HEARTBEAT, SESSION_DESCRIPTION, SPEAKING = 0, 1, 2, 3, 4, 5
HEARTBEAT_ACK, RESUME, HELLO, RESUMED, CLIENTS_CONNECT, VIDEO, CLIENT_DISCONNECT = (
    6, 7, 8, 9, 11, 12, 13,
)  # fmt: skip
MEDIA_SINK_WANTS = 15
QUIET = frozenset({14, 16, 17, 18, 19, 20, *range(21, 32)})
"""Opcodes of what Hearth does not have, such as DAVE's: nothing is done, and nothing is said."""

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, SESSION_INVALID, TIMED_OUT, SERVER_NOT_FOUND = 4005, 4006, 4009, 4011
UNKNOWN_PROTOCOL, DISCONNECTED, UNKNOWN_MODE, BAD_REQUEST = 4012, 4014, 4016, 4020
RATE_LIMITED, CALL_TERMINATED = 4021, 4022
GOING_AWAY = 1001

REASONS = {
    UNKNOWN_OPCODE: "Unknown opcode.",
    DECODE_ERROR: "Failed to decode payload.",
    NOT_AUTHENTICATED: "Not authenticated.",
    AUTHENTICATION_FAILED: "Authentication failed.",
    ALREADY_AUTHENTICATED: "Already authenticated.",
    SESSION_INVALID: "Session is no longer valid.",
    TIMED_OUT: "Session timeout.",
    SERVER_NOT_FOUND: "Server not found.",
    UNKNOWN_PROTOCOL: "Unknown protocol.",
    DISCONNECTED: "Disconnected.",
    UNKNOWN_MODE: "Unknown encryption mode.",
    BAD_REQUEST: "Bad request.",
    RATE_LIMITED: "Disconnected, rate limited.",
    CALL_TERMINATED: "Disconnected, call terminated.",
    GOING_AWAY: "Going away.",
}


class Identify(Struct, frozen=True):
    """Op 0: into which voice, by the token that VOICE_SERVER_UPDATE told."""

    server_id: Snowflake
    user_id: Snowflake
    session_id: str
    token: str
    max_dave_protocol_version: int = 0
    video: bool = False
    streams: list[Any] = []
    channel_id: Snowflake | None = None


class Resume(Struct, frozen=True):
    """Op 7: go on with a voice session after the message `seq_ack`."""

    server_id: Snowflake
    session_id: str
    token: str
    seq_ack: int = -1


class UdpChoice(Struct, frozen=True):
    """What a bot chose. The address that it names is not used: it is known by its datagrams."""

    mode: str
    address: str = ""
    port: int = 0


class SelectProtocol(Struct, frozen=True):
    """Op 1: `udp` with a mode, or `webrtc` with an offer."""

    protocol: str
    data: UdpChoice | str | None = None
    rtc_connection_id: str | None = None
    rev: int | None = None
    sdp: str | None = None


class Beat(Struct, frozen=True):
    """Op 3: answer with op 6; `seq_ack` is what the client has of numbered messages."""

    nonce: int
    seq_ack: int | None = None
    whole: bool = True
    """Whether the answer is an object, as from version 8 on."""


class Speaking(Struct, frozen=True):
    """Op 5: whether one speaks, as flags."""

    speaking: int | bool = 0
    delay: int = 0
    ssrc: int | None = None


class VideoStream(Struct, frozen=True):
    """One of what a client publishes, by the section of its offer."""

    type: str = "video"
    mid: str | None = None
    rid: str | None = None
    active: bool = True


class Video(Struct, frozen=True):
    """Op 12: what a client publishes."""

    audio_ssrc: int = 0
    video_ssrc: int = 0
    rtx_ssrc: int = 0
    streams: list[VideoStream] = []


class Wants(Struct, frozen=True):
    """Op 15: what a viewer shows, by ssrc."""

    others: int
    wanted: dict[int, int]
    pixels: dict[int, int]


class Close(Struct, frozen=True):
    """Close the connection with this code."""

    code: int


Output = Identify | Resume | SelectProtocol | Beat | Speaking | Video | Wants | Word | Close


class _Payload(Struct, frozen=True):
    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")


class _Beat(Struct, frozen=True):
    t: int
    seq_ack: int | None = None


def _read(form: Any, d: bytes) -> Any:
    return msgspec.json.decode(d, type=form, strict=False)


class Conversation:
    """The state of one connection: whether it has begun, when it last spoke, how much."""

    __slots__ = ("_began", "_heard", "_sends", "_window", "begun", "limits")

    def __init__(self, now: float, *, sends: int = SENDS) -> None:
        self.begun = False
        """Whether IDENTIFY or RESUME has been taken."""
        self.limits = sends
        self._began = now
        self._heard = now
        self._window = now
        self._sends = 0

    def receive(self, text: bytes, now: float, *, binary: bool = False) -> Output | None:
        """What to do about one message; None is nothing."""
        if now - self._window >= SENDS_PER_S:
            self._window, self._sends = now, 0
        self._sends += 1
        if self._sends > self.limits:
            return Close(RATE_LIMITED)
        if binary:
            return None  # Only DAVE speaks so, which was not agreed on.
        try:
            payload = _read(_Payload, text)
            if len(text) > LIMIT_BYTES and payload.op not in _LONG:
                return Close(DECODE_ERROR)
            return self._understand(payload.op, bytes(payload.d), now)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return Close(DECODE_ERROR)

    def _understand(self, op: int, d: bytes, now: float) -> Output | None:
        if op == HEARTBEAT:
            self._heard = now
            beat = _read(_Beat | int | None, d)
            if isinstance(beat, _Beat):
                return Beat(beat.t, beat.seq_ack)
            return Beat(beat or 0, whole=False)
        if op in (IDENTIFY, RESUME):
            wish = _read(Identify if op == IDENTIFY else Resume, d)
            if self.begun:
                return Close(ALREADY_AUTHENTICATED)
            self.begun = True
            return wish
        if op in QUIET:
            return None
        if op not in _FORMS and op != MEDIA_SINK_WANTS:
            return Close(UNKNOWN_OPCODE)
        if not self.begun:
            return Close(NOT_AUTHENTICATED)
        if op == MEDIA_SINK_WANTS:
            return _wants(_read(dict[str, Any], d))
        return _read(_FORMS[op], d)

    def wake_at(self) -> float:
        """When `tick` is due."""
        if not self.begun:
            return self._began + GREETING_S
        return self._heard + PATIENCE_S

    def tick(self, now: float) -> Output | None:
        """Close a connection whose heartbeats have stopped, or that never began."""
        return Close(TIMED_OUT) if now >= self.wake_at() else None


_FORMS: dict[int, Any] = {
    SELECT_PROTOCOL: SelectProtocol,
    SPEAKING: Speaking,
    VIDEO: Video,
    DIRECT: Word,
}
_LONG = frozenset({SELECT_PROTOCOL, DIRECT})
"""What may have descriptions of media in it."""

_MOST_WANTED = 256


def _wants(d: dict[str, Any]) -> Wants:
    """Op 15's object: "any", an ssrc each, and "pixelCounts". Raises ValueError."""
    numbers = dict[int, int]
    pixels = msgspec.convert(d.pop("pixelCounts", {}), dict[str, float])
    others = msgspec.convert(d.pop("any", 0), int, strict=False)
    if max(len(d), len(pixels)) > _MOST_WANTED:
        raise ValueError("too many")
    return Wants(
        others,
        msgspec.convert({k: v for k, v in d.items() if k.isdecimal()}, numbers, strict=False),
        {int(ssrc): int(count) for ssrc, count in pixels.items()},
    )


class Sent:
    """The numbered messages of a voice session: what the client may have missed is kept."""

    __slots__ = ("_base", "_kept")

    MOST = 256

    def __init__(self) -> None:
        self._base = 0
        """The number before the first that is kept."""
        self._kept: list[bytes] = []

    def number(self, op: int, d: bytes) -> bytes:
        """A message with the next number, from 1."""
        made = b'{"op":%d,"d":%b,"seq":%d}' % (op, d, self.last + 1)
        self._kept.append(made)
        if len(self._kept) > self.MOST:
            self._base += 1
            del self._kept[0]
        return made

    @property
    def last(self) -> int:
        """The number of the newest."""
        return self._base + len(self._kept)

    def acknowledge(self, seq: int) -> None:
        """The client has all up to `seq`."""
        if self._base < seq <= self.last:
            del self._kept[: seq - self._base]
            self._base = seq

    def after(self, seq: int) -> list[bytes] | None:
        """What follows `seq`, -1 being before all; None when it is not kept any more."""
        seq = max(seq, 0)
        if not self._base <= seq <= self.last:
            return None
        return self._kept[seq - self._base :]
