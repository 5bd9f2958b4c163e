"""Worlds in memory for tests of the verbs: one, or two of which each call enters the wrong one."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from hearth.actions import link
from hearth.actions.all import MODULES
from hearth.actions.gate import call
from hearth.actions.world import World
from hearth.core.commits import Commit, pack, unpack
from hearth.core.errors import Error, Refused
from hearth.core.ids import IdMaker
from hearth.core.models.attachments import Upload
from hearth.core.models.channels import Channel, ChannelType, Overwrite
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import User
from hearth.core.operations import OPERATIONS, Principal, Reply
from hearth.core.permissions import EVERYONE, P
from hearth.core.ports import Alone, Link
from hearth.core.wire import decode, decode_query
from hearth.edge.tasks import Tasks
from hearth.store.bus_memory import MemoryBus
from hearth.store.directory import SqlDirectory
from hearth.store.images import ImagePool
from hearth.store.memory import MemoryBlobs, MemoryLog
from hearth.store.search_fts import FtsSearch

assert MODULES

ANN, BOB, CAT = 1001, 1002, 1003
GUILD, TEXT, HIDDEN, MODS = 2000, 2001, 2002, 2003


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        """Monotonic seconds."""
        return self.seconds

    def wall(self) -> float:
        """Epoch seconds."""
        return 1_800_000_000.0 + self.seconds


class BytesBus(MemoryBus):
    """A bus whose second subscriber gets commits as bytes, a step of the loop later."""

    def publish(self, commit: Commit) -> None:
        """Hand `commit` to the owner at once, to others as they would get it from a wire."""
        owner, *others = self._subscribers
        owner(commit)
        for receive in others:
            asyncio.get_running_loop().call_soon(receive, unpack(pack(commit)))


class Wire:
    """A link to another World of this process, of bytes."""

    def __init__(self, owner: World) -> None:
        self._owner = owner

    async def call(
        self,
        name: str,
        who: Principal,
        params: dict[str, int | str],
        body: Struct | None,
        query: Struct | None,
        reason: str | None,
        uploads: Sequence[Upload] = (),
    ) -> Reply:
        """Run the call at the owner."""
        frame = link.pack_call(name, who, params, body, query, reason, uploads)
        return link.unpack_reply(name, await link.answer(self._owner, frame))

    async def snapshot(self, key: int) -> Snapshot | None:
        """The owner's snapshot."""
        home = await self._owner.home(key)
        return link.unpack_snapshot(link.pack_snapshot(home.snapshot, home.n))


class Elsewhere:
    """The placement of a World that owns nothing."""

    def __init__(self, owner: World) -> None:
        self._link = Wire(owner)

    def link(self, key: int) -> Link | None:
        """Always the other one."""
        return self._link


class House:
    """A guild with an owner (ann), a member (bob) and a moderator (cat), in one World or two."""

    def __init__(self, owner: World, entry: World, told: list[Commit], clock: StillClock) -> None:
        self.owner = owner
        self.entry = entry
        self.commits = told
        self.clock = clock
        self.drafts: tempfile.TemporaryDirectory[str] | None = None
        self.bots: set[int] = set()
        self.principals: dict[int, Principal] = {}
        """Who calls as a token says; the others are people, or `bots`."""
        """Who calls as a bot."""

    @classmethod
    async def build(cls, worlds: int) -> "House":
        """Open the stores and fill the guild."""
        clock, tasks, bus, told = StillClock(), Tasks(), BytesBus(), list[Commit]()
        directory = await SqlDirectory.open(None)
        made: list[World] = []
        log = MemoryLog(lambda results: made[0].logged(results), wall=clock.wall)
        blobs, drafts = MemoryBlobs(wall=clock.wall), tempfile.TemporaryDirectory()
        more: dict[str, Any] = {
            "directory": directory,
            "log": log,
            "blobs": blobs,
            "pictures": ImagePool(blobs, MemoryBlobs(wall=clock.wall), Path(drafts.name)),
            "bus": bus,
            "clock": clock,
            "tasks": tasks,
            "key": bytes(32),
            "search": await FtsSearch.open(None),
        }
        owner = World(**more, placement=Alone(), ids=IdMaker(0))
        made.append(owner)
        entry = owner
        if worlds == 2:
            entry = World(**more, placement=Elsewhere(owner), ids=IdMaker(1))
        entry.receivers.append(lambda home, before, commit: told.append(commit))
        people = [
            User(id=i, username=name) for i, name in ((ANN, "ann"), (BOB, "bob"), (CAT, "cat"))
        ]
        denied = (
            overwrite(GUILD, deny=P.VIEW_CHANNEL),
            overwrite(MODS, allow=P.VIEW_CHANNEL),
        )
        await owner.save(
            [
                *people,
                Guild(id=GUILD, name="Den", owner_id=ANN),
                Role(id=GUILD, guild_id=GUILD, name="@everyone", permissions=EVERYONE),
                Role(
                    id=MODS,
                    guild_id=GUILD,
                    name="mods",
                    position=5,
                    permissions=P.MANAGE_CHANNELS | P.MANAGE_ROLES | P.MANAGE_MESSAGES,
                ),
                Channel(id=TEXT, guild_id=GUILD, type=ChannelType.GUILD_TEXT, name="text"),
                Channel(
                    id=HIDDEN,
                    guild_id=GUILD,
                    type=ChannelType.GUILD_TEXT,
                    name="hidden",
                    overwrites=denied,
                ),
                Member(guild_id=GUILD, user_id=ANN, joined_at_ms=1),
                Member(guild_id=GUILD, user_id=BOB, joined_at_ms=2),
                Member(guild_id=GUILD, user_id=CAT, joined_at_ms=3, roles=(MODS,)),
            ],
            home=GUILD,
        )
        await entry.home(GUILD)
        told.clear()
        house = cls(owner, entry, told, clock)
        house.drafts = drafts
        return house

    async def call(
        self,
        name: str,
        who: int,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        reason: str | None = None,
        uploads: Sequence[Upload] = (),
        **params: int | str,
    ) -> Any:
        """A call of a user's as a door makes it; the reply's value as JSON gives it."""
        operation = OPERATIONS[name]
        form = None
        if operation.body is not None:
            form = decode(operation.body, msgspec.json.encode(body or {}))
        asked = None
        if operation.query is not None:
            asked = decode_query(operation.query, query or {})
        kind = "bot" if who in self.bots else "user"
        principal = self.principals.get(who) or Principal(kind=kind, user_id=who)
        reply = await call(self.entry, operation, principal, params, form, asked, reason, uploads)
        await asyncio.sleep(0)
        return msgspec.json.decode(msgspec.json.encode(reply.value))

    async def refused(
        self, error: Error, name: str, who: int, body: Any = None, **more: Any
    ) -> Refused:
        """A call that is refused with `error` and of which nobody is told."""
        with pytest.raises(Refused) as caught:
            await self.call(name, who, body, **more)
        assert caught.value.error is error, caught.value.error
        assert self.told() == []
        return caught.value

    async def snapshot(self) -> Snapshot:
        """The guild as the entry has it, which must be as its owner has it."""
        own, copy = await self.owner.home(GUILD), await self.entry.home(GUILD)
        assert own.snapshot is not None
        assert copy.snapshot is not None
        assert own.n == copy.n
        nouns = ("guild", "channels", "roles", "members", "emojis", "stickers")
        voice = ("voice_states", "voice_channels", "stages", "calls")
        for name in (*nouns, *voice):
            assert getattr(own.snapshot, name) == getattr(copy.snapshot, name)
        return copy.snapshot

    def told(self) -> list[str]:
        """The names of the events told so far at the entry; forgets them."""
        names = [event.name for commit in self.commits for event in commit.tell]
        self.commits.clear()
        return names

    async def close(self) -> None:
        """Close the stores."""
        await self.owner.tasks.close()
        await self.owner.log.close()
        await self.owner.pictures.close()
        await self.owner.blobs.close()
        if self.drafts is not None:
            self.drafts.cleanup()
        if self.owner.search is not None:
            await self.owner.search.close()
        await self.owner.directory.close()


def overwrite(target: int, *, allow: int = 0, deny: int = 0) -> Overwrite:
    """A role's overwrite."""
    return Overwrite(target, 0, allow, deny)
