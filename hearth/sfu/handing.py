"""Connections by TCP on their way to the process whose they are, which their first frame tells.

A frame is two bytes of length and a datagram (RFC 4571); the first is a check (RFC 8489, RFC 8445)
that names the ufrag it is for.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

PROVE_S = 10.0
"""The first frame must have come within so long."""

MOST_BYTES = 4096
"""Who has sent more than that before the first answer is none of ours."""

_HEADER = 20
_REQUEST, _USERNAME = b"\x00\x01", 0x0006
_COOKIE = b"\x21\x12\xa4\x42"


def ufrag_of(data: bytes) -> str | None:
    """Whom a datagram with a check is for; None where it is none."""
    if len(data) < _HEADER or data[:2] != _REQUEST or data[4:8] != _COOKIE:
        return None
    at = _HEADER
    while at + 4 <= len(data):
        kind, size = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        if kind == _USERNAME and at + 4 + size <= len(data):
            return data[at + 4 : at + 4 + size].decode("ascii", "replace").partition(":")[0]
        at += 4 + (size + 3) // 4 * 4
    return None


Take = Callable[[int, bytes], bool]
"""Takes a connection's descriptor, of which it makes its own, and what came; whether it did."""


class Hand(asyncio.Protocol):
    """One connection before its first frame is whole. `find` gives who takes a ufrag's.

    `left` is called when it is over, unless it was taken.
    """

    def __init__(self, find: Callable[[str], Take | None], left: Callable[[], None]) -> None:
        self._find = find
        self._left = left
        self._taken = False
        self._came = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It came."""
        self._transport = cast(asyncio.Transport, transport)
        self._timer = asyncio.get_running_loop().call_later(PROVE_S, self._end)

    def data_received(self, data: bytes) -> None:
        """See whose it is."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._came += data
        if len(self._came) > MOST_BYTES:
            self._end()
            return
        end = 2 + int.from_bytes(self._came[:2])
        if len(self._came) < max(2, end):
            return
        ufrag = ufrag_of(self._came[2:end])
        take = None if ufrag is None else self._find(ufrag)
        if take is not None:
            sock: Any = transport.get_extra_info("socket")
            # What is not read yet waits in the socket for who takes it.
            transport.pause_reading()
            self._taken = take(sock.fileno(), self._came)
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """This process has no more to do with it."""
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        if not self._taken:
            self._left()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.abort()
