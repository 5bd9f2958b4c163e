"""What may come as an image: data URIs, and the type that the first bytes say."""

import base64
import binascii
import re
from typing import Literal

from msgspec import Struct

ImageType = Literal["png", "jpeg", "gif", "webp"]

MIME: dict[ImageType, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}

_DATA_URI = re.compile(r"data:[a-zA-Z0-9.+/-]*;base64,([A-Za-z0-9+/_=-]*)\Z")


class Image(Struct, frozen=True, gc=False):
    """An image as it was sent; `type` is what its bytes say, whatever it was called."""

    type: ImageType
    data: bytes
    animated: bool = False


def sniff(data: bytes) -> Image | None:
    """The image that `data` begins as; None for anything that is none of the four."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Image("png", data)
    if data.startswith(b"\xff\xd8\xff"):
        return Image("jpeg", data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Image("gif", data, animated=True)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        # The second bit of VP8X's flags (WebP container specification, "Extended file format").
        return Image(
            "webp", data, animated=data[12:16] == b"VP8X" and any(byte & 2 for byte in data[20:21])
        )
    return None


def parse_data_uri(text: str) -> bytes | None:
    """The bytes of a base64 data URI; None for what is none."""
    match = _DATA_URI.match(text)
    if match is None:
        return None
    try:
        return base64.b64decode(match[1].replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return None
