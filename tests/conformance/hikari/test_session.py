"""An unmodified hikari logs in, talks, reacts, and goes on after a cut."""

import hikari
import pytest

from tests.conformance.cable import Cable
from tests.conformance.hikari.conftest import Bot, Den
from tests.pictures import still


async def test_login_fills_the_cache(den: Den) -> None:
    bot = await den.bot()
    me = bot.bot.get_me()
    assert me is not None
    assert (me.id, me.username, me.is_bot) == (den.bots[0].account.id, bot.account.name, True)
    guild = bot.bot.cache.get_guild(den.guild)
    assert guild is not None
    assert (guild.name, guild.owner_id) == ("Den", den.ann.id)
    assert {*guild.get_members()} == {den.ann.id, den.bob.id, me.id}
    assert {each.name for each in guild.get_channels().values()} >= {"general", "General"}
    assert {each.name for each in guild.get_roles().values()} == {"@everyone", bot.account.name}
    application = await bot.bot.rest.fetch_application()
    assert application.owner.id == den.ann.id


async def test_write_edit_and_delete(den: Den) -> None:
    bot = await den.bot()
    asked = await den.say(den.bob, "echo this")
    told = await bot.told(hikari.GuildMessageCreateEvent)
    assert (told.message_id, told.content, told.author_id) == (asked, "echo this", den.bob.id)
    reply = await told.message.respond("an echo", reply=True, mentions_reply=True)
    assert reply.referenced_message is not None
    assert (reply.content, reply.referenced_message.id) == ("an echo", asked)
    assert reply.user_mentions_ids == [den.bob.id]
    await bot.told(hikari.GuildMessageCreateEvent, lambda event: event.message_id == reply.id)
    edited = await reply.edit("edited", embed=hikari.Embed(title="An embed", color=255))
    assert (edited.content, edited.embeds[0].title) == ("edited", "An embed")
    assert edited.edited_timestamp is not None
    changed = await bot.told(hikari.GuildMessageUpdateEvent)
    assert changed.old_message is not None
    assert (changed.old_message.content, changed.content) == ("an echo", "edited")
    rest = bot.bot.rest
    history = [message.content async for message in rest.fetch_messages(den.channel)]
    assert history == ["edited", "echo this"]
    await edited.delete()
    gone = await bot.told(hikari.GuildMessageDeleteEvent)
    assert gone.message_id == reply.id
    with pytest.raises(hikari.NotFoundError) as caught:
        await rest.fetch_message(den.channel, reply.id)
    assert caught.value.code == 10008


async def test_reactions(den: Den) -> None:
    bot = await den.bot()
    rest = bot.bot.rest
    asked = await den.say(den.bob, "react")
    await rest.add_reaction(den.channel, asked, "👍")
    added = await bot.told(hikari.GuildReactionAddEvent)
    assert (added.message_id, added.user_id) == (asked, bot.account.id)
    assert added.is_for_emoji("👍")
    message = await rest.fetch_message(den.channel, asked)
    assert [(str(each.emoji), each.count, each.is_me) for each in message.reactions] == [
        ("👍", 1, True)
    ]
    users = [each.id async for each in rest.fetch_reactions_for_emoji(den.channel, asked, "👍")]
    assert users == [bot.account.id]
    await rest.delete_my_reaction(den.channel, asked, "👍")
    assert (await bot.told(hikari.GuildReactionDeleteEvent)).user_id == bot.account.id


async def test_pictures_come_from_the_address_that_is_set(
    den: Den, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hikari has no option for it: it is a constant of the library's."""
    monkeypatch.setattr(hikari.urls, "CDN_URL", f"{den.url}/cdn")
    bot = await den.bot()
    picture = still("png")
    emoji = await bot.bot.rest.create_emoji(den.guild, "wave", hikari.Bytes(picture, "wave.png"))
    assert await emoji.read() == picture


async def heard(bot: Bot, most: int) -> list[int]:
    """All that a bot was told, when it has been told the message `most`."""
    await bot.told(hikari.GuildMessageCreateEvent, lambda event: event.content == str(most))
    events = [each for each in bot.seen if isinstance(each, hikari.GuildMessageCreateEvent)]
    return [int(each.content or -1) for each in events]


async def test_a_cut_is_resumed(cabled: Den, cable: Cable) -> None:
    bot = await cabled.bot()
    for number in range(5):
        await cabled.say(cabled.bob, str(number))
    cable.cut()
    for number in range(5, 10):
        await cabled.say(cabled.bob, str(number))
    cable.mend()
    await bot.told(hikari.ShardResumedEvent)
    for number in range(10, 15):
        await cabled.say(cabled.bob, str(number))
    assert await heard(bot, 14) == [*range(15)]
    assert bot.count(hikari.ShardReadyEvent) == 1
    assert bot.count(hikari.GuildAvailableEvent) == 1
    await bot.bot.rest.create_message(cabled.channel, "goes on")
    told = await bot.told(hikari.GuildMessageCreateEvent, lambda e: e.content == "goes on")
    assert told.author_id == bot.account.id
