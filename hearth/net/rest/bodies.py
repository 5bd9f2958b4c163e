"""Reads a request's body: JSON, a urlencoded form, or multipart with `payload_json`."""

from typing import Any, get_origin
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct
from multidict import MultiDict

from hearth.core.errors import FEATURE_DISABLED, Refused, form_errors, invalid_form
from hearth.core.wire import decode, decode_query

CONTENT_TYPE_INVALID = "CONTENT_TYPE_INVALID"

MOST_PARTS = 100
"""So many parts a multipart body has: ten files, and the fields of any form of ours."""


async def read_body(request: web.BaseRequest, form: Any, most: int) -> Any:
    """The request's body of up to `most` bytes as `form`; an absent one is {}, or [] for a list.

    Refuses with 50035 and 50109 as `decode` does, and a Content-Type that is none of the three.
    """
    kind = request.content_type
    if get_origin(form) is list:
        return decode(form, await _whole(request, most) or b"[]")
    if kind == "multipart/form-data":
        return await _read_multipart(request, form)
    raw = await _whole(request, most)
    if not raw:
        return decode(form, b"{}")
    if kind == "application/json":
        return decode(form, raw)
    if kind == "application/x-www-form-urlencoded":
        try:
            return decode_query(form, MultiDict(parse_qsl(raw.decode(), keep_blank_values=True)))
        except UnicodeDecodeError:
            raise _bad_type("form is not UTF-8") from None
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


async def _read_multipart(request: web.BaseRequest, form: type[Struct]) -> Struct:
    try:
        fields, files = await _parts(request)
    except (ValueError, AssertionError, LookupError, RuntimeError, HttpProcessingError):
        # What aiohttp raises for parts that are cut off, or name an unknown charset or encoding.
        raise _bad_type("multipart body is malformed") from None
    if files:
        text = "Hearth does not take this yet: files, images and their limits come with media."
        named = [((name,), "NOT_SUPPORTED_YET", text) for name in files]
        raise Refused(FEATURE_DISABLED, {"errors": form_errors(*named)})
    payload = fields.pop("payload_json", None)
    if payload is not None:
        return decode(form, payload.encode())
    return decode_query(form, fields)


async def _parts(request: web.BaseRequest) -> tuple[MultiDict[str], list[str]]:
    fields: MultiDict[str] = MultiDict()
    files: list[str] = []
    # aiohttp bounds each part by itself; together the fields are no longer than another body.
    left = request.client_max_size
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("nested multipart")
        if len(fields) + len(files) == MOST_PARTS:
            raise ValueError("too many parts")
        name = part.name or ""
        if part.filename is not None:
            files.append(name)
            await part.release()
        else:
            text = await part.text()
            left -= len(text)
            if left < 0:
                raise web.HTTPRequestEntityTooLarge(request.client_max_size)
            fields.add(name, text)
    return fields, files
