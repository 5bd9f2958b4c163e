"""Guilds, bans, invites and the audit log as discord.py drives them."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den


async def test_ban_and_unban(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    guild = den.guild(bot)
    bob = guild.get_member(den.bob.id)
    assert bob is not None
    await guild.ban(bob, delete_message_seconds=86_400, reason="spam")
    _, user = await other.told("member_ban")
    assert user.id == den.bob.id
    await other.told("member_remove", lambda member: member.id == den.bob.id)
    ban = await guild.fetch_ban(discord.Object(den.bob.id))
    assert (ban.user.id, ban.reason) == (den.bob.id, "spam")
    assert [each.user.id async for each in guild.bans(limit=5)] == [den.bob.id]
    (entry,) = [each async for each in guild.audit_logs(action=discord.AuditLogAction.ban)]
    assert (entry.user, entry.target, entry.reason) == (bot.user, user, "spam")
    await guild.unban(discord.Object(den.bob.id))
    _, user = await other.told("member_unban")
    assert user.id == den.bob.id
    with pytest.raises(discord.NotFound) as refused:
        await guild.fetch_ban(discord.Object(den.bob.id))
    assert refused.value.code == 10026


async def test_bulk_ban(den: Den) -> None:
    bot = await den.bot()
    result = await den.guild(bot).bulk_ban([discord.Object(den.bob.id), discord.Object(5)])
    assert [each.id for each in result.banned] == [den.bob.id]
    assert [each.id for each in result.failed] == [5]


async def test_invites(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    made = await den.text(bot).create_invite(max_age=300, max_uses=2, unique=True)
    told = await other.told("invite_create")
    assert (told.code, told.max_uses, told.max_age) == (made.code, 2, 300)
    fetched = await bot.fetch_invite(made.code, with_counts=True)
    assert fetched.approximate_member_count == 4
    assert fetched.guild is not None
    assert fetched.guild.id == den.guild_id
    assert [each.code for each in await den.guild(bot).invites()] == [made.code]
    (listed,) = await den.text(bot).invites()
    assert (listed.uses, listed.inviter) == (0, bot.user)
    await made.delete()
    assert (await other.told("invite_delete")).code == made.code
    with pytest.raises(discord.NotFound) as refused:
        await bot.fetch_invite(made.code)
    assert refused.value.code == 10006


async def test_guild_is_edited(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    channel = den.text(bot)
    edited = await den.guild(bot).edit(
        name="Forest",
        description="trees",
        system_channel=channel,
        system_channel_flags=discord.SystemChannelFlags(join_notifications=False),
        verification_level=discord.VerificationLevel.low,
        explicit_content_filter=discord.ContentFilter.all_members,
        default_notifications=discord.NotificationLevel.only_mentions,
        preferred_locale=discord.Locale.german,
        rules_channel=channel,
        public_updates_channel=channel,
        community=True,
        invites_disabled=True,
        afk_timeout=900,
    )
    before, after = await other.told("guild_update")
    assert (before.name, after.name) == ("Den", "Forest")
    assert after.system_channel is not None
    assert not after.system_channel_flags.join_notifications
    assert {*edited.features} == {"COMMUNITY", "INVITES_DISABLED"}
    assert after.preferred_locale is discord.Locale.german
    assert after.afk_timeout == 900
    (entry,) = [each async for each in den.guild(bot).audit_logs(limit=1)]
    assert entry.action is discord.AuditLogAction.guild_update
    assert entry.changes.after.name == "Forest"


async def test_roles_and_channels_move(den: Den) -> None:
    bot = await den.bot()
    guild = den.guild(bot)
    first = await guild.create_role(name="first")
    second = await guild.create_role(name="second")
    top = guild.me.top_role.position
    assert top == 1
    everyone = {role.id for role in await guild.edit_role_positions({first: 1, second: 1})}
    assert {first.id, second.id} <= everyone
    category = await guild.create_category("rooms")
    channel = await guild.create_text_channel("talk")
    await channel.move(end=True, category=category, sync_permissions=True)
    assert (await bot.fetch_channel(channel.id)).category_id == category.id  # type: ignore


async def test_members_are_fetched_and_searched(den: Den) -> None:
    bot = await den.bot()
    guild = den.guild(bot)
    ids = [member.id async for member in guild.fetch_members(limit=None)]
    assert sorted(ids) == sorted([den.ann.id, den.bob.id, bot.account.id])
    assert [m.id for m in await guild.query_members(den.bob.name)] == [den.bob.id]
    await guild.me.edit(nick="Robot")
    assert (await guild.fetch_member(bot.account.id)).nick == "Robot"


async def test_a_bot_leaves(den: Den) -> None:
    bot = await den.bot()
    await den.guild(bot).leave()
    assert (await bot.told("guild_remove")).id == den.guild_id
    assert not bot.guilds
