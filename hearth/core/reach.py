"""Who may write to whom in a DM."""

from msgspec import Struct

from hearth.core.models.users import User


class Acquaintance(Struct, frozen=True, gc=False, kw_only=True):
    """What is between two users: a guild that both are in, a DM with messages already.

    They may be friends, or one of them may block the other.
    """

    guild: bool = False
    dm: bool = False
    friend: bool = False
    blocked: bool = False


def may_message(writer: User, reader: User, between: Acquaintance) -> bool:
    """Whether `writer` may send a direct message to `reader`; else 50007.

    Nobody writes to whom they block or are blocked by. A bot writes to nobody that it shares no
    guild with, and never to a bot. People may go on where they have written before, and friends
    always may.
    """
    if between.blocked:
        return False
    if writer.bot:
        return between.guild and not reader.bot
    return between.guild or between.dm or between.friend
