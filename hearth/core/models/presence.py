"""Presence: a user's status and activities, merged over the user's sessions."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct


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


class PresencePut(Struct, kw_only=True):
    """Op 3 and IDENTIFY's `presence` (topic "Gateway events", "Update presence")."""

    status: Literal["online", "dnd", "idle", "invisible", "offline"] = "online"
    since: int | None = None
    activities: Annotated[list[dict[str, Any]], Meta(max_length=10)] | None = None
    game: dict[str, Any] | None = None
    """The name that `activities` had before; discord.py still sends it in IDENTIFY."""
    afk: bool = False


_ORDER = {"online": 0, "idle": 1, "dnd": 2}
"""Of a user's sessions the one first in this order speaks; dnd, said on purpose, overrides."""


def merge(user_id: int, sessions: Iterable[tuple[str, PresencePut]]) -> Presence | None:
    """The one presence of a user's sessions, each a client name and what it said; None: offline."""
    shown = [(client, put) for client, put in sessions if put.status in _ORDER]
    if not shown:
        return None
    clients: dict[str, str] = {}
    for client, put in shown:
        if _ORDER[put.status] <= _ORDER.get(clients.get(client, "dnd"), 2):
            clients[client] = put.status
    statuses = {put.status for _, put in shown}
    status = "dnd" if "dnd" in statuses else min(statuses, key=_ORDER.__getitem__)
    activities: list[dict[str, Any]] = []
    for _, put in shown:
        for activity in put.activities or ([put.game] if put.game else []):
            if activity not in activities:
                activities.append(activity)
    return Presence(
        user_id=user_id,
        status=status,
        activities=msgspec.json.encode(activities),
        clients=clients,
    )
