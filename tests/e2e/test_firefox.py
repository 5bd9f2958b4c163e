"""The web client in Firefox: text, and voice with people in Chromium."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from hearth.sfu.room import Peer, Sfu
from tests.e2e.firefox import FIREFOX, Firefox, Tab
from tests.e2e.people import CHROMIUM, SAID, Reader
from tests.e2e.test_direct import choose
from tests.e2e.test_screens import AXE
from tests.e2e.test_voice import MEDIA, NEAR_HZ, Speaker
from tests.harness import PASSWORD, PAUSE_S, Client, Server
from tests.pictures import moving
from tests.sfu.call import Call
from tests.sfu.relay import Relay
from tests.sfu.told import ALL, Told

pytestmark = [
    pytest.mark.skipif(FIREFOX is None, reason="firefox-esr is not installed"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
]

OWN_MICROPHONE = f"""() => {{
  if (!navigator.mediaDevices) return;
  const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  ({MEDIA})(440);
  navigator.mediaDevices.getUserMedia = ({{ audio, video }}) =>
    own({{ audio, video: video && {{ ...video, frameRate: 8 }} }});
  const sockets = window.sockets = [];
  window.WebSocket = class extends WebSocket {{
    constructor(...words) {{ super(...words); sockets.push(this); }}
  }};
}}"""
"""What `MEDIA` adds, but with the browser's own microphone, a tone as well; and the sockets."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def firefox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Firefox]:
    """A Firefox for all tests of this file."""
    async with Firefox.start(tmp_path_factory.mktemp("firefox") / "profile") as running:
        yield running


async def log_in(firefox: Firefox, server: Server, name: str, script: str = "") -> Tab:
    """Somebody in a tab, by keys alone."""
    tab = await firefox.tab(script)
    await tab.go(server.url)
    await tab.until("() => document.activeElement?.name === 'username'")
    await tab.type(name)
    await tab.press("Tab")
    await tab.type(PASSWORD)
    await tab.press("Enter")
    await tab.until("() => document.querySelector('[data-connection=ready]') !== null")
    return tab


async def reads(tab: Tab, texts: list[str]) -> None:
    """Wait until these are the messages shown."""
    shown = f"() => [...document.querySelectorAll(`{SAID}`)].map((one) => one.textContent)"
    await tab.until_so(lambda said: said == texts, shown)


async def test_text(server: Server, browser: Browser, firefox: Firefox, tmp_path: Path) -> None:
    """Log in, find a channel, talk, answer, and send a file, mostly by keys."""
    ann = await log_in(firefox, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    await bob.go("Den")
    await ann.press("Control+k")
    await ann.until("() => document.activeElement.matches('[role=combobox]')")
    await ann.type("gen")
    await ann.until(
        "() => document.querySelector('[role=option]')?.textContent.includes('general')"
    )
    await ann.press("Enter")
    await ann.until("() => document.querySelector('[data-composer]') !== null")
    # What is typed while nothing has the focus is a message.
    await ann.type("hello from Firefox")
    await ann.press("Enter")
    await bob.reads(["hello from Firefox"])
    await bob.say("hello from Chromium")
    await reads(ann, ["hello from Firefox", "hello from Chromium"])
    for _ in range(8):
        await ann.press("F6")
        if await ann.run("() => document.activeElement.matches('article')"):
            break
    await ann.press("r")
    await ann.until("() => document.activeElement.matches('[data-composer]')")
    await ann.type("well met")
    await ann.press("Enter")
    reply = bob.page.locator("article").last
    await expect(reply).to_contain_text("well met")
    await expect(reply).to_contain_text("hello from Chromium")
    picture = tmp_path / "flame.gif"
    picture.write_bytes(moving())
    await ann.attach("input[type=file]", picture)
    await ann.until("() => document.querySelector('[aria-label=Send]').disabled === false")
    await ann.click("button", "Send")
    await expect(bob.page.locator("article").last.locator("img[src*=flame]")).to_be_visible()
    await ann.until("() => document.querySelector('article img[src*=flame]')?.naturalWidth > 0")
    if AXE.exists():
        look = "axe.run(document, {resultTypes: ['violations']})"
        found = await ann.run(f"() => {{ {AXE.read_text()}; return {look}; }}")
        assert found["violations"] == []
    assert ann.faults == bob.faults == []
    await ann.close()


async def hears(tab: Tab, *wanted: float) -> None:
    """Wait until these tones are heard, and no others."""

    def right(heard: list[float]) -> bool:
        pairs = zip(sorted(heard), sorted(wanted), strict=False)
        return len(heard) == len(wanted) and all(abs(a - b) < NEAR_HZ for a, b in pairs)

    await tab.until_so(right, "() => window.tones()", within=30)


PICTURE = """async () => {
  const room = document.querySelector('[aria-label="Voice of General"]');
  const video = room?.querySelector('video:not([data-mirrored])');
  const found = { decoded: 0, width: 0, shown: video?.videoWidth ?? 0 };
  for (const one of window.connections) {
    for (const each of (await one.getStats()).values()) {
      if (each.type !== 'inbound-rtp' || each.kind !== 'video' || !each.framesDecoded) continue;
      found.decoded = each.framesDecoded;
      found.width = each.frameWidth;
    }
  }
  return found;
}"""
"""Frames of the other's picture that were decoded, and how wide it comes and is shown."""


async def seen(look: Callable[[], Awaitable[dict[str, int]]], width: range) -> None:
    """Wait until a picture comes, and is shown, so wide; then let more frames of it come."""
    last, decoded = {"width": 0, "shown": 0, "decoded": 0}, 0
    try:
        async with asyncio.timeout(30):
            while not (last["width"] in width and last["shown"] == last["width"]):
                await asyncio.sleep(PAUSE_S)
                last = await look()
            decoded = last["decoded"]
            while last["decoded"] < decoded + 10:
                await asyncio.sleep(PAUSE_S)
                last = await look()
    except TimeoutError:
        raise AssertionError(f"{last} is not {width}, after {decoded} frames") from None


async def test_voice(server: Server, browser: Browser, firefox: Firefox) -> None:
    """They hear and see each other, as large as they show each other, and over a cut."""
    guest = await firefox.tab()
    await guest.go(f"{server.url}/voice-check")
    ways = "() => document.querySelector('main').innerText.match(/It answers, after/g)?.length"
    await guest.until_so(lambda count: count == 2, ways)
    assert guest.faults == []
    await guest.close()
    ann = await log_in(firefox, server, "ann", OWN_MICROPHONE)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.click("link", "Den")
    await ann.click("link", "General, voice")
    await bob.join("General")
    await ann.until("() => document.querySelector('[data-voice=connected]') !== null")
    await hears(ann, 880)
    await bob.hears(440)
    # Cameras, both ways, each of the layer that fits.
    await ann.click("button", "Turn the camera on")
    await bob.page.get_by_role("button", name="Turn the camera on").click()

    async def of_ann() -> dict[str, int]:
        return await bob.page.evaluate(f"({PICTURE})()")

    async def of_bob() -> dict[str, int]:
        return await ann.run(PICTURE)

    await seen(of_ann, range(600, 1300))
    await seen(of_bob, range(600, 1300))
    await bob.page.set_viewport_size({"width": 800, "height": 300})
    await seen(of_ann, range(100, 400))
    await ann.resize(800, 300)
    await seen(of_bob, range(100, 400))
    # The signalling is cut; media goes on, and so does what is signalled.
    before = await ann.run("() => sockets.length")
    await ann.run("() => sockets.filter((one) => one.url.includes('voice')).at(-1).close(4000)")
    await ann.until(f"() => sockets.length > {before} && sockets.at(-1).readyState === 1")
    await ann.resize(1200, 800)
    await seen(of_bob, range(600, 1300))
    await hears(ann, 880)
    await bob.hears(440)
    # The server is started anew, and both cameras are there again.
    before = await ann.run("() => connections.length")
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await ann.until(f"() => connections.length > {before}")
    await seen(of_bob, range(600, 1300))
    await seen(of_ann, range(100, 400))
    await hears(ann, 880)
    await bob.hears(440)
    # Who leaves is seen and heard no more.
    await ann.click("button", "Leave voice")
    await bob.hears()
    await expect(bob.voice("General", "ann")).to_have_count(0)
    assert ann.faults == bob.faults == []
    await ann.close()


SCRIPT = (Path(__file__).parents[1] / "sfu" / "page.html").read_text()
SCRIPT = SCRIPT.partition("<script>")[2].partition("</script>")[0]


@pytest_asyncio.fixture(loop_scope="session")
async def blank() -> AsyncIterator[str]:
    """The address of a page with nothing on it, which browsers give a camera."""

    async def nothing(_: web.BaseRequest) -> web.Response:
        return web.Response(text="<!doctype html><title>x</title>", content_type="text/html")

    runner = web.ServerRunner(web.Server(nothing))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


class Person:
    """Somebody in a room of a media server alone, by a network of their own; several fit in a
    page."""

    def __init__(self, tab: Tab, name: str, peer: Peer, relay: Relay) -> None:
        self._tab, self._name = tab, name
        self.peer = peer
        self.up, self.down = relay.up, relay.down

    @classmethod
    async def come(cls, tab: Tab, call: Call, user_id: int, **asked: Any) -> "Person":
        """Enter."""
        name = f"user{user_id}"
        await tab.run(f"() => {{ {SCRIPT}; window.{name} = {{ begin, answer, stats }}; }}")
        relay = Relay(("127.0.0.1", call.sfu.port), user_id)
        call.closing.append(relay)
        made = cls(tab, name, call.sfu.join(1, user_id, ALL), relay)
        wanted = {"tone": 0, "simulcast": True, "audioSlots": 0, "videoSlots": 0, **asked}
        answer = await made.peer.offer(await tab.run(f"(all) => {name}.begin(all)", wanted))
        await tab.run(f"(sdp) => {name}.answer(sdp)", relay.lead(answer))
        return made

    async def counts(self, kind: str) -> Counter[str]:
        """The sums of its statistics of one kind."""
        found: Counter[str] = Counter()
        for each in await self._tab.run(f"() => {self._name}.stats()"):
            if each["type"] == kind:
                found.update({key: n for key, n in each.items() if isinstance(n, int)})
        return found


async def test_what_a_network_loses_is_sent_again(firefox: Firefox, blank: str) -> None:
    """Pictures there and back, each way by a network that loses one packet in ten."""
    told = Told()
    sfu = Sfu(told)
    call = Call(sfu, told)
    tab = await firefox.tab()
    try:
        await sfu.open("127.0.0.1", 0)
        await sfu.load()
        await tab.go(blank)
        one = await Person.come(tab, call, 11, camera=[640, 480])
        two = await Person.come(tab, call, 12, videoSlots=1)

        async def until(check: Callable[[Counter[str], int], object]) -> tuple[Counter[str], int]:
            """Wait until it is so of what came, and of how many packets were sent."""
            while True:
                seen = await two.counts("inbound-rtp")
                assert two.peer.browser is not None
                (view,) = two.peer.browser.views.values()
                sent, _ = view.sent()
                if check(seen, sent):
                    return seen, sent
                assert call.sfu.now() < end, f"{dict(seen)} of {sent}; {tab.faults}"
                await asyncio.sleep(PAUSE_S)

        end = call.sfu.now() + 90
        await until(lambda seen, _: seen["framesDecoded"] > 10)
        # The poorest layer: each of its frames is one packet, as good as always.
        (stream,) = (each for each in one.peer.streams if each.kind == "video")
        two.peer.want(0, {stream.ssrc: 100}, {stream.ssrc: 160 * 120})
        before, at = await until(lambda seen, _: seen["frameWidth"] == 160)
        one.up.loss = two.down.loss = 0.1

        def whole(seen: Counter[str], sent: int) -> bool:
            """What was lost before a frame was repaired, or frames until the next keyframe are
            missing too."""
            frames = seen["framesReceived"] - before["framesReceived"]
            return two.down.lost > 12 and frames > 0.8 * (sent - at)

        seen, _ = await until(whole)
        assert seen["nackCount"] > before["nackCount"]
        assert one.up.lost > 12
        assert one.peer.browser is not None
        media = [each for each in one.peer.browser.sources.values() if not each.repairs]
        one.up.loss = two.down.loss = 0.0
        now = call.sfu.now()
        assert sum(each.reception.report(now).lost for each in media) < one.up.lost / 3
    finally:
        call.close()
    await tab.close()


async def test_a_call_goes_directly(
    server: Server, browser: Browser, firefox: Firefox, clients: Callable[[str], Client]
) -> None:
    """From Firefox to Chromium and back, and by the server once one does not let it any more."""
    assert await asyncio.to_thread(server.stop) == 0
    server.env["HEARTH_VOICE_P2P"] = "true"
    await asyncio.to_thread(server.start)
    ann_id = (await clients("ann").get("/users/@me")).body["id"]
    call = (await clients("bob").post("/users/@me/channels", {"recipient_id": ann_id})).body["id"]
    ann = await log_in(firefox, server, "ann", OWN_MICROPHONE)
    bob = await Speaker.come(browser, server, "bob", 880, permissions=["microphone", "camera"])
    let = "localStorage.setItem('hearth.voice.direct', 'true')"
    await ann.run(f"() => {let}")
    await bob.page.evaluate(let)
    await ann.go(server.url)
    await ann.until("() => document.querySelector('[data-connection=ready]') !== null")
    await bob.page.goto(f"{server.url}/channels/@me/{call}")
    await bob.connected()
    await bob.page.get_by_role("button", name="Call", exact=True).click()
    await ann.until("() => document.querySelector('[role=alertdialog]') !== null")
    await ann.click("button", "Answer")
    heard = """players.filter((one) => !one.muted && one.srcObject).map((one) =>
      connections.findIndex((each) => each.getReceivers().some((receiver) =>
        receiver.track === one.srcObject.getAudioTracks()[0])))"""
    direct = f"[...new Set({heard})].includes(1)"
    await ann.until(f"() => {direct}")
    await bob.until(direct)
    await hears(ann, 880)
    await bob.hears(440)
    await ann.click("button", "Turn the camera on")
    await bob.until("document.querySelector('section[aria-label^=\"Voice of\"] video')?.videoWidth")
    await choose(bob, on=False)
    await ann.until("() => connections[1].connectionState === 'closed'")
    await hears(ann, 880)
    await bob.hears(440)
    assert ann.faults == bob.faults == []
    await ann.close()
