"""Random worlds: every session is told exactly what it may know, judged at each commit's moment."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from hearth.actions.world import Home
from hearth.core.commits import Commit
from hearth.core.errors import Refused
from hearth.core.events import ALL_INTENTS, CONTENT, Event, Intent
from hearth.core.models.channels import Channel, Overwrite
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.private import Recipient
from hearth.core.models.roles import Role
from hearth.core.operations import OPERATOR, Principal
from hearth.core.permissions import EVERYONE, P, resolve
from hearth.core.record import decode
from hearth.core.visibility import Views
from hearth.net.gateway import ready
from hearth.net.gateway.connection import Gateway
from hearth.net.gateway.session import Session
from tests.doors.inside import Client, Inside, token_of

WORLDS = 200
STEPS = 40
SOAK = 10 if os.environ.get("HEARTH_SOAK") == "1" else 1

pytestmark = pytest.mark.timeout(120 * SOAK)

GUILDS = (1000, 2000)
PEOPLE, BOTS = range(11, 16), range(21, 25)
PRIVATE = {3001: (11, 12), 3002: (11, 21), 3003: (11, 12, 13, 14)}
"""Two DMs, one of them with a bot, and a group."""

BEGINNINGS = ("READY", "GUILD_CREATE", "RESUMED")
PERMISSIONS = [
    0,
    int(P.VIEW_CHANNEL),
    EVERYONE,
    EVERYONE & ~P.VIEW_CHANNEL,
    int(P.ADMINISTRATOR),
    int(P.VIEW_AUDIT_LOG | P.VIEW_CHANNEL),
]

DIRECT = {
    "MESSAGE_CREATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_UPDATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_DELETE": Intent.DIRECT_MESSAGES,
    "TYPING_START": Intent.DIRECT_MESSAGE_TYPING,
}
"""What bots are told in DMs, by intent."""

plain = msgspec.to_builtins


def shown(value: Any) -> Any:
    """A value as the wire shows it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def visible(snapshot: Snapshot, user_id: int) -> set[int]:
    """The channels that a member sees, one by one."""
    member = snapshot.members[user_id]
    return {
        channel.id
        for channel in snapshot.channels.values()
        if resolve(snapshot, member, channel, 0) & P.VIEW_CHANNEL
    }


def readable(d: dict[str, Any], user_id: int) -> dict[str, Any]:
    """What is left of a message for a bot without the intent for content."""
    d = dict(d)
    if str(user_id) not in (d["author"]["id"], *(user["id"] for user in d["mentions"])):
        d.update(content="", embeds=[], attachments=[], components=[])
        d.pop("poll", None)
    if d.get("referenced_message"):
        d["referenced_message"] = readable(d["referenced_message"], user_id)
    return d


class Oracle:
    """Says at each commit what each session of a gateway must be told of it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.expected: dict[Session, list[tuple[str, Any]]] = {}
        self.known: dict[int, dict[int, set[int]]] = {}
        self.channels: dict[int, dict[int, Channel]] = {}
        gateway.world.receivers.insert(0, self.receive)

    def watch(self, home: Home) -> None:
        """Remember what everybody sees now."""
        snapshot = home.snapshot
        assert snapshot is not None
        self.known[home.key] = {i: visible(snapshot, i) for i in snapshot.members}
        self.channels[home.key] = snapshot.channels

    def receive(self, home: Home | None, before: Views | None, commit: Commit) -> None:
        """A commit, before the hub hears of it."""
        for session in self.gateway.sessions.values():
            told = self.expected.setdefault(session, [])
            for event in commit.tell:
                if (
                    event.to == "user"
                    and event.user_id == session.user_id
                    and session.intents & event.intent
                ):
                    told.append((event.name, shown(event.data(self.gateway.world.nowhere))))
                elif home is not None and self.may_in_private(home, session, event):
                    told.append((event.name, shown(event.data(home))))
            if home is not None and home.key in session.guilds:
                told += self.of_guild(home, session, commit)
        if home is not None and home.snapshot is not None and home.snapshot.guild is not None:
            self.watch(home)

    def may_in_private(self, home: Home, session: Session, event: Event) -> bool:
        """Whether a session is told something of a private channel: those who are in it."""
        snapshot = home.snapshot
        if snapshot is None or snapshot.guild is not None or event.to != "channel":
            return False
        if event.name == "CHANNEL_RECIPIENT_ADD" and event.user_id == session.user_id:
            return False
        return session.user_id in snapshot.recipients and bool(
            session.wants_all or session.intents & DIRECT.get(event.name, 0)
        )

    def of_guild(
        self, home: Home, session: Session, commit: Commit
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """What a session that stands in the guild must be told."""
        snapshot = home.snapshot
        assert snapshot is not None
        user_id = session.user_id
        if user_id not in snapshot.members:
            if session.intents & Intent.GUILDS:
                yield "GUILD_DELETE", {"id": str(home.key)}
            return
        sees, saw = visible(snapshot, user_id), self.known[home.key][user_id]
        if session.intents & Intent.GUILDS:
            for channel_id in sorted(saw - sees):
                yield "CHANNEL_DELETE", self.channel(home, self.channels[home.key][channel_id])
            for channel_id in sorted(sees - saw):
                yield "CHANNEL_CREATE", self.channel(home, snapshot.channels[channel_id])
        for event in commit.tell:
            if event.to != "user" and self.may(snapshot, sees, session, event):
                d = shown(event.data(home))
                if event.content and not session.intents & CONTENT:
                    d = readable(d, user_id)
                yield event.name, d

    def channel(self, home: Home, channel: Channel) -> Any:
        """A channel as events show it."""
        return shown(ready.channel_object(channel, home.last_id(channel.id), in_event=True))

    def may(self, snapshot: Snapshot, sees: set[int], session: Session, event: Event) -> bool:
        """The rules of wire.md 2.3, one after the other."""
        about = event.user_id if event.small else None
        if event.to == "channel" and event.channel_id not in sees:
            return False
        if not session.intents & event.intent:
            return event.name == "GUILD_MEMBER_UPDATE" and about == session.user_id
        if event.name == "GUILD_AUDIT_LOG_ENTRY_CREATE":
            member = snapshot.members[session.user_id]
            return bool(resolve(snapshot, member, None, 0) & P.VIEW_AUDIT_LOG)
        if event.name == "PRESENCE_UPDATE" and not session.wants_all:
            return about != session.user_id
        return True


class Play:
    """One random world: what is there, who listens, and what may happen next."""

    def __init__(self, inside: Inside, rng: random.Random) -> None:
        self.inside = inside
        self.rng = rng
        self.oracles = [Oracle(gateway) for gateway in inside.gateways]
        self.clients: list[tuple[Client, int]] = []
        self.told: dict[Session, list[tuple[int, str, Any]]] = {}
        self.cut: list[tuple[Session, int, int]] = []
        self.left: set[Session] = set()
        self.out: set[int] = set()
        self.psst = 0
        """How many messages in private were told."""

    async def begin(self) -> None:
        """Make users and guilds."""
        rng = self.rng
        for user_id in PEOPLE:
            await self.inside.person(user_id)
        for user_id in BOTS:
            await self.inside.person(user_id, bot=True, flags=1 << 12 | 1 << 14 | 1 << 18)
        for guild_id in GUILDS:
            roles = [
                Role(
                    id=guild_id + 10 + i,
                    guild_id=guild_id,
                    name="r",
                    permissions=rng.choice(PERMISSIONS),
                    position=i + 1,
                )
                for i in range(3)
            ]
            everybody = [*PEOPLE, *BOTS]
            members = [
                Member(
                    guild_id=guild_id,
                    user_id=user_id,
                    joined_at_ms=1,
                    roles=tuple(sorted(role.id for role in roles if rng.random() < 0.4)),
                )
                for user_id in rng.sample(everybody, 6)
                if user_id != 11
            ]
            channels = [
                Channel(
                    id=guild_id + 20 + i,
                    guild_id=guild_id,
                    type=0,
                    name="c",
                    overwrites=self.overwrites([guild_id, *(r.id for r in roles)], everybody),
                )
                for i in range(4)
            ]
            await self.inside.guild(guild_id, 11, nouns=[*roles, *channels, *members])
            for oracle in self.oracles:
                oracle.watch(await oracle.gateway.world.home(guild_id))
        for channel_id, people in PRIVATE.items():
            kind, owner = (3, people[0]) if len(people) > 2 else (1, None)
            await self.inside.world.save(
                [
                    Channel(id=channel_id, guild_id=None, type=kind, name="", owner_id=owner),
                    *(
                        Recipient(channel_id=channel_id, user_id=user_id, joined_at_ms=1)
                        for user_id in people
                    ),
                ],
                home=channel_id,
            )

    def overwrites(self, roles: list[int], members: list[int]) -> tuple[Overwrite, ...]:
        """Some overwrites that show and hide."""
        view = int(P.VIEW_CHANNEL)
        targets = [(i, 0) for i in roles] + [(i, 1) for i in members]
        chosen = self.rng.sample(targets, self.rng.randrange(4))
        return tuple(Overwrite(i, kind, *self.rng.sample([0, view], 2)) for i, kind in chosen)

    def connect(self) -> None:
        """A new session at every gateway."""
        user_id = self.rng.choice([i for i in (*PEOPLE, *BOTS) if i not in self.out])
        wish: dict[str, Any] = {"token": f"token{user_id}", "properties": {}}
        if user_id in BOTS:
            some = sum(1 << i for i in range(26) if self.rng.random() < 0.6)
            wish["intents"] = some & ALL_INTENTS
        for gateway in self.inside.gateways:
            client = Client(gateway)
            client.say((2, wish))
            self.clients.append((client, user_id))

    def end(self) -> None:
        """Some connection is cut, or says goodbye."""
        if self.clients:
            client, _ = self.clients.pop(self.rng.randrange(len(self.clients)))
            session = client.connection.session
            self.read(client)
            if session is None:
                client.cut()
            elif self.rng.random() < 0.4:
                self.left.add(session)
                client.goodbye(1000)
            else:
                at = self.inside.gateways.index(client.gateway)
                # The client may have read less than what was written.
                seq = self.rng.randint(session.base, session.sent)
                self.told[session] = [told for told in self.told[session] if told[0] <= seq]
                client.cut()
                self.cut.append((session, at, seq))

    def resume(self) -> None:
        """Some session that was cut goes on."""
        if self.cut:
            session, at, seq = self.cut.pop(self.rng.randrange(len(self.cut)))
            if self.inside.gateways[at].sessions.get(session.id) is not session:
                self.left.add(session)
                return
            client = Client(self.inside.gateways[at])
            token = f"token{session.user_id}"
            client.say((6, {"token": token, "session_id": session.id, "seq": seq}))
            self.clients.append((client, session.user_id))

    async def act(self) -> None:
        """One operation of somebody's, allowed or not."""
        rng, inside = self.rng, self.inside
        guild_id = rng.choice(GUILDS)
        snapshot = (await inside.world.home(guild_id)).snapshot
        assert snapshot is not None
        user_id = rng.choice([11, 11, *snapshot.members])
        who = Principal(kind="bot" if user_id in BOTS else "user", user_id=user_id)
        other = rng.choice(list(snapshot.members))
        channel_id = rng.choice(list(snapshot.channels) or [guild_id])
        role_id = rng.choice([i for i in snapshot.roles if i != guild_id] or [guild_id])
        in_guild = {"guild_id": guild_id}
        in_channel = {"channel_id": channel_id}
        view = str(int(P.VIEW_CHANNEL))
        last = inside.log.last_id(channel_id) or 5
        match rng.randrange(18):
            case 0 | 1 | 2:
                body: dict[str, Any] = {"content": f"hi <@{other}>" if rng.random() < 0.3 else "hi"}
                if rng.random() < 0.4:
                    body["message_reference"] = {
                        "message_id": str(last),
                        "fail_if_not_exists": False,
                    }
                await inside.call("create_message", who, body, **in_channel)
            case 3:
                body = {"content": rng.choice(["edited", f"<@{other}>"])}
                record = inside.log.get(channel_id, last)
                writer = user_id if record is None else author(record)
                kind = "bot" if writer in BOTS else "user"
                who = Principal(kind=kind, user_id=writer)
                await inside.call("update_message", who, body, message_id=last, **in_channel)
            case 4:
                await inside.call("delete_message", who, message_id=last, **in_channel)
            case 5:
                await inside.call("trigger_typing_indicator", who, **in_channel)
            case 6:
                await inside.call("ack_message", who, message_id=last, **in_channel)
            case 7:
                overwrites = self.overwrites(list(snapshot.roles), list(snapshot.members))
                body = {
                    "name": "new",
                    "permission_overwrites": [
                        {"id": str(o.id), "type": int(o.type), "allow": str(o.allow),
                         "deny": str(o.deny)}
                        for o in overwrites
                    ],
                }  # fmt: skip
                await inside.call("create_guild_channel", who, body, **in_guild)
            case 8:
                topic = {"topic": str(rng.random())}
                overwrites = self.overwrites(list(snapshot.roles), list(snapshot.members))
                if rng.random() < 0.7:
                    topic["permission_overwrites"] = plain(
                        [
                            {"id": str(o.id), "type": int(o.type), "deny": str(o.deny)}
                            for o in overwrites
                        ]
                    )
                await inside.call("update_channel", who, topic, **in_channel)
            case 9 if len(snapshot.channels) > 2:
                await inside.call("delete_channel", who, **in_channel)
            case 10:
                kind = rng.randrange(2)
                target = rng.choice(list(snapshot.members if kind else snapshot.roles))
                body = {"type": kind, rng.choice(["allow", "deny"]): view}
                await inside.call(
                    "set_channel_permission_overwrite",
                    who,
                    body,
                    overwrite_id=target,
                    **in_channel,
                )
            case 11:
                channel = snapshot.channels[channel_id]
                if channel.overwrites:
                    target = rng.choice(channel.overwrites).id
                    await inside.call(
                        "delete_channel_permission_overwrite",
                        who,
                        overwrite_id=target,
                        **in_channel,
                    )
            case 12:
                body = {"permissions": str(rng.choice(PERMISSIONS))}
                if rng.random() < 0.3:
                    await inside.call("create_guild_role", who, body, **in_guild)
                else:
                    role = rng.choice([role_id, guild_id])
                    await inside.call("update_guild_role", who, body, role_id=role, **in_guild)
            case 13:
                await inside.call("delete_guild_role", who, role_id=role_id, **in_guild)
            case 14:
                name = rng.choice(["add_guild_member_role", "delete_guild_member_role"])
                await inside.call(name, who, user_id=other, role_id=role_id, **in_guild)
            case 15:
                await inside.call("delete_guild_member", who, user_id=other, **in_guild)
            case 16:
                user = str(rng.choice([*PEOPLE, *BOTS]))
                await inside.call("join_guild", OPERATOR, {"user": user}, **in_guild)
            case _:
                await inside.call(
                    "update_guild_member",
                    who,
                    {"nick": str(rng.random())},
                    user_id=other,
                    **in_guild,
                )

    async def act_in_private(self) -> None:
        """One operation in a private channel, of who is in it or is not."""
        rng, inside = self.rng, self.inside
        channel_id = rng.choice(list(PRIVATE))
        user_id = rng.choice([11, 12, 13, 14, 15, 21, 22])
        who = Principal(kind="bot" if user_id in BOTS else "user", user_id=user_id)
        last = inside.log.last_id(channel_id) or 5
        where = {"channel_id": channel_id}
        match rng.randrange(9):
            case 0 | 1 | 2:
                await inside.call("create_message", who, {"content": "psst"}, **where)
            case 3:
                await inside.call(
                    "update_message", who, {"content": str(rng.random())}, message_id=last, **where
                )
            case 4:
                await inside.call("delete_message", who, message_id=last, **where)
            case 5:
                await inside.call("trigger_typing_indicator", who, **where)
            case 6 if len(PRIVATE[channel_id]) == 2 or rng.random() < 0.2:
                await inside.call("delete_channel", who, **where)
            case 7:
                await inside.call("update_channel", who, {"name": str(rng.random())}, **where)
            case _ if len(inside.worlds) == 1:
                other = rng.choice([12, 13, 14, 15])
                name = rng.choice(["add_group_dm_user", "delete_group_dm_user"])
                await inside.call(name, who, {}, user_id=other, **where)
            case _:
                pass

    def presence(self) -> None:
        """Somebody's status changes."""
        if self.clients:
            client, _ = self.rng.choice(self.clients)
            status = self.rng.choice(["online", "idle", "dnd", "invisible"])
            client.say((3, {"status": status, "activities": [], "since": None, "afk": False}))

    async def log_out(self) -> None:
        """Somebody's token is taken back."""
        user_id = self.rng.choice(PEOPLE)
        self.out.add(user_id)
        for gateway in self.inside.gateways:
            self.left |= {s for s in gateway.sessions.values() if s.user_id == user_id}
        who = Principal(kind="user", user_id=user_id, token=token_of(user_id).hash)
        await self.inside.call("logout", who)

    async def step(self) -> None:
        """Some things at once, then rest."""
        work: list[Any] = []
        for _ in range(self.rng.choice([1, 1, 2, 4])):
            match self.rng.randrange(20):
                case 0 | 1:
                    self.connect()
                case 2:
                    self.end()
                case 3:
                    self.resume()
                case 4:
                    self.presence()
                case 5 if self.rng.random() < 0.1 and len(self.out) < 2:
                    work.append(self.log_out())
                case 6 | 7 | 8:
                    work.append(self.act_in_private())
                case _:
                    work.append(self.act())
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refused):
                raise outcome
        await self.inside.settle()
        for client, _ in self.clients:
            self.read(client)

    def read(self, client: Client) -> None:
        """Keep what a client was told under its session."""
        session = client.connection.session
        client.take()
        if session is not None:
            self.told.setdefault(session, []).extend(client.told)
            client.told.clear()

    def check(self) -> int:
        """Compare all that was told with all that was to be told; how many events it was."""
        total = 0
        for session, told in self.told.items():
            assert [s for s, _, _ in told] == list(range(1, len(told) + 1))
            events = [(t, d) for _, t, d in told if t not in BEGINNINGS]
            expected = [one for oracle in self.oracles for one in oracle.expected.get(session, ())]
            live = any(gateway.sessions.get(session.id) for gateway in self.inside.gateways)
            if session in self.left or not live or session.write is None:
                expected = expected[: len(events)]
            assert events == expected
            total += len(events)
            self.psst += sum(t == "MESSAGE_CREATE" and "guild_id" not in d for t, d in events)
            self.in_order(session, [(t, d) for _, t, d in told])
        for gateway in self.inside.gateways:
            for session in gateway.sessions.values():
                member_of = {
                    home.key
                    for home in gateway.world.homes.values()
                    if home.snapshot is not None
                    and home.snapshot.guild is not None
                    and session.user_id in home.snapshot.members
                }
                assert set(session.guilds) == member_of
        return total

    def in_order(self, session: Session, told: list[tuple[str, Any]]) -> None:
        """A guild is announced before anything that is said of it."""
        if not session.intents & Intent.GUILDS:
            return
        known: set[str] = set()
        for t, d in told:
            if t == "READY" and session.wants_all:
                known |= {guild["id"] for guild in d["guilds"]}
            elif t == "GUILD_CREATE":
                known.add(d["id"])
            elif t == "GUILD_DELETE":
                known.remove(d["id"])
            elif t not in ("READY", "RESUMED", "MESSAGE_ACK") and "guild_id" in d:
                assert d["guild_id"] in known, (t, d)


def author(record: bytes) -> int:
    """Who wrote a message of the log."""
    return decode(record).author_id


@pytest.fixture
def guilds_shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every guild object that is made for a session is checked; what is wrong is collected."""
    wrong: list[str] = []
    make = ready.guild_object_for

    def checked(session: Session, home: Home) -> dict[str, Any]:
        guild = make(session, home)
        snapshot = home.snapshot
        if snapshot is None or session.user_id not in snapshot.members:
            if guild != {"id": str(home.key), "unavailable": True}:
                wrong.append(f"a guild of others: {guild}")
            return guild
        if "channels" not in guild:
            return guild  # It left and came back; another GUILD_CREATE is on its way.
        sees = {int(channel["id"]) for channel in shown(guild["channels"])}
        if sees != visible(snapshot, session.user_id):
            wrong.append(f"channels {sees}")
        members = {int(member["user"]["id"]) for member in shown(guild["members"])}
        all_of_them = session.wants_all or session.intents & Intent.GUILD_PRESENCES
        if members != (set(snapshot.members) if all_of_them else {session.user_id}):
            wrong.append(f"members {members}")
        if guild["presences"] and not all_of_them:
            wrong.append("presences without the intent")
        return guild

    monkeypatch.setattr(ready, "guild_object_for", checked)
    return wrong


@asynccontextmanager
async def game(seed: int, worlds: int, guilds_shown: list[str]) -> AsyncIterator[Play]:
    """A random world with three listeners, whose history is checked in the end."""
    inside = await Inside.build(worlds)
    try:
        playing = Play(inside, random.Random(seed))
        await playing.begin()
        for _ in range(3):
            playing.connect()
        await inside.settle()
        yield playing
        playing.check()
        assert guilds_shown == []
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, worlds {worlds}: {error}") from error
    finally:
        await inside.close()


async def test_everybody_is_told_what_they_may_know_and_nothing_else(
    guilds_shown: list[str],
) -> None:
    total = psst = 0
    for seed in range(WORLDS * SOAK):
        async with game(seed, 1, guilds_shown) as playing:
            for _ in range(STEPS):
                await playing.step()
            total += playing.check()
            psst += playing.psst
    assert total > 100 * WORLDS, "the worlds are too quiet to prove anything"
    assert psst > WORLDS, "and in private"


async def test_a_follower_tells_what_its_owner_tells(guilds_shown: list[str]) -> None:
    total = 0
    for seed in range(WORLDS * SOAK // 10):
        async with game(seed, 2, guilds_shown) as playing:
            for client, _ in playing.clients:
                playing.read(client)
            for _ in range(STEPS):
                try:
                    await playing.act()
                except Refused:
                    continue
                await playing.inside.settle()
                told = [alike(client.take()) for client, _ in playing.clients]
                assert told[0::2] == told[1::2]
                total += sum(map(len, told))
                for client, _ in playing.clients:
                    playing.read(client)
    assert total > 10 * WORLDS


def alike(told: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Events without what may come between an owner's commit and its follower's.

    That is a purge; and what happens to a guild just before its GUILD_CREATE, which shows it.
    """
    if any(t == "GUILD_CREATE" for t, _ in told):
        return [
            (t, {channel["id"] for channel in d["channels"]} if t == "GUILD_CREATE" else None)
            for t, d in told
            if t != "PRESENCE_UPDATE"
        ]
    return [(t, {**d, "last_message_id": None}) for t, d in told]


@pytest.mark.parametrize("what", ["held", "late", "lost"])
async def test_a_hole_ends_the_sessions_of_its_home(what: str) -> None:
    inside = await Inside.build(2)
    owner, follower = inside.gateways
    tokens = [await inside.person(user_id) for user_id in (11, 12, 13)]
    await inside.guild(1000, 11, [12])
    await inside.guild(2000, 11, [13])
    in_den = await inside.connect(tokens[1], gateway=1)
    elsewhere = await inside.connect(tokens[2], gateway=1)
    at_owner = await inside.connect(tokens[1])
    for client in (in_den, elsewhere, at_owner):
        client.take()
    said = {"content": "x"}
    real = inside.worlds[1].receive
    kept: list[Commit] = []
    inside.bus._subscribers[1] = kept.append
    await inside.call("create_message", 11, said, channel_id=1001)
    await inside.settle()
    inside.bus._subscribers[1] = real
    if what == "held":
        for commit in kept:
            real(commit)
    await inside.call("create_message", 11, said, channel_id=1001)
    await inside.settle()
    if what == "late":
        for commit in kept:
            real(commit)
        await inside.settle()
    assert at_owner.heard() == ["MESSAGE_CREATE"] * 2
    if what == "held":
        assert in_den.heard() == ["MESSAGE_CREATE"] * 2
    else:
        assert in_den.heard() == []
        assert in_den.others[-1]["op"] == 9
        assert in_den.others[-1]["d"] is False
        assert not in_den.pipe.is_closing()
        in_den.say((2, {"token": tokens[1], "properties": {}}))
        await inside.settle()
        await inside.call("create_message", 11, said, channel_id=1001)
        await inside.settle()
        assert in_den.heard() == ["READY", "MESSAGE_CREATE"]
    assert 9 not in elsewhere.ops()
    assert elsewhere.connection.session is not None
    assert list(follower.sessions.values()) == [elsewhere.session, in_den.session] or what == "held"
    assert len(owner.sessions) == 1
    await inside.close()
