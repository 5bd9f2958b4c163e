"""Presence: a user's status and activities, merged over the user's sessions."""

from collections.abc import Iterable
from functools import lru_cache
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


class Shown(Struct, frozen=True, gc=False):
    """What one session shows; `client` is desktop, mobile or web."""

    session_id: str
    client: str
    put: PresencePut


class ClientInfo(Struct, gc=False, kw_only=True):
    """What runs a session: desktop, mobile or web."""

    client: str
    os: str = "unknown"
    version: int = 0


class SessionObject(Struct, gc=False, kw_only=True):
    """One of a person's sessions, as their sessions see it."""

    session_id: str
    status: str
    activities: list[dict[str, Any]]
    client_info: ClientInfo


def session_object(shown: Shown) -> SessionObject:
    """What one session shows, as the others of its user see it."""
    put = shown.put
    return SessionObject(
        session_id=shown.session_id,
        status="invisible" if put.status == "offline" else put.status,
        activities=put.activities or ([put.game] if put.game else []),
        client_info=ClientInfo(client=shown.client),
    )


def merge(user_id: int, sessions: Iterable[Shown]) -> Presence | None:
    """The one presence of a user's sessions; None: offline."""
    shown = [each for each in sessions if each.put.status in _ORDER]
    if not shown:
        return None
    activities: list[dict[str, Any]] = []
    clients: dict[str, str] = {}
    for each in shown:
        put = each.put
        if _ORDER[put.status] <= _ORDER.get(clients.get(each.client, "dnd"), 2):
            clients[each.client] = put.status
        for activity in put.activities or ([put.game] if put.game else []):
            if activity not in activities:
                activities.append(activity)
    statuses = {each.put.status for each in shown}
    status = "dnd" if "dnd" in statuses else min(statuses, key=_ORDER.__getitem__)
    return Presence(
        user_id=user_id,
        status=status,
        activities=msgspec.json.encode(activities) if activities else NO_ACTIVITIES,
        clients=_one_client(*next(iter(clients.items()))) if len(clients) == 1 else clients,
    )


NO_ACTIVITIES = b"[]"


@lru_cache
def _one_client(client: str, status: str) -> dict[str, str]:
    """The same dict for all who are there by one client: nobody changes it."""
    return {client: status}
