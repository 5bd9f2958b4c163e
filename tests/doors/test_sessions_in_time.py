"""Sessions from inside: presence, time, and what the hub keeps."""

import asyncio
import logging
from typing import Any

import pytest

from hearth.core.operations import OPERATOR
from hearth.core.permissions import P
from hearth.net.gateway import connection as connection_module
from hearth.net.gateway import session as session_module
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.connection import ABSENT_S
from hearth.net.gateway.session import DETACHED_S, STALLED_S, Deferred
from tests.doors.inside import (
    ANN,
    BOB,
    BOT,
    CAT,
    DEN,
    EVERY_INTENT,
    NEXT,
    TEXT,
    Inside,
    sweep,
    told_status,
)

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


async def test_a_sweep_gives_the_loop_its_turn(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "SWEEP_S", -1.0)
    clients = [await inside.connect("token12") for _ in range(16)]
    inside.clock.seconds += 200
    inside.gateway.sweep()
    assert sum(client.pipe.closing for client in clients) == 1
    await inside.settle()
    assert sum(client.pipe.closing for client in clients) == 2


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
