"""Who a caller really is, and what it called us, when proxies stand between."""

import ipaddress
import re
from collections.abc import Iterable, Mapping

FORWARDED_FOR = "X-Forwarded-For"
FORWARDED_PROTO = "X-Forwarded-Proto"
FORWARDED_HOST = "X-Forwarded-Host"

_HOST = re.compile(r"^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_MOST_KNOWN = 10_000


class Proxies:
    """The proxies that are believed; `trusted` are addresses, networks and `unix`.

    An address is the text of an IP address; "" is who comes by a Unix socket. Headers of a peer
    that is not trusted are never looked at.
    """

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        networks = [text for text in trusted if text != "unix"]
        self._unix = len(networks) < len(tuple(trusted))
        self._networks = [ipaddress.ip_network(text) for text in networks]
        self._known: dict[str, bool] = {"": self._unix}

    def trusts(self, address: str) -> bool:
        """Whether it is a proxy of ours."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) > _MOST_KNOWN:
                self._known = {"": self._unix}
            ip = _ip(address)
            known = ip is not None and any(ip in network for network in self._networks)
            self._known[address] = known
        return known

    def client(self, peer: str, headers: Mapping[str, str]) -> str:
        """Where a request comes from: the right-most address that is no proxy of ours.

        Each proxy puts down whom it heard from, on the right; what stands left of the first
        stranger is only what that stranger says. What is no address ends the way, too.
        """
        if not self.trusts(peer):
            return peer
        way = _all(headers, FORWARDED_FOR).split(",")
        for text in reversed(way):
            ip = _ip(_without_port(text.strip()))
            if ip is None:
                break
            peer = str(ip)
            if not self.trusts(peer):
                break
        return peer

    def origin(self, peer: str, headers: Mapping[str, str], scheme: str, host: str) -> str:
        """What the caller called us, as `https://HOST`; `scheme` and `host` are what we saw.

        What is no host's name, with or without a port, is not repeated.
        """
        if self.trusts(peer):
            said = _last(headers, FORWARDED_PROTO).lower()
            scheme = _SCHEMES.get(said, scheme)
            said = _last(headers, FORWARDED_HOST)
            if _HOST.match(said):
                host = said
        return f"{scheme}://{host if _HOST.match(host) else 'localhost'}"


def plain(peer: str | None) -> str:
    """A peer's address as we write it: no IPv6 form of an IPv4 address, no zone."""
    if not peer:
        return ""
    if ":" not in peer:
        return peer
    ip = _ip(peer)
    return peer if ip is None else str(ip)


def counted_as(address: str) -> str:
    """What shares a bound: an IPv4 address, or the /64 of an IPv6 one, which one household has."""
    if ":" not in address:
        return address
    ip = _ip(address)
    if ip is None or ip.version == 4:
        return address
    return str(ipaddress.ip_address(int(ip) >> 64 << 64)) + "/64"


def is_here(address: str) -> bool:
    """Whether it is this machine: a loopback address, or a Unix socket."""
    if not address:
        return True
    ip = _ip(address)
    return ip is not None and ip.is_loopback


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if ip.version == 6 and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip


def _without_port(text: str) -> str:
    """Some proxies write 192.0.2.1:4711 or [2001:db8::1]:4711."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    if text.count(":") == 1:
        return text.partition(":")[0]
    return text


def _all(headers: Mapping[str, str], name: str) -> str:
    """All lines of a header as one."""
    getall = getattr(headers, "getall", None)
    return headers.get(name, "") if getall is None else ",".join(getall(name, ()))


def _last(headers: Mapping[str, str], name: str) -> str:
    """What the nearest proxy put into a header."""
    return _all(headers, name).rpartition(",")[2].strip()
