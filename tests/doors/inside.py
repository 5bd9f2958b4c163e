"""A gateway in this process: real Worlds, hubs and connections on transports of memory."""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from hearth.actions.all import MODULES
from hearth.actions.gate import call
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.ids import IdMaker
from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import Application, Token, User
from hearth.core.operations import OPERATIONS, Principal
from hearth.core.permissions import EVERYONE
from hearth.core.ports import Alone
from hearth.core.wire import decode
from hearth.edge.tasks import Tasks
from hearth.net.gateway.connection import Connection, Gateway
from hearth.net.gateway.session import Session
from hearth.store.bus_memory import MemoryBus
from hearth.store.directory import SqlDirectory
from hearth.store.images import ImagePool
from hearth.store.memory import MemoryBlobs, MemoryLog
from tests.actions.house import BytesBus, Elsewhere, StillClock

assert MODULES

ANN, BOB, CAT, BOT = 11, 12, 13, 21
DEN, TEXT, NEXT = 1000, 1001, 2000
FLAGS = 1 << 12 | 1 << 14 | 1 << 18
"""A bot with these may ask for every privileged intent."""

EVERY_INTENT = 0x3FFFFFF & ~(1 << 17 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23)
WAITING = ("acks",)
"""Tasks that only wait for their time."""


class Pipe(asyncio.Transport):
    """A transport that keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.held = 0
        self.reading = True
        self.closing = False
        self.protocol: Connection | None = None

    def write(self, data: Any) -> None:
        """Take what the server says."""
        assert not self.closing
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is held but what a test says."""

    def get_write_buffer_size(self) -> int:
        """What a test says."""
        return self.held

    def is_closing(self) -> bool:
        """Whether either end has closed."""
        return self.closing

    def pause_reading(self) -> None:
        """Hold what the client says."""
        assert not self.closing
        self.reading = False

    def resume_reading(self) -> None:
        """Take what the client says."""
        assert not self.closing
        self.reading = True

    def close(self) -> None:
        """Close; the protocol is told a step later unless something is held."""
        if not self.closing and not self.held:
            asyncio.get_running_loop().call_soon(self.lose)
        self.closing = True

    def abort(self) -> None:
        """Close at once."""
        self.closing = True
        asyncio.get_running_loop().call_soon(self.lose)

    def lose(self) -> None:
        """The connection is gone."""
        self.closing = True
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connection_lost(None)


class Client:
    """The other end of a Pipe: says payloads, and takes apart what it is told."""

    def __init__(self, gateway: Gateway, query: dict[str, str] | None = None) -> None:
        self.pipe = Pipe()
        self.told: list[tuple[int, str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self.code: int | None = None
        self.gateway = gateway
        self.connection = Connection(gateway, self.pipe, query or {}, "ws://here/gateway")
        self.pipe.protocol = self.connection

    def say(self, *payloads: tuple[int, Any]) -> None:
        """Send payloads in one piece."""
        texts = [msgspec.json.encode({"op": op, "d": d}) for op, d in payloads]
        self.connection.data_received(b"".join(map(masked, texts)))

    def goodbye(self, code: int) -> None:
        """Send a close frame."""
        self.connection.data_received(masked(code.to_bytes(2), 0x8))

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.pipe.lose()

    def take(self) -> list[tuple[str, Any]]:
        """The dispatches that came since the last time, as (t, d)."""
        data, start = self.pipe.written, 0
        news: list[tuple[str, Any]] = []
        while start < len(data):
            opcode, length = data[start] & 0x0F, data[start + 1]
            body = start + 2
            if length >= 126:
                body += 2 if length == 126 else 8
                length = int.from_bytes(data[start + 2 : body])
            start = body + length
            if opcode == 0x8:
                self.code = int.from_bytes(data[body : body + 2])
            elif opcode == 0x1:
                payload = msgspec.json.decode(data[body:start])
                if payload["op"] == 0:
                    self.told.append((payload["s"], payload["t"], payload["d"]))
                    news.append((payload["t"], payload["d"]))
                else:
                    self.others.append(payload)
        data.clear()
        return news

    def names(self) -> list[str]:
        """The names of the events that came since the last time."""
        return [t for t, _ in self.take()]

    def heard(self) -> list[str]:
        """As `names`, but for what one's own other sessions bring about as they come and go."""
        return [name for name in self.names() if name != "SESSIONS_REPLACE"]

    def ops(self) -> list[int]:
        """The opcodes of all else that came since the last time."""
        self.take()
        ops = [payload["op"] for payload in self.others]
        self.others.clear()
        return ops

    @property
    def session(self) -> Session:
        """The session of this connection."""
        assert self.connection.session is not None
        return self.connection.session

    @property
    def seq(self) -> int:
        """The last sequence that came."""
        return self.told[-1][0] if self.told else 0


def masked(payload: bytes, opcode: int = 0x1) -> bytes:
    """A client's frame, with a mask of zeros."""
    first = bytes((0x80 | opcode,))
    if len(payload) < 126:
        return first + bytes((0x80 | len(payload),)) + bytes(4) + payload
    return first + bytes((0x80 | 126,)) + len(payload).to_bytes(2) + bytes(4) + payload


class Inside:
    """One World with a gateway, or two of which the second follows the first; both have one."""

    def __init__(self, directory: SqlDirectory, worlds: int) -> None:
        self.directory = directory
        self.clock = StillClock()
        self.tasks = Tasks()
        self.bus: MemoryBus = BytesBus()
        self.log = MemoryLog(lambda results: self.worlds[0].logged(results), wall=self.clock.wall)
        blobs, self.drafts = MemoryBlobs(wall=self.clock.wall), tempfile.TemporaryDirectory()
        more: dict[str, Any] = {
            "directory": directory,
            "log": self.log,
            "blobs": blobs,
            "pictures": ImagePool(blobs, MemoryBlobs(), Path(self.drafts.name)),
            "bus": self.bus,
            "clock": self.clock,
            "tasks": self.tasks,
            "scale": 1000.0,
        }
        self.worlds = [World(**more, placement=Alone(), ids=IdMaker(0))]
        if worlds == 2:
            placement = Elsewhere(self.worlds[0])
            self.worlds.append(World(**more, placement=placement, ids=IdMaker(1)))
        self.gateways = [Gateway(world, scale=1000.0) for world in self.worlds]
        self.world, self.gateway = self.worlds[0], self.gateways[0]

    @classmethod
    async def build(cls, worlds: int = 1) -> "Inside":
        """Stores of its own, empty."""
        return cls(await SqlDirectory.open(None), worlds)

    async def close(self) -> None:
        """End all that runs, and the stores."""
        await self.stop()
        await self.directory.close()

    async def stop(self) -> None:
        """End all that runs."""
        await self.settle()
        await self.tasks.close()
        await self.log.close()
        await self.world.pictures.close()
        await self.world.blobs.close()
        self.drafts.cleanup()

    async def settle(self) -> None:
        """Wait until nothing is left to do."""
        calm = 0
        while calm < 3:
            work = [
                task
                for task in asyncio.all_tasks()
                if task is not asyncio.current_task() and task.get_name() not in WAITING
            ]
            calm = 0 if work else calm + 1
            await asyncio.sleep(0)

    async def person(self, user_id: int, *, bot: bool = False, flags: int = 0) -> str:
        """A user with a token, which is given; a bot has an application with `flags`."""
        nouns: list[Noun] = [User(id=user_id, username=f"user{user_id}", bot=bot)]
        if bot:
            application = Application(
                id=user_id, bot_id=user_id, owner_id=user_id, name="bot", flags=flags
            )
            nouns.append(application)
        await self.world.save([*nouns, token_of(user_id)])
        return f"token{user_id}"

    async def guild(
        self,
        guild_id: int,
        owner_id: int,
        members: Iterable[int] = (),
        nouns: Iterable[Noun] = (),
    ) -> None:
        """A guild with @everyone, a channel of the next id, and what is given."""
        await self.world.save(
            [
                Guild(id=guild_id, name="Den", owner_id=owner_id),
                Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=EVERYONE),
                Channel(
                    id=guild_id + 1, guild_id=guild_id, type=ChannelType.GUILD_TEXT, name="text"
                ),
                *(
                    Member(guild_id=guild_id, user_id=user_id, joined_at_ms=1)
                    for user_id in (owner_id, *members)
                ),
                *nouns,
            ],
            home=guild_id,
        )

    async def call(
        self,
        name: str,
        who: int | Principal,
        body: dict[str, Any] | None = None,
        **params: int,
    ) -> Any:
        """A call as a door makes it, at the last World; the reply's value."""
        operation = OPERATIONS[name]
        form = None
        if operation.body is not None:
            form = decode(operation.body, msgspec.json.encode(body or {}))
        if isinstance(who, int):
            who = Principal(kind="user", user_id=who, token=token_of(who).hash)
        return (await call(self.worlds[-1], operation, who, params, form)).value

    async def connect(
        self, token: str, *, gateway: int = 0, settle: bool = True, **identify: Any
    ) -> Client:
        """Connect and identify."""
        client = Client(self.gateways[gateway])
        client.say((2, {"token": token, "properties": {}, **identify}))
        if settle:
            await self.settle()
        return client

    async def resume(self, token: str, session_id: str, seq: int, *, gateway: int = 0) -> Client:
        """Connect and resume."""
        client = Client(self.gateways[gateway])
        client.say((6, {"token": token, "session_id": session_id, "seq": seq}))
        await self.settle()
        return client


def token_of(user_id: int) -> Token:
    """The row of a user's token."""
    digest = hashlib.sha256(f"token{user_id}".encode()).digest()
    return Token(hash=digest, user_id=user_id, created_at_ms=0)


class Gate:
    """Holds what asks `directory` for something, or the first that does, until it is opened."""

    def __init__(self, inside: Inside, name: str, *, first: bool = False) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()
        real = getattr(inside.directory, name)

        async def held(*args: Any) -> Any:
            value = await real(*args)
            if not first or not self.reached.is_set():
                self.reached.set()
                await self._open.wait()
            return value

        setattr(inside.directory, name, held)
        self.open = self._open.set


def presence_of(inside: Inside, user_id: int) -> str:
    """A user's status as the den knows it."""
    snapshot = inside.world.homes[DEN].snapshot
    assert snapshot is not None
    presence = snapshot.presences.get(user_id)
    return "offline" if presence is None else presence.status


def told_status(client: Client, user_id: int) -> list[str]:
    """What a client was told of a user's status since the last time."""
    return [
        d["status"]
        for t, d in client.take()
        if t == "PRESENCE_UPDATE" and d["user"]["id"] == str(user_id)
    ]


def sweep(inside: Inside, seconds: float = 16.0) -> None:
    """Let time pass, with a sweep each second."""
    for _ in range(int(seconds)):
        inside.clock.seconds += 1.0
        inside.gateway.sweep()
