"""Guilds: what they are."""

from msgspec import Struct

from hearth.actions.scopes import InGuild
from hearth.core.models.guilds import GuildObject, guild_object
from hearth.core.operations import operation


class GuildQuery(Struct, kw_only=True):
    """Query of get_guild."""

    with_counts: bool = False


@operation("GET", "/guilds/{guild_id}")
async def get_guild(here: InGuild, query: GuildQuery) -> GuildObject:
    """A guild; with counts on request."""
    return guild_object(here.snapshot, with_counts=query.with_counts)
