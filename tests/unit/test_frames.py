"""RFC 6455 framing: every branch, any split, random bytes, and an independent client's view."""

import sys
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from hearth.net.gateway import frames
from hearth.net.gateway.frames import Close, Failure, FrameReader, Message, Ping, Pong, Received

KEY = b"\x01\xa2\x00\xff"
LIMIT = 4096


def masked(
    opcode: int, payload: bytes = b"", *, final: bool = True, key: bytes = KEY, length: bytes = b""
) -> bytes:
    """A client's frame; `length` in place of the shortest 7-bit, 16-bit or 64-bit field."""
    size = len(payload)
    if not length:
        if size < 126:
            length = bytes([size])
        elif size < 65_536:
            length = b"\x7e" + size.to_bytes(2)
        else:
            length = b"\x7f" + size.to_bytes(8)
    body = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return bytes([0x80 * final | opcode, 0x80 | length[0]]) + length[1:] + key + body


def read(stream: bytes, limit_bytes: int = LIMIT) -> list[Received]:
    return FrameReader(limit_bytes).feed(stream)


def read_in(pieces: Iterable[bytes], limit_bytes: int = LIMIT) -> list[Received]:
    reader = FrameReader(limit_bytes)
    return [received for piece in pieces for received in reader.feed(piece)]


TEXT = masked(frames.TEXT, b"hi")
BODY = bytes(range(256)) * 16


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(TEXT, [Message(b"hi")], id="text"),
        pytest.param(masked(1), [Message(b"")], id="empty text"),
        pytest.param(masked(1, "ä€😀".encode()), [Message("ä€😀".encode())], id="utf-8"),
        pytest.param(masked(2, b"\xff"), [Message(b"\xff", binary=True)], id="binary"),
        pytest.param(masked(2, BODY[:125]), [Message(BODY[:125], binary=True)], id="125"),
        pytest.param(masked(2, BODY[:126]), [Message(BODY[:126], binary=True)], id="126"),
        pytest.param(masked(2, BODY), [Message(BODY, binary=True)], id="limit"),
        pytest.param(masked(9, b"a") + masked(10, b"b"), [Ping(b"a"), Pong(b"b")], id="ping pong"),
        pytest.param(masked(9, BODY[:125]), [Ping(BODY[:125])], id="long ping"),
        pytest.param(TEXT * 3, [Message(b"hi")] * 3, id="three"),
        pytest.param(
            masked(1, b"\xc3", final=False)
            + masked(9)
            + masked(0, b"", final=False)
            + masked(0, b"\xa4")
            + TEXT,
            [Ping(b""), Message("ä".encode()), Message(b"hi")],
            id="fragments, a character cut, a ping between",
        ),
        pytest.param(
            masked(2, b"a", final=False) + masked(0, b"b"),
            [Message(b"ab", binary=True)],
            id="binary fragments",
        ),
        pytest.param(masked(8) + TEXT, [Close(frames.NO_STATUS, "")], id="close without body"),
        pytest.param(masked(8, b"\x03\xe8") + TEXT, [Close(1000, "")], id="close 1000"),
        pytest.param(masked(8, b"\x0f\xa0by\xc3\xa9"), [Close(4000, "byé")], id="close reason"),
        pytest.param(
            masked(1, b"a", final=False) + masked(8, b"\x03\xe9"),
            [Close(1001, "")],
            id="close between fragments",
        ),
    ],
)
def test_reads(stream: bytes, expected: list[Received]) -> None:
    assert read(stream) == expected
    assert read_in(bytes([byte]) for byte in stream) == expected


@pytest.mark.parametrize(
    ("stream", "code", "reason"),
    [
        pytest.param(b"\xc1\x80", 1002, "reserved bit set", id="rsv1"),
        pytest.param(b"\xa1\x80", 1002, "reserved bit set", id="rsv2"),
        pytest.param(b"\x91\x80", 1002, "reserved bit set", id="rsv3"),
        *(
            pytest.param(bytes([0x80 | op, 0x80]), 1002, "reserved opcode", id=f"opcode {op}")
            for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        ),
        pytest.param(b"\x81\x02hi", 1002, "frame not masked", id="unmasked"),
        pytest.param(masked(9, final=False), 1002, "control frame fragmented", id="ping cut"),
        pytest.param(masked(8, BODY[:126]), 1002, "control frame too long", id="close 126"),
        pytest.param(masked(10, length=b"\x7f" + bytes(8)), 1002, "control frame too long"),
        pytest.param(
            masked(1, length=b"\x7e\x00\x7d"), 1002, "length not minimal", id="125 in 16 bits"
        ),
        pytest.param(
            masked(1, length=b"\x7f" + (0xFFFF).to_bytes(8)),
            1002,
            "length not minimal",
            id="65535 in 64 bits",
        ),
        pytest.param(
            masked(1, length=b"\x7f\x80" + bytes(7)), 1002, "length out of range", id="63rd bit"
        ),
        pytest.param(masked(0), 1002, "continuation of no message", id="lone continuation"),
        pytest.param(
            masked(1, final=False) + TEXT, 1002, "message begun inside another", id="interleaved"
        ),
        pytest.param(masked(1, b"\xff"), 1007, "text is not UTF-8", id="not utf-8"),
        pytest.param(masked(1, b"\xed\xa0\x80"), 1007, "text is not UTF-8", id="surrogate"),
        pytest.param(
            masked(1, b"\xc3", final=False) + masked(0, b"x"),
            1007,
            "text is not UTF-8",
            id="fragments not utf-8",
        ),
        pytest.param(masked(8, b"\x03\xe8\xff"), 1007, "text is not UTF-8", id="close not utf-8"),
        pytest.param(masked(8, b"\x03"), 1002, "invalid close code", id="half a code"),
        *(
            pytest.param(masked(8, n.to_bytes(2)), 1002, "invalid close code", id=f"close {n}")
            for n in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
        ),
        pytest.param(masked(2, BODY + b"x")[:8], 1009, "message too big", id="one byte over"),
        pytest.param(
            masked(2, length=b"\x7f" + (1 << 40).to_bytes(8)), 1009, "message too big", id="1 TiB"
        ),
        pytest.param(
            masked(2, BODY[:4000], final=False) + masked(0, BODY[:97]),
            1009,
            "message too big",
            id="fragments over",
        ),
    ],
)
def test_refuses(stream: bytes, code: int, reason: str) -> None:
    expected = [Failure(code, reason)]
    assert read(TEXT + stream + TEXT) == [Message(b"hi"), *expected]
    reader = FrameReader(LIMIT)
    received = [got for byte in stream + TEXT for got in reader.feed(bytes([byte]))]
    assert (received, reader.ended) == (expected, True)
    assert reader.feed(TEXT) == []


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]
)
def test_close_codes_for_the_wire(code: int) -> None:
    assert read(masked(8, code.to_bytes(2))) == [Close(code, "")]


def test_limit_counts_data_not_control_frames_and_may_change() -> None:
    reader = FrameReader(10)
    assert reader.feed(masked(9, b"x" * 100)) == [Ping(b"x" * 100)]
    reader.limit_bytes = 12
    assert reader.limit_bytes == 12
    assert reader.feed(masked(1, b"x" * 12)) == [Message(b"x" * 12)]
    assert reader.feed(masked(1, b"x" * 13)) == [Failure(1009, "message too big")]


def test_bytes_wait_for_the_rest_of_their_frame() -> None:
    reader = FrameReader(LIMIT)
    assert reader.feed(TEXT + TEXT[:3]) == [Message(b"hi")]
    assert reader.feed(b"") == []
    assert reader.feed(TEXT[3:] + TEXT[:7]) == [Message(b"hi")]
    assert reader.feed(TEXT[7:]) == [Message(b"hi")]


def test_an_idle_reader_is_small() -> None:
    reader = FrameReader(LIMIT)
    for byte in TEXT * 2:
        reader.feed(bytes([byte]))
    held = [getattr(reader, name) for name in FrameReader.__slots__]
    assert sorted(map(str, held)) == ["0", "4096", "False", "None", "None"]
    assert sys.getsizeof(reader) < 120


def test_a_flood_of_empty_fragments_keeps_nothing() -> None:
    reader = FrameReader(LIMIT)
    assert reader.feed(masked(1, final=False) + masked(0, final=False) * 50_000) == []
    assert sum(sys.getsizeof(getattr(reader, name)) for name in FrameReader.__slots__) < 300


def client() -> ClientProtocol:
    """The `websockets` library's client, past its handshake."""
    protocol = ClientProtocol(parse_uri("ws://example.invalid/"), max_size=None)
    protocol.state = State.OPEN
    protocol.parser = protocol.parse()
    next(protocol.parser)
    return protocol


def seen_by_client(stream: bytes) -> list[tuple[Opcode, bytes]]:
    protocol = client()
    protocol.receive_data(stream)
    assert protocol.parser_exc is None
    events = protocol.events_received()
    return [(e.opcode, bytes(e.data)) for e in events if isinstance(e, Frame)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_an_independent_client_reads_our_frames(size: int) -> None:
    text, binary = b"t" * size, bytes(range(256)) * (size // 256 + 1)
    assert seen_by_client(frames.text_frame(text)) == [(Opcode.TEXT, text)]
    assert seen_by_client(frames.binary_frame(binary)) == [(Opcode.BINARY, binary)]
    if size <= 125:
        assert seen_by_client(frames.pong_frame(text)) == [(Opcode.PONG, text)]


@pytest.mark.parametrize(
    ("code", "reason", "body"),
    [
        (4004, "Authentication failed.", b"\x0f\xa4Authentication failed."),
        (1000, "", b"\x03\xe8"),
        (frames.NO_STATUS, "ignored", b""),
        (4000, "é" * 100, b"\x0f\xa0" + "é".encode() * 61),
    ],
)
def test_an_independent_client_reads_our_close(code: int, reason: str, body: bytes) -> None:
    assert seen_by_client(frames.close_frame(code, reason)) == [(Opcode.CLOSE, body)]


def test_we_read_an_independent_client() -> None:
    protocol = client()
    protocol.send_text(b"hello")
    protocol.send_binary(BODY)
    protocol.send_text(b"frag", fin=False)
    protocol.send_ping(b"p")
    protocol.send_pong(b"q")
    protocol.send_continuation(b"ment", fin=True)
    protocol.send_close(4000, "bye")
    assert read(b"".join(protocol.data_to_send())) == [
        Message(b"hello"),
        Message(BODY, binary=True),
        Ping(b"p"),
        Pong(b"q"),
        Message(b"fragment"),
        Close(4000, "bye"),
    ]


a_frame = st.builds(
    masked,
    st.sampled_from([0, 1, 1, 1, 2, 8, 9, 10, 3]),
    st.one_of(st.binary(max_size=130), st.text(max_size=60).map(str.encode), st.just(b"x" * 300)),
    final=st.booleans(),
    key=st.binary(min_size=4, max_size=4),
)
a_conversation = st.lists(a_frame, max_size=8).map(b"".join)


def split(stream: bytes, boundaries: list[int]) -> list[bytes]:
    cuts = [0, *sorted(boundary % (len(stream) + 1) for boundary in boundaries), len(stream)]
    return [stream[a:b] for a, b in pairwise(cuts)]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.one_of(a_conversation, st.binary(max_size=400)), st.lists(st.integers(0, 5000)))
def test_any_split_gives_the_same(stream: bytes, boundaries: list[int]) -> None:
    whole = read(stream, 256)
    assert read_in(split(stream, boundaries), 256) == whole
    assert read_in((bytes([byte]) for byte in stream), 256) == whole


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=60), max_size=10))
def test_random_bytes_never_raise(pieces: list[bytes]) -> None:
    received = read_in(pieces, 256)
    assert not any(isinstance(r, Close | Failure) for r in received[:-1])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4), st.integers(0, 3))
def test_unmasks_every_length_and_key(payload: bytes, key: bytes, before: int) -> None:
    stream = masked(10, b"x" * before) + masked(2, payload, key=key)
    assert read(stream)[-1] == Message(payload, binary=True)
