"""The tables of docs/api.md are the operations as hearth/actions declares them.

`python tests/unit/test_docs_api.py` writes the page anew.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from hearth.actions.all import MODULES
from hearth.actions.scopes import AsOperator, AsOperatorInGuild
from hearth.core.operations import OPERATIONS, Operation
from hearth.core.permissions import names
from hearth.net.rest.openapi import caller

assert MODULES

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
INTRODUCTION = """\
# Operations

Everything that Hearth does for a client, as its code declares it. Names, paths and forms are those
of Discord's [API reference](https://docs.discord.com/developers/reference); what a form may hold
that Hearth does not take yet is refused by name. The order of the checks is always the same: is
there such a place, is the caller within the limit, may they be there, have they the permission, is
the form right. A verb may ask for more, such as rank or a permission for one field.

A limit counts for each caller, and for each channel or guild by itself; `[limits] scale` loosens
all of them. Callers without a token are counted by their address.

A bot whose application may not have the intent MESSAGE_CONTENT reads messages of guilds without
content and embeds, as on the Gateway, except its own and those that mention it.
"""


def rate(operation: Operation) -> str:
    """How often one may call."""
    return f"{operation.rate.limit} in {operation.rate.per:g} s"


def needs(operation: Operation) -> str:
    """The permission that all of it needs."""
    return ", ".join(f"`{name}`" for name in names(operation.needs))


def rows(operations: Iterable[Operation], columns: list[str]) -> str:
    """A table of operations by these columns."""
    show = {
        "operation": lambda each: f"`{each.name}`",
        "request": lambda each: f"`{each.method} {each.path}`",
        "opcode": lambda each: str(each.op),
        "for": caller,
        "permission": needs,
        "limit": rate,
        "what it does": lambda each: each.summary,
    }
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(show[name](each) for name in columns)} |" for each in operations]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    operations = list(OPERATIONS.values())
    http = sorted(
        (each for each in operations if each.path), key=lambda each: (each.path, each.method)
    )
    commands = sorted(
        (each for each in operations if each.op is not None), key=lambda each: each.op or 0
    )
    rest = [each for each in operations if not each.path and each.op is None]
    operators = [each for each in rest if each.scope in (AsOperator, AsOperatorInGuild)]
    inside = [each for each in rest if each not in operators]
    more = ["operation", "what it does"]
    return "\n".join(
        [
            INTRODUCTION,
            "## By HTTP, below `/api/v10`\n",
            rows(http, ["request", "operation", "for", "permission", "limit", "what it does"]),
            "## By the gateway\n",
            rows(commands, ["opcode", "operation", "for", "limit", "what it does"]),
            "## By the operator\n",
            "`hearth admin` calls them: see [Commands](cli.md).\n",
            rows(operators, more),
            "## Inside the server\n",
            "No door has these.\n",
            rows(inside, more),
        ]
    )


def test_the_docs_have_every_operation() -> None:
    assert DOCS.read_text() == page(), "run: python tests/unit/test_docs_api.py"
    assert all(f"`{name}`" in page() for name in OPERATIONS)


def test_every_operation_says_what_it_does() -> None:
    for name, operation in OPERATIONS.items():
        assert re.fullmatch(r"[A-Z][^|\n]*[.]", operation.summary), name
        assert re.fullmatch(r"[^|\n]+", caller(operation)), name


if __name__ == "__main__":
    DOCS.write_text(page())
