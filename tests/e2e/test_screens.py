"""Each screen of the web client: axe finds nothing, nothing sticks out, in both schemes."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from hearth.net.rest.static import DIST
from tests.e2e.people import CHROMIUM, Reader, indexed
from tests.harness import PASSWORD, Client, Server
from tests.pictures import data_uri, moving

AXE = DIST.parent / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = {"wide": (1440, "dark"), "middle": (1024, "light"), "narrow": (390, "light")}

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
    pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: make setup"),
]


async def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, a line each."""
    if await page.evaluate("typeof axe") == "undefined":
        await page.evaluate(axe)
    found: Any = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


class Inspector:
    """Looks at screens, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.axe = AXE.read_text()

    async def look(self, page: Page, where: str) -> None:
        """The screen as it is now."""
        width = await page.evaluate("innerWidth")
        if await page.evaluate("document.documentElement.scrollWidth") != width:
            self.faults.append(f"{where} is wider than the window")
        # What still fades in has another contrast.
        await page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
        self.faults += [f"{where}: {each}" for each in await violations(page, self.axe)]


async def _filled(ann: Client, bob: Client) -> tuple[str, str]:
    """A guild with a channel in which there is one of everything; its path and an invite."""
    guild = (await ann.get("/users/@me/guilds")).body[0]["id"]
    channel = (await ann.get(f"/guilds/{guild}")).body["system_channel_id"]
    await ann.patch(f"/channels/{channel}", {"topic": "What is said here"})
    role = (await ann.post(f"/guilds/{guild}/roles", {"name": "Wardens", "color": 0x206694})).body
    me = (await ann.get("/users/@me")).body["id"]
    await ann.put(f"/guilds/{guild}/members/{me}/roles/{role['id']}")
    path = f"/channels/{channel}/messages"
    for content in (
        "x" * 2000,
        f"**all** *of* ||it|| `code` <@{me}> <#{channel}> @everyone https://a.example/ <t:1>",
        "```py\nprint(1)\n```\n> a quote\n- a list\n# a title\n-# small",
        "👍",
    ):
        sent = await ann.post(path, {"content": content})
    await ann.put(f"{path}/{sent.body['id']}/reactions/👍/@me")
    reply = {"content": "yes", "message_reference": {"message_id": sent.body["id"]}}
    await ann.post(path, {**reply, "embeds": [{"title": "T", "description": "D", "color": 255}]})
    await bob.post(path, {"content": "hello from bob"})
    invite = (await ann.post(f"/channels/{channel}/invites", {})).body["code"]
    await indexed(ann, f"/guilds/{guild}", 6)
    return f"/channels/{guild}/{channel}", invite


async def _a_group(server: Server, clients: Callable[[str], Client], path: str) -> str:
    """A group of ann, bob and cat, with a picture; its id."""
    server.operate("create_user", {"username": "cat", "password": PASSWORD})
    server.join(int(path.split("/")[2]), "cat")
    ids = [(await clients(name).get("/users/@me")).body["id"] for name in ("bob", "cat")]
    made = await clients("ann").post("/users/@me/channels", {"recipients": ids})
    await clients("ann").patch(f"/channels/{made.body['id']}", {"icon": data_uri(moving())})
    return made.body["id"]


@pytest.mark.parametrize("size", ["wide", "narrow"])
async def test_screens(
    server: Server, browser: Browser, clients: Callable[[str], Client], size: str
) -> None:
    path, invite = await _filled(clients("ann"), clients("bob"))
    group = await _a_group(server, clients, path)
    eye = Inspector()
    width, scheme = WIDTHS[size]
    context: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
        "reduced_motion": "reduce",
        "bypass_csp": True,
    }
    stranger = await (await browser.new_context(**context)).new_page()
    for entry, title in (
        ("/login", "Welcome back"),
        ("/register", "Make an account"),
        (f"/invite/{invite}", "Join Den"),
        ("/claim/abc", "This server is yours"),
        ("/reset/abc", "A new password"),
    ):
        await stranger.goto(server.url + entry)
        await expect(stranger.get_by_role("heading", name=title)).to_be_visible()
        await eye.look(stranger, entry)
    # Without an account one sees whether voice would get through, and speaks for a try.
    await stranger.goto(f"{server.url}/voice-check")
    await expect(stranger.get_by_role("heading", name="Voice gets through.")).to_be_visible()
    await expect(stranger.get_by_text("It answers, after")).to_have_count(2)
    await eye.look(stranger, "voice check")
    await stranger.get_by_role("button", name="Try the microphone").click()
    await expect(stranger.get_by_text("You are heard.")).to_be_visible()
    await eye.look(stranger, "voice check with a microphone")
    await stranger.get_by_role("link", name="Log in").click()
    await expect(stranger.get_by_role("heading", name="Welcome back")).to_be_visible()
    ann = await Reader.open(browser, server, "ann", **context)
    page = ann.page
    await expect(page.get_by_text("Friends you add show up here")).to_be_visible()
    await eye.look(page, "friends")
    await page.goto(server.url + path)
    await expect(page.locator("article")).to_have_count(6)
    await eye.look(page, "channel")
    await page.locator("article").last.focus()
    await expect(page.get_by_role("group", name="Message actions")).to_be_visible()
    await eye.look(page, "message tools")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menu", name="Message")).to_be_visible()
    await eye.look(page, "menu")
    await page.keyboard.press("Escape")
    await page.get_by_label("Files to send").set_input_files(
        files=[{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"}]
    )
    await expect(page.get_by_role("textbox", name="What is on notes.txt")).to_be_visible()
    await eye.look(page, "files")
    for name, opened in (
        ("Recent mentions", page.get_by_role("complementary", name="Recent mentions")),
        ("Pinned messages", page.get_by_role("complementary", name="Pinned messages")),
        ("Go to… (Ctrl K)", page.get_by_role("combobox")),
        ("Emoji", page.get_by_label("Find an emoji")),
    ):
        await page.get_by_role("button", name=name, exact=True).first.click()
        await expect(opened).to_be_visible()
        await eye.look(page, name)
        await page.keyboard.press("Escape")
        await expect(opened).to_be_hidden()
    await _search(eye, page)
    await _people(eye, page)
    if width <= 768:
        await page.get_by_role("button", name="Channels and guilds").click()
        await expect(page.get_by_role("link", name="general", exact=True)).to_be_visible()
        await eye.look(page, "navigation")
    menu = page.get_by_role("banner").get_by_role("button", name="Den")
    if await menu.count() == 0:
        menu = page.get_by_role("button", name="Den").first
    for item, opened in (
        ("Invite people", "Invite people to Den"),
        ("Notifications", "Notifications of Den"),
        ("New channel", "New channel"),
        ("Delete guild", "Delete Den?"),
    ):
        await menu.click()
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog", name=opened)).to_be_visible()
        await eye.look(page, item)
        await page.keyboard.press("Escape")
    await _channel(eye, page)
    guild = path.split("/")[2]
    await page.goto(f"{server.url}/channels/@me")
    await expect(page.get_by_text("Friends you add show up here")).to_be_visible()
    if width <= 768:
        await page.get_by_role("button", name="Channels and guilds").click()
    for button in ("New message", "Add a guild"):
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("dialog", name=button)).to_be_visible()
        await eye.look(page, button)
        await page.keyboard.press("Escape")
    await _group(eye, page, server, group)
    await page.keyboard.press("Control+/")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await eye.look(page, "keys")
    for tab in ("account", "security", "sessions", "appearance", "voice"):
        await _settings(eye, page, server, f"/settings/{tab}")
    for tab in ("overview", "roles", "invites", "bans"):
        await _settings(eye, page, server, f"/settings/guild/{guild}/{tab}")
    await _settings(eye, page, server, f"/settings/guild/{guild}/audit")
    entry = page.get_by_role("listitem").filter(has_text="made the role Wardens")
    await entry.locator("summary").click()
    await eye.look(page, "changes")
    await page.goto(f"{server.url}/settings/guild/{guild}/emoji")
    await page.get_by_label("Pictures for emoji").set_input_files(
        files=[{"name": "kiln.gif", "mimeType": "image/gif", "buffer": moving()}]
    )
    await expect(page.get_by_label("Name of emoji 1")).to_have_value("kiln")
    await eye.look(page, "new emoji")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_text(":kiln:", exact=True)).to_be_visible()
    await eye.look(page, "emoji")
    await _stickers(eye, page, server, path)
    assert ann.faults == []
    assert eye.faults == []


async def _stickers(eye: Inspector, page: Page, server: Server, path: str) -> None:
    """A sticker as it is made, in the list, as it is changed, in the picker and in a message."""
    await page.goto(f"{server.url}/settings/guild/{path.split('/')[2]}/stickers")
    await expect(page.get_by_text("There is no sticker")).to_be_visible()
    await page.get_by_label("Picture for a sticker").set_input_files(
        files=[{"name": "kiln.gif", "mimeType": "image/gif", "buffer": moving()}]
    )
    await expect(page.get_by_label("Name", exact=True)).to_be_visible()
    await eye.look(page, "new sticker")
    await page.get_by_role("button", name="Add it").click()
    await page.get_by_role("button", name="Change kiln").click()
    await eye.look(page, "a sticker is changed")
    await page.get_by_role("button", name="Cancel").click()
    await eye.look(page, "stickers")
    await page.goto(server.url + path)
    await page.get_by_role("button", name="Stickers", exact=True).click()
    tile = page.get_by_role("button", name="kiln")
    await expect(tile).to_be_visible()
    await eye.look(page, "sticker picker")
    await tile.click()
    await expect(page.get_by_role("img", name="Sticker: kiln")).to_be_visible()
    await expect(page.locator("[data-pending]")).to_have_count(0)
    await eye.look(page, "a sticker in a message")


async def _group(eye: Inspector, page: Page, server: Server, group: str) -> None:
    """A group of three, and its settings."""
    await page.goto(f"{server.url}/channels/@me/{group}")
    await page.get_by_role("button", name="Group settings").click()
    await expect(page.get_by_role("dialog", name="Group settings")).to_be_visible()
    await eye.look(page, "group settings")
    await page.keyboard.press("Escape")
    await eye.look(page, "group")


async def _people(eye: Inspector, page: Page) -> None:
    """Somebody's profile, and each dialog by which they are moderated."""
    article = page.locator("article", has_text="hello from bob")
    profile = page.get_by_role("dialog", name="Profile of bob")
    for item, title in (
        (None, None),
        ("Change name here", "Name of bob here"),
        ("Time out", "Time bob out"),
        ("Kick", "Kick bob?"),
        ("Ban", "Ban bob?"),
    ):
        await article.get_by_role("button", name="bob", exact=True).last.click()
        await expect(profile).to_be_visible()
        if item is None:
            await eye.look(page, "profile")
        else:
            await profile.get_by_role("button", name="More").click()
            await page.get_by_role("menuitem", name=item, exact=True).click()
            await expect(page.get_by_role("dialog", name=title)).to_be_visible()
            await eye.look(page, item)
            await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def _channel(eye: Inspector, page: Page) -> None:
    """A channel's settings and its rules, by the menu of its line."""
    await page.get_by_role("link", name="general", exact=True).click(button="right")
    await page.get_by_role("menuitem", name="Edit channel").click()
    dialog = page.get_by_role("dialog", name="#general")
    await expect(dialog.get_by_label("Topic")).to_be_visible()
    await eye.look(page, "channel settings")
    await dialog.get_by_role("radio", name="Permissions").check()
    await expect(dialog.get_by_role("group", name="See channels")).to_be_visible()
    await eye.look(page, "channel permissions")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def _search(eye: Inspector, page: Page) -> None:
    """The search as it opens, with what it found, and where there is nothing."""
    await page.get_by_role("button", name="Search in messages").click()
    panel = page.get_by_role("complementary", name="Search")
    box = panel.get_by_role("combobox")
    await expect(panel.get_by_role("option").first).to_be_visible()
    await eye.look(page, "search")
    await box.fill("nothing-like-it from:bo")
    await expect(panel.get_by_role("option", name="bob")).to_be_visible()
    await eye.look(page, "filters")
    await box.press("Enter")
    await expect(panel.get_by_text("Nothing here has all of that")).to_be_visible()
    await eye.look(page, "nothing found")
    await panel.get_by_role("button", name="Begin anew").click()
    await box.fill("yes")
    await box.press("Enter")
    await expect(panel.locator("mark")).to_have_text(["yes"])
    await eye.look(page, "found")
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


async def _settings(eye: Inspector, page: Page, server: Server, path: str) -> None:
    await page.goto(server.url + path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await eye.look(page, path)


@pytest.mark.parametrize("size", WIDTHS)
async def test_layouts(server: Server, browser: Browser, size: str) -> None:
    """What is beside the messages is there, or a press of a button away, and goes by Escape."""
    width, scheme = WIDTHS[size]
    ann = await Reader.open(
        browser,
        server,
        "ann",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    eye = Inspector()
    page = ann.page
    rail = page.get_by_role("navigation", name="Guilds")
    if width <= 768:
        await expect(rail).to_be_hidden()
        await page.get_by_role("button", name="Channels and guilds").press("Enter")
    await rail.get_by_role("link", name="Den").click()
    channel = page.get_by_role("link", name="general", exact=True)
    await expect(channel).to_have_attribute("aria-current", "page")
    if width <= 768:
        await channel.click()
        await expect(channel).to_be_hidden()
        await page.get_by_role("button", name="Channels and guilds").press("Enter")
        await expect(channel).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(channel).to_be_hidden()
    members = page.get_by_role("complementary", name="Members")
    await expect(members).to_be_visible(visible=width > 1100)
    if width <= 1100:
        await page.get_by_role("button", name="Members").click()
        await expect(members).to_be_visible()
        await eye.look(page, "members")
        await page.keyboard.press("Escape")
        await expect(members).to_be_hidden()
    await ann.say("x" * 2000)
    await ann.reads(["x" * 2000])
    await eye.look(page, "a word of 2,000 letters")
    timeline = page.locator("[data-timeline]")
    assert await timeline.evaluate("log => log.scrollWidth - log.clientWidth") == 0
    assert ann.faults == []
    assert eye.faults == []
