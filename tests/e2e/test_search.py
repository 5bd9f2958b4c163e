"""Search in the web client: words, filters, pages, and the way to what was found."""

from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Route, expect

from tests.e2e.people import CHROMIUM, Reader, indexed
from tests.harness import Client, Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

Clients = Callable[[str], Client]

MANY = 60


async def _talk(clients: Clients) -> tuple[Client, Client, str, str, list[str]]:
    """Sixty messages of ann's, one of bob's elsewhere and one that he may not read."""
    ann, bob = clients("ann"), clients("bob")
    guild = (await ann.get("/users/@me/guilds")).body[0]["id"]
    general = (await ann.get(f"/guilds/{guild}")).body["system_channel_id"]
    made: dict[str, str] = {}
    for name, denied in (("glazes", "0"), ("staff", "1024")):
        closed = [{"id": guild, "type": 0, "allow": "0", "deny": denied}]
        form = {"name": name, "permission_overwrites": closed}
        made[name] = (await ann.post(f"/guilds/{guild}/channels", form)).body["id"]
    ids: list[str] = []
    for number in range(MANY):
        content = f"the kiln is at {number}" + "\nand hot" * (number % 4)
        ids.append(
            (await ann.post(f"/channels/{general}/messages", {"content": content})).body["id"]
        )
    await bob.post(f"/channels/{made['glazes']}/messages", {"content": "**Kilns** want a glaze"})
    await ann.post(f"/channels/{made['staff']}/messages", {"content": "the secret kiln"})
    await indexed(ann, f"/guilds/{guild}", MANY + 2)
    return ann, bob, guild, general, ids


async def test_what_was_said_is_found(server: Server, browser: Browser, clients: Clients) -> None:
    """By keyboard alone: words and a person, the pages, the other order, and to the message."""
    ann, _, guild, general, ids = await _talk(clients)
    reader = await Reader.open(browser, server, "bob", viewport={"width": 1440, "height": 800})
    page, keys = reader.page, reader.page.keyboard
    await page.goto(f"{server.url}/channels/{guild}/{general}")
    await expect(page.locator("[data-key]").last).to_have_attribute("data-key", ids[-1])
    await keys.press("Control+f")
    panel = page.get_by_role("complementary", name="Search")
    box = panel.get_by_role("combobox")
    await expect(box).to_be_focused()
    await keys.type("kiln")
    await keys.press("Enter")
    # What bob may not read is neither shown nor counted.
    await expect(panel.get_by_role("status")).to_have_text(f"{MANY + 1} messages")
    cards = panel.locator("article")
    await expect(cards).to_have_count(25)
    await expect(panel.get_by_role("heading", level=3)).to_have_text(["#glazes", "#general"])
    await expect(cards.first.locator("mark")).to_have_text(["Kilns"])
    await expect(cards.nth(1)).to_contain_text(f"the kiln is at {MANY - 1}")
    await keys.type(" from:an")
    await expect(panel.get_by_role("option", name="ann")).to_have_attribute("aria-selected", "true")
    await keys.press("Tab")
    await expect(panel.get_by_role("status")).to_have_text(f"{MANY} messages")
    await expect(box).to_have_value("kiln ")
    await expect(panel.get_by_role("button", name="Remove the filter from: ann")).to_be_visible()
    # The last page of the oldest first ends with the newest.
    await panel.get_by_role("radio", name="Oldest").check()
    await expect(cards.first).to_contain_text("the kiln is at 0")
    for _ in range(2):
        await panel.get_by_role("button", name="Next").click()
    await expect(cards).to_have_count(10)
    await expect(panel.get_by_text("3 of 3")).to_be_visible()
    await expect(panel.get_by_role("button", name="Next")).to_be_disabled()
    for _ in range(2):
        await panel.get_by_role("button", name="Back").click()
    await expect(cards).to_have_count(25)
    await expect(cards.first).to_be_focused()
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    found = page.locator(f'[data-key="{ids[2]}"]')
    await expect(found).to_be_in_viewport()
    await expect(found.locator("article")).to_be_focused()
    assert page.url.endswith(ids[2])
    await expect(cards).to_have_count(25)
    # What is deleted is no longer among what was found.
    await ann.delete(f"/channels/{general}/messages/{ids[3]}")
    await expect(cards).to_have_count(24)
    # Filters go by Backspace at the begin of the words, and Escape closes it all.
    await keys.press("Control+f")
    await expect(box).to_be_focused()
    await box.press("Home")
    await box.press("Backspace")
    await expect(panel.get_by_role("button", name="Remove the filter")).to_have_count(0)
    await keys.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("button", name="Search in messages")).to_be_focused()
    assert reader.faults == []


async def test_filters(server: Server, browser: Browser, clients: Clients) -> None:
    """Each filter is offered, and finds what it says; at 390 the results cover the messages."""
    ann, bob, guild, general, ids = await _talk(clients)
    await ann.put(f"/channels/{general}/messages/pins/{ids[7]}")
    me = (await bob.get("/users/@me")).body["id"]
    text = f"https://clay.example/ <@{me}>"
    await ann.post(f"/channels/{general}/messages", {"content": text})
    await indexed(ann, f"/guilds/{guild}", MANY + 3)
    await indexed(ann, f"/guilds/{guild}", 1, pinned="true")
    reader = await Reader.open(browser, server, "bob", viewport={"width": 390, "height": 800})
    page = reader.page
    await page.goto(f"{server.url}/channels/{guild}/{general}")
    await page.get_by_role("button", name="Search in messages").click()
    panel = page.get_by_role("complementary", name="Search")
    box = panel.get_by_role("combobox")
    status = panel.get_by_role("status")
    for written, offered, told in (
        ("in:gl", "#glazes", "1 message"),
        ("mentions:bo", "bob", "1 message"),
        ("has:li", "link", "1 message"),
        ("pinned:y", "yes", "1 message"),
        ("before:to", "today", "No messages"),
        ("after:2015-01-02", "2 January 2015", f"{MANY + 2} messages"),
    ):
        await box.fill(written)
        option = panel.get_by_role("option").filter(has_text=offered.split(" ")[-1])
        await expect(option).to_have_count(1)
        await box.press("Enter")
        await expect(status).to_have_text(told)
        await panel.get_by_role("button", name="Begin anew").click()
        await expect(panel.locator("article")).to_have_count(0)
    await box.fill("kilns")
    await box.press("Enter")
    await panel.locator("article").click()
    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("heading", name="glazes", exact=True).first).to_be_visible()
    await expect(page.locator("[data-timeline] article", has_text="want a glaze")).to_be_visible()
    # What was found is still there.
    await page.get_by_role("button", name="Search in messages").click()
    await expect(box).to_have_value("kilns")
    await expect(panel.locator("article")).to_have_count(1)
    assert reader.faults == []


async def test_a_search_waits_for_the_index(
    server: Server, browser: Browser, clients: Clients
) -> None:
    """In a DM; while the server says that it has no index, the search says so and goes on."""
    ann, bob = clients("ann"), clients("bob")
    me = (await bob.get("/users/@me")).body["id"]
    direct = (await ann.post("/users/@me/channels", {"recipients": [me]})).body["id"]
    await ann.post(f"/channels/{direct}/messages", {"content": "just us two"})
    await indexed(ann, f"/channels/{direct}", 1)
    reader = await Reader.open(browser, server, "bob")
    page = reader.page
    asked: list[str] = []

    async def answer(route: Route) -> None:
        """The first time, what a server answers that has just begun to read its messages."""
        asked.append(route.request.url)
        if len(asked) > 1:
            await route.continue_()
            return
        body = {"code": 110000, "message": "Index not yet available. Try again later"}
        body |= {"documents_indexed": 1234, "retry_after": 1}
        await route.fulfill(status=202, json=body)

    await page.route("**/messages/search?*", answer)
    await page.goto(f"{server.url}/channels/@me/{direct}")
    await page.get_by_role("button", name="Search in messages").click()
    panel = page.get_by_role("complementary", name="Search")
    await panel.get_by_role("combobox").fill("us")
    await panel.get_by_role("combobox").press("Enter")
    await expect(panel.get_by_text("1,234 are done")).to_be_visible()
    await expect(panel.locator("article")).to_contain_text("just us two")
    assert len(asked) == 2, asked
    assert reader.faults == []
