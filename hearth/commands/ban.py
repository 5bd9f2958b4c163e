"""`hearth admin ban`."""

import click

from hearth.commands.operator import Operator, by_operator, paged


@click.group()
def ban() -> None:
    """Who may not come into a guild."""


@ban.command("list")
@click.argument("guild_name", metavar="GUILD")
@paged
@by_operator
def list_bans(operator: Operator, guild_name: str, after: int, limit: int) -> None:
    """List who is banned from a guild, by id."""
    wish = {"guild": guild_name, "after": after, "limit": limit}
    value = operator.call("list_bans_as_operator", wish)
    operator.lines(
        value,
        (
            f"{b['user']['id']} {b['user']['username']}: {b['reason'] or 'no reason given'}"
            for b in value["bans"]
        ),
    )


@ban.command("add")
@click.argument("guild_name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@click.option("--reason", help="What the audit log says.")
@click.option(
    "--delete-message-seconds",
    "seconds",
    type=int,
    default=0,
    help="Of how many seconds their messages go, up to seven days.",
)
@by_operator
def add_ban(
    operator: Operator, guild_name: str, user_name: str, reason: str | None, seconds: int
) -> None:
    """Ban a user from a guild, a member or not."""
    wish = {"guild": guild_name, "user": user_name, "reason": reason}
    value = operator.call("add_ban", {**wish, "delete_message_seconds": seconds})
    operator.show(value, f"{user_name} is banned from {guild_name}.")


@ban.command("remove")
@click.argument("guild_name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@by_operator
def remove_ban(operator: Operator, guild_name: str, user_name: str) -> None:
    """Lift a ban; the user needs an invite to come back."""
    value = operator.call("remove_ban", {"guild": guild_name, "user": user_name})
    operator.show(value, f"{user_name} may come to {guild_name} again.")
