"""What only a person's READY has: friends, notes, settings, read states, sessions (userdoccers).

Clients say by `capabilities` in IDENTIFY in which form they take it; without any they get all of it
in READY, each user where they belong.
"""

from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import Any

import msgspec
from msgspec import Struct

from hearth.actions.acks import personal_of, unread
from hearth.actions.gateway import presence_of
from hearth.actions.settings import settings_in, shown_notification_settings
from hearth.actions.world import Home, World
from hearth.core.models.presence import Presence, PresencePut, SessionObject, Shown, session_object
from hearth.core.models.private import PrivateChannel, PrivateChannelObject
from hearth.core.models.settings import NotificationSettingsObject, Personal, ReadStateObject
from hearth.core.models.social import relationship_object
from hearth.core.models.users import PrivateUserObject, user_object
from hearth.core.social_events import friend_presence
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.session import Deferred, Session

_encode = msgspec.json.Encoder().encode


class Capability(IntFlag):
    """In which form a person's client takes READY; the others change nothing here."""

    LAZY_USER_NOTES = 1 << 0
    VERSIONED_READ_STATES = 1 << 2
    VERSIONED_USER_GUILD_SETTINGS = 1 << 3
    DEDUPE_USER_OBJECTS = 1 << 4
    PRIORITIZED_READY_PAYLOAD = 1 << 5
    """Only beside DEDUPE_USER_OBJECTS, which it asks for."""


VERSIONED = int(Capability.VERSIONED_READ_STATES | Capability.VERSIONED_USER_GUILD_SETTINGS)
PRIORITIZED = int(Capability.PRIORITIZED_READY_PAYLOAD | Capability.DEDUPE_USER_OBJECTS)


class Mine(Struct):
    """What a person's READY has beside guilds and private channels; a bot's has none of it."""

    personal: Personal = Personal()
    settings: dict[str, Any] = {}
    notifications: list[NotificationSettingsObject] = []
    read_states: list[ReadStateObject] = []
    """Of all channels: which of them are shown is decided when READY is made."""
    presences: dict[int, Presence | None] = {}
    """Of friends and of those in open DMs."""
    sessions: list[SessionObject] = []


async def load(
    world: World, user_id: int, homes: list[Home], private: Iterable[PrivateChannel]
) -> Mine:
    """Read what a person's READY has."""
    personal = await personal_of(world, user_id)
    await world.load_users([each.other_id for each in personal.relationships])
    guild_ids = {home.key for home in homes}
    watched = await world.directory.watchers(user_id)
    channel_ids = [each.channel.id for each in private]
    return Mine(
        personal=personal,
        settings=settings_in(personal),
        notifications=shown_notification_settings(world, personal, guild_ids),
        read_states=await unread(world, user_id, personal, homes, channel_ids),
        presences={each: await presence_of(world, each) for each in watched},
    )


def settle(
    world: World,
    mine: Mine,
    session: Session,
    presence: PresencePut,
    told: Mapping[int, Presence | None],
) -> None:
    """Take what is so now: the sessions, and the presences that were `told` since the beginning.

    The user's other sessions are known where the home is; elsewhere SESSIONS_REPLACE tells them.
    """
    mine.presences.update((i, told[i]) for i in mine.presences.keys() & told.keys())
    home = world.homes.get(session.user_id)
    own = Shown(session.id, session.client, presence)
    others = () if home is None else home.presences
    mine.sessions = [session_object(each) for each in (*others, own)]


def fill(
    d: dict[str, Any],
    world: World,
    session: Session,
    homes: list[Home],
    mine: Mine,
    private: list[PrivateChannelObject],
    capabilities: int,
) -> dict[str, Any] | None:
    """Put a person's own into READY's `d`; what READY_SUPPLEMENTAL is to have, if it is wanted."""
    # A client that names no capability is taken for one that knows versions: the reference says
    # only what those get that do.
    asked = capabilities or VERSIONED
    version = world.wall_ms()
    entries = _in_sight(session, homes, mine, private)
    versioned = bool(asked & Capability.VERSIONED_READ_STATES)
    d["read_state"] = _versioned(entries, version, versioned)
    versioned = bool(asked & Capability.VERSIONED_USER_GUILD_SETTINGS)
    d["user_guild_settings"] = _versioned(mine.notifications, version, versioned)
    d["user_settings"] = mine.settings
    d["sessions"] = mine.sessions
    if not asked & Capability.LAZY_USER_NOTES:
        d["notes"] = {str(each.other_id): each.note for each in mine.personal.notes}
    friends = [
        friend_presence(user_id, presence)
        for user_id, presence in mine.presences.items()
        if presence is not None
    ]
    if not asked & Capability.DEDUPE_USER_OBJECTS:
        d["presences"] = friends
        d["relationships"] = [
            relationship_object(each, world.user(each.other_id))
            for each in mine.personal.relationships
        ]
        return None
    merged = _dedupe(d, world, mine, private, friends)
    if asked & PRIORITIZED != PRIORITIZED:
        d["merged_presences"] = merged
        return None
    voice_states = [guild.pop("voice_states", []) for guild in d["guilds"]]
    return {
        "guilds": [
            {"id": guild["id"], "voice_states": states}
            for guild, states in zip(d["guilds"], voice_states, strict=True)
        ],
        "merged_members": [[] for _ in voice_states],
        "merged_presences": merged,
        "lazy_private_channels": [],
        "disclose": [],
    }


def _in_sight(
    session: Session, homes: list[Home], mine: Mine, private: list[PrivateChannelObject]
) -> list[ReadStateObject]:
    """What there is to say of channels that the person sees: of others not that they are there.

    A message to @everyone names whoever is in the guild, also those who cannot read it.
    """
    seen = {each.id for each in private}
    for home in homes:
        cohort = session.cohort(home.key)
        if home.views is not None and cohort is not None:
            seen.update(map(str, home.views.ids(cohort.sight)))
    return [each for each in mine.read_states if each.id in seen]


def _versioned(entries: list[Any], version: int, versioned: bool) -> Any:
    return {"entries": entries, "partial": False, "version": version} if versioned else entries


def _dedupe(
    d: dict[str, Any],
    world: World,
    mine: Mine,
    private: list[PrivateChannelObject],
    friends: list[dict[str, Any]],
) -> dict[str, Any]:
    """Show each user once, in `users`, and name them by id elsewhere; gives the presences, merged.

    Members and presences leave their guilds for lists of their own, in the order of `guilds`.
    """
    users: dict[str, Any] = {}
    relationships: list[dict[str, Any]] = []
    for each in mine.personal.relationships:
        user = user_object(world.user(each.other_id))
        users[user.id] = user
        named = msgspec.to_builtins(relationship_object(each, None))
        relationships.append({**named, "user_id": user.id})
    d["relationships"] = relationships
    d["private_channels"] = msgspec.json.decode(_encode(private))
    for channel in d["private_channels"]:
        recipients = channel.pop("recipients")
        users.update((each["id"], each) for each in recipients)
        channel["recipient_ids"] = [each["id"] for each in recipients]
    merged_members: list[list[dict[str, Any]]] = []
    merged_presences: list[list[dict[str, Any]]] = []
    for guild in d["guilds"]:
        members = msgspec.json.decode(_encode(guild.pop("members", [])))
        for member in members:
            user = member.pop("user")
            users[user["id"]] = user
            member["user_id"] = user["id"]
        merged_members.append(members)
        presences = msgspec.json.decode(_encode(guild.pop("presences", [])))
        merged_presences.append([_by_id(each) for each in presences])
    d["merged_members"] = merged_members
    own: PrivateUserObject = d["user"]
    users.pop(own.id, None)
    d["users"] = list(users.values())
    d["presences"] = []
    return {"guilds": merged_presences, "friends": [_by_id(each) for each in friends]}


def _by_id(presence: dict[str, Any]) -> dict[str, Any]:
    names = ("status", "activities", "client_status")
    return {"user_id": presence["user"]["id"], **{name: presence[name] for name in names}}


def supplemental(d: dict[str, Any]) -> Deferred:
    """READY_SUPPLEMENTAL: what a client needs a moment later than READY; `d` is filled by then."""
    return Deferred(lambda: Payload("READY_SUPPLEMENTAL", _encode(d)))
