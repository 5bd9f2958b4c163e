"""Search of messages (Discord reference, "Message resource"): the index comes with media."""

from hearth.actions.scopes import InChannel, InGuild
from hearth.core.limits import Rate
from hearth.core.models.search import ChannelSearchQuery, GuildSearchQuery, IndexNotReadyObject
from hearth.core.operations import operation
from hearth.core.permissions import P

RETRY_S = 60


@operation("GET", "/guilds/{guild_id}/messages/search", status=202, rate=Rate(10, per=10))
async def guild_search(here: InGuild, query: GuildSearchQuery) -> IndexNotReadyObject:
    """Search the channels that the caller may read; there is no index yet, and it says so."""
    return IndexNotReadyObject(retry_after=RETRY_S)


@operation(
    "GET",
    "/channels/{channel_id}/messages/search",
    needs=P.READ_MESSAGE_HISTORY,
    status=202,
    rate=Rate(10, per=10),
)
async def channel_search(here: InChannel, query: ChannelSearchQuery) -> IndexNotReadyObject:
    """Search one channel; there is no index yet, and it says so."""
    return IndexNotReadyObject(retry_after=RETRY_S)
