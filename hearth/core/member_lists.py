"""Which channels share a member list: those whose overwrites say the same of who sees them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

VIEW_CHANNEL = 1 << 10

EVERYONE = "everyone"
"""The list of the channels of which no overwrite says who sees them."""


class Overwriting(Protocol):
    """What is needed of a permission overwrite."""

    @property
    def id(self) -> int:
        """The role or the member."""
        ...

    @property
    def allow(self) -> int:
        """What it gives."""
        ...

    @property
    def deny(self) -> int:
        """What it takes."""
        ...


def viewers(overwrites: Iterable[Overwriting]) -> str:
    """What a channel's overwrites say of VIEW_CHANNEL: equal where the same members see it."""
    return ",".join(
        sorted(
            f"allow:{each.id}" if each.allow & VIEW_CHANNEL else f"deny:{each.id}"
            for each in overwrites
            if (each.allow | each.deny) & VIEW_CHANNEL
        )
    )


@lru_cache(4096)
def member_list_id(viewers: str) -> str:
    """The id of the list of `viewers`, as clients work it out too (community documentation)."""
    return str(murmur3(viewers.encode())) if viewers else EVERYONE


def murmur3(data: bytes) -> int:
    """MurmurHash3 of `data` for x86 in 32 bits, with seed 0 (A. Appleby, public domain)."""
    mask = 0xFFFFFFFF
    value = 0
    for start in range(0, len(data), 4):
        block = data[start : start + 4]
        k = int.from_bytes(block, "little") * 0xCC9E2D51 & mask
        k = (k << 15 | k >> 17) * 0x1B873593 & mask
        value ^= k
        if len(block) == 4:
            value = ((value << 13 | value >> 19) & mask) * 5 + 0xE6546B64 & mask
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & mask
    value = (value ^ value >> 13) * 0xC2B2AE35 & mask
    return value ^ value >> 16
