"""What people's clients follow of their guilds; the gateway keeps it for each session."""

from hearth.actions.scopes import InGuild
from hearth.core.errors import USERS_ONLY, Refused
from hearth.core.limits import Rate
from hearth.core.models.subscriptions import SubscribeGuild, SubscribeGuilds, Subscription
from hearth.core.operations import operation


@operation(op=14, rate=Rate(120, per=60))
async def subscribe_guild(here: InGuild, body: SubscribeGuild) -> Subscription:
    """Follow parts of a guild's member lists, some members, and who types; for people.

    What a session may see of it is asked anew each time before it is told something.
    """
    return _subscribe(here, body)


@operation(op=37, rate=Rate(120, per=60))
async def subscribe_guilds(here: InGuild, body: SubscribeGuilds) -> Subscription:
    """Follow parts of several guilds, each as by opcode 14; for people."""
    return _subscribe(here, body.subscriptions[here.guild.id])


def _subscribe(here: InGuild, wish: Subscription) -> Subscription:
    if here.who.kind != "user":
        raise Refused(USERS_ONLY)
    return wish
