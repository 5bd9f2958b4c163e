"""The media server whole, as the voice gateway is handed it: rooms, browsers and bots."""

import asyncio
import math
import os
import socket
from collections.abc import Callable, Sequence
from typing import cast

from hearth.core.voice_ports import (
    MODES,
    Health,
    May,
    Media,
    MediaListener,
    MediaPeer,
    MediaSettings,
    Route,
)
from hearth.edge.lag import Lag
from hearth.edge.metrics import resident_bytes
from hearth.sfu.room import Peer, Sfu
from hearth.sfu.udpvoice import UdpVoice


class MediaServer:
    """One `Sfu` and the bots of its socket."""

    def __init__(self, sfu: Sfu) -> None:
        self.sfu = sfu
        self.bots = UdpVoice(sfu.udp, sfu.now)
        self._lag = Lag()

    def join(self, room_id: int, user_id: int, may: May) -> MediaPeer:
        """A new peer; a room is made for its first."""
        return self.sfu.join(room_id, user_id, may)

    async def expect(self, peer: MediaPeer, ip: str) -> None:
        """A bot may ask for its address from `ip`, which is empty where it is not known."""
        self.bots.expect(cast(Peer, peer), ip)

    async def select(self, peer: MediaPeer, mode: str) -> bytes:
        """The key of an expected bot for one of `MODES`. Raises ValueError for another mode."""
        if mode not in MODES:
            raise ValueError("There is no such mode.")
        return self.bots.select(cast(Peer, peer), mode)

    def stream(self, left: Callable[[], None]) -> asyncio.Protocol | None:
        """What takes a TCP connection that carries media; None when nobody may come so."""
        return self.sfu.stream(left)

    async def check(self) -> Sequence[Route]:
        """The ways to it, to be tried. The first time loads what browsers need."""
        web = await self.sfu.load()
        name = web.ice.check(self.sfu.now())
        return [Route(each.protocol, each.host, each.port, *name) for each in web.candidates]

    def health(self) -> Sequence[Health]:
        """How it is; it shares the process with all else."""
        rooms = self.sfu.rooms.values()
        return [
            Health(
                process="main",
                pid=os.getpid(),
                port=self.sfu.port,
                rooms=len(rooms),
                peers=sum(len(room.peers) for room in rooms),
                lag_s=self._lag.worst_s,
                resident_bytes=resident_bytes(),
                drops=self.sfu.udp.drops,
                restarts=0,
            )
        ]

    async def close(self) -> None:
        """Every peer leaves, and the socket closes."""
        self._lag.close()
        self.sfu.close()


def open_media(listener: MediaListener, udp: socket.socket, settings: MediaSettings) -> Media:
    """Take media at a UDP socket, in this process."""
    sfu = Sfu(listener)
    take_up(sfu, udp, settings)
    return MediaServer(sfu)


def take_up(sfu: Sfu, udp: socket.socket, settings: MediaSettings) -> None:
    """Let rooms be as the settings say, and read the socket."""
    sfu.stun = settings.stun
    sfu.viewer_bits = settings.viewer_kbps * 1000 or math.inf
    sfu.upload_bits = settings.upload_kbps * 1000 or math.inf
    sfu.hosts = settings.hosts
    sfu.tcp_port = settings.tcp_port
    sfu.name = settings.name
    sfu.use(udp, settings.host)
