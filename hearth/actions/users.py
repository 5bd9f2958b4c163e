"""Users: oneself, others, and the guilds that one is in (Discord reference, "User resource")."""

from hearth.actions.scopes import SignedIn
from hearth.core.errors import UNKNOWN_USER, Refused
from hearth.core.models.guilds import MyGuildObject, MyGuildsQuery, my_guild_object
from hearth.core.models.users import PrivateUserObject, UserObject, private_user_object, user_object
from hearth.core.operations import operation
from hearth.core.permissions import resolve


@operation("GET", "/users/@me")
async def get_my_user(here: SignedIn) -> PrivateUserObject:
    """The caller's own account."""
    await here.world.load_users([here.who.user_id])
    return private_user_object(here.world.user(here.who.user_id))


@operation("GET", "/users/{user_id}")
async def get_user(here: SignedIn, user_id: int) -> UserObject:
    """Any user, by id."""
    await here.world.load_users([user_id])
    user = here.world.known_user(user_id)
    if user is None:
        raise Refused(UNKNOWN_USER)
    return user_object(user)


@operation("GET", "/users/@me/guilds")
async def list_my_guilds(here: SignedIn, query: MyGuildsQuery) -> list[MyGuildObject]:
    """The guilds that the caller is a member of, by id."""
    me = here.who.user_id
    world = here.world
    ids = await world.directory.guilds_of(me)
    if query.after is not None:
        after = query.after
        ids = [guild_id for guild_id in ids if guild_id > after][: query.limit]
    elif query.before is not None:
        before = query.before
        ids = [guild_id for guild_id in ids if guild_id < before][-query.limit :]
    else:
        ids = ids[: query.limit]
    guilds: list[MyGuildObject] = []
    for guild_id in ids:
        # A copy of the guild, followed where it is owned elsewhere: nothing is changed.
        snapshot = (await world.home(guild_id)).snapshot
        member = None if snapshot is None else snapshot.members.get(me)
        if snapshot is not None and member is not None:
            permissions = resolve(snapshot, member, None, world.wall_ms())
            guilds.append(my_guild_object(snapshot, me, permissions, query.with_counts))
    return guilds
