"""What every `Media` promises, in the server's process and in processes of its own; then what only
the latter can: to die alone."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hearth.core.voice_ports import May, Media, MediaPeer, MediaSettings, Stream
from hearth.sfu.media import open_media
from hearth.sfu.probe import reach
from hearth.sfu.processes import Processes
from hearth.sfu.udp import bound
from tests.harness import runs, until
from tests.sfu.peer import TestPeer
from tests.sfu.test_tcp import listening
from tests.sfu.test_video import Camera
from tests.sfu.told import ALL, Told
from tests.voicebot import GCM, Crypt, Datagrams, discovery, rtp

HERE = "127.0.0.1"
WAIT_S = 60.0
ROOT = Path(__file__).resolve().parents[2]


class Hall:
    """A media server, what it told, and browsers that came to it."""

    def __init__(self, kind: str) -> None:
        self.told = Told()
        self.browsers: list[TestPeer] = []
        count = {"here": 0, "apart": 1, "two": 2}[kind]
        settings = MediaSettings(host=HERE, hosts=(HERE,))
        self.media: Media
        if count:
            udp = [bound(HERE, 0) for _ in range(count)]
            self.media = Processes(self.told, udp, settings)
        else:
            self.media = open_media(self.told, bound(HERE, 0), settings)

    async def connect(self, peer: MediaPeer, *, tcp: int = 0, **words: Any) -> TestPeer:
        """A browser for a peer."""
        browser = TestPeer(**words)
        self.browsers.append(browser)
        answer = await peer.offer(browser.offer())
        if tcp:
            await browser.by_tcp(HERE, tcp)
        browser.answered(answer)
        async with asyncio.timeout(WAIT_S):
            await browser.connected.wait()
        return browser

    async def join(
        self, user_id: int, may: May = ALL, room_id: int = 1, **words: Any
    ) -> tuple[MediaPeer, TestPeer]:
        """A browser in a room."""
        peer = self.media.join(room_id, user_id, may)
        return peer, await self.connect(peer, **words)

    async def obeyed(self, peer: MediaPeer) -> None:
        """Wait until all that was ordered of a peer is done."""
        with pytest.raises(ValueError, match=r"mode|closed"):
            await self.media.select(peer, "no mode")

    async def hears(self, one: TestPeer, other: TestPeer, what: bytes) -> None:
        """Wait until what one says is heard: a way may take a moment to open."""
        async with asyncio.timeout(WAIT_S):
            while not heard(other, what):
                one.say(what)
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        await self.media.close()


def heard(browser: TestPeer, what: bytes) -> bool:
    return any(what in each.payloads for each in browser.received.values())


@pytest.fixture(params=["here", "apart"])
async def hall(request: pytest.FixtureRequest) -> AsyncIterator[Hall]:
    """A media server of each kind."""
    made = Hall(request.param)
    yield made
    await made.close()


@pytest.fixture(params=["apart"])
async def apart(request: pytest.FixtureRequest) -> AsyncIterator[Hall]:
    """A media server in processes of its own."""
    made = Hall(request.param)
    yield made
    await made.close()


async def test_the_ways_to_it_can_be_tried(hall: Hall) -> None:
    (route,) = await hall.media.check()
    assert (route.protocol, route.host) == ("udp", HERE)
    assert await reach(route) > 0
    (again,) = await hall.media.check()
    assert again.ufrag != route.ufrag
    async with listening(hall.media.stream, None) as (port, _):
        by_tcp = again._replace(protocol="tcp", port=port)
        assert await reach(by_tcp) > 0
        with pytest.raises(OSError, match=r"no answer|closed"):
            await reach(by_tcp._replace(password="0" * 32), within_s=0.3)


async def test_who_may_not_is_not_heard_and_does_not_hear(hall: Hall) -> None:
    one, of_one = await hall.join(11, audio_slots=3)
    two, of_two = await hall.join(12, audio_slots=3)
    three, of_three = await hall.join(13, audio_slots=3)
    assert len({one.ssrc, two.ssrc, three.ssrc}) == 3
    assert one.port == of_one.remote[1]
    await hall.hears(of_one, of_two, b"loud")
    await hall.hears(of_three, of_two, b"loud too")
    await until(lambda: (11, 1) in hall.told.spoken)
    # Who is muted: what is sent behind it is heard, what is sent by them is not.
    one.allow(ALL._replace(audio_in=False))
    await hall.obeyed(one)
    of_one.say(b"muted")
    await hall.hears(of_three, of_two, b"mark")
    assert not heard(of_two, b"muted")
    assert not any(each.active for each in one.streams)
    one.allow(ALL)
    await hall.hears(of_one, of_two, b"loud again")
    # Who is deaf hears nobody.
    two.allow(ALL._replace(audio_out=False))
    await hall.obeyed(two)
    of_one.say(b"not for two")
    await hall.hears(of_one, of_three, b"mark of one")
    two.allow(ALL)
    await hall.hears(of_one, of_two, b"all ears")
    assert not heard(of_two, b"not for two")
    assert not heard(of_two, b"mark of one")
    # Who is out of the room is.
    one.close()
    await hall.obeyed(three)
    of_one.say(b"ghost")
    await hall.hears(of_three, of_two, b"last mark")
    assert not heard(of_two, b"ghost")
    with pytest.raises(ValueError, match="closed"):
        await one.offer(of_one.offer())
    assert hall.told.gone == []


async def test_pictures_are_shown_to_who_wants_them_while_they_may_be(hall: Hall) -> None:
    one, camera = await hall.join(11, camera=("",))
    two, viewer = await hall.join(12, video_slots=1)
    show = Camera(camera, ("",))
    mid = camera.sent_mids["video"]

    def shown() -> Stream | None:
        return next((each for each in one.streams if each.kind != "audio"), None)

    def frames() -> int:
        """Frames that came to the viewer since; another is sent."""
        show.frame()
        return sum(stream.packets for ssrc, stream in viewer.received.items() if ssrc in slots)

    slots = viewer.slot_ssrcs[viewer.mids["video"][0]]
    await until(lambda: frames() and shown() is not None)
    stream = shown()
    assert stream is not None
    assert (stream.mid, stream.active) == (mid, True)
    assert (12, viewer.mids["video"][0], 11, stream.ssrc, "video") in hall.told.maps
    # A screen is sent to who asks for it.
    one.label({mid: "screen"})
    await until(lambda: frames() and (known := shown()) is not None and known.kind == "screen")
    await until(lambda: hall.told.maps[-1][2] is None)
    two.want(0, {stream.ssrc: 100, 1 << 70: 1}, {stream.ssrc: 1 << 80})
    await until(lambda: frames() and hall.told.maps[-1][4] == "screen")
    await until(lambda: (11, {stream.ssrc: 100}) in hall.told.demands)
    # Who may not show is not seen from then on.
    one.allow(ALL._replace(video_in=False))
    assert (known := shown()) is not None
    assert not known.active
    await hall.obeyed(one)
    await until(lambda: hall.told.maps[-1][2] is None)
    await hall.hears(camera, viewer, b"behind what was sent")
    before = frames()
    await hall.hears(camera, viewer, b"behind the frame")
    assert frames() == before


async def test_a_bot_gets_its_key_and_is_heard(hall: Hall) -> None:
    _, listener = await hall.join(11)
    bot = hall.media.join(1, 12, ALL)
    await hall.media.expect(bot, HERE)
    datagrams = Datagrams()
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: datagrams, remote_addr=(HERE, bot.port))
    with contextlib.closing(udp):
        udp.sendto(discovery(bot.ssrc))
        async with asyncio.timeout(WAIT_S):
            assert (await datagrams.came.get())[:4] == b"\x00\x02\x00\x46"
        crypt = Crypt(GCM, await hall.media.select(bot, GCM))
        numbers = iter(range(1, 10_000))

        def said() -> bool:
            number = next(numbers)
            udp.sendto(crypt.seal(rtp(bot.ssrc, number), b"beep", number.to_bytes(4)))
            return heard(listener, b"beep")

        await until(said)
    assert [each.kind for each in bot.streams] == ["audio"]


async def test_media_by_tcp(hall: Hall) -> None:
    _, by_udp = await hall.join(11)
    async with listening(hall.media.stream, None) as (port, http):
        assert http.counts.of == {}
        peer = hall.media.join(1, 12, ALL)
        by_tcp = await hall.connect(peer, tcp=port)
        await hall.hears(by_tcp, by_udp, b"by tcp")
        await hall.hears(by_udp, by_tcp, b"by udp")
        assert http.counts.of == {HERE: 1}
        assert by_tcp.stream is not None
        by_tcp.stream.abort()
        await until(lambda: http.counts.of == {})
        # Those that nobody is behind end: no check, for nobody, and too much.
        for data in (b"\x00\x04abcd", b"\x00\x1c" + check(b"zz:a"), b"\x07\xff" + bytes(9000)):
            reader, writer = await asyncio.open_connection(HERE, port)
            writer.write(data)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
                writer.write_eof()
                assert await reader.read() == b""
            writer.close()
        await until(lambda: http.counts.of == {})


def check(name: bytes) -> bytes:
    """A check for somebody, of 28 bytes."""
    return b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x00\x06\x00\x04" + name


@pytest.mark.parametrize("offer", ["v=0\r\nm=nonsense\r\n", "\ud800", ""])
async def test_a_bad_offer_is_refused(hall: Hall, offer: str) -> None:
    peer = hall.media.join(1, 11, ALL)
    with pytest.raises(ValueError, match=r"\w"):
        await peer.offer(offer)
    await hall.connect(peer)


async def test_how_it_is(hall: Hall) -> None:
    await hall.join(11)
    await hall.join(12, room_id=2)
    await until(lambda: [(each.rooms, each.peers) for each in hall.media.health()] == [(2, 2)])
    (health,) = hall.media.health()
    assert health.resident_bytes > 10 << 20
    assert health.lag_s >= 0
    assert (health.pid == os.getpid()) is (health.process == "main")


async def test_a_process_that_dies_is_begun_anew(apart: Hall) -> None:
    """And all of its peers may come again, to the same port."""
    one, of_one = await apart.join(11)
    port = one.port
    async with listening(apart.media.stream, None) as (tcp, http):
        two = apart.media.join(1, 12, ALL)
        await apart.connect(two, tcp=tcp)
        three = apart.media.join(1, 13, ALL)
        (health,) = apart.media.health()
        os.kill(health.pid, signal.SIGSTOP)
        asked = asyncio.ensure_future(apart.connect(three))
        os.kill(health.pid, signal.SIGKILL)
        with pytest.raises(ValueError, match="closed"):
            await asked
        assert apart.told.crashes == [one, two, three]
        assert http.counts.of == {}
    of_one.close()
    one.allow(ALL)
    one.close()
    again, other = apart.media.join(1, 11, ALL), apart.media.join(1, 12, ALL)
    of_again, of_other = await apart.connect(again), await apart.connect(other)
    await apart.hears(of_again, of_other, b"back")
    assert again.port == port
    (now,) = apart.media.health()
    assert (now.restarts, now.pid) != (0, health.pid)
    assert apart.told.crashes == [one, two, three]
    await apart.media.close()
    assert not runs(now.pid)


@pytest.mark.parametrize("apart", ["two"], indirect=True)
async def test_one_process_dies_alone(apart: Hall) -> None:
    rooms: dict[int, int] = {}
    for room_id in range(1, 20):
        peer = apart.media.join(room_id, 1, ALL)
        rooms.setdefault(peer.port, room_id)
        peer.close()
    first, second = rooms.values()
    _, of_one = await apart.join(11, room_id=first)
    _, of_two = await apart.join(12, room_id=first)
    lost, _ = await apart.join(13, room_id=second)
    dying = next(each for each in apart.media.health() if each.port == lost.port)
    os.kill(dying.pid, signal.SIGKILL)
    await until(lambda: apart.told.crashes == [lost])
    await apart.hears(of_one, of_two, b"nothing happened")


OWNER = """
import asyncio, time
from hearth.core.voice_ports import May, MediaSettings
from hearth.sfu.probe import reach
from hearth.sfu.processes import Processes
from hearth.sfu.udp import bound
from tests.sfu.told import Told

async def main():
    settings = MediaSettings(host="127.0.0.1", hosts=())
    media = Processes(Told(), [bound("127.0.0.1", 0)], settings)
    media.join(1, 11, May(True, True, True, False))
    while not media.health()[0].resident_bytes:
        await asyncio.sleep(0.01)
    print(media.health()[0].pid, flush=True)
    time.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("stopped", [False, True])
async def test_nothing_is_left_of_a_server_that_is_killed(stopped: bool) -> None:
    """Not even of a process that does not come to see that it is alone."""
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", OWNER, cwd=ROOT, stdout=PIPE)
    try:
        assert owner.stdout is not None
        pid = int(await owner.stdout.readline())
        if stopped:
            os.kill(pid, signal.SIGSTOP)
        # Signals to all do not end it: who began it does.
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    finally:
        owner.kill()
        await owner.communicate()
    await until(lambda: not runs(pid))
