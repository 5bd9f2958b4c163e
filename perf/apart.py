"""The row about voice in a process of its own: what that costs beside one process for all."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import peers
from calls import AUDIO_BYTES, SETTLE_S, paced
from harness import LOAD_CORE, Failed, Server, descendants, median, rounds, say, spread
from rooms import AUDIO_SLOTS, VIDEO_SLOTS, Guild
from rows import Figure, Scale, row, world

APART = {"apart": {"HEARTH_VOICE_PROCESSES": "1"}, "together": dict[str, str]()}


class Memory(NamedTuple):
    """Of one process, in MB: all that is resident, and with what is shared counted in parts."""

    rss: float
    pss: float


def memory(pid: int) -> Memory:
    found: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss"):
            found[name] = int(rest.split()[0]) * 1024 / 1e6
    return Memory(found["Rss"], found["Pss"])


def voices(server: Server) -> list[int]:
    """The processes of voice's own."""
    return [
        pid
        for pid in descendants(server.pid)
        if b"hearth.sfu.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


class Run(NamedTuple):
    """What one round of one kind told."""

    us: float
    lost: int
    idle: float
    """RSS before anybody called."""
    server: Memory
    voice: Memory


async def called(server: Server, guild: Guild, people: int, seconds: float, apart: bool) -> Run:
    await asyncio.sleep(3)
    idle = sum(memory(pid).rss for pid in descendants(server.pid))
    await guild.open()
    async with AsyncExitStack() as stack:
        slots = {"audio_slots": AUDIO_SLOTS, "video_slots": VIDEO_SLOTS}
        everybody = [await guild.join(stack, number, **slots) for number in range(people)]
        body = os.urandom(AUDIO_BYTES)
        talking = min(AUDIO_SLOTS, people)

        def speak(number: int) -> None:
            everybody[number % talking].say(body, level=20)

        rate = talking * 50.0
        await paced(rate, 2, speak)
        await asyncio.sleep(SETTLE_S)
        before = sum(each.packets for each in everybody)
        cpu = server.cpu_ns()
        sent = await paced(rate, seconds, speak)
        took_us = (server.cpu_ns() - cpu) / 1000
        await asyncio.sleep(SETTLE_S)
        out = sum(each.packets for each in everybody) - before
        # Their slots suffice, so all get what everybody else says.
        wanted = sent * (people - 1)
        if out < wanted / 2:
            raise Failed(f"{out} packets of {wanted}")
        workers = voices(server)
        if len(workers) != apart:
            raise Failed(f"{len(workers)} processes of voice's own")
        voice = memory(workers[0]) if workers else Memory(0.0, 0.0)
        return Run(took_us / out, wanted - out, idle, memory(server.pid), voice)


@row("voiceprocess.us", "voiceprocess.lost", "voiceprocess.memory", "voiceprocess.idle")
def voiceprocess(scale: Scale) -> list[Figure]:
    """A room of thirty in which eight talk, with all of Hearth around it, in both ways."""
    people, seconds = scale.of(30, 5), float(scale.of(6, 2))
    made = world(people)
    os.sched_setaffinity(0, {LOAD_CORE})
    runs: dict[str, list[Run]] = {name: [] for name in APART}
    for order in rounds(scale.rounds, list(APART)):
        for name in order:
            with peers.hearth(made.data, **APART[name]) as server:
                guild = Guild(server, made)
                run = asyncio.run(called(server, guild, people, seconds, name == "apart"))
            runs[name].append(run)
            say(
                f"  {name}: {run.us:.2f} us a packet, lost {run.lost}, RSS {run.server.rss:.0f}"
                f" + {run.voice.rss:.0f} MB, idle {run.idle:.0f} MB"
            )
    apart, together = runs["apart"], runs["together"]
    ratios = [a.us / b.us for a, b in zip(apart, together, strict=True)]
    at = apart[-1]
    idle = [run.idle for run in apart]
    what = f"{people} people, {min(AUDIO_SLOTS, people)} talk, voice in a process of its own"
    detail = {name: [list(map(list, (run[3:]))) for run in each] for name, each in runs.items()}
    return [
        Figure(
            "voiceprocess.us",
            f"server CPU for each packet out, all processes, against one process for all, {what}",
            f"{spread(ratios)}; {spread([run.us for run in apart])} us",
            "",
            None,
            {name: [run.us for run in each] for name, each in runs.items()},
        ),
        Figure(
            "voiceprocess.lost",
            f"packets lost, {what}",
            str(sum(run.lost for run in apart)),
            "0",
            not any(run.lost for run in apart),
        ),
        Figure(
            "voiceprocess.memory",
            f"memory, {what}, MB",
            f"RSS {at.server.rss:.0f} and {at.voice.rss:.0f}, PSS {at.server.pss:.0f} and"
            f" {at.voice.pss:.0f}; one process for all RSS {together[-1].server.rss:.0f}",
            "",
            None,
            detail,
        ),
        Figure(
            "voiceprocess.idle",
            "RSS of text alone where voice has a process of its own, before the first call, MB",
            spread(idle, 1),
            "< 90",
            median(idle) < 90,
        ),
    ]
