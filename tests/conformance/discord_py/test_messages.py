"""discord.py writes, reads, edits and deletes messages, and is told of those of others."""

from datetime import UTC, datetime

import discord
import pytest

from tests.conformance.discord_py.conftest import ADMINISTRATOR, Den

VIEW_SEND_HISTORY = 1 << 10 | 1 << 11 | 1 << 16


async def test_send_is_told_to_writer_and_others(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    sent = await den.text(bot).send("hello")
    assert sent.author == den.guild(bot).me
    assert sent.guild == den.guild(bot)
    assert sent.type is discord.MessageType.default
    assert sent.edited_at is None
    for client in (bot, other):
        told = await client.told("message")
        assert (told.id, told.content) == (sent.id, "hello")
        assert told.channel == den.text(client)
        assert isinstance(told.author, discord.Member)
        assert told.author.id == bot.account.id
        assert told.created_at == sent.created_at
        assert den.text(client).last_message_id == sent.id


async def test_message_of_a_person(den: Den) -> None:
    bot = await den.bot()
    message_id = await den.say(den.bob, "hi <:wave:1>")
    told = await bot.told("message")
    assert (told.id, told.content) == (message_id, "hi <:wave:1>")
    assert told.author == den.guild(bot).get_member(den.bob.id)
    assert not told.author.bot


async def test_reply_and_its_reference(den: Den) -> None:
    bot = await den.bot()
    await den.say(den.bob, "question")
    question = await bot.told("message")
    answer = await question.reply("answer")
    assert answer.type is discord.MessageType.reply
    assert answer.reference is not None
    assert answer.reference.message_id == question.id
    told = await bot.told("message")
    assert told.reference.resolved.content == "question"
    assert [user.id for user in told.mentions] == [den.bob.id]
    quiet = await question.reply("quietly", mention_author=False)
    assert quiet.mentions == []
    await question.delete()
    told = await den.text(bot).fetch_message(answer.id)
    assert told.reference is not None
    assert isinstance(told.reference.resolved, discord.DeletedReferencedMessage)


async def test_reply_to_nothing(den: Den) -> None:
    bot = await den.bot()
    gone = await den.text(bot).send("gone")
    await gone.delete()
    with pytest.raises(discord.HTTPException) as refused:
        await den.text(bot).send("to nothing", reference=gone)
    assert (refused.value.status, refused.value.code) == (400, 50035)
    reference = gone.to_reference(fail_if_not_exists=False)
    sent = await den.text(bot).send("alone", reference=reference)
    assert sent.reference is None


async def test_edit_is_told_with_before_and_after(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    sent = await den.text(bot).send("one")
    await other.told("message")
    edited = await sent.edit(content="two")
    assert edited.content == "two"
    assert edited.edited_at is not None
    before, after = await other.told("message_edit")
    assert (before.content, after.content) == ("one", "two")
    assert after.edited_at == edited.edited_at
    raw = await other.told("raw_message_edit")
    assert raw.message_id == sent.id
    assert raw.cached_message is not None
    assert (await den.text(other).fetch_message(sent.id)).content == "two"


async def test_delete_is_told(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    sent = await den.text(bot).send("short")
    await other.told("message")
    await sent.delete()
    assert (await other.told("message_delete")).id == sent.id
    assert (await other.told("raw_message_delete")).guild_id == den.guild_id
    with pytest.raises(discord.NotFound) as refused:
        await den.text(bot).fetch_message(sent.id)
    assert (refused.value.status, refused.value.code) == (404, 10008)
    with pytest.raises(discord.NotFound):
        await sent.delete()


async def test_history_pages_in_every_direction(den: Den) -> None:
    bot = await den.bot()
    channel = den.text(bot)
    sent = [await channel.send(str(number)) for number in range(110)]
    texts = [message.content for message in sent]

    async def read(**how: object) -> list[str]:
        return [message.content async for message in channel.history(**how)]  # type: ignore

    assert await read(limit=None) == texts[::-1]
    assert await read(limit=5) == texts[:-6:-1]
    assert await read(limit=None, oldest_first=True) == texts
    assert await read(limit=3, oldest_first=True) == texts[:3]
    assert await read(limit=3, before=sent[50]) == ["49", "48", "47"]
    assert await read(limit=3, after=sent[50]) == ["51", "52", "53"]
    assert await read(limit=None, after=sent[4]) == texts[5:]
    assert await read(limit=3, after=sent[50], oldest_first=False) == ["109", "108", "107"]
    assert await read(limit=5, around=sent[50]) == ["52", "51", "50", "49", "48"]
    assert await read(limit=5, around=sent[50], oldest_first=True) == texts[48:53]
    assert await read(limit=101, around=sent[54]) == texts[104:3:-1]
    assert await read(after=sent[10], before=sent[14], oldest_first=True) == texts[11:14]
    assert await read(before=sent[0]) == []


async def test_embeds_come_back_as_they_were_sent(den: Den) -> None:
    bot = await den.bot()
    embed = discord.Embed(
        title="Title",
        description="**Description**",
        url="https://hearth.example/",
        colour=discord.Colour.blurple(),
        timestamp=datetime(2026, 7, 1, 12, 30, 15, 250_000, tzinfo=UTC),
    )
    embed.set_author(name="Author", url="https://hearth.example/author")
    embed.set_footer(text="Footer")
    embed.add_field(name="Field", value="Value", inline=False)
    embed.add_field(name="Other", value="Inline")
    sent = await den.text(bot).send(embed=embed)
    assert sent.embeds == [embed]
    assert (await bot.told("message")).embeds == [embed]
    assert (await den.text(bot).fetch_message(sent.id)).embeds == [embed]
    two = [discord.Embed(title="One"), discord.Embed(title="Two")]
    assert (await sent.edit(content="text", embeds=two)).embeds == two
    assert (await sent.edit(suppress=True)).flags.suppress_embeds
    bare = await sent.edit(embed=None)
    assert (bare.content, bare.embeds) == ("text", [])


async def test_embed_that_is_too_long(den: Den) -> None:
    bot = await den.bot()
    with pytest.raises(discord.HTTPException) as refused:
        await den.text(bot).send(embed=discord.Embed(title="x" * 257))
    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert "embeds.0.title" in refused.value.text


async def test_allowed_mentions(den: Den) -> None:
    bot = await den.bot()
    guild, channel = den.guild(bot), den.text(bot)
    role = await guild.create_role(name="crew", mentionable=False)
    text = f"@everyone <@{den.bob.id}> <@&{role.id}> <#{channel.id}>"
    loud = await channel.send(text)
    assert loud.mention_everyone
    assert [user.id for user in loud.mentions] == [den.bob.id]
    assert loud.role_mentions == [role]
    assert loud.channel_mentions == [channel]
    quiet = await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    assert (quiet.mention_everyone, quiet.mentions, quiet.role_mentions) == (False, [], [])
    only = discord.AllowedMentions(everyone=False, users=[discord.Object(den.bob.id)], roles=False)
    some = await channel.send(text, allowed_mentions=only)
    assert (some.mention_everyone, some.role_mentions) == (False, [])
    assert [user.id for user in some.mentions] == [den.bob.id]


async def test_nonce_is_echoed(den: Den) -> None:
    bot = await den.bot()
    sent = await den.text(bot).send("once", nonce="7f")
    assert sent.nonce == "7f"
    assert (await bot.told("message")).nonce == "7f"


async def test_silent_and_empty_messages(den: Den) -> None:
    bot = await den.bot()
    assert (await den.text(bot).send("hush", silent=True)).flags.suppress_notifications
    with pytest.raises(discord.HTTPException) as refused:
        await den.text(bot).send("  ")
    assert refused.value.code == 50006
    with pytest.raises(discord.HTTPException) as refused:
        await den.text(bot).send("x" * 2001)
    assert refused.value.code == 50035
    assert "content" in refused.value.text


async def test_delete_after_and_purging_one_by_one(den: Den) -> None:
    bot = await den.bot()
    short = await den.text(bot).send("short", delete_after=0.01)
    assert (await bot.told("message_delete")).id == short.id


async def test_writing_needs_permission(den: Den) -> None:
    bot = await den.bot(VIEW_SEND_HISTORY)
    channel = den.text(bot)
    message_id = await den.say(den.ann, "mine")
    told = await bot.told("message")
    assert told.id == message_id
    with pytest.raises(discord.Forbidden) as refused:
        await told.edit(content="yours")
    assert refused.value.code == 50005
    with pytest.raises(discord.Forbidden) as refused:
        await told.delete()
    assert refused.value.code == 50013
    deny = {"type": 0, "deny": str(1 << 11)}
    path = f"/channels/{den.channel_id}/permissions/{den.guild(bot).self_role.id}"  # type: ignore
    assert (await den.ann.put(path, deny)).status == 204
    await bot.told("guild_channel_update")
    assert not channel.permissions_for(den.guild(bot).me).send_messages
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("nothing")
    assert refused.value.code == 50013


async def test_a_hidden_channel_answers_missing_access(den: Den) -> None:
    bot = await den.bot(0)
    channel = den.text(bot)
    hide = {"type": 0, "deny": str(1 << 10)}
    path = f"/channels/{den.channel_id}/permissions/{den.guild_id}"
    assert (await den.ann.put(path, hide)).status == 204
    assert await bot.told("guild_channel_delete") == channel
    assert den.guild(bot).get_channel(den.channel_id) is None
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("nothing")
    assert (refused.value.status, refused.value.code) == (403, 50001)
    await den.say(den.ann, "secret")
    assert (await den.ann.delete(path)).status == 204
    assert (await bot.told("guild_channel_create")).id == den.channel_id
    await den.say(den.ann, "open")
    assert (await bot.told("message")).content == "open"
    assert [message.content async for message in channel.history()] == ["open", "secret"]


async def test_unknown_channel(den: Den) -> None:
    bot = await den.bot(ADMINISTRATOR)
    with pytest.raises(discord.NotFound) as refused:
        await bot.fetch_channel(1)
    assert refused.value.code == 10003
    with pytest.raises(discord.HTTPException) as refused:
        await bot.get_partial_messageable(2).send("x")
    assert refused.value.code == 10003
