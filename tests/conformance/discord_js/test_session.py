"""An unmodified discord.js logs in, talks, and goes on after a cut."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conformance.cable import Cable
from tests.conformance.discord_js.conftest import Den
from tests.harness import Held, Server


async def test_login_fills_the_caches(den: Den) -> None:
    node = await den.node()
    caches = await node.do("caches", **den.at)
    assert caches["name"] == "Den"
    assert caches["owner"] == str(den.ann.id)
    assert caches["available"]
    assert caches["memberCount"] == 3
    assert caches["channels"] == ["General", "Text Channels", "Voice Channels", "general"]
    assert caches["roles"] == ["@everyone", den.account.name]
    assert caches["admin"]
    assert await node.do("application") == str(den.ann.id)
    everybody = {str(each.id) for each in (den.ann, den.bob, den.account)}
    assert set(await node.do("members", **den.at)) == everybody
    one = await node.do("members", **den.at, options={"user": [str(den.bob.id)]})
    assert one == [str(den.bob.id)]
    named = await node.do("members", **den.at, options={"query": den.bob.name, "limit": 1})
    assert named == [str(den.bob.id)]


async def test_echo_reply_edit_and_delete(den: Den) -> None:
    node = await den.node()
    await node.do("echo")
    asked = await den.say(den.bob, "echo this")
    told = await node.event("messageCreate", id=asked)
    assert (told["content"], told["author"]) == ("echo this", str(den.bob.id))
    echo = await node.event("messageCreate", author=str(den.account.id))
    assert echo["content"] == "echo this"
    reply = await node.do("reply", **den.at, message=asked, body="a reply")
    assert (reply["reference"], reply["mentions"]) == (asked, [str(den.bob.id)])
    body = {"content": "edited", "embeds": [{"title": "An embed", "color": 255}]}
    edited = await node.do("edit", **den.at, message=reply["id"], body=body)
    assert (edited["content"], edited["embeds"]) == ("edited", ["An embed"])
    assert edited["edited"]
    told = await node.event("messageUpdate", id=reply["id"])
    assert (told["before"], told["content"]) == ("a reply", "edited")
    assert await node.do("history", **den.at, limit=10) == ["edited", "echo this", "echo this"]
    assert await node.do("history", **den.at, limit=1, after=asked) == ["echo this"]
    await node.do("delete", **den.at, message=reply["id"])
    assert (await node.event("messageDelete", id=reply["id"]))["content"] == "edited"


async def test_refusals_carry_their_codes(den: Den) -> None:
    node = await den.node()
    refused = await node.ask("send", guild=str(den.guild), channel="1", body="x")
    assert (refused["error"]["code"], refused["error"]["status"]) == (10003, 404)
    asked = await den.say(den.bob, "mine")
    refused = await node.ask("edit", **den.at, message=asked, body="yours")
    assert (refused["error"]["code"], refused["error"]["status"]) == (50005, 403)
    refused = await node.ask("send", **den.at, body={"embeds": [{"title": "x" * 257}]})
    assert (refused["error"]["code"], refused["error"]["status"]) == (50035, 400)
    refused = await node.ask("kick", **den.at, user=str(den.ann.id))
    assert (refused["error"]["code"], refused["error"]["status"]) == (50013, 403)


async def test_channels_roles_and_members(den: Den) -> None:
    node = await den.node()
    body = {"name": "plans", "type": 0, "topic": "What next", "rateLimitPerUser": 5}
    channel = await node.do("channel", **den.at, body=body)
    await node.event("channelCreate", id=channel, name="plans")
    denied = await node.do(
        "overwrite", channel=channel, target=str(den.guild), body={"SendMessages": False}
    )
    assert denied == [[str(den.guild), ["SendMessages"]]]
    await node.do("remove", channel=channel)
    await node.event("channelDelete", id=channel)
    role = await node.do("role", **den.at, body={"name": "crew", "reason": "crew"})
    held = await node.do("give", **den.at, user=str(den.bob.id), role=role)
    assert set(held) == {str(den.guild), role}
    told = await node.event("guildMemberUpdate", id=str(den.bob.id))
    assert set(told["roles"]) == {str(den.guild), role}
    assert await node.do("timeout", **den.at, user=str(den.bob.id), ms=60_000)
    await node.do("kick", **den.at, user=str(den.bob.id))
    den.server.join(den.guild, den.bob.name)
    await node.event("guildMemberAdd", id=str(den.bob.id))


async def test_typing_and_presence(den: Den) -> None:
    node = await den.node()
    await den.bob.post(f"/channels/{den.channel}/typing")
    await node.event("typingStart", user=str(den.bob.id))
    await den.bob.connect()
    await node.event("presenceUpdate", user=str(den.bob.id), status="online")
    body = {"status": "dnd", "activities": [{"name": "chess"}]}
    assert await node.do("presence", body=body) == "dnd"
    while (told := await den.bob.event("PRESENCE_UPDATE"))["status"] != "dnd":
        assert told["user"]["id"] in (str(den.account.id), str(den.bob.id))
    assert told["activities"][0]["name"] == "chess"


async def test_cut_is_resumed(den: Den) -> None:
    async with Cable(den.server.port) as cable:
        node = await den.node(cable.url)
        for number in range(5):
            await den.say(den.bob, str(number))
        await node.event("messageCreate", content="4")
        cable.cut()
        for number in range(5, 10):
            await den.say(den.bob, str(number))
        cable.mend()
        resumed = await node.event("shardResume")
        assert resumed["replayed"] >= 5
        for number in range(10, 15):
            await den.say(den.bob, str(number))
        await node.event("messageCreate", content="14")
        said = [told["content"] for told in node.events("messageCreate")]
        assert said == [str(number) for number in range(15)]
        assert len(node.events("shardReady")) == 1
        await node.end()


@pytest.fixture
async def held_den(tmp_path: Path) -> AsyncIterator[Den]:
    """A guild on a server of its own whose socket outlives it."""
    server = Held(tmp_path / "data").start()
    made = Den(server)
    yield made
    await made.close()
    if server.process is not None:
        assert server.stop() == 0
    server.socket.close()


async def test_orderly_restart_is_resumed(held_den: Den) -> None:
    """discord.js gives its session up when a connection is refused: the socket stays open."""
    den = held_den
    node = await den.node()
    for number in range(5):
        await den.say(den.bob, str(number))
    await node.event("messageCreate", content="4")
    assert await asyncio.to_thread(den.server.stop) == 0
    await asyncio.to_thread(den.server.start)
    for number in range(5, 10):
        await den.say(den.bob, str(number))
    await node.event("shardResume")
    for number in range(10, 15):
        await den.say(den.bob, str(number))
    await node.event("messageCreate", content="14")
    said = [told["content"] for told in node.events("messageCreate")]
    assert said == [str(number) for number in range(15)]
    assert len(node.events("shardReady")) == 1
    assert (await node.do("send", **den.at, body="goes on"))["content"] == "goes on"


async def test_restart_that_refuses_connections_is_followed_by_a_new_session(den: Den) -> None:
    """Without a socket that outlives the server; what was said meanwhile is in the history."""
    node = await den.node()
    await node.event("shardReady")
    assert await asyncio.to_thread(den.server.stop) == 0
    for _ in range(2):  # The second is said after the first refused connection.
        await node.event("shardReconnecting")
    await asyncio.to_thread(den.server.start)
    await den.say(den.bob, "meanwhile")
    await node.event("shardReady")
    await den.say(den.bob, "after")
    await node.event("messageCreate", content="after")
    assert await node.do("history", **den.at, limit=5) == ["after", "meanwhile"]


async def test_kill_is_followed_by_a_new_session(den: Den) -> None:
    node = await den.node()
    await node.event("shardReady")
    await den.say(den.bob, "before")
    await node.event("messageCreate", content="before")
    await asyncio.to_thread(den.server.kill)
    await asyncio.to_thread(den.server.start)
    await node.event("shardReady")
    await den.say(den.bob, "after")
    await node.event("messageCreate", content="after")
    assert await node.do("history", **den.at, limit=5) == ["after", "before"]


async def test_storm_of_limits(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", scale=1).start()
    den = Den(server)
    try:
        node = await den.node()
        messages = [await den.say(who, "x") for who in (den.ann, den.bob) for _ in range(5)]
        assert await node.do("storm", **den.at, messages=messages) > 0
        assert await node.do("history", **den.at, limit=5) == []
    finally:
        await den.close()
        assert server.stop() == 0
