"""The bus of a single process: a call."""

from collections.abc import Callable

from hearth.core.commits import Commit


class MemoryBus:
    """Hands each commit to every subscriber at once, in the publisher's own step."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Commit], None]] = []

    def subscribe(self, receive: Callable[[Commit], None]) -> None:
        """Call `receive` with every commit from now on."""
        self._subscribers.append(receive)

    def publish(self, commit: Commit) -> None:
        """Hand `commit` to everybody."""
        for receive in self._subscribers:
            receive(commit)
