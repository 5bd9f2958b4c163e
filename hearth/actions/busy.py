"""What a home needs while calls come to it, and drops when it is quiet."""

import asyncio

from hearth.core.limits import Bucket


class Busy:
    """What a home needs while calls come: the turn, limits, nonces in flight, slow mode."""

    __slots__ = ("buckets", "calls", "inflight", "slow", "turn")

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.calls = 0
        """Who holds the turn or waits for it; a lock between two holders is not locked."""
        self.buckets: dict[tuple[str, int | str, int], Bucket] = {}
        self.inflight: dict[bytes, asyncio.Future[None]] = {}
        self.slow: dict[tuple[int, int], float] = {}

    def tidy(self, now: float) -> bool:
        """Forget what has lapsed at `now`; whether nothing is left."""
        self.buckets = {key: each for key, each in self.buckets.items() if each.ends > now}
        self.slow = {key: until for key, until in self.slow.items() if until > now}
        return self.idle

    @property
    def idle(self) -> bool:
        """Whether no call is under way or counted."""
        return not (self.calls or self.buckets or self.inflight or self.slow)
