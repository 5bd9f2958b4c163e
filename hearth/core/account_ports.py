"""What the rules ask of the directory about accounts: a part of its port (`core.ports`)."""

from typing import Protocol

from hearth.core.models.accounts import (
    Account,
    OneTimeLink,
    RecoveryCode,
    SecondFactor,
)
from hearth.core.models.exports import Harvest
from hearth.core.models.users import Application, Credential, Token, User


class Accounts(Protocol):
    """How people and bots prove who they are, and what is theirs alone."""

    async def credential(self, user_id: int) -> Credential | None:
        """A person's password hash."""
        ...

    async def token(self, hash: bytes) -> Token | None:
        """The token whose SHA-256 is `hash`."""
        ...

    async def tokens_of(self, user_id: int) -> list[Token]:
        """Every token of a user."""
        ...

    async def account(self, user_id: int) -> Account | None:
        """What is kept of a user beside what everybody sees; None is the defaults."""
        ...

    async def second_factor(self, user_id: int) -> SecondFactor | None:
        """A person's authenticator."""
        ...

    async def recovery_codes(self, user_id: int) -> list[RecoveryCode]:
        """The codes that a person has left to recover with."""
        ...

    async def link(self, hash: bytes) -> OneTimeLink | None:
        """The single-use link whose SHA-256 is `hash`, lapsed or not."""
        ...

    async def links(self, kind: str) -> list[OneTimeLink]:
        """Every single-use link of a kind, lapsed or not."""
        ...

    async def token_uses(self, user_id: int) -> dict[bytes, int]:
        """When each of a user's tokens was last used, in epoch milliseconds, by hash."""
        ...

    async def departing(self) -> list[int]:
        """Ids of the users whose deletion has begun and not ended, bots first."""
        ...

    async def harvest(self, user_id: int) -> Harvest | None:
        """The last export that a user has asked for."""
        ...

    async def harvests(self) -> list[Harvest]:
        """Everybody's last export, the oldest first."""
        ...

    async def guilds_owned_by(self, user_id: int) -> list[int]:
        """Ids of the guilds that a user owns."""
        ...

    async def applications_of(self, owner_id: int) -> list[Application]:
        """The applications that a user owns."""
        ...

    async def has_people(self) -> bool:
        """Whether there is anybody who can log in."""
        ...

    async def user_alike(self, skeleton: str) -> User | None:
        """The user whose name looks like this (`core.names`)."""
        ...

    async def application_of(self, bot_id: int) -> Application | None:
        """A bot user's application."""
        ...
