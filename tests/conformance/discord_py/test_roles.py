"""discord.py makes, gives, takes, changes and deletes roles."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den

MANAGE_ROLES = 1 << 28


async def test_role_is_made_changed_and_deleted(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    permissions = discord.Permissions(kick_members=True)
    made = await den.guild(bot).create_role(
        name="crew", permissions=permissions, colour=0x3366FF, hoist=True, mentionable=True
    )
    assert (made.name, made.colour.value, made.hoist, made.mentionable) == (
        "crew",
        0x3366FF,
        True,
        True,
    )
    assert made.permissions == permissions
    told = await other.told("guild_role_create")
    assert (told.id, told.permissions) == (made.id, permissions)
    edited = await made.edit(name="team", permissions=discord.Permissions.none(), colour=0)
    assert edited is not None
    assert (edited.name, edited.permissions.value, edited.colour.value) == ("team", 0, 0)
    assert edited.hoist
    before, after = await other.told("guild_role_update")
    assert (before.name, after.name) == ("crew", "team")
    assert await den.guild(bot).fetch_role(made.id) == edited
    await made.delete()
    assert (await other.told("guild_role_delete")).id == made.id
    assert den.guild(other).get_role(made.id) is None
    with pytest.raises(discord.NotFound) as refused:
        await made.edit(name="late")
    assert refused.value.code == 10011


async def test_role_is_given_and_taken(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    role = await den.guild(bot).create_role(name="crew")
    bob = den.guild(bot).get_member(den.bob.id)
    assert bob is not None
    await bob.add_roles(role)
    before, after = await other.told("member_update")
    assert [len(before.roles), len(after.roles)] == [1, 2]
    assert after.get_role(role.id) is not None
    await bob.remove_roles(role)
    _, after = await other.told("member_update")
    assert after.get_role(role.id) is None
    await bob.edit(roles=[role])
    _, after = await other.told("member_update")
    assert after.get_role(role.id) is not None
    await bob.add_roles(role, atomic=False)
    await role.delete()
    _, after = await other.told("member_update")
    assert len(after.roles) == 1


async def test_own_roles_are_told_without_the_members_intent(den: Den) -> None:
    """(Discord topic "Gateway events", "Guild Member Update": one's own needs no intent.)"""
    intents = discord.Intents.all()
    intents.members = intents.presences = False
    bot = await den.bot(1 << 10, intents=intents)
    other = await den.bot()
    role = await den.guild(other).create_role(
        name="crew", permissions=discord.Permissions(ban_members=True)
    )
    await bot.told("guild_role_create")
    me = den.guild(other).get_member(bot.account.id)
    bob = den.guild(other).get_member(den.bob.id)
    assert me is not None
    assert bob is not None
    await bob.add_roles(role)
    await me.add_roles(role)
    _, after = await bot.told("member_update")
    assert after == den.guild(bot).me
    assert den.guild(bot).me.guild_permissions.ban_members
    assert bot.names().count("member_update") == 1


async def test_hierarchy_of_roles(den: Den) -> None:
    bot = await den.bot(MANAGE_ROLES)
    guild = den.guild(bot)
    with pytest.raises(discord.Forbidden) as refused:
        await guild.me.top_role.edit(name="mine")
    assert refused.value.code == 50013
    with pytest.raises(discord.Forbidden) as refused:
        await guild.create_role(permissions=discord.Permissions(administrator=True))
    assert refused.value.code == 50013
    with pytest.raises(discord.HTTPException) as invalid:
        await guild.me.top_role.delete()
    assert invalid.value.code == 50028
    with pytest.raises(discord.NotFound) as unknown:
        await guild.me.add_roles(discord.Object(1))
    assert unknown.value.code == 10011


async def test_everyone_is_edited(den: Den) -> None:
    bot = await den.bot()
    everyone = den.guild(bot).default_role
    permissions = everyone.permissions
    permissions.update(send_messages=False)
    await everyone.edit(permissions=permissions)
    await bot.told("guild_role_update")
    assert not everyone.permissions.send_messages
    answer = await den.bob.post(f"/channels/{den.channel_id}/messages", {"content": "x"})
    assert (answer.status, answer.code) == (403, 50013)
