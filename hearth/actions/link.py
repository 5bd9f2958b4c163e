"""A call from one process to the home's owner in another, as frames of bytes.

`pack_call` → `answer` at the owner → `unpack_reply`. What carries the frames is the placement's.
"""

from collections import ChainMap
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hearth.actions.elsewhere import ELSEWHERE
from hearth.actions.gate import call
from hearth.actions.world import World
from hearth.core import errors
from hearth.core.errors import Refused
from hearth.core.limits import Limit
from hearth.core.models.attachments import Upload
from hearth.core.models.guilds import Snapshot
from hearth.core.operations import OPERATIONS, File, Principal, Reply


class _Call(Struct, array_like=True):
    name: str
    who: Principal
    params: dict[str, int | str]
    body: bytes | None
    query: bytes | None
    reason: str | None
    uploads: list[Upload] = []


class _Answer(Struct, array_like=True):
    """`value` is JSON; `refused` is (name of the row, more, headers)."""

    value: bytes | None
    limit: Limit | None
    refused: tuple[str, dict[str, Any], dict[str, str]] | None


_encode = msgspec.msgpack.encode
_NAMED = ChainMap(OPERATIONS, ELSEWHERE)
_ROW_NAMES = {id(row): name for name, row in errors.ROWS.items()}


def pack_call(
    name: str,
    who: Principal,
    params: dict[str, int | str],
    body: Struct | None,
    query: Struct | None,
    reason: str | None,
    uploads: Sequence[Upload] = (),
) -> bytes:
    """A decoded call as a frame."""
    packed = [None if part is None else _encode(part) for part in (body, query)]
    return _encode(_Call(name, who, params, packed[0], packed[1], reason, [*uploads]))


async def answer(world: World, frame: bytes) -> bytes:
    """Run a packed call here, where its home is owned; the packed reply or refusal."""
    asked = msgspec.msgpack.decode(frame, type=_Call)
    operation = _NAMED[asked.name]
    body = _decoded(asked.body, operation.body)
    query = _decoded(asked.query, operation.query)
    try:
        reply = await call(
            world, operation, asked.who, asked.params, body, query, asked.reason, asked.uploads
        )
    except Refused as refused:
        row = _ROW_NAMES[id(refused.error)], dict(refused.more), dict(refused.headers)
        return _encode(_Answer(None, refused.limit, row))
    return _encode(_Answer(msgspec.json.encode(reply.value), reply.limit, None))


def _decoded(raw: bytes | None, form: type[Struct] | None) -> Struct | None:
    return None if raw is None or form is None else msgspec.msgpack.decode(raw, type=form)


def unpack_reply(name: str, frame: bytes) -> Reply:
    """The reply to a packed call; raises the refusal that was made there.

    The value of an operation with a path stays JSON (`Raw`), which is all that its door needs; a
    command's is the type that it returns.
    """
    told = msgspec.msgpack.decode(frame, type=_Answer)
    if told.refused is not None:
        row, more, headers = told.refused
        refused = Refused(errors.ROWS[row], more, headers)
        refused.limit = told.limit
        raise refused
    operation = _NAMED[name]
    value: Any = msgspec.Raw(told.value or b"null")
    if value == msgspec.Raw(b"null"):
        value = None
    elif not operation.path or operation.returns is File:
        value = msgspec.json.decode(value, type=operation.returns)
    return Reply(value, told.limit)


def pack_snapshot(snapshot: Snapshot | None, n: int) -> bytes:
    """A guild's snapshot with its number, for a process that begins to follow it."""
    if snapshot is None:
        return _encode(None)
    members = snapshot.members
    users = {i: user for i, user in snapshot.users.items() if i in members}
    return _encode(msgspec.structs.replace(snapshot, users=users, n=n))


def unpack_snapshot(frame: bytes) -> Snapshot | None:
    """The snapshot that was packed."""
    return msgspec.msgpack.decode(frame, type=Snapshot | None)
