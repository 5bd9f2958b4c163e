"""Tries a relay (TURN, RFC 8656) as a browser uses it: that it takes the name and password, that a
packet goes by it to the media server and back, and that it leads nowhere else."""

import asyncio
import contextlib
import hashlib
import ssl
import struct
import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs

from aioice import stun

from hearth.core.voice_ports import IceServer, Route
from hearth.sfu.probe import AGAIN_S, WITHIN_S, answers, check

ELSEWHERE = ("192.168.255.253", "10.255.255.253", "169.254.169.254", "198.41.0.4")
"""Addresses that are not the media server's. The relay is asked whether it would lead there; no
packet goes."""

_UDP = 17 << 24
_UNAUTHORIZED, _STALE = 401, 438


class Trial(NamedTuple):
    """What came of trying a relay."""

    state: Literal["ok", "unreachable", "untrusted", "refused", "odd", "shut", "lost"]
    """`refused` is the name and password, `odd` any other refusal; `shut` may not lead to the media
    server; of `lost` no packet came back."""
    why: str = ""
    ms: float = 0.0
    """Until a packet came back."""
    elsewhere: tuple[str, ...] = ()
    """Of `ELSEWHERE`, where it would lead too."""


class Place(NamedTuple):
    """Where a relay is, as its URL says (RFC 7065)."""

    host: str
    port: int
    protocol: str
    tls: bool


class Refusal(Exception):
    """The relay's no, as STUN has it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code


def place(url: str) -> Place:
    """What a URL of the settings names, with the defaults of browsers."""
    scheme, _, rest = url.partition(":")
    where, _, query = rest.partition("?")
    tls = scheme == "turns"
    host, port = where, ""
    if not where.endswith("]") and ":" in where:
        host, _, port = where.rpartition(":")
    protocol = parse_qs(query).get("transport", ["tcp" if tls else "udp"])[0]
    return Place(host.strip("[]"), int(port or (5349 if tls else 3478)), protocol, tls)


async def relay(url: str, server: IceServer, routes: Sequence[Route]) -> Trial:
    """Go by a relay to the media server, which is at any of `routes`."""
    at = place(url)
    began = time.monotonic()
    try:
        async with asyncio.timeout(WITHIN_S):
            mail = await _connected(at)
    except TimeoutError:
        return Trial("unreachable", "no answer came")
    except ssl.SSLCertVerificationError as error:
        return Trial("untrusted", error.verify_message.rstrip("."))
    except ssl.SSLError as error:
        return Trial("untrusted", (error.reason or "no TLS").lower().replace("_", " "))
    except OSError as error:
        return Trial("unreachable", (error.strerror or str(error)).lower())
    try:
        return await _through(_Client(mail, server), routes, began)
    except OSError as error:
        return Trial("unreachable", (error.strerror or str(error)).lower())
    except Refusal as refusal:
        return Trial("refused" if refusal.code == _UNAUTHORIZED else "odd", str(refusal))
    finally:
        mail.close()


async def _through(client: "_Client", routes: Sequence[Route], began: float) -> Trial:
    await client.ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": _UDP})
    try:
        ways: dict[tuple[str, int], tuple[bytes, Route]] = {}
        why = "it was offered no IPv4 address"
        for route in routes:
            if route.protocol != "udp" or ":" in route.host:
                continue
            try:
                await client.permit(route.host, route.port)
            except Refusal as refusal:
                why = str(refusal)
            else:
                ways[route.host, route.port] = check(route), route
        elsewhere = [each for each in ELSEWHERE if await _leads(client, each, routes)]
        if not ways:
            return Trial("shut", why, elsewhere=tuple(elsewhere))
        back = await client.there_and_back(ways)
        took = (time.monotonic() - began) * 1000
        return Trial("ok" if back else "lost", ms=took, elsewhere=tuple(elsewhere))
    finally:
        with contextlib.suppress(Refusal, OSError):
            await client.ask(stun.Method.REFRESH, {"LIFETIME": 0})


async def _leads(client: "_Client", host: str, routes: Sequence[Route]) -> bool:
    if any(route.host == host for route in routes):
        return False
    try:
        await client.permit(host, 9)
    except Refusal:
        return False
    return True


class _Client:
    """Speaks with one relay. Raises OSError where nothing comes, and `Refusal`."""

    def __init__(self, mail: "_Mail", server: IceServer) -> None:
        self._mail = mail
        self._server = server
        self._proof: dict[str, Any] = {}
        self._key = b""

    async def ask(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        """Ask, with our name once the relay wants it."""
        for _ in range(3):
            asked = stun.Message(method, stun.Class.REQUEST, attributes=attributes | self._proof)
            if self._proof:
                asked.add_message_integrity(self._key)
            answer = await self._answer(bytes(asked), asked.transaction_id)
            if answer.message_class != stun.Class.ERROR:
                return answer
            code, reason = answer.attributes.get("ERROR-CODE", (0, ""))
            wants = code == _STALE or (code == _UNAUTHORIZED and not self._proof)
            if not wants or "NONCE" not in answer.attributes:
                raise Refusal(code, reason)
            realm = answer.attributes.get("REALM") or self._proof.get("REALM", "")
            name = self._server.username
            self._proof = {"USERNAME": name, "REALM": realm, "NONCE": answer.attributes["NONCE"]}
            words = f"{name}:{realm}:{self._server.credential}".encode()
            self._key = hashlib.md5(words, usedforsecurity=False).digest()
        raise Refusal(_STALE, "it takes no nonce of its own")

    async def permit(self, host: str, port: int) -> None:
        """Let packets go to a host, and come from there."""
        await self.ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (host, port)})

    async def there_and_back(self, ways: dict[tuple[str, int], tuple[bytes, Route]]) -> bool:
        """Send a check to each; whether one was answered."""
        until = time.monotonic() + WITHIN_S
        while time.monotonic() < until:
            for where, (asked, _) in ways.items():
                said = {"XOR-PEER-ADDRESS": where, "DATA": asked}
                made = stun.Message(stun.Method.SEND, stun.Class.INDICATION, attributes=said)
                self._mail.send(bytes(made))
            again = time.monotonic() + AGAIN_S
            while (came := await self._mail.next(again)) is not None:
                found = _read(came)
                if found is None or found.message_method != stun.Method.DATA:
                    continue
                way = ways.get(found.attributes.get("XOR-PEER-ADDRESS", ("", 0)))
                if way is not None and answers(
                    found.attributes.get("DATA", b""), way[0], way[1].password
                ):
                    return True
        return False

    async def _answer(self, asked: bytes, number: bytes) -> stun.Message:
        until = time.monotonic() + WITHIN_S
        while time.monotonic() < until:
            self._mail.send(asked)
            # What goes by TCP need not be sent again.
            again = time.monotonic() + AGAIN_S if self._mail.datagrams else until
            while (came := await self._mail.next(again)) is not None:
                found = _read(came)
                if found is not None and found.transaction_id == number:
                    return found
        raise OSError("no answer came")


def _read(data: bytes) -> stun.Message | None:
    try:
        return stun.parse_message(data)
    except (ValueError, KeyError, struct.error):
        return None


class _Mail(asyncio.Protocol, asyncio.DatagramProtocol):
    """Messages from and to a relay, by datagrams or, by TCP, one behind another."""

    def __init__(self, datagrams: bool) -> None:
        self.datagrams = datagrams
        self._came: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._rest = b""
        self._transport: Any = None
        self._error: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._came.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self._error = exc
        self._came.put_nowait(None)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= 20:
            end = 20 + int.from_bytes(self._rest[2:4], "big")
            if len(self._rest) < end:
                break
            self._came.put_nowait(self._rest[:end])
            self._rest = self._rest[end:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc or OSError("it closed the connection")
        self._came.put_nowait(None)

    def send(self, data: bytes) -> None:
        """Send one message."""
        if self.datagrams:
            self._transport.sendto(data)
        else:
            self._transport.write(data)

    async def next(self, until: float) -> bytes | None:
        """The next message; None where none came by then. Raises OSError at the end."""
        try:
            async with asyncio.timeout(until - time.monotonic()):
                came = await self._came.get()
        except TimeoutError:
            return None
        if came is None:
            error = self._error
            raise error if isinstance(error, OSError) else OSError("it closed the connection")
        return came

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def _connected(at: Place) -> _Mail:
    loop = asyncio.get_running_loop()
    where = at.host, at.port
    if at.protocol == "udp" and not at.tls:
        _, mail = await loop.create_datagram_endpoint(lambda: _Mail(True), remote_addr=where)
        return mail
    context = ssl.create_default_context() if at.tls else None
    _, mail = await loop.create_connection(lambda: _Mail(False), *where, ssl=context)
    return mail
