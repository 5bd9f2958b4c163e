"""A gateway session: the events it was told, what of them was sent, and how it goes on.

Pure: it knows a `write` callable and nothing else of the connection (Discord topic "Gateway",
"Resuming").
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, islice
from operator import attrgetter
from typing import TYPE_CHECKING

from hearth.core.models.presence import PresencePut
from hearth.net.gateway.codec import PLAIN, Coding, Payload, Stencil, frames

if TYPE_CHECKING:
    from hearth.net.gateway.cohorts import Cohort

PIECE_BYTES = 16 * 1024
"""The most that one write carries; a paused connection owes no more than this."""

_size = attrgetter("size")

STENCIL_EVENTS = 16
"""Up to so many waiting events are likely to be those that other sessions wait for too."""

MOST_EVENTS = 2048
MOST_BYTES = 4 * 1024 * 1024
"""A session that has more than this unsent falls; sent events beyond it drop off the back."""

STALLED_S = 20.0
"""A connection that takes nothing for so long is cut; its session may be resumed."""

DETACHED_S = 300.0
"""A session without a connection may be resumed for so long."""


ONLINE = PresencePut()
"""What a session says of its user until it says otherwise; shared, and never changed."""


class Deferred:
    """An event whose bytes are made when the pump reaches it: READY, GUILD_CREATE, a chunk.

    It has what `frames` asks of a Payload.
    """

    __slots__ = ("_made", "make")

    def __init__(self, make: Callable[[], Payload]) -> None:
        self.make: Callable[[], Payload] | None = make
        self._made: Payload | None = None

    @property
    def payload(self) -> Payload:
        """The payload, made at the first call."""
        if self._made is None:
            assert self.make is not None
            self._made, self.make = self.make(), None
        return self._made

    @property
    def plain(self) -> tuple[bytes, bytes]:
        """Head and tail of a plain frame."""
        return self.payload.plain

    @property
    def deflated(self) -> tuple[bytes, bytes] | None:
        """Head and tail of a deflated frame, where they were made."""
        return self.payload.deflated

    def deflate(self) -> tuple[bytes, bytes]:
        """Make head and tail of a deflated frame."""
        return self.payload.deflate()

    @property
    def size(self) -> int:
        """What a plain frame takes, in bytes; nothing before it was made."""
        return 0 if self._made is None else self._made.size


Queued = Payload | Deferred


class Session:
    """One client's stream of events, numbered from 1 without a hole.

    The resume buffer is the only queue: `events` holds what follows sequence `base` (everything
    up to it was acknowledged); up to `sent` it was written to the present connection.
    """

    __slots__ = (
        "base",
        "client",
        "coding",
        "cohorts",
        "dirty",
        "events",
        "id",
        "intents",
        "large_threshold",
        "presence",
        "present",
        "sent",
        "shard",
        "since",
        "token",
        "user_id",
        "wants_all",
        "write",
    )

    def __init__(
        self,
        id: str,
        user_id: int,
        token: bytes,
        *,
        intents: int,
        bot: bool,
        shard: tuple[int, int] | None = None,
        client: str = "",
    ) -> None:
        self.id = id
        self.user_id = user_id
        self.token = token
        self.intents = intents
        self.wants_all = not bot
        """People's clients are told everything they may see, bots what they have an intent for."""
        self.shard = shard
        self.client = client
        self.cohorts: tuple[Cohort, ...] = ()
        """Where it stands, one for each of its guilds; a dict would take five times the memory."""
        self.events: list[Queued] = []
        self.base = 0
        self.sent = 0
        self.dirty = False
        self.write: Callable[[bytes], None] | None = None
        self.coding: Coding = PLAIN
        self.large_threshold = 50
        """Guilds with more members come with those of them only who are online."""
        self.presence = ONLINE
        """What it said last of its user; said again when it is resumed."""
        self.present = False
        """Whether its user is shown as there because of it."""
        self.since = 0.0
        """When it was cut; seconds."""

    @property
    def guilds(self) -> list[int]:
        """The guilds that it is in, by id."""
        return sorted(cohort.guild_id for cohort in self.cohorts)

    def cohort(self, guild_id: int) -> "Cohort | None":
        """Where it stands in a guild; None when it is not there."""
        for cohort in self.cohorts:
            if cohort.guild_id == guild_id:
                return cohort
        return None

    @property
    def last(self) -> int:
        """The sequence of the newest event."""
        return self.base + len(self.events)

    @property
    def unsent(self) -> int:
        """How many events wait for the connection."""
        return self.base + len(self.events) - self.sent

    def push(self, event: Queued) -> None:
        """Append an event; it is written when the session is pumped."""
        self.events.append(event)

    def pump(self, stencil: Stencil | None = None) -> None:
        """Write what is unsent, until the connection pauses or nothing is left.

        `stencil` is shared with the sessions pumped before and after.
        """
        events = self.events
        start = self.sent - self.base
        while (write := self.write) is not None and start < len(events):
            if stencil is not None and len(events) - start <= STENCIL_EVENTS:
                waiting = events[start:]
                data, count = stencil.frames(waiting, self.sent + 1, self.coding, PIECE_BYTES)
            else:
                data, count = frames(events, self.sent + 1, self.coding, PIECE_BYTES, start)
            self.sent += count
            start += count
            write(data)

    def acknowledge(self, seq: int) -> bool:
        """Drop what the client says (in a heartbeat) that it has; False for a number never sent."""
        if seq > self.sent:
            return False
        if seq > self.base:
            del self.events[: seq - self.base]
            self.base = seq
        return True

    def resume(self, seq: int) -> bool:
        """Go on after `seq` with the next connection; False when that is not possible any more."""
        if not self.base <= seq <= self.sent:
            return False
        del self.events[: seq - self.base]
        self.base = self.sent = seq
        return True

    def trim(self) -> bool:
        """Keep to the bounds; False when an unsent event would have to go: the session falls."""
        events = self.events
        if len(events) <= MOST_EVENTS and sum(map(_size, events)) <= MOST_BYTES:
            return True
        # What the newest take together, the newest two, and so on.
        sizes = accumulate(map(_size, islice(reversed(events), MOST_EVENTS)))
        drop = len(events) - bisect_right(list(sizes), MOST_BYTES)
        if self.base + drop > self.sent:
            return False
        del events[:drop]
        self.base += drop
        return True
