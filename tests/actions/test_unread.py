"""The journal's consumer: who was mentioned, what was read, and nothing twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hearth.actions.consumers import attachments, follow, unread
from tests.actions.house import ANN, BOB, CAT, GUILD, MODS, TEXT, House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = await House.build(1)
    # Whoever joined later than a message was written is not told of its mentions.
    made.clock.seconds += 10
    yield made
    await made.close()


async def badge(house: House, user: int, *targets: int) -> int:
    await unread.step(house.owner)
    counts = await house.owner.directory.mention_counts(user, [user, *targets])
    return counts.get(TEXT, 0)


async def say(house: House, who: int, content: str) -> int:
    sent = await house.call("create_message", who, {"content": content}, channel_id=TEXT)
    return int(sent["id"])


async def test_a_mention_counts_until_it_is_read(house: House):
    first = await say(house, ANN, f"hi <@{BOB}>")
    await say(house, ANN, f"and <@{BOB}> again")
    assert await badge(house, BOB) == 2
    assert await badge(house, CAT) == 0
    await house.call("ack_message", BOB, channel_id=TEXT, message_id=first)
    assert house.told()[-1] == "MESSAGE_ACK"
    await house.owner.flush()
    assert await badge(house, BOB) == 1


async def test_roles_and_everyone_count_for_those_they_name(house: House):
    await say(house, ANN, f"<@&{MODS}>")
    await say(house, ANN, "@everyone")
    assert await badge(house, CAT, MODS, GUILD) == 2
    assert await badge(house, BOB, GUILD) == 1


async def test_who_may_not_mention_everyone_mentions_nobody(house: House):
    await say(house, BOB, "@everyone")
    assert await badge(house, CAT, MODS, GUILD) == 0


async def test_a_deleted_message_mentions_nobody(house: House):
    message = await say(house, ANN, f"<@{BOB}>")
    assert await badge(house, BOB) == 1
    await house.call("delete_message", ANN, channel_id=TEXT, message_id=message)
    assert await badge(house, BOB) == 0


async def test_a_writer_has_read_what_they_wrote(house: House):
    await say(house, ANN, f"<@{BOB}>")
    await say(house, BOB, "yes?")
    assert await badge(house, BOB) == 0


async def test_a_crash_between_two_rounds_counts_nothing_twice(house: House):
    await say(house, ANN, f"<@{BOB}>")
    rows = await house.owner.log.journal(0, 10)
    save, delete = await unread.derive(house.owner, rows)
    # The round was written, but the consumer did not learn of it: it takes the same rows again.
    await house.owner.directory.consume(unread.NAME, rows[-1].n, save, delete)
    await house.owner.directory.consume(unread.NAME, rows[-1].n, save, delete)
    assert await badge(house, BOB) == 1
    assert await house.owner.directory.cursor(unread.NAME) == rows[-1].n
    assert await house.owner.check() == []


async def test_what_it_has_finished_is_trimmed_later(house: House, monkeypatch: pytest.MonkeyPatch):
    for text in "abcd":
        await say(house, ANN, text)
    assert await house.owner.trim_journal() == 0
    await unread.step(house.owner)
    await attachments.step(house.owner)
    assert await house.owner.trim_journal() == 0
    monkeypatch.setattr("hearth.actions.world.KEEP_ROWS", 1)
    assert await house.owner.trim_journal() == 2
    assert await badge(house, BOB) == 0
    assert await house.owner.check() == []


async def test_it_follows_by_itself(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(follow, "PAUSE_S", 0.0)
    house.owner.tasks.start(unread.run(house.owner), name="unread")
    await say(house, ANN, f"<@{BOB}>")
    async with asyncio.timeout(5):
        while not await house.owner.directory.mention_counts(BOB, [BOB]):
            pass


async def test_a_purged_channel_leaves_nothing(house: House):
    await say(house, ANN, f"<@{BOB}>")
    await unread.step(house.owner)
    await house.call("delete_channel", ANN, channel_id=TEXT)
    await house.owner.purge_orphans()
    assert await house.owner.log.channels() == []
    assert await house.owner.check() == []
    assert await badge(house, BOB) == 0


async def test_much_at_once_is_taken_to_the_end(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(follow, "ROWS", 2)
    monkeypatch.setattr(follow, "STEP", 2)
    monkeypatch.setattr(follow, "PAUSE_S", 3600.0)
    for _ in range(5):
        await say(house, ANN, f"<@{BOB}>")
    house.owner.tasks.start(unread.run(house.owner), name="unread")
    # The first round already takes all of it: there is no pause between full ones.
    async with asyncio.timeout(5):
        while await house.owner.directory.mention_counts(BOB, [BOB]) != {TEXT: 5}:
            pass


async def test_a_step_is_bounded_by_entries(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(follow, "ENTRIES", 2)
    for _ in range(5):
        await say(house, ANN, f"<@{BOB}>")
    rows = await house.owner.log.journal(0, 100)
    assert [len(row.entries) for row in rows] == [1] * 5
    assert await follow.next_rows(house.owner, 0) == (rows[:2], True)
    assert await follow.next_rows(house.owner, 2) == (rows[2:4], True)
    assert await follow.next_rows(house.owner, 4) == (rows[4:], False)
    # A row that has more by itself is taken whole.
    monkeypatch.setattr(follow, "ENTRIES", 0)
    assert await follow.next_rows(house.owner, 0) == (rows[:1], True)


async def test_reactions_and_pins_are_none_of_its_business(house: House):
    at = {"channel_id": TEXT, "message_id": await say(house, ANN, f"<@{BOB}>")}
    await house.call("add_my_message_reaction", BOB, **at, emoji_name="👍")
    await house.call("create_pin", ANN, **at)
    await house.call("delete_pin", ANN, **at)
    await house.call("delete_all_message_reactions", ANN, **at)
    while await unread.step(house.owner):
        pass
    assert await badge(house, BOB) == 1
    assert await house.owner.check() == []
