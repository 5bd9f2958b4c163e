"""RFC 6455 framing as a server speaks it: bytes to messages, and payloads to frames."""

from typing import Final, TypeAlias

from msgspec import Struct

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

NO_STATUS: Final = 1005
"""The code of a close frame without a body; never on the wire (RFC 6455 7.4.1)."""

PROTOCOL_ERROR: Final = 1002
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009

_CONTROL_LIMIT_BYTES: Final = 125


class Message(Struct, frozen=True, gc=False):
    """A whole text or binary message; a text's `data` is valid UTF-8."""

    data: bytes
    binary: bool = False


class Ping(Struct, frozen=True, gc=False):
    """A ping; answer it with `pong_frame(data)` (RFC 6455 5.5.2)."""

    data: bytes


class Pong(Struct, frozen=True, gc=False):
    """A pong, asked for or not (RFC 6455 5.5.3)."""

    data: bytes


class Close(Struct, frozen=True, gc=False):
    """The peer's close frame, `code` being `NO_STATUS` when it had no body (RFC 6455 5.5.1)."""

    code: int
    reason: str


class Failure(Struct, frozen=True, gc=False):
    """Why the connection must be failed (RFC 6455 7.1.7): a code of section 7.4.1 and a reason.

    The caller may close with a code of its own (the Gateway has 4002 for all of them).
    """

    code: int
    reason: str


Received: TypeAlias = Message | Ping | Pong | Close | Failure


class _ProtocolError(Exception):
    """Carries a Failure from where it is found to the end of `FrameReader.feed`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.failure = Failure(code, reason)


class FrameReader:
    """Turns the bytes of one client into messages, however they were split on their way.

    A message of more than `limit_bytes` (all its fragments together) is a failure with code
    1009, found from the header, before its bytes are kept. So one reader holds at most
    `limit_bytes` of fragments and one unfinished frame of as many bytes and its header.
    """

    __slots__ = ("_ended", "_fragments", "_fragments_opcode", "_limit_bytes", "_pending")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._ended = False
        # An unfinished frame, and the message whose fragments have come so far. Both are None
        # almost always: a connection that says nothing must cost next to nothing.
        self._pending: bytearray | None = None
        self._fragments: bytearray | None = None
        self._fragments_opcode = CONTINUATION

    @property
    def ended(self) -> bool:
        """Whether a close or a failure was returned: all later bytes are ignored."""
        return self._ended

    @property
    def limit_bytes(self) -> int:
        """The greatest size of a message; a change holds from the next frame on."""
        return self._limit_bytes

    @limit_bytes.setter
    def limit_bytes(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes

    def feed(self, data: bytes) -> list[Received]:
        """What became complete with `data`, in order. A Close or Failure is the last, for ever."""
        received: list[Received] = []
        if self._ended:
            return received
        buffer: bytes | bytearray = data
        if self._pending is not None:
            self._pending += data
            buffer = self._pending
        start = 0
        try:
            while (header := _read_header(buffer, start)) is not None:
                first, body, length = header
                self._check(first, length)
                end = body + length
                if end > len(buffer):
                    break
                payload = _unmask(buffer[body - 4 : body], buffer[body:end])
                start = end
                item = self._take(first, payload)
                if item is None:
                    continue
                received.append(item)
                if type(item) is Close:
                    self._end()
                    return received
        except _ProtocolError as error:
            received.append(error.failure)
            self._end()
            return received
        if start == len(buffer):
            self._pending = None
        elif self._pending is None:
            self._pending = bytearray(data[start:])
        else:
            del self._pending[:start]
        return received

    def _end(self) -> None:
        self._ended = True
        self._pending = self._fragments = None

    def _check(self, first: int, length: int) -> None:
        """Refuse a frame that may not come now, or that is too big, before its payload is here."""
        opcode = first & 0x0F
        if opcode >= CLOSE:
            return
        held = 0
        if self._fragments is None:
            if opcode == CONTINUATION:  # RFC 6455 5.4: it continues a message that has begun
                raise _ProtocolError(PROTOCOL_ERROR, "continuation of no message")
        elif opcode != CONTINUATION:  # RFC 6455 5.4: fragments of two messages never mix
            raise _ProtocolError(PROTOCOL_ERROR, "message begun inside another")
        else:
            held = len(self._fragments)
        if held + length > self._limit_bytes:  # RFC 6455 7.4.1 and 10.4
            raise _ProtocolError(TOO_BIG, "message too big")

    def _take(self, first: int, payload: bytes) -> Received | None:
        """What this complete, checked frame completes: nothing if its message goes on."""
        opcode = first & 0x0F
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return Pong(payload)
        if opcode == CLOSE:
            return _read_close(payload)
        final = first & 0x80
        fragments = self._fragments
        if fragments is not None:  # RFC 6455 5.4
            fragments += payload
            if not final:
                return None
            opcode, payload = self._fragments_opcode, bytes(fragments)
            self._fragments = None
        elif not final:  # RFC 6455 5.4
            self._fragments, self._fragments_opcode = bytearray(payload), opcode
            return None
        if opcode == BINARY:
            return Message(payload, binary=True)
        _decode(payload)  # RFC 6455 8.1: a text that is not UTF-8 fails the connection
        return Message(payload)


def _read_header(buffer: bytes | bytearray, start: int) -> tuple[int, int, int] | None:
    """First byte, index of the payload and its length; None while the header is unfinished.

    Raises _ProtocolError for what no client may send in any state (RFC 6455 5.1, 5.2, 5.5).
    """
    available = len(buffer) - start
    if available < 2:
        return None
    first, second = buffer[start], buffer[start + 1]
    if first & 0x70:  # RFC 6455 5.2: no extension was negotiated
        raise _ProtocolError(PROTOCOL_ERROR, "reserved bit set")
    opcode = first & 0x0F
    if opcode > PONG or BINARY < opcode < CLOSE:  # RFC 6455 5.2
        raise _ProtocolError(PROTOCOL_ERROR, "reserved opcode")
    if not second & 0x80:  # RFC 6455 5.1
        raise _ProtocolError(PROTOCOL_ERROR, "frame not masked")
    length = second & 0x7F
    if opcode >= CLOSE:
        if not first & 0x80:  # RFC 6455 5.5
            raise _ProtocolError(PROTOCOL_ERROR, "control frame fragmented")
        if length > _CONTROL_LIMIT_BYTES:  # RFC 6455 5.5
            raise _ProtocolError(PROTOCOL_ERROR, "control frame too long")
    body = start + 6
    if length > 125:  # RFC 6455 5.2: the next 2 or 8 bytes are the length
        body += 2 if length == 126 else 8
        if available < body - start - 4:
            return None
        shortest = 126 if length == 126 else 0x10000
        length = int.from_bytes(buffer[start + 2 : body - 4])
        if length < shortest:  # RFC 6455 5.2: "the minimal number of bytes MUST be used"
            raise _ProtocolError(PROTOCOL_ERROR, "length not minimal")
        if length >> 63:  # RFC 6455 5.2: "the most significant bit MUST be 0"
            raise _ProtocolError(PROTOCOL_ERROR, "length out of range")
    return first, body, length


def _unmask(key: bytes | bytearray, payload: bytes | bytearray) -> bytes:
    """The payload with its masking undone (RFC 6455 5.3), as one exclusive or of two integers."""
    length = len(payload)
    mask = (bytes(key) * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(length)


def _decode(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _ProtocolError(INVALID_DATA, "text is not UTF-8") from None


def _read_close(payload: bytes) -> Close:
    """The code and reason of a close frame (RFC 6455 5.5.1, 7.4)."""
    if not payload:
        return Close(NO_STATUS, "")
    code = int.from_bytes(payload[:2])
    # RFC 6455 5.5.1: a body begins with a 2-byte code. 7.4: 1004, 1005, 1006 and 1015 are not
    # for the wire, 1016 to 2999 are unassigned, 3000 to 4999 free. 1012 to 1014 were registered
    # later (IANA, "WebSocket Close Code Number").
    if len(payload) == 1 or not (
        1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
    ):
        raise _ProtocolError(PROTOCOL_ERROR, "invalid close code")
    return Close(code, _decode(payload[2:]))


def frame_header(opcode: int, length: int) -> bytes:
    """The header of one unfragmented, unmasked frame with `length` bytes (RFC 6455 5.2)."""
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 0x10000:
        return bytes((first, 126)) + length.to_bytes(2)
    return bytes((first, 127)) + length.to_bytes(8)


def text_frame(payload: bytes) -> bytes:
    """One text message; `payload` must be UTF-8 (RFC 6455 5.6)."""
    return frame_header(TEXT, len(payload)) + payload


def binary_frame(payload: bytes) -> bytes:
    """One binary message (RFC 6455 5.6)."""
    return frame_header(BINARY, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; `NO_STATUS` gives one without a body (RFC 6455 5.5.1).

    The reason is cut, between characters, to the 123 bytes that a control frame leaves for it.
    """
    if code == NO_STATUS:
        return frame_header(CLOSE, 0)
    cut = reason.encode()[: _CONTROL_LIMIT_BYTES - 2].decode(errors="ignore")
    payload = code.to_bytes(2) + cut.encode()
    return frame_header(CLOSE, len(payload)) + payload


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping, with the ping's own data (RFC 6455 5.5.3)."""
    return frame_header(PONG, len(payload)) + payload
