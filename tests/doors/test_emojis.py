"""Emojis over the wire: their events by intent, and their pictures."""

from typing import Any

import aiohttp

from tests.doors.conftest import Den
from tests.pictures import data_uri, moving, opened

GIF = moving("gif")
IMAGE = data_uri(GIF)


async def make(den: Den) -> Any:
    body = {"name": "wave", "image": IMAGE}
    headers = {"X-Audit-Log-Reason": "why"}
    answer = await den.ann.post(f"/guilds/{den.guild}/emojis", body, headers=headers)
    assert answer.status == 201, answer.body
    return answer.body


async def test_who_asked_is_told(den: Den) -> None:
    await den.bob.connect()
    bot, other = den.bot(), den.bot()
    await bot.connect(intents=1 << 3)
    await other.connect(intents=1 | 1 << 9)
    await den.ann.connect()
    made = await make(den)
    plain = {key: value for key, value in made.items() if key != "user"}
    for client in (den.bob, bot, den.ann):
        told = await client.event("GUILD_EMOJIS_UPDATE")
        assert told == {"guild_id": str(den.guild), "emojis": [plain]}
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["target_id"], entry["reason"]) == (60, made["id"], "why")
    await den.say(den.ann, "marker")
    await other.event("MESSAGE_CREATE")
    assert other.gateway is not None
    assert "GUILD_EMOJIS_UPDATE" not in other.gateway.names()
    # Who comes now finds it in the guild.
    late = await den.member("cat").connect()
    assert late.dispatches[0][2]["guilds"][0]["emojis"] == [plain]


async def test_a_picture_is_for_everybody_and_never_changes(den: Den) -> None:
    made = await make(den)
    async with aiohttp.ClientSession() as http:
        url = f"{den.server.url}/cdn/emojis/{made['id']}.gif"
        async with http.get(url) as answer:
            assert answer.status == 200
            assert await answer.read() == GIF
            assert answer.headers["Content-Type"] == "image/gif"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert "immutable" in answer.headers["Cache-Control"]
            tag = answer.headers["ETag"]
        for ending, kind, frames in (
            ("png?size=16", "png", 1),
            ("jpg", "jpeg", 1),
            ("webp?size=20", "webp", 1),
            ("webp?animated=true", "webp", 3),
            ("gif?size=16", "gif", 3),
        ):
            async with http.get(f"{den.server.url}/cdn/emojis/{made['id']}.{ending}") as answer:
                assert answer.headers["Content-Type"] == f"image/{kind}"
                image = opened(await answer.read())
                assert (image.format, getattr(image, "n_frames", 1)) == (kind.upper(), frames)
                assert image.width == (16 if "16" in ending else 24)
        for headers, status, body, span in (
            ({"If-None-Match": tag}, 304, b"", None),
            ({"If-None-Match": '"x"'}, 200, GIF, None),
            ({"Range": "bytes=1-3"}, 206, GIF[1:4], f"bytes 1-3/{len(GIF)}"),
            (
                {"Range": "bytes=-2"},
                206,
                GIF[-2:],
                f"bytes {len(GIF) - 2}-{len(GIF) - 1}/{len(GIF)}",
            ),
            (
                {"Range": "bytes=2-", "If-Range": tag},
                206,
                GIF[2:],
                f"bytes 2-{len(GIF) - 1}/{len(GIF)}",
            ),
            ({"Range": "bytes=2-", "If-Range": '"x"'}, 200, GIF, None),
            ({"Range": "bytes=90000-"}, 416, b"", f"bytes */{len(GIF)}"),
            ({"Range": "bytes=3-1"}, 200, GIF, None),
            ({"Range": "lines=1-2"}, 200, GIF, None),
        ):
            async with http.get(url, headers=headers) as answer:
                assert (answer.status, await answer.read()) == (status, body), headers
                assert answer.headers.get("Content-Range") == span
        async with http.head(url) as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(GIF)))
        for wrong in ("5.png", f"{made['id']}.svg", f"{10**19 - 1}.png", "x.png"):
            async with http.get(f"{den.server.url}/cdn/emojis/{wrong}") as answer:
                assert answer.status == 404


async def test_what_is_no_image_is_named(den: Den) -> None:
    body = {"name": "x", "image": "data:text/html;base64,PGI+"}
    answer = await den.ann.post(f"/guilds/{den.guild}/emojis", body)
    assert (answer.status, answer.code) == (400, 50035)
    assert list(answer.body["errors"]) == ["name"]
    answer = await den.ann.post(f"/guilds/{den.guild}/emojis", {**body, "name": "xy"})
    assert list(answer.body["errors"]) == ["image"]
