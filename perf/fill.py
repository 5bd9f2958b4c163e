"""A server that has been in use for years: many messages, and what hangs off them, on disk.

Made once for each size and kept in a cache directory (`HEARTH_PERF_CACHE`, or ~/.cache/hearth-perf)
because it takes minutes: by the `put` of the message log and of the search index and by the
Directory's `commit`, as the server does, but without waiting for the disk at each commit. All that
follows the journal has followed it to its end: a server that starts on it has nothing to make up.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import seed
from harness import say
from msgspec import Struct

from hearth.actions.consumers import attachments, unread
from hearth.core.ids import IdMaker
from hearth.core.models.mentions import Mention
from hearth.core.models.messages import Message, MessageType
from hearth.core.models.users import ReadState
from hearth.core.ports import Entry, Kind
from hearth.core.record import encode
from hearth.core.search import Progress, document
from hearth.store.directory.directory import SqlDirectory
from hearth.store.messages_lmdb import LmdbLog
from hearth.store.search_fts import FtsSearch

FORMAT = 2
"""To be raised when what is made here changes: older caches are then made anew."""

YEARS_S = 3 * 365 * 86_400
BURST = 32
"""Messages of one channel in a row: people answer each other."""

MENTIONED = 50
"""One message in so many mentions somebody."""

CHANNELS_READ = 10
"""Channels that each member has read."""

CHUNK = 16_384


def cache() -> Path:
    given = os.environ.get("HEARTH_PERF_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "hearth-perf"


def filled(messages: int, members: int, channels: int) -> seed.World:
    """A data directory of this size; made when it is not in the cache."""
    place = cache() / f"{messages}-{members}-{channels}{'-year' if seed.under else ''}"
    note = place / "made.json"
    found: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {}
    if found.pop("format", None) == FORMAT:
        found |= {name: Path(found[name]) for name in ("data", "tokens", "posts", "gets")}
        return seed.World(**found)
    say(f"  filling {place}: {messages} messages, {members} members, {channels} channels")
    begun = time.monotonic()
    shutil.rmtree(place, ignore_errors=True)
    made = seed.make(place / "data", members, channels, age_s=YEARS_S)
    asyncio.run(_fill(made, messages))
    os.sync()
    note.write_text(json.dumps({"format": FORMAT, **asdict(made)}, default=str))
    say(f"  filled in {time.monotonic() - begun:.0f} s")
    return made


class Committing:
    """Puts entries to a log that is opened with `committed`, and tells when they are in it."""

    def __init__(self) -> None:
        self._left = 0
        self._done: asyncio.Future[None]

    def put(self, log: LmdbLog, entries: Sequence[Entry]) -> asyncio.Future[None]:
        """Queue them; the future is done when all are committed. Not before the last one is."""
        self._left, self._done = len(entries), asyncio.get_running_loop().create_future()
        for entry in entries:
            log.put(entry)
        return self._done

    def committed(self, results: Sequence[tuple[Entry, Exception | None]]) -> None:
        """What the log calls."""
        self._left -= len(results)
        failed = [error for _, error in results if error is not None]
        if failed and not self._done.done():
            self._done.set_exception(failed[0])
        elif not self._left and not self._done.done():
            self._done.set_result(None)


def _messages(made: seed.World, count: int) -> Iterator[Message]:
    """Messages in order of their ids, over the years up to an hour ago."""
    dice, ids = random.Random(1), IdMaker(0)
    words = ["and", "then", "the", "server", "comes", "back", "within", "a", "second", "of", "it"]
    texts = [" ".join(dice.choices(words, k=1 + int(dice.expovariate(1 / 20)))) for _ in range(999)]
    first_ms = int((time.time() - YEARS_S) * 1000) + 1000
    step_ms = (YEARS_S - 3600) * 1000 / count
    channel = 0
    for i in range(count):
        if i % BURST == 0:
            channel = dice.choice(made.channels)
        mentions = (dice.choice(made.users),) if i % MENTIONED == 0 else ()
        yield Message(
            id=ids.make(first_ms + int(i * step_ms)),
            channel_id=channel,
            author_id=made.users[dice.getrandbits(30) % len(made.users)],
            type=int(MessageType.DEFAULT),
            content=texts[i % 999],
            mentions=mentions,
        )


async def _fill(made: seed.World, count: int) -> None:
    """The messages; and in the metadata what the journal's consumers would have left."""
    nouns: list[Struct] = []
    newest = dict.fromkeys(made.channels, 0)
    committing = Committing()
    log = LmdbLog(made.data / "messages", committing.committed, sync=False)
    index = await FtsSearch.open(made.data / "search.db")
    indexed = asyncio.ensure_future(asyncio.sleep(0))
    messages = _messages(made, count)
    while chunk := list(islice(messages, CHUNK)):
        entries = [
            Entry(Kind.CREATE, message.channel_id, message.id, encode(message)) for message in chunk
        ]
        done = committing.put(log, entries)
        for message in chunk:
            newest[message.channel_id] = message.id
            nouns += [
                Mention(
                    channel_id=message.channel_id,
                    message_id=message.id,
                    target_id=target,
                    author_id=message.author_id,
                )
                for target in message.mentions
            ]
        documents = [
            document(message, made.guild, "user", pinned=False, replied_to=None)
            for message in chunk
        ]
        await asyncio.gather(done, indexed)
        indexed = asyncio.create_task(index.put(documents, (), Progress()))
    await indexed
    end = await _end(log)
    await log.close()
    await index.put((), (), Progress(end, built=True))
    await index.close()

    dice = random.Random(2)
    nouns += [
        ReadState(user_id=user_id, channel_id=channel_id, last_message_id=newest[channel_id])
        for user_id in made.users
        for channel_id in dice.sample(made.channels, min(CHANNELS_READ, len(made.channels)))
    ]
    directory = await SqlDirectory.open(made.data / seed.DATABASE)
    for i in range(0, len(nouns), CHUNK):
        await directory.commit(nouns[i : i + CHUNK], [])
    for name in (unread.NAME, attachments.NAME):
        await directory.consume(name, end, [], [])
    await directory.close()


async def _end(log: LmdbLog) -> int:
    """The last row of the journal."""
    end = 0
    while rows := await log.journal(end, 1000):
        end = rows[-1].n
    return end
