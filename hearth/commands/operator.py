"""What every `hearth admin` command has: the operator, who calls a running server or its data."""

import json
import os
import sys
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

_UNKNOWN = {
    10003: "There is no such channel; `hearth admin guild show GUILD` lists a guild's with ids.",
    10004: "There is no such guild; `hearth admin guild list` shows all.",
    10006: "There is no such invite; `hearth admin invite list GUILD` shows a guild's.",
    10007: "They are no member of that guild; `hearth admin guild join` makes them one.",
    10008: "There is no such message in that channel.",
    10011: "There is no such role in that guild; `hearth admin role list GUILD` shows its roles.",
    10013: "There is no such user; `hearth admin user list` shows people, `bot list` bots.",
    10014: "There is no such emoji in that guild; `hearth admin emoji list GUILD` shows them.",
    10026: "They are not banned from that guild.",
    10060: "There is no such sticker in that guild; `hearth admin sticker list GUILD` shows them.",
    50028: "That role is @everyone or a bot's own: it is not given or taken.",
}
"""Sentences for codes whose texts, which are for programs, name no way out."""


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
        """Print the value as JSON, or what it means in some lines; that there are none, too."""
        self.show(value, "\n".join(lines) or "There are none.")

    def show(self, value: dict[str, Any], text: str) -> None:
        """Print the value as JSON, or what it means in a line."""
        click.echo(json.dumps(value) if self.as_json else text)


def _sentence(error: dict[str, Any]) -> str:
    """An error with its form errors, in one line."""
    if (known := _UNKNOWN.get(error.get("code", 0))) is not None:
        return known
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


def irrevocable(work: Callable[P, None]) -> Callable[P, None]:
    """A command that is given `yes`, by `--yes`, for `be_sure`."""
    return click.option("--yes", is_flag=True, help="Do not ask at a terminal.")(work)


def be_sure(question: str, yes: bool) -> None:
    """Ask who sits at a terminal, and end where they say no; scripts are taken at their word."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def size(count: int) -> str:
    """Bytes as people read them."""
    for step, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= step:
            return (
                f"{count / step:.1f} {unit}" if count < 10 * step else f"{count / step:.0f} {unit}"
            )
    return some(count, "byte")


def some(count: int, noun: str) -> str:
    """So many of something, in words."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def made(picture: dict[str, Any]) -> str:
    """An emoji or sticker in a line: what it is called, and by whom it is."""
    by = picture.get("user")
    return f"{picture['id']} {picture['name']}" + (f" by {by['username']}" if by else "")
