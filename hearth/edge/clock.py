"""The clock: the one place where Hearth asks what time it is."""

import time


class Clock:
    """Tells the time; what needs time takes it as an argument, tests pass a clock of their own."""

    def now(self) -> float:
        """Seconds that never go back, for deadlines and intervals; their zero means nothing."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970-01-01T00:00Z, for what is shown or stored; may step either way."""
        return time.time()
