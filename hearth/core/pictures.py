"""The port that reads pictures, and what it says of one."""

from typing import Protocol

from msgspec import Struct

from hearth.core.blobs import Blob, Blobs
from hearth.core.images import ImageType
from hearth.core.media import Media

MOST_PIXELS = 64_000_000
"""A picture has at most so many pixels, and all its frames together eight times as many."""


class BadPicture(Exception):
    """Bytes that are no picture that can be shown; the text is a sentence that says why."""


class Picture(Struct, frozen=True, gc=False, kw_only=True):
    """A picture that was looked at: upright, and without metadata.

    `placeholder` is its ThumbHash in base64, a blur to show until it is there.
    """

    blob: Blob
    type: ImageType
    width: int
    height: int
    animated: bool
    placeholder: str


class Pictures(Protocol):
    """Reads pictures, sounds and videos apart from this process, bounded in memory and time."""

    @property
    def cache(self) -> Blobs:
        """What `variant` makes."""
        ...

    async def clean(self, hash: bytes) -> Picture:
        """Look at the blob `hash`; the picture's own blob is that one if it is clean already.

        Its metadata (where it was taken, with what, by whom) are left out, its orientation is
        applied, and what moves goes on moving. Raises `BadPicture`, `NoBlob`, `StorageFull`.
        """
        ...

    async def measure(self, hash: bytes) -> Media | None:
        """What the sound or video `hash` says of itself; None for what is none, or is broken."""
        ...

    async def variant(self, hash: bytes, type: ImageType, size: int, *, moving: bool) -> bytes:
        """The key in `cache` of a picture in another format, its longer side at most `size`.

        It stands still unless `moving` and the format can. Raises `BadPicture`, `NoBlob`,
        `StorageFull`.
        """
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...
