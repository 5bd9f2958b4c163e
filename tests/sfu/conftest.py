"""A media server on a free port of this machine, and browsers without codecs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hearth.core.voice_ports import May
from hearth.sfu.room import Peer, Sfu
from tests.sfu.peer import TestPeer
from tests.sfu.told import ALL, Told

WAIT_S = 20.0


async def until(check: Callable[[], object]) -> None:
    """Wait for what packets bring."""
    async with asyncio.timeout(WAIT_S):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Rig:
    """A media server and those who came to it."""

    def __init__(self, sfu: Sfu, told: Told) -> None:
        self.sfu = sfu
        self.told = told
        self.peers: list[TestPeer] = []

    def browser(self, **words: Any) -> TestPeer:
        """A browser that is not in any room yet."""
        made = TestPeer(**words)
        self.peers.append(made)
        return made

    async def join(
        self, room_id: int, user_id: int, may: May = ALL, **words: Any
    ) -> tuple[Peer, TestPeer]:
        """A browser that is connected to a room."""
        peer, browser = self.sfu.join(room_id, user_id, may), self.browser(**words)
        browser.answered(await peer.offer(browser.offer()))
        async with asyncio.timeout(WAIT_S):
            await browser.connected.wait()
        await until(lambda: peer.browser is not None and peer.browser.ready)
        return peer, browser


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A media server; all that came is closed behind the test."""
    told = Told()
    sfu = Sfu(told)
    await sfu.open("127.0.0.1", 0)
    made = Rig(sfu, told)
    try:
        yield made
    finally:
        for peer in made.peers:
            peer.close()
        sfu.close()
