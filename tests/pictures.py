"""Real pictures for tests, some with what must not be told, and broken ones."""

import base64
import os
from io import BytesIO
from typing import Any

from PIL import Image

GPS_IFD = 0x8825
SECRET = b"4 Privet Drive"


def still(kind: str = "png", width: int = 40, height: int = 20, **more: Any) -> bytes:
    """A gradient, red from left to right."""
    image = Image.linear_gradient("L").rotate(90).resize((width, height))
    out = BytesIO()
    Image.merge("RGB", (image, image.point(lambda v: 255 - v), image)).save(out, kind, **more)
    return out.getvalue()


def noise(width: int, height: int) -> bytes:
    """A PNG that no codec makes small."""
    out = BytesIO()
    Image.frombytes("RGB", (width, height), os.urandom(3 * width * height)).save(out, "png")
    return out.getvalue()


def moving(kind: str = "gif", frames: int = 3, width: int = 24, height: int = 16) -> bytes:
    """Some frames that differ."""
    made = [Image.new("RGB", (width, height), (80 * i, 20, 250 - 80 * i)) for i in range(frames)]
    out = BytesIO()
    made[0].save(out, kind, save_all=True, append_images=made[1:], duration=70, loop=0)
    return out.getvalue()


def photograph(kind: str = "jpeg", orientation: int = 1) -> bytes:
    """A picture that says where it was taken, by whom, and which way is up."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = SECRET.decode()
    exif.get_ifd(GPS_IFD)[1] = "N"
    more: dict[str, Any] = {"comment": SECRET} if kind == "jpeg" else {}
    return still(kind, exif=exif.tobytes(), **more)


def opened(data: bytes) -> Image.Image:
    """The picture that bytes are."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def data_uri(data: bytes) -> str:
    """As clients send it."""
    return "data:image/png;base64," + base64.b64encode(data).decode()
