"""`hearth admin`: people, guilds, bots and checks, by the running server or on its data."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from hearth.commands.settings import failures, settings
from hearth.config import Config
from hearth.net.admin import answer, ask
from hearth.server import AlreadyRunning, opened, run

_READS = frozenset(
    {
        "find_guild",
        "explain_permission",
        "check_storage",
        "read_messages",
        "read_operator_log",
        "export_user",
        "rebuild_search",
    }
)
"""The operations that change nothing which sessions know of."""


class Operator:
    """Calls operations: of the server that runs on the data, else on the data itself."""

    def __init__(self, config: Config, as_json: bool) -> None:
        self.config = config
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


pass_operator = click.make_pass_decorator(Operator)


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="Settings, a TOML file.")
@click.option("--data", help="The server's data directory; default ./data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.pass_context
def admin(context: click.Context, config: Path | None, data: str | None, as_json: bool) -> None:
    """Manage people, guilds and bots, and look after the data."""
    context.obj = Operator(settings(config, data), as_json)


@admin.group()
def user() -> None:
    """People's accounts."""


@user.command("create")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def create_user(operator: Operator, name: str, password_stdin: bool, as_json: bool) -> None:
    """Make an account and print its first token."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    operator.as_json |= as_json
    made = operator.call("create_user", {"username": name, "password": password})
    operator.show(made, f"Made {made['username']} ({made['id']}). Token: {made['token']}")


@user.command("token")
@click.argument("name", metavar="USER")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def create_token(operator: Operator, name: str, as_json: bool) -> None:
    """Print one more token of a user or bot."""
    operator.as_json |= as_json
    made = operator.call("create_token", {"user": name})
    operator.show(made, made["token"])


@user.command("reset")
@click.argument("name", metavar="USER")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def reset_user(operator: Operator, name: str, as_json: bool) -> None:
    """Print a link by which a person sets a new password; good once, for a day."""
    operator.as_json |= as_json
    made = operator.call("create_reset_link", {"user": name})
    operator.show(made, made["link"])


@user.command("disable")
@click.argument("name", metavar="USER")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def disable_user(operator: Operator, name: str, as_json: bool) -> None:
    """End all sessions of a person or bot and let them in no more."""
    operator.as_json |= as_json
    operator.call("suspend_user", {"user": name})
    operator.show({}, f"{name} is not let in any more.")


@user.command("enable")
@click.argument("name", metavar="USER")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def enable_user(operator: Operator, name: str, as_json: bool) -> None:
    """Let a person or bot in again."""
    operator.as_json |= as_json
    operator.call("restore_user", {"user": name})
    operator.show({}, f"{name} may log in again.")


@user.command("delete")
@click.argument("name", metavar="USER")
@click.option("--purge", is_flag=True, help="Delete what they wrote, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def delete_user(operator: Operator, name: str, purge: bool, as_json: bool) -> None:
    """Delete a person with their bots, or a bot, for good."""
    operator.as_json |= as_json
    operator.call("delete_user", {"user": name, "purge": purge})
    operator.show({}, f"{name} is deleted.")


@user.command("export")
@click.argument("name", metavar="USER")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def export_user(operator: Operator, name: str, file: Path, as_json: bool) -> None:
    """Write all data of a person or bot into a new zip file, and the operator log that you did."""
    operator.as_json |= as_json
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be made: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as copy:
            made = Path(operator.call("export_user", {"user": name})["path"])
            with made.open("rb") as source:
                shutil.copyfileobj(source, copy)
            made.unlink()
    except BaseException:
        file.unlink()
        raise
    operator.show({"file": str(file)}, f"{file} has the data of {name}.")


@admin.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def claim(operator: Operator, as_json: bool) -> None:
    """Print a link by which an owner makes their account; good once, for a day."""
    operator.as_json |= as_json
    made = operator.call("create_claim_link")
    operator.show(made, made["link"])


@admin.group()
def guild() -> None:
    """Guilds."""


@guild.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="USER", help="Who owns it, by name or id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def create_guild(operator: Operator, name: str, owner: str, as_json: bool) -> None:
    """Make a guild with a text and a voice channel."""
    operator.as_json |= as_json
    made = operator.call("create_guild", {"name": name, "owner": owner})
    operator.show(made, f"Made the guild {name} ({made['id']}).")


@guild.command("join")
@click.argument("guild_name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def join_guild(operator: Operator, guild_name: str, user_name: str, as_json: bool) -> None:
    """Make a user a member of a guild."""
    operator.as_json |= as_json
    guild_id = operator.guild(guild_name)
    operator.call("join_guild", {"user": user_name}, guild_id=guild_id)
    operator.show({}, f"{user_name} is a member of {guild_name}.")


@admin.group()
def bot() -> None:
    """Bots."""


@bot.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="USER", help="Whose bot it is, by name or id.")
@click.option("--guild", "guild_name", metavar="GUILD", help="A guild to join at once.")
@click.option("--permissions", type=int, default=0, help="What the bot's role allows there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def create_bot(
    operator: Operator,
    name: str,
    owner: str,
    guild_name: str | None,
    permissions: int,
    as_json: bool,
) -> None:
    """Make a bot and print its token."""
    operator.as_json |= as_json
    guild_id = None if guild_name is None else operator.guild(guild_name)
    made = operator.call("create_bot", {"username": name, "owner": owner})
    if guild_id is not None:
        wish = {"user": made["user_id"], "permissions": permissions}
        operator.call("join_bot", wish, guild_id=guild_id)
    operator.show(made, f"Made the bot {name} ({made['user_id']}). Token: {made['token']}")


@admin.command()
@click.argument("user_name", metavar="USER")
@click.argument("channel")
@click.argument("permission")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def why(operator: Operator, user_name: str, channel: str, permission: str, as_json: bool) -> None:
    """Print the chain of roles and overwrites that decides a permission."""
    operator.as_json |= as_json
    wish = {"user": user_name, "channel": channel, "permission": permission}
    value = operator.call("explain_permission", wish)
    operator.show(value, "\n".join(value["because"]))


@admin.command()
@click.argument("channel", type=int)
@click.option("--limit", type=int, default=50, help="How many of the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def messages(operator: Operator, channel: int, limit: int, as_json: bool) -> None:
    """Print the newest messages of a channel; the operator log keeps that you did."""
    operator.as_json |= as_json
    value = operator.call("read_messages", {"channel": channel, "limit": limit})
    lines = [f"{m['timestamp']} {m['author']}: {m['content']}" for m in value["messages"]]
    if value["private"]:
        lines.insert(0, "This channel is private. The operator log has that you read it.")
    operator.show(value, "\n".join(lines))


@admin.command()
@click.option("--limit", type=int, default=50, help="How many of the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def log(operator: Operator, limit: int, as_json: bool) -> None:
    """Print what operators have looked at, newest first."""
    operator.as_json |= as_json
    value = operator.call("read_operator_log", {"limit": limit})
    entries = value["entries"]
    lines = [f"{e['timestamp']} uid={e['uid']} {e['action']} {e['target']}" for e in entries]
    operator.show(value, "\n".join(lines))


@admin.group()
def search() -> None:
    """The index that messages are found by."""


@search.command("rebuild")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def rebuild_search(operator: Operator, as_json: bool) -> None:
    """Throw the index away and make it anew, beside everything else."""
    operator.as_json |= as_json
    value = operator.call("rebuild_search")
    operator.show(
        value, f"The index of {value['documents']} messages is thrown away and made anew."
    )


@admin.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@pass_operator
def check(operator: Operator, as_json: bool) -> None:
    """Check that log, metadata and journal agree; exit 1 and name what does not."""
    operator.as_json |= as_json
    value = operator.call("check_storage")
    faults = value["faults"]
    operator.show(value, "\n".join(faults) or "All is well.")
    if faults:
        sys.exit(1)
