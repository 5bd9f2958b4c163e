"""Guilds by the gate, in one World and in two: changed, made, left, deleted."""

import asyncio
from typing import Any

import pytest

from hearth.actions.gate import call
from hearth.core.errors import (
    CANNOT_DELETE_CHANNEL,
    INVALID_FORM,
    INVALID_GUILD,
    MAX_GUILDS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    Refused,
)
from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import User
from hearth.core.operations import OPERATIONS, Principal
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House

CHANGED = ["GUILD_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]


async def change(house: House, who: int = ANN, **body: Any) -> Any:
    return await house.call("update_guild", who, body, guild_id=GUILD)


async def wrong(house: House, **body: Any) -> dict[str, str]:
    """The first code for each field that is refused."""
    refused = await house.refused(INVALID_FORM, "update_guild", ANN, body, guild_id=GUILD)
    return {name: leaf["_errors"][0]["code"] for name, leaf in refused.more["errors"].items()}


async def mods(house: House, permissions: int) -> None:
    body = {"permissions": str(permissions)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=MODS)
    house.told()


async def test_every_field_is_changed_and_cleared(house: House) -> None:
    voice = await house.call("create_guild_channel", ANN, {"name": "v", "type": 2}, guild_id=GUILD)
    house.told()
    wish = {
        "name": "Forest",
        "description": "trees",
        "verification_level": 2,
        "default_message_notifications": 1,
        "explicit_content_filter": 2,
        "preferred_locale": "de",
        "afk_timeout": 60,
        "afk_channel_id": voice["id"],
        "system_channel_id": str(TEXT),
        "system_channel_flags": 5,
        "rules_channel_id": str(TEXT),
        "public_updates_channel_id": str(HIDDEN),
        "safety_alerts_channel_id": str(HIDDEN),
        "premium_progress_bar_enabled": True,
    }
    changed = await change(house, **wish)
    assert {name: changed[name] for name in wish} == wish
    assert house.told() == CHANGED
    await change(house, **wish, region="rotterdam")
    assert house.told() == []
    assert await house.call("get_guild", BOB, guild_id=GUILD) == changed
    cleared = await change(house, **dict.fromkeys(set(wish) - {"name"}))
    fresh = {
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "preferred_locale": "en-US",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "premium_progress_bar_enabled": False,
    }
    assert {name: cleared[name] for name in wish if name != "name"} == {
        **dict.fromkeys(set(wish) - {"name"}),
        **fresh,
    }
    await house.snapshot()


async def test_the_audit_log_says_what_changed(house: House) -> None:
    await change(house, name="Forest", system_channel_id=TEXT)
    log = await house.call("list_guild_audit_log_entries", ANN, guild_id=GUILD)
    (entry,) = log["audit_log_entries"]
    assert (entry["action_type"], entry["target_id"]) == (1, str(GUILD))
    assert entry["changes"] == [
        {"key": "name", "old_value": "Den", "new_value": "Forest"},
        {"key": "system_channel_id", "new_value": str(TEXT)},
    ]


async def test_what_a_guild_cannot_have(house: House) -> None:
    assert await wrong(house, name="x", afk_timeout=5) == {
        "name": "BASE_TYPE_BAD_LENGTH",
        "afk_timeout": "BASE_TYPE_CHOICES",
    }
    assert await wrong(house, verification_level=9, preferred_locale="xx") == {
        "verification_level": "BASE_TYPE_CHOICES",
        "preferred_locale": "BASE_TYPE_CHOICES",
    }
    assert await wrong(house, afk_channel_id=TEXT, system_channel_id=999) == {
        "afk_channel_id": "CHANNEL_INVALID_TYPE",
        "system_channel_id": "CHANNEL_INVALID",
    }
    assert await wrong(house, features=["VERIFIED"]) == {"features": "BASE_TYPE_CHOICES"}


async def test_a_community_has_rules_and_updates(house: House) -> None:
    assert await wrong(house, features=["COMMUNITY"], rules_channel_id=TEXT) == {
        "public_updates_channel_id": "BASE_TYPE_REQUIRED"
    }
    await mods(house, P.MANAGE_GUILD | P.MANAGE_CHANNELS)
    wish = {
        "features": ["COMMUNITY"],
        "rules_channel_id": TEXT,
        "public_updates_channel_id": TEXT,
    }
    await house.refused(MISSING_PERMISSIONS, "update_guild", CAT, wish, guild_id=GUILD)
    assert (await change(house, **wish))["features"] == ["COMMUNITY"]
    house.told()
    assert await wrong(house, rules_channel_id=None) == {"rules_channel_id": "BASE_TYPE_REQUIRED"}
    await house.refused(CANNOT_DELETE_CHANNEL, "delete_channel", CAT, channel_id=TEXT)
    # What one may not switch stays as it is.
    paused = await change(house, CAT, features=["COMMUNITY", "INVITES_DISABLED"])
    assert paused["features"] == ["COMMUNITY", "INVITES_DISABLED"]
    plain = await change(house, features=[])
    assert (plain["features"], plain["rules_channel_id"]) == ([], None)
    await house.call("delete_channel", CAT, channel_id=TEXT)


async def test_a_channel_that_goes_is_named_no_more(house: House) -> None:
    names = ("system", "rules", "public_updates", "safety_alerts")
    wish = dict.fromkeys((f"{name}_channel_id" for name in names), TEXT)
    await change(house, **wish)
    await house.call("delete_channel", ANN, channel_id=TEXT)
    guild = await house.call("get_guild", BOB, guild_id=GUILD)
    assert [guild[name] for name in wish] == [None] * 4


async def test_a_guild_is_given_away_by_its_owner_alone(house: House) -> None:
    await mods(house, P.ADMINISTRATOR)
    wish = {"owner_id": str(CAT)}
    await house.refused(MISSING_PERMISSIONS, "update_guild", CAT, wish, guild_id=GUILD)
    await house.refused(MISSING_PERMISSIONS, "update_guild", BOB, {"name": "xx"}, guild_id=GUILD)
    await house.refused(UNKNOWN_MEMBER, "update_guild", ANN, {"owner_id": "5"}, guild_id=GUILD)
    assert (await change(house, owner_id=str(CAT)))["owner_id"] == str(CAT)
    assert house.told() == CHANGED
    await house.refused(MISSING_PERMISSIONS, "update_guild", ANN, {"name": "xx"}, guild_id=GUILD)
    await house.call("leave_guild", ANN, guild_id=GUILD)
    assert await house.owner.directory.check() == []


async def test_a_bot_owns_nothing(house: House) -> None:
    robot = User(id=1009, username="robot", bot=True)
    await house.owner.save([robot])
    await house.owner.save([Member(guild_id=GUILD, user_id=1009, joined_at_ms=1)], home=GUILD)
    assert await wrong(house, owner_id="1009") == {"owner_id": "USER_IS_BOT"}


async def test_members_leave_and_the_owner_stays(house: House) -> None:
    await house.call("leave_guild", BOB, guild_id=GUILD)
    assert house.told() == ["GUILD_MEMBER_REMOVE"]
    await house.refused(INVALID_GUILD, "leave_guild", ANN, guild_id=GUILD)
    assert list((await house.snapshot()).members) == [ANN, CAT]


@pytest.mark.parametrize("name", ["delete_guild", "delete_guild_by_post"])
async def test_a_deleted_guild_is_gone_with_all_in_it(house: House, name: str) -> None:
    await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)
    await house.call("create_channel_invite", ANN, {}, channel_id=TEXT)
    house.told()
    await mods(house, P.ADMINISTRATOR)
    await house.refused(MISSING_PERMISSIONS, name, CAT, guild_id=GUILD)
    # Who waits for the turn meanwhile finds no guild any more.
    late = house.call("update_channel", ANN, {"name": "late"}, channel_id=TEXT)
    results = await asyncio.gather(
        house.call(name, ANN, guild_id=GUILD), late, return_exceptions=True
    )
    assert results[0] is None
    assert isinstance(results[1], Refused)
    assert results[1].error is UNKNOWN_CHANNEL
    await house.refused(UNKNOWN_GUILD, "get_guild", ANN, guild_id=GUILD)
    await house.refused(UNKNOWN_CHANNEL, "get_channel", ANN, channel_id=TEXT)
    assert await house.call("list_my_guilds", ANN, query={}) == []
    for task in asyncio.all_tasks():
        if task.get_name().startswith("purge-"):
            await task
    assert await house.owner.log.channels() == []
    directory = house.owner.directory
    assert await directory.invites_of(GUILD) == []
    assert await directory.check() == []
    assert GUILD not in house.entry.homes


async def found(house: House, who: int = BOB, **body: Any) -> Any:
    return await house.call("create_my_guild", who, {"name": "New", **body})


async def test_a_guild_is_made_by_a_person(house: House) -> None:
    made = await found(house, verification_level=1, preferred_locale="fr")
    assert (made["name"], made["owner_id"]) == ("New", str(BOB))
    assert (made["verification_level"], made["preferred_locale"]) == (1, "fr")
    where = {"guild_id": int(made["id"])}
    assert await house.call("get_guild", BOB, **where) == made
    channels = await house.call("list_guild_channels", BOB, **where)
    assert [each["type"] for each in channels] == [4, 4, 0, 2]
    assert made["system_channel_id"] == channels[2]["id"]
    assert await house.owner.directory.check() == []


async def test_a_guild_is_made_with_roles_and_channels(house: House) -> None:
    made = await found(
        house,
        roles=[
            {"id": 1, "name": "ignored", "permissions": str(P.VIEW_CHANNEL)},
            {"id": 2, "name": "crew", "permissions": "8", "hoist": True},
        ],
        channels=[
            {"id": 10, "name": "rooms", "type": 4},
            {
                "id": 11,
                "name": "talk",
                "parent_id": 10,
                "permission_overwrites": [
                    {"id": 1, "type": 0, "deny": str(P.SEND_MESSAGES)},
                    {"id": 2, "type": 0, "allow": str(P.SEND_MESSAGES)},
                ],
            },
            {"id": 12, "name": "rest", "type": 2},
        ],
        system_channel_id=11,
        afk_channel_id=12,
    )
    where = {"guild_id": int(made["id"])}
    everyone, crew = made["roles"]
    assert (everyone["id"], everyone["name"]) == (made["id"], "@everyone")
    assert everyone["permissions"] == str(P.VIEW_CHANNEL)
    assert (crew["name"], crew["hoist"], crew["position"]) == ("crew", True, 1)
    rooms, talk, rest = await house.call("list_guild_channels", BOB, **where)
    assert (talk["parent_id"], made["system_channel_id"]) == (rooms["id"], talk["id"])
    assert made["afk_channel_id"] == rest["id"]
    ids = [each["id"] for each in talk["permission_overwrites"]]
    assert ids == [everyone["id"], crew["id"]]


async def test_placeholders_name_what_is_there(house: House) -> None:
    with pytest.raises(Refused) as caught:
        await found(
            house,
            channels=[
                {"name": "a", "parent_id": 7},
                {"name": "b", "permission_overwrites": [{"id": 5, "type": 0}]},
                {"name": "c", "permission_overwrites": [{"id": str(ANN), "type": 1}]},
            ],
        )
    assert list(caught.value.more["errors"]["channels"]) == ["0", "1", "2"]
    with pytest.raises(Refused) as caught:
        await found(house, channels=[{"id": 1, "name": "a"}], system_channel_id=2)
    assert list(caught.value.more["errors"]) == ["system_channel_id"]


async def test_nobody_is_in_more_guilds_than_a_hundred(house: House) -> None:
    nouns: list[Any] = []
    for guild_id in range(50_000, 50_099):
        nouns += [
            Guild(id=guild_id, name="x", owner_id=BOB),
            Role(id=guild_id, guild_id=guild_id, name="@everyone"),
            Member(guild_id=guild_id, user_id=BOB, joined_at_ms=1),
        ]
    await house.owner.directory.commit(nouns, [])
    await house.refused(MAX_GUILDS, "create_my_guild", BOB, {"name": "New"})
    await house.owner.save([User(id=1004, username="dan")])
    made = await found(house, 1004)
    invite = await house.call(
        "create_channel_invite", 1004, {}, channel_id=int(made["system_channel_id"])
    )
    house.told()
    await house.refused(MAX_GUILDS, "accept_invite", BOB, code=invite["code"])


async def test_a_bot_makes_ten(house: House) -> None:
    await house.owner.save([User(id=1009, username="robot", bot=True)])
    operation = OPERATIONS["create_my_guild"]
    assert operation.body is not None
    who = Principal(kind="bot", user_id=1009)
    for _ in range(10):
        house.clock.seconds += 3600
        await call(house.entry, operation, who, {}, operation.body(name="New"))
    house.clock.seconds += 3600
    with pytest.raises(Refused) as caught:
        await call(house.entry, operation, who, {}, operation.body(name="New"))
    assert caught.value.error is MAX_GUILDS
