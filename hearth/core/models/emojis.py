"""Custom emojis of guilds (Discord reference, "Emoji resource")."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.users import User, UserObject, user_json
from hearth.core.wire import Snowflake

MOST_IMAGE_BYTES = 256 * 1024


class Emoji(Struct, frozen=True, gc=False, kw_only=True):
    """An emoji of a guild. Without `roles` it is for everybody; `user_id` made it."""

    id: int
    guild_id: int
    name: str
    roles: tuple[int, ...] = ()
    user_id: int | None = None
    animated: bool = False
    available: bool = True
    managed: bool = False
    require_colons: bool = True


class EmojiImage(Struct, frozen=True, gc=False, kw_only=True):
    """The picture of an emoji, as earlier versions kept it; now it is an `Asset`."""

    emoji_id: int
    data: bytes


class EmojiObject(Struct, gc=False, kw_only=True):
    """An emoji of a guild; `user` is there for those who may manage it."""

    id: str
    name: str
    roles: list[str]
    require_colons: bool
    managed: bool
    animated: bool
    available: bool
    user: UserObject | UnsetType = UNSET


def emoji_object(emoji: Emoji, user: User | None = None) -> EmojiObject:
    """An emoji as it is shown, with the `user` who made it on request."""
    return EmojiObject(
        id=str(emoji.id),
        name=emoji.name,
        roles=[str(role_id) for role_id in emoji.roles],
        require_colons=emoji.require_colons,
        managed=emoji.managed,
        animated=emoji.animated,
        available=emoji.available,
        user=UNSET if user is None else user_json(user),
    )


EmojiName = Annotated[str, Meta(min_length=2, max_length=32, pattern=r"^[A-Za-z0-9_]+\Z")]
EmojiRoles = Annotated[list[Snowflake | None], Meta(max_length=1521)]


class EmojiPatch(Struct, kw_only=True):
    """Body of update_guild_emoji."""

    name: EmojiName | UnsetType = UNSET
    roles: EmojiRoles | UnsetType | None = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Emoji` that are asked for."""
        values: dict[str, Any] = {}
        if self.name is not UNSET:
            values["name"] = self.name
        if self.roles is not UNSET:
            values["roles"] = tuple(sorted({role for role in self.roles or () if role}))
        return values


class EmojiCreate(Struct, kw_only=True):
    """Body of create_guild_emoji; `image` is a data URI."""

    name: EmojiName
    image: str
    roles: EmojiRoles | UnsetType | None = UNSET
