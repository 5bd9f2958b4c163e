"""discord.py calls every CORE operation for which it has a method, and reads what is not there."""

import inspect
import json
import re

import discord
import pytest

from hearth.actions.all import MODULES
from hearth.actions.elsewhere import ELSEWHERE
from hearth.core.errors import Refused
from hearth.core.operations import OPERATIONS
from hearth.net.rest.routes import Routes
from tests.conformance.discord_py.conftest import Den
from tests.conformance.facts import FACTS
from tests.conformance.witness import FILE

assert MODULES

ROUTES = Routes([*OPERATIONS.values(), *ELSEWHERE.values()])
CORE = {name for name, facts in FACTS["operations"].items() if facts["class"] == "CORE"}

WAITING: dict[str, str] = {}
"""Methods of discord.py that cannot succeed yet, and why."""


def test_every_core_operation_with_a_method_is_driven() -> None:
    methods: set[str] = set()
    for method, path in re.findall(
        r"Route\(\s*'([A-Z]+)',\s*f?'([^']+)'", inspect.getsource(discord.http)
    ):
        try:
            methods.add(ROUTES.find(method, re.sub(r"{\w+}", "1", path))[0].name)
        except Refused:
            continue
    driven = {*json.loads(FILE.read_text())["discord.py"]}
    assert len(methods & CORE) > 55
    assert methods & CORE - driven == {*WAITING} & methods


async def test_members_of_roles_are_counted(den: Den) -> None:
    bot = await den.bot()
    guild = den.guild(bot)
    role = await guild.create_role(name="crew")
    bob = guild.get_member(den.bob.id)
    assert bob is not None
    await bob.add_roles(role)
    counts = await guild.role_member_counts()
    assert counts[role] == 1


async def test_a_bot_takes_another_name(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    assert bot.user is not None
    name = f"{bot.user.name}x"
    edited = await bot.user.edit(username=name)
    assert edited.name == name
    before, after = await other.told("user_update")
    assert (f"{before.name}x", after.name) == (name, name)


async def test_what_is_not_there_yet_is_empty(den: Den) -> None:
    bot = await den.bot()
    guild, channel = den.guild(bot), den.text(bot)
    assert bot.application_id is not None
    found = [
        await guild.webhooks(),
        await channel.webhooks(),
        await guild.integrations(),
        await guild.templates(),
        await guild.fetch_stickers(),
        await guild.fetch_scheduled_events(),
        await guild.fetch_automod_rules(),
        await guild.active_threads(),
        await guild.fetch_soundboard_sounds(),
        [thread async for thread in channel.archived_threads()],
        [thread async for thread in channel.archived_threads(private=True, joined=True)],
        [thread async for thread in channel.archived_threads(private=True)],
        (await guild.welcome_screen()).welcome_channels,
        (await guild.onboarding()).prompts,
        await bot.fetch_application_emojis(),
        await bot.fetch_skus(),
        [one async for one in bot.entitlements()],
        await bot.fetch_premium_sticker_packs(),
        await bot.fetch_soundboard_default_sounds(),
        await bot.http.get_global_commands(bot.application_id),
        await bot.http.get_guild_commands(bot.application_id, guild.id),
        await bot.http.get_guild_application_command_permissions(bot.application_id, guild.id),
    ]
    assert found == [[]] * len(found)
    assert await guild.vanity_invite() is None


async def test_what_would_make_something_is_refused(den: Den) -> None:
    bot = await den.bot()
    tree = discord.app_commands.CommandTree(bot)
    for call in (
        den.text(bot).create_webhook(name="hook"),
        den.text(bot).create_thread(name="thread", type=discord.ChannelType.public_thread),
        tree.sync(),
    ):
        with pytest.raises(discord.Forbidden) as caught:
            await call
        assert caught.value.code == 40006
    webhook = discord.Webhook.partial(5, "x" * 68, client=bot)
    with pytest.raises(discord.NotFound) as missing:
        await webhook.send("nobody reads this")
    assert missing.value.code == 10015
