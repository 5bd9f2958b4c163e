"""Friends and blocked users (discord-userdoccers, "Relationships").

What is between two is changed in the home of the lesser id, so that both sides of it are one turn.
"""

from collections import Counter

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.gate import call
from hearth.actions.gateway import presence_of
from hearth.actions.scopes import AsPerson, Between
from hearth.actions.settings import friend_sources
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import (
    BOTS_ASK_NOBODY,
    FRIENDS_ALREADY,
    MAX_FRIENDS,
    NO_FRIEND_REQUESTS,
    NOBODY_NAMED,
    NOT_FRIENDS,
    NOT_WITH_ONESELF,
    Refused,
)
from hearth.core.events import Event
from hearth.core.limits import Rate
from hearth.core.models.social import (
    MOST_RELATIONSHIPS,
    FriendRequest,
    Relationship,
    RelationshipObject,
    RelationshipPatch,
    RelationshipPut,
    RelationshipType,
    relationship_object,
)
from hearth.core.operations import OPERATIONS, operation
from hearth.core.social_events import (
    FriendPresence,
    RelationshipAdd,
    RelationshipRemove,
    RelationshipUpdate,
)

FRIEND, BLOCKED = RelationshipType.FRIEND, RelationshipType.BLOCKED
INCOMING, OUTGOING = RelationshipType.INCOMING, RelationshipType.OUTGOING


@operation("GET", "/users/@me/relationships")
async def list_relationships(here: AsPerson) -> list[RelationshipObject]:
    """The caller's friends, requests and blocked users."""
    return await relationships_of(here.world, here.who.user_id)


async def relationships_of(world: World, user_id: int) -> list[RelationshipObject]:
    """What others are to a user, with these others."""
    rows = await world.directory.relationships(user_id)
    await world.load_users([row.other_id for row in rows])
    return [relationship_object(row, world.user(row.other_id)) for row in rows]


@operation("POST", "/users/@me/relationships", rate=Rate(10, per=60))
async def send_friend_request(here: AsPerson, body: FriendRequest) -> None:
    """Ask to be friends with the user of this name."""
    user = await here.world.directory.user_named(body.username.strip().lower())
    if user is None:
        raise Refused(NOBODY_NAMED)
    operation = OPERATIONS["create_relationship"]
    await call(here.world, operation, here.who, {"user_id": user.id}, RelationshipPut())


@operation(
    "PUT", "/users/@me/relationships/{user_id}", rate=Rate(20, per=60), status=204, commits=True
)
async def create_relationship(here: Between, user_id: int, body: RelationshipPut) -> None:
    """Ask somebody to be friends, take their offer, or block them (`type` 2)."""
    world, me = here.world, here.who.user_id
    if user_id == me:
        raise Refused(NOT_WITH_ONESELF)
    await world.load_users([me, user_id])
    other = world.user(user_id)
    mine = await world.directory.relationship(me, user_id)
    theirs = await world.directory.relationship(user_id, me)
    if body.type == BLOCKED:
        await _block(here, user_id, mine, theirs)
        return
    if other.bot:
        raise Refused(BOTS_ASK_NOBODY)
    if mine is not None and mine.type == FRIEND:
        raise Refused(FRIENDS_ALREADY)
    if mine is not None and mine.type == OUTGOING:
        return
    if mine is not None and mine.type == INCOMING:
        await _befriend(here, mine, theirs)
        return
    await _may_ask(world, me, user_id, mine, theirs)
    now = world.wall_ms()
    asks = Relationship(user_id=me, other_id=user_id, type=OUTGOING, since_ms=now)
    asked = Relationship(user_id=user_id, other_id=me, type=INCOMING, since_ms=now)
    tell: list[Event] = []
    if mine is not None:
        tell.append(RelationshipRemove(me, user_id, mine.type, mine.nickname))
    tell += [_added(world, asks), _added(world, asked, notify=True)]
    await here.commit(save=[asks, asked], tell=tell)


async def _may_ask(
    world: World, me: int, user_id: int, mine: Relationship | None, theirs: Relationship | None
) -> None:
    """Raise unless `me` may ask now. Who is blocked is told what all strangers may be told."""
    if theirs is not None and theirs.type == BLOCKED:
        raise Refused(NO_FRIEND_REQUESTS)
    if await _count(world, me, FRIEND, OUTGOING) >= MOST_RELATIONSHIPS:
        raise Refused(MAX_FRIENDS)
    if await _count(world, user_id, INCOMING) >= MOST_RELATIONSHIPS:
        raise Refused(NO_FRIEND_REQUESTS)
    sources = await friend_sources(world, user_id)
    directory = world.directory
    if not (
        sources.all
        or (sources.mutual_guilds and await directory.share_a_guild(me, user_id))
        or (sources.mutual_friends and await directory.share_a_friend(me, user_id))
    ):
        raise Refused(NO_FRIEND_REQUESTS)


async def _count(world: World, user_id: int, *types: RelationshipType) -> int:
    counts = Counter(row.type for row in await world.directory.relationships(user_id))
    return sum(counts[each] for each in types)


async def _befriend(here: Between, mine: Relationship, theirs: Relationship | None) -> None:
    """Take an offer: from now on both are friends, and see each other's presence."""
    world, me, user_id = here.world, mine.user_id, mine.other_id
    for each in (me, user_id):
        if await _count(world, each, FRIEND) >= MOST_RELATIONSHIPS:
            raise Refused(MAX_FRIENDS)
    now = world.wall_ms()
    mine = replace(mine, type=FRIEND, since_ms=now)
    theirs = Relationship(user_id=user_id, other_id=me, type=FRIEND, since_ms=now)
    tell: list[Event] = [_added(world, mine), _added(world, theirs, notify=True)]
    for seer, seen in ((me, user_id), (user_id, me)):
        presence = await presence_of(world, seen)
        if presence is not None:
            tell.append(FriendPresence(seer, seen, presence))
    await here.commit(save=[mine, theirs], tell=tell)


async def _block(
    here: Between, user_id: int, mine: Relationship | None, theirs: Relationship | None
) -> None:
    """Hear no more of somebody, who is told no more than that they are no friend any more."""
    world, me = here.world, here.who.user_id
    if mine is not None and mine.type == BLOCKED:
        return
    if await _count(world, me, BLOCKED) >= MOST_RELATIONSHIPS:
        raise Refused(MAX_FRIENDS)
    after = Relationship(user_id=me, other_id=user_id, type=BLOCKED, since_ms=world.wall_ms())
    delete: list[Noun] = []
    tell: list[Event] = []
    if mine is not None:
        tell.append(RelationshipRemove(me, user_id, mine.type, mine.nickname))
    tell.append(_added(world, after))
    if theirs is not None and theirs.type != BLOCKED:
        delete.append(theirs)
        tell.append(RelationshipRemove(user_id, me, theirs.type, theirs.nickname))
    await here.commit(save=[after], delete=delete, tell=tell)


@operation("PATCH", "/users/@me/relationships/{user_id}", status=204, commits=True)
async def update_relationship(here: Between, user_id: int, body: RelationshipPatch) -> None:
    """Give a friend a nickname that only the caller sees."""
    world, me = here.world, here.who.user_id
    mine = await world.directory.relationship(me, user_id)
    if mine is None or mine.type != FRIEND:
        raise Refused(NOT_FRIENDS)
    if body.nickname is UNSET:
        return
    after = replace(mine, nickname=(body.nickname or "").strip() or None)
    if after != mine:
        await world.load_users([user_id])
        shown = relationship_object(after, world.user(user_id))
        await here.commit(save=[after], tell=[RelationshipUpdate(me, shown)])


@operation("DELETE", "/users/@me/relationships/{user_id}", rate=Rate(20, per=60), commits=True)
async def delete_relationship(here: Between, user_id: int) -> None:
    """End a friendship, take back or turn down a request, or unblock; there may be none."""
    world, me = here.world, here.who.user_id
    mine = await world.directory.relationship(me, user_id)
    if mine is None:
        return
    theirs = await world.directory.relationship(user_id, me)
    delete: list[Noun] = [mine]
    tell: list[Event] = [RelationshipRemove(me, user_id, mine.type, mine.nickname)]
    if mine.type != BLOCKED and theirs is not None and theirs.type != BLOCKED:
        delete.append(theirs)
        tell.append(RelationshipRemove(user_id, me, theirs.type, theirs.nickname))
    await here.commit(delete=delete, tell=tell)


def _added(world: World, row: Relationship, *, notify: bool = False) -> RelationshipAdd:
    shown = relationship_object(row, world.user(row.other_id))
    return RelationshipAdd(row.user_id, shown, notify)
