"""Users, their credentials, tokens and bot applications (Discord reference, "User resource")."""

from functools import lru_cache
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.wire import raw


class User(Struct, frozen=True, gc=False, cache_hash=True, kw_only=True):
    """An account, a person's or a bot's. `flags` are the public user flags.

    `skeleton` is what the name looks like (`core.names`), which no two accounts share.
    """

    id: int
    username: str
    global_name: str | None = None
    avatar: str | None = None
    bot: bool = False
    flags: int = 0
    skeleton: str | None = None


class Credential(Struct, frozen=True, gc=False, kw_only=True):
    """How a person proves who they are: an argon2id hash in PHC form, never the password.

    Empty where there is no password: before the first is set, and of deleted accounts.
    """

    user_id: int
    password_hash: str


class Token(Struct, frozen=True, gc=False, kw_only=True):
    """A token that was given out; only the SHA-256 of its text is kept.

    `os` and `platform` are what its client said it is, `address` a keyed hash of where it was.
    """

    hash: bytes
    user_id: int
    created_at_ms: int
    os: str | None = None
    platform: str | None = None
    address: bytes | None = None


CONTENT_FLAGS = 1 << 18 | 1 << 19
"""Flags of an application, of which either lets it have the intent MESSAGE_CONTENT."""


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


class UserObject(Struct, gc=False, kw_only=True):
    """A user as everybody sees them. There are no discriminators: `discriminator` is "0"."""

    id: str
    username: str
    global_name: str | None = None
    avatar: str | None = None
    discriminator: str = "0"
    public_flags: int = 0
    flags: int = 0
    primary_guild: None = None
    avatar_decoration_data: None = None
    bot: bool | UnsetType = UNSET


class PrivateUserObject(UserObject, gc=False, kw_only=True):
    """A user as they see themselves."""

    mfa_enabled: bool = False
    locale: str = "en-US"
    verified: bool = True
    email: str | None = None
    premium_type: int = 0
    banner: str | None = None
    accent_color: int | None = None
    bio: str = ""
    pronouns: str = ""
    token: str | UnsetType = UNSET


def user_object(user: User) -> UserObject:
    """A user as everybody sees them."""
    return UserObject(
        id=str(user.id),
        username=user.username,
        global_name=user.global_name,
        avatar=user.avatar,
        public_flags=user.flags,
        flags=user.flags,
        bot=user.bot or UNSET,
    )


@lru_cache(2048)
def user_json(user: User) -> UserObject:
    """`user_object`, encoded already and kept: what messages and members are shown with."""
    return raw(user_object(user))


def private_user_object(
    user: User,
    *,
    mfa_enabled: bool = False,
    locale: str = "en-US",
    bio: str = "",
    pronouns: str = "",
    accent_color: int | None = None,
    banner: str | None = None,
) -> PrivateUserObject:
    """A user as they see themselves."""
    return PrivateUserObject(
        mfa_enabled=mfa_enabled,
        locale=locale,
        bio=bio,
        pronouns=pronouns,
        accent_color=accent_color,
        banner=banner,
        id=str(user.id),
        username=user.username,
        global_name=user.global_name,
        avatar=user.avatar,
        public_flags=user.flags,
        flags=user.flags,
        bot=user.bot or UNSET,
    )


class ApplicationObject(Struct, gc=False, kw_only=True):
    """A bot's application as its owner and the bot see it (topic "Application resource").

    Interactions are not signed yet, so `verify_key` is all zeros.
    """

    id: str
    name: str
    owner: UserObject
    bot: UserObject
    flags: int
    flags_new: str
    icon: str | None = None
    description: str = ""
    type: int | None = None
    bot_public: bool = False
    bot_require_code_grant: bool = False
    verify_key: str = "0" * 64
    redirect_uris: tuple[str, ...] = ()
    rpc_origins: tuple[str, ...] = ()
    interactions_endpoint_url: str | None = None
    role_connections_verification_url: str | None = None
    event_webhooks_url: str | None = None
    event_webhooks_status: int = 1
    approximate_guild_count: int = 0
    approximate_user_install_count: int = 0
    approximate_user_authorization_count: int = 0
    explicit_content_filter: int = 0
    team: None = None
    eligible_oauth2_scopes: tuple[str, ...] = ("bot",)


def application_object(
    application: Application, bot: User, owner: User, guilds: int = 0
) -> ApplicationObject:
    """A bot's application; `guilds` is how many the bot is a member of."""
    return ApplicationObject(
        id=str(application.id),
        name=application.name,
        owner=user_object(owner),
        bot=user_object(bot),
        flags=application.flags,
        flags_new=str(application.flags),
        approximate_guild_count=guilds,
    )


class Login(Struct, kw_only=True):
    """Body of login (discord-userdoccers, "Authentication"); the bounds keep hashing cheap."""

    login: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(min_length=1, max_length=1024)]
    undelete: bool = False


class LoginSettings(Struct, gc=False, kw_only=True):
    """How a client shall look before it knows more."""

    locale: str = "en-US"
    theme: str = "dark"


class LoginObject(Struct, gc=False, kw_only=True):
    """Who logged in, and the token; or, with a second factor, the ticket to go on with."""

    user_id: str
    token: str | UnsetType = UNSET
    user_settings: LoginSettings | UnsetType = UNSET
    mfa: bool | UnsetType = UNSET
    totp: bool | UnsetType = UNSET
    backup: bool | UnsetType = UNSET
    sms: bool | UnsetType = UNSET
    webauthn: UnsetType | None = UNSET
    ticket: str | UnsetType = UNSET
