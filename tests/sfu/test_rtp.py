"""RTP and RTCP by offsets, against aiortc's reading of the same bytes."""

import struct
from typing import Any

import pytest
from aiortc import rtp as theirs
from hypothesis import given
from hypothesis import strategies as st

from hearth.sfu import rtcp, rtp
from hearth.sfu.twcc import Arrivals

numbers_16 = st.integers(0, 0xFFFF)
numbers_32 = st.integers(0, 0xFFFFFFFF)


@given(
    st.integers(0, 127),
    numbers_16,
    numbers_32,
    numbers_32,
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=5),
    st.integers(0, 20),
)
def test_it_reads_what_aiortc_reads(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    extensions: list[tuple[int, bytes]],
    padding: int,
):
    profile, value = theirs.pack_header_extensions(extensions)
    first = 0x80 | (0x10 if value else 0) | (0x20 if padding else 0)
    data = struct.pack(">BBHII", first, payload_type, sequence, timestamp, ssrc)
    if value:
        data += struct.pack(">HH", profile, len(value) // 4) + value
    data += payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")
    packet = rtp.parse(data, len(data))
    assert packet is not None
    assert (packet.payload_type, packet.sequence) == (payload_type, sequence)
    assert (packet.timestamp, packet.ssrc) == (timestamp, ssrc)
    assert data[packet.start : packet.end] == payload
    for id, said in dict(reversed(extensions)).items():
        assert rtp.extension(data, packet, id) == said
    parsed = theirs.RtpPacket.parse(data)
    assert parsed.payload == payload


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes):
    packet = rtp.parse(data, len(data))
    if packet is not None:
        assert 12 <= packet.start <= packet.end <= len(data)
        for id in range(1, 16):
            rtp.extension(data, packet, id)
    rtcp.read(data)


@pytest.mark.parametrize("mid", ["0", "12", "audio-1"])
@pytest.mark.parametrize("tail", [rtp.AUDIO_TAIL, rtp.VIDEO_TAIL])
def test_a_template_makes_a_packet(mid: str, tail: int):
    last = bytes([2 << 4 | tail - 2]) + bytes(tail - 1)
    data = rtp.head(True, 96, 7, 9) + rtp.template(5, 4, mid, tail) + last + b"payload"
    packet = rtp.parse(data, len(data))
    assert packet is not None
    assert packet[:5] == (True, 96, 7, 9, 5)
    assert rtp.extension(data, packet, 4) == mid.encode()
    assert rtp.extension(data, packet, 2) == bytes(tail - 1)
    assert data[packet.start : packet.end] == b"payload"


def test_a_template_without_extensions_makes_a_packet():
    data = rtp.head(False, 111, 1, 2) + rtp.template(5, None, "0", 0) + b"payload"
    packet = rtp.parse(data, len(data))
    assert packet is not None
    assert data[packet.start : packet.end] == b"payload"


@given(st.lists(numbers_16, min_size=1, max_size=40, unique=True))
def test_what_is_asked_for_again_is_read_so(sequences: list[int]):
    asked = sorted(sequences)
    (fact,) = rtcp.read(rtcp.nack(1, 2, asked))
    assert isinstance(fact, rtcp.Nack)
    assert fact.ssrc == 2
    assert set(fact.sequences) == set(asked)
    (parsed,) = theirs.RtcpPacket.parse(rtcp.nack(1, 2, asked))
    assert isinstance(parsed, theirs.RtcpRtpfbPacket)
    assert {each & 0xFFFF for each in parsed.lost} == set(asked)


def test_no_more_is_read_of_one_datagram_however_much_it_asks_for():
    asked = rtcp.nack(1, 2, list(range(0, 2000, 20)))
    facts = rtcp.read(asked * 3 + rtcp.pli(1, 9))
    assert sum(len(fact.sequences) for fact in facts if isinstance(fact, rtcp.Nack)) == rtcp.NACKED
    assert facts[-1] == rtcp.KeyframeWanted(9)


def test_reports_are_read_as_they_were_made():
    sent = rtcp.sender_report(7, 1_700_000_000.5, 960, 3, 300)
    received = rtcp.receiver_report(1, [rtcp.Received(7, 64, -2, 65_540, 5, 6, 7)])
    facts = rtcp.read(sent + received + rtcp.pli(1, 9))
    assert facts[0] == rtcp.Sent(7, rtcp.ntp(1_700_000_000.5), 960)
    assert facts[1] == rtcp.Report(7, 0.25, 65_540, 5, 6, 7)
    assert facts[2] == rtcp.KeyframeWanted(9)
    report: Any
    report, block, _ = theirs.RtcpPacket.parse(sent + received + rtcp.pli(1, 9))
    assert report.sender_info.packet_count == 3
    assert isinstance(block, theirs.RtcpRrPacket)
    assert block.reports[0].packets_lost == -2
    assert block.reports[0].highest_sequence == 65_540


def test_remb_is_read():
    data = bytes(theirs.RtcpPsfbPacket(15, 1, 0, theirs.pack_remb_fci(3_000_000, [5])))
    (fact,) = rtcp.read(data)
    assert isinstance(fact, rtcp.Remb)
    assert fact.bitrate == pytest.approx(3_000_000, rel=0.001)


def deltas(body: bytes) -> dict[int, float]:
    """The arrivals in a report, in seconds behind its reference."""
    base, count, word = struct.unpack_from(">HHI", body)
    reference = (word >> 8) * 0.064
    statuses: list[int] = []
    at = 8
    while len(statuses) < count:
        (chunk,) = struct.unpack_from(">H", body, at)
        at += 2
        statuses += [chunk >> shift & 3 for shift in range(12, -1, -2)]
    found: dict[int, float] = {}
    for number, status in enumerate(statuses[:count]):
        if status == 1:
            reference += body[at] * 0.00025
            at += 1
        elif status == 2:
            reference += struct.unpack_from(">h", body, at)[0] * 0.00025
            at += 2
        if status:
            found[(base + number) & 0xFFFF] = reference
    return found


@given(
    numbers_16,
    st.lists(st.tuples(st.integers(1, 4), st.floats(0, 0.09)), min_size=1, max_size=60),
)
def test_arrivals_are_told_as_they_were(base: int, steps: list[tuple[int, float]]):
    arrivals, now, sequence = Arrivals(), 1000.0, base
    came: dict[int, float] = {}
    for step, wait in steps:
        arrivals.add(sequence & 0xFFFF, now)
        came[sequence & 0xFFFF] = now
        sequence += step
        now += wait
    body = arrivals.report()
    assert body is not None
    assert len(body) % 4 == 0
    told = deltas(body)
    assert set(told) == set(came)
    assert all(abs(told[each] - came[each]) < 0.001 for each in came)
    assert arrivals.report() is None
