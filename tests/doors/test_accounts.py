"""Accounts over the wire: the first start, sessions and what closes with them, waits."""

import asyncio
import base64
import json
import math
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hearth.core.totp import PERIOD_S, code_at
from tests.command import hearth
from tests.doors.conftest import Den
from tests.harness import PASSWORD, Client, Gateway, Server

SECRET = b"12345678901234567890"
BASE32 = base64.b32encode(SECRET).decode()


@pytest.fixture
def password() -> str:
    """They log in."""
    return PASSWORD


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has used, with limits as they are."""
    server = Server(tmp_path / "data", scale=1.0).start()
    yield server
    if server.process is not None:
        assert server.stop() == 0


def anybody(server: Server) -> Client:
    return Client(server, 0, "", name="anybody")


async def session(server: Server, token: str) -> Gateway:
    """A gateway session of a token, after READY."""
    gateway = await Gateway.open(server)
    await gateway.send(2, {"token": token, "properties": {}})
    await gateway.event("READY")
    return gateway


async def test_the_first_start_says_how_to_make_the_first_account(fresh: Server) -> None:
    (link,) = re.findall(rf"{fresh.url}/#claim=([\w-]+)", fresh.log.read_text())
    client = anybody(fresh)
    body = {"username": "ann", "password": PASSWORD}
    assert (await client.post("/auth/register", body)).code == 20024
    made = await client.post("/auth/register", {**body, "claim": link})
    assert made.status == 200
    headers = {"Authorization": made.body["token"]}
    assert (await client.get("/users/@me", headers=headers)).body["username"] == "ann"
    body["username"] = "bob"
    assert (await client.post("/auth/register", {**body, "claim": link})).code == 50020
    # Once there is somebody, no start says it again.
    await client.close()
    assert await asyncio.to_thread(fresh.stop) == 0
    fresh.start()
    log = fresh.log.read_text()
    assert len(re.findall("#claim=", log)) == 1
    assert made.body["token"] not in log
    assert PASSWORD not in log


async def test_a_lost_claim_link_is_made_anew(fresh: Server) -> None:
    (first,) = re.findall(r"#claim=([\w-]+)", fresh.log.read_text())
    done = await asyncio.to_thread(hearth, "admin", "--data", fresh.data, "claim", "--json")
    address, _, link = json.loads(done.stdout)["link"].partition("/#claim=")
    assert address == fresh.url
    client = anybody(fresh)
    body = {"username": "ann", "password": PASSWORD}
    assert (await client.post("/auth/register", {**body, "claim": first})).code == 50020
    assert (await client.post("/auth/register", {**body, "claim": link})).status == 200
    await client.close()


def test_the_key_is_its_owners_alone(fresh: Server) -> None:
    key = fresh.data / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    before = key.read_bytes()
    fresh.stop()
    fresh.start()
    assert key.read_bytes() == before
    fresh.stop()
    key.write_bytes(b"short")
    done = hearth("admin", "--data", fresh.data, "check")
    assert done.returncode == 1
    assert "key" in done.stderr
    key.write_bytes(before)


async def test_an_invite_makes_an_account_and_joins(den: Den) -> None:
    invite = await den.ann.post(f"/channels/{den.channel}/invites", {})
    gateway = await den.ann.connect()
    properties = base64.b64encode(b'{"os": "Linux", "browser": "Hearth page"}').decode()
    client = anybody(den.server)
    den.clients.append(client)
    name = f"new{den.ann.name}"
    made = await client.post(
        "/auth/register",
        {"username": name, "password": PASSWORD, "invite": invite.body["code"]},
        headers={"X-Super-Properties": properties},
    )
    assert made.status == 200, made.body
    assert (await gateway.event("GUILD_MEMBER_ADD"))["user"]["username"] == name
    headers = {"Authorization": made.body["token"]}
    shown = (await client.get("/auth/sessions", headers=headers)).body["user_sessions"]
    assert [each["client_info"] for each in shown] == [
        {"os": "Linux", "platform": "Hearth page", "location": None}
    ]


async def test_the_right_sessions_close(den: Den) -> None:
    tokens = [
        (await den.ann.post("/auth/login", {"login": den.bob.name, "password": PASSWORD})).body[
            "token"
        ]
        for _ in range(2)
    ]
    kept, ended = [await session(den.server, token) for token in tokens]
    ready = next(d for _, t, d in ended.dispatches if t == "READY")
    headers = {"Authorization": tokens[0]}
    body = {"session_id_hashes": [ready["auth_session_id_hash"]]}
    answer = await den.bob.post("/auth/sessions/logout", body, headers=headers)
    assert answer.status == 204
    assert await ended.closed() == 4004
    # With a new password all others end; one's own goes on, and resumes with the new token.
    own = await den.bob.connect()
    change = {"password": PASSWORD, "new_password": "another horse"}
    changed = await den.bob.patch("/users/@me", change, headers=headers)
    assert changed.status == 200
    assert await own.closed() == 4004
    told = await kept.event("AUTH_SESSION_CHANGE")
    assert told["auth_session_id_hash"]
    assert (await den.bob.get("/users/@me", headers=headers)).status == 401
    await den.say(den.ann, "still here?")
    assert (await kept.event("MESSAGE_CREATE"))["content"] == "still here?"
    session_id = next(d for _, t, d in kept.dispatches if t == "READY")["session_id"]
    kept.cut()
    again = await Gateway.open(den.server)
    resume = {"token": changed.body["token"], "session_id": session_id, "seq": kept.seq}
    await again.send(6, resume)
    await again.event("RESUMED")
    for gateway in (kept, ended, again):
        await gateway.close()


async def test_a_second_factor_over_the_wire(den: Den) -> None:
    def code(away: int = 0) -> str:
        return code_at(SECRET, int(time.time()) // PERIOD_S + away)

    gateway = await den.ann.connect()
    body = {"password": PASSWORD, "secret": BASE32, "code": code()}
    enabled = await den.ann.post("/users/@me/mfa/totp/enable", body)
    assert enabled.status == 200, enabled.body
    assert (await gateway.event("USER_UPDATE"))["mfa_enabled"] is True
    login = {"login": den.ann.name, "password": PASSWORD}
    asked = (await den.bob.post("/auth/login", login)).body
    assert asked["mfa"] is True
    assert "token" not in asked
    # The next step's code is good already; the one that enabled it is not again.
    given = {"ticket": asked["ticket"], "code": code()}
    assert (await den.bob.post("/auth/mfa/totp", given)).code == 60008
    given["code"] = code(1)
    done = await den.bob.post("/auth/mfa/totp", given)
    assert done.status == 200, done.body
    given["code"] = enabled.body["backup_codes"][0]["code"]
    assert (await den.bob.post("/auth/mfa/backup", given)).status == 200
    assert (await den.bob.post("/auth/mfa/backup", given)).code == 60008
    log = den.server.log.read_text()
    for secret in (BASE32, done.body["token"], enabled.body["backup_codes"][1]["code"]):
        assert secret not in log


async def test_who_fails_waits_and_who_was_here_before_does_not(tmp_path: Path) -> None:
    """A proxy on this machine says where they are."""
    server = Server(tmp_path / "data", scale=1.0, HEARTH_HTTP_TRUSTED_PROXIES="127.0.0.1").start()
    ann = server.person("ann", PASSWORD)
    client = anybody(server)

    async def log_in(password: str, address: str) -> Any:
        headers = {"X-Forwarded-For": address}
        body = {"login": "ann", "password": password}
        return await client.post("/auth/login", body, headers=headers)

    assert (await log_in(PASSWORD, "192.0.2.1")).status == 200
    answers = [await log_in("wrong horse", f"198.51.100.{i}") for i in range(5)]
    assert [answer.status for answer in answers] == [400] * 5
    # Each wait is twice the one before; until one is longer than what follows may take.
    longest, last = 1, answers[-1]
    while last.status == 400 or last.body["retry_after"] < 3:
        if last.status == 429:
            await asyncio.sleep(last.body["retry_after"])
        last = await log_in("wrong horse", "198.51.100.9")
        if last.status == 400:
            longest *= 2
        else:
            assert 0 < last.body["retry_after"] <= longest
    assert last.body["message"] == "You are being rate limited."
    assert last.headers["Retry-After"] == str(math.ceil(last.body["retry_after"]))
    assert last.headers["Via"]
    assert (await log_in(PASSWORD, "203.0.113.1")).status == 429
    assert (await log_in(PASSWORD, "192.0.2.1")).status == 200

    async def resolve(address: str) -> Any:
        """Where an invite leads, asked without a token."""
        return await client.get("/invites/nowhere", headers={"X-Forwarded-For": address})

    answers = [await resolve("198.51.100.1") for _ in range(51)]
    assert [answer.status for answer in answers] == [404] * 50 + [429]
    assert answers[0].headers["X-RateLimit-Remaining"] == "49"
    assert (await resolve("198.51.100.2")).status == 404
    await client.close()
    await ann.close()
    assert await asyncio.to_thread(server.stop) == 0
    assert "192.0.2.1" not in server.log.read_text()
    assert b"192.0.2.1" not in (server.data / "metadata.db").read_bytes()


async def test_the_operator_resets_disables_and_deletes(den: Den) -> None:
    gateway = await den.bob.connect()

    async def admin(*words: str) -> Any:
        done = await asyncio.to_thread(
            hearth, "admin", "--data", den.server.data, "user", *words, "--json"
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout)

    link = (await admin("reset", den.bob.name))["link"].partition("#reset=")[2]
    body = {"token": link, "password": "another horse"}
    token = (await den.ann.post("/auth/reset", body)).body["token"]
    assert await gateway.closed() == 4004
    again = await session(den.server, token)
    assert await admin("disable", den.bob.name) == {}
    assert await again.closed() == 4004
    login = {"login": den.bob.name, "password": "another horse"}
    assert (await den.ann.post("/auth/login", login)).code == 20013
    assert await admin("enable", den.bob.name) == {}
    assert (await den.ann.post("/auth/login", login)).status == 200
    watching = await den.ann.connect()
    assert await admin("delete", den.bob.name) == {}
    assert (await watching.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(den.bob.id)
    assert (await den.ann.post("/auth/login", login)).code == 50035
    await again.close()
