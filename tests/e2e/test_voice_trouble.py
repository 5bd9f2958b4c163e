"""What goes wrong with voice: noise, microphones that cannot be had, ways that are shut."""

import asyncio
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import CHROMIUM, WITHIN_MS
from tests.e2e.test_screens import AXE, Inspector
from tests.e2e.test_voice import WAIT_S, Speaker
from tests.e2e.test_voice import rooms as rooms
from tests.harness import PAUSE_S, Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

LOUD = """() => {
  try {
    localStorage.setItem('hearth.voice.threshold', '-80');
    localStorage['hearth.voice.noise'] ??= '"none"';
  } catch {}
  window.asked = [];
  const devices = navigator.mediaDevices;
  if (!devices) return;
  devices.getUserMedia = async ({ audio }) => {
    asked.push(audio.noiseSuppression);
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const { sampleRate } = context;
    const buffer = new AudioBuffer({ length: 2 * sampleRate, sampleRate });
    const samples = buffer.getChannelData(0);
    const play = () => {
      for (let i = 0; i < samples.length; i += 1) {
        const at = i / sampleRate;
        let voice = 0;
        for (let n = 1; n <= 20; n += 1) voice += Math.sin(2 * Math.PI * 130 * n * at) / n;
        samples[i] = window.says
          ? 0.15 * voice * Math.abs(Math.sin(Math.PI * 3 * at))
          : 0.06 * (Math.random() - 0.5);
      }
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      source.connect(out);
      source.start();
      return source;
    };
    let now = play();
    window.say = (on) => {
      window.says = on;
      now.disconnect();
      now = play();
    };
    return out.stream;
  };
}"""
"""A microphone that hears white noise or, told so, a voice; what was asked of it. All is sent."""

LEVEL = """() => {
  tones();
  window.meter ??= new AnalyserNode(ears, { fftSize: 32768 });
  window.metered ??= new Set();
  for (const { track } of connections.at(-1).getReceivers()) {
    if (track.kind !== 'audio' || metered.has(track)) continue;
    metered.add(track);
    ears.createMediaStreamSource(new MediaStream([track])).connect(meter);
  }
  const samples = new Float32Array(meter.fftSize);
  meter.getFloatTimeDomainData(samples);
  return 10 * Math.log10(samples.reduce((sum, one) => sum + one * one, 0) / samples.length + 1e-9);
}"""
"""How loud what is heard was in the last two thirds of a second, in dB under full."""


async def level(person: Speaker, wanted: Callable[[float], bool]) -> float:
    """Wait until somebody hears it so loud."""
    last = 0.0
    try:
        async with asyncio.timeout(WAIT_S):
            while not wanted(last := await person.page.evaluate(LEVEL)):  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_S * 10)
    except TimeoutError:
        raise AssertionError(f"hears {last:.0f} dB; {person.faults}") from None
    return last


async def test_noise_is_taken_away_and_a_voice_stays(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    """It is changed in a call that goes on; where it does not work the browser's own is used."""
    bob = await Speaker.come(browser, server, "bob", 880)
    ann = await Speaker.come(browser, server, "ann", 440, LOUD)
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    # White noise between ±0.03 is 35 dB under full.
    noise = await level(bob, lambda db: -38 < db < -32)
    await ann.page.evaluate("say(true)")
    voice = await level(bob, lambda db: db > -26)
    before = await ann.page.evaluate("connections[0].getSenders()[0].track.id")
    await ann.page.get_by_role("button", name="Settings", exact=True).click()
    await ann.page.get_by_role("link", name="Voice").click()
    way = ann.page.get_by_role("group", name="Take noise away")
    await way.get_by_role("radio", name="Strongly").check()
    await level(bob, lambda db: abs(db - voice) < 4)
    await ann.until("asked.length === 2")
    await ann.page.evaluate("say(false)")
    await level(bob, lambda db: db < noise - 10)
    await ann.page.evaluate("say(true)")
    await level(bob, lambda db: abs(db - voice) < 4)
    await ann.page.evaluate("say(false)")
    await way.get_by_role("radio", name="Browser's own").check()
    # That is the browser's matter: this microphone goes on as it is.
    await level(bob, lambda db: abs(db - noise) < 3)
    track = "(({ id, readyState }) => [id, readyState])(connections[0].getSenders()[0].track)"
    assert await ann.page.evaluate(track) == [before, "live"]
    assert await ann.page.evaluate("[connections.length, asked]") == [1, [False, False, True]]
    await way.get_by_role("radio", name="Strongly").check()
    await ann.page.route(re.compile(r"\.wasm$"), lambda route: route.abort())
    await ann.page.goto(server.url)
    await ann.connected()
    await ann.join("Kitchen")
    await expect(ann.page.get_by_text("its own is used")).to_be_visible()
    assert await ann.page.evaluate("asked") == [True]
    assert ann.faults == bob.faults == []


REFUSES = """() => {
  window.refusal = 'NotAllowedError';
  const devices = navigator.mediaDevices;
  const real = devices?.getUserMedia.bind(devices);
  if (devices) devices.getUserMedia = async (wanted) => {
    if (refusal) throw new DOMException('no', refusal);
    return real(wanted);
  };
}"""
"""A microphone that cannot be had, for the reason that `refusal` is."""


@pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: make setup")
async def test_a_microphone_that_cannot_be_had_is_named(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    """Refused, in use, not there; and once one is plugged in it is used by itself."""
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(
        browser,
        server,
        "bob",
        880,
        REFUSES,
        color_scheme="dark",
        reduced_motion="reduce",
        bypass_csp=True,
    )
    await ann.join("Kitchen")
    await bob.join("Kitchen")
    await bob.page.set_viewport_size({"width": 390, "height": 800})
    room = bob.page.get_by_role("region", name="Voice of Kitchen")
    eye = Inspector()
    await expect(room.get_by_text("The microphone is not allowed here.")).to_be_visible()
    told = bob.page.get_by_role("status").filter(
        has_text=re.compile("^(In voice|Sound|Some|Much|Words)")
    )
    await expect(told).to_have_count(1)
    await eye.look(bob.page, "refused")
    await bob.hears(440)
    again = room.get_by_role("button", name="Try the microphone again")
    for refusal, words in (
        ("NotReadableError", "The microphone is in use by something else."),
        ("NotFoundError", "There is no microphone."),
    ):
        await bob.page.evaluate("name => { refusal = name }", refusal)
        await again.click()
        await expect(room.get_by_text(words)).to_be_visible()
    await bob.page.evaluate("refusal = ''")
    await bob.page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    await ann.hears(880)
    await expect(room.get_by_text("There is no microphone.")).to_have_count(0)
    # Elsewhere one sees that one is in voice, and how it is.
    await room.get_by_role("button", name="show the figures").click()
    figures = bob.page.get_by_role("dialog", name="Connection of voice")
    await expect(figures).to_contain_text("Straight, by UDP")
    await eye.look(bob.page, "figures")
    await bob.page.keyboard.press("Escape")
    await expect(figures).to_be_hidden()
    await bob.page.get_by_role("button", name="Channels and guilds").click()
    await bob.page.get_by_role("link", name="general", exact=True).click()
    strip = bob.page.get_by_role("region", name="In voice")
    await eye.look(bob.page, "in voice elsewhere")
    await strip.get_by_role("button", name="Mute").click()
    await ann.hears()
    await strip.get_by_role("link").click()
    await room.get_by_role("button", name="Leave voice").click()
    await expect(ann.voice("Kitchen", "bob")).to_have_count(0)
    assert ann.faults == bob.faults == eye.faults == []


SHUT = """() => {
  window.shut = '';
  const later = setTimeout;
  window.setTimeout = (work, ms, ...more) =>
    later(work, shut === 'udp|tcp' && ms >= 12000 ? 1000 : ms, ...more);
  const before = RTCPeerConnection;
  window.RTCPeerConnection = class extends before {
    setRemoteDescription({ type, sdp }) {
      const ways = new RegExp(`^(a=candidate:\\\\S+ 1 (?:${shut}) \\\\S+ \\\\S+) \\\\d+`, 'gim');
      return super.setRemoteDescription({ type, sdp: shut ? sdp.replace(ways, '$1 9') : sdp });
    }
  };
}"""
"""A network in which the server's port cannot be reached by `shut`: nobody listens where it is
looked for. Where nothing gets through, what is long waited for is waited for a second."""


@pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: make setup")
async def test_a_way_that_is_shut_is_gone_around_or_named(
    server: Server, browser: Browser, rooms: tuple[str, str]
) -> None:
    ann = await Speaker.come(browser, server, "ann", 440)
    bob = await Speaker.come(
        browser,
        server,
        "bob",
        880,
        SHUT,
        color_scheme="light",
        reduced_motion="reduce",
        bypass_csp=True,
    )
    await ann.join("Kitchen")
    await bob.page.evaluate("shut = 'udp'")
    await bob.join("Kitchen")
    await bob.hears(440)
    await ann.hears(880)
    panel = bob.page.get_by_role("region", name="Voice", exact=True)
    await panel.get_by_role("button", name="show the figures").press("Enter")
    figures = bob.page.get_by_role("dialog", name="Connection of voice")
    await expect(figures).to_contain_text("Around, by TCP", timeout=WITHIN_MS)
    await expect(figures).to_contain_text("There and back")
    eye = Inspector()
    await eye.look(bob.page, "around")
    await bob.page.keyboard.press("Escape")
    await bob.leave()
    await bob.page.evaluate("shut = 'udp|tcp'")
    tree = bob.page.get_by_role("navigation", name="Channels")
    await tree.get_by_role("link", name="Kitchen, voice").click()
    room = bob.page.get_by_role("region", name="Voice of Kitchen")
    await expect(room.get_by_text("Voice does not get through your network.")).to_be_visible()
    await expect(room.get_by_role("link", name="Check the ways there")).to_be_visible()
    await expect(bob.page.locator("[data-voice]")).to_have_text("Not in voice")
    await eye.look(bob.page, "no way")
    # Who reads elsewhere is told there.
    await tree.get_by_role("link", name="general", exact=True).click()
    await expect(panel.get_by_text("Voice does not get through your network.")).to_be_visible()
    await bob.page.evaluate("shut = ''")
    await panel.get_by_role("button", name="Try again").click()
    await bob.is_in()
    await bob.hears(440)
    assert ann.faults == bob.faults == eye.faults == []
