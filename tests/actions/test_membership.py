"""Members listed and found, oneself changed; the audit log and voice, by the gate."""

import asyncio
from typing import Any

import pytest

from hearth.actions.gate import call
from hearth.actions.members import SLICE
from hearth.core.errors import (
    FEATURE_DISABLED,
    INVALID_FORM,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_VOICE_STATE,
    Refused,
)
from hearth.core.models.members import Member
from hearth.core.models.users import Application, User
from hearth.core.operations import OPERATIONS, Principal
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, TEXT, House

BOT = 1009


async def people(house: House, name: str, who: int = BOB, **query: Any) -> list[int]:
    asked = {key: str(value) for key, value in query.items()}
    found = await house.call(name, who, query=asked, guild_id=GUILD)
    return [int(member["user"]["id"]) for member in found]


async def test_members_are_listed_by_id(house: House) -> None:
    assert await people(house, "list_guild_members") == [ANN]
    assert await people(house, "list_guild_members", limit=1000) == [ANN, BOB, CAT]
    assert await people(house, "list_guild_members", limit=1, after=ANN) == [BOB]
    assert await people(house, "list_guild_members", limit=5, after=CAT) == []
    await house.refused(
        INVALID_FORM, "list_guild_members", BOB, query={"limit": "1001"}, guild_id=GUILD
    )


async def test_a_bot_lists_members_only_if_its_application_may(house: House) -> None:
    await house.owner.save(
        [
            User(id=BOT, username="robot", bot=True),
            Application(id=BOT, bot_id=BOT, owner_id=ANN, name="Robot"),
        ]
    )
    await house.owner.save([Member(guild_id=GUILD, user_id=BOT, joined_at_ms=1)], home=GUILD)
    operation = OPERATIONS["list_guild_members"]
    assert operation.query is not None
    who = Principal(kind="bot", user_id=BOT)
    again = [house.entry, operation, who, {"guild_id": GUILD}, None, operation.query(limit=9)]
    with pytest.raises(Refused) as caught:
        await call(*again)
    assert caught.value.error is MISSING_ACCESS
    allowed = Application(id=BOT, bot_id=BOT, owner_id=ANN, name="Robot", flags=1 << 15)
    await house.owner.save([allowed])
    assert await call(*again)


@pytest.mark.parametrize("name", ["search_guild_members", "request_guild_members"])
async def test_others_are_served_while_many_are_looked_through(house: House, name: str) -> None:
    home = await house.owner.home(GUILD)
    house.owner.publish(
        home,
        save=[Member(guild_id=GUILD, user_id=5000 + i, joined_at_ms=1) for i in range(4 * SLICE)],
    )
    asked: dict[str, Any] = {"query": {"query": "zzz"}}
    if name == "request_guild_members":
        asked = {"body": {"guild_id": GUILD, "query": "zzz"}}
    search = asyncio.create_task(house.call(name, BOB, **asked, guild_id=GUILD))
    turns = 0
    while not search.done():
        await asyncio.sleep(0)
        turns += 1
    assert await search in ([], {"guild_id": GUILD, "user_ids": [], "not_found": [],
                                 "presences": False, "nonce": None})  # fmt: skip
    assert turns > 4


async def test_members_are_found_by_the_beginning_of_a_name(house: House) -> None:
    where = {"guild_id": GUILD, "user_id": CAT}
    await house.call("update_guild_member", ANN, {"nick": "Boss"}, **where)
    assert await people(house, "search_guild_members", query="BO", limit=10) == [BOB, CAT]
    assert await people(house, "search_guild_members", query="bo") == [BOB]
    assert await people(house, "search_guild_members", query="ob", limit=10) == []
    house.told()
    await house.refused(INVALID_FORM, "search_guild_members", BOB, query={}, guild_id=GUILD)


async def test_one_changes_ones_own_name_and_bio(house: House) -> None:
    me = await house.call("get_my_guild_member", BOB, guild_id=GUILD)
    assert (me["user"]["username"], me["nick"]) == ("bob", None)
    wish = {"nick": "Bobby", "bio": "I am bob"}
    changed = await house.call("update_my_guild_member", BOB, wish, guild_id=GUILD)
    assert changed == me | {"nick": "Bobby"}
    assert house.told() == ["GUILD_MEMBER_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert (await house.snapshot()).members[BOB].bio == "I am bob"
    older = await house.call("update_my_nick", BOB, {"nick": "B"}, guild_id=GUILD)
    assert older == {"nick": "B"}
    assert (await house.snapshot()).members[BOB].nick == "B"
    await house.call("update_my_guild_member", BOB, {"nick": None}, guild_id=GUILD)
    house.told()
    # Without the permission the name stays; what one says of oneself needs none.
    body = {"permissions": str(P.VIEW_CHANNEL)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=GUILD)
    house.told()
    for name in ("update_my_guild_member", "update_my_nick"):
        await house.refused(MISSING_PERMISSIONS, name, BOB, {"nick": "x"}, guild_id=GUILD)
    await house.call("update_my_guild_member", BOB, {"bio": ""}, guild_id=GUILD)
    assert (await house.snapshot()).members[BOB].bio is None


async def test_what_waits_is_named(house: House) -> None:
    body = {"home_header": "data:image/png;base64,"}
    refused = await house.refused(FEATURE_DISABLED, "update_guild", ANN, body, guild_id=GUILD)
    assert list(refused.more["errors"]) == list(body)
    where = {"guild_id": GUILD, "user_id": 5}
    await house.refused(FEATURE_DISABLED, "add_guild_member", ANN, {"access_token": "x"}, **where)


# The audit log


async def log(house: House, who: int = ANN, **query: Any) -> Any:
    asked = {key: str(value) for key, value in query.items()}
    return await house.call("list_guild_audit_log_entries", who, query=asked, guild_id=GUILD)


async def test_the_audit_log_is_read(house: House) -> None:
    for index in range(3):
        house.clock.seconds += 1
        where = {"guild_id": GUILD, "user_id": BOB}
        await house.call("update_guild_member", ANN, {"nick": f"b{index}"}, reason="why", **where)
    house.clock.seconds += 1
    await house.call("update_channel", CAT, {"topic": "x"}, channel_id=TEXT)
    whole = await log(house)
    entries = whole["audit_log_entries"]
    assert [entry["action_type"] for entry in entries] == [11, 24, 24, 24]
    assert [user["username"] for user in whole["users"]] == ["ann", "bob", "cat"]
    assert entries[1]["reason"] == "why"
    assert {name for name, value in whole.items() if not value} == {
        "integrations",
        "webhooks",
        "guild_scheduled_events",
        "threads",
        "application_commands",
        "auto_moderation_rules",
    }
    ids = [int(entry["id"]) for entry in entries]

    async def found(**query: Any) -> list[int]:
        return [int(entry["id"]) for entry in (await log(house, **query))["audit_log_entries"]]

    assert await found(limit=1) == ids[:1]
    assert await found(before=ids[1]) == ids[2:]
    # After an entry the oldest comes first.
    assert await found(after=ids[3]) == [ids[2], ids[1], ids[0]]
    assert await found(after=0, limit=1) == [ids[3]]
    assert await found(user_id=CAT) == ids[:1]
    assert await found(action_type=24) == ids[1:]
    assert await found(target_id=TEXT) == ids[:1]
    assert await found(target_id=TEXT, user_id=ANN) == []
    house.told()
    await house.refused(
        MISSING_PERMISSIONS, "list_guild_audit_log_entries", BOB, query={}, guild_id=GUILD
    )


# Voice


async def test_nobody_is_in_voice(house: House) -> None:
    where = {"guild_id": GUILD}
    await house.refused(UNKNOWN_VOICE_STATE, "get_self_voice_state", BOB, **where)
    await house.refused(UNKNOWN_VOICE_STATE, "get_voice_state", BOB, user_id=ANN, **where)
    for body in ({}, {"suppress": True}):
        await house.refused(UNKNOWN_VOICE_STATE, "update_self_voice_state", BOB, body, **where)
        await house.refused(
            UNKNOWN_VOICE_STATE, "update_voice_state", BOB, body, user_id=ANN, **where
        )
