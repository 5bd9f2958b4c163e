"""Who speaks, and who is loud enough to be heard where many do (RFC 6464's levels). Pure."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

LOUD = 50
"""-dBov at which somebody speaks; breath and fans are below."""

_HANG_S = 0.35
"""A pause within a sentence is speech."""

_DECAY = 0.8
"""How much of the loudness of before is kept with each look, every 50 ms."""

_AHEAD = 6.0
"""How much louder, in dB, one must be to take another's place."""

Key = TypeVar("Key", bound=Hashable)


class Voice:
    """One microphone's state."""

    def __init__(self) -> None:
        self.speaking = False
        self.score = 0.0
        """Loudness above silence in dB, smoothed."""
        self.spoke_at = float("-inf")

    def look(self, peak: int, now: float) -> bool:
        """`peak` is the loudest level since the last look, 127 when nothing came; whether
        `speaking` changed."""
        self.score = max(127.0 - peak, self.score * _DECAY)
        if peak <= LOUD:
            self.spoke_at = now
        speaking = now - self.spoke_at < _HANG_S
        changed = speaking != self.speaking
        self.speaking = speaking
        return changed


def loudest(voices: Iterable[tuple[Key, Voice]], most: int, before: set[Key]) -> set[Key]:
    """The `most` who are heard. Those who were heard stay unless somebody is clearly louder."""

    def rank(each: tuple[Key, Voice]) -> tuple[float, float]:
        key, voice = each
        return voice.score + (_AHEAD if key in before else 0.0), voice.spoke_at

    return {key for key, _ in sorted(voices, key=rank, reverse=True)[:most]}
