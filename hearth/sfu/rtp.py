"""RTP by offsets (RFC 3550, 8285): what is read of a packet, and the headers that are sent."""

import struct
from typing import NamedTuple

HEADER = struct.Struct(">BBHII")
_EXTENSIONS = struct.Struct(">HH")
_ONE_BYTE, _TWO_BYTES = 0xBEDE, 0x1000

LARGEST = 1400
"""Bytes of an RTP packet that are taken; a sealed one that we make of it fits every path."""

SEQUENCES = 1 << 16
TIMESTAMPS = 1 << 32

EXTENSION_IDS = range(1, 15)
"""Ids that one-byte headers can carry; no others are negotiated."""

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"


def newer(a: int, b: int, modulus: int = SEQUENCES) -> bool:
    """Whether `a` comes after `b` in numbers that start again at `modulus`."""
    return 0 < (a - b) % modulus < modulus >> 1


class Packet(NamedTuple):
    """Where things are in a packet."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    extensions_at: int
    extensions_end: int
    two_bytes: bool
    """The extensions have two-byte headers."""
    start: int
    """The payload's first byte, and behind its last, without padding."""
    end: int


def parse(data: memoryview | bytes, length: int) -> Packet | None:
    """Read a packet of `length` bytes; None when it is malformed."""
    if length < 12:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    at: int = 12 + 4 * (first & 15)
    extensions_at: int = at
    extensions_end: int = at
    two_bytes = False
    if first & 0x10:
        if at + 4 > length:
            return None
        profile: int
        words: int
        profile, words = _EXTENSIONS.unpack_from(data, at)
        extensions_at = at + 4
        at = extensions_at + 4 * words
        two_bytes = profile & 0xFFF0 == _TWO_BYTES
        # What has another profile is stepped over.
        extensions_end = at if two_bytes or profile == _ONE_BYTE else extensions_at
    end = length
    if at > end:
        return None
    if first & 0x20:
        end -= data[length - 1]
        if end < at or end == length:
            return None
    return Packet(
        second > 127,
        second & 127,
        sequence,
        timestamp,
        ssrc,
        extensions_at,
        extensions_end,
        two_bytes,
        at,
        end,
    )


def extension(data: memoryview | bytes, packet: Packet, id: int | None) -> bytes | None:
    """The value of one header extension; None when it is not there or cut off."""
    if id is None:
        return None
    at, end = packet.extensions_at, packet.extensions_end
    while at < end:
        head = data[at]
        at += 1
        if head == 0:
            continue
        if packet.two_bytes:
            if at >= end:
                return None
            found, size = head, data[at]
            at += 1
        else:
            found, size = head >> 4, (head & 15) + 1
            if found == 15:
                return None
        if at + size > end:
            return None
        if found == id:
            return bytes(data[at : at + size])
        at += size
    return None


class Layout(NamedTuple):
    """What a viewer's packets of one section look like. Packets of two viewers with the same
    layout differ in nothing but their template."""

    payload_type: int
    extension_id: int | None
    """The audio level's, or that of the time of sending."""
    template_bytes: int
    tag_bytes: int


AUDIO_TAIL, VIDEO_TAIL = 2, 4
"""Bytes of the one extension that changes with every packet."""


def template(ssrc: int, mid_id: int | None, mid: str, tail_bytes: int) -> bytes:
    """What follows a header's first eight bytes and differs from viewer to viewer: the SSRC, and
    the extensions up to the last, of `tail_bytes`, which is the same for all and may be absent."""
    block = b""
    if mid_id is not None:
        value = mid.encode()
        block = bytes([mid_id << 4 | len(value) - 1]) + value
    block += bytes(-(len(block) + tail_bytes) % 4)
    if not block and not tail_bytes:
        # The first byte of the header says that extensions follow.
        return struct.pack(">IHH", ssrc, _ONE_BYTE, 0)
    return struct.pack(">IHH", ssrc, _ONE_BYTE, (len(block) + tail_bytes) // 4) + block


FIRST = 0x90
"""A header's first byte: version 2, extensions follow."""


def head(marker: bool, payload_type: int, sequence: int, timestamp: int) -> bytes:
    """The first eight bytes of a header."""
    return _HEAD.pack(FIRST, marker << 7 | payload_type, sequence, timestamp)


_HEAD = struct.Struct(">BBHI")


def send_time(now: float) -> bytes:
    """`now` in seconds as the value of abs-send-time: 6 bits of seconds, 18 of their fraction."""
    return (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")
