"""What a person has read, and the badges that follow (discord-userdoccers, "Read states")."""

from collections.abc import Iterable

from hearth.actions.gate import call
from hearth.actions.scopes import AsPerson, InChannel, InGuild
from hearth.actions.settings import PRIVATE
from hearth.actions.world import Home, World
from hearth.core.errors import USERS_ONLY, Refused
from hearth.core.events import MessageAck
from hearth.core.limits import Rate
from hearth.core.models.guilds import Snapshot
from hearth.core.models.settings import (
    AckObject,
    AckPut,
    BulkAckPut,
    NotificationSettings,
    Personal,
    PinAck,
    ReadStateObject,
)
from hearth.core.operations import OPERATIONS, Principal, operation
from hearth.core.permissions import P
from hearth.core.social_events import ChannelPinsAck
from hearth.core.wire import timestamp


@operation("POST", "/channels/{channel_id}/messages/{message_id}/ack", rate=Rate(60, per=10))
async def ack_message(here: InChannel, message_id: int, body: AckPut) -> AckObject:
    """Say that the caller has read the channel up to a message; told to the caller's sessions."""
    _people_only(here.who)
    ack = MessageAck(here.who.user_id, here.channel.id, message_id, here.world.wall_ms())
    ack.last_viewed, ack.flags = body.last_viewed, body.flags
    if body.manual:
        ack.manual, ack.mention_count = True, body.mention_count
    await here.world.acknowledge(ack)
    return AckObject()


@operation("DELETE", "/channels/{channel_id}/messages/ack", rate=Rate(20, per=10))
async def delete_ack(here: InChannel) -> None:
    """Forget how far the caller has read the channel."""
    _people_only(here.who)
    await here.world.forget_ack(here.who.user_id, here.channel.id)


@operation("POST", "/channels/{channel_id}/pins/ack", rate=Rate(20, per=10))
async def ack_pins(here: InChannel) -> None:
    """Say that the caller has seen the channel's pins; told to the caller's sessions."""
    _people_only(here.who)
    world, me = here.world, here.who.user_id
    at_ms = world.log.last_pin_ms(here.channel.id) or 0
    await world.write([PinAck(user_id=me, channel_id=here.channel.id, at_ms=at_ms)])
    told = ChannelPinsAck(me, here.channel.id, at_ms, world.wall_ms())
    world.publish(world.user_home(me), tell=[told])


@operation("POST", "/guilds/{guild_id}/ack", rate=Rate(10, per=10), status=204)
async def ack_guild(here: InGuild) -> None:
    """Say that the caller has read all channels of the guild that they see."""
    _people_only(here.who)
    world, me = here.world, here.who.user_id
    own = await personal_of(world, me)
    read = {state.channel_id: state.last_message_id for state in own.read_states}
    for channel in list(here.snapshot.channels.values()):
        last = world.log.last_id(channel.id)
        unread = last is not None and last > read.get(channel.id, 0)
        if last is not None and unread and here.permissions_in(channel) & P.VIEW_CHANNEL:
            await world.acknowledge(MessageAck(me, channel.id, last, world.wall_ms()))


@operation("POST", "/read-states/ack-bulk", rate=Rate(20, per=10), status=204)
async def ack_bulk(here: AsPerson, body: BulkAckPut) -> None:
    """Say of several channels how far the caller has read them; those not seen are passed over."""
    for each in body.read_states:
        if each.read_state_type:
            continue  # Those of other things than channels, of which there are none here.
        params = {"channel_id": each.channel_id, "message_id": each.message_id}
        try:
            await call(here.world, OPERATIONS["ack_message"], here.who, params, AckPut())
        except Refused as refused:
            if refused.error.status == 429:
                raise


def _people_only(who: Principal) -> None:
    if who.kind != "user":
        raise Refused(USERS_ONLY)


async def personal_of(world: World, user_id: int) -> Personal:
    """All that is kept of how somebody looks at others, what waits here to be written too."""
    if world.has_unwritten_acks(user_id):
        await world.flush()
    return await world.directory.personal(user_id)


async def unread(
    world: World, user_id: int, own: Personal, homes: Iterable[Home], private: Iterable[int]
) -> list[ReadStateObject]:
    """How far somebody has read each channel, with the mentions since: the badges, by these rules.

    What names them counts always. @everyone, roles, and the messages of private channels do not
    where they are muted or suppressed; a mute that is over is none. There may be channels among
    these that are not seen (any more): the caller leaves them out, by what is seen when it is told.
    """
    now = world.wall_ms()
    settings = {each.guild_id: each for each in own.notification_settings}
    of_private = settings.get(PRIVATE)
    quiet = _muted(of_private, now)
    targets = {user_id}
    if of_private is None or not of_private.muted_at(now):
        targets |= {*private} - quiet
    for home in homes:
        snapshot = home.snapshot
        member = None if snapshot is None else snapshot.members.get(user_id)
        if snapshot is None or member is None:
            continue
        of_guild = settings.get(home.key)
        if of_guild is None:
            targets.update((home.key, *member.roles))
        elif not of_guild.muted_at(now):
            if not of_guild.suppress_everyone:
                targets.add(home.key)
            if not of_guild.suppress_roles:
                targets.update(member.roles)
            quiet |= _with_children(snapshot, _muted(of_guild, now))
    read = {state.channel_id: state.last_message_id for state in own.read_states}
    counts = await world.directory.mention_counts(user_id, targets, quiet)
    pins = {each.channel_id: each.at_ms for each in own.pin_acks}
    return [
        ReadStateObject(
            id=str(channel_id),
            last_message_id=str(read.get(channel_id, 0)),
            mention_count=counts.get(channel_id, 0),
            last_pin_timestamp=timestamp(pins.get(channel_id, 0)),
        )
        for channel_id in sorted(read.keys() | counts.keys() | pins.keys())
    ]


def _muted(settings: NotificationSettings | None, now: int) -> set[int]:
    if settings is None:
        return set()
    return {each.channel_id for each in settings.overrides if each.muted_at(now)}


def _with_children(snapshot: Snapshot, muted: set[int]) -> set[int]:
    """Those channels, those in such a category, and the threads of all of them."""
    if not muted:
        return muted
    channels = snapshot.channels
    found = set(muted)
    for channel in channels.values():
        parent = channels.get(channel.parent_id or 0)
        if parent is not None and not muted.isdisjoint((parent.id, parent.parent_id)):
            found.add(channel.id)
    return found
