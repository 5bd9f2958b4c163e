"""discord.py writes and reads direct messages with its default intents."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den
from tests.pictures import data_uri, moving, opened, still


async def test_a_bot_writes_to_somebody_and_reads_the_answer(den: Den) -> None:
    bot = await den.bot(intents=discord.Intents.default())
    user = await bot.fetch_user(den.ann.id)
    sent = await user.send("hello")
    assert isinstance(sent.channel, discord.DMChannel)
    assert sent.guild is None
    assert sent.channel.recipient == user
    told = await bot.told("message")
    assert (told.id, told.content) == (sent.id, "hello")
    path = f"/channels/{sent.channel.id}"
    listed = await den.ann.get("/users/@me/channels")
    assert str(sent.channel.id) in {one["id"] for one in listed.body}
    answer = await den.ann.post(f"{path}/messages", {"content": "hi back"})
    assert answer.status == 200, answer.body
    told = await bot.told("message")
    # Without the intent for content a bot reads what is written to it.
    assert (told.content, told.author.id) == ("hi back", den.ann.id)
    assert isinstance(told.channel, discord.DMChannel)
    assert (await den.ann.post(f"{path}/typing")).status == 204
    # Its cache of users is empty without the intent for members, so it tells the raw event only.
    raw = await bot.told("raw_typing")
    assert (raw.channel_id, raw.user_id, raw.guild_id) == (sent.channel.id, den.ann.id, None)
    reply = await told.reply("quite")
    assert reply.reference is not None
    assert reply.reference.guild_id is None
    await sent.edit(content="hello again")
    assert (await bot.told("message_edit"))[1].content == "hello again"
    async with sent.channel.typing():
        pass
    history = [message.content async for message in sent.channel.history()]
    assert history == ["quite", "hi back", "hello again"]
    await sent.delete()
    assert (await bot.told("message_delete")).id == sent.id
    with pytest.raises(discord.Forbidden) as caught:
        await told.delete()
    assert caught.value.code == 50003
    answer = await den.ann.patch(f"{path}/messages/{told.id}", {"content": "edited"})
    assert answer.status == 200
    assert (await bot.told("message_edit"))[1].content == "edited"
    fetched = await bot.fetch_channel(sent.channel.id)
    assert isinstance(fetched, discord.DMChannel)


async def test_reactions_and_pins_in_a_dm(den: Den) -> None:
    bot = await den.bot(intents=discord.Intents.default())
    user = await bot.fetch_user(den.ann.id)
    sent = await user.send("hello")
    await sent.add_reaction("👍")
    told, who = await bot.told("reaction_add")
    assert (told.message.id, who.id) == (sent.id, bot.account.id)
    await sent.pin()
    assert [message.id async for message in sent.channel.pins()] == [sent.id]
    channel, _ = await bot.told("private_channel_pins_update")
    assert channel.id == sent.channel.id
    await sent.unpin()
    await sent.remove_reaction("👍", discord.Object(bot.account.id))
    await bot.told("reaction_remove")


async def test_whom_a_bot_cannot_write_to(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    stranger = den.person("stranger")
    user = await bot.fetch_user(stranger.id)
    with pytest.raises(discord.Forbidden) as caught:
        await user.send("hello")
    assert caught.value.code == 50007
    with pytest.raises(discord.Forbidden) as caught:
        await (await bot.fetch_user(other.account.id)).send("hello")
    assert caught.value.code == 50007


async def test_groups_are_not_for_bots(den: Den) -> None:
    bot = await den.bot()
    answer = await den.ann.post(
        "/users/@me/channels", {"recipients": [str(den.bob.id), str(bot.account.id)]}
    )
    assert (answer.status, answer.code) == (400, 50033)
    cat = den.person("cat")
    den.server.join(den.guild_id, cat.name)
    made = await den.ann.post("/users/@me/channels", {"recipients": [str(den.bob.id), str(cat.id)]})
    assert made.status == 200, made.body
    with pytest.raises(discord.NotFound):
        await bot.fetch_channel(int(made.body["id"]))
    answer = await den.ann.put(f"/channels/{made.body['id']}/recipients/{bot.account.id}", {})
    assert (answer.status, answer.code) == (400, 50033)


async def test_the_picture_of_a_group_as_its_own_object_has_it(den: Den) -> None:
    """No bot is in a group, so discord.py is handed what the person in it was told."""
    bot = await den.bot()
    cat = den.person("cat")
    den.server.join(den.guild_id, cat.name)
    made = await den.ann.post("/users/@me/channels", {"recipients": [str(den.bob.id), str(cat.id)]})
    path = f"/channels/{made.body['id']}"
    for picture, side in ((still(), 40), (moving(), 24)):
        answer = await den.ann.patch(path, {"icon": data_uri(picture)})
        assert answer.status == 200, answer.body
        assert bot.user is not None
        state = bot._connection  # pyright: ignore[reportPrivateUsage]
        group = discord.GroupChannel(me=bot.user, state=state, data=answer.body)
        assert group.icon is not None
        assert group.icon.key == answer.body["icon"]
        assert max(opened(await group.icon.read()).size) == side
