"""`hearth admin user`: people's accounts, and bots' as far as they are alike."""

import os
import shutil
import sys
from pathlib import Path

import click

from hearth.commands.operator import Operator, be_sure, by_operator, irrevocable, paged, some


@click.group()
def user() -> None:
    """People's accounts."""


@user.command("create")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", is_flag=True, help="Print a link by which they set their password.")
@by_operator
def create_user(operator: Operator, name: str, password_stdin: bool, link: bool) -> None:
    """Make an account and print its first token."""
    if link and password_stdin:
        raise click.UsageError("Give a password, or let them set it by a link.")
    password = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not link:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    made = operator.call("create_user", {"username": name, "password": password})
    if link:
        made |= operator.call("create_reset_link", {"user": made["id"]})
    text = f"Made {made['username']} ({made['id']}). Token: {made['token']}"
    operator.show(made, f"{text}\n{made['link']}" if link else text)


@user.command("token")
@click.argument("name", metavar="USER")
@by_operator
def create_token(operator: Operator, name: str) -> None:
    """Print one more token of a user or bot."""
    made = operator.call("create_token", {"user": name})
    operator.show(made, made["token"])


@user.command("reset")
@click.argument("name", metavar="USER")
@by_operator
def reset_user(operator: Operator, name: str) -> None:
    """Print a link by which a person sets a new password; good once, for a day."""
    made = operator.call("create_reset_link", {"user": name})
    operator.show(made, made["link"])


@user.command("disable")
@click.argument("name", metavar="USER")
@by_operator
def disable_user(operator: Operator, name: str) -> None:
    """End all sessions of a person or bot and let them in no more."""
    operator.call("suspend_user", {"user": name})
    operator.show({}, f"{name} is not let in any more.")


@user.command("enable")
@click.argument("name", metavar="USER")
@by_operator
def enable_user(operator: Operator, name: str) -> None:
    """Let a person or bot in again."""
    operator.call("restore_user", {"user": name})
    operator.show({}, f"{name} may log in again.")


@user.command("delete")
@click.argument("name", metavar="USER")
@click.option("--purge", is_flag=True, help="Delete what they wrote, too.")
@irrevocable
@by_operator
def delete_user(operator: Operator, name: str, purge: bool, yes: bool) -> None:
    """Delete a person with their bots, or a bot, for good."""
    wrote = ", and all that they wrote" if purge else ""
    be_sure(f"Delete {name}{wrote}, for good?", yes)
    operator.call("delete_user", {"user": name, "purge": purge})
    operator.show({}, f"{name} is deleted.")


@user.command("export")
@click.argument("name", metavar="USER")
@click.argument("file", type=click.Path(path_type=Path))
@by_operator
def export_user(operator: Operator, name: str, file: Path) -> None:
    """Write all data of a person or bot into a new zip file, and the operator log that you did."""
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


@user.command("list")
@paged
@by_operator
def list_users(operator: Operator, after: int, limit: int) -> None:
    """List people, by id."""
    value = operator.call("list_users", {"after": after, "limit": limit})
    operator.lines(value, (f"{u['id']} {u['username']} {u['state']}" for u in value["users"]))


@user.command("show")
@click.argument("name", metavar="USER")
@by_operator
def show_user(operator: Operator, name: str) -> None:
    """Show a person or bot: what they are and where they are members."""
    value = operator.call("show_account", {"user": name})
    kind = "bot" if value["bot"] else "person"
    factor = "a second factor" if value["mfa"] else "no second factor"
    lines = [
        f"{value['id']} {value['username']}, {kind}, {value['state']}, since {value['created_at']}",
        f"{some(value['sessions'], 'session')}, {factor}",
        *(f"bot {each}" for each in value["bots"]),
        *(
            f"{'owns' if each['owner'] else 'is in'} {each['name']} ({each['id']})"
            for each in value["guilds"]
        ),
    ]
    operator.lines(value, lines)


@user.command("sessions")
@click.argument("name", metavar="USER")
@by_operator
def list_sessions(operator: Operator, name: str) -> None:
    """List where a person or bot is logged in; the ids are for `user logout`."""
    value = operator.call("list_sessions", {"user": name})
    operator.lines(
        value,
        (
            f"{s['id']} {s['os'] or '-'} {s['platform'] or '-'} last used {s['last_used_at']}"
            for s in value["sessions"]
        ),
    )


@user.command("logout")
@click.argument("name", metavar="USER")
@click.option("--session", metavar="ID", help="Only this one.")
@by_operator
def logout_user(operator: Operator, name: str, session: str | None) -> None:
    """End the sessions of a person or bot; their tokens are void."""
    value = operator.call("end_sessions", {"user": name, "session": session})
    operator.show(value, f"Ended {some(value['ended'], 'session')} of {name}.")
