"""The floors: who may import whom, what pure files may use, how long a file may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEARTH = ROOT / "hearth"
FILES = {
    file.relative_to(HEARTH).as_posix(): file
    for file in sorted(HEARTH.rglob("*.py"))
    if "node_modules" not in file.parts
}

# What each floor may import of ours, besides itself and edge; core has no edge either.
FLOORS = {
    "core": set(),
    "edge": set(),
    "actions": {"core"},
    "store": {"core"},
    "sfu": {"core"},
    "net": {"core", "actions"},
    "server": {"core", "actions", "store", "sfu", "net", "config"},
    "commands": {"core", "actions", "store", "sfu", "net", "config", "server"},
    "cli": {"core", "actions", "store", "sfu", "net", "config", "server", "commands"},
    "config": set(),
    "__init__": set(),
    "__main__": {"cli"},
}

# Rules that live beside their driver and are held to what core is held to. A file may be named
# before it exists.
PURE = {
    "net/gateway/frames.py",
    "net/gateway/session.py",
    "net/gateway/cohorts.py",
    "net/gateway/lists.py",
    "net/gateway/followed.py",
    "net/gateway/ordered.py",
    "net/gateway/conversation.py",
    "net/voice/conversation.py",
}

# Pure files get time and randomness as arguments, do no I/O and say nothing.
NOT_PURE = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random",
    "secrets", "select", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess",
    "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip


# What is pure of a module that otherwise is not.
PURE_PARTS = {"urllib.parse"}


def floor(path: str) -> str:
    """The floor of a file: the folder at the top, or the file's own name there."""
    return path.partition("/")[0].removesuffix(".py")


def imports(source: str, path: str) -> list[tuple[int, str]]:
    """Line and full name of every module that is imported, wherever in the file."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                found.append((node.lineno, "." * node.level))
            elif node.module == "hearth":
                found += [(node.lineno, f"hearth.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, node.module or ""))
    return found


def faults(source: str, path: str) -> list[str]:
    """Every import in a file of hearth/ that its floor forbids."""
    own = floor(path)
    pure = own == "core" or path in PURE
    may = FLOORS.get(own)
    if may is None:
        return [f"{path}: the plan of the house has no floor {own}"]
    said: list[str] = []
    for line, name in imports(source, path):
        top, _, rest = name.partition(".")
        if not top:
            said.append(f"{path}:{line}: relative import")
        elif top == "hearth":
            other = rest.partition(".")[0]
            allowed = may | {own, "__version__"} | (set() if pure else {"edge"})
            if other not in allowed:
                said.append(f"{path}:{line}: {own} imports {other}")
        elif (
            pure
            and name not in PURE_PARTS
            and (top in NOT_PURE or (top not in sys.stdlib_module_names and top != "msgspec"))
        ):
            said.append(f"{path}:{line}: a pure file imports {name}")
    return said


@pytest.mark.parametrize("path", FILES)
def test_imports_go_one_way(path: str):
    assert faults(FILES[path].read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize("path", FILES)
def test_no_file_is_over_600_lines(path: str):
    assert len(FILES[path].read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("path", [path for path in FILES if FILES[path].stat().st_size])
def test_a_file_opens_with_one_sentence(path: str):
    said = ast.get_docstring(ast.parse(FILES[path].read_text(encoding="utf-8")))
    assert said, "say in one sentence what lives there"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/ids.py", "import time"),
        ("core/ids.py", "from random import randbytes"),
        ("core/ids.py", "def f():\n    import asyncio"),
        ("core/ids.py", "import os.path"),
        ("core/ids.py", "import aiohttp"),
        ("core/ids.py", "from hearth.edge.clock import Clock"),
        ("core/ids.py", "from hearth import actions"),
        ("core/ids.py", "from . import wire"),
        ("actions/gate.py", "from hearth.store.memory import MessageLog"),
        ("actions/gate.py", "import hearth.net.rest.serve"),
        ("store/memory.py", "from hearth.actions.world import World"),
        ("net/rest/serve.py", "from hearth.store import memory"),
        ("net/gateway/hub.py", "import hearth.sfu"),
        ("net/gateway/frames.py", "import time"),
        ("net/gateway/session.py", "from hearth.edge.clock import Clock"),
        ("edge/tasks.py", "from hearth.core.ids import Ids"),
        ("cellar/wine.py", ""),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str):
    assert len(faults(source, path)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/ids.py", "import msgspec\nimport re\nfrom hearth.core.wire import x"),
        (
            "actions/gate.py",
            "import asyncio\nfrom hearth.core import ids\nimport hearth.edge.tasks",
        ),
        ("net/gateway/frames.py", "import struct\nfrom hearth.core.wire import x"),
        ("net/gateway/hub.py", "import hearth.actions.world\nimport time\nimport aiohttp"),
        ("server.py", "import hearth.store.memory\nfrom hearth import __version__"),
    ],
)
def test_a_right_import_is_allowed(path: str, source: str):
    assert faults(source, path) == []


def test_a_command_loads_little() -> None:
    """What a running server answers is asked within the time that a shell prompt may take."""
    code = "import sys, hearth.cli; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "hearth.commands.operator" in loaded
    heavy = {"aiohttp", "asyncio", "lmdb", "PIL", "hearth.server", "hearth.actions.all"}
    assert heavy & {*loaded} == set()
