"""The media server whole, as the voice gateway is handed it: rooms, browsers and bots."""

import asyncio
from collections.abc import Sequence
from typing import cast

from hearth.core.voice_ports import MODES, May, Media, MediaListener, MediaPeer
from hearth.sfu.room import Peer, Sfu
from hearth.sfu.udpvoice import UdpVoice


class MediaServer:
    """One `Sfu` and the bots of its socket."""

    def __init__(self, sfu: Sfu) -> None:
        self.sfu = sfu
        self.bots = UdpVoice(sfu.udp, sfu.now)

    @property
    def port(self) -> int:
        """The UDP port that is bound."""
        return self.sfu.port

    def join(self, room_id: int, user_id: int, may: May) -> MediaPeer:
        """A new peer; a room is made for its first."""
        return self.sfu.join(room_id, user_id, may)

    def expect(self, peer: MediaPeer, ip: str) -> None:
        """A bot will ask for its address from `ip`, which is empty where it is not known."""
        self.bots.expect(cast(Peer, peer), ip)

    def select(self, peer: MediaPeer, mode: str) -> bytes:
        """The key of an expected bot for one of `MODES`. Raises ValueError for another mode."""
        if mode not in MODES:
            raise ValueError("There is no such mode.")
        return self.bots.select(cast(Peer, peer), mode)

    def stream(self) -> asyncio.Protocol | None:
        """What takes a TCP connection that carries media; None when nobody may come so."""
        return self.sfu.stream()

    def close(self) -> None:
        """Every peer leaves, and the socket closes."""
        self.sfu.close()


async def open_media(
    listener: MediaListener, host: str, port: int, hosts: Sequence[str], tcp_port: int = 0
) -> Media:
    """Bind the UDP socket, and be ready for rooms; browsers are told `hosts`, and the TCP port
    that takes media too unless it is 0. Raises OSError."""
    sfu = Sfu(listener)
    sfu.hosts = hosts
    sfu.tcp_port = tcp_port
    await sfu.open(host, port)
    return MediaServer(sfu)
