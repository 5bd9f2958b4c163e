"""Whether voice can be reached: what its ways are tried with, by guests and by the operator."""

import ipaddress
from collections.abc import Sequence

from msgspec import Struct

from hearth.actions.auth import said
from hearth.actions.scopes import AsOperator, Open
from hearth.core.errors import FEATURE_DISABLED, UNAUTHORIZED, Refused
from hearth.core.ids import created_ms
from hearth.core.limits import Rate
from hearth.core.operations import operation
from hearth.core.voice_ports import CHECK_S, IceServer, Route


class RouteObject(Struct, frozen=True):
    """One way to the media server: `protocol` is `udp` or `tcp`. It answers there to a name and
    password of ICE (RFC 8445)."""

    protocol: str
    host: str
    port: int
    ufrag: str
    password: str


class VoiceCheckObject(Struct, frozen=True):
    """The ways to voice, to be tried within `expires_in` seconds; `ice_servers` are the relays, as
    RTCIceServer objects."""

    expires_in: int
    routes: list[RouteObject]
    ice_servers: list[IceServer]


class VoiceReport(Struct, frozen=True):
    """The same for the operator, who is told all ways, or why there are none (`fault`); and what
    the server's clock says beside the time of the newest thing that it keeps (milliseconds)."""

    fault: str
    routes: list[RouteObject]
    wall_ms: int
    newest_ms: int


@operation("POST", "/voice/check", rate=Rate(10, per=60))
async def check_voice(here: Open) -> VoiceCheckObject:
    """What a browser tries the ways to voice with, also where nobody is logged in."""
    world = here.world
    known = here.who.kind in ("user", "bot")
    if not known and not world.guests_check_voice:
        raise Refused(UNAUTHORIZED)
    if world.check_voice is None:
        raise Refused(FEATURE_DISABLED)
    try:
        found = await world.check_voice()
    except OSError:
        raise Refused(FEATURE_DISABLED) from None
    # Who comes from far is not told what the house is like inside.
    far = _is_public(said(here, "address"))
    routes = [each for each in _routes(found) if not far or _is_public(each.host)]
    relays = world.voice_relays(here.who.user_id if known else 0)
    return VoiceCheckObject(CHECK_S, routes, list(relays))


@operation()
async def report_voice(here: AsOperator) -> VoiceReport:
    """The ways to voice, for the operator to try."""
    world = here.world
    newest = created_ms(max(await world.directory.greatest_id(), world.log.greatest_id()))
    fault = ""
    routes: Sequence[Route] = ()
    if world.check_voice is None:
        fault = "There is no TCP address in [http] listen, and [voice] udp is not set."
    else:
        try:
            routes = await world.check_voice()
        except OSError as error:
            fault = f"The UDP port cannot be had: {error.strerror or error}."
    return VoiceReport(fault, _routes(routes), world.wall_ms(), newest)


def _routes(found: Sequence[Route]) -> list[RouteObject]:
    return [RouteObject(*each) for each in found]


def _is_public(host: str) -> bool:
    """Whether an address, or a network, is one of the world's; what is unknown is not."""
    try:
        return ipaddress.ip_network(host, strict=False).is_global
    except ValueError:
        return False
