"""COMPATIBILITY.md says which of Discord's operations work, and by what proof.

`make tables` writes it anew, with the other tables.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hearth.actions.all import MODULES
from hearth.actions.elsewhere import ELSEWHERE, REFUSED
from hearth.core.deferred import ROWS
from hearth.core.errors import FEATURE_DISABLED
from hearth.core.operations import OPERATIONS
from tests.conformance.facts import FACTS
from tests.doors.test_operations import REST
from tests.unit.test_spec import BEYOND

assert MODULES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "COMPATIBILITY.md"
DISCORD: dict[str, dict[str, Any]] = FACTS["operations"]
CLIENTS: dict[str, list[str]] = json.loads(
    (ROOT / "tests" / "conformance" / "clients.json").read_text()
)

CLASSES = {
    "CORE": "what a community talks with",
    "BOT": "what bots need beyond that",
    "COMMUNITY": "what large communities use",
    "NA": "what only Discord's own business has: not planned",
}

COMING: set[str] = set()
"""Of CORE what is still to be made; this only shrinks."""

INTRODUCTION = """\
# Compatibility

Which of the {total} operations of Discord's API description work in Hearth, and how we know. A test
derives this page from the code and the tests; `make tables` writes it anew.

| proof | what it says |
|---|---|
| facts | Name, method, path, query, body keys and status are those of Discord's description. |
| roles | A real server answers each of eight roles as the table of operations says; every reply \
has the required keys, their types, and no others; calls with random values, right and wrong, \
end in no fault and in the form that `/api/v10/openapi.json` gives. |
| py | An unmodified discord.py {py} calls it with success. |
| js | An unmodified discord.js {js} calls it with success. |
"""


def versions() -> dict[str, str]:
    """The versions of the libraries that the tests run."""
    lock = (ROOT / "packaging" / "requirements-dev.lock").read_text()
    found = re.search(r"^discord-py==(\S+)", lock, re.MULTILINE)
    assert found is not None
    package = json.loads((ROOT / "tests" / "conformance" / "js" / "package.json").read_text())
    return {"py": found[1], "js": package["dependencies"]["discord.js"].lstrip("^~")}


def proofs(name: str) -> list[str]:
    """What proves that an operation works."""
    if name not in OPERATIONS:
        return []
    found = ["facts"] if name in DISCORD else []
    if name in REST:
        found.append("roles")
    return found + [
        short
        for short, library in (("py", "discord.py"), ("js", "discord.js"))
        if name in CLIENTS[library]
    ]


def answer(name: str) -> str:
    """How an operation that Hearth does not have answers."""
    error = REFUSED.get(name)
    if error is None:
        return "an empty answer"
    return f"{error.status}, code {error.code}"


def summary() -> str:
    """How many work, by class."""
    lines = ["| class | | works | of |", "|---|---|---|---|"]
    for kind, what in CLASSES.items():
        names = [name for name, facts in DISCORD.items() if facts["class"] == kind]
        works = sum(name in OPERATIONS for name in names)
        lines.append(f"| {kind} | {what} | {works} | {len(names)} |")
    return "\n".join(lines) + "\n"


def table(kind: str) -> str:
    """The operations of a class, by group."""
    names = [name for name, facts in DISCORD.items() if facts["class"] == kind]
    lines = ["| group | operation | request | works, by what proof |", "|---|---|---|---|"]
    for name in sorted(names, key=lambda name: (DISCORD[name]["group"].lower(), name)):
        facts = DISCORD[name]
        state = ", ".join(proofs(name)) or f"no: {answer(name)}"
        request = f"`{facts['method']} {facts['path']}`"
        lines.append(f"| {facts['group']} | `{name}` | {request} | {state} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION.format(total=len(DISCORD), **versions()), summary()]
    missing = sorted(
        name
        for name, facts in DISCORD.items()
        if facts["class"] == "CORE" and name not in OPERATIONS
    )
    if missing:
        parts.append(f"Of CORE are missing: {', '.join(f'`{name}`' for name in missing)}.\n")
    parts += [f"## {kind}: {what}\n\n{table(kind)}" for kind, what in CLASSES.items()]
    parts.append("## Parameters that are refused by name\n")
    rows = Counter((row.parameter, row.why) for row in ROWS)
    lines = ["| operation | parameter | why |", "|---|---|---|"]
    for parameter, why in sorted(rows):
        of = [row for row in ROWS if (row.parameter, row.why) == (parameter, why)]
        names = ", ".join(dict.fromkeys(f"`{row.operation}`" for row in of))
        some = " (some values)" if any(row.values or row.bits for row in of) else ""
        lines.append(f"| {names} | `{parameter}`{some} | {why} |")
    parts.append("\n".join(lines) + "\n")
    parts.append("## Beyond Discord's description\n")
    lines = ["| operation | request | why |", "|---|---|---|"]
    for name, why in sorted(BEYOND.items()):
        operation = OPERATIONS[name]
        lines.append(f"| `{name}` | `{operation.method} {operation.path}` | {why} |")
    parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def test_the_page_is_what_works() -> None:
    assert PAGE.read_text() == page(), "run: make tables"


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name in DISCORD])
def test_what_works_is_proven(name: str) -> None:
    assert {"facts", "roles"} <= {*proofs(name)}


def test_core_is_whole() -> None:
    missing = {name for name, facts in DISCORD.items() if facts["class"] == "CORE"} - {*OPERATIONS}
    assert missing <= COMING


def test_what_libraries_call_is_there() -> None:
    assert {*CLIENTS} == {"discord.py", "discord.js"}
    for names in CLIENTS.values():
        assert names
        assert {*names} <= OPERATIONS.keys()


@pytest.mark.parametrize(
    "name", [name for name, facts in DISCORD.items() if facts["class"] == "NA"]
)
def test_what_is_not_planned_answers_that_there_is_none(name: str) -> None:
    assert name not in OPERATIONS
    assert name in ELSEWHERE
    error = REFUSED.get(name)
    assert error is None or error is FEATURE_DISABLED or error.status == 404


if __name__ == "__main__":
    PAGE.write_text(page())
