"""Recent mentions, in one World and in two: what is on whose list, and for how long."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.actions import mentions
from hearth.actions.consumers import unread
from hearth.core.errors import UNKNOWN_MESSAGE, USERS_ONLY
from hearth.core.models.members import Member
from hearth.core.models.users import User
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House

DAY_S = 86_400
BOT = 1005


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    made.clock.seconds += 10
    yield made
    await made.close()


async def say(house: House, who: int, content: str, channel: int = TEXT) -> int:
    house.clock.seconds += 2  # Within the limits.
    sent = await house.call("create_message", who, {"content": content}, channel_id=channel)
    return int(sent["id"])


async def listed(house: House, who: int, **query: Any) -> list[str]:
    """What the messages of a list say, once all that was sent is counted."""
    while await unread.step(house.owner):
        pass
    asked = {name: str(value) for name, value in query.items()}
    found = await house.call("list_recent_mentions", who, query=asked)
    return [each["content"] for each in found]


async def test_who_is_named_is_shown_it_newest_first(house: House):
    await say(house, BOB, f"one <@{CAT}>")
    await say(house, ANN, f"two <@&{MODS}>")
    last = await say(house, ANN, "three @everyone")
    await say(house, ANN, "nobody")
    direct, role, everyone = f"one <@{CAT}>", f"two <@&{MODS}>", "three @everyone"
    assert await listed(house, CAT) == [everyone, role, direct]
    assert await listed(house, BOB) == [everyone]
    # One's own messages mention others.
    assert await listed(house, ANN) == []
    assert await listed(house, CAT, roles="false") == [everyone, direct]
    assert await listed(house, CAT, everyone="false") == [role, direct]
    assert await listed(house, CAT, roles="false", everyone="false") == [direct]
    assert await listed(house, CAT, limit=1) == [everyone]
    assert await listed(house, CAT, before=last) == [role, direct]
    assert await listed(house, CAT, before=last, limit=1) == [role]
    assert await listed(house, CAT, guild_id=GUILD) == [everyone, role, direct]
    assert await listed(house, CAT, guild_id=TEXT) == []
    (shown,) = await house.call("list_recent_mentions", BOB, query={})
    assert (shown["id"], shown["channel_id"]) == (str(last), str(TEXT))
    assert shown["author"]["username"] == "ann"


async def test_a_message_that_names_one_twice_is_there_once(house: House):
    await say(house, ANN, f"<@{CAT}> <@&{MODS}> @everyone")
    assert len(await listed(house, CAT)) == 1


async def test_what_one_does_not_see_is_not_there(house: House):
    first = await say(house, ANN, f"hidden <@{CAT}> <@{BOB}> @everyone", HIDDEN)
    await say(house, ANN, f"open <@{CAT}>")
    assert await listed(house, CAT) == [f"open <@{CAT}>", f"hidden <@{CAT}> <@{BOB}> @everyone"]
    assert await listed(house, BOB) == []
    house.told()
    await house.refused(UNKNOWN_MESSAGE, "delete_recent_mention", BOB, message_id=first)
    await house.call("delete_guild_member_role", ANN, guild_id=GUILD, user_id=CAT, role_id=MODS)
    assert await listed(house, CAT) == [f"open <@{CAT}>"]
    house.told()
    await house.refused(UNKNOWN_MESSAGE, "delete_recent_mention", CAT, message_id=first)
    await house.call("delete_guild_member", ANN, guild_id=GUILD, user_id=CAT)
    assert await listed(house, CAT) == []
    # Who comes back is not told of what was before.
    house.clock.seconds += 1
    now = house.owner.wall_ms()
    await house.owner.save([Member(guild_id=GUILD, user_id=CAT, joined_at_ms=now)], home=GUILD)
    house.owner.homes.clear()
    house.entry.homes.clear()
    assert await listed(house, CAT) == []
    await say(house, ANN, f"again <@{CAT}>")
    assert await listed(house, CAT) == [f"again <@{CAT}>"]


async def test_who_may_not_read_back_has_no_list(house: House):
    await say(house, ANN, f"<@{BOB}>")
    assert len(await listed(house, BOB)) == 1
    shut = {"type": 1, "allow": "0", "deny": str(int(P.READ_MESSAGE_HISTORY))}
    await house.call(
        "set_channel_permission_overwrite", ANN, shut, channel_id=TEXT, overwrite_id=BOB
    )
    assert await listed(house, BOB) == []


async def test_blocked_people_are_not_heard(house: House):
    await say(house, BOB, f"<@{CAT}>")
    assert len(await listed(house, CAT)) == 1
    await house.call("create_relationship", CAT, {"type": 2}, user_id=BOB)
    assert await listed(house, CAT) == []
    await house.call("delete_relationship", CAT, user_id=BOB)
    assert len(await listed(house, CAT)) == 1


async def test_what_is_gone_or_names_one_no_more_is_not_there(house: House):
    at = {"channel_id": TEXT}
    first = await say(house, ANN, f"a <@{CAT}>")
    second = await say(house, ANN, f"b <@{CAT}>")
    third = await say(house, ANN, "@everyone")
    assert len(await listed(house, CAT)) == 3
    await house.call("update_message", ANN, {"content": "b"}, **at, message_id=second)
    await house.call("update_message", ANN, {"content": "c"}, **at, message_id=third)
    # What was not counted yet is gone all the same.
    await house.call("delete_message", ANN, **at, message_id=first)
    assert await house.call("list_recent_mentions", CAT, query={}) == []
    assert await listed(house, CAT) == []


async def test_a_list_goes_on_behind_what_is_gone(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mentions, "PAGE", 2)
    for number in range(7):
        sent = await say(house, ANN, f"{number} <@{CAT}>")
        await unread.step(house.owner)
        if number in (2, 3, 4, 5):
            where = {"channel_id": TEXT, "message_id": sent}
            await house.call("update_message", ANN, {"content": "x"}, **where)
    assert await listed(house, CAT, limit=2) == [f"6 <@{CAT}>", f"1 <@{CAT}>"]
    assert len(await listed(house, CAT)) == 3
    monkeypatch.setattr(mentions, "ROUNDS", 1)
    assert await listed(house, CAT) == [f"6 <@{CAT}>"]


async def test_one_taken_off_is_told_to_oneself_and_stays_away(house: House):
    first = await say(house, ANN, f"a <@{CAT}> <@{BOB}>")
    await say(house, ANN, f"b <@{CAT}>")
    assert len(await listed(house, CAT)) == 2
    house.commits.clear()
    await house.call("delete_recent_mention", CAT, message_id=first)
    ((event,),) = [commit.tell for commit in house.commits]
    assert (event.name, event.user_id) == ("RECENT_MENTION_DELETE", CAT)
    assert event.data(house.entry.nowhere) == {"message_id": str(first)}
    house.commits.clear()
    assert await listed(house, CAT) == [f"b <@{CAT}>"]
    assert len(await listed(house, BOB)) == 1
    await house.refused(UNKNOWN_MESSAGE, "delete_recent_mention", CAT, message_id=first)
    for wrong in (0, 1, (1 << 63) - 1):
        await house.refused(UNKNOWN_MESSAGE, "delete_recent_mention", CAT, message_id=wrong)


async def test_in_private_channels_only_who_is_named_is(house: House):
    made = await house.call("create_dm", ANN, {"recipients": [str(BOB), str(CAT)]})
    channel = int(made["id"])
    await say(house, ANN, "hi", channel)
    await say(house, ANN, f"hi <@{CAT}>", channel)
    assert await listed(house, CAT) == [f"hi <@{CAT}>"]
    assert await listed(house, BOB) == []
    assert await listed(house, CAT, guild_id=GUILD) == []
    await house.call("delete_group_dm_user", ANN, channel_id=channel, user_id=CAT)
    assert await listed(house, CAT) == []


async def test_it_goes_back_a_week(house: House):
    old = await say(house, ANN, f"old <@{CAT}>")
    house.clock.seconds += 4 * DAY_S
    await say(house, ANN, f"new <@{CAT}>")
    assert len(await listed(house, CAT)) == 2
    house.clock.seconds += 4 * DAY_S
    assert await listed(house, CAT) == [f"new <@{CAT}>"]
    house.told()
    await house.refused(UNKNOWN_MESSAGE, "delete_recent_mention", CAT, message_id=old)


async def test_bots_have_none(house: House):
    house.bots.add(BOB)
    await house.refused(USERS_ONLY, "list_recent_mentions", BOB)
    await house.refused(USERS_ONLY, "delete_recent_mention", BOB, message_id=1)


async def badge(house: House, who: int, *targets: int) -> dict[int, int]:
    return await house.owner.directory.mention_counts(who, [who, *targets])


async def trimmed(house: House) -> int:
    """How many mentions are forgotten, once all that was sent is counted."""
    while await unread.step(house.owner):
        pass
    return await mentions.trim_mentions(house.owner)


async def test_what_is_read_is_forgotten_after_a_week(house: House):
    for number in range(3):
        sent = await say(house, ANN, f"{number} <@{CAT}> <@{BOB}>")
    await house.owner.save([User(id=BOT, username="bot", bot=True)])
    await say(house, ANN, f"<@{BOT}>")
    await say(house, ANN, "@everyone")
    await house.call("ack_message", BOB, channel_id=TEXT, message_id=sent)
    await house.owner.flush()
    assert await trimmed(house) == 0
    house.clock.seconds += 8 * DAY_S
    # Bob's, and that of the bot, which reads nothing.
    assert await trimmed(house) == 4
    assert await trimmed(house) == 0
    assert await badge(house, CAT, GUILD) == {TEXT: 4}
    assert await badge(house, BOB, GUILD) == {TEXT: 1}
    house.clock.seconds += 30 * DAY_S
    assert await trimmed(house) == 1
    assert await badge(house, CAT, GUILD) == {TEXT: 3}
    assert await badge(house, BOB, GUILD) == {}


async def test_a_dm_counts_until_all_have_read_it(house: House):
    made = await house.call("create_dm", ANN, {"recipients": [str(BOB), str(CAT)]})
    channel = int(made["id"])
    sent = await say(house, ANN, "hi", channel)
    where = {"channel_id": channel, "message_id": sent}
    await house.call("ack_message", BOB, **where)
    house.clock.seconds += 40 * DAY_S
    await house.owner.flush()
    assert await trimmed(house) == 0
    assert await badge(house, CAT, channel) == {channel: 1}
    await house.call("ack_message", CAT, **where)
    await house.owner.flush()
    assert await trimmed(house) == 1


async def test_much_is_trimmed_to_the_end(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hearth.store.directory.reads.TRIMMED", 3)
    for number in range(5):
        sent = await say(house, ANN, f"{number} <@{CAT}> <@{BOB}> <@&{MODS}>")
        await house.call("ack_message", BOB, channel_id=TEXT, message_id=sent)
    await house.owner.flush()
    house.clock.seconds += 8 * DAY_S
    assert await trimmed(house) == 5
    assert await badge(house, CAT, MODS) == {TEXT: 5}


async def test_what_was_taken_off_is_forgotten_with_it(house: House):
    sent = await say(house, ANN, f"<@{CAT}>")
    await listed(house, CAT)
    await house.call("delete_recent_mention", CAT, message_id=sent)
    directory = house.owner.directory
    assert len((await directory.personal(CAT)).dismissed_mentions) == 1
    await trimmed(house)
    assert len((await directory.personal(CAT)).dismissed_mentions) == 1
    house.clock.seconds += 8 * DAY_S
    await trimmed(house)
    assert (await directory.personal(CAT)).dismissed_mentions == []
