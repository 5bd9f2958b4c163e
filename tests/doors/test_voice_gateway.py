"""Voice over a real server: bots in both modes hear each other, and what ends that."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import Client
from tests.sfu.peer import TestPeer
from tests.sfu.test_video import Camera
from tests.voicebot import GCM, XCHACHA, VoiceBot

FAR = "127.0.0.7"
"""Where some people's media comes from, and nothing else does."""


class Talk:
    """A den with a voice channel, and bots that close themselves."""

    def __init__(self, den: Den) -> None:
        self.den = den
        self.bots: list[VoiceBot] = []
        self.browsers: list[TestPeer] = []
        self.channel = 0

    async def make(self, **more: Any) -> int:
        """A voice channel."""
        body = {"name": "talk", "type": 2, **more}
        answer = await self.den.ann.post(f"/guilds/{self.den.guild}/channels", body)
        assert answer.status == 201
        return int(answer.body["id"])

    async def bot(self, who: Client | None = None) -> VoiceBot:
        """A new bot, or a person, with a gateway session."""
        client = who or self.den.bot()
        await client.connect()
        made = VoiceBot(client, self.den.guild)
        self.bots.append(made)
        return made

    async def inside(self, mode: str = GCM, who: Client | None = None) -> VoiceBot:
        """One that is in the channel and connected."""
        made = await self.bot(who)
        await made.join(self.channel)
        return await made.connect(mode)

    async def member(self, bot: VoiceBot, **body: Any) -> None:
        """Ann changes a member."""
        path = f"/guilds/{self.den.guild}/members/{bot.client.id}"
        assert (await self.den.ann.patch(path, body)).status == 200


@contextlib.asynccontextmanager
async def talk_over(den: Den) -> AsyncGenerator[Talk]:
    """A den where one talks, until the end."""
    made = Talk(den)
    made.channel = await made.make()
    try:
        yield made
    finally:
        for browser in made.browsers:
            browser.close()
        for bot in made.bots:
            await bot.close()


@pytest.fixture
async def talk(den: Den) -> AsyncIterator[Talk]:
    """A den where one talks."""
    async with talk_over(den) as made:
        yield made


async def test_two_bots_hear_each_other(talk: Talk) -> None:
    one, two = await talk.inside(GCM), await talk.inside(XCHACHA)
    assert one.ready["modes"] == [GCM, XCHACHA]
    assert one.server["endpoint"] == f"127.0.0.1:{talk.den.server.port}/voice"
    assert (one.ready["ip"], one.ready["port"]) == ("127.0.0.1", talk.den.server.port)
    await one.hears(two, b"there")
    await two.hears(one, b"back")
    one.drain()
    two.drain()
    for n in range(50):
        one.send(b"frame %d" % n)
    heard = [await two.hear() for _ in range(50)]
    assert heard == [(one.ready["ssrc"], b"frame %d" % n) for n in range(50)]


async def test_each_learns_who_is_there(talk: Talk) -> None:
    one = await talk.inside()
    two = await talk.inside()
    assert await one.next(11) == {"user_ids": [str(two.client.id)]}
    told = await one.next(5)
    assert (told["user_id"], told["ssrc"]) == (str(two.client.id), two.ready["ssrc"])
    assert await two.next(11) == {"user_ids": [str(one.client.id)]}
    told = await two.next(5)
    assert (told["user_id"], told["ssrc"]) == (str(one.client.id), one.ready["ssrc"])
    # Nobody speaks for another, nor before others without leave.
    await one.say(5, {"speaking": 5, "delay": 0, "ssrc": two.ready["ssrc"]})
    told = await two.next(5)
    assert (told["user_id"], told["ssrc"], told["speaking"]) == (
        str(one.client.id),
        one.ready["ssrc"],
        1,
    )
    await one.join(None)
    assert await two.next(13) == {"user_id": str(one.client.id)}
    assert await one.closed() == 4014


async def test_rooms_do_not_hear_each_other(talk: Talk) -> None:
    one, two = await talk.inside(), await talk.inside()
    talk.channel = await talk.make()
    three = await talk.inside()
    await one.hears(two, b"here")
    assert three.datagrams.came.empty()


async def test_a_token_is_good_once(talk: Talk) -> None:
    one = await talk.inside()
    used = one.server["token"]
    other = VoiceBot(one.client, talk.den.guild)
    talk.bots.append(other)
    other.state, other.server = one.state, one.server
    await other.dial()
    await other.say(0, one.identity())
    assert await other.closed() == 4004
    # Asked for anew there is another.
    await one.join(talk.channel)
    assert one.server["token"] != used
    other.server = one.server
    await other.connect()
    assert await one.closed() == 4006


@pytest.mark.parametrize("field", ["server_id", "user_id", "session_id", "token"])
async def test_a_token_is_of_one_state(talk: Talk, field: str) -> None:
    one, two = await talk.bot(), await talk.bot()
    await one.join(talk.channel)
    await two.join(talk.channel)
    wish = one.identity()
    await one.dial()
    await one.say(0, {**wish, field: two.identity()[field] if field != "server_id" else "77"})
    assert await one.closed() == 4004
    # It is not used up by that.
    await one.connect()


async def test_connect_is_asked_for_again(talk: Talk) -> None:
    one = await talk.bot()
    await one.join(talk.channel)
    deny = {"type": 0, "deny": str(P.CONNECT)}
    path = f"/channels/{talk.channel}/permissions/{talk.den.guild}"
    await talk.den.ann.put(path, deny)
    await one.dial()
    await one.say(0, one.identity())
    assert await one.closed() == 4004


async def test_a_socket_that_is_lost_is_resumed(talk: Talk) -> None:
    one, two = await talk.inside(), await talk.inside()
    await two.next(5)
    assert two.socket is not None
    await two.socket.close(code=4900)
    # What is said meanwhile is told later, and media goes on.
    await one.say(5, {"speaking": 1})
    await one.hears(two, b"still")
    await two.dial()
    seq = max(said.get("seq", 0) for said in two.told)
    wish = {k: v for k, v in two.identity().items() if k in ("server_id", "session_id", "token")}
    await two.say(7, {**wish, "seq_ack": seq})
    assert (await two.next(5))["speaking"] == 1
    assert await two.next(9) is None
    await one.hears(two, b"again")


async def test_what_cannot_be_resumed(talk: Talk) -> None:
    one = await talk.inside()
    wish = {k: v for k, v in one.identity().items() if k in ("server_id", "session_id", "token")}
    for wrong in ({"token": "x"}, {"session_id": "x"}, {"server_id": "7"}, {"seq_ack": 99}):
        other = VoiceBot(one.client, talk.den.guild)
        talk.bots.append(other)
        other.server = one.server
        await other.dial()
        await other.say(7, {**wish, "seq_ack": -1, **wrong})
        assert await other.closed() == 4006


@pytest.mark.parametrize("d", [{"protocol": "tcp"}, {"protocol": "udp", "data": "v=0"}])
async def test_an_unknown_protocol(talk: Talk, d: Any) -> None:
    one = await talk.bot()
    await one.join(talk.channel)
    await one.dial()
    await one.say(0, one.identity())
    await one.next(2)
    await one.say(1, d)
    assert await one.closed() == 4012


async def test_an_unknown_mode(talk: Talk) -> None:
    one = await talk.bot()
    await one.join(talk.channel)
    await one.dial()
    await one.say(0, one.identity())
    await one.next(2)
    data = {"address": "", "port": 0, "mode": "xsalsa20_poly1305"}
    await one.say(1, {"protocol": "udp", "data": data})
    assert await one.closed() == 4016


async def test_who_is_moved_connects_again(talk: Talk) -> None:
    one, two = await talk.inside(), await talk.inside()
    await one.hears(two, b"here")
    other = await talk.make()
    await talk.member(one, channel_id=str(other))
    assert await one.closed() == 4014
    # Out of the room before the goodbye.
    two.drain()
    one.send(b"ghost")
    await one.told_where()
    assert one.state["channel_id"] == str(other)
    await one.connect()
    talk.channel = other
    three = await talk.inside()
    await one.hears(three, b"over here")
    assert two.datagrams.came.empty()


@pytest.mark.parametrize("how", ["disconnect", "delete", "kick", "leave", "role", "hide"])
async def test_what_ends_it(talk: Talk, how: str) -> None:
    one, two = await talk.inside(), await talk.inside()
    await one.hears(two, b"here")
    den, bot = talk.den, one.client.id
    if how == "disconnect":
        await talk.member(one, channel_id=None)
    elif how == "delete":
        await den.ann.delete(f"/channels/{talk.channel}")
    elif how == "kick":
        await den.ann.delete(f"/guilds/{den.guild}/members/{bot}")
    elif how == "role":
        # Both may connect by their roles; the bot's is taken from it.
        body = {"permissions": str(P.VIEW_CHANNEL | P.SPEAK | P.USE_VAD)}
        role = await den.ann.post(f"/guilds/{den.guild}/roles", {"permissions": str(P.CONNECT)})
        path = f"/guilds/{den.guild}/members/{{}}/roles/{role.body['id']}"
        for each in (one, two):
            await den.ann.put(path.format(each.client.id))
        await den.ann.patch(f"/guilds/{den.guild}/roles/{den.guild}", body)
        await one.hears(two, b"still here")
        await den.ann.delete(path.format(bot))
    elif how == "hide":
        deny = {"type": 1, "deny": str(P.VIEW_CHANNEL)}
        await den.ann.put(f"/channels/{talk.channel}/permissions/{bot}", deny)
    else:
        assert one.client.gateway is not None
        await one.client.gateway.socket.close(code=1000)
    assert await one.closed() == 4014
    two.drain()
    one.send(b"ghost")
    if how not in ("delete", "role"):
        three = await talk.inside()
        await three.hears(two, b"mark")
        assert two.datagrams.came.empty()


@pytest.mark.parametrize("how", ["mute", "deny", "self", "deaf", "role"])
async def test_who_may_not_is_not_heard(talk: Talk, how: str) -> None:
    one, two, three = [await talk.inside() for _ in range(3)]
    await one.hears(two, b"loud")
    await three.hears(two, b"loud")
    overwrite = f"/channels/{talk.channel}/permissions/{one.client.id}"
    body = {"guild_id": str(talk.den.guild), "channel_id": str(talk.channel)}
    role = f"/guilds/{talk.den.guild}/roles/{talk.den.guild}"
    heard = P.VIEW_CHANNEL | P.CONNECT | P.SPEAK | P.USE_VAD
    if how == "mute":
        await talk.member(one, mute=True)
    elif how == "role":
        # Everybody's takes it from all; the other has it from the channel.
        allow = {"type": 1, "allow": str(P.SPEAK)}
        await talk.den.ann.put(f"/channels/{talk.channel}/permissions/{three.client.id}", allow)
        await talk.den.ann.patch(role, {"permissions": str(heard & ~P.SPEAK)})
    elif how == "deny":
        await talk.den.ann.put(overwrite, {"type": 1, "deny": str(P.SPEAK)})
    elif how == "self":
        assert one.client.gateway is not None
        await one.client.gateway.send(4, {**body, "self_mute": True})
        while not (await one.own_state())["self_mute"]:
            pass
    else:
        await talk.member(two, deaf=True)
    two.drain()
    one.send(b"silent")
    if how == "deaf":
        await one.hears(three, b"mark")
        assert two.datagrams.came.empty()
        await talk.member(two, deaf=False)
    else:
        # One socket takes all in order: the later one has come, the earlier one never does.
        three.send(b"mark")
        assert await two.hear() == (three.ready["ssrc"], b"mark")
        if how == "mute":
            await talk.member(one, mute=False)
        elif how == "role":
            await talk.den.ann.patch(role, {"permissions": str(heard)})
        elif how == "deny":
            await talk.den.ann.delete(overwrite)
        else:
            assert one.client.gateway is not None
            await one.client.gateway.send(4, {**body, "self_mute": False})
    await one.hears(two, b"loud again")


async def test_without_voice_activity_one_says_that_one_speaks(talk: Talk) -> None:
    deny = [{"id": str(talk.den.guild), "type": 0, "deny": str(P.USE_VAD)}]
    talk.channel = await talk.make(permission_overwrites=deny)
    one, two, three = [await talk.inside() for _ in range(3)]
    for each in (one, three):
        await each.say(5, {"speaking": 1})
    await one.hears(two, b"pressed")
    await three.hears(two, b"pressed")
    await one.say(5, {"speaking": 0})
    spoke: list[int] = []
    while spoke[-2:] != [1, 0]:
        told = await two.next(5)
        if told["user_id"] == str(one.client.id):
            spoke.append(told["speaking"])
    two.drain()
    one.send(b"let go")
    three.send(b"mark")
    assert await two.hear() == (three.ready["ssrc"], b"mark")


async def test_nobody_is_told_where_others_are(talk: Talk) -> None:
    one, two = await talk.inside(), await talk.inside()
    await one.hears(two, b"x")
    ports = {bot.udp.get_extra_info("sockname")[1] for bot in (one, two) if bot.udp}
    for bot in (one, two):
        said = str([each for each in bot.told if each["op"] != 2])
        assert "127.0.0.1" not in said
        assert not any(str(port) in said for port in ports)


async def test_people_call_each_other(talk: Talk) -> None:
    den = talk.den
    ann, bob = await talk.bot(den.ann), await talk.bot(den.bob)
    made = await den.ann.post("/users/@me/channels", {"recipient_id": str(den.bob.id)})
    channel = int(made.body["id"])
    for each in (ann, bob):
        each.guild = channel
        assert each.client.gateway is not None
        await each.client.gateway.send(4, {"guild_id": None, "channel_id": str(channel)})
        await each.told_where()
        assert (each.server["guild_id"], each.server["channel_id"]) == (None, str(channel))
        await each.connect()
    await ann.hears(bob, b"hello")
    await bob.hears(ann, b"hello")
    assert ann.client.gateway is not None
    await ann.client.gateway.send(4, {"guild_id": None, "channel_id": None})
    assert await ann.closed() == 4022


async def browse(
    talk: Talk, *, again: VoiceBot | None = None, **words: Any
) -> tuple[VoiceBot, TestPeer]:
    """A browser without codecs that is connected by the voice gateway; `again` is one that has its
    token."""
    made = again or await talk.bot()
    if again is None:
        await made.join(talk.channel)
    await made.dial()
    await made.say(0, {**made.identity(), "video": True, "streams": []})
    made.ready = await made.next(2)
    browser = TestPeer(**words)
    talk.browsers.append(browser)
    offer = {"protocol": "webrtc", "type": "offer", "rev": 1, "data": browser.offer()}
    await made.say(1, {**offer, "rtc_connection_id": "x"})
    answer = await made.next(4, 15)
    assert (answer["type"], answer["rev"], answer["dave_protocol_version"]) == ("answer", 1, 0)
    browser.answered(answer["sdp"])
    await asyncio.wait_for(browser.connected.wait(), 15)
    return made, browser


async def test_a_browser_and_a_bot_hear_each_other(talk: Talk) -> None:
    (person, browser), bot = await browse(talk, host=FAR), await talk.inside()

    async def both(said: bytes) -> None:
        heard_by_bot = False
        for _ in range(400):
            browser.say(said)
            bot.send(said)
            with contextlib.suppress(TimeoutError):
                heard_by_bot |= await bot.hear(0.02) == (person.ready["ssrc"], said)
            in_browser = any(said in each.payloads for each in browser.received.values())
            if heard_by_bot and in_browser:
                return
        raise AssertionError("one does not hear the other")

    await both(b"hello")
    # The section that carries the bot is named, and who is loud is told.
    while (told := await person.next(5)).get("mid") is None or told["user_id"] is None:
        pass
    assert (told["user_id"], told["ssrc"]) == (str(bot.client.id), bot.ready["ssrc"])
    while (told := await bot.next(5))["speaking"] != 1:
        pass
    assert told["user_id"] == str(person.client.id)
    # A mute holds for browsers too.
    await talk.member(person, mute=True)
    bot.drain()
    browser.say(b"silent")
    third = await talk.inside()
    await third.hears(bot, b"mark")
    assert browser.bad == 0
    # Nobody is told where its media comes from: neither people nor who reads the log.
    other, _ = await browse(talk, host=FAR, audio_slots=1)
    await other.say(1, {"protocol": "webrtc", "type": "offer", "data": f"v=0\r\nm={FAR}\r\n"})
    assert await other.closed() == 4020
    assert FAR not in str([each.told for each in (person, bot, third, other)])
    assert FAR not in talk.den.server.log.read_text()


async def test_a_bad_offer_costs_its_sender_the_connection(talk: Talk) -> None:
    one = await talk.bot()
    await one.join(talk.channel)
    await one.dial()
    await one.say(0, one.identity())
    await one.next(2)
    await one.say(1, {"protocol": "webrtc", "type": "offer", "data": "v=0\r\nm=nonsense\r\n"})
    assert await one.closed() == 4020


async def test_who_shows_what_in_which_section(talk: Talk) -> None:
    one, camera = await browse(talk, camera=("",))
    two, viewer = await browse(talk, video_slots=2)
    show = Camera(camera, ("",))
    mid = camera.sent_mids["video"]
    for kind in ("video", "screen"):
        streams = [{"type": kind, "mid": mid, "active": True}]
        await one.say(12, {"audio_ssrc": 0, "video_ssrc": 0, "rtx_ssrc": 0, "streams": streams})
        # A screen is sent to whoever asks for it.
        stream: dict[str, Any] = {}
        for _ in range(200):
            show.frame()
            with contextlib.suppress(TimeoutError):
                told = await two.next(12, 0.05)
                if told["user_id"] == str(one.client.id) and told["streams"]:
                    (stream,) = told["streams"]
                    if stream["type"] == kind:
                        await two.say(15, {"any": 0, str(stream["ssrc"]): 100, "pixelCounts": {}})
            if stream.get("type") == kind and stream["mid"] is not None:
                break
        assert (stream["type"], stream["active"]) == (kind, True)
        assert stream["mid"] in viewer.mids["video"]
    # Who does not look into the room sees it too.
    while not (await one.own_state())["self_stream"]:
        pass
    # It is told of itself by its own section, and that it is wanted.
    while not (told := await one.next(12))["streams"]:
        pass
    assert told["user_id"] == str(one.client.id)
    assert told["streams"][0]["mid"] == mid
    while (await one.next(15)).get(str(stream["ssrc"])) != 100:
        show.frame()
    # Who may not stream is not seen.
    deny = {"type": 1, "deny": str(P.STREAM)}
    path = f"/channels/{talk.channel}/permissions/{one.client.id}"
    await talk.den.ann.put(path, deny)
    while (told := await two.next(12))["streams"] and told["streams"][0]["active"]:
        show.frame()
    while (await one.own_state())["self_stream"]:
        pass
