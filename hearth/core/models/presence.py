"""Presence: a user's status and activities, merged over the user's sessions."""

from msgspec import Raw, Struct


class Presence(Struct, frozen=True, gc=False, kw_only=True):
    """What others see of a user who is online (Discord reference, "Presence update").

    `status` is online, idle or dnd; offline and invisible users have no presence.
    `activities` is the JSON of the merged list; `clients` maps desktop, mobile or web to status.
    """

    user_id: int
    status: str
    activities: bytes
    clients: dict[str, str]


class PresenceUserObject(Struct, gc=False):
    """Whose presence it is: a user of whom only the id is told."""

    id: str


class PresenceObject(Struct, gc=False, kw_only=True):
    """A member's status and activities."""

    user: PresenceUserObject
    guild_id: str
    status: str
    activities: Raw
    client_status: dict[str, str]


def presence_object(user_id: int, presence: Presence | None, guild_id: int) -> PresenceObject:
    """A member's presence; none is offline."""
    return PresenceObject(
        user=PresenceUserObject(str(user_id)),
        guild_id=str(guild_id),
        status="offline" if presence is None else presence.status,
        activities=Raw(b"[]" if presence is None else presence.activities),
        client_status={} if presence is None else presence.clients,
    )
