"""What every measurement needs: compile, start and pin processes, read their CPU and memory,
drive the load generator, and keep and render results."""

from __future__ import annotations

import json
import math
import os
import platform
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PERF = Path(__file__).resolve().parent
ROOT = PERF.parent
BUILD = PERF / ".build"
RESULTS = PERF / "results.json"
PAGE = PERF / "RESULTS.md"

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


class Failed(Exception):
    """A measurement did not do what it should have measured; nothing is recorded."""


# ---- processes ----


def compiled(name: str) -> Path:
    """The program made from perf/c/NAME.c and what is in NAME/ beside it, compiled when it is
    missing or older than these."""
    source, program = PERF / "c" / f"{name}.c", BUILD / name
    newest = max(each.stat().st_mtime for each in (source, *source.with_suffix("").glob("*.h")))
    if not program.exists() or program.stat().st_mtime < newest:
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise Failed("a C compiler is needed: apt-get install gcc")
        BUILD.mkdir(exist_ok=True)
        command = [compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(program)]
        subprocess.run([*command, str(source)], check=True)
    return program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """The process and all that it started, as far as they live."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def cpu_ns(pid: int) -> int:
    """CPU time of all threads of a process and its children so far, from the scheduler's clock."""
    total = 0
    for each in descendants(pid):
        try:
            total += time.clock_gettime_ns((~each << 3) | 2)  # clock_getcpuclockid(3)
        except OSError:
            continue
    return total


def rss_bytes(pid: int, kind: str = "VmRSS") -> int:
    """Resident memory of a process and its children; of kind RssAnon without what is of files."""
    total = 0
    for each in descendants(pid):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                total += int(line.split()[1]) * 1024
    return total


class Process:
    """A pinned child that is ended, by its pid, when the `with` block is left."""

    def __init__(self, command: list[str], core: int, **options: Any) -> None:
        self.command = command
        self.child = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            **options,
        )
        self.pid = self.child.pid

    def line(self, seconds: float) -> str:
        """The next line it prints; Failed when none comes in time."""
        assert self.child.stdout is not None
        ready, _, _ = select.select([self.child.stdout], [], [], seconds)
        text = self.child.stdout.readline() if ready else ""
        if not text:
            code = self.child.poll()
            raise Failed(f"no answer in {seconds:.0f} s (exit {code}): {' '.join(self.command)}")
        return text.strip()

    def stop(self, seconds: float = 15) -> int:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                pipe.close()
        return self.child.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


class Server(Process):
    """A server on the server core, begun when it prints "ready http://…" or, where it prints
    nothing of the kind, when its port accepts: `ready_seconds` after it was started at `begun`."""

    def __init__(
        self, name: str, command: list[str], port: int, speaks: bool = True, **options: Any
    ) -> None:
        self.begun = time.monotonic()
        super().__init__(command, SERVER_CORE, **options)
        self.name, self.host, self.port = name, "127.0.0.1", port
        try:
            while speaks and not self.line(60).startswith("ready http://"):
                pass
            if not speaks:
                self.reach(self.begun + 60)
        except Failed:
            self.stop()
            raise
        self.ready_seconds = time.monotonic() - self.begun

    def reach(self, until: float) -> None:
        while time.monotonic() < until and self.child.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 5).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise Failed(f"{self.name} does not accept: {' '.join(self.command)}")

    def kill(self) -> None:
        """kill -9."""
        self.child.kill()
        self.child.wait()

    def cpu_ns(self) -> int:
        return cpu_ns(self.pid)

    def rss_bytes(self) -> int:
        return rss_bytes(self.pid)


class Load(Process):
    """A load generator (c/load.c, where its commands are described) bound to one server."""

    def __init__(self, server: Server) -> None:
        super().__init__([str(compiled("load")), server.host, str(server.port)], LOAD_CORE)
        self.server = server

    def ask(self, command: str, within: float = 120, **values: object) -> dict[str, Any]:
        """Give one command, return its answer; Failed when it is not ok."""
        pairs = "".join(f" {key}={value}" for key, value in values.items())
        assert self.child.stdin is not None
        self.child.stdin.write(f"{command}{pairs}\n")
        answer = json.loads(self.line(within + 30))
        if not answer["ok"]:
            raise Failed(f"{self.server.name}: {command}{pairs}: {json.dumps(answer)}")
        return answer

    def open(self, n: int, tokens: Path, wait: float = 120, **values: object) -> dict[str, Any]:
        return self.ask("open", wait, n=n, tokens=tokens, wait=wait, **values)

    def run(self, wait: float = 120, **values: object) -> dict[str, Any]:
        """One run; adds `cpu_us`, the server's CPU time for it, and checks the counts."""
        seconds = float(str(values.get("seconds", 0)))
        before = self.server.cpu_ns()
        answer = self.ask("run", wait + seconds, wait=wait, **values)
        answer["cpu_us"] = (self.server.cpu_ns() - before) / 1000
        wanted = answer["messages"] * int(str(values.get("expect", 0)))
        if answer["deliveries"] != wanted:
            raise Failed(f"{self.server.name}: {answer['deliveries']} deliveries, not {wanted}")
        return answer


def evict(place: Path) -> None:
    """Take files that nobody has open out of the page cache; programs stay there."""
    os.sync()
    files = [path for path in place.rglob("*") if path.is_file()]
    for path in files:
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)
    largest = str(max(files, key=lambda path: path.stat().st_size))
    command = ["fincore", "--bytes", "--noheadings", "--output", "RES", largest]
    left = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if left > 1 << 20:
        raise Failed(f"{left} bytes of {largest} stay in the page cache")


# ---- figures ----


def median(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float], digits: int = 2) -> str:
    """Median and range, as RESULTS.md shows them."""
    low, high = min(values), max(values)
    if len(values) == 1:
        return f"{low:.{digits}f}"
    return f"{median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def upper_bound(ratios: list[float]) -> float:
    """Upper end of the two-sided 95 % confidence interval of the geometric mean."""
    logs = [math.log(each) for each in ratios]
    if len(logs) < 2:
        return math.inf
    t = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 9: 2.26, 19: 2.09}
    factor = t[max(key for key in t if key <= len(logs) - 1)]
    return math.exp(statistics.mean(logs) + factor * statistics.stdev(logs) / math.sqrt(len(logs)))


def rounds(count: int, names: list[str]) -> list[list[str]]:
    """The order of each round: all names, beginning with another one each time."""
    return [names[i % len(names) :] + names[: i % len(names)] for i in range(count)]


def machine() -> str:
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    python = platform.python_version()
    return f"{len(CORES)} × {model}, Linux {platform.release()}, Python {python}"


# ---- results ----


def recorded() -> dict[str, Any]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def record(name: str, **fields: object) -> None:
    """Store one row under its name (an earlier note stays until a new one is given) and render."""
    rows = recorded()
    old = rows.get(name, {})
    rows[name] = {"note": old.get("note", ""), **fields}
    RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def annotate(name: str, note: str) -> None:
    rows = recorded()
    if name not in rows:
        raise Failed(f"{name} has no result to put a note on")
    rows[name]["note"] = note
    RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def render(order: list[str]) -> None:
    """Write RESULTS.md from results.json: what was measured on a year's data stands apart."""
    rows = recorded()
    plain = [name for name in order if name in rows]
    lived = [name for name in (f"year.{each}" for each in order) if name in rows]
    lived += [name for name in plain if name.startswith("year.")]
    plain = [name for name in plain if name not in lived]
    machines = sorted({rows[name]["machine"] for name in (*plain, *lived)})
    out = [
        "# What was measured",
        "",
        "Written by `make bench` (perf/run.py) from results.json; how to read it is in README.md.",
        "A ratio is the median over interleaved rounds of one run, the range in brackets.",
        "",
        *_table(rows, plain, machines),
    ]
    if lived:
        out += [
            "",
            "## After a year of use",
            "",
            "The same, on a server that also holds a year: 200 people, 1,000,000 messages, 10,000",
            "files of 2 GB. Last comes what was measured of that year alone.",
            "",
            *_table(rows, lived, machines),
        ]
    out += ["", "Machines:", ""]
    out += [f"{i}. {each}" for i, each in enumerate(machines, 1)]
    noted = [name for name in (*plain, *lived) if rows[name]["note"]]
    if noted:
        out += ["", "## Notes"]
        for name in noted:
            after = " (after a year)" if name in lived else ""
            out += ["", f"### {rows[name]['what']}{after}", "", rows[name]["note"]]
    PAGE.write_text("\n".join(out) + "\n")


def _table(rows: dict[str, Any], names: list[str], machines: list[str]) -> list[str]:
    out = [
        "| figure | result | goal (stretch) | | command | machine | date |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        row = rows[name]
        at = machines.index(row["machine"]) + 1
        mark = {True: "met", False: "**missed**", None: "for information"}[row["met"]]
        out.append(
            f"| {row['what']} | {row['result']} | {row['goal']} | {mark} "
            f"| `{row['command']}` | {at} | {row['date']} |"
        )
    return out


def say(text: str) -> None:
    print(text, flush=True, file=sys.stderr)
