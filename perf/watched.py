"""Hearth with a clock beside it that tells how long its loop was held up: each line of standard
input is answered by one of JSON, the longest that a timer came late since the line before.

watched.py DATA PORT
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from hearth.commands.settings import settings
from hearth.edge import logs
from hearth.server import run, serve

TICK_S = 0.001


async def watched(data: Path, port: str) -> None:
    loop = asyncio.get_running_loop()
    config = settings(None, str(data), f"127.0.0.1:{port}")
    logs.setup(config.log.level)
    late: list[float] = []

    def tick(due: float) -> None:
        now = time.perf_counter()  # the loop's own clock counts whole milliseconds
        late.append(now - due)
        loop.call_later(TICK_S, tick, now + TICK_S)

    def tell() -> None:
        sys.stdin.readline()
        print(json.dumps({"ticks": len(late), "late_ms": max(late, default=0) * 1000}), flush=True)
        late.clear()

    def ready(address: str) -> None:
        loop.call_later(TICK_S, tick, time.perf_counter() + TICK_S)
        loop.add_reader(sys.stdin.fileno(), tell)
        print(f"ready {address}", flush=True)

    await serve(config, ready)


if __name__ == "__main__":
    run(lambda: watched(Path(sys.argv[1]), sys.argv[2]))
