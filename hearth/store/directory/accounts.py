"""Accounts, second factors and single-use links in SQL."""

from hearth.core.models.accounts import Account, OneTimeLink, RecoveryCode, SecondFactor, TokenUse
from hearth.core.models.users import User
from hearth.store.directory.tables import Table
from hearth.store.directory.users import USERS
from hearth.store.sql.database import Connection

ACCOUNTS = Table(Account, "accounts", ["user_id"])
SECOND_FACTORS = Table(SecondFactor, "second_factors", ["user_id"])
RECOVERY_CODES = Table(RecoveryCode, "recovery_codes", ["user_id", "hash"])
LINKS = Table(OneTimeLink, "links", ["hash"])
TOKEN_USES = Table(TokenUse, "token_uses", ["hash"])


def account(connection: Connection, user_id: int) -> Account | None:
    """What is kept of a user beside what everybody sees."""
    return ACCOUNTS.one(connection, "user_id = ?", (user_id,))


def second_factor(connection: Connection, user_id: int) -> SecondFactor | None:
    """A person's authenticator."""
    return SECOND_FACTORS.one(connection, "user_id = ?", (user_id,))


def recovery_codes(connection: Connection, user_id: int) -> list[RecoveryCode]:
    """The codes that a person has left."""
    return RECOVERY_CODES.few(connection, "WHERE user_id = ? ORDER BY hash", (user_id,))


def link(connection: Connection, hash_: bytes) -> OneTimeLink | None:
    """The link whose SHA-256 is `hash_`."""
    return LINKS.one(connection, "hash = ?", (hash_,))


def links(connection: Connection, kind: str) -> list[OneTimeLink]:
    """Every link of a kind, lapsed ones too."""
    return LINKS.few(connection, "WHERE kind = ? ORDER BY expires_at_ms, hash", (kind,))


def uses(connection: Connection, user_id: int) -> dict[bytes, int]:
    """When each of a user's tokens was last used."""
    rest = "WHERE hash IN (SELECT hash FROM tokens WHERE user_id = ?)"
    return {each.hash: each.used_at_ms for each in TOKEN_USES.few(connection, rest, (user_id,))}


def departing(connection: Connection) -> list[int]:
    """Users whose deletion has begun and not ended, bots first."""
    source = (
        "FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.disabled = 3"
        " AND u.username NOT LIKE 'deleted_user_%' ORDER BY u.bot DESC, u.id"
    )
    return [row[0] for row in connection.bulk(["u.id"], source)]


def owned(connection: Connection, user_id: int) -> list[int]:
    """Ids of the guilds that a user owns."""
    source = "FROM guilds WHERE owner_id = ? ORDER BY id"
    return [row[0] for row in connection.bulk(["id"], source, (user_id,))]


def has_people(connection: Connection) -> bool:
    """Whether anybody can log in."""
    return connection.one("SELECT 1 FROM credentials LIMIT 1") is not None


def alike(connection: Connection, skeleton: str) -> User | None:
    """The user whose name looks like this."""
    return USERS.one(connection, "skeleton = ?", (skeleton,))
