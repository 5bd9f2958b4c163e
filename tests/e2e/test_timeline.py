"""The timeline of the web client: it loads both ways, and what is read stays where it is."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.people import CHROMIUM, Reader
from tests.harness import Client, Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

MANY = 400


async def _talk(server: Server) -> tuple[Client, str, list[str]]:
    """A channel with many messages of different heights; the last replies to the first."""
    token = server.operate("create_token", {"user": "bob"})["token"]
    bob = Client(server, 0, token, name="bob")
    guild = (await bob.get("/users/@me/guilds")).body[0]["id"]
    channel = (await bob.get(f"/guilds/{guild}")).body["system_channel_id"]
    ids: list[str] = []
    for number in range(MANY):
        body: dict[str, Any] = {"content": f"message {number}" + "\nand more" * (number % 5)}
        if number == MANY - 1:
            body["message_reference"] = {"message_id": ids[0]}
        ids.append((await bob.post(f"/channels/{channel}/messages", body)).body["id"])
    return bob, f"/channels/{guild}/{channel}", ids


async def _top(page: Page, message: str) -> float:
    """Where a row is on screen."""
    row = page.locator(f'[data-key="{message}"]')
    return float(await row.evaluate("row => row.getBoundingClientRect().top"))


async def _seen(page: Page) -> list[str]:
    """The ids of the rows that begin in view."""
    return await page.locator("[data-timeline]").evaluate(
        """log => [...log.querySelectorAll("[data-key]")]
        .filter(row => row.offsetTop >= log.scrollTop
            && row.offsetTop < log.scrollTop + log.clientHeight)
        .map(row => row.dataset.key)"""
    )


async def test_what_is_read_stays_where_it_is(server: Server, browser: Browser) -> None:
    bob, path, ids = await _talk(server)
    ann = await Reader.open(browser, server, "ann", viewport={"width": 1024, "height": 700})
    page = ann.page
    await page.goto(server.url + path)
    rows = page.locator("[data-key]")
    await expect(rows.last).to_have_attribute("data-key", ids[-1])
    assert (await _seen(page))[-1] == ids[-1]
    # Up to the beginning: at each page that comes in above, the rows in view stay.
    timeline = page.locator("[data-timeline]")
    for _ in range(40):
        oldest = await rows.first.get_attribute("data-key")
        if oldest == ids[0]:
            break
        await timeline.evaluate("log => { log.scrollTop = 700 }")
        anchor = (await _seen(page))[0]
        before = await _top(page, anchor)
        await expect(rows.first).not_to_have_attribute("data-key", oldest or "")
        assert abs(await _top(page, anchor) - before) <= 1
        assert await rows.count() <= 260
    assert await rows.first.get_attribute("data-key") == ids[0]
    await timeline.evaluate("log => { log.scrollTop = 0 }")
    await expect(page.get_by_role("heading", name="Welcome to #general")).to_be_attached()
    await timeline.evaluate("log => { log.scrollTop = 900 }")
    # What is written meanwhile changes nothing here, nor does what is deleted above.
    anchor = (await _seen(page))[2]
    before = await _top(page, anchor)
    channel = path.rpartition("/")[2]
    latest = (await bob.post(f"/channels/{channel}/messages", {"content": "late"})).body["id"]
    await bob.delete(f"/channels/{channel}/messages/{ids[0]}")
    await expect(page.locator(f'[data-key="{ids[0]}"]')).to_have_count(0)
    assert abs(await _top(page, anchor) - before) <= 1
    # And back to the newest, by page or at once.
    await timeline.evaluate("log => { log.scrollTop = log.scrollHeight }")
    await expect(page.locator(f'[data-key="{ids[240]}"]')).to_be_attached()
    await page.get_by_role("button", name="to the newest").click()
    await expect(rows.last).to_have_attribute("data-key", latest)
    await expect(page.locator(f'[data-key="{latest}"]')).to_be_in_viewport()
    await bob.close()
    assert ann.faults == []


async def test_jumps(server: Server, browser: Browser) -> None:
    """To what a reply replies to, and to a message by its link, wherever they are."""
    bob, path, ids = await _talk(server)
    ann = await Reader.open(browser, server, "ann", viewport={"width": 1024, "height": 700})
    page = ann.page
    await page.goto(server.url + path)
    await page.get_by_role("button", name="message 0", exact=False).click()
    first = page.locator(f'[data-key="{ids[0]}"]')
    await expect(first).to_be_in_viewport()
    await expect(first.locator("article")).to_be_focused()
    await page.goto(f"{server.url}{path}/{ids[200]}")
    await expect(page.locator(f'[data-key="{ids[200]}"]')).to_be_in_viewport()
    await page.get_by_role("button", name="to the newest").click()
    await expect(page.locator(f'[data-key="{ids[-1]}"]')).to_be_in_viewport()
    # What comes is followed, now that one is there.
    channel = path.rpartition("/")[2]
    for number in range(5):
        last = await bob.post(f"/channels/{channel}/messages", {"content": f"late {number}"})
        await expect(page.locator(f'[data-key="{last.body["id"]}"]')).to_be_in_viewport()
    # How much is new is told until it was seen, or one writes: then the newest is in sight.
    for reads in (True, False):
        await page.get_by_role("link", name="Direct messages").click()
        await expect(page.get_by_role("heading", name="Friends")).to_be_visible()
        for number in range(20):
            text = f"meanwhile {number}\n" + "and more\n" * 3
            await bob.post(f"/channels/{channel}/messages", {"content": text})
        await page.get_by_role("link", name="Den, unread").click()
        news = page.get_by_role("button", name="20 new since")
        await expect(news).to_be_visible()
        timeline = page.locator("[data-timeline]")
        if reads:
            await news.click()
            await expect(page.get_by_text("New", exact=True)).to_be_in_viewport()
        else:
            await timeline.evaluate("log => { log.scrollTop -= 500 }")
            await ann.say("I have read it")
            await expect(page.get_by_text("I have read it")).to_be_in_viewport()
        await expect(news).to_have_count(0)
    await bob.close()
    assert ann.faults == []
