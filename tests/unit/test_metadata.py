"""Metadata go, the picture stays as it is; what is cut short is broken."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.core.images import ImageType
from hearth.core.metadata import Broken, strip
from tests.pictures import SECRET, moving, opened, photograph, still

TYPES: tuple[ImageType, ...] = ("png", "jpeg", "gif", "webp")


def made(kind: ImageType) -> bytes:
    return still("gif", comment=SECRET) if kind == "gif" else photograph(kind)


@pytest.mark.parametrize("kind", TYPES)
def test_secrets_go_and_pixels_stay(kind: ImageType) -> None:
    data = made(kind)
    assert SECRET in data
    clean = strip(kind, data)
    assert SECRET not in clean
    assert b"Exif" not in clean
    image = opened(clean)
    assert dict(image.getexif()) == {}
    assert image.tobytes() == opened(data).tobytes()
    assert strip(kind, clean) == clean


def test_a_png_loses_its_texts() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    data = still("png", pnginfo=info)
    assert data.count(SECRET) == 2
    assert strip("png", data) == still("png")


def test_a_profile_of_colours_stays() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("png", "jpeg", "webp"):
        data = still(kind, icc_profile=profile)
        assert opened(strip(kind, data)).info["icc_profile"] == profile  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "more"), [("jpeg", {"progressive": True}), ("jpeg", {"restart_marker_rows": 1})]
)
def test_jpegs_of_several_scans(kind: ImageType, more: dict[str, Any]) -> None:
    data = still(kind, 300, 200, **more)
    assert strip(kind, data) == data


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_what_moves_goes_on_moving(kind: ImageType) -> None:
    data = moving(kind)
    clean = opened(strip(kind, data))
    assert (clean.n_frames, clean.info["duration"], clean.info["loop"]) == (3, 70, 0)
    for frame in range(3):
        clean.seek(frame)
        original = opened(data)
        original.seek(frame)
        assert clean.convert("RGBA").tobytes() == original.convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_behind_the_end_goes(kind: ImageType) -> None:
    data = still(kind)
    assert strip(kind, data + b"<script>" + SECRET) == data


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_cut_short_is_broken(kind: ImageType) -> None:
    data = made(kind)
    for length in range(16, len(data) - 1, max(1, len(data) // 60)):
        with pytest.raises(Broken):
            strip(kind, data[:length])


@given(kind=st.sampled_from(TYPES), at=st.floats(0, 1), junk=st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_bytes_do_anything_else(kind: ImageType, at: float, junk: bytes) -> None:
    data = made(kind)
    place = 12 + int(at * (len(data) - 12))
    try:
        clean = strip(kind, data[:place] + junk + data[place:])
    except Broken:
        return
    assert len(clean) <= len(data) + len(junk) + 2
