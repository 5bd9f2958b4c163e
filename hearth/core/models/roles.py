"""Roles (Discord reference, "Permissions", "Role object")."""

from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.wire import Bits, Form, Problem


class Role(Struct, frozen=True, gc=False, kw_only=True):
    """A role of a guild; `permissions` are the bits of `P`.

    `bot_id` names the bot whose managed role this is.
    """

    id: int
    guild_id: int
    name: str
    permissions: int = 0
    position: int = 0
    color: int = 0
    secondary_color: int | None = None
    tertiary_color: int | None = None
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    icon: str | None = None
    unicode_emoji: str | None = None
    flags: int = 0
    bot_id: int | None = None


class RoleColorsObject(Struct, gc=False):
    """A role's one colour, or two of a gradient, or three of the holographic style."""

    primary_color: int
    secondary_color: int | None = None
    tertiary_color: int | None = None


class RoleTagsObject(Struct, gc=False, kw_only=True):
    """Whose role a managed one is."""

    bot_id: str


class RoleObject(Struct, gc=False, kw_only=True):
    """A role; `tags` is there only for managed ones."""

    id: str
    name: str
    permissions: str
    position: int
    color: int
    colors: RoleColorsObject
    hoist: bool
    managed: bool
    mentionable: bool
    icon: str | None
    unicode_emoji: str | None
    flags: int
    tags: RoleTagsObject | UnsetType = UNSET


def role_object(role: Role) -> RoleObject:
    """A role as it is shown."""
    return RoleObject(
        id=str(role.id),
        name=role.name,
        permissions=str(role.permissions),
        position=role.position,
        color=role.color,
        colors=RoleColorsObject(role.color, role.secondary_color, role.tertiary_color),
        hoist=role.hoist,
        managed=role.managed,
        mentionable=role.mentionable,
        icon=role.icon,
        unicode_emoji=role.unicode_emoji,
        flags=role.flags,
        tags=UNSET if role.bot_id is None else RoleTagsObject(bot_id=str(role.bot_id)),
    )


Color = Annotated[int, Meta(ge=0, le=0xFFFFFF)]
"""An RGB colour."""


class RoleColors(Struct, kw_only=True):
    """Colours of a role in a request."""

    primary_color: Color | None = None
    secondary_color: Color | None = None
    tertiary_color: Color | None = None


class RolePatch(Form, kw_only=True):
    """Body of update_guild_role. `colors` outweighs `color`, which is the first of them."""

    name: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType | None = UNSET
    permissions: Bits | UnsetType | None = UNSET
    color: Color | UnsetType | None = UNSET
    colors: RoleColors | UnsetType | None = UNSET
    hoist: bool | UnsetType | None = UNSET
    mentionable: bool | UnsetType | None = UNSET
    unicode_emoji: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Role` that are asked for; a null asks for what a new role would have.

        Null as the name or the permissions asks for nothing.
        """
        values: dict[str, Any] = {}
        if self.name is not UNSET and self.name is not None:
            values["name"] = self.name
        if self.permissions is not UNSET and self.permissions is not None:
            values["permissions"] = self.permissions
        if self.color is not UNSET:
            values["color"] = self.color or 0
        if self.colors is not UNSET and self.colors is not None:
            values["color"] = self.colors.primary_color or 0
            values["secondary_color"] = self.colors.secondary_color
            values["tertiary_color"] = self.colors.tertiary_color
        if self.hoist is not UNSET:
            values["hoist"] = bool(self.hoist)
        if self.mentionable is not UNSET:
            values["mentionable"] = bool(self.mentionable)
        if self.unicode_emoji is not UNSET:
            values["unicode_emoji"] = self.unicode_emoji or None
        return values

    def problems(self) -> Iterable[Problem]:
        """A third colour needs a second one, and that a first."""
        colors = self.colors
        if not isinstance(colors, RoleColors):
            return
        missing = ("BASE_TYPE_REQUIRED", "This field is required")
        if colors.primary_color is None and colors.secondary_color is not None:
            yield ("colors", "primary_color"), *missing
        if colors.secondary_color is None and colors.tertiary_color is not None:
            yield ("colors", "secondary_color"), *missing


class RoleCreate(RolePatch, kw_only=True):
    """Body of create_guild_role: the same fields, each with a default where it is left out."""
