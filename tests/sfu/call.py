"""A room on a clock of its own, whose people come by networks of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from hearth.sfu.room import Peer, Sfu
from tests.sfu.conftest import Rig
from tests.sfu.film import RATES, Film, Watch
from tests.sfu.peer import TestPeer
from tests.sfu.relay import Relay
from tests.sfu.told import ALL, Told
from tests.sfu.virtual import run


class Call(Rig):
    """A room whose people come by ways of their own. All is closed behind the test."""

    def __init__(self, sfu: Sfu, told: Told) -> None:
        super().__init__(sfu, told)
        self.closing: list[Film | Watch | Relay] = []
        self._loop = asyncio.get_running_loop()

    async def come(self, user_id: int, **words: Any) -> tuple[Peer, TestPeer, Relay]:
        """Somebody with a way that is good as yet."""
        relay = Relay(("127.0.0.1", self.sfu.port), user_id)
        self.closing.append(relay)
        peer, browser = self.sfu.join(1, user_id, ALL), self.browser(**words)
        browser.answered(relay.lead(await peer.offer(browser.offer())))
        await browser.connected.wait()
        return peer, browser, relay

    async def films(self, user_id: int, rates: dict[str, float] | None = None) -> Relay:
        """Somebody with a camera."""
        rates = RATES if rates is None else rates
        _, browser, relay = await self.come(
            user_id, camera=tuple(rates), microphone=False, audio_slots=0
        )
        self.closing.append(Film(browser, rates))
        return relay

    async def watches(self, user_id: int) -> tuple[Peer, Watch, Relay]:
        """Somebody who looks at one picture."""
        peer, browser, relay = await self.come(
            user_id, microphone=False, audio_slots=0, video_slots=1
        )
        watch = Watch(browser)
        self.closing.append(watch)
        return peer, watch, relay

    async def until(self, check: Callable[[], object], within_s: float) -> float:
        """Wait until it is so; how many seconds that took."""
        began = self._loop.time()
        while not check():
            assert self._loop.time() - began < within_s, "it did not come to be in time"
            await asyncio.sleep(0.02)
        return self._loop.time() - began

    def close(self) -> None:
        for each in self.closing:
            each.close()
        for peer in self.peers:
            peer.close()
        self.sfu.close()


def virtual(test: Callable[[Call], Awaitable[None]]) -> Callable[[], None]:
    """A test of a call, on a loop whose time is its own."""

    async def work() -> None:
        told = Told()
        sfu = Sfu(told)
        await sfu.open("127.0.0.1", 0)
        await sfu.load()
        call = Call(sfu, told)
        try:
            await test(call)
        finally:
            call.close()

    def outer() -> None:
        made: Coroutine[object, object, None] = work()
        run(made)

    outer.__name__, outer.__doc__ = test.__name__, test.__doc__
    return outer
