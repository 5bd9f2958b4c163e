"""The channels of a guild in the web client: those who manage them put them in order."""

from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import CHROMIUM, Reader
from tests.harness import PASSWORD, Client, Server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

Clients = Callable[[str], Client]


async def test_channels_are_put_in_order(
    server: Server, browser: Browser, clients: Clients
) -> None:
    """By keys, by menu and by dragging; the other sees each, and cannot do it."""
    client = clients("ann")
    guild = (await client.get("/users/@me/guilds")).body[0]["id"]
    for each in (await client.get(f"/guilds/{guild}/channels")).body:
        if each["name"] != "general":
            await client.delete(f"/channels/{each['id']}")
    made: dict[str, str] = {}
    for name, type, parent in (
        ("Workshop", 4, None),
        ("Elsewhere", 4, None),
        ("kiln", 0, "Workshop"),
        ("glazes", 0, "Workshop"),
        ("notes", 0, "Elsewhere"),
    ):
        form = {"name": name, "type": type, "parent_id": made.get(parent or "")}
        made[name] = (await client.post(f"/guilds/{guild}/channels", form)).body["id"]
    ann = await Reader.open(browser, server, "ann", viewport={"width": 1440, "height": 900})
    bob = await Reader.open(browser, server, "bob")
    page, keys = ann.page, ann.page.keyboard
    trees = [reader.page.get_by_role("navigation", name="Channels") for reader in (ann, bob)]
    for reader in (ann, bob):
        await reader.go("Den")

    async def stand(*names: str) -> None:
        """Both trees have these in this order, folded buttons and links alike."""
        for tree in trees:
            await expect(tree.locator("h2 button, li a")).to_have_text([*names])

    await stand("general", "Workshop", "kiln", "glazes", "Elsewhere", "notes")
    link = trees[0].get_by_role("link", name="glazes")
    await link.focus()
    await keys.press("Control+Shift+ArrowUp")
    await stand("general", "Workshop", "glazes", "kiln", "Elsewhere", "notes")
    await expect(link).to_be_focused()
    await expect(trees[0].get_by_role("status")).to_have_text("glazes is 1 of 2 in Workshop.")
    # On and on: into the next category, to its end, and no further.
    for places in (
        ("Workshop", "kiln", "glazes", "Elsewhere", "notes"),
        ("Workshop", "kiln", "Elsewhere", "glazes", "notes"),
        ("Workshop", "kiln", "Elsewhere", "notes", "glazes"),
    ):
        await keys.press("Control+Shift+ArrowDown")
        await stand("general", *places)
    await keys.press("Control+Shift+ArrowDown")
    await expect(link).to_be_focused()
    assert (await client.get(f"/channels/{made['glazes']}")).body["parent_id"] == made["Elsewhere"]
    # A category takes what is in it along.
    await page.get_by_role("button", name="More of Elsewhere").click()
    await page.get_by_role("menuitem", name="Move up").click()
    await stand("general", "Elsewhere", "notes", "glazes", "Workshop", "kiln")
    # By dragging: below another channel, then into a category by its name.
    place = {name: trees[0].locator(f'[data-place="{id}"]') for name, id in made.items()}
    await place["kiln"].drag_to(place["notes"], target_position={"x": 60, "y": 30})
    await stand("general", "Elsewhere", "notes", "kiln", "glazes", "Workshop")
    await place["glazes"].drag_to(place["Workshop"], target_position={"x": 60, "y": 10})
    await stand("general", "Elsewhere", "notes", "kiln", "Workshop", "glazes")
    await place["Workshop"].drag_to(place["Elsewhere"], target_position={"x": 60, "y": 4})
    await stand("general", "Workshop", "glazes", "Elsewhere", "notes", "kiln")
    # Bob's keys and menus move nothing.
    await trees[1].get_by_role("link", name="kiln").focus()
    await bob.page.keyboard.press("Control+Shift+ArrowUp")
    await expect(trees[1].get_by_role("button", name="More of Workshop")).to_have_count(0)
    await bob.page.get_by_role("button", name="More of kiln").click()
    await expect(bob.page.get_by_role("menuitem", name="Notifications")).to_be_visible()
    await expect(bob.page.get_by_role("menuitem", name="Move up")).to_have_count(0)
    # Where the server says no, everything stands where it stood.
    everyone = {"type": 0, "allow": "0", "deny": str(1 << 4)}
    owner = server.operate("create_user", {"username": "olga", "password": PASSWORD})["id"]
    server.join(int(guild), "olga")
    await client.patch(f"/guilds/{guild}", {"owner_id": owner})
    role = {"name": "Movers", "permissions": str(1 << 4)}
    made_role = (await clients("olga").post(f"/guilds/{guild}/roles", role)).body["id"]
    me = (await client.get("/users/@me")).body["id"]
    await clients("olga").put(f"/guilds/{guild}/members/{me}/roles/{made_role}")
    await clients("olga").put(f"/channels/{made['notes']}/permissions/{made_role}", everyone)
    await expect(place["notes"]).to_have_attribute("draggable", "false")
    await trees[0].get_by_role("link", name="kiln").focus()
    await keys.press("Control+Shift+ArrowUp")
    await expect(page.get_by_text("You are not allowed to do this")).to_be_visible()
    await stand("general", "Workshop", "glazes", "Elsewhere", "notes", "kiln")
    assert [fault for fault in ann.faults if "403" not in fault] == bob.faults == []
