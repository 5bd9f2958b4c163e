"""Stickers of guilds, and of messages (Discord reference, "Sticker resource")."""

from collections.abc import Sequence

from msgspec.structs import replace

from hearth.actions.scopes import Audit, InChannel, InGuild, SignedIn
from hearth.actions.world import World
from hearth.core.errors import (
    FILE_TOO_LARGE,
    INVALID_STICKER,
    MAX_STICKERS,
    UNKNOWN_STICKER,
    Refused,
    invalid_form,
)
from hearth.core.guild_events import GuildStickersUpdate
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import Upload
from hearth.core.models.audit import AuditAction
from hearth.core.models.stickers import (
    APNG,
    GIF,
    MOST_STICKER_BYTES,
    MOST_STICKER_SIDE,
    MOST_STICKERS,
    PNG,
    Sticker,
    StickerCreate,
    StickerItem,
    StickerObject,
    StickerPatch,
    sticker_object,
)
from hearth.core.operations import operation
from hearth.core.patch import changes
from hearth.core.permissions import P

AUDITED = ("name", "tags", "description", "format_type")


@operation("GET", "/guilds/{guild_id}/stickers")
async def list_guild_stickers(here: InGuild) -> list[StickerObject]:
    """The guild's stickers; who made them is for those who manage them."""
    return [await _shown(here, sticker) for sticker in here.snapshot.stickers.values()]


@operation("GET", "/guilds/{guild_id}/stickers/{sticker_id}")
async def get_guild_sticker(here: InGuild, sticker_id: int) -> StickerObject:
    """One sticker; who made it is for those who manage stickers."""
    return await _shown(here, _sticker(here, sticker_id))


@operation("GET", "/stickers/{sticker_id}")
async def get_sticker(here: SignedIn, sticker_id: int) -> StickerObject:
    """A sticker of any guild that the caller is in."""
    sticker = await _reachable(here.world, here.who.user_id, sticker_id)
    if sticker is None:
        raise Refused(UNKNOWN_STICKER)
    return sticker_object(sticker)


@operation(
    "POST",
    "/guilds/{guild_id}/stickers",
    needs=P.CREATE_GUILD_EXPRESSIONS,
    commits=True,
    status=201,
    files=P.CREATE_GUILD_EXPRESSIONS,
)
async def create_guild_sticker(here: InGuild, body: StickerCreate) -> StickerObject:
    """Make a sticker of a `file`: a PNG, APNG or GIF of up to 512 KiB and 320 pixels a side."""
    upload, format_type = _picture(here.uploads)
    if len(here.snapshot.stickers) >= MOST_STICKERS:
        raise Refused(MAX_STICKERS)
    sticker = Sticker(
        id=here.world.make_id(),
        guild_id=here.guild.id,
        name=body.name,
        tags=body.tags,
        format_type=format_type,
        description=body.description or None,
        user_id=here.who.user_id or None,
    )
    asset = Asset(
        path=f"stickers/{sticker.id}",
        hash=None,
        blob=upload.blob,
        type="gif" if format_type == GIF else "png",
        sticker_id=sticker.id,
    )
    await here.commit(
        save=[sticker],
        beside=[asset],
        audit=[Audit(AuditAction.STICKER_CREATE, sticker.id, changes(None, sticker, AUDITED))],
        tell=[GuildStickersUpdate(here.guild.id)],
    )
    return await _shown(here, sticker)


@operation("PATCH", "/guilds/{guild_id}/stickers/{sticker_id}", commits=True)
async def update_guild_sticker(here: InGuild, sticker_id: int, body: StickerPatch) -> StickerObject:
    """Change a sticker's name, related emoji or description."""
    before = _mine(here, sticker_id)
    after = replace(before, **body.values())
    if after != before:
        shown = changes(before, after, AUDITED)
        await here.commit(
            save=[after],
            audit=[Audit(AuditAction.STICKER_UPDATE, sticker_id, shown)],
            tell=[GuildStickersUpdate(here.guild.id)],
        )
    return await _shown(here, after)


@operation("DELETE", "/guilds/{guild_id}/stickers/{sticker_id}", commits=True)
async def delete_guild_sticker(here: InGuild, sticker_id: int) -> None:
    """Delete a sticker with its picture; messages keep its name."""
    sticker = _mine(here, sticker_id)
    await here.commit(
        delete=[sticker],
        audit=[Audit(AuditAction.STICKER_DELETE, sticker_id, changes(sticker, None, AUDITED))],
        tell=[GuildStickersUpdate(here.guild.id)],
    )


async def stickers_of(here: InChannel, ids: Sequence[int]) -> tuple[StickerItem, ...]:
    """The stickers that a message is to have, each once.

    Refuses those that the caller does not reach; those of other guilds need USE_EXTERNAL_STICKERS.
    """
    items: list[StickerItem] = []
    for sticker_id in dict.fromkeys(ids):
        sticker = here.snapshot.stickers.get(sticker_id)
        if sticker is None:
            sticker = await _reachable(here.world, here.who.user_id, sticker_id)
            if sticker is not None and here.snapshot.guild is not None:
                here.require(P.USE_EXTERNAL_STICKERS)
        if sticker is None or not sticker.available:
            raise Refused(INVALID_STICKER)
        items.append(StickerItem(id=sticker.id, name=sticker.name, format_type=sticker.format_type))
    return tuple(items)


async def _reachable(world: World, user_id: int, sticker_id: int) -> Sticker | None:
    """The sticker of a guild that the user is a member of."""
    sticker = await world.directory.sticker(sticker_id)
    if sticker is None:
        return None
    # A copy of the home, followed where it is owned elsewhere: nothing is changed.
    snapshot = (await world.home(sticker.guild_id)).snapshot
    if snapshot is None or user_id not in snapshot.members:
        return None
    return snapshot.stickers.get(sticker_id)


def _picture(uploads: Sequence[Upload]) -> tuple[Upload, int]:
    """The file that came, and its format type."""
    if [upload.part for upload in uploads] != ["file"]:
        raise invalid_form((("file",), "BASE_TYPE_REQUIRED", "This field is required"))
    (upload,) = uploads
    if upload.size > MOST_STICKER_BYTES:
        raise Refused(FILE_TOO_LARGE)
    if upload.width is None or upload.content_type not in ("image/png", "image/gif"):
        text = "A sticker is a PNG, an APNG or a GIF; Lottie is not taken here."
        raise invalid_form((("file",), "IMAGE_INVALID", text))
    if max(upload.width, upload.height or 0) > MOST_STICKER_SIDE:
        text = f"A sticker is no larger than {MOST_STICKER_SIDE} by {MOST_STICKER_SIDE} pixels."
        raise invalid_form((("file",), "IMAGE_INVALID", text))
    if upload.content_type == "image/gif":
        return upload, GIF
    return upload, APNG if upload.animated else PNG


def _sticker(here: InGuild, sticker_id: int) -> Sticker:
    sticker = here.snapshot.stickers.get(sticker_id)
    if sticker is None:
        raise Refused(UNKNOWN_STICKER)
    return sticker


def _mine(here: InGuild, sticker_id: int) -> Sticker:
    """A sticker that the caller may change: one's own with either permission, another's with one.

    Who may change none learns not which there are.
    """
    sticker = here.snapshot.stickers.get(sticker_id)
    own = sticker is not None and sticker.user_id == here.who.user_id
    if not (own and here.may(P.CREATE_GUILD_EXPRESSIONS)):
        here.require(P.MANAGE_GUILD_EXPRESSIONS)
    return _sticker(here, sticker_id)


async def _shown(here: InGuild, sticker: Sticker) -> StickerObject:
    manages = P.CREATE_GUILD_EXPRESSIONS | P.MANAGE_GUILD_EXPRESSIONS
    if sticker.user_id is None or not here.permissions & manages:
        return sticker_object(sticker)
    await here.world.load_users([sticker.user_id])
    return sticker_object(sticker, here.home.user(sticker.user_id))
