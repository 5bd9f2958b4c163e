"""Media of two that goes from browser to browser: who may, and the words by which they find each
other (decision 0032).

Each learns the other's network addresses by it, so it is begun only where the host and both people
want it, and it ends with the first commit, lost socket or word that says otherwise. Words go to
nobody else, are never kept, and never written to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hearth.core.commits import Commit
from hearth.core.models.social import Relationship

if TYPE_CHECKING:
    from hearth.actions.world import World
    from hearth.net.voice.door import Seat

logger = logging.getLogger(__name__)

DIRECT = 100
"""The opcode: ours alone, and told to nobody who did not speak of it first."""

SDP_BYTES = 24 * 1024
MOST_WORDS = 16
"""So many descriptions and lots of candidates may each of two say about one connection."""

_encode = msgspec.json.Encoder().encode


class Allow(Struct, frozen=True, tag="allow"):
    """Whether one's media may go to the other directly; false takes it back at once."""

    on: bool


class Description(Struct, frozen=True, tag="description"):
    """An offer or an answer (RFC 8829) for the connection `id`."""

    id: int
    kind: Literal["offer", "answer"]
    sdp: Annotated[str, Meta(max_length=SDP_BYTES)]


class Candidate(Struct, frozen=True):
    """An address at which one may be reached (RFC 8839), of a section of the offer."""

    candidate: Annotated[str, Meta(max_length=512)]
    mid: Annotated[str, Meta(max_length=16)]


class Candidates(Struct, frozen=True, tag="candidates"):
    """More of them."""

    id: int
    candidates: Annotated[list[Candidate], Meta(max_length=16)]


class Flows(Struct, frozen=True, tag="flows"):
    """What of the other's arrives directly: the sound, and pictures by their names in the room."""

    id: int
    sound: bool
    streams: Annotated[list[int], Meta(max_length=8)]


Word = Allow | Description | Candidates | Flows


class Pair:
    """Two whose media may go directly, as long as it is so. The first makes the offer."""

    def __init__(self, id: int, first: Seat, second: Seat) -> None:
        self.id = id
        self.seats = first, second
        self.words = {first: 0, second: 0}

    def other(self, seat: Seat) -> Seat:
        """The one who is not `seat`."""
        return self.seats[1] if seat is self.seats[0] else self.seats[0]


class Direct:
    """The pairs of this process, at most one of a private channel.

    `on` is whether the host lets people; `seats` are the voice sessions of a home by user; `stun`
    the servers (RFC 7064) that browsers may ask for their public address.
    """

    def __init__(
        self,
        world: World,
        seats: Callable[[int], Mapping[int, Seat]],
        *,
        on: bool = False,
        stun: Sequence[str] = (),
    ) -> None:
        self._world = world
        self._seats = seats
        self._on = on
        self._servers = [{"urls": list(stun)}] if stun else []
        self._pairs: dict[int, Pair] = {}
        self._ids = count(1)
        self._ties = 0
        """Counts up when anybody blocks anybody, or does no more."""

    def say(self, seat: Seat, word: Word) -> None:
        """Take a word of a browser's. Who says too much is heard no more."""
        if isinstance(word, Allow):
            self.allow(seat, on=word.on)
            return
        pair = self._pairs.get(seat.home_id)
        if pair is None or seat not in pair.seats or word.id != pair.id:
            return  # It was late.
        if not isinstance(word, Flows):
            pair.words[seat] += 1
            if pair.words[seat] > MOST_WORDS:
                self.allow(seat, on=False)
                return
        _tell(pair.other(seat), word)

    def allow(self, seat: Seat, *, on: bool) -> None:
        """One wants it, or does not any more."""
        seat.direct = on
        self.settle(seat.home_id)

    def settle(self, home_id: int) -> None:
        """Begin and end what may be and what may not, as it is now."""
        pair, two = self._pairs.get(home_id), self._two(home_id)
        if pair is not None and pair.seats != two:
            self._end(home_id, pair)
            pair = None
        if pair is None and two is not None:
            self._world.tasks.start(self._begin(home_id, two), name="direct")

    def learn(self, commit: Commit) -> None:
        """Who blocks the other ends it."""
        for noun in (*commit.save, *commit.delete):
            if isinstance(noun, Relationship):
                self._ties += 1
                for home_id, pair in list(self._pairs.items()):
                    if {noun.user_id, noun.other_id} == {seat.user_id for seat in pair.seats}:
                        self._end(home_id, pair)
                        self.settle(home_id)

    def _two(self, home_id: int) -> tuple[Seat, Seat] | None:
        """The two of a private channel whose media may go directly, as far as is known here."""
        home = self._world.homes.get(home_id)
        snapshot = None if home is None else home.snapshot
        if not self._on or snapshot is None or snapshot.guild is not None:
            return None
        seats = self._seats(home_id)
        # Somebody who joins counts from the moment on in which others see them.
        if len(seats) != 2 or seats.keys() != snapshot.voice_states.keys():
            return None
        for seat in seats.values():
            state = snapshot.voice_states[seat.user_id]
            if not seat.direct or not seat.browser or seat.line is None:
                return None
            if (state.session_id, state.channel_id) != (seat.session_id, seat.channel_id):
                return None
        first, second = sorted(seats.values(), key=lambda seat: seat.user_id)
        return first, second

    async def _begin(self, home_id: int, two: tuple[Seat, Seat]) -> None:
        ties = -1
        while ties != self._ties:
            ties = self._ties
            if await self._world.ties.blocked(two[0].user_id, two[1].user_id):
                return
        # From here to the end nothing awaits.
        if home_id in self._pairs or self._two(home_id) != two:
            return
        pair = self._pairs[home_id] = Pair(next(self._ids), *two)
        logger.info("direct begins channel=%d id=%d", home_id, pair.id)
        for seat in two:
            _tell(
                seat,
                {
                    "type": "begin",
                    "id": pair.id,
                    "user_id": str(pair.other(seat).user_id),
                    "offers": seat is two[0],
                    "ice_servers": self._servers,
                },
            )

    def _end(self, home_id: int, pair: Pair) -> None:
        del self._pairs[home_id]
        logger.info("direct ends channel=%d id=%d", home_id, pair.id)
        for seat in pair.seats:
            _tell(seat, {"type": "end", "id": pair.id})


def _tell(seat: Seat, d: Any) -> None:
    """Say something that is not said again: who comes back later begins anew."""
    if seat.line is not None:
        seat.line.write(b'{"op":%d,"d":%b}' % (DIRECT, _encode(d)))
