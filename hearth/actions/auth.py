"""Log-in and log-out by name and password, and the tokens that they give and take."""

import asyncio
import base64
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hearth.actions.scopes import AsPerson, Open
from hearth.actions.world import World
from hearth.core.errors import invalid_login
from hearth.core.models.users import Credential, Login, LoginObject, LoginSettings, Token, User
from hearth.core.operations import operation

_hasher = PasswordHasher()
"""argon2id with the library's parameters (RFC 9106, low-memory profile)."""

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
"""Hashing takes tens of milliseconds and 64 MiB: off the loop, two at a time."""

_NOBODY = _hasher.hash(secrets.token_hex(8))
"""Verified for unknown names, so that these take as long as known ones."""


async def hash_password(password: str) -> str:
    """The argon2id hash of a password, in PHC form."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def verify_password(password: str, password_hash: str) -> bool:
    """Whether this is the password."""

    def verify() -> bool:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    return await asyncio.get_running_loop().run_in_executor(_threads, verify)


async def give_token(world: World, user: User) -> str:
    """A new token of a user, in the shape that libraries parse: id, time, 256 random bits.

    Its text is told this once; only its hash is kept.
    """
    owner = base64.urlsafe_b64encode(str(user.id).encode()).rstrip(b"=").decode()
    time = base64.urlsafe_b64encode(int(world.clock.wall()).to_bytes(5, "big")).rstrip(b"=")
    token = f"{owner}.{time.decode()}.{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(token.encode()).digest()
    row = Token(hash=digest, user_id=user.id, created_at_ms=world.wall_ms())
    await world.save([row])
    return token


async def make_credential(user_id: int, password: str) -> Credential:
    """What is kept of a new password."""
    return Credential(user_id=user_id, password_hash=await hash_password(password))


@operation("POST", "/auth/login")
async def login(here: Open, body: Login) -> LoginObject:
    """Log a person in by name and password; gives a token."""
    world = here.world
    user = await world.directory.user_named(body.login.strip().lower())
    credential = None if user is None else await world.directory.credential(user.id)
    stored = _NOBODY if credential is None else credential.password_hash
    known = await verify_password(body.password, stored)
    if user is None or credential is None or not known:
        raise invalid_login()
    return LoginObject(
        user_id=str(user.id),
        token=await give_token(world, user),
        user_settings=LoginSettings(locale="en-US", theme="dark"),
    )


@operation("POST", "/auth/logout")
async def logout(here: AsPerson) -> None:
    """Take the caller's token back; its gateway sessions are closed."""
    token = Token(hash=here.who.token, user_id=here.who.user_id, created_at_ms=0)
    await here.world.write([], [token])
    here.tell([], delete=[token])
