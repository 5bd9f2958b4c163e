"""Whether a failure comes from want of room, and how much room there is."""

import errno
import os
from pathlib import Path

import lmdb

from hearth.core.ports import StorageFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""What the system says where a file cannot grow."""

_NO_ROOM_BYTES = 1 << 20


def reason(error: Exception, path: Path) -> Exception:
    """`error`, or `StorageFull` if it comes from want of room."""
    if isinstance(error, lmdb.MapFullError):
        return StorageFull("the map of the message log is full")
    # LMDB calls a write that ends short an I/O error, and that is how a disk fills up.
    if isinstance(error, lmdb.Error) and (
        error.code in {errno.ENOSPC, errno.EDQUOT}
        or (error.code == errno.EIO and free_bytes(path) < _NO_ROOM_BYTES)
    ):
        return StorageFull("the disk is full")
    return error


def free_bytes(path: Path) -> int:
    """Bytes that we may still write to the file system of `path`; none when it cannot be asked."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
