"""Deletes the blobs that nothing refers to any more, and never one that something does."""

import logging

from hearth.actions.world import World

logger = logging.getLogger(__name__)

GRACE_S = 6 * 3600.0
"""A blob that was touched within this time stays: what refers to it may be on its way."""


async def collect_blobs(world: World) -> int:
    """Delete old blobs without a reference; how many went.

    A blob that is put or touched after it was looked up is young again and stays (`core.blobs`).
    """
    than = world.clock.wall() - GRACE_S
    gone = 0
    async for some in world.blobs.older(than):
        kept = await world.directory.referenced(some)
        for hash in some:
            if hash not in kept and await world.blobs.delete(hash, than):
                gone += 1
    if gone:
        logger.info("blobs collected=%d", gone)
    return gone
