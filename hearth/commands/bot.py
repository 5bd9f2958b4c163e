"""`hearth admin bot`."""

import click

from hearth.commands.operator import Operator, by_operator, paged


@click.group()
def bot() -> None:
    """Bots."""


@bot.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="USER", help="Whose bot it is, by name or id.")
@click.option("--guild", "guild_name", metavar="GUILD", help="A guild to join at once.")
@click.option("--permissions", type=int, default=0, help="What the bot's role allows there.")
@by_operator
def create_bot(
    operator: Operator,
    name: str,
    owner: str,
    guild_name: str | None,
    permissions: int,
) -> None:
    """Make a bot and print its token."""
    guild_id = None if guild_name is None else operator.guild(guild_name)
    made = operator.call("create_bot", {"username": name, "owner": owner})
    if guild_id is not None:
        wish = {"user": made["user_id"], "permissions": permissions}
        operator.call("join_bot", wish, guild_id=guild_id)
    operator.show(made, f"Made the bot {name} ({made['user_id']}). Token: {made['token']}")


@bot.command("list")
@paged
@by_operator
def list_bots(operator: Operator, after: int, limit: int) -> None:
    """List bots, by id, and whose they are."""
    value = operator.call("list_bots", {"after": after, "limit": limit})
    operator.lines(
        value,
        (f"{b['id']} {b['username']} of {b['owner']} {b['state']}" for b in value["bots"]),
    )


@bot.command("token")
@click.argument("name", metavar="USER")
@by_operator
def reset_token(operator: Operator, name: str) -> None:
    """Void all tokens of a bot and print a new one."""
    value = operator.call("reset_bot_token", {"user": name})
    operator.show(value, value["token"])
