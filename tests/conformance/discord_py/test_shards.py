"""discord.py with shards of its own making, and the members that it asks for."""

import discord

from tests.conformance.discord_py.conftest import ADMINISTRATOR, Bot, Den


class Sharded(Bot, discord.AutoShardedClient):
    """An AutoShardedClient that remembers all it was told."""


async def test_an_auto_sharded_client_has_guilds_on_both_shards(den: Den) -> None:
    account = den.account()
    guilds = {den.guild_id: den.channel_id}
    while len({(guild_id >> 22) % 2 for guild_id in guilds}) < 2:
        guild_id, channel_id = den.server.guild("Other", den.ann.name)
        guilds[guild_id] = channel_id
        den.server.operate(
            "join_bot",
            {"user": account.name, "permissions": ADMINISTRATOR},
            guild_id=guild_id,
        )
    bot = Sharded(account, discord.Intents.all(), shard_count=2)
    den.bots.append(bot)
    bot.run_on()
    await bot.told("ready")
    assert sorted(bot.shards) == [0, 1]
    assert {guild.id for guild in bot.guilds} == set(guilds)
    for guild in bot.guilds:
        assert guild.shard_id == (guild.id >> 22) % 2
    for guild_id, channel_id in guilds.items():
        path = f"/channels/{channel_id}/messages"
        assert (await den.ann.post(path, {"content": str(guild_id)})).status == 200
        message = await bot.told("message")
        assert (message.content, message.guild.id) == (str(guild_id), guild_id)
    dm = await den.ann.post("/users/@me/channels", {"recipients": [str(account.id)]})
    answer = await den.ann.post(f"/channels/{dm.body['id']}/messages", {"content": "alone"})
    assert answer.status == 200, answer.body
    assert (await bot.told("message")).content == "alone"
    # It came once, though both shards are this bot's.
    assert sum(name == "message" for name in bot.names()) == len(guilds) + 1


async def test_a_client_without_a_number_of_shards_takes_one(den: Den) -> None:
    bot = Sharded(den.account(), discord.Intents.all())
    den.bots.append(bot)
    bot.run_on()
    await bot.told("ready")
    assert list(bot.shards) == [0]
    assert bot.shards[0].shard_count == 1


async def test_members_are_found_by_name_and_id(den: Den) -> None:
    bot = await den.bot(chunk_guilds_at_startup=False)
    guild = den.guild(bot)
    found = await guild.query_members(den.bob.name[:3], limit=100, cache=False)
    assert den.bob.id in {member.id for member in found}
    found = await guild.query_members(user_ids=[den.ann.id, 77], presences=True)
    assert [member.id for member in found] == [den.ann.id]
