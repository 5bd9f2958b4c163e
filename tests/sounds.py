"""Sounds and videos for tests, made by hand: their heads are real, what they show is not."""

import io
import struct
import wave


def wav(seconds: float = 1.5, rate: int = 8000) -> bytes:
    """Silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes(bytes(2 * int(seconds * rate)))
    return out.getvalue()


def mp3(frames: int = 100) -> bytes:
    """Frames of 128 kbit/s at 44.1 kHz: 1152 samples each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def flac(samples: int = 66_150, rate: int = 44_100) -> bytes:
    """A head alone."""
    packed = rate << 44 | 1 << 41 | 15 << 36 | samples
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + packed.to_bytes(8) + bytes(16)
    return b"fLaC" + b"\x80" + len(info).to_bytes(3) + info


def opus(samples: int = 72_000) -> bytes:
    """Two pages of heads and one of sound, at 48 kHz."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<I", 0)
    pages = [(2, 0, head), (0, 0, tags), (4, samples, bytes(60))]
    return b"".join(
        b"OggS"
        + struct.pack("<BBqIIIB", 0, kind, position, 7, number, 0, 1)
        + bytes([len(data)])
        + data
        for number, (kind, position, data) in enumerate(pages)
    )


def box(name: bytes, *parts: bytes) -> bytes:
    """A box of ISO base media."""
    inside = b"".join(parts)
    return struct.pack(">I", 8 + len(inside)) + name + inside


def track(kind: bytes, width: int, height: int, *, turned: bool = False, version: int = 0) -> bytes:
    """A track; `turned` lies on its side."""
    matrix = (0, 65536, 0, -65536, 0) if turned else (65536, 0, 0, 0, 65536)
    before = bytes([version, 0, 0, 0]) + bytes(32 if version else 20) + bytes(16)
    sides = struct.pack(">2I", width << 16, height << 16)
    head = before + struct.pack(">5i", *matrix) + bytes(16) + sides
    return box(b"trak", box(b"tkhd", head), box(b"mdia", box(b"hdlr", bytes(8), kind, bytes(12))))


def mp4(
    *tracks: bytes, seconds: float = 2.5, brand: bytes = b"isom", fragments: bool = False
) -> bytes:
    """With its movie behind its data, as cameras write it."""
    length = int(seconds * 1000)
    movie = [box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, 0 if fragments else length), bytes(80))]
    if fragments:
        movie.append(box(b"mvex", box(b"mehd", struct.pack(">2I", 0, length))))
    tracks = tracks or (track(b"soun", 0, 0), track(b"vide", 640, 360))
    return box(b"ftyp", brand, bytes(8)) + box(b"mdat", bytes(100)) + box(b"moov", *movie, *tracks)


def element(name: str, *parts: bytes, endless: bool = False) -> bytes:
    """An element of Matroska, with a size of eight bytes."""
    inside = b"".join(parts)
    size = (1 << 56) - 1 if endless else len(inside)
    return bytes.fromhex(name) + (size | 1 << 56).to_bytes(8) + inside


def webm(
    width: int = 320, height: int = 240, *, seconds: float | None = 3.25, form: bytes = b"webm"
) -> bytes:
    """A video, or a sound where `width` is 0."""
    info = [element("2ad7b1", (500_000).to_bytes(3))]
    if seconds is not None:
        info.append(element("4489", struct.pack(">d", seconds * 2000)))
    entries = [element("ae", element("83", b"\x02"))]
    if width:
        sides = element("e0", element("b0", width.to_bytes(2)), element("ba", height.to_bytes(2)))
        entries.append(element("ae", element("83", b"\x01"), sides))
    parts = [element("1549a966", *info), element("1654ae6b", *entries)]
    parts.append(element("1f43b675", bytes(50), endless=True))
    head = element("1a45dfa3", element("4282", form))
    return head + element("18538067", *parts, endless=True)
