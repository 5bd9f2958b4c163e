"""Exports of one's own data over the wire, by the command, and through kills."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import aiohttp

from tests.command import hearth
from tests.doors.conftest import Den
from tests.harness import Client, Server, until


async def finished(client: Client) -> Any:
    """The caller's export, once nothing more happens to it."""
    while True:
        answer = await client.get("/users/@me/harvest")
        if answer.status == 200 and answer.body["status"] != 0:
            return answer.body


async def fetch(server: Server, url: str, token: str) -> tuple[int, Any, bytes]:
    """What is at a path of the server's."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}{url}", headers={"Authorization": token}) as response,
    ):
        return response.status, response.headers, await response.read()


def messages(data: bytes | Path) -> list[str]:
    """The contents of an export's messages; all of the file is whole."""
    with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
        assert archive.testzip() is None
        lines = archive.read("messages.jsonl").decode().splitlines()
    return [json.loads(line)["content"] for line in lines]


def names(server: Server) -> list[str]:
    """The files of exports, sorted."""
    return sorted(path.name for path in (server.data / "exports").glob("*"))


async def test_a_person_fetches_their_data(den: Den) -> None:
    assert (await den.bob.get("/users/@me/harvest")).status == 204
    await den.say(den.bob, "mine ä")
    await den.say(den.ann, "not mine")
    answer = await den.bob.post("/users/@me/harvest")
    assert (answer.status, answer.body["user_id"]) == (200, str(den.bob.id))
    again = await den.bob.post("/users/@me/harvest")
    assert (again.status, again.headers["Via"]) == (429, "1.1 hearth")
    told = await finished(den.bob)
    url = told["download_url"]
    status, headers, data = await fetch(den.server, url, den.bob.token)
    assert (status, messages(data)) == (200, ["mine ä"])
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == f'attachment; filename="data-{told["harvest_id"]}.zip"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-RateLimit-Remaining"]
    # It is its person's alone.
    status, _, body = await fetch(den.server, url, den.ann.token)
    assert (status, json.loads(body)["code"]) == (404, 0)
    status, _, body = await fetch(den.server, url, "x")
    assert (status, json.loads(body)["code"]) == (401, 0)


async def test_the_command_writes_a_file(den: Den, tmp_path: Path) -> None:
    server, file = den.server, tmp_path / "bob.zip"
    await den.say(den.bob, "mine")

    def export(name: str) -> Any:
        return hearth("admin", "--data", server.data, "user", "export", name, file, "--json")

    before = names(server)
    done = await asyncio.to_thread(export, den.bob.name)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"file": str(file)}), done
    assert await asyncio.to_thread(messages, file) == ["mine"]
    assert names(server) == before
    # A file that is there stays as it is.
    done = await asyncio.to_thread(export, den.bob.name)
    assert (done.returncode, done.stderr) == (1, f"Error: {file} cannot be made: File exists.\n")
    await asyncio.to_thread(file.unlink)
    done = await asyncio.to_thread(export, "nobody")
    assert done.returncode == 1
    assert "There is no such user;" in done.stderr
    assert not await asyncio.to_thread(file.exists)
    log = server.operate("read_operator_log")["entries"][0]
    assert (log["action"], log["target"]) == ("export_user", str(den.bob.id))


async def test_the_command_needs_no_server(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    ann = server.person("ann")
    assert await asyncio.to_thread(server.stop) == 0
    words = "admin", "--data", server.data, "user", "export", "ann", tmp_path / "ann.zip"
    done = await asyncio.to_thread(hearth, *words)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert await asyncio.to_thread(messages, tmp_path / "ann.zip") == []
    await ann.close()


async def test_killed_in_the_middle_it_is_made_at_the_next_start(tmp_path: Path) -> None:
    """Whenever the kill comes, there is a whole file or none, and in the end a whole one."""
    server = Server(tmp_path / "data", scale=1_000_000.0).start()
    ann = server.person("ann")
    _, channel = server.guild("Den", "ann")
    texts = [f"{i} {'x' * 1000}" for i in range(400)]
    for text in texts:
        answer = await ann.post(f"/channels/{channel}/messages", {"content": text})
        assert answer.status == 200
    for _ in range(3):
        answer = await ann.post("/users/@me/harvest")
        while answer.status == 429:  # A day is a moment here.
            answer = await ann.post("/users/@me/harvest")
        assert answer.status == 200
        whole = f"{answer.body['harvest_id']}.zip"
        await until(lambda whole=whole: {whole, f"{whole}.new"} & {*names(server)})
        await asyncio.to_thread(server.kill)
        for name in names(server):
            if name.endswith(".zip"):
                assert len(messages(server.data / "exports" / name)) == len(texts)
        await asyncio.to_thread(server.start)
        told = await finished(ann)
        assert (told["harvest_id"], told["status"]) == (answer.body["harvest_id"], 3)
        assert names(server) == [whole]
        _, _, data = await fetch(server, told["download_url"], ann.token)
        assert messages(data) == texts
    await ann.close()
    assert await asyncio.to_thread(server.stop) == 0
