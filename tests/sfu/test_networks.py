"""Calls on bad networks, on a clock of their own: what is seen and heard, second by second."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from hearth.sfu import rtcp
from hearth.sfu.room import Peer, Sfu
from tests.sfu.conftest import Rig
from tests.sfu.film import RATES, Film, Watch
from tests.sfu.peer import TestPeer
from tests.sfu.relay import Relay
from tests.sfu.told import ALL, Told
from tests.sfu.virtual import run

SETTLED_S = 12.0
"""Longer than one probe up and a hold take."""


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


@virtual
async def test_a_limit_costs_layers_and_no_freeze_and_they_come_back(call: Call):
    await call.films(11)
    peer, watch, relay = await call.watches(12)
    await call.until(lambda: watch.layer == "f", 5)
    relay.down.rate = 700e3
    await call.until(lambda: watch.layer in ("h", "q"), 4)
    limited_at = call.sfu.now()
    await asyncio.sleep(2 * SETTLED_S)
    # More was tried meanwhile, and nobody saw it.
    assert watch.probes > 0
    assert watch.layer in ("h", "q")
    assert watch.longest_gap(limited_at + 1) < 1.5
    relay.down.rate = 0.0
    await call.until(lambda: watch.layer == "f", 30)
    assert peer.bandwidth.estimate > sum(RATES.values()) / 2


@virtual
async def test_video_is_back_within_two_seconds_of_a_burst(call: Call):
    await call.films(11)
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.layer == "f", 5)
    for missing_s in (0.2, 0.9, 1.6):
        relay.down.loss = 1.0
        await asyncio.sleep(missing_s)
        relay.down.loss = 0.0
        over_at = call.sfu.now()
        await call.until(lambda over_at=over_at: watch.shown[-1].at > over_at, 2)
        await asyncio.sleep(SETTLED_S)
        assert watch.longest_gap(over_at + 2) < 0.5
    # The server knows what it has not got any more, before the browser gives up waiting.
    assert watch.asked_keyframes == 0


@virtual
async def test_one_in_ten_lost_on_both_ways_is_hardly_seen(call: Call):
    up = await call.films(11, {"": 400e3})
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.shown, 5)
    for each in (up, relay):
        each.up.loss = each.down.loss = 0.1
        each.up.delay_s = each.down.delay_s = 0.02
        each.up.jitter_s = each.down.jitter_s = 0.03
    began, before = call.sfu.now(), len(watch.shown)
    await asyncio.sleep(20)
    frames = len(watch.shown) - before
    assert frames > 0.95 * 30 * 20
    assert watch.longest_gap(began) < 1.0


@virtual
async def test_the_speaker_knows_what_listeners_lose(call: Call):
    """So that Opus repairs it; its own way is not blamed."""
    _, speaker, _ = await call.come(11, audio_slots=0)
    _, listener, relay = await call.come(12, microphone=False)
    loop = asyncio.get_running_loop()

    async def talk(seconds: float) -> None:
        until = loop.time() + seconds
        while loop.time() < until:
            speaker.say(b"opus")
            await asyncio.sleep(0.02)

    await talk(2)
    (ssrc,) = listener.received
    told = [fact for fact in speaker.facts if isinstance(fact, rtcp.Report)]
    assert told
    assert {fact.fraction for fact in told} == {0.0}
    relay.down.loss = 0.2
    listener.send_rtcp(
        rtcp.receiver_report(1, [rtcp.Received(ssrc, int(0.2 * 256), 40, 9000, 0, 0, 0)])
    )
    speaker.facts.clear()
    before = listener.received[ssrc].packets
    await talk(3)
    # What did not come is a gap in its numbers, which Opus fills from the packet behind.
    stream = listener.received[ssrc]
    numbers = stream.sequences[before:]
    assert len(numbers) < (numbers[-1] - numbers[0]) % 65536
    told = [fact for fact in speaker.facts if isinstance(fact, rtcp.Report)]
    assert abs(max(fact.fraction for fact in told) - 0.2) < 0.01
    await talk(14)
    told = [fact for fact in speaker.facts if isinstance(fact, rtcp.Report)]
    assert told[-1].fraction == 0.0


@virtual
async def test_another_address_costs_no_more_than_a_check(call: Call):
    await call.films(11, {"": 400e3})
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.shown, 5)
    for _ in range(3):
        relay.rebind()
        moved_at = call.sfu.now()
        # Checks are made every two seconds; nothing but they is answered at a new address.
        await call.until(lambda moved_at=moved_at: watch.shown[-1].at > moved_at + 0.5, 4)
    assert call.told.gone == []


@virtual
async def test_nobody_is_sent_more_than_the_host_allows(call: Call):
    call.sfu.viewer_bits = 900e3
    await call.films(11)
    viewers = [await call.watches(12 + each) for each in range(3)]
    for peer, watch, _ in viewers:
        await call.until(lambda watch=watch: watch.layer == "h", 8)
        assert peer.bandwidth.more == 0.0
    await asyncio.sleep(SETTLED_S)
    assert {watch.layer for _, watch, _ in viewers} == {"h"}
    # All together: what is there is divided among those who look.
    call.sfu.viewer_bits = float("inf")
    call.sfu.upload_bits = 2 * RATES["h"] * 1.3
    await asyncio.sleep(SETTLED_S)
    assert sum(peer.bandwidth.rate for peer, _, _ in viewers) < call.sfu.upload_bits
    call.sfu.upload_bits = float("inf")
    for _, watch, _ in viewers:
        await call.until(lambda watch=watch: watch.layer == "f", 30)
