"""Takes a WebSocket's socket from aiohttp: RFC 6455's opening handshake and the hand-over.

aiohttp's own WebSocket keeps about 16 KiB per connection (request, parser, reader, writer, task);
a transport with a small protocol of ours keeps a tenth of it. This is the one file that relies on
private parts of aiohttp: `BaseRequest._message`, `RequestHandler._message_tail` and what
`RequestHandler.connection_lost` does. tests/doors/test_upgrade.py is the contract with them.
"""

import asyncio
import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha1
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.hdrs import ALLOW, CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE
from aiohttp.http import HttpVersion11

_VERSION = "13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class _Taken(web.StreamResponse):
    """What the handler returns when nothing is left for aiohttp to write, or nobody to read it."""

    def __init__(self) -> None:
        super().__init__(status=HTTPStatus.SWITCHING_PROTOCOLS)
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return


def take_over(
    request: web.BaseRequest, make: Callable[[asyncio.Transport], asyncio.Protocol]
) -> web.StreamResponse:
    """Answer the handshake and give the connection to the protocol that `make` returns.

    The handler of `web.Server` must end with `return take_over(request, make)`: no `await` and no
    use of the request after it, and the response, whichever it is, must be returned as it is. It
    is either the refusal (400, 405, 426; the connection goes on as HTTP), or one that aiohttp
    neither writes nor follows by closing; its task for the connection ends, and the connection is
    none of its own any more, so `shutdown` does not close it.

    `make(transport)` stands for `connection_made`, which is not called; it may write, for the 101
    has been written. Then come `pause_writing` if the transport's buffer is above its mark, and
    `data_received` with what the client sent behind its handshake, even if `make` paused reading.
    All this happens before `take_over` returns. An exception of either aborts the connection and
    is raised. When the client has gone, `make` is not called.

    No subprotocol and no extension is negotiated. TLS is the transport's affair.
    """
    refusal = _refuse(request)
    if refusal is not None:
        return refusal
    old = request.protocol
    transport = old.transport
    if transport is None or transport.is_closing():
        return _Taken()
    accept = b64encode(
        sha1(request.headers[SEC_WEBSOCKET_KEY].encode() + _GUID, usedforsecurity=False).digest()
    )
    tail = bytes(old._message_tail)  # pyright: ignore
    # Without its transport the old protocol takes this for a lost connection, lets go of all it
    # holds (parser, timer, its place in the server's list) and cannot close what is ours now.
    old.transport = None
    old.connection_lost(None)
    try:
        transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        # aiohttp holds the transport when much comes behind the handshake.
        if not transport.is_reading():
            transport.resume_reading()
        new = make(transport)
        transport.set_protocol(new)
        # The transport tells a protocol of its buffer once; until here it told the old one.
        if old.writing_paused:
            new.pause_writing()
        if tail:
            new.data_received(tail)
    except BaseException:
        transport.abort()
        raise
    return _Taken()


def _refuse(request: web.BaseRequest) -> web.Response | None:
    """The answer to what is no handshake that we speak (RFC 6455 4.2.1, 4.2.2, 4.4)."""
    headers = request.headers
    if request.method != "GET":
        return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "use GET", {ALLOW: "GET"})
    if request.version < HttpVersion11:
        return _refusal(HTTPStatus.BAD_REQUEST, "use HTTP/1.1")
    # Also aiohttp's own condition for leaving later bytes alone. `upgrade` says that Connection
    # has the token "upgrade" and that there is an Upgrade.
    upgrade = request._message.upgrade  # pyright: ignore[reportPrivateUsage]
    # RFC 9110 15.5.22: a 426 names the protocol.
    wanted: dict[str, str] = {UPGRADE: "websocket", CONNECTION: "Upgrade"}
    if not upgrade or headers.get(UPGRADE, "").lower() != "websocket":
        return _refusal(HTTPStatus.UPGRADE_REQUIRED, "this is a WebSocket", wanted)
    if headers.get(SEC_WEBSOCKET_VERSION) != _VERSION:
        wanted[SEC_WEBSOCKET_VERSION] = _VERSION
        return _refusal(HTTPStatus.UPGRADE_REQUIRED, "use WebSocket version 13", wanted)
    if not _is_key(headers.get(SEC_WEBSOCKET_KEY, "")):
        return _refusal(HTTPStatus.BAD_REQUEST, "invalid Sec-WebSocket-Key")
    if request.body_exists:
        return _refusal(HTTPStatus.BAD_REQUEST, "a handshake has no body")
    return None


def _refusal(
    status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(status=status, text=text, headers=headers)


def _is_key(key: str) -> bool:
    """Whether `key` is 16 bytes in base64 (RFC 6455 4.2.1)."""
    try:
        return len(b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
