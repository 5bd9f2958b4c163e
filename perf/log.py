"""The message log alone, against a bare LMDB commit of the same bytes: prints one line of JSON.

    log.py DIRECTORY ROUNDS COUNT

Per round and turn about: COUNT bare transactions of one record and one journal row, COUNT single
puts each awaited, and COUNT × 16 puts with 64 in flight. One channel, records of 200 bytes.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import lmdb
import msgspec
import uvloop

from hearth.core.ports import Entry, Kind
from hearth.store.messages_lmdb import LmdbLog

CHANNEL = 1_000_000_000_000_000_000
RECORD = bytes(range(200))
IN_FLIGHT = 64


def bare(path: Path) -> Callable[[int], None]:
    """A function that makes one durable transaction: the record and its journal row."""
    path.mkdir(parents=True, exist_ok=True)
    env = lmdb.open(str(path), map_size=1 << 40, max_dbs=8, max_spare_txns=1)
    messages, journal = env.open_db(b"messages"), env.open_db(b"journal")
    numbers = count(1)

    def commit(id: int) -> None:
        row = b"\x01" + msgspec.msgpack.encode([(0, CHANNEL, id)])
        with env.begin(write=True) as txn:
            txn.put(struct.pack(">QQ", CHANNEL, id), RECORD, db=messages, overwrite=False)
            txn.put(struct.pack(">Q", next(numbers)), row, db=journal, append=True)

    return commit


def told(results: Sequence[tuple[Entry, Exception | None]]) -> None:
    for entry, error in results:
        future: Any = entry.note
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


async def measure(path: Path, rounds: int, each: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    log = LmdbLog(path / "log", told)
    commit = bare(path / "bare")
    ids = count(1)

    def put() -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()
        log.put(Entry(Kind.CREATE, CHANNEL, next(ids), RECORD, note=done))
        return done

    def bare_commits(n: int) -> list[float]:
        times: list[float] = []
        for _ in range(n):
            begun = time.perf_counter()
            commit(next(ids))
            times.append(time.perf_counter() - begun)
        return times

    async def single_puts(n: int) -> list[float]:
        times: list[float] = []
        for _ in range(n):
            begun = time.perf_counter()
            await put()
            times.append(time.perf_counter() - begun)
        return times

    async def one_of_many(n: int) -> None:
        for _ in range(n):
            await put()

    bare_commits(50)
    await single_puts(50)
    out: dict[str, Any] = {"single": [], "many": [], "bare_ms": [], "put_ms": []}
    for i in range(rounds):
        bare_times: list[float] = []
        put_times: list[float] = []
        for _ in range(2):  # bare, put, bare, put: or the other way about
            if i % 2:
                put_times += await single_puts(each // 2)
            bare_times += bare_commits(each // 2)
            if not i % 2:
                put_times += await single_puts(each // 2)
        begun = time.perf_counter()
        await asyncio.gather(*(one_of_many(each * 16 // IN_FLIGHT) for _ in range(IN_FLIGHT)))
        per_put = (time.perf_counter() - begun) / (each * 16 // IN_FLIGHT * IN_FLIGHT)
        out["single"].append(statistics.median(put_times) / statistics.median(bare_times))
        out["many"].append(statistics.mean(bare_times) / per_put)
        out["bare_ms"].append(statistics.median(bare_times) * 1000)
        out["put_ms"].append(statistics.median(put_times) * 1000)
    await log.close()
    return out


if __name__ == "__main__":
    figures = uvloop.run(measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps(figures))
