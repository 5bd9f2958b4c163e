"""Opens the stores, builds the world, mounts the doors, runs, and drains."""

import asyncio
import logging
import os
import resource
import secrets
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Literal

import uvloop

from hearth.actions.accounts import make_link
from hearth.actions.all import MODULES
from hearth.actions.bans import resume_sweeps
from hearth.actions.collection import collect_blobs, collect_files
from hearth.actions.consumers import attachments, search, unread
from hearth.actions.departures import finish_deletions
from hearth.actions.emojis import move_pictures
from hearth.actions.exports import finish_exports, tidy_exports
from hearth.actions.gateway import end_stays
from hearth.actions.mentions import trim_mentions
from hearth.actions.sessions import USES_S, write_uses
from hearth.actions.world import World
from hearth.config import Config
from hearth.core.errors import Refused
from hearth.core.ids import IdMaker
from hearth.core.models.attachments import MediaLimits
from hearth.core.ports import Alone, Entry, StorageFull, Unusable
from hearth.core.voice_ports import Media, MediaListener, MediaSettings
from hearth.edge.addresses import LOOPBACK, own_ipv4
from hearth.edge.clock import Clock
from hearth.edge.lag import Lag
from hearth.edge.memory import calm, settle, settle_early, trimmer
from hearth.edge.metrics import Errors, Metrics, resident_bytes
from hearth.edge.tasks import Tasks
from hearth.net.admin import AdminDoor
from hearth.net.gateway import saved
from hearth.net.gateway.connection import Gateway
from hearth.net.gateway.session import DETACHED_S
from hearth.net.listen import Listener, inherited, sockets
from hearth.net.proxies import Proxies, is_here
from hearth.net.rest.serve import Rest, http_logger
from hearth.net.rest.sockets import Counts, HttpServer
from hearth.net.tls import Certificate
from hearth.net.voice.door import VoiceDoor
from hearth.net.voice.turn import Turn, stun_of
from hearth.sfu.udp import bound
from hearth.store.backup import DataBackups
from hearth.store.blobs_disk import DiskBlobs
from hearth.store.bus_memory import MemoryBus
from hearth.store.directory import SqlDirectory
from hearth.store.health import queued, refusing
from hearth.store.images import ImagePool
from hearth.store.lock import lock
from hearth.store.messages_lmdb import LmdbLog
from hearth.store.search_fts import FtsSearch
from hearth.store.whole import require_messages, require_whole

logger = logging.getLogger(__name__)

SETTLE_S, EARLY_S = 5.0, 0.25
HOUR_S = 3600.0
DAY_S = 86_400.0

QUIET_S = 60.0
"""What only tidies waits so long after the start: those who come back have the machine first."""

LINE_BYTES = 16 << 10
"""The first line of a request may be so long: a search has up to 1024 characters of 12 bytes."""

GREET_S = 0.5
"""When the server stops, who has connected and asked nothing yet gets so long to do it."""

DRAIN_S = 8.0
"""Requests that are under way when the server stops get so long."""


@asynccontextmanager
async def opened(config: Config, metrics: Metrics | None = None) -> AsyncGenerator[World]:
    """The world of a data directory, which this process has to itself meanwhile.

    The log's commits are counted in `metrics`.

    Raises AlreadyRunning, Unusable, OSError.
    """
    data = config.server.data
    async with AsyncExitStack() as stack:
        stack.callback(os.close, lock(data))
        await asyncio.to_thread(require_whole, data)
        key = secret_key(data / "key")
        directory = await SqlDirectory.open(data / "metadata.db")
        stack.push_async_callback(directory.close)
        last = await directory.greatest_id()
        if last:
            require_messages(data)
        # Closed after the tasks: one of them writes it.
        index = await FtsSearch.open(data / "search.db")
        stack.push_async_callback(index.close)
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        clock = Clock()
        worlds: list[World] = []

        def committed(results: Sequence[tuple[Entry, Exception | None]]) -> None:
            if metrics is not None:
                metrics.commits.add(len(results))
            worlds[0].logged(results)

        log = LmdbLog(
            data / "messages",
            committed,
            wall=clock.wall,
            map_size_bytes=config.storage.map_size_bytes,
            reserve_bytes=config.storage.reserve_bytes,
        )
        stack.push_async_callback(log.close)
        backups = DataBackups(
            data, directory, log, wall=clock.wall, reserve_bytes=config.storage.reserve_bytes
        )
        stack.push_async_callback(backups.close)
        last = max(last, log.greatest_id())
        blobs = DiskBlobs(
            data / "blobs", wall=clock.wall, reserve_bytes=config.storage.reserve_bytes
        )
        stack.push_async_callback(blobs.close)
        cache = DiskBlobs(
            data / "cache", wall=clock.wall, reserve_bytes=config.storage.reserve_bytes
        )
        stack.push_async_callback(cache.close)
        pictures = ImagePool(blobs, cache, data / "drafts", config.media.cache_bytes)
        stack.push_async_callback(pictures.close)
        world = World(
            directory=directory,
            log=log,
            blobs=blobs,
            pictures=pictures,
            bus=MemoryBus(),
            placement=Alone(),
            clock=clock,
            ids=IdMaker(0, last),
            tasks=tasks,
            scale=config.limits.scale,
            key=key,
            registration=config.registration.mode,
            data=data,
            reserve_bytes=config.storage.reserve_bytes,
            origin=_origin(config),
            media=MediaLimits(
                file_bytes=config.media.file_bytes,
                user_bytes_per_hour=config.media.user_bytes_per_hour,
                user_bytes=config.media.user_bytes,
                guild_bytes=config.media.guild_bytes,
                allowed=config.media.allowed_types,
                denied=config.media.denied_types,
            ),
            search=index,
            backups=backups,
        )
        worlds.append(world)
        stack.push_async_callback(world.flush)
        stack.push_async_callback(write_uses, world)
        yield world


def _origin(config: Config) -> str:
    """Where people find the server, as far as the settings say."""
    http = config.http
    first = next((each for each in http.listen if each.rpartition(":")[2].isdecimal()), "")
    scheme = "http" if config.tls.certificate is None else "https"
    return http.public_url or f"{scheme}://{first or 'localhost'}"


def secret_key(path: Path) -> bytes:
    """The key that secrets are sealed with, made at the first start; only its owner may read it.

    Raises Unusable where the file is not such a key: another in its place would open nothing.
    """
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(32))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    key = path.read_bytes()
    if len(key) != 32:
        raise Unusable(f"{path} is not a key of 32 bytes; put it back from a backup.")
    return key


async def _first_claim(world: World) -> str | None:
    """A claim link, where nobody can log in and there is no good one yet."""
    if await world.directory.has_people():
        return None
    known = await world.directory.links("claim")
    if any(link.expires_at_ms > world.wall_ms() for link in known):
        return None
    try:
        return await make_link(world, "claim")
    except Refused:
        return None  # The disk is full: the server starts, and says so where it is asked.


async def serve(
    config: Config, ready: Callable[[str], None], claim: Callable[[str], None] = lambda link: None
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called with the address once it accepts.

    `claim` is called with a claim link at the first start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = Metrics()
    allow_sockets()
    async with opened(config, metrics) as world:
        data = config.server.data
        scale = config.limits.scale
        gateway = Gateway(world, scale=scale)
        await saved.restore(gateway, data / "sessions")
        await move_pictures(world)
        rest, http = _doors(config, world, gateway, metrics)
        admin = AdminDoor(world, data / "admin.sock")
        await admin.open()
        consumers = [
            world.tasks.start(each.run(world), name=each.__name__)
            for each in (unread, attachments, search)
        ]
        world.tasks.start(world.purge_orphans(), name="purge")
        world.tasks.start(finish_deletions(world), name="departures")
        world.tasks.start(resume_sweeps(world), name="ban-sweeps")
        world.tasks.start(_end_stays(world), name="stays")
        world.tasks.start(_keep_exports(world), name="exports")
        world.tasks.start(_trim(world), name="trim")
        world.tasks.start(_collect_blobs(world), name="blobs")
        world.tasks.start(_every(1.0, gateway.sweep), name="sweep")
        trim = trimmer()

        def tidy() -> None:
            world.drop_idle(gateway.uses)
            trim()

        world.tasks.start(_every(60.0, tidy), name="tidy")
        calm()
        settle()
        world.tasks.start(_every(SETTLE_S, settle), name="settle")
        world.tasks.start(_every(EARLY_S, settle_early), name="settle-early")
        world.tasks.start(_every(DAY_S, lambda: settle(thoroughly=True)), name="settle-all")
        world.tasks.start(_every(1.0, http.sweep), name="slow")
        world.tasks.start(_write_uses(world), name="uses")
        listeners = await _listen(config, http, world.tasks)
        world.origin = config.http.public_url or listeners[0].url
        places = [each.place for each in listeners if each.place]
        voice = _voice(config, world, gateway, http, places)
        if voice is None:
            gateway.has_voice = False
            logger.info("no voice: there is no TCP address, and [voice] udp is not set")
        else:
            rest.voice = voice
            world.check_voice = voice.check
            world.guests_check_voice = config.voice.guests_check
            world.voice_relays = voice.relays
            rest.same_address = config.voice.same_address
            rest.voice_ip = next((ip for ip in config.voice.addresses if "." in ip), "")
            world.tasks.start(_every(1.0, voice.sweep), name="voice")
            world.voice_health = voice.health
            _count_voice(metrics, voice)
        link = await _first_claim(world)
        if link is not None:
            claim(link)
        for listener in listeners:
            ready(listener.url)
        logger.info("ready listeners=%d subjects=%d", len(listeners), len(MODULES))
        await stop.wait()
        logger.info("draining connections=%d", len(gateway.connections))
        for listener in listeners:
            listener.close()
        await _hear_out(http, listeners)
        rest.closing = True
        await admin.close()
        http.pre_shutdown()  # closes connections without a request, which else are waited for
        await http.shutdown(DRAIN_S / 4)
        if voice is not None:
            await voice.close()
        await gateway.close()
        # They read the log; what they have not taken they take at the next start.
        for consumer in consumers:
            consumer.cancel()
        await asyncio.wait(consumers)
        if world.backups is not None:
            await world.backups.close()
        # What was posted is told before the sessions are saved with it.
        await world.log.close()
        saved.save(gateway, data / "sessions")


def allow_sockets() -> None:
    """Let this process open as many sockets as the system allows; shells often say 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError) as error:
        logger.info("open files not raised reason=%s", error)


def _doors(
    config: Config, world: World, gateway: Gateway, metrics: Metrics
) -> tuple[Rest, HttpServer]:
    """What answers HTTP, and what it counts."""
    http, log = config.http, world.log
    assert isinstance(log, LmdbLog)
    proxies = Proxies(http.trusted_proxies)

    def free(address: str) -> bool:
        return is_here(address) or proxies.trusts(address)

    rest = Rest(
        world,
        gateway,
        public_url=http.public_url,
        scale=config.limits.scale,
        proxies=proxies,
        counts=Counts(http.connections_per_address, free),
        metrics=metrics,
        metrics_token=config.metrics.token,
        unready=lambda: refusing(log),
    )
    server = HttpServer(
        rest.handle,
        counts=Counts(http.connections_per_address, free),
        head_timeout_s=http.head_timeout_s,
        body_rate_bytes=http.body_rate_bytes,
        request_factory=rest.request,
        max_line_size=LINE_BYTES,
        logger=http_logger,
    )
    errors = Errors()
    logging.getLogger().addHandler(errors)
    read = metrics.read
    read("hearth_sessions", "gauge", "Gateway sessions, cut ones that may be resumed too.",
         lambda: len(gateway.sessions))  # fmt: skip
    read("hearth_gateway_connections", "gauge", "Open gateway connections.",
         lambda: len(gateway.connections))  # fmt: skip
    read("hearth_events_total", "counter", "Events given to gateway sessions.", gateway.events)
    read("hearth_http_connections", "gauge", "Open connections for requests.",
         lambda: len(server.connections))  # fmt: skip
    read("hearth_connections_refused_total", "counter",
         "Connections of addresses that had too many.", lambda: server.refused)  # fmt: skip
    read("hearth_connections_slow_total", "counter",
         "Connections cut because they were too slow.", lambda: server.slow)  # fmt: skip
    read("hearth_log_queue", "gauge", "Changes to messages that wait for the disk.",
         lambda: queued(log))  # fmt: skip
    read("hearth_search_lag", "gauge", "Seconds that the search index is behind.",
         lambda: world.indexing.behind_s(world.clock.now()))  # fmt: skip
    read("hearth_homes", "gauge", "Guilds, private channels and users in memory.",
         lambda: len(world.homes))  # fmt: skip
    read("hearth_ready", "gauge", "1 when /readyz says that all is well.",
         lambda: int(not rest.closing and refusing(log) is None))  # fmt: skip
    read("hearth_errors_total", "counter", "Errors in the log of this process.",
         lambda: errors.count)  # fmt: skip
    read("hearth_resident_bytes", "gauge", "Memory of this process.", resident_bytes)
    lag = Lag()
    read("hearth_loop_lag_seconds", "gauge", "The longest that the loop was late in ten seconds.",
         lambda: lag.worst_s)  # fmt: skip
    return rest, server


def _count_voice(metrics: Metrics, voice: VoiceDoor) -> None:
    """Show how voice is, by the process that carries it; `main` is this one."""
    metrics.read("hearth_voice_sessions", "gauge", "Who is connected for voice.",
                 lambda: len(voice.seats))  # fmt: skip

    def each(name: str, kind: Literal["gauge", "counter"], text: str, field: str) -> None:
        metrics.read_each(name, kind, text, lambda: {
            f'process="{each.process}"': getattr(each, field) for each in voice.health()
        })  # fmt: skip

    each("hearth_voice_rooms", "gauge", "Rooms of voice.", "rooms")
    each("hearth_voice_peers", "gauge", "Connections in these rooms.", "peers")
    each("hearth_voice_lag_seconds", "gauge",
         "The longest that the process's loop was late in ten seconds.", "lag_s")  # fmt: skip
    each("hearth_voice_resident_bytes", "gauge", "Memory of the process.", "resident_bytes")
    each("hearth_voice_drops_total", "counter",
         "Datagrams that the system had no room for.", "drops")  # fmt: skip
    each("hearth_voice_restarts_total", "counter", "Deaths of the process.", "restarts")


def _voice(
    config: Config,
    world: World,
    gateway: Gateway,
    http: HttpServer,
    places: Sequence[tuple[str, int]],
) -> VoiceDoor | None:
    """The voice gateway, whose media comes to the first TCP address by UDP; None without one."""
    asked = config.voice.udp
    if asked is not None:
        host, _, port = asked.rpartition(":")
        place = host.removeprefix("[").removesuffix("]"), int(port)
    elif places:
        place = places[0]
    else:
        return None

    everywhere = place[0] in ("", "0.0.0.0", "::")  # noqa: S104
    tcp_port = places[0][1] if places else 0
    # As plain text, which goes over sockets: `Ip` is a kind of it that no encoder knows.
    named = tuple(map(str, config.voice.addresses))
    hosts = named or ((own_ipv4(), LOOPBACK) if everywhere else (place[0],))

    told = MediaSettings(
        host=place[0],
        hosts=hosts,
        tcp_port=tcp_port,
        stun=config.voice.stun or "",
        viewer_kbps=config.voice.viewer_kbps,
        upload_kbps=config.voice.upload_kbps,
    )

    def bind(number: int) -> socket.socket:
        port = place[1] + number if place[1] else 0
        try:
            return bound(place[0], port)
        except (OSError, OverflowError) as error:
            if asked is not None:
                raise
            # Somebody else has the number: bots and browsers are told another.
            logger.warning("UDP port taken port=%d reason=%s", port, error)
            return bound(place[0], 0)

    async def open_voice(listener: MediaListener) -> Media:
        """At first use: text alone needs none of it."""
        media: Media
        if config.voice.processes:
            module = await asyncio.to_thread(import_module, "hearth.sfu.processes")
            udp = [bind(number) for number in range(config.voice.processes)]
            media = module.Processes(listener, udp, told)
        else:
            module = await asyncio.to_thread(import_module, "hearth.sfu.media")
            media = module.open_media(listener, bind(0), told)
        http.media = media.stream
        return media

    turn = Turn(config.voice.turn, config.voice.turn_secret or "")
    return VoiceDoor(
        world,
        open_voice,
        away=gateway.is_away,
        scale=config.limits.scale,
        turn=turn,
        p2p=config.voice.p2p,
        stun=stun_of(config.voice.turn, config.voice.stun),
    )


async def _listen(config: Config, http: HttpServer, tasks: Tasks) -> list[Listener]:
    """Take connections, by TLS when there is a certificate, which is looked after."""
    tls = None
    if config.tls.certificate is not None and config.tls.key is not None:
        certificate = Certificate(config.tls.certificate, config.tls.key)
        tasks.start(_every(1.0, certificate.refresh), name="certificate")
        tls = certificate.context
    passed = inherited()
    listeners = [
        Listener(http, sock, tls, ours=sock not in passed)
        for sock in sockets(config.http.listen, passed)
    ]
    for listener in listeners:
        await listener.open()
    return listeners


async def _hear_out(http: HttpServer, listeners: Sequence[Listener]) -> None:
    """Let who has connected ask; where a socket is inherited nobody then notices a restart."""
    for listener in listeners:
        await listener.settle(GREET_S)
    # What was taken from the socket last is told of a step later, and what it asks one more.
    calm = 0
    for _ in range(int(GREET_S / 0.02)):
        await asyncio.sleep(0.02)
        calm = 0 if http.fresh else calm + 1
        if calm == 2:
            break


async def _write_uses(world: World) -> None:
    while True:
        await asyncio.sleep(USES_S)
        await write_uses(world)


async def _end_stays(world: World) -> None:
    """Wait as long as a session may be resumed for temporary members to come back."""
    await asyncio.sleep(DETACHED_S)
    await end_stays(world)


async def _keep_exports(world: World) -> None:
    """Finish exports that a crash has interrupted, and remove old ones."""
    work = finish_exports
    while True:
        try:
            await work(world)
        except (Refused, OSError) as error:
            logger.warning("exports not tidied reason=%s", error)
        await asyncio.sleep(HOUR_S)
        work = tidy_exports


async def _trim(world: World) -> None:
    """Keep the journal and mentions short; they are what grows when nothing else does."""
    await asyncio.sleep(QUIET_S)
    while True:
        try:
            await world.trim_journal()
            await trim_mentions(world)
        except StorageFull:
            logger.warning("disk full, journal and mentions not trimmed")
        await asyncio.sleep(HOUR_S)


async def _collect_blobs(world: World) -> None:
    """Delete, each hour, the blobs that nothing refers to."""
    while True:
        await asyncio.sleep(HOUR_S)
        try:
            await collect_files(world)
            await collect_blobs(world)
        except Exception:
            logger.exception("blobs not collected")


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
