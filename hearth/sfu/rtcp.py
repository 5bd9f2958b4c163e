"""RTCP (RFC 3550, 4585, 5104): what is read of the other side's, and what is sent."""

import struct
from typing import NamedTuple

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
_NACK, _TRANSPORT_CC = 1, 15
_PLI, _FIR, _APPLICATION = 1, 4, 15

NACKED = 100
"""Sequence numbers that are read of one datagram's requests."""

_NTP_OF_1970 = 2208988800
_HEAD = struct.Struct(">BBH")
_BLOCK = struct.Struct(">IIIIII")


class Report(NamedTuple):
    """How a receiver fares with one of our SSRCs."""

    ssrc: int
    fraction: float
    """Of the packets since its last report, how many were lost, 0 to 1."""
    highest: int
    """The extended sequence number of the last packet that came."""
    jitter: int
    last_sr: int
    delay: int
    """Since that sender report, in 1/65536 s."""


class Sent(NamedTuple):
    """A sender's report: at `ntp` its timestamp was `timestamp`."""

    ssrc: int
    ntp: int
    timestamp: int


class Nack(NamedTuple):
    """Sequence numbers of `ssrc` that did not arrive."""

    ssrc: int
    sequences: list[int]


class KeyframeWanted(NamedTuple):
    """PLI and FIR alike."""

    ssrc: int


class Remb(NamedTuple):
    """What a receiver thinks that it can be sent, in bits/s."""

    bitrate: int


class Bye(NamedTuple):
    """A source ended."""

    ssrc: int


Fact = Report | Sent | Nack | KeyframeWanted | Remb | Bye


def read(data: bytes) -> list[Fact]:
    """The facts of a compound packet; reading ends where it is malformed."""
    facts: list[Fact] = []
    at = 0
    nacked = 0
    while at + 8 <= len(data):
        first, kind, words = _HEAD.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data) or words < 1:
            break
        count = first & 31
        body = at + 8
        if kind in (SR, RR):
            if kind == SR:
                if body + 20 > end:
                    break
                ntp, timestamp = struct.unpack_from(">QI", data, body)
                facts.append(Sent(struct.unpack_from(">I", data, at + 4)[0], ntp, timestamp))
                body += 20
            for _ in range(count):
                if body + 24 > end:
                    break
                ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack_from(data, body)
                facts.append(Report(ssrc, (lost >> 24) / 256, highest, jitter, last, delay))
                body += 24
        elif kind == BYE:
            ssrcs = struct.unpack_from(f">{min(count, words)}I", data, at + 4)
            facts += [Bye(ssrc) for ssrc in ssrcs]
        elif kind in (RTPFB, PSFB) and body + 4 <= end:
            (media,) = struct.unpack_from(">I", data, body)
            body += 4
            if kind == RTPFB and count == _NACK:
                lost_ones: list[int] = []
                while body + 4 <= end and nacked < NACKED:
                    base, mask = struct.unpack_from(">HH", data, body)
                    found = [base, *(base + 1 + bit for bit in range(16) if mask >> bit & 1)]
                    lost_ones += [each & 0xFFFF for each in found]
                    nacked += len(found)
                    body += 4
                facts.append(Nack(media, lost_ones))
            elif kind == PSFB and count == _PLI:
                facts.append(KeyframeWanted(media))
            elif kind == PSFB and count == _FIR:
                while body + 8 <= end:
                    facts.append(KeyframeWanted(struct.unpack_from(">I", data, body)[0]))
                    body += 8
            elif kind == PSFB and count == _APPLICATION and data[body : body + 4] == b"REMB":
                if body + 8 > end:
                    break
                exponent = data[body + 5] >> 2
                mantissa = (data[body + 5] & 3) << 16 | data[body + 6] << 8 | data[body + 7]
                facts.append(Remb(mantissa << exponent))
        at = end
    return facts


def ntp(wall: float) -> int:
    """Epoch seconds as NTP's 32.32."""
    return int((wall + _NTP_OF_1970) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def trip(report: Report, wall: float) -> float:
    """Seconds from our report to one that came at `wall` and answers it."""
    middle = ntp(wall) >> 16 & 0xFFFFFFFF
    took = (middle - report.last_sr - report.delay) & 0xFFFFFFFF
    return took / 65536 if took < 1 << 31 else 0.0


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def sender_report(ssrc: int, wall: float, timestamp: int, packets: int, octets: int) -> bytes:
    """We sent so much, and now is `timestamp` in that stream."""
    counts = packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    return _packet(0, SR, struct.pack(">IQIII", ssrc, ntp(wall), timestamp, *counts))


class Received(NamedTuple):
    """How one of the other side's SSRCs arrives here."""

    ssrc: int
    fraction: int
    """Lost since the last report, in 1/256."""
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


def receiver_report(ssrc: int, blocks: list[Received]) -> bytes:
    """How the other side's streams arrive; at most 31 blocks."""
    body = struct.pack(">I", ssrc)
    for each in blocks:
        lost = max(-(1 << 23), min(each.lost, (1 << 23) - 1)) & 0xFFFFFF
        body += _BLOCK.pack(
            each.ssrc,
            each.fraction << 24 | lost,
            each.highest & 0xFFFFFFFF,
            each.jitter,
            each.last_sr,
            each.delay,
        )
    return _packet(len(blocks), RR, body)


def nack(ssrc: int, media: int, sequences: list[int]) -> bytes:
    """Ask for packets again; `sequences` in their order."""
    body = struct.pack(">II", ssrc, media)
    at = 0
    while at < len(sequences):
        base, mask = sequences[at], 0
        at += 1
        while at < len(sequences) and (bit := (sequences[at] - base - 1) & 0xFFFF) < 16:
            mask |= 1 << bit
            at += 1
        body += struct.pack(">HH", base, mask)
    return _packet(_NACK, RTPFB, body)


def pli(ssrc: int, media: int) -> bytes:
    """Ask for a keyframe."""
    return _packet(_PLI, PSFB, struct.pack(">II", ssrc, media))


def transport_feedback(ssrc: int, media: int, body: bytes) -> bytes:
    """When packets arrived (see `twcc`); `body` is whole words."""
    return _packet(_TRANSPORT_CC, RTPFB, struct.pack(">II", ssrc, media) + body)
