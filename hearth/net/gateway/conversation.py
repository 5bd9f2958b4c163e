"""What a gateway client may say and when: the protocol of one connection as a pure machine.

(Discord topics "Gateway" and "Opcodes and status codes".) `receive` takes one whole message,
`tick` the time; both give what the connection must do, in order. Time is monotonic seconds.
"""

from typing import Any

import msgspec
from msgspec import Struct

from hearth.core.events import ALL_INTENTS
from hearth.core.models.presence import PresencePut

HEARTBEAT_S = 41.25
"""The interval that HELLO asks for."""

PATIENCE_S = HEARTBEAT_S * 1.5
"""A client that says nothing for so long is gone."""

SENDS, SENDS_PER_S = 120, 60.0
"""What one connection may send in each window."""

BOT_LIMIT_BYTES = 4096
PERSON_LIMIT_BYTES = 15 * 1024

MOST_PRESENCE_BYTES = 4096
"""A presence is kept and told to others, so people's must not be greater than bots'."""

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE_UPDATE, VOICE_STATE_UPDATE = 0, 1, 2, 3, 4
RESUME, RECONNECT, REQUEST_GUILD_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 6, 7, 8, 9, 10, 11
CALL_CONNECT, SUBSCRIBE_GUILD, SUBSCRIBE_GUILDS = 13, 14, 37
REQUEST_SOUNDBOARD_SOUNDS, LAST_MESSAGES, CHANNEL_STATUSES, CHANNEL_INFO = 31, 34, 36, 43
QOS_HEARTBEAT = 40

COMMANDS = frozenset(
    {
        PRESENCE_UPDATE,
        VOICE_STATE_UPDATE,
        REQUEST_GUILD_MEMBERS,
        CALL_CONNECT,
        SUBSCRIBE_GUILD,
        SUBSCRIBE_GUILDS,
        REQUEST_SOUNDBOARD_SOUNDS,
        LAST_MESSAGES,
        CHANNEL_STATUSES,
        CHANNEL_INFO,
    }
)
QUIET = frozenset({5, 12, 18, 19, 20, 21, 22, 28, 29, 30, 35, 38, 39, 41})
"""Opcodes of other clients of Discord's: nothing is done, and nothing is said."""

UNKNOWN_ERROR = 4000
UNKNOWN_OPCODE = 4001
DECODE_ERROR = 4002
NOT_AUTHENTICATED = 4003
AUTHENTICATION_FAILED = 4004
ALREADY_AUTHENTICATED = 4005
INVALID_SEQ = 4007
RATE_LIMITED = 4008
TIMED_OUT = 4009
INVALID_SHARD = 4010
INVALID_VERSION = 4012
INVALID_INTENTS = 4013
DISALLOWED_INTENTS = 4014
TOO_MANY_SESSIONS = 4015

REASONS = {
    UNKNOWN_ERROR: "Unknown error.",
    UNKNOWN_OPCODE: "Unknown opcode.",
    DECODE_ERROR: "Error while decoding payload.",
    NOT_AUTHENTICATED: "Not authenticated.",
    AUTHENTICATION_FAILED: "Authentication failed.",
    ALREADY_AUTHENTICATED: "Already authenticated.",
    INVALID_SEQ: "Invalid seq.",
    RATE_LIMITED: "Rate limited.",
    TIMED_OUT: "Session timed out.",
    INVALID_SHARD: "Invalid shard.",
    INVALID_VERSION: "Invalid API version.",
    INVALID_INTENTS: "Invalid intents.",
    DISALLOWED_INTENTS: "Disallowed intents.",
    TOO_MANY_SESSIONS: "Too many sessions.",
}


class Identify(Struct, frozen=True):
    """Op 2: who it is and what it wants to be told."""

    token: str
    properties: dict[str, Any] = {}
    compress: bool = False
    large_threshold: int = 50
    shard: tuple[int, int] | None = None
    presence: PresencePut | None = None
    intents: int | None = None
    capabilities: int = 0


class Resume(Struct, frozen=True):
    """Op 6: which session goes on, and after which event."""

    token: str
    session_id: str
    seq: int


class Beat(Struct, frozen=True):
    """Op 1: answer with op 11; `seq` is what the client has, None before the first event."""

    seq: int | None


class Command(Struct, frozen=True):
    """An opcode that is an operation: `d` is its JSON."""

    op: int
    d: bytes


class Close(Struct, frozen=True):
    """Close the connection with this code."""

    code: int

    @property
    def reason(self) -> str:
        """What the close frame says."""
        return REASONS[self.code]


Output = Identify | Resume | Beat | Command | Close


class _Payload(Struct, frozen=True):
    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")


_payload = msgspec.json.Decoder(_Payload)
_identify = msgspec.json.Decoder(Identify)
_resume = msgspec.json.Decoder(Resume)
_seq = msgspec.json.Decoder(int | None)


class Conversation:
    """The state of one connection: whether it has identified, when it last spoke, how much."""

    __slots__ = ("_heard", "_sends", "_window", "begun", "limits")

    def __init__(self, now: float, *, sends: int = SENDS) -> None:
        self.begun = False
        """Whether IDENTIFY or RESUME has been taken."""
        self.limits = sends
        self._heard = now
        self._window = now
        self._sends = 0

    def restart(self) -> None:
        """The client was told that its session is invalid: it may identify on this connection."""
        self.begun = False

    def receive(self, text: bytes, now: float) -> Output | None:
        """What to do about one message; None is nothing."""
        if now - self._window >= SENDS_PER_S:
            self._window, self._sends = now, 0
        self._sends += 1
        if self._sends > self.limits:
            return Close(RATE_LIMITED)
        try:
            payload = _payload.decode(text)
            return self._understand(payload.op, bytes(payload.d), now)
        except (msgspec.DecodeError, RecursionError):
            return Close(DECODE_ERROR)

    def _understand(self, op: int, d: bytes, now: float) -> Output | None:
        if op == HEARTBEAT:
            self._heard = now
            return Beat(_seq.decode(d))
        if op == QOS_HEARTBEAT:
            self._heard = now
            return Beat(msgspec.json.decode(d, type=_Qos).seq)
        if op == IDENTIFY:
            return self._begin(_identify.decode(d))
        if op == RESUME:
            return self._begin(_resume.decode(d))
        if op in QUIET:
            return None
        if op not in COMMANDS:
            return Close(UNKNOWN_OPCODE)
        if not self.begun:
            return Close(NOT_AUTHENTICATED)
        if op == PRESENCE_UPDATE and len(d) > MOST_PRESENCE_BYTES:
            return Close(DECODE_ERROR)
        return Command(op, d)

    def _begin(self, wish: Identify | Resume) -> Output:
        if self.begun:
            return Close(ALREADY_AUTHENTICATED)
        if isinstance(wish, Identify):
            if wish.presence and len(msgspec.json.encode(wish.presence)) > MOST_PRESENCE_BYTES:
                return Close(DECODE_ERROR)
            if wish.intents is not None and (wish.intents < 0 or wish.intents & ~ALL_INTENTS):
                return Close(INVALID_INTENTS)
            if wish.shard is not None and not 0 <= wish.shard[0] < wish.shard[1]:
                return Close(INVALID_SHARD)
        self.begun = True
        return wish

    def wake_at(self) -> float:
        """When `tick` is due."""
        return self._heard + PATIENCE_S

    def tick(self, now: float) -> Output | None:
        """Close a connection whose heartbeats have stopped."""
        return Close(TIMED_OUT) if now >= self.wake_at() else None


class _Qos(Struct, frozen=True):
    seq: int | None
