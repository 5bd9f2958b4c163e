"""The one file that knows HTTP: a request becomes a call, a reply or refusal a response."""

import asyncio
import hmac
import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from hearth.actions.attachments import put_upload
from hearth.actions.elsewhere import ELSEWHERE
from hearth.actions.gate import call
from hearth.actions.scopes import Open
from hearth.actions.world import World
from hearth.core.errors import (
    BODY_TOO_LARGE,
    INTERNAL,
    INVALID_API_VERSION,
    INVALID_JSON,
    ROUTE_NOT_FOUND,
    SHUTTING_DOWN,
    UNAUTHORIZED,
    Refused,
    invalid_form,
    rate_limited,
)
from hearth.core.limits import Bucket, Limit
from hearth.core.models.attachments import Upload
from hearth.core.operations import ANONYMOUS, OPERATIONS, File, Operation, Principal
from hearth.core.wire import decode_query, encode
from hearth.edge.addresses import own_ipv4
from hearth.edge.metrics import CONTENT_TYPE, Metrics
from hearth.net.gateway.connection import Connection, Gateway
from hearth.net.gateway.upgrade import take_over
from hearth.net.proxies import FORWARDED_FOR, Proxies, counted_as, is_here, plain
from hearth.net.rest.bodies import read_body
from hearth.net.rest.files import Files
from hearth.net.rest.reference import DOCUMENTS, unchanging
from hearth.net.rest.routes import Routes, parameters
from hearth.net.rest.sockets import Counts
from hearth.net.rest.static import Static
from hearth.net.voice.connection import VoiceConnection
from hearth.net.voice.door import VoiceDoor

logger = logging.getLogger(__name__)


class _OneLine(logging.Filter):
    """aiohttp logs an error, a traceback and the peer's address for what is no HTTP: a line does.

    A client that goes away in the middle of its request is no fact of the server's.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.msg, record.args = "not HTTP error=%s", (type(error).__name__,)
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.exc_info = None
        return not isinstance(error, ConnectionError)


http_logger = logging.getLogger(f"{__name__}.http")
"""What `web.Server` writes to."""

http_logger.addFilter(_OneLine())

JSON = "application/json"
"""Exactly this: with a charset behind it discord.py takes a body for text."""

VIA = "1.1 hearth"
"""On each 429: without a Via header discord.py and its kin raise instead of waiting."""

BODY_LIMIT_BYTES = 1024 * 1024
GLOBAL_PER_S = 50
CROWDED_S = 5.0
"""An address with too many gateway connections is told to wait for so long."""

_API = re.compile(r"^/api(?:/v(\d+))?(/.*)$")


class Rest:
    """The HTTP door of one process.

    `counts` are the gateway's connections by address. `unready` gives the reason why the server
    should be sent nothing now, or None. Whoever has `metrics_token` reads the metrics from
    anywhere.
    """

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        *,
        public_url: str | None,
        scale: float,
        proxies: Proxies,
        counts: Counts,
        metrics: Metrics,
        metrics_token: str | None = None,
        unready: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.world = world
        self.gateway = gateway
        self.metrics = metrics
        self.closing = False
        self.voice: VoiceDoor | None = None
        """The voice gateway; set once it is known where media comes in."""
        self.voice_ip = ""
        """Where bots are told to send media; empty is where each has reached the server."""
        self.same_address = True
        """Whether a bot's media must come from where its gateway connection does."""
        self._proxies = proxies
        self._counts = counts
        self._metrics_token = metrics_token
        self._unready = unready
        self._static = Static()
        gateway.left = counts.leave
        self._public = public_url
        self._scale = scale
        self._files = Files(world)
        self._routes = Routes([*OPERATIONS.values(), *ELSEWHERE.values()])
        self._global: dict[int, Bucket] = {}
        self._urls: dict[str, str] = {}

    def request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        """A request whose body may be as big as ours are; the request factory of `web.Server`."""
        return web.BaseRequest(
            message,
            payload,
            protocol,
            writer,
            task,
            asyncio.get_running_loop(),
            client_max_size=BODY_LIMIT_BYTES,
        )

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the handler of `web.Server`."""
        now = self.world.clock.now
        start = now()
        response, name = await self._answer(request)
        self.metrics.request(name, response.status, now() - start)
        return response

    async def _answer(self, request: web.BaseRequest) -> tuple[web.StreamResponse, str]:
        """The response, and what the request is counted as: its operation's name, or "other"."""
        path = request.path
        name = "other"
        try:
            matched = _API.match(path)
            if matched is not None:
                if matched[2] in DOCUMENTS and request.method in ("GET", "HEAD"):
                    return unchanging(matched[2]).answer(request), name
                operation, values = self._find(request.method, matched[1], matched[2])
                name = operation.name
                return await self._api(request, operation, values), name
            if path in ("/gateway", "/gateway/"):
                return self._gateway(request), "gateway"
            if path in ("/voice", "/voice/") and self.voice is not None:
                return self._voice(request, self.voice), "voice"
            if path == "/healthz":
                return self._respond(200, b'{"status":"ok"}'), name
            if path == "/readyz":
                return self._ready(), name
            if path == "/metrics":
                return self._metrics(request), name
            if path.startswith("/upload/") and request.method == "PUT":
                await put_upload(
                    self.world, path.removeprefix("/upload/"), request.content.iter_any()
                )
                return web.Response(status=200), "upload"
            if path.startswith(("/cdn/", "/media/")) and request.method in ("GET", "HEAD"):
                return await self._files.answer(request, path.split("/", 2)[2]), "file"
            if request.method in ("GET", "HEAD"):
                shown = self._static.answer(path, request.headers)
                if shown is not None:
                    return shown, name
            raise Refused(ROUTE_NOT_FOUND)
        except Refused as refused:
            return self._refuse(refused), name
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(Refused(BODY_TOO_LARGE)), name
        except web.RequestPayloadError:
            # Chunks or a Content-Encoding that cannot be undone; nothing behind it can be read.
            request.content.feed_eof()
            response = self._refuse(Refused(INVALID_JSON))
            response.force_close()
            return response, name
        except ConnectionError:
            raise
        except Exception:
            logger.exception("call failed method=%s route=%s", request.method, _shape(path))
            return self._refuse(Refused(INTERNAL)), name

    def client(self, request: web.BaseRequest) -> str:
        """The address that a request comes from; "" for a Unix socket."""
        return self._proxies.client(plain(request.remote), request.headers)

    # The API

    def _find(
        self, method: str, version: str | None, path: str
    ) -> tuple[Operation, dict[str, str]]:
        """The operation of a request, and what its path says."""
        if version is not None and version not in ("9", "10"):
            raise Refused(INVALID_API_VERSION)
        if self.closing:
            raise Refused(SHUTTING_DOWN)
        return self._routes.find(method, path)

    async def _api(
        self, request: web.BaseRequest, operation: Operation, values: dict[str, str]
    ) -> web.StreamResponse:
        who = await self._who(request, operation)
        params: dict[str, Any] = parameters(operation, values)
        if issubclass(operation.scope, Open):
            params["address"] = counted_as(self.client(request))
        if operation.op is None and operation.name in _WANT_DOOR:
            params["gateway_url"] = self.gateway_url(request)
        elif operation.method != "GET" and operation.path.startswith(_WANT_CLIENT):
            params["address"] = counted_as(self.client(request))
            params["agent"] = _text(request, "User-Agent")
            params["properties"] = _text(request, "X-Super-Properties")
        query = body = reason = None
        uploads: Sequence[Upload] = ()
        try:
            reason = _reason(request)
            if operation.query is not None:
                query = decode_query(operation.query, request.query)
            if operation.body is not None:
                body, uploads = await read_body(self.world, who, request, operation, params)
        except Refused as refused:
            body = refused
        reply = await call(self.world, operation, who, params, body, query, reason, uploads)
        if operation.status == 204 or reply.value is None:
            return self._respond(204, None, limit=reply.limit)
        if isinstance(reply.value, File):
            return self._file(reply.value, reply.limit)
        return self._respond(operation.status, encode(reply.value), limit=reply.limit)

    async def _who(self, request: web.BaseRequest, operation: Operation) -> Principal:
        token = request.headers.get("Authorization")
        if token is None:
            if issubclass(operation.scope, Open):
                return ANONYMOUS
            raise Refused(UNAUTHORIZED)
        who = await self.world.authenticate(token)
        if who is None:
            if issubclass(operation.scope, Open):
                return ANONYMOUS
            raise Refused(UNAUTHORIZED)
        self._count(who)
        return who

    def _count(self, who: Principal) -> None:
        """The limit over all operations of one user."""
        bucket = self._global.get(who.user_id)
        if bucket is None:
            if len(self._global) > 50_000:
                self._global.clear()
            bucket = self._global[who.user_id] = Bucket()
        now = self.world.clock.now()
        if not bucket.take(max(1, int(GLOBAL_PER_S * self._scale)), 1.0, now):
            raise rate_limited(
                max(round(bucket.ends - now, 3), 0.001),
                everywhere=True,
                headers={"X-RateLimit-Global": "true"},
            )

    # The gateway

    def gateway_url(self, request: web.BaseRequest) -> str:
        """Where this caller finds the gateway, without a query string."""
        origin = self._public or self._proxies.origin(
            plain(request.remote), request.headers, request.scheme, request.host
        )
        url = self._urls.get(origin)
        if url is None:
            if len(self._urls) > 1000:
                self._urls.clear()
            url = self._urls[origin] = "ws" + origin.removeprefix("http").rstrip("/") + "/gateway"
        return url

    def _gateway(self, request: web.BaseRequest) -> web.StreamResponse:
        url = self.gateway_url(request)
        query = dict(request.query)
        address = self.client(request)
        if not self._counts.has_room(address):
            raise rate_limited(CROWDED_S)
        return take_over(
            request,
            lambda transport: Connection(
                self.gateway, transport, query, url, self._counts.enter(address) or ""
            ),
        )

    def _voice(self, request: web.BaseRequest, door: VoiceDoor) -> web.StreamResponse:
        address = self.client(request)
        if not self._counts.has_room(address):
            raise rate_limited(CROWDED_S)
        ip = plain(address) if self.same_address else ""
        media_ip = self.voice_ip or self._reached(request)

        def take(transport: asyncio.Transport) -> VoiceConnection:
            key = self._counts.enter(address) or ""
            left = partial(self._counts.leave, key)
            return VoiceConnection(door, transport, ip=ip, media_ip=media_ip, left=left)

        return take_over(request, take)

    def _reached(self, request: web.BaseRequest) -> str:
        """The IPv4 address by which a client has reached this machine, as far as is known."""
        transport = request.transport
        name: Any = None if transport is None else transport.get_extra_info("sockname")
        host = plain(name[0]) if isinstance(name, tuple) and name else ""  # pyright: ignore[reportUnknownArgumentType]
        by_proxy = self._proxies.trusts(plain(request.remote))
        return host if "." in host and not by_proxy else own_ipv4()

    # What machines ask

    def _ready(self) -> web.Response:
        reason = "draining" if self.closing else self._unready()
        if reason is None:
            return self._respond(200, b'{"status":"ready"}')
        return self._respond(503, encode({"status": reason}))

    def _metrics(self, request: web.BaseRequest) -> web.Response:
        """For who has the token, or is on this machine and was let through by no proxy."""
        token = self._metrics_token
        given = _text(request, "Authorization").encode()
        known = token is not None and hmac.compare_digest(given, f"Bearer {token}".encode())
        if not known and (
            not is_here(plain(request.remote))
            or any(name in request.headers for name in _PROXY_MARKS)
        ):
            raise Refused(UNAUTHORIZED)
        text = self.metrics.text().encode()
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    # Responses

    def _file(self, file: File, limit: Limit | None) -> web.FileResponse:
        """A file of the caller's own, to be saved."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(file.path, headers={**headers, **self._limit_headers(limit)})

    def _refuse(self, refused: Refused) -> web.Response:
        headers = dict(refused.headers)
        status = refused.error.status
        if status == 429:
            retry_after = float(refused.more["retry_after"])
            headers["Retry-After"] = str(max(1, -int(-retry_after // 1)))
            headers["Via"] = VIA
            if refused.more.get("global"):
                headers["X-RateLimit-Scope"] = "global"
            else:
                headers["X-RateLimit-Scope"] = "user"
        return self._respond(status, encode(refused.body), headers, refused.limit)

    def _respond(
        self,
        status: int,
        body: bytes | None,
        headers: dict[str, str] | None = None,
        limit: Limit | None = None,
    ) -> web.Response:
        headers = headers or {}
        if body is not None:
            headers["Content-Type"] = JSON
        headers |= self._limit_headers(limit)
        return web.Response(status=status, body=body, headers=headers)

    def _limit_headers(self, limit: Limit | None) -> dict[str, str]:
        if limit is None:
            return {}
        return {
            "X-RateLimit-Limit": str(limit.limit),
            "X-RateLimit-Remaining": str(limit.remaining),
            "X-RateLimit-Reset": f"{self.world.clock.wall() + limit.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{limit.reset_after:.3f}",
            "X-RateLimit-Bucket": limit.bucket,
        }


_PROXY_MARKS = (FORWARDED_FOR, "Forwarded", "Via", "X-Real-IP")
"""What proxies put into a request that they pass on."""

_WANT_DOOR = frozenset({"get_gateway", "get_bot_gateway"})

_WANT_CLIENT = "/auth/", "/users/@me"
"""What proves who somebody is asks where they are, and what their client is."""


def _text(request: web.BaseRequest, name: str) -> str:
    """A header; bytes of it that are no UTF-8 are question marks."""
    return request.headers.get(name, "").encode(errors="replace").decode()


def _reason(request: web.BaseRequest) -> str | None:
    """X-Audit-Log-Reason: percent-encoded UTF-8 of 1 to 512 characters."""
    header = request.headers.get("X-Audit-Log-Reason")
    if header is None:
        return None
    try:
        reason = unquote(header, errors="strict").strip()
        reason.encode()
    except UnicodeError:
        reason = ""
    if len(reason) > 512 or (header and not reason):
        raise invalid_form(
            (("reason",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 512 in length.")
        )
    return reason or None


def _shape(path: str) -> str:
    """A path without ids, for the log."""
    return re.sub(r"\d{6,}", "#", path)
