"""How one stream of a publisher arrives: counts, losses, jitter, and what to ask for again."""

from hearth.sfu.rtcp import Received
from hearth.sfu.rtp import SEQUENCES

MISSING = 256
"""Sequence numbers that are waited for; a larger gap is a new beginning."""

_TRIES = 6
_REORDERED = 2
"""Later packets that must have come before one is asked for: it may only have been overtaken."""

_AGAIN_S = 0.06
_GIVE_UP_S = 1.0


class Reception:
    """One SSRC that we receive. Pure."""

    def __init__(self, ssrc: int, clock: int, sequence: int) -> None:
        self.ssrc = ssrc
        self._clock = clock
        self._first = sequence
        self.highest = sequence
        """The newest sequence number, with 16 more bits of how often it began anew."""
        self.packets = 0
        self._told_expected = 0
        self._told_packets = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._sr: tuple[int, float] | None = None
        self._missing: dict[int, tuple[float, float, int]] = {}
        """Extended number → when it was missed, when to ask next, how often it was asked for."""

    def take(self, sequence: int, timestamp: int, now: float) -> bool:
        """A packet came; whether it is the newest."""
        self.packets += 1
        ahead = (sequence - self.highest) % SEQUENCES
        transit = now * self._clock - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < 10 * self._clock:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit
        if ahead >= SEQUENCES // 2:
            self._missing.pop(self.highest - (SEQUENCES - ahead), None)
            return False
        if ahead > MISSING:
            self._missing.clear()
            self._first += ahead - 1
        else:
            for gone in range(self.highest + 1, self.highest + ahead):
                self._missing[gone] = (now, now, 0)
            while len(self._missing) > MISSING:
                del self._missing[next(iter(self._missing))]
        self.highest += ahead
        return ahead > 0 or self.packets == 1

    def wanted(self, now: float) -> list[int]:
        """The sequence numbers to ask for now."""
        if not self._missing:
            return []
        asked: list[int] = []
        for number, (since, due, tries) in list(self._missing.items()):
            if tries >= _TRIES or now - since > _GIVE_UP_S:
                del self._missing[number]
            elif due <= now and (self.highest - number >= _REORDERED or now - since > 0.02):
                self._missing[number] = (since, now + _AGAIN_S, tries + 1)
                asked.append(number % SEQUENCES)
        return asked

    def misses(self, sequence: int) -> bool:
        """Whether a packet with this number was waited for and has not come."""
        behind = (self.highest - sequence) % SEQUENCES
        return behind < SEQUENCES // 2 and self.highest - behind in self._missing

    def told(self, ntp: int, now: float) -> None:
        """The publisher's report came."""
        self._sr = (ntp >> 16 & 0xFFFFFFFF, now)

    def report(self, now: float) -> Received:
        """How it arrives, for a receiver's report."""
        expected = self.highest - self._first + 1
        since, came = expected - self._told_expected, self.packets - self._told_packets
        self._told_expected, self._told_packets = expected, self.packets
        lost = max(0, since - came)
        last_sr, delay = 0, 0
        if self._sr is not None:
            last_sr = self._sr[0]
            delay = min(int((now - self._sr[1]) * 65536), 0xFFFFFFFF)
        return Received(
            self.ssrc,
            min(255, 256 * lost // since) if since > 0 else 0,
            expected - self.packets,
            self.highest,
            min(int(self._jitter), 0xFFFFFFFF),
            last_sr,
            delay,
        )
