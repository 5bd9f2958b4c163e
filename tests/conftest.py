"""What every kind of test shares; fixtures of one kind live in its own folder's conftest.py."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests import forks

forks.use()

LONGEST = (
    "tests/e2e/test_voice.py",
    "tests/e2e/test_screens.py",
    "tests/doors/test_durability.py",
    "tests/doors/test_schemathesis.py",
    "tests/e2e/test_client.py",
    "tests/conformance/discord_py",
    "tests/e2e/test_firefox.py",
    "tests/sfu/test_browsers.py",
    "tests/doors/test_cli.py",
    "tests/e2e/test_guild.py",
    "tests/e2e/test_voice_trouble.py",
    "tests/conformance/discord_js",
    "tests/sfu/test_networks.py",
    "tests/doors/test_backup.py",
    "tests/e2e/test_scenario.py",
    "tests/doors/test_faults.py",
    "tests/doors/test_leaks.py",
    "tests/doors/test_upgrade.py",
    "tests/doors/test_cli_nouns.py",
    "tests/doors/test_operations.py",
    "tests/doors/test_accounts.py",
    "tests/doors/test_search.py",
    "tests/doors/test_damage.py",
    "tests/e2e/test_voice_trouble.py",
    "tests/e2e/test_direct.py",
    "tests/e2e/test_search.py",
    "tests/e2e/test_timeline.py",
    "tests/doors/test_listen.py",
    "tests/conformance/voice",
)
"""What takes more than fifteen seconds, the longest first: begun last, it is waited for alone."""


def group(nodeid: str) -> str:
    """The tests that one process runs: those of a file, which share a server.

    Those of a client library too: at their end the calls of all are compared.
    """
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if folder.startswith("tests/conformance/") else file


class ByFile(LoadFileScheduling):
    """Gives out groups in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How tests are given to processes (`pytest -n`)."""
    config.option.loadscopereorder = False  # which would begin with those of most tests
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, and leave long runs to `make soak`."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(group(item.nodeid), len(place)))
    if os.environ.get("HEARTH_SOAK") == "1":
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="runs in make soak"))
