"""What unmodified libraries need of the gateway, each detail by itself."""

import json
import zlib
from typing import Any

import aiohttp
import pytest
import zstandard

from tests.doors.conftest import Den
from tests.harness import Gateway, Server

# Where the gateway is


async def test_gateway_addresses_have_no_query(den: Den) -> None:
    # discord.js, eris and JDA append theirs with "?".
    bot = den.bot()
    wanted = den.server.url.replace("http", "ws", 1) + "/gateway"
    assert (await den.ann.get("/gateway")).body == {"url": wanted}
    found = (await bot.get("/gateway/bot")).body
    assert found["url"] == wanted
    assert found["shards"] == 1
    assert found["session_start_limit"].keys() == {
        "total",
        "remaining",
        "reset_after",
        "max_concurrency",
    }
    gateway = await bot.connect()
    ready = next(d for _, t, d in gateway.dispatches if t == "READY")
    assert ready["resume_gateway_url"] == wanted


@pytest.mark.parametrize("path", ["/gateway", "/gateway/"])
async def test_the_gateway_has_two_paths(den: Den, path: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{den.server.url}{path}?v=10&encoding=json") as socket,
    ):
        hello = await socket.receive_json()
    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41250


async def test_the_gateway_without_an_upgrade_is_a_refusal(den: Den) -> None:
    async with aiohttp.ClientSession() as http, http.get(den.server.url + "/gateway") as response:
        assert response.status == 426


# Identify and resume


@pytest.mark.parametrize("prefix", ["", "Bot "])
async def test_identify_and_resume_take_a_token_with_a_prefix(den: Den, prefix: str) -> None:
    # eris and oceanic send "Bot tok", the others the bare token.
    bot = den.bot()
    gateway = await bot.connect(token=prefix + bot.token)
    seq = gateway.seq
    gateway.cut()
    again = await Gateway.open(den.server)
    await again.send(6, {"token": prefix + bot.token, "session_id": gateway.session_id, "seq": seq})
    resumed = await again.event("RESUMED")
    # discord.py writes a key into it: null ends the connection there.
    assert isinstance(resumed, dict)
    assert again.dispatches[0][0] == seq + 1
    await again.close()


async def test_identify_as_discord_py_sends_it(den: Den) -> None:
    # A heartbeat before IDENTIFY, `compress` beside a transport compression, `game` in presence.
    bot = den.bot()
    await den.ann.connect()
    gateway = await Gateway.open(den.server, "?v=10&encoding=json&compress=zstd-stream")
    await gateway.send(1, None)
    await gateway.other(11)
    game = {"name": "chess", "type": 0}
    await gateway.send(
        2,
        {
            "token": bot.token,
            "properties": {"os": "linux", "browser": "discord.py", "device": "discord.py"},
            "compress": True,
            "large_threshold": 250,
            "intents": 513,
            "presence": {"status": "idle", "game": game, "since": 0, "afk": False},
        },
    )
    assert (await gateway.event("READY"))["user"]["id"] == str(bot.id)
    told = await den.ann.event("PRESENCE_UPDATE")
    while told["user"]["id"] != str(bot.id):
        told = await den.ann.event("PRESENCE_UPDATE")
    assert (told["status"], told["activities"]) == ("idle", [game])
    await gateway.close()


async def open_raw(server: Server, query: str) -> tuple[Any, Any]:
    http = aiohttp.ClientSession()
    return http, await http.ws_connect(f"{server.url}/gateway?v=10&encoding=json{query}")


async def receive_until(socket: Any, name: str, decode: Any) -> list[dict[str, Any]]:
    payloads: list[dict[str, Any]] = []
    while not payloads or payloads[-1]["t"] != name:
        payloads.append(decode(await socket.receive(timeout=5)))
    return payloads


async def test_zstd_stream_is_one_stream(den: Den) -> None:
    bot = den.bot()
    http, socket = await open_raw(den.server, "&compress=zstd-stream")
    stream = zstandard.ZstdDecompressor().decompressobj()

    def decompressed(message: aiohttp.WSMessage) -> dict[str, Any]:
        assert message.type == aiohttp.WSMsgType.BINARY
        return json.loads(stream.decompress(message.data))

    wish = {"token": bot.token, "properties": {}, "intents": 1 | 512 | 32768, "compress": True}
    await socket.send_json({"op": 2, "d": wish})
    payloads = await receive_until(socket, "GUILD_CREATE", decompressed)
    assert [payload["t"] for payload in payloads] == [None, "READY", "GUILD_CREATE"]
    for text in ("x", "y" * 2000, "x"):
        await den.say(den.ann, text)
        payloads += await receive_until(socket, "MESSAGE_CREATE", decompressed)
        assert payloads[-1]["d"]["content"] == text
    await socket.send_json({"op": 1, "d": payloads[-1]["s"]})
    assert decompressed(await socket.receive(timeout=5))["op"] == 11
    numbers = [payload["s"] for payload in payloads if payload["op"] == 0]
    assert numbers == list(range(1, len(numbers) + 1))
    await socket.close()
    await http.close()


async def test_a_session_goes_on_in_another_compression(den: Den) -> None:
    bot = den.bot()
    gateway = await Gateway.open(den.server, "?v=10&encoding=json&compress=zstd-stream")
    wish = {"token": bot.token, "properties": {}, "intents": 1 | 512 | 32768}
    await gateway.send(2, wish)
    ready = await gateway.event("READY")
    await gateway.event("GUILD_CREATE")
    for number, query in enumerate(("&compress=zlib-stream", "", "&compress=zstd-stream")):
        seq = gateway.seq
        gateway.cut()
        await den.say(den.ann, str(number))
        again = await Gateway.open(den.server, "?v=10&encoding=json" + query)
        await again.send(6, {"token": bot.token, "session_id": ready["session_id"], "seq": seq})
        await again.event("RESUMED")
        assert (await again.event("MESSAGE_CREATE"))["content"] == str(number)
        assert [s for s, _, _ in again.dispatches] == [seq + 1, seq + 2]
        await gateway.close()
        gateway = again
    await gateway.close()


async def test_payload_compression_is_binary_and_each_is_whole(den: Den) -> None:
    bot = den.bot()
    http, socket = await open_raw(den.server, "")

    def whole(message: aiohttp.WSMessage) -> dict[str, Any]:
        if message.type == aiohttp.WSMsgType.TEXT:
            payload = json.loads(message.data)
            assert payload["op"] != 0
            return payload
        return json.loads(zlib.decompress(message.data))

    wish = {"token": bot.token, "properties": {}, "intents": 1 | 512 | 32768, "compress": True}
    await socket.send_json({"op": 2, "d": wish})
    payloads = await receive_until(socket, "GUILD_CREATE", whole)
    for text in ("x", "y" * 2000):
        await den.say(den.ann, text)
        payloads += await receive_until(socket, "MESSAGE_CREATE", whole)
        assert payloads[-1]["d"]["content"] == text
    numbers = [payload["s"] for payload in payloads if payload["op"] == 0]
    assert numbers == list(range(1, len(numbers) + 1))
    await socket.close()
    await http.close()


async def test_zlib_stream_is_one_stream(den: Den) -> None:
    bot = den.bot()
    http, socket = await open_raw(den.server, "&compress=zlib-stream")
    stream = zlib.decompressobj()

    def inflated(message: aiohttp.WSMessage) -> dict[str, Any]:
        assert message.type == aiohttp.WSMsgType.BINARY
        # Clients collect until these four bytes.
        assert message.data.endswith(b"\x00\x00\xff\xff")
        return json.loads(stream.decompress(message.data))

    wish = {"token": bot.token, "properties": {}, "intents": 1 | 512 | 32768, "compress": True}
    await socket.send_json({"op": 2, "d": wish})
    payloads = await receive_until(socket, "GUILD_CREATE", inflated)
    for text in ("x", "y" * 2000):
        await den.say(den.ann, text)
        payloads += await receive_until(socket, "MESSAGE_CREATE", inflated)
        assert payloads[-1]["d"]["content"] == text
    await socket.send_json({"op": 1, "d": payloads[-1]["s"]})
    assert inflated(await socket.receive(timeout=5))["op"] == 11
    numbers = [payload["s"] for payload in payloads if payload["op"] == 0]
    assert numbers == list(range(1, len(numbers) + 1))
    await socket.close()
    await http.close()


async def test_s_is_padded_and_still_a_number(den: Den) -> None:
    # Frames are shared, so `s` stands in ten places; JSON allows the spaces.
    bot = den.bot()
    http, socket = await open_raw(den.server, "")
    await socket.send_json({"op": 2, "d": {"token": bot.token, "properties": {}, "intents": 1}})
    hello = await socket.receive_str(timeout=5)
    assert json.loads(hello)["s"] is None
    assert json.loads(hello)["t"] is None
    ready = await socket.receive_str(timeout=5)
    assert ready.startswith('{"s":         1,"op":0,"t":"READY","d":{')
    assert json.loads(ready)["s"] == 1
    await socket.close()
    await http.close()
