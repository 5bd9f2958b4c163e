"""Files of messages: taken in, put to a message, sent before it, and shown again later."""

import mimetypes
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from urllib.parse import unquote, urlsplit

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.scopes import InChannel, SignedIn
from hearth.actions.world import World
from hearth.core.blobs import TooLarge
from hearth.core.errors import (
    BODY_TOO_LARGE,
    FILE_TOO_LARGE,
    STORAGE_FULL,
    UNKNOWN_UPLOAD,
    Refused,
    invalid_form,
    rate_limited,
)
from hearth.core.ids import MAX_ID
from hearth.core.images import MIME, sniff
from hearth.core.limits import Rate
from hearth.core.media import HEAD_BYTES, may_be
from hearth.core.models.attachments import (
    MOST_FILES,
    Attachment,
    AttachmentRequest,
    PendingUpload,
    RefreshedUrl,
    RefreshedUrls,
    RefreshUrls,
    StoredFile,
    Upload,
    UploadPlace,
    UploadPlaces,
    UploadsCreate,
    safe_name,
    signed,
)
from hearth.core.models.messages import MessageFields
from hearth.core.operations import operation
from hearth.core.permissions import P, resolve
from hearth.core.pictures import BadPicture
from hearth.core.ports import StorageFull

_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}")
_ADDRESS = re.compile(r"^/(?:cdn|media)/attachments/(\d{1,20})/(\d{1,20})/[^/]+$")

OUR_TYPES = {".webp": "image/webp", ".opus": "audio/ogg", ".md": "text/markdown"}
"""What Python's table of endings lacks in some versions."""


# Taking in


async def receive(
    world: World,
    who: int,
    part: str,
    filename: str,
    said: str | None,
    chunks: AsyncIterable[bytes],
    most: int | None = None,
) -> Upload:
    """Keep a file of `who`'s as it comes; a picture is looked at and loses its metadata.

    Refuses what is too large, more than may be sent in an hour, of a type that is not taken, or
    begins as a picture and is none that can be shown. `said` is the type that the client says.
    """
    most = world.media.file_bytes if most is None else min(most, world.media.file_bytes)
    head = b""

    async def watched() -> AsyncIterator[bytes]:
        nonlocal head
        async for chunk in chunks:
            if len(head) < HEAD_BYTES:
                head += chunk[:HEAD_BYTES]
            yield chunk

    try:
        blob = await world.blobs.put(watched(), most)
        charge(world, who, blob.size)
        upload = Upload(
            part=part,
            filename=filename,
            blob=blob.hash,
            size=blob.size,
            content_type=_type_of(filename, said),
        )
        if sniff(head) is None:
            upload = await _measured(world, upload, head)
        else:
            upload = await _cleaned(world, upload)
    except TooLarge:
        raise Refused(FILE_TOO_LARGE) from None
    except BadPicture as bad:
        raise invalid_form(((part,), "IMAGE_INVALID", str(bad))) from None
    except StorageFull as error:
        raise Refused(STORAGE_FULL) from error
    _check_type(world, part, filename, upload.content_type)
    return upload


async def _cleaned(world: World, upload: Upload) -> Upload:
    """A picture without its metadata, and what it is like."""
    picture = await world.pictures.clean(upload.blob)
    return replace(
        upload,
        blob=picture.blob.hash,
        size=picture.blob.size,
        content_type=MIME[picture.type],
        width=picture.width,
        height=picture.height,
        placeholder=picture.placeholder,
        animated=picture.animated,
    )


async def _measured(world: World, upload: Upload, head: bytes) -> Upload:
    """The file with what it says of itself as a sound or a video; what is broken says nothing."""
    media = await world.pictures.measure(upload.blob) if may_be(head) else None
    if media is None:
        return upload
    return replace(
        upload,
        content_type=media.type,
        width=media.width,
        height=media.height,
        duration_ms=media.duration_ms,
    )


def _check_type(world: World, field: str, filename: str, content_type: str | None) -> None:
    if not world.media.takes(filename, content_type):
        text = "Files of this type are not taken here."
        raise invalid_form(((field,), "FILE_TYPE_NOT_ALLOWED", text))


def charge(world: World, who: int, size: int) -> None:
    """Count what a user sends; refuses with 429 what is too much within the hour."""
    most = int(world.media.user_bytes_per_hour * max(1.0, world.scale))
    wait_s = world.sent_bytes.take(who, size, most, world.clock.now())
    if wait_s:
        raise rate_limited(round(wait_s, 3))


def _type_of(filename: str, said: str | None) -> str | None:
    ending = filename[filename.rfind(".") :].lower()
    known = OUR_TYPES.get(ending) or mimetypes.guess_type(filename)[0]
    if known is None and said is not None and _TYPE.fullmatch(said.lower()):
        known = said.lower()
    # Its bytes say that it is none of these.
    return None if known in MIME.values() else known


# Putting to a message


async def attach(
    here: InChannel, body: MessageFields, before: Sequence[Attachment] = ()
) -> tuple[Attachment, ...]:
    """The attachments of a message that had those `before`; new ones are written down.

    Those that the body names stay or come, with what it says of them; where it names none, all
    stay. Files that it does not name come behind. Refuses without ATTACH_FILES, with more than ten,
    and for a name that means nothing.
    """
    wanted = body.attachments or ()
    if body.attachments is UNSET and not here.uploads:
        return tuple(before)
    uploads = {
        number if (number := each.number) is not None else -1 - i: each
        for i, each in enumerate(here.uploads)
    }
    kept = {each.id: each for each in before}
    found: list[Attachment] = list(before) if body.attachments is UNSET else []
    claimed: list[PendingUpload] = []
    fresh: list[tuple[Upload | PendingUpload, AttachmentRequest]] = []
    order: list[Attachment | int] = [*found]
    for i, wish in enumerate(wanted):
        if wish.uploaded_filename:
            pending = await here.world.directory.upload(wish.uploaded_filename)
            if pending is None or not pending.blob or not _is_mine(here, pending):
                raise _unknown(i, "uploaded_filename")
            claimed.append(pending)
            order.append(len(fresh))
            fresh.append((pending, wish))
        elif wish.id is not UNSET and wish.id in uploads:
            order.append(len(fresh))
            fresh.append((uploads.pop(wish.id), wish))
        elif wish.id is not UNSET and wish.id in kept:
            order.append(_described(kept.pop(wish.id), wish))
        else:
            raise _unknown(i, "id")
    for upload in uploads.values():
        order.append(len(fresh))
        fresh.append((upload, AttachmentRequest()))
    if len(order) > MOST_FILES:
        text = f"Must be {MOST_FILES} or fewer in length."
        raise invalid_form((("attachments",), "BASE_TYPE_MAX_LENGTH", text))
    if fresh:
        here.require(P.ATTACH_FILES)
        await _has_room(here, sum(upload.size for upload, _ in fresh))
    made = [_attachment(here, upload, wish) for upload, wish in fresh]
    if made:
        rows = [_row(here.channel.id, each, here.who.user_id) for each in made]
        await here.world.write(rows, claimed)
    return tuple(made[each] if isinstance(each, int) else each for each in order)


def _is_mine(here: InChannel, upload: PendingUpload) -> bool:
    return (upload.channel_id, upload.user_id) == (here.channel.id, here.who.user_id)


def _unknown(index: int, field: str) -> Refused:
    path = ("attachments", index, field)
    return invalid_form((path, "ATTACHMENT_NOT_FOUND", "There is no file of this name."))


def _described(attachment: Attachment, wish: AttachmentRequest) -> Attachment:
    if wish.description is not UNSET:
        attachment = replace(attachment, description=wish.description or None)
    if wish.title is not UNSET:
        attachment = replace(attachment, title=wish.title or None)
    return attachment


def _attachment(
    here: InChannel, upload: Upload | PendingUpload, wish: AttachmentRequest
) -> Attachment:
    assert upload.blob is not None
    name = wish.filename or upload.filename
    filename = safe_name(name, spoiler=bool(wish.is_spoiler))
    # It may be called otherwise than when it came, and what is taken may have changed since.
    _check_type(here.world, "attachments", filename, upload.content_type)
    made = Attachment(
        id=here.world.make_id(),
        filename=filename,
        size=upload.size,
        blob=upload.blob,
        content_type=upload.content_type,
        width=upload.width,
        height=upload.height,
        placeholder=upload.placeholder,
        duration_ms=upload.duration_ms,
        animated=upload.animated,
    )
    return _described(made, wish)


def _row(
    channel_id: int, attachment: Attachment, user_id: int, message_id: int | None = None
) -> StoredFile:
    return StoredFile(
        id=attachment.id,
        channel_id=channel_id,
        blob=attachment.blob,
        size=attachment.size,
        filename=attachment.filename,
        content_type=attachment.content_type,
        message_id=message_id,
        user_id=user_id,
    )


def claimed_by(
    message_id: int, channel_id: int, author_id: int, attachments: Sequence[Attachment]
) -> list[StoredFile]:
    """What is to be kept of a message's files once the message was seen."""
    return [_row(channel_id, each, author_id, message_id) for each in attachments]


async def forget(world: World, attachments: Sequence[Attachment]) -> None:
    """Let nobody have files any more whose message is gone, or has them no more.

    Not for the journal's consumer to do alone: it may not have seen yet that the message had them.
    """
    if attachments:
        await world.write([], [_row(0, each, 0) for each in attachments])


async def _has_room(here: InChannel, size: int) -> None:
    """Refuse what is more than a guild, or who sends it, may have in all."""
    guild, directory = here.snapshot.guild, here.world.directory
    if guild is not None and (most := here.world.media.guild_bytes):
        _fits(await directory.file_bytes_of(guild.id) + size, most)
    if most := here.world.media.user_bytes:
        _fits(await directory.file_bytes_by(here.who.user_id) + size, most)


def _fits(size: int, most: int) -> None:
    if size > most:
        raise Refused(BODY_TOO_LARGE)


# Sending before the message (discord-userdoccers, "Cloud uploads")


@operation(
    "POST",
    "/channels/{channel_id}/attachments",
    needs=P.SEND_MESSAGES | P.ATTACH_FILES,
    rate=Rate(10, per=10),
)
async def create_attachments(here: InChannel, body: UploadsCreate) -> UploadPlaces:
    """Announce files; each is put to its address, and a message names it then. Good for a day."""
    world = here.world
    if any(wish.file_size > world.media.file_bytes for wish in body.files):
        raise Refused(FILE_TOO_LARGE)
    pending = [
        PendingUpload(
            name=secrets.token_urlsafe(24),
            channel_id=here.channel.id,
            user_id=here.who.user_id,
            created_at_ms=world.wall_ms(),
            filename=wish.filename,
            size=wish.file_size,
        )
        for wish in body.files
    ]
    await world.write(pending)
    return UploadPlaces(
        attachments=[
            UploadPlace(
                upload_url=f"{world.origin}/upload/{each.name}",
                upload_filename=each.name,
                id=UNSET if wish.id is None else wish.id,
            )
            for each, wish in zip(pending, body.files, strict=True)
        ]
    )


async def put_upload(world: World, name: str, chunks: AsyncIterable[bytes]) -> None:
    """Take the bytes of an announced file from who knows its address."""
    pending = await world.directory.upload(name)
    if pending is None:
        raise Refused(UNKNOWN_UPLOAD)
    upload = await receive(
        world, pending.user_id, "file", pending.filename, None, chunks, pending.size
    )
    if await world.directory.upload(name) is None:
        raise Refused(UNKNOWN_UPLOAD)
    kept = replace(
        pending,
        blob=upload.blob,
        size=upload.size,
        content_type=upload.content_type,
        width=upload.width,
        height=upload.height,
        placeholder=upload.placeholder,
        duration_ms=upload.duration_ms,
        animated=upload.animated,
    )
    await world.write([kept])


@operation("DELETE", "/attachments/{upload_filename}")
async def delete_attachment(here: SignedIn, upload_filename: str) -> None:
    """Take back a file that no message has yet."""
    pending = await here.world.directory.upload(upload_filename)
    if pending is None or pending.user_id != here.who.user_id:
        raise Refused(UNKNOWN_UPLOAD)
    await here.world.write([], [pending])


@operation("POST", "/attachments/refresh-urls", rate=Rate(20, per=10))
async def refresh_attachment_urls(here: SignedIn, body: RefreshUrls) -> RefreshedUrls:
    """Addresses that are good again, of files that the caller may see."""
    return RefreshedUrls(
        refreshed_urls=[
            RefreshedUrl(original=url, refreshed=await _refreshed(here, url))
            for url in body.attachment_urls
        ]
    )


async def _refreshed(here: SignedIn, url: str) -> str | None:
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    found = _ADDRESS.match(path)
    if found is None or int(found[2]) > MAX_ID:
        return None
    world = here.world
    file = await world.directory.file(int(found[2]))
    if file is None or file.channel_id != int(found[1]) or not await _may_see(here, file):
        return None
    wall_s = int(world.clock.wall())
    place = signed(world.key, wall_s, file.channel_id, file.id, file.filename)
    return f"{world.origin}/cdn/{place}"


async def _may_see(here: SignedIn, file: StoredFile) -> bool:
    world, me = here.world, here.who.user_id
    key = await world.home_of(file.channel_id)
    # A copy of the home, followed where it is owned elsewhere: nothing is changed.
    snapshot = None if key is None else (await world.home(key)).snapshot
    if snapshot is None:
        return False
    member, channel = snapshot.members.get(me), snapshot.channels.get(file.channel_id)
    if member is None or channel is None:
        return False
    needs = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY
    return resolve(snapshot, member, channel, world.wall_ms()) & needs == needs
