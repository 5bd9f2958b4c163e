"""The stored form of a message: every form ever written decodes, and today's is pinned."""

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hearth.core.models.attachments import Attachment
from hearth.core.models.messages import CallRecord, Message, MessageReference
from hearth.core.models.stickers import StickerItem
from hearth.core.record import BadRecord, decode, encode

GOLDEN = Path(__file__).parent / "golden"

PLAIN = Message(id=1, channel_id=2, author_id=3, type=0, content="hello")
FULL = Message(
    id=1_310_000_000_000_000_001,
    channel_id=1_300_000_000_000_000_002,
    author_id=1_200_000_000_000_000_003,
    type=19,
    content="Grüße, 世界 🔥\n<@1200000000000000003>\x00",
    flags=4100,
    edited_at_ms=1_764_000_000_123,
    tts=True,
    mention_everyone=True,
    mentions=(1_200_000_000_000_000_003, (1 << 63) - 1),
    mention_roles=(1_300_000_000_000_000_004,),
    embeds=b'[{"title":"a"}]',
    reference=MessageReference(5, 6, 7, 0),
)

FILES = structs.replace(
    FULL,
    attachments=(
        Attachment(id=8, filename="a.txt", size=0, blob=b"\x00\xff"),
        Attachment(
            id=(1 << 63) - 1,
            filename="SPOILER_b.png",
            size=1 << 40,
            blob=bytes(range(32)),
            content_type="image/png",
            width=4096,
            height=1,
            placeholder="3/cJRJqAh3dgdndXiYZxoAj4eA==",
            description="ein Bär",
            title="b",
        ),
    ),
)

MEDIA = structs.replace(
    PLAIN,
    attachments=(
        structs.replace(FILES.attachments[0], duration_ms=1500),
        structs.replace(FILES.attachments[1], animated=True),
    ),
)

STICKERS = structs.replace(
    MEDIA, stickers=(StickerItem(id=1 << 62, name="hello", format_type=4),) * 2
)

CALLED = structs.replace(
    PLAIN,
    type=3,
    content="",
    call=CallRecord(participants=(3, 1 << 62), ended_at_ms=1_764_000_000_456),
)

SPOKEN = structs.replace(
    PLAIN,
    flags=1 << 13,
    content="",
    attachments=(
        structs.replace(
            FILES.attachments[0], duration_ms=2000, content_type="audio/ogg", waveform="AAH/"
        ),
    ),
)

# Never take a row or its file away: a disk somewhere holds it.
WRITTEN = {
    "message-v1-plain.bin": PLAIN,
    "message-v1-full.bin": FULL,
    "message-v1-plain-attachments.bin": PLAIN,
    "message-v1-attachments.bin": FILES,
    "message-v1-media.bin": MEDIA,
    "message-v1-plain-stickers.bin": PLAIN,
    "message-v1-stickers.bin": STICKERS,
    "message-v1-plain-call.bin": PLAIN,
    "message-v1-call.bin": CALLED,
    "message-v1-spoken.bin": SPOKEN,
    # The shortest array that version 1 allows: the fields that have no default.
    "message-v1-short.bin": PLAIN,
}

# What is written today. When a field is appended, add new files here and to WRITTEN.
TODAY = {"message-v1-plain-call.bin", "message-v1-call.bin", "message-v1-spoken.bin"}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_form_ever_written_is_read(name: str):
    assert decode((GOLDEN / name).read_bytes()) == WRITTEN[name]


def test_no_form_is_forgotten():
    assert {file.name for file in GOLDEN.glob("message-*.bin")} == set(WRITTEN)


@pytest.mark.parametrize("name", sorted(TODAY))
def test_todays_form_is_pinned(name: str):
    assert encode(WRITTEN[name]) == (GOLDEN / name).read_bytes()


def test_a_longer_array_of_a_later_version_is_read():
    fields = msgspec.to_builtins(FULL, builtin_types=(bytes,))
    later = msgspec.msgpack.encode([*fields, "new", {"and": "newer"}])
    assert decode(b"\x01" + later) == FULL


def test_every_shorter_array_is_read_with_defaults():
    fields = list(msgspec.structs.astuple(FULL))
    for count in range(5, len(fields) + 1):
        read = decode(b"\x01" + msgspec.msgpack.encode(fields[:count]))
        assert msgspec.structs.astuple(read)[:count] == tuple(fields[:count])
        assert msgspec.structs.astuple(read)[count:] == msgspec.structs.astuple(PLAIN)[count:]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (b"", "is empty"),
        (b"\x02" + encode(PLAIN)[1:], "version 2 is unknown"),
        (b"\x01", "damaged"),
        (b"\x01\x94\x01\x02\x03\x00", "damaged"),
        (b"\x01\x95\x01\x02\x03\x00\x05", "damaged"),
        (b"\x01\x95\x01\x02\x03\x00\xa1\xff", "damaged"),
        (encode(FULL)[:-1], "damaged"),
        (encode(FULL) + b"\x00", "damaged"),
    ],
)
def test_what_is_no_record_is_refused(record: bytes, says: str):
    with pytest.raises(BadRecord, match=says):
        decode(record)


ids = st.integers(0, (1 << 63) - 1)


@given(
    st.builds(
        Message,
        id=ids,
        channel_id=ids,
        author_id=ids,
        type=st.integers(0, 255),
        content=st.text(max_size=50),
        flags=st.integers(0, 1 << 20),
        edited_at_ms=st.none() | ids,
        tts=st.booleans(),
        mention_everyone=st.booleans(),
        mentions=st.lists(ids, max_size=3).map(tuple),
        mention_roles=st.lists(ids, max_size=3).map(tuple),
        embeds=st.none() | st.binary(max_size=50),
        reference=st.none() | st.builds(MessageReference, ids, ids, st.none() | ids),
    )
)
def test_what_is_written_is_read(message: Message):
    assert decode(encode(message)) == message


@given(st.binary(max_size=60))
def test_noise_is_refused_or_read_and_nothing_else(noise: bytes):
    with contextlib.suppress(BadRecord):
        decode(b"\x01" + noise)
