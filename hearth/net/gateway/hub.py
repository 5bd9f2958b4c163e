"""Hands every commit to exactly the sessions that may see it, and keeps the sessions."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

import msgspec

from hearth.actions.gate import call
from hearth.actions.world import Home, World
from hearth.core.commits import Commit
from hearth.core.events import (
    CONTENT,
    ChannelCreate,
    ChannelDelete,
    Event,
    GuildDelete,
    TypingStart,
)
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.presence import Presence
from hearth.core.models.private import Recipient
from hearth.core.models.users import Token
from hearth.core.operations import OPERATIONS, SYSTEM
from hearth.core.permissions import resolve
from hearth.core.social_events import FriendPresence
from hearth.core.user_events import AuthSessionChange
from hearth.core.visibility import Views
from hearth.core.voice_events import VoiceServerUpdate, VoiceStateUpdate
from hearth.net.gateway import ready
from hearth.net.gateway.codec import PLAIN, Payload, Stencil
from hearth.net.gateway.cohorts import Room
from hearth.net.gateway.followed import LARGE
from hearth.net.gateway.session import Deferred, Session
from hearth.net.gateway.subscriptions import Subscriptions
from hearth.net.gateway.voices import Voices, voices_in

logger = logging.getLogger(__name__)

SLICE = 16
"""So many sessions are written to before the loop gets its turn.

A turn that finds nothing costs a hundredth of that. What arrives meanwhile is committed sooner,
and so joins the frames of more sessions that still wait: under load that makes writes large.
"""

MANY = 64
"""Who waits for more events than this takes a turn of the loop alone."""

MOST_DETACHED = 2
"""Sessions without a connection that one user may leave behind per client and shard."""

_encode = msgspec.json.Encoder().encode


class Arrival:
    """A session that is about to join, and what happens to its user while its guilds are loaded."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.joined: set[int] = set()
        self.moved = False
        """Whether what READY says of its user may be otherwise by now."""
        self.presences: dict[int, Presence | None] = {}
        """What its user was told of friends' presences."""
        self.revoked = False


class Hub:
    """The sessions of this process, and the rooms of the guilds that they are in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.rooms: dict[int, Room] = {}
        self.of_user: dict[int, tuple[Session, ...]] = {}
        self.detached: dict[Session, None] = {}
        self.followed: dict[int, set[int]] = {}
        """Private channels whose homes are elsewhere, with their users here; empty where all is."""
        self.voices = Voices(world, self.tell, self.sessions, self.of_user)
        self.subscriptions = Subscriptions(world, self.tell, self.of_user, self.detached)
        self._arriving: dict[int, dict[Arrival, None]] = {}
        self._dirty: deque[Session] = deque()
        self._pumping = False
        self._stencil = Stencil()
        self._gone = 0
        """Events of the sessions that have ended."""
        world.receivers.append(self.receive)

    # Sessions

    @contextmanager
    def arrival(self, session: Session) -> Generator[Arrival]:
        """Watch for changes while what READY needs is read; `join` when nothing awaits any more."""
        arrival = Arrival(session)
        arrivals = self._arriving.setdefault(session.user_id, {})
        arrivals[arrival] = None
        try:
            yield arrival
        finally:
            del arrivals[arrival]
            if not arrivals:
                del self._arriving[session.user_id]

    async def open(self, session: Session, guild_ids: Iterable[int]) -> list[Home]:
        """Load the guilds of a session that is about to join; in order of id."""
        homes: list[Home] = []
        for guild_id in guild_ids:
            home = await self.world.home(guild_id)
            snapshot = home.snapshot
            if snapshot is not None and session.user_id in snapshot.members:
                homes.append(home)
        return homes

    def join(self, session: Session, homes: Iterable[Home], joined: Iterable[int]) -> list[Home]:
        """From now on `session` is told what happens in its guilds and to its user.

        Gives those of `homes` that it is in now. Those that changed hands since they were loaded,
        and the guilds `joined` meanwhile, come later by a GUILD_CREATE of their own.
        """
        self.sessions[session.id] = session
        self.of_user[session.user_id] = (*self.of_user.get(session.user_id, ()), session)
        entered: list[Home] = []
        later = dict.fromkeys(joined)
        for home in homes:
            if self.world.homes.get(home.key) is not home:
                later[home.key] = None
            elif home.snapshot is not None and session.user_id in home.snapshot.members:
                self._enter(session, home)
                entered.append(home)
        for guild_id in later:
            self._welcome_later(session, guild_id)
        return entered

    def _enter(self, session: Session, home: Home) -> None:
        assert home.snapshot is not None
        assert home.views is not None
        room = self.rooms.get(home.key)
        if room is None:
            room = self.rooms[home.key] = Room(home.key, home.views, home.snapshot.channels)
        room.join(session, home.snapshot)

    def end(self, session: Session) -> None:
        """Forget a session; its client must identify anew."""
        if self.sessions.pop(session.id, None) is None:
            return
        session.write = None
        self._gone += session.last
        self.detached.pop(session, None)
        for guild_id in session.guilds:
            self._leave(session, guild_id)
        left = tuple([other for other in self.of_user[session.user_id] if other is not session])
        if left:
            self.of_user[session.user_id] = left
        else:
            del self.of_user[session.user_id]
            for key, users in list(self.followed.items()):
                users.discard(session.user_id)
                if not users:
                    del self.followed[key]

    def _leave(self, session: Session, guild_id: int) -> None:
        self.subscriptions.leave(session, guild_id)
        room = self.rooms[guild_id]
        room.leave(session)
        if not room.cohorts:
            del self.rooms[guild_id]

    def detach(self, session: Session, now: float) -> list[Session]:
        """Keep a session whose connection was cut; gives those that had to go for it."""
        session.write = None
        session.since = now
        self.detached[session] = None
        same = [
            other
            for other in self.of_user[session.user_id]
            if other in self.detached
            and (other.client, other.shard) == (session.client, session.shard)
        ]
        same.sort(key=lambda other: other.since)
        return same[:-MOST_DETACHED]

    def events(self) -> int:
        """How many events all sessions were given so far, those too that have ended."""
        return self._gone + sum(session.last for session in self.sessions.values())

    def make_session_id(self) -> str:
        """A name that nobody guesses."""
        return secrets.token_hex(16)

    # Delivery

    def tell(self, session: Session, event: Payload | Deferred) -> None:
        """Append an event to one session."""
        session.push(event)
        if not session.dirty:
            session.dirty = True
            self._dirty.append(session)
            self._wake()

    def _wake(self) -> None:
        if not self._pumping and self._dirty:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Write to the sessions that were told something, the longest waiting first.

        After a few the loop gets its turn: what comes meanwhile joins the frames of those that
        still wait.
        """
        self._pumping = False
        dirty = self._dirty
        stencil = self._stencil
        for _ in range(min(SLICE, len(dirty))):
            session = dirty.popleft()
            session.dirty = False
            try:
                events = session.events
                s = session.sent + 1
                write = session.write
                if (
                    session.base + len(events) == s
                    and write is not None
                    and session.coding is PLAIN
                ):
                    # The usual case by far, without a call: one event for one connection.
                    head, tail = events[-1].plain
                    session.sent = s
                    write(b"%b%10d%b" % (head, s, tail))
                else:
                    many = write is not None and session.unsent > MANY
                    session.pump(stencil)
                    if many:
                        break
            except Exception:
                # What cannot be made must not hold up the others, and would fail at every try.
                logger.exception("session failed session=%s", session.id)
                self.invalidate(session)
        self._wake()

    def receive(self, home: Home | None, before: Views | None, commit: Commit) -> None:
        """Take a commit in its own step: sight first, then what is told."""
        room = self.rooms.get(commit.home)
        if home is None:
            if room is not None:
                self._invalidate(room)
                return
            if commit.home in self.followed and not commit.n and not commit.save:
                for user_id in self.followed.pop(commit.home):
                    for session in list(self.of_user.get(user_id, ())):
                        self.invalidate(session)
                return
            here = self._begins(commit)
            if here:
                self.followed.setdefault(commit.home, set()).update(here)
                self._recipients_moved(commit)
                sessions = {user_id: list(self.of_user.get(user_id, ())) for user_id in here}
                self.world.tasks.start(self._begin(commit, sessions), name="follow")
                return
        if commit.save or commit.delete:
            if home is not None and home.snapshot is not None and room is not None:
                self._moved(home, home.snapshot, room, commit)
            elif home is not None and room is not None:
                self._deleted(home, room)
            self._joined(commit)
            self._recipients_moved(commit, home)
            self.voices.note(commit)
            for event in commit.tell:
                if isinstance(event, AuthSessionChange):
                    self._goes_on(event)
            for noun in commit.delete:
                if isinstance(noun, Token):
                    self._revoked(noun)
            room = self.rooms.get(commit.home)
        for event in commit.tell:
            if isinstance(event, VoiceServerUpdate):
                self.voices.tell_session(event)
            elif event.to == "user":
                self._tell_user(event, home)
            elif home is None or home.snapshot is None:
                continue
            elif home.snapshot.guild is None:
                self._tell_recipients(event, home, home.snapshot)
            elif room is not None and isinstance(event, VoiceStateUpdate):
                self.voices.tell_room(event, home, room)
            elif room is not None:
                self._tell_room(event, home, room)
        self.subscriptions.note(commit)
        self._wake()

    def _tell_user(
        self, event: Event, home: Home | None, sessions: Sequence[Session] | None = None
    ) -> None:
        if self._arriving:
            for arrival in self._arriving.get(event.user_id, ()):
                if isinstance(event, FriendPresence):
                    arrival.presences[event.id] = event.presence
                else:
                    arrival.moved = True
        if sessions is None:
            sessions = self.of_user.get(event.user_id)
        if sessions:
            payload = Payload(event.name, _encode(event.data(home or self.world.nowhere)))
            for session in sessions:
                # What belongs to no guild is for a bot's first shard.
                if session.intents & event.intent and in_shard(0, session.shard):
                    self.tell(session, payload)

    def _tell_recipients(self, event: Event, home: Home, snapshot: Snapshot) -> None:
        """Tell those who are in a private channel; bots on their first shard, by intent."""
        payload: Payload | None = None
        for user_id in snapshot.recipients:
            if event.to_others and user_id == event.user_id:
                continue
            for session in self.of_user.get(user_id, ()):
                if session.intents & event.direct and in_shard(0, session.shard):
                    if payload is None:
                        payload = Payload(event.name, _encode(event.data(home)))
                    self.tell(session, payload)

    def _tell_room(self, event: Event, home: Home, room: Room) -> None:
        """The hot path: append one shared payload to every session that may have it."""
        snapshot = home.snapshot
        assert snapshot is not None
        intent = event.intent
        if event.to == "channel":
            cohorts = room.seeing(event.channel_id)
        else:
            cohorts = list(room.cohorts.values())
        if event.needs or event.small:
            self._tell_some(event, home, room, snapshot)
            return
        full: Payload | None = None
        dirty = self._dirty
        if not event.content:
            for cohort in cohorts:
                for session in cohort.sessions:
                    if session.intents & intent:
                        if full is None:
                            full = Payload(event.name, _encode(event.data(home)))
                        session.events.append(full)
                        if not session.dirty:
                            session.dirty = True
                            dirty.append(session)
            return
        blank: Payload | None = None
        both = intent | CONTENT
        for cohort in cohorts:
            for session in cohort.sessions:
                has = session.intents & both
                if has == both:
                    if full is None:
                        full = Payload(event.name, _encode(event.data(home)))
                    session.events.append(full)
                elif has & intent and event.concerns(session.user_id):
                    own = event.concerned(home, session.user_id)
                    session.events.append(Payload(event.name, _encode(own)))
                elif has & intent:
                    if blank is None:
                        blank = Payload(event.name, _encode(event.blank(home)))
                    session.events.append(blank)
                else:
                    continue
                if not session.dirty:
                    session.dirty = True
                    dirty.append(session)

    def _tell_some(self, event: Event, home: Home, room: Room, snapshot: Snapshot) -> None:
        """Tell those who have a permission; or, in a large guild, bots and those concerned."""
        payload: Payload | None = None
        wall_ms = self.world.wall_ms()
        large = len(snapshot.members) > LARGE
        heard = self.subscriptions.typing(home.key) if isinstance(event, TypingStart) else ()
        channel, cohorts = None, list(room.cohorts.values())
        if event.to == "channel":
            channel = snapshot.channels.get(event.channel_id)
            cohorts = room.seeing(event.channel_id)
        for cohort in cohorts:
            for session in cohort.sessions:
                if not session.intents & event.intent and not (
                    event.own and session.user_id == event.user_id
                ):
                    continue
                if event.needs:
                    member = snapshot.members.get(session.user_id)
                    if member is None:
                        continue
                    if not resolve(snapshot, member, channel, wall_ms) & event.needs:
                        continue
                elif session.wants_all:
                    concerned = session.user_id == event.user_id and not event.to_others
                    if large and not concerned and session not in heard:
                        continue
                elif event.to_others and session.user_id == event.user_id:
                    continue
                if payload is None:
                    payload = Payload(event.name, _encode(event.data(home)))
                self.tell(session, payload)

    # Who sees what, when it changes

    def _moved(self, home: Home, snapshot: Snapshot, room: Room, commit: Commit) -> None:
        for noun in commit.delete:
            if isinstance(noun, Member):
                for session in self.of_user.get(noun.user_id, ()):
                    if session.cohort(home.key) is not None:
                        self._leave(session, home.key)
                        self._send_all((session,), (GuildDelete(home.key),), home)
        assert home.views is not None
        # Who loses a channel is told what they knew of it, not what it has become.
        known, room.channels = room.channels, snapshot.channels
        movers = [
            session
            for noun in commit.save
            if isinstance(noun, Member)
            for session in self.of_user.get(noun.user_id, ())
        ]
        anybody = commit.moves_sight
        if not movers and not anybody:
            return
        for sessions, gained, lost in room.turn(home.views, snapshot, movers, anybody=anybody):
            events: list[Event] = [ChannelDelete(known[channel_id]) for channel_id in lost]
            events += [ChannelCreate(snapshot.channels[channel_id]) for channel_id in gained]
            if snapshot.voice_states:
                self._send_all(sessions, voices_in(snapshot, lost, gone=True), home)
            self._send_all(sessions, events, home)
            if snapshot.voice_states:
                self._send_all(sessions, voices_in(snapshot, gained, gone=False), home)

    def _deleted(self, home: Home, room: Room) -> None:
        """The guild is gone: all its sessions leave and are told."""
        for session in list(room.sessions()):
            self._leave(session, home.key)
            self._send_all((session,), (GuildDelete(home.key),), home)

    def _send_all(self, sessions: Iterable[Session], events: Sequence[Event], home: Home) -> None:
        """Append events of one intent to the sessions that have it, in a step for each session."""
        intent = events[0].intent if events else 0
        payloads: list[Payload] = []
        for session in sessions if events else ():
            if session.intents & intent:
                payloads = payloads or [
                    Payload(event.name, _encode(event.data(home))) for event in events
                ]
                session.events.extend(payloads)
                if not session.dirty:
                    session.dirty = True
                    self._dirty.append(session)

    def _joined(self, commit: Commit) -> None:
        """Sessions of a user who has just become a member are told of the guild."""
        for noun in commit.save:
            if isinstance(noun, Member):
                for arrival in self._arriving.get(noun.user_id, ()):
                    arrival.joined.add(commit.home)
                    arrival.moved = True
                for session in self.of_user.get(noun.user_id, ()):
                    self._welcome_later(session, commit.home)

    # Private channels

    def _recipients_moved(self, commit: Commit, home: Home | None = None) -> None:
        moved = {n.user_id for n in (*commit.save, *commit.delete) if isinstance(n, Recipient)}
        if commit.home in self.followed:
            self.followed[commit.home].update(i for i in moved if i in self.of_user)
        if self._arriving:
            snapshot = None if home is None else home.snapshot
            if snapshot is not None:
                moved.update(snapshot.recipients)
            for user_id in moved:
                for arrival in self._arriving.get(user_id, ()):
                    arrival.moved = True

    async def follow(self, user_id: int) -> None:
        """Keep copies of a user's private channels whose homes are elsewhere, to be told of them.

        Where all homes are here nothing is kept: a commit comes with its home.
        """
        if self.world.alone:
            return
        for key in await self.world.directory.private_channel_ids(user_id):
            if self.world.placement.link(key) is not None:
                self.followed.setdefault(key, set()).add(user_id)
                await self.world.home(key)

    def _begins(self, commit: Commit) -> set[int]:
        """Who is here of those in a private channel of which this is the first that is heard."""
        if self.world.alone or self.world.placement.link(commit.home) is None:
            return set()
        users = {noun.user_id for noun in commit.save if isinstance(noun, Recipient)}
        return {i for i in users if i in self.of_user or i in self._arriving}

    async def _begin(self, commit: Commit, sessions: dict[int, list[Session]]) -> None:
        """Follow a channel, then tell the `sessions` that were here what its first commit tells."""
        home = await self.world.home(commit.home)
        for event in commit.tell:
            if event.to == "user":
                self._tell_user(event, home, sessions.get(event.user_id, ()))
        self._wake()

    def uses(self, key: int) -> bool:
        """Whether a home must stay in memory for the sessions here."""
        return key in self.rooms or key in self.followed

    def _welcome_later(self, session: Session, guild_id: int) -> None:
        if session.cohort(guild_id) is None and in_shard(guild_id, session.shard):
            self.world.tasks.start(self._welcome(session, guild_id), name="welcome")

    async def _welcome(self, session: Session, guild_id: int) -> None:
        home = await self.world.home(guild_id)
        snapshot = home.snapshot
        if (
            snapshot is None
            or session.user_id not in snapshot.members
            or self.sessions.get(session.id) is not session
            or session.cohort(guild_id) is not None
        ):
            return
        self._enter(session, home)
        if session.intents & ready.GUILDS:
            self.tell(session, ready.guild_create(session, home, joined=True))
        operation = OPERATIONS["show_presence"]
        params: dict[str, int | str] = {"user_id": session.user_id, "guild_id": guild_id}
        await call(self.world, operation, SYSTEM, params)

    def _goes_on(self, event: AuthSessionChange) -> None:
        """Sessions of a token that was replaced belong to the new one."""
        for session in self.of_user.get(event.user, ()):
            if session.token == event.before:
                session.token = event.after

    def _revoked(self, token: Token) -> None:
        for arrival in self._arriving.get(token.user_id, ()):
            if arrival.session.token == token.hash:
                arrival.revoked = True
        for session in self.of_user.get(token.user_id, ()):
            if session.token == token.hash:
                self.revoke(session)

    def revoke(self, session: Session) -> None:
        """Close a session whose token is gone; set by the connections."""
        raise NotImplementedError

    def voice_endpoint(self, session: Session) -> str:
        """Where a session is to connect for voice; known to the connections."""
        raise NotImplementedError

    def invalidate(self, session: Session) -> None:
        """Tell a session to identify anew."""
        raise NotImplementedError

    def _invalidate(self, room: Room) -> None:
        for session in list(room.sessions()):
            self.invalidate(session)


def in_shard(guild_id: int, shard: tuple[int, int] | None) -> bool:
    """Whether a guild belongs to a bot's share (Discord topic "Gateway", "Sharding")."""
    return shard is None or (guild_id >> 22) % shard[1] == shard[0]
