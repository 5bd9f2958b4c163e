"""What a message in a private channel does besides: asks whether it may, and opens the channel."""

from msgspec import Struct

from hearth.actions.gate import call
from hearth.actions.scopes import InChannel
from hearth.actions.world import World
from hearth.core.errors import CANNOT_MESSAGE_USER, Refused
from hearth.core.models.channels import ChannelType
from hearth.core.models.private import PrivateChannelObject
from hearth.core.models.social import RelationshipType
from hearth.core.models.users import User
from hearth.core.operations import OPERATIONS, SYSTEM
from hearth.core.reach import Acquaintance, may_message


class Opened(Struct):
    """Whose lists are to show a private channel; the reply is the channel as the first sees it.

    Who made a `new` one has put it on them.
    """

    user_ids: list[int]
    new: bool = False


async def acquainted(world: World, writer: User, reader: User, channel_id: int | None) -> bool:
    """Whether `writer` may write to `reader`, in the DM that they have, if any."""
    dm = channel_id is not None and world.log.last_id(channel_id) is not None
    friend = await world.ties.of(reader.id, writer.id) == RelationshipType.FRIEND
    blocked = not friend and await world.ties.blocked(writer.id, reader.id)
    guild = False
    if not blocked and (writer.bot or not (dm or friend)):
        guild = await world.directory.share_a_guild(writer.id, reader.id)
    between = Acquaintance(guild=guild, dm=dm, friend=friend, blocked=blocked)
    return may_message(writer, reader, between)


async def reach(here: InChannel) -> None:
    """Raise 50007 unless the caller may write in this private channel now; groups are open."""
    if here.channel.type != ChannelType.DM or here.member is None:
        return
    world = here.world
    for user_id in here.snapshot.recipients:
        if user_id != here.member.user_id:
            writer, reader = world.user(here.member.user_id), world.user(user_id)
            if not await acquainted(world, writer, reader, here.channel.id):
                raise Refused(CANNOT_MESSAGE_USER)


async def open_for_all(here: InChannel) -> None:
    """Show a private channel in the lists of all its recipients, as a message to them does."""
    shut = [each.user_id for each in here.snapshot.recipients.values() if not each.open]
    if shut:
        await open_for(here.world, here.channel.id, shut)


async def open_for(
    world: World, channel_id: int, user_ids: list[int], *, new: bool = False
) -> PrivateChannelObject:
    """Show a private channel in the lists of `user_ids`; the channel as the first sees it."""
    operation = OPERATIONS["open_private_channel"]
    params: dict[str, int | str] = {"channel_id": channel_id}
    return (await call(world, operation, SYSTEM, params, Opened(user_ids, new))).value
