"""The codec: every client must read what it writes, whole or at any boundary."""

import random
import zlib
from collections.abc import Callable

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from hearth.net.gateway import codec
from hearth.net.gateway.codec import PLAIN, ZLIB, ZLIB_STREAM, Encoding, Payload, ZstdStream

FLUSHED = b"\x00\x00\xff\xff"

MESSAGE = msgspec.json.encode({"id": "1", "content": "ä" * 300, "op": 99, "s": 98, "t": "no"})
SIZES = (0, 1, 60, 80, 95, 200, 65_490, 65_499, 65_500, 65_536, 300_000)


def data_of(size: int) -> bytes:
    """JSON of about `size` bytes that deflate cannot shrink to nothing."""
    return msgspec.json.encode("".join(chr(32 + (i * i * 7919 >> 5) % 90) for i in range(size)))


def websocket_messages(stream: bytes) -> list[Frame]:
    """The frames an independent client reads from `stream`."""
    client = ClientProtocol(parse_uri("ws://example.invalid/"), max_size=None)
    client.state = State.OPEN
    client.parser = client.parse()
    next(client.parser)
    client.receive_data(stream)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, Frame)]


def read(stream: bytes, encoding: Encoding) -> list[dict[str, object]]:
    """What a client makes of everything it was sent, message by message."""
    inflate = zlib.decompressobj()
    read: list[dict[str, object]] = []
    for message in websocket_messages(stream):
        assert message.fin
        data = bytes(message.data)
        if encoding is ZLIB_STREAM:
            assert message.opcode is Opcode.BINARY
            assert data.endswith(FLUSHED)
            data = inflate.decompress(data)
            assert not inflate.unconsumed_tail
            assert not inflate.eof
        elif encoding is ZLIB and message.opcode is Opcode.BINARY:
            # Each is whole: header, blocks, checksum, and nothing behind.
            data = zlib.decompress(data)
            assert msgspec.json.decode(data)["op"] == 0
        else:
            assert message.opcode is Opcode.TEXT
            assert encoding is PLAIN or msgspec.json.decode(data)["op"] != 0
        read.append(msgspec.json.decode(data))
    return read


def hello(encoding: Encoding) -> bytes:
    return codec.control(10, b'{"heartbeat_interval":41250}', encoding, first=True)


def dispatch(s: int, t: str, d: bytes) -> dict[str, object]:
    return {"s": s, "op": 0, "t": t, "d": msgspec.json.decode(d)}


HELLO = {"s": None, "op": 10, "t": None, "d": {"heartbeat_interval": 41250}}


@pytest.mark.parametrize("encoding", Encoding)
def test_dispatches_and_controls_share_a_connection(encoding: Encoding) -> None:
    payload = Payload("MESSAGE_CREATE", MESSAGE)
    stream = (
        hello(encoding)
        + codec.control(11, b"null", encoding)
        + codec.frame(payload, 1, encoding)
        + codec.control(9, b"false", encoding)
        + codec.frame(payload, 9_999_999_999, encoding)
        + codec.control(10, data_of(5000), encoding)
    )
    assert read(stream, encoding) == [
        HELLO,
        {"s": None, "op": 11, "t": None, "d": None},
        dispatch(1, "MESSAGE_CREATE", MESSAGE),
        {"s": None, "op": 9, "t": None, "d": False},
        dispatch(9_999_999_999, "MESSAGE_CREATE", MESSAGE),
        {"s": None, "op": 10, "t": None, "d": msgspec.json.decode(data_of(5000))},
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoding", Encoding)
def test_any_size(encoding: Encoding, size: int) -> None:
    d = data_of(size)
    payload = Payload("GUILD_CREATE", d)
    stream = hello(encoding) + b"".join(codec.frame(payload, s, encoding) for s in (1, 2, 3))
    assert read(stream, encoding) == [HELLO, *(dispatch(s, "GUILD_CREATE", d) for s in (1, 2, 3))]
    assert payload.size == len(codec.frame(payload, 7, PLAIN))
    assert (payload.t, payload.d) == ("GUILD_CREATE", d)


def test_zlib_stream_decodes_whole_and_cut_anywhere() -> None:
    payloads = [Payload("TYPING_START", data_of(size)) for size in (3, 70, 900, 70_000)]
    stream, count = codec.frames(payloads, 1, ZLIB_STREAM, 1 << 20)
    assert count == 4
    messages = [bytes(m.data) for m in websocket_messages(hello(ZLIB_STREAM) + stream)]
    whole = b"".join(messages)
    expected = zlib.decompressobj().decompress(whole)
    plain = [
        bytes(m.data) for m in websocket_messages(codec.frames(payloads, 1, PLAIN, 1 << 20)[0])
    ]
    assert expected.endswith(b"".join(plain))
    for boundary in (*range(1, 1200), *range(1200, len(whole), 997)):
        inflate = zlib.decompressobj()
        parts = inflate.decompress(whole[:boundary]), inflate.decompress(whole[boundary:])
        assert b"".join(parts) == expected


def test_blocks_need_no_history() -> None:
    """The same shared blocks after different streams: only then may sessions share them."""
    shared = Payload("MESSAGE_CREATE", MESSAGE)
    codec.frame(shared, 1, ZLIB_STREAM)
    blocks = shared.deflated
    for before in ([], [MESSAGE], [data_of(40_000), MESSAGE]):
        payloads = [*(Payload("X", d) for d in before), shared]
        stream, _ = codec.frames(payloads, 1, ZLIB_STREAM, 1 << 20)
        last = read(hello(ZLIB_STREAM) + stream, ZLIB_STREAM)[-1]
        assert last == dispatch(len(payloads), "MESSAGE_CREATE", MESSAGE)
    assert shared.deflated is blocks


@pytest.mark.parametrize("encoding", Encoding)
def test_frames_fill_the_limit_and_no_more(encoding: Encoding) -> None:
    payloads = [Payload("X", data_of(size)) for size in (100, 100, 300, 5000, 10)]
    each = [codec.frame(payload, 5 + i, encoding) for i, payload in enumerate(payloads)]
    for count in range(1, 6):
        exact = sum(map(len, each[:count]))
        if encoding is ZLIB:
            exact = sum(payload.size for payload in payloads[:count])
        assert codec.frames(payloads, 5, encoding, exact) == (b"".join(each[:count]), count)
        more = max(count - 1, 1)
        assert codec.frames(payloads, 5, encoding, exact - 1) == (b"".join(each[:more]), more)
    assert codec.frames(payloads, 8, encoding, 1, start=3) == (each[3], 1)
    assert codec.frames(payloads, 9, encoding, 1, start=4) == (each[4], 1)
    assert codec.frames(payloads, 10, encoding, 1, start=5) == (b"", 0)
    assert codec.frames([], 1, encoding, 1) == (b"", 0)


@pytest.mark.parametrize("encoding", Encoding)
def test_a_stencil_gives_what_frames_gives(encoding: Encoding) -> None:
    """For the first, the second and the later session, whatever others ask for in between."""
    first, second, third = (Payload("X", b'"%d %% %b %(a)s %10d"' + b"!" * i) for i in range(3))
    noise = Payload("X", msgspec.json.encode(random.Random(1).randbytes(6000).hex()))
    lists = [[first], [first, second], [second, third, first], [noise, noise], [first, noise]]
    limit = 8000
    stencil = codec.Stencil()
    for payloads in (*lists, *(each for each in lists for _ in range(4)), *lists):
        for s in (1, 99, 123_456_789):
            expected = codec.frames(payloads, s, encoding, limit)
            assert stencil.frames(list(payloads), s, encoding, limit) == expected
    shared = codec.Stencil()
    for s in range(1, 5):
        for each in Encoding:
            expected = codec.frames(lists[1], s, each, limit)
            assert shared.frames(list(lists[1]), s, each, limit) == expected


def test_keys_stand_before_the_data() -> None:
    """Libraries that search the text find the payload's own "s", "op" and "t" first."""
    data = codec.frame(Payload("MESSAGE_CREATE", MESSAGE), 7, PLAIN)
    for key, value in ((b'"s":', b"7"), (b'"op":', b"0"), (b'"t":', b'"MESSAGE_CREATE"')):
        found = data.index(key) + len(key)
        assert data[found : data.index(b",", found)].strip() == value


def read_zstd(stream: bytes, decompress: Callable[[bytes], bytes]) -> list[dict[str, object]]:
    """What a client makes of a zstd stream, one message after the other, each decoded at once."""
    messages = websocket_messages(stream)
    assert all(message.opcode is Opcode.BINARY and message.fin for message in messages)
    return [msgspec.json.decode(decompress(bytes(message.data))) for message in messages]


def test_zstd_stream_is_one_frame_flushed_by_message() -> None:
    coding = ZstdStream()
    decompress = zstandard.ZstdDecompressor().decompressobj().decompress
    payloads = [Payload("MESSAGE_CREATE", data_of(size)) for size in SIZES]
    stencil = codec.Stencil()
    stream = codec.control(10, b"{}", coding, first=True)
    assert read_zstd(stream, decompress) == [{"s": None, "op": 10, "t": None, "d": {}}]
    s = 1
    while s <= len(payloads):
        data, count = codec.frames(payloads, s, coding, 16_384, s - 1)
        read = read_zstd(data + codec.control(11, b"null", coding), decompress)
        assert read.pop() == {"s": None, "op": 11, "t": None, "d": None}
        expected = payloads[s - 1 : s - 1 + count]
        assert read == [
            dispatch(s + i, "MESSAGE_CREATE", payload.d) for i, payload in enumerate(expected)
        ]
        s += count
    # A stencil of others' frames is none for it.
    for _ in range(3):
        stencil.frames(payloads[:3], 1, PLAIN, 1 << 20)
        data, count = stencil.frames(payloads[:3], s, coding, 1 << 20)
        assert [each["s"] for each in read_zstd(data, decompress)] == [s, s + 1, s + 2]
        s += count


def test_zstd_streams_are_small_and_remember() -> None:
    coding = ZstdStream()
    payload = Payload("MESSAGE_CREATE", MESSAGE)
    first = codec.control(10, b"{}", coding, first=True)
    # RFC 8878 3.1.1.1.2: the exponent of the window, above 2 ** 10.
    body = bytes(websocket_messages(first)[0].data)
    assert body[:4] == bytes.fromhex("28b52ffd")
    assert 10 + (body[5] >> 3) <= 16
    once, again = codec.frame(payload, 1, coding), codec.frame(payload, 2, coding)
    assert len(again) < len(once) < payload.size


datas = st.one_of(
    st.integers(0, 400).map(data_of),
    st.sampled_from(SIZES).map(data_of),
    st.text(max_size=300).map(msgspec.json.encode),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(datas, max_size=8),
    st.integers(1, 10**9),
    st.sampled_from(list(Encoding)),
    st.integers(1, 100_000),
)
def test_any_list_of_payloads_is_read_as_it_was_written(
    datas: list[bytes], first_s: int, encoding: Encoding, limit_bytes: int
) -> None:
    payloads = [Payload("EVENT", d) for d in datas]
    stream = hello(encoding)
    start = 0
    while start < len(payloads):
        piece, count = codec.frames(payloads, first_s + start, encoding, limit_bytes, start)
        assert count >= 1
        # Compressed apart, each may be some bytes longer than plain.
        more = 40 * count if encoding is ZLIB else 0
        assert count == 1 or len(piece) <= limit_bytes + more
        stream += piece
        start += count
    assert read(stream, encoding) == [
        HELLO,
        *(dispatch(first_s + i, "EVENT", d) for i, d in enumerate(datas)),
    ]
