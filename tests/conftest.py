"""What every kind of test shares; fixtures of one kind live in its own folder's conftest.py."""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave long runs to `make soak`."""
    if os.environ.get("HEARTH_SOAK") == "1":
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="runs in make soak"))
