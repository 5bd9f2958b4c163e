"""What every `Directory` promises, run on SQLite in memory and in a file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from hearth.core.ids import EPOCH_MS, MAX_ID, first_id
from hearth.core.models.accounts import RecoveryCode
from hearth.core.models.attachments import StoredFile
from hearth.core.models.channels import Channel, Overwrite
from hearth.core.models.members import Member
from hearth.core.models.mentions import Mention
from hearth.core.models.roles import Role
from hearth.core.models.settings import DismissedMention
from hearth.core.models.users import Application, ReadState, Token, User
from hearth.core.ports import Conflict, StorageFull
from hearth.store.directory import SqlDirectory
from hearth.store.directory.nouns import TABLES
from hearth.store.sql.database import Connection
from tests.contract import worlds
from tests.contract.worlds import (
    ANN,
    BOB,
    BOT,
    CATEGORY,
    CHANNEL,
    GUILD,
    ROLE,
    WORLD,
    everything,
    rows,
    run,
    same,
)


@pytest.fixture(params=["memory", "file"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "hearth.db" if request.param == "file" else None


@pytest.fixture
async def directory(path: Path | None) -> AsyncIterator[SqlDirectory]:
    opened = await SqlDirectory.open(path)
    yield opened
    await opened.close()


@pytest.fixture
async def world(directory: SqlDirectory) -> SqlDirectory:
    await directory.commit(WORLD, [])
    return directory


# What a noun goes through


def test_the_world_of_these_tests_leaves_no_field_out() -> None:
    for table in TABLES:
        nouns = [noun for noun in WORLD if type(noun) is table.noun]
        for field in fields(table.noun):
            if field.default is not NODEFAULT:
                values = [getattr(noun, field.name) for noun in nouns]
                assert any(value != field.default for value in values), (table.name, field.name)


async def test_every_noun_round_trips(world: SqlDirectory) -> None:
    assert same(await everything(world), WORLD)
    assert await world.check() == []


async def test_tables_have_a_column_for_each_field(directory: SqlDirectory) -> None:
    def columns(connection: Connection, table: str) -> list[str]:
        return [row[1] for row in connection.all(f"PRAGMA table_info({table})")]

    for table in TABLES:
        stored = await directory._database.read(lambda c, name=table.name: columns(c, name))
        assert sorted(stored) == sorted(table.columns), f"{table.name} needs a migration"


async def test_saving_again_replaces(world: SqlDirectory) -> None:
    changed: list[Struct] = [
        replace(worlds.guild, name="Forest", icon=None),
        replace(worlds.channel, topic=None, overwrites=(), nsfw=False),
        replace(worlds.role, permissions=0, bot_id=None),
        replace(worlds.ann_member, roles=(), nick=None, deaf=False),
        replace(worlds.ann, username="anna"),
        replace(worlds.token, created_at_ms=1),
        replace(worlds.credential, password_hash="x"),
        replace(worlds.application, flags=0),
        replace(worlds.entry, changes=None),
        replace(worlds.read_state, last_message_id=400),
        replace(worlds.emoji, name="waves", available=True),
        replace(worlds.emoji_image, data=b""),
        replace(worlds.ban, reason=None),
        replace(worlds.invite, uses=2),
        replace(worlds.bob_recipient, open=True),
        replace(worlds.look, uid=5),
        replace(worlds.token_use, used_at_ms=2),
        replace(worlds.account, operator=False, bio="", accent_color=None),
        replace(worlds.second_factor, step=3),
        replace(worlds.reset_link, expires_at_ms=4),
        replace(worlds.friend, type=4, nickname=None),
        replace(worlds.note, note="has brought it back"),
        replace(worlds.setting, data=b""),
        replace(worlds.notification_settings, muted=False, mute_until_ms=None, overrides=()),
        replace(worlds.pin_ack, at_ms=5),
        replace(worlds.harvest, status=2, completed_at_ms=None),
        replace(worlds.ban_sweep, newest=2),
        *[replace(asset, blob=b"\x06", type="png") for asset in worlds.ASSETS],
        replace(worlds.stored_file, size=7),
        replace(worlds.upload, blob=None),
        replace(worlds.sticker, available=True),
    ]
    await world.commit(changed, [])
    kinds = {type(noun) for noun in changed}
    assert [n for n in await everything(world) if n in changed] != []
    for noun in changed:
        assert noun in await everything(world)
    assert len(await everything(world)) == len(WORLD)
    assert kinds | {Mention, RecoveryCode, DismissedMention} == {table.noun for table in TABLES}


async def test_of_one_key_the_last_counts(world: SqlDirectory) -> None:
    names = [replace(worlds.bob, username=f"bob{i}") for i in range(3)]
    await world.commit(names, [])
    assert await world.users([BOB]) == names[-1:]


async def test_deletes_come_before_saves(world: SqlDirectory) -> None:
    await world.commit([User(id=900, username="bob")], [worlds.bob])
    assert await world.user_named("bob") == User(id=900, username="bob")
    assert await world.users([BOB]) == []


async def test_deleting_what_is_not_there_is_nothing(world: SqlDirectory) -> None:
    await world.commit(
        [], [User(id=901, username="ghost"), Token(hash=b"", user_id=1, created_at_ms=0)]
    )
    assert same(await everything(world), WORLD)


async def test_many_nouns_in_one_commit(world: SqlDirectory) -> None:
    people = [User(id=10_000 + i, username=f"p{i}") for i in range(5_000)]
    members = [Member(guild_id=GUILD, user_id=p.id, joined_at_ms=1, roles=(ROLE,)) for p in people]
    await world.commit([*members, *people], [])
    snapshot = await world.guild(GUILD)
    assert snapshot is not None
    assert list(snapshot.members.values()) == [worlds.ann_member, worlds.bob_member, *members]
    assert list(snapshot.users.values()) == [worlds.ann, worlds.bob, *people]
    assert len({id(member.roles) for member in snapshot.members.values()}) == 1
    assert await world.users([p.id for p in people]) == people
    await world.commit([], members[1:])
    assert len((await world.guild(GUILD) or snapshot).members) == 3


# What hangs off a noun


async def test_deleting_a_guild_takes_all_that_is_its_own(world: SqlDirectory) -> None:
    await world.commit([], [worlds.guild])
    left = [worlds.ann, worlds.bob, worlds.bot, worlds.credential, worlds.token, worlds.application]
    left += [worlds.token_use, worlds.account, worlds.second_factor, worlds.recovery_code]
    left += [worlds.reset_link]
    left += [worlds.look, worlds.dm, worlds.ann_recipient, worlds.bob_recipient]
    left += [worlds.friend, worlds.note, worlds.setting, worlds.notification_settings]
    left += [worlds.dismissed, worlds.harvest]
    left += [worlds.dm_icon]
    assert same(await everything(world), left)
    assert {name for name, found in (await rows(world)).items() if found} == {
        "users", "credentials", "tokens", "applications", "channels", "recipients",
        "operator_log", "token_uses", "accounts", "second_factors", "recovery_codes", "links",
        "relationships", "notes", "settings", "notification_settings", "dismissed_mentions",
        "harvests",
        "assets",
    }  # fmt: skip


async def test_deleting_a_user_takes_all_that_is_his_own(world: SqlDirectory) -> None:
    await world.commit([replace(worlds.guild, owner_id=BOB)], [worlds.application])
    await world.commit([], [worlds.ann])
    assert await world.credential(ANN) is None
    assert await world.tokens_of(ANN) == []
    assert await world.account(ANN) is await world.second_factor(ANN) is None
    assert await world.recovery_codes(ANN) == await world.links("reset") == []
    assert await world.token_uses(ANN) == {}
    assert await world.read_states(ANN) == []
    assert await world.guilds_of(ANN) == []
    snapshot = await world.guild(GUILD)
    assert snapshot is not None
    assert list(snapshot.members) == list(snapshot.users) == [BOB]


async def test_an_owner_cannot_go_before_what_he_owns(world: SqlDirectory) -> None:
    with pytest.raises(Conflict):
        await world.commit([], [worlds.ann])
    await world.commit([], [worlds.ann, worlds.guild, worlds.application])
    left = [worlds.bob, worlds.bot, worlds.look, worlds.dm_icon]
    assert same(await everything(world), left)


async def test_a_bot_takes_its_application_along(world: SqlDirectory) -> None:
    await world.commit([], [worlds.bot])
    assert await world.application_of(BOT) is None


async def test_deleting_a_channel_takes_reads_and_mentions(world: SqlDirectory) -> None:
    await world.commit([], [worlds.channel])
    assert await world.read_states(ANN) == []
    assert (await rows(world))["mentions"] == []
    assert await world.home_of(CHANNEL) is None
    assert await world.home_of(CATEGORY) == GUILD


# All or nothing


class Unknown(Struct):
    """A noun that nobody stores."""


BAD: list[tuple[Struct, type[Exception]]] = [
    (Unknown(), TypeError),
    (User(id=902, username="bob"), Conflict),
    (Application(id=903, bot_id=BOT, owner_id=ANN, name="second of one bot"), Conflict),
    (Role(id=904, guild_id=905, name="of no guild"), Conflict),
    (Member(guild_id=GUILD, user_id=906, joined_at_ms=0), Conflict),
    (User(id=MAX_ID + 1, username="too great"), OverflowError),
]


@pytest.mark.parametrize(("bad", "error"), BAD, ids=[repr(bad)[:20] for bad, _ in BAD])
@pytest.mark.parametrize("last", [True, False])
async def test_one_bad_noun_and_nothing_is_written(
    world: SqlDirectory, bad: Struct, error: type[Exception], last: bool
) -> None:
    before = await rows(world)
    good = replace(worlds.role, name="renamed")
    for act in (
        world.commit([good, bad] if last else [bad, good], [worlds.token]),
        world.consume("unread", 1, [good, bad] if last else [bad, good], [worlds.token]),
    ):
        with pytest.raises(error):
            await act
    assert await rows(world) == before
    assert await world.cursor("unread") == 0
    await world.commit([good], [])


# Reading


async def test_reads_by_name_and_place(world: SqlDirectory) -> None:
    await world.commit([replace(worlds.guild, id=2000), replace(worlds.guild, id=1500)], [])
    await world.commit([Member(guild_id=1500, user_id=BOB, joined_at_ms=0)], [])
    assert await world.user_named("bob") == worlds.bob
    assert await world.user_named("Bob") is None
    assert await world.guild_ids() == [1000, 1500, 2000]
    assert await world.guilds_named(worlds.guild.name) == [1000, 1500, 2000]
    assert await world.guilds_named("gärten 🌱") == []
    assert await world.guilds_of(BOB) == [1000, 1500]
    assert await world.guilds_of(BOT) == []
    assert await world.home_of(CHANNEL) == GUILD
    assert await world.home_of(1) is None
    assert await world.guild(1) is None
    assert await world.token(b"x") is None
    assert await world.credential(BOT) is None
    second = Token(hash=b"second", user_id=ANN, created_at_ms=1)
    await world.commit([second], [])
    assert await world.tokens_of(ANN) == [second, worlds.token]
    assert await world.audit_entries(GUILD, 1) == [worlds.operator_entry]
    assert await world.audit_entries(GUILD, 9, before=1011) == [worlds.entry]
    assert await world.audit_entries(1, 9) == []


async def test_greatest_id_is_over_all_that_the_server_made(directory: SqlDirectory) -> None:
    assert await directory.greatest_id() == 0
    await directory.commit(WORLD, [])
    assert await directory.greatest_id() == 1011
    await directory.commit([replace(worlds.read_state, last_message_id=MAX_ID)], [])
    await directory.commit([replace(worlds.mention, message_id=MAX_ID)], [])
    assert await directory.greatest_id() == 1011
    for noun in (
        replace(worlds.bob, id=2000, username="b2"),
        replace(worlds.application, id=2001, bot_id=2000),
        replace(worlds.guild, id=2002),
        replace(worlds.channel, id=2003),
        replace(worlds.role, id=2004),
        replace(worlds.entry, id=2005),
    ):
        await directory.commit([noun], [])
        assert await directory.greatest_id() == noun.id


# Mentions


def mentions(channel_id: int, *pairs: tuple[int, int]) -> list[Mention]:
    return [Mention(channel_id=channel_id, message_id=m, target_id=t) for m, t in pairs]


async def test_mentions_count_by_target_after_the_read_state(world: SqlDirectory) -> None:
    rows = mentions(CHANNEL, (499, ANN), (500, ANN), (502, ROLE), (503, GUILD), (504, BOB))
    await world.commit([*rows, *mentions(CATEGORY, (1, ANN))], [])
    # 501 to her, as the world has it; 502 and 503 only where these are asked for.
    assert await world.mention_counts(ANN, [ANN]) == {CHANNEL: 1, CATEGORY: 1}
    assert await world.mention_counts(ANN, [ANN, ROLE, GUILD]) == {CHANNEL: 3, CATEGORY: 1}
    assert await world.mention_counts(BOB, [BOB]) == {CHANNEL: 1}
    assert await world.mention_counts(BOB, []) == {}
    assert await world.mention_counts(BOT, [GUILD]) == {}, "he is no member"
    await world.commit([replace(worlds.read_state, last_message_id=503)], [])
    assert await world.mention_counts(ANN, [ANN, ROLE, GUILD]) == {CATEGORY: 1}


async def test_a_message_counts_once(world: SqlDirectory) -> None:
    await world.commit(mentions(CHANNEL, (501, ROLE), (501, GUILD)), [])
    assert await world.mention_counts(ANN, [ANN, ROLE, GUILD]) == {CHANNEL: 1}


async def test_what_was_before_one_joined_does_not_count(world: SqlDirectory) -> None:
    joined_ms = EPOCH_MS + 1_000
    first = first_id(joined_ms)
    rows = mentions(CHANNEL, (first - 1, GUILD), (first, GUILD), (first + 1, GUILD))
    await world.commit([replace(worlds.bob_member, joined_at_ms=joined_ms), *rows], [])
    assert await world.mention_counts(BOB, [GUILD]) == {CHANNEL: 2}


async def test_deleting_a_mention_clears_its_message(world: SqlDirectory) -> None:
    await world.commit(mentions(CHANNEL, (501, BOB), (502, BOB), (502, ROLE)), [])
    # An edit: nobody knows the old targets any more.
    await world.commit(mentions(CHANNEL, (501, ROLE)), mentions(CHANNEL, (501, 0)))
    assert await world.mention_counts(BOB, [BOB]) == {CHANNEL: 1}
    assert await world.mention_counts(BOB, [BOB, ROLE]) == {CHANNEL: 2}


async def test_late_rows_of_what_is_gone_fall_away(world: SqlDirectory) -> None:
    late = [
        *mentions(77, (501, ANN)),
        ReadState(user_id=ANN, channel_id=77, last_message_id=1),
        ReadState(user_id=78, channel_id=CHANNEL, last_message_id=1),
    ]
    here = ReadState(user_id=BOB, channel_id=CHANNEL, last_message_id=2)
    await world.consume("unread", 5, [*late, here], [])
    assert await world.cursor("unread") == 5
    assert await world.read_states(BOB) == [here]
    assert await world.read_states(ANN) == [worlds.read_state]
    assert await world.read_states(78) == []
    assert await world.check() == []


# Consumers


async def test_a_consumer_does_each_row_once(world: SqlDirectory) -> None:
    assert await world.cursor("unread") == 0
    await world.consume("unread", 3, [replace(worlds.bob, flags=3)], [])
    await world.consume("search", 1, [], [])
    for n in (3, 2):
        await world.consume("unread", n, [replace(worlds.bob, flags=n + 10)], [worlds.token])
    assert await world.cursor("unread") == 3
    assert await world.cursor("search") == 1
    assert await world.users([BOB]) == [replace(worlds.bob, flags=3)]
    assert await world.token(worlds.token.hash) == worlds.token


# At once


async def test_readers_see_whole_commits(world: SqlDirectory) -> None:
    done = False

    async def write() -> None:
        nonlocal done
        for i in range(150):
            await world.commit(
                [
                    replace(worlds.guild, name=str(i)),
                    replace(worlds.channel, name=str(i)),
                    replace(worlds.role, name=str(i)),
                    replace(worlds.ann, global_name=str(i)),
                ],
                [],
            )
        done = True

    async def read() -> int:
        seen: set[str] = set()
        while not done:
            snapshot = await world.guild(GUILD)
            assert snapshot is not None
            names = {
                snapshot.guild.name,
                snapshot.channels[CHANNEL].name,
                snapshot.roles[ROLE].name,
                str(snapshot.users[ANN].global_name),
            }
            assert len(names) == 1
            seen |= names
        return len(seen)

    await world.commit(
        [
            replace(worlds.guild, name="x"),
            replace(worlds.channel, name="x"),
            replace(worlds.role, name="x"),
            replace(worlds.ann, global_name="x"),
        ],
        [],
    )
    _, *seen = await asyncio.gather(write(), read(), read(), read())
    assert max(int(n or 0) for n in seen) > 1


async def test_writes_happen_in_order(world: SqlDirectory) -> None:
    names = [replace(worlds.bob, flags=i) for i in range(200)]
    await asyncio.gather(*[world.commit([name], []) for name in names])
    assert await world.users([BOB]) == names[-1:]


async def test_close_finishes_what_is_queued(path: Path | None) -> None:
    directory = await SqlDirectory.open(path)
    writes = [
        asyncio.create_task(directory.commit([User(id=i, username=f"u{i}")], []))
        for i in range(1, 50)
    ]
    await asyncio.sleep(0)
    await directory.close()
    await asyncio.gather(*writes)
    await directory.close()
    with pytest.raises(RuntimeError):
        await directory.guild_ids()
    if path:
        again = await SqlDirectory.open(path)
        assert len(await again.users(range(50))) == 49
        await again.close()


# No room


async def test_no_room_refuses_and_leaves_all_as_it_was(world: SqlDirectory) -> None:
    before = await rows(world)
    pages: list[int] = []
    await world._database.read(lambda c: pages.append(int((c.one("PRAGMA page_count") or (0,))[0])))
    await run(world, f"PRAGMA max_page_count = {pages[0] + 4}")
    people = [User(id=10_000 + i, username="u" * 100 + str(i)) for i in range(1_000)]
    with pytest.raises(StorageFull):
        await world.commit([replace(worlds.role, name="renamed"), *people], [worlds.token])
    with pytest.raises(StorageFull):
        await world.consume("unread", 1, people, [])
    assert await rows(world) == before
    assert await world.cursor("unread") == 0
    await run(world, "PRAGMA max_page_count = 1000000")
    await world.commit(people, [])
    assert await world.check() == []


# Private channels


async def test_a_private_channel_is_a_home_of_its_own(world: SqlDirectory) -> None:
    assert await world.home_of(1008) == 1008
    assert await world.home_of(CHANNEL) == GUILD
    home = await world.home(1008)
    assert home is not None
    assert home.guild is None
    assert home.channels == {1008: worlds.dm}
    assert home.recipients == {ANN: worlds.ann_recipient, BOB: worlds.bob_recipient}
    assert home.members.keys() == home.users.keys() == {ANN, BOB}
    guild = await world.home(GUILD)
    assert guild is not None
    assert guild.guild == worlds.guild
    assert 1008 not in guild.channels
    assert await world.home(CHANNEL) is None
    assert await world.home(5) is None


async def test_private_channels_are_found_by_user_and_by_pair(world: SqlDirectory) -> None:
    (found,) = await world.private_channels(ANN)
    assert found.channel == worlds.dm
    assert found.recipients == (worlds.ann_recipient, worlds.bob_recipient)
    # Bob's list does not show it.
    assert await world.private_channels(BOB) == []
    for user_id in (ANN, BOB):
        assert await world.private_channel_ids(user_id) == [1008]
    assert await world.private_channels(BOT) == []
    assert await world.private_channel_ids(BOT) == []
    assert await world.dm_of(f"{ANN}-{BOB}") == 1008
    assert await world.dm_of(f"{ANN}-{BOT}") is None
    assert await world.share_a_guild(ANN, BOB)
    assert not await world.share_a_guild(ANN, BOT)
    with pytest.raises(Conflict):
        await world.commit([replace(worlds.dm, id=2000)], [])
    await world.commit([], [worlds.dm])
    assert await world.private_channel_ids(ANN) == []


async def test_the_badge_of_a_private_channel_is_for_those_in_it(world: SqlDirectory) -> None:
    message_id = first_id(EPOCH_MS + 5)
    await world.commit([Mention(channel_id=1008, message_id=message_id, target_id=1008)], [])
    assert await world.mention_counts(BOB, [BOB, 1008]) == {1008: 1}
    assert await world.mention_counts(BOT, [BOT, 1008]) == {}
    later = replace(worlds.bob_recipient, joined_at_ms=EPOCH_MS + 10)
    await world.commit([later], [])
    assert await world.mention_counts(BOB, [BOB, 1008]) == {}


# Faults that `check` finds


FAULTS = [
    ("DELETE FROM roles WHERE id = 1000", ["Guild 1000 has no @everyone role."]),
    (
        "DELETE FROM members WHERE user_id = 100",
        ["Guild 1000 is owned by user 100, who is not a member."],
    ),
    (
        "UPDATE channels SET parent_id = 5 WHERE id = 1002",
        ["Channel 1002 is under channel 5, which is not in its guild."],
    ),
    (
        "UPDATE members SET roles = '[1003,6]' WHERE user_id = 101",
        ["Member 101 of guild 1000 has role 6, which is not in the guild."],
    ),
    (
        "UPDATE channels SET type = 3, owner_id = 102 WHERE id = 1008",
        ["Group DM 1008 is owned by user 102, who is not in it."],
    ),
    (
        "UPDATE recipients SET channel_id = 1002 WHERE user_id = 101",
        ["User 101 is a recipient of channel 1002, which is a guild's."],
    ),
    (
        "UPDATE members SET roles = '[' WHERE user_id = 101",
        ["Table members, guild_id 1000, user_id 101: roles is not the JSON it should be."],
    ),
    (
        "UPDATE channels SET overwrites = '[7]' WHERE id = 1002",
        ["Table channels, id 1002: overwrites is not the JSON it should be."],
    ),
    (
        "UPDATE audit_log SET changes = 'x' WHERE id = 1010",
        ["Table audit_log, id 1010: changes is not the JSON it should be."],
    ),
]


@pytest.mark.parametrize(("sql", "sentences"), FAULTS, ids=[sql[:30] for sql, _ in FAULTS])
async def test_check_finds(world: SqlDirectory, sql: str, sentences: list[str]) -> None:
    assert await world.check() == []
    await run(world, sql)
    assert await world.check() == sentences


async def test_check_finds_a_parent_in_another_guild(world: SqlDirectory) -> None:
    other = [replace(worlds.guild, id=2000), replace(worlds.everyone, id=2000, guild_id=2000)]
    other += [replace(worlds.ann_member, guild_id=2000, roles=())]
    child = Channel(id=2001, guild_id=2000, type=0, name="c", parent_id=CATEGORY)
    await world.commit([*other, child], [])
    assert await world.check() == [
        f"Channel 2001 is under channel {CATEGORY}, which is not in its guild."
    ]


async def test_check_finds_rows_that_hang_in_the_air(world: SqlDirectory) -> None:
    def cut(connection: Connection) -> None:
        connection.rollback()
        connection.enforce(False)
        connection.begin(True)
        connection.execute("DELETE FROM users WHERE id = 102")

    await world._database.write(cut)
    assert await world.check() == [
        "Row 103 of table applications names a row of users that does not exist."
    ]


# Shapes that an admin sees


async def test_lists_are_json_and_booleans_are_numbers(world: SqlDirectory) -> None:
    stored = await rows(world)
    overwrites = next(row for row in stored["channels"] if row[0] == CHANNEL)[9]
    assert msgspec.json.decode(str(overwrites), type=tuple[Overwrite, ...]) == (
        worlds.channel.overwrites
    )
    assert [row[5] for row in stored["members"]] == ["[1003]", "[1003]"]
    assert [row[7:9] for row in stored["members"]] == [(1, 1), (0, 0)]


async def test_an_emoji_is_found_without_its_guild(world: SqlDirectory) -> None:
    assert await world.emoji(worlds.emoji.id) == worlds.emoji
    assert await world.emoji(5) is None


async def test_totals_and_lists(world: SqlDirectory, directory: SqlDirectory) -> None:
    nouns = [type(each).__name__ for each in WORLD]
    totals = await world.totals()
    assert totals.users + totals.bots == nouns.count("User")
    assert totals.bots == len([each for each in WORLD if isinstance(each, User) and each.bot])
    found = (totals.guilds, totals.channels, totals.members, totals.invites, totals.bans)
    kinds = ("Guild", "Channel", "Member", "Invite", "Ban")
    assert found == tuple(nouns.count(each) for each in kinds)
    files = [each for each in WORLD if isinstance(each, StoredFile)]
    assert (totals.files, totals.file_bytes) == (len(files), sum(each.size for each in files))
    (guild,) = await world.guilds_after(GUILD - 1, 1)
    assert guild.id == GUILD
    assert guild.members == len(
        [each for each in WORLD if isinstance(each, Member) and each.guild_id == GUILD]
    )
    people = await world.accounts_after(0, 1000, bots=False)
    assert len(people) == totals.users
    assert [each.id for each in people] == sorted(each.id for each in people)
    assert len(await world.accounts_after(0, 1000, bots=True)) == totals.bots
    assert await world.accounts_after(people[-1].id, 1000, bots=False) == []
