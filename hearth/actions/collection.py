"""Deletes the blobs that nothing refers to any more, and never one that something does."""

import logging

from hearth.actions.world import World

logger = logging.getLogger(__name__)

GRACE_S = 6 * 3600.0
"""A blob that was touched within this time stays: what refers to it may be on its way."""


CACHE_S = 7 * 86_400.0
"""What was made of a picture stays for so long after it was last asked for."""


async def collect_blobs(world: World) -> int:
    """Delete old blobs without a reference, and what was made of pictures; how many blobs went.

    A blob that is put or touched after it was looked up is young again and stays (`core.blobs`).
    """
    than = world.clock.wall() - GRACE_S
    gone = 0
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
