"""The commands of `hearth admin` about each noun: what scripts read, with and without a server."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.commands.operator import size
from tests.doors.conftest import Den
from tests.harness import PASSWORD, Server
from tests.pictures import data_uri, still


def run(data: Path, *words: str | int, stdin: str | None = None) -> tuple[int, str]:
    """The exit code and all that `hearth admin WORDS` says."""
    done = CliRunner().invoke(main, ["admin", "--data", str(data), *map(str, words)], input=stdin)
    return done.exit_code, done.output


def admin(data: Path, *words: str | int, stdin: str | None = None) -> dict[str, Any]:
    """The JSON that `hearth admin WORDS --json` prints; in words it says something too."""
    code, said = run(data, *words, "--json", stdin=stdin)
    assert code == 0, said
    assert len(said.splitlines()) == 1
    return json.loads(said)


def shown(data: Path, *words: str | int) -> str:
    """What a command that only looks says in words."""
    code, said = run(data, *words)
    assert code == 0, said
    return said


def refused(data: Path, *words: str | int) -> str:
    """The sentence with which a command ends."""
    code, said = run(data, *words)
    assert code == 1, said
    return said.splitlines()[-1].removeprefix("Error: ")


@pytest.fixture(params=["with a server", "without a server"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A data directory with ann, bob, cat, ann's guild Den and her bot; a server may run on it."""
    path = tmp_path / "data"
    server = Server(path).start()
    try:
        for name in ("ann", "bob", "cat"):
            server.operate("create_user", {"username": name, "password": PASSWORD})
        guild, _ = server.guild("Den", "ann")
        server.join(guild, "bob")
        server.bot("pinger", "ann", guild, 8)
        if request.param == "without a server":
            assert server.stop() == 0
        yield path
    finally:
        if server.process is not None:
            assert server.stop() == 0


def test_people(data: Path) -> None:
    users = admin(data, "user", "list")["users"]
    assert [(each["username"], each["state"]) for each in users] == [
        ("ann", "active"),
        ("bob", "active"),
        ("cat", "active"),
    ]
    assert users[0].keys() == {"id", "username", "state", "created_at"}
    rest = admin(data, "user", "list", "--after", users[0]["id"], "--limit", 1)["users"]
    assert [each["username"] for each in rest] == ["bob"]
    assert "bob active" in shown(data, "user", "list")
    ann = admin(data, "user", "show", "ann")
    assert ann["guilds"] == [{"id": ann["guilds"][0]["id"], "name": "Den", "owner": True}]
    assert (ann["bots"], ann["bot"], ann["mfa"], ann["sessions"]) == (["pinger"], False, False, 1)
    assert "owns Den" in shown(data, "user", "show", "ann")
    admin(data, "user", "disable", "cat")
    assert admin(data, "user", "show", "cat")["state"] == "suspended"
    assert refused(data, "user", "show", "nobody").startswith("There is no such user;")


def test_sessions(data: Path) -> None:
    admin(data, "user", "token", "bob")
    first, second = admin(data, "user", "sessions", "bob")["sessions"]
    assert first.keys() == {"id", "os", "platform", "created_at", "last_used_at"}
    assert first["id"] in shown(data, "user", "sessions", "bob")
    assert admin(data, "user", "logout", "bob", "--session", first["id"]) == {"ended": 1}
    assert admin(data, "user", "sessions", "bob")["sessions"] == [second]
    assert "no such session" in refused(data, "user", "logout", "bob", "--session", first["id"])
    assert admin(data, "user", "logout", "bob") == {"ended": 1}
    assert admin(data, "user", "sessions", "bob") == {"sessions": []}
    (bot,) = admin(data, "bot", "list")["bots"]
    assert (bot["username"], bot["owner"], bot["state"]) == ("pinger", "ann", "active")
    before = admin(data, "user", "sessions", "pinger")["sessions"]
    assert admin(data, "bot", "token", "pinger").keys() == {"token"}
    after = admin(data, "user", "sessions", "pinger")["sessions"]
    assert len(after) == 1
    assert after[0]["id"] != before[0]["id"]
    assert "pinger" in shown(data, "bot", "list")
    assert refused(data, "bot", "token", "ann")
    actions = [each["action"] for each in admin(data, "log")["entries"]]
    assert actions[:2] == ["reset_bot_token", "end_sessions"]
    assert "create_token" in actions


def test_guilds(data: Path) -> None:
    (den,) = admin(data, "guild", "list")["guilds"]
    assert (den["name"], den["members"], den["channels"]) == ("Den", 3, 4)
    assert (den["files"], den["file_bytes"]) == (0, 0)
    assert "Den: 3 members" in shown(data, "guild", "list")
    details = admin(data, "guild", "show", "Den")
    assert details["owner"] == "ann"
    assert {each["name"] for each in details["channel_list"]} >= {"general", "General"}
    told = shown(data, "guild", "show", den["id"])
    assert "of ann" in told
    assert " general (text)" in told
    members = admin(data, "guild", "members", "Den")["members"]
    assert [each["user"]["username"] for each in members] == ["ann", "bob", "pinger"]
    assert "bob since" in shown(data, "guild", "members", "Den", "--limit", 2)
    usage = {"id": den["id"], "name": "Den", "messages": 0, "message_bytes": 0}
    assert admin(data, "guild", "usage") == {"guilds": [{**usage, "files": 0, "file_bytes": 0}]}
    assert admin(data, "guild", "usage", "Den") == admin(data, "guild", "usage")
    assert admin(data, "guild", "transfer", "Den", "bob") == {"id": den["id"]}
    assert admin(data, "guild", "show", "Den")["owner"] == "bob"
    assert "are no member" in refused(data, "guild", "transfer", "Den", "cat")
    assert "bot" in refused(data, "guild", "transfer", "Den", "pinger")
    assert admin(data, "guild", "delete", "Den") == {"id": den["id"]}
    assert admin(data, "guild", "list") == {"guilds": []}
    assert refused(data, "guild", "delete", "Den").startswith("There is no such guild;")
    assert admin(data, "check") == {"faults": []}


def test_invites_roles_and_bans(data: Path) -> None:
    channel = next(
        each["id"]
        for each in admin(data, "guild", "show", "Den")["channel_list"]
        if each["name"] == "general"
    )
    code = admin(data, "invite", "create", channel, "--max-age", 0, "--max-uses", 3)["id"]
    (invite,) = admin(data, "invite", "list", "Den")["invites"]
    assert (invite["code"], invite["max_uses"], invite["expires_at"]) == (code, 3, None)
    assert code in shown(data, "invite", "list", "Den")
    assert admin(data, "invite", "delete", code) == {"id": code}
    assert refused(data, "invite", "delete", code).startswith("There is no such invite;")
    roles = admin(data, "role", "list", "Den")["roles"]
    assert {each["name"] for each in roles} == {"@everyone", "pinger"}
    assert "@everyone" in shown(data, "role", "list", "Den")
    assert refused(data, "role", "grant", "Den", "bob", "mods").startswith("There is no such role")
    assert "a bot's own" in refused(data, "role", "grant", "Den", "bob", "pinger")
    assert admin(data, "ban", "add", "Den", "bob", "--reason", "spam").keys() == {"id"}
    (ban,) = admin(data, "ban", "list", "Den")["bans"]
    assert (ban["user"]["username"], ban["reason"]) == ("bob", "spam")
    assert "bob: spam" in shown(data, "ban", "list", "Den")
    assert "permission" in refused(data, "ban", "add", "Den", "ann").lower()
    assert admin(data, "ban", "remove", "Den", "bob") == {"id": ban["user"]["id"]}
    assert refused(data, "ban", "remove", "Den", "bob") == "They are not banned from that guild."
    assert admin(data, "ban", "list", "Den") == {"bans": []}
    assert shown(data, "ban", "list", "Den") == "There are none.\n"


def test_stats(data: Path) -> None:
    stats = admin(data, "stats")
    assert stats.keys() == {"version", "totals", "messages", "search", "disk", "disk_free", "voice"}
    totals = {"users": 3, "bots": 1, "guilds": 1, "channels": 4, "members": 3, "files": 0}
    assert stats["totals"] == {**totals, "invites": 0, "bans": 0, "file_bytes": 0}
    assert stats["disk"].keys() == {"metadata", "messages", "search", "files", "cache", "other"}
    assert stats["disk"]["metadata"] > 0
    assert stats["search"].keys() == {"documents", "behind_s", "built"}
    assert {"guilds 1", "files 0 (0 bytes)"} <= set(shown(data, "stats").splitlines())


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (37_396_480, "37 MB"),
        (999_300_000, "999 MB"),
        (1_200_000_000_000, "1.2 TB"),
    ],
)
def test_bytes_as_people_read_them(count: int, text: str) -> None:
    assert size(count) == text


def test_what_is_for_good_is_asked_at_a_terminal(data: Path) -> None:
    """A person says yes or no; a script, or `--yes`, is taken at its word."""
    words = [sys.executable, "-m", "hearth", "admin", "--data", str(data), "guild", "delete", "Den"]
    here, there = pty.openpty()
    try:
        os.write(here, b"n\n")
        done = subprocess.run(words, stdin=there, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "Delete Den with all its channels and messages, for good? [y/N]" in done.stderr
        assert len(admin(data, "guild", "list")["guilds"]) == 1
        done = subprocess.run([*words, "--yes"], stdin=there, capture_output=True, check=False)
        assert done.returncode == 0
    finally:
        os.close(here)
        os.close(there)
    assert admin(data, "guild", "list") == {"guilds": []}
    assert admin(data, "user", "delete", "cat") == {}


async def test_what_is_told_of_it(den: Den) -> None:
    """Members and sessions hear of what the operator does, at once, as of what others do."""
    server, guild = den.server, den.guild
    made = await den.ann.post(f"/guilds/{guild}/roles", {"name": "mods", "permissions": "0"})
    bob = await den.bob.connect()
    server.operate("grant_role", {"guild": str(guild), "user": den.bob.name, "role": "mods"})
    assert (await bob.event("GUILD_MEMBER_UPDATE"))["roles"] == [made.body["id"]]
    server.operate("revoke_role", {"guild": str(guild), "user": den.bob.name, "role": "mods"})
    assert (await bob.event("GUILD_MEMBER_UPDATE"))["roles"] == []
    message = await den.say(den.ann, "hello")
    named = {"channel": str(den.channel), "message": message["id"]}
    value = server.operate("show_message", named)
    assert (value["private"], value["message"]["content"]) == (False, "hello")
    image = {"name": "kiln", "image": data_uri(still())}
    emoji = (await den.ann.post(f"/guilds/{guild}/emojis", image)).body
    assert (await bob.event("GUILD_EMOJIS_UPDATE"))["emojis"]
    assert shown(server.data, "emoji", "list", guild) == f"{emoji['id']} kiln by {den.ann.name}\n"
    assert admin(server.data, "emoji", "delete", guild, "kiln") == {"id": emoji["id"]}
    assert (await bob.event("GUILD_EMOJIS_UPDATE"))["emojis"] == []
    assert refused(server.data, "emoji", "delete", guild, "kiln").startswith(
        "There is no such emoji"
    )
    assert admin(server.data, "emoji", "list", guild) == {"emojis": []}
    form = aiohttp.FormData({"name": "kiln", "tags": "hot"}, default_to_multipart=True)
    form.add_field("file", still(), filename="a.png", content_type="image/png")
    sticker = (await den.ann.call("POST", f"/guilds/{guild}/stickers", data=form)).body
    assert "kiln" in shown(server.data, "sticker", "list", guild)
    assert (await bob.event("GUILD_STICKERS_UPDATE"))["stickers"]
    assert admin(server.data, "sticker", "delete", guild, "kiln") == {"id": sticker["id"]}
    assert (await bob.event("GUILD_STICKERS_UPDATE"))["stickers"] == []
    assert "no such sticker" in refused(server.data, "sticker", "delete", guild, sticker["id"])
    assert admin(server.data, "sticker", "list", guild) == {"stickers": []}
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("files[0]", b"plan", filename="plan.txt")
    sent = (await den.ann.call("POST", f"/channels/{den.channel}/messages", data=form)).body
    lines = shown(server.data, "messages", den.channel).splitlines()
    assert [(line.split()[0], line.split(": ")[-1]) for line in lines] == [
        (message["id"], "hello"),
        (sent["id"], "plan.txt"),
    ]
    usage = server.operate("measure_guild", {"guild": str(guild)})
    assert usage["messages"] == 2
    assert usage["message_bytes"] > len("hello")
    server.operate("delete_message_as_operator", named)
    assert (await bob.event("MESSAGE_DELETE"))["id"] == message["id"]
    log = (await den.ann.get(f"/guilds/{guild}/audit-logs")).body["audit_log_entries"]
    nobodys = [each["action_type"] for each in log if each["user_id"] is None]
    assert nobodys[:4] == [72, 92, 62, 25]
    server.operate("end_sessions", {"user": den.bob.name})
    assert await bob.closed() == 4004
    assert (await den.bob.get("/users/@me")).status == 401


async def test_a_private_message_is_read_and_deleted_in_the_open(den: Den) -> None:
    """The operator log has both; nobody's audit log, for a DM has none."""
    server = den.server
    made = await den.ann.post("/users/@me/channels", {"recipient_id": str(den.bob.id)})
    dm = made.body["id"]
    sent = (await den.ann.post(f"/channels/{dm}/messages", {"content": "in private"})).body
    named = {"channel": dm, "message": sent["id"]}
    value = server.operate("show_message", named)
    assert (value["private"], value["message"]["content"]) == (True, "in private")
    code, said = run(server.data, "message", "show", dm, sent["id"])
    assert (code, "private" in said.splitlines()[0]) == (0, True)
    assert run(server.data, "message", "delete", dm, sent["id"])[0] == 0
    assert (await den.ann.get(f"/channels/{dm}/messages")).body == []
    assert "no such message" in run(server.data, "message", "show", dm, sent["id"])[1]
    assert "no such channel" in run(server.data, "message", "delete", 5, 6)[1]
    entries = server.operate("read_operator_log", {"limit": 4})["entries"]
    assert [(each["action"], each["target"]) for each in entries] == [
        ("read_private_messages", dm),
        ("delete_message", dm),
        ("read_private_messages", dm),
        ("read_private_messages", dm),
    ]
