"""Supervised tasks: none is lost to the garbage collector, fails unseen or outlives its owner."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Tasks:
    """The background tasks of one owner, which closes them when it closes itself.

    Unlike in asyncio.TaskGroup, a task that fails is logged and leaves its neighbours running.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Run `work` in the background; raises RuntimeError once closed."""
        if self._closed:
            work.close()
            raise RuntimeError(f"task {name} started after close")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel every task and wait until all have ended. May be called again."""
        self._closed = True
        current = asyncio.current_task()
        while others := self._running - {current}:
            for task in others:
                task.cancel()
            await asyncio.wait(others)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("task failed name=%s", task.get_name(), exc_info=error)
