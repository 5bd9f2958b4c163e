"""HTTP's connections: how many one address may have, and how long a slow one is waited for.

It relies on private parts of aiohttp beside those that net/gateway/upgrade.py names: on
`transport`, `_current_request`, `_request_count`, `_paused`, `_task_handler` and `_force_close`.
tests/doors/test_slow.py and tests/sfu/test_tcp.py are the contract with them.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hearth.net.proxies import counted_as, plain

logger = logging.getLogger(__name__)

KEEPALIVE_S = 150.0
"""How long a connection may rest between two requests; longer than proxies rest theirs."""

READING_FACTOR = 4
"""An answer of which nothing is taken is waited for so many times as long as a request's head."""


def is_media(data: bytes) -> bool:
    """Whether a connection's first bytes are the length of a datagram (RFC 4571): HTTP begins with
    a letter, TLS with 0x16."""
    return bool(data) and data[0] < 8


class Counts:
    """How many connections each address has, up to `most`; `free` tells who has no bound."""

    def __init__(self, most: int, free: Callable[[str], bool]) -> None:
        self.most = most
        self.of: dict[str, int] = {}
        self._free = free

    def has_room(self, address: str, more: int = 0) -> bool:
        """Whether another connection of `address` is taken; `more` are counted elsewhere."""
        return self._free(address) or self.of.get(counted_as(address), 0) + more < self.most

    def enter(self, address: str) -> str | None:
        """Count one; what `leave` is to be given, None when there are too many."""
        if self._free(address):
            return ""
        key = counted_as(address)
        count = self.of.get(key, 0)
        if count >= self.most:
            return None
        self.of[key] = count + 1
        return key

    def leave(self, key: str) -> None:
        """One that was counted is gone."""
        if key:
            left = self.of[key] - 1
            if left:
                self.of[key] = left
            else:
                del self.of[key]


class HttpServer(web.Server):
    """aiohttp's server with bounds; `sweep` is to be called each second.

    A connection that has sent no whole head after `head_timeout_s` is closed, and one whose body
    comes more slowly than `body_rate_bytes` a second after that time, and one that takes nothing
    of its answer for a while. There is no timer for each: they are looked at in turn.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Any],
        *,
        counts: Counts,
        head_timeout_s: float,
        body_rate_bytes: int,
        **more: Any,
    ) -> None:
        super().__init__(handler, access_log=None, keepalive_timeout=KEEPALIVE_S, **more)
        self.counts = counts
        self.head_timeout_s = head_timeout_s
        self.body_rate_bytes = body_rate_bytes
        self.refused = 0
        self.slow = 0
        self.media: Callable[[Callable[[], None]], object | None] | None = None
        """Gives the protocol of a connection that turns out to carry media instead of HTTP; what it
        is handed is to be called when that connection is over."""

    def __call__(self) -> RequestHandler:
        """The protocol of a new connection."""
        return _Handler(self, loop=self._loop, **self._kwargs)

    @property
    def fresh(self) -> Iterable[RequestHandler]:
        """The connections that have not sent a request yet."""
        return [handler for handler in self._connections if not handler._request_count]  # pyright: ignore[reportPrivateUsage]

    def sweep(self) -> None:
        """Close what is too slow."""
        now = self._loop.time()
        cut: Counter[str] = Counter()
        for handler in list(self._connections):
            why = cast(_Handler, handler).fault(now)
            if why:
                cut[why] += 1
                transport = handler.transport
                handler.force_close()
                if transport is not None:
                    transport.abort()
        if cut:
            # A line for each would let them fill the disk.
            self.slow += cut.total()
            said = " ".join(f"{why}={count}" for why, count in sorted(cut.items()))
            logger.info("slow connections cut %s", said)


class _Handler(RequestHandler):
    """A connection, with what the sweep saw of it last."""

    __slots__ = ("_came", "_heard", "_key", "_left", "_seen", "_since", "_stuck")

    def __init__(self, server: HttpServer, **more: Any) -> None:
        super().__init__(server, **more)
        self._came = 0.0
        self._heard = False
        self._key: str | None = None
        self._seen: web.BaseRequest | None = None
        self._since = 0.0
        self._left = 0
        self._stuck = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server = cast(HttpServer, self._manager)
        peer: Any = transport.get_extra_info("peername")
        # A Unix socket's is a text.
        address = plain(peer[0]) if isinstance(peer, tuple) and peer else ""  # pyright: ignore[reportUnknownArgumentType]
        self._key = server.counts.enter(address)
        if self._key is None:
            server.refused += 1
            self._force_close = True
            cast(asyncio.Transport, transport).abort()
            return
        self._came = self._loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._heard:
            self._heard = True
            if is_media(data) and self._hand_over(data):
                return
        super().data_received(data)

    def _hand_over(self, data: bytes) -> bool:
        """Let the media server have the connection; whether it wants it."""
        server, transport = cast(HttpServer, self._manager), self.transport
        if server.media is None or transport is None:
            return False
        # Whoever takes it, it is still counted for its address.
        taker = server.media(partial(server.counts.leave, self._key or ""))
        if taker is None:
            return False
        protocol = cast(asyncio.Protocol, taker)
        self._key = None
        # Else it would close what is handed over.
        self.transport = None
        task = self._task_handler
        super().connection_lost(None)
        if task is not None:
            # It may not have begun yet, and could not any more.
            task.cancel()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._key is not None and self._manager is not None:
            cast(HttpServer, self._manager).counts.leave(self._key)
            self._key = None
        super().connection_lost(exc)
        self._seen = None

    def fault(self, now: float) -> str | None:
        """Why it should be cut."""
        server, transport = cast(HttpServer | None, self._manager), self.transport
        if server is None or transport is None:
            return None
        if not self._request_count:
            return "head" if now - self._came > server.head_timeout_s else None
        if self._paused:
            left = transport.get_write_buffer_size()
            if left != self._left or not self._stuck:
                self._left, self._stuck = left, now
            elif now - self._stuck > READING_FACTOR * server.head_timeout_s:
                return "answer"
        else:
            self._stuck = 0.0
        request = self._current_request
        if request is not self._seen:
            self._seen, self._since = request, now
        if request is not None and not request.content.is_eof():
            spent = now - self._since - server.head_timeout_s
            if spent > request.content.total_bytes / server.body_rate_bytes:
                return "body"
        return None
