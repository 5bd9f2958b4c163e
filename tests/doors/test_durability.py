"""Kill -9 under load: what was acknowledged is there exactly once, whatever was under way."""

import asyncio
import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import lmdb
import msgspec
import pytest

import hearth.server
from hearth.actions.gate import call
from hearth.config import Config
from hearth.config import Server as ServerConfig
from hearth.core.models.messages import MessageCreate
from hearth.core.operations import OPERATIONS, OPERATOR, Principal
from tests.command import hearth as command
from tests.harness import Client, Server

SOAK = os.environ.get("HEARTH_SOAK") == "1"
ROUNDS = 1000 if SOAK else 25
SEED = int(os.environ.get("HEARTH_SEED", "20150101"))
POSTERS = 3
AT_ONCE = 6
"""Requests that each poster has under way."""

MOST_ACKS = 150
"""The kill comes after a number of acknowledgements up to this."""


@dataclass
class Ledger:
    """What the posters sent and what they were told."""

    acked: dict[str, int] = field(default_factory=dict)
    """The id that each nonce was acknowledged with."""
    unacked: dict[str, Client] = field(default_factory=dict)
    """Who sent each nonce that was not acknowledged."""
    deleted: set[int] = field(default_factory=set)
    """Ids whose delete was acknowledged."""
    deleting: set[int] = field(default_factory=set)
    """Ids whose delete was sent, and not acknowledged."""
    known: int = 0
    """How many acknowledgements there were."""


class Load:
    """Posters that write and delete without pause until the server is gone."""

    def __init__(self, server: Server, channel: int, posters: list[Client], ledger: Ledger) -> None:
        self.server = server
        self.path = f"/channels/{channel}/messages"
        self.posters = posters
        self.ledger = ledger
        self.enough = asyncio.Event()
        self.wanted = 0
        self._nonces = 0

    async def run_until_killed(self, acks: int, after_ms: float) -> None:
        """Load the server, kill it `after_ms` after as many acknowledgements."""
        self.wanted = self.ledger.known + acks
        self.enough.clear()
        work = [
            asyncio.create_task(self._post(poster))
            for poster in self.posters
            for _ in range(AT_ONCE)
        ]
        await asyncio.wait_for(self.enough.wait(), 20)
        # No synchronisation: the kill is to fall anywhere between two answers.
        await asyncio.sleep(after_ms / 1000)
        await asyncio.to_thread(self.server.kill)
        await asyncio.gather(*work)

    async def _post(self, poster: Client) -> None:
        """One request after the other, each fourth followed by its delete."""
        ledger = self.ledger
        while True:
            self._nonces += 1
            nonce = f"{self._nonces}"
            ledger.unacked[nonce] = poster
            try:
                await self.send(poster, nonce)
                if self._nonces % 4 == 0:
                    await self.delete(poster, ledger.acked[nonce])
            except aiohttp.ClientError:
                return

    async def send(self, poster: Client, nonce: str) -> None:
        """Send a message under its nonce and note the acknowledgement."""
        body = {"content": f"said {nonce}", "nonce": nonce, "enforce_nonce": True}
        answer = await poster.post(self.path, body)
        assert answer.status == 200, answer.body
        assert answer.body["nonce"] == nonce
        self.ledger.acked[nonce] = int(answer.body["id"])
        del self.ledger.unacked[nonce]
        self.ledger.known += 1
        if self.ledger.known >= self.wanted:
            self.enough.set()

    async def delete(self, poster: Client, message_id: int) -> None:
        """Delete a message and note the acknowledgement."""
        self.ledger.deleting.add(message_id)
        answer = await poster.delete(f"{self.path}/{message_id}")
        assert answer.status in (204, 404), answer.body
        self.ledger.deleting.discard(message_id)
        self.ledger.deleted.add(message_id)

    async def go_on(self) -> None:
        """What a client does when the server is back: send again what was not acknowledged."""
        ledger = self.ledger
        await asyncio.gather(*(self.send(who, nonce) for nonce, who in [*ledger.unacked.items()]))
        await asyncio.gather(*(self.delete(self.posters[0], i) for i in [*ledger.deleting]))

    async def history(self, after: int) -> list[dict[str, Any]]:
        """Every message after an id, oldest first, as REST shows it."""
        found: list[dict[str, Any]] = []
        while True:
            answer = await self.posters[0].get(f"{self.path}?limit=100&after={after}")
            assert answer.status == 200, answer.body
            if not answer.body:
                return found
            found += reversed(answer.body)
            after = int(found[-1]["id"])


def _differences(ledger: Ledger, history: list[dict[str, Any]]) -> list[str]:
    """How the history differs from what was acknowledged."""
    wanted = {i: f"said {nonce}" for nonce, i in ledger.acked.items() if i not in ledger.deleted}
    shown = {int(message["id"]): message["content"] for message in history}
    wrong = [f"lost {i}: {text}" for i, text in wanted.items() if shown.get(i) != text]
    wrong += [f"never said, or deleted: {i}: {shown[i]}" for i in shown.keys() - wanted.keys()]
    said = Counter(message["content"] for message in history)
    wrong += [f"{n} times: {text}" for text, n in said.items() if n > 1]
    if [int(message["id"]) for message in history] != sorted(shown):
        wrong.append("the history is not in the order of its ids")
    return wrong


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill and start again."""
    running = Server(tmp_path / "data").start()
    yield running
    if running.process is not None:
        assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


House = tuple[int, list[Client]]


@pytest.fixture
async def house(server: Server) -> AsyncIterator[House]:
    """A guild's channel and its posters; the first owns the guild."""
    posters = [server.person(f"poster{i}") for i in range(POSTERS)]
    guild, channel = server.guild("Den", posters[0].name)
    for poster in posters[1:]:
        server.join(guild, poster.name)
    yield channel, posters
    for poster in posters:
        await poster.close()


@pytest.mark.timeout(36_000 if SOAK else 300)
async def test_kill_under_load(server: Server, house: House) -> None:
    """Each round: load, kill -9, restart, send again; then history and ledger agree."""
    chance = random.Random(SEED)
    channel, posters = house
    ledger = Ledger()
    load = Load(server, channel, posters, ledger)
    checked_by_command = {0, ROUNDS // 2, ROUNDS - 1}
    for number in range(ROUNDS):
        before = max(ledger.acked.values(), default=0)
        known = {**ledger.acked}
        await load.run_until_killed(chance.randint(1, MOST_ACKS), chance.uniform(0, 4))
        if number in checked_by_command:
            done = await asyncio.to_thread(command, "admin", "--data", server.data, "check")
            assert (done.returncode, done.stderr) == (0, ""), done
        await asyncio.to_thread(server.start)
        await load.go_on()
        new = Ledger(
            acked={nonce: i for nonce, i in ledger.acked.items() if nonce not in known},
            deleted=ledger.deleted,
        )
        wrong = _differences(new, await load.history(before))
        assert wrong == [], f"seed {SEED}, round {number}"
        checked = await asyncio.to_thread(server.operate, "check_storage")
        assert checked["faults"] == [], f"seed {SEED}, round {number}"
    # All rounds together, from the first message on.
    assert _differences(ledger, await load.history(0)) == []
    assert ledger.known >= ROUNDS


async def test_a_nonce_finds_its_message_after_every_restart(server: Server, house: House) -> None:
    channel, (ann, bob, _) = house
    path = f"/channels/{channel}/messages"
    body = {"content": "once", "nonce": "n", "enforce_nonce": True}
    first = (await ann.post(path, body)).body
    for end in (server.stop, server.kill):
        await asyncio.to_thread(end)
        await asyncio.to_thread(server.start)
        again = await ann.post(path, {**body, "content": "changed on the way"})
        assert (again.status, again.body["id"], again.body["content"]) == (200, first["id"], "once")
    # It is the poster's own, it is asked for, and it is not told to others again.
    assert (await bob.post(path, body)).body["id"] != first["id"]
    assert (await ann.post(path, {"content": "twice", "nonce": "n"})).body["id"] != first["id"]
    assert len((await ann.get(path)).body) == 3


async def test_one_nonce_many_times_at_once(server: Server, house: House) -> None:
    """Resends that overtake each other make one message, told once."""
    channel, (ann, bob, cat) = house
    # Mentions of people who are not in memory: the verb waits for SQL on its way.
    people = [server.person(f"guest{i}") for i in range(4)]
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    gateway = await bob.connect()
    content = "hello " + " ".join(f"<@{person.id}>" for person in people)
    path = f"/channels/{channel}/messages"
    body = {"content": content, "nonce": "n", "enforce_nonce": True}
    answers = await asyncio.gather(*(ann.post(path, body) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["id"] for answer in answers}) == 1
    await cat.post(path, {"content": "after"})
    while (await gateway.event("MESSAGE_CREATE"))["content"] != "after":
        pass
    said = [d["content"] for _, name, d in gateway.dispatches if name == "MESSAGE_CREATE"]
    assert said == [content, "after"]


class _Clock:
    """A clock that the test sets."""

    seconds = 0.0

    def now(self) -> float:
        """Monotonic seconds."""
        return self.seconds

    def wall(self) -> float:
        """Epoch seconds."""
        return 1_800_000_000.0 + self.seconds


async def test_a_nonce_is_kept_for_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through restarts, on a clock of the test's own; then the nonce is free again."""
    clock = _Clock()
    monkeypatch.setattr(hearth.server, "Clock", lambda: clock)
    config = Config(server=ServerConfig(data=tmp_path / "data"))
    who = channel = 0
    ids: list[int] = []
    for seconds in (0.0, 599.0, 601.0):
        clock.seconds = seconds
        async with hearth.server.opened(config) as world:
            if not who:

                async def operate(name: str, body: Any, world: Any = world) -> Any:
                    operation = OPERATIONS[name]
                    form = msgspec.convert(body, operation.body)
                    return (await call(world, operation, OPERATOR, {}, form)).value

                who = int(
                    (await operate("create_user", {"username": "ann", "password": "x" * 8})).id
                )
                made = await operate("create_guild", {"name": "Den", "owner": "ann"})
                channel = next(int(one.id) for one in made.channels if one.type == 0)
            reply = await call(
                world,
                OPERATIONS["create_message"],
                Principal(kind="user", user_id=who),
                {"channel_id": channel},
                MessageCreate(content="hello", nonce="n", enforce_nonce=True),
            )
            ids.append(int(reply.value.id))
    assert ids[0] == ids[1] != ids[2]


# What `hearth admin check` finds


@pytest.fixture
async def stopped(server: Server, house: House) -> tuple[Server, int, int]:
    """A server that was stopped with a guild and one message: it, the channel, the message."""
    channel, (ann, *_) = house
    message = await ann.post(f"/channels/{channel}/messages", {"content": "hello"})
    await asyncio.to_thread(server.stop)
    return server, channel, int(message.body["id"])


def _check(data: Path) -> tuple[int, str]:
    done = command("admin", "--data", data, "check")
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


async def test_check_names_a_damaged_record(stopped: tuple[Server, int, int], house: House) -> None:
    ann = house[1][0]
    server, channel, message = stopped
    assert _check(server.data) == (0, "All is well.\n")
    key = channel.to_bytes(8) + message.to_bytes(8)
    with lmdb.open(str(server.data / "messages"), max_dbs=8) as env:
        table = env.open_db(b"messages")
        with env.begin(write=True) as txn:
            value = txn.get(key, db=table)
            txn.put(key, value[: len(value) // 2], db=table)
    code, text = _check(server.data)
    assert code == 1
    assert f"Message {message} of channel {channel} cannot be read" in text
    # The server is not kept from its work by it: the page without it is shown, new ones come.
    await asyncio.to_thread(server.start)
    path = f"/channels/{channel}/messages"
    new = (await ann.post(path, {"content": "new"})).body["id"]
    assert [one["id"] for one in (await ann.get(path)).body] == [new]
    assert (await ann.get(f"{path}/{message}")).code == 10008


def test_check_names_a_lost_record(stopped: tuple[Server, int, int]) -> None:
    server, channel, message = stopped
    with lmdb.open(str(server.data / "messages"), max_dbs=8) as env:
        table = env.open_db(b"messages")
        with env.begin(write=True) as txn:
            assert txn.delete(channel.to_bytes(8) + message.to_bytes(8), db=table)
    code, text = _check(server.data)
    assert code == 1
    assert f"Message {message} of channel {channel} is lost" in text


def test_check_names_a_damaged_row(stopped: tuple[Server, int, int]) -> None:
    server, channel, _ = stopped
    with sqlite3.connect(server.data / "metadata.db") as connection:
        connection.execute("UPDATE channels SET overwrites = '[{' WHERE id = ?", (channel,))
    connection.close()
    done = command("admin", "--data", server.data, "check", "--json")
    assert done.returncode == 1
    faults = msgspec.json.decode(done.stdout)["faults"]
    assert any("channels" in fault and str(channel) in fault for fault in faults), faults


@pytest.mark.parametrize("file", ["metadata.db", "messages/data.mdb"])
def test_check_names_a_destroyed_file(stopped: tuple[Server, int, int], file: str) -> None:
    server, _, _ = stopped
    for name in (f"{file}-wal", f"{file}-shm"):
        (server.data / name).unlink(missing_ok=True)
    (server.data / file).write_bytes(b"not what it was\n" * 4096)
    code, text = _check(server.data)
    assert code == 1
    assert Path(file).name.split(".")[0] in text or file.split("/")[0] in text, text
    started = command("serve", "--data", server.data, "--listen", "127.0.0.1:0")
    assert started.returncode == 1
    assert "Traceback" not in started.stderr
    assert len(started.stderr.splitlines()) == 1, started.stderr
    shutil.rmtree(server.data)
