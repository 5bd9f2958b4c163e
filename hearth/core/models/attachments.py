"""Files of messages: as they come, are stored, and are shown (Discord reference, "Attachment")."""

import hmac
import re
import unicodedata
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote, urlencode

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.seal import keyed
from hearth.core.wire import Snowflake

MOST_FILES = 10
"""So many files a message has."""

MOST_NAME = 128

IS_SPOILER, IS_ANIMATED = 1 << 3, 1 << 5
"""Flags of an attachment (Discord reference, "Attachment Flags")."""

HOUR_S = 3600
VALID_S = 25 * HOUR_S
"""An address is good for so long after the hour in which it was made."""


class Attachment(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """A file as the record of its message keeps it. Fields are only ever appended."""

    id: int
    filename: str
    size: int
    blob: bytes
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    placeholder: str | None = None
    description: str | None = None
    title: str | None = None
    duration_ms: int | None = None
    animated: bool = False
    waveform: str | None = None


class StoredFile(Struct, frozen=True, gc=False, kw_only=True):
    """Where a file is, for who has its address; `message_id` is None until its message was seen.

    `user_id` sent it; earlier versions did not write down who.
    """

    id: int
    channel_id: int
    blob: bytes
    size: int
    filename: str
    content_type: str | None = None
    message_id: int | None = None
    user_id: int | None = None


class PendingUpload(Struct, frozen=True, gc=False, kw_only=True):
    """A file that is sent before its message; without a `blob` until its bytes are there."""

    name: str
    channel_id: int
    user_id: int
    created_at_ms: int
    filename: str
    size: int
    blob: bytes | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    placeholder: str | None = None
    duration_ms: int | None = None
    animated: bool = False


class Upload(Struct, frozen=True, gc=False, kw_only=True):
    """A file that came with a request: its bytes are a blob already. `part` is its field's name."""

    part: str
    filename: str
    blob: bytes
    size: int
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    placeholder: str | None = None
    duration_ms: int | None = None
    animated: bool = False

    @property
    def number(self) -> int | None:
        """The n of files[n], by which `attachments` names it."""
        found = re.fullmatch(r"files\[(\d{1,10})\]", self.part)
        return None if found is None else int(found[1])


class MediaLimits(Struct, frozen=True, kw_only=True):
    """How much may be sent: of one file, by one user in an hour and in all, to one guild in all.

    Of the last two 0 is any number. `allowed` and `denied` are types (image/png, image/*) and
    endings (.exe); without `allowed` all are.
    """

    file_bytes: int = 100 << 20
    user_bytes_per_hour: int = 2 << 30
    user_bytes: int = 0
    guild_bytes: int = 0
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()

    def takes(self, filename: str, content_type: str | None) -> bool:
        """Whether a message may have a file of this name and type."""
        name = filename.lower().rstrip(". ")
        kind = content_type or "application/octet-stream"
        family = f"{kind.partition('/')[0]}/*"

        def is_one(of: tuple[str, ...]) -> bool:
            return any(
                name.endswith(each) if each.startswith(".") else each in (kind, family)
                for each in of
            )

        return not is_one(self.denied) and (not self.allowed or is_one(self.allowed))


class AttachmentRequest(Struct, kw_only=True):
    """Which file is meant, and what is said of it.

    `id` is the n of files[n], or that of a file that the message has already, or stands for
    nothing where `uploaded_filename` names one that was sent before.
    """

    id: Snowflake | UnsetType = UNSET
    filename: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET
    description: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET
    title: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET
    uploaded_filename: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET
    is_spoiler: bool | UnsetType | None = UNSET
    duration_secs: Annotated[float, Meta(ge=0, le=(1 << 31) - 1)] | UnsetType | None = UNSET
    waveform: Annotated[str, Meta(max_length=400)] | UnsetType | None = UNSET
    """The last two are a voice message's: how long it is, and what it looks like in base64."""


class AttachmentObject(Struct, gc=False, kw_only=True, omit_defaults=True):
    """A file as it is shown; `url` and `proxy_url` lapse."""

    id: str
    filename: str
    size: int
    url: str
    proxy_url: str
    content_type: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    placeholder: str | UnsetType = UNSET
    placeholder_version: int | UnsetType = UNSET
    description: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    duration_secs: float | UnsetType = UNSET
    waveform: str | UnsetType = UNSET
    flags: int | UnsetType = UNSET


Urls = Callable[[int, int, str], str]
"""The path and query of the file with this channel, id and name, good from now on."""


def attachment_object(
    attachment: Attachment, channel_id: int, origin: str, urls: Urls
) -> AttachmentObject:
    """A file as it is shown."""
    path = urls(channel_id, attachment.id, attachment.filename)
    return AttachmentObject(
        id=str(attachment.id),
        filename=attachment.filename,
        size=attachment.size,
        url=f"{origin}/cdn/{path}",
        proxy_url=f"{origin}/media/{path}",
        content_type=attachment.content_type or UNSET,
        width=attachment.width or UNSET,
        height=attachment.height or UNSET,
        placeholder=attachment.placeholder or UNSET,
        placeholder_version=1 if attachment.placeholder else UNSET,
        description=attachment.description or UNSET,
        title=attachment.title or UNSET,
        duration_secs=attachment.duration_ms / 1000 if attachment.duration_ms else UNSET,
        waveform=attachment.waveform or UNSET,
        flags=_flags(attachment) or UNSET,
    )


def _flags(attachment: Attachment) -> int:
    spoiler = attachment.filename.startswith("SPOILER_")
    return IS_SPOILER * spoiler | IS_ANIMATED * attachment.animated


def signed(key: bytes, wall_s: int, channel_id: int, id: int, filename: str) -> str:
    """`attachments/channel/id/name?ex&is&hm`: the same for an hour, good for a day more."""
    since = wall_s - wall_s % HOUR_S
    until = since + VALID_S
    path = f"attachments/{channel_id}/{id}/{quote(filename)}"
    query = {"ex": f"{until:x}", "is": f"{since:x}", "hm": _mark(key, path, until, since)}
    return f"{path}?{urlencode(query)}"


def is_signed(key: bytes, wall_s: float, path: str, ex: str, since: str, mark: str) -> bool:
    """Whether an address is one of ours and has not lapsed; `path` as `signed` writes it."""
    if not re.fullmatch(r"[0-9a-f]{1,12}/[0-9a-f]{1,12}", f"{ex}/{since}"):
        return False
    until, begun = int(ex, 16), int(since, 16)
    made = _mark(key, path, until, begun)
    return hmac.compare_digest(made.encode(), mark.encode()) and wall_s < until


def _mark(key: bytes, path: str, until: int, since: int) -> str:
    return keyed(key, "attachment", f"{path} {until} {since}".encode()).hex()


def safe_name(name: str, *, spoiler: bool = False) -> str:
    """A file's name as it stands in addresses: ASCII letters, digits, dots, dashes, underscores."""
    plain = unicodedata.normalize("NFKD", name.replace("\\", "/").rpartition("/")[2])
    plain = plain.encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._") or "unknown"
    if spoiler and not plain.startswith("SPOILER_"):
        plain = f"SPOILER_{plain}"
    stem, dot, ending = plain.rpartition(".")
    if len(plain) <= MOST_NAME:
        return plain
    if not dot or len(ending) > 16:
        return plain[:MOST_NAME]
    return f"{stem[: MOST_NAME - len(ending) - 1]}.{ending}"


# Files that are sent before their message (discord-userdoccers, "Cloud uploads")


class UploadWish(Struct, kw_only=True):
    """A file that is about to be sent."""

    filename: Annotated[str, Meta(min_length=1, max_length=1024)]
    file_size: Annotated[int, Meta(ge=0, le=1 << 40)]
    id: str | int | UnsetType | None = UNSET


class UploadsCreate(Struct, kw_only=True):
    """Body of create_attachments."""

    files: Annotated[list[UploadWish], Meta(min_length=1, max_length=MOST_FILES)]


class UploadPlace(Struct, gc=False, kw_only=True):
    """Where the bytes of a file are to be put, and what the message calls it then."""

    upload_url: str
    upload_filename: str
    id: str | int | UnsetType = UNSET


class UploadPlaces(Struct, gc=False, kw_only=True):
    """A place for each file, in order."""

    attachments: list[UploadPlace]


class RefreshUrls(Struct, kw_only=True):
    """Body of refresh_attachment_urls."""

    attachment_urls: Annotated[
        list[Annotated[str, Meta(max_length=2048)]], Meta(min_length=1, max_length=50)
    ]


class RefreshedUrl(Struct, gc=False, kw_only=True):
    """An address, and one that is good again; null for a file that the caller may not see."""

    original: str
    refreshed: str | None


class RefreshedUrls(Struct, gc=False, kw_only=True):
    """One for each address, in order."""

    refreshed_urls: list[RefreshedUrl]
