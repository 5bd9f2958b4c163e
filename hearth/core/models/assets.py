"""Pictures that somebody set: avatars, icons, banners, emojis (Discord topic, "CDN")."""

from msgspec import Struct


class Asset(Struct, frozen=True, gc=False, kw_only=True):
    """Which blob a picture is. The ids say whose it is, and it goes with any of them.

    Its address is `path`, such as avatars/100, and then `hash`, which changes with the bytes and
    begins with a_ where the picture moves. An emoji's and a sticker's have none:
    their pictures never change. `type`
    is one of `core.images.MIME`.
    """

    path: str
    hash: str | None
    blob: bytes
    type: str
    guild_id: int | None = None
    user_id: int | None = None
    role_id: int | None = None
    channel_id: int | None = None
    emoji_id: int | None = None
    sticker_id: int | None = None
