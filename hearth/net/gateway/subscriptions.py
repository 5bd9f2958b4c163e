"""Tells sessions what they follow of guilds: of each guild at most four times a second."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec
from msgspec import UNSET

from hearth.actions.world import World
from hearth.core.commits import Commit
from hearth.core.models.subscriptions import Subscription
from hearth.core.models.users import User
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.followed import Followed, Wish
from hearth.net.gateway.session import Session

logger = logging.getLogger(__name__)

INTERVAL_S = 0.25
"""What happens to a guild's lists within so long is told together."""

MOST_RANGES = 50
"""The most ranges that one session follows; those of the guild named longest ago go first."""

MOST_MEMBERS = 1000
"""The most members that one session follows by id; likewise."""

_encode = msgspec.json.Encoder().encode


class Watch:
    """What is followed of one guild, and when it was told last."""

    __slots__ = ("followed", "last", "pieces", "timer")

    def __init__(self, guild_id: int) -> None:
        self.followed = Followed(guild_id)
        self.last = 0.0
        self.timer: asyncio.TimerHandle | None = None
        self.pieces: Iterator[None] | None = None
        """What is left to do before it is told."""


class Subscriptions:
    """What the sessions of this process follow; nothing is kept of those who follow nothing."""

    def __init__(
        self,
        world: World,
        tell: Callable[[Session, Payload], None],
        users: Collection[int],
        away: Collection[Session],
    ) -> None:
        self._world = world
        self._tell = tell
        self._users = users
        """Those who have sessions here."""
        self._away = away
        """Sessions without a connection: they are told of their lists when they return."""
        self.guilds: dict[int, Watch] = {}
        self._of: dict[Session, dict[int, None]] = {}
        """The guilds of each session, the one named last at the end."""

    def follow(self, session: Session, guild_id: int, asked: Subscription) -> None:
        """Take what a session asks for; what it may not see is not told until it may."""
        watch = self.guilds.get(guild_id)
        old = Wish() if watch is None else watch.followed.wishes.get(session, Wish())
        again = asked.channels is not UNSET
        self._of.get(session, {}).pop(guild_id, None)
        self._take(session, guild_id, old.take(asked), again=again)
        self._bound(session)

    def restore(self, session: Session, wishes: Mapping[int, Wish]) -> None:
        """Go on with what a session followed before the server was started anew."""
        for guild_id, wish in wishes.items():
            self._take(session, guild_id, wish)

    def wishes(self, session: Session) -> dict[int, Wish]:
        """What a session follows, by guild."""
        guild_ids = self._of.get(session, ())
        return {i: self.guilds[i].followed.wishes[session] for i in guild_ids}

    def typing(self, guild_id: int) -> Collection[Session]:
        """The sessions that want to know who types in a guild."""
        watch = self.guilds.get(guild_id)
        return () if watch is None else watch.followed.typing

    def leave(self, session: Session, guild_id: int) -> None:
        """A session is not in a guild any more."""
        if guild_id in self._of.get(session, ()):
            self._take(session, guild_id, Wish())

    def returned(self, session: Session) -> None:
        """A session has a connection again."""
        for guild_id in self._of.get(session, ()):
            self.guilds[guild_id].followed.stir()
            self._wake(guild_id)

    def note(self, commit: Commit) -> None:
        """A commit, after sessions have moved because of it."""
        if not self.guilds:
            return
        watch = self.guilds.get(commit.home)
        if watch is not None:
            watch.followed.note(commit, self._users)
            self._wake(commit.home)
        for noun in commit.save:
            if isinstance(noun, User):
                for guild_id, other in self.guilds.items():
                    home = self._world.homes.get(guild_id)
                    if home is not None and home.snapshot and noun.id in home.snapshot.members:
                        other.followed.renamed(noun.id)
                        self._wake(guild_id)

    def _take(self, session: Session, guild_id: int, wish: Wish, *, again: bool = False) -> None:
        """From now on a session follows this of a guild, and nothing else of it."""
        if wish and session.cohort(guild_id) is None:
            return
        of = self._of.setdefault(session, {})
        if wish:
            of[guild_id] = None
        else:
            of.pop(guild_id, None)
        if not of:
            del self._of[session]
        watch = self.guilds.get(guild_id)
        if watch is None:
            if not wish:
                return
            watch = self.guilds[guild_id] = Watch(guild_id)
        watch.followed.follow(session, wish, again=again)
        if watch.followed.wishes:
            self._wake(guild_id)
        else:
            self._drop(guild_id)

    def _bound(self, session: Session) -> None:
        ranges = members = 0
        for guild_id, wish in reversed(list(self.wishes(session).items())):
            ranges += wish.ranges
            members += len(wish.members)
            kept = Wish(
                wish.channels if ranges <= MOST_RANGES else {},
                wish.members if members <= MOST_MEMBERS else frozenset(),
                wish.typing,
            )
            if kept != wish:
                self._take(session, guild_id, kept)

    def _wake(self, guild_id: int) -> None:
        """See to it that what was noted is told in time."""
        watch = self.guilds[guild_id]
        if watch.timer is None and watch.followed.due:
            loop = asyncio.get_running_loop()
            delay = max(0.0, watch.last + INTERVAL_S - loop.time())
            watch.timer = loop.call_later(delay, self._turn, guild_id)

    def _turn(self, guild_id: int) -> None:
        watch = self.guilds[guild_id]
        watch.timer, loop = None, asyncio.get_running_loop()
        home = self._world.homes.get(guild_id)
        if home is None or home.snapshot is None or home.views is None:
            watch.pieces = None
            return  # Its sessions start anew.
        try:
            if watch.pieces is None:
                watch.pieces = watch.followed.prepare(home)
            for _ in watch.pieces:
                watch.timer = loop.call_later(0, self._turn, guild_id)
                return
            watch.pieces, watch.last = None, loop.time()
            for told in watch.followed.turn(home, self._away):
                payload = Payload(told.name, _encode(told.d))
                for session in told.to:
                    self._tell(session, payload)
        except Exception:
            # Rather nothing than what is wrong: clients ask again when they look at it next.
            logger.exception("lists failed guild=%d", guild_id)
            watch.pieces = None
            for session in list(watch.followed.wishes):
                self._take(session, guild_id, Wish())

    def _drop(self, guild_id: int) -> None:
        watch = self.guilds.pop(guild_id)
        if watch.timer is not None:
            watch.timer.cancel()
