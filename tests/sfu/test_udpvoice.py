"""Bots' UDP: discovery, both modes, replays, spoilt nonces, broken packets, reflection."""

import secrets
from collections.abc import Callable
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.sfu.media import MediaServer
from hearth.sfu.room import Peer, Sfu
from hearth.sfu.udpvoice import FIRST, FRESH_S, LAST, WINDOW, Bot, Cipher, Window
from tests.sfu.told import ALL, Told
from tests.voicebot import GCM, XCHACHA, Crypt, discovery, rtp

HOME, ELSEWHERE = ("192.0.2.7", 4000), ("198.51.100.9", 53)
Mode = Any


class Wire:
    """A media server whose datagrams stay here."""

    def __init__(self) -> None:
        self.told = Told()
        self.sfu = Sfu(self.told)
        self.media = MediaServer(self.sfu)
        self.sent: list[tuple[bytes, Any]] = []
        self.sfu.udp.send = self._send  # type: ignore[method-assign]

    def _send(self, data: Any, address: Any) -> bool:
        self.sent.append((bytes(data), address))
        return True

    def come(self, data: bytes, address: Any = HOME) -> None:
        """A datagram comes."""
        self.sfu.udp.take(memoryview(bytearray(data)), address)

    def bot(
        self, mode: str, *, ip: str = HOME[0], address: Any = HOME, user: int = 11
    ) -> tuple[Peer, Crypt]:
        """A bot that has its key."""
        peer = self.sfu.join(1, user, ALL)
        self.media.bots.expect(peer, ip)
        self.come(discovery(peer.ssrc), address)
        return peer, Crypt(mode, self.media.bots.select(peer, cast(Any, mode)))


class Listener:
    """Another in the room, which keeps what it hears."""

    def __init__(self, wire: Wire) -> None:
        self.heard: list[bytes] = []
        wire.sfu.join(1, 99, ALL).transport = self

    def send_audio(
        self, source: Peer, sequence: int, timestamp: int, marker: bool, payload: bytes
    ) -> None:
        self.heard.append(payload)

    def forget(self, source: Peer) -> None:
        pass

    def tick(self, now: float) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
async def wire():
    made = Wire()
    yield made
    made.sfu.close()


async def test_who_asks_is_told_their_address(wire: Wire) -> None:
    peer = wire.sfu.join(1, 11, ALL)
    wire.media.bots.expect(peer, HOME[0])
    wire.come(discovery(peer.ssrc))
    ((answer, to),) = wire.sent
    assert to == HOME
    assert answer[:8] == b"\x00\x02\x00\x46" + peer.ssrc.to_bytes(4)
    assert answer[8:72].rstrip(b"\0") == b"192.0.2.7"
    assert int.from_bytes(answer[72:]) == 4000
    # It asks again, the first answer may be lost; and once more by itself.
    wire.come(discovery(peer.ssrc))
    assert len(wire.sent) == 2
    for later in (0.1, 0.3, 0.6):
        peer.tick(wire.sfu.now() + later)
    assert len(wire.sent) == 3


async def test_nobody_else_is_answered(wire: Wire) -> None:
    peer = wire.sfu.join(1, 11, ALL)
    wire.media.bots.expect(peer, HOME[0])
    wire.come(discovery(peer.ssrc), ELSEWHERE)
    wire.come(discovery(peer.ssrc ^ 2))
    wire.come(discovery(peer.ssrc)[:-1])
    assert wire.sent == []


@pytest.mark.parametrize("mode", [GCM, XCHACHA])
async def test_there_and_back(wire: Wire, mode: str) -> None:
    peer, crypt = wire.bot(mode)
    listener = Listener(wire)
    wire.sent.clear()
    wire.come(crypt.seal(rtp(peer.ssrc, 5), b"opus", bytes(4)))
    assert listener.heard == [b"opus"]
    assert wire.sent == []
    other = wire.sfu.join(1, 12, ALL)
    other.heard(7, 6720, False, b"back")
    other.heard(8, 7680, True, b"again")
    (first, to), (second, _) = wire.sent
    assert to == HOME
    assert crypt.open(first) == b"back"
    assert crypt.open(second) == b"again"
    assert (first[:2], second[:2]) == (b"\x80\x78", b"\x80\xf8")
    assert first[8:12] == second[8:12] == other.ssrc.to_bytes(4)
    sequences, timestamps = zip(*((d[2:4], d[4:8]) for d in (first, second)), strict=True)
    assert int.from_bytes(sequences[1]) - int.from_bytes(sequences[0]) == 1
    assert int.from_bytes(timestamps[1]) - int.from_bytes(timestamps[0]) == 960
    # Our half of the nonces, one after the other.
    assert [int.from_bytes(data[-4:]) for data in (first, second)] == [FIRST, FIRST + 1]


@pytest.mark.parametrize("mode", [GCM, XCHACHA])
async def test_what_is_not_theirs_is_not_heard(wire: Wire, mode: str) -> None:
    peer, crypt = wire.bot(mode)
    listener = Listener(wire)
    good = crypt.seal(rtp(peer.ssrc, 1), b"opus", b"\0\0\0\1")
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1
        wire.come(bytes(bad))
    for size in range(len(good)):
        wire.come(good[:size])
    wire.come(crypt.seal(rtp(peer.ssrc ^ 2, 1), b"opus", b"\0\0\0\2"))
    wire.come(good, ELSEWHERE)
    assert listener.heard == []
    wire.come(good)
    assert listener.heard == [b"opus"]
    assert wire.told.gone == []


@pytest.mark.parametrize("order", ["big", "little"])
async def test_a_packet_is_heard_once(wire: Wire, order: Any) -> None:
    peer, crypt = wire.bot(GCM)
    listener = Listener(wire)
    frames = [crypt.seal(rtp(peer.ssrc, n), b"%d" % n, n.to_bytes(4, order)) for n in range(1, 600)]
    now = wire.sfu.now()
    for start in range(0, len(frames), 90):
        for each in frames[start : start + 90]:
            wire.come(each)
        now += 1
        wire.sfu.now = lambda: now  # type: ignore[method-assign]  # noqa: B023
        wire.media.bots._now = wire.sfu.now
        bot = peer.transport
        assert isinstance(bot, Bot)
        bot._now = wire.sfu.now
        before = len(listener.heard)
        for each in frames[start : start + 9]:
            wire.come(each)
        assert len(listener.heard) == before
    assert [int(said) for said in listener.heard] == list(range(1, 600))


async def test_a_nonce_of_ours_spoils_the_key(wire: Wire) -> None:
    peer, crypt = wire.bot(GCM)
    other = wire.sfu.join(1, 12, ALL)
    other.heard(1, 0, False, b"x")
    listener = Listener(wire)
    wire.come(crypt.seal(rtp(peer.ssrc, 1), b"opus", FIRST.to_bytes(4)))
    assert wire.told.gone == [(11, "nonce")]
    wire.come(crypt.seal(rtp(peer.ssrc, 2), b"opus", b"\0\0\0\1"))
    wire.sent.clear()
    other.heard(2, 960, False, b"y")
    assert listener.heard[-1] == b"y"
    assert wire.sent == []
    assert wire.told.gone == [(11, "nonce")]


async def test_no_nonce_is_used_twice(wire: Wire) -> None:
    peer, _ = wire.bot(GCM)
    bot = peer.transport
    assert isinstance(bot, Bot)
    assert bot._cipher is not None
    bot._cipher._next = LAST
    other = wire.sfu.join(1, 12, ALL)
    wire.sent.clear()
    for n in range(3):
        other.heard(n, n * 960, False, b"x")
    assert [data[-4:] for data, _ in wire.sent] == [b"\xff" * 4]
    assert wire.told.gone == [(11, "nonce")]


async def test_keepalives_and_pings(wire: Wire) -> None:
    wire.bot(GCM)
    wire.sent.clear()
    wire.come((5).to_bytes(8, "little"))
    assert wire.sent == []
    wire.come(b"\x13\x37\xca\xfe\0\0\0\7")
    assert wire.sent == [(b"\x13\x37\xf0\x0d\0\0\0\7", HOME)]


async def test_who_came_another_way_must_prove_it(wire: Wire) -> None:
    # The gateway was reached by IPv6, media comes by IPv4: the address proves nothing.
    peer, crypt = wire.bot(GCM, ip="2001:db8::1")
    other = wire.sfu.join(1, 12, ALL)
    wire.sent.clear()
    other.heard(1, 0, False, b"x")
    assert wire.sent == []
    wire.come(crypt.seal(rtp(peer.ssrc, 1), b"opus", b"\0\0\0\1"))
    other.heard(2, 0, False, b"y")
    assert len(wire.sent) == 1
    bot = peer.transport
    assert isinstance(bot, Bot)
    bot._proven_at -= FRESH_S + 1
    other.heard(3, 0, False, b"z")
    assert len(wire.sent) == 1


async def test_a_bot_moves_to_another_port(wire: Wire) -> None:
    peer, crypt = wire.bot(GCM)
    later = (HOME[0], 4001)
    wire.come(discovery(peer.ssrc), later)
    wire.sent.clear()
    wire.sfu.join(1, 12, ALL).heard(1, 0, False, b"x")
    assert [to for _, to in wire.sent] == [later]
    listener = Listener(wire)
    wire.come(crypt.seal(rtp(peer.ssrc, 1), b"opus", b"\0\0\0\1"))
    assert listener.heard == []
    peer.close()
    assert wire.sfu.udp.bots == {}


async def test_a_microphone_has_bounds(wire: Wire) -> None:
    peer, crypt = wire.bot(GCM)
    listener = Listener(wire)
    for n in range(400):
        wire.come(crypt.seal(rtp(peer.ssrc, n), b"opus", n.to_bytes(4)))
    assert 100 <= len(listener.heard) <= 130


async def test_extensions_and_padding_are_taken_off(wire: Wire) -> None:
    peer, crypt = wire.bot(GCM)
    listener = Listener(wire)
    with_extension = rtp(peer.ssrc, 1, first=0x90, more=b"\xbe\xde\0\1")
    wire.come(crypt.seal(with_extension, b"\x10\x01\0\0opus", b"\0\0\0\1"))
    wire.come(crypt.seal(rtp(peer.ssrc, 2, first=0xA0), b"opus\0\0\3", b"\0\0\0\2"))
    wire.come(crypt.seal(rtp(peer.ssrc, 3, first=0x81, more=bytes(4)), b"opus", b"\0\0\0\3"))
    wire.come(crypt.seal(rtp(peer.ssrc, 4, first=0xA0), b"\x09", b"\0\0\0\4"))
    assert listener.heard == [b"opus"] * 3


@pytest.mark.parametrize(
    "many", [5_000, pytest.param(500_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
async def test_mutated_datagrams_harm_nobody(
    wire: Wire, caplog: pytest.LogCaptureFixture, many: int
) -> None:
    peer, crypt = wire.bot(XCHACHA)
    random = Random(7)
    seeds = [
        discovery(peer.ssrc),
        crypt.seal(rtp(peer.ssrc, 1, first=0xBF, more=bytes(64)), b"opus", bytes(4)),
        b"\x13\x37\xca\xfe\0\0\0\7",
    ]
    for _ in range(many):
        data = bytearray(random.choice(seeds))
        for _ in range(random.randrange(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        wire.come(bytes(data[: random.randrange(1, len(data) + 1)]))
        wire.sent.clear()
    assert caplog.records == []
    assert len(wire.sfu.udp.bots) == 1


@given(st.lists(st.integers(0, 5000), max_size=200))
def test_a_window_takes_nothing_twice(numbers: list[int]) -> None:
    window, taken = Window(), set[int]()
    for number in numbers:
        fresh = window.fresh(number)
        assert not (fresh and number in taken)
        if not fresh and number not in taken:
            assert max(taken) - number >= WINDOW
        if fresh:
            window.take(number)
            taken.add(number)


def test_a_cipher_knows_how_its_client_counts() -> None:
    made: list[Callable[[int], bytes]] = [
        lambda n: n.to_bytes(4, "little"),
        lambda n: n.to_bytes(4),
    ]
    for order, count in zip(("little", "big"), made, strict=True):
        key = secrets.token_bytes(32)
        cipher, crypt = Cipher(GCM, key), Crypt(GCM, key)
        for n in (1, 2, 300, 299, 70_000):
            data = crypt.seal(rtp(1, n & 0xFFFF), b"x", count(n))
            assert cipher.open(data, 12) == b"x"
            assert cipher.open(data, 12) is None
        assert cipher.order == order
