"""Calls in private channels: begin, join, ring, end; who may, and what is left of them."""

import asyncio
from typing import Any

import pytest

from hearth.actions import calls
from hearth.core.errors import (
    CANNOT_MESSAGE_USER,
    UNKNOWN_CHANNEL,
    USERS_ONLY,
    WRONG_CHANNEL_TYPE,
)
from hearth.core.models.guilds import Snapshot
from hearth.core.models.users import User
from hearth.core.operations import SYSTEM
from tests.actions.house import ANN, BOB, CAT, GUILD, TEXT, House


async def dm(house: House, one: int, other: int) -> int:
    """The DM of two."""
    made = await house.call("create_dm", one, {"recipient_id": str(other)})
    house.told()
    return int(made["id"])


async def dial(house: House, who: int, channel: int, **more: Any) -> None:
    """Op 4 without a guild, by a session of `who`'s."""
    body = {"channel_id": channel, **more}
    at = {"channel_id": channel, "session_id": f"s{who}", "endpoint": "here/voice"}
    await house.call("request_call_state", who, body, **at)


async def hang_up(house: House, who: int, channel: int) -> None:
    """The session of `who`'s ends."""
    house.principals[0] = SYSTEM
    at = {"home_id": channel, "user_id": who, "session": f"s{who}"}
    await house.call("leave_voice", 0, **at)


async def snapshot(house: House, channel: int) -> Snapshot:
    """The private channel as the entry has it."""
    found = (await house.entry.home(channel)).snapshot
    assert found is not None
    return found


async def test_a_call(house: House) -> None:
    channel = await dm(house, ANN, BOB)
    assert await house.call("get_call", ANN, channel_id=channel) == {"ringable": True}
    await snapshot(house, channel)
    await dial(house, ANN, channel)
    names = house.told()
    assert [name for name in names if name != "CHANNEL_CREATE"] == [
        "MESSAGE_CREATE",
        "CALL_CREATE",
        "VOICE_STATE_UPDATE",
        "VOICE_SERVER_UPDATE",
    ]
    made = (await snapshot(house, channel)).calls[channel]
    assert (made.ringing, made.joined) == ((), (ANN,))
    ((message),) = await house.call("list_messages", BOB, channel_id=channel)
    assert (message["id"], message["type"]) == (str(made.message_id), 3)
    assert message["call"] == {"participants": [str(ANN)], "ended_timestamp": None}
    await house.call("ring_call", ANN, {"recipients": None}, channel_id=channel)
    assert house.told() == ["CALL_UPDATE"]
    assert (await snapshot(house, channel)).calls[channel].ringing == (BOB,)
    asked = await house.call(
        "request_call_connect", BOB, {"channel_id": channel}, channel_id=channel
    )
    assert (asked["ringing"], asked["region"]) == ([str(BOB)], "hearth")
    assert [each["user_id"] for each in asked["voice_states"]] == [str(ANN)]
    await dial(house, BOB, channel)
    assert house.told() == ["VOICE_STATE_UPDATE", "CALL_UPDATE", "VOICE_SERVER_UPDATE"]
    assert (await snapshot(house, channel)).calls[channel].ringing == ()
    await hang_up(house, ANN, channel)
    assert house.told() == ["VOICE_STATE_UPDATE"]
    await hang_up(house, BOB, channel)
    names = house.told()
    assert names[:2] == ["VOICE_STATE_UPDATE", "CALL_DELETE"]
    ((message),) = await house.call("list_messages", BOB, channel_id=channel)
    assert message["call"]["participants"] == [str(ANN), str(BOB)]
    assert message["call"]["ended_timestamp"] is not None
    assert (
        await house.call("request_call_connect", BOB, {"channel_id": channel}, channel_id=channel)
        is None
    )


async def test_who_does_not_answer(house: House) -> None:
    channel = await dm(house, ANN, BOB)
    await house.call("ring_call", ANN, {}, channel_id=channel)
    assert house.told() == []
    await dial(house, ANN, channel)
    await house.call("ring_call", ANN, {}, channel_id=channel)
    house.told()
    await house.call("stop_ringing", BOB, {}, channel_id=channel)
    assert house.told() == ["CALL_UPDATE"]
    assert (await snapshot(house, channel)).calls[channel].ringing == ()


async def test_who_may_not_call(house: House) -> None:
    await house.owner.save([User(id=7, username="dan")])
    channel = await dm(house, ANN, 7)
    body = {"channel_id": channel}
    at = {"channel_id": channel, "session_id": "s", "endpoint": ""}
    await house.refused(CANNOT_MESSAGE_USER, "request_call_state", ANN, body, **at)
    assert await house.call("get_call", ANN, channel_id=channel) == {"ringable": False}
    await house.refused(UNKNOWN_CHANNEL, "request_call_state", CAT, body, **at)
    await house.refused(UNKNOWN_CHANNEL, "ring_call", CAT, {}, channel_id=channel)
    other = await dm(house, ANN, BOB)
    house.bots.add(BOB)
    at["channel_id"] = other
    await house.refused(USERS_ONLY, "request_call_state", BOB, {"channel_id": other}, **at)
    at["channel_id"] = TEXT
    await house.refused(WRONG_CHANNEL_TYPE, "request_call_state", ANN, {"channel_id": TEXT}, **at)


async def test_who_leaves_a_group_leaves_its_call(house: House) -> None:
    wish = {"recipients": [str(BOB), str(CAT)]}
    made = await house.call("create_dm", ANN, wish)
    channel = int(made["id"])
    for who in (ANN, BOB):
        await dial(house, who, channel)
    assert set((await snapshot(house, channel)).voice_states) == {ANN, BOB}
    await house.call("delete_channel", BOB, channel_id=channel)
    assert set((await snapshot(house, channel)).voice_states) == {ANN}
    # Nor has a call anything to do with the guild.
    assert (await house.entry.home(GUILD)).snapshot.voice_states == {}  # type: ignore[union-attr]


async def test_it_does_not_ring_for_ever(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "RING_S", 0.0)
    channel = await dm(house, ANN, BOB)
    await dial(house, ANN, channel)
    house.told()
    await house.call("ring_call", ANN, {}, channel_id=channel)
    async with asyncio.timeout(5):
        while (await snapshot(house, channel)).calls[channel].ringing:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert house.told() == ["CALL_UPDATE", "CALL_UPDATE"]
    # What rang in an earlier call ends nothing in this one.
    monkeypatch.setattr(calls, "RING_S", 3600.0)
    await house.call("ring_call", ANN, {}, channel_id=channel)
    house.principals[0] = SYSTEM
    old = {"message_id": 1, "user_ids": [BOB]}
    await house.call("end_ringing", 0, old, home_id=channel)
    assert (await snapshot(house, channel)).calls[channel].ringing == (BOB,)
