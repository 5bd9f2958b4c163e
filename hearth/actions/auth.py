"""Log-in and log-out by name and password, and the tokens that they give and take."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec.structs import replace

from hearth.actions.gate import call
from hearth.actions.scopes import AsPerson, OfUser, Open, Scope
from hearth.actions.world import World
from hearth.core.clients import client_of
from hearth.core.errors import (
    ACCOUNT_DISABLED,
    INVALID_MFA_CODE,
    INVALID_MFA_TICKET,
    Refused,
    invalid_form,
    invalid_login,
    rate_limited,
)
from hearth.core.models.accounts import (
    ACTIVE,
    DISABLED,
    Account,
    CodeGiven,
    MfaLogin,
    MfaLoginObject,
    RecoveryCode,
)
from hearth.core.models.users import Credential, Login, LoginObject, LoginSettings, Token, User
from hearth.core.names import normal
from hearth.core.operations import OPERATIONS, SYSTEM, operation
from hearth.core.seal import keyed, opened, ticket, unseal
from hearth.core.totp import step_of

_hasher = PasswordHasher()
"""argon2id with the library's parameters (RFC 9106, low-memory profile)."""

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
"""Hashing takes tens of milliseconds and 64 MiB: off the loop, two at a time."""


def _random(count: int) -> str:
    """So many random bytes as PHC strings have them."""
    return base64.b64encode(secrets.token_bytes(count)).decode().rstrip("=")


MOST_WAITING = 64
"""So many wait for a thread; whoever comes then is told to come again."""

_NOBODY = (
    f"$argon2id$v=19$m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    f"${_random(_hasher.salt_len)}${_random(_hasher.hash_len)}"
)
"""Verified for unknown names, so that these take as long as known ones; no password has it."""

FREE_OF_ADDRESS, FREE_OF_NAME = 10, 5
"""So many failures cost nothing: of one address, and of one name."""

TICKET_S = 300
"""A log-in that wants a second factor waits so long for it."""


T = TypeVar("T")


class _Queue:
    """How many wait for a thread."""

    waiting = 0


async def _off_the_loop(work: Callable[[], T]) -> T:
    if _Queue.waiting >= MOST_WAITING:
        raise rate_limited(1.0)
    _Queue.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _Queue.waiting -= 1


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def hash_password(password: str) -> str:
    """The argon2id hash of a password, in PHC form; 429 when too many wait for theirs."""
    return await _off_the_loop(lambda: _hasher.hash(password))


async def verify_password(password: str, password_hash: str) -> bool:
    """Whether this is the password; 429 when too many wait for theirs."""
    return await _off_the_loop(lambda: _verify(password_hash, password))


async def make_credential(user_id: int, password: str) -> Credential:
    """What is kept of a new password."""
    return Credential(user_id=user_id, password_hash=await hash_password(password))


# Tokens


def make_token(world: World, user_id: int, here: Scope | None = None) -> tuple[str, Token]:
    """A token in the shape that libraries parse (id, time, 256 random bits), and what is kept.

    Its text is told this once; only its hash is kept, with what `here` says of the client.
    """
    owner = base64.urlsafe_b64encode(str(user_id).encode()).rstrip(b"=").decode()
    time = base64.urlsafe_b64encode(int(world.clock.wall()).to_bytes(5, "big")).rstrip(b"=")
    text = f"{owner}.{time.decode()}.{secrets.token_urlsafe(32)}"
    os = platform = address = None
    if here is not None:
        os, platform = client_of(said(here, "agent"), said(here, "properties"))
        address = hash_of_address(world, said(here, "address"))
    digest = hashlib.sha256(text.encode()).digest()
    row = Token(
        hash=digest,
        user_id=user_id,
        created_at_ms=world.wall_ms(),
        os=os,
        platform=platform,
        address=address,
    )
    return text, row


async def give_token(world: World, user: User, here: Scope | None = None) -> str:
    """A new token of a user; of one who is disabled only by refusing."""
    account = await world.directory.account(user.id)
    if account is not None and account.disabled != ACTIVE:
        raise Refused(ACCOUNT_DISABLED)
    text, row = make_token(world, user.id, here)
    await world.save([row])
    return text


def said(here: Scope, name: str) -> str:
    """What the door says of the caller: `address`, `agent` or `properties`; "" where nothing."""
    return str(here.params.get(name, ""))


def hash_of_address(world: World, address: str) -> bytes | None:
    """What is kept of an address: enough to know it again, and no more."""
    return keyed(world.key, "address", address.encode())[:16] if address else None


# Who fails must wait


class Attempt:
    """One attempt to prove who one is; counted as failed until it succeeds.

    Failures count for the address and for the name. From where the account was in before they
    count apart from all others: nobody can lock its owner out from elsewhere.
    """

    def __init__(self, here: Scope, name: str, own: bool) -> None:
        world = here.world
        address = said(here, "address")
        self._failures = world.failures
        self._keys: list[tuple[object, int]] = [
            (("name", name, address if own else None), FREE_OF_NAME)
        ]
        if address:
            self._keys.append((("address", address), FREE_OF_ADDRESS))
        now = world.clock.now()
        wait = max(self._failures.wait(key, now) for key, _ in self._keys)
        if wait > 0:
            raise rate_limited(round(wait, 3))
        for key, free in self._keys:
            self._failures.attempt(key, max(1, int(free * world.scale)), now)

    def succeed(self) -> None:
        """It was them: failures for the name are forgotten. Those of the address stay, or one's
        own account would be a way to try others for ever."""
        (name, _), *address = self._keys
        self._failures.succeed(name)
        for key, _ in address:
            self._failures.take_back(key)


async def attempt(here: Scope, name: str, user_id: int | None) -> Attempt:
    """Begin an attempt for `name`; 429 with `retry_after` where too many have failed."""
    world = here.world
    own = False
    if user_id is not None:
        address = hash_of_address(world, said(here, "address"))
        tokens = await world.directory.tokens_of(user_id) if address is not None else []
        own = any(token.address == address for token in tokens)
    return Attempt(here, name, own)


async def prove(here: Scope, password: str | None, *, at: str = "password") -> Credential:
    """The caller's credential, when this is their password; else 50035 at that field."""
    me = here.who.user_id
    tried = await attempt(here, f"@{me}", me)
    credential = await here.world.directory.credential(me)
    if (
        credential is None
        or not password
        or not await verify_password(password, credential.password_hash)
    ):
        raise invalid_form(((at,), "PASSWORD_DOES_NOT_MATCH", "Password does not match."))
    tried.succeed()
    return credential


# The operations


@operation("POST", "/auth/login")
async def login(here: Open, body: Login) -> LoginObject:
    """Log a person in by name and password; gives a token, or a ticket for the second factor."""
    world = here.world
    name = normal(body.login)
    user = await world.directory.user_named(name)
    tried = await attempt(here, name, None if user is None else user.id)
    credential = None if user is None else await world.directory.credential(user.id)
    stored = "" if credential is None else credential.password_hash
    known = await verify_password(body.password, stored or _NOBODY)
    if user is None or credential is None or not known:
        raise invalid_login()
    account = await world.directory.account(user.id)
    state = ACTIVE if account is None else account.disabled
    if state != ACTIVE and not (state == DISABLED and body.undelete):
        raise Refused(ACCOUNT_DISABLED)
    factor = await world.directory.second_factor(user.id)
    tried.succeed()
    if factor is not None:
        return LoginObject(
            user_id=str(user.id),
            mfa=True,
            totp=True,
            backup=True,
            sms=False,
            webauthn=None,
            ticket=_ticket(world, credential, undelete=body.undelete),
        )
    await _enable(world, account)
    return LoginObject(
        user_id=str(user.id),
        token=await give_token(world, user, here),
        user_settings=_settings(account),
    )


@operation("POST", "/auth/mfa/totp")
async def login_with_totp(here: Open, body: MfaLogin) -> MfaLoginObject:
    """Finish a log-in with a code of the authenticator."""
    return await _second_step(here, body, recovery=False)


@operation("POST", "/auth/mfa/backup")
async def login_with_backup_code(here: Open, body: MfaLogin) -> MfaLoginObject:
    """Finish a log-in with a code to recover with, which is good once."""
    return await _second_step(here, body, recovery=True)


@operation("POST", "/auth/logout")
async def logout(here: AsPerson) -> None:
    """Take the caller's token back; its gateway sessions are closed."""
    token = Token(hash=here.who.token, user_id=here.who.user_id, created_at_ms=0)
    await here.world.write([], [token])
    here.tell([], delete=[token])


async def _enable(world: World, account: Account | None) -> None:
    """Undo that somebody disabled themselves."""
    if account is not None and account.disabled == DISABLED:
        await world.save([replace(account, disabled=ACTIVE)])


def _settings(account: Account | None) -> LoginSettings:
    return LoginSettings(locale="en-US" if account is None else account.locale, theme="dark")


# The second step


def _ticket(world: World, credential: Credential, *, undelete: bool) -> str:
    """A sealed note of who has shown a password and when; void once that changes."""
    until = int(world.clock.wall()) + TICKET_S
    mark = hashlib.sha256(credential.password_hash.encode()).hexdigest()[:16]
    plain = f"{credential.user_id} {until} {int(undelete)} {mark}".encode()
    return ticket(world.key, "login", plain, secrets.token_bytes(16))


async def _second_step(here: Open, body: MfaLogin, *, recovery: bool) -> MfaLoginObject:
    world = here.world
    plain = opened(world.key, "login", body.ticket)
    if plain is None:
        raise Refused(INVALID_MFA_TICKET)
    user_id, until, undelete, mark = plain.decode().split()
    credential = await world.directory.credential(int(user_id))
    (user,) = await world.directory.users([int(user_id)]) or (None,)
    if (
        user is None
        or credential is None
        or int(until) <= world.clock.wall()
        or hashlib.sha256(credential.password_hash.encode()).hexdigest()[:16] != mark
    ):
        raise Refused(INVALID_MFA_TICKET)
    tried = await attempt(here, f"mfa {user.id}", user.id)
    given = CodeGiven(body.code, recovery=recovery, totp=not recovery)
    await call(world, OPERATIONS["take_code"], SYSTEM, {"user_id": user.id}, given)
    tried.succeed()
    account = await world.directory.account(user.id)
    if undelete == "1":
        await _enable(world, account)
    token = await give_token(world, user, here)
    return MfaLoginObject(user_id=user_id, token=token, user_settings=_settings(account))


@operation(commits=True)
async def take_code(here: OfUser, body: CodeGiven) -> None:
    """Take a code of a user's second factor, in the turn of their home: each is good once."""
    await spend_code(here.world, int(here.params["user_id"]), body)


async def spend_code(world: World, user_id: int, given: CodeGiven) -> None:
    """Take a code of an authenticator or to recover with, which is then used up; else 60008.

    The caller holds the turn of the user's home.
    """
    factor = await world.directory.second_factor(user_id)
    if factor is None:
        raise Refused(INVALID_MFA_CODE)
    bare = bare_code(given.code)
    secret = unseal(world.key, f"totp {user_id}", factor.secret)
    if given.totp and secret is not None:
        step = step_of(secret, bare, world.clock.wall(), factor.step)
        if step is not None:
            await world.write([replace(factor, step=step)])
            return
    if given.recovery:
        code = RecoveryCode(user_id=user_id, hash=hash_of_code(world, user_id, bare))
        if code in await world.directory.recovery_codes(user_id):
            await world.write([], [code])
            return
    raise Refused(INVALID_MFA_CODE)


def bare_code(text: str) -> str:
    """A code as it is compared: in groups or not, in capitals or not."""
    return "".join(text.split()).replace("-", "").lower()


def hash_of_code(world: World, user_id: int, bare: str) -> bytes:
    """What is kept of a code to recover with."""
    return keyed(world.key, f"recovery {user_id}", bare.encode())
