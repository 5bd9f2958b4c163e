"""Reads a request's body: JSON, a urlencoded form, or multipart with `payload_json` and files."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, get_origin
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct
from multidict import MultiDict

from hearth.actions.attachments import receive
from hearth.actions.gate import admits
from hearth.actions.world import World
from hearth.core.blobs import PIECE_BYTES
from hearth.core.errors import Refused, invalid_form
from hearth.core.models.attachments import MOST_FILES, Upload
from hearth.core.operations import Operation, Principal
from hearth.core.wire import decode, decode_query

CONTENT_TYPE_INVALID = "CONTENT_TYPE_INVALID"

MOST_PARTS = 100
"""So many parts a multipart body has: ten files, and the fields of any form of ours."""


Files = tuple[Upload, ...]


async def read_body(
    world: World,
    who: Principal,
    request: web.BaseRequest,
    operation: Operation,
    params: Mapping[str, Any],
) -> tuple[Any, Files]:
    """The request's body as the operation's form, and the files that `who` sent with it.

    An absent one is {}, or [] for a list. Files go to the disk as they come, of those only who may
    send them to where `params` say. Refuses with 50035 and
    50109 as `decode` does, and a Content-Type that is none of the three.
    """
    form, most, kind = operation.body, operation.body_bytes, request.content_type
    if get_origin(form) is list:
        return decode(form, await _whole(request, most) or b"[]"), ()
    if kind == "multipart/form-data":
        return await _read_multipart(world, who, request, operation, params)
    raw = await _whole(request, most)
    if not raw:
        return decode(form, b"{}"), ()
    if kind == "application/json":
        return decode(form, raw), ()
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = MultiDict(parse_qsl(raw.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise _bad_type("form is not UTF-8") from None
        return decode_query(form, fields), ()
    raise _bad_type("Expected \"Content-Type\" header to be one of {'application/json'}.")


async def _whole(request: web.BaseRequest, most: int) -> bytes:
    """All of a body that is no longer than `most`."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most)
    return bytes(body)


def _bad_type(message: str) -> Refused:
    return invalid_form(((), CONTENT_TYPE_INVALID, message))


async def _read_multipart(
    world: World,
    who: Principal,
    request: web.BaseRequest,
    operation: Operation,
    params: Mapping[str, Any],
) -> tuple[Struct, Files]:
    try:
        fields, files = await _parts(world, who, request, operation, params)
    except (ValueError, AssertionError, LookupError, RuntimeError, HttpProcessingError):
        # What aiohttp raises for parts that are cut off, or name an unknown charset or encoding.
        raise _bad_type("multipart body is malformed") from None
    payload = fields.pop("payload_json", None)
    if payload is not None:
        return decode(operation.body, payload.encode()), files
    return decode_query(operation.body, fields), files


async def _parts(
    world: World,
    who: Principal,
    request: web.BaseRequest,
    operation: Operation,
    params: Mapping[str, Any],
) -> tuple[MultiDict[str], Files]:
    fields: MultiDict[str] = MultiDict()
    files: list[Upload] = []
    # aiohttp bounds each part by itself; together the fields are no longer than another body.
    left = request.client_max_size
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("nested multipart")
        if len(fields) + len(files) == MOST_PARTS:
            raise ValueError("too many parts")
        name = part.name or ""
        # What is no UTF-8 comes as surrogates, which nothing of ours can write: a ValueError.
        f"{name}{part.filename}".encode()
        if part.filename is not None:
            if not operation.files:
                text = "Files do not come with this."
                raise invalid_form(((name,), "FILES_NOT_ALLOWED", text))
            if len(files) == MOST_FILES:
                text = f"Must be {MOST_FILES} or fewer in length."
                raise invalid_form((("files",), "BASE_TYPE_MAX_LENGTH", text))
            if not files:
                await admits(world, operation, who, params, operation.files)
            said, me = part.headers.get("Content-Type"), who.user_id
            files.append(await receive(world, me, name, part.filename, said, _chunks(part)))
        else:
            text = await part.text()
            left -= len(text)
            if left < 0:
                raise web.HTTPRequestEntityTooLarge(request.client_max_size)
            fields.add(name, text)
    return fields, tuple(files)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(PIECE_BYTES):
        yield chunk
