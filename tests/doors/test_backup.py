"""Backup and restore, as an operator does them: the drill, and whatever may go wrong with it."""

import asyncio
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.command import hearth
from tests.harness import PASSWORD, Client, Server, until, until_yes

AT_ONCE = 3
BEFORE = 30
"""So many messages are acknowledged before the backup begins."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data", HEARTH_MEDIA_USER_BYTES_PER_HOUR=str(1 << 40)).start()
    yield running
    if running.process is not None:
        running.kill()


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Server]:
    """The server on what was restored; a test starts it."""
    other = Server(tmp_path / "again")
    yield other
    if other.process is not None:
        other.kill()


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[Client]:
    client = server.person("ann", PASSWORD)
    yield client
    await client.close()


def made(data: Path, *words: str | Path) -> dict[str, Any]:
    """The JSON of a command that must work."""
    done = hearth("admin", "--data", data, *words, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def refused(*words: str | Path, **env: str) -> str:
    """The sentence with which a command ends."""
    done = hearth("admin", *words, **env)
    assert (done.returncode, done.stdout) == (1, ""), done
    # What is logged before it is not the command's.
    said = done.stderr.splitlines()[-1]
    assert said.startswith("Error: "), done.stderr
    return said


def open_to_others(folder: Path) -> list[Path]:
    """What somebody but its owner may read."""
    return [each for each in (folder, *folder.rglob("*")) if each.stat().st_mode & 0o077]


async def send(ann: Client, channel: int, data: bytes | None) -> dict[str, Any]:
    path = f"/channels/{channel}/messages"
    if data is None:
        answer = await ann.post(path, {"content": "words only"})
    else:
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("files[0]", data, filename="f.bin")
        form.add_field("payload_json", json.dumps({"content": hashlib.sha256(data).hexdigest()}))
        answer = await ann.call("POST", path, data=form)
    assert answer.status == 200, answer.body
    return answer.body


async def history(ann: Client, channel: int) -> dict[str, dict[str, Any]]:
    """All messages of a channel by their ids."""
    found: dict[str, dict[str, Any]] = {}
    before: dict[str, str] = {}
    while messages := (
        await ann.get(f"/channels/{channel}/messages", params={"limit": "100", **before})
    ).body:
        before = {"before": messages[-1]["id"]}
        found |= {each["id"]: each for each in messages}
    return found


async def found_again(reader: Client, path: str) -> bool:
    """Whether there is an index, in which a search must find something."""
    answer = await reader.get(path)
    assert answer.status == 202 or answer.body["total_results"] >= 1
    return answer.status == 200


async def test_the_drill(server: Server, again: Server, ann: Client, tmp_path: Path) -> None:
    """Backup under load; restore elsewhere; all is there that was acknowledged before it began."""
    _, channel = server.guild("Den", "ann")
    answered: list[dict[str, Any]] = []
    over, enough = asyncio.Event(), asyncio.Event()

    async def go_on(chance: random.Random) -> None:
        while not over.is_set():
            data = (
                chance.randbytes(chance.randrange(100, 300_000)) if chance.random() < 0.5 else None
            )
            answered.append(await send(ann, channel, data))
            if len(answered) >= BEFORE:
                enough.set()

    work = [asyncio.create_task(go_on(random.Random(seed))) for seed in range(AT_ONCE)]
    await enough.wait()
    gone, kept = answered[0], answered[1]
    assert (await ann.delete(f"/channels/{channel}/messages/{gone['id']}")).status == 204
    before = answered[1:]
    backup = tmp_path / "backup"
    said = await asyncio.to_thread(made, server.data, "backup", backup)
    more = len(answered) + 5
    await until(lambda: len(answered) >= more)  # it goes on
    over.set()
    await asyncio.gather(*work)
    assert 0 < said["barrier_ms"] < 10_000
    assert said["lost"] == []
    assert said["counts"]["messages"] >= len(before)
    assert (said["counts"]["users"], said["counts"]["guilds"]) == (1, 1)
    assert not (tmp_path / "backup.part").exists()
    assert open_to_others(backup) == []

    restored = await asyncio.to_thread(made, again.data, "restore", backup)
    assert (restored["counts"], restored["left_out"]) == (said["counts"], [])
    checked = await asyncio.to_thread(hearth, "admin", "--data", again.data, "check")
    assert (checked.returncode, checked.stdout) == (0, "All is well.\n")
    await asyncio.to_thread(again.start)
    reader = Client(again, ann.id, ann.token, name="ann")  # the token goes on
    try:
        found = await history(reader, channel)
        assert gone["id"] not in found
        assert {each["id"] for each in before} <= found.keys()
        assert len(found) == said["counts"]["messages"]
        files = 0
        async with aiohttp.ClientSession() as http:
            for message in found.values():
                for file in message["attachments"]:
                    async with http.get(file["url"]) as got:
                        assert got.status == 200
                        assert hashlib.sha256(await got.read()).hexdigest() == message["content"]
                    files += 1
        assert files == said["counts"]["blobs"]
        after = await send(reader, channel, b"after the restore")
        assert int(after["id"]) > max(map(int, found))
        login = await reader.post("/auth/login", {"login": "ann", "password": PASSWORD})
        assert login.status == 200
        path = f"/channels/{channel}/messages/search?content={kept['content'].split()[0]}"
        async with asyncio.timeout(30):
            await until_yes(lambda: found_again(reader, path))  # the index is made anew
    finally:
        await reader.close()
    assert await asyncio.to_thread(again.stop) == 0


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup, made without a server, of one person and two files; not to be changed."""
    folder = tmp_path_factory.mktemp("backup")
    server = Server(folder / "data").start()
    try:
        server.person("ann")
        _, channel = server.guild("Den", "ann")

        async def fill() -> None:
            token = server.operate("create_token", {"user": "ann"})["token"]
            ann = Client(server, 0, token, name="ann")
            for data in (b"one", b"two" * 1000):
                await send(ann, channel, data)
            await ann.close()

        asyncio.run(fill())
    finally:
        assert server.stop() == 0
    (folder / "data" / "tls").mkdir()
    (folder / "data" / "tls" / "ca.pem").write_text("a certificate")
    said = made(folder / "data", "backup", folder / "backup")
    assert (said["counts"]["messages"], said["counts"]["blobs"]) == (2, 2)
    return folder / "backup"


def texts(path: Path) -> dict[str, bytes]:
    return {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*.*")}


def test_it_is_put_over_nothing(backup: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    made(data, "restore", backup)
    assert (data / "tls" / "ca.pem").read_text() == "a certificate"
    assert made(data, "check") == {"faults": []}
    full = texts(data)
    assert "not empty" in refused("--data", data, "restore", backup)
    assert texts(data) == full
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("dear ann")
    assert "not empty" in refused("restore", backup, "--data", mine)
    assert [path.name for path in mine.iterdir()] == ["letter"]
    assert "exists already" in refused("--data", data, "backup", mine)
    assert "no data" in refused("--data", tmp_path / "none", "backup", tmp_path / "b")
    assert "no backup" in refused("--data", tmp_path / "other", "restore", mine)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "mine"}


def test_it_is_put_under_no_server(server: Server, backup: Path) -> None:
    assert "running" in refused("--data", server.data, "restore", backup)


def test_a_directory_that_is_there_and_empty(backup: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    copy = tmp_path / "copy"
    shutil.copytree(backup, copy)
    (copy / "key").unlink()
    assert "key is missing" in refused("--data", data, "restore", copy)
    assert list(data.iterdir()) == []
    made(data, "restore", backup)
    assert made(data, "check") == {"faults": []}


def test_a_damaged_file_is_left_out_where_that_is_asked(backup: Path, tmp_path: Path) -> None:
    copy, data = tmp_path / "copy", tmp_path / "data"
    shutil.copytree(backup, copy)
    file = sorted(copy.glob("blobs/*/*/*"))[0]
    file.write_bytes(file.read_bytes()[:-1])
    said = refused("--data", data, "restore", copy)
    assert file.name in said
    assert "--without-damaged" in said
    assert not data.exists()
    assert made(data, "restore", copy, "--without-damaged")["left_out"] == [file.name]
    (fault,) = json.loads(hearth("admin", "--data", data, "--json", "check").stdout)["faults"]
    assert file.name in fault


def test_no_room(backup: Path, tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "target"
    much = {"HEARTH_STORAGE_RESERVE_BYTES": str(1 << 46)}
    assert "full" in refused("--data", data, "restore", backup, **much)
    assert not data.exists()
    made(data, "restore", backup)
    assert "room" in refused("--data", data, "backup", target, **much)
    # The system stops a file that grows too long as it does where a quota is used up.
    for words in (
        ("--data", tmp_path / "b", "restore", backup),
        ("--data", data, "backup", target),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "hearth", "admin", *map(str, words)],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1
        assert "full" in done.stderr or "room" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_a_restore_that_was_cut_starts_nothing(backup: Path, tmp_path: Path) -> None:
    """Killed at any moment there is all or a directory that is refused."""
    chance = random.Random()
    for i in range(3):
        data = tmp_path / f"data{i}"
        command = [sys.executable, "-m", "hearth", "admin", "--data", str(data)]
        with subprocess.Popen([*command, "restore", str(backup)], stdout=subprocess.DEVNULL) as run:
            # It has just begun, is in the midst of it, or has ended.
            while not data.exists() and run.poll() is None:
                pass
            try:
                run.wait(chance.random() * 0.05)
            except subprocess.TimeoutExpired:
                run.kill()
        if (data / "restore.part").exists():
            assert "cut short" in refused("--data", data, "check")
        elif (data / "metadata.db").exists():
            assert made(data, "check") == {"faults": []}
    (tmp_path / "broken" / "restore.part").mkdir(parents=True)
    assert "cut short" in refused("--data", tmp_path / "broken", "check")


def backing_up(server: Server, target: Path) -> "asyncio.Task[Any]":
    """A backup of a running server, under way."""
    return asyncio.create_task(
        asyncio.to_thread(hearth, "admin", "--data", server.data, "backup", target)
    )


async def test_a_backup_that_was_cut_is_none(server: Server, ann: Client, tmp_path: Path) -> None:
    _, channel = server.guild("Den", "ann")
    await send(ann, channel, os.urandom(900_000))
    chance = random.Random()
    for i in range(2):
        target = tmp_path / f"backup{i}"
        part = target.with_name(f"{target.name}.part")
        run = backing_up(server, target)
        await until(lambda part=part, run=run: part.exists() or run.done())
        # No synchronisation: the kill is to fall anywhere.
        await asyncio.sleep(chance.random() * 0.05)
        await asyncio.to_thread(server.kill)
        await run
        await asyncio.to_thread(server.start)
        if target.exists():
            await asyncio.to_thread(made, tmp_path / f"data{i}", "restore", target)
        else:
            assert not (part / "manifest.sha256").exists() or (part / "manifest.json").exists()
            # What is left of it is in nobody's way.
            await asyncio.to_thread(made, server.data, "backup", target)
            assert not part.exists()


async def test_the_server_ends_in_the_midst_of_a_backup(server: Server, ann: Client) -> None:
    """It does not wait for it, and nothing of it stays."""
    _, channel = server.guild("Den", "ann")
    for _ in range(5):
        await send(ann, channel, os.urandom(900_000))
    target = server.data.with_name("target")
    run = backing_up(server, target)
    part = target.with_name("target.part")
    await until(lambda: part.exists() or run.done())
    assert await asyncio.to_thread(server.stop) == 0
    done = await run
    assert not part.exists()
    assert (done.returncode == 0) is target.exists()
    assert await asyncio.to_thread(made, server.data, "check") == {"faults": []}


async def test_files_are_shared(server: Server, ann: Client, tmp_path: Path) -> None:
    """A file is not kept twice on one disk, and one that is gone already is named."""
    _, channel = server.guild("Den", "ann")
    digests: list[str] = []
    for _ in range(2):
        data = os.urandom(1000)
        await send(ann, channel, data)
        digests.append(hashlib.sha256(data).hexdigest())
    first, second = tmp_path / "first", tmp_path / "second"

    def place(folder: Path, name: str) -> Path:
        return folder / "blobs" / name[:2] / name[2:4] / name

    await asyncio.to_thread(made, server.data, "backup", first)
    assert all(place(first, name).samefile(place(server.data, name)) for name in digests)
    place(server.data, digests[0]).unlink()
    said = await asyncio.to_thread(made, server.data, "backup", second, "--previous", first)
    assert said["lost"] == [digests[0]]
    assert said["counts"]["blobs"] == 1
    assert (await asyncio.to_thread(made, tmp_path / "data2", "restore", second))["left_out"] == []
    (entry, *_) = (await asyncio.to_thread(made, server.data, "log"))["entries"]
    assert (entry["action"], entry["uid"]) == ("create_backup", os.getuid())
