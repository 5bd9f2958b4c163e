"""Whether the files of the stores are whole, asked before anything opens or writes them.

LMDB maps its file: a read behind the end of a file cut short ends the process without a word. And
both stores take an empty file for a new one, so what is lost would look like a fresh server.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from struct import Struct as Layout

from hearth.core.ports import Unusable

RESTORING = "restore.part"
"""What a restore has in the data directory until all is in its place."""

_RESTORE = "put it back from a backup."

_META = Layout("<16x2I2Q")
"""A page's header, then magic, version, address and size of the map."""
_TABLE = Layout("<I2H5Q")
"""A table's root: page size or none, flags, depth, branches, leaves, overflows, entries, root."""
_ENDS = Layout("<2Q")
_PAGE = Layout("<Q2x3H")
"""A page's header: number, flags, where its list of nodes ends."""
_NODE = Layout("<4H")
"""A node's header: its data's length or its child, low and high; flags; its key's length."""
_MAGIC, _BRANCH, _LEAF, _ELSEWHERE = 0xBEEFC0DE, 1, 2, 1


def require_whole(data: Path) -> None:
    """Raise `Unusable` where a file of the data directory is cut short, empty or gone."""
    if (data / RESTORING).exists():
        raise Unusable(f"A restore into {data} was cut short; empty the directory and repeat it.")
    metadata, messages = data / "metadata.db", data / "messages" / "data.mdb"
    if _size(messages) and not _size(metadata):
        raise Unusable(f"{metadata} is empty or gone, but there are messages; {_RESTORE}")
    if _size(metadata) and not _size(data / "metadata.db-wal"):
        with metadata.open("rb") as file:
            head = file.read(32)
        page = int.from_bytes(head[16:18]) if head.startswith(b"SQLite format 3\0") else 0
        if page and _size(metadata) < (page if page > 1 else 65_536) * int.from_bytes(head[28:32]):
            raise Unusable(f"{metadata} is cut short; {_RESTORE}")
    if _size(messages):
        with messages.open("rb") as file:
            if _is_cut(file.fileno()):
                raise Unusable(f"{messages} is cut short; {_RESTORE}")


def require_messages(data: Path) -> None:
    """Raise `Unusable` where the message log of a server that was in use is empty or gone."""
    messages = data / "messages" / "data.mdb"
    if not _size(messages):
        raise Unusable(f"{messages} is empty or gone, but there are users; {_RESTORE}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_cut(file: int) -> bool:
    """Whether LMDB's file lacks pages that are in use; not whether it is LMDB's at all.

    The last pages of a file may never have been written, where they were free before they were
    needed: only those that are not in the list of free ones are missing.
    """
    size = os.fstat(file).st_size
    first = os.pread(file, 4096, 0)
    if len(first) < 4096 or _META.unpack_from(first)[0] != _MAGIC:
        return False
    page = _TABLE.unpack_from(first, _META.size)[0]
    metas = [first, os.pread(file, 4096, page)]
    if len(metas[1]) < 4096:
        return True
    ends = _META.size + 2 * _TABLE.size
    newest = max(metas, key=lambda meta: _ENDS.unpack_from(meta, ends)[1])
    last = _ENDS.unpack_from(newest, ends)[0]
    missing = set(range(size // page, last + 1))
    if missing:
        free = _TABLE.unpack_from(newest, _META.size)
        try:
            for number in _free(file, page, free[7], free[2]):
                missing.discard(number)
        except EOFError:
            return True
    return bool(missing)


def _free(file: int, page: int, number: int, depth: int) -> Iterator[int]:
    """The numbers of the free pages, by the tree of that table; EOFError where it is cut."""
    if not depth:
        return
    data = _read(file, page, number, 1)
    _, flags, end, _ = _PAGE.unpack_from(data)
    for at in range(_PAGE.size, end, 2):
        node = int.from_bytes(data[at : at + 2], "little")
        low, high, kind, key = _NODE.unpack_from(data, node)
        if flags & _BRANCH:
            yield from _free(file, page, low | high << 16 | kind << 32, depth - 1)
        elif flags & _LEAF:
            length, start = low | high << 16, node + _NODE.size + key
            found = data[start : start + length]
            if kind & _ELSEWHERE:
                at_page = int.from_bytes(data[start : start + 8], "little")
                pages = -(-(length + _PAGE.size) // page)
                found = _read(file, page, at_page, pages)[_PAGE.size : _PAGE.size + length]
            numbers = memoryview(found).cast("Q")
            yield from numbers[1 : 1 + numbers[0]]


def _read(file: int, page: int, number: int, pages: int) -> bytes:
    data = os.pread(file, page * pages, page * number)
    if len(data) < page * pages:
        raise EOFError
    return data
