"""The rows about calls that stand alone: how much one core carries, what a participant takes, how
soon one is heard, and how chat fares beside calls."""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import peers
import uvloop
from calls import (
    AUDIO_BYTES,
    FRAME_PACKETS,
    FRAMES_S,
    KEYFRAME,
    SETTLE_S,
    VIDEO_BYTES,
    Hearth,
    paced,
)
from harness import LOAD_CORE, ROOT, Failed, Load, Server, median, say, spread
from rows import Figure, Scale, row, world

sys.path.insert(0, str(ROOT))

from playwright.async_api import async_playwright

from tests import harness as door
from tests.e2e.people import ARGS, CHROMIUM
from tests.e2e.test_voice import Speaker
from tests.sfu.film import remb
from tests.sfu.peer import TestPeer
from tests.voicebot import VoiceBot

LISTENERS = 60
"""People in the room whose talkers become more."""

HEARD = 2
"""So many open and count what they get. The others' sockets are not read: the kernel drops what
comes, for a core of Python cannot open what a core of Python sends."""

PICTURE = os.urandom(VIDEO_BYTES - 15)

CORE_PART = 60
"""A busy server: per cent of its core."""

AUDIO_SLOTS, VIDEO_SLOTS = 8, 4
"""What the web client asks for when it joins."""


class Step:
    """What the server did at one load."""

    def __init__(self, out: float, core: float, lost: int) -> None:
        self.out = out
        self.core = core
        self.lost = lost

    def __str__(self) -> str:
        return f"{self.out:.0f} a second out, core {self.core:.0f} %, lost {self.lost}"


def climb(name: str, steps: list[Step]) -> list[Figure]:
    """The most that went out with nothing lost, and what was lost at 60 % of the core."""
    whole = [step for step in steps if not step.lost]
    most = max((step.out for step in whole), default=0.0)
    calm = [step for step in steps if step.core <= CORE_PART]
    if not calm:
        raise Failed("already the least load took more than 60 % of the core")
    goal = 160_000 if name == "audio" else 120_000
    size = AUDIO_BYTES if name == "audio" else VIDEO_BYTES
    detail = {"steps": [[step.out, step.core, step.lost] for step in steps]}
    at = calm[-1]
    return [
        Figure(
            f"capacity.{name}",
            f"packets out a second on one core before one is lost, {name} of {size} bytes",
            f"{most:.0f}",
            f"≥ {goal}",
            most >= goal,
            detail,
        ),
        Figure(
            f"capacity.{name}.lost",
            f"packets lost in the server at {at.core:.0f} % of the core, {name}",
            str(at.lost),
            "0",
            at.lost == 0,
        ),
    ]


async def step(
    server: Server, heard: list[TestPeer], fan: int, each: int, rate: float, seconds: float, do: Any
) -> Step:
    """One load: `rate` packets in a second go to `fan` people, of whom each of `heard` gets one of
    `each`."""
    await paced(rate, 1.5, do)
    await asyncio.sleep(SETTLE_S)
    before = [peer.packets for peer in heard]
    cpu, clock = server.cpu_ns(), time.monotonic()
    sent = await paced(rate, seconds, do)
    core = (server.cpu_ns() - cpu) / 1e7 / (time.monotonic() - clock)
    await asyncio.sleep(0.5)
    got = sum(peer.packets - old for peer, old in zip(heard, before, strict=True))
    return Step(sent * fan / seconds, core, round(sent * len(heard) / each) - got)


async def talkers(seconds: float, most: int) -> list[Step]:
    """One room; more and more of those in it talk."""
    with ExitStack() as stack:
        room = Hearth(stack)
        people: list[TestPeer] = []
        try:
            for number in range(most):
                peer = TestPeer(keep=False, audio_slots=most - 1)
                people.append(await room.join(peer))
                if number >= HEARD:
                    peer.deafen()
            body = os.urandom(AUDIO_BYTES)
            steps: list[Step] = []
            for talking in range(most // 8, most - HEARD, most // 16 or 1):
                # Those who are listened to do not talk: they get all that is said.
                speakers = people[HEARD : HEARD + talking]

                def speak(number: int, speakers: list[TestPeer] = speakers) -> None:
                    speakers[number % len(speakers)].say(body, level=20)

                rate = talking * 50.0
                done = await step(room.server, people[:HEARD], most - 1, 1, rate, seconds, speak)
                say(f"  {talking} talk: {done}")
                steps.append(done)
                if done.lost > done.out * seconds / 100:
                    break
            return steps
        finally:
            for peer in people:
                peer.close()


def show(camera: TestPeer, number: int) -> None:
    """One packet of a picture; every second of it begins with a keyframe."""
    frame, part = divmod(number, FRAME_PACKETS)
    picture = struct.pack(">HB", 0x8000 | frame & 0x7FFF, frame & 0xFF)
    start = (b"\x90\xc0" if part == 0 else b"\x80\xc0") + picture
    key = KEYFRAME if frame % FRAMES_S == 0 else bytes([1] * 10)
    camera.show("", start + key + PICTURE, frame * 3000, marker=part == FRAME_PACKETS - 1)


async def cameras(seconds: float, rooms: int, viewers: int) -> list[Step]:
    """More and more rooms of one camera and its viewers."""
    with ExitStack() as stack:
        room = Hearth(stack)
        everybody: list[TestPeer] = []
        made: list[tuple[TestPeer, TestPeer]] = []
        numbers = [count() for _ in range(rooms)]

        try:
            steps: list[Step] = []
            for n in range(rooms):
                camera = TestPeer(keep=False, microphone=False, audio_slots=0, camera=("",))
                everybody.append(await room.join(camera, n + 1))
                for number in range(viewers):
                    seen = TestPeer(keep=False, microphone=False, audio_slots=0, video_slots=1)
                    everybody.append(await room.join(seen, n + 1))
                    if number == 0:
                        made.append((camera, seen))
                    else:
                        seen.deafen()

                def all_show(number: int) -> None:
                    at = number % len(made)
                    show(made[at][0], next(numbers[at]))

                heard = [seen for _, seen in made]
                rate = float(FRAMES_S * FRAME_PACKETS * len(made))
                done = await step(room.server, heard, viewers, len(made), rate, seconds, all_show)
                say(f"  {n + 1} cameras: {done}")
                steps.append(done)
                if done.lost > done.out * seconds / 100:
                    break
            return steps
        finally:
            for peer in everybody:
                peer.close()


@row("capacity.audio", "capacity.audio.lost", "capacity.video", "capacity.video.lost")
def capacity(scale: Scale) -> list[Figure]:
    os.sched_setaffinity(0, {LOAD_CORE})
    seconds = float(scale.of(4, 1))
    audio = uvloop.run(talkers(seconds, scale.of(LISTENERS, 16)))
    video = uvloop.run(cameras(seconds, scale.of(12, 2), scale.of(50, 6)))
    return [*climb("audio", audio), *climb("video", video)]


# ---- with all of Hearth ----


BEAT_S = 10.0
"""More often than both gateways want to hear of somebody; who is silent is let go."""


async def beat(client: door.Client, voice: VoiceBot) -> None:
    """Send the heartbeats of both gateways."""
    assert client.gateway is not None
    while True:
        await asyncio.sleep(BEAT_S)
        await client.gateway.send(1, client.gateway.seq)
        await voice.say(3, {"t": 1, "seq_ack": -1})


async def connected(
    stack: AsyncExitStack, client: door.Client, guild: int, channel: int, **peer: Any
) -> TestPeer:
    """Somebody comes to a voice channel: gateway, voice gateway, media."""
    await client.connect()
    voice = VoiceBot(client, guild)
    stack.push_async_callback(voice.close)
    await voice.join(channel)
    await voice.dial()
    await voice.say(0, {**voice.identity(), "video": True, "streams": []})
    await voice.next(2)
    media = TestPeer(keep=False, **peer)
    stack.callback(media.close)
    offer = {"protocol": "webrtc", "type": "offer", "rev": 1, "data": media.offer()}
    await voice.say(1, {**offer, "rtc_connection_id": "x"})
    media.answered((await voice.next(4, 15))["sdp"])
    await asyncio.wait_for(media.connected.wait(), 15)
    beating = asyncio.create_task(beat(client, voice))
    stack.callback(beating.cancel)
    return media


class Guild:
    """A running Hearth with a voice channel, as its members come to it."""

    def __init__(self, server: Server, made: Any) -> None:
        url = f"http://{server.host}:{server.port}"
        self.server = server
        self.made = made
        self.door = cast(door.Server, SimpleNamespace(url=url, scheme="http", port=server.port))
        self.tokens = Path(made.tokens).read_text().split()
        self.channel = 0

    async def open(self) -> None:
        """Make the voice channel."""
        owner = door.Client(self.door, 0, self.made.owner_token, name="owner")
        body = {"name": "talk", "type": 2}
        answer = await owner.post(f"/guilds/{self.made.guild}/channels", body)
        if answer.status != 201:
            raise Failed(f"no voice channel: {answer.body}")
        self.channel = int(answer.body["id"])
        await owner.close()

    async def join(self, stack: AsyncExitStack, number: int, **peer: Any) -> TestPeer:
        """A member comes."""
        client = door.Client(
            self.door, self.made.users[number], self.tokens[number], name=f"m{number}"
        )
        stack.push_async_callback(client.close)
        return await connected(stack, client, self.made.guild, self.channel, **peer)


@row("participant.rss", "voice.rss")
def participant(scale: Scale) -> list[Figure]:
    people = scale.of(200, 10)
    made = world(people + 1)

    async def measured(server: Server) -> tuple[float, float]:
        guild = Guild(server, made)
        await guild.open()
        async with AsyncExitStack() as stack:
            await guild.join(stack, 0, audio_slots=AUDIO_SLOTS, video_slots=VIDEO_SLOTS)
            await asyncio.sleep(3)
            loaded = server.rss_bytes()
            for number in range(1, people + 1):
                await guild.join(stack, number, audio_slots=AUDIO_SLOTS, video_slots=VIDEO_SLOTS)
            await asyncio.sleep(10)
            return (server.rss_bytes() - loaded) / people / 1024, loaded / 1e6

    with peers.hearth(made.data) as server:
        each, loaded = asyncio.run(measured(server))
    return [
        Figure(
            "participant.rss",
            f"RSS per participant of a voice channel of {people}, their sessions with it, KiB",
            f"{each:.0f}",
            "≤ 400",
            each <= 400,
        ),
        Figure("voice.rss", "RSS with voice loaded, MB", f"{loaded:.1f}", "< 130", loaded < 130),
    ]


MOST_SENT = 3000
"""Packets a second that come to the server; one core forwards fewer to a hundred."""


LINE_BITS = 40e6
"""More than all of it is."""


async def take_all(voices: list[TestPeer]) -> None:
    """Say for who reads nothing that their line bears all that they are sent."""
    while True:
        for each in voices:
            each.send_rtcp(remb(1, LINE_BITS))
        await asyncio.sleep(1)


@row("beside")
def beside(scale: Scale) -> list[Figure]:
    """Chat while the media server has half of the core."""
    people, online, seconds = scale.of(100, 6), scale.of(100, 10), scale.of(10, 2)
    made = world(people + online)
    acks: dict[str, list[float]] = {"with": [], "without": []}
    cores: list[float] = []

    async def measured(server: Server, load: Load) -> None:
        guild = Guild(server, made)
        await guild.open()
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            voices = [
                await guild.join(
                    stack,
                    online + n,
                    audio_slots=AUDIO_SLOTS,
                    video_slots=VIDEO_SLOTS,
                    camera=("",) if n < VIDEO_SLOTS else None,
                )
                for n in range(people)
            ]
            for each in voices:
                each.deafen()
            taking = asyncio.create_task(take_all(voices))
            stack.callback(taking.cancel)
            body = os.urandom(AUDIO_BYTES)
            # All who are heard talk, and pictures come on top.
            sounds = 50 * AUDIO_SLOTS
            rate = sounds
            frames = [count() for _ in range(VIDEO_SLOTS)]
            run: dict[str, Any] = {"requests": made.posts, "conns": 4, "size": 400}
            chat: dict[str, Any] = {"rate": 20, "seconds": seconds, "expect": online, **run}

            def send(number: int) -> None:
                turn = number * sounds // rate
                if turn != (number + 1) * sounds // rate:
                    voices[-1 - turn % min(AUDIO_SLOTS, people)].say(body, level=20)
                else:
                    at = number % VIDEO_SLOTS
                    show(voices[at], next(frames[at]))

            for _ in range(scale.rounds):
                # So much is shown that the server has half of its core to do: now, for machines
                # are not as fast at all times.
                rate, core = sounds, 0.0
                while core < 50 and rate < MOST_SENT:
                    if core:
                        rate = min(MOST_SENT, max(rate + 50, int(rate * 51 / core)))
                    cpu, clock = server.cpu_ns(), time.monotonic()
                    await paced(rate, 2, send)
                    core = (server.cpu_ns() - cpu) / 1e7 / (time.monotonic() - clock)
                for kind in acks:
                    asked = loop.run_in_executor(None, lambda: load.run(**chat))
                    cpu = server.cpu_ns()
                    begun = time.monotonic()
                    while kind == "with" and not asked.done():
                        await paced(rate, 0.5, send)
                    if kind == "with":
                        cores.append((server.cpu_ns() - cpu) / 1e7 / (time.monotonic() - begun))
                    acks[kind].append((await asked)["ack"]["p99"])
                say(
                    f"  {rate} packets in, core {cores[-1]:.0f} %: {acks['with'][-1]:.1f} ms, "
                    f"without {acks['without'][-1]:.1f} ms"
                )

    # What makes the load must not run on the server's core.
    os.sched_setaffinity(0, {LOAD_CORE})
    with peers.hearth(made.data) as server, Load(server) as load:
        load.open(online, made.tokens)
        asyncio.run(measured(server, load))
    if median(cores) < 45 and not scale.quick:
        raise Failed(f"calls took only {median(cores):.0f} % of the core")
    text = f"{spread(acks['with'], 1)}; core {median(cores):.0f} %; "
    return [
        Figure(
            "beside",
            f"ack p99 of 20 messages a second to {online} while calls take half of the core, ms",
            f"{text}without calls {spread(acks['without'], 1)}",
            "< 50",
            median(acks["with"]) < 50,
            {**acks, "cores": cores},
        )
    ]


JOIN_ROUNDS = 12

LISTEN = """() => new Promise((done) => {
  let pressed = 0;
  const press = () => { pressed ||= performance.now(); };
  document.addEventListener('pointerdown', press, { capture: true, once: true });
  const look = () => {
    if (pressed && tones().length) done(performance.now() - pressed);
    else setTimeout(look, 5);
  };
  look();
})"""
"""Milliseconds from the next press of the pointer until somebody is heard."""


@row("join")
def join(scale: Scale) -> list[Figure]:
    """Two browsers: one talks, the other comes and goes."""

    async def measured(server: door.Server) -> list[float]:
        owner = server.person("ann", door.PASSWORD)
        server.person("bob", door.PASSWORD)
        guild, _ = server.guild("Den", "ann")
        server.join(guild, "bob")
        body = {"name": "Kitchen", "type": 2}
        channel = (await owner.post(f"/guilds/{guild}/channels", body)).body["id"]
        await owner.close()
        assert channel
        found: list[float] = []
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            ann = await Speaker.come(browser, server, "ann", 440)
            bob = await Speaker.come(browser, server, "bob", 880)
            await ann.join("Kitchen")
            for _ in range(scale.of(JOIN_ROUNDS, 2)):
                heard = asyncio.create_task(bob.page.evaluate(LISTEN))
                await bob.join("Kitchen")
                found.append(await asyncio.wait_for(heard, 30))
                await bob.leave()
                await ann.hears()
            await browser.close()
        return found

    with tempfile.TemporaryDirectory() as place:
        server = door.Server(Path(place) / "data").start()
        try:
            found = asyncio.run(measured(server))
        finally:
            server.stop()
    return [
        Figure(
            "join",
            "from the click on a voice channel to the first sound of who talks there, ms",
            spread(found, 0),
            "< 800",
            median(found) < 800,
            {"ms": found},
        )
    ]
