"""Firefox without a window, driven by WebDriver BiDi: as much of it as our tests need."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.harness import PAUSE_S, until

FIREFOX = shutil.which("firefox-esr")
WITHIN_S = 20.0

_SETTINGS = {
    # A camera and a microphone that are not real, and may be used without asking.
    "media.navigator.streams.fake": True,
    "media.navigator.audio.fake_frequency": 440,
    "media.navigator.permission.disabled": True,
    "permissions.default.microphone": 1,
    "permissions.default.camera": 1,
    # Sound is computed although no device plays it.
    "media.cubeb.force_mock_context": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    # The server is on this machine.
    "media.peerconnection.ice.loopback": True,
}
_KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "Control": "\ue009"}
_KEYS |= {"Shift": "\ue008", "Alt": "\ue00a", "ArrowUp": "\ue013", "ArrowDown": "\ue015"}
_KEYS |= {"F6": "\ue036"}


class Firefox:
    """A running Firefox. Raises RuntimeError where it refuses a command."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tabs: dict[str, Tab] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def start(cls, profile: Path) -> "AsyncIterator[Firefox]":
        """Start it with a new profile, and end it."""
        assert FIREFOX is not None
        log = _prepare(profile)
        with log.open("w") as said:
            process = await asyncio.create_subprocess_exec(
                FIREFOX,
                *("--headless", "--no-remote", "--remote-debugging-port", "0"),
                *("--profile", str(profile)),
                stdout=said,
                stderr=said,
            )
        try:
            url = await _address(log)
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(f"{url}/session", max_msg_size=0) as socket,
            ):
                made = cls(socket)
                try:
                    await made.call("session.new", capabilities={})
                    await made.call("session.subscribe", events=["log.entryAdded"])
                    yield made
                finally:
                    made._reader.cancel()
                    await asyncio.gather(made._reader, return_exceptions=True)
        finally:
            process.kill()
            await process.wait()

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if told["type"] == "event":
                tab = self._tabs.get(told["params"]["source"].get("context", ""))
                text = told["params"].get("text") or ""
                # A server that is away is no fault of the page's.
                away = "establish a connection to the server" in text
                if tab is not None and told["params"]["level"] in ("error", "warn") and not away:
                    tab.faults.append(text)
                continue
            future = self._waiting.pop(told["id"])
            if future.done():
                continue
            if told["type"] == "error":
                future.set_exception(RuntimeError(f"{told['error']}: {told['message']}"))
            else:
                future.set_result(told["result"])

    async def call(self, method: str, **params: Any) -> Any:
        """One command."""
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(future, WITHIN_S)

    async def tab(self, script: str = "") -> "Tab":
        """A tab that shares nothing with others, with the focus; `script` runs before a page's."""
        user = (await self.call("browser.createUserContext"))["userContext"]
        made = await self.call("browsingContext.create", type="tab", userContext=user)
        if script:
            await self.call(
                "script.addPreloadScript", functionDeclaration=script, contexts=[made["context"]]
            )
        return self._tabs.setdefault(made["context"], Tab(self, made["context"], user))


def _prepare(profile: Path) -> Path:
    profile.mkdir()
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in _SETTINGS.items()]
    (profile / "user.js").write_text("".join(lines))
    return profile / "log"


async def _address(log: Path) -> str:
    def listens() -> re.Match[str] | None:
        return re.search(r"listening on (ws://\S+)", log.read_text())

    async with asyncio.timeout(60):
        await until(listens)
    found = listens()
    assert found is not None
    return found[1]


class Tab:
    """A page, and what it complained of."""

    def __init__(self, firefox: Firefox, context: str, user: str) -> None:
        self.firefox = firefox
        self.context = context
        self.faults: list[str] = []
        self._user = user

    async def close(self) -> None:
        """Close it, and forget what it stored."""
        await self.firefox.call("browser.removeUserContext", userContext=self._user)

    async def go(self, url: str) -> None:
        """Load a page."""
        await self.firefox.call(
            "browsingContext.navigate", context=self.context, url=url, wait="complete"
        )

    async def run(self, function: str, *words: Any) -> Any:
        """Call a function of JavaScript with what JSON can say; its value, of the same kind."""
        told = await self.firefox.call(
            "script.callFunction",
            functionDeclaration=f"async (...words) => JSON.stringify(await ({function})"
            "(...words.map((one) => JSON.parse(one)))) ?? 'null'",
            arguments=[{"type": "string", "value": json.dumps(word)} for word in words],
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    async def until(self, function: str, *words: Any, within: float = WITHIN_S) -> Any:
        """Wait until a function says yes; what it says."""
        return await self.until_so(lambda said: said, function, *words, within=within)

    async def until_so(
        self,
        check: Callable[[Any], object],
        function: str,
        *words: Any,
        within: float = WITHIN_S,
    ) -> Any:
        """Wait until what a function says is right; what it says."""
        said = None
        try:
            async with asyncio.timeout(within):
                while True:
                    said = await self.run(function, *words)
                    if check(said):
                        return said
                    await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            raise AssertionError(f"{function} {words} says {said!r}; {self.faults}") from None

    async def named(self, role: str, name: str) -> str:
        """Wait for what assistive technology calls so; a reference to it."""
        return await self._find({"type": "accessibility", "value": {"role": role, "name": name}})

    async def _find(self, locator: dict[str, Any]) -> str:
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = await self.firefox.call(
                    "browsingContext.locateNodes", context=self.context, locator=locator
                )
                if found["nodes"]:
                    return found["nodes"][0]["sharedId"]
                await asyncio.sleep(PAUSE_S)

    async def click(self, role: str, name: str) -> None:
        """Press something in its middle with a pointer."""
        element = {"type": "element", "element": {"sharedId": await self.named(role, name)}}
        await self._act(
            "pointer",
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        )

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self._act("key", *(
            {"type": kind, "value": each} for each in text for kind in ("keyDown", "keyUp")
        ))  # fmt: skip

    async def press(self, keys: str) -> None:
        """Press one key, with others held: `Enter`, `Control+Shift+m`."""
        each = [_KEYS.get(key, key) for key in keys.split("+")]
        down = [{"type": "keyDown", "value": key} for key in each]
        await self._act("key", *down, *({"type": "keyUp", "value": key} for key in reversed(each)))

    async def _act(self, kind: str, *actions: Any) -> None:
        source = {"type": kind, "id": kind, "actions": list(actions)}
        await self.firefox.call("input.performActions", context=self.context, actions=[source])

    async def attach(self, selector: str, *files: Path) -> None:
        """Choose files in an input, which need not be seen."""
        element = {"sharedId": await self._find({"type": "css", "value": selector})}
        await self.firefox.call(
            "input.setFiles", context=self.context, element=element, files=[str(f) for f in files]
        )

    async def resize(self, width: int, height: int) -> None:
        """Make the page as large."""
        size = {"width": width, "height": height}
        await self.firefox.call("browsingContext.setViewport", context=self.context, viewport=size)
