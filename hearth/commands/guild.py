"""`hearth admin guild`."""

import click

from hearth.commands.operator import Operator, by_operator


@click.group()
def guild() -> None:
    """Guilds."""


@guild.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="USER", help="Who owns it, by name or id.")
@by_operator
def create_guild(operator: Operator, name: str, owner: str) -> None:
    """Make a guild with a text and a voice channel."""
    made = operator.call("create_guild", {"name": name, "owner": owner})
    operator.show(made, f"Made the guild {name} ({made['id']}).")


@guild.command("join")
@click.argument("guild_name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@by_operator
def join_guild(operator: Operator, guild_name: str, user_name: str) -> None:
    """Make a user a member of a guild."""
    guild_id = operator.guild(guild_name)
    operator.call("join_guild", {"user": user_name}, guild_id=guild_id)
    operator.show({}, f"{user_name} is a member of {guild_name}.")
