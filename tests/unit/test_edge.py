"""The edge: supervised tasks, the form of a log line, and the collector's calm."""

import asyncio
import gc
import logging
import sys
import weakref

import pytest

from hearth.edge import memory
from hearth.edge.clock import Clock
from hearth.edge.logs import Line
from hearth.edge.tasks import Tasks


async def test_a_failing_task_is_logged_and_its_neighbour_runs_on(
    caplog: pytest.LogCaptureFixture,
):
    tasks = Tasks()
    go = asyncio.Event()

    async def fail() -> None:
        raise ValueError("broken")

    async def wait() -> str:
        await go.wait()
        return "done"

    failing = tasks.start(fail(), name="failing")
    waiting = tasks.start(wait(), name="waiting")
    await asyncio.wait([failing])
    assert len(tasks) == 1
    assert "task failed name=failing" in caplog.text
    assert "ValueError: broken" in caplog.text
    go.set()
    assert await waiting == "done"
    assert len(tasks) == 0


async def test_close_cancels_waits_and_refuses_more():
    tasks = Tasks()
    ended: list[str] = []
    started = asyncio.Event()

    async def work() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("work")

    tasks.start(work(), name="work")
    await started.wait()
    await tasks.close()
    assert ended == ["work"]
    assert len(tasks) == 0
    with pytest.raises(RuntimeError, match="task late started after close"):
        tasks.start(work(), name="late")
    await tasks.close()


async def test_a_task_may_close_its_own_group():
    tasks = Tasks()
    task = tasks.start(tasks.close(), name="closer")
    await asyncio.wait_for(task, 5)


def test_clock_counts_seconds():
    clock = Clock()
    assert clock.now() <= clock.now()
    assert clock.wall() > 1_700_000_000


def test_a_log_record_is_one_line():
    record = logging.LogRecord("hearth.net", logging.INFO, "", 0, "said x=%s", ("a\nb",), None)
    record.created, record.msecs = 1_700_000_000.25, 250.0
    assert Line().format(record) == r"2023-11-14T22:13:20.250Z info hearth.net: said x=a\nb"


def test_a_traceback_follows_its_line():
    try:
        raise ValueError("x")
    except ValueError:
        record = logging.LogRecord("hearth", logging.ERROR, "", 0, "bad", (), sys.exc_info())
    first, _, rest = Line().format(record).partition("\n")
    assert first.endswith("error hearth: bad")
    assert rest.startswith("Traceback")


def test_settled_objects_are_left_out_and_found_again():
    class Ring:
        pass

    def ring() -> weakref.ref[Ring]:
        made = Ring()
        made.itself = made
        return weakref.ref(made)

    memory.settle(thoroughly=True)
    stays = [Ring()]
    stays[0].itself = stays
    memory.settle()
    died = weakref.ref(stays[0])
    del stays
    young = ring()
    memory.settle()
    assert young() is None
    assert died() is not None
    memory.settle(thoroughly=True)
    assert died() is None
    gc.unfreeze()


def test_much_that_came_is_settled_early():
    before = gc.get_threshold()
    memory.calm()
    memory.settle(thoroughly=True)
    settled = gc.get_freeze_count()
    memory.settle_early()
    assert gc.get_freeze_count() == settled
    kept = [[] for _ in range(memory.YOUNG * memory.MIDDLE * memory.MANY * 2)]
    memory.settle_early()
    assert gc.get_freeze_count() > settled + len(kept) // 2
    gc.unfreeze()
    gc.set_threshold(*before)
