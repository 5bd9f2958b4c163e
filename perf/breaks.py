"""The rows about what goes otherwise in a call: a permission is taken away, a server or the process
of voice ends, packets are lost, somebody begins to speak; and how soon that is so for all."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from calls import Hearth
from harness import LOAD_CORE, ROOT, Failed, median, say, spread
from rooms import connected
from rows import Figure, Scale, row

sys.path.insert(0, str(ROOT))

from playwright.async_api import async_playwright

from hearth.core.permissions import P
from tests.e2e.people import ARGS, CHROMIUM
from tests.e2e.test_voice import Speaker
from tests.harness import PASSWORD, Client, Server
from tests.sfu.film import RATES, Film, Watch
from tests.sfu.peer import TestPeer
from tests.sfu.relay import Relay

PACKET_S = 0.0125
"""As often as the media server lets through at all."""

QUIET_S = 0.5
"""Who is not heard for so long is not heard any more."""

LIVED_S = 11
"""They talk for so long before; a process of voice that ends again within ten seconds of its
beginning is begun later each time."""

WITHIN_S = 30.0
BURST_S = 3.0
BURST_LOSS = 0.1
SETTLED_S = 2.0


def hearth(work: Callable[[Server], Coroutine[Any, Any, Any]], **env: str) -> Any:
    """What `work` says of a server of its own."""
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place) / "data", **env).start()
        try:
            return asyncio.run(work(server))
        finally:
            if server.process is not None:
                server.stop()


async def den(server: Server, *names: str) -> tuple[int, int, dict[str, Client]]:
    """A guild of these people's, the first its owner; its voice channel."""
    people = {name: server.person(name, PASSWORD) for name in names}
    guild, _ = server.guild("Den", names[0])
    for name in names[1:]:
        server.join(guild, name)
    body = {"name": "Kitchen", "type": 2}
    made = await people[names[0]].post(f"/guilds/{guild}/channels", body)
    return guild, int(made.body["id"]), people


# ---- a permission is taken away ----

Ask = tuple[str, str, Any]


async def hushed(server: Server, count: int) -> dict[str, list[float]]:
    """By the way in which it was taken: from the request on until the first packet that does not
    come out, in ms."""
    guild, channel, people = await den(server, "ann", "bob", "cat")
    ann, bob = people["ann"], people["bob"]
    basic = P.VIEW_CHANNEL | P.CONNECT | P.USE_VAD
    await ann.patch(f"/guilds/{guild}/roles/{guild}", {"permissions": str(basic)})
    speaks = {"permissions": str(P.SPEAK)}
    role = (await ann.post(f"/guilds/{guild}/roles", {"name": "speaks", **speaks})).body["id"]
    member, of_role = f"/guilds/{guild}/members/{bob.id}", f"/guilds/{guild}/roles/{role}"
    overwrite = f"/channels/{channel}/permissions/{bob.id}"
    deny = {"type": 1, "allow": "0", "deny": str(P.SPEAK)}
    ways: dict[str, tuple[Ask, Ask]] = {
        "muted": (("PATCH", member, {"mute": True}), ("PATCH", member, {"mute": False})),
        "a role taken": (
            ("DELETE", f"{member}/roles/{role}", None),
            ("PUT", f"{member}/roles/{role}", None),
        ),
        "a role changed": (("PATCH", of_role, {"permissions": "0"}), ("PATCH", of_role, speaks)),
        "an overwrite": (("PUT", overwrite, deny), ("DELETE", overwrite, None)),
    }
    found: dict[str, list[float]] = {way: [] for way in ways}
    last = 0.0

    def heard(*_: object) -> None:
        nonlocal last
        last = time.monotonic()

    async def talk(peer: TestPeer) -> None:
        while True:
            peer.say(bytes(60), level=20)
            await asyncio.sleep(PACKET_S)

    async def ask(method: str, path: str, body: Any) -> None:
        answer = await ann.call(method, path, json=body)
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.body}")

    async with AsyncExitStack() as stack:
        for each in people.values():
            stack.push_async_callback(each.close)
        await ask("PUT", f"{member}/roles/{role}", None)
        talker = await connected(stack, bob, guild, channel)
        listener = await connected(stack, people["cat"], guild, channel)
        listener.keep, listener.on_packet = True, heard
        talking = asyncio.create_task(talk(talker))
        stack.callback(talking.cancel)
        for _ in range(count):
            for way, (take, give) in ways.items():
                asked = time.monotonic()
                await until(lambda asked=asked: last > asked, "heard")
                asked = time.monotonic()
                await ask(*take)
                await until(lambda: time.monotonic() - last > QUIET_S, "silent")
                found[way].append(max(0.0, last + PACKET_S - asked) * 1000)
                await ask(*give)
    return found


async def until(check: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            while not check():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise Failed(f"never {what}") from None


@row("taken", "taken.apart")
def taken(scale: Scale) -> list[Figure]:
    figures: list[Figure] = []
    for key, processes, where in (("taken", "0", ""), ("taken.apart", "1", ", voice apart")):
        found = hearth(
            lambda server: hushed(server, scale.of(10, 1)), HEARTH_VOICE_PROCESSES=processes
        )
        worst = max(max(each) for each in found.values())
        each = ", ".join(f"{way} {median(times):.0f}" for way, times in found.items())
        figures.append(
            Figure(
                key,
                f"SPEAK taken away until nothing of that person comes out any more{where}, "
                "worst, ms",
                f"{worst:.0f}; {each}",
                "≤ 200",
                worst <= 200,
                found,
            )
        )
    return figures


# ---- browsers ----


@asynccontextmanager
async def talkers(server: Server, **hertz: float) -> AsyncGenerator[list[Speaker]]:
    """People in browsers, all in one voice channel; one of 0 Hz has no microphone."""
    _, _, people = await den(server, *hertz)
    for each in people.values():
        await each.close()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        try:
            came = [await Speaker.come(browser, server, name, tone) for name, tone in hertz.items()]
            for each in came:
                await each.join("Kitchen")
            yield came
        finally:
            await browser.close()


async def returned(people: list[Speaker], end: Callable[[], Awaitable[object]]) -> float:
    """How many seconds after the end of something began all hear all by new connections."""
    before = [await each.connections() for each in people]
    began = time.monotonic()

    async def hears(person: Speaker, connections: int) -> None:
        others = f"connections.length > {connections} && tones().length === {len(people) - 1}"
        async with asyncio.timeout(WITHIN_S):
            while not await person.page.evaluate(others):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    await end()
    try:
        await asyncio.gather(*map(hears, people, before))
    except TimeoutError:
        raise Failed(f"not back in {WITHIN_S:.0f} s") from None
    return time.monotonic() - began


def kill_voice(server: Server) -> None:
    for voice in server.operate("show_stats")["voice"]:
        os.kill(voice["pid"], signal.SIGKILL)


ENDS: dict[str, tuple[str, str, Callable[[Server], object]]] = {
    "back.stop": ("0", "the server is told to end and started anew (SIGTERM)", Server.stop),
    "back.kill": ("0", "the server is killed and started anew (kill -9)", Server.kill),
    "back.process": ("1", "the process of voice is killed", kill_voice),
}


@row(*ENDS)
def back(scale: Scale) -> list[Figure]:
    """Three browsers talk, and it is ended what they talk by."""
    figures: list[Figure] = []
    for key, (processes, what, end) in ENDS.items():

        async def measured(server: Server, end: Callable[[Server], object] = end) -> list[float]:
            async def again() -> None:
                await asyncio.to_thread(end, server)
                if server.process is None:
                    await asyncio.to_thread(server.start)

            found: list[float] = []
            async with talkers(server, ann=440, bob=880, cat=1320) as people:
                for _ in range(scale.of(5, 1)):
                    await asyncio.sleep(scale.of(LIVED_S, 0))
                    found.append(await returned(people, again))
            return found

        found = hearth(measured, HEARTH_VOICE_PROCESSES=processes)
        say(f"  {key} {spread(found)} s")
        figures.append(
            Figure(
                key,
                f"{what}: until three browsers hear each other again, worst, s",
                f"{max(found):.1f}; {spread(found, 1)}",
                "≤ 5",
                max(found) <= 5,
                {"s": found},
            )
        )
    return figures


RING = """() => new Promise((done) => {
  const list = document.querySelector('ul[aria-label="In voice"]');
  new MutationObserver((_, watcher) => {
    if (!list.querySelector('[data-speaking]')) return;
    watcher.disconnect();
    done(performance.timeOrigin + performance.now());
  }).observe(list, { subtree: true, attributes: true, attributeFilter: ['data-speaking'] });
})"""
"""When the next ring is drawn, in milliseconds of a clock that all pages have."""

LOUD = "() => { loud.gain.value = 1; return performance.timeOrigin + performance.now(); }"


@row("ring")
def ring(scale: Scale) -> list[Figure]:
    """Somebody who was silent speaks: until another sees the ring around them."""

    async def measured(server: Server) -> list[float]:
        found: list[float] = []
        async with talkers(server, ann=440, bob=0) as (ann, bob):
            for _ in range(scale.of(20, 2)):
                await ann.page.evaluate("() => { loud.gain.value = 0; }")
                await bob.until("!document.querySelector('[data-speaking]')")
                seen = asyncio.create_task(bob.page.evaluate(RING))
                # It waits already once something behind it is answered.
                await bob.page.evaluate("0")
                began = await ann.page.evaluate(LOUD)
                found.append(await asyncio.wait_for(seen, WITHIN_S) - began)
        return found

    found = hearth(measured)
    return [
        Figure(
            "ring",
            "from the first sound of who was silent to the ring around them at another's, ms",
            spread(found, 0),
            "< 100",
            median(found) < 100,
            {"ms": found},
        )
    ]


# ---- packets are lost ----


@row("burst")
def burst(scale: Scale) -> list[Figure]:
    """A camera of three layers, and a viewer on whose way a tenth is lost for a while."""
    os.sched_setaffinity(0, {LOAD_CORE})

    async def measured() -> list[float]:
        found: list[float] = []
        with ExitStack() as stack:
            room = Hearth(stack)
            camera = TestPeer(microphone=False, audio_slots=0, camera=tuple(RATES), keep=False)
            stack.callback(camera.close)
            await room.join(camera)
            stack.callback(Film(camera).close)
            relay = Relay(("127.0.0.1", room.server.port), 1)
            stack.callback(relay.close)
            viewer = TestPeer(microphone=False, audio_slots=0, video_slots=1)
            stack.callback(viewer.close)
            await room.join(viewer, lead=relay.lead)
            watch = Watch(viewer)
            stack.callback(watch.close)
            await until(lambda: watch.layer == "f", "the best layer")
            for _ in range(scale.of(10, 1)):
                began = asyncio.get_running_loop().time()
                relay.up.loss = relay.down.loss = BURST_LOSS
                await asyncio.sleep(BURST_S)
                relay.up.loss = relay.down.loss = 0.0
                await asyncio.sleep(SETTLED_S)
                found.append(watch.longest_gap(began))
                await until(lambda: watch.layer == "f", "the best layer again")
        return found

    found = uvloop.run(measured())
    return [
        Figure(
            "burst",
            f"{BURST_LOSS:.0%} lost for {BURST_S:.0f} s: the longest time without another picture "
            "then and behind it, worst, s",
            f"{max(found):.2f}; {spread(found)}",
            "< 2",
            max(found) < 2,
            {"s": found},
        )
    ]
