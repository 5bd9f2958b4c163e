"""Which layer of each stream a viewer gets: by what it shows, and what it can be sent. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

_GUESS = (200_000.0, 700_000.0, 2_500_000.0)
"""bits/s of layers that were not measured yet, from the poorest of three."""


class Ask(NamedTuple):
    """One stream that a viewer shows."""

    ssrc: int
    screen: bool
    quality: int
    """1 to 100, as op 15 says."""
    pixels: int
    """How many it is shown with; 0 is not known."""
    bitrates: Sequence[float]
    """Of its layers, poorest first; 0 is not measured."""
    heights: Sequence[int]
    """Lines of its layers; 0 is not known."""
    now: int | None
    """The layer that it gets now."""


def ideal(ask: Ask) -> int:
    """The layer that it would get if there were no bound: the poorest that fills what is shown."""
    best = len(ask.bitrates) - 1
    chosen = min(best, ask.quality * len(ask.bitrates) // 101)
    if ask.pixels and all(ask.heights):
        for rank, height in enumerate(ask.heights):
            # 16:9, and a picture may be enlarged a little before anybody sees it.
            if height * height * 16 / 9 * 1.3 >= ask.pixels:
                return min(rank, chosen)
    return chosen


def allocate(asks: Sequence[Ask], budget: float) -> dict[int, int]:
    """The layer of each stream, by its name. Every stream gets its poorest, whatever the budget;
    then screens, then the largest pictures are bettered, step by step."""
    chosen = {ask.ssrc: 0 for ask in asks}
    left = budget - sum(_bitrate(ask, 0) for ask in asks)
    ranked = sorted(asks, key=lambda ask: (not ask.screen, -ask.pixels, -ask.quality, ask.ssrc))
    rising = True
    while rising:
        rising = False
        for ask in ranked:
            rank = chosen[ask.ssrc] + 1
            if rank > ideal(ask):
                continue
            more = _bitrate(ask, rank) - _bitrate(ask, rank - 1)
            # What is shown already stays on the edge; to rise takes a little more than it costs.
            slack = 1.0 if ask.now is not None and ask.now >= rank else 1.15
            if more * slack <= left:
                left -= more
                chosen[ask.ssrc] = rank
                rising = True
    return chosen


def _bitrate(ask: Ask, rank: int) -> float:
    measured = ask.bitrates[rank]
    if measured > 0:
        return measured
    return _GUESS[rank + len(_GUESS) - len(ask.bitrates)] if len(ask.bitrates) <= 3 else _GUESS[-1]
