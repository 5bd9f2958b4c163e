"""discord.py logs in and fills its caches: guild, channels, roles, members, application."""

import discord
import pytest

from tests.conformance.discord_py.conftest import ADMINISTRATOR, Den


async def test_login_fills_the_caches(den: Den) -> None:
    bot = await den.bot()
    assert bot.user is not None
    assert (bot.user.id, bot.user.name, bot.user.bot) == (bot.account.id, bot.account.name, True)
    assert bot.application_id == bot.account.id
    assert [guild.id for guild in bot.guilds] == [den.guild_id]
    guild = den.guild(bot)
    assert (guild.name, guild.unavailable, guild.large) == ("Den", False, False)
    assert guild.owner_id == den.ann.id
    assert guild.owner is not None
    assert guild.member_count == 3
    assert {member.id for member in guild.members} == {den.ann.id, den.bob.id, bot.account.id}
    assert guild.chunked
    assert [channel.name for channel in guild.text_channels] == ["general"]
    assert [channel.name for channel in guild.voice_channels] == ["General"]
    assert [channel.name for channel in guild.categories] == ["Text Channels", "Voice Channels"]
    assert den.text(bot).category == guild.categories[0]
    assert guild.system_channel == den.text(bot)
    assert guild.default_role.id == guild.id
    own = guild.self_role
    assert own is not None
    assert own.is_bot_managed()
    assert guild.me.roles == [guild.default_role, own]
    assert guild.me.guild_permissions.administrator
    assert guild.me.joined_at is not None
    assert guild.me.top_role == own


async def test_events_of_the_login_come_in_order(den: Den) -> None:
    bot = await den.bot()
    names = bot.names()
    assert [name for name in names if name in ("connect", "ready", "guild_available")] == [
        "connect",
        "guild_available",
        "ready",
    ]
    assert "guild_join" not in names


async def test_only_visible_channels_are_in_the_cache(den: Den) -> None:
    hide = {"type": 0, "deny": str(1 << 10)}
    answer = await den.ann.put(f"/channels/{den.channel_id}/permissions/{den.guild_id}", hide)
    assert answer.status == 204
    bot = await den.bot(permissions=0)
    assert den.guild(bot).get_channel(den.channel_id) is None
    assert [channel.name for channel in den.guild(bot).voice_channels] == ["General"]


async def test_fetched_objects_are_those_of_the_cache(den: Den) -> None:
    bot = await den.bot()
    guild = await bot.fetch_guild(den.guild_id)
    assert (guild.name, guild.approximate_member_count) == ("Den", 3)
    assert [guild.id async for guild in bot.fetch_guilds()] == [den.guild_id]
    assert await bot.fetch_channel(den.channel_id) == den.text(bot)
    assert await den.guild(bot).fetch_channels() == list(den.guild(bot).channels)
    assert await den.guild(bot).fetch_roles() == list(den.guild(bot).roles)
    member = await den.guild(bot).fetch_member(den.bob.id)
    assert member == den.guild(bot).get_member(den.bob.id)
    assert member.name == den.bob.name
    assert (await bot.fetch_user(den.ann.id)).name == den.ann.name
    application = await bot.application_info()
    assert application.id == bot.account.id
    assert application.owner.id == den.ann.id


async def test_joining_a_guild_is_told_as_joining(den: Den) -> None:
    bot = await den.bot()
    guild_id, channel_id = den.server.guild("Second", den.ann.name)
    den.server.operate(
        "join_bot", {"user": bot.account.name, "permissions": ADMINISTRATOR}, guild_id=guild_id
    )
    joined = await bot.told("guild_join")
    assert joined.id == guild_id
    assert joined.get_channel(channel_id) is not None
    assert joined.me.guild_permissions.administrator


async def test_a_wrong_token_is_a_login_failure(den: Den) -> None:
    bot = den.client(den.account())
    with pytest.raises(discord.LoginFailure):
        await bot.start(f"{bot.account.token[:-4]}xxxx")


async def test_an_application_may_ask_for_every_privileged_intent(den: Den) -> None:
    bot = await den.bot()
    flags = (await bot.application_info()).flags
    assert flags.gateway_presence_limited
    assert flags.gateway_guild_members_limited
    assert flags.gateway_message_content_limited


async def test_a_sharded_client_gets_its_guild_on_the_right_shard(den: Den) -> None:
    shard = (den.guild_id >> 22) % 2
    there = await den.bot(shard_id=shard, shard_count=2)
    assert [guild.id for guild in there.guilds] == [den.guild_id]
    assert den.guild(there).shard_id == shard
    elsewhere = await den.bot(shard_id=1 - shard, shard_count=2)
    assert list(elsewhere.guilds) == []
