"""What the server's operator does: people, bots, guilds, tokens, and why somebody may."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from hearth.actions.accounts import check_free, make_link, save_account
from hearth.actions.auth import give_token, make_credential
from hearth.actions.guilds import starting_channels
from hearth.actions.operators import write_down
from hearth.actions.scopes import AsOperator, AsOperatorInGuild, Audit
from hearth.actions.world import World
from hearth.core import names
from hearth.core.commits import Noun
from hearth.core.errors import (
    BANNED,
    INVALID_ACCOUNT_TYPE,
    NOT_IN_DM,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_USER,
    Refused,
    invalid_form,
)
from hearth.core.events import GuildMemberAdd, GuildRoleCreate
from hearth.core.ids import MAX_ID
from hearth.core.models.accounts import Password
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import Channel
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import Application, Credential, User
from hearth.core.operations import operation
from hearth.core.permissions import ALL, EVERYONE, explain, parse, resolve

Username = Annotated[str, Meta(min_length=2, max_length=32, pattern=r"^[a-z0-9._]+$")]
GuildName = Annotated[str, Meta(min_length=2, max_length=100)]
BotName = Annotated[str, Meta(min_length=2, max_length=32)]

BOT_FLAGS = 1 << 13 | 1 << 15 | 1 << 19
"""A new bot may ask for presences, members and message content; its owner may take that away."""


class UserMade(Struct):
    """A new account and its token."""

    id: str
    username: str
    token: str


class LinkMade(Struct):
    """A link that is used once, and is good for a day."""

    link: str


class TokenMade(Struct):
    """A new token."""

    token: str


class ChannelMade(Struct):
    """A channel of a new guild."""

    id: str
    name: str
    type: int


class GuildMade(Struct):
    """A new guild."""

    id: str
    channels: list[ChannelMade]


class BotMade(Struct):
    """A new bot."""

    application_id: str
    user_id: str
    token: str


class Found(Struct):
    """What a name or id means."""

    id: str


class Why(Struct):
    """Whether a user has a permission in a channel, and the chain that decided."""

    allowed: bool
    because: list[str]


class Checked(Struct):
    """What is wrong with the stored data; nothing, when all is well."""

    faults: list[str]


class UserCreate(Struct):
    """A new person; without a password they log in when they have set one by a link."""

    username: Username
    password: Password | None = None


class GuildCreate(Struct):
    """A new guild."""

    name: GuildName
    owner: str


class BotCreate(Struct):
    """A new bot; `guild` is joined at once, with a managed role of `permissions`."""

    username: BotName
    owner: str


class BotJoin(Struct):
    """A bot that joins a guild with a managed role."""

    user: str
    permissions: Annotated[int, Meta(ge=0, le=MAX_ID)] = 0


class UserNamed(Struct):
    """A user by name or id."""

    user: str


class GuildNamed(Struct):
    """A guild by name or id."""

    guild: str


class WhyAsked(Struct):
    """May `user` do `permission` in `channel`?"""

    user: str
    channel: str
    permission: str


async def find_user(world: World, text: str) -> User:
    """The user of a name or id."""
    user = await world.directory.user_named(names.normal(text))
    if user is None and text.isdecimal() and len(text) < 20:
        found = await world.directory.users([int(text)])
        user = found[0] if found else None
    if user is None:
        raise Refused(UNKNOWN_USER)
    return user


async def find_guild_id(world: World, text: str) -> int:
    """The id of the guild of a name or id."""
    directory = world.directory
    if text.isdecimal() and len(text) < 20:
        guild_id = int(text)
        if guild_id in await directory.guild_ids():
            return guild_id
    ids = await directory.guilds_named(text)
    if len(ids) > 1:
        names = ", ".join(map(str, ids))
        raise invalid_form((("guild",), "GUILD_AMBIGUOUS", f"Several guilds have it: {names}."))
    if not ids:
        raise Refused(UNKNOWN_GUILD)
    return ids[0]


@operation()
async def find_guild(here: AsOperator, body: GuildNamed) -> Found:
    """The guild of a name or id."""
    return Found(str(await find_guild_id(here.world, body.guild)))


@operation()
async def create_user(here: AsOperator, body: UserCreate) -> UserMade:
    """Make a person's account; gives its first token."""
    world = here.world
    wrong = names.problem(body.username, by_operator=True)
    if wrong is not None:
        raise invalid_form(wrong)
    await check_free(world, body.username)
    looks = names.skeleton(body.username)
    user = User(id=world.make_id(), username=body.username, skeleton=looks)
    if body.password is None:
        credential = Credential(user_id=user.id, password_hash="")
    else:
        credential = await make_credential(user.id, body.password)
    await save_account(world, [user, credential])
    return UserMade(str(user.id), user.username, await give_token(world, user))


@operation()
async def create_claim_link(here: AsOperator) -> LinkMade:
    """Make a link whose user makes the account of an owner of the server; older ones are void."""
    return LinkMade(await make_link(here.world, "claim"))


@operation()
async def create_reset_link(here: AsOperator, body: UserNamed) -> LinkMade:
    """Make a link by which a person sets a new password; older ones are void."""
    user = await find_user(here.world, body.user)
    if user.bot:
        raise Refused(INVALID_ACCOUNT_TYPE)
    await write_down(here, "create_reset_link", user.id)
    return LinkMade(await make_link(here.world, "reset", user.id))


@operation()
async def create_token(here: AsOperator, body: UserNamed) -> TokenMade:
    """Make one more token of a user or bot."""
    user = await find_user(here.world, body.user)
    await write_down(here, "create_token", user.id)
    return TokenMade(await give_token(here.world, user))


@operation()
async def create_guild(here: AsOperator, body: GuildCreate) -> GuildMade:
    """Make a guild with a text and a voice channel."""
    world = here.world
    owner = await find_user(world, body.owner)
    guild_id = world.make_id()
    channels = starting_channels(world.make_id, guild_id)
    nouns: list[Noun] = [
        Guild(id=guild_id, name=body.name, owner_id=owner.id, system_channel_id=channels[2].id),
        Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=EVERYONE),
        *channels,
        Member(guild_id=guild_id, user_id=owner.id, joined_at_ms=world.wall_ms()),
    ]
    await world.save(nouns, home=guild_id)
    return GuildMade(str(guild_id), [ChannelMade(str(c.id), c.name, c.type) for c in channels])


@operation(commits=True)
async def join_guild(here: AsOperatorInGuild, body: UserNamed) -> None:
    """Make a user a member; nothing changes for one who is."""
    user = await find_user(here.world, body.user)
    if user.id in here.snapshot.members:
        return
    if await here.world.directory.bans_among(here.guild.id, [user.id]):
        raise Refused(BANNED)
    here.tell((), save=[user])
    member = Member(guild_id=here.guild.id, user_id=user.id, joined_at_ms=here.world.wall_ms())
    await here.commit(save=[member], tell=[GuildMemberAdd(member)])


@operation()
async def create_bot(here: AsOperator, body: BotCreate) -> BotMade:
    """Make an application with its bot user; gives the bot's token."""
    world = here.world
    owner = await find_user(world, body.owner)
    name = names.normal(body.username)
    wrong = names.bot_problem(name)
    if wrong is not None:
        raise invalid_form(wrong)
    await check_free(world, name)
    # As in Discord's newer applications, the bot user has the application's id.
    looks = names.skeleton(name)
    bot = User(id=world.make_id(), username=name, bot=True, skeleton=looks)
    application = Application(
        id=bot.id, bot_id=bot.id, owner_id=owner.id, name=body.username, flags=BOT_FLAGS
    )
    await save_account(world, [bot, application])
    return BotMade(str(application.id), str(bot.id), await give_token(world, bot))


@operation(commits=True)
async def join_bot(here: AsOperatorInGuild, body: BotJoin) -> None:
    """Add a bot to the guild, with a managed role that gives it `permissions`."""
    world = here.world
    bot = await find_user(world, body.user)
    if not bot.bot:
        raise Refused(INVALID_ACCOUNT_TYPE)
    if bot.id in here.snapshot.members:
        return
    here.tell((), save=[bot])
    save: list[Noun] = []
    roles: tuple[int, ...] = ()
    tell: list[Any] = []
    if body.permissions:
        role = Role(
            id=world.make_id(),
            guild_id=here.guild.id,
            name=bot.username,
            permissions=body.permissions & ALL,
            position=1,
            managed=True,
            bot_id=bot.id,
        )
        save.append(role)
        tell.append(GuildRoleCreate(role))
        roles = (role.id,)
    member = Member(
        guild_id=here.guild.id, user_id=bot.id, joined_at_ms=world.wall_ms(), roles=roles
    )
    await here.commit(
        save=[*save, member],
        audit=[Audit(AuditAction.BOT_ADD, bot.id)],
        tell=[*tell, GuildMemberAdd(member)],
    )


@operation()
async def explain_permission(here: AsOperator, body: WhyAsked) -> Why:
    """Whether a user may do something in a channel, and which role or overwrite decides."""
    world = here.world
    user = await find_user(world, body.user)
    try:
        bit = parse(body.permission)
    except ValueError as error:
        raise invalid_form((("permission",), "BASE_TYPE_CHOICES", str(error))) from None
    snapshot, channel = await _find_channel(world, user, body.channel)
    if snapshot.guild is None:
        raise Refused(NOT_IN_DM)
    member = snapshot.members.get(user.id)
    if member is None:
        return Why(False, [f"{user.username} is not a member of {snapshot.guild.name}"])
    now = world.wall_ms()
    allowed = resolve(snapshot, member, channel, now) & bit == bit
    return Why(allowed, explain(snapshot, member, channel, bit, now))


async def _find_channel(world: World, user: User, text: str) -> tuple[Snapshot, Channel]:
    """The channel of an id, or of a name in one of the user's guilds."""
    if text.isdecimal() and len(text) < 20:
        key = await world.home_of(int(text))
        keys = [] if key is None else [key]
    else:
        keys = await world.directory.guilds_of(user.id)
    wanted = text.removeprefix("#")
    homes = [await world.home(key) for key in keys]
    found = [
        (home.snapshot, channel)
        for home in homes
        if home.snapshot is not None
        for channel in home.snapshot.channels.values()
        if wanted in (channel.name, str(channel.id))
    ]
    if not found:
        raise Refused(UNKNOWN_CHANNEL)
    if len(found) > 1:
        ids = ", ".join(str(channel.id) for _, channel in found)
        raise invalid_form((("channel",), "CHANNEL_AMBIGUOUS", f"Several have it: {ids}."))
    return found[0]


@operation()
async def check_storage(here: AsOperator) -> Checked:
    """Whether log, metadata and journal agree."""
    return Checked(await here.world.check())
