"""The rows of the speed table: each a function that measures and returns its figures."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
import peers
import seed
from harness import Failed, Load, Server, median, say, spread

FRAME_BYTES = 954
"""A MESSAGE_CREATE of 950 bytes and its frame header of 4."""

Values = list[float]


@dataclass
class Figure:
    """One line of RESULTS.md. `met` is None where there is no goal."""

    key: str
    what: str
    result: str
    goal: str
    met: bool | None
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class Scale:
    """How much is done: the whole, or enough to see that it works."""

    quick: bool
    rounds: int

    def of(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole


Row = Callable[[Scale], list[Figure]]
ROWS: dict[str, Row] = {}
ORDER: list[str] = []


def row(*keys: str) -> Callable[[Row], Row]:
    """Mark a function as a row; `keys` are those of its figures, in the order of RESULTS.md."""

    def add(function: Row) -> Row:
        ROWS[function.__name__] = function
        ORDER.extend(keys)
        return function

    return add


def world(members: int, channels: int = 1, private: bool = False) -> seed.World:
    say(f"  seeding {members} members, {channels} channels")
    return seed.make(harness.BUILD / "world" / "data", members, channels, private)


@contextmanager
def loaded(start: Callable[..., Server], *args: Any) -> Generator[tuple[Server, Load]]:
    with start(*args) as server, Load(server) as load:
        yield server, load


def fit(load: Load, posts: Path, expect: int, capture: Path) -> int:
    """The content size that makes a frame of FRAME_BYTES, and in `capture` such a frame."""
    load.run(requests=posts, count=1, expect=expect, size=400, capture=capture)
    size = 400 + FRAME_BYTES - capture.stat().st_size
    load.run(requests=posts, count=1, expect=expect, size=size, capture=capture)
    if capture.stat().st_size != FRAME_BYTES:
        raise Failed(f"a frame has {capture.stat().st_size} bytes, not {FRAME_BYTES}")
    return size


def no_gaps(name: str, answer: dict[str, Any]) -> None:
    if name == "hearth" and (answer["gaps"] or answer["gone"] or answer["told_off"]):
        raise Failed(f"sessions were lost or have gaps: {json.dumps(answer)}")


def ratios(above: Values, below: Values) -> Values:
    return [a / b for a, b in zip(above, below, strict=True)]


# ---- fan-out ----


def _fan_out(scale: Scale, n: int, count: int, names: list[str]) -> dict[str, Values]:
    """CPU µs per delivery of each server by round; one message in flight."""
    made = world(n)
    frame = harness.BUILD / "frame"
    with ExitStack() as stack:
        servers: dict[str, Load] = {}
        _, servers["hearth"] = stack.enter_context(loaded(peers.hearth, made.data))
        servers["hearth"].open(n, made.tokens)
        size = fit(servers["hearth"], made.posts, n, frame)
        for name in names[1:]:
            start = {"c": peers.floor, "plain": peers.plain}[name]
            _, servers[name] = stack.enter_context(loaded(start, frame))
            servers[name].open(n, made.tokens)
        out: dict[str, Values] = {name: [] for name in names}
        for i, order in enumerate(harness.rounds(scale.rounds, names)):
            for name in order:
                run: dict[str, Any] = {"requests": made.posts, "expect": n, "size": size}
                servers[name].run(count=5, **run)
                answer = servers[name].run(count=count, **run)
                no_gaps(name, answer)
                out[name].append(answer["cpu_us"] / answer["deliveries"])
            say(f"  round {i + 1}: " + ", ".join(f"{k} {v[-1]:.2f} µs" for k, v in out.items()))
    return out


@row("fanout1000")
def fanout1000(scale: Scale) -> list[Figure]:
    out = _fan_out(scale, scale.of(1000, 200), scale.of(400, 50), ["hearth", "c"])
    against = ratios(out["hearth"], out["c"])
    what = "CPU per delivery against C, one 950-byte message per write, N=1000"
    return [
        Figure("fanout1000", what, spread(against), "≤ 1.75 (1.5)", median(against) <= 1.75, out)
    ]


@row("fanout5000", "fanout5000.plain")
def fanout5000(scale: Scale) -> list[Figure]:
    n = scale.of(5000, 500)
    out = _fan_out(scale, n, scale.of(80, 20), ["hearth", "c", "plain"])
    to_c, to_plain = ratios(out["hearth"], out["c"]), ratios(out["hearth"], out["plain"])
    return [
        Figure(
            "fanout5000",
            "the same, N=5000",
            spread(to_c),
            "≤ 1.55 (1.45)",
            median(to_c) <= 1.55,
            out,
        ),
        Figure(
            "fanout5000.plain",
            "CPU per delivery against a bare pre-framed Python protocol, N=5000",
            spread(to_plain),
            "≤ 1.25",
            median(to_plain) <= 1.25,
        ),
    ]


@row("throughput", "throughput.cpu")
def throughput(scale: Scale) -> list[Figure]:
    """Four connections posting 400 bytes of text, each when its last has reached everybody."""
    n, count = scale.of(1000, 200), scale.of(1200, 100)
    made = world(n)
    with (
        loaded(peers.hearth, made.data) as (_, hearth),
        loaded(peers.inspircd) as (_, irc),
    ):
        hearth.open(n, made.tokens)
        irc.ask("irc", 120, n=n, posters=4)
        rate: dict[str, Values] = {"hearth": [], "inspircd": []}
        cpu: dict[str, Values] = {"hearth": [], "inspircd": []}
        for i, order in enumerate(harness.rounds(scale.rounds, ["hearth", "inspircd"])):
            for name in order:
                run: dict[str, Any] = {"expect": n, "size": 400}
                if name == "hearth":
                    run |= {"requests": made.posts, "conns": 4}
                load = hearth if name == "hearth" else irc
                load.run(count=20, **run)
                answer = load.run(count=count, **run)
                no_gaps(name, answer)
                rate[name].append(answer["deliveries"] / answer["seconds"])
                cpu[name].append(answer["cpu_us"] / answer["deliveries"])
            say(f"  round {i + 1}: " + ", ".join(f"{k} {v[-1]:.0f}/s" for k, v in rate.items()))
    faster = ratios(rate["hearth"], rate["inspircd"])
    dearer = ratios(cpu["hearth"], cpu["inspircd"])
    result = f"{spread(faster)}; {median(rate['hearth']):.0f} a second"
    what = "deliveries a second against inspircd, 4 connections posting, N=1000"
    return [
        Figure("throughput", what, result, "≥ 1.1 (1.3)", median(faster) >= 1.1, rate),
        Figure(
            "throughput.cpu",
            "CPU per delivery against inspircd there",
            spread(dearer),
            "",
            None,
            cpu,
        ),
    ]


@row("ejabberd", "ejabberd.cpu", "ejabberd.one", "ejabberd.ack")
def ejabberd(scale: Scale) -> list[Figure]:
    """As `throughput`, against a server that keeps history too; then 10 messages a second."""
    n, seconds = scale.of(1000, 100), scale.of(6, 2)
    made = world(n)
    kinds: dict[str, dict[str, Any]] = {
        "four": {"conns": 4},
        "one": {"conns": 1},
        "rated": {"conns": 4, "rate": 10, "seconds": seconds},
    }
    counts = {"hearth": scale.of(600, 50), "ejabberd": scale.of(60, 20)}
    out: dict[str, Values] = {}
    with (
        loaded(peers.hearth, made.data) as (_, hearth),
        loaded(peers.ejabberd) as (_, rival),
    ):
        hearth.open(n, made.tokens)
        rival.ask("xmpp", 200, n=n, posters=4, wait=200)
        for i, order in enumerate(harness.rounds(scale.rounds, list(counts))):
            for name in order:
                load = hearth if name == "hearth" else rival
                base: dict[str, Any] = {"expect": n, "size": 400}
                if name == "hearth":
                    base["requests"] = made.posts
                load.run(count=10, **base)
                for kind, more in kinds.items():
                    count = {} if "rate" in more else {"count": counts[name]}
                    answer = load.run(**base, **count, **more)
                    no_gaps(name, answer)
                    for what, value in (
                        ("rate", answer["deliveries"] / answer["seconds"]),
                        ("cpu", answer["cpu_us"] / answer["deliveries"]),
                        ("ack", answer["ack"]["p99"]),
                    ):
                        out.setdefault(f"{name} {kind} {what}", []).append(value)
            rates = [f"{each} {out[f'{each} four rate'][-1]:.0f}/s" for each in counts]
            say(f"  round {i + 1}: " + ", ".join(rates))

    def against(what: str) -> Values:
        return ratios(out[f"hearth {what}"], out[f"ejabberd {what}"])

    def both(what: str, digits: int) -> str:
        ours, theirs = (median(out[f"{name} {what}"]) for name in counts)
        return f"{ours:.{digits}f} to {theirs:.{digits}f}"

    four, one = against("four rate"), against("one rate")
    what = f"deliveries a second against ejabberd with MAM, 4 connections posting, N={n}"
    return [
        Figure(
            "ejabberd",
            what,
            f"{spread(four, 1)}; {both('four rate', 0)} a second",
            "≥ 12",
            median(four) >= 12,
            out,
        ),
        Figure(
            "ejabberd.cpu",
            "CPU per delivery against ejabberd there",
            f"{spread(against('four cpu'), 3)}; {both('four cpu', 1)} µs",
            "",
            None,
        ),
        Figure(
            "ejabberd.one",
            "deliveries a second against ejabberd with MAM, one connection posting",
            f"{spread(one, 1)}; CPU per delivery {both('one cpu', 1)} µs",
            "",
            None,
        ),
        Figure(
            "ejabberd.ack",
            "ack p99 against ejabberd with MAM at 10 messages a second",
            f"{spread(against('rated ack'))}; {both('rated ack', 1)} ms",
            "",
            None,
        ),
    ]


@row("latency")
def latency(scale: Scale) -> list[Figure]:
    n, seconds = scale.of(1000, 200), scale.of(15, 2)
    made = world(n)
    frame = harness.BUILD / "frame"
    with loaded(peers.hearth, made.data) as (_, hearth):
        hearth.open(n, made.tokens)
        size = fit(hearth, made.posts, n, frame)
        with loaded(peers.floor, frame) as (_, c):
            c.open(n, made.tokens)
            servers = {"hearth": hearth, "c": c}
            out: dict[str, Values] = {"hearth": [], "c": []}
            for i, order in enumerate(harness.rounds(scale.rounds, ["hearth", "c"])):
                for name in order:
                    answer = servers[name].run(
                        requests=made.posts, rate=10, seconds=seconds, conns=4, expect=n, size=size
                    )
                    no_gaps(name, answer)
                    out[name].append(answer["delivery"]["p99"])
                say(f"  round {i + 1}: " + ", ".join(f"{k} {v[-1]:.2f} ms" for k, v in out.items()))
    against = ratios(out["hearth"], out["c"])
    result = f"{spread(against)}; {median(out['hearth']):.1f} ms"
    what = "delivery p99 at 10 messages a second to 1000, against C"
    return [Figure("latency", what, result, "≤ 1.35", median(against) <= 1.35, out)]


# ---- a client that never reads ----


def stuck_bytes(port: int) -> int:
    """The longest send queue of a server's connections, as the kernel tells it."""
    most = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{port:04X}") and words[3] == "01":
            most = max(most, int(words[4].split(":")[0], 16))
    return most


def caught_up(load: Load, server: Server) -> int:
    """Wait until a client that reads again has read all; how many sessions are left.

    It may take seconds before the kernel asks anew whether such a client has room.
    """
    for _ in range(30):
        live = load.ask("idle", seconds=1)["live"]
        if not stuck_bytes(server.port):
            return live
    raise Failed("the client that reads again does not catch up")


@row("stall", "stall.memory")
def stall(scale: Scale) -> list[Figure]:
    n, pairs = scale.of(1000, 100), scale.of(20, 2)
    filler, count = scale.of(1200, 600), scale.of(200, 50)
    made = world(n)
    out: dict[str, Values] = {"all": [], "one": [], "stuck": []}
    with loaded(peers.hearth, made.data) as (server, load):
        live = load.open(n, made.tokens)["live"]
        for i, order in enumerate(harness.rounds(pairs, ["all", "one"])):
            for kind in order:
                readers = live
                if kind == "one":
                    load.ask("stall", k=1)
                    readers -= 1
                run: dict[str, Any] = {"requests": made.posts, "expect": readers, "size": 400}
                load.run(count=filler, conns=8, **run)
                if kind == "one":
                    out["stuck"].append(stuck_bytes(server.port))
                    if not out["stuck"][-1]:
                        raise Failed("the client that does not read holds nothing up")
                answer = load.run(count=count, **run)
                out[kind].append(answer["delivery"]["p50"])
                if kind == "one":
                    load.ask("unstall")
                    live = caught_up(load, server)
                    if live < n:  # the server let it go
                        live = load.open(1, made.tokens)["live"]
            say(f"  pair {i + 1}: {out['one'][-1] / out['all'][-1]:.3f}")
    against = ratios(out["one"], out["all"])
    bound = harness.upper_bound(against)
    result = f"{bound:.3f}; median {median(against):.3f}, {pairs} pairs"
    figures = [
        Figure(
            "stall",
            "one client that never reads: upper 95 % bound of the others' median latency ratio",
            result,
            "< 1.10",
            bound < 1.10,
            out,
        )
    ]

    grown: dict[str, Values] = {"all": [], "half": []}
    for _ in range(scale.of(3, 1)):
        for kind in ("all", "half"):
            with loaded(peers.hearth, made.data) as (server, load):
                load.open(n, made.tokens)
                load.run(requests=made.posts, count=20, expect=n, size=400)
                before = server.rss_bytes()
                if kind == "half":
                    load.ask("stall", k=n // 2)
                readers = n // 2 if kind == "half" else n
                load.run(requests=made.posts, count=filler, conns=8, expect=readers, size=400)
                grown[kind].append(server.rss_bytes() - before)
    each = [(a - b) / (n // 2) / 1024 for a, b in zip(grown["half"], grown["all"], strict=True)]
    figures.append(
        Figure(
            "stall.memory",
            "memory of a client that never reads, beyond the shared payloads, KiB",
            spread(each, 1),
            "≤ 64",
            median(each) <= 64,
            grown,
        )
    )
    return figures


# ---- memory ----


@row("idle.plain", "idle.zlib")
def idle(scale: Scale) -> list[Figure]:
    n, seconds = scale.of(10_000, 500), scale.of(300, 5)
    made = world(n)
    figures: list[Figure] = []
    for kind, name in enumerate(("plain", "zlib")):
        with loaded(peers.hearth, made.data) as (server, load):
            before = server.rss_bytes()
            load.open(n, made.tokens, wait=300, compress=kind)
            opened = server.rss_bytes()
            answer = load.ask("idle", seconds + 30, seconds=seconds)
            if answer["live"] != n:
                raise Failed(f"of {n} sessions {answer['live']} are left")
            after = server.rss_bytes()
        each = (after - before) / n / 1024
        say(f"  {name}: {each:.2f} KiB")
        what = f"RSS per idle identified session, {name}, {n} users of one guild, KiB"
        detail = {"before": before, "opened": opened, "after": after}
        figures.append(Figure(f"idle.{name}", what, f"{each:.2f}", "≤ 4 (3)", each <= 4, detail))
    return figures


@row("rss")
def rss(scale: Scale) -> list[Figure]:
    made = world(1)
    with peers.hearth(made.data) as server:
        time.sleep(scale.of(20, 2))
        mb = server.rss_bytes() / 1e6
    return [Figure("rss", "idle RSS, text only, MB", f"{mb:.1f}", "< 90", mb < 90)]


# ---- the log alone ----


@row("log.many", "log.single")
def log(scale: Scale) -> list[Figure]:
    place = harness.BUILD / "log"
    shutil.rmtree(place, ignore_errors=True)
    command = ["taskset", "-c", str(harness.SERVER_CORE), sys.executable, "log.py", str(place)]
    command += [str(scale.rounds), str(scale.of(1000, 100))]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=600, cwd=harness.PERF
    )
    shutil.rmtree(place, ignore_errors=True)
    out = json.loads(done.stdout)
    return [
        Figure(
            "log.many",
            "MessageLog, 64 puts in flight against one commit each, records a second",
            spread(out["many"], 1),
            "≥ 10",
            median(out["many"]) >= 10,
            out,
        ),
        Figure(
            "log.single",
            "MessageLog, p50 of a single put against a bare commit",
            spread(out["single"]),
            "≤ 1.5",
            median(out["single"]) <= 1.5,
        ),
    ]


# ---- many channels ----


@row("acks", "acks.pages")
def acks(scale: Scale) -> list[Figure]:
    channels, seconds = 100, scale.of(60, 3)
    made = world(channels * 10, channels, private=True)
    out: dict[str, Values] = {"acks": [], "pages": [], "pages_read": []}
    with loaded(peers.hearth, made.data) as (_, load):
        load.open(channels * 10, made.tokens)
        run: dict[str, Any] = {"requests": made.posts, "conns": 64, "expect": 10, "size": 400}
        load.run(count=channels * 50, **run)
        for i, order in enumerate(harness.rounds(scale.rounds, ["acks", "pages"])):
            for kind in order:
                more: dict[str, Any] = (
                    {"side": made.gets, "side_conns": 4} if kind == "pages" else {}
                )
                answer = load.run(rate=1000, seconds=seconds, **run, **more)
                no_gaps("hearth", answer)
                out[kind].append(answer["ack"]["p99"])
                if more:
                    out["pages_read"].append(answer["side"]["count"] / seconds)
            say(f"  round {i + 1}: {out['acks'][-1]:.1f} ms, with pages {out['pages'][-1]:.1f} ms")
    pages = f"{spread(out['pages'], 1)}; {median(out['pages_read']):.0f} pages a second beside it"
    return [
        Figure(
            "acks",
            "ack p99, 100 channels of 10 listeners, 1,000 messages a second, ms",
            spread(out["acks"], 1),
            "< 10",
            median(out["acks"]) < 10,
            out,
        ),
        Figure(
            "acks.pages",
            "the same while 4 connections read pages without pause, ms",
            pages,
            "< 25",
            median(out["pages"]) < 25,
        ),
    ]


# ---- HTTP ----


@row("http.get", "http.post")
def http(scale: Scale) -> list[Figure]:
    seconds = scale.of(8, 1)
    made = world(1)
    out: dict[str, Values] = {"get": [], "post": [], "empty get": [], "empty post": []}
    with loaded(peers.hearth, made.data) as (_, hearth), loaded(peers.empty) as (_, empty):
        hearth.run(requests=made.posts, count=200, conns=32)
        for i, order in enumerate(harness.rounds(scale.rounds, list(out))):
            for kind in order:
                load = empty if kind.startswith("empty") else hearth
                requests = made.gets if kind.endswith("get") else made.posts
                load.run(requests=requests, conns=32, seconds=0.5, size=400)
                answer = load.run(requests=requests, conns=32, seconds=seconds, size=400)
                out[kind].append(answer["acked"] / answer["seconds"])
            say(f"  round {i + 1}: " + ", ".join(f"{k} {v[-1]:.0f}/s" for k, v in out.items()))
    figures: list[Figure] = []
    for kind, goal, least in (
        ("get", "≥ 0.12 (0.15)", 0.12),
        ("post", "≥ 0.22 (0.30)", 0.22),
    ):
        against = ratios(out[kind], out[f"empty {kind}"])
        name = {"get": "GET of 50 messages", "post": "durable POST"}[kind]
        figures.append(
            Figure(
                f"http.{kind}",
                f"{name} against an empty aiohttp handler, 32 connections, requests a second",
                f"{spread(against, 3)}; {median(out[kind]):.0f} a second",
                goal,
                median(against) >= least,
                {kind: out[kind], "empty": out[f"empty {kind}"]},
            )
        )
    return figures
