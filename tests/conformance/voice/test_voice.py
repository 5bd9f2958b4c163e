"""discord.py and @discordjs/voice in one room: each hears what the other plays."""

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import discord
import pytest

from tests.conformance.discord_js.conftest import Node
from tests.conformance.discord_py.conftest import Bot
from tests.conformance.voice.conftest import HEARD, JOIN, PLAY, Ear, Frames, Room, Tone

MANY, LEAST = 100, 95
PATIENCE_S = 15.0


async def until(check: Callable[[], object], within: float = PATIENCE_S) -> None:
    """Wait for what comes by UDP, of which nothing tells."""
    async with asyncio.timeout(within):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def play(client: discord.VoiceClient, source: discord.AudioSource) -> None:
    """Play all of a source."""
    done, loop = asyncio.Event(), asyncio.get_running_loop()
    client.play(source, after=lambda _: loop.call_soon_threadsafe(done.set))
    await asyncio.wait_for(done.wait(), 30)


async def heard(room: Room, node: Node, bot: Bot, mark: str) -> list[int]:
    """The numbers of discord.py's frames that @discordjs/voice heard."""
    assert bot.user is not None
    return await room.run(node, HEARD, mark=mark, user=str(bot.user.id))


async def open_ways(
    room: Room, node: Node, bot: Bot, client: discord.VoiceClient, ear: Ear, mark: str
) -> None:
    """Play until each has heard the other: a receiver begins with the first packet."""
    for _ in range(20):
        # Behind a restart the library says that it is connected until it notices that it is not.
        await until(client.is_connected, 40)
        await play(client, Frames(mark, 5))
        await room.run(node, PLAY, mark=mark, many=5)
        if ear.numbers(mark) and await heard(room, node, bot, mark):
            return
    raise AssertionError("one does not hear the other")


async def together(room: Room) -> tuple[Bot, discord.VoiceClient, Ear, Node]:
    """Both in the channel, and each has heard the other."""
    bot, node = await room.python(), await room.node()
    client = await room.voice_channel(bot).connect(timeout=10)
    assert client.mode == "aead_xchacha20_poly1305_rtpsize"
    ear = Ear(client)
    mode = await room.run(node, JOIN, channel=str(room.channel))
    assert mode == "aead_aes256_gcm_rtpsize"
    await open_ways(room, node, bot, client, ear, "first")
    return bot, client, ear, node


async def test_each_hears_every_frame_of_the_other(room: Room) -> None:
    bot, client, ear, node = await together(room)
    await asyncio.gather(
        play(client, Frames("python", MANY)), room.run(node, PLAY, mark="node", many=MANY)
    )
    # A machine that is busy elsewhere may let a socket overflow; else nothing is lost.
    await until(lambda: len(ear.numbers("node")) >= LEAST)
    assert ear.bad == 0
    for numbers in (ear.numbers("node"), await heard(room, node, bot, "python")):
        assert len(numbers) >= LEAST
        assert numbers == sorted({*numbers})


async def test_a_tone_stays_a_tone(room: Room) -> None:
    if not discord.opus.is_loaded() and not discord.opus._load_default():
        pytest.skip("libopus is not installed")
    bot, client, _, node = await together(room)
    assert bot.user is not None
    await play(client, Tone(440, 50))
    code = "return globalThis.heard.filter(([u]) => u === values.user).map(([, text]) => text);"
    packets = [each.encode("latin1") for each in await room.run(node, code, user=str(bot.user.id))]
    decoder = discord.opus.Decoder()
    pcm = b"".join(decoder.decode(each, fec=False) for each in packets[-55:-5] if len(each) > 10)
    assert crossings_per_s(pcm) == pytest.approx(440, abs=10)


def crossings_per_s(pcm: bytes) -> float:
    """How often the left channel of 48 kHz stereo goes up through zero in a second."""
    left = memoryview(pcm).cast("h")[::2].tolist()
    left = left[len(left) // 4 :]
    ups = sum(1 for one, other in pairwise(left) if one < 0 <= other)
    return ups * 48_000 / len(left)


async def test_who_is_moved_comes_along_by_itself(room: Room) -> None:
    bot, client, ear, node = await together(room)
    guild = bot.get_guild(room.guild)
    assert guild is not None
    other = await guild.create_voice_channel("other")
    for user in (bot.user, discord.Object(int(room.account.id))):
        assert user is not None
        await guild.get_member(user.id).move_to(other)  # type: ignore[union-attr]
    await until(lambda: client.is_connected() and client.channel.id == other.id)
    await open_ways(room, node, bot, client, ear, "second")
    assert {member.id for member in other.members} == {bot.user.id, room.account.id}  # type: ignore[union-attr]


async def test_a_moderator_mutes(room: Room) -> None:
    bot, _, ear, node = await together(room)
    assert bot.user is not None
    code = "await guild.members.me.voice.setMute(values.on);"
    await room.run(node, code, on=True)
    ear.heard.clear()
    await room.run(node, PLAY, mark="muted", many=10)
    await room.run(node, code, on=False)
    for _ in range(10):
        await room.run(node, PLAY, mark="heard", many=5)
        if ear.numbers("heard"):
            break
    assert ear.numbers("heard")
    assert ear.numbers("muted") == []


async def test_they_leave(room: Room) -> None:
    bot, client, _, node = await together(room)
    channel = room.voice_channel(bot)
    await room.run(node, "globalThis.connection.destroy();")
    await until(lambda: [member.id for member in channel.members] == [bot.user.id])  # type: ignore[union-attr]
    await client.disconnect()
    await until(lambda: channel.members == [])


async def test_both_come_back_by_themselves(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the process that carries voice was killed, and after an orderly restart of all."""
    server: Any = room.server
    await asyncio.to_thread(server.stop)
    monkeypatch.setitem(server.env, "HEARTH_VOICE_PROCESSES", "1")
    await asyncio.to_thread(server.start)
    bot, client, ear, node = await together(room)
    (voice,) = (await asyncio.to_thread(server.operate, "show_stats"))["voice"]
    os.kill(voice["pid"], signal.SIGKILL)
    await open_ways(room, node, bot, client, ear, "killed")
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await bot.told("resumed")
    ready = """
      const v = await voice();
      await v.entersState(globalThis.connection, v.VoiceConnectionStatus.Ready, 40_000);
    """
    await room.run(node, ready)
    await open_ways(room, node, bot, client, ear, "back")
