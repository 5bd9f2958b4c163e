"""The page at `/`: two people in two browsers chat, whatever happens to the server meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from hearth.net.rest.serve import PAGE
from tests.harness import PASSWORD, Client, Server

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WITHIN_MS = 15_000

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with ann and bob in a guild."""
    running = Server(tmp_path / "data").start()
    for name in ("ann", "bob"):
        running.operate("create_user", {"username": name, "password": PASSWORD})
    guild, _ = running.guild("Den", "ann")
    running.join(guild, "bob")
    yield running
    if running.process is not None:
        assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield running
        await running.close()


class Reader:
    """A person at the page, in a browser context of their own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        # A server that is away is no fault of the page's.
        if message.type == "error" and "net::ERR_" not in message.text:
            self.faults.append(message.text)

    @classmethod
    async def open(cls, browser: Browser, server: Server, name: str, **context: Any) -> "Reader":
        """Log in by name and password, and wait for the gateway."""
        made = cls(await (await browser.new_context(**context)).new_page())
        await made.page.goto(server.url)
        await made.log_in(name)
        await made.connected()
        return made

    async def log_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the form by keyboard alone: the name has the focus."""
        await self.page.keyboard.type(name)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(password)
        await self.page.keyboard.press("Enter")

    async def connected(self) -> None:
        """Wait until the page says that it is connected."""
        await expect(self.page.get_by_role("status")).to_have_text("Connected", timeout=WITHIN_MS)

    async def say(self, text: str) -> None:
        """Write a message and send it."""
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.page.keyboard.press("Enter")

    async def reads(self, texts: list[str]) -> None:
        """Wait until these are the acknowledged messages shown, each once, in this order."""
        try:
            await expect(self.page.locator(".row.pending")).to_have_count(0, timeout=WITHIN_MS)
            await expect(self.page.locator(".row p")).to_have_text(texts, timeout=WITHIN_MS)
        except AssertionError:
            shown = await self.page.locator(".row p").all_text_contents()
            raise AssertionError(f"shown {shown}, faults {self.faults}") from None


async def _shown(reader: Reader) -> list[str]:
    return await reader.page.locator(".row:not(.pending) p").all_text_contents()


async def test_two_people_chat(server: Server, browser: Browser) -> None:
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    await expect(ann.page.get_by_text("2 online")).to_be_visible()
    hostile = "<img src=x onerror=document.title='gone'> & <b>bold</b>"
    await ann.say("hello bob")
    await bob.reads(["hello bob"])
    await bob.page.get_by_label("Message", exact=True).press_sequentially("he")
    await expect(ann.page.get_by_text("bob is typing…")).to_be_visible()
    await bob.say(hostile)
    await ann.reads(["hello bob", hostile])
    await expect(ann.page.get_by_text("is typing")).to_have_count(0)
    assert await ann.page.title() == "general · Hearth"
    # A page that is loaded again goes on without a log-in.
    await ann.page.reload()
    await ann.connected()
    await ann.reads(["hello bob", hostile])
    # A token that is taken back leads to the form.
    token = await ann.page.evaluate("sessionStorage.token")
    async with ann.page.expect_response("**/auth/logout"):
        await ann.page.get_by_role("button", name="Log out").click()
    await expect(ann.page.get_by_label("Name")).to_be_visible()
    assert token
    assert ann.faults == bob.faults == []


async def test_a_wrong_password(server: Server, browser: Browser) -> None:
    page = await browser.new_page()
    reader = Reader(page)
    await page.goto(server.url)
    await reader.log_in("ann", "not the password")
    await expect(page.get_by_role("alert").first).to_have_text("Login or password is invalid.")
    await expect(page.get_by_label("Name")).to_be_visible()


async def test_the_server_is_killed_while_they_write(server: Server, browser: Browser) -> None:
    """Killed with -9 and started again: both come back by themselves, nothing lost or doubled."""
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
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
        await expect(reader.page.get_by_role("status")).to_have_text("Reconnecting")
        await expect(reader.page.locator(".row.pending").first).to_be_visible()
    acknowledged = {text for reader in (ann, bob) for text in await _shown(reader)}
    await asyncio.to_thread(server.start)
    for reader in (ann, bob):
        await reader.connected()
        await expect(reader.page.locator(".row.pending")).to_have_count(0, timeout=WITHIN_MS)
        await expect(reader.page.locator(".row")).to_have_count(60, timeout=WITHIN_MS)
    shown = await _shown(ann)
    assert sorted(shown) == sorted(said[ann] + said[bob])
    assert acknowledged <= set(shown)
    for reader, name in ((ann, "ann"), (bob, "bob")):
        assert [text for text in shown if text.startswith(name)] == said[reader]
    await bob.reads(shown)
    # What the server has is what they see, also for somebody who comes now.
    late = await Reader.open(browser, server, "ann")
    await late.reads(shown)
    assert server.operate("check_storage")["faults"] == []
    assert ann.faults == bob.faults == late.faults == []


async def test_the_server_is_restarted_in_order(server: Server, browser: Browser) -> None:
    """The sessions go on where they were: what is said meanwhile comes, and nothing twice."""
    ann = await Reader.open(browser, server, "ann")
    bob = await Reader.open(browser, server, "bob")
    await ann.say("before")
    await bob.reads(["before"])
    session = await bob.page.evaluate("session")
    assert await asyncio.to_thread(server.stop) == 0
    await expect(ann.page.get_by_role("status")).to_have_text("Reconnecting")
    await ann.say("meanwhile")
    await asyncio.to_thread(server.start)
    for reader in (ann, bob):
        await reader.connected()
    await bob.say("after")
    for reader in (ann, bob):
        await expect(reader.page.locator(".row")).to_have_count(3, timeout=WITHIN_MS)
    shown = await _shown(ann)
    assert sorted(shown) == ["after", "before", "meanwhile"]
    await bob.reads(shown)
    assert await bob.page.evaluate("session") == session
    assert ann.faults == bob.faults == []


@pytest.mark.parametrize("width", [1440, 1024, 390])
async def test_layouts(server: Server, browser: Browser, width: int) -> None:
    """Nothing sticks out at the side, and everything is reached by keyboard and by its name."""
    size = {"width": width, "height": 800}
    ann = await Reader.open(browser, server, "ann", viewport=size)
    page = ann.page
    await ann.say("x" * 2000)
    await expect(page.locator(".row")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert await page.locator("#log").evaluate("log => log.scrollWidth - log.clientWidth") == 0
    for role, name in (("log", "Messages"), ("textbox", "Message"), ("button", "Send")):
        await expect(page.get_by_role(role, name=name, exact=True)).to_be_visible()  # type: ignore[arg-type]
    room = page.get_by_role("button", name="general", exact=True)
    if width < 720:
        await expect(room).to_be_hidden()
        menu = page.get_by_role("button", name="Channels")
        await menu.press("Enter")
        await expect(room).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(room).to_be_hidden()
        await menu.press("Enter")
        await page.keyboard.press("Enter")
        await expect(room).to_be_hidden()
    else:
        await expect(room).to_have_attribute("aria-current", "page")
    await expect(page.get_by_role("complementary", name="People")).to_be_visible(
        visible=width > 1100
    )
    assert ann.faults == []


async def test_the_policy_names_what_it_lets_run(server: Server, browser: Browser) -> None:
    page = await browser.new_page()
    answer = await page.goto(server.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2
    text = PAGE.read_text()
    assert len(text.splitlines()) <= 150
    assert "innerHTML" not in text


async def test_links_make_accounts_and_passwords(server: Server, browser: Browser) -> None:
    """A claim link makes one, an invite makes one and joins, a reset link sets a password."""
    claim = server.operate("create_claim_link")["link"].partition("#claim=")[2]
    owner = Reader(await (await browser.new_context()).new_page())
    await owner.page.goto(f"{server.url}/#claim={claim}")
    await expect(owner.page.get_by_text("this account owns the server")).to_be_visible()
    await owner.log_in("olga")
    await owner.connected()
    assert "#" not in owner.page.url
    ann = server.operate("create_token", {"user": "ann"})["token"]
    client = Client(server, 0, ann, name="ann")
    guild = (await client.get("/users/@me/guilds")).body[0]["id"]
    channel = (await client.get(f"/guilds/{guild}")).body["system_channel_id"]
    invite = (await client.post(f"/channels/{channel}/invites", {})).body["code"]
    await client.close()
    guest = Reader(await (await browser.new_context()).new_page())
    await guest.page.goto(f"{server.url}/#invite={invite}")
    await guest.log_in("gwen")
    await guest.connected()
    await expect(guest.page.get_by_role("heading", name="Den")).to_be_visible()
    # Who is logged in already joins by the link alone.
    await owner.page.goto(f"{server.url}/#invite={invite}")
    await owner.page.reload()
    await expect(owner.page.get_by_role("heading", name="Den")).to_be_visible()
    reset = server.operate("create_reset_link", {"user": "bob"})["link"].partition("#reset=")[2]
    bob = Reader(await (await browser.new_context()).new_page())
    await bob.page.goto(f"{server.url}/#reset={reset}")
    await bob.page.get_by_label("Password").fill("another horse")
    await bob.page.keyboard.press("Enter")
    await bob.connected()
    # An invite is tried as a log-in first, which the browser notes when there is no such account.
    assert [fault for fault in guest.faults if "400" not in fault] == []
    assert owner.faults == bob.faults == []
