"""The API's description, over the wire: for machines at openapi.json and for people at docs."""

import json
import re
from base64 import b64encode
from hashlib import sha256

import aiohttp
import pytest

from tests.harness import Server

PATHS = ("/api/v10/openapi.json", "/api/docs")


@pytest.mark.parametrize("path", PATHS)
async def test_who_has_it_is_told_so(server: Server, path: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        async with http.get(server.url + path, headers={"Accept-Encoding": "gzip"}) as small:
            assert small.status == 200
            assert small.headers["Content-Encoding"] == "gzip"
            tag, compressed = small.headers["ETag"], await small.read()
        async with http.get(server.url + path, headers={"Accept-Encoding": "gzip;q=0"}) as plain:
            assert "Content-Encoding" not in plain.headers
            assert plain.headers["ETag"] == tag
            assert len(compressed) < len(await plain.read())
        for known in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
            async with http.get(server.url + path, headers={"If-None-Match": known}) as again:
                assert (again.status, await again.read()) == (304, b"")
                assert again.headers["ETag"] == tag
        async with http.get(server.url + path, headers={"If-None-Match": '"x"'}) as other:
            assert other.status == 200
        async with http.head(server.url + path) as head:
            assert (head.status, await head.read()) == (200, b"")
        async with http.post(server.url + path) as wrong:
            assert wrong.status == 404
            assert (await wrong.json())["code"] == 0


async def test_machines_get_json(server: Server) -> None:
    async with aiohttp.ClientSession() as http, http.get(server.url + PATHS[0]) as response:
        assert response.headers["Content-Type"] == "application/json"
        document = json.loads(await response.text())
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": "/api/v10"}]
    assert "/channels/{channel_id}/messages" in document["paths"]


async def test_people_get_a_page_that_fetches_nothing(server: Server) -> None:
    async with aiohttp.ClientSession() as http, http.get(server.url + PATHS[1]) as response:
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert b64encode(sha256(inside.encode()).digest()).decode() in policy
    assert 'id="create_message"' in text
