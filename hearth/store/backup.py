"""Backups of a data directory whose stores are in use: both at one instant, then copied in peace.

Writing to SQL and to the log stands still while a read transaction begins in each. The copies are
made from these, beside everything else. The directory is called `NAME.part` until it is whole.
"""

import asyncio
import errno
import fcntl
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from hearth import __version__
from hearth.core.backups import (
    BLOB_LIST,
    BLOBS,
    FORMAT,
    KEY,
    MANIFEST,
    MESSAGES,
    METADATA,
    SEAL,
    BackupFailed,
    Counts,
    Manifest,
    Part,
)
from hearth.core.ports import StorageFull
from hearth.core.wire import timestamp
from hearth.store.copying import PIECE_BYTES, Copier, flush, folders, part_of
from hearth.store.directory import SqlDirectory
from hearth.store.directory.assets import held
from hearth.store.instant_lmdb import Instant
from hearth.store.messages_lmdb import LmdbLog
from hearth.store.sql.sqlite import SqliteConnection

logger = logging.getLogger(__name__)

PART = ".part"
"""What the name of a backup ends with that is not whole."""

_PAGES = 1_024
"""Pages of SQLite that are copied at a time."""

_NAMES = 500
"""Blobs whose names are read at a time."""

_ELSEWHERE = frozenset(
    {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES}
)
"""What the system says where a file cannot be linked but perhaps copied."""


class _Snapshot:
    """One instant of both stores, as long as it is open."""

    def __init__(self, metadata: Path, log: LmdbLog) -> None:
        """Connects; `begin` is what matters."""
        self._log = log
        self._instant: Instant | None = None
        self.sql = sqlite3.connect(
            f"{metadata.absolute().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )

    def begin(self) -> int:
        """Fix the instant. Both writers stand still meanwhile."""
        self.sql.execute("BEGIN")
        # SQLite's transaction begins with the first read.
        self.sql.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._instant = self._log.instant()
        return 0

    def messages(self) -> int:
        """How many records the log has."""
        assert self._instant is not None
        return self._instant.count()

    def pieces(self) -> Iterator[bytes]:
        """The log as a file of its own, free of what is unused."""
        instant = self._instant
        assert instant is not None
        read, write = os.pipe()
        failed: list[Exception] = []

        def copy() -> None:
            try:
                instant.copy(write)
            except Exception as error:  # noqa: BLE001 - it is told in the other thread
                failed.append(error)
            finally:
                os.close(write)

        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIECE_BYTES)
        thread = threading.Thread(target=copy, name="backup-log")
        thread.start()
        try:
            while piece := os.read(read, PIECE_BYTES):
                yield piece
        finally:
            os.close(read)  # who still writes is told that nobody reads
            thread.join()
        if failed:
            raise BackupFailed(f"The message log cannot be copied: {failed[0]}.")

    def close(self) -> None:
        """Let go of the instant."""
        self.sql.close()
        if self._instant is not None:
            self._instant.close()


class DataBackups:
    """The `Backups` port on the data directory `data`, of which these stores are open."""

    def __init__(
        self,
        data: Path,
        directory: SqlDirectory,
        log: LmdbLog,
        *,
        wall: Callable[[], float],
        reserve_bytes: int = 0,
    ) -> None:
        self._data = data
        self._directory = directory
        self._log = log
        self._wall = wall
        self._reserve_bytes = reserve_bytes
        self._turn = asyncio.Lock()
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(1, "backup")

    async def make(self, directory: str, previous: str | None) -> tuple[Manifest, float]:
        """See the port."""
        target = Path(directory)
        async with self._turn:
            self._look()
            try:
                snapshot, still_s = await self._freeze()
                work = partial(self._fill, target, snapshot, previous)
                manifest = await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except (OSError, StorageFull, sqlite3.Error) as error:
                raise BackupFailed(_sentence(error, target)) from error
        logger.info("backup made ms=%.1f messages=%d", still_s * 1000, manifest.counts.messages)
        return manifest, still_s * 1000

    async def close(self) -> None:
        """See the port."""
        self._stopped.set()
        async with self._turn:
            await asyncio.to_thread(self._thread.shutdown)

    def _look(self) -> None:
        if self._stopped.is_set():
            raise BackupFailed("The server is stopping.")

    async def _freeze(self) -> tuple[_Snapshot, float]:
        """An instant of both stores, and for how long writing stood still, in seconds."""
        snapshot = _Snapshot(self._data / METADATA, self._log)
        try:
            async with self._directory.still():
                began = time.monotonic()
                # The log's writer calls it between two commits.
                await self._log.between_commits(snapshot.begin)
            return snapshot, time.monotonic() - began
        except BaseException:
            snapshot.close()
            raise

    # In the thread

    def _fill(self, target: Path, snapshot: _Snapshot, previous: str | None) -> Manifest:
        """Write all of a backup, then give it its name; of one that fails nothing stays."""
        try:
            folder = _begin(target)
        except BaseException:
            snapshot.close()
            raise
        path = folder.path
        try:
            try:
                same = path.stat().st_dev == self._data.stat().st_dev
                reserve_bytes = self._reserve_bytes if same else 0
                copier = Copier(path, reserve_bytes=reserve_bytes, look=self._look)
                files = self._copy_stores(copier, path, snapshot)
                messages = snapshot.messages()
            finally:
                snapshot.close()
            manifest = self._copy_rest(
                copier, path, files, messages, None if previous is None else Path(previous)
            )
            os.sync()
            path.rename(target)
            flush(target.parent)
            return manifest
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        finally:
            folder.close()

    def _copy_stores(self, copier: Copier, path: Path, snapshot: _Snapshot) -> dict[str, Part]:
        """Copy metadata and log."""
        files: dict[str, Part] = {}
        metadata = path / METADATA
        metadata.touch(0o600)
        copy = sqlite3.connect(metadata, isolation_level=None)
        try:
            for pragma in ("journal_mode = OFF", "synchronous = OFF"):
                copy.execute(f"PRAGMA {pragma}")

            def progress(status: int, remaining: int, total: int) -> None:
                copier.breathe(_PAGES * 4_096)

            snapshot.sql.backup(copy, pages=_PAGES, progress=progress)
        finally:
            copy.close()
        files[METADATA] = part_of(metadata)
        (path / MESSAGES).parent.mkdir(mode=0o700)
        files[MESSAGES] = copier.write(snapshot.pieces(), path / MESSAGES)
        return files

    def _copy_rest(
        self,
        copier: Copier,
        path: Path,
        files: dict[str, Part],
        messages: int,
        previous: Path | None,
    ) -> Manifest:
        """Copy what does not change, and write down what there is."""
        files[KEY] = copier.copy(self._data / KEY, path / KEY)
        for file in sorted(self._data.glob("tls/*")):
            if file.is_file():
                (path / "tls").mkdir(mode=0o700, exist_ok=True)
                files[f"tls/{file.name}"] = copier.copy(file, path / "tls" / file.name)
        # Nobody changes this copy, so SQLite needs no files beside it.
        sql = sqlite3.connect(f"{(path / METADATA).absolute().as_uri()}?immutable=1", uri=True)
        try:
            blobs = _Blobs(copier, self._data / BLOBS, path / BLOBS, previous)
            files[BLOB_LIST] = copier.write(blobs.lines(SqliteConnection(sql)), path / BLOB_LIST)
            rows = sql.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'hearth'")
            schema = tuple(sorted(str(row[0]) for row in rows))
            counts = Counts(messages, *table_counts(sql), blobs.count, blobs.size)
        finally:
            sql.close()
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            made_at=timestamp(int(self._wall() * 1000)),
            schema=schema,
            counts=counts,
            files=files,
            lost=tuple(blobs.lost),
        )
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        part = copier.write([text], path / MANIFEST)
        copier.write([f"{part.sha256}  {MANIFEST}\n".encode()], path / SEAL)
        return manifest


def table_counts(sql: sqlite3.Connection) -> tuple[int, int, int]:
    """How many channels, guilds and users there are."""
    row = sql.execute(
        "SELECT (SELECT count(*) FROM channels), (SELECT count(*) FROM guilds),"
        " (SELECT count(*) FROM users)"
    ).fetchone()
    return row[0], row[1], row[2]


class _Blobs:
    """Brings blobs from `source` into `target`: by a link where that can be, else copied."""

    def __init__(self, copier: Copier, source: Path, target: Path, previous: Path | None) -> None:
        self._copier = copier
        self._source, self._target = source, target
        self._previous = None if previous is None else previous / BLOBS
        self.count = self.size = 0
        self.lost: list[str] = []
        target.mkdir(mode=0o700)

    def lines(self, sql: SqliteConnection) -> Iterator[bytes]:
        """Bring every blob that something refers to; a line of the list for each."""
        after, folder = b"", ""
        while some := held(sql, after, _NAMES):
            after = some[-1]
            for name in map(bytes.hex, some):
                if folder != name[:4]:
                    folder = name[:4]
                    folders(self._target / name[:2] / name[2:4])
                size = self._bring(Path(name[:2], name[2:4], name))
                if size is None:
                    self.lost.append(name)
                    continue
                self.count += 1
                self.size += size
                yield f"{name} {size}\n".encode()

    def _bring(self, name: Path) -> int | None:
        """How many bytes it has; None where it is gone or damaged."""
        source, target = self._source / name, self._target / name
        if not source.is_file():
            return None
        if _link(source, target) or (
            self._previous is not None
            and (self._previous / name).is_file()
            and (self._previous / name).stat().st_size == source.stat().st_size
            and _link(self._previous / name, target)
        ):
            self._copier.breathe(0)
            return target.stat().st_size
        part = self._copier.copy(source, target)
        if part.sha256 != name.name:
            target.unlink()
            return None
        return part.size


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _ELSEWHERE:
            raise
        return False
    return True


class _Folder:
    """The directory of a backup that is under way; a lock says that somebody is at it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, exist_ok=True)
        self._lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise BackupFailed(f"Another backup is being made as {path}.") from None

    def close(self) -> None:
        """Let go of it."""
        os.close(self._lock)


def _begin(target: Path) -> _Folder:
    """Make the directory; what is left of one that was cut short goes."""
    if target.exists():
        raise BackupFailed(f"{target} exists already.")
    folder = _Folder(target.with_name(target.name + PART))
    try:
        for left in folder.path.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    except BaseException:
        folder.close()
        raise
    return folder


def _sentence(error: Exception, target: Path) -> str:
    if isinstance(error, StorageFull) or getattr(error, "sqlite_errorcode", 0) in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
    ):
        return f"The disk of {target} has not enough room."
    if isinstance(error, OSError):
        return f"{error.filename or target}: {os.strerror(error.errno or 0)}."
    return f"{target} cannot be written: {error}."
