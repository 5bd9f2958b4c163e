"""The whole way: from the owner's link to a community that chats, with a bot, through a restart."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import discord
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.conformance.discord_py.conftest import point
from tests.e2e.people import CHROMIUM, Reader, indexed
from tests.harness import Client, Server
from tests.pictures import still

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

Bots = Callable[[str], Awaitable["Ponger"]]


class Ponger(discord.Client):
    """A bot as anybody would write it: it answers, and reacts to files."""

    async def on_message(self, message: discord.Message) -> None:
        """Answer what asks for it."""
        if message.content == "!ping":
            await message.reply("pong", mention_author=False)
        if message.attachments and message.author != self.user:
            await message.add_reaction("🔥")


@pytest_asyncio.fixture(loop_scope="session")
async def bots(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bots]:
    """Starts a bot by its token; all are logged out when the test ends."""
    point(monkeypatch, server.url)
    made: list[tuple[Ponger, asyncio.Task[None]]] = []

    async def start(token: str) -> Ponger:
        bot = Ponger(intents=discord.Intents.all(), guild_ready_timeout=0.1)
        await bot.login(token)
        made.append((bot, asyncio.create_task(bot.connect())))
        await bot.wait_until_ready()
        return bot

    yield start
    for bot, running in made:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)


def _profile_of(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=f"Profile of {name}")


async def _moderate(page: Page, name: str, deed: str, reason: str) -> None:
    """Do something to the author of the last message of somebody's, with a reason."""
    last = page.locator("article", has=page.get_by_role("button", name=name, exact=True)).last
    await last.get_by_role("button", name=name, exact=True).last.click()
    await _profile_of(page, name).get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name=deed, exact=True).click()
    dialog = page.get_by_role("dialog").filter(has=page.get_by_label("Reason"))
    await dialog.get_by_label("Reason").fill(reason)
    await dialog.get_by_role("button", name=deed, exact=True).click()
    await expect(dialog).to_have_count(0)
    # The profile may be gone with who it is of.
    await page.keyboard.press("Escape")
    await expect(_profile_of(page, name)).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
async def test_from_the_claim_to_a_community(
    server: Server, browser: Browser, clients: Callable[[str], Client], bots: Bots, width: int
) -> None:
    screen: dict[str, Any] = {"viewport": {"width": width, "height": 844}}
    narrow = width <= 768

    async def nav(page: Page) -> None:
        """Open what has the guilds and channels, where it is not open anyway."""
        if narrow:
            await page.get_by_role("button", name="Channels and guilds").click()

    # The owner's link makes the first account; a guild, and a link to it.
    owner = Reader(await (await browser.new_context(**screen)).new_page())
    await owner.page.goto(server.operate("create_claim_link")["link"])
    await owner.log_in("olga")
    await owner.connected()
    await nav(owner.page)
    await owner.page.get_by_role("button", name="Add a guild").click()
    await owner.page.get_by_role("dialog").get_by_label("Name").fill("Clay & Fire")
    await owner.page.keyboard.press("Enter")
    await expect(owner.page.locator("[data-composer]")).to_be_visible()
    guild = owner.page.url.split("/")[4]
    await nav(owner.page)
    await owner.page.get_by_role("button", name="Clay & Fire", exact=True).click()
    await owner.page.get_by_role("menuitem", name="Invite people").click()
    link = owner.page.get_by_role("dialog").get_by_label("Link")
    await expect(link).to_have_value(re.compile(r"/invite/\w+$"))
    invite = await link.input_value()
    await owner.page.keyboard.press("Escape")
    await expect(link).to_have_count(0)
    if narrow:
        await owner.page.keyboard.press("Escape")
    # A second person comes by it, and a bot.
    context = await browser.new_context(**screen)
    guest = Reader(await context.new_page())
    await guest.page.goto(invite)
    await expect(guest.page.get_by_role("heading", name="Join Clay & Fire")).to_be_visible()
    await guest.log_in("gwen")
    await guest.connected()
    made = server.operate("create_bot", {"username": "ponger", "owner": "olga"})
    server.operate("join_bot", {"user": "ponger", "permissions": 0}, guild_id=int(guild))
    bot = await bots(made["token"])
    # They talk; the bot answers, and reacts to a file that the guest sends.
    await owner.say("welcome, gwen")
    await guest.reads(["welcome, gwen"])
    await guest.say("!ping")
    for reader in (owner, guest):
        await reader.reads(["welcome, gwen", "!ping", "pong"])
    picture = {"name": "kiln.png", "mimeType": "image/png", "buffer": still()}
    await guest.page.get_by_label("Files to send").set_input_files(files=[picture])  # type: ignore[list-item]
    await guest.page.get_by_role("textbox", name="What is on kiln.png").fill("A kiln")
    await guest.say("my kiln")
    await expect(owner.page.get_by_role("img", name="A kiln")).to_have_js_property(
        "naturalWidth", 40
    )
    for reader in (owner, guest):
        await expect(reader.page.get_by_role("button", name="🔥, 1")).to_be_visible()
    # Offline the guest writes on; it is sent, once, when they are back.
    await context.set_offline(True)
    await guest.say("from the train")
    await expect(guest.page.locator("[data-pending]")).to_have_count(1)
    await context.set_offline(False)
    said = ["welcome, gwen", "!ping", "pong", "my kiln", "from the train"]
    for reader in (owner, guest):
        await reader.reads(said)
    # The server is killed and started again; all three go on, nothing lost or doubled.
    back = asyncio.create_task(bot.wait_for("ready", timeout=45))
    await asyncio.to_thread(server.kill)
    await expect(owner.page.get_by_text("The server does not answer")).to_be_visible()
    await owner.say("are you there?")
    await asyncio.to_thread(server.start)
    for reader in (owner, guest):
        await reader.connected()
        await reader.reads([*said, "are you there?"])
    await back
    await guest.say("!ping")
    said += ["are you there?", "!ping", "pong"]
    for reader in (owner, guest):
        await reader.reads(said)
    # What was said is found.
    client = clients("olga")
    await indexed(client, f"/guilds/{guild}", 1, content="kiln")
    await owner.page.get_by_role("button", name="Search in messages").click()
    panel = owner.page.get_by_role("complementary", name="Search")
    await panel.get_by_role("combobox").fill("kiln has:image")
    await panel.get_by_role("combobox").press("Enter")
    await expect(panel.locator("article")).to_have_count(1)
    await panel.locator("article").press("Enter")
    await expect(panel).to_be_visible(visible=not narrow)
    await expect(owner.page.locator("article", has_text="my kiln").first).to_be_in_viewport()
    if not narrow:
        await panel.get_by_role("button", name="Close").click()
    # The guest is timed out and reads why; then kicked, and sees nothing of it any more.
    await _moderate(owner.page, "gwen", "Time out", "too loud")
    await expect(guest.page.get_by_text("You are timed out until")).to_be_visible()
    await _moderate(owner.page, "gwen", "Kick", "still too loud")
    await expect(guest.page.get_by_role("heading", name="Friends")).to_be_visible()
    await nav(guest.page)
    await expect(guest.page.get_by_role("link", name="Clay & Fire")).to_have_count(0)
    # The log has both, with the reasons.
    await owner.page.goto(f"{server.url}/settings/guild/{guild}/audit")
    entries = owner.page.get_by_role("main").get_by_role("listitem")
    await expect(entries.filter(has_text="olga kicked gwen")).to_contain_text("still too loud")
    await expect(entries.filter(has_text="olga timed gwen out")).to_contain_text("too loud")
    assert owner.faults == guest.faults == []
