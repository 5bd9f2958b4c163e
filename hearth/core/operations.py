"""What an operation is: one function and what its decorator and signature say of it."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Any, get_args, get_type_hints

from msgspec import Struct

from hearth.core.limits import Limit, Rate

Verb = Callable[..., Awaitable[Any]]

BODY_BYTES = 1 << 20
"""So long a request's body may be, files in it apart, where the operation says no other."""


class Principal(Struct, frozen=True, gc=False, kw_only=True):
    """Who calls: a person, a bot, the server's operator, the server itself, or nobody known.

    `kind` is user, bot, operator, system or anonymous; `token` is the hash of the token used;
    `mfa` says that whoever has it has a second factor, `content` that a bot may read what
    others wrote in guilds, by its application's flags.
    """

    kind: str
    user_id: int = 0
    token: bytes = b""
    mfa: bool = False
    content: bool = False


OPERATOR = Principal(kind="operator")
SYSTEM = Principal(kind="system")
ANONYMOUS = Principal(kind="anonymous")


class Reply(Struct, gc=False):
    """What a call gives: the verb's value, and the caller's rate limit where there is one."""

    value: Any
    limit: Limit | None = None


class File(Struct, gc=False, kw_only=True):
    """A reply that is no JSON: the file at `path` on this machine, to be saved as `name`."""

    path: str
    name: str


class Operation(Struct, frozen=True, kw_only=True):
    """One declared operation. All doors and documents derive from it.

    `parameters` are the path's, by name: int for an id, str for the rest. `body` and `query` are
    the Structs of the request (a body may be a list of them), `returns` the type of the reply
    (None: 204; what may be None is answered by 204 where it is). `op` is the gateway's opcode of a
    command; an operation without `method` has no path.
    """

    name: str
    method: str
    path: str
    op: int | None
    scope: Any
    needs: int
    rate: Rate
    bucket: str
    commits: bool
    parameters: dict[str, type]
    body: Any
    query: type[Struct] | None
    returns: Any
    summary: str
    status: int
    verb: Verb
    body_bytes: int = BODY_BYTES
    files: int = 0

    @property
    def reply(self) -> Any:
        """The type of a reply that is not None."""
        kinds = [kind for kind in get_args(self.returns) if kind is not NoneType]
        return kinds[0] if NoneType in get_args(self.returns) else self.returns


OPERATIONS: dict[str, Operation] = {}
"""Every operation by name; filled as the modules of `hearth.actions` are imported."""

DEFAULT_RATE = Rate(50, per=10)


def operation(
    method: str = "",
    path: str = "",
    *,
    op: int | None = None,
    needs: int = 0,
    rate: Rate = DEFAULT_RATE,
    bucket: str | None = None,
    commits: bool = False,
    status: int | None = None,
    body_bytes: int = BODY_BYTES,
    files: int = 0,
) -> Callable[[Verb], Verb]:
    """Declare the function below as the operation of its name.

    Its first parameter's type is the scope; `body` and `query` are request Structs; the others
    come from the path. `needs` are permission bits; `commits` holds the home's turn; operations
    that name one `bucket` share a rate limit; where files may come with the body, `files` is what
    permission that needs. The
    name is Discord's operationId.
    """

    def declare(verb: Verb) -> Verb:
        name = verb.__name__
        if name in OPERATIONS:
            raise ValueError(f"operation {name} is declared twice")
        hints = get_type_hints(verb)
        scope, *parameters = inspect.signature(verb).parameters
        returns = hints["return"]
        OPERATIONS[name] = Operation(
            name=name,
            method=method,
            path=path,
            op=op,
            scope=hints[scope],
            needs=needs,
            rate=rate,
            bucket=hashlib.sha256((bucket or name).encode()).hexdigest()[:16],
            commits=commits,
            parameters={p: hints[p] for p in parameters if p not in ("body", "query")},
            body=hints.get("body"),
            query=hints.get("query"),
            returns=returns,
            summary=(verb.__doc__ or "").partition("\n")[0],
            status=status or (204 if returns is NoneType else 200),
            verb=verb,
            body_bytes=body_bytes,
            files=files,
        )
        return verb

    return declare
