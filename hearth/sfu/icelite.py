"""ICE without candidates of our own making (RFC 8445, section 2.5): who is behind which address."""

import hashlib
import hmac
import secrets
from collections import OrderedDict

from hearth.core.voice_ports import CHECK_S
from hearth.sfu.borrowed import answer_check, proven, read_check
from hearth.sfu.udp import Address

ADDRESSES_OF_ONE = 8
"""Proven addresses that are kept for one peer: its interfaces, and those it had before."""

CHECKS_PER_S = 50.0
CHECKS_AT_ONCE = 200.0
"""Checks that are looked at: those of one host, where a household of forty starting at once fits,
and those of each address that is proven. So neither many behind one host nor somebody who writes
its name on what they send keep others there from being heard."""

MOST_KNOWN = 4096


class Agent:
    """The ICE side of one peer."""

    def __init__(self, owner: object, remote: str, ufrag: str) -> None:
        self.owner = owner
        self.ufrag = ufrag
        self.password = secrets.token_hex(16)
        self.remote = remote
        """The other side's ufrag, which its checks must name."""
        self.address: Address | None = None
        """Where to send: the address it nominated last; before, the one proven last."""
        self.nominated = False
        self.proven: OrderedDict[Address, None] = OrderedDict()
        self.checked_at = 0.0


class Buckets:
    """How many checks each host or address may still make now; old ones are forgotten."""

    def __init__(self) -> None:
        self._left: OrderedDict[str | Address, tuple[float, float]] = OrderedDict()

    def take(self, where: str | Address, now: float) -> bool:
        """Whether one more may be looked at."""
        left, at = self._left.pop(where, (CHECKS_AT_ONCE, now))
        left = min(CHECKS_AT_ONCE, left + (now - at) * CHECKS_PER_S)
        allowed = left >= 1
        self._left[where] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST_KNOWN:
            self._left.popitem(last=False)
        return allowed


class IceLite:
    """All agents of one socket, whose ufrags begin with `name`. Pure: time comes in, answers go
    out."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self.by_ufrag: dict[str, Agent] = {}
        self.by_address: dict[Address, Agent] = {}
        self._buckets = Buckets()
        self._key = secrets.token_bytes(32)

    def agent(self, owner: object, remote: str) -> Agent:
        """A new agent, with names that nobody else has."""
        ufrag = self._name + secrets.token_hex(4)
        while ufrag in self.by_ufrag:
            ufrag = self._name + secrets.token_hex(4)
        made = self.by_ufrag[ufrag] = Agent(owner, remote, ufrag)
        return made

    def check(self, now: float) -> tuple[str, str]:
        """A name and a password whose checks are answered for `CHECK_S`, and nothing else is done
        for. Nothing is kept of them: the name says until when, and only we make its password."""
        ufrag = f"{self._name}+{int(now) + CHECK_S:x}+{secrets.token_hex(4)}"
        return ufrag, self._password(ufrag)

    def _password(self, ufrag: str) -> str:
        return hmac.new(self._key, ufrag.encode(), hashlib.sha256).hexdigest()[:32]

    def _trying(self, ufrag: str, now: float) -> str | None:
        """The password of a name that `check` gave; None where it is none, or too old."""
        parts = ufrag.split("+")
        try:
            late = len(parts) != 3 or now > int(parts[1], 16)
        except ValueError:
            return None
        return None if late else self._password(ufrag)

    def remove(self, agent: Agent) -> None:
        """Forget an agent and all its addresses. May be called again."""
        self.by_ufrag.pop(agent.ufrag, None)
        for address in agent.proven:
            if self.by_address.get(address) is agent:
                del self.by_address[address]
        agent.proven.clear()

    def forget(self, agent: Agent, address: Address) -> None:
        """An address of an agent's is no more; it is sent to at the one proven last before."""
        if self.by_address.get(address) is agent:
            del self.by_address[address]
        agent.proven.pop(address, None)
        if agent.address == address:
            agent.address = next(reversed(agent.proven), None)

    def take(self, data: bytes, address: Address, now: float) -> tuple[Agent | None, bytes] | None:
        """What a datagram that looks like STUN leads to: the agent whose address is now proven,
        if it is not somebody's who only tries the way, and the answer, which is shorter. None is
        silence: whoever does not know our password learns nothing."""
        host = plain_host(address)
        if not self._buckets.take(address if address in self.by_address else host, now):
            return None
        check = read_check(data)
        if check is None:
            return None
        agent = self.by_ufrag.get(check.local)
        if agent is None:
            password = self._trying(check.local, now)
            if password is None or not proven(check, password):
                return None
            return None, answer_check(check, password, host, address[1])
        if check.remote != agent.remote or not proven(check, agent.password):
            return None
        agent.checked_at = now
        self._prove(agent, address)
        if check.nominates or not agent.nominated:
            agent.address = address
            agent.nominated = agent.nominated or check.nominates
        return agent, answer_check(check, agent.password, host, address[1])

    def _prove(self, agent: Agent, address: Address) -> None:
        before = self.by_address.get(address)
        if before is not None and before is not agent:
            # A browser that reconnects may come from the same port.
            before.proven.pop(address, None)
        self.by_address[address] = agent
        agent.proven[address] = None
        agent.proven.move_to_end(address)
        while len(agent.proven) > ADDRESSES_OF_ONE:
            old = next(each for each in agent.proven if each != agent.address)
            del agent.proven[old]
            if self.by_address.get(old) is agent:
                del self.by_address[old]


def plain_host(address: Address) -> str:
    """The host of an address as an IPv4 host if it is one, without an interface's name."""
    host: str = address[0]
    return host.removeprefix("::ffff:").partition("%")[0]
