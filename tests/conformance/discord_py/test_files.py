"""Files of messages as discord.py sends, reads, keeps and replaces them."""

import io

import discord

from tests.conformance.discord_py.conftest import Den
from tests.pictures import still


async def test_files_live(den: Den) -> None:
    bot, other = await den.bot(), await den.bot()
    files = [
        discord.File(io.BytesIO(still()), "p.png", description="a picture"),
        discord.File(io.BytesIO(b"hello"), "a.txt", spoiler=True),
    ]
    sent = await den.text(bot).send("two", files=files)
    told = await other.told("message", lambda message: message.id == sent.id)
    picture, text = told.attachments
    assert (picture.filename, picture.width, picture.height) == ("p.png", 40, 20)
    assert (picture.description, picture.content_type) == ("a picture", "image/png")
    assert (text.filename, text.is_spoiler(), text.size) == ("SPOILER_a.txt", True, 5)
    assert await picture.read() == await picture.read(use_cached=True) == still()
    assert await text.read() == b"hello"
    edited = await sent.edit(attachments=[sent.attachments[1]])
    assert [each.filename for each in edited.attachments] == ["SPOILER_a.txt"]
    edited = await edited.add_files(discord.File(io.BytesIO(b"more"), "b.txt"))
    assert [each.filename for each in edited.attachments] == ["SPOILER_a.txt", "b.txt"]
    fetched = await den.text(other).fetch_message(sent.id)
    assert [await each.read() for each in fetched.attachments] == [b"hello", b"more"]
    fetched = await den.text(bot).fetch_message(sent.id)
    edited = await fetched.remove_attachments(fetched.attachments[0])
    assert [each.filename for each in edited.attachments] == ["b.txt"]
    alone = await den.text(bot).send(file=discord.File(io.BytesIO(b"x"), "x.bin"))
    assert alone.content == ""
