"""How a Gateway payload becomes bytes on a connection, plain or in a zlib stream.

A dispatch goes to many sessions and differs between them in one thing, the sequence `s`. So a
Payload holds bytes that all of them share and a session's frame is `head + s + tail`: `s` is
padded with spaces to ten places (JSON allows them), hence the length in the frame header is
shared as well.

In `zlib-stream` (Discord topic "Gateway", "Transport Compression") a connection is one endless
zlib stream. Here none has a compressor: every message is made of deflate blocks that refer to
nothing before them, so that the same blocks fit into any connection's stream. `s` stands in a
stored block (RFC 1951 3.2.4) before them. One block of a compressor with a memory would break
the connection without an error. The checksum of RFC 1950 is never due, as no stream ends.
"""

import zlib
from collections.abc import Sequence
from enum import Enum
from typing import Final, Protocol

from hearth.net.gateway.frames import BINARY, TEXT, binary_frame, frame_header, text_frame


class Encoding(Enum):
    """How payloads travel on a connection, by the `compress` parameter of its URL."""

    PLAIN = "plain"
    ZLIB_STREAM = "zlib-stream"


PLAIN: Final = Encoding.PLAIN
ZLIB_STREAM: Final = Encoding.ZLIB_STREAM

_S_BYTES: Final = 10
_BEFORE_S: Final = b'{"s":'
# This order of keys: some libraries search the text for the first "s", "op" and "t" before they
# parse it, and `d` may hold such keys too.
_BEFORE_T: Final = b',"op":0,"t":"'
_BEFORE_D: Final = b'","d":'

_ZLIB_HEADER: Final = b"\x78\x01"
"""RFC 1950 2.2: deflate, a window of 32 KiB, fastest, no dictionary."""

_FLUSH: Final = b"\x00\x00\x00\xff\xff"
"""An empty stored block. Clients take a message for complete when it ends in its last four."""

_STORED_BELOW_BYTES: Final = 128
"""Deflate gains nothing on a heartbeat's answer and costs 7 µs."""


def _stored_header(length: int) -> bytes:
    """The header of a stored block that begins at a byte boundary and is not the last one.

    RFC 1951 3.2.4; `length` is at most 65,535 bytes.
    """
    return b"\x00" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little")


_STORED_S: Final = _stored_header(len(_BEFORE_S) + _S_BYTES) + _BEFORE_S


def _deflate(data: bytes) -> bytes:
    """Blocks that hold `data`, refer to nothing before and end at a byte boundary with _FLUSH."""
    if len(data) < _STORED_BELOW_BYTES:
        return _stored_header(len(data)) + data + _FLUSH
    compressor = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)


class Payload:
    """A dispatch, encoded once for all its sessions: event name `t` and the JSON bytes of `d`.

    `plain` is (head, tail) for plain connections; `deflated` the same for `zlib-stream`, made by
    `deflate` when the first such session needs it. `size` is what a plain frame takes, in bytes.
    """

    __slots__ = ("_d_start", "deflated", "plain", "size")

    def __init__(self, t: str, d: bytes) -> None:
        before_d = b"".join((_BEFORE_T, t.encode(), _BEFORE_D))
        tail = b"".join((before_d, d, b"}"))
        length = len(_BEFORE_S) + _S_BYTES + len(tail)
        head = frame_header(TEXT, length) + _BEFORE_S
        self._d_start = len(before_d)
        self.plain = head, tail
        self.deflated: tuple[bytes, bytes] | None = None
        self.size = len(head) + _S_BYTES + len(tail)

    @property
    def t(self) -> str:
        """The event's name."""
        return self.plain[1][len(_BEFORE_T) : self._d_start - len(_BEFORE_D)].decode()

    @property
    def d(self) -> bytes:
        """The event's data, as JSON."""
        return self.plain[1][self._d_start : -1]

    def deflate(self) -> tuple[bytes, bytes]:
        """Make and keep `deflated`."""
        tail = _deflate(self.plain[1])
        head = frame_header(BINARY, len(_STORED_S) + _S_BYTES + len(tail)) + _STORED_S
        self.deflated = head, tail
        return self.deflated


class Framed(Protocol):
    """What a frame is made of: a Payload, or what stands for one that is not made yet."""

    @property
    def plain(self) -> tuple[bytes, bytes]:
        """Head and tail of a plain frame."""
        ...

    @property
    def deflated(self) -> tuple[bytes, bytes] | None:
        """Head and tail of a deflated frame, where they were made."""
        ...

    def deflate(self) -> tuple[bytes, bytes]:
        """Make head and tail of a deflated frame."""
        ...


def _ends(payload: Framed, encoding: Encoding) -> tuple[bytes, bytes]:
    """What stands before and behind `s` in a frame."""
    return payload.plain if encoding is PLAIN else payload.deflated or payload.deflate()


def frame(payload: Framed, s: int, encoding: Encoding) -> bytes:
    """The frame of one dispatch with sequence `s` (below 10 ** 10)."""
    head, tail = _ends(payload, encoding)
    return b"%b%10d%b" % (head, s, tail)


def frames(
    payloads: Sequence[Framed],
    first_s: int,
    encoding: Encoding,
    limit_bytes: int,
    start: int = 0,
) -> tuple[bytes, int]:
    """The frames of `payloads[start:]` numbered from `first_s`, as many as fit, and their count.

    Together they take at most `limit_bytes`, but the first is always there. Nothing gives
    (b"", 0).
    """
    end = len(payloads)
    if end - start == 1:
        return frame(payloads[start], first_s, encoding), 1
    pieces: list[bytes] = []
    room = limit_bytes
    for index in range(start, end):
        payload = payloads[index]
        head, tail = _ends(payload, encoding)
        room -= len(head) + _S_BYTES + len(tail)
        if room < 0 and pieces:
            return b"".join(pieces), index - start
        pieces += (head, b"%10d" % (first_s + index - start), tail)
    return b"".join(pieces), end - start


class Stencil:
    """What `frames` gives, for sessions in a row that mostly wait for the same payloads.

    The second one that asks for a row of payloads has it joined with holes for `s`; from then on
    their frames are one formatting.
    """

    __slots__ = ("_encoding", "_form", "_payloads")

    def __init__(self) -> None:
        self._payloads: Sequence[Framed] = []
        self._encoding = PLAIN
        self._form: bytes | None = None

    def frames(
        self, payloads: Sequence[Framed], first_s: int, encoding: Encoding, limit_bytes: int
    ) -> tuple[bytes, int]:
        """As `frames`; `payloads` must not be changed afterwards, nor `limit_bytes` vary."""
        count = len(payloads)
        if payloads != self._payloads or encoding is not self._encoding:
            data, fit = frames(payloads, first_s, encoding, limit_bytes)
            if fit == count:
                self._payloads, self._encoding, self._form = payloads, encoding, None
            return data, fit
        if self._form is None:
            pieces: list[bytes] = []
            for payload in payloads:
                head, tail = _ends(payload, encoding)
                pieces += (head.replace(b"%", b"%%"), b"%10d", tail.replace(b"%", b"%%"))
            self._form = b"".join(pieces)
        return self._form % tuple(range(first_s, first_s + count)), count


def control(op: int, d: bytes, encoding: Encoding, *, first: bool = False) -> bytes:
    """The frame of a payload that is no dispatch: opcode and the JSON bytes of `d`.

    A connection's first frame, always HELLO, must be made with `first`: in `zlib-stream` it
    opens the stream. `s` and `t` are null, as Discord sends them.
    """
    payload = b'{"s":null,"op":%d,"t":null,"d":%b}' % (op, d)
    if encoding is PLAIN:
        return text_frame(payload)
    opening = _ZLIB_HEADER if first else b""
    return binary_frame(opening + _deflate(payload))
