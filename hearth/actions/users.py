"""Users: oneself, others, and the guilds that one is in (Discord reference, "User resource").

What only people's clients call is in discord-userdoccers, "Users".
"""

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.accounts import check_free, taken
from hearth.actions.assets import PICTURE_BODY_BYTES, Set, set_picture
from hearth.actions.auth import make_credential, prove
from hearth.actions.gate import call
from hearth.actions.scopes import AsPerson, InGuild, SignedIn
from hearth.actions.sessions import renew_token
from hearth.actions.world import World
from hearth.core import names
from hearth.core.commits import Noun
from hearth.core.errors import (
    MISSING_ACCESS,
    UNAUTHORIZED,
    UNKNOWN_USER,
    USERS_ONLY,
    Refused,
    invalid_form,
)
from hearth.core.events import GuildMemberUpdate
from hearth.core.limits import Rate
from hearth.core.models.accounts import (
    Account,
    MutualGuild,
    MyProfilePatch,
    MyUserPatch,
    ProfileMetadata,
    ProfileObject,
    ProfileQuery,
    ProfileUserObject,
)
from hearth.core.models.guilds import MyGuildObject, MyGuildsQuery, my_guild_object
from hearth.core.models.users import (
    PrivateUserObject,
    User,
    UserObject,
    private_user_object,
    user_object,
)
from hearth.core.operations import OPERATIONS, SYSTEM, operation
from hearth.core.permissions import resolve
from hearth.core.ports import Conflict
from hearth.core.user_events import UserUpdate

NAME_CHANGES = Rate(2, per=3600)
"""So often somebody takes another username."""


async def my_user(
    world: World,
    user_id: int,
    *,
    user: User | None = None,
    account: Account | None = None,
    mfa: bool | None = None,
) -> PrivateUserObject:
    """A user as they see themselves; what is given is not read."""
    await world.load_users([user_id])
    if account is None:
        account = await world.directory.account(user_id) or Account(user_id=user_id)
    if mfa is None:
        mfa = await world.directory.second_factor(user_id) is not None
    return private_user_object(
        user or world.user(user_id),
        mfa_enabled=mfa,
        locale=account.locale,
        bio=account.bio,
        pronouns=account.pronouns,
        accent_color=account.accent_color,
        banner=account.banner,
    )


@operation("GET", "/users/@me")
async def get_my_user(here: SignedIn) -> PrivateUserObject:
    """The caller's own account."""
    return await my_user(here.world, here.who.user_id)


@operation(
    "PATCH",
    "/users/@me",
    commits=True,
    rate=Rate(10, per=60),
    body_bytes=PICTURE_BODY_BYTES,
)
async def update_my_user(here: SignedIn, body: MyUserPatch) -> PrivateUserObject:
    """Change the caller's name, profile or password.

    With a new password all other sessions end, and the reply has the caller's new token.
    """
    world, me = here.world, here.who.user_id
    bot = here.who.kind == "bot"
    await world.load_users([me])
    before = user = world.user(me)
    if not bot and (body.new_password or body.username not in (UNSET, before.username)):
        await prove(here, body.password or None)
    if body.username is not UNSET:
        user = await _renamed(here, before, body.username, bot=bot)
    if body.global_name is not UNSET:
        if bot:
            raise Refused(USERS_ONLY)
        user = replace(user, global_name=(body.global_name or "").strip() or None)
    old = await world.directory.account(me) or Account(user_id=me)
    account = _described(old, body)
    pictures: list[Noun] = []
    delete: list[Noun] = []
    if body.avatar is not UNSET:
        made = await set_picture(world, "avatar", body.avatar, f"avatars/{me}", user_id=me)
        user = replace(user, avatar=made.hash)
        pictures, delete = made.save, made.delete
    account, banner = await _bannered(here, account, body)
    save: list[Noun] = [] if user == before else [user]
    beside: list[Noun] = [] if account == old else [account]
    beside += pictures + banner.save
    delete += banner.delete
    shown = await my_user(world, me, user=user, account=account)
    tell = [UserUpdate(me, shown)] if save or beside else []
    try:
        if body.new_password:
            beside.append(await make_credential(me, body.new_password))
            token = await renew_token(here, save=save, beside=beside, tell=tell, delete=delete)
            # Another object: what the sessions are told has no token in it.
            shown = await my_user(world, me, user=user, account=account)
            shown.token = token
        elif save or beside or delete:
            await world.commit(here.home, save, delete, tell, beside)
    except Conflict as error:
        raise taken() from error
    if user != before:
        for guild_id in await world.directory.guilds_of(me):
            await call(
                world, OPERATIONS["show_user"], SYSTEM, {"guild_id": guild_id, "user_id": me}
            )
    return shown


async def _renamed(here: SignedIn, user: User, wish: str, *, bot: bool) -> User:
    """The user under another name, where it may be had."""
    name = names.normal(wish)
    if name == user.username:
        return user
    wrong = names.bot_problem(name) if bot else names.problem(name)
    if wrong is not None:
        raise invalid_form(wrong)
    await check_free(here.world, name, but=user.id)
    here.limit("update_my_user name", NAME_CHANGES)
    return replace(user, username=name, skeleton=names.skeleton(name))


def _described(account: Account, body: MyUserPatch | MyProfilePatch) -> Account:
    """The account with what its user says of themselves now."""
    if body.bio is not UNSET:
        account = replace(account, bio=(body.bio or "").strip())
    if body.pronouns is not UNSET:
        account = replace(account, pronouns=(body.pronouns or "").strip())
    if body.accent_color is not UNSET:
        account = replace(account, accent_color=body.accent_color)
    return account


async def _bannered(
    here: SignedIn, account: Account, body: MyUserPatch | MyProfilePatch
) -> tuple[Account, Set]:
    """The account with another banner or none, where one is asked for."""
    if body.banner is UNSET:
        return account, Set(account.banner, [], [])
    me = account.user_id
    made = await set_picture(here.world, "banner", body.banner, f"banners/{me}", user_id=me)
    return replace(account, banner=made.hash), made


@operation(commits=True)
async def show_user(here: InGuild) -> None:
    """Tell a guild that a member's user has another name."""
    if here.who.kind != "system":
        raise Refused(UNAUTHORIZED)
    user_id = int(here.params["user_id"])
    member = here.snapshot.members.get(user_id)
    if member is not None:
        here.tell([GuildMemberUpdate(member)], save=[here.world.user(user_id)])


@operation("PATCH", "/users/@me/profile", commits=True, body_bytes=PICTURE_BODY_BYTES)
async def update_my_profile(here: AsPerson, body: MyProfilePatch) -> ProfileMetadata:
    """Say something else of oneself."""
    world, me = here.world, here.who.user_id
    old = await world.directory.account(me) or Account(user_id=me)
    account, banner = await _bannered(here, _described(old, body), body)
    if account != old:
        shown = await my_user(world, me, account=account)
        beside = [account, *banner.save]
        await world.commit(here.home, [], banner.delete, [UserUpdate(me, shown)], beside)
    return _metadata(account)


def _metadata(account: Account) -> ProfileMetadata:
    return ProfileMetadata(
        bio=account.bio,
        pronouns=account.pronouns,
        accent_color=account.accent_color,
        banner=account.banner,
    )


@operation("GET", "/users/{user_id}/profile")
async def get_user_profile(here: AsPerson, user_id: int, query: ProfileQuery) -> ProfileObject:
    """What a user says of themselves, for those who share a guild or a DM with them."""
    world, me = here.world, here.who.user_id
    await world.load_users([user_id])
    user = world.known_user(user_id)
    if user is None:
        raise Refused(UNKNOWN_USER)
    mine = set(await world.directory.guilds_of(me))
    both = [each for each in await world.directory.guilds_of(user_id) if each in mine]
    if not both and user_id != me and not await _share_a_channel(world, me, user_id):
        raise Refused(MISSING_ACCESS)
    account = await world.directory.account(user_id) or Account(user_id=user_id)
    said = user_object(user)
    shown = ProfileObject(
        user=ProfileUserObject(
            **{name: getattr(said, name) for name in UserObject.__struct_fields__},
            bio=account.bio,
            banner=account.banner,
            accent_color=account.accent_color,
        ),
        user_profile=_metadata(account),
    )
    mutual: list[MutualGuild] = []
    for guild_id in both:
        # A copy of the guild, followed where it is owned elsewhere: nothing is changed.
        snapshot = (await world.home(guild_id)).snapshot
        member = None if snapshot is None else snapshot.members.get(user_id)
        if member is None:
            continue
        mutual.append(MutualGuild(id=str(guild_id), nick=member.nick))
        if guild_id == query.guild_id:
            shown.guild_member_profile = ProfileMetadata(
                bio=member.bio or "", banner=member.banner, guild_id=str(guild_id)
            )
    if query.with_mutual_guilds:
        shown.mutual_guilds = mutual
    return shown


async def _share_a_channel(world: World, one: int, other: int) -> bool:
    """Whether two are in one private channel."""
    mine = set(await world.directory.private_channel_ids(one))
    return not mine.isdisjoint(await world.directory.private_channel_ids(other))


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
