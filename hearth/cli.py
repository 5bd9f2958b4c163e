"""The `hearth` command: gathers the commands of hearth/commands."""

import click

from hearth import __version__
from hearth.commands.admin import admin
from hearth.commands.backup import backup, restore
from hearth.commands.ban import ban
from hearth.commands.bot import bot
from hearth.commands.cert import cert
from hearth.commands.doctor import doctor
from hearth.commands.emoji import emoji
from hearth.commands.guild import guild
from hearth.commands.invite import invite
from hearth.commands.message import message
from hearth.commands.role import role
from hearth.commands.serve import serve
from hearth.commands.sticker import sticker
from hearth.commands.user import user


@click.group()
@click.version_option(__version__, prog_name="hearth")
def main() -> None:
    """Hearth, a chat server that communities run themselves."""


main.add_command(serve)
main.add_command(admin)
main.add_command(doctor)
for each in (user, guild, bot, invite, role, ban, emoji, sticker, message, cert, backup, restore):
    admin.add_command(each)
