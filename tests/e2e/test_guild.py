"""What those who run a guild do in the web client besides: emoji, stickers, the audit log, bans."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import CHROMIUM, Reader
from tests.harness import Client, Server
from tests.pictures import moving, still

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

Clients = Callable[[str], Client]

BIG = still(width=200, height=200)


async def test_a_guild_has_emoji(server: Server, browser: Browser, clients: Clients) -> None:
    """Two pictures become emoji with names; they are written, renamed and deleted."""
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    page, keys = ann.page, ann.page.keyboard
    for reader in (ann, bob):
        await reader.go("Den")
    await page.get_by_role("banner").get_by_role("button", name="Den").click()
    await page.get_by_role("menuitem", name="Guild settings").click()
    await page.get_by_role("link", name="Emoji").click()
    await expect(page.get_by_text("There is no emoji of this guild's own yet.")).to_be_visible()
    await page.get_by_label("Pictures for emoji").set_input_files(
        files=[
            {"name": "hot kiln!.png", "mimeType": "image/png", "buffer": BIG},
            {"name": "x.png", "mimeType": "image/png", "buffer": still()},
        ]
    )
    first, second = (page.get_by_label(f"Name of emoji {number}") for number in (1, 2))
    await expect(first).to_have_value("hot_kiln")
    await expect(second).to_have_value("emoji_x")
    await second.fill("wrong name")
    await page.get_by_role("button", name="Add all 2").click()
    await expect(second).to_have_js_property("validity.patternMismatch", True)
    await second.fill("ember")
    await page.get_by_role("button", name="Add all 2").click()
    rows = page.get_by_role("main").get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(rows.first.get_by_text(":hot_kiln:")).to_be_visible()
    await expect(rows.first.get_by_text("by ann")).to_be_visible()
    await expect(rows.first.locator("img")).to_have_js_property("complete", True)
    # By completion and by the picker; bob sees the pictures.
    await keys.press("Escape")
    await page.locator("[data-composer]").press_sequentially("look :hot")
    await expect(page.get_by_role("option", name=":hot_kiln:")).to_be_visible()
    await keys.press("Enter")
    await page.get_by_role("button", name="Emoji", exact=True).click()
    await expect(page.get_by_label("Find an emoji")).to_be_focused()
    await keys.type("ember")
    await keys.press("Enter")
    await expect(page.locator("[data-composer]")).to_have_value(re.compile("ember"))
    await page.locator("[data-composer]").press("Enter")
    shown = bob.page.locator("article").last.locator("img")
    await expect(shown).to_have_count(2)
    for at, (name, width) in enumerate(((":hot_kiln:", 64), (":ember:", 40))):
        await expect(shown.nth(at)).to_have_attribute("alt", name)
        await expect(shown.nth(at)).to_have_js_property("naturalWidth", width)
    # In another guild they are there too, where one may write them.
    other = (await clients("ann").post("/guilds", {"name": "Elsewhere"})).body["id"]
    await page.get_by_role("link", name="Elsewhere").click()
    await expect(page.get_by_role("heading", name="general", exact=True)).to_be_visible()
    assert other in page.url
    await page.locator("[data-composer]").press_sequentially(":hot")
    await expect(page.get_by_role("option", name=":hot_kiln: Den")).to_be_visible()
    await page.locator("[data-composer]").fill("")
    await page.get_by_role("link", name="Den").click()
    # A new name, and gone.
    await page.get_by_role("banner").get_by_role("button", name="Den").click()
    await page.get_by_role("menuitem", name="Guild settings").click()
    await page.get_by_role("link", name="Emoji").click()
    await page.get_by_role("button", name="Rename ember").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await keys.type("spark")
    await keys.press("Enter")
    await expect(page.get_by_text(":spark:", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Delete spark").click()
    await page.get_by_role("button", name="Delete it spark").click()
    await expect(rows).to_have_count(1)
    await bob.page.locator("[data-composer]").press_sequentially(":spar")
    await expect(bob.page.get_by_role("option", name="sparkles").first).to_be_visible()
    await expect(bob.page.get_by_role("option", name=":spark:")).to_have_count(0)
    assert ann.faults == bob.faults == []


async def test_a_guild_has_stickers(server: Server, browser: Browser, clients: Clients) -> None:
    """Pictures become stickers; they are sent by the picker, shown, changed and deleted."""
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    page, keys = ann.page, ann.page.keyboard
    for reader in (ann, bob):
        await reader.go("Den")
    stickers = page.get_by_role("button", name="Stickers", exact=True)
    await expect(stickers).to_have_count(0)
    await page.get_by_role("banner").get_by_role("button", name="Den").click()
    await page.get_by_role("menuitem", name="Guild settings").click()
    await page.get_by_role("link", name="Stickers").click()
    await expect(page.get_by_text("There is no sticker of this guild's own yet.")).to_be_visible()
    rows = page.get_by_role("main").get_by_role("listitem")
    # One that is too large is made smaller; what moves is sent as it is.
    for at, (file, kind, picture, description) in enumerate(
        (
            ("hot_kiln.png", "png", still(width=640, height=320), "A kiln that smokes"),
            ("ember.png", "png", moving("png"), ""),
            ("wave.gif", "gif", moving(), ""),
        )
    ):
        await page.get_by_label("Picture for a sticker").set_input_files(
            files=[{"name": file, "mimeType": f"image/{kind}", "buffer": picture}]
        )
        await expect(page.get_by_label("Name", exact=True)).to_be_focused()
        await page.get_by_label("Description").fill(description)
        await page.get_by_role("button", name="Add it").click()
        await expect(page.get_by_role("button", name="Add it")).to_have_count(0)
        await expect(rows.get_by_text("by ann")).to_have_count(at + 1)
    await expect(rows.first).to_contain_text("hot kilnA kiln that smokes · by ann")
    await page.get_by_label("Picture for a sticker").set_input_files(
        files=[{"name": "big.gif", "mimeType": "image/gif", "buffer": moving(width=400)}]
    )
    await expect(page.get_by_text("a moving one has at most 512 KB")).to_be_visible()
    # Found by a word of its description and sent, as a reply; what was begun stays.
    await keys.press("Escape")
    await bob.say("how is it going?")
    await expect(page.locator("article")).to_have_count(1)
    await page.locator("[data-composer]").fill("half a thought")
    await page.locator("article").press("r")
    await stickers.click()
    ember = page.get_by_role("button", name="ember", exact=True)
    await expect(ember).to_be_visible()
    await keys.type("smokes")
    await expect(ember).to_have_count(0)
    await keys.press("Enter")
    for reader in (ann, bob):
        shown = reader.page.locator("article").last.get_by_role("img", name="Sticker: hot kiln")
        await expect(shown).to_have_js_property("naturalWidth", 320)
        await expect(reader.page.locator("article").last).to_contain_text("how is it going?")
    await expect(page.locator("[data-composer]")).to_have_value("half a thought")
    await expect(page.locator("[data-pending]")).to_have_count(0)
    # By the keyboard alone: the second of the picker.
    await stickers.press("Enter")
    await keys.press("ArrowDown")
    await keys.press("ArrowRight")
    await keys.press("Enter")
    moved = bob.page.locator("article").last.get_by_role("img", name="Sticker: ember")
    await expect(moved).to_have_js_property("naturalWidth", 24)
    # In another guild they are there too.
    await clients("ann").post("/guilds", {"name": "Elsewhere"})
    await page.get_by_role("link", name="Elsewhere").click()
    await expect(page.get_by_role("heading", name="general", exact=True)).to_be_visible()
    await stickers.click()
    await expect(page.get_by_role("region", name="Den").get_by_role("button")).to_have_count(3)
    await keys.press("Escape")
    # A new name, and gone; a message keeps the name.
    guild = (await clients("bob").get("/users/@me/guilds")).body[0]["id"]
    await page.goto(f"{server.url}/settings/guild/{guild}/stickers")
    await page.get_by_role("button", name="Change ember").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await keys.type("spark")
    await keys.press("Enter")
    await expect(rows.locator("b", has_text="spark")).to_be_visible()
    await page.get_by_role("button", name="Delete hot kiln").click()
    await page.get_by_role("button", name="Delete it hot kiln").click()
    await expect(rows).to_have_count(2)
    await bob.page.get_by_role("button", name="Stickers", exact=True).click()
    found = bob.page.get_by_role("region", name="This guild").get_by_role("button")
    await expect(found).to_have_count(2)
    await expect(found.first).to_have_attribute("aria-label", "spark")
    # Whose browser has not kept the picture.
    other = await Reader.open(browser, server, "bob")
    await other.go("Den")
    await expect(other.page.get_by_text("Sticker: hot kiln · deleted since")).to_be_visible()
    assert ann.faults == bob.faults == []
    assert [fault for fault in other.faults if "404" not in fault] == []


async def test_what_was_done_can_be_read(
    server: Server, browser: Browser, clients: Clients
) -> None:
    """Deeds in words with their changes and reasons, by who did them and kind; bans by search."""
    ann, bob = clients("ann"), clients("bob")
    guild = (await ann.get("/users/@me/guilds")).body[0]["id"]
    channel = (await ann.get(f"/guilds/{guild}")).body["system_channel_id"]
    manage = {"name": "Wardens", "permissions": str(1 << 4 | 1 << 2), "color": 0x206694}
    role = (await ann.post(f"/guilds/{guild}/roles", manage)).body["id"]
    me = (await bob.get("/users/@me")).body["id"]
    await ann.put(f"/guilds/{guild}/members/{me}/roles/{role}")
    await ann.patch(f"/guilds/{guild}/roles/{role}", {"permissions": str(1 << 4)})
    await bob.patch(f"/channels/{channel}", {"name": "kiln", "rate_limit_per_user": 10})
    for number, reason in enumerate(("spam", "more spam", None)):
        name = f"robot{number}"
        made = server.operate("create_bot", {"username": name, "owner": "ann"})
        server.operate("join_bot", {"user": name, "permissions": 0}, guild_id=int(guild))
        headers = {"X-Audit-Log-Reason": reason} if reason else {}
        path = f"/guilds/{guild}/bans/{made['user_id']}"
        assert (await ann.put(path, {}, headers=headers)).status == 204
    reader = await Reader.open(browser, server, "ann")
    page = reader.page
    await page.goto(f"{server.url}/settings/guild/{guild}/audit")
    entries = page.get_by_role("main").get_by_role("listitem")
    await expect(entries.filter(has_text="ann banned robot1")).to_contain_text("more spam")
    await expect(entries.filter(has_text="ann changed the roles of bob")).to_be_visible()
    changed = entries.filter(has_text="bob changed #kiln")
    await changed.locator("summary").press("Enter")
    await expect(changed.get_by_role("term")).to_have_text(["Name", "Slow mode"])
    await expect(changed.get_by_role("definition").first).to_have_text("general became kiln")
    taken = entries.filter(has_text="ann changed the role Wardens")
    await taken.locator("summary").press("Enter")
    await expect(taken.get_by_role("definition")).to_have_text("Ban members")
    await page.get_by_label("Who").select_option("bob")
    await expect(entries).to_have_count(1)
    await page.get_by_label("What").select_option("Member banned")
    await expect(page.get_by_text("Nothing of that kind was done.")).to_be_visible()
    await page.get_by_label("Who").select_option("Everybody")
    await expect(entries).to_have_text([re.compile(f"banned robot{at}") for at in (2, 1, 0)])
    # What is done meanwhile stands on top at once, where it is of what is asked for.
    await page.get_by_label("What").select_option("Channel changed")
    await expect(entries).to_have_count(1)
    await ann.patch(f"/channels/{channel}", {"topic": "Ash and embers"})
    await expect(entries.first).to_contain_text("ann changed #kiln")
    await ann.post(f"/guilds/{guild}/channels", {"name": "ovens"})
    await bob.patch(f"/channels/{channel}", {"topic": "Embers"})
    await expect(entries).to_have_text(
        [re.compile(f"{who} changed #kiln") for who in ("bob", "ann", "bob")]
    )
    # Who is banned is found by name or reason, and can come back.
    await page.get_by_role("link", name="Bans").click()
    bans = page.get_by_role("main").get_by_role("listitem")
    await expect(bans).to_have_count(3)
    await page.get_by_label("Find by name, id or reason").fill("SPAM")
    await expect(bans).to_have_count(2)
    await page.get_by_label("Find by name, id or reason").fill("robot1")
    await bans.get_by_role("button", name="Lift").click()
    await expect(page.get_by_text("Nobody who is banned is like that.")).to_be_visible()
    # Of many invites so many are lines as were looked at; one is found by its code.
    for _ in range(130):
        made = await ann.post(f"/channels/{channel}/invites", {"unique": True})
        assert made.status == 200, made.body
    await page.get_by_role("link", name="Invites").click()
    invites = page.get_by_role("main").get_by_role("listitem")
    await expect(invites).to_have_count(100)
    await page.get_by_label("Find by code, channel or who made it").fill(made.body["code"])
    await expect(invites).to_have_count(1)
    await page.get_by_label("Find by code, channel or who made it").fill("#kiln")
    await expect(invites).to_have_count(100)
    await invites.last.get_by_role("button", name="Take back").focus()
    await expect(invites).to_have_count(130)
    # Bob, who may do none of this, sees no such tabs.
    other = await Reader.open(browser, server, "bob")
    await other.page.goto(f"{server.url}/settings/guild/{guild}/overview")
    tabs = other.page.get_by_role("navigation", name="Settings").get_by_role("link")
    await expect(tabs).to_have_text(["Overview", "Roles", "Emoji", "Stickers"])
    assert reader.faults == other.faults == []
