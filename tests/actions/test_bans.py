"""Bans by the gate, in one World and in two."""

import asyncio
from typing import Any

import pytest

from hearth.actions.bans import resume_sweeps
from hearth.core.errors import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOBODY_BANNED,
    UNKNOWN_BAN,
    UNKNOWN_USER,
    Refused,
)
from hearth.core.models.bans import BanSweep
from hearth.core.models.members import Member
from hearth.core.models.users import User
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House

DAN = 1004
DAY_S = 24 * 3600


async def ban(house: House, who: int, user: int, **body: int) -> None:
    await house.call("ban_user_from_guild", who, body, guild_id=GUILD, user_id=user, reason="spam")


async def swept(house: House) -> None:
    """Wait until the messages of the banned are gone."""
    for task in asyncio.all_tasks():
        if task.get_name() == "ban-sweep":
            await task
    await asyncio.sleep(0)


async def mods(house: House, permissions: int) -> None:
    body = {"permissions": str(permissions)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=MODS)
    house.told()


async def test_a_member_is_banned_and_may_come_again(house: House) -> None:
    await ban(house, ANN, BOB)
    assert house.told() == ["GUILD_MEMBER_REMOVE", "GUILD_BAN_ADD", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert BOB not in (await house.snapshot()).members
    await house.refused(MISSING_ACCESS, "get_channel", BOB, channel_id=TEXT)
    where = {"guild_id": GUILD, "user_id": BOB}
    shown = await house.call("get_guild_ban", ANN, **where)
    assert (shown["user"]["username"], shown["reason"]) == ("bob", "spam")
    assert await house.call("list_guild_bans", ANN, guild_id=GUILD) == [shown]
    entry = (await house.owner.directory.audit_entries(GUILD, 1))[0]
    assert (entry.action_type, entry.target_id, entry.reason) == (22, BOB, "spam")
    await ban(house, ANN, BOB)
    assert house.told() == []
    await house.call("unban_user_from_guild", ANN, **where)
    assert house.told() == ["GUILD_BAN_REMOVE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    await house.refused(UNKNOWN_BAN, "get_guild_ban", ANN, **where)
    await house.refused(UNKNOWN_BAN, "unban_user_from_guild", ANN, **where)


async def test_who_is_no_member_can_be_banned(house: House) -> None:
    await house.owner.save([User(id=DAN, username="dan")])
    await ban(house, ANN, DAN)
    assert house.told() == ["GUILD_BAN_ADD", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert house.entry.user(DAN).username == "dan"
    await house.refused(UNKNOWN_USER, "ban_user_from_guild", ANN, {}, guild_id=GUILD, user_id=999)


async def test_rank(house: House) -> None:
    await mods(house, P.BAN_MEMBERS | P.MANAGE_GUILD)
    for user in (ANN, CAT):
        await house.refused(
            MISSING_PERMISSIONS, "ban_user_from_guild", CAT, {}, guild_id=GUILD, user_id=user
        )
    await ban(house, CAT, BOB)
    await mods(house, P.BAN_MEMBERS)
    # Many at once need more.
    wish = {"user_ids": [BOB]}
    await house.refused(MISSING_PERMISSIONS, "bulk_ban_users_from_guild", CAT, wish, guild_id=GUILD)


async def test_many_at_once(house: House) -> None:
    await mods(house, P.BAN_MEMBERS | P.MANAGE_GUILD)
    await house.owner.save([User(id=DAN, username="dan")])
    wish = {"user_ids": [DAN, BOB, ANN, CAT, 999, BOB]}
    done = await house.call("bulk_ban_users_from_guild", CAT, wish, guild_id=GUILD)
    assert done == {
        "banned_users": [str(DAN), str(BOB)],
        "failed_users": [str(ANN), str(CAT), "999"],
    }
    assert [name for name in house.told() if name.startswith("GUILD_BAN")] == ["GUILD_BAN_ADD"] * 2
    await house.refused(NOBODY_BANNED, "bulk_ban_users_from_guild", CAT, wish, guild_id=GUILD)
    wish = {"user_ids": list(range(201))}
    with pytest.raises(Refused):
        await house.call("bulk_ban_users_from_guild", CAT, wish, guild_id=GUILD)


async def test_pages_of_bans(house: House) -> None:
    people = [User(id=5000 + i, username=f"p{i}") for i in range(5)]
    await house.owner.save(people)
    wish = {"user_ids": [user.id for user in people]}
    await house.call("bulk_ban_users_from_guild", ANN, wish, guild_id=GUILD)

    async def page(**query: int) -> list[int]:
        asked = {name: str(value) for name, value in query.items()}
        bans = await house.call("list_guild_bans", ANN, query=asked, guild_id=GUILD)
        return [int(each["user"]["id"]) for each in bans]

    assert await page() == [5000, 5001, 5002, 5003, 5004]
    assert await page(limit=2) == [5000, 5001]
    assert await page(after=5001, limit=2) == [5002, 5003]
    assert await page(before=5003, limit=2) == [5001, 5002]
    assert await page(before=5003, after=5003, limit=1) == [5002]


async def say(house: House, who: int, channel: int = TEXT) -> int:
    house.clock.seconds += 60
    sent = await house.call("create_message", who, {"content": "x"}, channel_id=channel)
    return int(sent["id"])


async def left(house: House, channel: int = TEXT) -> list[int]:
    page = await house.call("list_messages", ANN, query={"limit": "100"}, channel_id=channel)
    return [int(message["id"]) for message in reversed(page)]


async def test_the_messages_of_the_last_days_go(house: House) -> None:
    old = await say(house, BOB)
    house.clock.seconds += 2 * DAY_S
    anns = [await say(house, ANN) for _ in range(3)]
    for _ in range(3):
        await say(house, BOB)
    house.told()
    await ban(house, ANN, BOB, delete_message_seconds=DAY_S)
    await swept(house)
    assert await left(house) == [old, *anns]
    # Days are the older way; seconds outweigh them.
    await ban(house, ANN, BOB, delete_message_days=7, delete_message_seconds=0)
    await swept(house)
    assert await left(house) == [old, *anns]
    await ban(house, ANN, BOB, delete_message_days=7)
    await swept(house)
    assert await left(house) == anns


async def test_the_sweep_goes_through_every_page_and_channel(house: House) -> None:
    await house.call("add_guild_member_role", ANN, guild_id=GUILD, user_id=BOB, role_id=MODS)
    for _ in range(130):
        await say(house, BOB)
    kept = await say(house, ANN)
    await say(house, BOB, HIDDEN)
    house.told()
    await ban(house, ANN, BOB, delete_message_seconds=7 * DAY_S)
    await swept(house)
    # A page at a time, and who sees the channel is told once for each.
    assert house.told().count("MESSAGE_DELETE_BULK") == 3
    assert await left(house) == [kept]
    assert await left(house, HIDDEN) == []


@pytest.mark.parametrize("body", [{"delete_message_seconds": 604_801}, {"delete_message_days": 8}])
async def test_no_more_than_a_week(house: House, body: dict[str, int]) -> None:
    with pytest.raises(Refused) as caught:
        await ban(house, ANN, BOB, **body)
    assert list(caught.value.more["errors"]) == list(body)


async def test_a_sweep_goes_on_after_a_crash(house: House) -> None:
    for channel in (TEXT, TEXT):
        await say(house, BOB, channel)
    kept = await say(house, ANN)
    log, reached = house.owner.log, asyncio.Event()
    page = log.page

    async def held(*args: Any, **more: Any) -> list[bytes]:
        reached.set()
        await asyncio.Event().wait()
        return []

    log.page = held
    await ban(house, ANN, BOB, delete_message_seconds=DAY_S)
    # What is to be done is written down with the ban.
    (sweep,) = await house.owner.directory.ban_sweeps()
    assert (sweep.guild_id, sweep.user_id) == (GUILD, BOB)
    await reached.wait()
    for task in asyncio.all_tasks():
        if task.get_name() == "ban-sweep":
            task.cancel()
    log.page = page
    assert len(await left(house)) == 3
    # Who is let in again before that keeps what they write then.
    await house.call("unban_user_from_guild", ANN, guild_id=GUILD, user_id=BOB)
    await house.owner.save([Member(guild_id=GUILD, user_id=BOB, joined_at_ms=1)], home=GUILD)
    new = await say(house, BOB)
    await resume_sweeps(house.owner)
    assert await left(house) == [kept, new]
    assert await house.owner.directory.ban_sweeps() == []


async def test_a_sweep_that_is_done_is_forgotten(house: House) -> None:
    directory, commit = house.owner.directory, house.owner.directory.commit
    kept: list[Any] = []

    async def watched(save: list[Any], delete: list[Any]) -> None:
        kept.extend(each for each in save if isinstance(each, BanSweep))
        await commit(save, delete)

    directory.commit = watched
    await say(house, BOB)
    # The second time, of somebody who is banned already.
    for number in (1, 2):
        await ban(house, ANN, BOB, delete_message_seconds=DAY_S)
        await swept(house)
        assert len(kept) == number
        assert await directory.ban_sweeps() == []
    await ban(house, ANN, BOB)
    assert len(kept) == 2
