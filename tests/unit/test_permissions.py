"""Permissions: the algorithm rule by rule, the sentences of its trace, and the hierarchy."""

import pytest

from hearth.core.models.channels import Channel, ChannelType, Overwrite
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member
from hearth.core.models.private import Recipient, as_member
from hearth.core.models.roles import Role
from hearth.core.models.users import User
from hearth.core.permissions import (
    ALL,
    CHANNEL,
    EVERYONE,
    GUILD_ONLY,
    PRIVATE,
    VOICE,
    P,
    Step,
    explain,
    names,
    outranks,
    overwrites_of,
    parse,
    rank,
    resolve,
    top_role,
)

GUILD, MODERATORS, MUTED, ADMINS = 100, 201, 202, 203
OWNER, ANN, BOB = 301, 302, 303
PLACE, THREAD = 401, 402
NOW = 1_000_000

VIEW, SEND, CONNECT = P.VIEW_CHANNEL, P.SEND_MESSAGES, P.CONNECT
IN_THREADS, MANAGE_THREADS = P.SEND_MESSAGES_IN_THREADS, P.MANAGE_THREADS
NEEDS_SEND = P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS


def role(id: int, permissions: int = 0, position: int = 1, name: str = "") -> Role:
    return Role(id=id, guild_id=GUILD, name=name, permissions=permissions, position=position)


def member(user_id: int = ANN, *roles: int, until: int | None = None) -> Member:
    return Member(
        guild_id=GUILD,
        user_id=user_id,
        joined_at_ms=0,
        roles=roles,
        communication_disabled_until_ms=until,
    )


def channel(*overwrites: Overwrite, type: int = ChannelType.GUILD_TEXT, id: int = PLACE) -> Channel:
    return Channel(id=id, guild_id=GUILD, type=type, name="lobby", overwrites=overwrites)


def thread(type: int = ChannelType.PUBLIC_THREAD, owner_id: int | None = None) -> Channel:
    return Channel(
        id=THREAD, guild_id=GUILD, type=type, name="aside", parent_id=PLACE, owner_id=owner_id
    )


def guild(
    everyone: int = 0, moderators: int = 0, muted: int = 0, *, channels: tuple[Channel, ...] = ()
) -> Snapshot:
    return Snapshot(
        guild=Guild(id=GUILD, name="g", owner_id=OWNER),
        channels={each.id: each for each in channels},
        roles={
            GUILD: role(GUILD, everyone, 0, "@everyone"),
            MODERATORS: role(MODERATORS, moderators, 3, "Moderators"),
            MUTED: role(MUTED, muted, 2, "Muted"),
            ADMINS: role(ADMINS, P.ADMINISTRATOR, 1, "Admins"),
        },
        members={},
        users={ANN: User(id=ANN, username="ann"), BOB: User(id=BOB, username="bob")},
        presences={},
    )


def all_say(allow: int = 0, deny: int = 0) -> Overwrite:
    return Overwrite(GUILD, 0, allow, deny)


def role_says(id: int, allow: int = 0, deny: int = 0) -> Overwrite:
    return Overwrite(id, 0, allow, deny)


def user_says(id: int, allow: int = 0, deny: int = 0) -> Overwrite:
    return Overwrite(id, 1, allow, deny)


# Names


def test_names_and_parse_are_each_others_reverse():
    every = names(ALL)
    assert len(every) == 52
    assert sum(parse(name) for name in every) == ALL
    assert names(1 << 47) == names(0) == []
    assert names(SEND | VIEW) == ["VIEW_CHANNEL", "SEND_MESSAGES"]


@pytest.mark.parametrize("name", ["view_channel", " View Channel ", "view-channel"])
def test_a_person_may_write_a_name_in_their_own_way(name: str):
    assert parse(name) == VIEW


@pytest.mark.parametrize("name", ["", "VIEW", "1024", "ALL"])
def test_an_unknown_name_is_refused(name: str):
    with pytest.raises(ValueError, match="there is no permission"):
        parse(name)


def test_masks_split_all_permissions():
    assert CHANNEL | GUILD_ONLY == ALL
    assert CHANNEL & GUILD_ONLY == 0
    assert VOICE & ~CHANNEL == 0
    assert EVERYONE & ~ALL == 0
    assert not EVERYONE & (P.ADMINISTRATOR | P.MENTION_EVERYONE)


# In the guild


@pytest.mark.parametrize(
    ("who", "snapshot", "expected"),
    [
        (member(), guild(), 0),
        (member(), guild(VIEW), VIEW),
        (member(ANN, MODERATORS), guild(VIEW, SEND), VIEW | SEND),
        (member(ANN, MODERATORS, MUTED), guild(VIEW, SEND, CONNECT), VIEW | SEND | CONNECT),
        (member(ANN, 999), guild(VIEW), VIEW),
        (member(ANN, ADMINS), guild(), ALL),
        (member(), guild(P.ADMINISTRATOR), ALL),
        (member(OWNER), guild(), ALL),
    ],
    ids=["nobody", "everyone", "role", "union", "gone role", "admin", "all admins", "owner"],
)
def test_roles_are_united_in_the_guild(who: Member, snapshot: Snapshot, expected: int):
    assert resolve(snapshot, who, None, NOW) == expected


def test_without_the_role_everyone_nothing_is_granted():
    snapshot = guild(ALL)
    del snapshot.roles[GUILD]
    assert resolve(snapshot, member(), None, NOW) == 0


# In a channel


@pytest.mark.parametrize(
    ("overwrites", "roles", "expected"),
    [
        ((), (), VIEW | SEND),
        ((all_say(deny=SEND),), (), VIEW),
        ((all_say(allow=CONNECT),), (), VIEW | SEND | CONNECT),
        ((all_say(allow=SEND, deny=SEND),), (), VIEW | SEND),
        ((all_say(deny=SEND), role_says(MODERATORS, SEND)), (MODERATORS,), VIEW | SEND),
        ((all_say(deny=SEND), role_says(MODERATORS, SEND)), (), VIEW),
        ((role_says(MODERATORS, SEND), role_says(MUTED, 0, SEND)), (201, 202), VIEW | SEND),
        ((role_says(MUTED, 0, SEND), role_says(MODERATORS, SEND)), (201, 202), VIEW | SEND),
        ((role_says(MUTED, 0, SEND),), (MODERATORS, MUTED), VIEW),
        ((role_says(MUTED, 0, SEND), user_says(ANN, SEND)), (MUTED,), VIEW | SEND),
        ((user_says(ANN, 0, SEND), role_says(MODERATORS, SEND)), (MODERATORS,), VIEW),
        ((user_says(ANN, SEND, SEND | VIEW),), (), 0),
        ((user_says(ANN, SEND | VIEW, SEND | VIEW),), (), VIEW | SEND),
        ((user_says(BOB, 0, SEND),), (), VIEW | SEND),
        ((user_says(MODERATORS, 0, SEND),), (MODERATORS,), VIEW | SEND),
        ((role_says(ANN, 0, SEND),), (), VIEW | SEND),
        ((user_says(GUILD, 0, SEND),), (), VIEW | SEND),
    ],
    ids=[
        "none",
        "everyone denies",
        "everyone allows",
        "allow wins over deny",
        "a role wins over everyone",
        "a role that is not held says nothing",
        "a role's allow wins over another's deny",
        "in any order",
        "a role denies",
        "the member wins over roles",
        "the member is denied",
        "the member is denied sight",
        "the member's allow wins over its deny",
        "another member's says nothing",
        "a member's with a role's id says nothing",
        "a role's with a member's id says nothing",
        "a member's with the guild's id says nothing",
    ],
)
def test_overwrites_apply_in_order(
    overwrites: tuple[Overwrite, ...], roles: tuple[int, ...], expected: int
):
    assert resolve(guild(VIEW | SEND), member(ANN, *roles), channel(*overwrites), NOW) == expected


@pytest.mark.parametrize("who", [member(OWNER), member(ANN, ADMINS)], ids=["owner", "admin"])
def test_no_overwrite_binds_owner_and_administrator(who: Member):
    place = channel(all_say(deny=ALL), user_says(who.user_id, deny=ALL))
    assert resolve(guild(), who, place, NOW) == ALL


def test_an_overwrite_neither_gives_nor_takes_what_is_of_the_guild():
    snapshot = guild(VIEW | SEND | P.KICK_MEMBERS)
    place = channel(
        all_say(P.ADMINISTRATOR | P.BAN_MEMBERS, P.KICK_MEMBERS),
        user_says(ANN, P.MANAGE_GUILD, P.KICK_MEMBERS),
    )
    assert resolve(snapshot, member(), place, NOW) == VIEW | SEND | P.KICK_MEMBERS


@pytest.mark.parametrize("type", [0, 2, 4, 5, 13, 15, 16])
def test_who_does_not_see_a_channel_may_do_nothing_there(type: int):
    place = channel(all_say(deny=VIEW), type=type)
    assert resolve(guild(ALL & ~P.ADMINISTRATOR), member(), place, NOW) == 0


@pytest.mark.parametrize("type", [0, 2, 4, 5, 13, 15, 16])
def test_who_may_not_send_may_not_decorate(type: int):
    place = channel(all_say(deny=SEND), type=type)
    got = resolve(guild(CHANNEL), member(), place, NOW)
    assert got == CHANNEL & ~SEND & ~NEEDS_SEND


@pytest.mark.parametrize(
    ("type", "taken"),
    [
        (0, CONNECT),
        (4, CONNECT),
        (2, VOICE | P.MANAGE_CHANNELS | P.MANAGE_ROLES),
        (13, VOICE | P.MANAGE_CHANNELS | P.MANAGE_ROLES),
    ],
)
def test_who_may_not_connect_has_no_voice(type: int, taken: int):
    place = channel(all_say(deny=CONNECT), type=type)
    assert resolve(guild(CHANNEL), member(), place, NOW) == CHANNEL & ~taken


# Threads


@pytest.mark.parametrize("type", [10, 11])
@pytest.mark.parametrize(
    ("everyone", "overwrite", "expected"),
    [
        (VIEW | SEND, all_say(), VIEW),
        (VIEW | IN_THREADS, all_say(), VIEW | IN_THREADS | SEND),
        (VIEW | SEND | NEEDS_SEND, all_say(), VIEW),
        (VIEW | IN_THREADS | NEEDS_SEND, all_say(), VIEW | IN_THREADS | SEND | NEEDS_SEND),
        (VIEW | IN_THREADS, all_say(deny=SEND), VIEW | IN_THREADS | SEND),
        (VIEW | IN_THREADS, all_say(deny=VIEW), 0),
    ],
)
def test_a_thread_follows_its_channel_but_for_sending(
    type: int, everyone: int, overwrite: Overwrite, expected: int
):
    snapshot = guild(everyone, channels=(channel(overwrite),))
    assert resolve(snapshot, member(), thread(type), NOW) == expected


@pytest.mark.parametrize(
    ("who", "started_by", "moderators", "expected"),
    [
        (member(), BOB, 0, 0),
        (member(), None, 0, 0),
        (member(), ANN, 0, VIEW),
        (member(ANN, MODERATORS), BOB, MANAGE_THREADS, VIEW | MANAGE_THREADS),
        (member(ANN, MODERATORS, until=NOW + 1), BOB, MANAGE_THREADS, VIEW),
        (member(until=NOW + 1), ANN, 0, VIEW),
        (member(OWNER), BOB, 0, ALL),
    ],
)
def test_a_private_thread_is_for_its_starter_and_moderators(
    who: Member, started_by: int | None, moderators: int, expected: int
):
    snapshot = guild(VIEW, moderators, channels=(channel(),))
    private = thread(ChannelType.PRIVATE_THREAD, started_by)
    assert resolve(snapshot, who, private, NOW) == expected


def test_starting_a_private_thread_shows_no_hidden_channel():
    snapshot = guild(channels=(channel(),))
    assert resolve(snapshot, member(), thread(ChannelType.PRIVATE_THREAD, ANN), NOW) == 0


def test_the_overwrites_of_a_thread_are_those_of_its_channel():
    place = channel(all_say(deny=SEND))
    assert overwrites_of({}, place) is place.overwrites
    assert overwrites_of({PLACE: place}, thread()) is place.overwrites


@pytest.mark.parametrize("parent_id", [None, 999])
def test_a_thread_without_its_channel_is_closed_to_members(parent_id: int | None):
    lost = Channel(id=THREAD, guild_id=GUILD, type=11, name="t", parent_id=parent_id)
    assert overwrites_of({}, lost) is None
    assert resolve(guild(CHANNEL), member(), lost, NOW) == 0
    assert resolve(guild(), member(OWNER), lost, NOW) == ALL


# Timeouts


@pytest.mark.parametrize(
    ("until", "counts"), [(None, False), (NOW - 1, False), (NOW, False), (NOW + 1, True)]
)
def test_a_timeout_leaves_only_reading(until: int | None, counts: bool):
    have = VIEW | SEND | P.READ_MESSAGE_HISTORY | P.KICK_MEMBERS
    left = VIEW | P.READ_MESSAGE_HISTORY if counts else have
    for place in (None, channel()):
        assert resolve(guild(have), member(until=until), place, NOW) == left


@pytest.mark.parametrize("who", [(OWNER,), (ANN, ADMINS)], ids=["owner", "admin"])
def test_a_timeout_does_not_bind_owner_and_administrator(who: tuple[int, ...]):
    assert resolve(guild(), member(*who, until=NOW + 1), channel(), NOW) == ALL


# The trace


@pytest.mark.parametrize(
    ("snapshot", "who", "place", "permission", "expected"),
    [
        (
            guild(VIEW),
            member(),
            None,
            VIEW,
            ["role @everyone allows VIEW_CHANNEL", "ann has VIEW_CHANNEL in the guild"],
        ),
        (
            guild(),
            member(777),
            channel(),
            VIEW,
            [
                "no role of 777 allows VIEW_CHANNEL",
                "777 does not have VIEW_CHANNEL in #lobby",
            ],
        ),
        (
            guild(),
            member(OWNER),
            channel(type=ChannelType.GUILD_CATEGORY),
            SEND,
            [
                "301 owns the guild and may do everything",
                "301 has SEND_MESSAGES in the category lobby",
            ],
        ),
        (
            guild(VIEW),
            member(ANN, ADMINS),
            channel(all_say(deny=SEND)),
            SEND,
            [
                "role Admins allows ADMINISTRATOR",
                "ADMINISTRATOR allows ann everything, whatever a channel says",
                "ann has SEND_MESSAGES in #lobby",
            ],
        ),
        (
            guild(VIEW | SEND),
            member(ANN, MODERATORS, MUTED, 999),
            channel(
                user_says(ANN, SEND | CONNECT, CONNECT),
                role_says(MUTED, 0, SEND | P.STREAM),
                role_says(999, SEND),
                all_say(0, SEND),
            ),
            SEND,
            [
                "role @everyone allows SEND_MESSAGES",
                "role @everyone denies SEND_MESSAGES in this channel",
                "role Muted denies SEND_MESSAGES in this channel",
                "role 999 allows SEND_MESSAGES in this channel",
                "the overwrite for ann allows SEND_MESSAGES in this channel",
                "ann has SEND_MESSAGES in #lobby",
            ],
        ),
        (
            guild(VIEW | SEND),
            member(),
            channel(all_say(SEND, VIEW | SEND)),
            SEND,
            [
                "role @everyone allows VIEW_CHANNEL, SEND_MESSAGES",
                "role @everyone denies VIEW_CHANNEL, SEND_MESSAGES and allows SEND_MESSAGES"
                " in this channel",
                "without VIEW_CHANNEL ann may do nothing here",
                "ann does not have SEND_MESSAGES in #lobby",
            ],
        ),
        (
            guild(VIEW | P.ATTACH_FILES),
            member(),
            channel(),
            P.ATTACH_FILES,
            [
                "role @everyone allows ATTACH_FILES",
                "without SEND_MESSAGES there is no ATTACH_FILES",
                "ann does not have ATTACH_FILES in #lobby",
            ],
        ),
        (
            guild(VIEW | P.SPEAK),
            member(ANN, MUTED),
            channel(role_says(MUTED, 0, CONNECT), type=ChannelType.GUILD_VOICE),
            P.SPEAK,
            [
                "role @everyone allows SPEAK",
                "role Muted denies CONNECT in this channel",
                "without CONNECT there is no SPEAK here",
                "ann does not have SPEAK in #lobby",
            ],
        ),
        (
            guild(VIEW | IN_THREADS, channels=(channel(),)),
            member(),
            thread(),
            SEND,
            [
                "role @everyone allows SEND_MESSAGES_IN_THREADS",
                "in a thread SEND_MESSAGES_IN_THREADS stands for SEND_MESSAGES, and is there",
                "ann has SEND_MESSAGES in #aside",
            ],
        ),
        (
            guild(VIEW | SEND, channels=(channel(all_say(deny=IN_THREADS)),)),
            member(),
            thread(),
            SEND,
            [
                "role @everyone allows SEND_MESSAGES",
                "role @everyone denies SEND_MESSAGES_IN_THREADS in this channel",
                "in a thread SEND_MESSAGES_IN_THREADS stands for SEND_MESSAGES, and is missing",
                "ann does not have SEND_MESSAGES in #aside",
            ],
        ),
        (
            guild(VIEW, channels=(channel(),)),
            member(),
            thread(ChannelType.PRIVATE_THREAD, BOB),
            VIEW,
            [
                "role @everyone allows VIEW_CHANNEL",
                "the thread is private: ann neither started it nor has MANAGE_THREADS",
                "ann does not have VIEW_CHANNEL in #aside",
            ],
        ),
        (
            guild(VIEW),
            member(),
            thread(),
            VIEW,
            [
                "role @everyone allows VIEW_CHANNEL",
                "the thread's channel is gone, so nobody may do anything here",
                "ann does not have VIEW_CHANNEL in #aside",
            ],
        ),
        (
            guild(VIEW | SEND),
            member(until=NOW + 1),
            channel(),
            SEND,
            [
                "role @everyone allows SEND_MESSAGES",
                "ann is timed out and keeps only VIEW_CHANNEL, READ_MESSAGE_HISTORY",
                "ann does not have SEND_MESSAGES in #lobby",
            ],
        ),
        (
            guild(VIEW),
            member(),
            channel(),
            VIEW | SEND,
            [
                "role @everyone allows VIEW_CHANNEL",
                "ann does not have VIEW_CHANNEL, SEND_MESSAGES in #lobby",
            ],
        ),
    ],
)
def test_the_trace_tells_the_chain_that_decided(
    snapshot: Snapshot, who: Member, place: Channel | None, permission: int, expected: list[str]
):
    assert explain(snapshot, who, place, permission, NOW) == expected


def test_tracing_changes_no_answer():
    snapshot = guild(VIEW | SEND | MANAGE_THREADS, CONNECT, channels=(channel(all_say(SEND)),))
    for who in (member(), member(ANN, MODERATORS), member(until=NOW + 1), member(OWNER)):
        for place in (None, channel(), channel(type=2), thread(), thread(12, ANN)):
            trace: list[Step] = []
            assert resolve(snapshot, who, place, NOW, trace) == resolve(snapshot, who, place, NOW)
            assert trace


def test_without_the_role_everyone_there_is_no_step_of_it():
    snapshot = guild(ALL)
    del snapshot.roles[GUILD]
    trace: list[Step] = []
    assert resolve(snapshot, member(), None, NOW, trace) == 0
    assert trace == []


# Hierarchy


def test_ranks_go_by_position_then_age_and_everyone_is_last():
    everyone, old, new, high = role(100, 0, 0), role(201, 0, 0), role(202, 0, 0), role(203, 0, 1)
    assert sorted([high, old, everyone, new], key=rank) == [everyone, new, old, high]


def test_the_top_role_is_the_highest_that_exists():
    snapshot = guild()
    assert top_role(snapshot, member()) == (-1, 0)
    assert top_role(snapshot, member(ANN, 999)) == (-1, 0)
    assert top_role(snapshot, member(ANN, 999, ADMINS, MODERATORS)) == (3, -MODERATORS)


@pytest.mark.parametrize(
    ("actor", "target", "expected"),
    [
        (member(OWNER), member(ANN, MODERATORS), True),
        (member(OWNER), role(MODERATORS, 0, 3), True),
        (member(OWNER), member(OWNER), False),
        (member(ANN, ADMINS, MODERATORS), member(OWNER), False),
        (member(ANN, MODERATORS), member(BOB, MUTED), True),
        (member(ANN, MUTED), member(BOB, MODERATORS), False),
        (member(ANN, MUTED), member(BOB, MUTED), False),
        (member(ANN, MUTED), member(ANN, MUTED), False),
        (member(ANN), member(BOB), False),
        (member(ANN, ADMINS), member(BOB), True),
        (member(ANN, ADMINS), role(MUTED, 0, 2), False),
        (member(ANN, MUTED), role(MUTED, 0, 2), False),
        (member(ANN, MUTED), role(ADMINS, 0, 1), True),
        (member(ANN, MUTED), role(MUTED + 1, 0, 2), True),
        (member(ANN, MUTED), role(MUTED - 1, 0, 2), False),
        (member(ANN), role(GUILD), False),
        (member(ANN, ADMINS), role(GUILD), True),
    ],
)
def test_one_acts_only_below_ones_own_top_role(
    actor: Member, target: Member | Role, expected: bool
):
    assert outranks(guild(), actor, target) is expected


# Private channels


def private(kind: int, *recipients: int, owner: int | None = None) -> tuple[Snapshot, Channel]:
    """A private channel's snapshot, and the channel."""
    channel = Channel(id=70, guild_id=None, type=kind, name="", owner_id=owner)
    known = [Recipient(channel_id=70, user_id=each, joined_at_ms=0) for each in recipients]
    return Snapshot(
        guild=None,
        channels={70: channel},
        roles={},
        members={each.user_id: as_member(each) for each in known},
        users={},
        presences={},
        recipients={each.user_id: each for each in known},
    ), channel


def test_in_a_dm_both_may_the_same_and_nobody_else_anything():
    snapshot, channel = private(1, ANN, BOB)
    for who in (ANN, BOB):
        assert resolve(snapshot, snapshot.members[who], channel, 0) == PRIVATE
        assert resolve(snapshot, snapshot.members[who], None, 0) == PRIVATE
    for who in (OWNER, 0):
        assert resolve(snapshot, member(who, ADMINS), channel, 0) == 0
    assert PRIVATE & P.VIEW_CHANNEL
    assert PRIVATE & P.SEND_MESSAGES
    assert not PRIVATE & (P.MENTION_EVERYONE | P.MANAGE_MESSAGES | GUILD_ONLY)


def test_in_a_group_its_owner_removes():
    snapshot, channel = private(3, ANN, BOB, owner=ANN)
    assert resolve(snapshot, snapshot.members[BOB], channel, 0) == PRIVATE | P.MENTION_EVERYONE
    own = resolve(snapshot, snapshot.members[ANN], channel, 0)
    assert own == PRIVATE | P.MENTION_EVERYONE | P.KICK_MEMBERS
