"""Which blobs the pictures are that somebody set, and which blobs are referred to, in SQL."""

from collections.abc import Iterable

from hearth.core.models.assets import Asset
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

ASSETS = Table(Asset, "assets", ["path"])

HOLDERS = (("assets", "blob"), ("attachments", "blob"), ("uploads", "blob"))
"""Every table and column that refers to a blob."""


def one(connection: Connection, path: str) -> Asset | None:
    """The picture at a path."""
    return ASSETS.one(connection, "path = ?", (path,))


def held(connection: Connection, after: bytes, limit: int) -> list[bytes]:
    """Up to `limit` blobs above `after` that something refers to, ascending, each once."""
    each = " UNION ".join(
        f"SELECT {column} FROM {table} WHERE {column} > ?"  # noqa: S608
        for table, column in HOLDERS
    )
    rows = connection.all(f"{each} ORDER BY 1 LIMIT ?", (*([after] * len(HOLDERS)), limit))
    return [bytes(row[0]) for row in rows]


def referenced(connection: Connection, blobs: Iterable[bytes]) -> set[bytes]:
    """Those of the blobs that something refers to."""
    return {
        blob
        for blob in blobs
        for table, column in HOLDERS
        if connection.one(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", (blob,))  # noqa: S608
    }
