"""Serves pictures and files: streamed, in ranges, and never as anything that runs as a page."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

from hearth.actions.world import World
from hearth.core.blobs import Blobs, NoBlob
from hearth.core.default_avatars import default_avatar
from hearth.core.errors import ROUTE_NOT_FOUND, STORAGE_FULL, Refused
from hearth.core.ids import MAX_ID
from hearth.core.images import MIME, ImageType
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import is_signed
from hearth.core.pictures import BadPicture
from hearth.core.ports import StorageFull

FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_DAY = "private, max-age=86400, immutable"

GUARDED: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}
"""What goes with every file: whoever sent it, it is shown as what it is or not at all."""

_ID = r"\d{1,20}"
_PICTURE = re.compile(
    rf"^((?:avatars|icons|splashes|discovery-splashes|banners|role-icons|channel-icons)/{_ID}"
    rf"|guilds/{_ID}/users/{_ID}/(?:avatars|banners))"
    r"/((?:a_)?[0-9a-f]{32})\.(png|jpe?g|gif|webp)$"
)
_EXPRESSION = re.compile(rf"^((?:emojis|stickers)/{_ID})()\.(png|jpe?g|gif|webp)$")
_ATTACHMENT = re.compile(rf"^attachments/({_ID})/({_ID})/[^/]+$")
_DEFAULT = re.compile(r"^embed/avatars/([0-5])\.png$")
_RANGE = re.compile(r"^bytes=(\d{0,19})-(\d{0,19})$")

_TYPES: Mapping[str, ImageType] = {
    "png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp",
}  # fmt: skip

LEAST_SIZE, MOST_SIZE = 16, 4096


class Files:
    """The media door: what is below /cdn, and below /media for pictures of messages."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The file at `path`, which is what follows /cdn/ or /media/; refuses with 404."""
        found = _PICTURE.match(path) or _EXPRESSION.match(path)
        if found is not None:
            asset = await self._world.directory.asset(found[1])
            # The hash of an emoji or sticker is None: its path has none.
            if asset is not None and (asset.hash or "") == found[2]:
                return await self._picture(request, asset, _TYPES[found[3]])
        attachment = _ATTACHMENT.match(path)
        if attachment is not None:
            return await self._attachment(request, int(attachment[1]), int(attachment[2]))
        default = _DEFAULT.match(path)
        if default is not None:
            headers = {**GUARDED, "Content-Type": "image/png", "Cache-Control": FOR_EVER}
            return web.Response(body=default_avatar(int(default[1])), headers=headers)
        raise Refused(ROUTE_NOT_FOUND)

    async def _attachment(
        self, request: web.BaseRequest, channel_id: int, id: int
    ) -> web.StreamResponse:
        """A file of a message, to who has an address of ours that has not lapsed."""
        world, query = self._world, request.query
        file = await world.directory.file(id) if id <= MAX_ID else None
        if file is None or file.channel_id != channel_id:
            raise Refused(ROUTE_NOT_FOUND)
        place = f"attachments/{channel_id}/{id}/{quote(file.filename)}"
        given = (query.get("ex", ""), query.get("is", ""), query.get("hm", ""))
        if not request.path.endswith(f"/{file.filename}") or not is_signed(
            world.key, world.clock.wall(), place, *given
        ):
            raise Refused(ROUTE_NOT_FOUND)
        kind = file.content_type or "application/octet-stream"
        shown = kind.startswith(("image/", "audio/", "video/")) and kind != "image/svg+xml"
        if kind == "text/plain":
            kind, shown = "text/plain; charset=utf-8", True
        how = "inline" if shown else "attachment"
        headers = {
            "Content-Type": kind,
            "Cache-Control": FOR_A_DAY,
            "Content-Disposition": f'{how}; filename="{file.filename}"',
        }
        wanted = _wanted(query)
        if wanted is None or kind not in MIME.values():
            return await self._blob(request, world.blobs, file.blob, headers)
        # The media proxy: the picture in another size or format.
        type, size, moving = wanted
        form = type or _TYPES[kind.removeprefix("image/")]
        headers["Content-Type"] = MIME[form]
        return await self._variant(request, file.blob, form, size, moving, headers)

    async def _picture(
        self, request: web.BaseRequest, asset: Asset, type: ImageType
    ) -> web.StreamResponse:
        """A picture as the type, and of the size, that the URL asks for.

        GIF moves if the picture does, WebP where `animated` is true, the others never.
        """
        size = _size(request.query.get("size"))
        moving = type == "gif" or (
            type == "webp" and request.query.get("animated", "").lower() in ("true", "1")
        )
        headers = {"Content-Type": MIME[type], "Cache-Control": FOR_EVER}
        if type == asset.type and size is None:
            return await self._blob(request, self._world.blobs, asset.blob, headers)
        return await self._variant(request, asset.blob, type, size, moving, headers)

    async def _variant(
        self,
        request: web.BaseRequest,
        blob: bytes,
        type: ImageType,
        size: int | None,
        moving: bool,
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        pictures = self._world.pictures
        try:
            key = await pictures.variant(blob, type, size or MOST_SIZE, moving=moving)
        except (NoBlob, BadPicture):
            raise Refused(ROUTE_NOT_FOUND) from None
        except StorageFull as error:
            raise Refused(STORAGE_FULL) from error
        return await self._blob(request, pictures.cache, key, headers)

    async def _blob(
        self, request: web.BaseRequest, blobs: Blobs, blob: bytes, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """The bytes of a blob, or the part of them that is asked for, or 304 to who has them."""
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


def _wanted(query: Mapping[str, str]) -> tuple[ImageType | None, int | None, bool] | None:
    """The format and size that a picture of a message is asked for in; None for as it is."""
    sides = [side for name in ("width", "height") if (side := _size(query.get(name)))]
    type = _TYPES.get(query.get("format", ""))
    if not sides and type is None:
        return None
    moving = type in (None, "gif") or query.get("animated", "").lower() in ("true", "1")
    return type, max(sides, default=None), moving


def _size(asked: str | None) -> int | None:
    """The least power of two that is no smaller than what is asked for; None where nothing is."""
    if asked is None or not asked.isascii() or not asked.isdecimal() or len(asked) > 5:
        return None
    wanted = min(max(int(asked), LEAST_SIZE), MOST_SIZE)
    return 1 << (wanted - 1).bit_length()


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
