"""Files of messages over the wire: multipart, addresses, headers, ranges, crashes, refusals."""

import io
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests import sounds
from tests.doors.conftest import Den
from tests.harness import Answer, Client
from tests.pictures import SECRET, moving, opened, photograph, still


def form(payload: Any = None, **files: tuple[str, bytes]) -> aiohttp.FormData:
    """A multipart body; `n0` stands for files[0]."""
    made = aiohttp.FormData(default_to_multipart=True)
    for name, (filename, data) in files.items():
        made.add_field(
            f"files[{name[1:]}]", io.BytesIO(data), filename=filename, content_type="text/html"
        )
    if payload is not None:
        made.add_field("payload_json", json.dumps(payload), content_type="application/json")
    return made


async def send(den: Den, who: Client, payload: Any = None, **files: tuple[str, bytes]) -> Answer:
    return await who.call("POST", f"/channels/{den.channel}/messages", data=form(payload, **files))


async def sent(den: Den, **files: tuple[str, bytes]) -> list[Any]:
    answer = await send(den, den.bob, **files)
    assert answer.status == 200, answer.body
    return answer.body["attachments"]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def test_what_is_sent_is_had(den: Den, http: aiohttp.ClientSession) -> None:
    await den.ann.connect()
    noise = os.urandom(3_000_000)
    payload = {"content": "two", "attachments": [{"id": 4, "description": "noise"}]}
    answer = await send(den, den.bob, payload, n4=("n.bin", noise), n9=("t.txt", b"hi"))
    files = answer.body["attachments"]
    assert [(each["filename"], each["size"]) for each in files] == [
        ("n.bin", 3_000_000),
        ("t.txt", 2),
    ]
    told = await den.ann.event("MESSAGE_CREATE")
    assert told["attachments"] == files
    assert files[0]["description"] == "noise"
    assert all(each["url"].startswith(f"{den.server.url}/cdn/attachments/") for each in files)
    async with http.get(files[0]["url"]) as got:
        assert await got.read() == noise
        assert got.headers["Content-Disposition"] == 'attachment; filename="n.bin"'
    async with http.get(files[0]["url"], headers={"Range": "bytes=1000000-1999999"}) as got:
        assert (got.status, await got.read()) == (206, noise[1_000_000:2_000_000])
        assert got.headers["Content-Range"] == "bytes 1000000-1999999/3000000"
    async with http.get(files[1]["proxy_url"]) as got:
        assert (await got.read(), got.headers["Content-Type"]) == (
            b"hi",
            "text/plain; charset=utf-8",
        )


@pytest.mark.parametrize(
    ("filename", "data", "kind", "how"),
    [
        ("x.html", b"<script>alert(1)</script>", "text/html", "attachment"),
        ("x.svg", b"<svg onload='alert(1)'/>", "image/svg+xml", "attachment"),
        ("x.png", b"<script>alert(1)</script>", "application/octet-stream", "attachment"),
        ("x.html", still(), "image/png", "inline"),
        ("x", b"?", "application/octet-stream", "attachment"),
        ("x.mp4", b"?", "video/mp4", "inline"),
        ("x.js", b"?", "text/javascript", "attachment"),
    ],
)
async def test_nothing_runs_as_a_page(
    den: Den, http: aiohttp.ClientSession, filename: str, data: bytes, kind: str, how: str
) -> None:
    (file,) = await sent(den, n0=(filename, data))
    async with http.get(file["url"]) as got:
        assert (got.status, await got.read()) == (200, data)
        assert got.headers["Content-Type"] in (kind, "text/html")
        assert got.headers["Content-Disposition"].startswith(f"{how}; ")
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert got.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_pictures_are_looked_at(den: Den, http: aiohttp.ClientSession) -> None:
    files = await sent(den, n0=("p.jpg", photograph("jpeg", 6)), n1=("m.gif", moving()))
    assert [(f["width"], f["height"]) for f in files] == [(20, 40), (24, 16)]
    assert all(f["placeholder"] and f["placeholder_version"] == 1 for f in files)
    async with http.get(files[0]["url"]) as got:
        data = await got.read()
        assert SECRET not in data
        assert len(data) == files[0]["size"]
        assert opened(data).size == (20, 40)
    async with http.get(f"{files[1]['proxy_url']}&format=webp&width=16&height=11") as got:
        image = opened(await got.read())
        assert (got.content_type, image.format, image.width) == ("image/webp", "WEBP", 16)


@pytest.mark.parametrize("wrong", [b'name="\xff"', b'name="files[0]"; filename="\xff\xfe.txt"'])
async def test_names_that_are_no_text_are_refused(den: Den, wrong: bytes) -> None:
    data = b"--x\r\nContent-Disposition: form-data; " + wrong + b"\r\n\r\nhello\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    path = f"/channels/{den.channel}/messages"
    answer = await den.bob.call("POST", path, data=data, headers=headers)
    assert (answer.status, answer.code) == (400, 50035)


async def test_sounds_and_videos_say_how_long_they_are(
    den: Den, http: aiohttp.ClientSession
) -> None:
    files = await sent(
        den,
        n0=("a.bin", sounds.wav(1.5)),
        n1=("b.mp4", sounds.mp4()),
        n2=("c.webm", sounds.webm(0, 0)),
        n3=("d.mp3", b"ID3, but none"),
        n4=("SPOILER_e.gif", moving()),
    )
    told = [
        [f.get(name) for name in ("content_type", "duration_secs", "width", "height", "flags")]
        for f in files
    ]
    assert told == [
        ["audio/wav", 1.5, None, None, None],
        ["video/mp4", 2.5, 640, 360, None],
        ["audio/webm", 3.25, None, None, None],
        ["audio/mpeg", None, None, None, None],
        ["image/gif", None, 24, 16, 1 << 5 | 1 << 3],
    ]
    async with http.get(files[1]["url"], headers={"Range": "bytes=0-7"}) as got:
        assert (got.status, got.content_type) == (206, "video/mp4")
    wish = {"files": [{"filename": "v.webm", "file_size": 1 << 20}]}
    (place,) = (await den.bob.post(f"/channels/{den.channel}/attachments", wish)).body[
        "attachments"
    ]
    async with http.put(place["upload_url"], data=sounds.webm()) as got:
        assert got.status == 200
    named = [{"id": 0, "filename": "v.webm", "uploaded_filename": place["upload_filename"]}]
    answer = await den.bob.post(f"/channels/{den.channel}/messages", {"attachments": named})
    (file,) = answer.body["attachments"]
    assert (file["duration_secs"], file["width"], file["height"]) == (3.25, 320, 240)


@pytest.mark.parametrize("data", [still()[:-20], photograph()[:400], b"GIF89a", b"\xff\xd8\xff"])
async def test_what_only_begins_as_a_picture_is_refused(den: Den, data: bytes) -> None:
    answer = await send(den, den.bob, n3=("p.png", data))
    assert (answer.status, answer.code) == (400, 50035)
    (error,) = answer.body["errors"]["files[3]"]["_errors"]
    assert error["code"] == "IMAGE_INVALID"
    assert error["message"].endswith(".")


async def test_addresses_are_signed_and_lapse(den: Den, http: aiohttp.ClientSession) -> None:
    (file,) = await sent(den, n0=("a.txt", b"hello"))
    url = file["url"]
    bare, _, query = url.partition("?")
    told = dict(part.split("=") for part in query.split("&"))
    later = f"{int(told['ex'], 16) + 1:x}"
    for wrong in (
        bare,
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace(told["ex"], later),
        url.replace("a.txt", "b.txt"),
        url.replace(file["id"], str(int(file["id"]) + 1)),
        url.replace(f"/{den.channel}/", "/5/"),
        f"{bare}?ex=x&is=y&hm=z",
    ):
        async with http.get(wrong) as got:
            assert got.status == 404, wrong
    answer = await den.bob.post("/attachments/refresh-urls", {"attachment_urls": [bare]})
    (fresh,) = answer.body["refreshed_urls"]
    async with http.get(fresh["refreshed"]) as got:
        assert await got.read() == b"hello"
    stranger = den.person("eve")
    answer = await stranger.post("/attachments/refresh-urls", {"attachment_urls": [url]})
    assert answer.body["refreshed_urls"] == [{"original": url, "refreshed": None}]


async def test_a_file_goes_with_its_message(den: Den, http: aiohttp.ClientSession) -> None:
    answer = await send(den, den.bob, n0=("a.txt", b"hello"))
    path = f"/channels/{den.channel}/messages/{answer.body['id']}"
    edit = await den.bob.call("PATCH", path, data=form({"attachments": []}, n0=("b.txt", b"new")))
    assert [each["filename"] for each in edit.body["attachments"]] == ["b.txt"]
    urls = [answer.body["attachments"][0]["url"], edit.body["attachments"][0]["url"]]
    await den.bob.delete(path)
    for url in urls:
        while True:  # The journal is followed within seconds; the test's own time is the bound.
            async with http.get(url) as got:
                if got.status == 404:
                    break


async def test_who_may_not_send_leaves_nothing_on_the_disk(den: Den) -> None:
    blobs = den.server.data / "blobs"
    stranger = den.person("eve")
    before = sorted(blobs.rglob("*"))
    answer = await send(den, stranger, n0=("n.bin", os.urandom(100_000)))
    assert (answer.status, answer.code) == (403, 50001)
    hide = {"type": 0, "deny": str(1 << 15)}
    await den.ann.put(f"/channels/{den.channel}/permissions/{den.guild}", hide)
    answer = await send(den, den.bob, n0=("n.bin", os.urandom(100_000)))
    assert (answer.status, answer.code) == (403, 50013)
    assert sorted(blobs.rglob("*")) == before
    assert (await send(den, den.bob, {"content": "no file"})).status == 200


async def test_a_file_in_a_dm_is_for_the_two(den: Den, http: aiohttp.ClientSession) -> None:
    dm = (await den.ann.post("/users/@me/channels", {"recipient_id": str(den.bob.id)})).body
    path = f"/channels/{dm['id']}"
    answer = await den.ann.call("POST", f"{path}/messages", data=form(n0=("a.txt", b"hello")))
    assert answer.status == 200, answer.body
    (shown,) = (await den.bob.get(f"{path}/messages")).body
    (file,) = shown["attachments"]
    async with http.get(file["url"]) as got:
        assert await got.read() == b"hello"
    asked = {"attachment_urls": [file["url"]]}
    seen = [
        await who.post("/attachments/refresh-urls", asked) for who in (den.bob, den.person("eve"))
    ]
    assert [bool(each.body["refreshed_urls"][0]["refreshed"]) for each in seen] == [True, False]


async def test_eleven_files_are_too_many(den: Den) -> None:
    files = {f"n{i}": (f"{i}.txt", b"x") for i in range(11)}
    answer = await send(den, den.bob, **files)
    assert (answer.status, answer.code) == (400, 50035)
    assert len(await sent(den, **dict(list(files.items())[:10]))) == 10


async def test_files_before_their_message(den: Den, http: aiohttp.ClientSession) -> None:
    path = f"/channels/{den.channel}/attachments"
    wish = {"files": [{"id": "1", "filename": "p.png", "file_size": 5000}]}
    (place,) = (await den.bob.post(path, wish)).body["attachments"]
    async with http.put(place["upload_url"], data=still()) as got:
        assert got.status == 200
    async with http.put(place["upload_url"] + "x", data=still()) as got:
        assert got.status == 404
    name = place["upload_filename"]
    attachment = {"id": "0", "filename": "p.png", "uploaded_filename": name}
    shown = await den.say(den.bob, "", attachments=[attachment])
    (file,) = shown["attachments"]
    assert (file["filename"], file["width"]) == ("p.png", 40)
    async with http.get(file["url"]) as got:
        assert await got.read() == still()
    assert (await den.bob.delete(f"/attachments/{name}")).status == 404


async def test_what_was_answered_outlives_a_kill(den: Den, http: aiohttp.ClientSession) -> None:
    noise = os.urandom(500_000)
    answer = await send(den, den.bob, n0=("n.bin", noise))
    den.server.kill()
    den.server.start()
    path = f"/channels/{den.channel}/messages/{answer.body['id']}"
    (file,) = (await den.ann.get(path)).body["attachments"]
    async with http.get(file["url"]) as got:
        assert await got.read() == noise
    assert list((den.server.data / "blobs" / "tmp").iterdir()) == []
