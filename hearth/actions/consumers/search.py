"""Keeps the search index: builds it from the log, then follows the journal.

The cursor is in the index's own transaction, and a message is indexed as it is now: rows that are
taken twice change nothing. The index holds nothing back: where the journal does not reach as far
back as its cursor, it is built anew.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from hearth.actions.consumers.follow import STEP, entries_of, next_rows, rest
from hearth.actions.messages import readable
from hearth.actions.world import World
from hearth.core.models.messages import WRITTEN, Message
from hearth.core.ports import JournalRow, Kind, StorageFull
from hearth.core.search import Document, Progress, Search, document

logger = logging.getLogger(__name__)

PAGE = 1_000
"""Messages in one step of building."""

PAUSE_S = 1.0
"""Between two rounds: what is written meanwhile is taken together."""

FAILED_S = 5.0
TIDY_S = 3600.0

_CHANGES = frozenset({Kind.CREATE, Kind.UPDATE, Kind.DELETE, Kind.PIN, Kind.UNPIN})


async def run(world: World) -> None:
    """Build and follow until cancelled."""
    search, indexing = world.search, world.indexing
    if search is None:
        return
    woken = asyncio.Event()

    def logged() -> None:
        woken.set()
        if indexing.since is None:
            indexing.since = world.clock.now()

    world.logged_hooks.append(logged)
    tidied = -TIDY_S
    indexing.since = world.clock.now()
    while True:
        woken.clear()
        since, indexing.since = indexing.since, None
        try:
            await catch_up(world)
            if world.clock.now() - tidied >= TIDY_S:
                await tidy(world)
                tidied = world.clock.now()
            await woken.wait()
            await asyncio.sleep(PAUSE_S)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            indexing.since = since if since is not None else world.clock.now()
            if isinstance(error, StorageFull):
                logger.warning("disk full consumer=search")
            else:
                logger.exception("failed consumer=search")
            await asyncio.sleep(FAILED_S)


async def catch_up(world: World) -> None:
    """Build what is not built, then take the rows that the journal has by now."""
    more = True
    while more:
        begun = time.monotonic()
        _, more = await _step(world)
        if more:
            await rest(begun)
    world.indexing.ready = True


async def step(world: World) -> int:
    """Do the next piece of work; how much there was, 0 when all is done."""
    done, _ = await _step(world)
    return done


async def _step(world: World) -> tuple[int, bool]:
    """How much was done, and whether more waited."""
    search = world.search
    assert search is not None
    async with world.indexing.turn:
        progress = await search.progress()
        if not progress.built:
            world.indexing.ready = False
            return await _build(world, search, progress), True
        # The last row that was taken says whether the journal goes on from there.
        last = await world.log.journal(max(progress.cursor - 1, 0), 1)
        if progress.cursor:
            if not last or last[0].n != progress.cursor:
                logger.warning("index made anew reason=journal cursor=%d", progress.cursor)
                await search.clear()
                return 1, True
        elif last and last[0].n != 1:
            await search.clear()
            return 1, True
        rows, more = await next_rows(world, progress.cursor)
        if rows:
            await _take(world, search, rows)
        return len(rows), more


async def _take(world: World, search: Search, rows: list[JournalRow]) -> None:
    """Index again what these rows touched."""
    touched: dict[int, int] = {}
    messages: list[Message] = []
    async for kind, channel_id, message_id in entries_of(rows):
        if message_id in touched or kind not in _CHANGES:
            continue
        touched[message_id] = channel_id
        message = readable(world.log.get(channel_id, message_id))
        if message is not None:
            messages.append(message)
    documents = await _documents(world, messages)
    gone = touched.keys() - {each.id for each in documents}
    await search.put(documents, gone, Progress(rows[-1].n, built=True))


async def _documents(
    world: World, messages: Sequence[Message], pins: frozenset[int] | None = None
) -> list[Document]:
    """What is kept of these messages, by id; system messages are not searched.

    `pins` are those of their channel, where they are known.
    """
    found: list[Document] = []
    await world.load_users({each.author_id for each in messages})
    for i, message in enumerate(messages, 1):
        if not i % STEP:
            await asyncio.sleep(0)
        if message.type not in WRITTEN:
            continue
        channel_id = message.channel_id
        home = world.known_home_of(channel_id) or await world.home_of(channel_id)
        if home is None:
            continue
        pinned = (
            message.id in pins if pins is not None else world.log.pinned(channel_id, message.id)
        )
        found.append(
            document(
                message,
                home,
                _author_type(world, message),
                pinned=pinned,
                replied_to=_replied_to(world, message),
            )
        )
    return sorted(found, key=lambda each: each.id)


def _author_type(world: World, message: Message) -> str:
    if getattr(message, "webhook_id", None):
        return "webhook"
    user = world.known_user(message.author_id)
    return "bot" if user is not None and user.bot else "user"


def _replied_to(world: World, message: Message) -> int | None:
    reference = message.reference
    if reference is None or not message.shows_referenced:
        return None
    other = readable(world.log.get(reference.channel_id, reference.message_id))
    return None if other is None else other.author_id


async def _build(world: World, search: Search, progress: Progress) -> int:
    """Index one more page of the log, channel by channel; at least 1.

    What changes meanwhile is in the journal behind the row that was the last when this began.
    """
    if not progress.cursor and not progress.channel_id:
        progress = Progress(await _end(world))
    channels = await world.log.channels()
    channel_id = next((each for each in channels if each >= progress.channel_id), None)
    if channel_id is None:
        await search.put((), (), Progress(progress.cursor, built=True))
        if documents := await search.count():
            logger.info("index built documents=%d", documents)
        return 1
    after = progress.message_id if channel_id == progress.channel_id else 0
    records = await world.log.page(channel_id, PAGE, after=after)
    messages = [each for record in records if (each := readable(record)) is not None]
    pins = frozenset(message_id for _, message_id in await world.log.pins(channel_id))
    documents = await _documents(world, messages, pins)
    if len(records) < PAGE:
        reached = Progress(progress.cursor, channel_id=channel_id + 1)
    else:
        last = max((each.id for each in messages), default=after)
        reached = Progress(progress.cursor, channel_id=channel_id, message_id=last)
    await search.put(documents, (), reached)
    return max(len(records), 1)


async def _end(world: World) -> int:
    """The last row of the journal."""
    end = 0
    while rows := await world.log.journal(end, 10_000):
        end = rows[-1].n
    return end


async def tidy(world: World) -> int:
    """Take out the messages of channels that are gone; how many went."""
    search, gone = world.search, 0
    assert search is not None
    for channel_id in await search.channels():
        if await world.directory.home_of(channel_id) is not None:
            continue
        while True:
            async with world.indexing.turn:
                ids = await search.of_channel(channel_id, PAGE)
                if not ids:
                    break
                await search.put((), ids, await search.progress())
                gone += len(ids)
    return gone
