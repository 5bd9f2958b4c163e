"""Takes the pictures of the web client: `.venv/bin/python docs/screenshots.py [OUT [VIEW …]]`.

Starts a server of its own with a small community in it, and needs chromium. Without OUT the few
that the documentation shows are made anew.
"""

import asyncio
import sys
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aiohttp import FormData  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from playwright.async_api import Browser, FilePayload, Page, async_playwright  # noqa: E402

from tests.e2e.people import ARGS, CHROMIUM  # noqa: E402
from tests.harness import Client, Server  # noqa: E402

SHOWN = (
    "channel-1440-dark",
    "channel-1440-light",
    "channel-390-dark",
    "roles-1440-dark",
    "search-1440-dark",
    "audit-1440-dark",
)

PEOPLE = {
    "mira": "Mira Okafor",
    "jonas": "Jonas",
    "yuki": "Yuki Tanaka",
    "sol": "Sol",
    "ines": "Inês Duarte",
    "ravi": "Ravi",
}

TALK = [
    ("jonas", "Morning! The **kiln** is at 1220°, so nobody open it before noon, please."),
    ("jonas", "Glaze tests are on the left shelf, labelled this time."),
    ("yuki", "You are a hero. Did the celadon come out green or grey?"),
    ("jonas", "Somewhere between a pond and a dishwasher tablet"),
    (
        "ines",
        "> Glaze tests are on the left shelf\nI took photos yesterday, will upload them tonight.",
    ),
    (
        "mira",
        "Three things for the open day:\n- tables from the school, *Thursday*\n"
        "- posters: <@{sol}> has the file\n- somebody who explains raku without burning the lawn",
    ),
    ("sol", "Posters are done. Final text is in <#{notes}>, spoiler: ||it has a goat on it||"),
    ("ravi", "I can do raku. I have only burned one lawn, and it was mine."),
    ("yuki", "```py\ncones = {6: 1222, 7: 1240}\nprint(cones[6] - 1220)  # so close\n```"),
    ("jonas", "https://clay.example/cone-chart says two degrees is nothing"),
    ("ines", "I'll bring coffee and the long extension lead. See you at nine?"),
]


def drawn(colour: str, side: int = 128) -> bytes:
    """A drop of a colour, as an emoji."""
    image = Image.new("RGBA", (128, 128))
    pen = ImageDraw.Draw(image)
    pen.polygon([(64, 6), (26, 70), (102, 70)], fill=colour)
    pen.ellipse((22, 42, 106, 124), fill=colour)
    pen.ellipse((48, 76, 80, 108), fill="#fffdf9")
    out = BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


async def people(server: Server) -> tuple[dict[str, Client], dict[str, int]]:
    """A guild with its people, channels, roles and talk."""
    crowd: dict[str, Client] = {}
    for name, shown in PEOPLE.items():
        crowd[name] = server.person(name)
        await crowd[name].patch("/users/@me", {"global_name": shown})
    mira = crowd["mira"]
    guild = int((await mira.post("/guilds", {"name": "Clay & Fire"})).body["id"])
    for name in list(PEOPLE)[1:]:
        server.join(guild, name)
    made: dict[str, int] = {"guild": guild}
    for text in (await mira.get(f"/guilds/{guild}/channels")).body:
        await mira.delete(f"/channels/{text['id']}")
    for category, channels in {
        "Workshop": ["kiln", "glazes", "notes"],
        "Elsewhere": ["off-topic", "introductions"],
    }.items():
        parent = (await mira.post(f"/guilds/{guild}/channels", {"name": category, "type": 4})).body
        for channel in channels:
            form: dict[str, Any] = {"name": channel, "parent_id": parent["id"]}
            if channel == "kiln":
                form["topic"] = "What is in it, how hot it is, and when it opens"
            made[channel] = int((await mira.post(f"/guilds/{guild}/channels", form)).body["id"])
    for name, color, holders in (
        ("Keepers of the kiln", 0xE0793B, ("jonas", "mira")),
        ("Members", 0x5FA8A0, ("yuki", "ines", "ravi")),
    ):
        role = (
            await mira.post(f"/guilds/{guild}/roles", {"name": name, "color": color, "hoist": True})
        ).body["id"]
        for holder in holders:
            await mira.put(f"/guilds/{guild}/members/{crowd[holder].id}/roles/{role}")
    table = {"name": "Round table", "type": 2}
    made["table"] = int((await mira.post(f"/guilds/{guild}/channels", table)).body["id"])
    await _moderated(mira, crowd, guild, made)
    ids = {name: client.id for name, client in crowd.items()} | made
    posted: list[str] = []
    for name, text in TALK:
        for key, value in ids.items():
            text = text.replace(f"{{{key}}}", str(value))
        body: dict[str, Any] = {"content": text}
        if name == "yuki" and posted and text.startswith("You are"):
            body["message_reference"] = {"message_id": posted[0]}
        sent = await crowd[name].post(f"/channels/{made['kiln']}/messages", body)
        posted.append(sent.body["id"])
    kiln = f"/channels/{made['kiln']}/messages"
    for name, at, emoji in (
        ("yuki", 1, "🙌"),
        ("mira", 1, "🙌"),
        ("sol", 3, "😂"),
        ("mira", 3, "😂"),
        ("ravi", 3, "😂"),
        ("jonas", 7, "🔥"),
    ):
        await crowd[name].put(f"{kiln}/{posted[at]}/reactions/{emoji}/@me")
    await mira.put(f"{kiln}/pins/{posted[5]}")
    await crowd["ravi"].post(
        f"/channels/{made['off-topic']}/messages", {"content": "Look at this cat"}
    )
    await crowd["sol"].post(
        f"/channels/{made['glazes']}/messages",
        {"content": f"<@{mira.id}> which tin is the tenmoku?"},
    )
    for name in ("jonas", "yuki", "ravi"):
        await mira.put(f"/users/@me/relationships/{crowd[name].id}", {})
        await crowd[name].put(f"/users/@me/relationships/{mira.id}", {})
    await crowd["ines"].put(f"/users/@me/relationships/{mira.id}", {})
    direct = (await crowd["yuki"].post("/users/@me/channels", {"recipients": [str(mira.id)]})).body
    await crowd["yuki"].post(
        f"/channels/{direct['id']}/messages", {"content": "Can I have your wheel on Friday? :)"}
    )
    made["dm"] = int(direct["id"])
    made["group"] = await _group(crowd)
    await crowd["jonas"].connect()
    await crowd["yuki"].connect()
    await crowd["sol"].connect(
        presence={"status": "dnd", "activities": [], "afk": False, "since": 0}
    )
    return crowd, made


async def _moderated(
    mira: Client, crowd: dict[str, Client], guild: int, made: dict[str, int]
) -> None:
    """What leaves emoji, stickers, and entries in the audit log."""
    for name, colour in (("celadon", "#7fb8a0"), ("ember", "#e0793b"), ("tenmoku", "#5b3a29")):
        image = f"data:image/png;base64,{b64encode(drawn(colour)).decode()}"
        await mira.post(f"/guilds/{guild}/emojis", {"name": name, "image": image})
    for name, colour, about in (
        ("Good firing", "#e0793b", "A drop of ember that is pleased"),
        ("Runny glaze", "#7fb8a0", "A drop of celadon on its way down"),
    ):
        form = FormData({"name": name, "tags": "fire", "description": about})
        form.add_field("file", drawn(colour, 320), filename="drop.png", content_type="image/png")
        await mira.call("POST", f"/guilds/{guild}/stickers", data=form)
    await mira.patch(f"/guilds/{guild}/members/{crowd['sol'].id}", {"nick": "Sol of the posters"})
    reason = {"X-Audit-Log-Reason": "The same link in every channel"}
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    member = f"/guilds/{guild}/members/{crowd['ravi'].id}"
    await mira.patch(member, {"communication_disabled_until": until}, headers=reason)
    await mira.patch(member, {"communication_disabled_until": None})
    change = {"name": "glazes", "rate_limit_per_user": 10, "topic": "Recipes and tests, with cones"}
    await mira.patch(f"/channels/{made['glazes']}", change)


async def _group(crowd: dict[str, Client]) -> int:
    """A group of three with a name and a picture, that has something to talk about."""
    mira, jonas, yuki = (crowd[name] for name in ("mira", "jonas", "yuki"))
    form: dict[str, Any] = {"recipients": [str(jonas.id), str(yuki.id)]}
    group = (await mira.post("/users/@me/channels", form)).body["id"]
    icon = f"data:image/png;base64,{b64encode(drawn('#5fa8a0')).decode()}"
    await mira.patch(f"/channels/{group}", {"name": "Open day", "icon": icon})
    for who, text in (
        (mira, "Just us three: who opens, who closes, who makes soup?"),
        (yuki, "I open. I can't cook, you have tasted it."),
        (jonas, "Soup is mine. Lentils, like last year?"),
    ):
        await who.post(f"/channels/{group}/messages", {"content": text})
    return int(group)


async def page_of(browser: Browser, server: Server, token: str | None, **context: Any) -> Page:
    """A page that is logged in already, where there is a token."""
    made = await (await browser.new_context(**context)).new_page()
    if token is not None:
        await made.add_init_script(f"localStorage.setItem('hearth.token', '\"{token}\"')")
    return made


async def _look_for(page: Page) -> None:
    """Something is searched for, and found."""
    await page.locator("article").first.wait_for()
    await page.keyboard.press("Control+f")
    box = page.get_by_role("combobox", name="Search in messages")
    await box.fill("from:jon")
    await box.press("Enter")
    await box.fill("the")
    await box.press("Enter")
    await page.get_by_role("complementary", name="Search").locator("article").first.wait_for()


async def _unfold(page: Page) -> None:
    """What a change changed."""
    await page.locator("summary", has_text="changed #glazes").click()


async def _choose_emoji(page: Page) -> None:
    """A picture is about to become an emoji."""
    picture = FilePayload(name="spark.png", mimeType="image/png", buffer=drawn("#e9b44c"))
    await page.get_by_label("Pictures for emoji").set_input_files(files=[picture])
    await page.get_by_role("button", name="Add it").wait_for()


async def _join(page: Page) -> None:
    """In a voice channel, as those who are looked at."""
    await page.get_by_role("button", name="Join voice").click()
    await page.locator("[data-voice=connected]").wait_for(state="attached")
    await page.get_by_role("button", name="show the figures").first.wait_for()


async def _send_sticker(page: Page) -> None:
    """A sticker is about to be sent."""
    await page.locator("article").first.wait_for()
    await page.get_by_role("button", name="Stickers", exact=True).click()
    await page.get_by_role("button", name="Good firing").locator("img").wait_for()


STEPS = {
    "search": _look_for,
    "audit": _unfold,
    "emoji": _choose_emoji,
    "room": _join,
    "sticker": _send_sticker,
}
"""What is done before a picture is taken."""


async def shoot(out: Path, only: Sequence[str] = ()) -> None:
    """All pictures, or only those of these views."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data").start()
        crowd, made = await people(server)
        token = crowd["mira"].token
        invite = (await crowd["mira"].post(f"/channels/{made['kiln']}/invites", {})).body["code"]
        views = {
            "channel": f"/channels/{made['guild']}/{made['kiln']}",
            "search": f"/channels/{made['guild']}/{made['kiln']}",
            "room": f"/channels/{made['guild']}/{made['table']}",
            "direct": f"/channels/@me/{made['dm']}",
            "group": f"/channels/@me/{made['group']}",
            "sticker": f"/channels/{made['guild']}/{made['kiln']}",
            "friends": "/channels/@me",
            "settings": "/settings/account",
            "roles": f"/settings/guild/{made['guild']}/roles",
            "audit": f"/settings/guild/{made['guild']}/audit",
            "emoji": f"/settings/guild/{made['guild']}/emoji",
            "stickers": f"/settings/guild/{made['guild']}/stickers",
            "login": "/login",
            "invite": f"/invite/{invite}",
        }
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            if not only or "room" in only:
                for name in ("jonas", "yuki"):
                    other = await page_of(browser, server, crowd[name].token)
                    await other.goto(server.url + views["room"])
                    await _join(other)
                await other.get_by_role("button", name="Turn the camera on").click()
            for width, height in ((1440, 900), (1024, 768), (390, 844)):
                for scheme in ("dark", "light"):
                    for name, path in views.items():
                        if only and name not in only:
                            continue
                        if name not in ("channel", "login") and (width, scheme) not in (
                            (1440, "dark"),
                            (390, "light"),
                        ):
                            continue
                        page = await page_of(
                            browser,
                            server,
                            None if name in ("login", "invite") else token,
                            viewport={"width": width, "height": height},
                            color_scheme=scheme,
                        )
                        await page.goto(server.url + path)
                        await page.locator("main").first.wait_for()
                        if name == "channel":
                            await page.locator("article").first.wait_for()
                        if name in STEPS:
                            await STEPS[name](page)
                        await page.wait_for_timeout(350)
                        await page.screenshot(path=out / f"{name}-{width}-{scheme}.png")
                        await page.context.close()
            await browser.close()
        for client in crowd.values():
            await client.close()
        server.stop()


if __name__ == "__main__":
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(words[0] if words else scratch)
        target.mkdir(parents=True, exist_ok=True)
        asyncio.run(shoot(target, words[1:]))
        if not words:
            for name in SHOWN:
                few = Image.open(target / f"{name}.png").convert("RGB").quantize(160)
                few.save(ROOT / "docs" / "pictures" / f"{name}.png", optimize=True)
