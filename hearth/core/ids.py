"""Snowflake ids: their making, reading and bounds (Discord reference, "Snowflakes")."""

EPOCH_MS = 1_420_070_400_000
"""First millisecond of 2015: Discord's epoch, kept so that bots' `created_at` stays right."""

MAX_ID = (1 << 63) - 1
"""The greatest id stored anywhere: a signed 64-bit integer."""

_NODE_SHIFT = 12
_TIME_SHIFT = 22
_SEQUENCE = (1 << _NODE_SHIFT) - 1


def first_id(wall_ms: int) -> int:
    """The least id that the millisecond `wall_ms` (epoch time) can have."""
    return max(wall_ms - EPOCH_MS, 0) << _TIME_SHIFT


def created_ms(snowflake: int) -> int:
    """Epoch milliseconds at which `snowflake` was made."""
    return (snowflake >> _TIME_SHIFT) + EPOCH_MS


class IdMaker:
    """Makes ids that only ever grow: 42 bits of time, 10 of `node`, 12 of sequence.

    It starts above `last` (the greatest id on disk). When the clock stands still, steps back or
    4,096 ids are made in a millisecond it goes on from the last id's millisecond, so an id may
    run ahead of the clock but never behind an earlier id.
    """

    __slots__ = ("_last", "_node")

    def __init__(self, node: int, last: int = 0) -> None:
        if not 0 <= node < 1024:
            raise ValueError(f"node must be 0..1023, not {node}")
        self._node = node << _NODE_SHIFT
        self._last = last

    @property
    def last(self) -> int:
        """The greatest id made so far, or the one started above."""
        return self._last

    def make(self, wall_ms: int) -> int:
        """The next id at `wall_ms`, epoch milliseconds."""
        last = self._last
        now = max(wall_ms - EPOCH_MS, 0)
        then = last >> _TIME_SHIFT
        if now > then:
            made = (now << _TIME_SHIFT) | self._node
        else:
            sequence = (last & _SEQUENCE) + 1
            if sequence > _SEQUENCE or (last & (1023 << _NODE_SHIFT)) != self._node:
                then, sequence = then + 1, 0
            made = (then << _TIME_SHIFT) | self._node | sequence
        self._last = made
        return made
