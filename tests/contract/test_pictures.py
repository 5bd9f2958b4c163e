"""The pool that reads pictures: what is clean, what is refused in a sentence, what it survives."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hearth.core.blobs import NoBlob
from hearth.core.media import Media
from hearth.core.pictures import BadPicture
from hearth.store import images
from hearth.store.blobs_disk import DiskBlobs
from hearth.store.images import ImagePool
from tests import sounds
from tests.contract.test_blobs import Wall, put, read
from tests.pictures import SECRET, moving, noise, opened, photograph, still


class Rig:
    """A pool over blobs on a disk."""

    def __init__(self, path: Path) -> None:
        self.blobs = DiskBlobs(path / "blobs", wall=Wall())
        self.cache = DiskBlobs(path / "cache", wall=Wall())
        self.drafts = path / "drafts"
        self.pool = ImagePool(self.blobs, self.cache, self.drafts)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    yield made
    assert list(made.drafts.iterdir()) == []
    await made.pool.close()
    await made.blobs.close()
    await made.cache.close()


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
async def test_a_clean_picture_is_kept_as_it_is(rig: Rig, kind: str) -> None:
    hash = await put(rig.blobs, still(kind))
    found = await rig.pool.clean(hash)
    assert found.blob.hash == hash
    assert (found.type, found.width, found.height, found.animated) == (kind, 40, 20, False)
    assert len(found.placeholder) > 20


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("orientation", [1, 6])
async def test_it_is_upright_and_tells_nothing(rig: Rig, kind: str, orientation: int) -> None:
    found = await rig.pool.clean(await put(rig.blobs, photograph(kind, orientation)))
    data = await read(rig.blobs, found.blob.hash)
    assert SECRET not in data
    image = opened(data)
    assert dict(image.getexif()) == {}
    assert image.size == (found.width, found.height) == ((40, 20) if orientation == 1 else (20, 40))


@pytest.mark.parametrize("kind", ["gif", "webp"])
async def test_what_moves_is_said_to_move(rig: Rig, kind: str) -> None:
    found = await rig.pool.clean(await put(rig.blobs, moving(kind)))
    assert found.animated
    assert opened(await read(rig.blobs, found.blob.hash)).n_frames == 3


def png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg onload=alert(1)>", "This is no PNG"),
        (b"GIF89a", "damaged"),
        (still("png")[:-30], "damaged"),
        (still("jpeg")[:-300], "damaged"),
        (png(30_000, 30_000, b""), "more than 64 million pixels"),
        (png(7_000, 7_000, b""), "damaged"),
        (moving("gif").replace(b"\x18\0\x10\0", b"\xff\xff\xff\xff"), "more than 64 million"),
    ],
)
async def test_what_is_bad_is_said_so(rig: Rig, data: bytes, why: str) -> None:
    hash = await put(rig.blobs, data)
    with pytest.raises(BadPicture, match=why):
        await rig.pool.clean(hash)
    with pytest.raises(BadPicture):
        await rig.pool.variant(hash, "png", 16, moving=False)
    # The next one is read all the same.
    assert (await rig.pool.clean(await put(rig.blobs, still()))).width == 40


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (sounds.wav(1.5), Media(type="audio/wav", duration_ms=1500)),
        (sounds.mp3(100), Media(type="audio/mpeg", duration_ms=2612)),
        (sounds.flac(), Media(type="audio/flac", duration_ms=1500)),
        (sounds.opus(), Media(type="audio/ogg", duration_ms=1500)),
        (sounds.mp4(), Media(type="video/mp4", duration_ms=2500, width=640, height=360)),
        (sounds.webm(), Media(type="video/webm", duration_ms=3250, width=320, height=240)),
        (b"ID3 is what this text begins with", None),
        (b"fLaC", None),
        (b"\xff\xfb", None),
        (sounds.mp4()[:60], None),
        (b"", None),
    ],
)
async def test_sounds_and_videos_say_how_long_they_are(
    rig: Rig, data: bytes, media: Media | None
) -> None:
    assert await rig.pool.measure(await put(rig.blobs, data)) == media
    assert len(rig.pool._resting) == 1, "nothing broken ends a worker"


async def test_a_sound_that_takes_too_long_has_no_length(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash = await put(rig.blobs, sounds.wav())
    monkeypatch.setattr(images, "ANSWER_S", 0.0)
    assert await rig.pool.measure(hash) is None


async def test_there_must_be_a_blob(rig: Rig) -> None:
    with pytest.raises(NoBlob):
        await rig.pool.clean(bytes(32))
    with pytest.raises(NoBlob):
        await rig.pool.variant(bytes(32), "png", 16, moving=False)


async def test_a_worker_that_dies_takes_one_picture_along(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash = await put(rig.blobs, still())
    await rig.pool.clean(hash)
    rig.pool._resting[0].kill()
    await rig.pool._resting[0].wait()
    with pytest.raises(BadPicture, match="memory or time"):
        await rig.pool.clean(hash)
    assert (await rig.pool.clean(hash)).width == 40
    monkeypatch.setattr(images, "ANSWER_S", 0.0)
    with pytest.raises(BadPicture, match="memory or time"):
        await rig.pool.clean(hash)


async def test_memory_and_time_have_bounds(rig: Rig) -> None:
    await rig.pool.clean(await put(rig.blobs, still()))
    limits = Path(f"/proc/{rig.pool._resting[0].pid}/limits").read_text()  # noqa: ASYNC240
    found = {line[:26].strip(): line[26:46].strip() for line in limits.splitlines()}
    assert int(found["Max address space"]) == 1536 << 20
    assert int(found["Max file size"]) == 256 << 20
    assert int(found["Max cpu time"]) <= 30


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
@pytest.mark.parametrize("source", ["png", "jpeg", "gif", "webp"])
async def test_every_type_is_made_of_every_other(rig: Rig, kind: str, source: str) -> None:
    hash = await put(rig.blobs, still(source, 400, 200))
    key = await rig.pool.variant(hash, kind, 64, moving=True)  # type: ignore[arg-type]
    image = opened(await read(rig.cache, key))
    assert (image.format, image.size) == (kind.upper(), (64, 32))
    assert await rig.pool.variant(hash, kind, 64, moving=True) == key  # type: ignore[arg-type]
    larger = await rig.pool.variant(hash, kind, 512, moving=True)  # type: ignore[arg-type]
    assert opened(await read(rig.cache, larger)).size == (400, 200), "nothing is made larger"


async def test_it_moves_where_it_may(rig: Rig) -> None:
    hash = await put(rig.blobs, moving("gif", 3, 40, 40))
    for kind, wish, frames in (
        ("gif", True, 3),
        ("webp", True, 3),
        ("webp", False, 1),
        ("png", True, 1),
        ("jpeg", True, 1),
    ):
        key = await rig.pool.variant(hash, kind, 16, moving=wish)  # type: ignore[arg-type]
        image = opened(await read(rig.cache, key))
        assert (getattr(image, "n_frames", 1), image.size) == (frames, (16, 16))


async def test_one_that_is_wanted_by_many_is_made_once(rig: Rig) -> None:
    hash = await put(rig.blobs, still("png", 400, 200))
    wanted = [rig.pool.variant(hash, "webp", 32, moving=False) for _ in range(10)]
    assert len(set(await asyncio.gather(*wanted))) == 1
    assert len(rig.pool._resting) == 1


async def test_the_cache_has_bounds(tmp_path: Path) -> None:
    wall = Wall()
    blobs = DiskBlobs(tmp_path / "blobs", wall=wall)
    cache = DiskBlobs(tmp_path / "cache", wall=wall)
    pool = ImagePool(blobs, cache, tmp_path / "drafts", cache_bytes=300_000)
    made: list[bytes] = []
    try:
        hash = await put(blobs, noise(400, 200))
        for size in (64, 128, 256, 64, 512):
            wall.seconds += 1
            made.append(await pool.variant(hash, "png", size, moving=False))
        sizes = [await cache.size(key) for key in made]
        assert sizes[0] is not None, "it was asked for again"
        assert (sizes[1], sizes[2]) == (None, None)
        assert sizes[4] is not None
        left = {key: size or 0 for key, size in zip(made, sizes, strict=True)}
        assert 0 < sum(left.values()) <= 300_000
        # What is gone is made again.
        assert await cache.size(await pool.variant(hash, "png", 128, moving=False))
    finally:
        await pool.close()
        await blobs.close()
        await cache.close()


async def test_workers_end_when_nothing_is_asked(rig: Rig) -> None:
    await rig.pool.clean(await put(rig.blobs, still()))
    worker = rig.pool._resting[0]
    assert worker.returncode is None
    rig.pool._part()
    assert await asyncio.wait_for(worker.wait(), 10) == 0
