"""Keeps the sessions over an orderly restart, so that clients resume as after a cut.

One table of distinct payloads, and for each session its numbers and indices into the table. The
file is used once: after a kill there is none, and clients identify anew.
"""

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from hearth.actions.gate import call
from hearth.actions.seats import Returned, keep_voice
from hearth.core.errors import Refused
from hearth.core.events import EVERYTHING
from hearth.core.models.presence import PresencePut
from hearth.core.models.voice import KeptVoice
from hearth.core.operations import OPERATIONS, SYSTEM
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.connection import Gateway
from hearth.net.gateway.followed import Wish
from hearth.net.gateway.session import DETACHED_S, ONLINE, Session

logger = logging.getLogger(__name__)


class SavedSession(Struct, array_like=True):
    """One session: its own values, and its events by their place in the table."""

    id: str
    user_id: int
    token: bytes
    intents: int
    bot: bool
    shard: tuple[int, int] | None
    client: str
    base: int
    sent: int
    events: list[int]
    guilds: list[int]
    large_threshold: int = 50
    presence: PresencePut | None = None
    present: bool = False
    follows: dict[int, Wish] = {}


class Saved(Struct, array_like=True):
    """The file: format number, epoch seconds, payloads as (name, JSON), sessions, voice."""

    format: int
    wall: float
    payloads: list[tuple[str, bytes]]
    sessions: list[SavedSession]
    voice: list[KeptVoice] = []


FORMAT = 1


def save(gateway: Gateway, path: Path) -> None:
    """Write every session to `path`, whole or not at all: without it clients identify anew."""
    index: dict[int, int] = {}
    payloads: list[tuple[str, bytes]] = []
    sessions: list[SavedSession] = []
    for session in gateway.sessions.values():
        places: list[int] = []
        for event in session.events:
            payload = event if isinstance(event, Payload) else event.payload
            place = index.get(id(payload))
            if place is None:
                place = index[id(payload)] = len(payloads)
                payloads.append((payload.t, payload.d))
            places.append(place)
        sessions.append(
            SavedSession(
                session.id,
                session.user_id,
                session.token,
                session.intents,
                not session.wants_all,
                session.shard,
                session.client,
                session.base,
                session.sent,
                places,
                session.guilds,
                session.large_threshold,
                session.presence,
                session.present,
                gateway.subscriptions.wishes(session),
            )
        )
    voice = keep_voice(gateway.world)
    data = Saved(FORMAT, gateway.world.clock.wall(), payloads, sessions, voice)
    temporary = path.with_suffix(".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.msgpack.encode(data))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        logger.warning("sessions were not saved: %s", error.strerror)
        return
    logger.info("saved sessions=%d payloads=%d", len(sessions), len(payloads))


def _take(path: Path) -> bytes | None:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    path.unlink()
    return raw


async def restore(gateway: Gateway, path: Path) -> None:
    """Take the sessions up again, cut as they are, and remove the file."""
    raw = await asyncio.to_thread(_take, path)
    if raw is None:
        return
    try:
        data = msgspec.msgpack.decode(raw, type=Saved)
    except msgspec.DecodeError:
        logger.warning("saved sessions are unreadable and were dropped")
        return
    world = gateway.world
    age = world.clock.wall() - data.wall
    if data.format != FORMAT or not 0 <= age < DETACHED_S:
        return
    payloads = [Payload(t, d) for t, d in data.payloads]
    for one in data.sessions:
        session = Session(
            one.id,
            one.user_id,
            one.token,
            # A later version may tell people more than the one that saved it knew of.
            intents=one.intents if one.bot else EVERYTHING,
            bot=one.bot,
            shard=one.shard,
            client=one.client,
        )
        session.base, session.sent = one.base, one.sent
        session.events = [payloads[place] for place in one.events]
        session.large_threshold = one.large_threshold
        session.presence = one.presence or ONLINE
        homes = await gateway.open(session, one.guilds)
        await world.load_users([one.user_id])
        await gateway.follow(one.user_id)
        if [home.key for home in homes] != one.guilds:
            continue
        gateway.join(session, homes, ())
        gateway.detach(session, world.clock.now())
        gateway.subscriptions.restore(session, one.follows)
        if one.present:
            # Those who were told that its user is there will be told if it does not come back.
            session.present = True
            gateway.announce(session, session.presence, quiet=True)
    for kept in data.voice:
        there = [
            state.user_id
            for state in kept.states
            if (session := gateway.sessions.get(state.session)) is not None
            and session.user_id == state.user_id
        ]
        with suppress(Refused):  # A home that is gone.
            at: dict[str, int | str] = {"home_id": kept.home_id}
            await call(world, OPERATIONS["restore_voice"], SYSTEM, at, Returned(kept, there))
    logger.info("restored sessions=%d", len(gateway.sessions))
