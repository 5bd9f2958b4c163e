"""Backups: what one holds, and the port by which a server makes one of its own data."""

from typing import Protocol

from msgspec import Struct

FORMAT = 1
"""Of a backup's directory; another one is refused."""

MANIFEST, SEAL = "manifest.json", "manifest.sha256"
"""What a backup holds, and the SHA-256 of that file in the form of `sha256sum`."""

METADATA, MESSAGES, KEY = "metadata.db", "messages/data.mdb", "key"
BLOBS, BLOB_LIST = "blobs", "blobs.list"
"""Where the blobs are, and the file that names them: hash and bytes, a blob a line, ascending."""


class BackupFailed(Exception):
    """No backup was made, and nothing of it stays; the text is a sentence for the operator."""


class Part(Struct, frozen=True):
    """A file of a backup: how long it is, and the SHA-256 of its bytes in hexadecimal."""

    size: int
    sha256: str


class Counts(Struct, frozen=True):
    """How much a backup has of each; `blobs` are pictures and files, each once."""

    messages: int
    channels: int
    guilds: int
    users: int
    blobs: int
    blob_bytes: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup holds.

    `version` is the Hearth's that made it, `schema` the migrations that its metadata have, `files`
    all but the blobs, whose names are their SHA-256. `lost` are blobs that something refers to and
    that were gone already, or damaged.
    """

    format: int
    version: str
    made_at: str
    schema: tuple[str, ...]
    counts: Counts
    files: dict[str, Part]
    lost: tuple[str, ...] = ()


class Backups(Protocol):
    """Makes backups of the data that a server has open."""

    async def make(self, directory: str, previous: str | None) -> tuple[Manifest, float]:
        """Make one as the new `directory`; its manifest, and how long writing stood still in ms.

        Blobs that are in the backup `previous` and cannot be linked are linked from there. Whoever
        calls sees to it that no blob is deleted meanwhile. Raises `BackupFailed`.
        """
        ...

    async def close(self) -> None:
        """Break off what is under way; nothing of it stays. May be called again."""
        ...
