"""Bodies of the operations that move many channels or roles at once."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.wire import Snowflake

Position = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]


class RolePosition(Struct, kw_only=True):
    """Where a role shall stand; what lacks either changes nothing."""

    id: Snowflake | None = None
    position: Position | None = None


class ChannelPosition(Struct, kw_only=True):
    """Where a channel shall stand, and whether it takes its category's overwrites."""

    id: Snowflake | None = None
    position: Position | UnsetType | None = UNSET
    parent_id: Snowflake | UnsetType | None = UNSET
    lock_permissions: bool | None = None
