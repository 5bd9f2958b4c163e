"""Which layer of each stream a viewer gets: by what it shows, and what it can be sent. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_GUESS = (200_000.0, 700_000.0, 2_500_000.0)
"""bits/s of layers that were not measured yet, from the poorest of three."""

_SLACK = 1.15
"""To rise takes a little more room than what it costs."""


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


def allocate(asks: Sequence[Ask], budget: float, cap: float = math.inf) -> dict[int, int]:
    """The layer of each stream, by its name. Every stream gets its poorest, whatever the budget,
    which is an estimate; what does not fit in the cap gets nothing, -1. Then screens, then the
    largest pictures are bettered, step by step."""
    ranked = sorted(asks, key=lambda ask: (not ask.screen, -ask.pixels, -ask.quality, ask.ssrc))
    chosen: dict[int, int] = {}
    spent = 0.0
    for ask in ranked:
        poorest = _bitrate(ask, 0)
        chosen[ask.ssrc] = 0 if spent + poorest <= cap else -1
        spent += poorest * (chosen[ask.ssrc] + 1)
    left = min(budget, cap) - spent
    rising = True
    while rising:
        rising = False
        for ask in ranked:
            rank = chosen[ask.ssrc] + 1
            if rank == 0 or rank > ideal(ask):
                continue
            more = _bitrate(ask, rank) - _bitrate(ask, rank - 1)
            # What is shown already stays on the edge.
            slack = 1.0 if ask.now is not None and ask.now >= rank else _SLACK
            if more * slack <= left:
                left -= more
                chosen[ask.ssrc] = rank
                rising = True
    return chosen


def cost(asks: Sequence[Ask], chosen: Mapping[int, int]) -> float:
    """bits/s of what is chosen."""
    return sum(_bitrate(ask, chosen[ask.ssrc]) for ask in asks if chosen[ask.ssrc] >= 0)


def following(asks: Sequence[Ask], chosen: Mapping[int, int]) -> float:
    """The budget from which on more would be given than is chosen; 0 when nobody wants more."""
    steps = [
        _bitrate(ask, rank + 1) - (_bitrate(ask, rank) if rank >= 0 else 0.0)
        for ask in asks
        if (rank := chosen[ask.ssrc]) < ideal(ask)
    ]
    return cost(asks, chosen) + _SLACK * min(steps) if steps else 0.0


def shares(wants: Sequence[float], capacity: float) -> list[float]:
    """What each may be sent when all want so much and `capacity` is there: who wants little gets
    it, the others get the same."""
    given = [0.0] * len(wants)
    left = capacity
    for done, number in enumerate(sorted(range(len(wants)), key=lambda each: wants[each])):
        given[number] = min(wants[number], left / (len(wants) - done))
        left -= given[number]
    return given


def _bitrate(ask: Ask, rank: int) -> float:
    measured = ask.bitrates[rank]
    if measured > 0:
        return measured
    return _GUESS[rank + len(_GUESS) - len(ask.bitrates)] if len(ask.bitrates) <= 3 else _GUESS[-1]
