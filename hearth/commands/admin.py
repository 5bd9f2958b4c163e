"""`hearth admin`: the group itself, and the commands that are about no one noun."""

import sys
from pathlib import Path

import click

from hearth.commands.operator import Operator, by_operator, size
from hearth.commands.settings import settings


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="Settings, a TOML file.")
@click.option("--data", help="The server's data directory; default ./data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.pass_context
def admin(context: click.Context, config: Path | None, data: str | None, as_json: bool) -> None:
    """Manage people, guilds and bots, and look after the data."""
    context.obj = Operator(settings(config, data), config, as_json)


@admin.command()
@by_operator
def claim(operator: Operator) -> None:
    """Print a link by which an owner makes their account; good once, for a day."""
    made = operator.call("create_claim_link")
    operator.show(made, made["link"])


@admin.command()
@click.argument("user_name", metavar="USER")
@click.argument("channel")
@click.argument("permission")
@by_operator
def why(operator: Operator, user_name: str, channel: str, permission: str) -> None:
    """Print the chain of roles and overwrites that decides a permission."""
    wish = {"user": user_name, "channel": channel, "permission": permission}
    value = operator.call("explain_permission", wish)
    operator.show(value, "\n".join(value["because"]))


@admin.command()
@click.argument("channel", type=int)
@click.option("--limit", type=int, default=50, help="How many of the newest.")
@by_operator
def messages(operator: Operator, channel: int, limit: int) -> None:
    """Print the newest messages of a channel; the operator log keeps that you did."""
    value = operator.call("read_messages", {"channel": channel, "limit": limit})
    lines = [
        f"{m['id']} {m['timestamp']} {m['author']}: "
        + " + ".join(filter(None, [m["content"], *m["attachments"]]))
        for m in value["messages"]
    ]
    if value["private"]:
        lines.insert(0, "This channel is private. The operator log has that you read it.")
    operator.show(value, "\n".join(lines))


@admin.command()
@click.option("--limit", type=int, default=50, help="How many of the newest.")
@by_operator
def log(operator: Operator, limit: int) -> None:
    """Print what operators have looked at, newest first."""
    value = operator.call("read_operator_log", {"limit": limit})
    entries = value["entries"]
    lines = [f"{e['timestamp']} uid={e['uid']} {e['action']} {e['target']}" for e in entries]
    operator.show(value, "\n".join(lines))


@admin.group()
def search() -> None:
    """The index that messages are found by."""


@search.command("rebuild")
@by_operator
def rebuild_search(operator: Operator) -> None:
    """Throw the index away and make it anew, beside everything else."""
    value = operator.call("rebuild_search")
    operator.show(
        value, f"The index of {value['documents']} messages is thrown away and made anew."
    )


@admin.command()
@by_operator
def stats(operator: Operator) -> None:
    """Print how much there is of everything, and what the disk holds."""
    value = operator.call("show_stats")
    totals, search = dict(value["totals"]), value["search"]
    lines = [f"version {value['version']}", f"messages {value['messages']}"]
    files = f" ({size(totals.pop('file_bytes'))})"
    lines += [f"{name} {count}{files if name == 'files' else ''}" for name, count in totals.items()]
    if search is not None:
        lines.append(f"search {search['documents']} messages, {search['behind_s']} s behind")
    lines += [
        f"voice process {each['process']} pid {each['pid']} UDP port {each['port']}"
        f" rooms {each['rooms']} people {each['peers']} late {each['lag_s'] * 1000:.0f} ms"
        f" memory {size(each['resident_bytes'])} restarts {each['restarts']}"
        for each in value["voice"]
    ]
    lines += [f"disk {name} {size(taken)}" for name, taken in value["disk"].items()]
    operator.lines(value, [*lines, f"disk free {size(value['disk_free'])}"])


@admin.command()
@by_operator
def check(operator: Operator) -> None:
    """Check that log, metadata and journal agree; exit 1 and name what does not."""
    value = operator.call("check_storage")
    faults = value["faults"]
    operator.show(value, "\n".join(faults) or "All is well.")
    if faults:
        sys.exit(1)
