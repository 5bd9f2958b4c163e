"""Presence: a user's status and activities, merged over the user's sessions."""

from msgspec import Struct


class Presence(Struct, frozen=True, gc=False, kw_only=True):
    """What others see of a user who is online (Discord reference, "Presence update").

    `status` is online, idle or dnd; offline and invisible users have no presence.
    `activities` is the JSON of the merged list; `clients` maps desktop, mobile or web to status.
    """

    user_id: int
    status: str
    activities: bytes
    clients: dict[str, str]
