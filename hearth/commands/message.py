"""`hearth admin message`."""

import click

from hearth.commands.operator import Operator, by_operator, size


@click.group()
def message() -> None:
    """Single messages; `messages` reads a channel's."""


@message.command("show")
@click.argument("channel", type=int)
@click.argument("message_id", metavar="MESSAGE", type=int)
@by_operator
def show_message(operator: Operator, channel: int, message_id: int) -> None:
    """Print a message; the operator log keeps that you did."""
    value = operator.call("show_message", {"channel": channel, "message": message_id})
    one = value["message"]
    lines = [
        f"{one['timestamp']} {one['author']['username']}: {one['content']}",
        *(f"{each['filename']} ({size(each['size'])})" for each in one["attachments"]),
    ]
    if value["private"]:
        lines.insert(0, "This channel is private. The operator log has that you read it.")
    operator.lines(value, lines)


@message.command("delete")
@click.argument("channel", type=int)
@click.argument("message_id", metavar="MESSAGE", type=int)
@by_operator
def delete_message(operator: Operator, channel: int, message_id: int) -> None:
    """Delete a message, whoever wrote it."""
    wish = {"channel": channel, "message": message_id}
    value = operator.call("delete_message_as_operator", wish)
    operator.show(value, f"Message {message_id} is deleted.")
