"""Voice in the web client: people in browsers hear each other, by clicks alone."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.e2e.people import CHROMIUM, WITHIN_MS, Reader
from tests.e2e.test_screens import AXE, Inspector
from tests.harness import Client, Server

NEAR_HZ = 15.0
WAIT_S = 30.0

MEDIA = """hertz => {
  const connections = window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...words) { super(...words); connections.push(this); }
  };
  const sockets = window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...words) { super(...words); sockets.push(this); }
  };
  const players = window.players = [];
  window.Audio = class extends Audio {
    constructor(...words) { super(...words); players.push(this); }
  };
  const devices = navigator.mediaDevices;
  // Pictures are made, coded and drawn by the processor here.
  const slowly = (wanted) => ({ ...wanted, video: { ...wanted.video, frameRate: 8 } });
  const real = devices.getUserMedia.bind(devices);
  const screen = devices.getDisplayMedia.bind(devices);
  devices.getDisplayMedia = (wanted) => screen(slowly(wanted));
  devices.getUserMedia = async (wanted) => {
    if (!wanted.audio) return real(slowly(wanted));
    if (!hertz) throw new DOMException('no', 'NotAllowedError');
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: hertz });
    const out = context.createMediaStreamDestination();
    window.loud = new GainNode(context);
    tone.connect(loud).connect(out);
    tone.start();
    return out.stream;
  };
  const listening = new Map();
  window.tones = () => {
    window.ears ??= new AudioContext();
    const found = [];
    for (const one of connections) {
      if (one.connectionState === 'closed') continue;
      for (const { track } of one.getReceivers()) {
        if (track.kind !== 'audio') continue;
        if (!listening.has(track)) {
          const analyser = new AnalyserNode(ears, { fftSize: 16384, smoothingTimeConstant: 0 });
          ears.createMediaStreamSource(new MediaStream([track])).connect(analyser);
          listening.set(track, analyser);
        }
        const analyser = listening.get(track);
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        let best = 0;
        for (let i = 1; i < bins.length; i += 1) if (bins[i] > bins[best]) best = i;
        if (bins[best] > -60) found.push(best * ears.sampleRate / analyser.fftSize);
      }
    }
    return found;
  };
}"""
"""A microphone that is a tone (of 0 Hz: one that is not allowed), and what is heard, in Hz."""

LAYERS_SENT = """connections.flatMap((one) => one.getSenders())
  .filter((one) => one.track?.kind === "video")
  .flatMap((one) => one.getParameters().encodings).filter((one) => one.active).length"""

MOVING = """async () => {
  let many = 0;
  for (const one of (await connections.at(-1).getStats()).values())
    if (one.type === 'inbound-rtp' && one.kind === 'video' && one.framesDecoded > 5) many += 1;
  return many;
}"""
"""How many pictures come by the newest connection."""

APART = """() => {
  const video = document.pictureInPictureElement;
  const came = (track) => connections.at(-1).getReceivers().some((one) => one.track === track);
  return video?.srcObject?.getTracks().some(came)
    && video.getVideoPlaybackQuality().totalVideoFrames > 5;
}"""
"""Whether what is in a window of its own comes by the newest connection, and moves."""

NOTE_WORDS = """() => {
  const told = document.querySelector('[data-voice]');
  window.words = new Set();
  new MutationObserver(() => words.add(told.textContent))
    .observe(told, { subtree: true, childList: true, characterData: true });
}"""
"""Keeps all that the panel says of the stay from now on."""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")


class Speaker(Reader):
    """A person with a tone for a voice."""

    @classmethod
    async def come(
        cls,
        browser: Browser,
        server: Server,
        name: str,
        hertz: float,
        trouble: str = "",
        **context: Any,
    ) -> "Speaker":
        """Somebody who looks at the guild; `trouble` is a function that spoils their browser."""
        script = f"({MEDIA})({hertz});" + (f"({trouble})();" if trouble else "")
        made = await cls.open(browser, server, name, script, **context)
        await made.go("Den")
        return made

    async def join(self, channel: str) -> None:
        """Press a voice channel, and be in it."""
        tree = self.page.get_by_role("navigation", name="Channels")
        await tree.get_by_role("link", name=re.compile(f"^{channel}, (voice|live stage)")).click()
        await self.is_in()

    async def leave(self) -> None:
        """Leave voice."""
        await self.page.get_by_role("button", name="Disconnect").click()
        await expect(self.page.locator("[data-voice]")).to_have_count(0)

    async def is_in(self) -> None:
        """Wait until media flows."""
        state = self.page.locator("[data-voice]")
        await expect(state).to_have_attribute("data-voice", "connected", timeout=WITHIN_MS)

    async def hears(self, *wanted: float) -> None:
        """Wait until these tones are heard, and no others."""
        last: list[float] = []
        try:
            async with asyncio.timeout(WAIT_S):
                while len(last) != len(wanted) or not all(
                    abs(a - b) < NEAR_HZ for a, b in zip(sorted(last), sorted(wanted), strict=True)
                ):
                    await asyncio.sleep(0.1)
                    last = await self.page.evaluate("tones()")
                    if not wanted and not last:
                        return
        except TimeoutError:
            raise AssertionError(f"hears {last}, not {wanted}; {self.faults}") from None

    async def plays(self, volume: float) -> None:
        """Wait until what is played of somebody is this loud, of 1."""
        played: list[float] = []
        try:
            async with asyncio.timeout(WAIT_S):
                while volume not in played:
                    await asyncio.sleep(0.1)
                    played = await self.page.evaluate("players.map((one) => one.volume)")
        except TimeoutError:
            raise AssertionError(f"plays at {played}, not {volume}") from None

    async def sees(self, picture: Locator) -> None:
        """Wait until a picture of somebody's has come."""
        width = 0
        async with asyncio.timeout(WAIT_S):
            while not width:
                await asyncio.sleep(0.1)
                width = await picture.evaluate("video => video.videoWidth")

    async def until(self, script: str) -> None:
        """Wait until a script gives what is true."""
        given: Any = None
        try:
            async with asyncio.timeout(WAIT_S):
                while not given:
                    await asyncio.sleep(0.1)
                    given = await self.page.evaluate(script)
        except TimeoutError:
            raise AssertionError(f"never {script}; {self.faults}") from None

    async def connections(self) -> int:
        """How many there have been."""
        return await self.page.evaluate("connections.length")

    async def sees_again(self, connections: int) -> None:
        """Wait until a picture comes by a connection that is not one of the first so many."""
        await self.until(f"connections.length > {connections} && ({MOVING})()")

    def voice(self, channel: str, name: str) -> Locator:
        """Somebody under a channel in the tree."""
        line = self.page.locator("li[data-place]").filter(
            has=self.page.get_by_role("link", name=re.compile(f"^{channel}, (voice|live stage)"))
        )
        return line.get_by_role("list", name="In voice").get_by_role("button").filter(has_text=name)


@pytest_asyncio.fixture(loop_scope="session")
async def rooms(server: Server, clients: Callable[[str], Client]) -> AsyncIterator[tuple[str, str]]:
    """The ids of the guild's two voice channels."""
    ann = clients("ann")
    guild = (await ann.get("/users/@me/guilds")).body[0]["id"]
    made = [
        (await ann.post(f"/guilds/{guild}/channels", {"name": name, "type": 2})).body["id"]
        for name in ("Kitchen", "Attic")
    ]
    yield made[0], made[1]


async def test_two_talk_and_are_moderated(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await ann.hears(880)
    await bob.hears(440)
    # Each sees the other, who is loud.
    await expect(ann.voice("Kitchen", "bob")).to_have_attribute("data-speaking", "true")
    await expect(bob.voice("Kitchen", "ann")).to_have_attribute("data-speaking", "true")
    # Who mutes is not heard, and everybody sees it.
    await ann.page.keyboard.press("Control+Shift+M")
    await bob.hears()
    await expect(bob.voice("Kitchen", "ann")).to_have_accessible_name(re.compile("^ann ?, muted$"))
    await expect(bob.voice("Kitchen", "ann")).not_to_have_attribute("data-speaking", "true")
    await ann.page.keyboard.press("Control+Shift+M")
    await bob.hears(440)
    # Who is muted by a moderator is not heard either.
    await ann.voice("Kitchen", "bob").click()
    profile = ann.page.get_by_role("dialog", name="Profile of bob")
    await profile.get_by_role("switch", name="Muted for all").check()
    await ann.hears()
    await profile.get_by_role("switch", name="Muted for all").uncheck()
    await ann.hears(880)
    # Who is moved talks on in the other room, where nobody is.
    await profile.get_by_label("Move to").select_option("Attic")
    await expect(ann.voice("Attic", "bob")).to_be_visible()
    await bob.is_in()
    await ann.hears()
    await ann.page.keyboard.press("Escape")
    await ann.join("Attic")
    await ann.hears(880)
    await bob.hears(440)
    # Who leaves is gone for all.
    await bob.page.get_by_role("button", name="Disconnect").click()
    await expect(ann.voice("Attic", "bob")).to_have_count(0)
    await ann.hears()
    await expect(bob.page.locator("[data-voice]")).to_have_count(0)
    assert ann.faults == bob.faults == []


async def test_who_has_no_microphone_listens(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 0)
    await bob.join("Kitchen")
    await expect(bob.page.get_by_text("The microphone is not allowed here.")).to_be_visible()
    await ann.join("Kitchen")
    await bob.hears(440)
    await ann.hears()
    assert ann.faults == bob.faults == []


async def test_a_key_is_held_and_somebody_is_quieter(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    """Who speaks by a key of their choice is heard while it is held; each hears others as loud as
    they want."""
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.page.get_by_role("button", name="Settings", exact=True).click()
    await ann.page.get_by_role("link", name="Voice").click()
    await ann.page.get_by_role("radio", name="While a key is held").check()
    await ann.page.get_by_role("button", name="Change").click()
    await ann.page.keyboard.press("F8")
    await expect(ann.page.locator("kbd")).to_have_text("F8")
    await ann.page.get_by_role("button", name="Close settings").click()
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await ann.hears(880)
    await bob.hears()
    for let_go in ("keyboard", "window"):
        await ann.page.keyboard.down("F8")
        await bob.hears(440)
        if let_go == "keyboard":
            await ann.page.keyboard.up("F8")
        else:
            # A window without the focus does not learn of it.
            await ann.page.evaluate("dispatchEvent(new Event('blur'))")
        await bob.hears()
    await ann.page.keyboard.up("F8")
    await bob.voice("Kitchen", "ann").click()
    profile = bob.page.get_by_role("dialog", name="Profile of ann")
    await profile.get_by_role("slider", name="Volume of ann").fill("40")
    await bob.plays(0.4)
    await profile.get_by_role("switch", name="Muted for you").check()
    await bob.plays(0)
    assert ann.faults == bob.faults == []


async def test_a_camera_is_seen(server: Server, browser: Browser, rooms: tuple[str, str]) -> None:
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await ann.hears(880)
    await ann.page.get_by_role("button", name="Turn the camera on").click()
    picture = bob.page.get_by_role("region", name="Voice of Kitchen").locator("video")
    await expect(picture).to_have_count(1, timeout=WITHIN_MS)
    await bob.sees(picture)
    await expect(bob.voice("Kitchen", "ann")).to_have_accessible_name(
        re.compile("^ann ?, camera on$")
    )
    # While nobody looks, nothing is sent; who looks again sees it move.
    tree = bob.page.get_by_role("navigation", name="Channels")
    await tree.get_by_role("link", name="general", exact=True).click()
    await ann.until(f"{LAYERS_SENT} === 0")
    await bob.join("Kitchen")
    await ann.until(f"{LAYERS_SENT} > 0")
    await bob.until(
        "document.querySelector('section[aria-label=\"Voice of Kitchen\"] video')"
        "?.getVideoPlaybackQuality().totalVideoFrames > 0"
    )
    await ann.page.get_by_role("button", name="Turn the camera off").click()
    await expect(picture).to_have_count(0, timeout=WITHIN_MS)
    await bob.hears(440)
    assert ann.faults == bob.faults == []


@pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: make setup")
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_a_screen_is_watched_by_choice(
    server: Server, browser: Browser, rooms: tuple[str, str], width: int, scheme: str
) -> None:
    """It is not sent before; and what is seen of voice is clean."""
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(
        browser,
        server,
        "bob",
        880,
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    await bob.page.set_viewport_size({"width": width, "height": 800})
    await ann.join("Kitchen")
    await ann.page.get_by_role("button", name="Share your screen").click()
    if width < 768:
        await bob.page.get_by_role("button", name="Channels and guilds").click()
    tree = bob.page.get_by_role("navigation", name="Channels")
    await tree.get_by_role("link", name="Kitchen, voice").click()
    room = bob.page.get_by_role("region", name="Voice of Kitchen")
    watch = room.get_by_role("button", name="Watch")
    await expect(watch).to_be_visible()
    eye = Inspector()
    await eye.look(bob.page, "room")
    assert await room.locator("video").count() == 0
    # By keys alone one is in the room soon, and never nowhere.
    while not await watch.evaluate("element => element === document.activeElement"):
        await bob.page.keyboard.press("F6")
    await bob.page.keyboard.press("Enter")
    await bob.sees(room.locator("video"))
    await expect(room.get_by_role("button", name="ann's screen. Show large")).to_be_focused()
    await bob.page.keyboard.press("Enter")
    await expect(room.get_by_role("button", name="ann's screen. Show all")).to_be_visible()
    await eye.look(bob.page, "screen")
    await ann.until(f"{LAYERS_SENT} > 0")
    # Who shows it knows who watches; and both what it is.
    shown = ann.page.get_by_role("region", name="Voice of Kitchen")
    await expect(shown.get_by_role("button", name="Watched by bob")).to_be_visible()
    for place in (room, shown):
        await expect(place.get_by_text(re.compile(r"\d+ × \d+, \d+ fps, \w+ "))).to_have_count(1)
    # In a window of its own it is watched on, wherever one is.
    apart = room.get_by_role("button", name="Into a window of its own")
    await room.locator("video").hover(force=True)
    await apart.click()
    back = room.get_by_role("button", name="Back into the page")
    await expect(back).to_be_visible()
    await bob.until("document.pictureInPictureElement?.videoWidth > 0")
    await back.click()
    await expect(apart).to_be_visible()
    await room.get_by_role("button", name="Stop watching").click()
    await expect(shown.get_by_role("button", name="Watched by bob")).to_have_count(0)
    await watch.click()
    if width < 768:
        await bob.page.get_by_role("button", name="Channels and guilds").click()
    await bob.voice("Kitchen", "ann").click()
    await expect(bob.page.get_by_role("slider", name="Volume of ann")).to_be_visible()
    await eye.look(bob.page, "profile")
    await ann.page.get_by_role("button", name="Stop sharing").click()
    await expect(room.locator("video")).to_have_count(0, timeout=WITHIN_MS)
    assert eye.faults == []


@pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: make setup")
async def test_a_stage(
    server: Server, browser: Browser, clients: Callable[[str], Client], rooms: tuple[str, str]
) -> None:
    """Who comes listens, asks, is let speak by their own yes, and is sent back."""
    client = clients("ann")
    guild = (await client.get("/users/@me/guilds")).body[0]["id"]
    await client.post(f"/guilds/{guild}/channels", {"name": "Hall", "type": 13})
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(
        browser, server, "bob", 880, color_scheme="dark", reduced_motion="reduce", bypass_csp=True
    )
    await ann.join("Hall")
    await ann.page.get_by_role("button", name="Open the stage").click()
    form = ann.page.get_by_role("dialog", name="Open the stage")
    await form.get_by_label("What it is about").fill("How bread rises")
    await form.get_by_role("button", name="Open it").click()
    hall = ann.page.get_by_role("region", name="Voice of Hall")
    await expect(hall.get_by_role("heading", name="How bread rises")).to_be_visible()
    await hall.get_by_role("button", name="Go on stage").click()
    await bob.page.get_by_role("link", name="Hall, live stage").click()
    await bob.is_in()
    await bob.hears(440)
    await ann.hears()
    await bob.page.set_viewport_size({"width": 390, "height": 800})
    stage = bob.page.get_by_role("region", name="Voice of Hall")
    await stage.get_by_role("button", name="Ask to speak").click()
    eye = Inspector()
    await eye.look(bob.page, "stage")
    await hall.get_by_role("button", name="Let bob speak").click()
    await expect(stage.get_by_text("You are invited to speak.")).to_be_visible()
    await stage.get_by_role("button", name="Speak", exact=True).click()
    await ann.hears(880)
    await eye.look(bob.page, "speaking")
    await ann.voice("Hall", "bob").click()
    profile = ann.page.get_by_role("dialog", name="Profile of bob")
    await profile.get_by_role("button", name="Send into the audience").click()
    await ann.hears()
    await ann.page.keyboard.press("Escape")
    await expect(hall.get_by_role("region", name="Audience").get_by_text("bob")).to_be_visible()
    await hall.get_by_role("button", name="End the stage").click()
    await expect(stage.get_by_role("heading", name="How bread rises")).to_have_count(0)
    # Its chat says what happened.
    await ann.page.get_by_role("button", name="Show the chat").click()
    await expect(ann.page.locator("[data-timeline] article")).to_contain_text(
        [
            "ann opened the stage “How bread rises”.",
            "ann speaks on the stage.",
            "bob speaks on the stage.",
            "The stage “How bread rises” is over.",
        ]
    )
    assert ann.faults == bob.faults == eye.faults == []


@pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: make setup")
async def test_a_voice_message(server: Server, browser: Browser) -> None:
    """It is recorded, heard again before it is sent, and played by who gets it."""
    ann = await Speaker.come(
        browser, server, "ann", 440, color_scheme="dark", reduced_motion="reduce", bypass_csp=True
    )
    bob = await Speaker.come(browser, server, "bob", 880)
    eye = Inspector()
    await ann.page.get_by_role("button", name="Record a voice message").click()
    recorder = ann.page.get_by_role("group", name="Voice message", exact=True)
    await expect(recorder.get_by_role("timer")).to_have_text("0:01")
    await eye.look(ann.page, "recording")
    await recorder.get_by_role("button", name="Stop, and listen first").click()
    await expect(recorder.get_by_role("button", name="Play")).to_be_visible()
    await recorder.get_by_role("button", name="Send the voice message").click()
    await expect(ann.page.locator("[data-composer]")).to_be_focused()
    sound = bob.page.get_by_role("article").get_by_role("group", name="Voice message")
    await expect(sound).to_have_accessible_name(re.compile(r"^Voice message, 0:0\d$"))
    # A tone is as loud everywhere, but for its first moment.
    high = "bars => bars.filter((bar) => bar.height.baseVal.value > 20).length"
    assert await sound.locator("rect").evaluate_all(high) > 24
    await sound.get_by_role("button", name="Play").click()
    await bob.until("document.querySelector('article input[type=range]').valueAsNumber > 0")
    # Once it is over it can be played again.
    await expect(sound.get_by_role("button", name="Play")).to_be_visible()
    await bob.page.get_by_role("article").last.hover()
    await expect(bob.page.get_by_role("button", name="Reply", exact=True)).to_be_visible()
    await eye.look(ann.page, "sent")
    # Who writes has no use for it, and what is discarded is not sent.
    await ann.page.locator("[data-composer]").fill("Hello")
    await expect(ann.page.get_by_role("button", name="Record a voice message")).to_have_count(0)
    await ann.page.locator("[data-composer]").fill("")
    await ann.page.get_by_role("button", name="Record a voice message").click()
    await expect(recorder.get_by_role("timer")).to_be_visible()
    await ann.page.keyboard.press("Escape")
    await expect(recorder).to_have_count(0)
    assert ann.faults == bob.faults == eye.faults == []


async def test_what_breaks_off_goes_on_by_itself(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    """The socket of voice alone, an orderly restart, and one that is not; what is heard, what is
    shown, what is watched, also in a window of its own."""
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await ann.hears(880)
    # Without its socket media goes on, and the stay is resumed.
    of_voice = "sockets.filter(({ url, readyState }) => url.includes('/voice') && readyState === 1)"
    old = await ann.page.evaluate_handle(f"{of_voice}[0]")
    await old.evaluate("socket => socket.close(4000)")
    async with asyncio.timeout(WAIT_S):
        while not await ann.page.evaluate(f"{of_voice}.length"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await ann.is_in()
    await ann.hears(880)
    await bob.hears(440)
    assert await ann.connections() == 1
    await ann.page.get_by_role("button", name="Turn the camera on").click()
    await bob.page.get_by_role("button", name="Share your screen").click()
    seen = ann.page.get_by_role("region", name="Voice of Kitchen")
    await seen.get_by_role("button", name="Watch").click()
    for each in (ann, bob):
        await each.sees_again(0)
    await seen.locator("video").last.hover(force=True)
    await seen.get_by_role("button", name="Into a window of its own").click()
    await ann.until(f"({APART})()")
    for each in (ann, bob):
        await each.page.evaluate(NOTE_WORDS)
    for end in (server.stop, server.kill):
        before = [await each.connections() for each in (ann, bob)]
        await asyncio.to_thread(end)
        await asyncio.to_thread(server.start)
        await ann.hears(880)
        await bob.hears(440)
        # Nobody clicked, not even who watches a screen.
        for each, connections in zip((ann, bob), before, strict=True):
            await each.sees_again(connections)
        await ann.until(f"({APART})()")
        await expect(bob.voice("Kitchen", "ann")).to_have_accessible_name(re.compile("camera on$"))
        if end == server.stop:
            await expect(seen.get_by_role("button", name="Stop watching")).to_have_count(1)
            # It stays while one reads elsewhere, whatever happens meanwhile.
            tree = ann.page.get_by_role("navigation", name="Channels")
            await tree.get_by_role("link", name="general", exact=True).click()
    for each in (ann, bob):
        words: list[str] = await each.page.evaluate("[...words]")
        assert "Reconnecting…" in words
        assert not {"Joining…", "Connecting…"} & set(words), words
    await ann.join("Kitchen")
    await expect(seen.get_by_role("button", name="Stop watching")).to_have_count(1)
    # What has ended does not come again, and its person hears of it.
    await ann.page.evaluate("""connections.at(-1).getSenders()
        .find(({ track }) => track?.kind === 'video').track.dispatchEvent(new Event('ended'))""")
    await expect(ann.page.get_by_text("Your camera is gone")).to_be_visible()
    await expect(bob.voice("Kitchen", "ann")).not_to_have_accessible_name(re.compile("camera on$"))
    # In another room nothing is shown that was shown in this one.
    await bob.join("Attic")
    await bob.hears()
    await expect(bob.page.get_by_role("button", name="Share your screen")).to_be_visible()
    await ann.until("!document.pictureInPictureElement")
    assert ann.faults == bob.faults == []


async def test_the_process_of_voice_is_killed_while_they_talk(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    """Text goes on meanwhile, and nobody has to click."""
    assert await asyncio.to_thread(server.stop) == 0
    server.env["HEARTH_VOICE_PROCESSES"] = "1"
    await asyncio.to_thread(server.start)
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await ann.hears(880)
    await ann.page.get_by_role("button", name="Turn the camera on").click()
    room = bob.page.get_by_role("region", name="Voice of Kitchen")
    await expect(room.locator("video")).to_have_count(1, timeout=WITHIN_MS)
    await expect(bob.voice("Kitchen", "ann")).to_have_accessible_name(
        re.compile("camera on$"), timeout=WITHIN_MS
    )
    (voice,) = server.operate("show_stats")["voice"]
    before = await bob.connections()
    os.kill(voice["pid"], signal.SIGKILL)
    await bob.hears(440)
    await ann.hears(880)
    await bob.sees_again(before)
    (now,) = server.operate("show_stats")["voice"]
    assert (now["pid"] != voice["pid"], now["restarts"]) == (True, 1)
    for each in (ann, bob):
        await expect(each.page.locator("[data-connection]")).to_have_attribute(
            "data-connection", "ready"
        )
        await each.is_in()
    assert ann.faults == bob.faults == []


async def test_a_call_rings_and_is_answered(
    server: Server, browser: Browser, clients: Callable[[str], Client], rooms: tuple[str, str]
) -> None:
    bob_id = (await clients("bob").get("/users/@me")).body["id"]
    direct = (await clients("ann").post("/users/@me/channels", {"recipients": [bob_id]})).body["id"]
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(browser, server, "bob", 880)
    await ann.page.goto(f"{server.url}/channels/@me/{direct}")
    await ann.connected()
    await ann.page.get_by_role("button", name="Call", exact=True).click()
    ring = bob.page.get_by_role("alertdialog", name="ann calls you")
    answer = ring.get_by_role("button", name="Answer")
    await expect(answer).to_be_visible()
    while not await answer.evaluate("element => element === document.activeElement"):
        await bob.page.keyboard.press("F6")
    await bob.page.keyboard.press("Enter")
    await expect(ring).to_have_count(0)
    await bob.is_in()
    await ann.hears(880)
    await bob.hears(440)
    await ann.page.get_by_role("button", name="Disconnect").click()
    await bob.hears()
    assert ann.faults == bob.faults == []
