"""Opens the stores, builds the world, mounts the doors, runs, and drains."""

import asyncio
import fcntl
import logging
import os
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop
from aiohttp import web

from hearth.actions.all import MODULES
from hearth.actions.consumers import unread
from hearth.actions.world import World
from hearth.config import Config
from hearth.core.ids import IdMaker
from hearth.core.ports import Alone, Entry
from hearth.edge.clock import Clock
from hearth.edge.memory import calm, settle, trimmer
from hearth.edge.tasks import Tasks
from hearth.net.admin import AdminDoor
from hearth.net.gateway import saved
from hearth.net.gateway.connection import Gateway
from hearth.net.rest.serve import Rest, http_logger
from hearth.store.bus_memory import MemoryBus
from hearth.store.directory import SqlDirectory
from hearth.store.messages_lmdb import LmdbLog

logger = logging.getLogger(__name__)

SETTLE_S = 5.0
DAY_S = 86_400.0

DRAIN_S = 8.0
"""Requests that are under way when the server stops get so long."""


class AlreadyRunning(Exception):
    """Another process has the data directory."""


def lock(data: Path) -> int:
    """Take the data directory for this process; the descriptor holds it. Raises AlreadyRunning."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise AlreadyRunning(f"Another Hearth is running on {data}.") from None
    return descriptor


@asynccontextmanager
async def opened(config: Config) -> AsyncGenerator[World]:
    """The world of a data directory, which this process has to itself meanwhile.

    Raises AlreadyRunning, Unusable, OSError.
    """
    data = config.server.data
    async with AsyncExitStack() as stack:
        stack.callback(os.close, lock(data))
        directory = await SqlDirectory.open(data / "metadata.db")
        stack.push_async_callback(directory.close)
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        clock = Clock()
        worlds: list[World] = []

        def committed(results: Sequence[tuple[Entry, Exception | None]]) -> None:
            worlds[0].logged(results)

        log = LmdbLog(
            data / "messages",
            committed,
            wall=clock.wall,
            map_size_bytes=config.storage.map_size_bytes,
            reserve_bytes=config.storage.reserve_bytes,
        )
        stack.push_async_callback(log.close)
        last = max(await directory.greatest_id(), log.greatest_id())
        world = World(
            directory=directory,
            log=log,
            bus=MemoryBus(),
            placement=Alone(),
            clock=clock,
            ids=IdMaker(0, last),
            tasks=tasks,
            scale=config.limits.scale,
        )
        worlds.append(world)
        stack.push_async_callback(world.flush)
        yield world


async def serve(config: Config, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called with the address once it accepts."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opened(config) as world:
        data = config.server.data
        scale = config.limits.scale
        gateway = Gateway(world, scale=scale)
        await saved.restore(gateway, data / "sessions")
        rest = Rest(world, gateway, public_url=config.server.public_url, scale=scale)
        http = web.Server(
            rest.handle, request_factory=rest.request, access_log=None, logger=http_logger
        )
        passed = passed_socket()
        if passed is None:
            host, port = config.server.address
            listener = await loop.create_server(http, host, port, backlog=4096)
        else:
            listener = await loop.create_server(http, sock=passed, backlog=4096)
        admin = AdminDoor(world, data / "admin.sock")
        await admin.open()
        world.tasks.start(unread.run(world), name="unread")
        world.tasks.start(world.purge_orphans(), name="purge")
        world.tasks.start(_every(1.0, gateway.sweep), name="sweep")
        trim = trimmer()

        def tidy() -> None:
            world.drop_idle(gateway.rooms.__contains__)
            trim()

        world.tasks.start(_every(60.0, tidy), name="tidy")
        calm()
        settle()
        world.tasks.start(_every(SETTLE_S, settle), name="settle")
        world.tasks.start(_every(DAY_S, lambda: settle(thoroughly=True)), name="settle-all")
        bound = listener.sockets[0].getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        ready(f"http://{shown}:{bound[1]}")
        logger.info("ready port=%d subjects=%d", bound[1], len(MODULES))
        await stop.wait()
        logger.info("draining connections=%d", len(gateway.connections))
        listener.close()
        rest.closing = True
        await admin.close()
        http.pre_shutdown()  # closes connections without a request, which else are waited for
        await http.shutdown(DRAIN_S / 4)
        await gateway.close()
        # What was posted is told before the sessions are saved with it.
        await world.log.close()
        saved.save(gateway, data / "sessions")


def passed_socket() -> socket.socket | None:
    """The listening socket that whoever started the process keeps open, as sd_listen_fds(3) says.

    While one process ends and the next begins, connections wait in it: discord.js and others give
    their session up when one is refused.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not int(os.environ["LISTEN_FDS"]):
        return None
    return socket.socket(fileno=3)


async def _every(seconds: float, work: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            work()
        except Exception:
            logger.exception("periodic work failed")


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run `main` on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_await(main))


async def _await(main: Callable[[], Awaitable[None]]) -> None:
    await main()
