"""What the directory counts and lists for the operator: a part of its port (`core.ports`)."""

from typing import Protocol

from msgspec import Struct


class Totals(Struct, frozen=True):
    """How many there are of each; `file_bytes` counts what is shared once for each that has it."""

    users: int
    bots: int
    guilds: int
    channels: int
    members: int
    invites: int
    bans: int
    files: int
    file_bytes: int


class AccountLine(Struct, frozen=True, gc=False):
    """A user in a list; `disabled` is one of `models.accounts`' states."""

    id: int
    username: str
    bot: bool
    disabled: int


class GuildLine(Struct, frozen=True, gc=False):
    """A guild in a list, with how many members, channels and files its messages have."""

    id: int
    name: str
    owner_id: int
    members: int
    channels: int
    files: int
    file_bytes: int


class Overview(Protocol):
    """Counts and lists."""

    async def totals(self) -> Totals:
        """How much there is of everything."""
        ...

    async def accounts_after(self, after: int, limit: int, *, bots: bool) -> list[AccountLine]:
        """Up to `limit` people, or bots, with ids above `after`, by id."""
        ...

    async def guilds_after(self, after: int, limit: int) -> list[GuildLine]:
        """Up to `limit` guilds with ids above `after`, by id."""
        ...
