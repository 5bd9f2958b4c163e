"""Passwords and tokens in SQL: how somebody proves who he is."""

from hearth.core.models.users import Credential, Token
from hearth.store.directory.tables import Table
from hearth.store.sql.database import Connection

CREDENTIALS = Table(Credential, "credentials", ["user_id"])
TOKENS = Table(Token, "tokens", ["hash"])


def credential(connection: Connection, user_id: int) -> Credential | None:
    """A person's password hash."""
    return CREDENTIALS.one(connection, "user_id = ?", (user_id,))


def token(connection: Connection, hash_: bytes) -> Token | None:
    """The token whose SHA-256 is `hash_`."""
    return TOKENS.one(connection, "hash = ?", (hash_,))


def of_user(connection: Connection, user_id: int) -> list[Token]:
    """Every token of a user, oldest first."""
    return TOKENS.few(connection, "WHERE user_id = ? ORDER BY created_at_ms, hash", (user_id,))
