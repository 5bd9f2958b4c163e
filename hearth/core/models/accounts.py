"""Accounts: log-in, registration, second factor, sessions and profile (discord-userdoccers)."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.users import LoginSettings, Token, UserObject
from hearth.core.wire import Form, Problem, Snowflake, timestamp

Password = Annotated[str, Meta(min_length=8, max_length=128)]
"""A new password. Longer ones would only make hashing dear."""

GivenPassword = Annotated[str, Meta(min_length=1, max_length=1024)]
"""What somebody says their password is."""

Code = Annotated[str, Meta(min_length=1, max_length=32)]
"""Of an authenticator (6 digits), or one to recover with."""

GlobalName = Annotated[str, Meta(max_length=32)]
Bio = Annotated[str, Meta(max_length=190)]
Pronouns = Annotated[str, Meta(max_length=40)]
Color = Annotated[int, Meta(ge=0, le=0xFFFFFF)]

ACTIVE, DISABLED, SUSPENDED, DELETED = range(4)
"""What `Account.disabled` says: no; by oneself; by the operator; and for good."""


class Account(Struct, frozen=True, gc=False, kw_only=True):
    """What is kept of a person or bot beside what everybody sees. Who has none has the defaults."""

    user_id: int
    operator: bool = False
    disabled: int = ACTIVE
    locale: str = "en-US"
    bio: str = ""
    pronouns: str = ""
    accent_color: int | None = None
    claim: bytes | None = None
    banner: str | None = None


class TokenUse(Struct, frozen=True, gc=False, kw_only=True):
    """When a token was last used, to within ten minutes."""

    hash: bytes
    used_at_ms: int


class SecondFactor(Struct, frozen=True, gc=False, kw_only=True):
    """An authenticator (RFC 6238): its sealed secret, and the last step whose code was taken."""

    user_id: int
    secret: bytes
    step: int = 0


class RecoveryCode(Struct, frozen=True, gc=False, kw_only=True):
    """The keyed hash of a code that stands in for the authenticator once."""

    user_id: int
    hash: bytes


class OneTimeLink(Struct, frozen=True, gc=False, kw_only=True):
    """A link that is used once: "claim" makes the owner's account, "reset" a new password."""

    hash: bytes
    kind: str
    user_id: int | None
    expires_at_ms: int


# Log-in and registration


class Register(Struct, kw_only=True):
    """Body of register. `claim` is what a claim link ends with; `invite` is joined at once.

    Where clients send more (e-mail, birthday, fingerprint, consent) it is not kept.
    """

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Password
    global_name: GlobalName | UnsetType | None = UNSET
    invite: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    claim: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET


class Registered(Struct, gc=False, kw_only=True):
    """The first token of a new account."""

    token: str
    show_verification_form: bool = False


class MfaLogin(Struct, kw_only=True):
    """Body of the second step of a log-in."""

    ticket: Annotated[str, Meta(max_length=256)]
    code: Code


class CodeGiven(Struct):
    """A code on its way to the home of its user, and what it may be of."""

    code: str
    recovery: bool = True
    totp: bool = True


class MfaLoginObject(Struct, gc=False, kw_only=True):
    """The token of who has shown both factors."""

    user_id: str
    token: str
    user_settings: LoginSettings


class Forgot(Struct, kw_only=True):
    """Body of forgot_password."""

    login: Annotated[str, Meta(min_length=1, max_length=320)]


class Reset(Struct, kw_only=True):
    """Body of reset_password: `token` is what the link ends with."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
    password: Password


class NewPassword(Struct, kw_only=True):
    """A password's hash on its way to the home of its user, with the link that allows it."""

    link: bytes
    password_hash: str


class TokenObject(Struct, gc=False, kw_only=True):
    """A token that takes the place of the one that was used."""

    token: str


# Sessions


class ClientInfo(Struct, gc=False, kw_only=True):
    """What a token was given to. Where is not looked up."""

    os: str | None = None
    platform: str | None = None
    location: None = None


class AuthSessionObject(Struct, gc=False, kw_only=True):
    """One token of a person's, by a hash that says nothing of it."""

    id_hash: str
    approx_last_used_time: str
    client_info: ClientInfo


class AuthSessionsObject(Struct, gc=False, kw_only=True):
    """A person's tokens, the last used first."""

    user_sessions: list[AuthSessionObject]


class AuthSessionsLogout(Struct, kw_only=True):
    """Body of logout_auth_sessions."""

    session_id_hashes: Annotated[
        list[Annotated[str, Meta(max_length=64)]], Meta(min_length=1, max_length=64)
    ]
    password: GivenPassword | UnsetType | None = UNSET


def auth_session_object(token: Token, id_hash: str, used_at_ms: int) -> AuthSessionObject:
    """A token as its owner sees it."""
    return AuthSessionObject(
        id_hash=id_hash,
        approx_last_used_time=timestamp(used_at_ms),
        client_info=ClientInfo(os=token.os, platform=token.platform),
    )


# The second factor


class TotpEnable(Struct, kw_only=True):
    """Body of enable_totp: the secret in Base32 that the client made, and a code of it."""

    password: GivenPassword
    secret: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET
    code: Code | UnsetType | None = UNSET


class BackupCodeObject(Struct, gc=False, kw_only=True):
    """A code to recover with, shown when it is made and never again."""

    user_id: str
    code: str
    consumed: bool = False


class TotpEnabled(Struct, gc=False, kw_only=True):
    """The new token, and the codes to recover with."""

    token: str
    backup_codes: list[BackupCodeObject]


class TotpDisable(Struct, kw_only=True):
    """Body of disable_totp: a code of the authenticator, or one to recover with."""

    code: Code


class BackupCodesAsked(Struct, kw_only=True):
    """Body of regenerate_backup_codes. Only hashes are kept, so new ones are all that can be had.

    Clients send more, of e-mails that Hearth does not write.
    """

    password: GivenPassword
    regenerate: bool = True


class BackupCodes(Struct, gc=False, kw_only=True):
    """The new codes; the old are void."""

    backup_codes: list[BackupCodeObject]


class MfaLevelPut(Struct, kw_only=True):
    """Body of set_guild_mfa_level: 1 asks moderators for a second factor, 0 does not."""

    level: Literal[0, 1]


class MfaLevelObject(Struct, gc=False, kw_only=True):
    """What a guild asks of its moderators now."""

    level: int


# Oneself


class MyUserPatch(Form, kw_only=True):
    """Body of update_my_user. A new name or password needs `password`; bots change names only."""

    username: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    global_name: GlobalName | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET
    pronouns: Pronouns | UnsetType | None = UNSET
    accent_color: Color | UnsetType | None = UNSET
    password: GivenPassword | UnsetType | None = UNSET
    new_password: Password | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET

    def problems(self) -> Iterable[Problem]:
        """A new password is not changed without the old one."""
        if self.new_password and not self.password:
            yield ("password",), "BASE_TYPE_REQUIRED", "This field is required"


class MyProfilePatch(Struct, kw_only=True):
    """Body of update_my_profile."""

    bio: Bio | UnsetType | None = UNSET
    pronouns: Pronouns | UnsetType | None = UNSET
    accent_color: Color | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET


class PasswordGiven(Struct, kw_only=True):
    """A password that shows that one is oneself."""

    password: GivenPassword


class ProfileQuery(Struct, kw_only=True):
    """Query of get_user_profile."""

    with_mutual_guilds: bool = True
    with_mutual_friends: bool = False
    with_mutual_friends_count: bool = False
    guild_id: Snowflake | UnsetType = UNSET


class ProfileUserObject(UserObject, gc=False, kw_only=True):
    """A user with what they say of themselves."""

    bio: str = ""
    banner: str | None = None
    accent_color: int | None = None


class ProfileMetadata(Struct, gc=False, kw_only=True):
    """What somebody says of themselves; in a guild a bio of its own may stand in its place."""

    bio: str = ""
    pronouns: str = ""
    accent_color: int | None = None
    banner: str | None = None
    theme_colors: None = None
    emoji: None = None
    popout_animation_particle_type: None = None
    profile_effect: None = None
    guild_id: str | UnsetType = UNSET


class MutualGuild(Struct, gc=False, kw_only=True):
    """A guild that both are in, and the other's nickname there."""

    id: str
    nick: str | None


class ProfileObject(Struct, gc=False, kw_only=True):
    """A user's profile as one sees it who shares something with them."""

    user: ProfileUserObject
    user_profile: ProfileMetadata
    badges: tuple[()] = ()
    guild_badges: tuple[()] = ()
    connected_accounts: tuple[()] = ()
    premium_type: None = None
    premium_since: None = None
    premium_guild_since: None = None
    legacy_username: None = None
    mutual_guilds: list[MutualGuild] | UnsetType = UNSET
    guild_member_profile: ProfileMetadata | UnsetType = UNSET
