"""Voice in a process of its own: it is killed while people talk, and text does not notice."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from hearth.net.voice.conversation import DISCONNECTED
from tests.doors.conftest import Den
from tests.doors.test_voice_gateway import Talk, browse, talk_over
from tests.harness import Server, runs, until, until_yes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with loose limits, whose media another process carries."""
    data = tmp_path_factory.mktemp("server") / "data"
    running = Server(data, HEARTH_VOICE_PROCESSES="1").start()
    yield running
    if running.process is not None:
        assert running.stop() == 0


@pytest.fixture
async def talk(den: Den) -> AsyncIterator[Talk]:
    """A den where one talks."""
    async with talk_over(den) as made:
        yield made


def carrier(server: Server) -> dict[str, Any]:
    """The one process."""
    (voice,) = server.operate("show_stats")["voice"]
    return voice


async def test_it_is_killed_while_they_talk(talk: Talk, server: Server) -> None:
    bot = await talk.inside()
    person, browser = await browse(talk)
    await browser_hears(bot, browser, b"before")
    assert (person.ready["ip"], person.ready["port"]) == ("127.0.0.1", server.port)
    before = carrier(server)
    assert before["pid"] not in (0, server.process and server.process.pid)
    os.kill(before["pid"], signal.SIGKILL)
    # Text goes on at once, and everybody is asked to come anew where they are.
    await talk.den.say(talk.den.ann, "still here")
    assert await bot.closed() == DISCONNECTED
    assert await person.closed() == DISCONNECTED
    state = await talk.den.ann.get(f"/guilds/{talk.den.guild}/voice-states/{bot.client.id}")
    assert state.body["channel_id"] == str(talk.channel)
    for each in (bot, person):
        each.server = await each.client.event("VOICE_SERVER_UPDATE")
    assert bot.udp is not None
    bot.udp.close()
    bot.udp = None
    await bot.connect()
    again, anew = await browse(talk, again=person)
    assert again.ready["port"] == server.port
    await browser_hears(bot, anew, b"after")
    await talk.member(bot, mute=True)
    third = await talk.inside()
    bot.send(b"muted")
    await browser_hears(third, anew, b"mark")
    assert not any(b"muted" in each.payloads for each in anew.received.values())

    async def counted() -> bool:
        """How many are there is told with the next pulse of the process."""
        now = carrier(server)
        return (now["pid"] != before["pid"], now["restarts"], now["peers"]) == (True, 1, 3)

    await until_yes(counted)
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/metrics") as answer:
        text = await answer.text()
    for line in ('hearth_voice_peers{process="0"} 3', 'hearth_voice_restarts_total{process="0"} 1'):
        assert line in text.splitlines()


async def browser_hears(bot: Any, browser: Any, what: bytes) -> None:
    """A bot speaks until a browser hears it."""

    async def heard() -> bool:
        bot.send(what)
        return any(what in each.payloads for each in browser.received.values())

    await until_yes(heard)


async def test_it_ends_with_the_server(talk: Talk, server: Server) -> None:
    """By a signal, and by its death."""
    await talk.inside()
    pid = carrier(server)["pid"]
    assert server.stop() == 0
    assert not runs(pid)
    server.start()
    two = await talk.inside()
    assert two.ready["port"] == server.port
    pid = carrier(server)["pid"]
    server.kill()
    await until(lambda: not runs(pid))
    server.start()
