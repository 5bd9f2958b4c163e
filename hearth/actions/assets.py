"""Pictures that somebody sets: kept as blobs, found by their address."""

from collections.abc import AsyncIterator

from hearth.actions.world import World
from hearth.core.blobs import Blob
from hearth.core.errors import STORAGE_FULL, Refused
from hearth.core.ports import StorageFull


async def keep(world: World, data: bytes) -> Blob:
    """Keep bytes that are in memory already; refuses with 503 when the disk is full."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    try:
        return await world.blobs.put(chunks(), len(data))
    except StorageFull as error:
        raise Refused(STORAGE_FULL) from error
