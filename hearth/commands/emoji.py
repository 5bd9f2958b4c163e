"""`hearth admin emoji`."""

import click

from hearth.commands.operator import Operator, by_operator, made


@click.group()
def emoji() -> None:
    """Emojis of guilds."""


@emoji.command("list")
@click.argument("guild_name", metavar="GUILD")
@by_operator
def list_emojis(operator: Operator, guild_name: str) -> None:
    """List a guild's emojis, and who made them."""
    value = operator.call("list_emojis_as_operator", {"guild": guild_name})
    operator.lines(value, map(made, value["emojis"]))


@emoji.command("delete")
@click.argument("guild_name", metavar="GUILD")
@click.argument("name", metavar="EMOJI")
@by_operator
def delete_emoji(operator: Operator, guild_name: str, name: str) -> None:
    """Delete an emoji with its picture; messages keep its name."""
    value = operator.call("delete_emoji", {"guild": guild_name, "emoji": name})
    operator.show(value, f"{name} is deleted.")
