"""What any SQL engine must offer, and the threads that run transactions on it."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import Enum, auto
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Value = int | str | bytes | None
"""What a column holds, and what a parameter may be."""

Row = Sequence[Any]


class Connection(Protocol):
    """One connection to an engine, used by one thread at a time; statements mark values by `?`."""

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> None:
        """Run a statement that answers nothing."""
        ...

    def one(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        """The first row of the answer."""
        ...

    def all(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Every row of a short answer, bytes allowed."""
        ...

    def bulk(
        self, columns: Sequence[str], source: str, parameters: Sequence[Value] = ()
    ) -> list[list[Any]]:
        """The rows of SELECT `columns` `source`, in a handful of steps however many they are.

        `source` begins with FROM. No column may hold bytes. See `SqliteConnection.bulk` for why.
        """
        ...

    def among(self, column: str, values: Iterable[int]) -> tuple[str, Value]:
        """A condition that `column` is one of `values`, and its one parameter."""
        ...

    def begin(self, write: bool) -> None:
        """Open a transaction; one that only reads sees a single moment throughout."""
        ...

    def commit(self) -> None:
        """Make the transaction durable and end it."""
        ...

    def rollback(self) -> None:
        """End the transaction as if it had not been; harmless when none is open."""
        ...

    def enforce(self, on: bool) -> None:
        """Switch foreign keys on or off, outside a transaction: rebuilding a table needs them off.

        An engine that alters tables in place may ignore it.
        """
        ...

    def violations(self) -> list[str]:
        """A sentence for each row whose foreign key names nothing."""
        ...

    def damage(self) -> list[str]:
        """A sentence for each fault in the engine's own structures."""
        ...

    def close(self) -> None:
        """Close; not while a transaction is open."""
        ...


class Engine(Protocol):
    """An SQL engine at one place."""

    @property
    def words(self) -> Mapping[str, str]:
        """What ID, BYTES and STRICT in a migration become here."""
        ...

    @property
    def readers(self) -> int:
        """Connections for reading; 0 = reads go through the writing connection."""
        ...

    def connect(self, write: bool) -> Connection:
        """A new connection."""
        ...

    def meaning(self, error: Exception) -> Exception:
        """`StorageFull`, `Conflict` or `Unusable` where the engine says that, else `error`."""
        ...


class Mode(Enum):
    """What a function may do, and in which transaction."""

    LOOK = auto()  # read, each statement by itself
    READ = auto()  # read, all statements at one moment
    WRITE = auto()


class Database:
    """One thread that writes, and as many that read as the engine has connections for.

    A function given to `write` or `read` runs on such a thread. What it raises rolls its
    transaction back and reaches the caller, errors of the engine by their `meaning`.
    """

    def __init__(self, engine: Engine, bring_up: Callable[[Connection], object]) -> None:
        """Connects, and has `bring_up` prepare the schema. Blocks: call it off the loop."""
        self._engine = engine
        self._connections: list[Connection] = []
        try:
            self._connections.append(engine.connect(write=True))
            bring_up(self._connections[0])
            for _ in range(engine.readers):
                self._connections.append(engine.connect(write=False))
        except Exception as error:
            self._disconnect()
            if (meaning := engine.meaning(error)) is error:
                raise
            raise meaning from error
        writing, *reading = self._connections
        self._writer = self._reader = ThreadPoolExecutor(1, "sql-write")
        self._write_idle = self._read_idle = _idle([writing])
        if reading:
            self._reader = ThreadPoolExecutor(len(reading), "sql-read")
            self._read_idle = _idle(reading)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """What `fn` answers, once its transaction is durable. Writes run in order of the calls.

        A caller that is cancelled does not learn whether the transaction took place.
        """
        return await asyncio.wrap_future(
            self._writer.submit(self._run, self._write_idle, fn, Mode.WRITE)
        )

    async def read(self, fn: Callable[[Connection], T], *, one_moment: bool = False) -> T:
        """What `fn` answers, as of no earlier than this call.

        With `one_moment` all its statements see the same state, otherwise only each by itself.
        """
        # Every statement may have to wait for the interpreter lock, BEGIN and COMMIT too.
        mode = Mode.READ if one_moment else Mode.LOOK
        return await asyncio.wrap_future(self._reader.submit(self._run, self._read_idle, fn, mode))

    @asynccontextmanager
    async def still(self) -> AsyncGenerator[None]:
        """Nothing is written in the block: what comes waits, what was queued is durable."""
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[None] = loop.create_future()
        over = threading.Event()

        def hold() -> None:
            loop.call_soon_threadsafe(lambda: reached.done() or reached.set_result(None))
            over.wait()

        self._writer.submit(hold)
        try:
            await reached
            yield
        finally:
            over.set()

    async def close(self) -> None:
        """Finish what is queued, then close every connection. May be called again."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _run(self, idle: "SimpleQueue[Connection]", fn: Callable[[Connection], T], mode: Mode) -> T:
        connection = idle.get()  # never waits: a pool has a connection for each of its threads
        try:
            if mode is Mode.LOOK:
                return fn(connection)
            connection.begin(mode is Mode.WRITE)
            try:
                answer = fn(connection)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            return answer
        except Exception as error:
            if (meaning := self._engine.meaning(error)) is error:
                raise
            raise meaning from error
        finally:
            idle.put(connection)

    def _close(self) -> None:
        self._reader.shutdown()
        self._writer.shutdown()
        self._disconnect()

    def _disconnect(self) -> None:
        # The writing connection goes last: it is the one that may tidy up after the readers.
        while self._connections:
            self._connections.pop().close()


def _idle(connections: Iterable[Connection]) -> "SimpleQueue[Connection]":
    queue: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        queue.put(connection)
    return queue
