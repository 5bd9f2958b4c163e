"""Every noun that is stored, and what is done alike with all of them."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from hearth.store.directory.accounts import (
    ACCOUNTS,
    LINKS,
    RECOVERY_CODES,
    SECOND_FACTORS,
    TOKEN_USES,
)
from hearth.store.directory.applications import APPLICATIONS
from hearth.store.directory.assets import ASSETS
from hearth.store.directory.attachments import ATTACHMENTS, UPLOADS
from hearth.store.directory.audit import AUDIT_LOG
from hearth.store.directory.bans import BAN_SWEEPS, BANS
from hearth.store.directory.channels import CHANNELS
from hearth.store.directory.emojis import EMOJI_IMAGES, EMOJIS
from hearth.store.directory.exports import HARVESTS
from hearth.store.directory.guilds import GUILDS
from hearth.store.directory.invites import INVITES
from hearth.store.directory.members import MEMBERS
from hearth.store.directory.operators import OPERATOR_LOG
from hearth.store.directory.private import RECIPIENTS
from hearth.store.directory.reads import MENTIONS, READ_STATES
from hearth.store.directory.roles import ROLES
from hearth.store.directory.social import (
    DISMISSED_MENTIONS,
    NOTES,
    NOTIFICATION_SETTINGS,
    PIN_ACKS,
    RELATIONSHIPS,
    SETTINGS,
)
from hearth.store.directory.stickers import STICKERS
from hearth.store.directory.tables import Table
from hearth.store.directory.tokens import CREDENTIALS, TOKENS
from hearth.store.directory.users import USERS
from hearth.store.sql.database import Connection

# A new noun is one row here, one Table in its resource's file, and a migration. Nouns are written
# in this order: a table that follows others stands below them.
TABLES: tuple[Table[Any], ...] = (
    USERS,
    CREDENTIALS,
    TOKENS,
    TOKEN_USES,
    ACCOUNTS,
    SECOND_FACTORS,
    RECOVERY_CODES,
    LINKS,
    APPLICATIONS,
    GUILDS,
    CHANNELS,
    ROLES,
    MEMBERS,
    AUDIT_LOG,
    READ_STATES,
    MENTIONS,
    RECIPIENTS,
    OPERATOR_LOG,
    EMOJIS,
    EMOJI_IMAGES,
    STICKERS,
    BANS,
    BAN_SWEEPS,
    INVITES,
    RELATIONSHIPS,
    NOTES,
    SETTINGS,
    NOTIFICATION_SETTINGS,
    PIN_ACKS,
    DISMISSED_MENTIONS,
    HARVESTS,
    ASSETS,
    ATTACHMENTS,
    UPLOADS,
)

_TABLE_OF: dict[type[Struct], Table[Any]] = {table.noun: table for table in TABLES}

Batches = list[tuple[Table[Any], list[Struct]]]


def batches(nouns: Iterable[Struct]) -> Batches:
    """`nouns` by their tables, in order of `TABLES`; raises TypeError when one has none."""
    found: dict[type[Struct], list[Struct]] = {}
    for noun in nouns:
        found.setdefault(type(noun), []).append(noun)
    for kind in found:
        if kind not in _TABLE_OF:
            raise TypeError(f"{kind.__name__} is not stored: see hearth/store/directory/nouns.py")
    return [(table, found[kind]) for kind, table in _TABLE_OF.items() if kind in found]


def write(connection: Connection, save: Batches, delete: Batches) -> None:
    """Delete, then save."""
    for table, nouns in delete:
        table.delete(connection, nouns)
    for table, nouns in save:
        table.save(connection, nouns)


def greatest_id(connection: Connection) -> int:
    """The greatest id that the server made and that is stored; 0 at first."""
    columns = [(table.name, column) for table in TABLES for column in table.ids]
    rows = [connection.one(f"SELECT max({column}) FROM {name}") for name, column in columns]  # noqa: S608
    return max(row[0] or 0 for row in rows if row)
