"""What every kind of test shares; fixtures of one kind live in its own folder's conftest.py."""

import os
from pathlib import Path

import pytest

LIBRARIES = Path(__file__).parent / "conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave long runs to `make soak`, and say which tests run in one process."""
    soak = os.environ.get("HEARTH_SOAK") == "1"
    for item in items:
        if not soak and item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="runs in make soak"))
        # A file's tests share its server, and a library's tests what it was seen to call.
        folder = item.path.parent
        together = folder if folder.parent == LIBRARIES else item.path
        item.add_marker(pytest.mark.xdist_group(str(together)))
