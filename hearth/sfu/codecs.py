"""What is seen of video without decoding it: where keyframes begin, and VP8's own numbers
(RFC 7741, RFC 6184). Pure."""

from typing import NamedTuple

PICTURES = 1 << 15
LEVEL_ZEROES = 1 << 8


class Peek(NamedTuple):
    """What one packet's payload says."""

    keyframe: bool
    """It begins a keyframe."""
    begins: bool
    """It begins a frame."""
    picture_at: int = 0
    """Where VP8's picture id lies; 0 is nowhere. It has 15 bits."""
    picture: int = 0
    level_at: int = 0
    """Where the number of the last picture of temporal layer 0 lies; 0 is nowhere."""
    level: int = 0
    width: int = 0
    height: int = 0


NOTHING = Peek(False, False)


def vp8(payload: bytes) -> Peek:
    """A VP8 payload. What is cut off says nothing."""
    size = len(payload)
    if size < 2:
        return NOTHING
    first = payload[0]
    at = 1
    picture_at = picture = level_at = level = 0
    if first & 0x80:
        extended = payload[1]
        at = 2
        if extended & 0x80:
            if at + 1 >= size:
                return NOTHING
            if payload[at] & 0x80:
                picture_at = at
                picture = (payload[at] & 0x7F) << 8 | payload[at + 1]
                at += 2
            else:
                # Seven bits would begin anew within seconds; they are left as they are.
                at += 1
        if extended & 0x40:
            if at >= size:
                return NOTHING
            level_at, level = at, payload[at]
            at += 1
        if extended & 0x30:
            at += 1
    begins = bool(first & 0x10) and not first & 0x07
    if not begins or at + 3 > size:
        return Peek(False, begins, picture_at, picture, level_at, level)
    keyframe = not payload[at] & 1
    width = height = 0
    if keyframe:
        if at + 10 > size or payload[at + 3 : at + 6] != b"\x9d\x01\x2a":
            return Peek(False, begins, picture_at, picture, level_at, level)
        width = (payload[at + 7] << 8 | payload[at + 6]) & 0x3FFF
        height = (payload[at + 9] << 8 | payload[at + 8]) & 0x3FFF
    return Peek(keyframe, begins, picture_at, picture, level_at, level, width, height)


def renumbered(payload: bytes, peek: Peek, picture: int, level: int) -> bytes:
    """A VP8 payload with these numbers added to its own."""
    made = bytearray(payload)
    if peek.picture_at:
        number = (peek.picture + picture) % PICTURES
        made[peek.picture_at] = 0x80 | number >> 8
        made[peek.picture_at + 1] = number & 0xFF
    if peek.level_at:
        made[peek.level_at] = (peek.level + level) % LEVEL_ZEROES
    return bytes(made)


_PARAMETERS, _IDR = 7, 5
_STAP_A, _FU_A = 24, 28


def h264(payload: bytes) -> Peek:
    """An H264 payload of packetization mode 1. A keyframe begins with its parameters (SPS), which
    browsers send before each; a slice alone would not be decoded by who comes anew."""
    if not payload:
        return NOTHING
    kind = payload[0] & 31
    if kind == _STAP_A:
        at = 1
        while at + 3 <= len(payload):
            if payload[at + 2] & 31 == _PARAMETERS:
                return Peek(True, True)
            at += 2 + (payload[at] << 8 | payload[at + 1])
        return Peek(False, True)
    if kind == _FU_A:
        return Peek(False, len(payload) > 1 and bool(payload[1] & 0x80))
    return Peek(kind == _PARAMETERS, True)


PEEKS = {"VP8": vp8, "H264": h264}
