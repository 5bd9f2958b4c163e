"""A zip file that is written off the loop, and is there whole or not at all."""

import asyncio
import errno
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

T = TypeVar("T")

UNFINISHED = ".new"
"""What the name of a file ends with that is not whole yet."""


class Archive:
    """A zip file at `path`, for its owner only; use it by `async with`.

    It appears, flushed to disk, when the block ends well; else nothing stays. All work on it is
    done by one thread of its own, in order. Raises OSError, ENOSPC also when less than
    `reserve_bytes` would stay free.
    """

    def __init__(self, path: Path, *, reserve_bytes: int = 0) -> None:
        self._path = path
        self._new = path.with_name(path.name + UNFINISHED)
        self._reserve_bytes = reserve_bytes
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive")
        self._name: str | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives, done in the archive's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def write(self, name: str, data: bytes) -> None:
        """Append to the file `name` in it; files are written one after the other."""
        await self.run(lambda: self._write(name, data))

    async def __aenter__(self) -> Self:
        try:
            await self.run(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.run(self._finish if kind is None else self._abandon)
        finally:
            self._thread.shutdown(wait=False)

    def _open(self) -> None:
        self._new.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self._part: IO[bytes] | None = None

    def _write(self, name: str, data: bytes) -> None:
        found = os.statvfs(self._new)
        if found.f_bavail * found.f_frsize < self._reserve_bytes + len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._part is None or name != self._name:
            if self._part is not None:
                self._part.close()
            self._name = name
            # Nobody knows how long it gets: past 4 GiB it needs the larger form.
            self._part = self._zip.open(name, "w", force_zip64=True)
        self._part.write(data)

    def _finish(self) -> None:
        try:
            if self._part is not None:
                self._part.close()
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        except BaseException:
            self._abandon()
            raise
        self._file.close()
        self._new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _abandon(self) -> None:
        self._new.unlink(missing_ok=True)
        for each in (self._part, self._zip, self._file):
            if each is not None:
                with suppress(OSError, ValueError):  # What is lost cannot be flushed.
                    each.close()
