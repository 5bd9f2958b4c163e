"""`hearth serve`: run the server."""

from pathlib import Path

import click

from hearth.commands.settings import failures, settings
from hearth.edge import logs
from hearth.server import run
from hearth.server import serve as serve_until_stopped


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings, a TOML file.")
@click.option("--data", help="Where everything is kept; default ./data.")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve; port 0 takes a free one.")
def serve(config: Path | None, data: str | None, listen: str | None) -> None:
    """Serve the API, the gateway and the page until SIGTERM."""
    chosen = settings(config, data, listen)
    logs.setup(chosen.log.level)

    def ready(address: str) -> None:
        click.echo(f"ready {address}")

    with failures(chosen):
        run(lambda: serve_until_stopped(chosen, ready))
