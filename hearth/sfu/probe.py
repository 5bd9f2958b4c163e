"""Tries a way to the media server as a browser does, with a name that the server gave for it."""

import asyncio
import secrets
import struct
import time

from aioice import stun

from hearth.core.voice_ports import Route

AGAIN_S = 0.5
WITHIN_S = 3.0


async def reach(route: Route, within_s: float = WITHIN_S) -> float:
    """Milliseconds until a check was answered. Raises OSError, also where no answer came."""
    request = check(route)
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s):
            ask = _by_udp if route.protocol == "udp" else _by_tcp
            await ask(route, request)
    except TimeoutError:
        raise OSError("no answer came") from None
    return (time.monotonic() - began) * 1000


def check(route: Route) -> bytes:
    """A connectivity check as a browser makes it (RFC 8445, section 7.2.2)."""
    made = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={
            "USERNAME": f"{route.ufrag}:doctor",
            "PRIORITY": 1,
            "ICE-CONTROLLING": secrets.randbits(64),
        },
    )
    made.add_message_integrity(route.password.encode())
    return bytes(made)


def answers(data: bytes, request: bytes, password: str) -> bool:
    """Whether it is the answer to the request, of who knows the password."""
    try:
        found = stun.parse_message(data)
        return (
            found.message_class == stun.Class.RESPONSE
            and found.transaction_id == request[8:20]
            and found.check_message_integrity(password.encode())
        )
    except (ValueError, KeyError, struct.error):
        return False


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, request: bytes, password: str) -> None:
        self.answered = asyncio.get_running_loop().create_future()
        self._request, self._password = request, password

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.answered.done() and answers(data, self._request, self._password):
            self.answered.set_result(None)

    def error_received(self, exc: Exception) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc)


async def _by_udp(route: Route, request: bytes) -> None:
    loop = asyncio.get_running_loop()
    transport, asking = await loop.create_datagram_endpoint(
        lambda: _Asking(request, route.password), remote_addr=(route.host, route.port)
    )
    try:
        while True:
            transport.sendto(request)
            done, _ = await asyncio.wait([asking.answered], timeout=AGAIN_S)
            if done:
                asking.answered.result()
                return
    finally:
        transport.close()


async def _by_tcp(route: Route, request: bytes) -> None:
    reader, writer = await asyncio.open_connection(route.host, route.port)
    try:
        writer.write(len(request).to_bytes(2, "big") + request)
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            if answers(await reader.readexactly(size), request, route.password):
                return
    except asyncio.IncompleteReadError:
        raise OSError("the connection was closed without an answer") from None
    finally:
        writer.close()
