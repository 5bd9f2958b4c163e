"""discord.py reacts, pins and purges, and is told of what others do."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den
from tests.pictures import still


async def test_reactions_come_and_go(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    sent = await den.text(bot).send("hi")
    seen = await other.told("message")
    for emoji in ("👍", "❤️", "👩‍👩‍👧‍👦"):
        await sent.add_reaction(emoji)
    for emoji in ("👍", "❤️", "👩‍👩‍👧‍👦"):
        reaction, user = await other.told("reaction_add")
        assert (reaction.emoji, user.id) == (emoji, bot.account.id)
        assert isinstance(user, discord.Member)
    raw = await other.told("raw_reaction_add")
    assert raw.member is not None
    assert raw.message_author_id == bot.account.id
    assert not raw.burst
    await seen.add_reaction("👍")
    fetched = await den.text(bot).fetch_message(sent.id)
    assert [(str(r.emoji), r.count, r.me) for r in fetched.reactions] == [
        ("👍", 2, True),
        ("❤️", 1, True),
        ("👩‍👩‍👧‍👦", 1, True),
    ]
    assert fetched.reactions[0].normal_count == 2
    users = {user.id async for user in fetched.reactions[0].users()}
    assert users == {bot.account.id, other.account.id}
    assert [user async for user in fetched.reactions[0].users(limit=1, after=discord.Object(1))]
    await fetched.remove_reaction("👍", den.guild(bot).get_member(other.account.id))
    reaction, user = await other.told("reaction_remove")
    assert (reaction.emoji, user.id) == ("👍", other.account.id)
    await fetched.remove_reaction("❤️", den.guild(bot).me)
    await other.told("reaction_remove", lambda reaction, _: reaction.emoji == "❤️")
    await fetched.clear_reaction("👍")
    assert (await other.told("reaction_clear_emoji")).emoji == "👍"
    await fetched.clear_reactions()
    message, gone = await other.told("reaction_clear")
    assert message.id == sent.id
    assert [str(reaction.emoji) for reaction in gone] == ["👩‍👩‍👧‍👦"]
    assert (await den.text(bot).fetch_message(sent.id)).reactions == []


async def test_an_unknown_emoji_and_a_missing_permission(den: Den) -> None:
    bot, low = await den.bot(), await den.bot(0)
    sent = await den.text(bot).send("hi")
    with pytest.raises(discord.NotFound) as unknown:
        await sent.add_reaction("hello")
    assert unknown.value.code == 10014
    await sent.add_reaction("👍")
    message = den.text(low).get_partial_message(sent.id)
    everyone = den.guild(bot).default_role
    await den.text(bot).set_permissions(everyone, add_reactions=False)
    await low.told("guild_channel_update")
    await message.add_reaction("👍")
    with pytest.raises(discord.Forbidden):
        await message.add_reaction("👎")
    with pytest.raises(discord.Forbidden):
        await message.clear_reactions()


async def test_waiting_for_a_reaction(den: Den) -> None:
    bot = await den.bot()
    sent = await den.text(bot).send("choose")
    await den.bob.put(f"/channels/{den.channel_id}/messages/{sent.id}/reactions/👎/@me")
    payload = await bot.told("raw_reaction_add")
    assert (payload.user_id, str(payload.emoji)) == (den.bob.id, "👎")
    assert payload.member == den.guild(bot).get_member(den.bob.id)
    reaction, _ = await bot.told("reaction_add")
    assert reaction.message == sent


async def test_a_guilds_own_emoji(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    emoji = await den.guild(bot).create_custom_emoji(name="wave", image=still())
    sent = await den.text(bot).send("hi")
    for each in (emoji, str(emoji)):
        await sent.add_reaction(each)
    raw = await other.told("raw_reaction_add")
    assert (raw.emoji.id, raw.emoji.name, raw.emoji.animated) == (emoji.id, "wave", False)
    fetched = await den.text(bot).fetch_message(sent.id)
    assert [(r.emoji, r.count) for r in fetched.reactions] == [(emoji, 1)]


async def test_pins(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    sent = await den.text(bot).send("keep")
    await other.told("message")
    await sent.pin(reason="important")
    _, after = await other.told("message_edit")
    assert after.pinned
    channel, last_pin = await other.told("guild_channel_pins_update")
    assert channel == den.text(other)
    notice = await other.told("message", lambda m: m.type is discord.MessageType.pins_add)
    assert notice.reference.message_id == sent.id
    assert notice.system_content
    entry = await other.told("audit_log_entry_create")
    assert (entry.action, entry.reason) == (discord.AuditLogAction.message_pin, "important")
    assert entry.target.id == bot.account.id
    assert (entry.extra.channel, entry.extra.message_id) == (den.text(other), sent.id)
    pins = [message async for message in den.text(bot).pins()]
    assert [message.id for message in pins] == [sent.id]
    assert pins[0].pinned
    assert pins[0].pinned_at == last_pin
    edited = await sent.edit(content="kept")
    assert edited.pinned
    await sent.unpin()
    _, last_pin = await other.told("guild_channel_pins_update")
    assert last_pin is None
    assert [message async for message in den.text(bot).pins()] == []


async def test_purge_deletes_many_at_once(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    sent = [await den.text(bot).send(f"{number}") for number in range(5)]
    await other.told("message", lambda message: message.id == sent[-1].id)
    purged = await den.text(bot).purge(limit=4, check=lambda message: message.content != "2")
    assert {message.content for message in purged} == {"4", "3", "1"}
    raw = await other.told("raw_bulk_message_delete")
    assert raw.message_ids == {message.id for message in purged}
    assert len(await other.told("bulk_message_delete")) == 3
    entry = await other.told("audit_log_entry_create")
    assert entry.action is discord.AuditLogAction.message_bulk_delete
    assert (entry.target.id, entry.extra.count) == (den.channel_id, 3)
    left = [message.content async for message in den.text(bot).history()]
    assert left == ["2", "0"]
    await den.text(bot).delete_messages([sent[0], sent[1], sent[2]])
    assert (await other.told("raw_bulk_message_delete")).message_ids == {sent[0].id, sent[2].id}
    old = discord.Object(discord.utils.time_snowflake(sent[0].created_at) - (15 * 86_400_000 << 22))
    with pytest.raises(discord.HTTPException) as refused:
        await den.text(bot).delete_messages([old, sent[0]])
    assert refused.value.code == 50034
