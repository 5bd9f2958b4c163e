"""What a sound or a video says of itself in its heads: its type, how long it is, and how large.

Two families of containers are read here, from a few bytes at a time: ISO base media (ISO 14496-12:
MP4, M4A, QuickTime) and Matroska (RFC 9559: WebM). What is broken says nothing.
"""

import struct
from collections.abc import Callable, Iterator
from math import isfinite
from typing import NamedTuple

from msgspec import Struct

LONGEST_S = 30 * 86_400
"""Who says to be longer is not believed."""

HEAD_BYTES = 64
"""So much of a file's beginning tells what it begins as."""

MOST_SIDE = 1 << 15
MOST_STEPS = 10_000
"""So many boxes are looked at."""

Read = Callable[[int, int], bytes]
"""`read(at, length)`: up to so many bytes of the file from there."""


class Media(Struct, frozen=True, gc=False, kw_only=True):
    """A sound, or a video where it has a `width` and a `height`, both above 0."""

    type: str
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None


class NoMedia(ValueError):
    """The bytes are no sound and no video that is known here."""


_SOUNDS: tuple[tuple[bytes, int, bytes, str], ...] = (
    (b"ID3", 0, b"", "audio/mpeg"),
    (b"fLaC", 0, b"", "audio/flac"),
    (b"OggS", 0, b"", "audio/ogg"),
    (b"RIFF", 8, b"WAVE", "audio/wav"),
    (b"FORM", 8, b"AIFF", "audio/aiff"),
    (b"FORM", 8, b"AIFC", "audio/aiff"),
)

_PICTURES = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
"""Brands of ISO base media that are pictures."""


def sound_type(head: bytes) -> str | None:
    """The type of sound that a file begins as, of those that are one sound and nothing else."""
    for begin, at, then, type in _SOUNDS:
        if head.startswith(begin) and head.startswith(then, at):
            return "video/ogg" if b"\x80theora" in head else type
    # A frame of layer III without a tag before it: 11 bits of mark, and no value that is not used.
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg" if head[2] >> 4 != 15 and head[2] & 0x0C != 0x0C else None
    return None


def may_be(head: bytes) -> bool:
    """Whether a file that begins so is worth a look."""
    boxed = head[4:8] == b"ftyp" and head[8:12] not in _PICTURES
    return boxed or head.startswith(b"\x1a\x45\xdf\xa3") or sound_type(head) is not None


def heads(read: Read, size: int) -> Media:
    """What an MP4 or WebM says of itself; raises `NoMedia`."""
    begin = read(0, 12)
    try:
        found = _boxed(read, size) if begin[4:8] == b"ftyp" else _matroska(read, size)
    except (struct.error, IndexError, OverflowError, ZeroDivisionError):
        raise NoMedia("it is broken") from None
    if not found.tracks:
        raise NoMedia("nothing is in it")
    sized = 0 < found.width <= MOST_SIDE and 0 < found.height <= MOST_SIDE
    return Media(
        type=("video/" if found.sees else "audio/") + found.form,
        duration_ms=duration(found.duration_s),
        width=found.width if sized else None,
        height=found.height if sized else None,
    )


def duration(seconds: float | None) -> int | None:
    """Milliseconds; None for what nothing can last."""
    if seconds is None or not isfinite(seconds) or not 0 < seconds <= LONGEST_S:
        return None
    return max(1, round(seconds * 1000))


class _Found:
    """What was gathered: `sees` where there is a track of video."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.duration_s = 0.0
        self.tracks = 0
        self.sees = False
        self.width = self.height = 0
        self.steps = MOST_STEPS

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise NoMedia("it has too many parts")


class _Part(NamedTuple):
    """A box or an element: its name, and where what is in it begins and ends."""

    name: bytes
    start: int
    end: int


# ISO base media


def _boxes(read: Read, start: int, end: int, found: _Found) -> Iterator[_Part]:
    at = start
    while at + 8 <= end:
        found.step()
        head = read(at, 16)
        length, name, inside = struct.unpack_from(">I", head)[0], head[4:8], at + 8
        if length == 1:
            length, inside = struct.unpack_from(">Q", head, 8)[0], at + 16
        after = end if length == 0 else at + length
        if after < inside or after > end:
            return
        yield _Part(name, inside, after)
        at = after


def _boxed(read: Read, size: int) -> _Found:
    brand = read(8, 4)
    found = _Found("quicktime" if brand == b"qt  " else "mp4")
    for part in _boxes(read, 0, size, found):
        if part.name == b"moov":
            _movie(read, part, found)
            break
    if not found.sees:
        found.form = "mp4"
    return found


def _movie(read: Read, movie: _Part, found: _Found) -> None:
    scale, length = 0, 0
    for part in _boxes(read, movie.start, movie.end, found):
        if part.name == b"mvhd":
            head = read(part.start, 32)
            form, at = (">IQ", 20) if head[0] == 1 else (">II", 12)
            scale, length = struct.unpack_from(form, head, at)
        elif part.name == b"mvex":
            # What comes in fragments says how long it is here, if it knows.
            for inner in _boxes(read, part.start, part.end, found):
                if inner.name == b"mehd" and not length:
                    head = read(inner.start, 12)
                    (length,) = struct.unpack_from(">Q" if head[0] == 1 else ">I", head, 4)
        elif part.name == b"trak":
            _track(read, part, found)
    if scale:
        found.duration_s = length / scale


def _track(read: Read, track: _Part, found: _Found) -> None:
    width = height = 0
    kind = b""
    for part in _boxes(read, track.start, track.end, found):
        if part.name == b"tkhd":
            head = read(part.start, 96)
            a, b, _, c, d = struct.unpack_from(">5i", head, 52 if head[0] == 1 else 40)
            at = 88 if head[0] == 1 else 76
            width, height = (side >> 16 for side in struct.unpack_from(">2I", head, at))
            if not a and not d and b and c:  # it lies on its side
                width, height = height, width
        elif part.name == b"mdia":
            for inner in _boxes(read, part.start, part.end, found):
                if inner.name == b"hdlr":
                    kind = read(inner.start + 8, 4)
    if kind in (b"vide", b"soun"):
        found.tracks += 1
    if kind == b"vide" and not found.sees:
        found.sees, found.width, found.height = True, width, height


# Matroska

_EBML, _DOCTYPE = b"\x1a\x45\xdf\xa3", b"\x42\x82"
_SEGMENT, _INFO, _TRACKS, _CLUSTER = (
    b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75",
)  # fmt: skip
_SCALE, _DURATION = b"\x2a\xd7\xb1", b"\x44\x89"
_ENTRY, _KIND, _VIDEO, _WIDTH, _HEIGHT = b"\xae", b"\x83", b"\xe0", b"\xb0", b"\xba"


def _elements(read: Read, start: int, end: int, found: _Found) -> Iterator[_Part]:
    at = start
    while at < end:
        found.step()
        head = read(at, 12)
        first = _long(head[0])
        second = _long(head[first])
        size = int.from_bytes(head[first : first + second]) & (1 << 7 * second) - 1
        if len(head) < first + second:
            return
        inside = at + first + second
        # All ones: nobody knows, up to the end of what is around it.
        after = end if size == (1 << 7 * second) - 1 else inside + size
        yield _Part(head[:first], inside, min(after, end))
        at = after


def _long(byte: int) -> int:
    """How many bytes a number of a variable length has; raises IndexError for more than eight."""
    if not byte:
        raise IndexError
    return 9 - byte.bit_length()


def _matroska(read: Read, size: int) -> _Found:
    found = _Found("webm")
    for part in _elements(read, 0, size, found):
        if part.name == _EBML:
            for inner in _elements(read, part.start, part.end, found):
                if inner.name == _DOCTYPE and read(inner.start, 8) == b"matroska":
                    found.form = "x-matroska"
        elif part.name == _SEGMENT:
            _segment(read, part, found)
            break
    return found


def _segment(read: Read, segment: _Part, found: _Found) -> None:
    for part in _elements(read, segment.start, segment.end, found):
        if part.name == _CLUSTER:
            return
        if part.name == _INFO:
            scale, length = 1_000_000, 0.0
            for inner in _elements(read, part.start, part.end, found):
                if inner.name == _SCALE:
                    scale = _number(read, inner)
                elif inner.name == _DURATION:
                    form = ">f" if inner.end - inner.start == 4 else ">d"
                    (length,) = struct.unpack_from(form, read(inner.start, 8))
            found.duration_s = length * scale / 1e9
        elif part.name == _TRACKS:
            for inner in _elements(read, part.start, part.end, found):
                if inner.name == _ENTRY:
                    _entry(read, inner, found)


def _entry(read: Read, entry: _Part, found: _Found) -> None:
    kind = width = height = 0
    for part in _elements(read, entry.start, entry.end, found):
        if part.name == _KIND:
            kind = _number(read, part)
        elif part.name == _VIDEO:
            for inner in _elements(read, part.start, part.end, found):
                if inner.name == _WIDTH:
                    width = _number(read, inner)
                elif inner.name == _HEIGHT:
                    height = _number(read, inner)
    if kind in (1, 2):
        found.tracks += 1
    if kind == 1 and not found.sees:
        found.sees, found.width, found.height = True, width, height


def _number(read: Read, part: _Part) -> int:
    if part.end - part.start > 8:
        raise IndexError
    return int.from_bytes(read(part.start, part.end - part.start))
