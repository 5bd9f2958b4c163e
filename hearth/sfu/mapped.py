"""By which public address we are reached, as a STUN server sees it (RFC 8489)."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from hearth.sfu.borrowed import ask_address, read_address
from hearth.sfu.udp import Address, Udp

logger = logging.getLogger(__name__)

AGAIN_S = 25.0
"""So often it is asked: routers forget a way that nothing goes by."""

_TRIES_S = (0.25, 0.5, 1.0)


class Mapped:
    """Asks from the socket of media, whose address it is about, and tells when it is another."""

    def __init__(self, udp: Udp, server: str, learnt: Callable[[tuple[str, int]], None]) -> None:
        host, _, port = server.rpartition(":")
        self._place = host.removeprefix("[").removesuffix("]"), int(port)
        self._udp = udp
        self._learnt = learnt
        self._asked: set[bytes] = set()
        self._answered = asyncio.Event()
        self._known: tuple[str, int] | None = None
        self._task = asyncio.get_running_loop().create_task(self._ask())

    async def first(self, within_s: float) -> None:
        """Wait for the first answer, but no longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._answered.wait()

    def take(self, data: bytes, address: Address) -> bool:
        """Whether a datagram is the answer. What nobody but the server can know proves it."""
        found = read_address(data)
        if found is None or found[0] not in self._asked:
            return False
        self._asked.clear()
        self._answered.set()
        if found[1:] != self._known:
            self._known = found[1:]
            logger.info("public address learnt host=%s port=%d", *found[1:])
            self._learnt(self._known)
        return True

    def close(self) -> None:
        """Ask no more."""
        self._task.cancel()

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        silent = False
        while True:
            self._answered.clear()
            try:
                family = self._udp.family
                flags = socket.AI_V4MAPPED if family == socket.AF_INET6 else 0
                places = await loop.getaddrinfo(
                    *self._place, family=family, type=socket.SOCK_DGRAM, flags=flags
                )
                for wait_s in _TRIES_S:
                    number, request = ask_address()
                    self._asked.add(number)
                    self._udp.send(request, places[0][4])
                    await self.first(wait_s)
                    if self._answered.is_set():
                        break
            except OSError as error:
                logger.debug("stun server not found: %s", error)
            if self._answered.is_set() == silent:
                silent = not silent
                if silent:
                    logger.warning("stun server does not answer host=%s port=%d", *self._place)
            self._asked.clear()
            await asyncio.sleep(AGAIN_S)
