"""`hearth serve`: run the server."""

from pathlib import Path

import click

from hearth.commands.settings import failures, settings
from hearth.edge import logs


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings, a TOML file.")
@click.option("--data", help="Where everything is kept; default ./data.")
@click.option(
    "--listen",
    metavar="ADDRESS",
    multiple=True,
    help="Where to serve: HOST:PORT (port 0 takes a free one), unix:PATH, inherited.",
)
def serve(config: Path | None, data: str | None, listen: tuple[str, ...]) -> None:
    """Serve the API, the gateway and the page until SIGTERM."""
    # The other commands need nothing of the server.
    from hearth.server import run
    from hearth.server import serve as serve_until_stopped

    chosen = settings(config, data, ",".join(listen) or None)
    logs.setup(chosen.log.level)

    def ready(address: str) -> None:
        click.echo(f"ready {address}")

    def claim(link: str) -> None:
        # Not to standard output, which scripts read, and not by the log, which is kept.
        click.echo(f"There is no account yet. Make yours within a day: {link}", err=True)

    with failures(chosen):
        run(lambda: serve_until_stopped(chosen, ready, claim))
