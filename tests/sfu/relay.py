"""A bad network between one person and the media server: loss, delay, reordering, a rate."""

import asyncio
import contextlib
import random
import socket

from hearth.sfu.udp import Address

QUEUE_S = 0.3
"""How much a slow path keeps; what comes beyond is lost."""


class Path:
    """One direction. Pure: a datagram comes in, and when it arrives comes out."""

    def __init__(self, seed: int) -> None:
        self.loss = 0.0
        """Of datagrams, 0 to 1."""
        self.delay_s = 0.0
        self.jitter_s = 0.0
        """Up to so much later each, by chance: they overtake each other."""
        self.rate = 0.0
        """bits/s; 0 is no limit."""
        self.came = 0
        self.lost = 0
        self._random = random.Random(seed)
        self._free_at = 0.0

    def take(self, octets: int, now: float) -> float | None:
        """When it arrives; None is never."""
        self.came += 1
        if self._random.random() < self.loss:
            self.lost += 1
            return None
        at = now
        if self.rate:
            at = max(self._free_at, now) + octets * 8 / self.rate
            if at - now > QUEUE_S:
                self.lost += 1
                return None
            self._free_at = at
        return at + self.delay_s + self._random.random() * self.jitter_s


class Relay:
    """Stands before the media server; who comes to it is passed on, each from a socket of its
    own, as a router does."""

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        self.target = target
        self.up, self.down = Path(seed), Path(seed + 1)
        self._loop = asyncio.get_running_loop()
        self._front = self._socket()
        self._loop.add_reader(self._front.fileno(), self._come)
        self._behind: dict[Address, socket.socket] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it takes datagrams."""
        return self._front.getsockname()

    def lead(self, answer: str) -> str:
        """An answer of the server's that leads here."""
        (host, port), (here, number) = self.target, self.address
        return answer.replace(f" {host} {port} typ host", f" {here} {number} typ host")

    def rebind(self) -> None:
        """From now on, datagrams come to the server from another address, and what goes to the
        one before is lost: another network, or a router that was started anew."""
        for each in self._behind.values():
            self._loop.remove_reader(each.fileno())
            each.close()
        self._behind.clear()

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, option, 1 << 21)
        made.setblocking(False)
        made.bind(("127.0.0.1", 0))
        return made

    def _come(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                data, person = self._front.recvfrom(2048)
                behind = self._behind.get(person)
                if behind is None:
                    behind = self._behind[person] = self._socket()
                    self._loop.add_reader(behind.fileno(), self._back, behind, person)
                self._pass(self.up, data, behind, self.target)

    def _back(self, behind: socket.socket, person: Address) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                data, _ = behind.recvfrom(2048)
                self._pass(self.down, data, self._front, person)

    def _pass(self, path: Path, data: bytes, by: socket.socket, to: Address) -> None:
        now = self._loop.time()
        at = path.take(len(data), now)
        if at is None:
            return
        if at <= now:
            self._send(data, by, to)
            return

        def arrive() -> None:
            self._timers.discard(timer)
            self._send(data, by, to)

        timer = self._loop.call_at(at, arrive)
        self._timers.add(timer)

    @staticmethod
    def _send(data: bytes, by: socket.socket, to: Address) -> None:
        if by.fileno() >= 0:
            with contextlib.suppress(OSError):
                by.sendto(data, to)

    def close(self) -> None:
        """Pass nothing on any more."""
        for timer in self._timers:
            timer.cancel()
        self.rebind()
        self._loop.remove_reader(self._front.fileno())
        self._front.close()
