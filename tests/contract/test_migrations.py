"""Migrations: what any earlier version wrote opens, what a later one wrote is refused."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlite_utils

from hearth.core.ports import StorageFull
from hearth.store.directory import SqlDirectory
from hearth.store.sql.migrate import (
    Migration,
    UnknownMigration,
    migrate,
    migrations,
    statements,
)
from hearth.store.sql.sqlite import Sqlite, SqliteConnection
from tests.contract.worlds import everything

GOLDEN = Path(__file__).with_name("golden")
NAMES = [migration.name for migration in migrations()]
WORDS = Sqlite.words


@pytest.fixture
def connection() -> Iterator[SqliteConnection]:
    opened = Sqlite(None).connect(write=True)
    yield opened
    opened.close()


def schema(file: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql <> '' ORDER BY name")
    found = rows.fetchall()
    connection.close()
    return found


def tables(connection: SqliteConnection) -> set[str]:
    return {row[0] for row in connection.all("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_each_migration_has_a_dump_of_its_time() -> None:
    """NAME.sql is a dump of a database that held `worlds.WORLD` when NAME was the last migration.

    NAME.json is what `everything` found in it then, as [type, fields]. Neither is ever changed.
    """
    assert sorted(NAMES) == NAMES
    # Numbers are given out before the work is done: one may be missing, none is there twice.
    assert len({name[:4] for name in NAMES}) == len(NAMES)
    assert sorted(path.stem for path in GOLDEN.glob("0*.sql")) == NAMES
    assert sorted(path.stem for path in GOLDEN.glob("0*.json")) == NAMES


@pytest.fixture(params=NAMES)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[Any]]:
    """A database made from a dump, and what was in it."""
    dump = GOLDEN / f"{request.param}.sql"
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript(dump.read_text("utf-8"))
    old.close()
    return tmp_path / "old.db", msgspec.json.decode(dump.with_suffix(".json").read_bytes())


async def test_a_dump_of_its_time_opens(golden: tuple[Path, list[Any]], tmp_path: Path) -> None:
    file, held = golden
    directory = await SqlDirectory.open(file)
    nouns = await everything(directory)
    found = [(type(n).__name__, msgspec.json.decode(msgspec.json.encode(n))) for n in nouns]
    assert len(found) == len(held)
    for kind, fields in held:
        # Nouns have gained fields since, but lost none.
        assert any(kind == name and fields.items() <= now.items() for name, now in found), fields
    assert await directory.cursor("unread") == 9
    assert await directory.check() == []
    await directory.close()
    # A database that grew up has the schema of one that is new: no released file was changed.
    await (await SqlDirectory.open(tmp_path / "new.db")).close()
    assert schema(file) == schema(tmp_path / "new.db")


async def test_a_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    file = tmp_path / "hearth.db"
    await (await SqlDirectory.open(file)).close()
    newer = sqlite3.connect(file)
    newer.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('hearth', '9999_later')"
    )
    newer.commit()
    newer.close()
    before = schema(file)
    with pytest.raises(UnknownMigration, match=r"newer version of Hearth \(9999_later\)"):
        await SqlDirectory.open(file)
    assert schema(file) == before
    assert os.listdir(tmp_path) == ["hearth.db"]


async def test_the_record_is_one_that_sqlite_utils_reads(tmp_path: Path) -> None:
    file = tmp_path / "hearth.db"
    await (await SqlDirectory.open(file)).close()

    def read() -> list[str]:
        db = sqlite_utils.Database(file)
        record = sqlite_utils.Migrations("hearth")
        names = [applied.name for applied in record.applied(db)]
        record.apply(db)
        db.close()
        return names

    assert await asyncio.to_thread(read) == NAMES
    await (await SqlDirectory.open(file)).close()


def test_each_is_applied_once_and_other_sets_are_left_alone(connection: SqliteConnection) -> None:
    first, second = Migration("0001_a", "CREATE TABLE a (id ID);"), Migration("0002_b", "SELECT 1;")
    assert migrate(connection, WORDS, [first]) == ["0001_a"]
    connection.execute(
        "INSERT INTO _sqlite_migrations (id, migration_set, name) VALUES (5, 'admins own', 'x')"
    )
    assert migrate(connection, WORDS, [first, second]) == ["0002_b"]
    assert migrate(connection, WORDS, [first, second]) == []


def test_one_that_fails_leaves_nothing(connection: SqliteConnection) -> None:
    good = Migration("0001_good", "CREATE TABLE a (id ID);")
    bad = Migration("0002_bad", "CREATE TABLE b (id ID);\nCREATE TABLE b (id ID);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, WORDS, [good, bad])
    assert tables(connection) == set()
    assert migrate(connection, WORDS, [good]) == ["0001_good"]


FAMILY = """
CREATE TABLE parents (id ID PRIMARY KEY);
CREATE TABLE children (id ID REFERENCES parents (id) ON DELETE CASCADE);
INSERT INTO parents (id) VALUES (1);
INSERT INTO children (id) VALUES (1);
"""
REBUILD = """
CREATE TABLE more (id ID PRIMARY KEY, name TEXT);
INSERT INTO more (id) SELECT id FROM parents;
DROP TABLE parents;
ALTER TABLE more RENAME TO parents;
"""


def test_a_table_can_be_rebuilt_under_those_that_hang_off_it(connection: SqliteConnection) -> None:
    known = [Migration("0001_family", FAMILY), Migration("0002_rebuild", REBUILD)]
    migrate(connection, WORDS, known[:1])
    migrate(connection, WORDS, known)
    assert connection.all("SELECT id FROM children") == [(1,)]
    connection.execute("DELETE FROM parents")
    assert connection.all("SELECT id FROM children") == [], "keys are enforced again"


def test_one_that_breaks_a_reference_is_undone(connection: SqliteConnection) -> None:
    known = [Migration("0001_family", FAMILY), Migration("0002_bad", "DELETE FROM parents;")]
    migrate(connection, WORDS, known[:1])
    with pytest.raises(ValueError, match="names a row of parents that does not exist"):
        migrate(connection, WORDS, known)
    assert connection.all("SELECT id FROM parents") == [(1,)]


def test_statements_get_the_words_of_the_engine() -> None:
    words = {"ID": "BIGINT", "BYTES": "BYTEA", "STRICT": ""}
    sql = (
        "-- A; comment.\nCREATE TABLE a (\n  id ID, -- it's the key; ID\n  b BYTES\n) STRICT;\nX;\n"
    )
    assert list(statements(sql, words)) == [
        "CREATE TABLE a (\n  id BIGINT, -- it's the key; BIGINT\n  b BYTEA\n)",
        "X",
    ]
    with pytest.raises(ValueError, match="without a semicolon at its end: Y"):
        list(statements("X;\nY", words))


async def test_no_room_at_the_start_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = Sqlite.connect

    def small(engine: Sqlite, write: bool) -> SqliteConnection:
        made = connect(engine, write)
        made.execute("PRAGMA max_page_count = 3")
        return made

    monkeypatch.setattr(Sqlite, "connect", small)
    with pytest.raises(StorageFull):
        await SqlDirectory.open(tmp_path / "hearth.db")
