"""How a consumer follows the journal: from its cursor, at least once after any crash."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.ports import JournalRow, StorageFull

logger = logging.getLogger(__name__)

ROWS = 200
ENTRIES = 1_000
"""A step takes no more rows than have so many entries, but one at least: a row has up to 1,024."""

STEP = 50
"""Entries that are looked at before the loop gets its turn."""

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
            more = True
            while more:
                begun = time.monotonic()
                _, more = await _take(world, name, derive)
                if more:
                    await rest(begun)
            await woken.wait()
        except StorageFull:
            logger.warning("disk full consumer=%s", name)
        except Exception:
            logger.exception("failed consumer=%s", name)
        await asyncio.sleep(PAUSE_S)


async def step(world: World, name: str, derive: Derive) -> int:
    """Take the next rows of the journal; how many there were."""
    taken, _ = await _take(world, name, derive)
    return taken


async def _take(world: World, name: str, derive: Derive) -> tuple[int, bool]:
    """How many rows were taken, and whether there are more."""
    cursor = await world.directory.cursor(name)
    rows, more = await next_rows(world, cursor)
    if rows:
        save, delete = await derive(world, rows)
        await world.directory.consume(name, rows[-1].n, save, delete)
    return len(rows), more


async def next_rows(world: World, after: int) -> tuple[list[JournalRow], bool]:
    """The rows after row `after` that one step takes, and whether there were more."""
    rows = await world.log.journal(after, ROWS)
    entries = 0
    for i, row in enumerate(rows):
        entries += len(row.entries)
        if i and entries > ENTRIES:
            return rows[:i], True
    return rows, len(rows) == ROWS


async def entries_of(rows: list[JournalRow]) -> AsyncIterator[tuple[int, int, int]]:
    """The entries of rows, in order; the loop gets its turn now and then."""
    seen = 0
    for row in rows:
        for entry in row.entries:
            seen += 1
            if not seen % STEP:
                await asyncio.sleep(0)
            yield entry


async def rest(begun: float) -> None:
    """Rest as long as was worked: whoever chats meanwhile must not feel a long way to catch up."""
    await asyncio.sleep(min(time.monotonic() - begun, 1.0))
