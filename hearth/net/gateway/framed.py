"""What both gateways' sockets have in common: frames that come in, and work that takes a while."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, ClassVar

from hearth.edge.tasks import Tasks
from hearth.net.gateway.frames import Close, FrameReader, Message, Ping, Pong, pong_frame

logger = logging.getLogger(__name__)


class Framed(asyncio.Protocol):
    """A socket after its upgrade. Who derives from it says what messages mean."""

    __slots__ = ("_paused", "_todo", "reader", "transport")

    NAME: ClassVar[str]
    """Of its tasks, and in the log."""
    UNREADABLE: ClassVar[int]
    """It closes with this what sends no frames."""
    FAULT: ClassVar[int]
    """It closes with this where work fails."""

    def __init__(self, transport: asyncio.Transport, limit_bytes: int) -> None:
        self.transport = transport
        self.reader = FrameReader(limit_bytes)
        self._paused = False
        """The client takes nothing now."""
        self._todo: list[Any] | None = None

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self.transport.is_closing():
            return
        for item in self.reader.feed(data):
            if isinstance(item, Message):
                self.said(item)
            elif isinstance(item, Ping):
                # Who takes nothing gets none: RFC 6455 5.5.3 asks for the latest ping's only.
                if not self._paused:
                    self.transport.write(pong_frame(item.data))
            elif isinstance(item, Close):
                self.goodbye(item.code)
            elif not isinstance(item, Pong):
                self.close(self.UNREADABLE)
            if self.transport.is_closing():
                return

    def eof_received(self) -> bool:
        """The client closed its side: so do we."""
        return False

    def pause_writing(self) -> None:
        """The transport is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """The transport has room again."""
        self._paused = False

    def said(self, message: Message) -> None:
        """One whole message."""
        raise NotImplementedError

    def goodbye(self, code: int) -> None:
        """The client closes, by this code."""
        raise NotImplementedError

    def close(self, code: int) -> None:
        """Close with a code; nothing happens where that is done already."""
        raise NotImplementedError

    async def obey(self, wish: Any) -> None:
        """Do one thing that takes a while."""
        raise NotImplementedError

    def do(self, wish: Any, tasks: Tasks) -> None:
        """Have `obey` do it behind what is under way; nothing more is read meanwhile."""
        if self._todo is not None:
            self._todo.append(wish)
        else:
            self._todo = [wish]
            self.transport.pause_reading()
            tasks.start(self._work(self._todo), name=self.NAME)

    async def _work(self, todo: Sequence[Any]) -> None:
        try:
            for wish in todo:  # It may grow.
                await self.obey(wish)
        except Exception:
            logger.exception("work failed socket=%s", self.NAME)
            self.close(self.FAULT)
        finally:
            self._todo = None
            if not self.transport.is_closing():
                self.transport.resume_reading()
