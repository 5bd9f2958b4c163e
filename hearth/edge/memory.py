"""Gives memory that a wave of calls left behind back to the system."""

import ctypes
from collections.abc import Callable


def trimmer() -> Callable[[], object]:
    """glibc's `malloc_trim(0)`; does nothing with another C library.

    Ten thousand log-ins leave holes of their READYs between what their sessions keep; without it
    a third of the process's memory stays bound in them. It takes about a millisecond.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)
