"""Backups, as the operator asks for them."""

from msgspec import Struct

from hearth.actions.operators import write_down
from hearth.actions.scopes import AsOperator
from hearth.core.backups import BackupFailed, Counts
from hearth.core.errors import FEATURE_DISABLED, Refused, invalid_form
from hearth.core.operations import operation


class BackupCreate(Struct):
    """Which directory to make on the server's machine; blobs may be shared with `previous`."""

    directory: str
    previous: str | None = None


class BackupMade(Struct):
    """What a backup has; for how many ms nothing was written; which blobs were gone before."""

    directory: str
    barrier_ms: float
    counts: Counts
    lost: tuple[str, ...]


@operation()
async def create_backup(here: AsOperator, body: BackupCreate) -> BackupMade:
    """Make a backup of all data while the server goes on; the operator log says so first."""
    world = here.world
    if world.backups is None:
        raise Refused(FEATURE_DISABLED)
    await write_down(here, "create_backup")
    await world.flush()
    async with world.collecting:
        try:
            manifest, barrier_ms = await world.backups.make(body.directory, body.previous)
        except BackupFailed as error:
            raise invalid_form((("directory",), "BACKUP_FAILED", str(error))) from error
    return BackupMade(body.directory, round(barrier_ms, 3), manifest.counts, manifest.lost)
