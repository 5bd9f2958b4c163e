"""When a publisher's packets arrived, told to it so that it knows how much it may send
(draft-holmer-rmcat-transport-wide-cc-extensions-01)."""

import struct

from hearth.sfu.rtp import newer

_MOST = 400
"""Packets of one report."""

_TICK_S = 0.00025
_REFERENCE_TICKS = 256
"""The reference time counts 64 ms."""


class Arrivals:
    """The arrivals since the last report. Pure."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._base: int | None = None
        self._count = 0

    def add(self, sequence: int, now: float) -> None:
        """A packet with this transport-wide number arrived."""
        if self._base is None:
            self._base = sequence
        elif newer(self._base, sequence):
            # Late by more than a report: it was told as lost, and that stands.
            return
        if len(self._seen) < _MOST and (sequence - self._base) & 0xFFFF < _MOST:
            self._seen.setdefault(sequence, now)
        elif len(self._seen) < _MOST:
            # A gap that no report spans: begin anew behind it.
            self._seen = {sequence: now}
            self._base = sequence

    def report(self) -> bytes | None:
        """The body of a report behind its SSRCs; None when nothing came."""
        if not self._seen or self._base is None:
            return None
        base = self._base
        last = max((sequence - base) & 0xFFFF for sequence in self._seen)
        times = [self._seen.get((base + each) & 0xFFFF) for each in range(last + 1)]
        ticks = [None if at is None else int(at / _TICK_S) for at in times]
        reference = min(tick for tick in ticks if tick is not None) // _REFERENCE_TICKS
        before = reference * _REFERENCE_TICKS
        statuses: list[int] = []
        deltas = b""
        for tick in ticks:
            if tick is None:
                statuses.append(0)
                continue
            delta = tick - before
            if 0 <= delta <= 255:
                statuses.append(1)
                deltas += bytes([delta])
            else:
                statuses.append(2)
                delta = max(-32768, min(delta, 32767))
                deltas += struct.pack(">h", delta)
            before += delta
        body = struct.pack(">HH", base, len(statuses))
        body += struct.pack(">I", (reference & 0xFFFFFF) << 8 | self._count & 0xFF)
        # Vectors of seven two-bit symbols: the form that is right for every pattern.
        for start in range(0, len(statuses), 7):
            chunk = 0xC000
            for bit, status in enumerate(statuses[start : start + 7]):
                chunk |= status << (12 - 2 * bit)
            body += struct.pack(">H", chunk)
        body += deltas
        self._count += 1
        self._seen = {}
        self._base = (base + last + 1) & 0xFFFF
        return body + bytes(-len(body) % 4)
