"""`hearth admin invite`."""

import click

from hearth.commands.operator import Operator, by_operator


@click.group()
def invite() -> None:
    """Invites to guilds."""


@invite.command("list")
@click.argument("guild_name", metavar="GUILD")
@by_operator
def list_invites(operator: Operator, guild_name: str) -> None:
    """List a guild's invites."""
    value = operator.call("list_invites_as_operator", {"guild": guild_name})
    operator.lines(
        value,
        (
            f"{i['code']} to {i['channel']['name']}, used {i['uses']} times,"
            f" until {i['expires_at'] or 'it is taken back'}"
            for i in value["invites"]
        ),
    )


@invite.command("create")
@click.argument("channel", type=int)
@click.option("--max-age", type=int, default=86400, help="For how many seconds; 0 is for ever.")
@click.option("--max-uses", type=int, default=0, help="For how many people; 0 is any number.")
@by_operator
def create_invite(operator: Operator, channel: int, max_age: int, max_uses: int) -> None:
    """Make an invite to a channel and print its code."""
    wish = {"channel": channel, "max_age": max_age, "max_uses": max_uses}
    value = operator.call("create_invite", wish)
    operator.show(value, value["id"])


@invite.command("delete")
@click.argument("code")
@by_operator
def delete_invite(operator: Operator, code: str) -> None:
    """Take an invite back."""
    value = operator.call("delete_invite", {"code": code})
    operator.show(value, f"{code} leads nowhere any more.")
