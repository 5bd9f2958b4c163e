"""discord.py makes, changes and deletes channels and their overwrites."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den

VIEW_SEND = 1 << 10 | 1 << 11


async def test_text_channel(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    made = await den.guild(bot).create_text_channel(
        "plans", topic="What next", slowmode_delay=5, nsfw=True, default_auto_archive_duration=60
    )
    assert (made.name, made.topic, made.slowmode_delay, made.nsfw) == (
        "plans",
        "What next",
        5,
        True,
    )
    assert made.default_auto_archive_duration == 60
    assert made.category is None
    told = await other.told("guild_channel_create")
    assert (told.id, told.topic) == (made.id, "What next")
    edited = await made.edit(name="done", topic=None, slowmode_delay=0, nsfw=False)
    assert edited is not None
    assert (edited.name, edited.slowmode_delay, edited.nsfw) == ("done", 0, False)
    assert not edited.topic
    before, after = await other.told("guild_channel_update")
    assert (before.name, after.name) == ("plans", "done")
    await made.delete()
    assert (await other.told("guild_channel_delete")).id == made.id
    assert den.guild(other).get_channel(made.id) is None
    with pytest.raises(discord.NotFound) as refused:
        await made.send("too late")
    assert refused.value.code == 10003


async def test_voice_channel_and_category(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    category = await den.guild(bot).create_category("Talks")
    assert (await other.told("guild_channel_create")).id == category.id
    voice = await category.create_voice_channel("Stage", bitrate=96000, user_limit=7)
    assert (voice.bitrate, voice.user_limit, voice.category) == (96000, 7, category)
    told = await other.told("guild_channel_create")
    assert told.category == den.guild(other).get_channel(category.id)
    text = await category.create_text_channel("notes")
    assert [channel.name for channel in category.channels] == ["notes", "Stage"]
    said = await voice.send("in the voice channel's chat")
    assert said.channel == voice
    edited = await voice.edit(name="Hall", bitrate=64000, user_limit=0)
    assert edited is not None
    assert (edited.name, edited.bitrate, edited.user_limit) == ("Hall", 64000, 0)
    moved = await text.edit(category=None)
    assert moved is not None
    assert moved.category is None
    await text.edit(category=category)
    await category.delete()
    await other.told("guild_channel_delete")
    there = den.guild(other).get_channel(voice.id)
    assert there is not None
    assert there.category is None


async def test_channel_in_a_category_takes_its_overwrites(den: Den) -> None:
    bot = await den.bot()
    guild = den.guild(bot)
    hidden = {guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    category = await guild.create_category("Hidden", overwrites=hidden)
    text = await category.create_text_channel("inside")
    assert text.overwrites == category.overwrites == hidden
    assert text.permissions_synced
    await text.set_permissions(guild.default_role, view_channel=True)
    await bot.told("guild_channel_update", lambda _, after: after.id == text.id)
    assert not text.permissions_synced
    await text.edit(sync_permissions=True)
    await bot.told("guild_channel_update", lambda _, after: after.id == text.id)
    assert text.overwrites == hidden


async def test_clone_takes_everything(den: Den) -> None:
    bot = await den.bot()
    guild = den.guild(bot)
    overwrites = {
        guild.default_role: discord.PermissionOverwrite(send_messages=False),
        guild.me: discord.PermissionOverwrite(send_messages=True, attach_files=False),
    }
    made = await guild.create_text_channel("one", topic="Both", overwrites=overwrites)
    cloned = await made.clone(name="two")
    assert cloned.id != made.id
    assert (cloned.name, cloned.topic) == ("two", "Both")
    assert cloned.overwrites == made.overwrites == overwrites


async def test_overwrites_are_set_and_deleted(den: Den) -> None:
    bot, other = await den.bot(), await den.bot(VIEW_SEND)
    channel = den.text(bot)
    bob = den.guild(bot).get_member(den.bob.id)
    assert bob is not None
    await channel.set_permissions(bob, send_messages=False, embed_links=True, reason="Loud")
    before, after = await other.told("guild_channel_update")
    assert before.overwrites == {}
    seen = after.overwrites_for(bob)
    assert (seen.send_messages, seen.embed_links, seen.view_channel) == (False, True, None)
    answer = await den.bob.post(f"/channels/{channel.id}/messages", {"content": "x"})
    assert (answer.status, answer.code) == (403, 50013)
    there = den.guild(other).get_member(den.bob.id)
    assert there is not None
    assert not den.text(other).permissions_for(there).send_messages
    await channel.set_permissions(bob, overwrite=None)
    await other.told("guild_channel_update")
    assert den.text(other).overwrites == {}
    await den.say(den.bob, "again")
    with pytest.raises(discord.Forbidden) as refused:
        await den.text(other).set_permissions(there, send_messages=False)
    assert refused.value.code == 50013


async def test_who_loses_sight_is_told_before_anything_else(den: Den) -> None:
    bot = await den.bot()
    role = await den.guild(bot).create_role(name="eyes")
    channel = await den.guild(bot).create_text_channel(
        "hidden",
        overwrites={
            den.guild(bot).default_role: discord.PermissionOverwrite(view_channel=False),
            role: discord.PermissionOverwrite(view_channel=True),
        },
    )
    other = await den.bot(VIEW_SEND)
    assert den.guild(other).get_channel(channel.id) is None
    member = den.guild(bot).get_member(other.account.id)
    if member is None:
        member = await den.guild(bot).fetch_member(other.account.id)
    await member.add_roles(role)
    assert (await other.told("guild_channel_create")).id == channel.id
    await channel.send("welcome")
    assert (await other.told("message")).content == "welcome"
    await member.remove_roles(role)
    assert (await other.told("guild_channel_delete")).id == channel.id
    await channel.send("gone")
    await den.say(den.ann, "marker")
    assert (await other.told("message")).content == "marker"


async def test_refusals_of_channels(den: Den) -> None:
    bot = await den.bot(VIEW_SEND)
    guild = den.guild(bot)
    with pytest.raises(discord.Forbidden) as refused:
        await guild.create_text_channel("no")
    assert (refused.value.status, refused.value.code) == (403, 50013)
    with pytest.raises(discord.Forbidden) as refused:
        await den.text(bot).edit(name="no")
    assert refused.value.code == 50013
    able = await den.bot()
    with pytest.raises(discord.HTTPException) as invalid:
        await den.guild(able).create_text_channel("x" * 101)
    assert (invalid.value.status, invalid.value.code) == (400, 50035)
    assert "name" in invalid.value.text


async def test_typing_is_told(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    async with den.text(bot).typing():
        channel, user, when = await other.told("typing")
    assert channel == den.text(other)
    assert user.id == bot.account.id
    assert abs((discord.utils.utcnow() - when).total_seconds()) < 60
    raw = await other.told("raw_typing")
    assert raw.guild_id == den.guild_id
