"""What every `hearth admin` command has: the operator, who calls a running server or its data."""

import json
import os
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from hearth.commands.settings import failures
from hearth.config import Config
from hearth.net.ask import ask

P = ParamSpec("P")

_READS = frozenset(
    {
        "find_guild",
        "explain_permission",
        "check_storage",
        "read_messages",
        "read_operator_log",
        "export_user",
        "rebuild_search",
        "create_backup",
        "list_users",
        "list_bots",
        "show_account",
        "list_sessions",
        "list_guilds",
        "show_guild",
        "measure_guild",
        "show_stats",
        "list_members_as_operator",
        "list_invites_as_operator",
        "list_roles_as_operator",
        "list_bans_as_operator",
        "list_emojis_as_operator",
        "list_stickers_as_operator",
        "show_message",
    }
)
"""The operations that change nothing which sessions know of."""


class Operator:
    """Calls operations: of the server that runs on the data, else on the data itself."""

    def __init__(self, config: Config, file: Path | None, as_json: bool) -> None:
        self.config = config
        self.file = file
        """Where the settings came from."""
        self.as_json = as_json

    def call(
        self, operation: str, body: dict[str, Any] | None = None, **params: int
    ) -> dict[str, Any]:
        """The value of an operation; a refusal is printed and ends the command with 1."""
        asked = {"operation": operation, "params": params, "body": body}
        try:
            reply = ask(self.config.server.data / "admin.sock", asked)
        except OSError:
            reply = self._call_here(asked)
        if "error" in reply:
            raise click.ClickException(_sentence(reply["error"]))
        return reply["value"] or {}

    def _call_here(self, asked: dict[str, Any]) -> dict[str, Any]:
        # A command that a running server answers needs nothing of it: it is loaded only here.
        from hearth.net.admin import answer
        from hearth.server import opened, run
        from hearth.store.lock import AlreadyRunning

        replies: list[bytes] = []

        async def work() -> None:
            async with opened(self.config) as world:
                if asked["operation"] not in _READS:
                    # Sessions that wait for a restart know nothing of what is changed now.
                    (self.config.server.data / "sessions").unlink(missing_ok=True)
                replies.append(await answer(world, json.dumps(asked).encode(), os.getuid()))

        with failures(self.config):
            try:
                run(work)
            except AlreadyRunning:
                raise click.ClickException(
                    "The server is starting or stopping; try again."
                ) from None
        return json.loads(replies[0])

    def guild(self, name: str) -> int:
        """The id of a guild by name or id."""
        return int(self.call("find_guild", {"guild": name})["id"])

    def guilds(self) -> list[str]:
        """The ids of all guilds."""
        found: list[str] = []
        while page := self.call("list_guilds", {"after": int(found[-1]) if found else 0})["guilds"]:
            found += [each["id"] for each in page]
        return found

    def lines(self, value: dict[str, Any], lines: Iterable[str]) -> None:
        """Print the value as JSON, or what it means in some lines."""
        self.show(value, "\n".join(lines))

    def show(self, value: dict[str, Any], text: str) -> None:
        """Print the value as JSON, or what it means in a line."""
        click.echo(json.dumps(value) if self.as_json else text)


def _sentence(error: dict[str, Any]) -> str:
    """An error with its form errors, in one line."""
    said = [str(error.get("message", "The call failed"))]

    def walk(node: Any, path: str) -> None:
        for key, value in node.items():
            if key == "_errors":
                said.extend(f"{path or 'body'}: {leaf['message']}" for leaf in value)
            elif isinstance(value, dict):
                walk(value, f"{path}.{key}".lstrip("."))

    walk(error.get("errors") or {}, "")
    return "; ".join(said)


def by_operator(
    work: Callable[Concatenate[Operator, P], None],
) -> Callable[P, None]:
    """A command that is given the operator first, and takes `--json` as the group does."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    @click.pass_context
    @wraps(work)
    def command(context: click.Context, /, *words: Any, as_json: bool, **more: Any) -> None:
        operator = context.find_object(Operator)
        assert operator is not None
        operator.as_json |= as_json
        work(operator, *words, **more)

    return command


def paged(work: Callable[P, None]) -> Callable[P, None]:
    """A list by id that is shown in parts: it is given `after` and `limit`."""
    after = click.option("--after", type=int, default=0, help="Only those with greater ids.")
    limit = click.option("--limit", type=int, default=100, help="How many, up to 1000.")
    return after(limit(work))


def made(picture: dict[str, Any]) -> str:
    """An emoji or sticker in a line: what it is called, and by whom it is."""
    by = picture.get("user")
    return f"{picture['id']} {picture['name']}" + (f" by {by['username']}" if by else "")
