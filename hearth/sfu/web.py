"""What all browsers of one media server share: the socket's side of ICE, DTLS and SRTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hearth.sfu.borrowed import Identity, ffi
from hearth.sfu.browser import Browser
from hearth.sfu.forward import Post
from hearth.sfu.icelite import Agent, IceLite
from hearth.sfu.sdp import Candidate
from hearth.sfu.udp import LARGEST, Address, is_stream

if TYPE_CHECKING:
    from hearth.sfu.mapped import Mapped
    from hearth.sfu.room import Peer
    from hearth.sfu.tcp import MediaStream
    from hearth.sfu.udp import Udp

_IDENTITY_S = 7 * 86_400.0
"""How long a certificate is given to those who come; connections keep theirs."""


class Web:
    """Hands each datagram of a browser to the browser's peer."""

    def __init__(self, udp: Udp, now: Callable[[], float], name: str = "") -> None:
        self.udp = udp
        self.now = now
        self.ice = IceLite(name)
        self.post = Post(udp.descriptor)
        self.candidates: list[Candidate] = []
        self.mapped: Mapped | None = None
        self.inbox: Any = ffi.new("char[]", LARGEST)
        """Where a datagram lies while it is looked at; libsrtp opens it there."""
        self.length: Any = ffi.new("int *")
        self.streams: dict[Address, MediaStream] = {}
        """The connections that came by TCP."""
        self._epoch = time.time() - now()
        self._identity: Identity | None = None
        self._identity_until = 0.0
        udp.inbox = memoryview(ffi.buffer(self.inbox)).cast("B")
        udp.browsers = self.take

    def identity(self) -> Identity:
        """The certificate for who comes now."""
        now = time.monotonic()
        if self._identity is None or now > self._identity_until:
            self._identity = Identity()
            self._identity_until = now + _IDENTITY_S
        return self._identity

    def wall(self, now: float) -> float:
        """Epoch seconds at `now`, by a clock that nobody sets."""
        return self._epoch + now

    def browser(self, peer: Peer) -> Browser:
        """The browser's side of a new peer."""
        return Browser(self, peer)

    def send(self, data: bytes, address: Address) -> bool:
        """Send to an address of a browser, or drop; whether it went."""
        if is_stream(address):
            stream = self.streams.get(address)
            return stream is not None and stream.write(data)
        return self.udp.send(data, address)

    def close(self) -> None:
        """End the connections that came by TCP, and what is asked."""
        if self.mapped is not None:
            self.mapped.close()
        for stream in list(self.streams.values()):
            stream.cut()

    def gone(self, address: Address) -> None:
        """A TCP connection ended: nobody is behind its address any more."""
        agent = self.ice.by_address.get(address)
        if agent is None:
            return
        self.ice.forget(agent, address)
        owner = agent.owner
        assert isinstance(owner, Browser)
        owner.checked(agent)

    def take(self, data: memoryview, address: Address) -> None:
        """One datagram, which lies in the inbox."""
        if not data:
            return
        first = data[0]
        now = self.now()
        if 128 <= first < 192:
            agent = self.ice.by_address.get(address)
            if agent is not None:
                owner = agent.owner
                assert isinstance(owner, Browser)
                owner.take_media(data, now)
        elif first < 4:
            if self.mapped is not None and self.mapped.take(bytes(data), address):
                return
            found = self.ice.take(bytes(data), address, now)
            if found is not None:
                agent, answer = found
                self.send(answer, address)
                if agent is not None:
                    self._checked(agent)
        elif 20 <= first < 64:
            # Only who proved its address gets a certificate sent to it.
            agent = self.ice.by_address.get(address)
            if agent is not None:
                owner = agent.owner
                assert isinstance(owner, Browser)
                owner.take_dtls(bytes(data), address, now)

    def _checked(self, agent: Agent) -> None:
        owner = agent.owner
        assert isinstance(owner, Browser)
        owner.checked(agent)
