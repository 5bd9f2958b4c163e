"""How much a viewer can be sent: what its browser says (REMB), what it loses, how its packets
queue, and what was tried.

A browser's REMB follows what it receives, and rises slowly: that it is less than what is sent says
nothing, that it falls says that there was too much. So whoever just came is believed to take a
lot; what failed is left within a second or two; and before more is sent again it is tried with
packets that nobody misses (a probe), so that no picture breaks where there is no room. A network
may also lose some of whatever it is sent: what is lost is judged in all streams together, by more
than chance, and such a loss neither lowers the estimate nor keeps more from being tried. Pure.
"""

import math
from typing import NamedTuple

FIRST = 2_500_000.0
"""bits/s that are believed of who just came."""

LEAST, MOST = 150_000.0, 50_000_000.0

_GROWTH = 1.08
"""Of the estimate, each second without trouble, up to half as much again as is sent."""

_LOSS_HIGH, _LOSS_LOW = 0.10, 0.02
_LOSS_GREAT = 0.25
"""Where so much is lost, the rest is what gets through."""

_CHANCE = 2.0
"""More is lost than may be where it is more by so many deviations: reports tell of few packets."""

_REPORT_S = 2.5
"""How long a report of losses counts."""

_FIRST_REPORT, _MOST_REPORTED = 30, 10_000
"""How many packets the first report of a stream is taken to tell of, and any other at most."""

_REMB_S = 3.0
"""How long a browser's word counts."""

_QUEUE_S = 0.2
"""Packets that take so much longer than the fastest are queued: there are too many."""

_FLOOR_S = 30.0
"""How long the fastest round trip is remembered; behind that, the way may be another."""

_HOLD_S = (3.0, 6.0, 12.0, 24.0)
"""How long nothing is tried after the first trouble, the second in a row, and so on."""

_CALM_S = 60.0

PROBE_S = 2.0
"""How long a probe lasts: reports come once a second."""

_MARGIN = 1.05
"""So much more than needed is tried: rates are not the same from second to second."""

_JUDGE_S = 1.5
"""How long behind a change reports still tell of before."""

_MISSED = 6
"""Packets asked for again during a probe that end it, beside twice as many as were before."""

_STEPS = (0.2, 0.4, 0.7, 1.0)
"""A probe sends more and more of what it tries."""


class Probe(NamedTuple):
    """More is sent for a while than there is to show."""

    target: float
    """bits/s in all."""
    began: float
    ends: float


class Bandwidth:
    """One viewer's estimate, in bits/s. Reports come in; `look` is called about once a second."""

    def __init__(self) -> None:
        self.estimate = FIRST
        self.rate = 0.0
        """What it is sent now to show; set from outside."""
        self.more = 0.0
        """What it would be sent next if there were room; 0 is nothing. Set from outside."""
        self.probe: Probe | None = None
        self.alarmed = False
        """A report says that there is much too much: look at once."""
        self._said: tuple[float, float] | None = None
        self._fell = False
        self._highest: dict[int, int] = {}
        """The sequence number that each stream's last report went up to."""
        self._reported: list[tuple[float, float, float]] = []
        """At each look the packets that reports since the last told of: when, lost, in all."""
        self._lost = self._expected = 0.0
        self._trips: list[tuple[float, float]] = []
        self._missed = 0
        self._missing = 0.0
        """Packets asked for again each second while nothing is tried."""
        self._bearable = 0.0
        """As many asked for again end the probe."""
        self._more_before = 0.0
        """What it would have been sent a look ago: rates of streams that begin leap."""
        self._queued = 0
        """Reports in a row that told of a queue."""
        self._at: float | None = None
        self._held_until = float("-inf")
        self._deaf_until = float("-inf")
        """Until then reports tell of what is over."""
        self._troubles = 0
        self._trouble_at = float("-inf")

    def remb(self, bitrate: float, now: float) -> None:
        """The browser's word."""
        if self._said is not None and bitrate < 0.97 * self._said[0]:
            self._fell = True
            self.alarmed = self.alarmed or bitrate < 0.9 * self.rate
        self._said = (bitrate, now)

    def loss(self, ssrc: int, fraction: float, highest: int) -> None:
        """What was lost of one of its streams since its last report, which this one continues up
        to the extended sequence number `highest`."""
        before = self._highest.get(ssrc)
        expected = _FIRST_REPORT if before is None else (highest - before) & 0xFFFFFFFF
        if expected >= 1 << 31:
            return
        self._highest[ssrc] = highest
        expected = min(expected, _MOST_REPORTED)
        self._lost += fraction * expected
        self._expected += expected
        self.alarmed = self.alarmed or fraction > _LOSS_GREAT

    def trip(self, seconds: float, now: float) -> None:
        """How long a packet and its report took."""
        self._trips = [(took, at) for took, at in self._trips[-40:] if now - at < _FLOOR_S]
        self._trips.append((seconds, now))
        fastest = min(took for took, _ in self._trips)
        self._queued = self._queued + 1 if seconds - fastest > _QUEUE_S else 0

    def missed(self, packets: int) -> None:
        """So many were asked for again: the first that is heard of a probe that was too much."""
        self._missed += packets
        self.alarmed = self.alarmed or self._too_many_missed

    def look(self, now: float) -> float:
        """The estimate now."""
        since = 0.0 if self._at is None else min(now - self._at, 2.0)
        self._at = now
        loss, by_chance = self._losses(now)
        said = self._said[0] if self._said is not None and now - self._said[1] < _REMB_S else None
        fell, self._fell, self.alarmed = self._fell, False, False
        sent = self.rate if self.probe is None else max(self.rate, self.probe.target)
        if self.probe is None:
            self._missing += (self._missed - since * self._missing) / 2
            self._missed = 0
        if now < self._deaf_until:
            self._reported.clear()
            self._queued = 0
        elif self._too_many_missed:
            self._trouble(self.estimate, now)
        elif loss > _LOSS_HIGH and not by_chance:
            through = 1 - (loss if loss > _LOSS_GREAT else loss / 2)
            self._trouble(min(self.estimate, sent or self.estimate) * through, now)
        elif said is not None and fell and sent > LEAST and said < 0.9 * sent:
            self._trouble(said, now)
        elif self._queued >= 2:
            self._trouble(0.85 * min(self.estimate, sent or self.estimate), now)
        elif self.probe is not None:
            if now >= self.probe.ends + _JUDGE_S:
                self.estimate = max(self.estimate, self.probe.target)
                self.probe = None
                self._missed = 0
        elif now >= self._held_until:
            if loss < _LOSS_LOW:
                grown = min(self.estimate * _GROWTH**since, 1.5 * self.rate)
                self.estimate = min(MOST, max(self.estimate, grown, said or 0.0))
            self._try(now)
        if now - self._trouble_at > _CALM_S:
            self._troubles = 0
        return self.estimate

    @property
    def trying(self) -> bool:
        """A probe is running, or was and is not judged yet."""
        return self.probe is not None

    def padding(self, now: float) -> float:
        """bits/s to send beside what is shown."""
        probe = self.probe
        if probe is None or now >= probe.ends:
            return 0.0
        step = int((now - probe.began) / PROBE_S * len(_STEPS))
        return max(0.0, probe.target - self.rate) * _STEPS[step]

    @property
    def _too_many_missed(self) -> bool:
        return self.probe is not None and self._missed > self._bearable

    def _losses(self, now: float) -> tuple[float, bool]:
        """What part was lost of late, and whether it may as well be no more than `_LOSS_HIGH`."""
        self._reported = [each for each in self._reported if now - each[0] < _REPORT_S]
        self._reported.append((now, self._lost, self._expected))
        self._lost = self._expected = 0.0
        lost = sum(each[1] for each in self._reported)
        expected = sum(each[2] for each in self._reported)
        high = _LOSS_HIGH * expected
        return lost / expected if expected else 0.0, lost <= high + _CHANCE * math.sqrt(high)

    def _try(self, now: float) -> None:
        if self.estimate < min(self.more, self._more_before) and self.more <= MOST:
            self.probe = Probe(min(_MARGIN * self.more, MOST), now, now + PROBE_S)
            self._bearable = _MISSED + 2 * (PROBE_S + _JUDGE_S) * self._missing
        self._more_before = self.more

    def _trouble(self, estimate: float, now: float) -> None:
        self.probe = None
        self.estimate = max(LEAST, min(self.estimate, estimate))
        if now - self._trouble_at > 2.0 * _JUDGE_S:
            self._held_until = now + _HOLD_S[min(self._troubles, len(_HOLD_S) - 1)]
            self._troubles += 1
            self._trouble_at = now
        self._deaf_until = now + _JUDGE_S
        self._reported.clear()
        self._queued = self._missed = 0
