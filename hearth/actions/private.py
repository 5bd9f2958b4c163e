"""DMs and group DMs: open, list, close, and who is in them (Discord reference, "User", "Channel").

What only people's clients call is in discord-userdoccers, "Channels".
"""

from collections.abc import Iterable, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.assets import Set, set_picture
from hearth.actions.messages import write_system_message
from hearth.actions.reach import Opened, acquainted, open_for
from hearth.actions.scopes import InChannel, SignedIn
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import (
    CANNOT_MESSAGE_USER,
    INVALID_RECIPIENTS,
    MAX_RECIPIENTS,
    UNKNOWN_CHANNEL,
    UNKNOWN_USER,
    USERS_ONLY,
    WRONG_CHANNEL_TYPE,
    Refused,
)
from hearth.core.events import (
    ChannelRecipientAdd,
    ChannelRecipientRemove,
    Event,
    PrivateChannelCreate,
    PrivateChannelDelete,
    PrivateChannelUpdate,
)
from hearth.core.limits import Rate
from hearth.core.models.channels import Channel, ChannelPatch, ChannelType
from hearth.core.models.messages import MessageType
from hearth.core.models.private import (
    MOST_RECIPIENTS,
    PrivateChannel,
    PrivateChannelObject,
    Recipient,
    RecipientPut,
    pair_of,
    private_channel_object,
)
from hearth.core.models.private import (
    PrivateChannelCreate as PrivateChannelCreateBody,
)
from hearth.core.models.users import User
from hearth.core.operations import operation
from hearth.core.permissions import P
from hearth.core.ports import Conflict


@operation("POST", "/users/@me/channels", rate=Rate(10, per=10))
async def create_dm(here: SignedIn, body: PrivateChannelCreateBody) -> PrivateChannelObject:
    """Open the DM with a user, or make a group DM; others hear of a DM with its first message."""
    world = here.world
    me = here.who.user_id
    wanted = [user_id for user_id in body.user_ids if user_id != me]
    await world.load_users([me, *wanted])
    others = [user for user_id in wanted if (user := world.known_user(user_id)) is not None]
    if len(wanted) > 1:
        if here.who.kind == "bot":
            raise Refused(USERS_ONLY)
        return await _make_group(world, me, wanted, others)
    if not others:
        raise Refused(CANNOT_MESSAGE_USER if here.who.kind == "bot" else INVALID_RECIPIENTS)
    if here.who.kind == "bot" and others[0].bot:
        raise Refused(CANNOT_MESSAGE_USER)
    return await open_for(world, await _dm(world, me, others[0].id), [me])


async def _dm(world: World, me: int, other: int) -> int:
    """The id of the DM of two users, which is made where there is none."""
    pair = pair_of(me, other)
    found = await world.directory.dm_of(pair)
    if found is not None:
        return found
    made = world.make_id()
    channel = Channel(id=made, guild_id=None, type=ChannelType.DM, name="", pair=pair)
    try:
        await world.save([channel, *_recipients(world, made, (me, other))], home=made)
    except Conflict:
        # The other opened it at the same time: pairs are unique.
        found = await world.directory.dm_of(pair)
        if found is None:
            raise Refused(INVALID_RECIPIENTS) from None
        return found
    return made


async def _make_group(
    world: World, me: int, wanted: Sequence[int], others: Sequence[User]
) -> PrivateChannelObject:
    if len(others) < len(wanted):
        raise Refused(INVALID_RECIPIENTS)
    if len(wanted) >= MOST_RECIPIENTS:
        raise Refused(MAX_RECIPIENTS)
    for other in others:
        await _may_gather(world, world.user(me), other)
    made = world.make_id()
    channel = Channel(id=made, guild_id=None, type=ChannelType.GROUP_DM, name="", owner_id=me)
    # On the lists of all from the first: one that nobody sees would be lost by a crash.
    listed = [replace(each, open=True) for each in _recipients(world, made, (me, *wanted))]
    await world.save([channel, *listed], home=made)
    return await open_for(world, made, [me, *wanted], new=True)


async def _may_gather(world: World, one: User, other: User) -> None:
    """Whether `one` may put `other` into a group; Discord asks for friends, which come later."""
    if other.bot:
        raise Refused(INVALID_RECIPIENTS)
    dm = await world.directory.dm_of(pair_of(one.id, other.id))
    if not await acquainted(world, one, other, dm):
        raise Refused(CANNOT_MESSAGE_USER)


def _recipients(world: World, channel_id: int, user_ids: Sequence[int]) -> list[Recipient]:
    now = world.wall_ms()
    return [Recipient(channel_id=channel_id, user_id=i, joined_at_ms=now) for i in user_ids]


@operation(commits=True)
async def open_private_channel(here: InChannel, body: Opened) -> PrivateChannelObject:
    """Show a private channel in the lists of `user_ids`, whose sessions are told where it is new.

    A `new` one is on their lists already, and they are told.

    For the server itself. The reply is the channel as the first of them sees it.
    """
    recipients = here.snapshot.recipients
    known = [recipients[user_id] for user_id in body.user_ids if user_id in recipients]
    if not known:
        raise Refused(UNKNOWN_CHANNEL)
    shut = [each for each in known if body.new or not each.open]
    told = [
        PrivateChannelCreate(here.channel, each.user_id, others_of(here, each.user_id))
        for each in shut
    ]
    if body.new:
        here.tell(told)
    elif shut:
        await here.commit(save=[replace(each, open=True) for each in shut], tell=told)
    return shown(here, here.channel, known[0].user_id)


@operation("GET", "/users/@me/channels")
async def list_private_channels(here: SignedIn) -> list[PrivateChannelObject]:
    """The DMs and group DMs that the caller's list shows, by id; a bot has no list."""
    if here.who.kind == "bot":
        return []
    me = here.who.user_id
    return listed(here.world, me, await load_list(here.world, me))


async def load_list(world: World, me: int) -> list[PrivateChannel]:
    """The private channels that a user's list shows, by id; who is in them is in memory then."""
    found = await world.directory.private_channels(me)
    await world.load_users({r.user_id for each in found for r in each.recipients})
    return found


def listed(world: World, me: int, found: Iterable[PrivateChannel]) -> list[PrivateChannelObject]:
    """The private channels of a user's list as they are shown, with their newest message now."""
    return [
        private_channel_object(
            each.channel,
            [world.user(r.user_id) for r in each.recipients if r.user_id != me],
            world.log.last_id(each.channel.id),
            world.log.last_pin_ms(each.channel.id),
        )
        for each in found
    ]


@operation("PUT", "/channels/{channel_id}/recipients/{user_id}", commits=True, status=201)
async def add_group_dm_user(
    here: InChannel, user_id: int, body: RecipientPut
) -> PrivateChannelObject | None:
    """Add somebody to a group DM; anybody in it may. To a DM: make a group of the three."""
    if here.channel.type != ChannelType.DM:
        _in_group(here)
    world = here.world
    if user_id in here.snapshot.recipients:
        return None
    await world.load_users([user_id])
    user = world.known_user(user_id)
    if user is None:
        raise Refused(UNKNOWN_USER)
    if here.channel.type == ChannelType.DM:
        if here.who.kind == "bot":
            raise Refused(USERS_ONLY)
        wanted = [*others_of(here, here.who.user_id), user_id]
        return await _make_group(world, here.who.user_id, wanted, [*map(world.user, wanted)])
    if len(here.snapshot.recipients) >= MOST_RECIPIENTS:
        raise Refused(MAX_RECIPIENTS)
    me = here.who.user_id
    await _may_gather(world, world.user(me), user)
    (made,) = _recipients(world, here.channel.id, [user_id])
    others = tuple(here.snapshot.recipients)
    await here.commit(
        # The user goes along for the copies of this home, which may not know them.
        save=[user, replace(made, open=True)],
        tell=[
            PrivateChannelCreate(here.channel, user_id, others),
            ChannelRecipientAdd(here.channel.id, user_id),
        ],
    )
    await write_system_message(here, MessageType.RECIPIENT_ADD, mentions=(user_id,))
    return None


@operation("DELETE", "/channels/{channel_id}/recipients/{user_id}", commits=True)
async def delete_group_dm_user(here: InChannel, user_id: int) -> None:
    """Remove somebody from a group DM, which its owner may; or leave it."""
    _in_group(here)
    if user_id != here.who.user_id:
        here.require(P.KICK_MEMBERS)
    if user_id not in here.snapshot.recipients:
        raise Refused(UNKNOWN_USER)
    await _part(here, user_id)


async def update_private_channel(here: InChannel, body: ChannelPatch) -> PrivateChannelObject:
    """Change a group DM's name or picture, as anybody in it may, or its owner, as its owner may."""
    _in_group(here)
    before = after = here.channel
    me = here.who.user_id
    if body.name is not UNSET:
        after = replace(after, name=(body.name or "").strip())
    if body.owner is not UNSET and body.owner != before.owner_id:
        here.require(P.KICK_MEMBERS)
        if body.owner not in here.snapshot.recipients:
            raise Refused(INVALID_RECIPIENTS)
        after = replace(after, owner_id=body.owner)
    icon = Set(before.icon, [], [])
    if body.icon is not UNSET:
        path = f"channel-icons/{before.id}"
        icon = await set_picture(here.world, "icon", body.icon, path, channel_id=before.id)
        after = replace(after, icon=icon.hash)
    if after != before:
        await here.commit(
            save=[after],
            delete=icon.delete,
            beside=icon.save,
            tell=_updates(here, after, list(here.snapshot.recipients)),
        )
        if after.name != before.name:
            kind = MessageType.CHANNEL_NAME_CHANGE
            await write_system_message(here, kind, content=after.name)
        if after.icon != before.icon:
            await write_system_message(here, MessageType.CHANNEL_ICON_CHANGE)
    return shown(here, after, me)


async def leave_private_channel(here: InChannel) -> PrivateChannelObject:
    """Take a DM off the caller's list, which the next message undoes; leave a group for good."""
    me = here.who.user_id
    said = shown(here, here.channel, me)
    if here.channel.type == ChannelType.GROUP_DM:
        await _part(here, me)
        return said
    own = here.snapshot.recipients[me]
    if own.open:
        await here.commit(
            save=[replace(own, open=False)],
            tell=[PrivateChannelDelete(here.channel, me, others_of(here, me))],
        )
    return said


async def _part(here: InChannel, user_id: int) -> None:
    """Take somebody out of a group. An owner who leaves is followed by who has been there longest.

    Their messages stay, unless they were the last one.
    """
    channel = here.channel
    gone = here.snapshot.recipients[user_id]
    left = [each for each in here.snapshot.recipients.values() if each is not gone]
    told: list[Event] = [PrivateChannelDelete(channel, user_id, others_of(here, user_id))]
    if not left:
        await here.commit(delete=[gone, channel], tell=told)
        here.world.purge([channel.id])
        return
    save: list[Noun] = []
    told.append(ChannelRecipientRemove(channel.id, user_id))
    if channel.owner_id == user_id:
        first = min(left, key=lambda each: (each.joined_at_ms, each.user_id))
        after = replace(channel, owner_id=first.user_id)
        save.append(after)
        told += _updates(here, after, [each.user_id for each in left])
    await here.commit(save=save, delete=[gone], tell=told)
    await write_system_message(here, MessageType.RECIPIENT_REMOVE, mentions=(user_id,))


def _in_group(here: InChannel) -> None:
    if here.channel.type != ChannelType.GROUP_DM:
        raise Refused(WRONG_CHANNEL_TYPE)


def _updates(here: InChannel, after: Channel, user_ids: Sequence[int]) -> list[Event]:
    """What each of those who are in a group then is told of it."""
    return [
        PrivateChannelUpdate(after, each, tuple(i for i in user_ids if i != each))
        for each in user_ids
    ]


def others_of(here: InChannel, user_id: int) -> tuple[int, ...]:
    """Who else is in the private channel."""
    return tuple(i for i in here.snapshot.recipients if i != user_id)


def shown(here: InChannel, channel: Channel, user_id: int) -> PrivateChannelObject:
    """The private channel as one of its recipients sees it."""
    others = [here.world.user(i) for i in others_of(here, user_id)]
    home = here.home
    return private_channel_object(
        channel, others, home.last_id(channel.id), home.last_pin_ms(channel.id)
    )
