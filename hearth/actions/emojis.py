"""Custom emojis of guilds and their pictures (Discord reference, "Emoji resource")."""

from msgspec.structs import replace

from hearth.actions.assets import PICTURE_BODY_BYTES, keep, picture
from hearth.actions.scopes import Audit, InGuild
from hearth.actions.world import World
from hearth.core.errors import (
    MAX_ANIMATED_EMOJIS,
    MAX_EMOJIS,
    UNKNOWN_EMOJI,
    Refused,
    invalid_form,
)
from hearth.core.guild_events import GuildEmojisUpdate
from hearth.core.images import ImageType, sniff
from hearth.core.models.assets import Asset
from hearth.core.models.audit import AuditAction
from hearth.core.models.emojis import (
    MOST_IMAGE_BYTES,
    Emoji,
    EmojiCreate,
    EmojiObject,
    EmojiPatch,
    emoji_object,
)
from hearth.core.operations import operation
from hearth.core.patch import changes
from hearth.core.permissions import P

MOST_EMOJIS = 50
"""So many a guild has that stand still, and as many that move."""

AUDITED = ("name",)


def _asset(emoji_id: int, blob: bytes, type: ImageType) -> Asset:
    """The picture of an emoji. Its address has the id alone, as it never changes."""
    return Asset(path=f"emojis/{emoji_id}", hash=None, blob=blob, type=type, emoji_id=emoji_id)


async def move_pictures(world: World) -> int:
    """Make blobs of the pictures that earlier versions kept in SQL; how many there were."""
    moved = 0
    while images := await world.directory.emoji_images(20):
        for image in images:
            known = sniff(image.data)
            blob = await keep(world, image.data)
            asset = _asset(image.emoji_id, blob.hash, "png" if known is None else known.type)
            await world.write([asset], [image])
        moved += len(images)
    return moved


@operation("GET", "/guilds/{guild_id}/emojis")
async def list_guild_emojis(here: InGuild) -> list[EmojiObject]:
    """The guild's emojis; who made them is for those who manage them."""
    emojis = list(here.snapshot.emojis.values())
    if not here.permissions & (P.CREATE_GUILD_EXPRESSIONS | P.MANAGE_GUILD_EXPRESSIONS):
        return [emoji_object(emoji) for emoji in emojis]
    makers = {emoji.user_id for emoji in emojis if emoji.user_id is not None}
    await here.world.load_users(makers)
    return [_shown(here, emoji) for emoji in emojis]


@operation("GET", "/guilds/{guild_id}/emojis/{emoji_id}")
async def get_guild_emoji(here: InGuild, emoji_id: int) -> EmojiObject:
    """One emoji; who made it is for those who manage emojis."""
    emoji = _emoji(here, emoji_id)
    if not here.permissions & (P.CREATE_GUILD_EXPRESSIONS | P.MANAGE_GUILD_EXPRESSIONS):
        return emoji_object(emoji)
    return await _whole(here, emoji)


@operation(
    "POST",
    "/guilds/{guild_id}/emojis",
    needs=P.CREATE_GUILD_EXPRESSIONS,
    commits=True,
    status=201,
    body_bytes=PICTURE_BODY_BYTES,
)
async def create_guild_emoji(here: InGuild, body: EmojiCreate) -> EmojiObject:
    """Make an emoji of a PNG, JPEG, GIF or WebP of up to 256 KiB."""
    image = await picture(here.world, "image", body.image, MOST_IMAGE_BYTES)
    alike = sum(e.animated == image.animated for e in here.snapshot.emojis.values())
    if alike >= MOST_EMOJIS:
        raise Refused(MAX_ANIMATED_EMOJIS if image.animated else MAX_EMOJIS)
    values = EmojiPatch(name=body.name, roles=body.roles).values()
    emoji = Emoji(
        id=here.world.make_id(),
        guild_id=here.guild.id,
        user_id=here.who.user_id or None,
        animated=image.animated,
        **values,
    )
    _check_roles(here, emoji)
    await here.commit(
        save=[emoji],
        beside=[_asset(emoji.id, image.blob.hash, image.type)],
        audit=[Audit(AuditAction.EMOJI_CREATE, emoji.id, changes(None, emoji, AUDITED))],
        tell=[GuildEmojisUpdate(here.guild.id)],
    )
    return await _whole(here, emoji)


@operation("PATCH", "/guilds/{guild_id}/emojis/{emoji_id}", commits=True)
async def update_guild_emoji(here: InGuild, emoji_id: int, body: EmojiPatch) -> EmojiObject:
    """Change an emoji's name, or which roles may use it."""
    before = _mine(here, emoji_id)
    after = replace(before, **body.values())
    if after != before:
        _check_roles(here, after)
        shown = changes(before, after, AUDITED)
        await here.commit(
            save=[after],
            audit=[Audit(AuditAction.EMOJI_UPDATE, emoji_id, shown)],
            tell=[GuildEmojisUpdate(here.guild.id)],
        )
    return await _whole(here, after)


@operation("DELETE", "/guilds/{guild_id}/emojis/{emoji_id}", commits=True)
async def delete_guild_emoji(here: InGuild, emoji_id: int) -> None:
    """Delete an emoji with its picture; messages keep its name."""
    emoji = _mine(here, emoji_id)
    await here.commit(
        delete=[emoji],
        audit=[Audit(AuditAction.EMOJI_DELETE, emoji_id, changes(emoji, None, AUDITED))],
        tell=[GuildEmojisUpdate(here.guild.id)],
    )


def _emoji(here: InGuild, emoji_id: int) -> Emoji:
    emoji = here.snapshot.emojis.get(emoji_id)
    if emoji is None:
        raise Refused(UNKNOWN_EMOJI)
    return emoji


def _mine(here: InGuild, emoji_id: int) -> Emoji:
    """An emoji that the caller may change: one's own with either permission, another's with one.

    Who may change none learns not which there are.
    """
    emoji = here.snapshot.emojis.get(emoji_id)
    own = emoji is not None and emoji.user_id == here.who.user_id
    if not (own and here.may(P.CREATE_GUILD_EXPRESSIONS)):
        here.require(P.MANAGE_GUILD_EXPRESSIONS)
    return _emoji(here, emoji_id)


def _check_roles(here: InGuild, emoji: Emoji) -> None:
    unknown = [role_id for role_id in emoji.roles if role_id not in here.snapshot.roles]
    if unknown:
        raise invalid_form((("roles",), "ROLE_UNKNOWN", f"Unknown role {unknown[0]}."))


async def _whole(here: InGuild, emoji: Emoji) -> EmojiObject:
    if emoji.user_id is not None:
        await here.world.load_users([emoji.user_id])
    return _shown(here, emoji)


def _shown(here: InGuild, emoji: Emoji) -> EmojiObject:
    return emoji_object(emoji, None if emoji.user_id is None else here.home.user(emoji.user_id))
