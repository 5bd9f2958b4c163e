"""Emojis as discord.py makes and knows them."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den
from tests.pictures import moving, opened, still

PNG = still("png")


async def test_an_emoji_lives(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    guild = den.guild(bot)
    made = await guild.create_custom_emoji(name="wave", image=PNG, reason="why")
    _, before, after = await other.told("guild_emojis_update")
    assert (list(before), [emoji.name for emoji in after]) == ([], ["wave"])
    assert made.user == bot.user
    assert await made.read() == PNG
    assert [emoji.id for emoji in await guild.fetch_emojis()] == [made.id]
    edited = await made.edit(name="hello")
    assert (await guild.fetch_emoji(made.id)).name == edited.name == "hello"
    await guild.delete_emoji(edited)
    await other.told("guild_emojis_update", lambda *them: not them[2])
    with pytest.raises(discord.NotFound) as refused:
        await guild.fetch_emoji(made.id)
    assert refused.value.code == 10014


async def test_pictures_live(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    guild, large = den.guild(bot), still("png", 300, 200)
    assert bot.user is not None
    user = await bot.user.edit(avatar=large, banner=large)
    assert user.avatar is not None
    assert await user.avatar.read() == large
    assert opened(await user.avatar.with_format("webp").with_size(32).read()).width == 32
    seen = await other.fetch_user(bot.user.id)
    assert seen.avatar is not None
    assert seen.avatar.key == user.avatar.key
    edited = await guild.edit(icon=moving(), splash=large, banner=large)
    for asset in (edited.icon, edited.splash, edited.banner):
        assert asset is not None
        await asset.read()
    assert edited.icon is not None
    assert edited.icon.is_animated()
    assert opened(await edited.icon.read()).n_frames == 3
    role = await guild.create_role(name="made", display_icon=still())
    assert isinstance(role.display_icon, discord.Asset)
    assert await role.display_icon.read() == still()
    me = await guild.me.edit(avatar=large)
    assert me is not None
    assert me.guild_avatar is not None
    assert await me.guild_avatar.read() == large
    assert await bot.user.default_avatar.read()
    await bot.user.edit(avatar=None)
    assert (await other.fetch_user(bot.user.id)).avatar is None
