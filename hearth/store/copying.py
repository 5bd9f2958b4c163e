"""Copies of files, hashed on the way: bounded memory, a look for room, and a way to break off."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hearth.core.backups import Part
from hearth.core.ports import StorageFull
from hearth.store.room import NO_ROOM, free_bytes

PIECE_BYTES = 1 << 20
LOOK_BYTES = 16 << 20
"""Room is looked for again after so many bytes."""

FLUSH_BYTES = 32 << 20
"""So many bytes wait at most to be flushed: else a server's own flushes wait behind all of them."""


class Copier:
    """Writes files that are readable by their owner only, below one directory of a file system.

    Raises `StorageFull` where less than `reserve_bytes` would stay free there, and whatever `look`
    raises, which is called between two pieces. Small files are durable only after `os.sync`.
    """

    def __init__(
        self, folder: Path, *, reserve_bytes: int = 0, look: Callable[[], None] = lambda: None
    ) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._look = look
        self._until_look = 0

    def write(self, pieces: Iterable[bytes], target: Path) -> Part:
        """Write `pieces` into the new file `target`; what it is then."""
        digest, size, waiting = hashlib.sha256(), 0, 0
        try:
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
                for piece in pieces:
                    self.breathe(len(piece))
                    digest.update(piece)
                    f.write(piece)
                    size += len(piece)
                    waiting += len(piece)
                    if waiting >= FLUSH_BYTES:
                        f.flush()
                        os.fdatasync(f.fileno())
                        waiting = 0
                f.flush()
                if size >= PIECE_BYTES:
                    os.fsync(f.fileno())
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StorageFull(f"the disk of {target} is full") from error
            raise
        return Part(size, digest.hexdigest())

    def copy(self, source: Path, target: Path) -> Part:
        """Copy a file; what the copy is."""
        return self.write(pieces(source), target)

    def breathe(self, count: int) -> None:
        """Before `count` bytes more are written: may they?"""
        self._look()
        self._until_look -= count
        if self._until_look < 0:
            if free_bytes(self._folder) < self._reserve_bytes + count:
                raise StorageFull(f"the disk of {self._folder} has no room")
            self._until_look = LOOK_BYTES


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes."""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def part_of(path: Path) -> Part:
    """What a file is."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces(path):
        digest.update(piece)
        size += len(piece)
    return Part(size, digest.hexdigest())


def flush(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def folders(path: Path) -> None:
    """Make a folder and those above it, all for their owner only."""
    if not path.is_dir():
        folders(path.parent)
        path.mkdir(mode=0o700)
