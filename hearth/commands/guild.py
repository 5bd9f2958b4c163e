"""`hearth admin guild`."""

import click

from hearth.commands.operator import Operator, be_sure, by_operator, irrevocable, paged, size, some

KINDS = {
    0: "text",
    2: "voice",
    4: "category",
    5: "announcements",
    13: "stage",
    15: "forum",
    16: "media",
}
"""What channels of these types are called where people read it."""


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


@guild.command("list")
@paged
@by_operator
def list_guilds(operator: Operator, after: int, limit: int) -> None:
    """List guilds, by id, with their members and what their files take."""
    value = operator.call("list_guilds", {"after": after, "limit": limit})
    operator.lines(
        value,
        (
            f"{g['id']} {g['name']}: {some(g['members'], 'member')},"
            f" {size(g['file_bytes'])} of files"
            for g in value["guilds"]
        ),
    )


@guild.command("show")
@click.argument("name", metavar="GUILD")
@by_operator
def show_guild(operator: Operator, name: str) -> None:
    """Show a guild, its owner and its channels."""
    value = operator.call("show_guild", {"guild": name})
    lines = [
        f"{value['id']} {value['name']}, of {value['owner']}, since {value['created_at']}",
        f"{some(value['members'], 'member')}, {some(value['roles'], 'role')},"
        f" {some(value['files'], 'file')} ({size(value['file_bytes'])})",
        *(
            f"{each['id']} {each['name']} ({KINDS.get(each['type'], each['type'])})"
            for each in value["channel_list"]
        ),
    ]
    operator.lines(value, lines)


@guild.command("members")
@click.argument("name", metavar="GUILD")
@paged
@by_operator
def list_members(operator: Operator, name: str, after: int, limit: int) -> None:
    """List a guild's members, by id."""
    wish = {"guild": name, "after": after, "limit": limit}
    value = operator.call("list_members_as_operator", wish)
    operator.lines(
        value,
        (
            f"{m['user']['id']} {m['user']['username']} since {m['joined_at']}"
            for m in value["members"]
        ),
    )


@guild.command("usage")
@click.argument("name", metavar="[GUILD]", required=False)
@by_operator
def measure_guilds(operator: Operator, name: str | None) -> None:
    """Measure what the messages and files of a guild take, or those of each."""
    names = [name] if name is not None else operator.guilds()
    value = {"guilds": [operator.call("measure_guild", {"guild": each}) for each in names]}
    operator.lines(
        value,
        (
            f"{g['id']} {g['name']}: {some(g['messages'], 'message')}"
            f" ({size(g['message_bytes'])}), {some(g['files'], 'file')} ({size(g['file_bytes'])})"
            for g in value["guilds"]
        ),
    )


@guild.command("delete")
@click.argument("name", metavar="GUILD")
@irrevocable
@by_operator
def delete_guild(operator: Operator, name: str, yes: bool) -> None:
    """Delete a guild with all in it, for good."""
    be_sure(f"Delete {name} with all its channels and messages, for good?", yes)
    value = operator.call("delete_guild_as_operator", {"guild": name})
    operator.show(value, f"{name} is deleted.")


@guild.command("transfer")
@click.argument("name", metavar="GUILD")
@click.argument("user_name", metavar="USER")
@by_operator
def transfer_guild(operator: Operator, name: str, user_name: str) -> None:
    """Make a member the owner of a guild."""
    value = operator.call("transfer_guild", {"guild": name, "user": user_name})
    operator.show(value, f"{user_name} owns {name}.")
