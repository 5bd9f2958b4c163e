"""The operator's door: a Unix socket in the data directory, one JSON line for each call.

`{"operation", "params", "body"}` is answered with `{"value"}` or `{"error"}` in the API's form.
Who may open the socket (mode 0600) is the operator.
"""

import asyncio
import logging
import os
import socket
import struct
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hearth.actions.gate import call
from hearth.actions.scopes import AsOperator, AsOperatorInGuild
from hearth.actions.world import World
from hearth.core.errors import INTERNAL, ROUTE_NOT_FOUND, Refused, invalid_form
from hearth.core.operations import OPERATIONS, OPERATOR
from hearth.core.wire import decode

logger = logging.getLogger(__name__)

LIMIT_BYTES = 1024 * 1024

_PEER = struct.Struct("3i")
"""Who is at the other end of a Unix socket (unix(7), SO_PEERCRED): pid, uid, gid."""


class Asked(Struct):
    """One call."""

    operation: str
    params: dict[str, int] = {}
    body: dict[str, Any] | None = None


async def answer(world: World, raw: bytes, uid: int) -> bytes:
    """The reply to one call of the system's user `uid`, as JSON without a line break."""
    try:
        asked = decode(Asked, raw)
        operation = OPERATIONS.get(asked.operation)
        if operation is None or not issubclass(operation.scope, AsOperator | AsOperatorInGuild):
            raise Refused(ROUTE_NOT_FOUND)
        if issubclass(operation.scope, AsOperatorInGuild) and "guild_id" not in asked.params:
            missing = ("params", "guild_id"), "BASE_TYPE_REQUIRED", "This field is required"
            raise invalid_form(missing)
        body = None
        if operation.body is not None:
            body = decode(operation.body, msgspec.json.encode(asked.body or {}))
        # Last: nobody says who somebody else is.
        params = {**asked.params, "uid": uid}
        reply = await call(world, operation, OPERATOR, params, body)
        return msgspec.json.encode({"value": reply.value})
    except Refused as refused:
        return msgspec.json.encode({"error": refused.body})
    except Exception:
        logger.exception("operator's call failed")
        return msgspec.json.encode({"error": Refused(INTERNAL).body})


class AdminDoor:
    """The socket and its calls."""

    def __init__(self, world: World, path: Path) -> None:
        self._world = world
        self._path = path
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. The lock on the data directory says that a socket left there is nobody's."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        finally:
            os.umask(old)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=LIMIT_BYTES
        )

    async def close(self) -> None:
        """Take no more calls and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            peer = writer.get_extra_info("socket")
            raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
            _, uid, _ = _PEER.unpack(raw)
            while line := await reader.readline():
                writer.write(await answer(self._world, line, uid) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()
