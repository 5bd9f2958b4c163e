"""ThumbHash: equal to what the reference implementation (npm thumbhash 0.1.1) makes."""

import base64

import pytest

from hearth.core.thumbhash import thumbhash


def pixels(width: int, height: int, *, see_through: bool) -> bytes:
    made = bytearray()
    for y in range(height):
        for x in range(width):
            made += bytes((255 * x // max(1, width - 1), 255 * y // max(1, height - 1)))
            made += bytes(((x * 7 + y * 13) % 256, (x * 31 + y * 17) % 256 if see_through else 255))
    return bytes(made)


@pytest.mark.parametrize(
    ("width", "height", "see_through", "expected"),
    [
        (32, 20, False, "3/cJRJqAh3dgdndXiYZxoAj4eA=="),
        (1, 1, False, "AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (32, 32, True, "4AeGHQ4IcIZxiHh2dZGAB/iHdnZIKUeVMA=="),
        (3, 32, False, "nggOSSRwcViHhYlngIQN2Hg="),
    ],
)
def test_the_reference(width: int, height: int, see_through: bool, expected: str) -> None:
    made = thumbhash(width, height, pixels(width, height, see_through=see_through))
    assert base64.b64encode(made).decode() == expected
