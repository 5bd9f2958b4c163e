"""The command line as scripts rely on it: output and exit codes, with and without a server."""

import asyncio
import json
import os
import signal
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from hearth import __version__
from tests.command import hearth
from tests.doors.conftest import Den
from tests.harness import PASSWORD, Client, Server


def admin(data: Path, *words: str | int, stdin: str = "") -> dict[str, Any]:
    """The JSON that `hearth admin WORDS --json` prints."""
    done = hearth("admin", "--data", data, *map(str, words), "--json", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert len(done.stdout.splitlines()) == 1
    return json.loads(done.stdout)


def refused(data: Path, *words: str | int, stdin: str = "") -> str:
    """The sentence with which `hearth admin WORDS` ends."""
    done = hearth("admin", "--data", data, *map(str, words), stdin=stdin)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    return done.stderr.strip().removeprefix("Error: ")


@pytest.fixture(params=["with a server", "without a server"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A data directory; a server may run on it."""
    path = tmp_path / "data"
    if request.param == "without a server":
        yield path
        return
    server = Server(path).start()
    yield path
    assert server.stop() == 0


def test_what_scripts_read(data: Path) -> None:
    ann = admin(data, "user", "create", "ann", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert ann.keys() == {"id", "username", "token"}
    assert ann["username"] == "ann"
    bob = admin(data, "user", "create", "bob", "--password-stdin", stdin=PASSWORD)
    eve = admin(data, "user", "create", "eve", "--link")
    assert eve.keys() == {"id", "username", "token", "link"}
    assert admin(data, "user", "token", "bob").keys() == {"token"}
    assert admin(data, "user", "token", bob["id"])["token"].startswith(bob["token"][:8])
    guild = admin(data, "guild", "create", "Den", "--owner", "ann")
    assert guild.keys() == {"id", "channels"}
    assert all(channel.keys() == {"id", "name", "type"} for channel in guild["channels"])
    assert {("general", 0), ("General", 2)} <= {(c["name"], c["type"]) for c in guild["channels"]}
    assert admin(data, "guild", "join", "Den", "bob") == {}
    assert admin(data, "guild", "join", guild["id"], bob["id"]) == {}  # once more changes nothing
    words = ("--owner", ann["id"], "--guild", "Den", "--permissions", 8)
    bot = admin(data, "bot", "create", "Pinger", *words)
    assert bot.keys() == {"application_id", "user_id", "token"}
    why = admin(data, "why", "bob", "general", "SEND_MESSAGES")
    assert why["allowed"] is True
    assert all(isinstance(line, str) for line in why["because"])
    assert admin(data, "check") == {"faults": []}


def test_what_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    admin(data, "user", "create", "ann", "--password-stdin", stdin=PASSWORD)
    taken = refused(data, "user", "create", "ann", "--password-stdin", stdin=PASSWORD)
    assert "username" in taken
    assert "unavailable" in taken
    assert "password" in refused(data, "user", "create", "bob", "--password-stdin", stdin="short")
    assert refused(data, "user", "token", "nobody").startswith("There is no such user;")
    assert refused(data, "guild", "join", "Nowhere", "ann").startswith("There is no such guild;")
    ids = [admin(data, "guild", "create", "Den", "--owner", "ann")["id"] for _ in range(2)]
    ambiguous = refused(data, "guild", "join", "Den", "ann")
    assert all(guild_id in ambiguous for guild_id in ids)
    assert admin(data, "guild", "join", ids[1], "ann") == {}
    assert "channel" in refused(data, "why", "ann", "general", "SEND_MESSAGES")
    assert "FLY" in refused(data, "why", "ann", "general", "FLY")


async def test_why_prints_the_chain(den: Den) -> None:
    answer = await den.ann.put(
        f"/channels/{den.channel}/permissions/{den.bob.id}",
        {"type": 1, "deny": str(1 << 11), "allow": "0"},
    )
    assert answer.status == 204
    words = (den.bob.name, str(den.channel), "SEND_MESSAGES")
    done = await asyncio.to_thread(hearth, "admin", "--data", den.server.data, "why", *words)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) >= 2
    assert "SEND_MESSAGES" in done.stdout
    assert "overwrite" in done.stdout
    why = await asyncio.to_thread(admin, den.server.data, "why", *words)
    assert (why["allowed"], why["because"]) == (False, lines)


async def test_what_the_operator_does_is_told_at_once(den: Den) -> None:
    cat = den.person("cat")
    gateway = await cat.connect()
    run, data = asyncio.to_thread, den.server.data
    await run(admin, data, "guild", "join", den.guild, cat.name)
    assert (await gateway.event("GUILD_CREATE"))["id"] == str(den.guild)
    made = await run(
        admin, data, "bot", "create", f"bot-of-{cat.name}", "--owner", den.ann.name,
        "--guild", den.guild, "--permissions", 1 << 11,
    )  # fmt: skip
    bot = Client(den.server, int(made["user_id"]), made["token"], name="bot", bot=True)
    den.clients.append(bot)
    assert (await den.say(bot, "pong"))["author"]["bot"] is True
    token = (await run(admin, data, "user", "token", den.ann.id))["token"]
    again = Client(den.server, den.ann.id, token, name="ann")
    den.clients.append(again)
    assert (await again.get("/users/@me")).body["id"] == str(den.ann.id)
    # Tokens are shown to who asked, and to nobody who reads the log.
    log = den.server.log.read_text()
    assert token not in log
    assert made["token"] not in log


def test_the_socket_is_the_operators(server: Server) -> None:
    socket = server.data / "admin.sock"
    assert stat.S_ISSOCK(socket.stat().st_mode)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_it_ends_in_order(tmp_path: Path) -> None:
    """Both signals; nothing on standard output but the ready line; the socket goes with it."""
    server = Server(tmp_path / "data")
    for number in (signal.SIGTERM, signal.SIGINT):
        server.start()
        process = server.process
        assert process is not None
        assert process.stdout is not None
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == ""
        process.stdout.close()
        server.process = None
        assert not (server.data / "admin.sock").exists()


async def test_it_ends_within_ten_seconds_with_clients(tmp_path: Path) -> None:
    """Gateway clients are asked to reconnect; half a request does not hold it up."""
    server = Server(tmp_path / "data").start()
    ann = server.person("ann")
    guild, _ = server.guild("Den", "ann")
    bot = server.bot("pinger", "ann", guild)
    gateways = [await ann.connect(), await bot.connect()]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99\r\n\r\n{"
    )
    await writer.drain()
    idle_reader, idle = await asyncio.open_connection("127.0.0.1", server.port)
    start = time.monotonic()
    assert await asyncio.to_thread(server.stop) == 0
    assert time.monotonic() - start < 10
    for gateway in gateways:
        assert (await gateway.other(7))["op"] == 7
        assert await gateway.closed() not in (1000, 1001)  # these would end the session
    for stream in (reader, idle_reader):
        await asyncio.wait_for(stream.read(), 5)
    for stream in (writer, idle):
        stream.close()
    # What only looks leaves the sessions; what changes something has them identify anew.
    sessions = server.data / "sessions"
    assert sessions.exists()
    await asyncio.to_thread(admin, server.data, "check")
    assert sessions.exists()
    await asyncio.to_thread(admin, server.data, "guild", "create", "Other", "--owner", "ann")
    assert not sessions.exists()
    await ann.close()
    await bot.close()


def test_after_a_kill_the_data_is_open(tmp_path: Path) -> None:
    """A socket that a killed server left behind is nobody's."""
    server = Server(tmp_path / "data").start()
    server.person("ann")
    server.kill()
    assert (server.data / "admin.sock").exists()
    assert admin(server.data, "user", "token", "ann").keys() == {"token"}
    assert admin(server.data, "check") == {"faults": []}


def test_data_of_the_environment_and_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "hearth.toml"
    file.write_text(f"[server]\ndata = '{tmp_path / 'file'}'\n")
    words = ("user", "create", "ann", "--password-stdin", "--json")
    assert hearth("admin", "--config", file, *words, stdin=PASSWORD).returncode == 0
    variable = {"HEARTH_SERVER_DATA": str(tmp_path / "environment")}
    assert hearth("admin", "--config", file, *words, stdin=PASSWORD, **variable).returncode == 0
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"file", "environment"}


def test_help_and_version() -> None:
    assert hearth("--version").stdout.strip().endswith(__version__)
    said = hearth("--help")
    assert said.returncode == 0
    assert "serve" in said.stdout
    assert "admin" in said.stdout
    assert hearth("admin", "user", "fly").returncode == 2


async def test_who_reads_messages_is_written_down(den: Den) -> None:
    data = den.server.data
    await den.say(den.ann, "in public")
    made = await den.ann.post("/users/@me/channels", {"recipient_id": str(den.bob.id)})
    dm = made.body["id"]
    await den.ann.post(f"/channels/{dm}/messages", {"content": "in private"})

    def look() -> None:
        public = admin(data, "messages", den.channel)
        assert public["private"] is False
        assert [one["content"] for one in public["messages"]] == ["in public"]
        private = admin(data, "messages", dm, "--limit", 1)
        assert private["private"] is True
        assert [(one["author"], one["content"]) for one in private["messages"]] == [
            (den.ann.name, "in private")
        ]
        assert refused(data, "messages", "5").startswith("There is no such channel;")
        shown = hearth("admin", "--data", data, "messages", dm).stdout
        assert "private" in shown.splitlines()[0]
        looks = admin(data, "log", "--limit", 3)["entries"]
        assert [(one["action"], one["target"]) for one in looks] == [
            ("read_private_messages", dm),
            ("read_private_messages", dm),
            ("read_messages", str(den.channel)),
        ]
        assert {one["uid"] for one in looks} == {os.getuid()}
        # Nobody says that they are somebody else.
        den.server.operate("read_messages", {"channel": dm}, uid=12345)
        (newest,) = admin(data, "log", "--limit", 1)["entries"]
        assert newest["uid"] == os.getuid()

    await asyncio.to_thread(look)
