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
    MAX_RECIPIENTS,
    NOT_IN_DM,
    SYSTEM_MESSAGE,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_USER,
    USERS_ONLY,
    WRONG_CHANNEL_TYPE,
    Error,
    Refused,
)
from hearth.core.events import Event
from hearth.core.models.members import Member
from hearth.core.models.users import User
from tests.actions.house import ANN, BOB, CAT, House
from tests.pictures import data_uri, moving, still

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


async def test_a_pin_is_a_message_to_the_other(house: House):
    channel = await dm(house, ANN, BOB)
    where = {"channel_id": channel, "message_id": int((await say(house, ANN, channel))["id"])}
    await house.call("delete_channel", BOB, channel_id=channel)
    told(house)
    await house.call("create_pin", ANN, **where)
    names = [name for name, _ in told(house)]
    assert names == ["MESSAGE_UPDATE", "CHANNEL_PINS_UPDATE", "CHANNEL_CREATE", "MESSAGE_CREATE"]
    await house.owner.write([User(id=6001, username="bot", bot=True)])
    await house.owner.write([Member(guild_id=2000, user_id=6001, joined_at_ms=1)])
    house.bots.add(6001)
    channel = await dm(house, 6001, BOB)
    where = {"channel_id": channel, "message_id": int((await say(house, 6001, channel))["id"])}
    await house.call("delete_guild_member", ANN, guild_id=2000, user_id=BOB)
    told(house)
    # Who may not write to somebody says nothing to them with a pin either.
    await refused(house, CANNOT_MESSAGE_USER, "create_pin", 6001, **where)
    await house.call("delete_pin", 6001, **where)
    assert told(house) == []


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


# Groups


async def test_a_group_is_made_and_everybody_told(house: House):
    made = await house.call("create_dm", ANN, {"recipients": [str(BOB), str(CAT)]})
    assert made["type"] == 3
    assert made["name"] is None
    assert made["owner_id"] == str(ANN)
    assert [user["username"] for user in made["recipients"]] == ["bob", "cat"]
    created = [("CHANNEL_CREATE", who) for who in (ANN, BOB, CAT)]
    assert sorted(told(house)) == sorted(created)
    for who in (ANN, BOB, CAT):
        (listed,) = await house.call("list_private_channels", who)
        assert len(listed["recipients"]) == 2
    assert await say(house, CAT, int(made["id"]), "@everyone")
    assert told(house) == [("MESSAGE_CREATE", None)]


async def test_a_group_is_renamed_by_anybody_and_given_away_by_its_owner(house: House):
    channel = await group(house, BOB, CAT)
    told(house)
    after = await house.call("update_channel", BOB, {"name": " The den "}, channel_id=channel)
    assert after["name"] == "The den"
    updates = [("CHANNEL_UPDATE", who) for who in (ANN, BOB, CAT)]
    assert told(house) == [*updates, ("MESSAGE_CREATE", None)]
    (said,) = await house.call("list_messages", CAT, channel_id=channel)
    assert (said["type"], said["content"]) == (4, "The den")
    wish = {"owner": str(BOB)}
    await refused(house, NOT_IN_DM, "update_channel", BOB, wish, channel_id=channel)
    await refused(
        house, INVALID_RECIPIENTS, "update_channel", ANN, {"owner": str(DAN)}, channel_id=channel
    )
    after = await house.call("update_channel", ANN, wish, channel_id=channel)
    assert after["owner_id"] == str(BOB)
    after = await house.call("update_channel", ANN, {"name": None}, channel_id=channel)
    assert after["name"] is None


async def test_anybody_in_a_group_sets_changes_and_takes_away_its_picture(house: House):
    channel = await group(house, BOB, CAT)
    told(house)
    where = {"channel_id": channel}
    path = f"channel-icons/{channel}"
    directory = house.owner.directory
    updates = [*(("CHANNEL_UPDATE", who) for who in (ANN, BOB, CAT)), ("MESSAGE_CREATE", None)]
    hashes: list[str | None] = []
    for who, picture in ((BOB, data_uri(still())), (CAT, data_uri(moving())), (ANN, None)):
        after = await house.call("update_channel", who, {"icon": picture}, **where)
        assert told(house) == updates
        (listed,) = await house.call("list_private_channels", CAT)
        assert listed["icon"] == after["icon"]
        asset = await directory.asset(path)
        assert (asset and asset.hash) == after["icon"]
        hashes.append(after["icon"])
        # What it is already is no change.
        assert (await house.call("update_channel", who, {"icon": picture}, **where)) == after
        assert told(house) == []
    first, second, third = hashes
    assert first
    assert second
    assert (len(first), second[:2], third) == (32, "a_", None)
    said = await house.call("list_messages", CAT, **where)
    assert [(m["type"], m["content"], m["author"]["id"]) for m in said] == [
        (5, "", str(ANN)), (5, "", str(CAT)), (5, "", str(BOB)),
    ]  # fmt: skip
    message = {**where, "message_id": int(said[0]["id"])}
    await refused(house, SYSTEM_MESSAGE, "delete_message", ANN, None, **message)


async def test_the_picture_of_a_group_is_for_those_in_it_and_goes_with_it(house: House):
    channel = await group(house, BOB, CAT)
    where = {"channel_id": channel}
    icon = {"icon": data_uri(still())}
    await refused(house, UNKNOWN_CHANNEL, "update_channel", DAN, icon, **where)
    pair = await dm(house, ANN, BOB)
    await refused(house, WRONG_CHANNEL_TYPE, "update_channel", ANN, icon, channel_id=pair)
    await refused(house, INVALID_FORM, "update_channel", ANN, {"icon": "x"}, **where)
    # A picture is not kept for who may not do the rest.
    owned = icon | {"owner": str(BOB)}
    await refused(house, NOT_IN_DM, "update_channel", BOB, owned, **where)
    path = f"channel-icons/{channel}"
    assert await house.owner.directory.asset(path) is None
    await house.call("update_channel", ANN, owned, **where)
    assert (await house.call("get_channel", BOB, **where))["icon"]
    asset = await house.owner.directory.asset(path)
    assert asset is not None
    for who in (ANN, BOB, CAT):
        await house.call("delete_channel", who, **where)
    assert await house.owner.directory.asset(path) is None
    assert await house.owner.directory.referenced([asset.blob]) == set()


async def test_somebody_is_added_and_removed(house: House):
    channel = await group(house, BOB, CAT)
    await house.call("delete_group_dm_user", ANN, channel_id=channel, user_id=CAT)
    told(house)
    where = {"channel_id": channel, "user_id": CAT}
    await house.call("add_group_dm_user", BOB, {}, **where)
    assert told(house) == [
        ("CHANNEL_CREATE", CAT),
        ("CHANNEL_RECIPIENT_ADD", None),
        ("MESSAGE_CREATE", None),
    ]
    # Once more is no change.
    await house.call("add_group_dm_user", BOB, {}, **where)
    assert told(house) == []
    page = await house.call("list_messages", CAT, channel_id=channel)
    assert [(m["type"], m["mentions"][0]["username"]) for m in page] == [(1, "cat"), (2, "cat")]
    await refused(house, NOT_IN_DM, "delete_group_dm_user", BOB, None, **where)
    await house.call("delete_group_dm_user", ANN, **where)
    assert told(house) == [
        ("CHANNEL_DELETE", CAT),
        ("CHANNEL_RECIPIENT_REMOVE", None),
        ("MESSAGE_CREATE", None),
    ]
    await refused(house, UNKNOWN_CHANNEL, "get_channel", CAT, channel_id=channel)
    wish = {"channel_id": channel, "user_id": DAN}
    await refused(house, CANNOT_MESSAGE_USER, "add_group_dm_user", ANN, {}, **wish)
    await refused(house, UNKNOWN_USER, "add_group_dm_user", ANN, {}, **(wish | {"user_id": 9}))


async def test_nobody_changes_what_the_server_says(house: House):
    channel = await group(house, BOB, CAT)
    await house.call("update_channel", ANN, {"name": "x"}, channel_id=channel)
    (said,) = await house.call("list_messages", ANN, channel_id=channel)
    where = {"channel_id": channel, "message_id": int(said["id"])}
    await refused(house, SYSTEM_MESSAGE, "update_message", ANN, {"content": "y"}, **where)
    await refused(house, SYSTEM_MESSAGE, "delete_message", ANN, None, **where)


async def test_the_owner_who_leaves_is_followed_and_the_last_one_takes_all_along(house: House):
    channel = await group(house, CAT, BOB)
    await say(house, ANN, channel)
    told(house)
    await house.call("delete_channel", ANN, channel_id=channel)
    assert told(house) == [
        ("CHANNEL_DELETE", ANN),
        ("CHANNEL_RECIPIENT_REMOVE", None),
        ("CHANNEL_UPDATE", BOB),
        ("CHANNEL_UPDATE", CAT),
        ("MESSAGE_CREATE", None),
    ]
    shown = await house.call("get_channel", CAT, channel_id=channel)
    assert shown["owner_id"] == str(BOB)
    # What was written stays.
    assert len(await house.call("list_messages", CAT, channel_id=channel)) == 2
    await house.call("delete_channel", CAT, channel_id=channel)
    assert await house.owner.check() == []
    await house.call("delete_channel", BOB, channel_id=channel)
    await refused(house, UNKNOWN_CHANNEL, "get_channel", BOB, channel_id=channel)
    await house.owner.purge_orphans()
    assert await house.owner.log.channels() == []
    assert await house.owner.directory.home_of(channel) is None
    assert await house.owner.check() == []


async def test_a_group_has_ten_at_most(house: House):
    more = [User(id=i, username=f"user{i}") for i in range(5000, 5010)]
    members = [Member(guild_id=2000, user_id=user.id, joined_at_ms=1) for user in more]
    await house.owner.write([*more, *members])
    await refused(
        house, MAX_RECIPIENTS, "create_dm", ANN, {"recipients": [str(u.id) for u in more]}
    )
    channel = await group(house, *(user.id for user in more[:9]))
    where = {"channel_id": channel, "user_id": BOB}
    await refused(house, MAX_RECIPIENTS, "add_group_dm_user", ANN, {}, **where)


# Bots


async def test_bots_write_to_whom_they_share_a_guild_with(house: House):
    bots = [User(id=i, username=f"bot{i}", bot=True) for i in (6001, 6002)]
    members = [Member(guild_id=2000, user_id=bot.id, joined_at_ms=1) for bot in bots]
    await house.owner.write([*bots, *members])
    house.bots.update((6001, 6002))
    channel = await dm(house, 6001, BOB)
    assert await say(house, 6001, channel)
    assert await house.call("list_private_channels", 6001) == []
    await refused(house, CANNOT_MESSAGE_USER, "create_dm", 6001, {"recipient_id": "6002"})
    await refused(house, CANNOT_MESSAGE_USER, "create_dm", 6001, {"recipient_id": "6001"})
    wish = {"recipients": [str(ANN), str(BOB)]}
    await refused(house, USERS_ONLY, "create_dm", 6001, wish)
    wish = {"recipients": [str(BOB), "6001"]}
    await refused(house, INVALID_RECIPIENTS, "create_dm", ANN, wish)
    # A bot needs the guild each time, whatever was written before.
    await house.call("delete_guild_member", ANN, guild_id=2000, user_id=BOB)
    body = {"content": "x"}
    await refused(house, CANNOT_MESSAGE_USER, "create_message", 6001, body, channel_id=channel)
    assert await say(house, BOB, channel)


async def test_one_self_does_not_count_among_the_recipients(house: House):
    both = await house.call("create_dm", ANN, {"recipients": [str(ANN), str(BOB)]})
    assert both["type"] == 1
    assert int(both["id"]) == await dm(house, BOB, ANN)


async def test_who_is_added_to_a_dm_makes_a_group_of_the_three(house: House):
    channel = await dm(house, ANN, BOB)
    await say(house, ANN, channel)
    told(house)
    where = {"channel_id": channel}
    made = await house.call("add_group_dm_user", ANN, {}, **where, user_id=CAT)
    assert (made["type"], made["owner_id"]) == (3, str(ANN))
    assert made["id"] != str(channel)
    assert [user["username"] for user in made["recipients"]] == ["bob", "cat"]
    assert sorted(told(house)) == [("CHANNEL_CREATE", who) for who in (ANN, BOB, CAT)]
    # The DM is as it was, and who is in it is not added.
    assert (await house.call("get_channel", BOB, **where))["type"] == 1
    assert await house.call("add_group_dm_user", ANN, {}, **where, user_id=BOB) is None
    for error, who, user in (
        (UNKNOWN_USER, ANN, 999),
        (CANNOT_MESSAGE_USER, ANN, DAN),
        (UNKNOWN_CHANNEL, CAT, DAN),
    ):
        await refused(house, error, "add_group_dm_user", who, {}, **where, user_id=user)
    assert told(house) == []


async def test_a_bot_makes_no_group_of_a_dm(house: House):
    await house.owner.save(
        [
            User(id=2001, username="robot", bot=True),
            Member(guild_id=2000, user_id=2001, joined_at_ms=1),
        ],
        home=2000,
    )
    house.bots.add(2001)
    channel = await dm(house, 2001, BOB)
    await refused(house, USERS_ONLY, "add_group_dm_user", 2001, {}, channel_id=channel, user_id=CAT)


async def test_a_group_is_on_the_lists_of_all_from_its_first_commit(house: House):
    """Killed behind any commit, there is no group that nobody sees."""
    directory, commit = house.owner.directory, house.owner.directory.commit
    lists: list[list[int]] = []

    async def watched(*args: Any) -> None:
        await commit(*args)
        shown = [await directory.private_channels(who) for who in (ANN, BOB, CAT)]
        lists.extend([each.channel.id for each in one] for one in shown)

    directory.commit = watched
    made = await group(house, BOB, CAT)
    assert lists == [[made]] * 3


async def test_what_is_no_matter_of_dms_says_so(house: House):
    """50003 and not 50013: nobody could be given the permission."""
    channel = await dm(house, ANN, BOB)
    said = await say(house, ANN, channel)
    where = {"channel_id": channel, "message_id": int(said["id"])}
    await refused(house, NOT_IN_DM, "delete_message", BOB, **where)
    await refused(house, NOT_IN_DM, "update_message", BOB, {"flags": 4}, **where)
    await refused(house, NOT_IN_DM, "delete_all_message_reactions", BOB, **where)
    body = {"messages": [said["id"], str(int(said["id"]) + 1)]}
    await refused(house, NOT_IN_DM, "bulk_delete_messages", BOB, body, channel_id=channel)
    await refused(house, NOT_IN_DM, "create_channel_invite", BOB, {}, channel_id=channel)
