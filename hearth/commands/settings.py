"""Reads the settings for a command, and says in one sentence what is wrong with them."""

from pathlib import Path

import click

from hearth.config import Config, ConfigError, load


def settings(config: Path | None, data: str | None, listen: str | None = None) -> Config:
    """The settings with the command line's own on top; exits when they are wrong."""
    given = {
        name: text
        for name, text in (("server.data", data), ("server.listen", listen))
        if text is not None
    }
    try:
        return load(config, given=given)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
