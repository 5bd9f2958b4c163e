"""Stickers as discord.py makes, sends and knows them."""

import io

import discord
import pytest

from tests.conformance.discord_py.conftest import Den
from tests.pictures import still

PNG = still("png")


async def test_a_sticker_lives(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    guild = den.guild(bot)
    made = await guild.create_sticker(
        name="wave",
        description="a hand",
        emoji="👋",
        file=discord.File(io.BytesIO(PNG), "wave.png"),
        reason="why",
    )
    _, before, after = await other.told("guild_stickers_update")
    assert (list(before), [sticker.name for sticker in after]) == ([], ["wave"])
    assert (made.format, made.user) == (discord.StickerFormatType.png, bot.user)
    assert await made.read() == PNG
    assert [sticker.id for sticker in await guild.fetch_stickers()] == [made.id]
    assert (await bot.fetch_sticker(made.id)).name == "wave"
    sent = await den.text(bot).send("look", stickers=[made])
    told = await other.told("message", lambda message: message.id == sent.id)
    (item,) = told.stickers
    assert (item.id, item.name, item.format) == (made.id, "wave", discord.StickerFormatType.png)
    edited = await made.edit(name="hello")
    assert (await guild.fetch_sticker(made.id)).name == edited.name == "hello"
    await guild.delete_sticker(edited)
    await other.told("guild_stickers_update", lambda *them: not them[2])
    with pytest.raises(discord.NotFound) as refused:
        await guild.fetch_sticker(made.id)
    assert refused.value.code == 10060
