"""Media over TCP (RFC 6544, RFC 4571): for who is behind what lets no UDP through.

It comes to the port of HTTP: the first byte tells them apart. A browser's first frame is a check
of some hundred bytes, so its length begins with a small byte; HTTP begins with a letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, cast

from hearth.sfu.udp import LARGEST, Address

if TYPE_CHECKING:
    from hearth.sfu.web import Web

PROVE_S = 10.0
"""So often it is seen whether anybody is behind a connection: its checks were proven, and its peer
is still here."""

BEHIND_BYTES = 256 << 10
"""What may wait to be taken by the other side; more is dropped, for late media is worth nothing."""

_numbers = count(1)


class MediaStream(asyncio.Protocol):
    """One connection: frames of two bytes of length and a datagram.

    `first` is what came of it before; `left` is called when it is over.
    """

    def __init__(
        self, web: Web, left: Callable[[], None] = lambda: None, first: bytes = b""
    ) -> None:
        self._web = web
        self._left = left
        self._first = first
        self._transport: asyncio.Transport | None = None
        self._address: Address = ()
        self._rest = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It came."""
        self._transport = cast(asyncio.Transport, transport)
        name: tuple[str, int] | None = transport.get_extra_info("peername")
        host, port = name[:2] if name else ("", 0)
        # No UDP address has a third part that is a text, so none is mistaken for it.
        self._address = (host, port, "tcp", next(_numbers))
        self._web.streams[self._address] = self
        self._timer = asyncio.get_running_loop().call_later(PROVE_S, self._check)
        first, self._first = self._first, b""
        if first:
            self.data_received(first)

    def data_received(self, data: bytes) -> None:
        """Take every whole frame."""
        data = self._rest + data
        at = 0
        while at + 2 <= len(data):
            size = data[at] << 8 | data[at + 1]
            if size > LARGEST:
                self.cut()
                return
            if at + 2 + size > len(data):
                break
            self._web.udp.feed_browser(data[at + 2 : at + 2 + size], self._address)
            at += 2 + size
        self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """It went."""
        if self._timer is not None:
            self._timer.cancel()
        self._web.streams.pop(self._address, None)
        self._web.gone(self._address)
        self._transport = None
        self._left()

    def write(self, data: bytes) -> bool:
        """Send one datagram, or drop it; whether it went."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > BEHIND_BYTES:
            return False
        transport.write(len(data).to_bytes(2, "big") + data)
        return True

    def _check(self) -> None:
        if self._address in self._web.ice.by_address:
            self._timer = asyncio.get_running_loop().call_later(PROVE_S, self._check)
        else:
            self.cut()

    def cut(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()
