"""The one gate: every call of every door enters here and is checked in the same order."""

from collections.abc import Sequence

from msgspec import Struct

from hearth.actions.scopes import Params, Scope
from hearth.actions.voicing import settle
from hearth.actions.world import Home, World
from hearth.core.deferred import refuse_deferred
from hearth.core.errors import Refused, rate_limited
from hearth.core.models.attachments import Upload
from hearth.core.operations import Operation, Principal, Reply


async def call(
    world: World,
    operation: Operation,
    who: Principal,
    params: Params,
    body: Struct | Refused | None = None,
    query: Struct | None = None,
    reason: str | None = None,
    uploads: Sequence[Upload] = (),
) -> Reply:
    """Run `operation` for `who`, here or where its home is owned.

    Place, then limit, then scope (known? member? may view?), then `needs`, then the form, then the
    verb; raises Refused at the first that says no. `params` are the path's parameters by name. A
    `body` that the door could not decode comes as its refusal: the call is counted like any other,
    and who may not be here learns nothing of forms. `uploads` are the files that came with it.
    """
    scope: type[Scope] = operation.scope
    try:
        key = await scope.place(world, who, params)
    except Refused as refused:
        refused.limit = world.take(world.nowhere, operation.bucket, operation.rate, who, 0)
        raise
    if key:
        link = world.placement.link(key)
        if link is not None:
            if isinstance(body, Refused):
                raise body
            return await link.call(operation.name, who, dict(params), body, query, reason, uploads)
        home = world.homes.get(key)
        if home is None:
            home = await world.home(key) if scope.holds_guild else world.user_home(key)
        home.touched = world.clock.now()
        major = int(params.get("channel_id") or key)
        limit = world.take(home, operation.bucket, operation.rate, who, major)
    else:
        home = world.nowhere
        address = "" if who.user_id else params.get("address", "")
        limit = world.take(home, operation.bucket, operation.rate, who, address)
    try:
        if operation.commits and key:
            busy = home.busy
            busy.calls += 1
            try:
                async with busy.turn:
                    n = home.n
                    try:
                        value = await _run(
                            world, operation, home, who, params, body, query, reason, uploads
                        )
                    finally:
                        if home.n != n:
                            settle(world, home)
            finally:
                busy.calls -= 1
                home.rest()
        else:
            value = await _run(world, operation, home, who, params, body, query, reason, uploads)
    except Refused as refused:
        refused.limit = limit
        raise
    return Reply(value, limit)


async def admits(
    world: World, operation: Operation, who: Principal, params: Params, needs: int
) -> None:
    """Raise where the call will be refused before its form is looked at; nothing is counted.

    Asked before files are taken in; the call itself follows, and says what it says.
    """
    key = await operation.scope.place(world, who, params)
    # A copy, where another process owns it: nothing is changed.
    home = await world.home(key) if operation.scope.holds_guild else world.user_home(key)
    here: Scope = operation.scope(world, home, who, params, None)
    here.admit()
    here.require(operation.needs | needs)
    major = int(params.get("channel_id") or key)
    if world.is_spent(home, operation.bucket, operation.rate, who, major):
        raise rate_limited(1.0)


async def _run(
    world: World,
    operation: Operation,
    home: Home,
    who: Principal,
    params: Params,
    body: Struct | Refused | None,
    query: Struct | None,
    reason: str | None,
    uploads: Sequence[Upload],
) -> object:
    here = operation.scope(world, home, who, params, reason)
    here.uploads = uploads
    here.admit()
    if operation.needs:
        here.require(operation.needs)
    if isinstance(body, Refused):
        raise body
    refuse_deferred(operation.name, body)
    more: dict[str, object] = {name: params[name] for name in operation.parameters}
    if operation.body is not None:
        more["body"] = body
    if operation.query is not None:
        more["query"] = query
    return await operation.verb(here, **more)
