"""The lock on a data directory: one process has it at a time."""

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process has the data directory."""


def lock(data: Path) -> int:
    """Take the data directory for this process; the descriptor holds it. Raises AlreadyRunning."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise AlreadyRunning(f"Another Hearth is running on {data}.") from None
    return descriptor
