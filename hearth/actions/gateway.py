"""What gateways ask: where the gateway is, a session's presence, and the members of a guild."""

from typing import Annotated

from msgspec import Meta, Struct

from hearth.actions.gate import call
from hearth.actions.scopes import AsBot, InGuild, Open, SignedIn
from hearth.core.events import PresenceUpdate
from hearth.core.limits import Rate
from hearth.core.models.gateway import GatewayBotObject, GatewayObject, SessionStartLimit
from hearth.core.models.presence import Presence, PresencePut, merge
from hearth.core.operations import OPERATIONS, SYSTEM, operation
from hearth.core.wire import Snowflake

MOST_ASKED = 100
"""The most members that a look-up by name or id gives."""

WHOLE_LIST = Rate(1, per=30)
"""How often a session's user may ask for all members of a guild."""

IDENTIFIES_PER_DAY = 1000


class MembersAsked(Struct):
    """Who answers an op 8: `user_ids` in order, and the ids that are no members."""

    guild_id: int
    user_ids: list[int]
    not_found: list[int]
    presences: bool
    nonce: str | None


class RequestGuildMembers(Struct, kw_only=True):
    """Op 8 (topic "Gateway events", "Request guild members")."""

    guild_id: Snowflake
    query: str | None = None
    limit: Annotated[int, Meta(ge=0)] = 0
    presences: bool = False
    user_ids: list[Snowflake] | Snowflake | None = None
    nonce: Annotated[str, Meta(max_length=32)] | None = None


@operation("GET", "/gateway")
async def get_gateway(here: Open) -> GatewayObject:
    """Where the gateway is."""
    return GatewayObject(url=str(here.params["gateway_url"]))


@operation("GET", "/gateway/bot")
async def get_bot_gateway(here: AsBot) -> GatewayBotObject:
    """Where the gateway is, with how many shards to use and how often to identify."""
    return GatewayBotObject(
        url=str(here.params["gateway_url"]),
        shards=1,
        session_start_limit=SessionStartLimit(
            total=IDENTIFIES_PER_DAY,
            remaining=IDENTIFIES_PER_DAY,
            reset_after=86_400_000,
            max_concurrency=16,
        ),
    )


@operation(op=8, rate=Rate(60, per=60))
async def request_guild_members(here: InGuild, body: RequestGuildMembers) -> MembersAsked:
    """The members of a guild by ids, by the beginning of their name, or all of them."""
    members = here.snapshot.members
    not_found: list[int] = []
    if body.user_ids is not None:
        asked = body.user_ids if isinstance(body.user_ids, list) else [body.user_ids]
        found = [user_id for user_id in dict.fromkeys(asked[:MOST_ASKED]) if user_id in members]
        not_found = [user_id for user_id in asked[:MOST_ASKED] if user_id not in members]
    elif body.query:
        # Names are looked up with the lazy member list (issue 1B); until then by plain search.
        start = body.query.casefold()
        most = min(body.limit or MOST_ASKED, MOST_ASKED)
        found: list[int] = []
        for user_id, member in members.items():
            user = here.home.user(user_id)
            names = (user.username, user.global_name or "", member.nick or "")
            if any(name.casefold().startswith(start) for name in names):
                found.append(user_id)
                if len(found) == most:
                    break
    else:
        here.limit("request_guild_members whole", WHOLE_LIST)
        found = sorted(members)
        if body.limit:
            found = found[: body.limit]
    return MembersAsked(here.guild.id, found, not_found, body.presences, body.nonce)


@operation(op=3, rate=Rate(120, per=60))
async def update_presence(here: SignedIn, body: PresencePut | None) -> None:
    """Set the presence of the session `session_id`; None takes the session away.

    The sessions of a user show one presence together; guilds are told when it changes.
    """
    session_id, client = str(here.params["session_id"]), str(here.params["client"])
    presences = here.home.presences
    before = merge(here.who.user_id, presences.values())
    if body is None:
        presences.pop(session_id, None)
    else:
        presences[session_id] = (client, body)
    after = merge(here.who.user_id, presences.values())
    if after == before:
        return
    announce = OPERATIONS["announce_presence"]
    for guild_id in await here.world.directory.guilds_of(here.who.user_id):
        await call(
            here.world, announce, SYSTEM, {"guild_id": guild_id}, Announced(here.who.user_id, after)
        )


class Announced(Struct):
    """A user's presence as their own home knows it; None is offline."""

    user_id: int
    presence: Presence | None


@operation()
async def announce_presence(here: InGuild, body: Announced) -> None:
    """Take a member's presence into the guild's snapshot and tell those concerned."""
    if body.user_id not in here.snapshot.members:
        return
    old = here.snapshot.presences.get(body.user_id)
    if body.presence is not None:
        here.tell([PresenceUpdate(body.user_id, body.presence)], save=[body.presence])
    elif old is not None:
        here.tell([PresenceUpdate(body.user_id, None)], delete=[old])
