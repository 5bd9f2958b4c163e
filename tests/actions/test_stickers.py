"""Stickers by the gate, in one World and in two."""

from typing import Any

import pytest

from hearth.actions import stickers
from hearth.actions.messages import readable
from hearth.core.errors import (
    EMPTY_MESSAGE,
    FILE_TOO_LARGE,
    INVALID_FORM,
    INVALID_STICKER,
    MAX_STICKERS,
    MISSING_PERMISSIONS,
    UNKNOWN_STICKER,
    Refused,
)
from hearth.core.models.attachments import Upload
from hearth.core.models.stickers import MOST_STICKER_BYTES
from hearth.core.permissions import P
from hearth.core.search import document
from tests.actions.house import ANN, BOB, CAT, GUILD, MODS, TEXT, House
from tests.actions.test_attachments import sent


async def a_file(house: House, part: str = "file", **more: Any) -> Upload:
    values = {"filename": "a.png", "content_type": "image/png", "width": 320, "height": 320}
    return await sent(house, part, **{**values, **more})


async def make(house: House, who: int = ANN, **more: Any) -> Any:
    upload = more.pop("upload", None) or await a_file(house)
    body = {"name": "wave", "tags": "👋", **more}
    return await house.call("create_guild_sticker", who, body, uploads=[upload], guild_id=GUILD)


async def grant(house: House, permissions: int, role: int = MODS) -> None:
    body = {"permissions": str(permissions)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=role)
    house.told()


async def test_a_sticker_is_made_shown_changed_and_deleted(house: House) -> None:
    made = await make(house, description="a hand")
    assert made == {
        "id": made["id"],
        "guild_id": str(GUILD),
        "name": "wave",
        "tags": "👋",
        "description": "a hand",
        "type": 2,
        "format_type": 1,
        "available": True,
        "user": made["user"],
    }
    assert made["user"]["username"] == "ann"
    assert house.told() == ["GUILD_STICKERS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    where = {"guild_id": GUILD, "sticker_id": int(made["id"])}
    plain = {key: value for key, value in made.items() if key != "user"}
    assert await house.call("get_guild_sticker", BOB, **where) == plain
    assert await house.call("get_sticker", BOB, sticker_id=where["sticker_id"]) == plain
    assert await house.call("list_guild_stickers", BOB, guild_id=GUILD) == [plain]
    assert await house.call("list_guild_stickers", ANN, guild_id=GUILD) == [made]
    assert (await house.call("get_guild", BOB, guild_id=GUILD))["stickers"] == [plain]
    asset = await house.owner.directory.asset(f"stickers/{made['id']}")
    assert asset is not None
    assert (asset.type, asset.sticker_id) == ("png", where["sticker_id"])
    body = {"name": "hello", "tags": "x", "description": ""}
    changed = await house.call("update_guild_sticker", ANN, body, **where)
    assert (changed["name"], changed["tags"], changed["description"]) == ("hello", "x", None)
    assert house.told() == ["GUILD_STICKERS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    await house.call("update_guild_sticker", ANN, body, **where)
    assert house.told() == []
    await house.call("delete_guild_sticker", ANN, **where)
    assert house.told() == ["GUILD_STICKERS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert (await house.snapshot()).stickers == {}
    assert await house.owner.directory.asset(f"stickers/{made['id']}") is None
    for name in ("get_guild_sticker", "delete_guild_sticker"):
        await house.refused(UNKNOWN_STICKER, name, ANN, **where)
    await house.refused(UNKNOWN_STICKER, "get_sticker", ANN, sticker_id=where["sticker_id"])
    log = await house.call("list_guild_audit_log_entries", ANN, guild_id=GUILD)
    assert [each["action_type"] for each in log["audit_log_entries"]] == [92, 91, 90]


@pytest.mark.parametrize(
    ("more", "format_type"),
    [
        ({}, 1),
        ({"animated": True}, 2),
        ({"content_type": "image/gif"}, 4),
        ({"content_type": "image/gif", "animated": True}, 4),
    ],
)
async def test_formats(house: House, more: Any, format_type: int) -> None:
    made = await make(house, upload=await a_file(house, **more))
    assert made["format_type"] == format_type


@pytest.mark.parametrize(
    "more",
    [
        {"content_type": "application/json", "width": None},
        {"content_type": "image/webp"},
        {"content_type": "image/jpeg"},
        {"content_type": "image/png", "width": None},
        {"width": 321},
        {"height": 321},
        {"part": "files[0]"},
    ],
)
async def test_files_that_are_none(house: House, more: Any) -> None:
    with pytest.raises(Refused) as caught:
        await make(house, upload=await a_file(house, **more))
    assert caught.value.error is INVALID_FORM
    assert list(caught.value.more["errors"]) == ["file"]
    assert (await house.snapshot()).stickers == {}


async def test_limits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    large = await a_file(house, data=bytes(MOST_STICKER_BYTES + 1))
    with pytest.raises(Refused) as caught:
        await make(house, upload=large)
    assert caught.value.error is FILE_TOO_LARGE
    few = {"name": "no file", "tags": "x"}
    await house.refused(INVALID_FORM, "create_guild_sticker", ANN, few, guild_id=GUILD)
    monkeypatch.setattr(stickers, "MOST_STICKERS", 1)
    await make(house)
    with pytest.raises(Refused) as caught:
        await make(house)
    assert caught.value.error is MAX_STICKERS


async def test_who_may_change_which(house: House) -> None:
    theirs = {"guild_id": GUILD, "sticker_id": int((await make(house))["id"])}
    house.told()
    await house.refused(MISSING_PERMISSIONS, "update_guild_sticker", BOB, {}, **theirs)
    await house.refused(
        MISSING_PERMISSIONS, "delete_guild_sticker", BOB, guild_id=GUILD, sticker_id=1
    )
    await grant(house, P.CREATE_GUILD_EXPRESSIONS, GUILD)
    mine = {"guild_id": GUILD, "sticker_id": int((await make(house, BOB))["id"])}
    house.told()
    await house.refused(MISSING_PERMISSIONS, "delete_guild_sticker", BOB, **theirs)
    await house.call("update_guild_sticker", BOB, {"name": "mine"}, **mine)
    await house.call("delete_guild_sticker", BOB, **mine)


async def test_a_message_has_stickers(house: House) -> None:
    one, two = [int((await make(house, name=name))["id"]) for name in ("one", "two")]
    body = {"sticker_ids": [str(two), str(one), str(two)]}
    shown = await house.call("create_message", BOB, body, channel_id=TEXT)
    items = [
        {"id": str(two), "name": "two", "format_type": 1},
        {"id": str(one), "name": "one", "format_type": 1},
    ]
    assert shown["sticker_items"] == items
    where = {"channel_id": TEXT, "message_id": int(shown["id"])}
    await house.call("delete_guild_sticker", ANN, guild_id=GUILD, sticker_id=one)
    for read in (
        await house.call("get_message", ANN, **where),
        (await house.call("list_messages", ANN, channel_id=TEXT))[0],
        await house.call("update_message", BOB, {"content": ""}, **where),
    ):
        assert read["sticker_items"] == items
    edited = await house.call("update_message", BOB, {"sticker_ids": [str(two)]}, **where)
    assert edited["sticker_items"] == items[:1]
    house.told()
    gone = {"sticker_ids": [str(one)]}
    await house.refused(INVALID_STICKER, "create_message", BOB, gone, channel_id=TEXT)
    await house.refused(EMPTY_MESSAGE, "create_message", BOB, {"sticker_ids": []}, channel_id=TEXT)
    plain = await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)
    assert "sticker_items" not in plain
    kept = readable(house.owner.log.get(TEXT, where["message_id"]))
    assert kept is not None
    tags = document(kept, GUILD, "user", pinned=False, replied_to=None).tags.split()
    assert "hsticker" in tags


async def test_stickers_of_other_guilds(house: House) -> None:
    theirs = await house.call("create_my_guild", CAT, {"name": "Theirs"})
    other = int(theirs["id"])
    body, upload = {"name": "far", "tags": "x"}, await a_file(house)
    made = await house.call("create_guild_sticker", CAT, body, uploads=[upload], guild_id=other)
    sticker = int(made["id"])
    # Who is not there neither sees it nor sends it.
    await house.call("get_sticker", CAT, sticker_id=sticker)
    house.told()
    await house.refused(UNKNOWN_STICKER, "get_sticker", BOB, sticker_id=sticker)
    wish = {"sticker_ids": [str(sticker)]}
    await house.refused(INVALID_STICKER, "create_message", BOB, wish, channel_id=TEXT)
