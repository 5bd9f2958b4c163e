"""The peer that has only what Python costs: a uvloop protocol that gives one prepared frame, one
shared bytes object, to every transport. It talks as c/floor.c does and no more.

    plain_protocol.py PORT FRAME_FILE
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import cast

import uvloop

MARK_BYTES = 12
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
HELLO = b'{"op":10,"d":{"heartbeat_interval":41250}}'
READY = b'{"t":"READY","s":1,"op":0,"d":{}}'
GUILD = b'{"t":"GUILD_CREATE","s":2,"op":0,"d":{}}'


def framed(text: bytes) -> bytes:
    return bytes((0x81, len(text))) + text


class Room:
    """The prepared frame and those it goes to."""

    def __init__(self, frame: bytes) -> None:
        at = frame.index(b"~", 4)  # a length of 126 is "~" too
        self.before, self.after = frame[:at], frame[at + MARK_BYTES :]
        self.live: set[asyncio.Transport] = set()

    def fan_out(self, mark: bytes) -> None:
        frame = self.before + mark + self.after
        for transport in self.live:
            transport.write(frame)


class Client(asyncio.Protocol):
    __slots__ = ("room", "state", "transport")

    def __init__(self, room: Room) -> None:
        self.room = room
        self.state = "http"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.state == "live":  # a heartbeat
            return
        if self.state == "upgraded":
            self.state = "live"
            self.room.live.add(self.transport)
            self.transport.write(framed(READY) + framed(GUILD))
        elif b"Upgrade:" in data:
            self.state = "upgraded"
            self.transport.write(UPGRADE + framed(HELLO))
        else:
            at = data.find(b"~", data.find(b"\r\n\r\n"))
            if at >= 0:
                self.room.fan_out(data[at : at + MARK_BYTES])
            self.transport.write(ANSWER)

    def connection_lost(self, exc: Exception | None) -> None:
        self.room.live.discard(self.transport)


async def main(port: int, frame: bytes) -> None:
    room = Room(frame)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(room), "127.0.0.1", port, backlog=4096)
    gc.freeze()
    print(f"ready http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
