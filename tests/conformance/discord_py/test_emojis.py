"""Emojis as discord.py makes and knows them."""

import discord
import pytest

from tests.conformance.discord_py.conftest import Den

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


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
