"""`hearth doctor`: what stands in the way of people, and what to change."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hearth.commands.settings import settings
from hearth.net.ask import ask

if TYPE_CHECKING:
    from hearth.commands.checkup import Finding
    from hearth.config import Config
    from hearth.core.voice_ports import Route

_MARKS = {"ok": "ok", "warning": "look", "trouble": "TROUBLE"}


@click.group()
def doctor() -> None:
    """Find what is wrong with how a server is reached."""


@doctor.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings, a TOML file.")
@click.option("--data", help="The server's data directory; default ./data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def voice(config: Path | None, data: str | None, as_json: bool) -> None:
    """Check what voice needs of a running server; exit 1 where something is wrong."""
    findings, routes = _look(settings(config, data))
    troubles = sum(each.state == "trouble" for each in findings)
    if as_json:
        value: dict[str, Any] = {
            "ok": not troubles,
            "routes": [{"protocol": r.protocol, "host": r.host, "port": r.port} for r in routes],
            "findings": [each._asdict() for each in findings],
        }
        click.echo(json.dumps(value))
    else:
        for each in findings:
            click.echo(f"{_MARKS[each.state]:8}{each.subject}: {each.text}")
            if each.todo:
                click.echo(f"{'':8}→ {each.todo}")
        said = {0: "Nothing is wrong as far as can be seen from here.", 1: "One thing is wrong."}
        click.echo(said.get(troubles, f"{troubles} things are wrong."))
    if troubles:
        sys.exit(1)


def _look(config: "Config") -> "tuple[Sequence[Finding], Sequence[Route]]":
    """All that is found, and the ways that clients are told."""
    # The other commands need nothing of these.
    from hearth.commands import checkup
    from hearth.core.voice_ports import Route

    now_s = time.time()
    here = checkup.check_certificate(config, now_s)
    call: dict[str, Any] = {"operation": "report_voice", "params": {}, "body": None}
    try:
        reply = ask(config.server.data / "admin.sock", call)
    except OSError:
        text = f"No server runs on {config.server.data}, so its ports cannot be tried."
        todo = "Start it; name its directory by --data, or its settings by --config."
        clock = checkup.check_clock(None, int(now_s * 1000), checkup.kernel_clock())
        return [checkup.Finding("server", "trouble", text, todo), *clock, *here], []
    if "error" in reply:
        raise click.ClickException(str(reply["error"].get("message", "The call failed.")))
    report = reply["value"]
    clock = checkup.check_clock(report["newest_ms"], report["wall_ms"], checkup.kernel_clock())
    if report["fault"]:
        todo = "End what has the port, or set udp in [voice] to another, and open that."
        return [checkup.Finding("ports", "trouble", report["fault"], todo), *clock, *here], []
    routes = [Route(**each) for each in report["routes"]]
    tried = checkup.try_routes(routes)
    own = checkup.own_addresses()
    ways = checkup.check_routes(tried, own)
    if config.voice.turn:
        from hearth.commands import checkup_relays

        relayed = checkup_relays.try_relays(config, routes, now_s)
        ways += checkup_relays.check_relays(relayed, routes, own)
    told = [*checkup.check_ports(config, routes), *checkup.check_addresses(config, routes)]
    return [*told, *ways, *clock, *here], routes
