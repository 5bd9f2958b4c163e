"""ThumbHash: a picture as about 25 bytes, enough for a blur (evanw.github.io/thumbhash)."""

import math
from collections.abc import Sequence

MOST_SIDE = 32
"""The longer side of what is hashed. The form allows 100; no coefficient needs more than this."""


def thumbhash(width: int, height: int, pixels: bytes) -> bytes:
    """The hash of `pixels`, RGBA of 8 bits, row after row."""
    count = width * height
    alpha = [pixels[i] / 255 for i in range(3, 4 * count, 4)]
    opacity = sum(alpha)
    average = [
        sum(pixels[4 * i + channel] / 255 * alpha[i] for i in range(count)) / (opacity or 1)
        for channel in range(3)
    ]
    light: list[float] = []
    yellow_blue: list[float] = []
    red_green: list[float] = []
    for i, opaque in enumerate(alpha):
        # What can be seen through shows the average.
        red, green, blue = (
            average[channel] * (1 - opaque) + opaque * pixels[4 * i + channel] / 255
            for channel in range(3)
        )
        light.append((red + green + blue) / 3)
        yellow_blue.append((red + green) / 2 - blue)
        red_green.append(red - green)
    has_alpha = opacity < count
    longer, most = max(width, height), 5 if has_alpha else 7
    nx = max(1, _round(most * width / longer))
    ny = max(1, _round(most * height / longer))
    waves = _Waves(width, height)
    l_dc, l_ac, l_scale = waves.of(light, max(3, nx), max(3, ny))
    p_dc, p_ac, p_scale = waves.of(yellow_blue, 3, 3)
    q_dc, q_ac, q_scale = waves.of(red_green, 3, 3)
    landscape = width > height
    first = (
        _round(63 * l_dc)
        | _round(31.5 + 31.5 * p_dc) << 6
        | _round(31.5 + 31.5 * q_dc) << 12
        | _round(31 * l_scale) << 18
        | has_alpha << 23
    )
    second = (
        (ny if landscape else nx)
        | _round(63 * p_scale) << 3
        | _round(63 * q_scale) << 9
        | landscape << 15
    )
    head = first.to_bytes(3, "little") + second.to_bytes(2, "little")
    nibbles = [*l_ac, *p_ac, *q_ac]
    if has_alpha:
        a_dc, a_ac, a_scale = waves.of(alpha, 5, 5)
        head += bytes([_round(15 * a_dc) | _round(15 * a_scale) << 4])
        nibbles += a_ac
    levels = [_round(15 * each) for each in nibbles]
    levels += [0] * (len(levels) % 2)
    return head + bytes(
        low | high << 4 for low, high in zip(levels[::2], levels[1::2], strict=True)
    )


class _Waves:
    """The cosines of one size of picture."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._across = [_cosines(width, i) for i in range(7)]
        self._down = [_cosines(height, i) for i in range(7)]

    def of(self, channel: Sequence[float], nx: int, ny: int) -> tuple[float, list[float], float]:
        """The constant part, the waves from 0 to 1 in order, and how high the highest is."""
        width, count = self._width, self._width * self._height
        rows = [channel[i : i + width] for i in range(0, count, width)]
        constant, found = 0.0, list[float]()
        for cy in range(ny):
            for cx in range(nx):
                if cx * ny >= nx * (ny - cy):
                    break
                across = self._across[cx]
                value = sum(
                    down * sum(map(float.__mul__, row, across))
                    for down, row in zip(self._down[cy], rows, strict=True)
                )
                if cx or cy:
                    found.append(value / count)
                else:
                    constant = value / count
        scale = max(map(abs, found), default=0.0)
        if scale:
            found = [0.5 + 0.5 / scale * each for each in found]
        return constant, found, scale


def _cosines(length: int, wave: int) -> list[float]:
    return [math.cos(math.pi / length * wave * (i + 0.5)) for i in range(length)]


def _round(value: float) -> int:
    return math.floor(value + 0.5)
