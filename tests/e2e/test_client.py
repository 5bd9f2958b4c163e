"""The web client: two people in two browsers chat, whatever happens to the server meanwhile."""

import asyncio
import base64
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from hearth.net.rest.static import POLICY
from tests.e2e.people import CHROMIUM, WITHIN_MS, Reader
from tests.harness import PASSWORD, Client, Server, until_yes

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
"""One pixel."""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")


async def _both(browser: Browser, server: Server) -> tuple[Reader, Reader]:
    """Ann and bob, both in the guild's channel."""
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    for reader in (ann, bob):
        await reader.go("Den")
    return ann, bob


async def test_two_people_chat(server: Server, browser: Browser) -> None:
    ann, bob = await _both(browser, server)
    members = ann.page.get_by_role("complementary", name="Members")
    await expect(members.get_by_role("heading", name="Online 2")).to_be_visible()
    hostile = "<img src=x onerror=document.title='gone'> & <b>bold</b>"
    await ann.say("hello bob")
    await bob.reads(["hello bob"])
    await bob.page.locator("[data-composer]").press_sequentially("he")
    await expect(ann.page.get_by_text("bob is typing…")).to_be_visible()
    await bob.say(hostile)
    await bob.say("and more")
    await ann.reads(["hello bob", hostile, "and more"])
    # What follows is one line, however wide the time beside it is.
    more = ann.page.locator("[data-timeline] article").filter(has_text="and more")
    assert (await more.evaluate("row => row.clientHeight")) < 30
    await expect(ann.page.get_by_text("is typing")).to_have_count(0)
    assert await ann.page.title() == "#general · Hearth"
    # Who chose a channel writes on at once.
    await ann.page.get_by_role("link", name="general", exact=True).click()
    await ann.page.keyboard.type("hi")
    await expect(ann.page.locator("[data-composer]")).to_have_value("hi")
    await ann.page.locator("[data-composer]").fill("")
    # A page that is loaded again goes on without a log-in, at the same place.
    await ann.page.reload()
    await ann.connected()
    await ann.reads(["hello bob", hostile, "and more"])
    # Whoever logs out is led to the form.
    await ann.page.get_by_role("button", name="Settings").click()
    async with ann.page.expect_response("**/auth/logout"):
        await ann.page.get_by_role("button", name="Log out").click()
    await expect(ann.page.get_by_label("Name", exact=True)).to_be_visible()
    assert await ann.page.evaluate("Object.keys(localStorage)") == []
    assert ann.faults == bob.faults == []


async def test_a_wrong_password(server: Server, browser: Browser) -> None:
    page = await browser.new_page()
    reader = Reader(page)
    await page.goto(server.url)
    await reader.log_in("ann", "not the password")
    await expect(page.get_by_text("Login or password is invalid.").first).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_be_visible()
    # An invite that leads nowhere says so, and asks for nothing.
    await page.goto(f"{server.url}/invite/NOTHERE1")
    await expect(page.get_by_role("heading", name="not good any more")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_visible()


async def test_the_server_is_killed_while_they_write(server: Server, browser: Browser) -> None:
    """Killed with -9 and started again: both come back by themselves, nothing lost or doubled."""
    ann, bob = await _both(browser, server)
    said: dict[Reader, list[str]] = {ann: [], bob: []}
    down: asyncio.Future[int] | None = None
    for number in range(30):
        for reader, name in ((ann, "ann"), (bob, "bob")):
            said[reader].append(f"{name} {number}")
            await reader.say(said[reader][-1])
        if number == 10:
            down = asyncio.ensure_future(asyncio.to_thread(server.kill))
    assert down is not None
    await down
    for reader in (ann, bob):
        await expect(reader.page.get_by_text("The server does not answer")).to_be_visible()
        await expect(reader.page.locator("[data-pending]").first).to_be_visible()
    acknowledged = {text for reader in (ann, bob) for text in await reader.shown()}
    await asyncio.to_thread(server.start)
    for reader in (ann, bob):
        await reader.connected()
        await expect(reader.page.locator("[data-pending]")).to_have_count(0, timeout=WITHIN_MS)
        await expect(reader.page.locator("article")).to_have_count(60, timeout=WITHIN_MS)
    shown = await ann.shown()
    assert sorted(shown) == sorted(said[ann] + said[bob])
    assert acknowledged <= set(shown)
    for reader, name in ((ann, "ann"), (bob, "bob")):
        assert [text for text in shown if text.startswith(name)] == said[reader]
    await bob.reads(shown)
    # What the server has is what they see, also for somebody who comes now.
    late = await Reader.open(browser, server, "ann")
    await late.go("Den")
    await expect(late.page.locator("article")).to_have_count(50)
    await late.page.locator("[data-timeline]").evaluate("log => log.scrollTop = 0")
    await late.reads(shown)
    assert server.operate("check_storage")["faults"] == []
    assert ann.faults == bob.faults == late.faults == []


async def test_the_server_is_restarted_in_order(server: Server, browser: Browser) -> None:
    """The sessions go on where they were: what is said meanwhile comes, and nothing twice."""
    ann, bob = await _both(browser, server)
    frames: list[str] = []
    bob.page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda data: frames.append(str(data))),
    )
    await ann.say("before")
    await bob.reads(["before"])
    assert await asyncio.to_thread(server.stop) == 0
    await expect(ann.page.get_by_text("The server does not answer")).to_be_visible()
    await ann.say("meanwhile")
    await asyncio.to_thread(server.start)
    for reader in (ann, bob):
        await reader.connected()
    await bob.say("after")
    for reader in (ann, bob):
        await expect(reader.page.locator("article")).to_have_count(3, timeout=WITHIN_MS)
    shown = await ann.shown()
    assert sorted(shown) == ["after", "before", "meanwhile"]
    await bob.reads(shown)
    assert any('"RESUMED"' in frame for frame in frames)
    assert not any('"READY"' in frame for frame in frames)
    assert ann.faults == bob.faults == []


async def test_a_window_that_is_closed_loses_nothing(server: Server, browser: Browser) -> None:
    """A draft, a message that could not be sent, and the place come back with the window."""
    context = await browser.new_context()
    ann = Reader(await context.new_page())
    await ann.page.goto(server.url)
    await ann.log_in("ann")
    await ann.connected()
    await ann.go("Den")
    await asyncio.to_thread(server.kill)
    await expect(ann.page.get_by_text("The server does not answer")).to_be_visible()
    await ann.say("written while nobody listened")
    await ann.page.locator("[data-composer]").fill("half a thou")
    await ann.page.close()
    await asyncio.to_thread(server.start)
    again = Reader(await context.new_page())
    await again.page.goto(server.url)
    await again.connected()
    await again.reads(["written while nobody listened"])
    await expect(again.page.locator("[data-composer]")).to_have_value("half a thou")
    assert again.page.url.count("/") == 5
    assert ann.faults == again.faults == []


async def test_what_one_does_with_messages(server: Server, browser: Browser) -> None:
    """Reply, edit, react, pin and delete, by keyboard alone; the other sees each."""
    ann, bob = await _both(browser, server)
    keys = ann.page.keyboard
    await bob.say("first")
    await ann.reads(["first"])
    await ann.say("secnod")
    await bob.reads(["first", "secnod"])
    await ann.page.locator("[data-composer]").press("ArrowUp")
    await expect(ann.page.get_by_label("Edit message")).to_be_focused()
    await keys.press("ControlOrMeta+A")
    await keys.type("second")
    await keys.press("Enter")
    await bob.reads(["first", "second"])
    await expect(bob.page.get_by_text("edited", exact=True)).to_be_visible()
    await ann.page.locator("article").last.focus()
    await keys.press("ArrowUp")
    await keys.press("r")
    await expect(ann.page.get_by_text("Replying to")).to_be_visible()
    await keys.type("an answer")
    await keys.press("Enter")
    await bob.reads(["first", "second", "an answer"])
    await expect(
        bob.page.locator("article").last.get_by_role("button", name="first")
    ).to_be_visible()
    await ann.page.locator("article").first.focus()
    await keys.press("+")
    await expect(ann.page.get_by_label("Find an emoji")).to_be_focused()
    await keys.type("thumbs up")
    await expect(ann.page.locator("[data-tile]").first).to_have_text("👍")
    await keys.press("Enter")
    await expect(bob.page.get_by_role("button", name="👍, 1")).to_be_visible()
    await bob.page.get_by_role("button", name="👍, 1").click()
    await expect(ann.page.get_by_role("button", name="👍, 2")).to_be_visible()
    await ann.page.locator("article").first.focus()
    await keys.press("p")
    await expect(bob.page.get_by_text("ann pinned a message.")).to_be_visible()
    await ann.page.get_by_role("button", name="Pinned messages").click()
    pins = ann.page.get_by_role("complementary", name="Pinned messages")
    await expect(pins.get_by_text("first")).to_be_visible()
    await ann.page.locator("article", has_text="second").last.focus()
    await keys.press("Delete")
    await expect(ann.page.get_by_role("heading", name="Delete this message?")).to_be_visible()
    await keys.press("Enter")
    await bob.reads(["first", "an answer"])
    assert ann.faults == bob.faults == []


async def test_badges_are_the_same_on_two_devices(server: Server, browser: Browser) -> None:
    """What names somebody counts on each of their devices, and is read on all at once."""
    ann = await Reader.open(browser, server, "ann")
    other = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    await bob.go("Den")
    await bob.page.locator("[data-composer]").press_sequentially("@an")
    await expect(bob.page.get_by_role("option", name="ann")).to_be_visible()
    await bob.page.keyboard.press("Enter")
    await bob.page.keyboard.type("look")
    await bob.page.keyboard.press("Enter")
    for reader in (ann, other):
        await expect(reader.page.get_by_role("link", name="Den, 1 mention")).to_be_visible()
        await expect(reader.page).to_have_title("(1) Friends · Hearth")
    await ann.page.bring_to_front()
    await ann.go("Den")
    await ann.reads(["@ann look"])
    await expect(other.page.get_by_role("link", name="Den", exact=True)).to_be_visible()
    # The list of recent mentions leads there; it follows a moment behind.
    token = server.operate("create_token", {"user": "ann"})["token"]
    client = Client(server, 0, token, name="ann")

    async def mentioned() -> object:
        return (await client.get("/users/@me/mentions")).body

    await until_yes(mentioned)
    await client.close()
    await other.page.get_by_role("button", name="Recent mentions").click()
    inbox = other.page.get_by_role("complementary", name="Recent mentions")
    await inbox.get_by_role("button", name="Jump").click()
    await other.reads(["@ann look"])
    await inbox.get_by_role("button", name="Done").click()
    await expect(inbox.get_by_text("Nobody called you of late")).to_be_visible()
    # And after a fresh start.
    await other.page.reload()
    await other.connected()
    await expect(other.page.get_by_role("link", name="Den", exact=True)).to_be_visible()
    assert ann.faults == other.faults == bob.faults == []


async def test_friends_and_direct_messages(server: Server, browser: Browser) -> None:
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    await ann.page.get_by_label("Add a friend by their name").fill("bob")
    await ann.page.keyboard.press("Enter")
    await bob.page.get_by_role("radio", name="Waiting (1)").check()
    await bob.page.get_by_role("button", name="Accept").click()
    await ann.page.get_by_role("button", name="Message bob").click()
    await expect(ann.page.get_by_role("heading", name="bob", exact=True).first).to_be_visible()
    await ann.say("just us two")
    await bob.page.get_by_role("link", name="ann").click()
    await bob.reads(["just us two"])
    await bob.say("indeed")
    await ann.reads(["just us two", "indeed"])
    assert ann.faults == bob.faults == []


async def test_a_group_has_a_name_and_a_picture(
    server: Server, browser: Browser, clients: Callable[[str], Client]
) -> None:
    """Anybody in it sets, changes and takes away both, and may leave."""
    server.operate("create_user", {"username": "cat", "password": PASSWORD})
    ann, bob, cat = clients("ann"), clients("bob"), clients("cat")
    guild = (await ann.get("/users/@me/guilds")).body[0]["id"]
    server.join(int(guild), "cat")
    others = [(await each.get("/users/@me")).body["id"] for each in (bob, cat)]
    group = (await ann.post("/users/@me/channels", {"recipients": others})).body["id"]
    readers = [await Reader.open(browser, server, name) for name in ("ann", "bob")]
    page, other = (reader.page for reader in readers)
    for each in (page, other):
        await each.goto(f"{server.url}/channels/@me/{group}")
        await expect(each.locator("[data-composer]")).to_be_visible()
    await page.get_by_role("button", name="Group settings").click()
    dialog = page.get_by_role("dialog", name="Group settings")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await dialog.get_by_label("Change picture").set_input_files(
        files=[{"name": "a.png", "mimeType": "image/png", "buffer": PNG}]
    )
    await expect(dialog.locator("img")).to_have_js_property("naturalWidth", 1)
    await dialog.get_by_label("Name").fill("The den")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    listed = other.get_by_role("navigation", name="Direct messages")
    line = listed.get_by_role("link", name="The den")
    icon = re.compile(rf"^/cdn/channel-icons/{group}/\w+\.webp")
    await expect(line.locator("img")).to_have_attribute("src", icon)
    # Above the messages, and where they begin.
    for place in await other.get_by_role("main").locator("header img").all():
        await expect(place).to_have_attribute("src", icon)
    await expect(other.get_by_role("main").locator("header img")).to_have_count(2)
    await expect(other.get_by_text("ann changed the picture.")).to_be_visible()
    await expect(other.get_by_text("ann named this “The den”.")).to_be_visible()
    # Bob takes it away, and leaves.
    await other.get_by_role("button", name="Group settings").click()
    await other.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("link", name="The den").locator("img")).to_have_count(0)
    await other.get_by_role("button", name="Leave", exact=True).click()
    await other.get_by_role("button", name="Leave for good").click()
    await expect(listed.get_by_role("link", name="The den")).to_have_count(0)
    await expect(page.get_by_text("bob left.")).to_be_visible()
    assert readers[0].faults == readers[1].faults == []


async def test_the_policy_names_what_it_lets_run(server: Server, browser: Browser) -> None:
    page = await browser.new_page()
    answer = await page.goto(server.url)
    assert answer is not None
    assert answer.headers["content-security-policy"] == POLICY
    assert re.findall(r"[^ ;]*unsafe[^ ;]*", POLICY) == ["'wasm-unsafe-eval'"]
    # Text is no HTML, and nobody makes a policy of their own.
    for script in (
        "document.body.innerHTML = '<b>x</b>'",
        "trustedTypes.createPolicy('mine', {})",
    ):
        with pytest.raises(Exception, match=r"Trusted|policy"):
            await page.evaluate(script)


async def test_links_make_accounts_and_passwords(server: Server, browser: Browser) -> None:
    """A claim link makes one, an invite makes one and joins, a reset link sets a password."""
    claim = server.operate("create_claim_link")["link"]
    owner = Reader(await (await browser.new_context()).new_page())
    await owner.page.goto(claim)
    await expect(owner.page.get_by_role("heading", name="This server is yours")).to_be_visible()
    await owner.log_in("olga")
    await owner.connected()
    assert "claim" not in owner.page.url
    ann = server.operate("create_token", {"user": "ann"})["token"]
    client = Client(server, 0, ann, name="ann")
    guild = (await client.get("/users/@me/guilds")).body[0]["id"]
    channel = (await client.get(f"/guilds/{guild}")).body["system_channel_id"]
    invite = (await client.post(f"/channels/{channel}/invites", {})).body["code"]
    await client.close()
    guest = Reader(await (await browser.new_context()).new_page())
    await guest.page.goto(f"{server.url}/invite/{invite}")
    await expect(guest.page.get_by_role("heading", name="Join Den")).to_be_visible()
    await guest.log_in("gwen")
    await guest.connected()
    await expect(guest.page.get_by_role("heading", name="general", exact=True)).to_be_visible()
    # Who is logged in already joins by the link alone.
    await owner.page.goto(f"{server.url}/#invite={invite}")
    await owner.connected()
    await expect(owner.page.get_by_role("heading", name="general", exact=True)).to_be_visible()
    reset = server.operate("create_reset_link", {"user": "bob"})["link"]
    bob = Reader(await (await browser.new_context()).new_page())
    await bob.page.goto(reset)
    await bob.page.get_by_label("New password").fill("another horse")
    await bob.page.keyboard.press("Enter")
    await bob.connected()
    assert owner.faults == guest.faults == bob.faults == []


async def test_an_owner_runs_their_guild(server: Server, browser: Browser) -> None:
    """A picture, a channel, a role, an overwrite and its reason, a timeout and a ban."""
    ann, bob = await _both(browser, server)
    page = ann.page
    await page.get_by_role("banner").get_by_role("button", name="Den").click()
    await page.get_by_role("menuitem", name="New channel").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Staff room")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="staff-room", exact=True)).to_be_visible()
    await expect(bob.page.get_by_role("link", name="staff-room")).to_be_visible()
    # Closed to everyone: gone for bob at once, and the editor says why.
    await page.get_by_role("button", name="More of staff-room").click()
    await page.get_by_role("menuitem", name="Edit channel").click()
    await page.get_by_role("radio", name="Permissions").check()
    see = page.get_by_role("group", name="See channels")
    await see.get_by_role("button", name="Deny").click()
    await expect(bob.page.get_by_role("link", name="staff-room")).to_have_count(0)
    await page.get_by_label("What comes of it for").select_option("bob")
    await page.get_by_role("button", name="See channels: may not · why").click()
    await expect(page.get_by_text("Here @everyone is denied it")).to_be_visible()
    await expect(page.get_by_text("bob may not: See channels")).to_be_visible()
    await page.keyboard.press("Escape")
    # A picture of the guild, which bob sees too.
    await page.get_by_role("banner").get_by_role("button", name="Den").click()
    await page.get_by_role("menuitem", name="Guild settings").click()
    picture = {"name": "a.png", "mimeType": "image/png", "buffer": PNG}
    await page.get_by_label("Change picture").set_input_files(files=[picture])  # type: ignore[list-item]
    icon = bob.page.get_by_role("link", name="Den").locator("img")
    await expect(icon).to_have_attribute("src", re.compile(r"^/cdn/icons/\d+/\w+\.webp"))
    await expect(icon).to_have_js_property("naturalWidth", 1)
    # A role with a colour.
    await page.get_by_role("link", name="Roles").click()
    await page.get_by_role("button", name="New role").click()
    await page.get_by_role("textbox", name="Name").fill("Wardens")
    await page.get_by_label("Show its members apart").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Wardens")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="general", exact=True).click()
    members = page.get_by_role("complementary", name="Members")
    await members.get_by_role("button", name="bob").click()
    profile = page.get_by_role("dialog", name="Profile of bob")
    await profile.get_by_role("button", name="Give or take roles").click()
    await page.get_by_role("menuitemradio", name="Wardens").click()
    await expect(members.get_by_role("heading", name="Wardens 1")).to_be_visible()
    # Timed out bob reads why he cannot write; banned he sees nothing.
    await profile.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Time out").click()
    await page.get_by_role("dialog").get_by_role("button", name="Time out").click()
    await expect(bob.page.get_by_text("You are timed out until")).to_be_visible()
    await members.get_by_role("button", name="bob").click()
    await profile.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Ban").click()
    await page.get_by_role("dialog").get_by_role("button", name="Ban").click()
    await expect(bob.page.get_by_role("link", name="Den")).to_have_count(0)
    await expect(bob.page.get_by_role("heading", name="Friends")).to_be_visible()
    assert ann.faults == bob.faults == []


async def test_the_members_of_a_large_guild(server: Server, browser: Browser) -> None:
    """Of many members those are asked for that are looked at; who comes and goes is seen."""
    token = server.operate("create_token", {"user": "bob"})["token"]
    bob = Client(server, 0, token, name="bob")
    guild = (await bob.get("/users/@me/guilds")).body[0]["id"]
    for number in range(260):
        name = f"robot{number:03}"
        server.operate("create_bot", {"username": name, "owner": "ann"})
        server.operate("join_bot", {"user": name, "permissions": 0}, guild_id=int(guild))
    await bob.connect()
    ann = await Reader.open(browser, server, "ann")
    await ann.go("Den")
    members = ann.page.get_by_role("complementary", name="Members")
    await expect(members.get_by_role("heading", name="Online 2")).to_be_visible()
    await expect(members.get_by_role("heading", name="Offline 260")).to_be_visible()
    await members.evaluate("list => { list.scrollTop = list.scrollHeight }")
    await expect(members.get_by_role("button", name="robot259")).to_be_visible()
    await members.evaluate("list => { list.scrollTop = 0 }")
    await bob.close()
    await expect(members.get_by_role("heading", name="Online 1")).to_be_visible()
    await ann.page.locator("[data-composer]").press_sequentially("@robot259")
    await expect(ann.page.get_by_role("option", name="robot259")).to_be_visible()
    assert ann.faults == []


async def test_files(server: Server, browser: Browser) -> None:
    """A picture with a description and a text go with a message; one that is taken out does not."""
    ann, bob = await _both(browser, server)
    page = ann.page
    picker = page.get_by_label("Files to send")
    await picker.set_input_files(
        files=[
            {"name": "kiln.png", "mimeType": "image/png", "buffer": PNG},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"cone 6" * 1000},
            {"name": "wrong.txt", "mimeType": "text/plain", "buffer": b"no"},
        ]
    )
    files = page.get_by_role("list", name="Files")
    await files.get_by_role("textbox", name="What is on kiln.png").fill("A kiln, from the door")
    await files.get_by_role("button", name="Remove wrong.txt").click()
    await expect(files.get_by_role("listitem")).to_have_count(2)
    await expect(files.get_by_role("progressbar")).to_have_count(0)
    await ann.say("Look")
    await expect(files).to_have_count(0)
    await bob.reads(["Look"])
    picture = bob.page.get_by_role("img", name="A kiln, from the door")
    await expect(picture).to_have_js_property("naturalWidth", 1)
    link = bob.page.get_by_role("link", name="notes.txt")
    await expect(link).to_contain_text("5.9 KB")
    href = await link.get_attribute("href")
    reply = await bob.page.request.get(f"{server.url}{href}")
    assert (await reply.body()) == b"cone 6" * 1000
    assert "sandbox" in reply.headers["content-security-policy"]
    # By paste, and without a word beside it.
    await page.locator("[data-composer]").evaluate(
        """(area, text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], "pasted.txt", { type: "text/plain" }));
        area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        "pasted",
    )
    await expect(files.get_by_role("textbox", name="What is on pasted.txt")).to_be_visible()
    # Dragged over the window and dropped anywhere on it.
    await page.get_by_role("banner").first.evaluate(
        """(banner, text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], "dropped.txt", { type: "text/plain" }));
        const init = { dataTransfer: data, bubbles: true, cancelable: true };
        for (const name of ["dragover", "drop"]) banner.dispatchEvent(new DragEvent(name, init));
        }""",
        "dropped",
    )
    await expect(files.get_by_role("listitem")).to_have_count(2)
    await files.get_by_role("button", name="Remove dropped.txt").click()
    await expect(files.get_by_role("listitem")).to_have_count(1)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(bob.page.get_by_role("link", name="pasted.txt")).to_be_visible()
    # One that is on its way, over a slow line, is stopped there.
    line = await page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 50_000}
    await line.send("Network.emulateNetworkConditions", slow)
    long = {"name": "long.bin", "mimeType": "application/octet-stream", "buffer": bytes(5_000_000)}
    async with page.expect_event("requestfailed", lambda request: request.method == "PUT"):
        async with page.expect_event("request", lambda request: request.method == "PUT"):
            await picker.set_input_files(files=[long])
        await expect(files.get_by_role("progressbar", name="long.bin: sent")).to_be_visible()
        await files.get_by_role("button", name="Remove long.bin").click()
    await expect(files).to_have_count(0)
    await line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    # What the server does not take says why, and can be taken out.
    await picker.set_input_files(
        files=[{"name": "broken.png", "mimeType": "image/png", "buffer": PNG[:40]}]
    )
    await expect(files.get_by_role("alert")).to_be_visible()
    await files.get_by_role("button", name="Remove broken.png").click()
    await expect(files).to_have_count(0)
    assert bob.faults == []
    assert [fault for fault in ann.faults if "400" not in fault] == []
