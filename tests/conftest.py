"""What every kind of test shares; fixtures of one kind live in its own folder's conftest.py."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


class ByFile(LoadFileScheduling):
    """A file's tests run in one process, for they share a server.

    Those of a client library do too: at their end the calls of all are compared.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder.startswith("tests/conformance/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How tests are given to processes (`pytest -n`)."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave long runs to `make soak`."""
    if os.environ.get("HEARTH_SOAK") == "1":
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="runs in make soak"))
