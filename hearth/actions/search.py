"""Search of messages (Discord reference, "Message resource", "Search guild messages").

What one may read now is asked first, so that nothing else is looked through or counted.
"""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from hearth.actions.messages import load_named, readable, reads_content, referenced_by, show
from hearth.actions.scopes import AsOperator, InChannel, InGuild
from hearth.actions.world import World
from hearth.core.errors import INDEX_NOT_READY, MISSING_ACCESS, Refused
from hearth.core.limits import Rate
from hearth.core.models.messages import Message
from hearth.core.models.search import (
    ChannelSearchQuery,
    FoundMessageObject,
    FoundObject,
    GuildSearchQuery,
    Hits,
)
from hearth.core.operations import operation
from hearth.core.permissions import P
from hearth.core.ports import Attached
from hearth.core.search import wanted

RETRY_S = 5

BEHIND_S = 10.0
"""An index that is behind by more than this gives no answers."""

READS = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY


@operation("GET", "/guilds/{guild_id}/messages/search", rate=Rate(10, per=10))
async def guild_search(here: InGuild, query: GuildSearchQuery) -> FoundObject:
    """Search the channels that the caller may read; 202 while there is no index yet."""
    asked = None if query.channel_id is None else set(query.channel_id)
    channels = [
        channel.id
        for channel in here.snapshot.channels.values()
        if (asked is None or channel.id in asked)
        and (query.include_nsfw or not channel.nsfw)
        and here.permissions_in(channel) & READS == READS
    ]
    return await _search(here, query, channels)


@operation(
    "GET",
    "/channels/{channel_id}/messages/search",
    needs=P.READ_MESSAGE_HISTORY,
    rate=Rate(10, per=10),
)
async def channel_search(here: InChannel, query: ChannelSearchQuery) -> FoundObject:
    """Search one channel; 202 while there is no index yet."""
    return await _search(here, query, [here.channel.id])


async def _search(here: InGuild, query: ChannelSearchQuery, channels: Sequence[int]) -> FoundObject:
    # Who may not read what others wrote must not find out by looking for it.
    if not reads_content(here):
        raise Refused(MISSING_ACCESS)
    world = here.world
    search, indexing = world.search, world.indexing
    if search is None:
        raise Refused(INDEX_NOT_READY, {"documents_indexed": 0, "retry_after": RETRY_S})
    if not indexing.ready or indexing.behind_s(world.clock.now()) > BEHIND_S:
        indexed = await search.count()
        raise Refused(INDEX_NOT_READY, {"documents_indexed": indexed, "retry_after": RETRY_S})
    asked = wanted(query, here.home.key, channels)
    hits = Hits((), 0) if asked is None else await search.find(asked)
    return FoundObject(messages=await _shown(here, hits), total_results=hits.total)


async def _shown(here: InGuild, hits: Hits) -> list[tuple[FoundMessageObject]]:
    """The messages that were found, but for those that were deleted since."""
    world, me = here.world, here.who.user_id
    records = [readable(world.log.get(*place)) for place in hits.found]
    messages = [message for message in records if message is not None]
    referenced = {each.id: referenced_by(here, each) for each in messages}
    attached: dict[int, Attached] = {}
    for channel_id in {each.channel_id for each in messages}:
        ids = _with_referenced(messages, channel_id)
        attached |= await world.log.attached(channel_id, ids, me, cold=True)
    await load_named(world, [*messages, *referenced.values()])
    return [(_found(here, message, referenced[message.id], attached),) for message in messages]


def _with_referenced(messages: Sequence[Message], channel_id: int) -> list[int]:
    ids: set[int] = set()
    for message in messages:
        if message.channel_id == channel_id:
            ids.add(message.id)
            if message.reference is not None and message.shows_referenced:
                ids.add(message.reference.message_id)
    return sorted(ids)


def _found(
    here: InGuild, message: Message, referenced: Message | None, attached: dict[int, Attached]
) -> FoundMessageObject:
    shown = show(here, message, referenced, attached, whole=True)
    shown.reactions = UNSET
    return FoundMessageObject(**msgspec.structs.asdict(shown))


# The operator's


class Rebuilding(msgspec.Struct):
    """How many messages the index had before."""

    documents: int


@operation()
async def rebuild_search(here: AsOperator) -> Rebuilding:
    """Clear the search index; the server builds it anew, at its next start if it does not run."""
    return Rebuilding(await clear(here.world))


async def clear(world: World) -> int:
    """Empty the index and have it built anew; how many messages it had."""
    if world.search is None:
        return 0
    async with world.indexing.turn:
        documents = await world.search.count()
        world.indexing.ready = False
        await world.search.clear()
    for hook in world.logged_hooks:
        hook()
    return documents
