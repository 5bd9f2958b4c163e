"""Blobs on the local disk: `ab/cd/<hash>` below one directory, written aside and renamed.

A blob's time of modification is when it was put or touched last. What a crash leaves of a write is
in `tmp`, which is emptied at the next start.
"""

import asyncio
import hashlib
import os
import secrets
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from hearth.core.blobs import PIECE_BYTES, Blob, NoBlob, TooLarge
from hearth.core.ports import StorageFull
from hearth.store.room import NO_ROOM, free_bytes

T = TypeVar("T")

WRITE_BYTES = 256 * 1024
"""So many bytes are gathered for one write."""

LOOK_BYTES = 16 << 20
"""Room is looked for again after so many bytes."""

THREADS = 4


class DiskBlobs:
    """The `Blobs` port below `path`, which this process has to itself.

    `put` raises `StorageFull` while less than `reserve_bytes` are free on the disk.
    """

    def __init__(self, path: Path, *, wall: Callable[[], float], reserve_bytes: int = 0) -> None:
        self._path = path
        self._wall = wall
        self._reserve_bytes = reserve_bytes
        self._temporary = path / "tmp"
        self._lock = threading.Lock()
        """Held while a blob comes to be, is touched, or goes: a delete looks and acts in one."""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="blobs")
        self._temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        for left in self._temporary.iterdir():
            left.unlink()

    async def put(
        self, chunks: AsyncIterable[bytes], most: int, *, under: bytes | None = None
    ) -> Blob:
        """See the port."""
        draft = await self._run(self._begin)
        try:
            waiting, size = bytearray(), 0
            async for chunk in chunks:
                size += len(chunk)
                if size > most:
                    raise TooLarge
                waiting += chunk
                if len(waiting) >= WRITE_BYTES:
                    await self._run(partial(draft.write, bytes(waiting)))
                    waiting.clear()
            await self._run(partial(draft.write, bytes(waiting)))
            return await self._run(partial(self._keep, draft, under))
        except BaseException:
            # Not awaited: who is cancelled may not wait. The draft has a lock of its own.
            self._later(draft.drop)
            raise

    async def touch(self, hash: bytes) -> bool:
        """See the port."""
        return await self._run(partial(self._touch, self._place(hash)))

    async def size(self, hash: bytes) -> int | None:
        """See the port."""
        return await self._run(partial(_size, self._place(hash)))

    async def read(
        self, hash: bytes, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """See the port. A blob that is collected meanwhile is read to its end."""
        try:
            file = await self._run(partial(os.open, self._place(hash), os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            raise NoBlob from None
        try:
            at = start
            while end is None or at < end:
                most = PIECE_BYTES if end is None else min(PIECE_BYTES, end - at)
                piece = await self._run(partial(os.pread, file, most, at))
                if not piece:
                    return
                at += len(piece)
                yield piece
        finally:
            # In a thread, behind a read of a caller that went away in the middle of it.
            self._later(partial(os.close, file))

    async def file(self, hash: bytes) -> str:
        """See the port."""
        place = self._place(hash)
        if await self._run(partial(_size, place)) is None:
            raise NoBlob
        return str(place)

    async def older(self, than: float) -> AsyncIterator[list[bytes]]:
        """See the port. A folder at a time."""
        for name in [f"{i:02x}" for i in range(256)]:
            found = await self._run(partial(self._older, self._path / name, than))
            if found:
                yield found

    async def delete(self, hash: bytes, than: float) -> bool:
        """See the port."""
        return await self._run(partial(self._delete, self._place(hash), than))

    async def trim(self, most: int) -> int:
        """See the port."""
        return await self._run(partial(self._trim, most))

    async def close(self) -> None:
        """See the port. May be called again."""
        await asyncio.to_thread(self._threads.shutdown)

    # In threads

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StorageFull("the disk is full") from error
            raise

    def _later(self, work: Callable[[], None]) -> None:
        try:
            self._threads.submit(work)
        except RuntimeError:  # closed already
            work()

    def _begin(self) -> "_Draft":
        self._look_for_room()
        return _Draft(self._temporary / secrets.token_hex(16), self._look_for_room)

    def _look_for_room(self) -> None:
        if free_bytes(self._path) < self._reserve_bytes:
            raise StorageFull("free disk is below the reserve")

    def _keep(self, draft: "_Draft", under: bytes | None) -> Blob:
        """Flush, then rename: the name appears with all of its bytes or not at all."""
        blob = draft.finish()
        place = self._place(under or blob.hash)
        with self._lock:
            if self._touch_locked(place):
                draft.drop()
                return blob
            for folder in (place.parent.parent, place.parent):
                with suppress(FileExistsError):
                    folder.mkdir(mode=0o700)
                    _flush(folder.parent)
            draft.move(place)
            self._stamp(place)
            _flush(place.parent)
        return blob

    def _touch(self, place: Path) -> bool:
        with self._lock:
            return self._touch_locked(place)

    def _touch_locked(self, place: Path) -> bool:
        try:
            self._stamp(place)
        except FileNotFoundError:
            return False
        return True

    def _stamp(self, place: Path) -> None:
        now = self._wall()
        os.utime(place, (now, now))

    def _delete(self, place: Path, than: float) -> bool:
        with self._lock:
            try:
                if place.stat().st_mtime >= than:
                    return False
                place.unlink()
            except FileNotFoundError:
                return False
            return True

    def _older(self, folder: Path, than: float) -> list[bytes]:
        found: list[bytes] = []
        with suppress(FileNotFoundError):
            for inner in folder.iterdir():
                for file in inner.iterdir():
                    with suppress(FileNotFoundError, ValueError):
                        if file.stat().st_mtime < than:
                            found.append(bytes.fromhex(file.name))
        return found

    def _trim(self, most: int) -> int:
        found: list[tuple[float, int, Path]] = []
        for file in self._path.glob("[0-9a-f][0-9a-f]/*/*"):
            with suppress(FileNotFoundError):
                status = file.stat()
                found.append((status.st_mtime, status.st_size, file))
        found.sort()
        left = sum(size for _, size, _ in found)
        for touched, size, file in found[:-1]:
            if left <= most:
                break
            with self._lock, suppress(FileNotFoundError):
                if file.stat().st_mtime == touched:
                    file.unlink()
                    left -= size
        return left

    def _place(self, hash: bytes) -> Path:
        name = hash.hex()
        return self._path / name[:2] / name[2:4] / name


class _Draft:
    """A file that is being written; `drop` may come at any time, from another thread."""

    def __init__(self, path: Path, look: Callable[[], None]) -> None:
        self._path = path
        self._look = look
        self._hash = hashlib.sha256()
        self._size = 0
        self._looked = 0
        self._lock = threading.Lock()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file: int | None = os.open(path, flags, 0o600)

    def write(self, data: bytes) -> None:
        """Append."""
        with self._lock:
            if self._file is None:
                return
            if self._size - self._looked >= LOOK_BYTES:
                self._look()
                self._looked = self._size
            self._hash.update(data)
            self._size += len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]

    def finish(self) -> Blob:
        """Flush to the disk and close."""
        with self._lock:
            assert self._file is not None
            os.fsync(self._file)
            os.close(self._file)
            self._file = None
            return Blob(self._hash.digest(), self._size)

    def move(self, place: Path) -> None:
        """Give it its name."""
        self._path.rename(place)

    def drop(self) -> None:
        """Leave nothing of it."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._path.unlink(missing_ok=True)


def _size(place: Path) -> int | None:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return None


def _flush(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
