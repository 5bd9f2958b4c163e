"""Pictures over the wire: addresses, sizes, types and headers; long bodies and short ones."""

import io
import json
import os
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.doors.conftest import Den
from tests.harness import Answer, Client
from tests.pictures import data_uri, moving, opened, still

LARGE = still("png", 300, 200)


@pytest.fixture
async def http(den: Den) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"{den.server.url}/cdn/") as made:
        yield made


async def test_where_pictures_are(den: Den, http: aiohttp.ClientSession) -> None:
    ann, guild = den.ann, den.guild
    me = (
        await ann.patch("/users/@me", {"avatar": data_uri(LARGE), "banner": data_uri(LARGE)})
    ).body
    there = await ann.patch(f"/guilds/{guild}/members/@me", {"avatar": data_uri(LARGE)})
    pictures = {name: data_uri(LARGE) for name in ("icon", "splash", "banner", "discovery_splash")}
    shown = (await ann.patch(f"/guilds/{guild}", pictures)).body
    cat = den.member("cat")
    made = await ann.post("/users/@me/channels", {"recipients": [str(den.bob.id), str(cat.id)]})
    group = made.body["id"]
    icon = (await ann.patch(f"/channels/{group}", {"icon": data_uri(LARGE)})).body["icon"]
    for path in (
        f"channel-icons/{group}/{icon}",
        f"avatars/{ann.id}/{me['avatar']}",
        f"banners/{ann.id}/{me['banner']}",
        f"guilds/{guild}/users/{ann.id}/avatars/{there.body['avatar']}",
        f"icons/{guild}/{shown['icon']}",
        f"splashes/{guild}/{shown['splash']}",
        f"banners/{guild}/{shown['banner']}",
        f"discovery-splashes/{guild}/{shown['discovery_splash']}",
    ):
        async with http.get(f"{path}.png") as answer:
            assert (answer.status, await answer.read()) == (200, LARGE), path
        async with http.get(f"{path}.webp?size=64") as answer:
            image = opened(await answer.read())
            assert (answer.content_type, image.size) == ("image/webp", (64, 43)), path
        wrong = "0" * 32
        for other in (
            path[:-32] + wrong,
            path.replace(group, "1").replace(str(guild), "1").replace(str(ann.id), "1"),
        ):
            async with http.get(f"{other}.png") as answer:
                assert answer.status == 404
    # What it was is gone with the next one.
    await ann.patch("/users/@me", {"avatar": data_uri(moving())})
    async with http.get(f"avatars/{ann.id}/{me['avatar']}.png") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("asked", "width"),
    [("16", 16), ("17", 32), ("64", 64), ("1", 16), ("4096", 300), ("99999", 300), ("x", 300)],
)
async def test_sizes(den: Den, http: aiohttp.ClientSession, asked: str, width: int) -> None:
    avatar = (await den.ann.patch("/users/@me", {"avatar": data_uri(LARGE)})).body["avatar"]
    url = f"avatars/{den.ann.id}/{avatar}.png?size={asked}"
    async with http.get(url) as answer:
        assert opened(await answer.read()).width == width
        tag = answer.headers["ETag"]
    async with http.get(url, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


async def test_default_avatars(http: aiohttp.ClientSession) -> None:
    seen = set[bytes]()
    for index in range(6):
        async with http.get(f"embed/avatars/{index}.png") as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            seen.add(await answer.read())
    assert {opened(each).size for each in seen} == {(128, 128)}
    assert len(seen) == 6
    async with http.get("embed/avatars/6.png") as answer:
        assert answer.status == 404


async def long(client: Client, method: str, path: str, body: object) -> Answer:
    """A request whose body is JSON and long."""
    data = io.BytesIO(json.dumps(body).encode())
    return await client.call(method, path, data=data, headers={"Content-Type": "application/json"})


async def test_only_what_sets_pictures_may_be_long(den: Den) -> None:
    noise = {"avatar": data_uri(os.urandom(3 << 20))}
    answer = await long(den.ann, "PATCH", "/users/@me", noise)
    assert (answer.status, list(answer.body["errors"])) == (400, ["avatar"])
    answer = await long(den.ann, "PATCH", "/users/@me", {"avatar": "x" * (13 << 20)})
    assert (answer.status, answer.code) == (413, 40005)
    path = f"/channels/{den.channel}/messages"
    answer = await long(den.ann, "POST", path, {"content": "x" * (2 << 20)})
    assert (answer.status, answer.code) == (413, 40005)


async def test_pictures_outlive_the_server(den: Den) -> None:
    avatar = (await den.ann.patch("/users/@me", {"avatar": data_uri(LARGE)})).body["avatar"]
    den.server.kill()
    den.server.start()
    async with aiohttp.ClientSession() as http:
        url = f"{den.server.url}/cdn/avatars/{den.ann.id}/{avatar}.png"
        async with http.get(url) as answer:
            assert await answer.read() == LARGE
