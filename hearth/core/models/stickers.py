"""Stickers of guilds (Discord reference, "Sticker resource")."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.users import User, UserObject, user_json

MOST_STICKERS = 60
"""So many a guild has."""

MOST_STICKER_BYTES = 512 << 10
MOST_STICKER_SIDE = 320

GUILD = 2
"""The type of every sticker here: Hearth has no packs."""

PNG, APNG, GIF = 1, 2, 4
"""Format types; 3 is Lottie."""


class Sticker(Struct, frozen=True, gc=False, kw_only=True):
    """A sticker of a guild; `tags` is the name of a related emoji. `user_id` made it."""

    id: int
    guild_id: int
    name: str
    tags: str
    format_type: int
    description: str | None = None
    user_id: int | None = None
    available: bool = True


class StickerItem(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """A sticker as the record of a message keeps it. Fields are only ever appended."""

    id: int
    name: str
    format_type: int


class StickerObject(Struct, gc=False, kw_only=True):
    """A sticker of a guild; `user` is there for those who may manage it."""

    id: str
    name: str
    tags: str
    type: int
    format_type: int
    description: str | None
    available: bool
    guild_id: str
    user: UserObject | UnsetType = UNSET


class StickerItemObject(Struct, gc=False, kw_only=True):
    """A sticker of a message."""

    id: str
    name: str
    format_type: int


def sticker_object(sticker: Sticker, user: User | None = None) -> StickerObject:
    """A sticker as it is shown, with the `user` who made it on request."""
    return StickerObject(
        id=str(sticker.id),
        name=sticker.name,
        tags=sticker.tags,
        type=GUILD,
        format_type=sticker.format_type,
        description=sticker.description,
        available=sticker.available,
        guild_id=str(sticker.guild_id),
        user=UNSET if user is None else user_json(user),
    )


def sticker_item(item: StickerItem) -> StickerItemObject:
    """A sticker as its message shows it."""
    return StickerItemObject(id=str(item.id), name=item.name, format_type=item.format_type)


StickerName = Annotated[str, Meta(min_length=2, max_length=30)]
StickerTags = Annotated[str, Meta(min_length=1, max_length=200)]
StickerDescription = Annotated[str, Meta(max_length=100)]


class StickerPatch(Struct, kw_only=True):
    """Body of update_guild_sticker."""

    name: StickerName | UnsetType = UNSET
    tags: StickerTags | UnsetType = UNSET
    description: StickerDescription | UnsetType | None = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Sticker` that are asked for."""
        values: dict[str, Any] = {}
        if self.name is not UNSET:
            values["name"] = self.name
        if self.tags is not UNSET:
            values["tags"] = self.tags
        if self.description is not UNSET:
            values["description"] = self.description or None
        return values


class StickerCreate(Struct, kw_only=True):
    """Body of create_guild_sticker, beside its `file`."""

    name: StickerName
    tags: StickerTags
    description: StickerDescription | UnsetType | None = UNSET
