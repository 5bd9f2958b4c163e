"""How late a loop is: what else runs on it waits as long."""

import asyncio
from collections import deque

EVERY_S = 0.25
KEPT = 40
"""Looks that are remembered: ten seconds."""


class Lag:
    """Looks at the running loop four times a second, until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._late: deque[float] = deque(maxlen=KEPT)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._again()

    @property
    def worst_s(self) -> float:
        """The longest that it was late in the last ten seconds."""
        return max(self._late, default=0.0)

    def close(self) -> None:
        """Look no more. May be called again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._late.append(max(0.0, self._loop.time() - self._due))
        self._again()

    def _again(self) -> None:
        self._due = self._loop.time() + EVERY_S
        self._timer = self._loop.call_at(self._due, self._look)
