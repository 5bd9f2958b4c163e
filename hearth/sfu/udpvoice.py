"""Bots' voice: IP discovery, and Opus in RTP under an AEAD whose nonce goes in each packet.

(Discord topic "Voice connections": IP discovery, transport encryption modes with `rtpsize`.) A
datagram is a header that stays readable, what is encrypted with its tag, and the last four bytes
of the nonce, whose other bytes are zeros.

One key serves both directions. Clients count their nonces from 0; we count from `FIRST`, and who
gets so far, or is told a nonce that we have used, must connect again with another key.
"""

import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as xchacha_open,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as xchacha_seal,
)
from nacl.exceptions import CryptoError

from hearth.sfu.udp import Address, Udp

if TYPE_CHECKING:
    from hearth.sfu.room import Peer

logger = logging.getLogger(__name__)

Mode = Literal["aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize"]

OPUS = 120
HEADER, TAG, NONCE = 12, 16, 4
WINDOW = 1024
"""So far behind the newest nonce a packet may come; once."""

FIRST = 0xC0C0C000
"""Our first nonce. A client that writes its counter's bytes the other way around would reach it
after twelve million packets, and one that does not after three billion."""

LAST = 0xFFFFFFFF
PACKETS_PER_S, BYTES_PER_S = 100, 64_000
"""The most of a microphone: twice what Opus needs at 20 ms, and its highest rate."""

FRESH_S = 30.0
"""Who is not known by their address must have sent something good within so long."""

REPEAT_S = 0.25
"""An answer to a discovery is said once more after so long, unless op 1 came."""

_PING, _PONG = b"\x13\x37\xca\xfe", b"\x13\x37\xf0\x0d"
_REQUEST = b"\x00\x01\x00\x46"


class Window:
    """Which numbers came: none twice, none from far behind the newest."""

    __slots__ = ("newest", "seen")

    def __init__(self) -> None:
        self.newest = -1
        self.seen = 0
        """Bit i stands for `newest - i`."""

    def fresh(self, number: int) -> bool:
        """Whether a number has not come and is not too old."""
        behind = self.newest - number
        return behind < 0 or (behind < WINDOW and not self.seen >> behind & 1)

    def take(self, number: int) -> None:
        """A number came, in a packet that is proven."""
        ahead = number - self.newest
        if ahead > 0:
            self.seen = (self.seen << min(ahead, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self.newest = number
        else:
            self.seen |= 1 << -ahead


class Cipher:
    """Opens what a bot sends and seals what it is sent, under one key."""

    def __init__(self, mode: Mode, key: bytes) -> None:
        self.mode = mode
        self._key = key
        self._gcm = AESGCM(key) if mode == "aead_aes256_gcm_rtpsize" else None
        self._pad = bytes(8 if self._gcm else 20)
        self._next = FIRST
        self._window = Window()
        self._first = b""
        self.order: Literal["big", "little"] | None = None
        """Which way around the client counts, as its second packet shows."""

    @property
    def worn(self) -> bool:
        """Whether its nonces are used up: the key must not be used any more."""
        return self._next > LAST

    def is_ours(self, nonce: bytes) -> bool:
        """Whether we have sent under this nonce: then the key is spoilt."""
        return FIRST <= int.from_bytes(nonce) < self._next

    def seal(self, header: bytes, payload: bytes) -> bytes:
        """A datagram with this header."""
        nonce = self._next.to_bytes(NONCE)
        self._next += 1
        if self._gcm is not None:
            sealed = self._gcm.encrypt(nonce + self._pad, payload, header)
        else:
            sealed = xchacha_seal(payload, header, nonce + self._pad, self._key)
        return header + sealed + nonce

    def open(self, data: bytes, size: int) -> bytes | None:
        """What a datagram with a header of `size` bytes says; None for what is no good, or old."""
        header, sealed, nonce = data[:size], data[size:-NONCE], data[-NONCE:]
        number = int.from_bytes(nonce, self.order or "big")
        if not self._window.fresh(number):
            return None
        try:
            if self._gcm is not None:
                said = self._gcm.decrypt(nonce + self._pad, sealed, header)
            else:
                said = xchacha_open(sealed, header, nonce + self._pad, self._key)
        except (InvalidTag, CryptoError):
            return None
        if self.order is None:
            number = self._learn(nonce, number)
        self._window.take(number)
        return said

    def _learn(self, nonce: bytes, number: int) -> int:
        """The second packet shows which way around the client counts; its number by that."""
        if not self._first:
            self._first = nonce
            return number
        big, little = (
            abs(int.from_bytes(nonce, order) - int.from_bytes(self._first, order))
            for order in ("big", "little")
        )
        self.order = "big" if big <= little else "little"
        if self.order == "little":
            self._window = Window()
            self._window.take(int.from_bytes(self._first, "little"))
            number = int.from_bytes(nonce, "little")
        return number


class Bot:
    """How one bot is reached. It is a `Transport` of its peer's."""

    def __init__(self, udp: Udp, peer: "Peer", ip: str, now: Callable[[], float]) -> None:
        self._udp = udp
        self.peer = peer
        self._ip = ip
        self._now = now
        self._address: Address | None = None
        self._cipher: Cipher | None = None
        self._proven_at = 0.0
        self._allowance: tuple[float, float, float] = (now(), PACKETS_PER_S, BYTES_PER_S)
        self._again: tuple[float, bytes] | None = None
        self._lost = False
        self._warned = False

    # What comes

    def discovered(self, data: memoryview, address: Address) -> None:
        """It asks for its own address: it is told, and known by it from now on."""
        host = host_of(address)
        # Who came to the gateway by the other IP must prove itself by a packet instead.
        if self._ip and host != self._ip and (":" in self._ip) == (":" in host):
            if not self._warned:
                self._warned = True
                logger.info("media from elsewhere than the gateway user=%d", self.peer.user_id)
            return
        if self._address is not None and self._address != address:
            self._udp.bots.pop(self._address, None)
        self._address = address
        # Not before: a peer that never asks is a browser's.
        self.peer.transport = self
        self._udp.bots[address] = self.take
        answer = discovery_answer(bytes(data), address)
        self._udp.send(answer, address)
        if self._cipher is None:
            self._again = (self._now() + REPEAT_S, answer)

    def select(self, mode: Mode) -> bytes:
        """Op 1: the key to be used from now on."""
        key = secrets.token_bytes(32)
        self._cipher = Cipher(mode, key)
        self._again = None
        self.peer.transport = self
        return key

    def take(self, data: memoryview, address: Address) -> None:
        """A datagram of its address."""
        length = len(data)
        if length == 74 and bytes(data[:4]) == _REQUEST:
            if int.from_bytes(data[4:8]) == self.peer.ssrc:
                self.discovered(data, address)
            elif self._udp.discovery is not None:
                # Another of the same address: its socket was kept for a new connection.
                self._udp.discovery(data, address)
            return
        if length == 8:
            if bytes(data[:4]) == _PING:
                self._udp.send(_PONG + bytes(data[4:]), address)
            return
        self._packet(bytes(data))

    def _packet(self, data: bytes) -> None:
        cipher = self._cipher
        size = header_size(data)
        if cipher is None or size is None or int.from_bytes(data[8:12]) != self.peer.ssrc:
            return
        if not self._may_send(len(data)):
            return
        if cipher.is_ours(data[-NONCE:]):
            self._lose("nonce")
            return
        said = cipher.open(data, size)
        if said is None:
            return
        self._proven_at = self._now()
        payload = payload_of(data, said)
        if payload:
            self.peer.heard(
                int.from_bytes(data[2:4]), int.from_bytes(data[4:8]), bool(data[1] & 0x80), payload
            )

    def _may_send(self, size: int) -> bool:
        """Count a packet against what a microphone may send, before it is opened."""
        at, packets, octets = self._allowance
        now = self._now()
        packets = min(PACKETS_PER_S, packets + (now - at) * PACKETS_PER_S) - 1
        octets = min(BYTES_PER_S, octets + (now - at) * BYTES_PER_S) - size
        if packets < 0 or octets < 0:
            return False
        self._allowance = (now, packets, octets)
        return True

    # What goes: `Transport`

    def send_audio(
        self, source: "Peer", sequence: int, timestamp: int, marker: bool, payload: bytes
    ) -> None:
        """One packet of another's."""
        cipher, address = self._cipher, self._address
        if cipher is None or address is None:
            return
        if self._ip != host_of(address) and self._now() - self._proven_at > FRESH_S:
            return
        if cipher.worn:
            self._lose("nonce")
            return
        header = (
            bytes((0x80, OPUS | marker << 7))
            + sequence.to_bytes(2)
            + timestamp.to_bytes(4)
            + source.ssrc.to_bytes(4)
        )
        self._udp.send(cipher.seal(header, payload), address)

    def forget(self, source: "Peer") -> None:
        """Another has left."""

    def tick(self, now: float) -> None:
        """Say again what may have been lost."""
        if self._again is not None and now >= self._again[0] and self._address is not None:
            self._udp.send(self._again[1], self._address)
            self._again = None

    def close(self) -> None:
        """The address is nobody's any more."""
        if self._address is not None and self._udp.bots.get(self._address) == self.take:
            del self._udp.bots[self._address]
        self._cipher = self._address = None

    def _lose(self, why: str) -> None:
        if not self._lost:
            self._lost = True
            self._cipher = None
            self.peer.sfu.listener.lost(self.peer, why)


class UdpVoice:
    """The bots of one socket, by the number that they ask for their address with."""

    def __init__(self, udp: Udp, now: Callable[[], float]) -> None:
        self._udp = udp
        self._now = now
        self._bots: dict[int, Bot] = {}
        udp.discovery = self._discovered

    def expect(self, peer: "Peer", ip: str) -> None:
        """A bot may ask for its address from the `ip` that its gateway connection has.

        Without an `ip` nothing is known of that, and it must send something good first.
        """
        self._bots = {ssrc: bot for ssrc, bot in self._bots.items() if not bot.peer.closed}
        bot = Bot(self._udp, peer, ip, self._now)
        self._bots[peer.ssrc] = bot

    def select(self, peer: "Peer", mode: Mode) -> bytes:
        """Op 1 of an expected bot: its key. Raises KeyError for one that is not."""
        return self._bots[peer.ssrc].select(mode)

    def _discovered(self, data: memoryview, address: Address) -> None:
        bot = self._bots.get(int.from_bytes(data[4:8]))
        if bot is not None and not bot.peer.closed:
            bot.discovered(data, address)


def host_of(address: Address) -> str:
    """The host of an address; one of IPv4 as such, whatever the socket says."""
    return str(address[0]).removeprefix("::ffff:")


def discovery_answer(request: bytes, address: Address) -> bytes:
    """Type 2, length 70, the number that was asked with, the address as text, the port."""
    ip = host_of(address).encode()[:63]
    return b"\x00\x02\x00\x46" + request[4:8] + ip.ljust(64, b"\0") + int(address[1]).to_bytes(2)


def header_size(data: bytes) -> int | None:
    """How much of an RTP packet stays readable; None for what is none of Opus.

    Twelve bytes, four for each contributing source, four where there is an extension: its body is
    encrypted.
    """
    if len(data) < HEADER + TAG + NONCE or data[0] >> 6 != 2 or data[1] & 0x7F != OPUS:
        return None
    size = HEADER + 4 * (data[0] & 0x0F) + 4 * (data[0] >> 4 & 1)
    return size if len(data) >= size + TAG + NONCE else None


def payload_of(data: bytes, said: bytes) -> bytes:
    """What was said without padding and the body of an extension; nothing where it is broken."""
    if data[0] & 0x20:
        if not said or said[-1] > len(said):
            return b""
        said = said[: len(said) - said[-1]]
    if data[0] & 0x10:
        size = header_size(data)
        assert size is not None
        said = said[4 * int.from_bytes(data[size - 2 : size]) :]
    return said
