"""Notes which operations the libraries' own clients called, and holds clients.json to it.

`HEARTH_RECORD=1` with all tests of a library writes its list anew.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from hearth.actions.all import MODULES
from hearth.core.errors import Refused
from hearth.core.operations import OPERATIONS
from hearth.net.rest.routes import Routes

assert MODULES

FILE = Path(__file__).parent / "clients.json"
ROUTES = Routes(OPERATIONS.values())


class Witness:
    """What the clients of one library called with success."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.seen: set[str] = set()

    def saw(self, method: str, path: str, status: int) -> None:
        """Note one answered request; `path` is that below /api/v10."""
        if status < 300:
            try:
                self.seen.add(ROUTES.find(method, unquote(path))[0].name)
            except Refused:
                return

    def watch(self, request: pytest.FixtureRequest, files: set[Path]) -> Iterator[None]:
        """For a fixture of the session: in the end, if all tests of `files` ran, compare."""
        yield
        config, ran = request.config, {item.path for item in request.session.items}
        whole = files <= ran and not config.option.keyword and not config.option.markexpr
        if not whole or request.session.testsfailed or any("::" in each for each in config.args):
            return
        listed = json.loads(FILE.read_text())
        if os.environ.get("HEARTH_RECORD") == "1":
            listed[self.library] = sorted(self.seen)
            FILE.write_text(json.dumps(listed, indent=1, sort_keys=True) + "\n")
        missing = {*listed[self.library]} - self.seen
        assert not missing, f"{self.library} calls no more: {sorted(missing)}"
