"""Migrations: brings a database to the schema of this version, or refuses it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import NamedTuple

from hearth.core.ports import Unusable
from hearth.store.sql.database import Connection

# The table and the rows are those of sqlite-utils' Migrations, so its commands show them. We
# write them ourselves: its import costs 13 MiB and 0.13 s, and other engines need the same.
_TABLE = "_sqlite_migrations"
_SET = "hearth"


class UnknownMigration(Unusable):
    """A newer version has changed this database; the text is a sentence for the operator."""


class Migration(NamedTuple):
    """A file of `hearth/store/migrations`: `name` without `.sql`, and its text."""

    name: str
    sql: str


def migrations() -> list[Migration]:
    """The migrations of this version, in order."""
    files = resources.files("hearth.store.migrations").iterdir()
    found = [
        Migration(file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in files
        if file.name.endswith(".sql")
    ]
    return sorted(found)


def migrate(
    connection: Connection, words: Mapping[str, str], known: Sequence[Migration]
) -> list[str]:
    """Apply what is pending in one transaction; the names applied.

    Raises `UnknownMigration`, or whatever a statement raises, with nothing changed.
    """
    connection.enforce(False)
    try:
        connection.begin(write=True)
        try:
            applied = _applied(connection)
            if unknown := sorted(applied - {migration.name for migration in known}):
                raise UnknownMigration(
                    f"The database was changed by a newer version of Hearth ({', '.join(unknown)});"
                    " start that version, or restore a backup made before it."
                )
            pending = [migration for migration in known if migration.name not in applied]
            for number, migration in enumerate(pending, len(applied) + 1):
                for statement in statements(migration.sql, words):
                    connection.execute(statement)
                connection.execute(
                    f"INSERT INTO {_TABLE} (id, migration_set, name, applied_at)"  # noqa: S608
                    " VALUES (?, ?, ?, ?)",
                    (number, _SET, migration.name, str(datetime.now(UTC))),
                )
            if pending and (broken := connection.violations()):
                raise ValueError(" ".join(broken))
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    finally:
        connection.enforce(True)
    return [migration.name for migration in pending]


def statements(sql: str, words: Mapping[str, str]) -> Iterator[str]:
    """The statements of a migration with the engine's words, comments left out.

    A statement ends where a line ends with a semicolon, so a string cannot hold such a line.
    """
    statement = ""
    for line in sql.splitlines():
        if line.lstrip().startswith("--"):
            continue
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            yield _words(statement.strip().removesuffix(";"), words)
            statement = ""
    if statement.strip():
        raise ValueError(f"statement without a semicolon at its end: {statement.strip()}")


def _words(statement: str, words: Mapping[str, str]) -> str:
    text = re.sub(r"\b(ID|BYTES|STRICT)\b", lambda found: words[found[0]], statement)
    return text.strip()


def _applied(connection: Connection) -> set[str]:
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {_TABLE}"
        " (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)"
    )
    connection.execute(
        f"CREATE UNIQUE INDEX IF NOT EXISTS idx_{_TABLE}_migration_set_name"
        f" ON {_TABLE} (migration_set, name)"
    )
    # Sets of other names belong to whoever made them.
    rows = connection.all(f"SELECT name FROM {_TABLE} WHERE migration_set = ?", (_SET,))  # noqa: S608
    return {str(row[0]) for row in rows}
