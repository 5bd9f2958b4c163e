"""A loop whose time is its own: it goes on at once to the next thing that is due.

Seconds of calls pass in milliseconds, and how busy the machine is changes nothing that is seen.
Sockets are real: datagrams between sockets of this machine arrive before time goes on.
"""

import asyncio
import select
import selectors
import socket
from collections.abc import Coroutine
from typing import Any

_IN_FLIGHT_S = 0.0002
"""Real seconds that the kernel has to hand over what was sent."""


class _Selector(selectors.DefaultSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
        # By select, for epoll waits whole milliseconds.
        if select.select([self.fileno()], [], [], _IN_FLIGHT_S)[0]:
            return super().select(0)
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time` stands still while anything is left to do."""

    def __init__(self) -> None:
        self._own = _Selector()
        super().__init__(self._own)

    def time(self) -> float:
        return self._own.now

    async def getaddrinfo(self, host: Any, port: Any, **words: Any) -> Any:
        """At once: a thread would be waited for, and time not stand still meanwhile."""
        return socket.getaddrinfo(host, port, **words)


def run(work: Coroutine[object, object, None]) -> None:
    """Run a test on such a loop. What waits for a thread must not wait for time, too."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)
