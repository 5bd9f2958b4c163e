"""Rate limits: how often, and what is left, as fixed windows (Discord topic, "Rate limits")."""

from msgspec import Struct


class Rate(Struct, frozen=True, gc=False):
    """`limit` calls in each window of `per` seconds."""

    limit: int
    per: float = 1.0


class Limit(Struct, frozen=True, gc=False):
    """What a caller is told of a bucket. Times are seconds."""

    bucket: str
    limit: int
    remaining: int
    reset_after: float


class Bucket:
    """One fixed window of one caller."""

    __slots__ = ("ends", "used")

    def __init__(self) -> None:
        self.used = 0
        self.ends = 0.0

    def take(self, limit: int, per: float, now: float) -> bool:
        """Count one call at `now` (monotonic seconds); False when the window is used up."""
        if now >= self.ends:
            self.ends = now + per
            self.used = 1
            return True
        if self.used >= limit:
            return False
        self.used += 1
        return True


class Quota:
    """How much each user has used within the hour, which begins with their first use."""

    PER_S = 3600.0

    def __init__(self) -> None:
        self._used: dict[int, tuple[float, int]] = {}

    def take(self, user_id: int, amount: int, most: int, now: float) -> float:
        """Count an amount; 0, or how many seconds to wait where that would be more than `most`."""
        ends, used = self._used.get(user_id, (0.0, 0))
        if now >= ends:
            if len(self._used) > 10_000:
                self._used = {key: each for key, each in self._used.items() if each[0] > now}
            ends, used = now + self.PER_S, 0
        if used + amount > most:
            return ends - now
        self._used[user_id] = ends, used + amount
        return 0.0
