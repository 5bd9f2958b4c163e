"""How long who fails to log in must wait: longer each time, and forgotten after a while."""


class Throttle:
    """Failures by key. After `free` of them each makes the next attempt wait twice as long.

    The first wait is `base_s`, the longest `most_s`. What has been quiet for an hour is forgotten;
    of more than `keys` keys the oldest go first. Times are monotonic seconds.
    """

    __slots__ = ("_base_s", "_failures", "_keys", "_most_s")

    FORGET_S = 3600.0

    def __init__(self, *, base_s: float = 1.0, most_s: float = 300.0, keys: int = 50_000) -> None:
        self._base_s = base_s
        self._most_s = most_s
        self._keys = keys
        self._failures: dict[object, tuple[int, float, float]] = {}

    def wait(self, key: object, now: float) -> float:
        """Seconds that `key` has to wait; 0 when it may try."""
        kept = self._failures.get(key)
        return 0.0 if kept is None else max(0.0, kept[1] - now)

    def attempt(self, key: object, free: int, now: float) -> None:
        """Count an attempt as failed, until `take_back` or `succeed` says otherwise.

        Counted before it is known, because many may be under way at once.
        """
        count, _, last = self._failures.pop(key, (0, 0.0, now))
        if now - last > self.FORGET_S:
            count = 0
        count += 1
        over = count - free
        until = now + min(self._base_s * 2 ** min(over, 30), self._most_s) if over >= 0 else 0.0
        while len(self._failures) >= self._keys:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = count, until, now

    def take_back(self, key: object) -> None:
        """Uncount the last attempt of `key`; those before it stay."""
        kept = self._failures.get(key)
        if kept is not None:
            self._failures[key] = max(0, kept[0] - 1), 0.0, kept[2]

    def succeed(self, key: object) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)
