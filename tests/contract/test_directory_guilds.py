"""What a `Directory` promises of bans, invites, pictures of emojis, and the audit log."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from hearth.core.ids import MAX_ID
from hearth.core.models.bans import Ban
from hearth.core.models.users import User
from hearth.store.directory import SqlDirectory
from tests.contract import worlds
from tests.contract.worlds import ANN, GUILD, WORLD


@pytest.fixture(params=["memory", "file"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlDirectory]:
    opened = await SqlDirectory.open(tmp_path / "hearth.db" if request.param == "file" else None)
    await opened.commit(WORLD, [])
    yield opened
    await opened.close()


async def test_pages_of_bans(world: SqlDirectory) -> None:
    people = [User(id=9000 + i, username=f"b{i}") for i in range(4)]
    bans = [Ban(guild_id=GUILD, user_id=user.id) for user in people]
    await world.commit([*people, *bans], [worlds.ban])
    assert await world.bans(GUILD, 9) == bans
    assert await world.bans(GUILD, 2) == bans[:2]
    assert await world.bans(GUILD, 2, after=9000) == bans[1:3]
    assert await world.bans(GUILD, 2, before=9003) == bans[1:3]
    assert await world.bans(GUILD, 2, before=MAX_ID) == bans[2:]
    assert await world.bans(GUILD + 1, 9) == []
    assert await world.bans_among(GUILD, [9003, 9001, 5]) == [bans[1], bans[3]]
    assert await world.bans_among(GUILD, []) == []
    # Who is deleted is banned no more.
    await world.commit([], [people[0]])
    assert await world.bans(GUILD, 9) == bans[1:]


async def test_a_code_is_exactly_itself(world: SqlDirectory) -> None:
    assert await world.invite("aB3") == worlds.invite
    assert await world.invite("ab3") is None
    later = replace(worlds.invite, code="0", created_at_ms=worlds.invite.created_at_ms + 1)
    await world.commit([later], [])
    assert await world.invites_of(GUILD) == [worlds.invite, later]
    assert await world.invites_of(GUILD + 1) == []
    await world.commit([], [worlds.channel])
    assert await world.invites_of(GUILD) == []


async def test_a_picture_goes_with_its_emoji(world: SqlDirectory) -> None:
    assert await world.emoji_image(worlds.emoji.id) == worlds.emoji_image
    await world.commit([], [worlds.emoji])
    assert await world.emoji_image(worlds.emoji.id) is None


async def test_the_audit_log_by_what_it_says(world: SqlDirectory) -> None:
    entries = [
        replace(worlds.entry, id=2000 + i, user_id=ANN + i % 2, action_type=11 + i % 3)
        for i in range(6)
    ]
    await world.commit(entries, [worlds.entry, worlds.operator_entry])
    assert await world.audit_entries(GUILD, 9) == entries[::-1]
    assert await world.audit_entries(GUILD, 2, after=2002) == entries[3:5]
    assert await world.audit_entries(GUILD, 9, after=2001, before=2004) == entries[2:4]
    assert await world.audit_entries(GUILD, 9, user_id=ANN) == entries[4::-2]
    assert await world.audit_entries(GUILD, 9, action_type=12) == [entries[4], entries[1]]
    assert await world.audit_entries(GUILD, 9, action_type=12, user_id=ANN) == [entries[4]]
    assert await world.audit_entries(GUILD, 9, target_id=5) == []


async def test_blobs_that_something_refers_to(world: SqlDirectory) -> None:
    # Of pictures, an attachment, and an upload; each once.
    held = sorted({*(each.blob for each in worlds.ASSETS), b"\x07\xf8", b"\x07\xf9"})
    assert await world.held_blobs(b"", 100) == held
    assert await world.held_blobs(held[0], 2) == held[1:3]
    assert await world.held_blobs(held[-1], 5) == []
    assert await world.referenced([*held, b"other"]) == {*held}
