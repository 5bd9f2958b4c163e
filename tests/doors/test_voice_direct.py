"""Media of two that goes directly: who may learn the other's addresses, and until when."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.core.models.members import Member
from hearth.core.voice_ports import Media, MediaListener, MediaSettings
from hearth.net.voice.conversation import Identify, Resume
from hearth.net.voice.direct import (
    DIRECT,
    MOST_WORDS,
    Allow,
    Candidate,
    Candidates,
    Description,
    Flows,
)
from hearth.net.voice.door import Seat, VoiceDoor
from hearth.net.voice.turn import stun_of
from hearth.sfu.media import open_media
from hearth.sfu.udp import bound
from tests.doors.inside import ANN, BOB, CAT, DEN, Client, Inside
from tests.doors.test_voice_door import Line

STUN = ("stun:stun.example.org:3478",)


class Phone:
    """Somebody's browser in a call: what it is told of direct media."""

    def __init__(self, call: "Call", user_id: int) -> None:
        self.call = call
        self.user_id = user_id
        self.client: Client
        self.seat: Seat
        self.line = Line()

    def take(self) -> list[dict[str, Any]]:
        """What came since the last time; all of it is for this person alone, and has no number."""
        said = [json.loads(each) for each in self.line.said]
        self.line.said.clear()
        mine = [each for each in said if each["op"] == DIRECT]
        assert all("seq" not in each for each in mine)
        return [each["d"] for each in mine]

    def types(self) -> list[str]:
        """The types of what came."""
        return [each["type"] for each in self.take()]

    async def allow(self, on: bool = True) -> None:
        """Turn the setting on or off."""
        self.call.door.direct.say(self.seat, Allow(on))
        await self.call.inside.settle()

    def say(self, word: Description | Candidates | Flows) -> None:
        """Say something to the other."""
        self.call.door.direct.say(self.seat, word)


class Call:
    """A private channel with a voice door."""

    def __init__(self, inside: Inside, p2p: bool) -> None:
        self.inside = inside
        self.door = VoiceDoor(inside.worlds[-1], self._open, p2p=p2p, stun=STUN)

    @staticmethod
    async def _open(listener: MediaListener) -> Media:
        settings = MediaSettings(host="127.0.0.1", hosts=())
        return open_media(listener, bound("127.0.0.1", 0), settings)

    async def join(self, user_id: int, channel: str, guild: int | None = None) -> Phone:
        """Call, as far as where media is agreed on."""
        phone = await self.ring(user_id, channel, guild)
        told = dict(phone.client.take())
        state, server = told["VOICE_STATE_UPDATE"], told["VOICE_SERVER_UPDATE"]
        home = guild or int(channel)
        seat = await self.door.enter(
            Identify(home, user_id, state["session_id"], server["token"], video=True)
        )
        assert seat is not None
        phone.seat = seat
        seat.line, seat.browser = phone.line, True
        self.door.introduce(seat)
        return phone

    async def ring(self, user_id: int, channel: str | None, guild: int | None = None) -> Phone:
        """Op 4 alone."""
        phone = Phone(self, user_id)
        phone.client = await self.inside.connect(f"token{user_id}")
        phone.client.take()
        phone.client.say((4, {"guild_id": guild and str(guild), "channel_id": channel}))
        await self.inside.settle()
        return phone

    async def dm(self, *others: int) -> str:
        """A private channel of ann's; its id."""
        body = {"recipients": [str(each) for each in others]}
        if len(others) == 1:
            body = {"recipient_id": str(others[0])}  # type: ignore[dict-item]
        return (await self.inside.call("create_dm", ANN, body)).id


@pytest.fixture
async def call(inside: Inside) -> AsyncIterator[Call]:
    """A host that lets media go directly."""
    made = Call(inside, p2p=True)
    yield made
    await made.door.close()


async def two(call: Call) -> tuple[Phone, Phone]:
    """Ann and bob in a call, whose media goes directly."""
    dm = await call.dm(BOB)
    ann, bob = await call.join(ANN, dm), await call.join(BOB, dm)
    await ann.allow()
    assert ann.take() == bob.take() == []
    await bob.allow()
    return ann, bob


def description(id: int) -> Description:
    return Description(id, "offer", "v=0")


async def test_two_who_both_let_it_find_each_other(call: Call) -> None:
    ann, bob = await two(call)
    (first,), (second,) = ann.take(), bob.take()
    servers = [{"urls": list(STUN)}]
    assert first == {
        "type": "begin",
        "id": first["id"],
        "user_id": str(BOB),
        "offers": True,
        "ice_servers": servers,
    }
    assert second == {**first, "user_id": str(ANN), "offers": False}
    id = first["id"]
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 5 typ host", "mid": "0"}
    ann.say(description(id))
    ann.say(Candidates(id, [Candidate(**candidate)]))
    bob.say(Flows(id, True, [7]))
    assert bob.take() == [
        {"type": "description", "id": id, "kind": "offer", "sdp": "v=0"},
        {"type": "candidates", "id": id, "candidates": [candidate]},
    ]
    assert ann.take() == [{"type": "flows", "id": id, "sound": True, "streams": [7]}]
    # What is about another connection goes nowhere.
    ann.say(description(id + 1))
    assert bob.take() == []


@pytest.mark.parametrize("who", ["host", "neither", "one"])
async def test_nothing_is_begun_unless_all_want_it(inside: Inside, who: str) -> None:
    call = Call(inside, p2p=who != "host")
    try:
        dm = await call.dm(BOB)
        ann, bob = await call.join(ANN, dm), await call.join(BOB, dm)
        if who != "neither":
            await ann.allow()
        if who == "host":
            await bob.allow()
        ann.say(description(1))
        bob.say(description(1))
        assert ann.take() == bob.take() == []
    finally:
        await call.door.close()


async def test_not_in_guilds(call: Call) -> None:
    body = {"name": "talk", "type": 2}
    made = await call.inside.call("create_guild_channel", ANN, body, guild_id=DEN)
    ann, bob = [await call.join(who, made.id, DEN) for who in (ANN, BOB)]
    await ann.allow()
    await bob.allow()
    assert ann.take() == bob.take() == []


async def test_bots_are_not_told(call: Call) -> None:
    """Who did not come by an offer of a browser's is no browser, whatever it says."""
    dm = await call.dm(BOB)
    ann, bob = await call.join(ANN, dm), await call.join(BOB, dm)
    bob.seat.browser = False
    await ann.allow()
    await bob.allow()
    assert ann.take() == bob.take() == []


@pytest.mark.parametrize(
    "how", ["setting", "leaves", "socket", "resumed", "goodbye", "block", "blocked", "too much"]
)
async def test_it_ends_at_once(call: Call, how: str) -> None:
    """And not a word goes from one to the other after that."""
    ann, bob = await two(call)
    (begin,), _ = ann.take(), bob.take()
    id = begin["id"]
    if how == "setting":
        await bob.allow(on=False)
    elif how == "leaves":
        bob.client.say((4, {"guild_id": None, "channel_id": None}))
    elif how == "socket":
        call.door.detach(bob.seat, bob.line)
    elif how == "resumed":
        again = Resume(bob.seat.home_id, bob.seat.session_id, bob.seat.token, bob.seat.sent.last)
        assert call.door.resume(again) is bob.seat
    elif how == "goodbye":
        call.door.hang_up(bob.seat)
    elif how == "block":
        await call.inside.call("create_relationship", ANN, {"type": 2}, user_id=BOB)
    elif how == "blocked":
        await call.inside.call("create_relationship", BOB, {"type": 2}, user_id=ANN)
    else:
        for _ in range(MOST_WORDS):
            bob.say(description(id))
        assert ann.types() == ["description"] * MOST_WORDS
        bob.say(description(id))
    await call.inside.settle()
    assert ann.take() == [{"type": "end", "id": id}]
    bob.take()
    for one, other in ((ann, bob), (bob, ann)):
        one.say(description(id))
        one.say(Candidates(id, []))
        one.say(Flows(id, True, []))
        assert other.take() == []


async def test_it_begins_again_when_it_may(call: Call) -> None:
    ann, bob = await two(call)
    (first,), _ = ann.take(), bob.take()
    await bob.allow(on=False)
    await bob.allow()
    told = ann.take()
    assert [each["type"] for each in told] == ["end", "begin"]
    assert told[1]["id"] > first["id"]
    assert bob.types() == ["end", "begin"]
    # Who came back on another socket lets it anew.
    call.door.detach(bob.seat, bob.line)
    bob.seat.line = bob.line
    await ann.allow()
    assert ann.types() == ["end"]
    await bob.allow()
    assert ann.types() == bob.types() == ["begin"]


async def test_a_third_ends_it_and_learns_nothing(call: Call) -> None:
    await call.inside.world.save([Member(guild_id=DEN, user_id=CAT, joined_at_ms=1)], home=DEN)
    group = await call.dm(BOB, CAT)
    ann, bob = await call.join(ANN, group), await call.join(BOB, group)
    await ann.allow()
    await bob.allow()
    (begin,) = ann.take()
    # From when others see that somebody comes, before anything is agreed on with them.
    cat = await call.ring(CAT, group)
    assert ann.types() == ["end"]
    assert bob.types() == ["begin", "end"]
    ann.say(description(begin["id"]))
    cat.client.say((4, {"guild_id": None, "channel_id": None}))
    await call.inside.settle()
    assert ann.types() == bob.types() == ["begin"]
    third = await call.join(CAT, group)
    await third.allow()
    third.say(description(begin["id"] + 1))
    assert ann.types() == bob.types() == ["end"]
    assert third.take() == []
    await call.inside.call("delete_group_dm_user", ANN, channel_id=int(group), user_id=CAT)
    await call.inside.settle()
    assert third.line.code is not None
    assert ann.types() == bob.types() == ["begin"]
    # Who is put out while it is direct is told to nobody any more.
    await call.inside.call("delete_group_dm_user", ANN, channel_id=int(group), user_id=BOB)
    await call.inside.settle()
    assert bob.line.code is not None
    assert ann.types() == bob.types() == ["end"]


async def test_who_blocks_while_it_begins_is_not_shown(call: Call) -> None:
    """What the directory said before is not believed after."""
    dm = await call.dm(BOB)
    ann, bob = await call.join(ANN, dm), await call.join(BOB, dm)
    await ann.allow()
    call.door.direct.say(bob.seat, Allow(True))
    await call.inside.call("create_relationship", ANN, {"type": 2}, user_id=BOB)
    await call.inside.settle()
    assert [each["type"] for each in ann.take()] in ([], ["begin", "end"])
    bob.take()
    await bob.allow(on=False)
    await bob.allow()
    assert ann.take() == bob.take() == []


def test_whom_browsers_may_ask() -> None:
    turn = ["turn:a:1?transport=udp", "turn:a:1?transport=tcp", "turns:b:2?transport=tcp"]
    assert stun_of(turn, "c:3") == ["stun:a:1", "stun:c:3"]
    assert stun_of([], None) == []
