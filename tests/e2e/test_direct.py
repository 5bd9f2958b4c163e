"""A call of two whose media goes from one browser to the other, and back by the server."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from hearth.net.rest.static import DIST
from tests.e2e.people import CHROMIUM
from tests.e2e.test_voice import WAIT_S, Speaker
from tests.harness import PASSWORD, Client, Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

logger = logging.getLogger(__name__)

EVERY_MS = 50

SCREEN_HZ = 1320

LISTEN = """([hertz, everyMs]) => {
  const ears = new AudioContext();
  const listening = new Map();
  const sounds = (track, wanted) => {
    if (!listening.has(track)) {
      const analyser = new AnalyserNode(ears, { fftSize: 4096, smoothingTimeConstant: 0 });
      ears.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      listening.set(track, analyser);
    }
    const analyser = listening.get(track);
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const at = Math.round(wanted * analyser.fftSize / ears.sampleRate);
    return Math.max(bins[at - 1], bins[at], bins[at + 1]) > -60;
  };
  const played = (wanted = hertz) => players.flatMap((one) => {
    const sounding = (one.srcObject?.getAudioTracks() ?? []).filter((each) => sounds(each, wanted));
    return one.muted || one.volume === 0 ? [] : sounding;
  });
  const of = (track) => connections.findIndex((one) =>
    one.getReceivers().some((each) => each.track === track));
  window.silence = { longest: 0, now: 0 };
  window.by = (wanted) => played(wanted).map(of).sort().join();
  setInterval(() => {
    silence.now = played().length ? 0 : silence.now + 1;
    silence.longest = Math.max(silence.longest, silence.now);
  }, everyMs);
}"""
"""Counts the looks in a row at which a tone is not played, and says by which connections it, or
another, is."""

SOUNDING_SCREEN = """hertz => {
  const devices = navigator.mediaDevices;
  const silent = devices.getDisplayMedia;
  devices.getDisplayMedia = async (wanted) => {
    const screen = await silent(wanted);
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: hertz });
    const out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    screen.getAudioTracks().forEach((one) => screen.removeTrack(one));
    screen.addTrack(out.stream.getAudioTracks()[0]);
    return screen;
  };
}"""
"""A screen whose sound is a tone."""

SENT = """async (index) => {
  const found = { audio: 0, video: 0 };
  (await connections[index].getStats()).forEach((one) => {
    if (one.type === "outbound-rtp") found[one.kind] += one.packetsSent;
  });
  return found;
}"""

SEEN = """async () => {
  const found = [];
  for (const video of document.querySelectorAll('section[aria-label^="Voice of"] video')) {
    const track = video.srcObject?.getVideoTracks()[0];
    const by = connections.findIndex((one) =>
      one.connectionState !== "closed" && one.getReceivers().some((each) => each.track === track));
    if (by < 0 || !video.videoWidth) return { by: "", whole: [] };
    let whole = 0;
    (await connections[by].getStats(track)).forEach((one) => {
      if (one.type === "inbound-rtp") whole += one.framesDecoded ?? 0;
    });
    found.push([by, whole]);
  }
  return { by: found.map((one) => one[0]).join(), whole: found.map((one) => one[1]) };
}"""
"""By which connection each picture of the other is seen, and how many whole ones came by it."""

MUTE_DIRECT = """async () => {
  const [sender] = connections.at(-1).getSenders();
  const now = sender.getParameters();
  now.encodings.forEach((each) => each.active = false);
  await sender.setParameters(now);
}"""
"""As where the network between the two broke: no sound comes, and no goodbye."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that lets calls of two go directly, with three people in a guild."""
    if not (DIST / "index.html").exists():
        pytest.skip("the web client is not built: make setup")
    running = Server(tmp_path / "data", HEARTH_VOICE_P2P="true").start()
    try:
        for name in ("ann", "bob", "cat"):
            running.operate("create_user", {"username": name, "password": PASSWORD})
        guild, _ = running.guild("Den", "ann")
        for name in ("bob", "cat"):
            running.join(guild, name)
        yield running
    finally:
        assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log, log
    assert "typ host" not in log


async def choose(who: Speaker, on: bool) -> None:
    """Turn the setting on or off, as a person does."""
    await who.page.get_by_role("button", name="Settings", exact=True).click()
    await who.page.get_by_role("link", name="Voice").click()
    await who.page.get_by_role("switch", name="Calls of two go directly").set_checked(on)
    await who.page.get_by_role("button", name="Close settings").click()


async def is_direct(who: Speaker, other: Speaker, index: int) -> None:
    """Wait until each hears the other by that connection alone, and the server is sent nothing."""
    for one in (who, other):
        await one.until(f"by() === '{index}'")
    for one in (who, other):
        async with asyncio.timeout(WAIT_S):
            still = False
            while not still:
                server, direct = [await one.page.evaluate(SENT, i) for i in (0, index)]
                more = direct["audio"] + 25
                await one.until(f"({SENT})({index}).then((sent) => sent.audio >= {more})")
                still = await one.page.evaluate(SENT, 0) == server


async def is_seen(who: Speaker, index: int, *, many: int) -> None:
    """Wait until the other's pictures, so many, come by that connection, and move."""
    wanted = ",".join([str(index)] * many)
    seen: dict[str, Any] = {}
    first: list[int] | None = None
    try:
        async with asyncio.timeout(WAIT_S):
            while not first or not all(
                now > then for now, then in zip(seen["whole"], first, strict=True)
            ):
                await asyncio.sleep(0.1)
                seen = await who.page.evaluate(SEEN)
                if seen["by"] != wanted:
                    first = None
                elif first is None:
                    first = seen["whole"]
    except TimeoutError:
        raise AssertionError(f"sees {seen}, not by {wanted}; {who.faults}") from None


async def silence(who: Speaker) -> int:
    """The longest while, in milliseconds, for which the other was not heard since it was asked."""
    longest: int = await who.page.evaluate("silence.longest")
    await who.page.evaluate("silence.longest = 0")
    return longest * EVERY_MS


async def test_two_talk_directly_and_nothing_is_missed(
    server: Server,
    browser: Browser,
    clients: Callable[[str], Client],
) -> None:
    ids = [(await clients(name).get("/users/@me")).body["id"] for name in ("bob", "cat")]
    group = (await clients("ann").post("/users/@me/channels", {"recipients": ids})).body["id"]
    allowed: dict[str, Any] = {"permissions": ["microphone", "camera"]}
    ann = await Speaker.come(browser, server, "ann", 440, **allowed)
    bob = await Speaker.come(browser, server, "bob", 880, **allowed)
    await choose(bob, on=True)
    await ann.page.goto(f"{server.url}/channels/@me/{group}")
    await ann.connected()
    await ann.page.get_by_role("button", name="Call", exact=True).click()
    await bob.page.get_by_role("alertdialog").get_by_role("button", name="Answer").click()
    await bob.is_in()
    await ann.hears(880)
    await bob.hears(440)
    # As long as one of them has not said so, nobody's address is looked for.
    for who in (ann, bob):
        assert await who.page.evaluate("connections.length") == 1
    await ann.page.evaluate(LISTEN, [880, EVERY_MS])
    await bob.page.evaluate(LISTEN, [440, EVERY_MS])
    await ann.until("by() === '0'")
    await silence(ann)
    found: dict[str, int] = {}

    await choose(ann, on=True)
    await is_direct(ann, bob, 1)
    found["begun"] = await silence(ann)
    state = ann.page.locator("[data-voice]")
    await expect(state).to_have_text("In voice, directly")
    panel = ann.page.get_by_role("region", name="Voice", exact=True)
    await panel.get_by_role("button", name="show the figures").click()
    figures = ann.page.get_by_role("dialog", name="Connection of voice")
    await expect(figures).to_contain_text("Directly between the two of you")
    await ann.page.keyboard.press("Escape")

    # A camera too, and a screen with its sound, which the server is sent until the other has it.
    await bob.page.get_by_role("button", name="Turn the camera on").click()
    await is_seen(ann, 1, many=1)
    await bob.page.evaluate(SOUNDING_SCREEN, SCREEN_HZ)
    await bob.page.get_by_role("button", name="Share your screen").click()
    await ann.page.get_by_role("button", name="Watch").click()
    await is_seen(ann, 1, many=2)
    await ann.until(f"by({SCREEN_HZ}) === '1'")
    await is_direct(ann, bob, 1)

    # Somebody else comes: before they are in the room all goes by the server.
    cat = await clients("cat").connect()
    await cat.send(4, {"guild_id": None, "channel_id": group})
    for who in (ann, bob):
        await who.until("connections[1].connectionState === 'closed' && by() === '0'")
    await is_seen(ann, 0, many=2)
    await ann.until(f"by({SCREEN_HZ}) === '0'")
    found["a third came"] = await silence(ann)
    await cat.send(4, {"guild_id": None, "channel_id": None})
    await is_direct(ann, bob, 2)
    await is_seen(ann, 2, many=2)
    await ann.until(f"by({SCREEN_HZ}) === '2'")
    found["the third left"] = await silence(ann)

    # One takes it back, and lets it again.
    await bob.page.get_by_role("button", name="Stop sharing").click()
    await choose(bob, on=False)
    for who in (ann, bob):
        await who.until("connections[2].connectionState === 'closed' && by() === '0'")
    await is_seen(ann, 0, many=1)
    found["taken back"] = await silence(ann)
    await choose(bob, on=True)
    await is_direct(ann, bob, 3)
    await is_seen(ann, 3, many=1)
    found["let again"] = await silence(ann)

    # The way between them breaks.
    await bob.page.evaluate(MUTE_DIRECT)
    await ann.until("connections[3].connectionState === 'closed' && by() === '0'")
    await is_seen(ann, 0, many=1)
    broke = await silence(ann)
    logger.info("silent ms: %s, broke: %d", found, broke)
    assert max(found.values()) < 1_000, found
    assert broke < 3_000
    assert "direct begins" in server.log.read_text()
    assert ann.faults == bob.faults == []
