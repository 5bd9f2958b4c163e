"""The web client without a pointer: everything that one does every day, by keys alone."""

from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.people import CHROMIUM, Reader, indexed
from tests.harness import Client, Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

FURTHEST = 60
"""So many presses of Tab reach anything on a screen."""


async def _tab_to(page: Page, target: Locator) -> None:
    """Press Tab until something has the focus, as somebody does who sees where it is."""
    await expect(target).to_be_visible()
    for _ in range(FURTHEST):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")


async def _choose(page: Page, item: str) -> None:
    """Go down an open menu to an item, and take it."""
    target = page.get_by_role("menuitem", name=item, exact=True)
    await expect(target).to_be_visible()
    for _ in range(FURTHEST):
        if await target.evaluate("element => element === document.activeElement"):
            await page.keyboard.press("Enter")
            return
        await page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows do not reach {item}")


async def test_keys_alone(
    server: Server, browser: Browser, clients: Callable[[str], Client]
) -> None:
    """Log in, go, write, answer, find, make a channel and a role, invite, and out again."""
    bob = clients("bob")
    guild = (await bob.get("/users/@me/guilds")).body[0]["id"]
    channel = (await bob.get(f"/guilds/{guild}")).body["system_channel_id"]
    for text in ("what is a cone?", "a unit of heat"):
        await bob.post(f"/channels/{channel}/messages", {"content": text})
    await indexed(bob, f"/guilds/{guild}", 2)
    ann = await Reader.open(browser, server, "ann", viewport={"width": 1440, "height": 900})
    page, keys = ann.page, ann.page.keyboard
    # Anywhere by a few letters; what is typed while nothing has the focus is a message.
    await keys.press("Control+k")
    await expect(page.get_by_role("combobox", name="Where would you like to go?")).to_be_focused()
    await keys.type("gen")
    await expect(page.get_by_role("option").first).to_contain_text("general")
    await keys.press("Enter")
    await expect(page.locator("article")).to_have_count(2)
    composer = page.locator("[data-composer]")
    await keys.type("hello")
    await expect(composer).to_have_value("hello")
    await keys.press("Enter")
    await ann.reads(["what is a cone?", "a unit of heat", "hello"])
    # From region to region; in the messages with the arrows, and an answer.
    for _ in range(8):
        await keys.press("F6")
        if await page.evaluate("document.activeElement.matches('article')"):
            break
    for _ in range(2):
        await keys.press("ArrowUp")
    await expect(page.locator("article").first).to_be_focused()
    await keys.press("r")
    await expect(composer).to_be_focused()
    await keys.type("a pyramid that melts")
    await keys.press("Enter")
    await ann.reads(["what is a cone?", "a unit of heat", "hello", "a pyramid that melts"])
    # To find something and go there, then back to writing.
    await keys.press("Control+f")
    await expect(page.get_by_role("combobox", name="Search in messages")).to_be_focused()
    await keys.type("heat")
    await keys.press("Enter")
    found = page.get_by_role("complementary", name="Search").locator("article")
    await expect(found).to_have_count(1)
    await keys.press("ArrowDown")
    await expect(found).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator("article", has_text="a unit of heat").first).to_be_focused()
    await keys.press("Escape")
    await expect(found).to_have_count(0)
    # A channel of one's own by the guild's menu, and back by the neighbours' key.
    await _tab_to(page, page.get_by_role("banner").get_by_role("button", name="Den"))
    await keys.press("Enter")
    await _choose(page, "New channel")
    await expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    await keys.type("glazes")
    await keys.press("Enter")
    await expect(page.get_by_role("heading", name="glazes", exact=True)).to_be_visible()
    await keys.press("Alt+ArrowUp")
    await expect(page.get_by_role("heading", name="general", exact=True)).to_be_visible()
    # Invite people, and close it again.
    await _tab_to(page, page.get_by_role("banner").get_by_role("button", name="Den"))
    await keys.press("Enter")
    await _choose(page, "Invite people")
    await expect(page.get_by_role("dialog", name="Invite people to Den")).to_be_visible()
    await keys.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    # A role, in the settings.
    await _tab_to(page, page.get_by_role("banner").get_by_role("button", name="Den"))
    await keys.press("Enter")
    await _choose(page, "Guild settings")
    await _tab_to(page, page.get_by_role("link", name="Roles"))
    await keys.press("Enter")
    await _tab_to(page, page.get_by_role("button", name="New role"))
    await keys.press("Enter")
    await expect(page.get_by_role("textbox", name="Name")).to_have_value("new role")
    await _tab_to(page, page.get_by_role("textbox", name="Name"))
    await keys.press("Control+a")
    await keys.type("Potters")
    await keys.press("Enter")
    await expect(page.get_by_role("button", name="Potters")).to_be_visible()
    await keys.press("Escape")
    await expect(composer).to_be_visible()
    # Give it to bob by his profile.
    members = page.get_by_role("complementary", name="Members")
    await _tab_to(page, members.get_by_role("button", name="bob"))
    await keys.press("Enter")
    profile = page.get_by_role("dialog", name="Profile of bob")
    await _tab_to(page, profile.get_by_role("button", name="Give or take roles"))
    await keys.press("Enter")
    await expect(page.get_by_role("menuitemradio", name="Potters")).to_be_focused()
    await keys.press("Enter")
    await expect(profile.get_by_text("Potters")).to_be_visible()
    await keys.press("Escape")
    await expect(profile).to_have_count(0)
    # What the keys are, and out.
    await keys.press("Control+/")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await keys.press("Escape")
    await _tab_to(page, page.get_by_role("button", name="Settings"))
    await keys.press("Enter")
    await _tab_to(page, page.get_by_role("button", name="Log out"))
    await keys.press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    assert ann.faults == []
