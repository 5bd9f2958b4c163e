"""Opens the sockets that Hearth listens on: TCP, Unix, and those that are inherited."""

import asyncio
import errno
import logging
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from ssl import SSLContext

from hearth.net.proxies import counted_as, plain
from hearth.net.rest.sockets import HttpServer, is_media

logger = logging.getLogger(__name__)

BACKLOG = 4096
INHERITED = "inherited"
_ACCEPTS = 64
"""Connections taken in one step of the loop, so that what is open gets its turn."""

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class NotInherited(Exception):
    """`inherited` is in `listen`, and nobody handed a socket over; its text is one sentence."""


def inherited() -> list[socket.socket]:
    """The listening sockets that whoever started the process keeps open, as sd_listen_fds(3) says.

    While one process ends and the next begins, connections wait in them: discord.js and others give
    their session up when one is refused.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=number) for number in range(3, 3 + count)]


def sockets(wanted: Sequence[str], passed: Sequence[socket.socket]) -> list[socket.socket]:
    """A listening socket for each address. Raises OSError with the address, and NotInherited."""
    if passed and INHERITED not in wanted:
        return list(passed)
    if INHERITED in wanted and not passed:
        raise NotInherited("listen names inherited, but no socket was handed over.")
    opened: list[socket.socket] = []
    for address in wanted:
        try:
            if address == INHERITED:
                opened += passed
            elif address.startswith("unix:"):
                opened.append(_unix(Path(address.removeprefix("unix:"))))
            else:
                opened += _tcp(address)
        except OSError as error:
            for each in opened:
                each.close()
            raise OSError(error.errno, error.strerror, address) from None
    return opened


def _tcp(address: str) -> list[socket.socket]:
    """Sockets for all that a host's name stands for; what this machine lacks is left out."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    opened: list[socket.socket] = []
    lacking: OSError | None = None
    found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, name in dict.fromkeys(found):
        made = None
        try:
            made = socket.socket(family, kind, protocol)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # [::] is every address of the machine, those of IPv4 too.
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
            made.bind(name)
        except OSError as error:
            if made is not None:
                made.close()
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                for each in opened:
                    each.close()
                raise
            lacking = error
        else:
            opened.append(made)
    if lacking is not None and not opened:
        raise lacking
    return opened


def _unix(path: Path) -> socket.socket:
    """A socket at `path`, for its owner and group; one that nobody listens on is replaced."""
    try:
        if stat.S_ISSOCK(path.stat().st_mode) and not _answers(path):
            path.unlink()
    except FileNotFoundError:
        pass
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(str(path))
        path.chmod(0o660)
    except OSError:
        made.close()
        raise
    return made


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


class Listener:
    """One socket that takes connections, by TLS when `tls` is given and it is no Unix socket.

    `ours` is off for one that others hold open when this process ends.
    """

    def __init__(
        self, http: HttpServer, sock: socket.socket, tls: SSLContext | None, *, ours: bool = True
    ) -> None:
        self._http = http
        self._ours = ours
        self._socket = sock
        self._name = sock.getsockname()
        self._is_unix = sock.family == socket.AF_UNIX
        self._tls = None if self._is_unix else tls
        self._server: asyncio.Server | None = None
        self._loop = asyncio.get_running_loop()
        self._greeting: set[asyncio.Task[object]] = set()
        self._by_address: dict[str, int] = {}
        """Handshakes under way, by what shares a bound."""
        self._rest: asyncio.TimerHandle | None = None
        self.failed = 0
        """TLS handshakes that came to nothing."""

    @property
    def url(self) -> str:
        """Where it is reached: `http://HOST:PORT`, `https://HOST:PORT` or `unix:PATH`."""
        if self._is_unix:
            return f"unix:{os.fsdecode(self._name)}"
        host, port = self._name[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http{'s' if self._tls else ''}://{shown}:{port}"

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port; None for a Unix socket."""
        return None if self._is_unix else (self._name[0], self._name[1])

    async def open(self) -> None:
        """Take connections from now on."""
        if self._tls is None:
            make = self._loop.create_unix_server if self._is_unix else self._loop.create_server
            self._server = await make(self._http, sock=self._socket, backlog=BACKLOG)
            return
        # A handshake counts for its address before there is a protocol that could count it.
        self._socket.setblocking(False)
        self._socket.listen(BACKLOG)
        self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Take no more; those who have connected stay, unless their handshake is unfinished."""
        if self._ours and self._is_unix:
            Path(os.fsdecode(self._name)).unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
            return
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    async def settle(self, seconds: float) -> None:
        """Wait for handshakes under way; what is left then is cut."""
        if self._greeting:
            await asyncio.wait(self._greeting, timeout=seconds)
        for task in self._greeting:
            task.cancel()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                logger.error("no connection taken reason=%s", error.strerror)
                self._loop.remove_reader(self._socket)
                self._rest = self._loop.call_later(1.0, self._again)
                return
            address = plain(peer[0])
            key = counted_as(address)
            waiting = self._by_address.get(key, 0)
            if not self._http.counts.has_room(address, waiting):
                self._http.refused += 1
                sock.close()
                continue
            sock.setblocking(False)
            self._by_address[key] = waiting + 1
            task = self._loop.create_task(self._greet(sock, key))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    def _again(self) -> None:
        self._rest = None
        self._loop.add_reader(self._socket, self._accept)

    async def _peek(self, sock: socket.socket) -> bytes:
        """A connection's first byte, left where it is. Raises OSError, also when none comes."""
        came = asyncio.Event()
        self._loop.add_reader(sock, came.set)
        try:
            async with asyncio.timeout(self._http.head_timeout_s):
                await came.wait()
        finally:
            self._loop.remove_reader(sock)
        return sock.recv(1, socket.MSG_PEEK)

    async def _greet(self, sock: socket.socket, key: str) -> None:
        try:
            if self._http.media is not None and is_media(await self._peek(sock)):
                # Media has its own seal.
                await self._loop.connect_accepted_socket(self._http, sock)
                return
            await self._loop.connect_accepted_socket(
                self._http,
                sock,
                ssl=self._tls,
                ssl_handshake_timeout=self._http.head_timeout_s,
            )
        except OSError:  # Also what TLS does not like, and time that is up.
            self.failed += 1
            sock.close()
        finally:
            left = self._by_address[key] - 1
            if left:
                self._by_address[key] = left
            else:
                del self._by_address[key]
