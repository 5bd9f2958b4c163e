"""One's sessions: the tokens that were given out, shown and taken back (discord-userdoccers)."""

import base64
import hashlib
import logging
from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.auth import make_token, prove
from hearth.actions.scopes import AsPerson, SignedIn
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import invalid_form
from hearth.core.events import Event
from hearth.core.models.accounts import (
    AuthSessionsLogout,
    AuthSessionsObject,
    TokenUse,
    auth_session_object,
)
from hearth.core.operations import operation
from hearth.core.ports import Conflict, StorageFull
from hearth.core.user_events import AuthSessionChange

logger = logging.getLogger(__name__)

USES_S = 600.0
"""That a token was used is written down so often."""


def id_hash(token_hash: bytes) -> str:
    """What a session is called: it says nothing of its token."""
    digest = hashlib.sha256(b"auth session" + token_hash).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@operation("GET", "/auth/sessions")
async def list_auth_sessions(here: AsPerson) -> AuthSessionsObject:
    """The caller's sessions, the last used first."""
    world, me = here.world, here.who.user_id
    written = await world.directory.token_uses(me)
    found = [
        auth_session_object(
            token,
            id_hash(token.hash),
            world.wall_ms()
            if token.hash in world.used or token.hash == here.who.token
            else written.get(token.hash, token.created_at_ms),
        )
        for token in await world.directory.tokens_of(me)
    ]
    found.sort(key=lambda each: each.approx_last_used_time, reverse=True)
    return AuthSessionsObject(user_sessions=found)


@operation("POST", "/auth/sessions/logout", commits=True)
async def logout_auth_sessions(here: AsPerson, body: AuthSessionsLogout) -> None:
    """End sessions of the caller's; what is connected with them is closed."""
    world, me = here.world, here.who.user_id
    if body.password is not UNSET and body.password is not None:
        await prove(here, body.password)
    wanted = {*body.session_id_hashes}
    gone = [each for each in await world.directory.tokens_of(me) if id_hash(each.hash) in wanted]
    if len(gone) < len(wanted):
        known = {id_hash(each.hash) for each in gone}
        raise invalid_form(
            *(
                (("session_id_hashes", i), "INVALID_SESSION", "There is no such session.")
                for i, each in enumerate(body.session_id_hashes)
                if each not in known
            )
        )
    await world.commit(here.home, [], gone, [])


async def renew_token(
    here: SignedIn,
    *,
    save: Sequence[Noun] = (),
    beside: Sequence[Noun] = (),
    delete: Sequence[Noun] = (),
    tell: Sequence[Event] = (),
) -> str:
    """Make a change after which no token from before is good; gives the caller another.

    The caller's own gateway sessions go on with that one. The turn of their home is held.
    """
    world, me = here.world, here.who.user_id
    old = await world.directory.tokens_of(me)
    text, new = make_token(world, me, here)
    mine = next((each for each in old if each.hash == here.who.token), None)
    if mine is not None:
        new = replace(new, os=mine.os, platform=mine.platform, address=mine.address)
    changed = AuthSessionChange(me, here.who.token, new.hash, id_hash(new.hash))
    await world.commit(here.home, save, [*delete, *old], [changed, *tell], [*beside, new])
    return text


async def write_uses(world: World) -> None:
    """Write down which tokens were used; called now and then, and at the end."""
    used, world.used = world.used, set()
    now = world.wall_ms()
    try:
        await world.directory.commit([TokenUse(hash=each, used_at_ms=now) for each in used], [])
    except Conflict:
        # One of them was taken back meanwhile; the others are used again soon.
        logger.debug("uses not written count=%d", len(used))
    except StorageFull:
        logger.warning("disk full, uses lost=%d", len(used))
