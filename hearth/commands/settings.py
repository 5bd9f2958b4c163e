"""Reads a command's settings, and says in one sentence what is wrong with them or the data."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from hearth.config import Config, ConfigError, load


def settings(config: Path | None, data: str | None, listen: str | None = None) -> Config:
    """The settings with the command line's own on top; exits when they are wrong."""
    given = {
        name: text
        for name, text in (("server.data", data), ("http.listen", listen))
        if text is not None
    }
    try:
        return load(config, given=given)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def failures(config: Config) -> Generator[None]:
    """Say in one sentence why the data cannot be opened or the address not be served; exit 1."""
    # Here, for most commands ask a running server and open nothing.
    from hearth.core.ports import StorageFull, Unusable
    from hearth.net.listen import NotInherited
    from hearth.net.tls import BadCertificate
    from hearth.store.lock import AlreadyRunning

    try:
        yield
    except (AlreadyRunning, BadCertificate, NotInherited, Unusable) as error:
        raise click.ClickException(str(error)) from None
    except StorageFull:
        raise click.ClickException(f"{config.server.data}: the disk is full.") from None
    except OSError as error:
        # What fails without a file is the address.
        where = error.filename or ", ".join(config.http.listen)
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror or error
        raise click.ClickException(f"{where}: {why}.") from None
