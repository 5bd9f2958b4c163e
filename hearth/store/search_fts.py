"""The index of messages in a file of its own, by SQLite's FTS5.

The text is cut into words by us (`core.words`), so FTS5's own tokenizer has only blanks to find and
a query's words go into its expression in quotes that they cannot hold. A table keeps what was
indexed: FTS5 must be given it again to take it out.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from hearth.core.models.search import Hits
from hearth.core.ports import Unusable
from hearth.core.search import MOST, Document, Phrase, Progress, Wanted
from hearth.store.sql.database import Connection, Database
from hearth.store.sql.sqlite import Sqlite

logger = logging.getLogger(__name__)

FORMAT = 1
"""Of what is indexed and how; a file of another one is made anew."""

FEW = 8
"""So many channels are looked for by their tags, more by the tag of their home."""

MOSTLY = 0.5
"""A home with so much of all there is is not looked for by its tag where there is another word or
tag to look for: to walk the list of all its messages costs more than to leave out the others'."""

_SCHEMA = (
    "CREATE TABLE documents (id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL,"
    " tags TEXT NOT NULL, words TEXT NOT NULL) STRICT",
    "CREATE TABLE channels (id INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE state (format INTEGER NOT NULL, documents INTEGER NOT NULL,"
    " cursor INTEGER NOT NULL, built INTEGER NOT NULL,"
    " channel_id INTEGER NOT NULL, message_id INTEGER NOT NULL) STRICT",
    "CREATE VIRTUAL TABLE found USING fts5(tags, words, content='documents', content_rowid='id',"
    " tokenize='ascii', columnsize=0)",
)

_FIND = """
WITH hits AS MATERIALIZED (
  SELECT found.rowid AS id, channel_id, length(documents.words) AS size
  FROM found CROSS JOIN documents ON documents.id = found.rowid
  WHERE found MATCH ? AND found.rowid > ? AND found.rowid < ?
    AND channel_id IN (SELECT value FROM json_each(?))
  ORDER BY found.rowid {order}
  LIMIT ?
)
SELECT (SELECT count(*) FROM hits), (
  SELECT json_group_array(json_array(channel_id, id))
  FROM (SELECT * FROM hits ORDER BY {by} LIMIT ? OFFSET ?)
)
"""


class FtsSearch:
    """The `Search` port on a file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shares: dict[int, tuple[int, float]] = {}
        """Of how many documents a home had which part, when it was counted last."""

    @classmethod
    async def open(cls, path: Path | None) -> "FtsSearch":
        """The index at `path`, None = in memory; what cannot be used is made anew.

        Raises `StorageFull`.
        """

        def connect() -> Database:
            try:
                return Database(Sqlite(path), _bring_up)
            except Unusable as error:
                if path is None:
                    raise
                logger.warning("index made anew reason=%s", error)
                for suffix in ("", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                return Database(Sqlite(path), _bring_up)

        return cls(await asyncio.to_thread(connect))

    async def progress(self) -> Progress:
        """How far it is."""

        def read(connection: Connection) -> Progress:
            row = connection.one("SELECT cursor, built, channel_id, message_id FROM state")
            assert row is not None
            return Progress(row[0], bool(row[1]), row[2], row[3])

        return await self._database.read(read)

    async def put(
        self, documents: Sequence[Document], gone: Iterable[int], progress: Progress
    ) -> None:
        """See the port."""
        rows = [(each.id, each.channel_id, each.tags, each.words) for each in documents]
        ids = {each.id for each in documents}.union(gone)
        # A few statements however many they are: each of them waits for the interpreter.
        put, away = (msgspec.json.encode(each).decode() for each in (rows, sorted(ids)))

        def write(connection: Connection) -> None:
            left = 0
            if ids:
                connection.execute(
                    "INSERT INTO found (found, rowid, tags, words)"
                    " SELECT 'delete', id, tags, words FROM documents"
                    " WHERE id IN (SELECT value FROM json_each(?))",
                    (away,),
                )
                connection.execute(
                    "DELETE FROM documents WHERE id IN (SELECT value FROM json_each(?))", (away,)
                )
                row = connection.one("SELECT changes()")
                left = 0 if row is None else row[0]
            if rows:
                connection.execute(
                    "INSERT INTO documents SELECT value ->> 0, value ->> 1, value ->> 2,"
                    " value ->> 3 FROM json_each(?)",
                    (put,),
                )
                connection.execute(
                    "INSERT INTO found (rowid, tags, words) SELECT id, tags, words FROM documents"
                    " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                    (away,),
                )
                connection.execute(
                    "INSERT OR IGNORE INTO channels SELECT DISTINCT value ->> 1 FROM json_each(?)",
                    (put,),
                )
            connection.execute(
                "UPDATE state SET documents = documents + ?, cursor = ?, built = ?,"
                " channel_id = ?, message_id = ?",
                (
                    len(rows) - left,
                    progress.cursor,
                    int(progress.built),
                    progress.channel_id,
                    progress.message_id,
                ),
            )

        await self._database.write(write)

    async def find(self, wanted: Wanted) -> Hits:
        """See the port."""
        order = "ASC" if wanted.ascending and not wanted.by_relevance else "DESC"
        by = "size, id DESC" if wanted.by_relevance else f"id {order}"
        sql = _FIND.format(order=order, by=by)
        channels = msgspec.json.encode(list(wanted.channels)).decode()

        def read(connection: Connection) -> Hits:
            mostly = len(wanted.channels) > FEW and self._share(connection, wanted.home) >= MOSTLY
            parameters = (
                expression(wanted, by_home=not mostly),
                wanted.above,
                wanted.below,
                channels,
                MOST,
                wanted.limit,
                wanted.offset,
            )
            row = connection.one(sql, parameters)
            assert row is not None
            return Hits(tuple(_decode_hits(row[1])), row[0])

        return await self._database.read(read, one_moment=True)

    def _share(self, connection: Connection, home: int) -> float:
        """Which part of all is of a home: counted anew where there is a tenth more or less."""
        row = connection.one("SELECT documents FROM state")
        documents = 0 if row is None else row[0]
        counted, share = self._shares.get(home, (0, 0.0))
        if abs(documents - counted) * 10 > counted:
            row = connection.one(
                "SELECT count(*) FROM found WHERE found MATCH ?", (f'tags : "g{home}"',)
            )
            share = 0.0 if row is None else row[0] / max(documents, 1)
            self._shares[home] = documents, share
        return share

    async def count(self) -> int:
        """How many documents there are."""
        row = await self._database.read(lambda c: c.one("SELECT documents FROM state"))
        return 0 if row is None else row[0]

    async def channels(self) -> list[int]:
        """The channels of which there are, or were, documents."""
        rows = await self._database.read(lambda c: c.all("SELECT id FROM channels ORDER BY id"))
        return [row[0] for row in rows]

    async def of_channel(self, channel_id: int, limit: int) -> list[int]:
        """Up to `limit` messages of a channel; one without is forgotten."""

        def write(connection: Connection) -> list[int]:
            rows = connection.all(
                "SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid LIMIT ?",
                (f'tags : "c{channel_id}"', limit),
            )
            if not rows:
                connection.execute("DELETE FROM channels WHERE id = ?", (channel_id,))
            return [row[0] for row in rows]

        return await self._database.write(write)

    async def clear(self) -> None:
        """Begin anew, with nothing."""
        await self._database.write(_make)

    async def check(self) -> list[str]:
        """A sentence for each fault in what is stored."""

        def read(connection: Connection) -> list[str]:
            faults = [f"search.db: {each}" for each in connection.damage()]
            row = connection.one(
                "SELECT (SELECT count(*) FROM documents), (SELECT documents FROM state)"
            )
            if row is not None and row[0] != row[1]:
                faults.append(f"search.db counts {row[1]} messages and has {row[0]}")
            return faults

        return await self._database.read(read)

    async def close(self) -> None:
        """Finish what is queued, then close."""
        await self._database.close()


def _bring_up(connection: Connection) -> None:
    # What a loss of power takes is indexed again: the cursor goes back with it.
    connection.execute("PRAGMA synchronous = NORMAL")
    made = connection.one("SELECT count(*) FROM sqlite_master WHERE name = 'state'")
    if made is not None and made[0]:
        row = connection.one("SELECT format FROM state")
        if row is not None and row[0] == FORMAT:
            return
    connection.begin(write=True)
    try:
        _make(connection)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _make(connection: Connection) -> None:
    for name in ("found", "documents", "channels", "state"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO state VALUES (?, 0, 0, 0, 0, 0)", (FORMAT,))


def expression(wanted: Wanted, *, by_home: bool = True) -> str:
    """The FTS5 expression that finds it, but for its ids and the channels that may be seen.

    Unless it is `by_home` it may find what is of other homes' channels too.
    """
    if len(wanted.channels) <= FEW:
        places = [[f"c{each}" for each in wanted.channels]]
    elif by_home or not (wanted.any_of or wanted.near or wanted.exact):
        places = [[f"g{wanted.home}"]]
    else:
        places = []
    parts = [f"(tags : ({_either(group)}))" for group in (*places, *wanted.any_of)]
    if len(wanted.near) == 1:
        parts.append(f"(words : {_phrase(wanted.near[0])})")
    elif wanted.near:
        # What stands between the first and the last of them is no gap.
        within = wanted.slop + sum(len(each.words) for each in wanted.near) - 2
        inside = " ".join(map(_phrase, wanted.near))
        parts.append(f"(words : NEAR({inside}, {within}))")
    parts += [f"(words : {_phrase(each)})" for each in wanted.exact]
    both = " AND ".join(parts)
    return f"({both}) NOT (tags : ({_either(wanted.none_of)}))" if wanted.none_of else both


def _either(tags: Iterable[str]) -> str:
    return " OR ".join(f'"{tag}"' for tag in tags)


def _phrase(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.words)}"' + (" *" if phrase.prefix else "")


_decode_hits = msgspec.json.Decoder(list[tuple[int, int]]).decode
