"""The process that looks into pictures, sounds and videos: a line asks, a line answers.

It is bounded in memory, time and what it writes, and knows nothing but the files that it is told
of. When it dies, what it looked at was bad.
"""

import base64
import io
import json
import resource
import signal
import sys
from typing import Any

import msgspec
from PIL import Image, ImageFile, ImageOps, ImageSequence

from hearth.core.images import ImageType, sniff
from hearth.core.media import HEAD_BYTES, Media, duration, heads, sound_type
from hearth.core.metadata import Broken, strip
from hearth.core.pictures import MOST_PIXELS
from hearth.core.thumbhash import MOST_SIDE, thumbhash

MEMORY_BYTES = 1536 << 20
OUTPUT_BYTES = 256 << 20
CPU_S = 20
"""What one picture may take."""

MEASURE_CPU_S = 5
"""What a sound or a video may."""

FRAMES_FACTOR = 8

JPEG_QUALITY, WEBP_QUALITY = 90, 85
TURNED_QUALITY = 95
"""Of a photograph that had to be encoded anew because it was turned."""

_FORMATS = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP"}
_ORIENTATION = 0x0112


class Refused(Exception):
    """The picture is bad; the text is a sentence."""


def main() -> None:
    """Answer until there are no more requests."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    Image.MAX_IMAGE_PIXELS = None  # We look ourselves, and refuse instead of warning.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    for line in sys.stdin:
        asked = json.loads(line)
        _more_time(MEASURE_CPU_S if asked["do"] == "measure" else CPU_S)
        sys.stdout.write(json.dumps(answer(asked)) + "\n")
        sys.stdout.flush()


def _more_time(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What is said of a request: its result, or `bad` with a sentence."""
    try:
        if asked["do"] == "clean":
            return _clean(asked["file"], asked["into"])
        if asked["do"] == "measure":
            return _measure(asked["file"])
        return _variant(asked)
    except Refused as refused:
        return {"bad": str(refused)}
    except MemoryError:
        return {"bad": "The picture needs too much memory."}
    except Exception:  # noqa: BLE001  (a decoder raises whatever it likes)
        return {"bad": "The picture is damaged or cut short."}


def _open(file: str) -> tuple[ImageType, bytes, Image.Image]:
    with open(file, "rb") as source:
        data = source.read()
    known = sniff(data[:64])
    if known is None:
        raise Refused("This is no PNG, JPEG, GIF or WebP.")
    image = Image.open(file, formats=[_FORMATS[known.type]])
    if image.width * image.height > MOST_PIXELS:
        raise Refused(f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels.")
    return known.type, data, image


def _clean(file: str, into: str) -> dict[str, Any]:
    """Look at all of a picture; `written` says whether `into` has it cleaner than it was."""
    kind, data, image = _open(file)
    frames = _frames(image)
    orientation = image.getexif().get(_ORIENTATION, 1) if frames == 1 else 1
    image.seek(0)
    upright = ImageOps.exif_transpose(image) if orientation != 1 else image
    small = upright.convert("RGBA")
    small.thumbnail((MOST_SIDE, MOST_SIDE))
    placeholder = base64.b64encode(thumbhash(small.width, small.height, small.tobytes())).decode()
    if orientation != 1:
        profile = image.info.get("icc_profile")
        _write(upright, into, kind, TURNED_QUALITY, profile)
        written = True
    else:
        try:
            clean = strip(kind, data)
        except Broken as broken:
            raise Refused(f"The picture is damaged: {broken}.") from None
        written = clean != data
        if written:
            with open(into, "wb") as target:
                target.write(clean)
    return {
        "written": written,
        "type": kind,
        "width": upright.width,
        "height": upright.height,
        "animated": frames > 1,
        "placeholder": placeholder,
    }


def _frames(image: Image.Image) -> int:
    """Decode every frame; how many there are. Too many pixels in all are refused."""
    frames = 0
    for frame in ImageSequence.Iterator(image):
        frames += 1
        if frames * image.width * image.height > FRAMES_FACTOR * MOST_PIXELS:
            raise Refused("The picture moves for too long.")
        frame.load()
    return frames


def _measure(file: str) -> dict[str, Any]:
    """What a sound or a video says of itself. No decoder runs: only heads are read."""
    from tinytag import TinyTag  # not before the first sound comes

    with open(file, "rb") as source:
        kind = sound_type(source.read(HEAD_BYTES))
        source.seek(0)
        if kind is not None:
            found = TinyTag.get(file_obj=source, tags=False)
            media = Media(type=kind, duration_ms=duration(found.duration))
            if media.duration_ms is None:
                raise Refused("It does not say how long it is.")
        else:

            def read(at: int, length: int) -> bytes:
                source.seek(at)
                return source.read(length)

            media = heads(read, source.seek(0, io.SEEK_END))
    return msgspec.to_builtins(media)


def _variant(asked: dict[str, Any]) -> dict[str, Any]:
    _, _, image = _open(asked["file"])
    kind: ImageType = asked["type"]
    size: int = asked["size"]
    frames = getattr(image, "n_frames", 1)
    if asked["moving"] and frames > 1 and kind in ("gif", "webp"):
        if frames * image.width * image.height > FRAMES_FACTOR * MOST_PIXELS:
            raise Refused("The picture moves for too long.")
        _write_moving(image, asked["into"], kind, size)
    else:
        image.draft("RGB", (size, size))
        image.load()
        still = image.convert("RGBA" if image.mode != "RGB" else "RGB")
        still.thumbnail((size, size))
        quality = JPEG_QUALITY if kind == "jpeg" else WEBP_QUALITY
        _write(still, asked["into"], kind, quality, image.info.get("icc_profile"))
    return {}


def _write(
    image: Image.Image, into: str, kind: ImageType, quality: int, profile: bytes | None
) -> None:
    if kind == "jpeg" and image.mode not in ("RGB", "L", "CMYK"):
        ground = Image.new("RGB", image.size, (255, 255, 255))
        ground.paste(image, mask=image.convert("RGBA").getchannel("A"))
        image = ground
    more: dict[str, Any] = {"quality": quality} if kind in ("jpeg", "webp") else {}
    if profile and kind != "gif":
        more["icc_profile"] = profile
    _save(image, into, kind, more)


def _write_moving(image: Image.Image, into: str, kind: ImageType, size: int) -> None:
    frames: list[Image.Image] = []
    durations: list[int] = []
    for frame in ImageSequence.Iterator(image):
        small = frame.convert("RGBA")
        small.thumbnail((size, size))
        frames.append(small)
        durations.append(int(frame.info.get("duration", 100)))
    more: dict[str, Any] = {"disposal": 2} if kind == "gif" else {"quality": WEBP_QUALITY}
    more |= {"save_all": True, "append_images": frames[1:], "duration": durations}
    _save(frames[0], into, kind, {**more, "loop": int(image.info.get("loop", 0))})


def _save(image: Image.Image, into: str, kind: ImageType, more: dict[str, Any]) -> None:
    """Write it without what Pillow would take along: Exif, and comments of JPEG and GIF."""
    made = io.BytesIO()
    image.save(made, _FORMATS[kind], exif=b"", **more)
    with open(into, "wb") as target:
        target.write(strip(kind, made.getvalue()))


if __name__ == "__main__":
    main()
