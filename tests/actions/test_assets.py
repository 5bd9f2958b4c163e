"""Avatars, icons, banners and splashes by the gate: what is shown, told, kept and refused."""

from typing import Any

import pytest

from hearth.core.errors import INVALID_FORM, MISSING_PERMISSIONS
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, MODS, House
from tests.pictures import SECRET, data_uri, moving, opened, photograph, still

STILL, MOVING = data_uri(still()), data_uri(moving())


async def kept(house: House, path: str) -> tuple[str | None, bytes] | None:
    """The hash and the bytes of the picture at a path."""
    world = house.owner
    asset = await world.directory.asset(path)
    if asset is None:
        return None
    return asset.hash, b"".join([piece async for piece in world.blobs.read(asset.blob)])


PLACES: list[tuple[str, dict[str, int], str, str, list[str]]] = [
    ("update_my_user", {}, "avatar", f"avatars/{ANN}", ["USER_UPDATE"]),
    ("update_my_user", {}, "banner", f"banners/{ANN}", ["USER_UPDATE"]),
    ("update_my_profile", {}, "banner", f"banners/{ANN}", ["USER_UPDATE"]),
    ("update_my_guild_member", {"guild_id": GUILD}, "avatar", f"guilds/{GUILD}/users/{ANN}/avatars",
     ["GUILD_MEMBER_UPDATE"]),
    ("update_my_guild_member", {"guild_id": GUILD}, "banner", f"guilds/{GUILD}/users/{ANN}/banners",
     ["GUILD_MEMBER_UPDATE"]),
    ("update_guild", {"guild_id": GUILD}, "icon", f"icons/{GUILD}", ["GUILD_UPDATE"]),
    ("update_guild", {"guild_id": GUILD}, "banner", f"banners/{GUILD}", ["GUILD_UPDATE"]),
    ("update_guild", {"guild_id": GUILD}, "splash", f"splashes/{GUILD}", ["GUILD_UPDATE"]),
    ("update_guild", {"guild_id": GUILD}, "discovery_splash", f"discovery-splashes/{GUILD}",
     ["GUILD_UPDATE"]),
    ("update_guild_role", {"guild_id": GUILD, "role_id": MODS}, "icon", f"role-icons/{MODS}",
     ["GUILD_ROLE_UPDATE"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "where", "field", "path", "events"), PLACES, ids=[f"{p[0]}-{p[2]}" for p in PLACES]
)
async def test_a_picture_is_set_changed_and_taken_away(
    house: House, name: str, where: dict[str, int], field: str, path: str, events: list[str]
) -> None:
    audited = name in ("update_guild", "update_guild_role")
    events = [*events, "GUILD_AUDIT_LOG_ENTRY_CREATE"] if audited else events

    async def change(value: str | None) -> Any:
        shown = await house.call(name, ANN, {field: value}, **where)
        told = house.told()
        assert [
            event for event in told if event != "GUILD_MEMBER_UPDATE" or event in events
        ] == events
        return shown[field]

    first = await change(STILL)
    found = await kept(house, path)
    assert found is not None
    assert found == (first, still())
    assert len(first) == 32
    second = await change(MOVING)
    assert second == f"a_{second[2:]}"
    assert await kept(house, path) == (second, moving())
    assert await change(None) is None
    assert await kept(house, path) is None
    if audited:
        entries = await house.owner.directory.audit_entries(GUILD, 3)
        key = f"{field}_hash" if name == "update_guild" else "icon"
        for entry in entries:
            assert f'"key":"{key}"'.encode() in (entry.changes or b"")


async def test_everybody_sees_it(house: House) -> None:
    mine = await house.call("update_my_user", BOB, {"avatar": STILL, "banner": MOVING})
    assert (await house.call("get_user", ANN, user_id=BOB))["avatar"] == mine["avatar"]
    profile = await house.call("get_user_profile", ANN, user_id=BOB)
    assert profile["user"]["banner"] == profile["user_profile"]["banner"] == mine["banner"]
    body = {"avatar": MOVING, "banner": STILL}
    there = await house.call("update_my_guild_member", BOB, body, guild_id=GUILD)
    assert there["user"]["avatar"] == mine["avatar"] != there["avatar"]
    shown = await house.call("get_guild_member", ANN, guild_id=GUILD, user_id=BOB)
    assert (shown["avatar"], shown["banner"]) == (there["avatar"], there["banner"])
    icon = await house.call("update_guild", ANN, {"icon": STILL, "banner": STILL}, guild_id=GUILD)
    guilds = await house.call("list_my_guilds", BOB)
    assert (guilds[0]["icon"], guilds[0]["banner"]) == (icon["icon"], icon["banner"])
    (await house.snapshot()).members.get(BOB)


async def test_a_new_guild_and_a_new_role_have_their_icons(house: House) -> None:
    made = await house.call("create_my_guild", ANN, {"name": "New", "icon": STILL})
    assert await kept(house, f"icons/{made['id']}") == (made["icon"], still())
    role = await house.call("create_guild_role", ANN, {"icon": STILL}, guild_id=GUILD)
    assert await kept(house, f"role-icons/{role['id']}") == (role["icon"], still())
    await house.call("delete_guild_role", ANN, guild_id=GUILD, role_id=int(role["id"]))
    assert await kept(house, f"role-icons/{role['id']}") is None
    await house.call("delete_guild", ANN, guild_id=int(made["id"]))
    assert await kept(house, f"icons/{made['id']}") is None


async def test_it_tells_nothing_of_where_it_was_taken(house: House) -> None:
    await house.call("update_my_user", BOB, {"avatar": data_uri(photograph("jpeg", 6))})
    found = await kept(house, f"avatars/{BOB}")
    assert found is not None
    assert SECRET not in found[1]
    assert opened(found[1]).size == (20, 40)


async def test_a_member_who_leaves_takes_it_along(house: House) -> None:
    await house.call("update_my_guild_member", BOB, {"avatar": STILL}, guild_id=GUILD)
    await house.call("leave_guild", BOB, guild_id=GUILD)
    assert await kept(house, f"guilds/{GUILD}/users/{BOB}/avatars") is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x", "IMAGE_INVALID"),
        (data_uri(b"<svg/>"), "IMAGE_INVALID"),
        (data_uri(still()[:-9]), "IMAGE_INVALID"),
        (data_uri(still() + bytes(9 << 20)), "BINARY_TYPE_MAX_SIZE"),
        (5, "STRING_TYPE_CONVERT"),
    ],
    ids=["text", "svg", "broken", "large", "number"],
)
@pytest.mark.parametrize(
    ("name", "where", "field", "path", "events"), PLACES[::3], ids=[p[0] for p in PLACES[::3]]
)
async def test_what_is_no_picture(
    house: House, name: str, where: Any, field: str, path: str, events: Any, value: Any, code: str
) -> None:
    refused = await house.refused(INVALID_FORM, name, ANN, {field: value}, **where)
    assert refused.more["errors"][field]["_errors"][0]["code"] == code
    assert await kept(house, path) is None


async def test_who_may(house: House) -> None:
    icon = {"icon": STILL}
    await house.refused(MISSING_PERMISSIONS, "update_guild", BOB, icon, guild_id=GUILD)
    await house.refused(MISSING_PERMISSIONS, "update_guild", CAT, {"banner": None}, guild_id=GUILD)
    await house.call("update_guild_role", ANN, {"permissions": str(int(P.MANAGE_GUILD))},
                     guild_id=GUILD, role_id=MODS)  # fmt: skip
    assert (await house.call("update_guild", CAT, icon, guild_id=GUILD))["icon"]
