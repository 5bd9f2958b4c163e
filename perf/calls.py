"""The rows about calls: what a packet costs the server, against Debian's Janus in the same rounds.

Everybody is a browser without codecs (tests/sfu/peer.py) that opens every packet that it gets.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import struct
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol

import aiohttp
import uvloop
from harness import (
    BUILD,
    LOAD_CORE,
    PERF,
    ROOT,
    Failed,
    Server,
    free_port,
    median,
    rounds,
    say,
    spread,
)
from rows import Figure, Scale, row

sys.path.insert(0, str(ROOT))

from hearth.edge.addresses import own_ipv4
from tests.sfu.peer import DEPARTURE, TestPeer

PEOPLE, VIEWERS = 30, 50
AUDIO_BYTES, VIDEO_BYTES = 120, 1100
FRAMES_S, FRAME_PACKETS = 30, 10
SETTLE_S = 1.0
BEHIND_MS = 10.0
"""Nothing on this machine takes so long to forward: then the load had no core of its own."""
KEYFRAME = b"\x00\x00\x00\x9d\x01\x2a\x00\x05\xd0\x02"
"""How a frame of VP8 begins that needs none before it."""


class Room(Protocol):
    """A server, as one comes to it."""

    server: Server

    async def open(self) -> None: ...

    async def talk(self, people: int) -> tuple[list[TestPeer], list[TestPeer]]:
        """So many who all talk: who sends, and who gets it."""
        ...

    async def watch(self, viewers: int) -> tuple[TestPeer, list[TestPeer]]:
        """One camera, and so many who see it."""
        ...

    async def close(self) -> None: ...


class Hearth:
    """Our media server."""

    def __init__(self, stack: ExitStack) -> None:
        port = free_port()
        command = [sys.executable, str(PERF / "sfu_server.py"), str(port), "1000"]
        self.server = stack.enter_context(Server("hearth", command, port))
        self.users = 0

    async def open(self) -> None:
        pass

    async def join(
        self, peer: TestPeer, room: int = 1, lead: Callable[[str], str] = str
    ) -> TestPeer:
        """Somebody comes, by the way that `lead` puts into the answer."""
        self.users += 1
        assert self.server.child.stdin is not None
        asked = {"room": room, "user": self.users, "offer": peer.offer()}
        self.server.child.stdin.write(json.dumps(asked) + "\n")
        peer.answered(lead(json.loads(self.server.line(30))["answer"]))
        await asyncio.wait_for(peer.connected.wait(), 30)
        return peer

    async def talk(self, people: int) -> tuple[list[TestPeer], list[TestPeer]]:
        peers = [
            await self.join(TestPeer(keep=False, audio_slots=people - 1)) for _ in range(people)
        ]
        return peers, peers

    async def watch(self, viewers: int) -> tuple[TestPeer, list[TestPeer]]:
        camera = await self.join(
            TestPeer(keep=False, microphone=False, audio_slots=0, camera=("",))
        )
        seen = [
            await self.join(TestPeer(keep=False, microphone=False, audio_slots=0, video_slots=1))
            for _ in range(viewers)
        ]
        return camera, seen

    async def close(self) -> None:
        pass


PLUGINS = (
    "audiobridge duktape echotest lua nosip recordplay sip streaming textroom videocall voicemail"
)
TRANSPORTS = "http mqtt nanomsg pfunix"


def unused(names: str) -> str:
    """Parts of Janus that are not loaded."""
    return ",".join(f"libjanus_{name}.so" for name in names.split())


class Janus:
    """Debian's Janus with its VideoRoom, spoken to by WebSocket."""

    def __init__(self, stack: ExitStack) -> None:
        port = free_port()
        config = BUILD / "janus"
        shutil.rmtree(config, ignore_errors=True)
        config.mkdir(parents=True)
        (config / "janus.jcfg").write_text(
            f"""general: {{
  configs_folder = "{config}"
  debug_level = 1
}}
media: {{
  no_media_timer = 60
}}
plugins: {{
  disable = "{unused(PLUGINS)}"
}}
transports: {{
  disable = "{unused(TRANSPORTS)}"
}}
"""
        )
        (config / "janus.transport.websockets.jcfg").write_text(
            f'general: {{ json = "compact" ws = true ws_port = {port} ws_ip = "127.0.0.1" }}\n'
        )
        command = ["janus", "-F", str(config), "-e", "1", "-N", "-L", str(BUILD / "janus.log")]
        with (BUILD / "janus.log").open("w") as log:
            self.server = stack.enter_context(
                Server("janus", command, port, speaks=False, stderr=log)
            )
        self.session: aiohttp.ClientSession | None = None
        self.number = 0
        # It does not listen on 127.0.0.1.
        self.host = own_ipv4()
        self.id = 0
        self.pump: asyncio.Task[None] | None = None
        self.waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def open(self) -> None:
        self.session = aiohttp.ClientSession()
        self.socket = await self.session.ws_connect(
            f"http://127.0.0.1:{self.server.port}/", protocols=["janus-protocol"]
        )
        self.pump = asyncio.create_task(self.read())
        self.id = (await self.ask("create"))["data"]["id"]
        handle = await self.attach()
        await self.plugin(
            handle,
            {
                "request": "create",
                "room": 1,
                "publishers": 100,
                "audiocodec": "opus",
                "videocodec": "vp8",
                "bitrate": 0,
                "notify_joining": False,
            },
        )

    async def read(self) -> None:
        async for message in self.socket:
            said = json.loads(message.data)
            transaction = said.get("transaction", "")
            if said["janus"] == "ack" or transaction not in self.waiting:
                continue
            self.waiting.pop(transaction).set_result(said)

    async def ask(self, what: str, **words: Any) -> dict[str, Any]:
        self.number += 1
        transaction = f"t{self.number}"
        self.waiting[transaction] = asyncio.get_running_loop().create_future()
        asked = {"janus": what, "transaction": transaction, **words}
        if self.id:
            asked["session_id"] = self.id
        waiting = self.waiting[transaction]
        await self.socket.send_json(asked)
        said = await asyncio.wait_for(waiting, 30)
        if said["janus"] == "error" or "error" in said.get("plugindata", {}).get("data", {}):
            raise Failed(f"janus: {json.dumps(said)[:300]}")
        return said

    async def attach(self) -> int:
        return (await self.ask("attach", plugin="janus.plugin.videoroom"))["data"]["id"]

    async def plugin(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        more = {"jsep": jsep} if jsep is not None else {}
        return await self.ask("message", handle_id=handle, body=body, **more)

    async def publish(self, peer: TestPeer) -> int:
        handle = await self.attach()
        joined = await self.plugin(handle, {"request": "join", "ptype": "publisher", "room": 1})
        peer.setup = "active"
        said = await self.plugin(
            handle, {"request": "configure"}, {"type": "offer", "sdp": peer.offer()}
        )
        peer.answered(said["jsep"]["sdp"])
        await asyncio.wait_for(peer.connected.wait(), 30)
        return joined["plugindata"]["data"]["id"]

    async def subscribe(self, feeds: list[int]) -> TestPeer:
        peer = TestPeer(keep=False, host=self.host, microphone=False, audio_slots=0)
        peer.setup = "active"
        handle = await self.attach()
        said = await self.plugin(
            handle,
            {
                "request": "join",
                "ptype": "subscriber",
                "room": 1,
                "streams": [{"feed": feed} for feed in feeds],
            },
        )
        answer = peer.answer_to(said["jsep"]["sdp"])
        await self.plugin(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        await asyncio.wait_for(peer.connected.wait(), 30)
        return peer

    async def talk(self, people: int) -> tuple[list[TestPeer], list[TestPeer]]:
        speakers = [TestPeer(keep=False, host=self.host, audio_slots=0) for _ in range(people)]
        feeds = [await self.publish(peer) for peer in speakers]
        listeners = [await self.subscribe([feed for feed in feeds if feed != own]) for own in feeds]
        return speakers, listeners

    async def watch(self, viewers: int) -> tuple[TestPeer, list[TestPeer]]:
        camera = TestPeer(keep=False, host=self.host, microphone=False, audio_slots=0, camera=("",))
        feed = await self.publish(camera)
        return camera, [await self.subscribe([feed]) for _ in range(viewers)]

    async def close(self) -> None:
        if self.pump is not None:
            self.pump.cancel()
        if self.session is not None:
            await self.session.close()


ROOMS: dict[str, type[Hearth] | type[Janus]] = {"hearth": Hearth, "janus": Janus}


class Run:
    """What one round of one server told."""

    def __init__(self) -> None:
        self.cpu_us = 0.0
        self.out = 0
        self.wanted = 0
        self.seconds = 0.0
        self.delays: list[float] = []

    @property
    def each_us(self) -> float:
        """CPU of the server for each packet that it sent."""
        return self.cpu_us / self.out

    def at(self, part: float) -> float:
        """A quantile of the delays, in ms."""
        return sorted(self.delays)[int(len(self.delays) * part)] * 1000


async def paced(rate: float, seconds: float, step: Any) -> int:
    """Call `step` with 0, 1, … so often each second; how often it was."""
    loop = asyncio.get_running_loop()
    begun, count = loop.time(), 0
    while (passed := loop.time() - begun) < seconds:
        due = int(passed * rate)
        while count < due:
            step(count)
            count += 1
        await asyncio.sleep(0.001)
    return count


async def measured(
    room: Room, receivers: list[TestPeer], each: int, rate: float, seconds: float, step: Any
) -> Run:
    """Warm up, then measure: `each` receivers get each packet that `step` sends."""
    run = Run()
    await paced(rate, 1.5, step)
    await asyncio.sleep(SETTLE_S)
    before = sum(peer.packets for peer in receivers)
    for peer in receivers:
        peer.delays = run.delays
    cpu, clock = room.server.cpu_ns(), time.monotonic()
    sent = await paced(rate, seconds, step)
    run.cpu_us = (room.server.cpu_ns() - cpu) / 1000
    run.seconds = time.monotonic() - clock
    await asyncio.sleep(SETTLE_S)
    run.out = sum(peer.packets for peer in receivers) - before
    run.wanted = sent * each
    return run


async def talking(name: str, people: int, seconds: float) -> Run:
    with ExitStack() as stack:
        room: Room = ROOMS[name](stack)
        peers: list[TestPeer] = []
        try:
            await room.open()
            speakers, listeners = await room.talk(people)
            peers = [*speakers, *listeners]
            body = os.urandom(AUDIO_BYTES - DEPARTURE.size)

            def say_one(number: int) -> None:
                who = speakers[number % people]
                who.say(body + DEPARTURE.pack(time.perf_counter()), level=20)

            return await measured(room, listeners, people - 1, people * 50.0, seconds, say_one)
        finally:
            for peer in peers:
                peer.close()
            await room.close()


async def watching(name: str, viewers: int, seconds: float) -> Run:
    with ExitStack() as stack:
        room: Room = ROOMS[name](stack)
        peers: list[TestPeer] = []
        try:
            await room.open()
            camera, seen = await room.watch(viewers)
            peers = [camera, *seen]
            body = os.urandom(VIDEO_BYTES - 15 - DEPARTURE.size)

            def show(number: int) -> None:
                frame, part = divmod(number, FRAME_PACKETS)
                picture = struct.pack(">HB", 0x8000 | frame & 0x7FFF, frame & 0xFF)
                start = (b"\x90\xc0" if part == 0 else b"\x80\xc0") + picture
                # Every second a keyframe.
                key = (
                    b"\x00\x00\x00\x9d\x01\x2a\x00\x05\xd0\x02" if frame % 30 == 0 else b"\x01" * 10
                )
                payload = start + key + body + DEPARTURE.pack(time.perf_counter())
                camera.show("", payload, frame * 3000, marker=part == FRAME_PACKETS - 1)

            rate = float(FRAMES_S * FRAME_PACKETS)
            return await measured(room, seen, viewers, rate, seconds, show)
        finally:
            for peer in peers:
                peer.close()
            await room.close()


def compared(scale: Scale, what: Any, count: int) -> dict[str, list[Run]]:
    names = ["hearth", "janus"] if shutil.which("janus") else ["hearth"]
    runs: dict[str, list[Run]] = {name: [] for name in names}
    os.sched_setaffinity(0, {LOAD_CORE})
    seconds = scale.of(6, 2)
    for order in rounds(scale.rounds, names):
        for name in order:
            run = uvloop.run(what(name, count, float(seconds)))
            if run.out < run.wanted * 0.5:
                raise Failed(f"{name}: {run.out} packets of {run.wanted}")
            if run.at(0.5) > BEHIND_MS:
                raise Failed(f"the load fell behind: half took {run.at(0.5):.0f} ms with {name}")
            runs[name].append(run)
            lost = run.wanted - run.out
            say(
                f"  {name}: {run.each_us:.2f} us a packet, {run.out / run.seconds:.0f}/s, "
                f"lost {lost}, delay {run.at(0.5):.2f} / {run.at(0.99):.2f} ms, "
                f"core {run.cpu_us / run.seconds / 10_000:.0f} %"
            )
    return runs


def figures(
    key: str, what: str, runs: dict[str, list[Run]], goal: float, best: float
) -> list[Figure]:
    ours = runs["hearth"]
    detail = {
        name: {
            "us": [run.each_us for run in each],
            "lost": [run.wanted - run.out for run in each],
            "p50_ms": [run.at(0.5) for run in each],
            "p99_ms": [run.at(0.99) for run in each],
        }
        for name, each in runs.items()
    }
    said = [
        Figure(
            f"{key}.us",
            f"server CPU for each packet out, {what}, us",
            spread([run.each_us for run in ours]),
            "",
            None,
            detail,
        ),
        Figure(
            f"{key}.lost",
            f"packets lost, {what}",
            str(sum(run.wanted - run.out for run in ours)),
            "0",
            all(run.wanted == run.out for run in ours),
            {},
        ),
    ]
    if "janus" in runs:
        theirs = runs["janus"]
        ratios = [a.each_us / b.each_us for a, b in zip(ours, theirs, strict=True)]
        said.insert(
            0,
            Figure(
                f"{key}.janus",
                f"the same against Janus, {what}",
                spread(ratios),
                f"≤ {goal} ({best})",
                median(ratios) <= goal,
                {},
            ),
        )
        delays = [a.at(0.99) / b.at(0.99) for a, b in zip(ours, theirs, strict=True)]
        middle = [a.at(0.5) / b.at(0.5) for a, b in zip(ours, theirs, strict=True)]
        said.append(
            Figure(
                f"{key}.delay",
                f"forwarding delay p50, p99 against Janus, {what}",
                f"{spread(middle)}, {spread(delays)}",
                "≤ 1",
                median(delays) <= 1 and median(middle) <= 1,
                {},
            )
        )
    return said


@row("room30.janus", "room30.us", "room30.lost", "room30.delay")
def room30(scale: Scale) -> list[Figure]:
    people = scale.of(PEOPLE, 6)
    runs = compared(scale, talking, people)
    return figures("room30", f"{people} people all talking", runs, 0.65, 0.5)


@row("viewers50.janus", "viewers50.us", "viewers50.lost", "viewers50.delay")
def viewers50(scale: Scale) -> list[Figure]:
    viewers = scale.of(VIEWERS, 6)
    runs = compared(scale, watching, viewers)
    return figures("viewers50", f"one video to {viewers} viewers", runs, 0.85, 0.7)
