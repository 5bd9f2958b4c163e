"""`hearth admin role`."""

import click

from hearth.commands.operator import Operator, by_operator


@click.group()
def role() -> None:
    """Roles of guilds."""


@role.command("list")
@click.argument("guild_name", metavar="GUILD")
@by_operator
def list_roles(operator: Operator, guild_name: str) -> None:
    """List a guild's roles."""
    value = operator.call("list_roles_as_operator", {"guild": guild_name})
    roles = sorted(value["roles"], key=lambda each: -each["position"])
    operator.lines(value, (f"{r['id']} {r['name']} {r['permissions']}" for r in roles))


@role.command("grant")
@click.argument("guild_name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@click.argument("role_name", metavar="ROLE")
@by_operator
def grant_role(operator: Operator, guild_name: str, user_name: str, role_name: str) -> None:
    """Give a member a role."""
    wish = {"guild": guild_name, "user": user_name, "role": role_name}
    value = operator.call("grant_role", wish)
    operator.show(value, f"{user_name} has {role_name} in {guild_name}.")


@role.command("revoke")
@click.argument("guild_name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@click.argument("role_name", metavar="ROLE")
@by_operator
def revoke_role(operator: Operator, guild_name: str, user_name: str, role_name: str) -> None:
    """Take a role from a member."""
    wish = {"guild": guild_name, "user": user_name, "role": role_name}
    value = operator.call("revoke_role", wish)
    operator.show(value, f"{user_name} has {role_name} in {guild_name} no more.")
