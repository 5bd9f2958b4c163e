"""The API's description at `/api/docs` in a browser: search, links, both schemes, any width."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.people import CHROMIUM
from tests.harness import Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server; the page needs nothing in it."""
    running = Server(tmp_path_factory.mktemp("reference") / "data").start()
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[(1440, "light"), (390, "dark")],
    ids=["wide", "narrow"],
)
async def page(
    server: Server, browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[Page]:
    """The page, which must say nothing on the console."""
    width, scheme = request.param
    opened = await browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    await opened.goto(f"{server.url}/api/docs")
    yield opened
    assert said == []


async def test_search_and_links(page: Page) -> None:
    one, other = page.locator("#create_guild_role"), page.locator("#create_message")
    await expect(other).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type("post guilds roles")
    await expect(one).to_be_visible()
    await expect(other).to_be_hidden()
    await expect(page.locator('aside a[href="#create_guild_role"]')).to_be_visible()
    await expect(page.locator('aside a[href="#create_message"]')).to_be_hidden()
    await page.keyboard.press("End")
    await page.keyboard.type(" nothing like that")
    await expect(page.locator("#none")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(other).to_be_visible()
    await page.locator('#create_guild_role a[href="#schema-RoleCreate"]').click()
    await expect(page.locator("#schema-RoleCreate")).to_be_in_viewport()
    assert page.url.endswith("#schema-RoleCreate")


async def test_nothing_is_wider_than_the_window(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
