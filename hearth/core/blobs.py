"""The port for bytes that are no messages and no metadata: pictures and files, by their SHA-256."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol

from msgspec import Struct

PIECE_BYTES = 64 * 1024
"""So many bytes come at most with each step of a read."""


class Blob(Struct, frozen=True, gc=False):
    """What was kept: the SHA-256 of its bytes, and how many they are."""

    hash: bytes
    size: int


class TooLarge(Exception):
    """There were more bytes than were allowed; nothing was kept."""


class NoBlob(Exception):
    """There is no blob of this hash."""


class Blobs(Protocol):
    """Bytes under their hash. The same bytes are kept once, whoever brings them.

    Nobody counts who refers to a blob. `put` and `touch` make it young; a blob is collected when it
    is old and the directory knows no reference to it. So a reference must be written within the
    grace period after one of the two.
    """

    async def put(
        self, chunks: AsyncIterable[bytes], most: int, *, under: bytes | None = None
    ) -> Blob:
        """Keep what `chunks` yield, durably; they are never whole in memory.

        Raises `TooLarge` behind `most` bytes, `StorageFull`, and whatever the chunks raise. Nothing
        stays of a put that did not return.
        `under` is another key than the hash, for what can be made again and is kept apart.
        """
        ...

    async def touch(self, hash: bytes) -> bool:
        """Make a blob young again; whether it is there."""
        ...

    async def size(self, hash: bytes) -> int | None:
        """How many bytes a blob has; None where there is none."""
        ...

    def read(self, hash: bytes, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, or to the last, in pieces; raises `NoBlob`."""
        ...

    async def file(self, hash: bytes) -> str:
        """The name of a file that holds the bytes, which nobody may change; raises `NoBlob`."""
        ...

    def older(self, than: float) -> AsyncIterator[list[bytes]]:
        """The blobs not touched since `than`, in epoch seconds, some at a time."""
        ...

    async def delete(self, hash: bytes, than: float) -> bool:
        """Delete a blob unless it was touched since `than`; whether it went."""
        ...

    async def trim(self, most: int) -> int:
        """Delete those touched the longest ago until all together have no more than `most` bytes.

        The one touched last stays. How many bytes stay.
        """
        ...

    async def close(self) -> None:
        """Finish what is under way."""
        ...
