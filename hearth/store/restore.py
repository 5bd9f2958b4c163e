"""Restores a backup into an empty data directory: all of it, each file checked, or nothing."""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import lmdb
import msgspec
from msgspec import Struct

from hearth.core.backups import (
    BLOB_LIST,
    BLOBS,
    FORMAT,
    KEY,
    MANIFEST,
    MESSAGES,
    METADATA,
    SEAL,
    Counts,
    Manifest,
    Part,
)
from hearth.core.ports import StorageFull, Unusable
from hearth.store.backup import table_counts
from hearth.store.copying import Copier, flush, folders, part_of
from hearth.store.room import free_bytes
from hearth.store.sql.migrate import migrations
from hearth.store.whole import RESTORING

_FILE = re.compile(
    f"{re.escape(METADATA)}|{re.escape(MESSAGES)}|{KEY}|{re.escape(BLOB_LIST)}|tls/[^/]+"
)
"""The names of files that a backup may have."""

_NEEDED = {METADATA, MESSAGES, KEY, BLOB_LIST}


class Restored(Struct):
    """What was restored; `left_out` are blobs that the backup has damaged or lacks."""

    counts: Counts
    left_out: list[str]


def restore(
    backup: Path, data: Path, *, reserve_bytes: int = 0, without_damaged: bool = False
) -> Restored:
    """Fill the empty directory `data`, which the caller has locked, with what `backup` has.

    Everything is written into one folder of it and hashed on the way; it takes its place when it
    was found equal to what the manifest says. Of a restore that fails nothing stays; one that is
    killed leaves the folder, which no server starts beside. With `without_damaged` blobs that
    cannot be had whole are left out. Raises Unusable, StorageFull, OSError.
    """
    manifest = _manifest(backup)
    stage = data / RESTORING
    room = sum(part.size for part in manifest.files.values()) + manifest.counts.blob_bytes
    if free_bytes(data) < room + reserve_bytes:
        raise StorageFull(f"{data} has no room for {room} bytes")
    stage.mkdir(mode=0o700)
    try:
        copier = Copier(stage, reserve_bytes=reserve_bytes)
        for name, part in manifest.files.items():
            folders((stage / name).parent)
            if not (backup / name).is_file():
                raise Unusable(f"{backup / name} is missing from the backup.")
            if copier.copy(backup / name, stage / name) != part:
                raise Unusable(f"{backup / name} is damaged: its bytes are not the manifest's.")
        left_out = _blobs(copier, backup, stage, manifest, without_damaged)
        (stage / BLOB_LIST).unlink()
        _count(stage, manifest)
        os.sync()
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    for path in list(stage.iterdir()):
        path.rename(data / path.name)
    flush(data)
    # Before this no server starts on it.
    stage.rmdir()
    flush(data)
    return Restored(manifest.counts, left_out)


def _manifest(backup: Path) -> Manifest:
    """The manifest of a backup that this version can restore."""
    path = backup / MANIFEST
    if not path.is_file() or not (backup / SEAL).is_file():
        raise Unusable(f"{backup} is no backup, or none that was finished: it has no {MANIFEST}.")
    damaged = Unusable(f"{path} is damaged.")
    if (backup / SEAL).read_bytes() != f"{part_of(path).sha256}  {MANIFEST}\n".encode():
        raise damaged
    try:
        form = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
        if msgspec.json.decode(form["format"]) != FORMAT:
            raise Unusable(f"{backup} was made by a newer version of Hearth; restore it with that.")
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (KeyError, msgspec.DecodeError) as error:
        raise damaged from error
    if unknown := sorted(set(manifest.schema) - {each.name for each in migrations()}):
        raise Unusable(
            f"{backup} was made by a newer version of Hearth, {manifest.version}"
            f" ({', '.join(unknown)}); restore it with that version."
        )
    if not manifest.files.keys() >= _NEEDED or not all(map(_FILE.fullmatch, manifest.files)):
        raise damaged
    return manifest


def _blobs(
    copier: Copier, backup: Path, stage: Path, manifest: Manifest, without_damaged: bool
) -> list[str]:
    """Bring every blob of the list; those that are left out."""
    left_out: list[str] = []
    count = size = 0
    (stage / BLOBS).mkdir(mode=0o700)
    for name, length in _listed(stage / BLOB_LIST):
        place = Path(BLOBS, name[:2], name[2:4], name)
        count, size = count + 1, size + length
        if (backup / place).is_file():
            folders((stage / place).parent)
            if copier.copy(backup / place, stage / place) == Part(length, name):
                continue
            (stage / place).unlink()
        if not without_damaged:
            raise Unusable(
                f"{backup / place} is damaged or missing; --without-damaged leaves such files out."
            )
        left_out.append(name)
    found = (manifest.counts.blobs, manifest.counts.blob_bytes)
    if (count, size) != found:
        raise Unusable(f"{backup / BLOB_LIST} names {count} files, the manifest {found[0]}.")
    return left_out


def _listed(path: Path) -> Iterator[tuple[str, int]]:
    """The blobs of a list: hash and bytes."""
    with path.open() as lines:
        for line in lines:
            name, _, size = line.partition(" ")
            yield name, int(size)


def _count(stage: Path, manifest: Manifest) -> None:
    """Raise Unusable where the stores have not as many as the manifest says."""
    metadata = stage / METADATA
    sql = sqlite3.connect(f"{metadata.absolute().as_uri()}?immutable=1", uri=True)
    try:
        counts = table_counts(sql)
    except sqlite3.Error as error:
        raise Unusable(f"{metadata} cannot be read: {error}.") from error
    finally:
        sql.close()
    try:
        folder = (stage / MESSAGES).parent
        with lmdb.open(str(folder), readonly=True, lock=False, max_dbs=16) as env, env.begin() as t:
            messages = t.stat(env.open_db(b"messages", txn=t, create=False))["entries"]
    except lmdb.Error as error:
        raise Unusable(f"{stage / MESSAGES} cannot be read: {error}.") from error
    known = manifest.counts
    found = (messages, *counts)
    if found != (known.messages, known.channels, known.guilds, known.users):
        raise Unusable(f"What was restored has not as many messages and users as {MANIFEST} says.")
