"""Accounts disabled and deleted: what goes, what stays, and in which order (docs/operate.md)."""

from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from hearth.actions.admin import UserNamed, find_user
from hearth.actions.auth import prove
from hearth.actions.bans import PAGE, delete_messages
from hearth.actions.exports import forget_export
from hearth.actions.gate import call
from hearth.actions.messages import readable
from hearth.actions.operators import write_down
from hearth.actions.scopes import AsOperator, AsPerson, InChannel, OfUser
from hearth.actions.world import Home, World
from hearth.core.commits import Noun
from hearth.core.errors import (
    ACCOUNT_DISABLED,
    INVALID_ACCOUNT_TYPE,
    OWNS_GUILDS,
    UNAUTHORIZED,
    Refused,
)
from hearth.core.events import Event
from hearth.core.models.accounts import (
    ACTIVE,
    DELETED,
    DISABLED,
    SUSPENDED,
    Account,
    PasswordGiven,
)
from hearth.core.models.channels import ChannelType
from hearth.core.models.users import Credential, User
from hearth.core.operations import OPERATIONS, SYSTEM, Principal, operation
from hearth.core.social_events import RelationshipRemove


class Suspension(Struct):
    """What an account becomes: SUSPENDED, or ACTIVE again."""

    disabled: int


class UserDelete(UserNamed):
    """A user to be deleted, and whether what they wrote goes too."""

    purge: bool = False


# By oneself


@operation("POST", "/users/@me/disable", commits=True)
async def disable_my_account(here: AsPerson, body: PasswordGiven) -> None:
    """End all sessions of the caller's; a log-in with `undelete` enables the account again."""
    await prove(here, body.password)
    await _disable(here.world, here.home, here.who.user_id, DISABLED)


@operation("POST", "/users/@me/delete", commits=True)
async def delete_my_account(here: AsPerson, body: PasswordGiven) -> None:
    """Delete the caller's account for good, and their bots; what they wrote stays, without a name.

    Who owns guilds gives them away or deletes them first.
    """
    await prove(here, body.password)
    await _delete(here.world, here.home, here.who.user_id)


# By the operator


@operation()
async def suspend_user(here: AsOperator, body: UserNamed) -> None:
    """End all sessions of a person or bot and let them in no more."""
    await _ask(here, body, Suspension(SUSPENDED))


@operation()
async def restore_user(here: AsOperator, body: UserNamed) -> None:
    """Let a person or bot in again who was suspended, or who disabled their account."""
    await _ask(here, body, Suspension(ACTIVE))


async def _ask(here: AsOperator, body: UserNamed, wish: Suspension) -> None:
    user = await find_user(here.world, body.user)
    action = "restore_user" if wish.disabled == ACTIVE else "suspend_user"
    await write_down(here, action, user.id)
    await call(here.world, OPERATIONS["set_disabled"], SYSTEM, {"user_id": user.id}, wish)


@operation(commits=True)
async def set_disabled(here: OfUser, body: Suspension) -> None:
    """Suspend or restore a user, in the turn of their home."""
    await _disable(here.world, here.home, int(here.params["user_id"]), body.disabled)


@operation()
async def delete_user(here: AsOperator, body: UserDelete) -> None:
    """Delete the account of a person or bot for good; with `purge` also what they wrote.

    What somebody wrote who is deleted already may be deleted later.
    """
    world = here.world
    user = await find_user(world, body.user)
    await write_down(here, "delete_user", user.id)
    if not body.purge or user.username != _nameless(user.id):
        await call(world, OPERATIONS["erase_user"], SYSTEM, {"user_id": user.id})
    if body.purge:
        for channel_id in await world.log.channels():
            at = {"channel_id": channel_id, "user_id": user.id}
            with suppress(Refused):  # A channel that is gone meanwhile.
                await call(world, OPERATIONS["delete_messages_of"], SYSTEM, at)


@operation(commits=True)
async def erase_user(here: OfUser) -> None:
    """Delete a user, in the turn of their home."""
    await _delete(here.world, here.home, int(here.params["user_id"]))


@operation()
async def delete_messages_of(here: InChannel) -> None:
    """Delete what a user wrote in a channel, a page at a time."""
    if here.who.kind != "system":
        raise Refused(UNAUTHORIZED)
    log, channel_id, author = here.world.log, here.channel.id, int(here.params["user_id"])
    last = log.last_id(channel_id)
    before = None if last is None else last + 1
    while before is not None:
        page = await log.page(channel_id, PAGE, before=before)
        messages = [each for each in map(readable, page) if each is not None]
        own = [each.id for each in messages if each.author_id == author]
        await delete_messages(here, channel_id, own)
        before = messages[-1].id if len(page) == PAGE and messages else None


# How


async def _account(world: World, user_id: int) -> Account:
    return await world.directory.account(user_id) or Account(user_id=user_id)


async def _disable(world: World, home: Home, user_id: int, state: int) -> None:
    account = await _account(world, user_id)
    if account.disabled == DELETED:
        raise Refused(ACCOUNT_DISABLED)
    tokens = [] if state == ACTIVE else await world.directory.tokens_of(user_id)
    await world.commit(home, [], tokens, [], [replace(account, disabled=state)])


async def _delete(world: World, home: Home, user_id: int) -> None:
    """First nobody can act as them any more, then they leave, then their name goes.

    Killed in between, the next start goes on with it.
    """
    await world.load_users([user_id])
    if world.user(user_id).username == _nameless(user_id):
        raise Refused(INVALID_ACCOUNT_TYPE)
    bots = [each.bot_id for each in await world.directory.applications_of(user_id)]
    gone = [user_id, *bots]
    for each in gone:
        if await world.directory.guilds_owned_by(each):
            raise Refused(OWNS_GUILDS)
    marked = [replace(await _account(world, each), disabled=DELETED) for each in gone]
    void: list[Noun] = [Credential(user_id=user_id, password_hash="")]
    for each in gone:
        void += await world.directory.tokens_of(each)
    await world.commit(home, [], void, [], marked)
    for each in (*bots, user_id):
        await _leave(world, each)
        await _forget(world, home, each)


async def finish_deletions(world: World) -> None:
    """Go on with what a crash has interrupted; bots come before who owned them."""
    for user_id in await world.directory.departing():
        with suppress(Refused):
            await call(world, OPERATIONS["forget_user"], SYSTEM, {"user_id": user_id})


@operation(commits=True)
async def forget_user(here: OfUser) -> None:
    """Finish the deletion of a user, in the turn of their home."""
    user_id = int(here.params["user_id"])
    await _leave(here.world, user_id)
    await _forget(here.world, here.home, user_id)


async def _leave(world: World, user_id: int) -> None:
    """Leave every guild and group DM, and tell those who stay."""
    await world.load_users([user_id])
    who = Principal(kind="bot" if world.user(user_id).bot else "user", user_id=user_id)
    for guild_id in await world.directory.guilds_of(user_id):
        with suppress(Refused):  # Removed meanwhile.
            await call(world, OPERATIONS["leave_guild"], who, {"guild_id": guild_id})
    for each in await world.directory.private_channels(user_id):
        if each.channel.type == ChannelType.GROUP_DM:
            at = {"channel_id": each.channel.id, "user_id": user_id}
            with suppress(Refused):
                await call(world, OPERATIONS["delete_group_dm_user"], who, at)


async def _forget(world: World, home: Home, user_id: int) -> None:
    """Let SQL take along all that is a user's own, and keep a nameless one in their place.

    Their friends are told that they are gone. DMs stay with the other: that they were in them is
    kept.
    """
    await forget_export(world, user_id)
    before = world.user(user_id)
    after = User(id=user_id, username=_nameless(user_id), bot=before.bot)
    kept: list[Noun] = [Account(user_id=user_id, disabled=DELETED)]
    for each in await world.directory.private_channels(user_id):
        kept += [replace(r, open=False) for r in each.recipients if r.user_id == user_id]
    application = await world.directory.application_of(user_id) if before.bot else None
    gone: list[Noun] = [before] if application is None else [before, application]
    tell: list[Event] = []
    for mine in await world.directory.relationships(user_id):
        theirs = await world.directory.relationship(mine.other_id, user_id)
        gone.append(mine)
        if theirs is not None:
            gone.append(theirs)
            tell.append(RelationshipRemove(theirs.user_id, user_id, theirs.type, theirs.nickname))
    await world.commit(home, [after], gone, tell, kept)


def _nameless(user_id: int) -> str:
    """What is shown of a user who is gone."""
    return f"deleted_user_{user_id:x}"
