"""Sessions from inside: what happens while something else is under way."""

import asyncio
import logging
from typing import Any

import pytest

from hearth.core.operations import OPERATOR
from hearth.net.gateway.frames import PING
from hearth.net.gateway.session import Deferred
from tests.doors.inside import (
    ANN,
    BOB,
    DEN,
    NEXT,
    TEXT,
    Client,
    Gate,
    Inside,
    masked,
    presence_of,
    told_status,
)

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
    gate = Gate(inside, "home")
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


async def test_a_session_at_rest_holds_neither_its_ready_nor_a_turn(inside: Inside) -> None:
    bob = await inside.connect("token12")
    assert bob.names()[0] == "READY"
    session = bob.session
    # READY alone tells the session's id, so nobody who knows the id still needs it.
    assert [event.payload.t for event in session.events if isinstance(event, Deferred)] == []
    assert session.base == 1
    assert inside.world.user_home(BOB)._busy is None


async def test_a_ready_that_could_not_be_written_yet_is_kept(inside: Inside) -> None:
    gate = Gate(inside, "mention_counts")
    bob = await inside.connect("token12", settle=False)
    await gate.reached.wait()
    bob.connection.pause_writing()
    gate.open()
    await inside.settle()
    assert bob.session.base == 0
    bob.connection.resume_writing()
    assert bob.names()[0] == "READY"


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


async def test_commands_that_nothing_comes_of_are_quiet(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.say((4, {"guild_id": str(DEN)}), (31, {"guild_ids": []}), (8, {"guild_id": "5"}))
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
