"""Sessions: whatever comes between, a client sees every event once and in order, or starts anew."""

import random
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import booleans, integers, sampled_from

from hearth.net.gateway import session as module
from hearth.net.gateway.codec import PLAIN, ZLIB_STREAM, Encoding, Payload, Stencil, control
from hearth.net.gateway.conversation import HELLO
from hearth.net.gateway.session import Deferred, Session


def make(**more: Any) -> Session:
    """A bot's session."""
    return Session("abc", 1, b"token", intents=1, bot=True, **more)


def payload(number: int, size: int = 0) -> Payload:
    """An event that says its number, and `size` bytes that deflate makes little smaller."""
    more = random.Random(number).randbytes(size // 2).hex()
    return Payload("TEST", msgspec.json.encode({"number": number, "more": more}))


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """The payloads of whole server frames (RFC 6455 5.2, unmasked), and the bytes left over."""
    bodies: list[bytes] = []
    while len(stream) >= 2:
        start, length = 2, stream[1]
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(stream[2:start])
        if len(stream) < start + length:
            break
        bodies.append(stream[start : start + length])
        stream = stream[start + length :]
    return bodies, stream


class Wire:
    """One connection: what was written and not read yet; it pauses above a mark."""

    def __init__(self, session: Session, encoding: Encoding, mark: int) -> None:
        self.session = session
        self.mark = mark
        self.held = control(HELLO, b"{}", encoding, first=True)
        self.inflate = zlib.decompressobj() if encoding is ZLIB_STREAM else None
        self.greeted = False
        self.most = 0

    def write(self, data: bytes) -> None:
        """What the session calls; the transport may say that it is full before this returns."""
        assert self.session.write is not None
        self.most = max(self.most, len(data))
        self.held += data
        if len(self.held) > self.mark:
            self.session.write = None

    def read(self, most: int) -> list[dict[str, Any]]:
        """What the client makes of the next `most` bytes."""
        taken, self.held = self.held[:most], self.held[most:]
        bodies, rest = split(taken)
        self.held = rest + self.held
        told: list[dict[str, Any]] = []
        for body in bodies:
            if self.inflate is not None:
                body = self.inflate.decompress(body)
            told.append(msgspec.json.decode(body))
        if told and not self.greeted:
            assert told.pop(0)["op"] == HELLO
            self.greeted = True
        return told


class Sessions(RuleBasedStateMachine):
    """A session, the connections it has one after the other, and the client that reads them."""

    PIECE, EVENTS, BYTES = 300, 12, 4000

    @initialize(encoding=sampled_from([PLAIN, ZLIB_STREAM]))
    def begin(self, encoding: Encoding) -> None:
        self.before = module.PIECE_BYTES, module.MOST_EVENTS, module.MOST_BYTES
        module.PIECE_BYTES, module.MOST_EVENTS, module.MOST_BYTES = (
            self.PIECE,
            self.EVENTS,
            self.BYTES,
        )
        self.stencil = Stencil()
        self.identify(encoding)

    def identify(self, encoding: Encoding) -> None:
        self.session = make()
        self.session.coding = self.encoding = encoding
        self.pushed = self.seen = 0
        self.lost = False
        self.attach(600)

    def teardown(self) -> None:
        if not hasattr(self, "before"):
            return
        if not self.lost:
            if self.wire is None:
                self.go_on(PLAIN, 600)
            for _ in range(0 if self.lost else self.pushed + 1):
                self.take(10**6)
                self.room()
            assert self.lost or self.seen == self.pushed
        module.PIECE_BYTES, module.MOST_EVENTS, module.MOST_BYTES = self.before

    def attach(self, mark: int) -> None:
        self.wire: Wire | None = Wire(self.session, self.encoding, mark)
        self.session.write = self.wire.write

    def take(self, most: int) -> None:
        assert self.wire is not None
        for told in self.wire.read(most):
            assert told["s"] == self.seen + 1, "a gap or a double"
            assert told["d"]["number"] == told["s"]
            self.seen += 1

    alive = precondition(lambda self: not self.lost)
    attached = precondition(lambda self: not self.lost and self.wire is not None)
    detached = precondition(lambda self: not self.lost and self.wire is None)

    @alive
    @rule(count=integers(1, 5), size=sampled_from([0, 10, 200, 700]), later=booleans())
    def push(self, count: int, size: int, later: bool) -> None:
        for _ in range(count):
            self.pushed += 1
            event = payload(self.pushed, size)
            self.session.push(Deferred(lambda event=event: event) if later else event)

    @alive
    @rule()
    def pump(self) -> None:
        self.session.pump(self.stencil)

    @attached
    @rule()
    def full(self) -> None:
        self.session.write = None

    @attached
    @rule()
    def room(self) -> None:
        assert self.wire is not None
        self.session.write = self.wire.write
        self.session.pump(self.stencil)

    @attached
    @rule(most=integers(1, 2000))
    def read(self, most: int) -> None:
        self.take(most)

    @attached
    @rule()
    def beat(self) -> None:
        assert self.session.acknowledge(self.seen)

    @alive
    @rule(beyond=integers(1, 5))
    def lie(self, beyond: int) -> None:
        before = self.session.base, self.session.sent
        assert not self.session.acknowledge(self.session.sent + beyond)
        assert not self.session.resume(self.session.sent + beyond)
        assert (self.session.base, self.session.sent) == before

    @attached
    @rule(most=integers(0, 2000))
    def cut(self, most: int) -> None:
        self.take(most)
        self.wire = None
        self.session.write = None

    @detached
    @rule(encoding=sampled_from([PLAIN, ZLIB_STREAM]), mark=sampled_from([0, 600, 5000]))
    def go_on(self, encoding: Encoding, mark: int) -> None:
        possible = self.session.base <= self.seen
        assert self.session.resume(self.seen) is possible
        if not possible:
            self.lost = True
            return
        self.encoding = self.session.coding = encoding
        self.attach(mark)
        self.session.pump(self.stencil)

    @alive
    @rule()
    def sweep(self) -> None:
        unsent = self.session.unsent
        bound = sum(event.size for event in self.session.events)
        if self.session.trim():
            assert self.session.unsent == unsent
            assert len(self.session.events) <= self.EVENTS
            assert sum(event.size for event in self.session.events) <= self.BYTES
        else:
            assert unsent > self.EVENTS or bound > self.BYTES
            self.lost = True

    @precondition(lambda self: self.lost)
    @rule(encoding=sampled_from([PLAIN, ZLIB_STREAM]))
    def anew(self, encoding: Encoding) -> None:
        self.identify(encoding)

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "session"):
            session = self.session
            assert session.last == self.pushed
            assert session.base <= session.sent <= session.last
            assert session.unsent == session.last - session.sent
            assert self.seen <= session.sent or self.lost
            if self.wire is not None and self.wire.most > self.PIECE:
                assert self.wire.most < 1100, "only a single event may exceed a piece"


Sessions.TestCase.settings = settings(
    max_examples=250, stateful_step_count=40, deadline=None, derandomize=True
)
TestSessions = Sessions.TestCase


@pytest.fixture(params=[PLAIN, ZLIB_STREAM], ids=lambda e: e.value)
def attached(request: pytest.FixtureRequest) -> tuple[Session, Wire]:
    session = make()
    session.coding = request.param
    wire = Wire(session, request.param, 10**9)
    session.write = wire.write
    return session, wire


def test_a_pump_writes_in_pieces(attached: tuple[Session, Wire]) -> None:
    session, wire = attached
    for number in range(1, 101):
        session.push(payload(number, 1000))
    session.pump()
    assert session.unsent == 0
    assert [told["s"] for told in wire.read(10**9)] == list(range(1, 101))
    assert wire.most <= module.PIECE_BYTES


def test_a_pause_within_a_write_holds_the_rest(attached: tuple[Session, Wire]) -> None:
    session, wire = attached
    wire.mark = 0
    for number in range(1, 101):
        session.push(payload(number, 1000))
    session.pump()
    sent = session.sent
    assert 0 < sent < 100
    session.pump()
    assert session.sent == sent


def test_an_event_is_made_when_the_pump_reaches_it(attached: tuple[Session, Wire]) -> None:
    session, wire = attached
    made: list[int] = []

    def late() -> Payload:
        made.append(1)
        return payload(1)

    event = Deferred(late)
    session.push(event)
    assert event.size == 0
    assert session.trim()
    assert made == []
    session.pump()
    assert event.payload is event.payload
    assert event.size == event.payload.size > 0
    assert made == [1]
    assert [told["d"]["number"] for told in wire.read(10**9)] == [1]


def test_an_acknowledgement_frees_what_the_client_has() -> None:
    session = make()
    session.write = lambda _: None
    for number in range(1, 6):
        session.push(payload(number))
    session.pump()
    assert session.acknowledge(3)
    assert (session.base, len(session.events)) == (3, 2)
    assert session.acknowledge(1), "an old number is no fault"
    assert session.acknowledge(-1)
    assert (session.base, len(session.events)) == (3, 2)
    assert not session.resume(2), "it has said that it has more"
    assert not session.resume(-1)
    assert session.resume(4)
    assert session.unsent == 1


def test_a_number_that_was_never_sent_is_refused() -> None:
    session = make()
    session.push(payload(1))
    assert not session.acknowledge(1)
    assert not session.resume(1), "queued is not sent"
    assert session.resume(0)


def test_sent_events_fall_off_the_back_and_unsent_ones_never() -> None:
    session = make()
    session.write = lambda _: None
    for number in range(1, module.MOST_EVENTS + 11):
        session.push(payload(number))
    session.sent = 10
    assert session.trim()
    assert (session.base, session.unsent) == (10, module.MOST_EVENTS)
    session.push(payload(0))
    assert not session.trim()
    assert session.last == module.MOST_EVENTS + 11, "nothing was thrown away"


def test_the_bound_counts_bytes() -> None:
    session = make()
    session.write = lambda _: None
    for number in range(1, 6):
        session.push(payload(number, module.MOST_BYTES // 4))
    session.pump()
    assert session.trim()
    assert session.base == 2
    assert session.trim()
    assert session.base == 2


def test_a_session_says_who_it_is() -> None:
    session = make(shard=(1, 2), client="mobile")
    assert (session.shard, session.client, session.wants_all) == ((1, 2), "mobile", False)
    person = Session("def", 1, b"token", intents=1, bot=False)
    assert person.wants_all
    assert person.presence is module.ONLINE
