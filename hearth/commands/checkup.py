"""What `hearth doctor` judges: each check takes what was seen, and says it in plain words."""

import asyncio
import ctypes
import ipaddress
import ssl
import warnings
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

from hearth.commands.cert import own_names
from hearth.config import Config
from hearth.core.voice_ports import Route

SOON_DAYS = 14
"""A certificate that ends within so many days is to be looked after."""

_DAY_S = 86_400

_TIME_ERROR = 5
"""What adjtimex(2) returns where nobody keeps the clock right."""


class Finding(NamedTuple):
    """What was seen, and what to do about it."""

    subject: str
    state: Literal["ok", "warning", "trouble"]
    text: str
    todo: str = ""


def shown(route: Route) -> str:
    """A way as people write it."""
    host = f"[{route.host}]" if ":" in route.host else route.host
    return f"{route.protocol.upper()} {host}:{route.port}"


def own_addresses() -> set[str]:
    """The addresses by which this machine would be known to itself and to its networks."""
    return {name for name in own_names() if _address(name) is not None}


def check_ports(config: Config, routes: Sequence[Route]) -> list[Finding]:
    """Whether media has the port that was meant for it."""
    udp = {route.port for route in routes if route.protocol == "udp"}
    tcp = {route.port for route in routes if route.protocol == "tcp"}
    if config.voice.udp is None and tcp and not udp & tcp:
        port, other = min(tcp), min(udp)
        return [
            Finding(
                "ports",
                "trouble",
                f"Something else has UDP port {port}, so media is at {other}, another one at each"
                " start.",
                f"End what has it (ss -ulpn | grep :{port}), or set udp in [voice]; then restart.",
            )
        ]
    listed = ", ".join(f"UDP {port}" for port in sorted(udp))
    more = "".join(f" and TCP {port}" for port in sorted(tcp))
    return [Finding("ports", "ok", f"Media comes to {listed}{more}: these must be open to all.")]


def check_addresses(config: Config, routes: Sequence[Route]) -> list[Finding]:
    """Whether what clients are told leads anywhere for those who come from elsewhere."""
    hosts = list(dict.fromkeys(route.host for route in routes))
    known = [each for host in hosts if (each := _address(host)) is not None]
    listed = ", ".join(hosts)
    outside = _host_of(config.http.public_url)
    if config.voice.stun is None and all(each.is_loopback for each in known):
        behind = outside is not None or bool(config.http.trusted_proxies)
        return [
            Finding(
                "addresses",
                "trouble" if behind else "warning",
                f"Clients are told {listed}, which only this machine reaches.",
                'Set udp = "0.0.0.0:PORT" in [voice], and addresses to what the world calls this'
                " machine."
                if behind
                else "To let others in, listen on 0.0.0.0:PORT in [http]; see docs/install.md.",
            )
        ]
    if config.voice.stun is not None and not any(each.is_global for each in known):
        text = f"Clients are told {listed}: the STUN server {config.voice.stun} has told no other."
        todo = "See whether it is up and UDP to it is let out, or set addresses in [voice]."
        return [Finding("addresses", "trouble", text, todo)]
    if not any(each.is_global for each in known):
        local = outside is not None and not _is_local(outside)
        return [
            Finding(
                "addresses",
                "trouble" if local else "warning",
                f"Clients are told {listed}: who is not in this network cannot reach them.",
                "Set addresses in [voice] to the public address, then the one in this network, and"
                " have the router pass the ports on.",
            )
        ]
    return [Finding("addresses", "ok", f"Clients are told {listed}.")]


def try_routes(routes: Sequence[Route]) -> list[tuple[Route, float | str]]:
    """Each way with the milliseconds that its answer took, or why there was none."""
    from hearth.sfu.probe import reach

    async def one(route: Route) -> float | str:
        try:
            return await reach(route)
        except OSError as error:
            return (error.strerror or str(error)).lower()

    async def every() -> list[float | str]:
        return await asyncio.gather(*map(one, routes))

    return list(zip(routes, asyncio.run(every()), strict=True))


def check_routes(tried: Sequence[tuple[Route, float | str]], own: Collection[str]) -> list[Finding]:
    """What came of trying each way from this machine."""
    found: list[Finding] = []
    for route, result in tried:
        if not isinstance(result, str):
            found.append(Finding("way", "ok", f"{shown(route)} answers ({result:.0f} ms)."))
        elif route.host in own:
            found.append(
                Finding(
                    "way",
                    "trouble",
                    f"{shown(route)} does not answer from here: {result}.",
                    "A firewall on this machine (nft list ruleset, ufw status) stands in front, or"
                    " the server listens on another address.",
                )
            )
        else:
            found.append(
                Finding(
                    "way",
                    "warning",
                    f"{shown(route)} does not answer from here: {result}.",
                    "Many routers let nobody in this way from the inside. Open /voice-check of this"
                    " server from another network, as by a phone without Wi-Fi.",
                )
            )
    return found


def kernel_clock() -> bool | None:
    """Whether the system says that something keeps its clock right; None where it does not tell."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def check_clock(newest_ms: int | None, now_ms: int, kept: bool | None) -> list[Finding]:
    """The clock, as far as it shows here: nobody outside is asked."""
    if newest_ms is not None and newest_ms > now_ms + 1000:
        late = (newest_ms - now_ms) / 1000
        return [
            Finding(
                "clock",
                "trouble",
                f"The clock is {late:.0f} s behind the newest thing that the server has kept.",
                "Set it right, and have it kept so: timedatectl set-ntp true.",
            )
        ]
    if kept is False:
        return [
            Finding(
                "clock",
                "warning",
                "The system says that nothing keeps its clock right.",
                "Second factors and certificates go by it: timedatectl set-ntp true.",
            )
        ]
    said = (
        "the system says that it is kept right"
        if kept
        else "the system does not say whether it is kept right"
    )
    return [Finding("clock", "ok", f"It is not behind what is stored, and {said}.")]


def check_certificate(config: Config, now_s: float) -> list[Finding]:
    """Whether browsers may use microphones and bots may speak: both want TLS."""
    outside = config.http.public_url
    if config.tls.certificate is None:
        if outside is not None and outside.startswith("https://"):
            text = f"A proxy speaks TLS for {outside}; its certificate was not looked at."
            return [Finding("certificate", "ok", text)]
        local = all(_is_local(_listened(each)) for each in config.http.listen)
        return [
            Finding(
                "certificate",
                "warning" if local else "trouble",
                "There is no TLS: browsers give microphones only to https (and to localhost), and"
                " bots' voice connects to nothing else.",
                "Give [tls] a certificate, or put a proxy in front; see docs/install.md.",
            )
        ]
    try:
        chain = x509.load_pem_x509_certificates(config.tls.certificate.read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no certificate"
        text = f"{config.tls.certificate} cannot be read: {why}."
        return [Finding("certificate", "trouble", text, "Set certificate in [tls] to a PEM file.")]
    first = chain[0]
    found: list[Finding] = []
    begins, ends = first.not_valid_before_utc.timestamp(), first.not_valid_after_utc.timestamp()
    if begins > now_s:
        text = "The certificate is not good yet: it is from the future, or the clock is behind."
        found.append(Finding("certificate", "trouble", text, "Compare the clock: date -u."))
    elif ends < now_s:
        text = f"The certificate ended on {_day(ends)}: nobody connects any more."
        found.append(Finding("certificate", "trouble", text, "Have it made anew."))
    elif ends < now_s + SOON_DAYS * _DAY_S:
        text = f"The certificate ends on {_day(ends)}."
        found.append(Finding("certificate", "warning", text, "Have it made anew before."))
    names = _names(first)
    host = _host_of(outside)
    if host is not None and not _covers(names, host):
        text = f"The certificate is for {', '.join(names) or 'nobody'}, and not for {host}."
        found.append(Finding("certificate", "trouble", text, f"Have one made for {host}."))
    if not _trusted(chain):
        text = "No authority that this system trusts has signed the certificate."
        todo = "Bots and browsers must be given the authority; `hearth admin cert` says how."
        found.append(Finding("certificate", "warning", text, todo))
    if not found:
        text = f"It is good for {', '.join(names)} until {_day(ends)}."
        found.append(Finding("certificate", "ok", text))
    return found


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    names = alternatives.value.get_values_for_type(x509.DNSName)
    return [*names, *map(str, alternatives.value.get_values_for_type(x509.IPAddress))]


def _covers(names: Sequence[str], host: str) -> bool:
    """Whether one of the names is the host, or a * in place of its first part (RFC 9525)."""
    host = host.lower()
    rest = host.partition(".")[2]
    return any(name.lower() in (host, f"*.{rest}") for name in names)


def _trusted(chain: Sequence[x509.Certificate]) -> bool:
    """Whether an authority of this system's has signed the last of the chain, or is it."""
    authorities = ssl.create_default_context().get_ca_certs(binary_form=True)
    with warnings.catch_warnings():
        # Some that systems come with are older than today's rules.
        warnings.simplefilter("ignore")
        known = {x509.load_der_x509_certificate(each).subject for each in authorities}
    return chain[-1].issuer in known


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _host_of(origin: str | None) -> str | None:
    return None if origin is None else urlsplit(origin).hostname


def _listened(place: str) -> str:
    return place.rpartition(":")[0].removeprefix("[").removesuffix("]")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_local(host: str) -> bool:
    """Whether only this machine, or its network, knows a host by that name."""
    known = _address(host)
    if known is not None:
        return not known.is_global and not known.is_unspecified
    return host in ("localhost", "unix") or host.endswith((".localhost", ".local", ".lan"))
