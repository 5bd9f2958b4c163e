"""How a Gateway payload becomes bytes on a connection: plain, or compressed in one of three ways.

A dispatch goes to many sessions and differs between them in one thing, the sequence `s`. So a
Payload holds bytes that all of them share and a session's frame is `head + s + tail`: `s` is
padded with spaces to ten places (JSON allows them), hence the length in the frame header is
shared as well.

In `zlib-stream` (Discord topic "Gateway", "Transport Compression") a connection is one endless
zlib stream. Here none has a compressor: every message is made of deflate blocks that refer to
nothing before them, so that the same blocks fit into any connection's stream. `s` stands in a
stored block (RFC 1951 3.2.4) before them. One block of a compressor with a memory would break
the connection without an error. The checksum of RFC 1950 is never due, as no stream ends.

Compression by payload (IDENTIFY's `compress`) takes the same blocks: each dispatch is a zlib stream
of its own, ended by an empty block and the checksum. `zstd-stream` shares nothing: a connection
that asks for it has a compressor (`ZstdStream`), whose every message depends on those before.
"""

import zlib
from collections.abc import Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias

from zstandard import COMPRESSOBJ_FLUSH_BLOCK, ZstdCompressionParameters, ZstdCompressor

from hearth.net.gateway.frames import BINARY, TEXT, binary_frame, frame_header, text_frame


class Encoding(Enum):
    """How payloads travel on a connection whose bytes others share.

    By the `compress` parameter of its URL, ZLIB by IDENTIFY's: then dispatches are compressed and
    all else is plain.
    """

    PLAIN = "plain"
    ZLIB_STREAM = "zlib-stream"
    ZLIB = "zlib"


PLAIN: Final = Encoding.PLAIN
ZLIB_STREAM: Final = Encoding.ZLIB_STREAM
ZLIB: Final = Encoding.ZLIB

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

_END: Final = b"\x03\x00"
"""The last block of a zlib stream, an empty one."""

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


_SMALL: Final = ZstdCompressionParameters(
    window_log=14,
    hash_log=12,
    chain_log=6,
    search_log=1,
    min_match=6,
    target_length=1,
    strategy=1,
    write_content_size=False,
)
"""Fast, with a window of 16 KiB: about 75 KiB for a connection (measured), 64 KiB of window 210."""


class ZstdStream:
    """A connection's own zstd stream: one frame that never ends, flushed after every message."""

    __slots__ = ("_compressor",)

    def __init__(self) -> None:
        self._compressor = ZstdCompressor(compression_params=_SMALL).compressobj()

    def message(self, payload: bytes) -> bytes:
        """The WebSocket frame of the connection's next message."""
        compressor = self._compressor
        data = compressor.compress(payload) + compressor.flush(COMPRESSOBJ_FLUSH_BLOCK)
        return binary_frame(data)


Coding: TypeAlias = Encoding | ZstdStream
"""How payloads travel on one connection."""


def _ends(payload: Framed, encoding: Encoding) -> tuple[bytes, bytes]:
    """What stands before and behind `s` in a frame."""
    return payload.plain if encoding is PLAIN else payload.deflated or payload.deflate()


def frame(payload: Framed, s: int, coding: Coding) -> bytes:
    """The frame of one dispatch with sequence `s` (below 10 ** 10)."""
    if isinstance(coding, ZstdStream):
        return coding.message(b"%b%10d%b" % (_BEFORE_S, s, payload.plain[1]))
    if coding is ZLIB:
        return _zlib_frame(payload, s)
    head, tail = _ends(payload, coding)
    return b"%b%10d%b" % (head, s, tail)


def _zlib_frame(payload: Framed, s: int) -> bytes:
    """A dispatch as a zlib stream of its own, of the blocks that streams share."""
    before = b"%b%10d" % (_BEFORE_S, s)
    _, blocks = payload.deflated or payload.deflate()
    checksum = zlib.adler32(payload.plain[1], zlib.adler32(before))
    stored = _STORED_S + before[len(_BEFORE_S) :]
    return binary_frame(b"".join((_ZLIB_HEADER, stored, blocks, _END, checksum.to_bytes(4))))


def frames(
    payloads: Sequence[Framed],
    first_s: int,
    coding: Coding,
    limit_bytes: int,
    start: int = 0,
) -> tuple[bytes, int]:
    """The frames of `payloads[start:]` numbered from `first_s`, as many as fit, and their count.

    Together they take at most `limit_bytes`, but the first is always there. Nothing gives
    (b"", 0). What a ZstdStream gives must be written: its next message builds on it.
    """
    end = len(payloads)
    if end - start == 1:
        return frame(payloads[start], first_s, coding), 1
    pieces: list[bytes] = []
    room = limit_bytes
    if isinstance(coding, ZstdStream) or coding is ZLIB:
        return _made_apart(payloads, first_s, coding, limit_bytes, start)
    encoding = coding
    for index in range(start, end):
        payload = payloads[index]
        head, tail = _ends(payload, encoding)
        room -= len(head) + _S_BYTES + len(tail)
        if room < 0 and pieces:
            return b"".join(pieces), index - start
        pieces += (head, b"%10d" % (first_s + index - start), tail)
    return b"".join(pieces), end - start


def _made_apart(
    payloads: Sequence[Framed], first_s: int, coding: Coding, limit_bytes: int, start: int
) -> tuple[bytes, int]:
    """`frames` where each frame is this connection's own.

    What a stream has compressed it cannot take back, so plain sizes say what fits; what does not
    shrink may go some bytes beyond.
    """
    pieces: list[bytes] = []
    room = limit_bytes
    for index in range(start, len(payloads)):
        head, tail = payloads[index].plain
        room -= len(head) + _S_BYTES + len(tail)
        if room < 0 and pieces:
            break
        pieces.append(frame(payloads[index], first_s + index - start, coding))
    return b"".join(pieces), len(pieces)


class Stencil:
    """What `frames` gives, for sessions in a row that mostly wait for the same payloads.

    The second one that asks for a row of payloads has it joined with holes for `s`; from then on
    their frames are one formatting.
    """

    __slots__ = ("_encoding", "_form", "_payloads")

    def __init__(self) -> None:
        self._payloads: Sequence[Framed] = []
        self._encoding: Encoding = PLAIN
        self._form: bytes | None = None

    def frames(
        self, payloads: Sequence[Framed], first_s: int, coding: Coding, limit_bytes: int
    ) -> tuple[bytes, int]:
        """As `frames`; `payloads` must not be changed afterwards, nor `limit_bytes` vary."""
        count = len(payloads)
        if isinstance(coding, ZstdStream) or coding is ZLIB:
            return frames(payloads, first_s, coding, limit_bytes)
        encoding = coding
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


def control(op: int, d: bytes, coding: Coding, *, first: bool = False) -> bytes:
    """The frame of a payload that is no dispatch: opcode and the JSON bytes of `d`.

    A connection's first frame, always HELLO, must be made with `first`: in `zlib-stream` it
    opens the stream. `s` and `t` are null, as Discord sends them.
    """
    payload = b'{"s":null,"op":%d,"t":null,"d":%b}' % (op, d)
    if isinstance(coding, ZstdStream):
        return coding.message(payload)
    if coding is not ZLIB_STREAM:
        return text_frame(payload)
    opening = _ZLIB_HEADER if first else b""
    return binary_frame(opening + _deflate(payload))
