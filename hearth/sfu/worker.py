"""A process that carries media for a server: `python -m hearth.sfu.worker`, begun by `processes`.

Its words are four numbers: the descriptors of its control socket, of its UDP socket and of the one
by which connections are handed over, and the process that began it. It ends when the control
socket does, whatever ends that; who began it decides when, so signals to all do nothing.
"""

import asyncio
import contextlib
import ctypes
import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping

import msgspec
import uvloop

from hearth.core.voice_ports import Kind, MediaPeer, Stream
from hearth.edge import logs
from hearth.edge.memory import calm, settle, trimmer
from hearth.sfu import control
from hearth.sfu.media import MediaServer, take_up
from hearth.sfu.room import Peer, Sfu

logger = logging.getLogger(__name__)

PULSE_S = 1.0
SETTLE_PULSES, TRIM_PULSES = 5, 60
_PR_SET_PDEATHSIG = 1


class Desk:
    """Does what is ordered, and says what happens. It is the media server's listener."""

    def __init__(self, say: Callable[[control.Word], None]) -> None:
        self.say = say
        self.sfu = Sfu(self)
        self.media = MediaServer(self.sfu)
        self._peers: dict[int, Peer] = {}
        self._numbers: dict[MediaPeer, int] = {}
        self._known: dict[int, tuple[Stream, ...]] = {}
        """What the server knows of each peer's streams."""

    async def obey(self, order: control.Order) -> None:
        """Do it. What goes wrong costs the peer that it is about."""
        if isinstance(order, control.Begin):
            return
        try:
            await self._obey(order)
        except Exception as error:
            if not isinstance(error, ValueError):
                logger.exception("order failed order=%s", type(order).__name__)
            if isinstance(order, control.Expect | control.Select | control.Offer | control.Check):
                why = str(error) if isinstance(error, ValueError) else "It failed."
                self.say(control.Answer(order.ask, why, refused=True))
            elif order.peer in self._peers:
                self.say(control.Lost(order.peer, "failed"))
        self._refresh(order.peer)

    async def _obey(self, order: control.Order) -> None:
        if isinstance(order, control.Join):
            peer = self.sfu.join(order.room_id, order.user_id, order.may, order.ssrc)
            self._peers[order.peer] = peer
            self._numbers[peer] = order.peer
            return
        if isinstance(order, control.Check):
            self.say(control.Answer(order.ask, routes=tuple(await self.media.check())))
            return
        assert not isinstance(order, control.Begin)
        peer = self._peers.get(order.peer)
        if peer is None:
            raise ValueError("The connection is closed.")
        if isinstance(order, control.Allow):
            peer.allow(order.may)
        elif isinstance(order, control.Expect):
            await self.media.expect(peer, order.ip)
            self.say(control.Answer(order.ask))
        elif isinstance(order, control.Select):
            key = await self.media.select(peer, order.mode)
            self.say(control.Answer(order.ask, key=key))
        elif isinstance(order, control.Offer):
            self.say(control.Answer(order.ask, await peer.offer(order.sdp)))
        elif isinstance(order, control.Label):
            peer.label(order.kinds)
        elif isinstance(order, control.Want):
            peer.want(order.others, order.wanted, order.pixels)
        else:
            del self._peers[order.peer], self._numbers[peer]
            self._known.pop(order.peer, None)
            peer.close()

    def _refresh(self, number: int) -> None:
        """Let the server know what a peer publishes, if that changed."""
        peer = self._peers.get(number)
        if peer is not None:
            streams = tuple(peer.streams)
            if streams != self._known.get(number):
                self._known[number] = streams
                self.say(control.Published(number, streams, quiet=True))

    # What the media server tells

    def speaking(self, peer: MediaPeer, flags: int) -> None:
        """See the port."""
        if (number := self._numbers.get(peer)) is not None:
            self.say(control.Spoke(number, flags))

    def streams(self, peer: MediaPeer) -> None:
        """See the port."""
        if (number := self._numbers.get(peer)) is not None:
            self._known[number] = tuple(peer.streams)
            self.say(control.Published(number, self._known[number], quiet=False))

    def mapped(self, peer: MediaPeer, mid: str, user_id: int | None, ssrc: int, kind: Kind) -> None:
        """See the port."""
        if (number := self._numbers.get(peer)) is not None:
            for other in self.sfu.peers(peer.room_id) if user_id is not None else ():
                if other.user_id == user_id and other in self._numbers:
                    self._refresh(self._numbers[other])
            self.say(control.Mapped(number, mid, user_id, ssrc, kind))

    def lost(self, peer: MediaPeer, why: str) -> None:
        """See the port."""
        if (number := self._numbers.get(peer)) is not None:
            self.say(control.Lost(number, why))

    def crashed(self, peer: MediaPeer) -> None:
        """Said by others only."""

    def demand(self, peer: MediaPeer, wanted: Mapping[int, int]) -> None:
        """See the port."""
        if (number := self._numbers.get(peer)) is not None:
            self.say(control.Demand(number, dict(wanted)))

    # Connections by TCP

    async def take(self, number: int, sock: socket.socket, first: bytes) -> None:
        """Go on with a connection that was handed over, of which `first` has come."""

        def left() -> None:
            self.say(control.Parted(number))

        protocol = self.sfu.stream(left, first)
        if protocol is None:
            sock.close()
            left()
            return
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, sock)
        except OSError:
            sock.close()
            left()

    def pulse(self) -> None:
        """Say how it is."""
        (health,) = self.media.health()
        self.say(
            control.Pulse(
                health.rooms, health.peers, health.lag_s, health.resident_bytes, health.drops
            )
        )


async def serve(talk: socket.socket, udp: socket.socket, handed: socket.socket) -> None:
    """Carry media until the control socket ends."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(sock=talk)

    def say(word: control.Word) -> None:
        if not writer.is_closing():
            writer.write(control.frame(word))

    desk = Desk(say)
    taking: set[asyncio.Task[None]] = set()

    def come() -> None:
        with contextlib.suppress(BlockingIOError):
            data, descriptors, *_ = socket.recv_fds(handed, control.HANDED_BYTES, 1)
            if not data:
                loop.remove_reader(handed)
            for descriptor in descriptors:
                sock = socket.socket(fileno=descriptor)
                sock.setblocking(False)
                task = loop.create_task(desk.take(int.from_bytes(data[:8], "big"), sock, data[8:]))
                taking.add(task)
                task.add_done_callback(taking.discard)

    beating = None
    try:
        begin = control.ORDERS.decode(await control.whole(reader))
        if not isinstance(begin, control.Begin):
            raise ValueError("The first order is no Begin.")
        logging.getLogger("hearth").setLevel(begin.level)
        take_up(desk.sfu, udp, begin.settings)
        # Nobody waits for it in vain: a process of voice's own is begun for somebody.
        await desk.sfu.load()
        loop.add_reader(handed, come)
        calm()
        settle()
        beating = loop.create_task(_beat(desk))
        while True:
            await desk.obey(control.ORDERS.decode(await control.whole(reader)))
    except (EOFError, ConnectionError):
        pass
    except (msgspec.DecodeError, ValueError):
        logger.exception("order not understood")
    finally:
        if beating is not None:
            beating.cancel()
        loop.remove_reader(handed)
        await desk.media.close()
        writer.close()


async def _beat(desk: Desk) -> None:
    trim, count = trimmer(), 0
    while True:
        desk.pulse()
        await asyncio.sleep(PULSE_S)
        count += 1
        if count % SETTLE_PULSES == 0:
            settle()
        if count % TRIM_PULSES == 0:
            trim()


def main() -> None:
    """Run until there is nobody to work for."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()
    talk, udp, handed, parent = map(int, sys.argv[1:])
    # Should it not come to see the end of its socket, it ends nevertheless.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    logs.setup("info")
    sockets = [socket.socket(fileno=each) for each in (talk, udp, handed)]
    for each in sockets:
        each.setblocking(False)
    uvloop.run(serve(*sockets))


if __name__ == "__main__":
    main()
