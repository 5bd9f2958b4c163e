"""The verbs by the gate, in one World and in two: reply, refusal, and what is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hearth.core.errors import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    RATE_LIMITED,
    STORAGE_FULL,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    Error,
    Refused,
)
from hearth.core.models.members import Member
from hearth.core.permissions import P
from hearth.store.memory import MemoryLog
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    yield made
    await made.close()


async def refused(house: House, error: Error, name: str, who: int, body=None, **params: int):
    with pytest.raises(Refused) as caught:
        await house.call(name, who, body, **params)
    assert caught.value.error is error
    assert house.told() == []
    return caught.value


async def test_a_message_is_written_told_and_read(house: House):
    sent = await house.call("create_message", BOB, {"content": "hi"}, channel_id=TEXT)
    assert sent["content"] == "hi"
    assert sent["author"]["username"] == "bob"
    assert house.told() == ["MESSAGE_CREATE"]
    page = await house.call("list_messages", ANN, channel_id=TEXT)
    assert [message["id"] for message in page] == [sent["id"]]


async def test_a_hidden_channel_is_refused_and_an_overwrite_opens_it(house: House):
    await refused(house, MISSING_ACCESS, "create_message", BOB, {"content": "x"}, channel_id=HIDDEN)
    await house.call(
        "set_channel_permission_overwrite",
        ANN,
        {"type": 1, "allow": str(P.VIEW_CHANNEL)},
        channel_id=HIDDEN,
        overwrite_id=BOB,
    )
    assert house.told() == ["CHANNEL_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert await house.call("create_message", BOB, {"content": "x"}, channel_id=HIDDEN)


async def test_nobody_gives_what_they_lack(house: House):
    wish = {"type": 0, "allow": str(P.MENTION_EVERYONE)}
    where = {"channel_id": TEXT, "overwrite_id": MODS}
    await refused(
        house, MISSING_PERMISSIONS, "set_channel_permission_overwrite", CAT, wish, **where
    )
    await refused(
        house, MISSING_PERMISSIONS, "set_channel_permission_overwrite", BOB, wish, **where
    )


async def test_an_edit_behind_a_delete_finds_nothing(house: House):
    sent = await house.call("create_message", BOB, {"content": "one"}, channel_id=TEXT)
    where = {"channel_id": TEXT, "message_id": int(sent["id"])}
    edit = house.call("update_message", BOB, {"content": "two"}, **where)
    results = await asyncio.gather(
        house.call("delete_message", BOB, **where), edit, return_exceptions=True
    )
    assert results[0] is None
    assert isinstance(results[1], Refused)
    assert results[1].error is UNKNOWN_MESSAGE


async def test_one_nonce_is_one_message(house: House):
    body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    both = await asyncio.gather(
        house.call("create_message", BOB, body, channel_id=TEXT),
        house.call("create_message", BOB, body, channel_id=TEXT),
    )
    assert both[0]["id"] == both[1]["id"]
    assert house.told() == ["MESSAGE_CREATE"]
    house.clock.seconds += 599
    again = await house.call("create_message", BOB, body, channel_id=TEXT)
    assert again["id"] == both[0]["id"]
    house.clock.seconds += 2
    later = await house.call("create_message", BOB, body, channel_id=TEXT)
    assert later["id"] != both[0]["id"]


async def test_two_changes_at_once_lose_neither(house: House):
    await asyncio.gather(
        house.call("update_channel", ANN, {"name": "renamed"}, channel_id=TEXT),
        house.call("update_channel", ANN, {"topic": "about"}, channel_id=TEXT),
    )
    channel = await house.call("get_channel", BOB, channel_id=TEXT)
    assert (channel["name"], channel["topic"]) == ("renamed", "about")


async def test_limits_refuse_with_when_to_come_back(house: House):
    for _ in range(5):
        await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)
    house.told()
    said = await refused(
        house, RATE_LIMITED, "create_message", BOB, {"content": "x"}, channel_id=TEXT
    )
    assert said.more["retry_after"] == 5.0
    assert said.limit is not None
    assert said.limit.remaining == 0
    house.clock.seconds += 5
    assert await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)


async def test_a_full_disk_refuses_and_the_rest_goes_on(house: House):
    log = house.owner.log
    assert isinstance(log, MemoryLog)
    log.full = True
    await refused(house, STORAGE_FULL, "create_message", BOB, {"content": "x"}, channel_id=TEXT)
    assert await house.call("list_messages", BOB, channel_id=TEXT) == []
    log.full = False
    assert await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)


async def test_a_deleted_channel_is_unknown(house: House):
    await house.call("delete_channel", ANN, channel_id=TEXT)
    house.told()
    await refused(house, UNKNOWN_CHANNEL, "get_channel", BOB, channel_id=TEXT)


async def test_roles_move_and_members_leave(house: House):
    where = {"guild_id": GUILD, "user_id": BOB}
    await house.call("add_guild_member_role", ANN, role_id=MODS, **where)
    assert house.told() == ["GUILD_MEMBER_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert (await house.call("get_guild_member", CAT, **where))["roles"] == [str(MODS)]
    await house.call("delete_guild_role", ANN, guild_id=GUILD, role_id=MODS)
    assert (await house.call("get_guild_member", CAT, **where))["roles"] == []
    await house.call("delete_guild_member", ANN, **where)
    assert house.told()[-2:] == ["GUILD_MEMBER_REMOVE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    await refused(house, MISSING_ACCESS, "get_channel", BOB, channel_id=TEXT)


async def test_a_copy_equals_its_owner(house: House):
    await house.call("create_guild_role", ANN, {"name": "new"}, guild_id=GUILD)
    await house.call("create_guild_channel", ANN, {"name": "new"}, guild_id=GUILD)
    own, copy = await house.owner.home(GUILD), await house.entry.home(GUILD)
    assert own.n == copy.n > 0
    assert own.snapshot is not None
    assert copy.snapshot is not None
    assert own.snapshot.roles == copy.snapshot.roles
    assert own.snapshot.channels == copy.snapshot.channels
    assert own.snapshot.members == copy.snapshot.members


async def test_a_commit_outside_its_turn_raises(house: House):
    home = await house.owner.home(GUILD)
    with pytest.raises(RuntimeError):
        await house.owner.commit(home, [Member(guild_id=GUILD, user_id=9, joined_at_ms=1)], [], [])
