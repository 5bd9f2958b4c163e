"""What a session is told when it begins: READY, guilds, members; and answers to its commands.

(Discord topic "Gateway events": Ready, Guild Create, Guild Members Chunk, Rate Limited.)
"""

from typing import Any

import msgspec
from msgspec import Struct

from hearth.actions.gateway import MembersAsked, RequestGuildMembers, nonce_of
from hearth.actions.sessions import id_hash
from hearth.actions.world import Home, World
from hearth.core.errors import Refused
from hearth.core.events import Intent
from hearth.core.models.channels import channel_object
from hearth.core.models.guilds import guild_object
from hearth.core.models.members import member_object
from hearth.core.models.presence import presence_object
from hearth.core.models.private import PrivateChannelObject
from hearth.core.models.users import CONTENT_FLAGS, Application, PrivateUserObject
from hearth.core.models.voice import stage_object, voice_state_object
from hearth.core.wire import timestamp
from hearth.net.gateway import mine
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.conversation import Identify
from hearth.net.gateway.followed import LARGE
from hearth.net.gateway.mine import Mine
from hearth.net.gateway.session import Deferred, Session

GUILDS = int(Intent.GUILDS)
MEMBERS = int(Intent.GUILD_MEMBERS)
PRESENCES = int(Intent.GUILD_PRESENCES)
VOICE_STATES = int(Intent.GUILD_VOICE_STATES)
CHUNK = 1000
"""The most members in one GUILD_MEMBERS_CHUNK."""

_ALLOWING = {
    Intent.GUILD_PRESENCES: 1 << 12 | 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 14 | 1 << 15,
    Intent.MESSAGE_CONTENT: CONTENT_FLAGS,
}
"""Application flags (either of two) that allow a privileged intent."""

_encode = msgspec.json.Encoder().encode


def disallowed(intents: int, flags: int) -> bool:
    """Whether a privileged intent is asked for that the application's flags do not allow."""
    return any(intents & intent and not flags & flag for intent, flag in _ALLOWING.items())


def client_of(properties: dict[str, Any]) -> str:
    """desktop, mobile or web, by what a client says of itself in IDENTIFY."""
    browser = str(properties.get("browser") or properties.get("$browser") or "").lower()
    if "ios" in browser or "android" in browser:
        return "mobile"
    return "desktop" if browser in ("discord client", "hearth desktop") else "web"


def ready(
    world: World,
    session: Session,
    own: PrivateUserObject,
    homes: list[Home],
    wish: Identify,
    application: Application | None,
    url: str,
    found: Mine,
    private: list[PrivateChannelObject],
) -> list[Deferred]:
    """The READY of a session; a person's carries the guilds, a bot's announces them.

    A person's client may want READY_SUPPLEMENTAL after it.
    """
    beside: dict[str, Any] = {}

    def make() -> Payload:
        d: dict[str, Any] = {
            "v": 10,
            "user": own,
            "guilds": [{"id": str(home.key), "unavailable": True} for home in homes]
            if application
            else [guild_object_for(session, home) for home in homes],
            "session_id": session.id,
            "resume_gateway_url": url,
            "private_channels": private,
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": ["hearth"],
            "session_type": "normal",
            "auth_session_id_hash": id_hash(session.token),
            "geo_ordered_rtc_regions": [],
            "guild_join_requests": [],
        }
        if session.shard is not None:
            d["shard"] = session.shard
        if application is not None:
            d["application"] = {"id": str(application.id), "flags": application.flags}
        else:
            more = mine.fill(d, world, session, homes, found, private, wish.capabilities)
            beside.update(more or {})
        return Payload("READY", _encode(d))

    prioritized = wish.capabilities & mine.PRIORITIZED == mine.PRIORITIZED
    if application is None and prioritized:
        return [Deferred(make), mine.supplemental(beside)]
    return [Deferred(make)]


def guild_create(session: Session, home: Home, *, joined: bool = False) -> Deferred:
    """GUILD_CREATE with what this session sees; `unavailable` is left out when it just joined."""

    def make() -> Payload:
        d = guild_object_for(session, home)
        if not joined:
            d["unavailable"] = False
        return Payload("GUILD_CREATE", _encode(d))

    return Deferred(make)


def guild_object_for(session: Session, home: Home) -> dict[str, Any]:
    """The gateway's guild object: the guild, its visible channels, members and presences."""
    snapshot = home.snapshot
    cohort = session.cohort(home.key)
    if snapshot is None or home.views is None or cohort is None:
        return {"id": str(home.key), "unavailable": True}
    own = snapshot.members[session.user_id]
    bot = not session.wants_all
    large = len(snapshot.members) > max(50, min(session.large_threshold, 250))
    with_presences = bool(session.intents & PRESENCES)
    if not bot:
        everybody = len(snapshot.members) <= LARGE
        with_presences = everybody
    else:
        everybody = not large and with_presences
    if everybody:
        members = list(snapshot.members.values())
    elif bot and with_presences:
        members = [
            member
            for member in snapshot.members.values()
            if member.user_id in snapshot.presences or member.roles or member.nick
        ]
        if own not in members:
            members.append(own)
    else:
        members = [own]
    if not everybody and bot and session.intents & VOICE_STATES:
        # Whoever is seen in voice is shown with who they are.
        there = {member.user_id for member in members}
        members += [
            snapshot.members[state.user_id]
            for state in snapshot.voice_states.values()
            if state.user_id in snapshot.members
            and state.user_id not in there
            and cohort.sight & home.views.bit(state.channel_id)
        ]
    presences: list[Any] = []
    if with_presences:
        presences = [
            presence_object(presence.user_id, presence, home.key)
            for presence in snapshot.presences.values()
            if not (bot and presence.user_id == session.user_id)
        ]
    guild = msgspec.to_builtins(guild_object(snapshot))
    visible = home.views.ids(cohort.sight)
    seen = set(visible)
    guild.update(
        joined_at=timestamp(own.joined_at_ms),
        large=large,
        member_count=len(snapshot.members),
        voice_states=[
            voice_state_object(state, snapshot.members.get(state.user_id))
            for state in snapshot.voice_states.values()
            if state.channel_id in seen and session.intents & VOICE_STATES
        ],
        members=[member_object(member, home.user(member.user_id)) for member in members],
        channels=[
            channel_object(
                channel, home.last_id(channel.id), home.last_pin_ms(channel.id), in_event=True
            )
            for channel in (snapshot.channels[i] for i in visible)
            if not channel.is_thread
        ],
        threads=[
            channel_object(channel, home.last_id(channel.id), home.last_pin_ms(channel.id))
            for channel in (snapshot.channels[i] for i in visible)
            if channel.is_thread
        ],
        presences=presences,
        stage_instances=[
            stage_object(stage) for stage in snapshot.stages.values() if stage.channel_id in seen
        ],
        guild_scheduled_events=[],
        soundboard_sounds=[],
    )
    return guild


def may_ask(session: Session, asked: RequestGuildMembers) -> bool:
    """Whether an op 8 is answered: all members are for those with the intent for them."""
    return not asked.whole or bool(session.intents & MEMBERS)


def chunks(session: Session, home: Home, asked: MembersAsked) -> list[Deferred]:
    """The GUILD_MEMBERS_CHUNKs that answer op 8; presences for those with the intent for them."""
    count = max(1, -(-len(asked.user_ids) // CHUNK))
    return [Deferred(_chunk(session, home, asked, index, count)) for index in range(count)]


def _chunk(session: Session, home: Home, asked: MembersAsked, index: int, count: int) -> Any:
    def make() -> Payload:
        snapshot = home.snapshot
        # By the time it is made its user may have left the guild.
        still = snapshot is not None and session.user_id in snapshot.members
        members = snapshot.members if snapshot is not None and still else {}
        ids = asked.user_ids[index * CHUNK : (index + 1) * CHUNK]
        present = [members[user_id] for user_id in ids if user_id in members]
        d: dict[str, Any] = {
            "guild_id": str(asked.guild_id),
            "members": [home.member_json(member) for member in present],
            "chunk_index": index,
            "chunk_count": count,
        }
        if asked.not_found and index == count - 1:
            d["not_found"] = [str(user_id) for user_id in asked.not_found]
        if asked.presences and session.intents & PRESENCES and snapshot is not None:
            d["presences"] = [
                presence_object(member.user_id, snapshot.presences[member.user_id], home.key)
                for member in present
                if member.user_id in snapshot.presences
            ]
        if asked.nonce is not None:
            d["nonce"] = asked.nonce
        return Payload("GUILD_MEMBERS_CHUNK", _encode(d))

    return make


def rate_limited(
    op: int, body: Struct, guild_id: int | str | None, refused: Refused
) -> Payload | None:
    """RATE_LIMITED for a command that came too often; other refusals are silent."""
    retry_after = refused.more.get("retry_after")
    if retry_after is None:
        return None
    meta: dict[str, Any] = {}
    if guild_id is not None:
        meta = {"guild_id": str(guild_id), "nonce": nonce_of(getattr(body, "nonce", None))}
    d = {"opcode": op, "retry_after": retry_after, "meta": meta}
    return Payload("RATE_LIMITED", _encode(d))
