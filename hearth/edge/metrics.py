"""What a process counts of itself, and how that is written for Prometheus.

Counting must cost next to nothing where messages pass: it is an addition to an int. What can be
read off something else is read when it is asked for. No label ever names a person or what was said.
"""

import logging
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """How many values fell at or below each of `bounds`."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, labels: str = "") -> Iterable[str]:
        """Its samples; `labels` are such as `a="b"`."""
        comma = "," if labels else ""
        sum_labels = f"{{{labels}}}" if labels else ""
        count = 0
        for bound, more in zip((*map(_number, self.bounds), "+Inf"), self.counts, strict=True):
            count += more
            yield f'{name}_bucket{{{labels}{comma}le="{bound}"}} {count}'
        yield f"{name}_sum{sum_labels} {_number(self.total)}"
        yield f"{name}_count{sum_labels} {count}"


class _Operation:
    """The requests of one operation."""

    __slots__ = ("seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.seconds = Histogram(SECONDS)


class Metrics:
    """All that one process counts."""

    def __init__(self) -> None:
        self.commits = Histogram(SIZES)
        self._operations: dict[str, _Operation] = {}
        self._read: list[tuple[str, str, str, Callable[[], float]]] = []
        self._read_each: list[tuple[str, str, str, Callable[[], Mapping[str, float]]]] = []

    def request(self, operation: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        found = self._operations.get(operation)
        if found is None:
            found = self._operations[operation] = _Operation()
        statuses = found.statuses
        statuses[status] = statuses.get(status, 0) + 1
        found.seconds.add(seconds)

    def read(
        self, name: str, kind: Literal["gauge", "counter"], text: str, value: Callable[[], float]
    ) -> None:
        """Show what `value` gives when it is asked for; `text` is a sentence about it."""
        self._read.append((name, kind, text, value))

    def read_each(
        self,
        name: str,
        kind: Literal["gauge", "counter"],
        text: str,
        values: Callable[[], Mapping[str, float]],
    ) -> None:
        """Show what `values` gives, by labels such as `process="0"`."""
        self._read_each.append((name, kind, text, values))

    def text(self) -> str:
        """All of it, in Prometheus' text format."""
        lines: list[str] = []
        for name, kind, text, value in self._read:
            lines += [*_head(name, kind, text), f"{name} {_number(value())}"]
        for name, kind, text, values in self._read_each:
            lines += _head(name, kind, text)
            lines += [f"{name}{{{labels}}} {_number(each)}" for labels, each in values().items()]
        name = "hearth_commit_messages"
        lines += _head(name, "histogram", "Changes to messages in one commit of the log.")
        lines += self.commits.lines(name)
        operations = sorted(self._operations.items())
        name = "hearth_requests_total"
        lines += _head(name, "counter", "Requests by operation and status.")
        for operation, of in operations:
            for status, count in sorted(of.statuses.items()):
                lines.append(f'{name}{{operation="{operation}",status="{status}"}} {count}')
        name = "hearth_request_seconds"
        lines += _head(name, "histogram", "Time from a request's head to its answer.")
        for operation, of in operations:
            lines += of.seconds.lines(name, f'operation="{operation}"')
        return "\n".join(lines) + "\n"


class Errors(logging.Handler):
    """Counts the lines of the log that are errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """One more."""
        self.count += 1


def resident_bytes() -> int:
    """The memory of this process that is in use; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 6))
