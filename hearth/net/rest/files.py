"""Serves pictures and files: streamed, in ranges, and never as anything that runs as a page."""

import re
from collections.abc import Mapping

from aiohttp import web

from hearth.actions.world import World
from hearth.core.blobs import NoBlob
from hearth.core.errors import ROUTE_NOT_FOUND, Refused
from hearth.core.images import MIME

FOR_EVER = "public, max-age=31536000, immutable"

GUARDED: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}
"""What goes with every file: whoever sent it, it is shown as what it is or not at all."""

_EMOJI = re.compile(r"^/(emojis/\d{1,20})\.(?:png|jpe?g|gif|webp)$")
_RANGE = re.compile(r"^bytes=(\d{0,19})-(\d{0,19})$")


class Files:
    """The media door: what is below /cdn."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The file at `path`, which is what follows /cdn; refuses with 404."""
        emoji = _EMOJI.match(path)
        asset = None if emoji is None else await self._world.directory.asset(emoji[1])
        if asset is None:
            raise Refused(ROUTE_NOT_FOUND)
        # As it was sent, whatever type was asked for.
        kind = next(mime for name, mime in MIME.items() if name == asset.type)
        headers = {"Content-Type": kind, "Cache-Control": FOR_EVER}
        return await self._blob(request, asset.blob, headers)

    async def _blob(
        self, request: web.BaseRequest, blob: bytes, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """The bytes of a blob, or the part of them that is asked for, or 304 to who has them."""
        blobs = self._world.blobs
        size = await blobs.size(blob)
        if size is None:
            raise Refused(ROUTE_NOT_FOUND)
        tag = f'"{blob.hex()[:32]}"'
        headers = {**GUARDED, **headers, "ETag": tag}
        if _has(request, tag):
            return web.Response(status=304, headers=headers)
        span = asked(request, tag, size)
        if span is None:
            headers["Content-Range"] = f"bytes */{size}"
            return web.Response(status=416, headers=headers)
        start, end = span
        part = (start, end) != (0, size)
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        response = web.StreamResponse(status=206 if part else 200, headers=headers)
        response.content_length = end - start
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        pieces = blobs.read(blob, start, end)
        try:
            # Before the head is sent: what was collected meanwhile is 404.
            first = await anext(pieces, b"")
        except NoBlob:
            raise Refused(ROUTE_NOT_FOUND) from None
        await response.prepare(request)
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
        await response.write_eof()
        return response


def _has(request: web.BaseRequest, tag: str) -> bool:
    """Whether the client says that it has this version."""
    known = request.headers.get("If-None-Match", "")
    return any(each.strip().removeprefix("W/") in ("*", tag) for each in known.split(","))


def asked(request: web.BaseRequest, tag: str, size: int) -> tuple[int, int] | None:
    """From where to where (RFC 9110, section 14): the whole unless one range is asked for.

    None where the range lies behind the end. Several ranges, or a range of another version, are
    answered with the whole.
    """
    found = _RANGE.match(request.headers.get("Range", "").strip())
    if found is None or request.headers.get("If-Range", tag).strip() != tag:
        return 0, size
    first, last = found[1], found[2]
    if not first:
        if not last:
            return 0, size
        length = min(int(last), size)
        return (size - length, size) if length else None
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return 0, size
    return (start, end) if start < size else None
