"""What discord.py is not told without an intent, and message content without its intent."""

import discord

from tests.conformance.discord_py.conftest import Den


def without(*names: str) -> discord.Intents:
    """Every intent but these."""
    intents = discord.Intents.all()
    for name in names:
        setattr(intents, name, False)
    return intents


async def marker(den: Den, *bots: discord.Client) -> None:
    """Something that every bot is told after all that came before it."""
    guild = bots[0].get_guild(den.guild_id)
    assert guild is not None
    role = await guild.create_role(name="marker")
    for bot in bots:
        await bot.told("guild_role_create", lambda made: made.id == role.id)  # type: ignore


async def test_guild_messages_off(den: Den) -> None:
    bot = await den.bot(intents=without("guild_messages"))
    sent = await den.text(bot).send("nobody hears")
    await sent.edit(content="that")
    await sent.delete()
    await marker(den, bot)
    assert not [name for name in bot.names() if "message" in name]


async def test_members_off(den: Den) -> None:
    bot = await den.bot(intents=without("members"))
    den.server.join(den.guild_id, den.person("new").name)
    bob = await den.guild(bot).fetch_member(den.bob.id)
    await bob.edit(nick="Bobby")
    await bob.kick()
    await marker(den, bot)
    assert not [name for name in bot.names() if "member" in name]


async def test_presences_off(den: Den) -> None:
    bot, told = await den.bot(intents=without("presences")), await den.bot()
    other = await den.bot()
    await other.change_presence(status=discord.Status.dnd)
    await told.told("presence_update", lambda _, m: m.raw_status == "dnd")
    await marker(den, bot)
    assert "presence_update" not in bot.names()
    assert den.guild(bot).get_member(other.account.id).status is discord.Status.offline  # type: ignore


async def test_typing_off(den: Den) -> None:
    bot, told = await den.bot(intents=without("guild_typing")), await den.bot()
    await den.text(bot).typing()
    await told.told("typing")
    await marker(den, bot)
    assert "typing" not in bot.names()
    assert "raw_typing" not in bot.names()


async def test_moderation_off(den: Den) -> None:
    bot, told = await den.bot(intents=without("moderation")), await den.bot()
    await den.guild(bot).create_role(name="audited")
    await told.told("audit_log_entry_create")
    await marker(den, bot)
    assert "audit_log_entry_create" not in bot.names()


async def test_guilds_off(den: Den) -> None:
    bot = await den.bot(intents=without("guilds"))
    told = await den.bot()
    assert den.guild(bot).unavailable
    assert not den.guild(bot).channels
    await den.guild(told).create_text_channel("unheard")
    await den.text(told).send("heard")
    await bot.told("message")
    heard = {"guild_channel_create", "guild_role_create", "guild_available", "guild_join"}
    assert not heard & set(bot.names())


async def test_content_off_is_blank(den: Den) -> None:
    bot, told = await den.bot(intents=without("message_content")), await den.bot()
    embed = discord.Embed(title="secret")
    sent = await den.text(told).send("secret", embed=embed)
    message = await bot.told("message")
    assert (message.id, message.content, message.embeds) == (sent.id, "", [])
    assert message.author.id == told.account.id
    message = await told.told("message")
    assert (message.content, message.embeds) == ("secret", [embed])
    await sent.edit(content="changed")
    message = await bot.told("raw_message_edit")
    assert (message.data["content"], message.data["embeds"]) == ("", [])


async def test_content_off_shows_own_and_mentioning_messages(den: Den) -> None:
    bot = await den.bot(intents=without("message_content"))
    sent = await den.text(bot).send("mine", embed=discord.Embed(title="mine too"))
    own = await bot.told("message")
    assert (own.id, own.content, len(own.embeds)) == (sent.id, "mine", 1)
    await den.say(den.bob, f"<@{bot.account.id}> come")
    assert (await bot.told("message")).content == f"<@{bot.account.id}> come"
    await den.say(den.bob, "@everyone come")
    assert (await bot.told("message")).content == ""
    reference = {"message_id": str(sent.id)}
    await den.say(den.bob, "a reply pings", message_reference=reference)
    assert (await bot.told("message")).content == "a reply pings"


async def test_audit_reason_is_passed(den: Den) -> None:
    bot = await den.bot()
    reason = "Größe & 100 % 🔥"
    made = await den.guild(bot).create_text_channel("audited", reason=reason)
    entry = await bot.told(
        "audit_log_entry_create", lambda e: e.action is discord.AuditLogAction.channel_create
    )
    assert (entry.reason, entry.user_id, entry.target.id) == (reason, bot.account.id, made.id)
    assert entry.after.name == "audited"
    await made.edit(name="renamed", reason="because")
    entry = await bot.told(
        "audit_log_entry_create", lambda e: e.action is discord.AuditLogAction.channel_update
    )
    assert (entry.before.name, entry.after.name, entry.reason) == ("audited", "renamed", "because")
    role = await den.guild(bot).create_role(name="crew", reason="crew")
    await den.guild(bot).get_member(den.bob.id).add_roles(role, reason="earned")  # type: ignore
    entry = await bot.told(
        "audit_log_entry_create", lambda e: e.action is discord.AuditLogAction.member_role_update
    )
    assert (entry.reason, [given.id for given in entry.after.roles]) == ("earned", [role.id])
    await made.set_permissions(role, view_channel=True, reason="shown")
    entry = await bot.told(
        "audit_log_entry_create", lambda e: e.action is discord.AuditLogAction.overwrite_create
    )
    assert entry.reason == "shown"
    assert entry.extra == role
    message_id = await den.say(den.bob, "bad")
    await den.text(bot).get_partial_message(message_id).delete()
    entry = await bot.told(
        "audit_log_entry_create", lambda e: e.action is discord.AuditLogAction.message_delete
    )
    assert entry.extra.count == 1
    assert entry.target.id == den.bob.id
