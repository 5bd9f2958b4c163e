"""Pins and bulk deletes by the gate, in one World and in two."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.core.errors import (
    MAX_PINS,
    MESSAGE_TOO_OLD,
    MISSING_PERMISSIONS,
    SYSTEM_MESSAGE,
    UNKNOWN_MESSAGE,
    Error,
    Refused,
)
from hearth.core.ids import EPOCH_MS
from hearth.core.models.pins import MOST_PINS
from hearth.core.permissions import EVERYONE, P
from hearth.core.record import decode
from tests.actions.house import ANN, BOB, CAT, GUILD, MODS, TEXT, House

PINNED = ["MESSAGE_UPDATE", "CHANNEL_PINS_UPDATE"]


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    made.owner.scale = made.entry.scale = 1000.0
    yield made
    assert await made.owner.log.check(decode) == []
    await made.close()


async def say(house: House, content: str = "hi", who: int = BOB) -> int:
    sent = await house.call("create_message", who, {"content": content}, channel_id=TEXT)
    house.told()
    return int(sent["id"])


async def refused(house: House, error: Error, name: str, who: int, **params: Any) -> None:
    with pytest.raises(Refused) as caught:
        await house.call(name, who, **params)
    assert caught.value.error is error
    assert house.told() == []


def at(message: int) -> dict[str, int]:
    return {"channel_id": TEXT, "message_id": message}


async def pins(house: House, who: int = BOB, **query: str) -> tuple[list[str], bool]:
    found = await house.call("list_pins", who, query=query, channel_id=TEXT)
    return [item["message"]["content"] for item in found["items"]], found["has_more"]


@pytest.mark.parametrize("prefix", ["", "deprecated_"])
async def test_a_pin_is_told_said_and_undone(house: House, prefix: str):
    message = await say(house)
    await house.call(f"{prefix}create_pin", CAT, **at(message), reason="important")
    told = [event for commit in house.commits for event in commit.tell]
    home = await house.entry.home(GUILD)
    assert house.told() == [*PINNED, "MESSAGE_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    pinned_at = "2027-01-15T08:16:40.000000+00:00"
    assert told[0].data(home).pinned is True
    assert told[1].data(home) == {
        "channel_id": str(TEXT),
        "last_pin_timestamp": pinned_at,
        "guild_id": str(GUILD),
    }
    entry = told[3].data(home)
    assert (entry.action_type, entry.target_id, entry.reason) == (74, str(BOB), "important")
    page = await house.call("list_messages", BOB, channel_id=TEXT)
    assert [each["pinned"] for each in page] == [False, True]
    assert page[0]["type"] == 6
    assert page[0]["author"]["id"] == str(CAT)
    assert page[0]["message_reference"] == {
        "type": 0,
        "channel_id": str(TEXT),
        "message_id": str(message),
        "guild_id": str(GUILD),
    }
    assert "referenced_message" not in page[0]
    found = await house.call("list_pins", BOB, channel_id=TEXT)
    assert found == {
        "items": [{"pinned_at": pinned_at, "message": page[1]}],
        "has_more": False,
    }
    assert await house.call("deprecated_list_pins", BOB, channel_id=TEXT) == [page[1]]
    channel = await house.call("get_channel", BOB, channel_id=TEXT)
    assert channel["last_pin_timestamp"] == pinned_at
    # Once is enough.
    await house.call(f"{prefix}create_pin", CAT, **at(message))
    assert house.told() == []
    await house.call(f"{prefix}delete_pin", CAT, **at(message))
    told = [event for commit in house.commits for event in commit.tell]
    assert house.told() == [*PINNED, "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert told[0].data(home).pinned is False
    assert told[1].data(home)["last_pin_timestamp"] is None
    assert told[2].data(home).action_type == 75
    await house.call(f"{prefix}delete_pin", CAT, **at(message))
    assert house.told() == []
    assert await pins(house) == ([], False)


async def test_an_edit_leaves_a_pin(house: House):
    message = await say(house)
    await house.call("create_pin", CAT, **at(message))
    house.told()
    edited = await house.call("update_message", BOB, {"content": "two"}, **at(message))
    assert edited["pinned"] is True
    event = house.commits[-1].tell[0]
    assert event.data(await house.entry.home(GUILD)).pinned is True
    assert await pins(house) == (["two"], False)


async def test_an_edit_behind_a_pin_says_that_it_is_pinned(house: House):
    message = await say(house)
    both = [
        house.call("create_pin", CAT, **at(message)),
        house.call("update_message", BOB, {"content": "two"}, **at(message)),
    ]
    home = await house.owner.home(GUILD)
    shown: list[tuple[str, bool]] = []
    house.owner.receivers.append(
        lambda _home, _before, commit: shown.extend(
            (d.content, d.pinned)
            for event in commit.tell
            if event.name == "MESSAGE_UPDATE" and (d := event.data(home))
        )
    )
    await asyncio.gather(*both)
    assert shown == [("hi", True), ("two", True)]


async def test_pins_come_in_pages(house: House):
    for number in range(5):
        await house.call("create_pin", CAT, **at(await say(house, f"{number}")))
    assert await pins(house) == (["4", "3", "2", "1", "0"], False)
    assert await pins(house, limit="2") == (["4", "3"], True)
    found = await house.call("list_pins", BOB, query={"limit": "2"}, channel_id=TEXT)
    before = found["items"][-1]["pinned_at"]
    assert await pins(house, limit="2", before=before) == (["2", "1"], True)
    assert await pins(house, limit="3", before=before) == (["2", "1", "0"], False)
    for query in ({"limit": "0"}, {"limit": "51"}, {"before": "yesterday"}):
        with pytest.raises(Refused, match="50035"):
            await pins(house, **query)


async def test_either_permission_pins(house: House):
    message = await say(house)
    await refused(house, MISSING_PERMISSIONS, "create_pin", BOB, **at(message))
    await refused(house, MISSING_PERMISSIONS, "delete_pin", BOB, **at(message))
    for bit in (P.PIN_MESSAGES, P.MANAGE_MESSAGES):
        body = {"permissions": str(EVERYONE | bit)}
        await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=GUILD)
        house.told()
        await house.call("create_pin", BOB, **at(message))
        await house.call("delete_pin", BOB, **at(message))
        assert len(house.told()) == 7


async def test_without_the_history_there_are_no_pins(house: House):
    await house.call("create_pin", CAT, **at(await say(house)))
    body = {"permissions": str(P.VIEW_CHANNEL)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=GUILD)
    assert await pins(house) == ([], False)
    assert await house.call("deprecated_list_pins", BOB, channel_id=TEXT) == []


async def test_what_cannot_be_pinned(house: House):
    await refused(house, UNKNOWN_MESSAGE, "create_pin", CAT, **at(5))
    await refused(house, UNKNOWN_MESSAGE, "delete_pin", CAT, **at(5))
    await house.call("create_pin", CAT, **at(await say(house)))
    page = await house.call("list_messages", BOB, channel_id=TEXT)
    house.told()
    notice = int(page[0]["id"])
    await refused(house, SYSTEM_MESSAGE, "create_pin", CAT, **at(notice))
    await refused(house, SYSTEM_MESSAGE, "update_message", CAT, body={"content": "x"}, **at(notice))
    await house.call("delete_message", CAT, **at(notice))
    both = await asyncio.gather(
        house.call("delete_message", BOB, **at(int(page[1]["id"]))),
        house.call("create_pin", CAT, **at(int(page[1]["id"]))),
        return_exceptions=True,
    )
    assert isinstance(both[1], Refused)
    assert both[1].error is UNKNOWN_MESSAGE
    assert await pins(house) == ([], False)


async def test_a_channel_takes_so_many_pins(house: House):
    ids = [await say(house) for _ in range(MOST_PINS + 1)]
    for message in ids[:-1]:
        await house.call("create_pin", CAT, **at(message))
    house.told()
    await refused(house, MAX_PINS, "create_pin", CAT, **at(ids[-1]))
    await house.call("delete_pin", CAT, **at(ids[0]))
    await house.call("create_pin", CAT, **at(ids[-1]))


# Bulk deletes


async def bulk(house: House, ids: list[int], who: int = CAT) -> None:
    body = {"messages": [str(i) for i in ids]}
    assert await house.call("bulk_delete_messages", who, body, channel_id=TEXT) is None


async def test_many_messages_go_at_once(house: House):
    ids = [await say(house) for _ in range(4)]
    await house.call("add_my_message_reaction", BOB, **at(ids[0]), emoji_name="👍")
    await house.call("create_pin", CAT, **at(ids[1]))
    await house.call("delete_message", BOB, **at(ids[3]))
    house.told()
    await bulk(house, ids)
    told = [event for commit in house.commits for event in commit.tell]
    assert house.told() == ["MESSAGE_DELETE_BULK", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    home = await house.entry.home(GUILD)
    assert told[0].data(home) == {
        "ids": [str(i) for i in ids[:3]],
        "channel_id": str(TEXT),
        "guild_id": str(GUILD),
    }
    entry = told[1].data(home)
    assert (entry.action_type, entry.target_id, bytes(entry.options)) == (
        73,
        str(TEXT),
        b'{"count":"3"}',
    )
    page = await house.call("list_messages", BOB, channel_id=TEXT)
    assert [each["type"] for each in page] == [6]
    rows = await house.owner.log.journal(0, 1000)
    assert [id for _, _, id in rows[-1].entries] == ids[:3]
    # All of them gone already: nothing is told.
    await bulk(house, ids)
    assert house.told() == []


@pytest.mark.parametrize(
    ("count", "code"), [(0, "BAD_LENGTH"), (1, "BAD_LENGTH"), (101, "BAD_LENGTH")]
)
async def test_two_to_a_hundred(house: House, count: int, code: str):
    first = await say(house)
    with pytest.raises(Refused, match="50035") as caught:
        await bulk(house, [first + i for i in range(count)])
    assert code in str(caught.value.more)
    await bulk(house, [first + i for i in range(100)])


async def test_no_message_twice(house: House):
    first = await say(house)
    with pytest.raises(Refused, match="50035") as caught:
        await bulk(house, [first, first + 1, first])
    assert caught.value.more["errors"] == {
        "messages": {
            "2": {
                "_errors": [
                    {
                        "code": "SET_TYPE_ALREADY_CONTAINS_VALUE",
                        "message": "The set already contains this value",
                    }
                ]
            }
        }
    }


async def test_older_messages_go_one_by_one(house: House):
    first, second = await say(house), await say(house)
    day_ms = 24 * 3_600_000
    limit = (house.owner.wall_ms() - 14 * day_ms - EPOCH_MS) << 22
    body = {"messages": [first, limit - 1]}
    await refused(house, MESSAGE_TOO_OLD, "bulk_delete_messages", CAT, body=body, channel_id=TEXT)
    house.clock.seconds += 14 * 24 * 3600 + 1
    body = {"messages": [first, second]}
    await refused(house, MESSAGE_TOO_OLD, "bulk_delete_messages", CAT, body=body, channel_id=TEXT)
    assert len(await house.call("list_messages", BOB, channel_id=TEXT)) == 2


async def test_only_moderators_delete_many(house: House):
    ids = [await say(house) for _ in range(2)]
    body = {"messages": ids}
    await refused(
        house, MISSING_PERMISSIONS, "bulk_delete_messages", BOB, body=body, channel_id=TEXT
    )
    assert MODS in (await house.owner.home(GUILD)).snapshot.roles  # type: ignore[union-attr]
    await bulk(house, ids)
