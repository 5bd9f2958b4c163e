"""How a consumer follows the journal: from its cursor, at least once after any crash."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.ports import JournalRow, StorageFull

logger = logging.getLogger(__name__)

ROWS = 200
PAUSE_S = 1.0
"""Between two rounds: what is written meanwhile is taken together."""

Derive = Callable[[World, list[JournalRow]], Awaitable[tuple[list[Noun], list[Noun]]]]
"""What rows leave: nouns to save and nouns to delete. Done again it must change nothing."""


async def follow(world: World, name: str, derive: Derive) -> None:
    """Follow the journal until cancelled."""
    woken = asyncio.Event()
    world.logged_hooks.append(woken.set)
    while True:
        woken.clear()
        try:
            while await step(world, name, derive) == ROWS:
                pass
            await woken.wait()
        except StorageFull:
            logger.warning("disk full consumer=%s", name)
        except Exception:
            logger.exception("failed consumer=%s", name)
        await asyncio.sleep(PAUSE_S)


async def step(world: World, name: str, derive: Derive) -> int:
    """Take the next rows of the journal; how many there were."""
    cursor = await world.directory.cursor(name)
    rows = await world.log.journal(cursor, ROWS)
    if rows:
        save, delete = await derive(world, rows)
        await world.directory.consume(name, rows[-1].n, save, delete)
    return len(rows)
