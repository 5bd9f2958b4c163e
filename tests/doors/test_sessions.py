"""Sessions from inside: what happens while something else is under way, and as time goes by."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hearth.core.models.presence import PresencePut
from hearth.core.operations import OPERATOR
from hearth.core.permissions import P
from hearth.net.gateway import saved
from hearth.net.gateway import session as session_module
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.connection import ABSENT_S
from hearth.net.gateway.frames import PING
from hearth.net.gateway.saved import Saved
from hearth.net.gateway.session import DETACHED_S, MOST_BYTES, STALLED_S, Deferred
from tests.doors.inside import EVERY_INTENT, Client, Inside, masked

ANN, BOB, CAT, BOT = 11, 12, 13, 21
DEN, TEXT, NEXT = 1000, 1001, 2000
FLAGS = 1 << 12 | 1 << 14 | 1 << 18


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    """Ann's guild with bob and a bot, and another of ann's alone; cat is nowhere."""
    made = await Inside.build()
    for user_id in (ANN, BOB, CAT):
        await made.person(user_id)
    await made.person(BOT, bot=True, flags=FLAGS)
    await made.guild(DEN, ANN, [BOB, BOT])
    await made.guild(NEXT, ANN)
    yield made
    await made.close()


class Gate:
    """Holds what asks `directory` for something, or the first that does, until it is opened."""

    def __init__(self, inside: Inside, name: str, *, first: bool = False) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()
        real = getattr(inside.directory, name)

        async def held(*args: Any) -> Any:
            value = await real(*args)
            if not first or not self.reached.is_set():
                self.reached.set()
                await self._open.wait()
            return value

        setattr(inside.directory, name, held)
        self.open = self._open.set


def presence_of(inside: Inside, user_id: int) -> str:
    """A user's status as the den knows it."""
    snapshot = inside.world.homes[DEN].snapshot
    assert snapshot is not None
    presence = snapshot.presences.get(user_id)
    return "offline" if presence is None else presence.status


def told_status(client: Client, user_id: int) -> list[str]:
    """What a client was told of a user's status since the last time."""
    return [
        d["status"]
        for t, d in client.take()
        if t == "PRESENCE_UPDATE" and d["user"]["id"] == str(user_id)
    ]


# While a session begins


async def test_a_member_removed_while_ready_is_made_is_told_nothing(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    await inside.call("delete_guild_member", ANN, guild_id=DEN, user_id=BOB)
    gate.open()
    await inside.settle()
    ((name, ready),) = bob.take()
    assert (name, ready["guilds"]) == ("READY", [])


async def test_a_member_removed_from_one_guild_while_the_next_loads(inside: Inside) -> None:
    await inside.call("join_guild", OPERATOR, {"user": "12"}, guild_id=NEXT)
    inside.world.homes.clear()
    gate = Gate(inside, "guild")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    gate.open()
    await inside.settle()
    await inside.call("delete_guild_member", ANN, guild_id=DEN, user_id=BOB)
    await inside.settle()
    assert bob.names()[0] == "READY"
    assert list(bob.session.guilds) == [NEXT]


async def test_a_guild_joined_while_ready_is_made_comes_after_it(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    await inside.call("join_guild", OPERATOR, {"user": "12"}, guild_id=NEXT)
    gate.open()
    await inside.settle()
    told = bob.take()
    assert [t for t, _ in told if t != "PRESENCE_UPDATE"] == ["READY", "GUILD_CREATE"]
    assert [guild["id"] for guild in told[0][1]["guilds"]] == [str(DEN)]
    created = next(d for t, d in told if t == "GUILD_CREATE")
    assert created["id"] == str(NEXT)
    assert "unavailable" not in created


async def test_a_home_that_went_while_ready_was_made_is_loaded_anew(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    old = inside.world.homes.pop(DEN)
    gate.open()
    await inside.settle()
    assert bob.take()[0][1]["guilds"] == []
    assert inside.world.homes[DEN] is not old
    await inside.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    await inside.settle()
    assert bob.names() == ["MESSAGE_CREATE"]


async def test_a_token_taken_back_while_ready_is_made_closes(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    await inside.call("logout", BOB)
    gate.open()
    await inside.settle()
    assert bob.take() == []
    assert bob.code == 4004
    assert inside.gateway.sessions == {}


async def test_another_token_taken_back_changes_nothing(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    other = await inside.call("create_token", OPERATOR, {"user": "12"})
    bob = await inside.connect(other.token, settle=False)
    await gate.reached.wait()
    await inside.call("logout", BOB)
    gate.open()
    await inside.settle()
    assert bob.names()[0] == "READY"


async def test_a_client_that_goes_while_ready_is_made_leaves_nothing(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    bob.cut()
    gate.open()
    await inside.settle()
    assert inside.gateway.sessions == {}
    assert inside.gateway.connections == {}
    assert inside.gateway._arriving == {}
    assert inside.world.user_home(BOB).presences == ()


async def test_a_client_that_goes_while_it_resumes_leaves_its_session_cut(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    session = bob.session
    bob.cut()
    inside.world._principals.clear()
    gate = Gate(inside, "token")
    again = Client(inside.gateway)
    again.say((6, {"token": "token12", "session_id": session.id, "seq": bob.seq}))
    await gate.reached.wait()
    again.cut()
    gate.open()
    await inside.settle()
    assert list(inside.gateway.detached) == [session]
    assert inside.gateway.of_session == {}


async def test_a_token_taken_back_while_it_is_looked_up_is_not_known(inside: Inside) -> None:
    gate = Gate(inside, "token")
    work = asyncio.ensure_future(inside.world.authenticate("token12"))
    await gate.reached.wait()
    await inside.call("logout", BOB)
    gate.open()
    assert await work is None
    assert inside.world._principals == {}


async def test_a_failure_while_a_session_begins_closes(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*args: Any) -> Any:
        raise OSError("disk")

    inside.directory.guilds_of = broken
    with caplog.at_level(logging.CRITICAL):
        bob = await inside.connect("token12")
    bob.take()
    assert bob.code == 4000
    assert inside.gateway.sessions == {}


# What a client says


async def test_what_comes_with_identify_is_done_after_it(inside: Inside) -> None:
    ann = await inside.connect("token11")
    ann.take()
    bob = Client(inside.gateway)
    bob.say(
        (2, {"token": "token12", "properties": {}}),
        (1, None),
        (8, {"guild_id": str(DEN), "user_ids": [str(ANN)], "nonce": "n"}),
        (3, {"status": "idle", "since": 0, "activities": [], "afk": True}),
        (3, {"status": "dnd", "since": 0, "activities": [], "afk": False}),
    )
    assert not bob.pipe.reading
    await inside.settle()
    assert bob.pipe.reading
    told = bob.names()
    assert told[0] == "READY"
    assert "GUILD_MEMBERS_CHUNK" in told
    assert bob.ops() == [10, 11]
    assert told_status(ann, BOB) == ["online", "idle", "dnd"]


async def test_two_statuses_in_a_row_keep_their_order(inside: Inside) -> None:
    ann, bob = await inside.connect("token11"), await inside.connect("token12")
    ann.take()
    gate = Gate(inside, "guilds_of")
    bob.say((3, {"status": "idle"}))
    await gate.reached.wait()
    bob.say((3, {"status": "dnd"}))
    gate.open()
    await inside.settle()
    assert told_status(ann, BOB) == ["idle", "dnd"]
    assert presence_of(inside, BOB) == "dnd"


async def test_statuses_of_two_sessions_are_told_in_order(inside: Inside) -> None:
    ann, desk = await inside.connect("token11"), await inside.connect("token12")
    phone = await inside.connect("token12")
    ann.take()
    gate = Gate(inside, "guilds_of", first=True)
    desk.say((3, {"status": "dnd"}))
    await gate.reached.wait()
    phone.say((3, {"status": "idle"}))
    desk.goodbye(1000)
    for _ in range(100):
        await asyncio.sleep(0)
    gate.open()
    await inside.settle()
    assert told_status(ann, BOB) == ["dnd", "dnd", "idle"]
    assert presence_of(inside, BOB) == "idle"


async def test_a_status_and_a_goodbye_leave_nobody_behind(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.say((3, {"status": "idle"}), (3, {"status": "dnd"}))
    bob.goodbye(1000)
    await inside.settle()
    assert presence_of(inside, BOB) == "offline"
    assert inside.world.user_home(BOB).presences == ()


async def test_too_many_statuses_do_not_keep_anybody_online(inside: Inside) -> None:
    bob = await inside.connect("token12")
    inside.world.scale = 0.001
    bob.say((3, {"status": "idle"}), (3, {"status": "dnd"}))
    await inside.settle()
    assert bob.names()[-1] == "RATE_LIMITED"
    assert presence_of(inside, BOB) == "idle"
    bob.goodbye(1000)
    await inside.settle()
    assert presence_of(inside, BOB) == "offline"


@pytest.mark.parametrize(
    "d", ['{"status":"asleep"}', "null", '{"activities":' + "[" * 3000 + "]" * 3000 + "}"]
)
async def test_a_command_that_cannot_be_read_closes(inside: Inside, d: str) -> None:
    bob = await inside.connect("token12")
    bob.connection.data_received(masked(f'{{"op":3,"d":{d}}}'.encode()))
    await inside.settle()
    bob.take()
    assert bob.code == 4002
    assert len(inside.gateway.detached) == 1, "it may go on"


async def test_commands_without_an_operation_are_quiet(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.say((4, {"guild_id": str(DEN)}), (31, {}), (8, {"guild_id": "5"}))
    await inside.settle()
    assert (bob.take(), bob.code) == ([], None)


async def test_commands_after_an_invalid_session_are_dropped(inside: Inside) -> None:
    bob = Client(inside.gateway)
    bob.say((6, {"token": "token12", "session_id": "x", "seq": 1}), (3, {"status": "dnd"}))
    await inside.settle()
    assert bob.ops() == [10, 9]
    assert inside.world.user_home(BOB).presences == ()


async def test_members_and_presences_are_for_those_with_the_intents(inside: Inside) -> None:
    await inside.connect("token12")
    members, presences = 1 << 1, 1 << 8
    ask = {"guild_id": str(DEN), "presences": True}
    for intents, answered, shown in (
        (1, False, False),
        (members, True, False),
        (members | presences, True, True),
    ):
        bot = await inside.connect("token21", intents=intents)
        bot.take()
        bot.say((8, {**ask, "query": "", "limit": 0}))
        bot.say((8, {**ask, "user_ids": str(BOB), "nonce": "one"}))
        await inside.settle()
        told = [d for t, d in bot.take() if t == "GUILD_MEMBERS_CHUNK"]
        assert [d.get("nonce") for d in told] == [None, "one"][not answered :]
        assert [int(member["user"]["id"]) for member in told[-1]["members"]] == [BOB]
        assert ("presences" in told[-1]) is shown
        bot.goodbye(1000)


async def test_a_chunk_made_after_one_has_left_shows_nobody(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.connection.pause_writing()
    bob.say((8, {"guild_id": str(DEN), "query": "", "limit": 0}))
    await inside.settle()
    await inside.call("delete_guild_member", ANN, guild_id=DEN, user_id=BOB)
    bob.connection.resume_writing()
    told = dict(bob.take())
    assert told["GUILD_MEMBERS_CHUNK"]["members"] == []
    assert "GUILD_DELETE" in told


async def test_a_number_that_was_never_sent_closes(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.say((1, bob.seq))
    assert bob.session.base == bob.seq
    bob.say((1, bob.seq + 1))
    bob.take()
    assert bob.code == 4007


async def test_only_what_was_sent_can_be_resumed(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    session = bob.session
    bob.cut()
    await inside.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    await inside.settle()
    ahead = await inside.resume("token12", session.id, bob.seq + 1)
    ahead.take()
    assert ahead.code == 4007
    again = await inside.resume("token12", session.id, bob.seq)
    assert again.names() == ["MESSAGE_CREATE", "RESUMED"]


async def test_wrong_frames_close(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.connection.data_received(masked(b"x")[:1] + b"\x01x")
    bob.take()
    assert bob.code == 4002
    bob.connection.data_received(masked(b"x"))
    bob.connection.eof_received()


@pytest.mark.parametrize(
    ("query", "code"),
    [({"v": "8"}, 4012), ({"v": "9"}, None), ({"encoding": "etf"}, 4002), ({"v": "10"}, None)],
)
async def test_versions_and_encodings(
    inside: Inside, query: dict[str, str], code: int | None
) -> None:
    client = Client(inside.gateway, query)
    assert client.ops() == [10]
    assert client.code == code


async def test_pings_are_answered_while_somebody_reads(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.connection.data_received(masked(b"a", PING))
    assert bytes(bob.pipe.written) == b"\x8a\x01a"
    bob.pipe.written.clear()
    bob.connection.pause_writing()
    bob.connection.data_received(masked(b"a", PING) + masked(b"a", 0xA))
    assert bytes(bob.pipe.written) == b""


# Presence


async def test_a_resumed_session_says_again_what_it_said(inside: Inside) -> None:
    ann, bob = await inside.connect("token11"), await inside.connect("token12")
    bob.say((3, {"status": "dnd", "activities": [{"name": "chess", "type": 0}]}))
    await inside.settle()
    bob.take()
    session = bob.session
    bob.cut()
    ann.take()
    inside.clock.seconds += ABSENT_S - 1
    inside.gateway.sweep()
    await inside.settle()
    assert told_status(ann, BOB) == []
    inside.clock.seconds += 2
    inside.gateway.sweep()
    inside.gateway.sweep()
    await inside.settle()
    assert told_status(ann, BOB) == ["offline"]
    again = await inside.resume("token12", session.id, bob.seq)
    assert "RESUMED" in again.names()
    assert told_status(ann, BOB) == ["dnd"]
    snapshot = inside.world.homes[DEN].snapshot
    assert snapshot is not None
    assert b"chess" in snapshot.presences[BOB].activities


async def test_a_quick_resume_is_not_noticed(inside: Inside) -> None:
    ann, bob = await inside.connect("token11"), await inside.connect("token12")
    bob.take()
    ann.take()
    session = bob.session
    bob.cut()
    await inside.resume("token12", session.id, bob.seq)
    assert told_status(ann, BOB) == []


async def test_the_first_presence_is_the_one_of_identify(inside: Inside) -> None:
    ann = await inside.connect("token11")
    ann.take()
    bob = await inside.connect("token12", presence={"status": "idle", "since": 1, "afk": True})
    assert told_status(ann, BOB) == ["idle"]
    bob.connection.hub.drop(bob.session)
    await inside.settle()
    assert told_status(ann, BOB) == ["offline"]
    await inside.connect("token12", presence={"status": "invisible"})
    assert told_status(ann, BOB) == []


async def test_who_joins_is_shown_as_they_are(inside: Inside) -> None:
    ann = await inside.connect("token11")
    cat = await inside.connect("token13", presence={"status": "idle"})
    cat.take()
    ann.take()
    await inside.call("join_guild", OPERATOR, {"user": "13"}, guild_id=DEN)
    await inside.settle()
    assert cat.names() == ["GUILD_CREATE", "PRESENCE_UPDATE"]
    assert told_status(ann, CAT) == ["idle"]


# As time goes by


def sweep(inside: Inside, seconds: float = 16.0) -> None:
    """Let time pass, with a sweep each second."""
    for _ in range(int(seconds)):
        inside.clock.seconds += 1.0
        inside.gateway.sweep()


async def test_a_session_waits_for_five_minutes(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    session = bob.session
    bob.cut()
    sweep(inside, DETACHED_S)
    assert list(inside.gateway.detached) == [session]
    sweep(inside, 1)
    assert inside.gateway.sessions == {}
    assert inside.gateway.rooms == {}
    again = await inside.resume("token12", session.id, bob.seq)
    assert again.ops() == [10, 9]
    again.say((2, {"token": "token12", "properties": {}}))
    await inside.settle()
    assert again.names()[0] == "READY"


async def test_two_cut_sessions_are_kept_of_a_user_client_and_shard(inside: Inside) -> None:
    kinds: list[dict[str, Any]] = [
        {"intents": 1, "shard": [0, 2]},
        {"intents": 1, "shard": [1, 2]},
        {"intents": 1, "properties": {"browser": "Discord iOS"}, "shard": [0, 2]},
    ]
    left: dict[int, list[str]] = {}
    for number in range(3):
        for kind, wish in enumerate(kinds):
            bot = await inside.connect("token21", **wish)
            left.setdefault(kind, []).append(bot.session.id)
            inside.clock.seconds += 1
            bot.cut()
        assert number < 3
    kept = set(inside.gateway.sessions)
    assert kept == {name for names in left.values() for name in names[1:]}


async def test_who_is_silent_is_closed(inside: Inside) -> None:
    bob = await inside.connect("token12")
    for _ in range(3):
        sweep(inside, 40)
        bob.say((1, None))
    assert not bob.pipe.closing
    sweep(inside, 80)
    bob.take()
    assert bob.code == 4009


async def test_a_slow_client_is_left_alone_and_one_that_takes_nothing_is_cut(
    inside: Inside,
) -> None:
    bob = await inside.connect("token12")
    inside.clock.seconds += STALLED_S + 1
    bob.pipe.held = 1000
    bob.connection.pause_writing()
    for _ in range(4):
        sweep(inside)
        bob.pipe.held -= 1
        bob.say((1, None))
        assert not bob.pipe.closing
    sweep(inside, STALLED_S + 18)
    assert bob.pipe.closing
    await inside.settle()
    assert len(inside.gateway.detached) == 1


async def test_who_does_not_take_the_goodbye_is_cut(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.pipe.held = 1000
    bob.connection.close(4000)
    sweep(inside)
    assert list(inside.gateway.connections) == [bob.connection]
    sweep(inside, STALLED_S + 16)
    await inside.settle()
    assert inside.gateway.connections == {}
    sweep(inside, 32)


async def test_a_session_that_lags_too_far_falls(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "MOST_EVENTS", 3)
    bob = await inside.connect("token12")
    bob.connection.pause_writing()
    for _ in range(4):
        await inside.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    await inside.settle()
    assert bob.session.unsent == 4
    sweep(inside)
    await inside.settle()
    assert bob.pipe.closing
    sweep(inside)
    assert inside.gateway.sessions == {}


async def test_a_session_that_cannot_go_on_is_told(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await inside.connect("token12")
    bob.take()
    for _ in range(5):
        await inside.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    await inside.settle()
    session, seq = bob.session, bob.seq
    bob.cut()
    monkeypatch.setattr(session_module, "MOST_EVENTS", 2)
    sweep(inside)
    again = await inside.resume("token12", session.id, seq)
    assert again.ops() == [10, 9]
    assert session.id not in inside.gateway.sessions


# The hub


async def test_what_cannot_be_made_ends_one_session_only(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    ann, bob = await inside.connect("token11"), await inside.connect("token12")
    ann.take()
    bob.take()

    def broken() -> Payload:
        raise LookupError

    with caplog.at_level(logging.CRITICAL):
        inside.gateway.tell(bob.session, Deferred(broken))
        await inside.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
        await inside.settle()
    assert "MESSAGE_CREATE" in ann.names()
    assert bob.ops() == [10, 9]
    assert bob.connection.session is None


async def test_many_sessions_are_written_to_in_slices(inside: Inside) -> None:
    clients = [await inside.connect("token12") for _ in range(40)]
    for client in clients:
        client.take()
    still, loop = inside.clock.now, asyncio.get_running_loop()

    def ticking() -> float:
        inside.clock.seconds += 1.0
        return still()

    inside.clock.now = ticking
    try:
        inside.gateway.tell(clients[0].session, Payload("A", b"{}"))
        for client in clients:
            inside.gateway.tell(client.session, Payload("B", b"{}"))
        written: list[bool] = []
        loop.call_soon(lambda: written.extend(bool(client.pipe.written) for client in clients))
        loop.call_soon(inside.gateway.tell, clients[-1].session, Payload("C", b"{}"))
        await inside.settle()
        assert written == [True] * 16 + [False] * 24
    finally:
        inside.clock.now = still
    assert clients[0].names() == ["A", "B"]
    assert [client.names() for client in clients[1:-1]] == [["B"]] * 38
    assert clients[-1].names() == ["B", "C"]


async def test_nothing_follows_an_invalid_session(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    session = bob.session
    inside.gateway.tell(session, Payload("TEST", b"{}"))
    inside.gateway.invalidate(session)
    await inside.settle()
    assert bob.names() == []
    assert bob.others[-1] == {"op": 9, "d": False, "s": None, "t": None}


async def test_who_loses_a_channel_is_not_told_what_became_of_it(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    hidden = [{"id": str(DEN), "type": 0, "deny": str(P.VIEW_CHANNEL)}]
    body = {"name": "secret", "topic": "of mods", "permission_overwrites": hidden}
    await inside.call("update_channel", ANN, body, channel_id=TEXT)
    await inside.settle()
    ((name, channel),) = bob.take()
    assert (name, channel["name"], channel["topic"]) == ("CHANNEL_DELETE", "text", None)
    assert channel["permission_overwrites"] == []


async def test_a_bot_reads_what_mentions_it_and_not_what_that_replies_to(inside: Inside) -> None:
    bot = await inside.connect("token21", intents=1 << 9)
    bot.take()
    first = await inside.call("create_message", ANN, {"content": "private"}, channel_id=TEXT)
    reply = {"content": f"<@{BOT}>", "message_reference": {"message_id": first.id}}
    second = await inside.call("create_message", BOB, reply, channel_id=TEXT)
    third = {"content": "no", "message_reference": {"message_id": second.id}}
    await inside.call("create_message", ANN, third, channel_id=TEXT)
    await inside.settle()
    told = [(d["content"], d.get("referenced_message", {}).get("content")) for _, d in bot.take()]
    assert told == [("", None), (f"<@{BOT}>", ""), ("", f"<@{BOT}>")]


async def test_a_session_of_another_share_is_not_told_of_a_new_guild(inside: Inside) -> None:
    await inside.guild(1 << 22, ANN)
    own = await inside.connect("token21", intents=1, shard=[1, 2])
    other = await inside.connect("token21", intents=1, shard=[0, 2])
    assert own.take()[0][1]["shard"] == [1, 2]
    other.take()
    await inside.call("join_bot", OPERATOR, {"user": "21"}, guild_id=1 << 22)
    await inside.settle()
    assert own.names() == ["GUILD_CREATE"]
    assert other.names() == []


async def test_a_large_guild_comes_as_the_session_asked(inside: Inside) -> None:
    people = range(100, 160)
    for user_id in people:
        await inside.person(user_id)
    await inside.guild(5000, ANN, [BOT, *people])
    await inside.guild(6000, ANN, people)
    for threshold, large in ((50, True), (250, False)):
        bot = await inside.connect("token21", intents=EVERY_INTENT, large_threshold=threshold)
        guilds = {d["id"]: d for t, d in bot.take() if t == "GUILD_CREATE"}
        await inside.call("join_bot", OPERATOR, {"user": "21"}, guild_id=6000)
        await inside.settle()
        guilds |= {d["id"]: d for t, d in bot.take() if t == "GUILD_CREATE"}
        for guild_id in ("5000", "6000"):
            assert guilds[guild_id]["large"] is large
            assert guilds[guild_id]["member_count"] == 62
            assert (len(guilds[guild_id]["members"]) == 62) is not large
        await inside.call("delete_guild_member", ANN, guild_id=6000, user_id=BOT)
        bot.goodbye(1000)


async def test_a_home_that_a_room_or_a_turn_needs_is_not_dropped(inside: Inside) -> None:
    world, in_use = inside.world, inside.gateway.rooms.__contains__
    bob = await inside.connect("token12")
    await world.home(NEXT)
    turn = world.user_home(ANN).busy
    turn.calls += 1
    inside.clock.seconds += 3600
    assert world.drop_idle(in_use) == 1
    assert set(world.homes) == {DEN, ANN, BOB}
    turn.calls -= 1
    bob.goodbye(1000)
    await inside.settle()
    inside.clock.seconds += 3600
    assert world.drop_idle(in_use) == 3
    assert world.homes == {}


async def test_a_home_that_is_loaded_again_counts_on(inside: Inside) -> None:
    home = await inside.world.home(DEN)
    await inside.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    assert home.n == 1
    inside.clock.seconds += 3600
    inside.world.drop_idle(lambda key: False)
    assert (await inside.world.home(DEN)).n == 1


async def test_a_guild_that_is_none_is_not_kept(inside: Inside) -> None:
    assert (await inside.world.home(77)).snapshot is None
    assert 77 not in inside.world.homes


# Over a restart


async def restart(inside: Inside, path: Path) -> Inside:
    """Save, stop, and begin anew on the same directory."""
    await inside.gateway.close()
    saved.save(inside.gateway, path)
    await inside.stop()
    anew = Inside(inside.directory, 1)
    anew.clock.seconds = inside.clock.seconds + 5
    await saved.restore(anew.gateway, path)
    await anew.settle()
    return anew


async def test_sessions_go_on_after_a_restart_and_the_absent_are_missed(tmp_path: Path) -> None:
    inside = await Inside.build()
    tokens = [await inside.person(user_id) for user_id in (ANN, BOB, CAT)]
    await inside.guild(DEN, ANN, [BOB, CAT])
    ann, bob, cat = [await inside.connect(token) for token in tokens]
    bob.say((3, {"status": "dnd"}))
    more = [await inside.connect(tokens[0]) for _ in range(3)]
    await inside.settle()
    for client in (ann, bob, cat, *more):
        client.take()
    sessions = [client.session for client in (ann, bob, cat, *more)]
    anew = await restart(inside, tmp_path / "sessions")
    for client in (ann, bob, cat, *more):
        assert client.ops()[-1] == 7
        assert client.code == 4000
    assert set(anew.gateway.sessions) == {session.id for session in sessions}
    assert not (tmp_path / "sessions").exists()
    assert presence_of(anew, BOB) == "dnd"
    await anew.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    ann_again = await anew.resume(tokens[0], sessions[0].id, ann.seq)
    assert ann_again.names() == ["MESSAGE_CREATE", "RESUMED"]
    bob_again = await anew.resume(tokens[1], sessions[1].id, bob.seq)
    assert bob_again.names() == ["MESSAGE_CREATE", "RESUMED"]
    assert told_status(ann_again, BOB) == []
    sweep(anew, ABSENT_S + 1)
    await anew.settle()
    assert told_status(ann_again, CAT) == ["offline"]
    assert presence_of(anew, BOB) == "dnd"
    assert bob_again.session.presence == PresencePut(status="dnd")
    await anew.close()


async def test_guilds_left_since_end_a_session(tmp_path: Path) -> None:
    inside = await Inside.build()
    tokens = [await inside.person(user_id) for user_id in (ANN, BOB)]
    await inside.guild(DEN, ANN, [BOB])
    for token in tokens:
        await inside.connect(token)
    path = tmp_path / "sessions"
    await inside.gateway.close()
    saved.save(inside.gateway, path)
    await inside.call("delete_guild_member", ANN, guild_id=DEN, user_id=BOB)
    await inside.stop()
    anew = Inside(inside.directory, 1)
    anew.clock.seconds = inside.clock.seconds + 5
    await saved.restore(anew.gateway, path)
    assert [session.user_id for session in anew.gateway.sessions.values()] == [ANN]
    await anew.close()


def written(**more: Any) -> bytes:
    """A file as the first version wrote it: one session, cut after two events of three."""
    session = ["abc", BOB, b"\x01" * 32, 1 << 62, True, None, "web", 0, 2, [0, 1, 0], [DEN]]
    whole = {
        "format": 1,
        "wall": 1_800_001_000.0,
        "payloads": [["A", b"{}"], ["B", b"[1]"]],
        "sessions": [session],
        **more,
    }
    return msgspec.msgpack.encode(list(whole.values()))


async def test_a_file_of_the_first_version_is_read(inside: Inside, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    path.write_bytes(written())
    await saved.restore(inside.gateway, path)
    (session,) = inside.gateway.sessions.values()
    assert [(event.payload if isinstance(event, Deferred) else event).t for event in session.events]
    assert (session.base, session.sent, session.last) == (0, 2, 3)
    assert (session.large_threshold, session.present) == (50, False)
    assert list(inside.gateway.detached) == [session]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00garbage",
        written(format=2),
        written(wall=1_800_001_000.0 - DETACHED_S),
        written(wall=1_800_001_001.0),
    ],
)
async def test_a_file_that_is_of_no_use_is_dropped(
    inside: Inside, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sessions"
    path.write_bytes(content)
    with caplog.at_level(logging.CRITICAL):
        await saved.restore(inside.gateway, path)
    assert inside.gateway.sessions == {}
    assert not path.exists()
    await saved.restore(inside.gateway, path)


async def test_payloads_are_saved_once_and_for_nobody_else_to_read(
    inside: Inside, tmp_path: Path
) -> None:
    ann, bob = await inside.connect("token11"), await inside.connect("token12")
    for client in (ann, bob):
        client.say((1, client.session.sent))
    for _ in range(3):
        await inside.call("create_message", ANN, {"content": "x" * 1000}, channel_id=TEXT)
    await inside.settle()
    path = tmp_path / "sessions"
    saved.save(inside.gateway, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size < 3 * 2000 + 2000
    data = msgspec.msgpack.decode(path.read_bytes(), type=Saved)
    assert [name for name, _ in data.payloads].count("MESSAGE_CREATE") == 3


async def test_closing_does_not_wait_for_those_who_take_nothing(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.pipe.held = MOST_BYTES
    await inside.gateway.close()
    await inside.settle()
    assert inside.gateway.connections == {}
    late = Client(inside.gateway)
    assert late.ops() == [10, 7]
    assert late.code == 4000
