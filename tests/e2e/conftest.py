"""One browser for all, and for each test a server with two people in a guild."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from shutil import copytree

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from hearth.net.rest.static import DIST
from tests.e2e.people import ARGS, CHROMIUM
from tests.harness import PASSWORD, Client, Server


@pytest.fixture(scope="session")
def den(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server with ann and bob in a guild."""
    if not (DIST / "index.html").exists():
        pytest.skip("the web client is not built: make setup")
    made = Server(tmp_path_factory.mktemp("den") / "data").start()
    for name in ("ann", "bob"):
        made.operate("create_user", {"username": name, "password": PASSWORD})
    guild, _ = made.guild("Den", "ann")
    made.join(guild, "bob")
    assert made.stop() == 0
    return made.data


@pytest.fixture
def server(tmp_path: Path, den: Path) -> Iterator[Server]:
    """A server with ann and bob in a guild."""
    running = Server(Path(copytree(den, tmp_path / "data"))).start()
    yield running
    if running.process is not None:
        assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log, log


@pytest_asyncio.fixture(loop_scope="session")
async def clients(server: Server) -> AsyncIterator[Callable[[str], Client]]:
    """Gives a client of somebody's by their name; closed when the test ends, however it does."""
    made: list[Client] = []

    def client(name: str) -> Client:
        token = server.operate("create_token", {"user": name})["token"]
        made.append(Client(server, 0, token, name=name))
        return made[-1]

    yield client
    for each in made:
        await each.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window; its start takes longer than most of what is done in it."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The browser, which knows nothing of what other tests did in it."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser speaks to one loop: all tests of this folder run on that of the session."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
