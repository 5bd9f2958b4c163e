"""The one UDP socket: reads what came, hands each datagram to its peer, drops what does not fit."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

Address = tuple[Any, ...]
"""What the socket calls a sender: (host, port), with two more numbers for IPv6."""

Take = Callable[[memoryview, Address], None]
"""Takes one datagram; the view is good until it returns."""

TURN_S = 0.002
"""For so long datagrams are taken in one step of the loop; then what else is ready, chat, gets its
turn. In a large room one datagram may take half a millisecond."""

LARGEST = 2048
_BUFFER_BYTES = 4 << 20
_DISCOVERY = b"\x00\x01\x00\x46"
"""How a request for IP discovery begins: 74 bytes, which no STUN message has."""


def is_stream(address: Address | None) -> bool:
    """Whether an address is a TCP connection's (`hearth.sfu.tcp`)."""
    return address is not None and len(address) == 4 and address[2] == "tcp"


def bound(host: str, port: int) -> socket.socket:
    """A UDP socket for media; port 0 takes a free one. Raises OSError."""
    (found, *_) = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    made = socket.socket(found[0], socket.SOCK_DGRAM)
    try:
        if found[0] == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        made.setblocking(False)
        made.bind(found[4])
    except OSError:
        made.close()
        raise
    return made


class Udp:
    """One socket for everything. `drops` counts what the kernel had no room for."""

    def __init__(self) -> None:
        self.inbox = memoryview(bytearray(LARGEST))
        """Where a datagram lies while it is looked at. Another may be set, of the same size."""
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.bots: dict[Address, Take] = {}
        """Who takes every datagram of an address: UDP voice, known by its address."""
        self.discovery: Take | None = None
        """Who takes requests for IP discovery from addresses that are not known."""
        self.browsers: Take | None = None
        """Who takes all the rest: STUN, DTLS, SRTP."""
        self.drops = 0

    def open(self, sock: socket.socket) -> None:
        """Read a socket of `bound`, and close it in the end."""
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._read)

    @property
    def port(self) -> int:
        """The port that is bound, 0 before."""
        return 0 if self._socket is None else self._socket.getsockname()[1]

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4, or IPv6, which may take both."""
        return socket.AF_INET if self._socket is None else self._socket.family

    @property
    def descriptor(self) -> int:
        """The socket's number. Raises RuntimeError before `open`."""
        if self._socket is None:
            raise RuntimeError("The UDP socket is not open.")
        return self._socket.fileno()

    def close(self) -> None:
        """Read no more. May be called again."""
        if self._socket is not None:
            assert self._loop is not None
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def send(self, data: bytes | bytearray | memoryview, address: Address) -> bool:
        """Send one datagram, or drop it when there is no room; whether it went."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(data, address)
        except OSError:
            # No room, no route, or the last datagram was refused there: media does not wait.
            self.drops += 1
            return False
        return True

    def _read(self) -> None:
        ends = time.monotonic() + TURN_S
        while self._socket is not None and time.monotonic() < ends:
            try:
                length, address = self._socket.recvfrom_into(self.inbox)
            except BlockingIOError:
                return
            except OSError:
                # An ICMP error of an earlier datagram; those that came still wait.
                continue
            self.take(self.inbox[:length], address)

    def feed(self, data: bytes, address: Address) -> None:
        """Take a datagram that came by another way."""
        if len(data) <= LARGEST:
            self.inbox[: len(data)] = data
            self.take(self.inbox[: len(data)], address)

    def feed_browser(self, data: bytes, address: Address) -> None:
        """Take a datagram that came by TCP, which only browsers use."""
        if len(data) == 74 and data[:4] == _DISCOVERY:
            return
        self.feed(data, address)

    def take(self, data: memoryview, address: Address) -> None:
        """Hand one datagram over. Whatever it does, it costs nobody else anything."""
        try:
            if (bot := self.bots.get(address)) is not None:
                bot(data, address)
            elif len(data) == 74 and bytes(data[:4]) == _DISCOVERY:
                if self.discovery is not None:
                    self.discovery(data, address)
            elif self.browsers is not None:
                self.browsers(data, address)
        except Exception:
            logger.exception(
                "datagram failed bytes=%d first=%d", len(data), data[0] if data else -1
            )
