"""discord.py on voice states, stages and statuses: who is where, moved, muted, asked to speak."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Bot, Den


async def enter(den: Den, bot: Bot, channel: discord.abc.Snowflake) -> None:
    """Be in a channel, without a voice connection."""
    await den.guild(bot).change_voice_state(channel=channel)
    await bot.told("voice_state_update", lambda m, _, now: m.id == bot.account.id and now.channel)


async def test_who_is_where(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    guild = den.guild(bot)
    one = await guild.create_voice_channel("one")
    two = await guild.create_voice_channel("two")
    await enter(den, other, one)
    member, _, now = await bot.told("voice_state_update")
    assert (member.id, now.channel) == (other.account.id, one)
    assert [each.id for each in one.members] == [other.account.id]
    fetched = await member.fetch_voice()
    assert (fetched.channel, fetched.mute, fetched.suppress) == (one, False, False)
    await member.edit(mute=True, deafen=True)
    _, _, now = await bot.told("voice_state_update", lambda _, __, now: now.mute)
    assert now.deaf
    await member.move_to(two)
    _, before, now = await bot.told("voice_state_update")
    assert (before.channel, now.channel) == (one, two)
    await member.move_to(None)
    _, before, now = await bot.told("voice_state_update")
    assert (before.channel, now.channel) == (two, None)
    with pytest.raises(discord.NotFound):
        await member.fetch_voice()


async def test_who_was_there_before(den: Den) -> None:
    other = await den.bot()
    lounge = den.guild(other).voice_channels[0]
    await enter(den, other, lounge)
    bot = await den.bot()
    (member,) = den.guild(bot).voice_channels[0].members
    assert member.id == other.account.id
    assert member.voice is not None


async def test_a_stage(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    guild = den.guild(bot)
    stage = await guild.create_stage_channel("stage")
    instance = await stage.create_instance(topic="news")
    assert (await bot.told("stage_instance_create")).topic == "news"
    await instance.edit(topic="more")
    _, after = await bot.told("stage_instance_update")
    assert after.topic == "more"
    assert (await stage.fetch_instance()).topic == "more"
    await enter(den, other, stage)
    await enter(den, bot, stage)
    assert guild.me.voice is not None
    assert guild.me.voice.suppress
    await guild.me.request_to_speak()
    await bot.told("voice_state_update", lambda _, __, now: now.requested_to_speak_at)
    await guild.me.edit(suppress=False)
    await bot.told("voice_state_update", lambda m, _, now: m == guild.me and not now.suppress)
    speaker = guild.get_member(other.account.id)
    assert speaker is not None
    await speaker.edit(suppress=False)
    await bot.told("voice_state_update", lambda m, _, now: m == speaker and not now.suppress)
    assert set(stage.speakers) == {guild.me, speaker}
    assert (await guild.me.fetch_voice()).channel == stage
    await instance.delete()
    assert (await bot.told("stage_instance_delete")).topic == "more"


async def test_what_a_channel_is_about(den: Den) -> None:
    bot = await den.bot()
    guild = den.guild(bot)
    channel = await guild.create_voice_channel("talk")
    await channel.edit(status="chess")
    told = await bot.told("socket_event_type", lambda name: name == "VOICE_CHANNEL_STATUS_UPDATE")
    assert told == "VOICE_CHANNEL_STATUS_UPDATE"
