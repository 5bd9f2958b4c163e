"""Deletes files that no message came for, and blobs that nothing refers to any more."""

import logging

from hearth.actions.consumers import attachments
from hearth.actions.world import World
from hearth.core.ids import first_id

logger = logging.getLogger(__name__)

GRACE_S = 6 * 3600.0
"""A blob that was touched within this time stays: what refers to it may be on its way."""


CACHE_S = 7 * 86_400.0
"""What was made of a picture stays for so long after it was last asked for."""


LAPSE_S = 86_400.0
"""A file that is sent before its message, and one whose message never came, stays for so long."""

_PAGE = 200


async def collect_files(world: World) -> int:
    """Forget files that were announced or sent and that no message has; how many went.

    Only when the journal was followed to its end: before that nobody knows which have one.
    """
    before_ms = world.wall_ms() - int(LAPSE_S * 1000)
    gone = 0
    while lapsed := await world.directory.lapsed_uploads(before_ms, _PAGE):
        await world.write([], lapsed)
        gone += len(lapsed)
    cursor = await world.directory.cursor(attachments.NAME)
    if await world.log.journal(cursor, 1):
        return gone
    before = first_id(before_ms)
    while unclaimed := await world.directory.unclaimed_files(before, _PAGE):
        await world.write([], unclaimed)
        gone += len(unclaimed)
    return gone


async def collect_blobs(world: World) -> int:
    """Delete old blobs without a reference, and what was made of pictures; how many blobs went.

    A blob that is put or touched after it was looked up is young again and stays (`core.blobs`).
    """
    than = world.clock.wall() - GRACE_S
    gone = 0
    async with world.collecting:  # A backup may need what nothing refers to since.
        async for some in world.blobs.older(than):
            kept = await world.directory.referenced(some)
            for hash in some:
                if hash not in kept and await world.blobs.delete(hash, than):
                    gone += 1
    unused = world.clock.wall() - CACHE_S
    async for some in world.pictures.cache.older(unused):
        for hash in some:
            await world.pictures.cache.delete(hash, unused)
    if gone:
        logger.info("blobs collected=%d", gone)
    return gone
