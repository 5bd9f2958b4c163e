"""`hearth admin backup` and `restore`: all data into a directory, and back into an empty one."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from hearth.commands.operator import Operator, by_operator, size, some
from hearth.commands.settings import failures, settings
from hearth.store.lock import lock


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--previous",
    type=click.Path(path_type=Path),
    metavar="BACKUP",
    help="An earlier backup on the same disk, with which files are shared.",
)
@by_operator
def backup(operator: Operator, directory: Path, previous: Path | None) -> None:
    """Make a backup of all data as a new directory, while the server runs or not."""
    data = operator.config.server.data
    if not (data / "metadata.db").exists():
        raise click.ClickException(f"{data} has no data.")
    # The server has another working directory.
    wish = {"directory": os.path.abspath(directory)}
    if previous is not None:
        wish["previous"] = os.path.abspath(previous)
    made = operator.call("create_backup", wish)
    counts = made["counts"]
    lines = [
        f"{directory} has {some(counts['messages'], 'message')}, {some(counts['users'], 'user')}"
        f" and {some(counts['blobs'], 'file')} ({size(counts['blob_bytes'])}).",
        *(f"File {each} was gone or damaged before." for each in made["lost"]),
    ]
    operator.show(made, "\n".join(lines))


@click.command()
@click.argument("directory", metavar="BACKUP", type=click.Path(path_type=Path))
@click.option("--data", help="The directory to fill, empty or new; default as for the others.")
@click.option(
    "--without-damaged", is_flag=True, help="Leave out files that are damaged, and name them."
)
@by_operator
def restore(operator: Operator, directory: Path, data: str | None, without_damaged: bool) -> None:
    """Put a backup into an empty data directory; start the server on it then."""
    from hearth.store.restore import restore as restore_into

    config = operator.config if data is None else settings(operator.file, data)
    target = config.server.data
    with failures(config), _emptied(target):
        done = restore_into(
            directory,
            target,
            reserve_bytes=config.storage.reserve_bytes,
            without_damaged=without_damaged,
        )
    counts = done.counts
    value = {"data": str(target), **msgspec.to_builtins(done)}
    lines = [
        f"{target} has {some(counts.messages, 'message')}, {some(counts.users, 'user')}"
        f" and {some(counts.blobs - len(done.left_out), 'file')} again.",
        *(f"File {each} is damaged or missing in the backup." for each in done.left_out),
    ]
    operator.show(value, "\n".join(lines))


@contextmanager
def _emptied(data: Path) -> Generator[None]:
    """Hold an empty data directory; one that was made for it goes again when the block fails."""
    was = data.exists()
    locked = (data / "lock").exists()
    descriptor = lock(data)
    try:
        if any(path.name != "lock" for path in data.iterdir()):
            if not locked:
                (data / "lock").unlink()
            raise click.ClickException(f"{data} is not empty; a backup is not put over other data.")
        try:
            yield
        except BaseException:
            if not was:
                shutil.rmtree(data)
            elif not locked:
                (data / "lock").unlink()
            raise
    finally:
        os.close(descriptor)
