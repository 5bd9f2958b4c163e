"""The `hearth` command: gathers the commands of hearth/commands."""

import click

from hearth import __version__
from hearth.commands.admin import admin
from hearth.commands.cert import cert
from hearth.commands.serve import serve


@click.group()
@click.version_option(__version__, prog_name="hearth")
def main() -> None:
    """Hearth, a chat server that communities run themselves."""


main.add_command(serve)
main.add_command(admin)
admin.add_command(cert)
