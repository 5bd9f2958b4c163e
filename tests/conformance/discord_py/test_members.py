"""discord.py reads members in chunks and by query, and changes, times out and removes them."""

from datetime import timedelta

import discord
import pytest

from tests.conformance.discord_py.conftest import Den


def member(den: Den, bot: discord.Client, user_id: int) -> discord.Member:
    """A member as a bot has it in its cache."""
    guild = bot.get_guild(den.guild_id)
    assert guild is not None
    found = guild.get_member(user_id)
    assert found is not None
    return found


async def test_timeout(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    bob = member(den, bot, den.bob.id)
    await bob.timeout(timedelta(minutes=10), reason="Calm down")
    _, after = await other.told("member_update")
    assert after.is_timed_out()
    assert after.timed_out_until is not None
    entry = await other.told("audit_log_entry_create")
    assert (entry.action, entry.reason) == (discord.AuditLogAction.member_update, "Calm down")
    assert entry.user_id == bot.account.id
    assert entry.target.id == den.bob.id
    assert not den.text(other).permissions_for(after).send_messages
    answer = await den.bob.post(f"/channels/{den.channel_id}/messages", {"content": "x"})
    assert (answer.status, answer.code) == (403, 50013)
    await bob.timeout(None)
    _, after = await other.told("member_update")
    assert not after.is_timed_out()
    await den.say(den.bob, "calm")


async def test_nobody_times_the_owner_out(den: Den) -> None:
    bot = await den.bot()
    with pytest.raises(discord.HTTPException):
        await member(den, bot, den.ann.id).timeout(timedelta(minutes=1))
    with pytest.raises(discord.HTTPException) as refused:
        await member(den, bot, den.bob.id).timeout(timedelta(days=29))
    assert refused.value.code == 50035


async def test_nick(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    edited = await member(den, bot, den.bob.id).edit(nick="Bobby")
    assert edited is not None
    assert edited.nick == "Bobby"
    before, after = await other.told("member_update")
    assert (before.nick, after.nick, after.display_name) == (None, "Bobby", "Bobby")
    await member(den, bot, den.bob.id).edit(nick=None)
    _, after = await other.told("member_update")
    assert after.nick is None
    with pytest.raises(discord.Forbidden) as refused:
        await member(den, bot, den.ann.id).edit(nick="Annie")
    assert refused.value.code == 50013


async def test_kick(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    await member(den, bot, den.bob.id).kick(reason="Rude — twice")
    assert (await other.told("member_remove")).id == den.bob.id
    assert (await other.told("raw_member_remove")).guild_id == den.guild_id
    assert den.guild(other).get_member(den.bob.id) is None
    assert den.guild(other).member_count == 3
    entry = await other.told("audit_log_entry_create")
    assert (entry.action, entry.reason) == (discord.AuditLogAction.kick, "Rude — twice")
    with pytest.raises(discord.NotFound) as unknown:
        await den.guild(bot).fetch_member(den.bob.id)
    assert unknown.value.code == 10007
    den.server.join(den.guild_id, den.bob.name)
    assert (await other.told("member_join")).id == den.bob.id


async def test_kicked_bot_leaves_its_guild(den: Den) -> None:
    bot, other = await den.bot(), await den.bot(1 << 10)
    await member(den, bot, other.account.id).kick()
    assert (await other.told("guild_remove")).id == den.guild_id
    assert list(other.guilds) == []
    await den.say(den.ann, "private")
    await bot.told("message")
    assert "message" not in other.names()


async def test_guild_is_chunked_at_the_start(den: Den) -> None:
    for _ in range(3):
        den.server.join(den.guild_id, den.person("p").name)
    intents = discord.Intents.all()
    intents.presences = False
    bot = await den.bot(intents=intents)
    guild = den.guild(bot)
    assert guild.chunked
    assert len(guild.members) == guild.member_count == 6


async def test_guild_is_chunked_on_request(den: Den) -> None:
    intents = discord.Intents.all()
    intents.presences = False
    bot = await den.bot(intents=intents, chunk_guilds_at_startup=False)
    guild = den.guild(bot)
    assert [each.id for each in guild.members] == [bot.account.id]
    assert not guild.chunked
    chunked = await guild.chunk()
    assert {each.id for each in chunked} == {den.ann.id, den.bob.id, bot.account.id}
    assert guild.chunked


async def test_members_are_queried(den: Den) -> None:
    bot = await den.bot(intents=discord.Intents.all(), chunk_guilds_at_startup=False)
    other = await den.bot(status=discord.Status.idle)
    guild = den.guild(bot)
    found = await guild.query_members(user_ids=[den.bob.id, den.ann.id, 1])
    assert {each.id for each in found} == {den.bob.id, den.ann.id}
    found = await guild.query_members(den.bob.name[:3].upper(), limit=5)
    assert den.bob.id in {each.id for each in found}
    assert await guild.query_members("nobody-is-called-so") == []
    found = await guild.query_members(user_ids=[other.account.id, den.bob.id], presences=True)
    status = {each.id: each.status for each in found}
    assert status == {other.account.id: discord.Status.idle, den.bob.id: discord.Status.offline}


async def test_presence_of_another_bot(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    game = discord.Game("chess")
    await other.change_presence(status=discord.Status.dnd, activity=game)
    _, after = await bot.told(
        "presence_update", lambda _, m: m.id == other.account.id and m.activity is not None
    )
    assert (after.status, after.activity) == (discord.Status.dnd, game)
    assert den.guild(bot).get_member(other.account.id).raw_status == "dnd"  # type: ignore
    await other.change_presence(status=discord.Status.invisible)
    _, after = await bot.told(
        "presence_update", lambda _, m: m.id == other.account.id and m.activity is None
    )
    assert after.status is discord.Status.offline
    assert all(args[1].id != bot.account.id for name, args in bot.seen if name == "presence_update")


async def test_presence_of_the_login(den: Den) -> None:
    bot = await den.bot()
    other = await den.bot(status=discord.Status.idle, activity=discord.CustomActivity("Here"))
    _, after = await bot.told("presence_update", lambda _, m: m.id == other.account.id)
    assert after.status is discord.Status.idle
    assert str(after.activity) == "Here"
    late = await den.bot()
    seen = member(den, late, other.account.id)
    assert (seen.status, str(seen.activity)) == (discord.Status.idle, "Here")
