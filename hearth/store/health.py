# pyright: reportPrivateUsage=false
"""What the message log tells who watches the server: how much waits, and whether it takes more."""

from hearth.store.messages_lmdb import LmdbLog


def queued(log: LmdbLog) -> int:
    """How many messages wait for the disk."""
    return len(log._pending)


def refusing(log: LmdbLog) -> str | None:
    """Why the log takes no new message now; None when it does."""
    if log._full:
        return "disk full"
    return None if log._thread.is_alive() else "log stopped"
