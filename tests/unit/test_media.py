"""Heads of sounds and videos: what they say, and that nothing broken is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.core.media import Media, NoMedia, duration, heads, may_be, sound_type
from tests import sounds


def look(data: bytes) -> Media:
    return heads(lambda at, length: data[at : at + length], len(data))


SEEN = {
    "mp4": (sounds.mp4(), Media(type="video/mp4", duration_ms=2500, width=640, height=360)),
    "turned": (
        sounds.mp4(sounds.track(b"vide", 640, 360, turned=True)),
        Media(type="video/mp4", duration_ms=2500, width=360, height=640),
    ),
    "long numbers": (
        sounds.mp4(sounds.track(b"vide", 64, 36, version=1)),
        Media(type="video/mp4", duration_ms=2500, width=64, height=36),
    ),
    "quicktime": (
        sounds.mp4(brand=b"qt  "),
        Media(type="video/quicktime", duration_ms=2500, width=640, height=360),
    ),
    "fragments": (
        sounds.mp4(fragments=True),
        Media(type="video/mp4", duration_ms=2500, width=640, height=360),
    ),
    "m4a": (
        sounds.mp4(sounds.track(b"soun", 0, 0), brand=b"M4A "),
        Media(type="audio/mp4", duration_ms=2500),
    ),
    "webm": (sounds.webm(), Media(type="video/webm", duration_ms=3250, width=320, height=240)),
    "live": (sounds.webm(seconds=None), Media(type="video/webm", width=320, height=240)),
    "voice": (sounds.webm(0, 0), Media(type="audio/webm", duration_ms=3250)),
    "matroska": (
        sounds.webm(form=b"matroska"),
        Media(type="video/x-matroska", duration_ms=3250, width=320, height=240),
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_is_said(name: str) -> None:
    data, media = SEEN[name]
    assert may_be(data[:64])
    assert look(data) == media


@pytest.mark.parametrize("name", SEEN)
def test_what_is_cut_says_less_and_nothing_else(name: str) -> None:
    data, media = SEEN[name]
    for end in range(len(data)):
        try:
            found = look(data[:end])
        except NoMedia:
            continue
        assert found.width in (media.width, None)


@given(st.sampled_from(sorted(SEEN)), st.data())
def test_what_is_broken_raises_nothing_else(name: str, draw: st.DataObject) -> None:
    data = bytearray(SEEN[name][0])
    for at, value in draw.draw(
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=8)
    ):
        data[at] = value
    reads: list[int] = []

    def read(at: int, length: int) -> bytes:
        reads.append(length)
        return bytes(data[at : at + length])

    try:
        found = heads(read, len(data))
    except NoMedia:
        found = None
    assert max(reads) <= 96
    if found is not None and found.width is not None:
        assert 0 < found.width <= 1 << 15


def test_many_small_parts_end() -> None:
    with pytest.raises(NoMedia, match="too many"):
        look(sounds.box(b"ftyp", b"isom") + sounds.box(b"free") * 20_000)
    with pytest.raises(NoMedia, match="too many"):
        look(b"\xec\x80" * 20_000)


@pytest.mark.parametrize(
    ("data", "type"),
    [
        (sounds.wav(), "audio/wav"),
        (sounds.mp3(), "audio/mpeg"),
        (b"ID3\x04", "audio/mpeg"),
        (sounds.flac(), "audio/flac"),
        (sounds.opus(), "audio/ogg"),
        (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
        (b"FORM\0\0\0\0AIFF", "audio/aiff"),
        ("\N{BYTE ORDER MARK}hello".encode("utf-16-le"), None),
        (b"\xff\xfb\xf0", None),
        (b"RIFF\0\0\0\0WEBP", None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_the_first_bytes_of_sounds(data: bytes, type: str | None) -> None:
    assert sound_type(data[:64]) == type
    assert may_be(data[:64]) == (type is not None)


def test_pictures_in_boxes_are_none() -> None:
    assert not may_be(sounds.mp4(brand=b"avif")[:64])


@pytest.mark.parametrize("seconds", [None, 0.0, -1.0, float("nan"), float("inf"), 1e18])
def test_what_nothing_lasts(seconds: float | None) -> None:
    assert duration(seconds) is None
    assert duration(0.0001) == 1
