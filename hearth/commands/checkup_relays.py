"""What `hearth doctor` makes of relays (TURN): each is gone by as a browser would go."""

import asyncio
from collections.abc import Collection, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from hearth.commands.checkup import Finding
from hearth.config import Config
from hearth.core.voice_ports import Route
from hearth.net.voice.turn import GOOD_S, Turn
from hearth.sfu.probe_relay import Place, Trial, place, relay

_WHO = "doctor"
_LONG_S = 10 * 365 * 86_400


class Tried(NamedTuple):
    """A relay's URL, and what came of it."""

    url: str
    trial: Trial
    late: bool = False
    """It takes a name that is good for years, and not one that is good for an hour."""


def try_relays(config: Config, routes: Sequence[Route], wall: float) -> list[Tried]:
    """Go by every relay of the settings, at `wall` in epoch seconds."""

    async def one(url: str) -> Tried:
        turn = Turn([url], config.voice.turn_secret or "")
        (server,) = turn.servers(_WHO, wall, GOOD_S)
        trial = await relay(url, server, routes)
        if trial.state != "refused":
            return Tried(url, trial)
        (server,) = turn.servers(_WHO, wall, _LONG_S)
        return Tried(url, trial, (await relay(url, server, routes)).state != "refused")

    async def every() -> list[Tried]:
        return await asyncio.gather(*map(one, config.voice.turn))

    return asyncio.run(every())


def check_relays(
    tried: Sequence[Tried], routes: Sequence[Route], own: Collection[str]
) -> list[Finding]:
    """What came of it, and what to change; `own` are this machine's addresses."""
    found: list[Finding] = []
    for each in tried:
        found.append(_judge(each, routes, own))
        private = [host for host in each.trial.elsewhere if not ip_address(host).is_global]
        if each.trial.elsewhere:
            text = f"{each.url} leads to other addresses than Hearth's, such as"
            found.append(
                Finding(
                    "relay",
                    "trouble" if private else "warning",
                    f"{text} {', '.join(private or each.trial.elsewhere)}: whoever may speak here"
                    " reaches by it what it reaches.",
                    "Set denied-peer-ip and allowed-peer-ip in turnserver.conf, as docs/turn.md"
                    " has them.",
                )
            )
    return found


def _judge(each: Tried, routes: Sequence[Route], own: Collection[str]) -> Finding:
    at, trial = place(each.url), each.trial
    hosts = ", ".join(dict.fromkeys(way.host for way in routes if way.protocol == "udp"))
    if at.tls and at.protocol == "udp":
        text = f"{each.url}: browsers speak TLS to relays by TCP only."
        return Finding("relay", "trouble", text, "Say ?transport=tcp, or leave it out.")
    if trial.state == "ok":
        text = f"{each.url} leads to Hearth's media and back ({trial.ms:.0f} ms)."
        return Finding("relay", "ok", text)
    if trial.state == "unreachable":
        return _unreachable(each.url, at, trial.why, own)
    if trial.state == "untrusted":
        text = f"{each.url} has no certificate that can be trusted: {trial.why}."
        todo = f"Give coturn one for {at.host}, by cert and pkey in turnserver.conf."
    elif trial.state == "refused" and each.late:
        text = (
            f"{each.url} takes names that are good for an hour for lapsed: its clock is ahead, or"
            " this machine's is behind."
        )
        todo = "Compare them (date -u), and have both kept right: timedatectl set-ntp true."
    elif trial.state == "refused":
        text = f"{each.url} refuses the name and password: it has another secret ({trial.why})."
        todo = (
            "turn_secret in [voice] must be what static-auth-secret is in turnserver.conf, beside"
            " use-auth-secret; restart both."
        )
    elif trial.state == "shut":
        text = f"{each.url} may not lead to Hearth's media at {hosts}: {trial.why}."
        todo = "Set allowed-peer-ip in turnserver.conf to one of these addresses."
    elif trial.state == "lost":
        text = f"{each.url} works, but no packet comes back by it from Hearth's media at {hosts}."
        todo = (
            "Let UDP through between the relay (its ports from min-port to max-port) and Hearth:"
            " firewalls of both, and what `way` says above."
        )
    else:
        text = f"{each.url} refuses: {trial.why}."
        todo = (
            "486 and 508 mean that it is full: see user-quota, total-quota, min-port and max-port"
            " in turnserver.conf. Its log says more."
        )
    return Finding("relay", "trouble", text, todo)


def _unreachable(url: str, at: Place, why: str, own: Collection[str]) -> Finding:
    text = f"{url} does not answer from here: {why}."
    port = f"{at.protocol.upper()} port {at.port}"
    todo = f"See whether coturn runs (systemctl status coturn), and {port} is open."
    if why == "no answer came" and at.host not in own:
        # It may be that its router lets nobody in from the inside.
        todo += " Open /voice-check of this server from another network, too."
        return Finding("relay", "warning", text, todo)
    return Finding("relay", "trouble", text, todo)
