"""The gateway over the wire: how sessions begin, go on, end, and what they may ask."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import EVERY_INTENT, Client, Gateway, Server

GUILDS, MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8
ZLIB = "?v=10&encoding=json&compress=zlib-stream"
PLAIN = "?v=10&encoding=json"


async def resume(
    who: Client, session: str, seq: int, query: str = PLAIN, token: str | None = None
) -> Gateway:
    """A connection that has asked to resume."""
    gateway = await Gateway.open(who.server, query)
    d = {"token": token or who.token, "session_id": session, "seq": seq}
    await gateway.send(6, d)
    return gateway


def numbers(gateway: Gateway) -> list[int]:
    """The sequence numbers that a connection was given."""
    return [s for s, _, _ in gateway.dispatches]


def said(gateway: Gateway) -> list[str]:
    """What the messages said that a connection was told of."""
    return [d["content"] for _, t, d in gateway.dispatches if t == "MESSAGE_CREATE"]


# How a session begins


async def test_hello_comes_first_and_heartbeats_are_answered(den: Den) -> None:
    gateway = await Gateway.open(den.server)
    hello = await gateway.other(10)
    assert hello == {"op": 10, "d": {"heartbeat_interval": 41250}, "s": None, "t": None}
    await gateway.send(1, None)
    assert await gateway.other(11) == {"op": 11, "d": None, "s": None, "t": None}
    await gateway.send(2, {"token": den.bob.token, "properties": {}})
    await gateway.event("READY")
    await gateway.send(1, 1)
    await gateway.other(11)
    await gateway.close()


async def test_ready_of_a_person(den: Den) -> None:
    gateway = await den.bob.connect(properties={"os": "x", "browser": "x", "device": "x"})
    s, name, ready = gateway.dispatches[0]
    assert (s, name) == (1, "READY")
    assert ready["v"] == 10
    user = ready["user"]
    assert (user["id"], user["username"]) == (str(den.bob.id), den.bob.name)
    assert {"email", "verified", "mfa_enabled"} <= user.keys()
    assert "bot" not in user
    assert ready["session_id"]
    assert ready["resume_gateway_url"].startswith("ws://127.0.0.1:")
    for name in ("private_channels", "relationships", "presences", "guild_join_requests"):
        assert ready[name] == []
    for name in ("read_state", "user_guild_settings"):
        assert (ready[name]["entries"], ready[name]["partial"]) == ([], False)
    assert (ready["notes"], len(ready["sessions"])) == ({}, 1)
    assert ready["session_type"] == "normal"
    assert ready["auth_session_id_hash"]
    assert ready["user_settings"]["theme"] == "dark"
    assert "shard" not in ready
    (guild,) = ready["guilds"]
    assert (guild["id"], guild["member_count"], guild["large"]) == (str(den.guild), 2, False)
    assert {member["user"]["id"] for member in guild["members"]} == {
        str(den.ann.id),
        str(den.bob.id),
    }


async def test_ready_of_a_bot_and_its_guilds(den: Den) -> None:
    bot = den.bot()
    gateway = await bot.connect(shard=[0, 1])
    (_, _, ready), (_, name, guild) = gateway.dispatches[:2]
    assert ready["guilds"] == [{"id": str(den.guild), "unavailable": True}]
    assert ready["shard"] == [0, 1]
    assert ready["application"] == {"id": str(bot.id), "flags": 1 << 13 | 1 << 15 | 1 << 19}
    assert ready["user"]["bot"] is True
    assert ready["private_channels"] == []
    assert name == "GUILD_CREATE"
    assert guild["unavailable"] is False
    for name in ("voice_states", "threads", "stage_instances", "guild_scheduled_events"):
        assert guild[name] == []
    assert guild["soundboard_sounds"] == []
    assert guild["joined_at"]
    assert guild["member_count"] == 3
    assert guild["large"] is False
    assert len(guild["roles"]) == 1
    assert str(den.channel) in {channel["id"] for channel in guild["channels"]}


async def test_a_guild_shows_members_and_presences_by_intent(den: Den) -> None:
    watching = await den.ann.connect()
    await den.bob.connect(presence={"status": "idle", "since": 5, "activities": [], "afk": True})
    await status_of(watching, den.bob)
    everybody = {str(den.ann.id), str(den.bob.id)}
    bot = den.bot()
    for intents, members, online in (
        (GUILDS, set(), set()),
        (GUILDS | MEMBERS, set(), set()),
        (GUILDS | PRESENCES, everybody, everybody),
    ):
        gateway = await bot.connect(intents=intents)
        guild = gateway.dispatches[1][2]
        assert {m["user"]["id"] for m in guild["members"]} == members | {str(bot.id)}
        assert {p["user"]["id"] for p in guild["presences"]} == online
        await gateway.close()


async def test_a_guild_shows_only_channels_in_sight(den: Den) -> None:
    hidden = [{"id": str(den.guild), "type": 0, "deny": str(int(P.VIEW_CHANNEL))}]
    body = {"name": "secret", "permission_overwrites": hidden}
    secret = (await den.ann.post(f"/guilds/{den.guild}/channels", body)).body["id"]
    for client, sees in ((den.bot(), False), (den.bob, False), (den.ann, True)):
        gateway = await client.connect()
        (guild,) = (
            gateway.dispatches[0][2]["guilds"] if not client.is_bot else [gateway.dispatches[1][2]]
        )
        assert (secret in {channel["id"] for channel in guild["channels"]}) is sees


@pytest.mark.parametrize(
    ("op", "d", "code"),
    [
        (99, None, 4001),
        (2, {"token": 5}, 4002),
        (2, {"token": "x", "properties": {}, "presence": {"status": "asleep"}}, 4002),
        (3, {"status": "online"}, 4003),
        (2, {"token": "wrong", "properties": {}}, 4004),
        (6, {"token": "wrong", "session_id": "x", "seq": 1}, 4004),
        (2, {"token": "x", "properties": {}, "shard": [3, 2]}, 4010),
        (2, {"token": "x", "properties": {}, "intents": 1 << 30}, 4013),
    ],
)
async def test_what_is_wrong_closes_with_its_code(den: Den, op: int, d: Any, code: int) -> None:
    gateway = await Gateway.open(den.server)
    await gateway.send(op, d)
    assert await gateway.closed() == code
    await gateway.close()


async def test_a_second_identify_closes(den: Den) -> None:
    gateway = await den.bob.connect()
    await gateway.send(2, {"token": den.bob.token, "properties": {}})
    assert await gateway.closed() == 4005


async def test_a_bot_must_name_its_intents(den: Den) -> None:
    gateway = await Gateway.open(den.server)
    await gateway.send(2, {"token": den.bot().token, "properties": {}})
    assert await gateway.closed() == 4013
    await gateway.close()


# How it goes on


@pytest.mark.parametrize("query", [PLAIN, ZLIB])
@pytest.mark.parametrize("cut", [True, False], ids=["cut", "still open"])
async def test_a_session_goes_on_at_another_connection(den: Den, query: str, cut: bool) -> None:
    first = await Gateway.open(den.server, query)
    await first.send(2, {"token": den.bob.token, "properties": {}})
    session = (await first.event("READY"))["session_id"]
    await den.say(den.ann, "one")
    await first.event("MESSAGE_CREATE")
    seq = first.seq
    if cut:
        first.cut()
    for text in ("two", "three"):
        await den.say(den.ann, text)
    second = await resume(den.bob, session, seq, query)
    await second.event("RESUMED")
    assert said(second) == ["two", "three"]
    assert await first.closed() in (None, 1006)
    await den.say(den.ann, "four")
    while "four" not in said(second):
        await second.event("MESSAGE_CREATE")
    assert numbers(second) == list(range(seq + 1, second.seq + 1))
    assert said(first).count("four") == 0
    # Over to the other encoding, from before what the second connection has.
    third = await resume(den.bob, session, seq, PLAIN if query == ZLIB else ZLIB)
    await third.event("RESUMED")
    assert said(third) == ["two", "three", "four"]
    assert numbers(third) == list(range(seq + 1, third.seq + 1))
    for gateway in (first, second, third):
        await gateway.close()


async def test_what_a_heartbeat_acknowledged_cannot_be_had_again(den: Den) -> None:
    gateway = await den.bob.connect()
    await den.say(den.ann, "one")
    await gateway.event("MESSAGE_CREATE")
    await gateway.send(1, gateway.seq)
    await gateway.other(11)
    gateway.cut()
    again = await resume(den.bob, gateway.session_id, 1)
    assert (await again.other(9))["d"] is False
    await again.close()


async def test_a_wrong_resume_is_refused_and_the_right_one_still_works(den: Den) -> None:
    gateway = await den.bob.connect()
    session, seq = gateway.session_id, gateway.seq
    await gateway.close(4000)
    stranger = den.member("eve")
    other_token = den.server.operate("create_token", {"user": den.bob.name})["token"]
    for token in (stranger.token, other_token):
        wrong = await resume(den.bob, session, seq, token=token)
        assert (await wrong.other(9))["d"] is False
        await wrong.send(2, {"token": token, "properties": {}})
        ready = await wrong.event("READY")
        assert ready["session_id"] != session
        await wrong.close()
    ahead = await resume(den.bob, session, seq + 1000)
    assert await ahead.closed() == 4007
    right = await resume(den.bob, session, seq)
    await right.event("RESUMED")
    for one in (ahead, right):
        await one.close()


@pytest.mark.parametrize(("code", "kept"), [(1000, False), (1001, False), (4000, True)])
async def test_a_goodbye_ends_the_session_and_another_close_does_not(
    den: Den, code: int, kept: bool
) -> None:
    gateway = await den.bob.connect()
    session, seq = gateway.session_id, gateway.seq
    await gateway.close(code)
    again = await resume(den.bob, session, seq)
    if kept:
        await again.event("RESUMED")
    else:
        assert (await again.other(9))["d"] is False
    await again.close()


async def test_two_cut_sessions_are_kept_of_each_client(den: Den) -> None:
    left: list[tuple[str, int]] = []
    for _ in range(3):
        gateway = await den.bob.connect()
        left.append((gateway.session_id, gateway.seq))
        await gateway.close(4000)
    phone = await den.bob.connect(properties={"browser": "Discord Android"})
    left.append((phone.session_id, phone.seq))
    await phone.close(4000)
    outcomes: list[bool] = []
    for session, seq in left:
        again = await resume(den.bob, session, seq)
        await again._until(
            lambda again=again: again.others[1:] or again.names() or None,
            lambda _: None,
            "answer",
            5.0,
        )
        outcomes.append("RESUMED" in again.names())
        if outcomes[-1]:
            await again.close(4000)
        else:
            await again.close()
    assert outcomes == [False, True, True, True]


# Restart and kill


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Server]:
    """A server of one test's own, which it may stop and kill."""
    running = Server(tmp_path / "data").start()
    yield running
    if running.process is not None:
        running.kill()


@pytest.fixture
async def fragile_den(fragile: Server) -> AsyncIterator[Den]:
    """A guild on it."""
    made = Den(fragile)
    yield made
    for client in made.clients:
        await client.close()


async def test_sessions_go_on_after_an_orderly_restart(fragile_den: Den) -> None:
    den, server = fragile_den, fragile_den.server
    plain = await den.bob.connect()
    packed = await Gateway.open(server, ZLIB)
    bot = den.bot()
    await packed.send(2, {"token": bot.token, "properties": {}, "intents": EVERY_INTENT})
    session = (await packed.event("READY"))["session_id"]
    await packed.event("GUILD_CREATE")
    for text in ("one", "two"):
        await den.say(den.ann, text)
    for gateway in (plain, packed):
        while "two" not in said(gateway):
            await gateway.event("MESSAGE_CREATE")
    assert await asyncio.to_thread(server.stop) == 0
    for gateway in (plain, packed):
        await gateway.other(7)
        assert await gateway.closed() not in (None, 1000, 1001)
    server.start()
    await den.say(den.ann, "three")
    for who, name, old in ((den.bob, plain.session_id, plain), (bot, session, packed)):
        seq = next(s for s, t, d in old.dispatches if t == "MESSAGE_CREATE")
        again = await resume(who, name, seq)
        await again.event("RESUMED")
        assert said(again) == ["two", "three"]
        assert numbers(again) == list(range(seq + 1, again.seq + 1))
        await old.close()
        await again.close()


async def test_after_a_kill_one_identifies_anew_on_the_same_connection(fragile_den: Den) -> None:
    den, server = fragile_den, fragile_den.server
    gateway = await den.bob.connect()
    await den.say(den.ann, "one")
    await gateway.event("MESSAGE_CREATE")
    await asyncio.to_thread(server.kill)
    await gateway.closed()
    server.start()
    again = await resume(den.bob, gateway.session_id, gateway.seq)
    assert await again.other(9) == {"op": 9, "d": False, "s": None, "t": None}
    await again.send(2, {"token": den.bob.token, "properties": {}})
    ready = await again.event("READY")
    assert ready["guilds"][0]["id"] == str(den.guild)
    await den.say(den.ann, "two")
    assert (await again.event("MESSAGE_CREATE"))["content"] == "two"
    assert numbers(again) == list(range(1, again.seq + 1))
    await again.close()


# Who is told


async def test_both_sessions_of_a_user_are_told(den: Den) -> None:
    first = await den.bob.connect()
    second = await den.bob.connect()
    await den.say(den.ann, "hello")
    for gateway in (first, second):
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "hello"
    await first.close()


async def test_log_out_closes_the_sessions_of_the_token(den: Den) -> None:
    token = den.server.operate("create_token", {"user": den.bob.name})["token"]
    other = Client(den.server, den.bob.id, token, name=den.bob.name)
    den.clients.append(other)
    first, second = await den.bob.connect(), await den.bob.connect()
    stays = await other.connect()
    cut = await den.bob.connect()
    await cut.close(4000)
    assert (await den.bob.post("/auth/logout")).status == 204
    for gateway in (first, second):
        assert await gateway.closed() == 4004
    again = await resume(den.bob, cut.session_id, cut.seq)
    assert await again.closed() == 4004
    await den.say(den.ann, "hello")
    await stays.event("MESSAGE_CREATE")
    for gateway in (first, second, again):
        await gateway.close()


async def test_who_joins_and_leaves_while_connected_is_told(den: Den) -> None:
    cat, watching = den.person("cat"), await den.ann.connect()
    gateway = await cat.connect()
    assert gateway.dispatches[0][2]["guilds"] == []
    den.server.join(den.guild, cat.name)
    guild = await gateway.event("GUILD_CREATE")
    assert guild["id"] == str(den.guild)
    assert "unavailable" not in guild
    joined = await watching.event("GUILD_MEMBER_ADD")
    assert (joined["user"]["username"], joined["guild_id"]) == (cat.name, str(den.guild))
    await den.say(den.ann, "welcome")
    await gateway.event("MESSAGE_CREATE")
    assert (await den.ann.delete(f"/guilds/{den.guild}/members/{cat.id}")).status == 204
    assert await gateway.event("GUILD_DELETE") == {"id": str(den.guild)}
    await watching.event("GUILD_MEMBER_REMOVE")
    await den.say(den.ann, "gone")
    await watching.event("MESSAGE_CREATE")
    await gateway.send(1, None)
    await gateway.other(11)
    assert "gone" not in said(gateway)


async def test_a_share_has_its_guilds_and_no_others(den: Den) -> None:
    bot = den.bot()
    own = (den.guild >> 22) % 2
    shares = {shard: await bot.connect(intents=EVERY_INTENT, shard=[shard, 2]) for shard in (0, 1)}
    assert shares[own].dispatches[0][2]["guilds"][0]["id"] == str(den.guild)
    assert shares[1 - own].dispatches[0][2]["guilds"] == []
    await den.say(den.ann, "hello")
    await shares[own].event("MESSAGE_CREATE")
    await shares[1 - own].send(1, None)
    await shares[1 - own].other(11)
    assert shares[1 - own].names() == ["READY"]
    await shares[0].close()


# Presence and typing


async def status_of(gateway: Gateway, who: Client) -> Any:
    """The next presence that is told of somebody."""
    while True:
        presence = await gateway.event("PRESENCE_UPDATE")
        if presence["user"]["id"] == str(who.id):
            return presence


async def test_sessions_show_one_presence_together(den: Den) -> None:
    watching = await den.ann.connect()
    desk = await den.bob.connect(presence={"status": "idle", "since": 1, "afk": True})
    told = await status_of(watching, den.bob)
    assert (told["status"], told["client_status"]) == ("idle", {"web": "idle"})
    assert told["guild_id"] == str(den.guild)
    phone = await den.bob.connect(properties={"browser": "Discord iOS"})
    told = await status_of(watching, den.bob)
    assert told["status"] == "online"
    assert told["client_status"] == {"web": "idle", "mobile": "online"}
    chess = {"name": "chess", "type": 0}
    await phone.send(3, {"status": "dnd", "since": None, "activities": [chess], "afk": False})
    told = await status_of(watching, den.bob)
    assert (told["status"], told["activities"]) == ("dnd", [chess])
    await phone.send(3, {"status": "invisible", "since": None, "activities": [], "afk": False})
    told = await status_of(watching, den.bob)
    assert (told["status"], told["client_status"]) == ("idle", {"web": "idle"})
    await desk.close(1000)
    told = await status_of(watching, den.bob)
    assert (told["status"], told["activities"], told["client_status"]) == ("offline", [], {})
    await phone.send(3, {"status": "online", "since": None, "activities": [], "afk": False})
    assert (await status_of(watching, den.bob))["status"] == "online"
    await phone.close(1000)
    assert (await status_of(watching, den.bob))["status"] == "offline"


async def test_a_bot_is_told_of_others_only_and_by_intent(den: Den) -> None:
    bot = den.bot()
    watching = await bot.connect(intents=GUILDS | PRESENCES)
    blind = await Gateway.open(den.server)
    await blind.send(2, {"token": bot.token, "properties": {}, "intents": GUILDS})
    await blind.event("GUILD_CREATE")
    await den.bob.connect()
    assert (await status_of(watching, den.bob))["status"] == "online"
    await blind.send(1, None)
    await blind.other(11)
    assert blind.names() == ["READY", "GUILD_CREATE"]
    assert {d["user"]["id"] for _, t, d in watching.dispatches if t == "PRESENCE_UPDATE"} == {
        str(den.bob.id)
    }
    await blind.close()


async def test_typing_is_told(den: Den) -> None:
    gateway = await den.bob.connect()
    assert (await den.ann.post(f"/channels/{den.channel}/typing")).status == 204
    told = await gateway.event("TYPING_START")
    assert (told["user_id"], told["channel_id"]) == (str(den.ann.id), str(den.channel))
    assert told["guild_id"] == str(den.guild)
    assert told["member"]["user"]["id"] == str(den.ann.id)
    assert isinstance(told["timestamp"], int)
