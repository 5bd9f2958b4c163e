"""Pictures that somebody sets: kept as blobs, found by their address."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from hearth.actions.world import World
from hearth.core.blobs import Blob
from hearth.core.commits import Noun
from hearth.core.errors import STORAGE_FULL, Refused, invalid_form
from hearth.core.images import parse_data_uri, sniff
from hearth.core.models.assets import Asset
from hearth.core.pictures import BadPicture, Picture
from hearth.core.ports import StorageFull

MOST_PICTURE_BYTES = 8 << 20
"""So large an avatar, icon, banner or splash may be."""

MOST_ICON_BYTES = 256 << 10
"""So large a role's icon may be, like an emoji."""

PICTURE_BODY_BYTES = 12 << 20
"""A request that sets a picture may be so long: base64 takes a third more."""


async def keep(world: World, data: bytes) -> Blob:
    """Keep bytes that are in memory already; refuses with 503 when the disk is full."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    try:
        return await world.blobs.put(chunks(), len(data))
    except StorageFull as error:
        raise Refused(STORAGE_FULL) from error


async def picture(
    world: World, field: str, data_uri: str, most: int = MOST_PICTURE_BYTES
) -> Picture:
    """The picture of a data URI, clean and kept; what is none is a form error of `field`."""
    data = parse_data_uri(data_uri)
    if data is None or sniff(data) is None:
        text = "Expected a data URI of a PNG, JPEG, GIF or WebP."
        raise invalid_form(((field,), "IMAGE_INVALID", text))
    if len(data) > most:
        text = f"File cannot be larger than {most / 1024:.1f} kb."
        raise invalid_form(((field,), "BINARY_TYPE_MAX_SIZE", text))
    blob = await keep(world, data)
    try:
        return await world.pictures.clean(blob.hash)
    except BadPicture as bad:
        raise invalid_form(((field,), "IMAGE_INVALID", str(bad))) from None
    except StorageFull as error:
        raise Refused(STORAGE_FULL) from error


class Set(NamedTuple):
    """A picture that was set or taken away: its hash, and what the commit has to do."""

    hash: str | None
    save: list[Noun]
    delete: list[Noun]


async def set_picture(
    world: World,
    field: str,
    data_uri: str | None,
    path: str,
    *,
    most: int = MOST_PICTURE_BYTES,
    **owners: int,
) -> Set:
    """Prepare the picture at `path`, or that there is none; `owners` are the ids of an `Asset`.

    A `data_uri` that is none is a form error of `field`.
    """
    if not data_uri:
        return Set(None, [], [Asset(path=path, hash=None, blob=b"", type="")])
    made = await picture(world, field, data_uri, most)
    hash = ("a_" if made.animated else "") + made.blob.hash.hex()[:32]
    return Set(
        hash, [Asset(path=path, hash=hash, blob=made.blob.hash, type=made.type, **owners)], []
    )
