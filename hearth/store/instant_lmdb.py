"""The message log as it was at one instant, while it goes on."""

from typing import Any

import lmdb


class Instant:
    """A read transaction, from now until `close`. May be used in another thread."""

    def __init__(self, env: lmdb.Environment, messages: Any) -> None:
        self._env = env
        self._messages = messages
        self._txn = env.begin()

    def count(self) -> int:
        """How many records the log has."""
        return self._txn.stat(self._messages)["entries"]

    def copy(self, descriptor: int) -> None:
        """Write the log to a file as a log of its own, free of what is unused. Raises lmdb.Error
        and OSError."""
        self._env.copyfd(descriptor, compact=True, txn=self._txn)

    def close(self) -> None:
        """Let go of it."""
        self._txn.abort()
