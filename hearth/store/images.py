"""The pool of processes that decode pictures (`image_worker`), and what they made, cached.

A bomb or a fault of a codec ends a worker and never this process. None runs until a picture comes,
nor longer than a minute after the last. The cache is bounded; what was used last stays.
"""

import asyncio
import hashlib
import json
import os
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from hearth.core.blobs import Blob, Blobs
from hearth.core.images import ImageType
from hearth.core.media import Media
from hearth.core.pictures import BadPicture, Picture

WORKERS = 2
REST_S = 60.0
"""A worker with nothing to do ends after so long."""

ANSWER_S = 40.0
"""A picture that takes longer is given up; by CPU time the worker gives up sooner."""

FORM = 1
"""Part of every key in the cache: what is made otherwise than before gets another key."""

PIECE_BYTES = 256 * 1024


class ImagePool:
    """The `Pictures` port; what the workers write goes through `path`, which is emptied first."""

    def __init__(self, blobs: Blobs, cache: Blobs, path: Path, cache_bytes: int = 2 << 30) -> None:
        self._blobs = blobs
        self._cache = cache
        self._path = path
        self._cache_bytes = cache_bytes
        self._room = 0
        """So many bytes may come into the cache before it is trimmed; at the start nobody knows."""
        self._free = asyncio.Semaphore(WORKERS)
        self._resting: list[Process] = []
        self._making: dict[bytes, asyncio.Future[None]] = {}
        self._end: asyncio.TimerHandle | None = None
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in path.iterdir():
            left.unlink()

    @property
    def cache(self) -> Blobs:
        """See the port."""
        return self._cache

    async def clean(self, hash: bytes) -> Picture:
        """See the port."""
        into = self._path / secrets.token_hex(16)
        try:
            said = await self._ask(
                {"do": "clean", "file": await self._blobs.file(hash), "into": str(into)}
            )
            if said.pop("written"):
                blob = await self._blobs.put(_pieces(into), sys.maxsize)
            else:
                blob = Blob(hash, await self._blobs.size(hash) or 0)
                await self._blobs.touch(hash)
        finally:
            await asyncio.to_thread(into.unlink, missing_ok=True)
        return Picture(blob=blob, **said)

    async def measure(self, hash: bytes) -> Media | None:
        """See the port."""
        try:
            said = await self._ask({"do": "measure", "file": await self._blobs.file(hash)})
            return msgspec.convert(said, Media)
        except (BadPicture, msgspec.ValidationError):
            return None

    async def variant(self, hash: bytes, type: ImageType, size: int, *, moving: bool) -> bytes:
        """See the port."""
        key = hashlib.sha256(f"{FORM} {hash.hex()} {type} {size} {moving}".encode()).digest()
        while (other := self._making.get(key)) is not None:
            await asyncio.wait([other])
        self._making[key] = asyncio.get_running_loop().create_future()
        into = self._path / secrets.token_hex(16)
        try:
            if await self._cache.touch(key):
                return key
            request = {"do": "variant", "type": type, "size": size, "moving": moving}
            await self._ask({**request, "file": await self._blobs.file(hash), "into": str(into)})
            made = await self._cache.put(_pieces(into), sys.maxsize, under=key)
            await self._make_room(made.size)
        finally:
            self._making.pop(key).set_result(None)
            await asyncio.to_thread(into.unlink, missing_ok=True)
        return key

    async def _make_room(self, size: int) -> None:
        """Keep the cache within its bounds after `size` bytes came; a tenth is freed at a time."""
        self._room -= size
        if self._room < 0:
            self._room = self._cache_bytes // 10  # who comes meanwhile does not trim as well
            left = await self._cache.trim(self._cache_bytes * 9 // 10)
            self._room = self._cache_bytes - left

    async def close(self) -> None:
        """See the port."""
        if self._end is not None:
            self._end.cancel()
        resting, self._resting = self._resting, []
        for worker in resting:
            await _stop(worker)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """A worker's answer."""
        async with self._free:
            worker = self._resting.pop() if self._resting else await _start()
            assert worker.stdin is not None
            assert worker.stdout is not None
            try:
                worker.stdin.write(json.dumps(request).encode() + b"\n")
                await worker.stdin.drain()
                line = await asyncio.wait_for(worker.stdout.readline(), ANSWER_S)
                said: dict[str, Any] = json.loads(line)
            except (TimeoutError, ConnectionError, ValueError):
                await _stop(worker)
                raise BadPicture("The picture needs too much memory or time.") from None
            except BaseException:
                worker.kill()
                raise
            self._resting.append(worker)
            self._rest()
        if "bad" in said:
            raise BadPicture(said["bad"])
        return said

    def _rest(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(REST_S, self._part)

    def _part(self) -> None:
        resting, self._resting = self._resting, []
        for worker in resting:
            # Without more requests it ends by itself.
            assert worker.stdin is not None
            worker.stdin.close()


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hearth.store.image_worker", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )  # fmt: skip


async def _stop(worker: Process) -> None:
    if worker.returncode is None:
        worker.kill()
    await worker.communicate()


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    descriptor = await asyncio.to_thread(os.open, file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        at = 0
        while piece := await asyncio.to_thread(os.pread, descriptor, PIECE_BYTES, at):
            at += len(piece)
            yield piece
    finally:
        os.close(descriptor)
