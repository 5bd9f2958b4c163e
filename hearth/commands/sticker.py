"""`hearth admin sticker`."""

import click

from hearth.commands.operator import Operator, by_operator, made


@click.group()
def sticker() -> None:
    """Stickers of guilds."""


@sticker.command("list")
@click.argument("guild_name", metavar="GUILD")
@by_operator
def list_stickers(operator: Operator, guild_name: str) -> None:
    """List a guild's stickers, and who made them."""
    value = operator.call("list_stickers_as_operator", {"guild": guild_name})
    operator.lines(value, map(made, value["stickers"]))


@sticker.command("delete")
@click.argument("guild_name", metavar="GUILD")
@click.argument("name", metavar="STICKER")
@by_operator
def delete_sticker(operator: Operator, guild_name: str, name: str) -> None:
    """Delete a sticker with its picture; messages keep its name."""
    value = operator.call("delete_sticker", {"guild": guild_name, "sticker": name})
    operator.show(value, f"{name} is deleted.")
