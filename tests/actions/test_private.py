"""DMs and group DMs by the gate, in one World and in two: who may, what is told, and to whom."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.actions.consumers import unread
from hearth.core.errors import (
    CANNOT_MESSAGE_USER,
    INVALID_FORM,
    INVALID_RECIPIENTS,
    NOT_IN_DM,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    WRONG_CHANNEL_TYPE,
    Error,
    Refused,
)
from hearth.core.events import Event
from hearth.core.models.users import User
from tests.actions.house import ANN, BOB, CAT, House

DAN, EVE = 1004, 1005
"""Strangers: members of nothing."""


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    await made.owner.save([User(id=DAN, username="dan"), User(id=EVE, username="eve")])
    yield made
    await made.close()


async def refused(house: House, error: Error, name: str, who: int, body: Any = None, **params: int):
    with pytest.raises(Refused) as caught:
        await house.call(name, who, body, **params)
    assert caught.value.error is error


async def dm(house: House, one: int, other: int) -> int:
    made = await house.call("create_dm", one, {"recipient_id": str(other)})
    return int(made["id"])


async def group(house: House, *others: int) -> int:
    made = await house.call("create_dm", ANN, {"recipients": [str(i) for i in others]})
    return int(made["id"])


async def say(house: House, who: int, channel: int, content: str = "hi") -> dict[str, Any]:
    return await house.call("create_message", who, {"content": content}, channel_id=channel)


def told(house: House) -> list[tuple[str, int | None]]:
    """The events told at the owner, with whom they are for where it is one user."""
    events: list[Event] = [event for commit in house.commits for event in commit.tell]
    house.commits.clear()
    return [(each.name, each.user_id if each.to == "user" else None) for each in events]


async def test_a_dm_opens_for_the_other_with_its_first_message(house: House):
    made = await house.call("create_dm", ANN, {"recipient_id": str(BOB)})
    assert made["type"] == 1
    assert [user["username"] for user in made["recipients"]] == ["bob"]
    assert "name" not in made
    assert told(house) == [("CHANNEL_CREATE", ANN)]
    assert await house.call("list_private_channels", BOB) == []
    sent = await say(house, ANN, int(made["id"]))
    assert "guild_id" not in sent
    assert told(house) == [("CHANNEL_CREATE", BOB), ("MESSAGE_CREATE", None)]
    for me, other in ((ANN, "bob"), (BOB, "ann")):
        (listed,) = await house.call("list_private_channels", me)
        assert listed["id"] == made["id"]
        assert listed["last_message_id"] == sent["id"]
        assert [user["username"] for user in listed["recipients"]] == [other]
    page = await house.call("list_messages", BOB, channel_id=int(made["id"]))
    assert [message["content"] for message in page] == ["hi"]


async def test_two_who_open_it_at_once_have_one(house: House):
    ids = await asyncio.gather(*(dm(house, *pair) for pair in [(ANN, BOB), (BOB, ANN)] * 3))
    assert len(set(ids)) == 1
    assert told(house).count(("CHANNEL_CREATE", ANN)) == 1


async def test_others_find_nothing(house: House):
    channel = await dm(house, ANN, BOB)
    sent = await say(house, ANN, channel)
    message = {"channel_id": channel, "message_id": int(sent["id"])}
    for who in (CAT, DAN):
        await refused(house, UNKNOWN_CHANNEL, "get_channel", who, channel_id=channel)
        await refused(house, UNKNOWN_CHANNEL, "list_messages", who, channel_id=channel)
        await refused(house, UNKNOWN_CHANNEL, "get_message", who, **message)
        await refused(
            house, UNKNOWN_CHANNEL, "create_message", who, {"content": "x"}, channel_id=channel
        )
        await refused(house, UNKNOWN_CHANNEL, "delete_channel", who, channel_id=channel)
        await refused(house, UNKNOWN_CHANNEL, "trigger_typing_indicator", who, channel_id=channel)
        await refused(house, UNKNOWN_CHANNEL, "ack_message", who, **message)
        await refused(house, UNKNOWN_GUILD, "get_guild", who, guild_id=channel)


async def test_guild_verbs_are_not_for_dms(house: House):
    channel = await dm(house, ANN, BOB)
    sent = await say(house, ANN, channel)
    where = {"channel_id": channel}
    await refused(house, NOT_IN_DM, "set_channel_permission_overwrite", ANN, {"type": 1}, **where, overwrite_id=BOB)  # noqa: E501  # fmt: skip
    await refused(house, NOT_IN_DM, "delete_message", BOB, **where, message_id=int(sent["id"]))
    await refused(house, WRONG_CHANNEL_TYPE, "update_channel", ANN, {"name": "x"}, **where)
    await refused(house, WRONG_CHANNEL_TYPE, "delete_group_dm_user", ANN, **where, user_id=BOB)
    await refused(house, UNKNOWN_GUILD, "get_guild", ANN, guild_id=channel)


async def test_strangers_are_not_written_to(house: House):
    channel = await dm(house, ANN, DAN)
    body = {"content": "x"}
    await refused(house, CANNOT_MESSAGE_USER, "create_message", ANN, body, channel_id=channel)
    await refused(house, INVALID_RECIPIENTS, "create_dm", ANN, {"recipient_id": str(ANN)})
    await refused(house, INVALID_RECIPIENTS, "create_dm", ANN, {"recipient_id": "999"})
    with pytest.raises(Refused) as caught:
        await house.call("create_dm", ANN, {})
    assert caught.value.error is INVALID_FORM
    wish = {"recipients": [str(BOB), str(DAN)]}
    await refused(house, CANNOT_MESSAGE_USER, "create_dm", ANN, wish)
    assert await house.call("list_private_channels", DAN) == []


async def test_who_has_written_goes_on_without_a_guild(house: House):
    channel = await dm(house, ANN, BOB)
    await say(house, ANN, channel)
    await house.call("delete_guild_member", ANN, guild_id=2000, user_id=BOB)
    assert await say(house, BOB, channel)


async def test_a_closed_dm_comes_back_with_a_message(house: House):
    channel = await dm(house, ANN, BOB)
    await say(house, ANN, channel)
    told(house)
    await house.call("delete_channel", BOB, channel_id=channel)
    assert told(house) == [("CHANNEL_DELETE", BOB)]
    assert await house.call("list_private_channels", BOB) == []
    assert len(await house.call("list_private_channels", ANN)) == 1
    await say(house, ANN, channel)
    assert told(house) == [("CHANNEL_CREATE", BOB), ("MESSAGE_CREATE", None)]
    assert len(await house.call("list_messages", BOB, channel_id=channel)) == 2


async def test_typing_in_a_dm_has_no_guild(house: House):
    channel = await dm(house, ANN, BOB)
    house.commits.clear()
    await house.call("trigger_typing_indicator", ANN, channel_id=channel)
    (commit,) = house.commits
    home = house.owner.homes[channel]
    d = commit.tell[0].data(home)
    assert d.keys() == {"channel_id", "user_id", "timestamp"}


async def test_each_message_counts_for_the_badge(house: House):
    house.clock.seconds += 10
    channel = await dm(house, ANN, BOB)
    first = await say(house, ANN, channel)
    await say(house, ANN, channel, "again")

    async def badge(user: int) -> int:
        await unread.step(house.owner)
        counts = await house.owner.directory.mention_counts(user, [user, channel])
        return counts.get(channel, 0)

    assert await badge(BOB) == 2
    assert await badge(ANN) == 0
    assert await badge(CAT) == 0
    where = {"channel_id": channel, "message_id": int(first["id"])}
    await house.call("ack_message", BOB, **where)
    await house.entry.flush()
    await house.owner.flush()
    assert await badge(BOB) == 1
