"""The gateway's sockets: each carries a conversation, and a session once it has identified."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from hearth.actions.gate import call
from hearth.actions.private import listed, load_list
from hearth.actions.users import my_user
from hearth.actions.world import World
from hearth.core.errors import Refused
from hearth.core.events import ALL_INTENTS, ALWAYS, EVERYTHING
from hearth.core.models.presence import PresencePut
from hearth.core.models.private import PrivateChannel
from hearth.core.operations import OPERATIONS, SYSTEM, Reply
from hearth.net.gateway import conversation, mine, ready
from hearth.net.gateway.codec import PLAIN, ZLIB, ZLIB_STREAM, Coding, Payload, ZstdStream, control
from hearth.net.gateway.commands import obey
from hearth.net.gateway.conversation import (
    HEARTBEAT_ACK,
    HELLO,
    INVALID_SESSION,
    RECONNECT,
    Beat,
    Close,
    Command,
    Conversation,
    Identify,
    Output,
    Resume,
)
from hearth.net.gateway.framed import Framed
from hearth.net.gateway.frames import Message, close_frame
from hearth.net.gateway.hub import Hub, in_shard
from hearth.net.gateway.mine import Mine
from hearth.net.gateway.session import DETACHED_S, ONLINE, STALLED_S, Session

logger = logging.getLogger(__name__)

HIGH_WATER_BYTES = 16 * 1024
"""What may wait in the transport before the session holds its events back."""

ABSENT_S = 15.0
"""A cut session's user is shown as offline after so long."""

SWEEP_S = 0.005
"""The sweep looks at connections for so long before the loop gets its turn."""

MOST_SESSIONS = 50
"""How many connections one person may have at once."""


class Gateway(Hub):
    """The hub with its sockets: what the server mounts at `/gateway`."""

    def __init__(self, world: World, *, scale: float) -> None:
        super().__init__(world)
        self.sends = max(1, int(conversation.SENDS * scale))
        """What one connection may send in each window."""
        self.connections: dict[Connection, None] = {}
        self.of_session: dict[str, Connection] = {}
        self.left: Callable[[str], None] = lambda key: None
        """Told of each connection that is gone by the key that it was made with."""
        self.closing = False
        self.has_voice = True
        """Whether there is a voice gateway to be told of."""
        self._sweeping: list[Connection | Session] = []
        self._share = 0
        self.most_sessions = max(1, int(MOST_SESSIONS * scale))
        """How many connections one person may have."""

    def revoke(self, session: Session) -> None:
        """Close a session whose token is gone."""
        connection = self.of_session.get(session.id)
        self.drop(session)
        if connection is not None:
            connection.close(conversation.AUTHENTICATION_FAILED)

    def invalidate(self, session: Session) -> None:
        """Op 9: the client must identify anew on the same connection."""
        connection = self.of_session.get(session.id)
        self.drop(session)
        if connection is not None:
            connection.let_go()
            connection.say(INVALID_SESSION, b"false")

    def connected(self, user_id: int) -> int:
        """How many connections a user has."""
        return sum(session.id in self.of_session for session in self.of_user.get(user_id, ()))

    def drop(self, session: Session) -> None:
        """End a session for good; its user goes offline with the last one."""
        self.of_session.pop(session.id, None)
        self.voices.leave(session)
        self.voices.forget(session)
        self.end(session)
        self.announce(session, None)

    def voice_endpoint(self, session: Session) -> str:
        """Where the voice gateway is for this client: beside the gateway that it came to."""
        connection = self.of_session.get(session.id)
        if connection is None or not self.has_voice:
            return ""
        return connection.url.partition("://")[2].removesuffix("/gateway") + "/voice"

    def is_away(self, user_id: int) -> bool:
        """Whether all clients of a user say that nobody is there."""
        return all(session.presence.afk for session in self.of_user.get(user_id, ()))

    def cut(self, connection: "Connection", *, ended: bool) -> None:
        """A connection is closing or gone; `ended` when its client said goodbye."""
        session = connection.session
        if session is None or self.of_session.get(session.id) is not connection:
            return
        del self.of_session[session.id]
        if ended:
            self.drop(session)
            return
        excess = self.detach(session, self.world.clock.now())
        if not self.closing:
            for other in excess:
                self.drop(other)

    def announce(
        self, session: Session, presence: PresencePut | None, *, quiet: bool = False
    ) -> asyncio.Task[Reply]:
        """Say what a session's presence is; None is that the session is gone.

        The tasks take the turn of the user's home in the order of these calls.
        """
        params: dict[str, int | str] = {
            "user_id": session.user_id,
            "session_id": session.id,
            "client": session.client,
        }
        if quiet:
            params["quiet"] = 1
        work = call(self.world, OPERATIONS["set_session_presence"], SYSTEM, params, presence)
        return self.world.tasks.start(work, name=f"presence-{session.user_id}")

    def sweep(self) -> None:
        """Called each second: looks at a sixteenth of the connections and detached sessions."""
        now = self.world.clock.now()
        for session in list(self.detached):
            if now - session.since > DETACHED_S:
                self.drop(session)
            elif session.present and now - session.since > ABSENT_S:
                session.present = False
                self.voices.leave(session)
                self.announce(session, None)
        if not self._sweeping:
            self._sweeping = [*self.connections, *self.detached]
            self._share = len(self._sweeping) // 16 + 1
        share = self._sweeping[-self._share :]
        del self._sweeping[-self._share :]
        self._check(share)

    def _check(self, share: "list[Connection | Session]") -> None:
        """Look at each of them, and give the loop its turn now and then."""
        now = self.world.clock.now()
        while share:
            each = share.pop()
            if isinstance(each, Connection):
                if each in self.connections:
                    each.check(now)
            elif each in self.detached and not each.trim():
                self.drop(each)
            if self.world.clock.now() - now > SWEEP_S:
                asyncio.get_running_loop().call_soon(self._check, share)
                return

    async def close(self) -> None:
        """Ask every client to reconnect and close; the sessions stay resumable."""
        self.closing = True
        for connection in list(self.connections):
            connection.say(RECONNECT, b"null")
            connection.close(conversation.UNKNOWN_ERROR)
        for _ in range(50):
            if not self.connections:
                break
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.abort()


class Connection(Framed):
    """One client's socket after the upgrade."""

    __slots__ = ("_left", "_progress", "coding", "hub", "key", "session", "talk", "url")

    NAME = "gateway"
    UNREADABLE = conversation.DECODE_ERROR
    FAULT = conversation.UNKNOWN_ERROR

    def __init__(
        self,
        hub: Gateway,
        transport: asyncio.Transport,
        query: Mapping[str, str],
        url: str,
        key: str = "",
    ) -> None:
        super().__init__(transport, conversation.PERSON_LIMIT_BYTES)
        self.hub = hub
        self.key = key
        self.coding = coding_of(query)
        self.url = url
        now = hub.world.clock.now()
        self.talk = Conversation(now, sends=hub.sends)
        self.session: Session | None = None
        self._progress = now
        self._left = 0
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        hub.connections[self] = None
        hello = b'{"heartbeat_interval":%d}' % int(conversation.HEARTBEAT_S * 1000)
        transport.write(control(HELLO, hello, self.coding, first=True))
        if query.get("v", "10") not in ("9", "10"):
            self.close(conversation.INVALID_VERSION)
        elif query.get("encoding", "json") != "json":
            self.close(conversation.DECODE_ERROR)
        elif hub.closing:
            self.say(RECONNECT, b"null")
            self.close(conversation.UNKNOWN_ERROR)

    # The transport's side

    def said(self, message: Message) -> None:
        """One whole message."""
        self._act(self.talk.receive(message.data, self.hub.world.clock.now()))

    def goodbye(self, code: int) -> None:
        """The client closes; by 1000 and 1001 its session is over."""
        self._end(close_frame(code), ended=code in (1000, 1001))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; the session waits to be resumed."""
        self._lost(ended=False)
        self.hub.connections.pop(self, None)
        self.hub.left(self.key)

    def pause_writing(self) -> None:
        """The transport is full: hold events back."""
        self._paused = True
        self._progress = self.hub.world.clock.now()
        self._left = self.transport.get_write_buffer_size()
        if self.session is not None:
            self.session.write = None

    def resume_writing(self) -> None:
        """The transport has room again."""
        self._paused = False
        if self.session is not None:
            self.session.write = self.transport.write
            self.session.pump()

    # What is said

    def say(self, op: int, d: bytes) -> None:
        """Send a payload that is no dispatch."""
        if not self.transport.is_closing():
            self.transport.write(control(op, d, self.coding))

    def close(self, code: int) -> None:
        """Close with a code of the gateway; the session stays resumable."""
        if not self.transport.is_closing():
            self._end(close_frame(code, conversation.REASONS[code]), ended=False)

    def abort(self) -> None:
        """Cut the socket at once."""
        self.transport.abort()

    def let_go(self) -> None:
        """Go on without the session, as after HELLO."""
        self.session = None
        self.talk.restart()

    def check(self, now: float) -> None:
        """Close what has gone silent, cut what takes nothing, even the goodbye."""
        closing = self.transport.is_closing()
        if closing or self._paused:
            left = self.transport.get_write_buffer_size()
            if left < self._left:
                self._left, self._progress = left, now
            elif now - self._progress > STALLED_S:
                logger.info("stalled unsent_bytes=%d", left)
                self.abort()
                return
        if closing:
            return
        output = self.talk.tick(now)
        session = self.session
        if output is not None:
            self._act(output)
        elif session is not None and not session.trim():
            logger.info("overrun session=%s unsent=%d", session.id, session.unsent)
            self.abort()

    def _end(self, goodbye: bytes, *, ended: bool) -> None:
        self.transport.write(goodbye)
        self._lost(ended=ended)
        self._progress = self.hub.world.clock.now()
        self._left = self.transport.get_write_buffer_size()
        self.transport.close()

    def _lost(self, *, ended: bool) -> None:
        self.hub.cut(self, ended=ended)
        self.session = None

    def _act(self, output: Output | None) -> None:
        if output is None:
            return
        if isinstance(output, Beat):
            session, seq = self.session, output.seq
            if session is None or seq is None or session.acknowledge(seq):
                self.say(HEARTBEAT_ACK, b"null")
            else:
                self.close(conversation.INVALID_SEQ)
        elif isinstance(output, Close):
            self.close(output.code)
        else:
            self.do(output, self.hub.world.tasks)

    # What takes a while

    async def obey(self, wish: Identify | Resume | Command) -> None:
        """Do what the client asked for."""
        if isinstance(wish, Identify):
            await self._identify(wish)
        elif isinstance(wish, Resume):
            await self._resume(wish)
        elif self.session is not None and not await obey(self.hub, self.session, wish):
            self.close(conversation.DECODE_ERROR)

    async def _identify(self, wish: Identify) -> None:
        hub = self.hub
        world = hub.world
        who = await world.authenticate(wish.token)
        if who is None:
            self.close(conversation.AUTHENTICATION_FAILED)
            return
        bot = who.kind == "bot"
        intents = EVERYTHING
        application = None
        if bot:
            if wish.intents is None:
                self.close(conversation.INVALID_INTENTS)
                return
            application = await world.directory.application_of(who.user_id)
            if application is None or ready.disallowed(wish.intents, application.flags):
                self.close(conversation.DISALLOWED_INTENTS)
                return
            intents = ALWAYS | (wish.intents & ALL_INTENTS)
            try:
                shard = wish.shard[0] if wish.shard is not None else 0
                await call(world, OPERATIONS["start_session"], who, {"shard": shard})
            except Refused as refused:
                logger.info("identify refused user=%d code=%d", who.user_id, refused.error.code)
                if not self.transport.is_closing():
                    self.talk.restart()
                    self.say(INVALID_SESSION, b"false")
                return
        elif hub.connected(who.user_id) >= hub.most_sessions:
            self.close(conversation.TOO_MANY_SESSIONS)
            return
        session = Session(
            hub.make_session_id(),
            who.user_id,
            who.token,
            intents=intents,
            bot=bot,
            shard=wish.shard,
            client=ready.client_of(wish.properties),
        )
        session.large_threshold = wish.large_threshold
        presence = wish.presence or ONLINE
        if wish.compress and self.coding is PLAIN:
            # Beside a transport compression, where libraries send it too, it says nothing.
            self.coding = ZLIB
        with hub.arrival(session) as arrival:
            guild_ids = [
                guild_id
                for guild_id in await world.directory.guilds_of(who.user_id)
                if in_shard(guild_id, wish.shard)
            ]
            homes = await hub.open(session, guild_ids)
            own = None
            personal, found = Mine(), list[PrivateChannel]()
            while own is None or arrival.moved:
                arrival.moved = False
                own = await my_user(world, who.user_id)
                await hub.follow(who.user_id)
                if not bot:
                    found = await load_list(world, who.user_id)
                    personal = await mine.load(world, who.user_id, homes, found)
            if arrival.revoked:
                self.close(conversation.AUTHENTICATION_FAILED)
            if self.transport.is_closing():
                return
            # From here to the end nothing awaits: no commit falls between snapshot and room.
            homes = hub.join(session, homes, arrival.joined)
            private = listed(world, who.user_id, found)
            if not bot:
                mine.settle(world, personal, session, presence, arrival.presences)
        for event in ready.ready(
            world, session, own, homes, wish, application, self.url, personal, private
        ):
            session.push(event)
        if bot and intents & ready.GUILDS:
            for home in homes:
                session.push(ready.guild_create(session, home))
        session.presence = presence
        announced = self._attach(session)
        session.pump()
        # Nobody can ask for a READY again who has not got it: only it tells the session's id.
        # Kept until the first heartbeat, those of many log-ins at once would be a lot of memory.
        session.acknowledge(1)
        await asyncio.wait([announced])

    def _attach(self, session: Session) -> asyncio.Task[Reply]:
        """Write to this connection from now on; gives when its user is shown as there."""
        hub = self.hub
        bot = not session.wants_all
        self.reader.limit_bytes = (
            conversation.BOT_LIMIT_BYTES if bot else conversation.PERSON_LIMIT_BYTES
        )
        self.session = session
        session.coding = self.coding
        session.write = None if self._paused else self.transport.write
        hub.of_session[session.id] = self
        hub.detached.pop(session, None)
        session.present = True
        return hub.announce(session, session.presence)

    async def _resume(self, wish: Resume) -> None:
        hub = self.hub
        who = await hub.world.authenticate(wish.token)
        if self.transport.is_closing():
            return
        if who is None:
            self.close(conversation.AUTHENTICATION_FAILED)
            return
        session = hub.sessions.get(wish.session_id)
        if session is None or session.token != who.token:
            self.talk.restart()
            self.say(INVALID_SESSION, b"false")
            return
        if wish.seq > session.sent:
            self.close(conversation.INVALID_SEQ)
            return
        old = hub.of_session.get(session.id)
        if old is not None:
            old.session = None
            old.abort()
        if not session.resume(wish.seq):
            hub.drop(session)
            self.talk.restart()
            self.say(INVALID_SESSION, b"false")
            return
        announced = self._attach(session)
        session.push(Payload("RESUMED", b'{"_trace":["hearth"]}'))
        hub.subscriptions.returned(session)
        session.pump()
        await asyncio.wait([announced])


def coding_of(query: Mapping[str, str]) -> Coding:
    """The transport compression that a gateway URL asks for; what is not known is plain."""
    asked = query.get("compress")
    if asked == "zstd-stream":
        return ZstdStream()
    return ZLIB_STREAM if asked == "zlib-stream" else PLAIN
