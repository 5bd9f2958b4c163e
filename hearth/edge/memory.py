"""Keeps the memory of a long-lived process small, and its collector from stopping the loop."""

import ctypes
import gc
from collections.abc import Callable

YOUNG, MIDDLE, NEVER = 700, 10, 1_000_000

MANY = 4
"""So many of the collector's own rounds leave what takes a few milliseconds to look at."""


def calm() -> None:
    """Let the collector look at all objects only when `settle` says so.

    By itself it would do that in the middle of a burst: 3,000 sessions made it stop for 80 ms.
    """
    gc.set_threshold(YOUNG, MIDDLE, NEVER)


def settle(*, thoroughly: bool = False) -> None:
    """Collect what came since the last time and leave out what stays from then on.

    Called every few seconds it has little to look at. What stayed and died later in a ring is
    found only `thoroughly`, which looks at everything.
    """
    if thoroughly:
        gc.unfreeze()
    gc.collect()
    gc.freeze()


def settle_early() -> None:
    """`settle` if much has come: three thousand log-ins in a row would make it stop for 30 ms."""
    if gc.get_count()[2] >= MANY:
        settle()


def trimmer() -> Callable[[], object]:
    """glibc's `malloc_trim(0)`; does nothing with another C library.

    Ten thousand log-ins leave holes of their READYs between what their sessions keep; without it
    a third of the process's memory stays bound in them. It takes 5 ms after such a wave, else less
    than one.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)
