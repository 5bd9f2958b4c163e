"""Images: what the first bytes say, and what is a data URI."""

import base64

import pytest

from hearth.core.images import Image, parse_data_uri, sniff

PNG = b"\x89PNG\r\n\x1a\nrest"
GIF = b"GIF89a rest"
STILL = b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\x10\0\0\0"
MOVING = b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\x12\0\0\0"


@pytest.mark.parametrize(
    ("data", "image"),
    [
        (PNG, Image("png", PNG)),
        (b"\xff\xd8\xff\xe0", Image("jpeg", b"\xff\xd8\xff\xe0")),
        (GIF, Image("gif", GIF, animated=True)),
        (STILL, Image("webp", STILL)),
        (MOVING, Image("webp", MOVING, animated=True)),
        (b"RIFF\0\0\0\0WEBPVP8X", Image("webp", b"RIFF\0\0\0\0WEBPVP8X")),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<svg onload=alert(1)>", None),
        (b"", None),
    ],
)
def test_the_first_bytes_decide(data: bytes, image: Image | None) -> None:
    assert sniff(data) == image


def test_data_uris() -> None:
    text = base64.b64encode(PNG).decode()
    assert parse_data_uri(f"data:image/png;base64,{text}") == PNG
    # Some clients name no type, or another than it is: the bytes say what it is.
    assert parse_data_uri(f"data:;base64,{text}") == PNG
    for wrong in (text, f"data:image/png,{text}", "data:image/png;base64,A", f"{text}\n", ""):
        assert parse_data_uri(wrong) is None
