"""People at the web client, each in a browser context of their own; and the browser."""

import asyncio
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tests.harness import PASSWORD, PAUSE_S, Client, Server

CHROMIUM = Path("/usr/bin/chromium")
LACKS = (
    # The browser's own surfaces, of which each window without a window has some.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "PreloadTopChromeWebUI",
    "SpareRendererForSitePerProcess",
    # What Playwright turns off, which is said once or not at all.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
ARGS = [
    f"--disable-features={','.join(LACKS)}",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A camera, a microphone and a screen that are not real.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
    "--autoplay-policy=no-user-gesture-required",
    # Two browsers on this machine reach each other where it has no other address.
    "--allow-loopback-in-peer-connection",
]
WITHIN_MS = 15_000

expect.set_options(timeout=WITHIN_MS)


class Reader:
    """A person at the client."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        # A server that is away is no fault of the page's.
        if message.type in ("error", "warning") and "net::ERR_" not in message.text:
            self.faults.append(message.text)

    @classmethod
    async def open(
        cls, browser: Browser, server: Server, name: str, script: str = "", **context: Any
    ) -> "Reader":
        """Somebody who has logged in here before; `script` runs before the page's own."""
        token = server.operate("create_token", {"user": name})["token"]
        kept = {"name": "hearth.token", "value": json.dumps(token)}
        context["storage_state"] = {"origins": [{"origin": server.url, "localStorage": [kept]}]}
        made = cls(await (await browser.new_context(**context)).new_page())
        if script:
            await made.page.add_init_script(script)
        await made.page.goto(server.url)
        await made.connected()
        return made

    async def log_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the form by keyboard alone: the name has the focus."""
        await expect(self.page.get_by_label("Name", exact=True)).to_be_focused()
        await self.page.keyboard.type(name)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(password)
        await self.page.keyboard.press("Enter")

    async def connected(self) -> None:
        """Wait until the page says that it is connected."""
        line = self.page.locator("[data-connection]")
        await expect(line).to_have_attribute("data-connection", "ready", timeout=WITHIN_MS)

    async def go(self, guild: str) -> None:
        """Open a guild by its place in the rail."""
        rail = self.page.get_by_role("navigation", name="Guilds")
        await rail.get_by_role("link", name=guild).click()
        await expect(self.page.locator("[data-composer]")).to_be_visible()

    async def say(self, text: str) -> None:
        """Write a message and send it."""
        await self.page.locator("[data-composer]").fill(text)
        await self.page.locator("[data-composer]").press("Enter")

    async def reads(self, texts: list[str]) -> None:
        """Wait until these are the acknowledged messages shown, each once, in this order."""
        try:
            await expect(self.page.locator("[data-pending]")).to_have_count(0, timeout=WITHIN_MS)
            await expect(self.page.locator(SAID)).to_have_text(texts, timeout=WITHIN_MS)
        except AssertionError:
            shown = await self.page.locator(SAID).all_text_contents()
            raise AssertionError(f"shown {shown}, faults {self.faults}") from None

    async def shown(self) -> list[str]:
        """What is shown as acknowledged."""
        return await self.page.locator(SAID).all_text_contents()


async def indexed(client: Client, path: str, count: int, **query: str) -> None:
    """Wait until a search finds so many messages; it finds all but those that no person wrote."""
    found: Any = None
    async with asyncio.timeout(WITHIN_MS / 1000):
        while found != count:
            answer = await client.get(f"{path}/messages/search", params=query)
            found = answer.body.get("total_results")
            await asyncio.sleep(PAUSE_S)


SAID = "[data-timeline] article:not([data-pending]) [data-text]"
"""The text of a message that the server has."""
