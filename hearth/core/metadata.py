"""Takes out of a picture what it says beside the picture: place, time, camera, comments.

Nothing is decoded and no pixel changes. What is behind the end of the picture goes too. Sources:
PNG (W3C, third edition), JPEG (ITU T.81), GIF89a, WebP container specification.
"""

from hearth.core.images import ImageType

_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs"
    b" acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_GIF_LOOPS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0"})


class Broken(ValueError):
    """The bytes do not have the form of their type, or end too early."""


def strip(type: ImageType, data: bytes) -> bytes:
    """The picture without its metadata; `data` itself where it has none. Raises `Broken`."""
    try:
        return {"png": _png, "jpeg": _jpeg, "gif": _gif, "webp": _webp}[type](data)
    except IndexError:
        raise Broken("it ends too early") from None


def _png(data: bytes) -> bytes:
    kept = [data[:8]]
    at = 8
    while True:
        end = at + 12 + int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        if end > len(data) or len(name) < 4:
            raise Broken("it ends too early")
        if name in _PNG_KEPT:
            kept.append(data[at:end])
        at = end
        if name == b"IEND":
            return b"".join(kept)


def _jpeg(data: bytes) -> bytes:
    kept = [data[:2]]
    at = 2
    while True:
        if data[at] != 0xFF:
            raise Broken("a marker is missing")
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == 0xD9:
            return b"".join([*kept, b"\xff\xd9"])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end > len(data) or end < at + 4:
            raise Broken("it ends too early")
        if marker == 0xDA:
            end = _scan(data, end)
        if _jpeg_keeps(marker, data[at + 4 : at + 16]):
            kept.append(data[at:end])
        at = end


def _jpeg_keeps(marker: int, begin: bytes) -> bool:
    """Whether a segment belongs to the picture: colours do, all other notes do not."""
    if 0xE0 <= marker <= 0xEF:
        return begin.startswith((b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"))
    return marker != 0xFE


def _scan(data: bytes, at: int) -> int:
    """Where the coded data of a scan ends, that is where the next marker is."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise Broken("it ends too early")
        follows = data[at + 1]
        if follows and not 0xD0 <= follows <= 0xD7 and follows != 0xFF:
            return at
        at += 1 if follows == 0xFF else 2


def _gif(data: bytes) -> bytes:
    at = 13 + _table(data[10])
    kept = [data[:at]]
    while True:
        start, kind = at, data[at]
        if kind == 0x3B:
            return b"".join([*kept, b"\x3b"])
        if kind == 0x2C:
            at = _blocks(data, at + 11 + _table(data[at + 9]))
            keep = True
        elif kind == 0x21:
            label = data[at + 1]
            at = _blocks(data, at + 2)
            keep = label == 0xF9 or (label == 0xFF and data[start + 3 : start + 14] in _GIF_LOOPS)
        else:
            raise Broken("there is a block of no known kind")
        if keep:
            kept.append(data[start:at])


def _table(flags: int) -> int:
    """How long a GIF's table of colours is."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks(data: bytes, at: int) -> int:
    """Where a GIF's row of blocks ends."""
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _webp(data: bytes) -> bytes:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise Broken("it ends too early")
    kept: list[bytes] = []
    at = 12
    while at + 8 <= end:
        name = data[at : at + 4]
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + 8 + length + length % 2
        if at + 8 + length > end:
            raise Broken("it ends too early")
        if name in _WEBP_KEPT:
            chunk = data[at : at + 8 + length] + bytes(length % 2)
            if name == b"VP8X":
                # Its flags say that there are Exif and XMP (bits 3 and 2).
                chunk = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]
            kept.append(chunk)
        at = after
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
