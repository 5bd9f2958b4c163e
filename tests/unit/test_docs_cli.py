"""docs/cli.md names every command, argument and option of `hearth`."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hearth.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command below `command` by its words, groups too."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, (*path, name))


COMMANDS = dict(commands(main, ("hearth",)))
SHARED = {"--json"}
"""Options that each command of a group takes beside the group itself."""


def where(path: str) -> str:
    """The part of the page that is about a command."""
    inside = path.removeprefix("hearth admin ")
    if inside != path:
        found = re.search(rf"^\| `{re.escape(inside)}\b.*$", TEXT, re.MULTILINE)
        return found[0] if found else ""
    start = TEXT.find(f"## {path}\n") if path != "hearth" else 0
    if start < 0:
        return ""
    end = TEXT.find("\n## ", start + 1)
    return TEXT[start : end if end >= 0 else None]


@pytest.mark.parametrize(
    "path", [path for path, each in COMMANDS.items() if not isinstance(each, click.Group)]
)
def test_a_command_is_named_with_all_that_it_takes(path: str) -> None:
    part = where(path)
    assert part, path
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Argument):
            assert parameter.make_metavar(click.Context(COMMANDS[path])) in part
        elif parameter.opts[0] not in SHARED:
            assert parameter.opts[0] in part


@pytest.mark.parametrize("path", ["hearth", "hearth admin"])
def test_the_options_of_a_group(path: str) -> None:
    for parameter in COMMANDS[path].params:
        assert parameter.opts[0] in where(path)


def test_the_page_names_no_other_command() -> None:
    named = re.findall(r"^\| `([a-z ]+)", TEXT, re.MULTILINE)
    assert {f"hearth admin {name.strip()}" for name in named} <= COMMANDS.keys()


def test_every_command_says_what_it_does() -> None:
    for path, command in COMMANDS.items():
        assert (command.help or "").strip().endswith("."), path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert (parameter.help or "").endswith("."), (path, parameter.name)
