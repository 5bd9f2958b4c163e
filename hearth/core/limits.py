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
