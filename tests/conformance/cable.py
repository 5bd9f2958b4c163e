"""A cable between a client and the server, for tests that pull it: a TCP forwarder."""

import asyncio
from typing import Self


class Cable:
    """Listens on a port of its own and carries each connection to the server's port."""

    def __init__(self, port: int) -> None:
        self.far = port
        self.near = 0
        self._listener: asyncio.Server | None = None
        self._whole = asyncio.Event()
        self._whole.set()
        self._carrying: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    @property
    def url(self) -> str:
        """Where clients find the server through the cable."""
        return f"http://127.0.0.1:{self.near}"

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.near = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        self.mend()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        await self._listener.wait_closed()

    def cut(self) -> None:
        """Cut every connection at both ends without a word; new ones wait until it is mended."""
        self._whole.clear()
        for ends in self._carrying.values():
            for end in ends:
                end.transport.abort()

    def mend(self) -> None:
        """Carry again."""
        self._whole.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ends = self._carrying[task] = [writer]
        try:
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far)
            ends.append(far_writer)
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        except OSError:
            pass
        finally:
            for end in ends:
                end.transport.abort()
            del self._carrying[task]


async def _pour(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        drain.write(data)
        await drain.drain()
    raise ConnectionResetError
