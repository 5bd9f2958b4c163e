"""Real browsers exchange tones and pictures through the media server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from hearth.core.voice_ports import May
from hearth.sfu.room import Peer
from tests.e2e.people import ARGS, CHROMIUM
from tests.sfu.conftest import Rig
from tests.sfu.relay import Relay
from tests.sfu.told import ALL

PAGE = (Path(__file__).parent / "page.html").read_text()
WAIT_S = 60.0
NEAR_HZ = 12.0
AUDIBLE = 0.2
"""Half as strong as the tone is sent."""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window, with a camera and a microphone that are not real."""
    more = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *more])
        yield running
        await running.close()


async def until(check: Callable[[], Awaitable[object]]) -> None:
    """Wait for what a browser does."""
    async with asyncio.timeout(WAIT_S):
        while not await check():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


class Person:
    """Somebody in a room with a browser."""

    def __init__(self, peer: Peer, page: Page) -> None:
        self.peer = peer
        self.page = page

    async def tones(self) -> list[float]:
        """What it hears, in Hz."""
        return sorted((await self.page.evaluate("tones()")).values())

    async def hears(self, *tones: float) -> None:
        """Wait until it hears these tones and no others."""
        last: list[float] = []

        async def so() -> bool:
            nonlocal last
            last = await self.tones()
            return len(last) == len(tones) and all(
                abs(a - b) < NEAR_HZ for a, b in zip(last, sorted(tones), strict=True)
            )

        try:
            await until(so)
        except TimeoutError:
            raise AssertionError(f"hears {last}, not {tones}") from None

    async def stats(self, type: str, **words: Any) -> list[dict[str, Any]]:
        """Its statistics of one type with these values."""
        return [
            each
            for each in await self.page.evaluate("stats()")
            if each["type"] == type
            and all(each.get(word) == value for word, value in words.items())
        ]

    async def again(self, call: str) -> None:
        """Offer anew."""
        answer = await self.peer.offer(await self.page.evaluate(call))
        await self.page.evaluate("sdp => answer(sdp)", answer)


async def come(
    rig: Rig,
    chromium: Browser,
    user_id: int,
    *,
    tone: float = 0.0,
    camera: tuple[int, int] | None = None,
    simulcast: bool = True,
    audio: int = 4,
    video: int = 0,
    may: May = ALL,
    by: Relay | None = None,
) -> Person:
    """Somebody comes to room 1, perhaps by a bad network."""
    page = await (await chromium.new_context()).new_page()
    await page.route(
        "http://localhost/", lambda route: route.fulfill(body=PAGE, content_type="text/html")
    )
    await page.goto("http://localhost/")
    peer = rig.sfu.join(1, user_id, may)
    asked = {
        "tone": tone,
        "camera": camera,
        "simulcast": simulcast,
        "audioSlots": audio,
        "videoSlots": video,
    }
    offer = await page.evaluate("asked => begin(asked)", asked)
    answer = await peer.offer(offer)
    await page.evaluate("sdp => answer(sdp)", answer if by is None else by.lead(answer))
    return Person(peer, page)


async def test_two_hear_each_others_tone(rig: Rig, chromium: Browser):
    one = await come(rig, chromium, 11, tone=440)
    two = await come(rig, chromium, 12, tone=880)
    await one.hears(880)
    await two.hears(440)
    one.peer.allow(ALL._replace(audio_in=False))
    await two.hears()
    one.peer.allow(ALL)
    await two.hears(440)
    assert {user for user, flags in rig.told.spoken if flags} == {11, 12}


async def test_five_hear_four_each_and_a_sixth_by_one_more_slot(rig: Rig, chromium: Browser):
    tones = [300.0, 500.0, 700.0, 900.0, 1100.0]
    people = [
        await come(rig, chromium, 11 + number, tone=tone) for number, tone in enumerate(tones)
    ]
    for person, own in zip(people, tones, strict=True):
        await person.hears(*(tone for tone in tones if tone != own))
    await come(rig, chromium, 21, tone=1300.0, audio=5)
    await people[0].again("more('audio', 1)")
    await people[0].hears(*tones[1:], 1300.0)
    # Who leaves is silent at once, and an ICE restart changes nothing that is heard.
    people[1].peer.close()
    await people[0].hears(*tones[2:], 1300.0)
    await people[0].again("offer(true)")
    await people[0].hears(*tones[2:], 1300.0)


async def test_a_camera_is_seen_and_its_layers_are_chosen(rig: Rig, chromium: Browser):
    one = await come(rig, chromium, 11, camera=(960, 540), audio=0)
    two = await come(rig, chromium, 12, audio=0, video=1)

    async def width() -> int:
        for each in await two.stats("inbound-rtp", kind="video"):
            if each.get("framesDecoded"):
                return each.get("frameWidth", 0)
        return 0

    async def seen(wanted: int) -> None:
        async def so() -> bool:
            return await width() == wanted

        await until(so)

    await seen(960)
    stream = next(each for each in one.peer.streams if each.kind == "video")
    two.peer.want(100, {stream.ssrc: 100}, {stream.ssrc: 160 * 90})
    await seen(240)
    two.peer.want(100, {stream.ssrc: 100}, {stream.ssrc: 480 * 270})
    await seen(480)
    two.peer.want(100, {}, {})
    await seen(960)
    (inbound,) = await two.stats("inbound-rtp", kind="video")
    assert inbound["packetsLost"] <= 0
    # The browser probes its way up only when it is told how its packets arrive.
    outbound = await one.stats("outbound-rtp", kind="video")
    assert {each["rid"] for each in outbound if each["packetsSent"]} == {"q", "h", "f"}
    two.peer.want(0, {}, {})

    async def paused() -> bool:
        return rig.told.demands[-1] == (11, {stream.ssrc: 0})

    await until(paused)


@pytest.fixture
async def relay(rig: Rig) -> AsyncIterator[Relay]:
    """A network before the media server, which is good as yet."""
    made = Relay(("127.0.0.1", rig.sfu.port), seed=6)
    yield made
    made.close()


async def test_a_bad_network_is_hardly_heard_and_soon_forgotten(
    rig: Rig, chromium: Browser, relay: Relay
):
    one = await come(rig, chromium, 11, tone=440, camera=(640, 360), audio=0)
    two = await come(rig, chromium, 12, audio=1, video=1, by=relay)
    await two.hears(440)
    # One in ten is lost on the way to the listener, of whom the speaker's browser knows nothing.
    relay.down.loss = 0.1
    relay.down.delay_s, relay.down.jitter_s = 0.02, 0.02
    await two.page.evaluate("follow(440)")

    async def repaired() -> bool:
        (inbound,) = await two.stats("inbound-rtp", kind="audio")
        return inbound["fecPacketsReceived"] > 5

    await until(repaired)

    async def steady() -> bool:
        strengths = await two.page.evaluate("strengths.slice(-100)")
        return len(strengths) == 100 and sum(each > AUDIBLE for each in strengths) >= 95

    await until(steady)
    (inbound,) = await two.stats("inbound-rtp", kind="audio")
    assert inbound["packetsLost"] > 0

    async def frames() -> int:
        return sum(
            each.get("framesDecoded", 0) for each in await two.stats("inbound-rtp", kind="video")
        )

    # For a while nothing comes at all; then sound and picture go on, at another address even.
    for _ in range(2):
        relay.down.loss = 1.0
        await asyncio.sleep(0.4)
        relay.down.loss = 0.0
        before = await frames()

        async def shown(before: int = before) -> bool:
            return await frames() > before + 10

        await until(shown)
        await two.hears(440)
        relay.rebind()
    assert rig.told.gone == []
    assert one.peer.browser is not None
