"""How much a viewer can be sent: what its browser says (REMB), what it loses, and what was tried.

A browser's REMB follows what it receives, up to about half as much again: it tells when there is
too much, not how much more there could be. So the estimate grows by itself while nothing is
amiss, a better layer is tried, and what fails is not tried again for a while. Pure.
"""

FIRST = 2_500_000.0
"""bits/s that are believed of who just came: a layer too good is left within a second or two."""

LEAST, MOST = 150_000.0, 50_000_000.0

_GROWTH = 1.08
"""Of the estimate, each second without trouble."""

_LOSS_HIGH, _LOSS_LOW = 0.10, 0.02
_REMB_S = 3.0
"""How long a browser's word holds."""

_HOLD_S = (4.0, 8.0, 16.0, 30.0)
"""How long an estimate is not raised after the first trouble, the second in a row, and so on."""

_CALM_S = 60.0


class Bandwidth:
    """One viewer's estimate, in bits/s."""

    def __init__(self) -> None:
        self.estimate = FIRST
        self.rate = 0.0
        """What it is sent now; set from outside."""
        self._remb: tuple[float, float] | None = None
        self._losses: dict[int, tuple[float, float]] = {}
        self._at: float | None = None
        self._held_until = float("-inf")
        self._troubles = 0
        self._trouble_at = float("-inf")

    def remb(self, bitrate: float, now: float) -> None:
        """The browser's word."""
        self._remb = (bitrate, now)

    def loss(self, ssrc: int, fraction: float, now: float) -> None:
        """What was lost of one of its streams since its last report."""
        self._losses[ssrc] = (fraction, now)

    def look(self, now: float) -> float:
        """The estimate now; call it about once a second."""
        since = 0.0 if self._at is None else min(now - self._at, 2.0)
        self._at = now
        recent = [fraction for fraction, at in self._losses.values() if now - at < 2.5]
        loss = max(recent, default=0.0)
        said = self._remb[0] if self._remb is not None and now - self._remb[1] < _REMB_S else None
        if loss > _LOSS_HIGH:
            self._trouble(self._sent() * (1 - loss / 2), now)
        elif said is not None and self.rate > LEAST and said < 0.9 * self.rate:
            self._trouble(said, now)
        elif loss < _LOSS_LOW and now >= self._held_until:
            self.estimate = min(MOST, self.estimate * _GROWTH**since)
        if now - self._trouble_at > _CALM_S:
            self._troubles = 0
        return self.estimate

    def _sent(self) -> float:
        return min(self.estimate, self.rate) if self.rate > 0 else self.estimate

    def _trouble(self, estimate: float, now: float) -> None:
        self.estimate = max(LEAST, min(self.estimate, estimate))
        if now - self._trouble_at > 2.0:
            self._held_until = now + _HOLD_S[min(self._troubles, len(_HOLD_S) - 1)]
            self._troubles += 1
            self._trouble_at = now
        self._losses.clear()
        self._remb = None
