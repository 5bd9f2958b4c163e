"""How often one may identify, with which shard, and on how many connections."""

from typing import Any

import pytest

from hearth.actions.gateway import DAY, IDENTIFIES, MAX_CONCURRENCY
from hearth.core.events import MessageAck
from hearth.core.operations import Principal
from hearth.net.gateway.connection import MOST_SESSIONS
from tests.doors.inside import BOT, DEN, NEXT, Client, Inside

BOTS = {"intents": 1}


def outcome(client: Client) -> str | None:
    """READY, or what the client was told instead: op 9 or a close code."""
    names = client.names()
    if client.code is not None:
        return str(client.code)
    told = [payload for payload in client.others if payload["op"] == 9]
    if told:
        assert [payload["d"] for payload in told] == [False]
        return "9"
    return names[0] if names else None


async def bot(inside: Inside, **identify: Any) -> Client:
    return await inside.connect(f"token{BOT}", **BOTS, **identify)


async def limits(inside: Inside) -> Any:
    who = Principal(kind="bot", user_id=BOT)
    found = await inside.call("get_bot_gateway", who, gateway_url="ws://here")  # type: ignore[arg-type]
    return found.session_start_limit


async def test_a_bot_that_comes_too_soon_is_told_and_may_try_again(inside: Inside) -> None:
    inside.world.scale = 1.0
    for _ in range(IDENTIFIES.limit):
        assert outcome(await bot(inside)) == "READY"
    late = await bot(inside)
    assert outcome(late) == "9"
    inside.clock.seconds += IDENTIFIES.per
    late.others.clear()
    late.say((2, {"token": f"token{BOT}", "properties": {}, **BOTS}))
    await inside.settle()
    assert outcome(late) == "READY"


async def test_shards_that_differ_do_not_wait_for_each_other(inside: Inside) -> None:
    inside.world.scale = 1 / IDENTIFIES.limit
    told = [outcome(await bot(inside, shard=[n, 64])) for n in range(MAX_CONCURRENCY)]
    assert told == ["READY"] * MAX_CONCURRENCY
    inside.clock.seconds += IDENTIFIES.per
    assert outcome(await bot(inside, shard=[3, 64])) == "READY"
    assert outcome(await bot(inside, shard=[3 + MAX_CONCURRENCY, 64])) == "9"
    assert outcome(await bot(inside, shard=[4 + MAX_CONCURRENCY, 64])) == "READY"


async def test_a_day_has_so_many_and_what_came_too_soon_takes_none(inside: Inside) -> None:
    inside.world.scale = 1 / IDENTIFIES.limit
    total = DAY.limit // IDENTIFIES.limit
    before = await limits(inside)
    assert (before.total, before.remaining, before.reset_after) == (total, total, 86_400_000)
    for number in range(total):
        client = await bot(inside)
        assert outcome(client) == "READY"
        client.goodbye(1000)
        too_soon = await bot(inside)
        assert outcome(too_soon) == "9"
        too_soon.cut()
        inside.clock.seconds += IDENTIFIES.per
        assert (await limits(inside)).remaining == total - number - 1
    assert outcome(await bot(inside)) == "9"
    after = await limits(inside)
    assert after.reset_after == 86_400_000 - int(total * IDENTIFIES.per * 1000)
    inside.clock.seconds += 86_400
    assert outcome(await bot(inside)) == "READY"


async def test_people_have_so_many_connections(inside: Inside) -> None:
    inside.world.scale, inside.gateway.most_sessions = 1.0, MOST_SESSIONS
    people = [await inside.connect("token11") for _ in range(MOST_SESSIONS)]
    assert {outcome(each) for each in people} == {"READY"}
    assert outcome(await inside.connect("token11")) == "4015"
    assert outcome(await inside.connect("token12")) == "READY"
    # A cut session is no connection: it may be gone for good.
    people[0].cut()
    await inside.settle()
    assert outcome(await inside.connect("token11")) == "READY"


@pytest.mark.parametrize("shard", [[2, 2], [-1, 2], [0, 0]])
async def test_an_invalid_shard_is_refused(inside: Inside, shard: list[int]) -> None:
    assert outcome(await bot(inside, shard=shard)) == "4010"


async def test_each_shard_is_told_of_its_own_guilds_and_resumes(inside: Inside) -> None:
    mine = (DEN >> 22) % 2
    there, elsewhere = [await bot(inside, shard=[n, 2]) for n in (mine, 1 - mine)]
    for client, number, guilds in ((there, mine, [str(DEN)]), (elsewhere, 1 - mine, [])):
        ready = client.take()[0][1]
        assert ready["shard"] == [number, 2]
        assert [guild["id"] for guild in ready["guilds"]] == guilds
    session_id, seq = there.session.id, there.seq
    there.cut()
    await inside.settle()
    await inside.call("update_guild", 11, {"name": "New"}, guild_id=DEN)
    again = await inside.resume(f"token{BOT}", session_id, seq)
    assert again.names() == ["GUILD_UPDATE", "RESUMED"]
    assert elsewhere.names() == []


async def test_what_belongs_to_no_guild_is_for_the_first_shard(inside: Inside) -> None:
    first, second = [await bot(inside, shard=[n, 2]) for n in (0, 1)]
    first.take(), second.take()
    home = inside.world.user_home(BOT)
    inside.world.publish(home, tell=[MessageAck(BOT, DEN + 1, 1)])
    await inside.settle()
    assert (first.names(), second.names()) == (["MESSAGE_ACK"], [])


# Commands


async def test_people_ask_for_members_of_several_guilds_and_bots_for_one(inside: Inside) -> None:
    ann = await inside.connect("token11")
    ann.take()
    ann.say((8, {"guild_id": [str(DEN), NEXT, "77"], "user_ids": ["11"], "nonce": "n"}))
    await inside.settle()
    chunks = [d for t, d in ann.take() if t == "GUILD_MEMBERS_CHUNK"]
    assert [chunk["guild_id"] for chunk in chunks] == [str(DEN), str(NEXT)]
    assert {chunk["nonce"] for chunk in chunks} == {"n"}
    one = await bot(inside)
    one.take()
    one.say((8, {"guild_id": [str(DEN)], "user_ids": ["11"]}))
    await inside.settle()
    assert one.names() == ["GUILD_MEMBERS_CHUNK"]
    one.say((8, {"guild_id": [str(DEN), str(NEXT)], "user_ids": ["11"]}))
    await inside.settle()
    assert outcome(one) == "4002"


async def test_the_newest_messages_of_channels(inside: Inside) -> None:
    for text in ("older", "newest"):
        await inside.call("create_message", 11, {"content": text}, channel_id=DEN + 1)
    bob = await inside.connect("token12")
    bob.take()
    asked = {"guild_id": str(DEN), "channel_ids": [str(DEN + 1), str(NEXT + 1), "77"]}
    bob.say((34, asked))
    await inside.settle()
    ((name, told),) = bob.take()
    assert (name, told["guild_id"]) == ("LAST_MESSAGES", str(DEN))
    assert [message["content"] for message in told["messages"]] == ["newest"]
    # Who does not see the channel any more reads nothing of it.
    hide = {"type": 1, "deny": str(1 << 10)}
    await inside.call(
        "set_channel_permission_overwrite", 11, hide, channel_id=DEN + 1, overwrite_id=12
    )
    bob.take()
    bob.say((34, asked))
    await inside.settle()
    assert [d["messages"] for t, d in bob.take() if t == "LAST_MESSAGES"] == [[]]


@pytest.mark.parametrize(
    ("op", "d", "told"),
    [
        (31, {"guild_ids": [str(DEN), str(NEXT)]}, ["SOUNDBOARD_SOUNDS"]),
        (36, {"guild_id": str(DEN)}, ["CHANNEL_STATUSES"]),
        (43, {"guild_id": str(DEN), "fields": ["status"]}, ["CHANNEL_INFO"]),
        # discord.py sends the ids of op 4 as numbers.
        (4, {"guild_id": DEN, "channel_id": DEN + 1, "self_mute": True, "self_deaf": False}, []),
        (4, {"guild_id": str(DEN), "channel_id": None}, []),
        (4, {"guild_id": None, "channel_id": None}, []),
        (43, {"guild_id": str(NEXT), "fields": []}, []),
        (5, {}, []),
        (13, {"channel_id": str(DEN + 1)}, []),
        (41, None, []),
    ],
)
async def test_what_is_empty_is_answered(inside: Inside, op: int, d: Any, told: list[str]) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.say((op, d))
    await inside.settle()
    assert [t for t, _ in bob.take()] == told
    assert bob.code is None


async def test_an_answer_says_which_guild_it_is_about(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.take()
    bob.say((31, {"guild_ids": [str(DEN)]}))
    await inside.settle()
    assert bob.take() == [("SOUNDBOARD_SOUNDS", {"guild_id": str(DEN), "soundboard_sounds": []})]


async def test_people_may_say_more_at_once_than_bots(inside: Inside) -> None:
    long = {"guild_id": str(DEN), "query": "x" * 5000}
    person, machine = await inside.connect("token12"), await bot(inside)
    for client in (person, machine):
        client.take()
        client.say((8, long))
    await inside.settle()
    assert (person.names(), person.code) == (["GUILD_MEMBERS_CHUNK"], None)
    assert (machine.names(), machine.code) == ([], 4002)
    person.say((8, {**long, "query": "x" * 15_500}))
    await inside.settle()
    assert (person.names(), person.code) == ([], 4002)
