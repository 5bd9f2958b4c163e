"""Who is told what when sight changes: every operation that moves it × the kinds of session.

Each case begins with a room that the watchers see or do not see, does one thing, and then writes,
types and changes the topic there. What a watcher was told before a marker in another guild is all
that it was told.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct

from hearth.core.events import Intent
from hearth.core.permissions import EVERYONE, P
from tests.harness import EVERY_INTENT, Client, Gateway, Server

VIEW = P.VIEW_CHANNEL
QUIET = EVERY_INTENT & ~Intent.GUILDS
TALK = P.SEND_MESSAGES | P.READ_MESSAGE_HISTORY


class Watched:
    """The accounts that every case uses: an owner and three who watch, and a guild for markers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.owner = server.person("owner")
        self.lobby, self.marker = server.guild("Lobby", "owner")
        self.person = server.person("person")
        server.join(self.lobby, "person")
        self.bot = server.bot("bot", "owner", self.lobby)
        self.quiet = server.bot("quiet", "owner", self.lobby)
        self.watchers = {"person": self.person, "bot": self.bot, "without GUILDS": self.quiet}

    async def close(self) -> None:
        """End the connections, which belong to one test's loop."""
        for client in (self.owner, *self.watchers.values()):
            await client.close()
            client.gateway = None

    async def watch(self) -> None:
        """All identify."""
        await self.person.connect()
        await self.bot.connect()
        await self.quiet.connect(intents=QUIET)
        for watcher in self.watchers.values():
            assert watcher.gateway is not None
            watcher.gateway.dispatches.clear()

    async def told(self, *, presence: bool = False) -> dict[str, list[tuple[str, Any]]]:
        """What each watcher was told since it began to watch, or since the last call.

        That the watchers themselves have come online is left out unless `presence` is asked for.
        """
        answer = await self.owner.post(f"/channels/{self.marker}/messages", {"content": "marker"})
        found: dict[str, list[tuple[str, Any]]] = {}
        for name, watcher in self.watchers.items():
            gateway = watcher.gateway
            assert gateway is not None
            while (await watcher.event("MESSAGE_CREATE"))["id"] != answer.body["id"]:
                pass
            end = next(
                index
                for index, (_, t, d) in enumerate(gateway.dispatches)
                if t == "MESSAGE_CREATE" and d["id"] == answer.body["id"]
            )
            found[name] = [
                (t, d) for _, t, d in gateway.dispatches[:end] if presence or t != "PRESENCE_UPDATE"
            ]
            del gateway.dispatches[: end + 1]
        return found


class Scene:
    """A guild of one case with the room. The watchers have the role `crew`."""

    guild: int
    room: int
    crew: int
    spare: int

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.server = watched.server
        self.owner = watched.owner
        self.watchers = list(watched.watchers.values())

    async def do(self, method: str, path: str, **body: Any) -> Any:
        """The owner does something; it must work."""
        answer = await self.owner.call(method, path, json=body)
        assert answer.status < 300, answer.body
        return answer.body

    async def build(self, setting: dict[str, Any]) -> None:
        """The guild: `everyone` and `crew` are base permissions, `overwrites` those of the room.

        Overwrites name "everyone", "crew", "spare" or "watchers".
        """
        self.guild, _ = self.server.guild("Scene", "owner")
        for watcher in self.watchers:
            self.server.operate("join_guild", {"user": str(watcher.id)}, guild_id=self.guild)
        everyone = setting.get("everyone", EVERYONE)
        await self.do("PATCH", f"/guilds/{self.guild}/roles/{self.guild}", permissions=everyone)
        self.crew = await self.role(setting.get("crew", 0))
        self.spare = await self.role(setting.get("spare", 0))
        for watcher in self.watchers:
            await self.give(watcher, self.crew)
        made = await self.do(
            "POST",
            f"/guilds/{self.guild}/channels",
            name="room",
            permission_overwrites=self.overwrites(**setting.get("overwrites", {})),
        )
        self.room = int(made["id"])
        if setting.get("spare_given"):
            for watcher in self.watchers:
                await self.give(watcher, self.spare)

    def overwrites(self, **wanted: tuple[int, int]) -> list[dict[str, Any]]:
        """Overwrites from (allow, deny) by name."""
        made: list[dict[str, Any]] = []
        for name, (allow, deny) in wanted.items():
            ids = [self.guild if name == "everyone" else getattr(self, name, 0)]
            if name == "watchers":
                ids = [watcher.id for watcher in self.watchers]
            kind = 1 if name == "watchers" else 0
            made += [{"id": i, "type": kind, "allow": allow, "deny": deny} for i in ids]
        return made

    async def role(self, permissions: int) -> int:
        """A new role."""
        path = f"/guilds/{self.guild}/roles"
        return int((await self.do("POST", path, permissions=permissions))["id"])

    async def give(self, who: Client, role: int) -> None:
        """Give a role."""
        await self.do("PUT", f"/guilds/{self.guild}/members/{who.id}/roles/{role}")

    async def probe(self) -> None:
        """Something that only those who see the room may hear of."""
        await self.do("POST", f"/channels/{self.room}/messages", content="secret")
        await self.do("POST", f"/channels/{self.room}/typing")
        await self.do("PATCH", f"/channels/{self.room}", topic="secret")

    def about_room(self, told: list[tuple[str, Any]]) -> list[str]:
        """The names of the events about the room, or about being in the guild."""
        room, guild = str(self.room), str(self.guild)
        return [
            t
            for t, d in told
            if (t.startswith("CHANNEL_") and d.get("id") == room)
            or d.get("channel_id") == room
            or (t in ("GUILD_CREATE", "GUILD_DELETE") and d["id"] == guild)
        ]


Act = Callable[[Scene], Awaitable[object]]


def set_overwrite(name: str, allow: int, deny: int) -> Act:
    async def act(scene: Scene) -> None:
        for each in scene.overwrites(**{name: (allow, deny)}):
            path = f"/channels/{scene.room}/permissions/{each.pop('id')}"
            await scene.do("PUT", path, **each)

    return act


def delete_overwrite(name: str) -> Act:
    async def act(scene: Scene) -> None:
        for each in scene.overwrites(**{name: (0, 0)}):
            await scene.do("DELETE", f"/channels/{scene.room}/permissions/{each['id']}")

    return act


def patch_overwrites(**overwrites: tuple[int, int]) -> Act:
    async def act(scene: Scene) -> None:
        wanted = scene.overwrites(**overwrites)
        await scene.do("PATCH", f"/channels/{scene.room}", permission_overwrites=wanted)

    return act


def role_permissions(name: str, permissions: int) -> Act:
    async def act(scene: Scene) -> None:
        role = scene.guild if name == "everyone" else getattr(scene, name)
        await scene.do("PATCH", f"/guilds/{scene.guild}/roles/{role}", permissions=permissions)

    return act


async def give_spare(scene: Scene) -> None:
    for watcher in scene.watchers:
        await scene.give(watcher, scene.spare)


async def take_spare(scene: Scene) -> None:
    for watcher in scene.watchers:
        path = f"/guilds/{scene.guild}/members/{watcher.id}/roles/{scene.spare}"
        await scene.do("DELETE", path)


async def put_spare_into_roles(scene: Scene) -> None:
    for watcher in scene.watchers:
        path = f"/guilds/{scene.guild}/members/{watcher.id}"
        await scene.do("PATCH", path, roles=[scene.crew, scene.spare])


async def delete_spare(scene: Scene) -> None:
    await scene.do("DELETE", f"/guilds/{scene.guild}/roles/{scene.spare}")


async def move_into_hidden_category(scene: Scene) -> None:
    hidden = scene.overwrites(everyone=(0, VIEW))
    path = f"/guilds/{scene.guild}/channels"
    made = await scene.do("POST", path, name="c", type=4, permission_overwrites=hidden)
    await scene.do("PATCH", f"/channels/{scene.room}", parent_id=made["id"])


async def time_out(scene: Scene) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for watcher in scene.watchers:
        path = f"/guilds/{scene.guild}/members/{watcher.id}"
        await scene.do("PATCH", path, communication_disabled_until=until)


async def delete_room(scene: Scene) -> None:
    await scene.do("DELETE", f"/channels/{scene.room}")


class Case(Struct):
    """A setting, an act, and whether the room is seen before and after it.

    With `updates` the act changes the room itself, which who sees it afterwards is told.
    """

    act: Act
    before: bool
    after: bool
    setting: dict[str, Any] = {}
    updates: bool = False
    gone: bool = False


HIDDEN = {"overwrites": {"everyone": (0, VIEW)}}
FOR_CREW = {"overwrites": {"everyone": (0, VIEW), "crew": (VIEW, 0)}}
FOR_SPARE = {"overwrites": {"everyone": (0, VIEW), "spare": (VIEW, 0)}}
NOT_SPARE = {"overwrites": {"spare": (0, VIEW)}}
FOR_WATCHERS = {"overwrites": {"everyone": (0, VIEW), "watchers": (VIEW, 0)}}
NOT_WATCHERS = {"overwrites": {"watchers": (0, VIEW)}}
GIVEN = {"spare_given": True}

CASES: dict[str, Case] = {
    "overwrite of a role hides": Case(
        set_overwrite("everyone", 0, VIEW), True, False, updates=True
    ),
    "overwrite of a role shows": Case(
        set_overwrite("crew", VIEW, 0), False, True, HIDDEN, updates=True
    ),
    "overwrite of a member hides": Case(
        set_overwrite("watchers", 0, VIEW), True, False, updates=True
    ),
    "overwrite of a member shows": Case(
        set_overwrite("watchers", VIEW, 0), False, True, HIDDEN, updates=True
    ),
    "overwrite of a role deleted hides": Case(
        delete_overwrite("crew"), True, False, FOR_CREW, updates=True
    ),
    "overwrite of a role deleted shows": Case(
        delete_overwrite("everyone"), False, True, HIDDEN, updates=True
    ),
    "overwrite of a member deleted hides": Case(
        delete_overwrite("watchers"), True, False, FOR_WATCHERS, updates=True
    ),
    "overwrite of a member deleted shows": Case(
        delete_overwrite("watchers"), False, True, NOT_WATCHERS, updates=True
    ),
    "overwrites patched hide": Case(
        patch_overwrites(everyone=(0, VIEW)), True, False, updates=True
    ),
    "overwrites patched show": Case(patch_overwrites(), False, True, HIDDEN, updates=True),
    "overwrite of others changes nothing": Case(
        set_overwrite("spare", 0, VIEW), True, True, updates=True
    ),
    "permissions of a role hide": Case(
        role_permissions("crew", 0), True, False, {"everyone": TALK, "crew": VIEW}
    ),
    "permissions of a role show": Case(
        role_permissions("crew", VIEW), False, True, {"everyone": TALK}
    ),
    "permissions of everyone hide": Case(role_permissions("everyone", TALK), True, False),
    "permissions of everyone show": Case(
        role_permissions("everyone", EVERYONE), False, True, {"everyone": TALK}
    ),
    "administrators see": Case(role_permissions("crew", P.ADMINISTRATOR), False, True, HIDDEN),
    "administrators no more": Case(
        role_permissions("crew", 0), True, False, {**HIDDEN, "crew": P.ADMINISTRATOR}
    ),
    "role given shows": Case(give_spare, False, True, FOR_SPARE),
    "role given hides": Case(give_spare, True, False, NOT_SPARE),
    "role of an administrator given": Case(
        give_spare, False, True, {**HIDDEN, "spare": P.ADMINISTRATOR}
    ),
    "role among others given": Case(put_spare_into_roles, False, True, FOR_SPARE),
    "role taken hides": Case(take_spare, True, False, {**FOR_SPARE, **GIVEN}),
    "role taken shows": Case(take_spare, False, True, {**NOT_SPARE, **GIVEN}),
    "role deleted hides": Case(delete_spare, True, False, {**FOR_SPARE, **GIVEN}, updates=True),
    "role deleted shows": Case(delete_spare, False, True, {**NOT_SPARE, **GIVEN}, updates=True),
    "channel moved": Case(move_into_hidden_category, True, True, updates=True),
    "hidden channel moved": Case(move_into_hidden_category, False, False, HIDDEN, updates=True),
    "timeout": Case(time_out, True, True),
    "channel deleted": Case(delete_room, True, False, gone=True),
    "hidden channel deleted": Case(delete_room, False, False, HIDDEN, gone=True),
}


@pytest.fixture(scope="module")
def accounts(server: Server) -> Watched:
    """The accounts of all cases."""
    return Watched(server)


@pytest.fixture
async def watched(accounts: Watched) -> AsyncIterator[Watched]:
    """The accounts, whose connections end with the test."""
    yield accounts
    await accounts.close()


@pytest.mark.parametrize("name", CASES)
async def test_sight_changes(watched: Watched, name: str) -> None:
    case = CASES[name]
    scene = Scene(watched)
    await scene.build(case.setting)
    await watched.watch()
    for kind, shown in (await watched_channels(watched, scene)).items():
        assert (str(scene.room) in shown) == case.before, kind
    await case.act(scene)
    if not case.gone:
        await scene.probe()
    wanted: list[str] = []
    if case.before != case.after:
        wanted.append("CHANNEL_CREATE" if case.after else "CHANNEL_DELETE")
    if case.after:
        wanted += ["CHANNEL_UPDATE"] * case.updates
        wanted += ["MESSAGE_CREATE", "TYPING_START", "CHANNEL_UPDATE"]
    # An overwrite each for three members is three changes; only one of them moves one's own sight.
    told = {kind: scene.about_room(events) for kind, events in (await watched.told()).items()}
    for kind in ("person", "bot"):
        assert squeezed(told[kind]) == wanted, kind
    silent = [each for each in wanted if not each.startswith("CHANNEL_")]
    assert told["without GUILDS"] == silent


def squeezed(names: list[str]) -> list[str]:
    """Without the CHANNEL_UPDATEs that follow another, or come before the room is shown."""
    kept: list[str] = []
    for index, name in enumerate(names):
        following = names[index + 1 : index + 2]
        if name == "CHANNEL_UPDATE" and following and following[0].startswith("CHANNEL_"):
            continue
        kept.append(name)
    return kept


async def watched_channels(watched: Watched, scene: Scene) -> dict[str, set[str]]:
    """The channels that each watcher finds by HTTP."""
    return {
        kind: {
            channel["id"] for channel in (await watcher.get(f"/guilds/{scene.guild}/channels")).body
        }
        for kind, watcher in watched.watchers.items()
    }


async def test_a_channel_is_made(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build({})
    await watched.watch()
    for overwrites, wanted in (((0, VIEW), []), ((VIEW, 0), ["CHANNEL_CREATE"])):
        made = await scene.do(
            "POST",
            f"/guilds/{scene.guild}/channels",
            name="made",
            permission_overwrites=scene.overwrites(everyone=overwrites),
        )
        scene.room = int(made["id"])
        told = {kind: scene.about_room(each) for kind, each in (await watched.told()).items()}
        assert told == {"person": wanted, "bot": wanted, "without GUILDS": []}


async def test_a_member_comes_and_goes(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build(HIDDEN)
    for watcher in scene.watchers:
        await scene.do("DELETE", f"/guilds/{scene.guild}/members/{watcher.id}")
    await watched.watch()
    for watcher in scene.watchers:
        scene.server.operate("join_guild", {"user": str(watcher.id)}, guild_id=scene.guild)
    for watcher in (watched.person, watched.bot):
        told = await watcher.event("GUILD_CREATE")
        assert told["id"] == str(scene.guild)
        # Its absence tells discord.py that this is a guild joined, not one come back.
        assert "unavailable" not in told
        assert str(scene.room) not in {channel["id"] for channel in told["channels"]}
    told = {kind: scene.about_room(each) for kind, each in (await watched.told()).items()}
    assert told == {"person": ["GUILD_CREATE"], "bot": ["GUILD_CREATE"], "without GUILDS": []}
    for watcher in scene.watchers:
        await scene.do("DELETE", f"/guilds/{scene.guild}/members/{watcher.id}")
    await scene.do("PATCH", f"/guilds/{scene.guild}/roles/{scene.guild}", permissions=8)
    await scene.probe()
    for kind, events in (await watched.told()).items():
        here = [(t, d) for t, d in events if str(scene.guild) in (d.get("guild_id"), d.get("id"))]
        gone = [("GUILD_DELETE", {"id": str(scene.guild)})]
        # Until their turn came they heard of the others who went.
        first = [each for each in here if each[0] not in ("GUILD_MEMBER_REMOVE",)]
        assert first == ([] if kind == "without GUILDS" else gone), kind
        assert kind == "without GUILDS" or here[-1] == gone[0]


async def test_a_deleted_category_leaves_its_channels(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build({})
    path = f"/guilds/{scene.guild}/channels"
    category = await scene.do("POST", path, name="c", type=4)
    await scene.do("PATCH", f"/channels/{scene.room}", parent_id=category["id"])
    await watched.watch()
    await scene.do("DELETE", f"/channels/{category['id']}")
    told = await watched.told()
    for kind in ("person", "bot"):
        changed = [(t, d["id"], d.get("parent_id")) for t, d in told[kind] if t[:8] == "CHANNEL_"]
        assert changed == [
            ("CHANNEL_DELETE", category["id"], None),
            ("CHANNEL_UPDATE", str(scene.room), None),
        ]
    assert told["without GUILDS"] == []


async def test_the_first_sight_of_a_guild(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build(HIDDEN)
    await watched.watch()
    again = await Gateway.open(watched.server)
    await again.send(2, {"token": watched.person.token, "properties": {}})
    ready = await again.event("READY")
    shown = next(guild for guild in ready["guilds"] if guild["id"] == str(scene.guild))
    await again.close()
    bot = await Gateway.open(watched.server)
    await bot.send(2, {"token": watched.bot.token, "properties": {}, "intents": 1})
    created = await bot.event("GUILD_CREATE")
    while created["id"] != str(scene.guild):
        created = await bot.event("GUILD_CREATE")
    await bot.close()
    assert created["unavailable"] is False
    for guild in (shown, created):
        ids = {channel["id"] for channel in guild["channels"]}
        assert len(ids) == 4
        assert str(scene.room) not in ids
        assert guild["member_count"] == 4


async def test_the_audit_log_is_for_those_who_may_read_it(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build({"spare": P.VIEW_AUDIT_LOG})
    await scene.give(watched.bot, scene.spare)
    await watched.watch()
    await scene.do("POST", f"/guilds/{scene.guild}/roles", name="audited")
    told = await watched.told()
    names = {kind: [t for t, _ in events] for kind, events in told.items()}
    entry = "GUILD_AUDIT_LOG_ENTRY_CREATE"
    assert names["bot"] == ["GUILD_ROLE_CREATE", entry]
    assert names["person"] == ["GUILD_ROLE_CREATE"]
    assert names["without GUILDS"] == []


# Presence and typing


def presences(told: list[tuple[str, Any]], who: Client) -> list[str]:
    return [
        d["status"] for t, d in told if t == "PRESENCE_UPDATE" and d["user"]["id"] == str(who.id)
    ]


async def test_presence_and_typing_in_a_small_guild(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build({})
    await watched.person.connect()
    await watched.bot.connect()
    await watched.quiet.connect(intents=EVERY_INTENT & ~(Intent.GUILD_PRESENCES | 1 << 11))
    await watched.told()
    wish = {"status": "dnd", "since": None, "activities": [], "afk": False}
    for watcher in (watched.bot, watched.person):
        assert watcher.gateway is not None
        await watcher.gateway.send(3, wish)
    for watcher, about in ((watched.bot, watched.person), (watched.person, watched.bot)):
        told = await watcher.event("PRESENCE_UPDATE")
        while (told["user"]["id"], told["status"]) != (str(about.id), "dnd"):
            told = await watcher.event("PRESENCE_UPDATE")
        assert told["client_status"]
        assert told["activities"] == []
    await scene.do("POST", f"/channels/{scene.room}/typing")
    told = await watched.told(presence=True)
    # A person's other sessions see it, a bot is not told of itself.
    assert "dnd" in presences(told["person"], watched.person)
    assert presences(told["bot"], watched.bot) == []
    typing = {kind: [d for t, d in each if t == "TYPING_START"] for kind, each in told.items()}
    assert [len(each) for each in typing.values()] == [1, 1, 0]
    start = typing["bot"][0]
    assert start["channel_id"] == str(scene.room)
    assert start["guild_id"] == str(scene.guild)
    assert start["user_id"] == start["member"]["user"]["id"] == str(scene.owner.id)
    assert isinstance(start["timestamp"], int)
    assert [t for t, _ in told["without GUILDS"] if t == "PRESENCE_UPDATE"] == []


async def test_presence_and_typing_in_a_large_guild(watched: Watched) -> None:
    scene = Scene(watched)
    await scene.build({})
    for number in range(250):
        scene.server.operate("create_bot", {"username": f"filler{number}", "owner": "owner"})
        scene.server.operate("join_bot", {"user": f"filler{number}"}, guild_id=scene.guild)
    # Eve meets the watchers nowhere else.
    eve = scene.server.person("eve")
    scene.server.operate("join_guild", {"user": "eve"}, guild_id=scene.guild)
    try:
        await watched.watch()
        await eve.connect()
        answer = await eve.post(f"/channels/{scene.room}/typing")
        assert answer.status == 204
        told = await watched.bot.event("PRESENCE_UPDATE")
        while told["user"]["id"] != str(eve.id):
            told = await watched.bot.event("PRESENCE_UPDATE")
        told = await watched.told(presence=True)
        here = {
            kind: [(t, d) for t, d in events if d.get("guild_id") == str(scene.guild)]
            for kind, events in told.items()
        }
        # A person hears of themselves only, a bot of everybody.
        assert {d["user"]["id"] for _, d in here["person"]} <= {str(watched.person.id)}
        assert [t for t, _ in here["bot"]].count("TYPING_START") == 1
    finally:
        await eve.close()
