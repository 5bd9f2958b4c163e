"""Friends, requests and blocked users, in one World and in two: who may, and what each is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from hearth.actions.gate import call
from hearth.core.errors import (
    BOTS_ASK_NOBODY,
    CANNOT_MESSAGE_USER,
    FRIENDS_ALREADY,
    MAX_FRIENDS,
    NO_FRIEND_REQUESTS,
    NOBODY_NAMED,
    NOT_FRIENDS,
    NOT_WITH_ONESELF,
    UNKNOWN_USER,
    USERS_ONLY,
    Error,
    Refused,
)
from hearth.core.events import Event
from hearth.core.models.presence import PresencePut
from hearth.core.models.settings import Setting
from hearth.core.models.social import Relationship
from hearth.core.models.users import User
from hearth.core.operations import OPERATIONS, SYSTEM
from tests.actions.house import ANN, BOB, CAT, GUILD, House

DAN, BOT = 1004, 1005
"""A stranger, and a bot: members of nothing."""


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    await made.owner.save([User(id=DAN, username="dan"), User(id=BOT, username="bot", bot=True)])
    made.commits.clear()
    yield made
    await made.close()


def told(house: House) -> list[tuple[int, str, Any]]:
    """Who was told what, as it reaches the entry's hub."""
    events: list[Event] = [event for commit in house.commits for event in commit.tell]
    house.commits.clear()
    found: list[tuple[int, str, Any]] = []
    for each in events:
        assert each.to == "user"
        d = msgspec.json.decode(msgspec.json.encode(each.data(house.entry.nowhere)))
        found.append((each.user_id, each.name, d))
    return found


async def refused(house: House, error: Error, name: str, who: int, body: Any = None, **params: int):
    with pytest.raises(Refused) as caught:
        await house.call(name, who, body, **params)
    assert caught.value.error is error


async def listed(house: House, who: int) -> dict[str, int]:
    """What others are to a user, by name."""
    found = await house.call("list_relationships", who)
    return {each["user"]["username"]: each["type"] for each in found}


async def ask(house: House, who: int, whom: int, **body: int) -> None:
    await house.call("create_relationship", who, body, user_id=whom)


async def befriend(house: House, one: int, other: int) -> None:
    await ask(house, one, other)
    await ask(house, other, one)
    house.commits.clear()


async def test_a_request_is_taken_by_asking_back(house: House):
    await ask(house, BOB, DAN)
    first, second = told(house)
    assert (first[0], first[1], first[2]["type"]) == (BOB, "RELATIONSHIP_ADD", 4)
    assert first[2]["user"]["username"] == "dan"
    assert (second[0], second[2]["type"], second[2]["should_notify"]) == (DAN, 3, True)
    assert await listed(house, BOB) == {"dan": 4}
    assert await listed(house, DAN) == {"bob": 3}
    await ask(house, BOB, DAN)
    assert told(house) == []
    await ask(house, DAN, BOB)
    assert [(to, d["id"], d["type"]) for to, _, d in told(house)] == [
        (DAN, str(BOB), 1),
        (BOB, str(DAN), 1),
    ]
    assert await listed(house, BOB) == {"dan": 1}
    assert await listed(house, DAN) == {"bob": 1}
    await refused(house, FRIENDS_ALREADY, "create_relationship", BOB, {"type": 1}, user_id=DAN)
    assert await listed(house, CAT) == {}


async def test_two_who_ask_by_name_are_friends(house: House):
    await house.call("send_friend_request", BOB, {"username": "Dan", "discriminator": None})
    await house.call("send_friend_request", DAN, {"username": "bob"})
    assert await listed(house, BOB) == {"dan": 1}
    await refused(house, NOBODY_NAMED, "send_friend_request", BOB, {"username": "nobody"})
    await refused(house, NOT_WITH_ONESELF, "send_friend_request", BOB, {"username": "bob"})
    await refused(house, BOTS_ASK_NOBODY, "send_friend_request", BOB, {"username": "bot"})


async def test_strangers_to_the_server_are_nobodys_friends(house: House):
    for name in ("create_relationship", "update_relationship", "delete_relationship"):
        await refused(house, UNKNOWN_USER, name, BOB, user_id=GUILD)
        assert GUILD in house.owner.homes
    house.bots.add(BOT)
    for name in ("create_relationship", "update_relationship", "delete_relationship"):
        await refused(house, USERS_ONLY, name, BOT, user_id=BOB)
    await refused(house, USERS_ONLY, "list_relationships", BOT)
    assert told(house) == []


async def test_a_guild_is_never_taken_for_a_user(house: House):
    del house.owner.homes[GUILD]
    await refused(house, UNKNOWN_USER, "create_relationship", 9_000_000, user_id=GUILD)
    assert (await house.owner.home(GUILD)).snapshot is not None


async def test_an_end_is_told_to_both(house: House):
    await befriend(house, BOB, DAN)
    await house.call("delete_relationship", DAN, user_id=BOB)
    assert [(to, name, d["id"]) for to, name, d in told(house)] == [
        (DAN, "RELATIONSHIP_REMOVE", str(BOB)),
        (BOB, "RELATIONSHIP_REMOVE", str(DAN)),
    ]
    assert await listed(house, BOB) == await listed(house, DAN) == {}
    await house.call("delete_relationship", DAN, user_id=BOB)
    assert told(house) == []


@pytest.mark.parametrize("who", [BOB, DAN])
async def test_a_request_is_taken_back_or_turned_down(house: House, who: int):
    await ask(house, BOB, DAN)
    house.commits.clear()
    await house.call("delete_relationship", who, user_id=BOB + DAN - who)
    assert {(to, d["type"]) for to, _, d in told(house)} == {(BOB, 4), (DAN, 3)}
    assert await listed(house, BOB) == await listed(house, DAN) == {}


async def test_a_nickname_is_ones_own(house: House):
    await refused(house, NOT_FRIENDS, "update_relationship", BOB, {"nickname": "D"}, user_id=DAN)
    await befriend(house, BOB, DAN)
    await house.call("update_relationship", BOB, {"nickname": " D "}, user_id=DAN)
    ((to, name, d),) = told(house)
    assert (to, name, d["nickname"], d["id"]) == (BOB, "RELATIONSHIP_UPDATE", "D", str(DAN))
    (mine,) = await house.call("list_relationships", BOB)
    (theirs,) = await house.call("list_relationships", DAN)
    assert (mine["nickname"], theirs["nickname"]) == ("D", None)
    await house.call("update_relationship", BOB, {"nickname": "D"}, user_id=DAN)
    assert told(house) == []


async def test_who_is_blocked_learns_no_more_than_that_it_is_over(house: House):
    await befriend(house, BOB, DAN)
    await ask(house, BOB, DAN, type=2)
    assert [(to, name, d["type"]) for to, name, d in told(house)] == [
        (BOB, "RELATIONSHIP_REMOVE", 1),
        (BOB, "RELATIONSHIP_ADD", 2),
        (DAN, "RELATIONSHIP_REMOVE", 1),
    ]
    assert await listed(house, BOB) == {"dan": 2}
    assert await listed(house, DAN) == {}
    # The same as of somebody who takes no requests from strangers.
    await refused(house, NO_FRIEND_REQUESTS, "create_relationship", DAN, user_id=BOB)
    await ask(house, BOB, DAN, type=2)
    assert told(house) == []
    # Both may block; unblocking is told to oneself only, and makes nobody friends.
    await ask(house, DAN, BOB, type=2)
    assert [to for to, _, _ in told(house)] == [DAN]
    await house.call("delete_relationship", BOB, user_id=DAN)
    assert [(to, d["type"]) for to, _, d in told(house)] == [(BOB, 2)]
    assert (await listed(house, BOB), await listed(house, DAN)) == ({}, {"bob": 2})


async def test_a_block_ends_direct_messages_both_ways_until_it_is_lifted(house: House):
    made = await house.call("create_dm", ANN, {"recipient_id": str(BOB)})
    at = {"channel_id": int(made["id"])}
    await house.call("create_message", ANN, {"content": "hi"}, **at)
    await ask(house, BOB, ANN, type=2)
    for who in (ANN, BOB):
        await refused(house, CANNOT_MESSAGE_USER, "create_message", who, {"content": "x"}, **at)
    await house.call("delete_relationship", BOB, user_id=ANN)
    for who in (ANN, BOB):
        await house.call("create_message", who, {"content": "x"}, **at)


async def test_friends_write_to_each_other_without_a_guild(house: House):
    made = await house.call("create_dm", BOB, {"recipient_id": str(DAN)})
    at = {"channel_id": int(made["id"])}
    await refused(house, CANNOT_MESSAGE_USER, "create_message", BOB, {"content": "x"}, **at)
    await befriend(house, BOB, DAN)
    await house.call("create_message", BOB, {"content": "x"}, **at)


async def test_somebody_says_who_may_ask(house: House):
    async def say(**flags: bool) -> None:
        data = msgspec.json.encode({"friend_source_flags": flags})
        await house.owner.directory.commit([Setting(user_id=BOB, kind=0, data=data)], [])

    await say(all=False)
    await refused(house, NO_FRIEND_REQUESTS, "create_relationship", CAT, user_id=BOB)
    await say(mutual_guilds=True)
    await refused(house, NO_FRIEND_REQUESTS, "create_relationship", DAN, user_id=BOB)
    await ask(house, CAT, BOB)
    await ask(house, BOB, CAT)
    await say(mutual_friends=True)
    await refused(house, NO_FRIEND_REQUESTS, "create_relationship", DAN, user_id=BOB)
    await befriend(house, CAT, DAN)
    await ask(house, DAN, BOB)
    assert await listed(house, BOB) == {"cat": 1, "dan": 3}


async def test_there_is_a_most_of_friends_and_of_requests(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("hearth.actions.relationships.MOST_RELATIONSHIPS", 1)
    await ask(house, BOB, DAN)
    await refused(house, MAX_FRIENDS, "create_relationship", BOB, user_id=CAT)
    await refused(house, NO_FRIEND_REQUESTS, "create_relationship", CAT, user_id=DAN)
    await ask(house, DAN, BOB)
    await ask(house, CAT, BOB)
    await refused(house, MAX_FRIENDS, "create_relationship", BOB, user_id=CAT)
    # There is room for somebody to be blocked, whatever others asked.
    await ask(house, BOB, CAT, type=2)
    await refused(house, MAX_FRIENDS, "create_relationship", BOB, {"type": 2}, user_id=ANN)


async def show(house: House, who: int, status: str | None) -> None:
    put = None if status is None else PresencePut(status=status)
    params: dict[str, int | str] = {"user_id": who, "session_id": "s", "client": "web"}
    await call(house.entry, OPERATIONS["set_session_presence"], SYSTEM, params, put)
    await asyncio.sleep(0)


def presences(house: House) -> list[tuple[int, str, str]]:
    return [
        (to, d["user"]["id"], d["status"])
        for to, name, d in told(house)
        if name == "PRESENCE_UPDATE"
    ]


async def test_friends_see_each_others_presence_and_strangers_do_not(house: House):
    await house.owner.save([Relationship(user_id=ANN, other_id=DAN, type=3, since_ms=1)])
    house.commits.clear()
    await show(house, DAN, "idle")
    assert presences(house) == []
    await ask(house, BOB, DAN)
    house.commits.clear()
    # Who has become a friend is shown at once.
    await ask(house, DAN, BOB)
    await house.call("list_relationships", BOB)
    assert presences(house) == [(BOB, str(DAN), "idle")]
    await show(house, DAN, "dnd")
    assert presences(house) == [(BOB, str(DAN), "dnd")]
    await show(house, DAN, "invisible")
    assert presences(house) == [(BOB, str(DAN), "offline")]
    await show(house, DAN, None)
    assert presences(house) == []
    await ask(house, BOB, DAN, type=2)
    house.commits.clear()
    await show(house, DAN, "online")
    assert presences(house) == []


async def test_an_open_dm_shows_presence_unless_one_blocks(house: House):
    await befriend(house, BOB, DAN)
    made = await house.call("create_dm", BOB, {"recipient_id": str(DAN)})
    await house.call("create_message", BOB, {"content": "x"}, channel_id=int(made["id"]))
    await house.call("delete_relationship", BOB, user_id=DAN)
    house.commits.clear()
    await show(house, DAN, "online")
    assert presences(house) == [(BOB, str(DAN), "online")]
    await ask(house, DAN, BOB, type=2)
    house.commits.clear()
    await show(house, DAN, "idle")
    assert presences(house) == []
