"""Users, their credentials, tokens and bot applications (Discord reference, "User resource")."""

from msgspec import Struct


class User(Struct, frozen=True, gc=False, kw_only=True):
    """An account, a person's or a bot's. `flags` are the public user flags."""

    id: int
    username: str
    global_name: str | None = None
    avatar: str | None = None
    bot: bool = False
    flags: int = 0


class Credential(Struct, frozen=True, gc=False, kw_only=True):
    """How a person proves who they are: an argon2id hash in PHC form, never the password."""

    user_id: int
    password_hash: str


class Token(Struct, frozen=True, gc=False, kw_only=True):
    """A token that was given out; only the SHA-256 of its text is kept."""

    hash: bytes
    user_id: int
    created_at_ms: int


class Application(Struct, frozen=True, gc=False, kw_only=True):
    """A bot's application. `flags` carry the privileged intents that are allowed to it."""

    id: int
    bot_id: int
    owner_id: int
    name: str
    flags: int = 0


class ReadState(Struct, frozen=True, gc=False, kw_only=True):
    """Up to which message a user has read a channel."""

    user_id: int
    channel_id: int
    last_message_id: int
