"""Accounts: registered, claimed, their passwords set anew, and disabled or deleted."""

import hashlib
import secrets
from collections.abc import Sequence

from hearth.actions.auth import (
    give_token,
    hash_password,
    make_credential,
    said,
)
from hearth.actions.gate import call
from hearth.actions.scopes import OfUser, Open
from hearth.actions.world import World
from hearth.core import names
from hearth.core.commits import Noun
from hearth.core.errors import (
    FEATURE_DISABLED,
    INVALID_LINK,
    REGISTRATION_CLOSED,
    UNKNOWN_INVITE,
    Refused,
    invalid_form,
    rate_limited,
)
from hearth.core.models.accounts import (
    Account,
    Forgot,
    NewPassword,
    OneTimeLink,
    Register,
    Registered,
    Reset,
    TokenObject,
)
from hearth.core.models.invites import InviteQuery
from hearth.core.models.users import Credential, User
from hearth.core.operations import ANONYMOUS, OPERATIONS, SYSTEM, Principal, operation
from hearth.core.ports import Conflict

LINK_S = 24 * 3600
"""A claim or reset link is good for a day."""

FREE_ACCOUNTS = 5
"""So many accounts an address makes before it has to wait."""


# Links that are used once


async def make_link(world: World, kind: str, user_id: int | None = None) -> str:
    """A new link; the older ones of its kind, for that user, are void."""
    code = secrets.token_urlsafe(24)
    now = world.wall_ms()
    link = OneTimeLink(
        hash=_hash(code), kind=kind, user_id=user_id, expires_at_ms=now + LINK_S * 1000
    )
    known = await world.directory.links(kind)
    void = [each for each in known if each.user_id == user_id or each.expires_at_ms <= now]
    await world.write([link], void)
    return f"{world.origin}/#{kind}={code}"


async def find_link(world: World, kind: str, code: str) -> OneTimeLink:
    """The link that ends with `code`; 50020 unless it is of this kind, unused and young."""
    link = await world.directory.link(_hash(code))
    if link is None or link.kind != kind or link.expires_at_ms <= world.wall_ms():
        raise Refused(INVALID_LINK)
    return link


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


# Registration


@operation("POST", "/auth/register")
async def register(here: Open, body: Register) -> Registered:
    """Make an account: by an invite or claim link, or freely where the server is open."""
    world = here.world
    code = body.invite or None
    _be_patient(here)
    link = None
    if body.claim:
        link = await find_link(world, "claim", body.claim)
    elif world.registration == "closed" or (world.registration == "invite" and code is None):
        raise Refused(REGISTRATION_CLOSED)
    if code is not None:
        await _check_invite(world, code)
    name = names.normal(body.username)
    wrong = names.problem(name)
    if wrong is not None:
        raise invalid_form(wrong)
    await check_free(world, name)
    user = User(
        id=world.make_id(),
        username=name,
        global_name=_shown(body.global_name),
        skeleton=names.skeleton(name),
    )
    nouns: list[Noun] = [user, await make_credential(user.id, body.password)]
    if link is not None:
        nouns.append(Account(user_id=user.id, operator=True, claim=link.hash))
    await save_account(world, nouns, [] if link is None else [link])
    if code is not None:
        await _join(world, user, code)
    return Registered(token=await give_token(world, user, here))


def _be_patient(here: Open) -> None:
    """An address makes so many accounts, and tries so many links; then it waits ever longer."""
    world, address = here.world, said(here, "address")
    if not address:
        return
    key, now = ("register", address), world.clock.now()
    wait = world.failures.wait(key, now)
    if wait > 0:
        raise rate_limited(round(wait, 3))
    world.failures.attempt(key, max(1, int(FREE_ACCOUNTS * world.scale)), now)


async def _check_invite(world: World, code: str) -> None:
    """Refuse what leads nowhere before there is an account."""
    resolve = OPERATIONS["invite_resolve"]
    await call(world, resolve, ANONYMOUS, {"code": code}, None, InviteQuery())
    invite = await world.directory.invite(code)
    snapshot = None if invite is None else (await world.home(invite.guild_id)).snapshot
    guild = None if snapshot is None else snapshot.guild
    if guild is None or "INVITES_DISABLED" in guild.features:
        raise Refused(UNKNOWN_INVITE)


async def _join(world: World, user: User, code: str) -> None:
    """Accept the invite; an account that it lets in nowhere is not kept."""
    who = Principal(kind="user", user_id=user.id)
    try:
        await call(world, OPERATIONS["accept_invite"], who, {"code": code})
    except Refused:
        await world.write([], [user])
        raise


async def check_free(world: World, name: str, but: int = 0) -> None:
    """Refuse a name that somebody has, or that looks like one."""
    directory = world.directory
    for found in (
        await directory.user_named(name),
        await directory.user_alike(names.skeleton(name)),
    ):
        if found is not None and found.id != but:
            raise taken()


async def save_account(world: World, nouns: list[Noun], delete: Sequence[OneTimeLink] = ()) -> None:
    """Save a new account; of two that take one name or link at once, one is refused."""
    user = nouns[0]
    assert isinstance(user, User)
    try:
        await world.save(nouns, delete=delete)
    except Conflict as error:
        if delete and await world.directory.user_named(user.username) is None:
            raise Refused(INVALID_LINK) from error
        raise taken() from error


def taken() -> Refused:
    """The name is somebody's."""
    return invalid_form((("username",), "USERNAME_ALREADY_TAKEN", "Username is unavailable."))


def _shown(text: object) -> str | None:
    """A name to be shown, or none where nothing is left of it."""
    return text.strip() or None if isinstance(text, str) else None


# Passwords


@operation("POST", "/auth/forgot")
async def forgot_password(here: Open, body: Forgot) -> None:
    """Hearth writes no e-mail: whoever has forgotten a password asks the operator for a link."""
    said = "Hearth sends no e-mail; ask the operator for `hearth admin user reset`."
    leaf = {"code": "NOT_SUPPORTED_YET", "message": said}
    raise Refused(FEATURE_DISABLED, {"errors": {"login": {"_errors": [leaf]}}})


@operation("POST", "/auth/reset")
async def reset_password(here: Open, body: Reset) -> TokenObject:
    """Set a new password by a reset link; every token from before is void."""
    world = here.world
    _be_patient(here)
    link = await find_link(world, "reset", body.token)
    user_id = link.user_id or 0
    (user,) = await world.directory.users([user_id]) or (None,)
    if user is None:
        raise Refused(INVALID_LINK)
    wish = NewPassword(link=link.hash, password_hash=await hash_password(body.password))
    await call(world, OPERATIONS["set_password"], SYSTEM, {"user_id": user.id}, wish)
    world.failures.succeed(("name", user.username, None))
    return TokenObject(token=await give_token(world, user, here))


@operation(commits=True)
async def set_password(here: OfUser, body: NewPassword) -> None:
    """Use a reset link up, in the turn of the user's home: of two at once one finds it."""
    world, user_id = here.world, int(here.params["user_id"])
    link = await world.directory.link(body.link)
    if link is None or link.user_id != user_id:
        raise Refused(INVALID_LINK)
    tokens = await world.directory.tokens_of(user_id)
    credential = Credential(user_id=user_id, password_hash=body.password_hash)
    await world.commit(here.home, [], [link, *tokens], [], [credential])
