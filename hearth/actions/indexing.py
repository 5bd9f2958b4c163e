"""How far the search index of this process is."""

import asyncio


class Indexing:
    """How the index follows in this process.

    `ready` once it has had all; `since` is when (monotonic) what it lacks now was written, None
    when it lacks nothing. Who changes the index holds its `turn`.
    """

    def __init__(self) -> None:
        self.ready = False
        self.since: float | None = None
        self.turn = asyncio.Lock()

    def behind_s(self, now: float) -> float:
        """For how many seconds it is behind."""
        return 0.0 if self.since is None else max(now - self.since, 0.0)
