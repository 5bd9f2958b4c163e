"""Media in processes of its own: rooms are placed among them, and whoever dies is begun anew.

It is `Media` as `hearth.sfu.media` is, for the same rooms; nothing of a room is in this process.
Each process has a UDP socket, which stays open here: its port stays while the process changes.
"""

import asyncio
import logging
import os
import secrets
import socket
import sys
import zlib
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from typing import cast

import msgspec
from msgspec.structs import replace

from hearth.core.voice_ports import (
    Health,
    Kind,
    May,
    MediaListener,
    MediaPeer,
    MediaSettings,
    Route,
    Stream,
)
from hearth.sfu import control
from hearth.sfu.handing import Hand, Take

logger = logging.getLogger(__name__)

LONG_S = 10.0
"""Who lived so long is begun anew at once; who did not, after a while."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 10.0
END_S = 3.0
"""A process that is asked to end gets so long."""

WATCH_S = 1.0
BEGIN_WATCHES, PATIENT_WATCHES = 60, 15
"""So many seconds without a word, at the beginning and later, and a process is ended."""

BEHIND_BYTES = 16 << 20
"""Who does not take its orders until so much waits is ended too."""

GONE = "The connection is closed."

_SSRCS = 1 << 32
_MOST = 1 << 62


class FarPeer:
    """A peer whose room is in another process."""

    def __init__(self, at: "Carrier", number: int, room_id: int, user_id: int, may: May) -> None:
        self.at = at
        self.number = number
        self.closed = False
        self.told: tuple[Stream, ...] = ()
        self._may = may
        self._room_id, self._user_id = room_id, user_id
        self._ssrc = secrets.randbits(31) | 1

    @property
    def room_id(self) -> int:
        """The channel's id."""
        return self._room_id

    @property
    def user_id(self) -> int:
        """Whose it is."""
        return self._user_id

    @property
    def ssrc(self) -> int:
        """The name of its microphone, which is chosen here: nobody need be waited for."""
        return self._ssrc

    @property
    def port(self) -> int:
        """The UDP port that its media comes to."""
        return self.at.port

    @property
    def streams(self) -> Sequence[Stream]:
        """What it publishes, as it was told last; what it may publish no more is not active."""
        may = self._may
        return [
            each._replace(
                active=each.active and (may.audio_in if each.kind == "audio" else may.video_in)
            )
            for each in self.told
        ]

    def allow(self, may: May) -> None:
        """See the port; it holds once the order is there, within a turn of two loops."""
        self._may = may
        self._order(control.Allow(self.number, may))

    def close(self) -> None:
        """See the port."""
        self._order(control.Leave(self.number))
        self.closed = True
        self.at.peers.pop(self.number, None)

    async def offer(self, sdp: str) -> str:
        """See the port."""
        if self.closed:
            raise ValueError(GONE)
        answer = await self.at.ask(lambda ask: control.Offer(self.number, ask, sdp))
        return answer.text

    def label(self, kinds: Mapping[str, Kind]) -> None:
        """See the port."""
        self._order(control.Label(self.number, dict(kinds)))

    def want(self, others: int, wanted: Mapping[int, int], pixels: Mapping[int, int]) -> None:
        """See the port; what is no number of a stream's is left out."""
        self._order(
            control.Want(self.number, _bounded(others), _of_streams(wanted), _of_streams(pixels))
        )

    def _order(self, order: control.Order) -> None:
        if not self.closed:
            self.at.send(order)


def _bounded(number: int) -> int:
    return max(-_MOST, min(number, _MOST))


def _of_streams(numbers: Mapping[int, int]) -> dict[int, int]:
    return {ssrc: _bounded(each) for ssrc, each in numbers.items() if 0 <= ssrc < _SSRCS}


class Carrier:
    """One process, from the first order on until `close`, however often it has to be begun anew."""

    def __init__(
        self, index: int, udp: socket.socket, begin: control.Begin, listener: MediaListener
    ):
        self.index = index
        self.peers: dict[int, FarPeer] = {}
        self.pid = 0
        self.restarts = 0
        self.pulse = control.Pulse(0, 0, 0.0, 0, 0)
        self.port: int = udp.getsockname()[1]
        """Its UDP port."""
        self._udp = udp
        self._begin = begin
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, asyncio.Future[control.Answer]] = {}
        self._asks = count(1)
        self._handed: dict[int, Callable[[], None]] = {}
        self._hands = count(1)
        self._hand: socket.socket | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: list[bytes] = []
        """Orders for a process that is not there yet."""
        self._silent = 0
        self._patience = BEGIN_WATCHES
        self._kill: Callable[[], None] = lambda: None
        self._running: asyncio.Task[None] | None = None
        self._closing = False

    # Orders

    def send(self, order: control.Order) -> None:
        """Order it, or have it ordered when it is there. Raises UnicodeEncodeError."""
        if self._closing:
            return
        data = control.frame(order)
        if self._running is None:
            self._running = self._loop.create_task(self._run(), name=f"voice-{self.index}")
        if self._writer is None:
            self._waiting.append(data)
        else:
            self._writer.write(data)

    async def ask(self, order: Callable[[int], control.Order]) -> control.Answer:
        """Order what is answered. Raises ValueError with one sentence."""
        number = next(self._asks)
        answer: asyncio.Future[control.Answer] = self._loop.create_future()
        self._asked[number] = answer
        try:
            self.send(order(number))
            return await answer
        except UnicodeEncodeError:
            raise ValueError("The offer is no text.") from None
        finally:
            self._asked.pop(number, None)

    def take(self, descriptor: int, data: bytes, left: Callable[[], None]) -> bool:
        """Hand a connection over; whether it went. `left` is called when it is over."""
        if self._hand is None:
            return False
        number = next(self._hands)
        try:
            socket.send_fds(self._hand, [number.to_bytes(8, "big"), data], [descriptor])
        except OSError as error:  # It has many to take already, or is just ending.
            logger.info("connection not handed over process=%d reason=%s", self.index, error)
            return False
        self._handed[number] = left
        return True

    # Its life

    async def _run(self) -> None:
        wait = FIRST_WAIT_S
        while not self._closing:
            began = self._loop.time()
            try:
                await self._live()
            except OSError as error:
                logger.error("voice process not begun process=%d reason=%s", self.index, error)
            except Exception:
                logger.exception("voice process let go process=%d", self.index)
            self._fall()
            if self._closing:
                return
            if self._loop.time() - began >= LONG_S:
                wait = FIRST_WAIT_S
            else:
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
            self.restarts += 1

    async def _live(self) -> None:
        """Begin a process and hear it until it ends."""
        with ExitStack() as stack:
            talk, far_talk = socket.socketpair()
            hand, far_hand = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for each in (talk, far_talk, hand, far_hand):
                stack.callback(each.close)
                each.setblocking(False)
            far = far_talk.fileno(), self._udp.fileno(), far_hand.fileno()
            words = [sys.executable, "-m", "hearth.sfu.worker", *map(str, far), str(os.getpid())]
            process = await asyncio.create_subprocess_exec(
                *words, stdin=DEVNULL, stdout=DEVNULL, pass_fds=far
            )
            far_talk.close()
            far_hand.close()
            try:
                reader, writer = await asyncio.open_connection(sock=talk)
                self._begun(process, writer, hand)
                watching = self._loop.create_task(self._watch(writer))
                try:
                    while True:
                        self._hear(control.WORDS.decode(await control.whole(reader)))
                except (EOFError, ConnectionError):
                    pass
                except (msgspec.DecodeError, ValueError):
                    logger.exception("voice process not understood process=%d", self.index)
                finally:
                    watching.cancel()
                    writer.transport.abort()
            finally:
                asked = self._closing and self._writer is not None
                code = await _end(process, END_S if asked else 0.0)
                if not self._closing:
                    logger.error("voice process ended process=%d code=%d", self.index, code)

    def _begun(self, process: Process, writer: asyncio.StreamWriter, hand: socket.socket) -> None:
        self.pid = process.pid
        self._kill = process.kill
        self._hand = hand
        self._silent, self._patience = 0, BEGIN_WATCHES
        self._writer = writer
        writer.write(control.frame(self._begin) + b"".join(self._waiting))
        self._waiting.clear()
        if self._closing:
            writer.write_eof()
        logger.info("voice process begun process=%d pid=%d", self.index, process.pid)

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        """End a process that says nothing any more. It is turns of this loop that are counted, so
        one that stood still itself takes nobody for dead."""
        while True:
            await asyncio.sleep(WATCH_S)
            self._silent += 1
            behind = writer.transport.get_write_buffer_size() > BEHIND_BYTES
            if self._silent > self._patience or behind:
                logger.error("voice process is stuck process=%d behind=%d", self.index, behind)
                self._kill()
                return

    def _fall(self) -> None:
        """All that the process had is gone; who had it is told."""
        self.pid = 0
        self.pulse = control.Pulse(0, 0, 0.0, 0, 0)
        self._writer = self._hand = None
        self._waiting.clear()
        peers, self.peers = list(self.peers.values()), {}
        for peer in peers:
            peer.closed = True
        for left in self._handed.values():
            left()
        self._handed.clear()
        for peer in peers:
            self._tell(partial(self._listener.crashed, peer))
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ValueError(GONE))

    async def close(self) -> None:
        """End it, and take no more orders."""
        self._closing = True
        running, writer = self._running, self._writer
        if running is not None:
            if writer is None:
                running.cancel()
            else:
                writer.write_eof()
            _, late = await asyncio.wait([running], timeout=END_S)
            if late:
                self._kill()
                await asyncio.wait(late)
        self._udp.close()

    # What it says

    def _hear(self, word: control.Word) -> None:
        self._silent = 0
        if isinstance(word, control.Pulse):
            self.pulse, self._patience = word, PATIENT_WATCHES
        elif isinstance(word, control.Answer):
            answer = self._asked.get(word.ask)
            if answer is None or answer.done():
                return
            if word.refused:
                answer.set_exception(ValueError(word.text))
            else:
                answer.set_result(word)
        elif isinstance(word, control.Parted):
            left = self._handed.pop(word.connection, None)
            if left is not None:
                left()
        elif (peer := self.peers.get(word.peer)) is not None:
            self._tell(partial(self._told, peer, word))

    def _told(
        self,
        peer: FarPeer,
        word: control.Spoke | control.Published | control.Mapped | control.Lost | control.Demand,
    ) -> None:
        listener = self._listener
        if isinstance(word, control.Spoke):
            listener.speaking(peer, word.flags)
        elif isinstance(word, control.Published):
            peer.told = word.streams
            if not word.quiet:
                listener.streams(peer)
        elif isinstance(word, control.Mapped):
            listener.mapped(peer, word.mid, word.user_id, word.ssrc, word.kind)
        elif isinstance(word, control.Lost):
            listener.lost(peer, word.why)
        else:
            listener.demand(peer, word.wanted)

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception:
            logger.exception("voice word not taken process=%d", self.index)


async def _end(process: Process, patience_s: float) -> int:
    """See a process to its end; its code."""
    try:
        async with asyncio.timeout(patience_s):
            return await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


class Processes:
    """`Media` in as many processes as there are sockets; each sends its share of the upload."""

    def __init__(
        self, listener: MediaListener, udp: Sequence[socket.socket], settings: MediaSettings
    ) -> None:
        level = logging.getLogger("hearth").getEffectiveLevel()
        share = -(-settings.upload_kbps // len(udp))
        self._carriers: list[Carrier] = []
        for index, sock in enumerate(udp):
            told = replace(settings, name=_name(index), upload_kbps=share)
            self._carriers.append(Carrier(index, sock, control.Begin(told, level), listener))
        self._numbers = count(1)

    def join(self, room_id: int, user_id: int, may: May) -> MediaPeer:
        """See the port. A room is where its number says; a process is begun for its first."""
        at = self._carriers[zlib.crc32(room_id.to_bytes(8, "big")) % len(self._carriers)]
        peer = FarPeer(at, next(self._numbers), room_id, user_id, may)
        at.peers[peer.number] = peer
        at.send(control.Join(peer.number, room_id, user_id, peer.ssrc, may))
        return peer

    async def expect(self, peer: MediaPeer, ip: str) -> None:
        """See the port. It is waited for, else who asks could be quicker than the order."""
        far = cast(FarPeer, peer)
        if far.closed:
            raise ValueError(GONE)
        await far.at.ask(lambda ask: control.Expect(far.number, ask, ip))

    async def select(self, peer: MediaPeer, mode: str) -> bytes:
        """See the port."""
        far = cast(FarPeer, peer)
        if far.closed:
            raise ValueError(GONE)
        answer = await far.at.ask(lambda ask: control.Select(far.number, ask, mode))
        return answer.key

    def stream(self, left: Callable[[], None]) -> asyncio.Protocol | None:
        """See the port: it is handed over once it is known to whom."""
        if not any(each.pid for each in self._carriers):
            return None

        def find(ufrag: str) -> Take | None:
            for each in self._carriers:
                if ufrag.startswith(_name(each.index)):
                    return lambda descriptor, data: each.take(descriptor, data, left)
            return None

        return Hand(find, left)

    async def check(self) -> Sequence[Route]:
        """See the port: of all processes, which are begun for it; who cannot answer has none."""
        asked = [each.ask(control.Check) for each in self._carriers]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return [
            route
            for answer in answers
            if isinstance(answer, control.Answer)
            for route in answer.routes
        ]

    def health(self) -> Sequence[Health]:
        """See the port."""
        return [
            Health(
                process=str(each.index),
                pid=each.pid,
                port=each.port,
                rooms=each.pulse.rooms,
                peers=each.pulse.peers,
                lag_s=each.pulse.lag_s,
                resident_bytes=each.pulse.resident_bytes,
                drops=each.pulse.drops,
                restarts=each.restarts,
            )
            for each in self._carriers
        ]

    async def close(self) -> None:
        """See the port."""
        await asyncio.gather(*(each.close() for each in self._carriers))


def _name(index: int) -> str:
    """What the ICE names of a process begin with."""
    return f"{index:02x}"
