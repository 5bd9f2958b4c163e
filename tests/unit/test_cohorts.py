"""Rooms: sessions stand with those who see the same, and move when what they see changes."""

import random
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from hearth.core.models.channels import Channel, ChannelType, Overwrite
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.permissions import P, resolve
from hearth.core.visibility import tables
from hearth.net.gateway.cohorts import Room
from hearth.net.gateway.session import Session

GUILD = 100
MODS, BOTS = 101, 102
OPEN, SECRET = 201, 202
ANN, BOB, CAT, DAN = 1, 2, 3, 4


def guild() -> Snapshot:
    """Ann owns it; cat is a mod, who alone see the secret channel; bob and dan are members."""
    view = int(P.VIEW_CHANNEL)
    hidden = (Overwrite(GUILD, 0, 0, view), Overwrite(MODS, 0, view, 0))
    roles = [
        Role(id=GUILD, guild_id=GUILD, name="@everyone", permissions=view),
        Role(id=MODS, guild_id=GUILD, name="mods", permissions=0),
        Role(id=BOTS, guild_id=GUILD, name="bots", permissions=0),
    ]
    channels = [
        Channel(id=OPEN, guild_id=GUILD, type=ChannelType.GUILD_TEXT, name="open"),
        Channel(id=SECRET, guild_id=GUILD, type=0, name="secret", overwrites=hidden),
    ]
    members = [
        Member(guild_id=GUILD, user_id=ANN, joined_at_ms=1),
        Member(guild_id=GUILD, user_id=BOB, joined_at_ms=1),
        Member(guild_id=GUILD, user_id=CAT, joined_at_ms=1, roles=(MODS,)),
        Member(guild_id=GUILD, user_id=DAN, joined_at_ms=1),
    ]
    return Snapshot(
        guild=Guild(id=GUILD, name="Den", owner_id=ANN),
        channels={channel.id: channel for channel in channels},
        roles={role.id: role for role in roles},
        members={member.user_id: member for member in members},
        users={},
        presences={},
    )


def room(snapshot: Snapshot) -> Room:
    """An empty room of a guild."""
    return Room(GUILD, tables(snapshot), snapshot.channels)


def session(user_id: int) -> Session:
    """A session of a user's."""
    return Session(str(user_id), user_id, b"", intents=0, bot=False)


def with_member(snapshot: Snapshot, user_id: int, **values: Any) -> Snapshot:
    """The snapshot with a member changed."""
    members = {**snapshot.members}
    members[user_id] = replace(members[user_id], **values)
    return replace(snapshot, members=members)


def with_channel(snapshot: Snapshot, channel: Channel) -> Snapshot:
    """The snapshot with a channel added or replaced."""
    return replace(snapshot, channels={**snapshot.channels, channel.id: channel})


def turned(room: Room, after: Snapshot, users: Iterable[int], *, anybody: bool) -> list[Any]:
    """What a turn gives, as sorted (user, gained, lost)."""
    movers = [one for one in room.sessions() if one.user_id in users]
    views = tables(after) if anybody else room.views
    return sorted(
        (one.user_id, gained, lost)
        for sessions, gained, lost in room.turn(views, after, movers, anybody=anybody)
        for one in sessions
    )


def seers(room: Room, channel_id: int) -> set[int]:
    """The users with a session that sees a channel."""
    return {one.user_id for cohort in room.seeing(channel_id) for one in cohort.sessions}


def test_those_with_equal_roles_stand_together() -> None:
    snapshot = guild()
    den = room(snapshot)
    bob, dan = den.join(session(BOB), snapshot), den.join(session(DAN), snapshot)
    cat, ann = den.join(session(CAT), snapshot), den.join(session(ANN), snapshot)
    assert bob is dan
    assert len({id(bob), id(cat), id(ann)}) == 3
    assert seers(den, OPEN) == {ANN, BOB, CAT, DAN}
    assert seers(den, SECRET) == {ANN, CAT}
    assert den.seeing(999) == []
    assert {one.user_id for one in den.sessions()} == {ANN, BOB, CAT, DAN}


def test_joining_again_changes_nothing() -> None:
    snapshot = guild()
    den = room(snapshot)
    bob = session(BOB)
    assert den.join(bob, snapshot) is den.join(bob, snapshot)
    assert bob.guilds == [GUILD]
    assert list(den.sessions()) == [bob]


def test_leaving_takes_the_last_one_s_cohort_away() -> None:
    snapshot = guild()
    den = room(snapshot)
    bob, other, dan = session(BOB), session(BOB), session(DAN)
    for one in (bob, other, dan):
        den.join(one, snapshot)
    assert seers(den, OPEN) == {BOB, DAN}
    den.leave(bob)
    den.leave(bob)
    assert list(den.sessions()) == [other, dan]
    assert bob.guilds == []
    den.leave(other)
    den.leave(dan)
    assert (den.cohorts, other.cohorts, seers(den, OPEN)) == ({}, (), set())


def test_a_new_role_set_moves_its_user_s_sessions_alone() -> None:
    snapshot = guild()
    den = room(snapshot)
    for user_id in (BOB, BOB, DAN):
        den.join(session(user_id), snapshot)
    after = with_member(snapshot, BOB, roles=(MODS,))
    assert turned(den, after, [BOB, CAT], anybody=False) == [(BOB, [SECRET], [])] * 2
    assert seers(den, SECRET) == {BOB}
    assert turned(den, snapshot, [BOB], anybody=False) == [(BOB, [], [SECRET])] * 2
    assert seers(den, SECRET) == set()


def test_a_role_that_shows_nothing_new_moves_without_a_word() -> None:
    snapshot = guild()
    den = room(snapshot)
    bob = den.join(session(BOB), snapshot)
    after = with_member(snapshot, BOB, roles=(BOTS,))
    assert turned(den, after, [BOB], anybody=False) == []
    assert len(den.cohorts) == 1
    assert bob not in den.cohorts.values()


def test_an_overwrite_for_one_member_sets_them_apart() -> None:
    snapshot = guild()
    den = room(snapshot)
    for user_id in (ANN, BOB, CAT, DAN):
        den.join(session(user_id), snapshot)
    own = Overwrite(DAN, 1, int(P.VIEW_CHANNEL), 0)
    secret = snapshot.channels[SECRET]
    after = with_channel(snapshot, replace(secret, overwrites=(*secret.overwrites, own)))
    assert turned(den, after, [], anybody=True) == [(DAN, [SECRET], [])]
    assert seers(den, SECRET) == {ANN, CAT, DAN}
    assert turned(den, snapshot, [], anybody=True) == [(DAN, [], [SECRET])]
    assert seers(den, SECRET) == {ANN, CAT}


def test_a_channel_that_goes_is_lost_by_all_who_saw_it() -> None:
    snapshot = guild()
    den = room(snapshot)
    for user_id in (ANN, BOB, CAT):
        den.join(session(user_id), snapshot)
    gone = replace(snapshot, channels={OPEN: snapshot.channels[OPEN]})
    assert turned(den, gone, [], anybody=True) == [(ANN, [], [SECRET]), (CAT, [], [SECRET])]
    assert turned(den, snapshot, [], anybody=True) == [(ANN, [SECRET], []), (CAT, [SECRET], [])]


def test_a_role_that_goes_takes_its_holders_with_it() -> None:
    snapshot = guild()
    den = room(snapshot)
    for user_id in (BOB, CAT):
        den.join(session(user_id), snapshot)
    roles = {i: role for i, role in snapshot.roles.items() if i != MODS}
    after = replace(with_member(snapshot, CAT, roles=()), roles=roles)
    assert turned(den, after, [CAT], anybody=True) == [(CAT, [], [SECRET])]
    assert len(den.cohorts) == 1


def test_a_new_owner_sees_everything() -> None:
    snapshot = guild()
    den = room(snapshot)
    for user_id in (ANN, BOB, DAN):
        den.join(session(user_id), snapshot)
    after = replace(snapshot, guild=replace(snapshot.guild, owner_id=BOB))
    assert turned(den, after, [], anybody=True) == [(ANN, [], [SECRET]), (BOB, [SECRET], [])]


def test_sight_is_what_resolve_says_whatever_happens() -> None:
    rng = random.Random(7)
    for _ in range(60):
        snapshot = guild()
        den = room(snapshot)
        sessions: list[Session] = []
        for _ in range(25):
            users: list[int] = []
            member = rng.choice(list(snapshot.members))
            match rng.randrange(6):
                case 0:
                    sessions.append(session(member))
                    den.join(sessions[-1], snapshot)
                    continue
                case 1 if sessions:
                    den.leave(sessions.pop(rng.randrange(len(sessions))))
                    continue
                case 2:
                    roles = tuple(sorted(rng.sample([MODS, BOTS], rng.randrange(3))))
                    snapshot, users = with_member(snapshot, member, roles=roles), [member]
                case 3:
                    targets = rng.sample([GUILD, MODS, BOTS, *snapshot.members], rng.randrange(4))
                    overwrites = tuple(
                        Overwrite(i, int(i < 10), *rng.sample([0, int(P.VIEW_CHANNEL)], 2))
                        for i in targets
                    )
                    channel_id = rng.randrange(200, 206)
                    channel = Channel(
                        id=channel_id, guild_id=GUILD, type=0, name="c", overwrites=overwrites
                    )
                    snapshot = with_channel(snapshot, channel)
                case 4 if snapshot.channels:
                    left = dict(snapshot.channels)
                    del left[rng.choice(list(left))]
                    snapshot = replace(snapshot, channels=left)
                case 5 if rng.random() < 0.2:
                    snapshot = replace(snapshot, guild=replace(snapshot.guild, owner_id=member))
                case _:
                    permissions = rng.choice([0, int(P.VIEW_CHANNEL), int(P.ADMINISTRATOR)])
                    role = replace(
                        snapshot.roles[rng.choice([GUILD, MODS])], permissions=permissions
                    )
                    snapshot = replace(snapshot, roles={**snapshot.roles, role.id: role})
            known = {one: seen_by(den, one) for one in sessions}
            anybody = not users or rng.random() < 0.5
            views = tables(snapshot) if anybody else den.views
            movers = [one for one in sessions if one.user_id in users]
            moves = {
                one: (gained, lost)
                for group, gained, lost in den.turn(views, snapshot, movers, anybody=anybody)
                for one in group
            }
            for one in sessions:
                now = {
                    channel.id
                    for channel in snapshot.channels.values()
                    if resolve(snapshot, snapshot.members[one.user_id], channel, 0) & P.VIEW_CHANNEL
                }
                assert seen_by(den, one) == now
                gained, lost = moves.get(one, ([], []))
                assert (gained, lost) == (sorted(now - known[one]), sorted(known[one] - now))
                for channel_id in snapshot.channels:
                    seeing = any(one in cohort.sessions for cohort in den.seeing(channel_id))
                    assert seeing is (channel_id in now)


def seen_by(den: Room, one: Session) -> set[int]:
    """The channels that a session's cohort sees."""
    cohort = one.cohort(GUILD)
    assert cohort is not None
    return set(den.views.ids(cohort.sight))
