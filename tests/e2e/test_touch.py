"""Fingers at the web client: a long press opens a message's menu, a swipe does not."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.people import CHROMIUM, Reader
from tests.harness import Client, Server
from tests.pictures import still

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

LONGER_MS = 1000
"""More than a long press takes; timers of a page end in their order."""


class Finger:
    """One finger on the glass."""

    def __init__(self, devtools: Any) -> None:
        self._devtools = devtools

    async def _tell(self, kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        await self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    async def down(self, on: Locator) -> None:
        """Put it in the middle of something."""
        await self._tell("touchStart", *await _middle(on))

    async def up(self) -> None:
        """Lift it."""
        await self._tell("touchEnd")

    async def swipe(self, on: Locator) -> None:
        """Put it down and draw it downwards, without a rest before it moves."""
        x, y = await _middle(on)
        moves = [self._tell("touchMove", x, y + 12 * step) for step in range(1, 9)]
        await asyncio.gather(self._tell("touchStart", x, y), *moves)

    async def tap(self, on: Locator) -> None:
        """Put it down and lift it at once."""
        at = await _middle(on)
        await asyncio.gather(self._tell("touchStart", *at), self.up())


async def _middle(of: Locator) -> tuple[float, float]:
    box = await of.bounding_box()
    assert box is not None
    return box["x"] + min(box["width"] / 2, 40), box["y"] + box["height"] / 2


async def test_a_long_press_opens_the_menu(
    server: Server, browser: Browser, clients: Callable[[str], Client]
) -> None:
    ann = await Reader.open(
        browser, server, "ann", viewport={"width": 390, "height": 844}, has_touch=True,
        is_mobile=True, reduced_motion="reduce",
    )  # fmt: skip
    page = ann.page
    client = clients("ann")
    guild = (await client.get("/users/@me/guilds")).body[0]["id"]
    channel = (await client.get(f"/guilds/{guild}")).body["system_channel_id"]
    said = [f"line {number}" for number in range(30)]
    for text in said:
        await client.post(f"/channels/{channel}/messages", {"content": text})
    await page.goto(f"{server.url}/channels/{guild}")
    await ann.reads(said)
    finger = Finger(await page.context.new_cdp_session(page))
    menu = page.get_by_role("menu", name="Message")
    line = page.get_by_text("line 25", exact=True)
    # A swipe and a tap are no long press, however long the finger stays after the swipe.
    longer = f"new Promise(done => setTimeout(done, {LONGER_MS}))"
    await finger.swipe(line)
    await page.evaluate(longer)
    await finger.up()
    await expect(page.locator("[data-timeline]")).not_to_have_js_property("scrollTop", 0)
    await finger.tap(line)
    await page.evaluate(longer)
    await expect(menu).to_have_count(0)
    # One that stays opens the menu while it is still down, and clicks nothing when it goes.
    await finger.down(line)
    await expect(menu.get_by_role("menuitem", name="Edit")).to_be_visible()
    await finger.up()
    assert await page.evaluate("getSelection().toString()") == ""
    await menu.get_by_role("menuitem", name="Reply").tap()
    await expect(page.get_by_text("Replying to ann")).to_be_visible()
    # Also on a name, which a tap would open.
    await page.evaluate("document.querySelector('[data-timeline]').scrollTop = 0")
    name = page.get_by_role("button", name="ann", exact=True).first
    await finger.down(name)
    await expect(menu).to_be_visible()
    await finger.up()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("Escape")
    # A picture that is wider than the phone is made to fit.
    form = aiohttp.FormData()
    wide = still(width=900, height=400)
    form.add_field("files[0]", wide, filename="wide.png", content_type="image/png")
    await client.call("POST", f"/channels/{channel}/messages", data=form)
    await expect(page.get_by_role("img", name="wide.png")).to_be_visible()
    timeline = page.locator("[data-timeline]")
    assert await timeline.evaluate("log => log.scrollWidth - log.clientWidth") == 0
    assert ann.faults == []
