"""Seats in time: who does not connect or come back leaves, who is away is moved."""

from collections.abc import AsyncIterator

import pytest

from hearth.core.models.channels import Channel
from hearth.core.permissions import P
from hearth.core.voice_ports import Media, MediaListener, MediaSettings
from hearth.net.voice.conversation import Identify, Resume
from hearth.net.voice.door import PRIORITY, Seat, VoiceDoor
from hearth.sfu.media import open_media
from hearth.sfu.room import Peer
from hearth.sfu.udp import bound
from tests.doors.inside import ANN, BOB, DEN, Client, Inside

TALK, AWAY = DEN + 5, DEN + 6


class Line:
    """A client's socket that keeps what it was told."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.said: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.said.append(data)

    def close(self, code: int) -> None:
        self.code = code


class Hall:
    """A den with voice channels, a voice door, and a media server on a free port."""

    def __init__(self, inside: Inside) -> None:
        self.inside = inside
        self.away: set[int] = set()
        self.door = VoiceDoor(inside.worlds[-1], self._open, away=self.away.__contains__)

    @staticmethod
    async def _open(listener: MediaListener) -> Media:
        settings = MediaSettings(host="127.0.0.1", hosts=())
        return open_media(listener, bound("127.0.0.1", 0), settings)

    async def join(self, client: Client, channel: int | None = TALK) -> Identify:
        """Op 4; what the client would identify with."""
        client.take()
        client.say((4, {"guild_id": str(DEN), "channel_id": channel and str(channel)}))
        await self.inside.settle()
        told = dict(client.take())
        state = told.get("VOICE_STATE_UPDATE", {})
        token = told.get("VOICE_SERVER_UPDATE", {}).get("token", "")
        return Identify(DEN, client.session.user_id, state.get("session_id", ""), token)

    async def enter(self, wish: Identify) -> tuple[Seat, Line]:
        """A seat with a socket."""
        seat = await self.door.enter(wish)
        assert seat is not None
        line = Line()
        seat.line = line
        return seat, line

    async def wait(self, seconds: float) -> None:
        """Let time pass, with a sweep each second."""
        for _ in range(int(seconds)):
            self.inside.clock.seconds += 1.0
            self.door.sweep()
        await self.inside.settle()

    @property
    def places(self) -> dict[int, int]:
        """Who is where."""
        snapshot = self.inside.worlds[-1].homes[DEN].snapshot
        assert snapshot is not None
        return {state.user_id: state.channel_id for state in snapshot.voice_states.values()}


@pytest.fixture
async def hall(inside: Inside) -> AsyncIterator[Hall]:
    """A den where bob and ann may talk."""
    await inside.world.save(
        [
            Channel(id=TALK, guild_id=DEN, type=2, name="talk"),
            Channel(id=AWAY, guild_id=DEN, type=2, name="away"),
        ],
        home=DEN,
    )
    made = Hall(inside)
    yield made
    await made.door.close()


async def test_who_does_not_connect_leaves(hall: Hall) -> None:
    bob = await hall.inside.connect(f"token{BOB}")
    wish = await hall.join(bob)
    await hall.wait(59)
    assert hall.places == {BOB: TALK}
    await hall.wait(2)
    assert hall.places == {}
    # A token is good for a minute.
    assert await hall.door.enter(wish) is None


async def test_a_token_lapses(hall: Hall) -> None:
    bob = await hall.inside.connect(f"token{BOB}")
    wish = await hall.join(bob)
    hall.inside.clock.seconds += 60
    assert await hall.door.enter(wish) is None


async def test_who_does_not_come_back_leaves(hall: Hall) -> None:
    bob, ann = await hall.inside.connect(f"token{BOB}"), await hall.inside.connect(f"token{ANN}")
    seat, line = await hall.enter(await hall.join(bob))
    other, there = await hall.enter(await hall.join(ann))
    await hall.wait(100)
    assert hall.places == {BOB: TALK, ANN: TALK}
    hall.door.detach(seat, line)
    await hall.wait(14)
    gone = Resume(DEN, seat.session_id, seat.token, seat.sent.last)
    assert hall.door.resume(gone) is seat
    assert hall.places == {BOB: TALK, ANN: TALK}
    await hall.wait(3)
    assert hall.places == {ANN: TALK}
    assert hall.door.resume(gone) is None
    assert isinstance(seat.peer, Peer)
    assert seat.peer.closed
    assert there.code is None
    assert b'"op":13' in there.said[-1]
    assert hall.door.seats == {other.session_id: other}


async def test_who_is_silent_and_away_is_moved(hall: Hall) -> None:
    body = {"afk_channel_id": str(AWAY), "afk_timeout": 60}
    await hall.inside.call("update_guild", ANN, body, guild_id=DEN)
    bob = await hall.inside.connect(f"token{BOB}")
    seat, line = await hall.enter(await hall.join(bob))
    await hall.wait(200)
    assert hall.places == {BOB: TALK}
    hall.away.add(BOB)
    hall.door.speak(seat, 1)
    await hall.wait(50)
    assert hall.places == {BOB: TALK}
    await hall.wait(20)
    assert hall.places == {BOB: AWAY}
    # It is told where to connect now, and is let in there, where nobody speaks.
    assert line.code == 4014
    told = dict(bob.take())
    token = told["VOICE_SERVER_UPDATE"]["token"]
    again, _ = await hall.enter(Identify(DEN, BOB, seat.session_id, token))
    assert again.may.audio_in is False


@pytest.mark.parametrize("how", ["role", "overwrite", "mute", "deaf", "timeout", "kick"])
async def test_flags_follow_in_the_commits_own_step(hall: Hall, how: str) -> None:
    bob = await hall.inside.connect(f"token{BOB}")
    seat, line = await hall.enter(await hall.join(bob))
    peer = seat.peer
    assert isinstance(peer, Peer)
    assert tuple(peer.may) == (True, True, True, False)
    told: list[tuple[bool, ...]] = []
    # When the commit is told to whoever listens behind the door, it is so.
    hall.inside.worlds[-1].receivers.append(lambda *_: told.append((*peer.may, peer.closed)))
    member = {"guild_id": DEN, "user_id": BOB}
    if how == "role":
        body = {"permissions": str(P.VIEW_CHANNEL | P.CONNECT | P.PRIORITY_SPEAKER)}
        await hall.inside.call("update_guild_role", ANN, body, guild_id=DEN, role_id=DEN)
        assert told[0] == (False, True, False, True, False)
    elif how == "overwrite":
        at = {"channel_id": TALK, "overwrite_id": BOB}
        deny = {"type": 1, "deny": str(P.SPEAK)}
        await hall.inside.call("set_channel_permission_overwrite", ANN, deny, **at)
        assert told[0] == (False, True, True, False, False)
    elif how == "mute":
        await hall.inside.call("update_guild_member", ANN, {"mute": True}, **member)
        assert told[0] == (False, True, True, False, False)
    elif how == "deaf":
        await hall.inside.call("update_guild_member", ANN, {"deaf": True}, **member)
        assert told[0] == (True, False, True, False, False)
    elif how == "timeout":
        until = {"communication_disabled_until": "2027-01-15T08:20:00+00:00"}
        await hall.inside.call("update_guild_member", ANN, until, **member)
        assert told[0] == (False, False, False, False, False)
        assert line.code == 4014
    else:
        await hall.inside.call("delete_guild_member", ANN, **member)
        assert told[0] == (False, False, False, False, False)
        assert line.code == 4014
    assert peer.closed is (how in ("timeout", "kick"))


async def test_who_is_muted_speaks_no_more(hall: Hall) -> None:
    bob, ann = await hall.inside.connect(f"token{BOB}"), await hall.inside.connect(f"token{ANN}")
    seat, _ = await hall.enter(await hall.join(bob))
    _, line = await hall.enter(await hall.join(ann))
    hall.door.speak(seat, 1)
    assert b'"speaking":1' in line.said[-1]
    await hall.inside.call("update_guild_member", ANN, {"mute": True}, guild_id=DEN, user_id=BOB)
    assert b'"speaking":0' in line.said[-1]
    said = len(line.said)
    hall.door.speak(seat, 1)
    assert len(line.said) == said


async def test_who_may_not_speak_first_is_not_said_to(hall: Hall) -> None:
    bob, ann = await hall.inside.connect(f"token{BOB}"), await hall.inside.connect(f"token{ANN}")
    seat, _ = await hall.enter(await hall.join(bob))
    _, line = await hall.enter(await hall.join(ann))
    hall.door.speak(seat, 1 | PRIORITY)
    assert b'"speaking":1' in line.said[-1]
    allow = {"type": 1, "allow": str(P.PRIORITY_SPEAKER)}
    at = {"channel_id": TALK, "overwrite_id": BOB}
    await hall.inside.call("set_channel_permission_overwrite", ANN, allow, **at)
    hall.door.speak(seat, 1 | PRIORITY)
    assert b'"speaking":5' in line.said[-1]


async def test_another_process_than_the_owners(inside: Inside) -> None:
    two = await Inside.build(2)
    await two.person(ANN)
    await two.guild(DEN, ANN, nouns=[Channel(id=TALK, guild_id=DEN, type=2, name="talk")])
    ann = await two.connect(f"token{ANN}", gateway=1)
    hall = Hall(two)
    seat, line = await hall.enter(await hall.join(ann))
    assert hall.places == {ANN: TALK}
    await two.call("update_guild_member", ANN, {"mute": True}, guild_id=DEN, user_id=ANN)
    await two.settle()
    assert seat.may.audio_in is False
    await two.call("delete_channel", ANN, channel_id=TALK)
    await two.settle()
    assert (hall.places, line.code) == ({}, 4014)
    await hall.door.close()
    await two.close()
