"""Member lists: who does what each event says of a list has the list, whatever happens to it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from hearth.core.commits import Commit, Noun, apply
from hearth.core.events import PresenceUpdate
from hearth.core.member_lists import member_list_id, murmur3, viewers
from hearth.core.models.channels import Channel, ChannelType, Overwrite, channel_object
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member, member_object
from hearth.core.models.presence import Presence
from hearth.core.models.roles import Role
from hearth.core.models.subscriptions import Range, Subscription
from hearth.core.models.users import User
from hearth.core.permissions import P, resolve
from hearth.core.visibility import Views, tables
from hearth.net.gateway import ordered
from hearth.net.gateway.followed import LARGE, Followed, Told, Wish
from hearth.net.gateway.lists import (
    MOST_OFFLINE,
    MemberList,
    Order,
    merge,
    without,
)

GUILD, OWNER = 100, 1
USERS = range(1, 17)
CROWD = range(10_000, 10_000 + MOST_OFFLINE - 8)
"""Members who are never there: with them the users cross the border of who is left out."""

ROLES = (101, 102, 103, 104)
CHANNELS = range(201, 204)
VIEW = int(P.VIEW_CHANNEL)
NAMES = ["", "Ann", "ann", "Bob", "Zoe", "Émile", "ß", "SS"]
RANGES = [(0, 99), (0, 3), (2, 4), (4, 9), (5, 5), (10, 11), (13, 15), (16, 40), (995, 1010)]


class Place:
    """A guild that commits change, as a home is."""

    def __init__(self, crowd: int = 0) -> None:
        members = [*USERS[:10], *CROWD[:crowd]]
        roles = [Role(id=GUILD, guild_id=GUILD, name="@everyone", permissions=VIEW)]
        roles += [Role(id=i, guild_id=GUILD, name="r", position=i - 100) for i in ROLES]
        self.snapshot: Snapshot = Snapshot(
            guild=Guild(id=GUILD, name="Den", owner_id=OWNER),
            channels={i: channel(i) for i in CHANNELS},
            roles={role.id: role for role in roles},
            members={i: Member(guild_id=GUILD, user_id=i, joined_at_ms=1) for i in members},
            users={i: User(id=i, username=f"u{i}") for i in (*USERS, *CROWD[:crowd])},
            presences={},
        )
        self.views: Views = tables(self.snapshot)

    def user(self, user_id: int) -> User:
        """A user."""
        return self.snapshot.users[user_id]

    def member_json(self, member: Member) -> Raw:
        """A member."""
        return Raw(msgspec.json.encode(member_object(member, self.user(member.user_id))))

    def commit(
        self, save: Sequence[Noun] = (), delete: Sequence[Noun] = (), tell: Sequence[Any] = ()
    ) -> Commit:
        """Change it."""
        commit = Commit(GUILD, 0, 1, save, delete, tell)
        self.snapshot = apply(self.snapshot, commit)
        self.views = tables(self.snapshot)
        return commit

    def sees(self, user_id: int, channel_id: int) -> bool:
        """Whether a member sees a channel."""
        there, channel = self.snapshot, self.snapshot.channels.get(channel_id)
        member = there.members.get(user_id)
        if member is None or channel is None:
            return False
        return bool(resolve(there, member, channel, 0) & VIEW)

    def id(self, channel_id: int) -> str:
        """The list of a channel."""
        return member_list_id(viewers(self.snapshot.channels[channel_id].overwrites))

    def expected(self, channel_id: int) -> tuple[list[Any], list[Any]]:
        """The list of a channel, worked out from nothing: its rows and its groups."""
        there = self.snapshot
        hoisted = [role for role in there.roles.values() if role.hoist and role.id != GUILD]
        hoisted.sort(key=lambda role: (-role.position, role.id))
        groups: dict[str, list[Member]] = {str(role.id): [] for role in hoisted}
        groups |= {"online": [], "offline": []}
        for member in there.members.values():
            if not self.sees(member.user_id, channel_id):
                continue
            if member.user_id not in there.presences:
                if len(there.members) <= MOST_OFFLINE:
                    groups["offline"].append(member)
                continue
            mine = [str(role.id) for role in hoisted if role.id in member.roles]
            groups[mine[0] if mine else "online"].append(member)
        rows: list[Any] = []
        counts: list[Any] = []
        for group, members in groups.items():
            if members:
                counts.append({"id": group, "count": len(members)})
                rows.append(group)
                members.sort(key=lambda member: (self.name(member).casefold(), member.user_id))
                rows += [self.shown(member) for member in members]
        return rows, counts

    def name(self, member: Member) -> str:
        """What others call a member."""
        user = self.user(member.user_id)
        return member.nick or user.global_name or user.username

    def shown(self, member: Member) -> tuple[Any, ...]:
        """What tells whether a row is a member's and is fresh."""
        presence = self.snapshot.presences.get(member.user_id)
        user = self.user(member.user_id)
        roles = [str(role_id) for role_id in member.roles]
        status = "offline" if presence is None else presence.status
        return str(user.id), user.global_name, member.nick, roles, status


def channel(channel_id: int, *overwrites: Overwrite) -> Channel:
    """A channel."""
    return Channel(
        id=channel_id,
        guild_id=GUILD,
        type=ChannelType.GUILD_TEXT,
        name="c",
        overwrites=overwrites,
    )


HOLE = ("hole",)


class Copy:
    """One list as a client has it: an array, and what each operation does to an array."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.groups: list[Any] = []
        self.counts = 0, 0

    def take(self, d: dict[str, Any]) -> None:
        """An event."""
        for op in d["ops"]:
            match op["op"]:
                case "SYNC":
                    start, end = op["range"]
                    assert len(op["items"]) <= end - start + 1
                    for at, item in enumerate(op["items"], start):
                        while len(self.rows) <= at:
                            self.rows.append(HOLE)
                        self.rows[at] = row(item)
                case "INVALIDATE":
                    start, end = op["range"]
                    for at in range(start, min(end + 1, len(self.rows))):
                        self.rows[at] = HOLE
                case "INSERT":
                    self.rows.insert(op["index"], row(op["item"]))
                case "DELETE":
                    del self.rows[op["index"]]
                case "UPDATE":
                    assert self.rows[op["index"]] != HOLE
                    self.rows[op["index"]] = row(op["item"])
                case _:
                    raise AssertionError(op)
        self.groups = d["groups"]
        self.counts = d["online_count"], d["member_count"]

    def window(self, start: int, end: int) -> list[Any]:
        """What a client shows of a window: up to where the groups say that the list ends."""
        length = sum(group["count"] + 1 for group in self.groups)
        return self.rows[start : min(end + 1, length)]


def row(item: dict[str, Any]) -> Any:
    """An item as `Place.expected` shows it."""
    if "group" in item:
        return item["group"]["id"]
    member = item["member"]
    user, presence = member["user"], member["presence"]
    assert presence["user"] == {"id": user["id"]}
    return user["id"], user["global_name"], member["nick"], member["roles"], presence["status"]


class Client:
    """A session that follows lists: a copy of each that it was told of."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.copies: dict[str, Copy] = {}
        self.presences: list[tuple[str, str]] = []

    def take(self, told: Told) -> None:
        """An event."""
        d = msgspec.json.decode(msgspec.json.encode(told.d))
        if told.name == "PRESENCE_UPDATE":
            self.presences.append((d["user"]["id"], d["status"]))
            return
        assert told.name == "GUILD_MEMBER_LIST_UPDATE"
        assert d["guild_id"] == str(GUILD)
        self.copies.setdefault(d["id"], Copy()).take(d)


class Play:
    """A guild, some clients, and what may happen."""

    def __init__(self, crowd: int) -> None:
        self.place = Place(crowd)
        self.followed = Followed(GUILD)
        self.clients = [Client(user_id) for user_id in (OWNER, 2, 3, 3)]
        self.away: set[Client] = set()
        self.pieces: Iterator[None] | None = None

    def do(self, save: Sequence[Noun] = (), delete: Sequence[Noun] = ()) -> None:
        """A commit, which is noted."""
        tell = [
            PresenceUpdate(noun.user_id, noun if noun in save else None)
            for noun in (*save, *delete)
            if isinstance(noun, Presence)
        ]
        commit = self.place.commit(save, delete, tell)
        self.followed.note(commit, {client.user_id for client in self.clients})
        for client in self.clients:
            if client.user_id not in self.place.snapshot.members:
                self.followed.leave(client)

    def step(self, kind: int, a: int, b: int, c: int) -> None:
        """One thing that happens, chosen by numbers."""
        there = self.place.snapshot
        user_id = USERS[a % len(USERS)]
        member = there.members.get(user_id)
        role = there.roles[ROLES[b % len(ROLES)]]
        match kind:
            case 0 if member is None:
                self.do([self.newcomer(user_id)])
            case 0 if user_id != OWNER and member is not None:
                self.do((), [member])
            case 1 if member is not None:
                self.do([replace(member, nick=NAMES[b % len(NAMES)] or None)])
            case 2 if member is not None:
                roles = tuple(role_id for i, role_id in enumerate(ROLES) if b >> i & 1)
                self.do([replace(member, roles=roles)])
            case 3:
                self.do([replace(role, hoist=not role.hoist)])
            case 4:
                self.do([replace(role, position=1 + c % 4)])
            case 5:
                role = there.roles[GUILD] if c % 3 == 0 else role
                bit = P.ADMINISTRATOR if c % 5 == 0 else VIEW
                self.do([replace(role, permissions=role.permissions ^ bit)])
            case 6 | 7 | 8 if member is not None:
                status = ("online", "dnd", "")[b % 3]
                old = there.presences.get(user_id)
                if status:
                    self.do(
                        [Presence(user_id=user_id, status=status, activities=b"[]", clients={})]
                    )
                elif old is not None:
                    self.do((), [old])
            case 9:
                target = [(GUILD, 0), (role.id, 0), (user_id, 1)][c % 3]
                one = there.channels[CHANNELS[a % len(CHANNELS)]]
                kept = tuple(each for each in one.overwrites if each.id != target[0])
                allow, deny = [(VIEW, 0), (0, VIEW), (0, 0)][c // 3 % 3]
                self.do([replace(one, overwrites=(*kept, Overwrite(*target, allow, deny)))])
            case 10:
                self.place.commit([User(id=user_id, username="u", global_name=NAMES[b % 8])])
                self.followed.renamed(user_id)
            case 11 | 12:
                self.follow(self.clients[a % len(self.clients)], b, c)
            case 13:
                client = self.clients[a % len(self.clients)]
                self.away ^= {client}
                self.followed.stir()
            case 14 if c % 2:
                self.do([self.newcomer(i) for i in USERS if i not in there.members and a >> i & 1])
            case 14:
                gone = [i for i in USERS[3:] if i in there.members and a >> i & 1]
                self.do((), [there.members[i] for i in gone])
            case 15 | 16:
                self.piece()
            case _:
                self.turn()

    def piece(self) -> None:
        """A piece of what comes before a turn; after the last one comes the turn."""
        if self.pieces is None:
            self.pieces = self.followed.prepare(self.place)
        for _ in self.pieces:
            return
        self.pieces = None
        self.tell()

    def newcomer(self, user_id: int) -> Member:
        """Somebody who joins."""
        return Member(guild_id=GUILD, user_id=user_id, joined_at_ms=1)

    def follow(self, client: Client, b: int, c: int) -> None:
        """A client asks for some rows of a channel or two."""
        if client.user_id not in self.place.snapshot.members or client in self.away:
            return
        chosen = tuple(RANGES[(b >> i) % len(RANGES)] for i in range(c % 3 + (c > 0)))
        channels = {CHANNELS[b % len(CHANNELS)]: chosen} if chosen else {}
        if c % 4 == 3:
            channels[CHANNELS[c % len(CHANNELS)]] = (RANGES[c % len(RANGES)],)
        self.followed.follow(client, Wish(channels), again=True)

    def turn(self) -> None:
        """All pieces, and the turn."""
        self.piece()
        while self.pieces is not None:
            self.piece()

    def tell(self) -> None:
        """All that was noted is told; then each copy is as the list."""
        place, there = self.place, self.place.snapshot
        visible = {
            client: {place.id(i) for i in there.channels if place.sees(client.user_id, i)}
            for client in self.clients
        }
        for told in self.followed.turn(place, self.away):
            for client in told.to:
                assert client not in self.away
                if told.name != "PRESENCE_UPDATE":
                    wish = self.followed.wishes[client]
                    assert told.d["id"] in visible[client] & {place.id(i) for i in wish.channels}
                client.take(told)
        known: dict[int, tuple[list[Any], list[Any]]] = {}
        for client in self.clients:
            wish = self.followed.wishes.get(client)
            if wish is None or client in self.away:
                continue
            for channel_id, ranges in wish.channels.items():
                if not place.sees(client.user_id, channel_id):
                    continue
                if channel_id not in known:
                    known[channel_id] = place.expected(channel_id)
                rows, groups = known[channel_id]
                copy = client.copies[place.id(channel_id)]
                for start, end in ranges:
                    assert copy.window(start, end) == rows[start : end + 1]
                if ranges:
                    assert copy.groups == groups
                    assert copy.counts == (len(there.presences), len(there.members))
        used = {place.id(i) for wish in self.followed.wishes.values() for i in wish.channels}
        assert {shown.id for shown in self.followed.lists.values()} <= used


numbers = st.integers(0, (1 << 17) - 1)
steps = st.lists(st.tuples(st.integers(0, 20), numbers, numbers, numbers), min_size=30, max_size=60)


@settings(max_examples=100, deadline=None)
@given(steps, st.sampled_from([0, 0, 0, 0, 0, 0, 0, len(CROWD) - 2]), st.sampled_from([2, 5, 2000]))
def test_a_copy_of_a_list_is_the_list(
    steps: list[tuple[int, int, int, int]], crowd: int, piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # As if many were there: what happens between the pieces is taken notice of.
        patch.setattr(ordered, "PIECE", piece)
        play_through(steps, crowd)


def play_through(steps: list[tuple[int, int, int, int]], crowd: int) -> None:
    play = Play(crowd)
    closed = Overwrite(GUILD, 0, 0, VIEW), Overwrite(ROLES[0], 0, VIEW, 0)
    there = play.place.snapshot
    keys = [replace(there.members[user_id], roles=ROLES[:1]) for user_id in (2, 3)]
    play.do([channel(CHANNELS[1], *closed), *keys])
    for number, client in enumerate(play.clients):
        windows = RANGES[number], RANGES[number + 3], RANGES[-1]
        play.followed.follow(client, Wish({CHANNELS[0]: windows, CHANNELS[1]: ((0, 5), (8, 9))}))
    play.piece()
    for step in steps:
        play.step(*step)
    play.turn()


def test_what_changes_between_the_pieces_is_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered, "PIECE", 2)
    play = Play(0)
    members = play.place.snapshot.members
    play.followed.follow(play.clients[0], Wish({CHANNELS[0]: ((0, 99),)}))
    changes: list[tuple[list[Noun], list[Noun]]] = [
        ([play.newcomer(USERS[12])], []),
        ([replace(members[USERS[1]], nick="zoe")], []),
        ([], [members[USERS[3]]]),
        ([Presence(user_id=USERS[4], status="dnd", activities=b"[]", clients={})], []),
    ]
    for save, delete in changes:
        play.piece()
        assert play.pieces is not None
        play.do(save, delete)
    play.turn()
    assert play.clients[0].copies


def test_the_hash_of_list_ids() -> None:
    known = {
        b"": 0,
        b"test": 0xBA6BD213,
        b"hello": 0x248BFA47,
        b"Hello, world!": 0xC0363E43,
        b"The quick brown fox jumps over the lazy dog": 0x2E4FF723,
    }
    assert {data: murmur3(data) for data in known} == known


@pytest.mark.parametrize(
    ("overwrites", "key"),
    [
        ((), ""),
        (((GUILD, 0, 0, 1),), ""),
        (((101, 0, VIEW, 0),), "allow:101"),
        (
            ((GUILD, 0, 0, VIEW), (3, 1, VIEW, 0), (101, 0, VIEW, VIEW)),
            "allow:101,allow:3,deny:100",
        ),
    ],
)
def test_channels_that_the_same_people_see_have_one_list(
    overwrites: tuple[tuple[int, int, int, int], ...], key: str
) -> None:
    one = channel(201, *(Overwrite(*each) for each in overwrites))
    assert viewers(one.overwrites) == viewers(one.overwrites[::-1]) == key
    shown = channel_object(one, in_event=True).member_list_id
    assert shown == (str(murmur3(key.encode())) if key else "everyone")


windows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 6)).map(lambda each: (each[0], sum(each)))
)


@given(windows, windows)
def test_windows_are_sets_of_rows(some: list[tuple[int, int]], others: list[tuple[int, int]]):
    def rows(windows: Sequence[tuple[int, int]]) -> list[int]:
        return [row for start, end in windows for row in range(start, end + 1)]

    one, other = merge(some), merge(others)
    assert rows(one) == sorted(set(rows(some)))
    assert all(low[1] + 1 < high[0] for low, high in pairwise(one))
    assert rows(without(one, other)) == sorted(set(rows(one)) - set(rows(other)))


def test_a_list_s_rows() -> None:
    order = Order(("7", "8", "online", "offline"), {7: 0, 8: 1}, with_offline=True)
    rows = MemberList(order, [(0, "z", 2), (2, "a", 3), (2, "b", 1)])
    assert rows.groups() == [("7", 1), ("online", 2)]
    assert (rows.rows((0, 9)), len(rows)) == (["7", 2, "online", 3, 1], 5)
    assert [rows.rows((i, i)) for i in range(6)] == [["7"], [2], ["online"], [3], [1], []]
    rows.add((3, "x", 4))
    rows.remove((0, "z", 2))
    assert rows.rows((1, 4)) == [3, 1, "offline", 4]
    assert (3, "x", 4) in rows
    assert (0, "z", 2) not in rows
    assert None not in rows


def big() -> tuple[Place, Followed, Client, Client]:
    """A large guild, in which one follows the first rows of a list and another one member."""
    place, followed = Place(LARGE), Followed(GUILD)
    watcher, other = Client(2), Client(3)
    followed.follow(watcher, Wish({201: ((0, 9),)}))
    followed.follow(other, Wish(members=frozenset((5, 17))))
    tell(place, followed)
    return place, followed, watcher, other


def tell(place: Place, followed: Followed) -> list[str]:
    """A turn, of which the names are given."""
    events = followed.turn(place, ())
    for told in events:
        for client in told.to:
            client.take(told)
    return [told.name for told in events]


def show(place: Place, followed: Followed, user_id: int, status: str) -> None:
    """Somebody's presence; empty: they go offline."""
    presence = Presence(user_id=user_id, status=status, activities=b"[]", clients={})
    save, delete = ([presence], []) if status else ([], [presence])
    event = PresenceUpdate(user_id, presence if status else None)
    followed.note(place.commit(save, delete, [event]), ())


def test_presences_go_to_those_who_follow_them() -> None:
    place, followed, watcher, other = big()
    for user_id, status in ((5, "online"), (6, "dnd"), (10_050, "idle")):
        show(place, followed, user_id, status)
    assert followed.due
    tell(place, followed)
    assert not followed.due
    assert sorted(watcher.presences) == [("10050", "idle"), ("5", "online"), ("6", "dnd")]
    assert other.presences == [("5", "online")]
    # Who goes offline leaves the rows, and is told to have.
    show(place, followed, 6, "")
    tell(place, followed)
    assert watcher.presences[-1] == ("6", "offline")
    # What happens at once is told once, as it ended.
    show(place, followed, 5, "")
    show(place, followed, 5, "idle")
    assert tell(place, followed) == ["GUILD_MEMBER_LIST_UPDATE", "PRESENCE_UPDATE"]
    assert (watcher.presences[-1], other.presences[-1]) == (("5", "idle"), ("5", "idle"))


def test_who_follows_a_member_is_told_at_once_that_they_are_there() -> None:
    place, followed, watcher, other = big()
    show(place, followed, 7, "dnd")
    tell(place, followed)
    followed.follow(other, Wish(members=frozenset((5, 7))))
    assert tell(place, followed) == ["PRESENCE_UPDATE"]
    assert other.presences == [("7", "dnd")]
    # Nobody hears of who left, or in a small guild, where all are told of all.
    followed.note(place.commit((), [place.snapshot.members[7]]), ())
    show(place, followed, 7, "online")
    assert "PRESENCE_UPDATE" not in tell(place, followed)
    followed.note(place.commit((), [place.snapshot.members[i] for i in CROWD[:20]]), ())
    show(place, followed, 5, "idle")
    assert "PRESENCE_UPDATE" not in tell(place, followed)
    assert watcher.presences == [("7", "dnd")]


def test_nothing_is_kept_of_those_who_left() -> None:
    place, followed, watcher, other = big()
    followed.follow(watcher, Wish(typing=True))
    assert list(followed.typing) == [watcher]
    tell(place, followed)
    assert followed.lists == {}
    for client in (watcher, other):
        followed.leave(client)
        followed.leave(client)
    tell(place, followed)
    assert (followed.wishes, followed.members, followed.typing) == ({}, {}, {})
    assert not followed.due
    show(place, followed, 5, "online")
    assert not followed.due


def test_a_command_changes_what_it_names() -> None:
    wish = Wish().take(Subscription(channels={201: (Range(0, 9), Range(20, 29)), 202: ()}))
    assert (wish.channels, wish.ranges, bool(wish)) == ({201: ((0, 9), (20, 29))}, 2, True)
    wish = wish.take(Subscription(members=(5, 5), typing=True))
    assert wish == Wish({201: ((0, 9), (20, 29))}, frozenset((5,)), typing=True)
    wish = wish.take(Subscription(channels={}, typing=False))
    assert wish == Wish({}, frozenset((5,)), typing=False)
    assert not wish.take(Subscription(members=()))


@pytest.mark.parametrize(
    "channels",
    [
        '{"1":[[9,5]]}',
        '{"1":[[0,100]]}',
        '{"1":[[-1,5]]}',
        '{"1":[[5]]}',
        '{"1":[[999999,1000001]]}',
        '{"x":[[0,9]]}',
        '{"1":[[0,9],[0,9],[0,9],[0,9],[0,9],[0,9]]}',
        '{"1":[],"2":[],"3":[],"4":[],"5":[],"6":[]}',
    ],
)
def test_what_is_out_of_bounds_cannot_be_read(channels: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"channels":{channels}}}', type=Subscription, strict=False)
