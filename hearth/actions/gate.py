"""The one gate: every call of every door enters here and is checked in the same order."""

from msgspec import Struct

from hearth.actions.scopes import Params, Scope
from hearth.actions.world import Home, World
from hearth.core.errors import Refused, rate_limited
from hearth.core.limits import Bucket, Limit
from hearth.core.operations import Operation, Principal, Reply


async def call(
    world: World,
    operation: Operation,
    who: Principal,
    params: Params,
    body: Struct | None = None,
    query: Struct | None = None,
    reason: str | None = None,
) -> Reply:
    """Run `operation` for `who`, here or where its home is owned.

    Place, then limit, then scope (known? member? may view?), then `needs`, then the verb; raises
    Refused at the first that says no. `params` are the path's parameters by name.
    """
    scope: type[Scope] = operation.scope
    key = await scope.place(world, who, params)
    if key:
        link = world.placement.link(key)
        if link is not None:
            return await link.call(operation.name, who, dict(params), body, query, reason)
        home = world.homes.get(key) or await world.home(key)
        home.touched = world.clock.now()
    else:
        home = world.nowhere
    limit = take(world, home, operation, who, params) if key else None
    try:
        if operation.commits and key:
            async with home.turn:
                value = await _run(world, operation, home, who, params, body, query, reason)
        else:
            value = await _run(world, operation, home, who, params, body, query, reason)
    except Refused as refused:
        refused.limit = limit
        raise
    return Reply(value, limit)


def take(
    world: World, home: Home, operation: Operation, who: Principal, params: Params
) -> Limit | None:
    """Count the call against its bucket; raises a 429 that carries the bucket's `Limit`."""
    if who.kind not in ("user", "bot"):
        return None
    rate = operation.rate
    most = max(1, int(rate.limit * world.scale))
    now = world.clock.now()
    key = operation.bucket, int(params.get("channel_id") or home.key), who.user_id
    bucket = home.buckets.get(key)
    if bucket is None:
        bucket = home.buckets[key] = Bucket()
    allowed = bucket.take(most, rate.per, now)
    left = bucket.ends - now
    limit = Limit(operation.bucket, most, most - bucket.used, left)
    if not allowed:
        refused = rate_limited(round(left, 3) or 0.001)
        refused.limit = limit
        raise refused
    return limit


async def _run(
    world: World,
    operation: Operation,
    home: Home,
    who: Principal,
    params: Params,
    body: Struct | None,
    query: Struct | None,
    reason: str | None,
) -> object:
    here = operation.scope(world, home, who, params, reason)
    here.admit()
    if operation.needs:
        here.require(operation.needs)
    more: dict[str, object] = {name: params[name] for name in operation.parameters}
    if operation.body is not None:
        more["body"] = body
    if operation.query is not None:
        more["query"] = query
    return await operation.verb(here, **more)
