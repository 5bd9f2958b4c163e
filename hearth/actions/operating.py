"""What operators change by the operations that people have; the operator log says so first.

The audit log of a guild has it as well, by nobody's name: no member did it.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from hearth.actions.admin import GuildNamed, TokenMade, UserNamed, find_guild_id, find_user
from hearth.actions.auth import give_token
from hearth.actions.gate import call
from hearth.actions.operators import write_down
from hearth.actions.scopes import AsOperator, OfUser
from hearth.actions.sessions import id_hash
from hearth.actions.world import World
from hearth.core.errors import (
    INVALID_ACCOUNT_TYPE,
    UNKNOWN_CHANNEL,
    UNKNOWN_EMOJI,
    UNKNOWN_ROLE,
    UNKNOWN_STICKER,
    Error,
    Refused,
    invalid_form,
)
from hearth.core.ids import MAX_ID
from hearth.core.models.bans import BanObject, BanPut, BansQuery, DeleteSeconds
from hearth.core.models.emojis import Emoji, EmojiObject
from hearth.core.models.guild_forms import GuildPatch
from hearth.core.models.invites import InviteCreate, InviteObject
from hearth.core.models.members import MemberObject, MembersQuery
from hearth.core.models.messages import MessageObject
from hearth.core.models.roles import Role, RoleObject
from hearth.core.models.stickers import Sticker, StickerObject
from hearth.core.operations import OPERATIONS, OPERATOR, SYSTEM, operation
from hearth.core.wire import Snowflake

After = Annotated[int, Meta(ge=0, le=MAX_ID)]
Most = Annotated[int, Meta(ge=1, le=1000)]


class Done(Struct):
    """What was changed: its id, or the code of an invite."""

    id: str


class Ended(Struct):
    """How many sessions were ended."""

    ended: int


class SessionsEnd(UserNamed):
    """Whose sessions to end: one, by the id that a list shows, or all."""

    session: str | None = None


class SessionsOf(Struct):
    """Which of a user's sessions to end; None = all."""

    session: str | None = None


class GuildPage(GuildNamed):
    """A part of a guild's list: up to `limit` users with ids above `after`."""

    after: After = 0
    limit: Most = 100


class GuildGiven(GuildNamed):
    """A guild, and who shall own it."""

    user: str


class RoleGiven(GuildGiven):
    """A guild's role, by name or id, and a member."""

    role: str


class EmojiNamed(GuildNamed):
    """A guild's emoji, by name or id."""

    emoji: str


class StickerNamed(GuildNamed):
    """A guild's sticker, by name or id."""

    sticker: str


class BanAdd(GuildGiven):
    """Whom to ban, why, and of how many seconds their messages go."""

    reason: Annotated[str, Meta(max_length=512)] | None = None
    delete_message_seconds: DeleteSeconds = 0


class InviteAdd(Struct):
    """Where an invite shall lead, for how many seconds and how many people; 0 is without end."""

    channel: Snowflake
    max_age: Annotated[int, Meta(ge=0, le=60 * 24 * 3600)] = 24 * 3600
    max_uses: Annotated[int, Meta(ge=0, le=100)] = 0


class InviteNamed(Struct):
    """An invite by its code."""

    code: str


class MessageNamed(Struct):
    """A message by its channel's and its own id."""

    channel: Snowflake
    message: Snowflake


class Members(Struct):
    """Members, by id."""

    members: list[MemberObject]


class Invites(Struct):
    """Invites."""

    invites: list[InviteObject]


class Roles(Struct):
    """Roles."""

    roles: list[RoleObject]


class Bans(Struct):
    """Bans, by user id."""

    bans: list[BanObject]


class Emojis(Struct):
    """Emojis."""

    emojis: list[EmojiObject]


class Stickers(Struct):
    """Stickers."""

    stickers: list[StickerObject]


class MessageShown(Struct):
    """A message as its readers see it; `private` where its channel is of no guild."""

    private: bool
    message: MessageObject


async def _ask(
    here: AsOperator,
    name: str,
    params: Mapping[str, int | str],
    body: Struct | None = None,
    query: Struct | None = None,
    reason: str | None = None,
) -> Any:
    """What an operation of people's gives the operator."""
    reply = await call(here.world, OPERATIONS[name], OPERATOR, params, body, query, reason)
    return reply.value


async def _in_guild(world: World, body: GuildGiven) -> dict[str, int]:
    guild_id = await find_guild_id(world, body.guild)
    return {"guild_id": guild_id, "user_id": (await find_user(world, body.user)).id}


# Sessions and tokens


@operation()
async def end_sessions(here: AsOperator, body: SessionsEnd) -> Ended:
    """End one session of a person or bot, or all; their tokens are void."""
    user = await find_user(here.world, body.user)
    await write_down(here, "end_sessions", user.id)
    return Ended(await _end(here, user.id, body.session))


@operation()
async def reset_bot_token(here: AsOperator, body: UserNamed) -> TokenMade:
    """Void all tokens of a bot and make a new one."""
    user = await find_user(here.world, body.user)
    if not user.bot:
        raise Refused(INVALID_ACCOUNT_TYPE)
    await write_down(here, "reset_bot_token", user.id)
    await _end(here, user.id, None)
    return TokenMade(await give_token(here.world, user))


async def _end(here: AsOperator, user_id: int, session: str | None) -> int:
    operation = OPERATIONS["end_sessions_of"]
    wish = SessionsOf(session)
    return (await call(here.world, operation, SYSTEM, {"user_id": user_id}, wish)).value.ended


@operation(commits=True)
async def end_sessions_of(here: OfUser, body: SessionsOf) -> Ended:
    """End sessions of a user, in the turn of their home; what is connected with them is closed."""
    world = here.world
    tokens = await world.directory.tokens_of(int(here.params["user_id"]))
    gone = [each for each in tokens if body.session in (None, id_hash(each.hash))]
    if body.session is not None and not gone:
        raise invalid_form((("session",), "INVALID_SESSION", "There is no such session."))
    await world.commit(here.home, [], gone, [])
    return Ended(len(gone))


# Guilds


@operation()
async def list_members_as_operator(here: AsOperator, body: GuildPage) -> Members:
    """A guild's members, by id."""
    guild_id = await find_guild_id(here.world, body.guild)
    query = MembersQuery(limit=body.limit, after=body.after)
    return Members(await _ask(here, "list_guild_members", {"guild_id": guild_id}, query=query))


@operation()
async def delete_guild_as_operator(here: AsOperator, body: GuildNamed) -> Done:
    """Delete a guild with all in it, for good."""
    guild_id = await find_guild_id(here.world, body.guild)
    await write_down(here, "delete_guild", guild_id)
    await _ask(here, "delete_guild", {"guild_id": guild_id})
    return Done(str(guild_id))


@operation()
async def transfer_guild(here: AsOperator, body: GuildGiven) -> Done:
    """Make a member, who is no bot, the owner of a guild."""
    where = await _in_guild(here.world, body)
    await write_down(here, "transfer_guild", where["guild_id"])
    wish = GuildPatch(owner_id=where["user_id"])
    await _ask(here, "update_guild", {"guild_id": where["guild_id"]}, wish)
    return Done(str(where["guild_id"]))


# Invites


@operation()
async def list_invites_as_operator(here: AsOperator, body: GuildNamed) -> Invites:
    """A guild's invites, with how often they were used."""
    guild_id = await find_guild_id(here.world, body.guild)
    return Invites(await _ask(here, "list_guild_invites", {"guild_id": guild_id}))


@operation()
async def create_invite(here: AsOperator, body: InviteAdd) -> Done:
    """Make an invite to a channel; its code."""
    await write_down(here, "create_invite", body.channel)
    form = InviteCreate(max_age=body.max_age, max_uses=body.max_uses, unique=True)
    made = await _ask(here, "create_channel_invite", {"channel_id": body.channel}, form)
    return Done(made.code)


@operation()
async def delete_invite(here: AsOperator, body: InviteNamed) -> Done:
    """Take an invite back."""
    invite = await here.world.directory.invite(body.code)
    await write_down(here, "delete_invite", invite.channel_id if invite else 0)
    await _ask(here, "invite_revoke", {"code": body.code})
    return Done(body.code)


# Roles


@operation()
async def list_roles_as_operator(here: AsOperator, body: GuildNamed) -> Roles:
    """A guild's roles."""
    guild_id = await find_guild_id(here.world, body.guild)
    return Roles(await _ask(here, "list_guild_roles", {"guild_id": guild_id}))


@operation()
async def grant_role(here: AsOperator, body: RoleGiven) -> Done:
    """Give a member a role."""
    return await _give(here, body, "grant_role", "add_guild_member_role")


@operation()
async def revoke_role(here: AsOperator, body: RoleGiven) -> Done:
    """Take a role from a member."""
    return await _give(here, body, "revoke_role", "delete_guild_member_role")


async def _give(here: AsOperator, body: RoleGiven, action: str, name: str) -> Done:
    where = await _in_guild(here.world, body)
    snapshot = (await here.world.home(where["guild_id"])).snapshot
    roles = {} if snapshot is None else snapshot.roles
    role_id = _named(roles.values(), "role", body.role, UNKNOWN_ROLE)
    await write_down(here, action, where["user_id"])
    await _ask(here, name, {**where, "role_id": role_id})
    return Done(str(role_id))


def _named(nouns: Iterable[Role | Emoji | Sticker], what: str, text: str, unknown: Error) -> int:
    """The id of the one that has this name or id."""
    found = [each.id for each in nouns if text in (each.name, str(each.id))]
    if not found:
        raise Refused(unknown)
    if len(found) > 1:
        said = f"Several {what}s have it: {', '.join(map(str, found))}."
        raise invalid_form(((what,), f"{what.upper()}_AMBIGUOUS", said))
    return found[0]


# Emojis and stickers


@operation()
async def list_emojis_as_operator(here: AsOperator, body: GuildNamed) -> Emojis:
    """A guild's emojis, and who made them."""
    guild_id = await find_guild_id(here.world, body.guild)
    return Emojis(await _ask(here, "list_guild_emojis", {"guild_id": guild_id}))


@operation()
async def delete_emoji(here: AsOperator, body: EmojiNamed) -> Done:
    """Delete an emoji with its picture; messages keep its name."""
    guild_id = await find_guild_id(here.world, body.guild)
    snapshot = (await here.world.home(guild_id)).snapshot
    emojis = {} if snapshot is None else snapshot.emojis
    emoji_id = _named(emojis.values(), "emoji", body.emoji, UNKNOWN_EMOJI)
    await write_down(here, "delete_emoji", guild_id)
    await _ask(here, "delete_guild_emoji", {"guild_id": guild_id, "emoji_id": emoji_id})
    return Done(str(emoji_id))


@operation()
async def list_stickers_as_operator(here: AsOperator, body: GuildNamed) -> Stickers:
    """A guild's stickers, and who made them."""
    guild_id = await find_guild_id(here.world, body.guild)
    return Stickers(await _ask(here, "list_guild_stickers", {"guild_id": guild_id}))


@operation()
async def delete_sticker(here: AsOperator, body: StickerNamed) -> Done:
    """Delete a sticker with its picture; messages keep its name."""
    guild_id = await find_guild_id(here.world, body.guild)
    snapshot = (await here.world.home(guild_id)).snapshot
    stickers = {} if snapshot is None else snapshot.stickers
    sticker_id = _named(stickers.values(), "sticker", body.sticker, UNKNOWN_STICKER)
    await write_down(here, "delete_sticker", guild_id)
    await _ask(here, "delete_guild_sticker", {"guild_id": guild_id, "sticker_id": sticker_id})
    return Done(str(sticker_id))


# Bans


@operation()
async def list_bans_as_operator(here: AsOperator, body: GuildPage) -> Bans:
    """Who is banned from a guild, by user id."""
    guild_id = await find_guild_id(here.world, body.guild)
    query = BansQuery(limit=body.limit, after=body.after)
    return Bans(await _ask(here, "list_guild_bans", {"guild_id": guild_id}, query=query))


@operation()
async def add_ban(here: AsOperator, body: BanAdd) -> Done:
    """Ban a user from a guild, a member or not."""
    where = await _in_guild(here.world, body)
    await write_down(here, "add_ban", where["user_id"])
    form = BanPut(delete_message_seconds=body.delete_message_seconds)
    await _ask(here, "ban_user_from_guild", where, form, reason=body.reason)
    return Done(str(where["user_id"]))


@operation()
async def remove_ban(here: AsOperator, body: GuildGiven) -> Done:
    """Lift a ban."""
    where = await _in_guild(here.world, body)
    await write_down(here, "remove_ban", where["user_id"])
    await _ask(here, "unban_user_from_guild", where)
    return Done(str(where["user_id"]))


# Messages


@operation()
async def show_message(here: AsOperator, body: MessageNamed) -> MessageShown:
    """Read one message; the operator log says so first, and whether its channel is private."""
    private = await _is_private(here.world, body.channel)
    await write_down(here, "read_private_messages" if private else "read_messages", body.channel)
    where = {"channel_id": body.channel, "message_id": body.message}
    return MessageShown(private, await _ask(here, "get_message", where))


@operation()
async def delete_message_as_operator(here: AsOperator, body: MessageNamed) -> Done:
    """Delete a message of whichever channel."""
    await _is_private(here.world, body.channel)
    await write_down(here, "delete_message", body.channel)
    where = {"channel_id": body.channel, "message_id": body.message}
    await _ask(here, "delete_message", where)
    return Done(str(body.message))


async def _is_private(world: World, channel_id: int) -> bool:
    key = await world.home_of(channel_id)
    if key is None:
        raise Refused(UNKNOWN_CHANNEL)
    return key == channel_id
