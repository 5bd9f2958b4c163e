"""Emojis by the gate, in one World and in two."""

from typing import Any

import pytest

from hearth.actions.emojis import MOST_EMOJIS, move_pictures
from hearth.core.errors import (
    MAX_ANIMATED_EMOJIS,
    MAX_EMOJIS,
    MISSING_PERMISSIONS,
    UNKNOWN_EMOJI,
    Refused,
)
from hearth.core.models.emojis import Emoji, EmojiImage
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, MODS, House
from tests.pictures import data_uri, moving, still

PNG = still("png")
IMAGE, MOVING = data_uri(PNG), data_uri(moving("gif"))


async def make(house: House, who: int = ANN, **more: Any) -> Any:
    body = {"name": "wave", "image": IMAGE, **more}
    return await house.call("create_guild_emoji", who, body, guild_id=GUILD)


async def picture(house: House, emoji_id: Any) -> tuple[str, bytes] | None:
    """The type and the bytes of an emoji's picture."""
    world = house.owner
    asset = await world.directory.asset(f"emojis/{emoji_id}")
    if asset is None:
        return None
    return asset.type, b"".join([piece async for piece in world.blobs.read(asset.blob)])


async def grant(house: House, permissions: int) -> None:
    body = {"permissions": str(permissions)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=MODS)
    house.told()


async def test_an_emoji_is_made_shown_changed_and_deleted(house: House) -> None:
    made = await make(house, roles=[MODS])
    assert made == {
        "id": made["id"],
        "name": "wave",
        "roles": [str(MODS)],
        "require_colons": True,
        "managed": False,
        "animated": False,
        "available": True,
        "user": made["user"],
    }
    assert made["user"]["username"] == "ann"
    assert house.told() == ["GUILD_EMOJIS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    where = {"guild_id": GUILD, "emoji_id": int(made["id"])}
    plain = {key: value for key, value in made.items() if key != "user"}
    assert await house.call("get_guild_emoji", BOB, **where) == plain
    assert await house.call("list_guild_emojis", BOB, guild_id=GUILD) == [plain]
    assert await house.call("list_guild_emojis", ANN, guild_id=GUILD) == [made]
    guild = await house.call("get_guild", BOB, guild_id=GUILD)
    assert guild["emojis"] == [plain]
    assert await picture(house, made["id"]) == ("png", PNG)
    body = {"name": "hello", "roles": []}
    changed = await house.call("update_guild_emoji", ANN, body, **where)
    assert (changed["name"], changed["roles"]) == ("hello", [])
    assert house.told() == ["GUILD_EMOJIS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    await house.call("update_guild_emoji", ANN, body, **where)
    assert house.told() == []
    await house.call("delete_guild_emoji", ANN, **where)
    assert house.told() == ["GUILD_EMOJIS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert (await house.snapshot()).emojis == {}
    assert await picture(house, made["id"]) is None
    await house.refused(UNKNOWN_EMOJI, "get_guild_emoji", BOB, **where)
    await house.refused(UNKNOWN_EMOJI, "delete_guild_emoji", ANN, **where)


async def test_the_audit_log_names_it(house: House) -> None:
    made = await make(house)
    entry = (await house.owner.directory.audit_entries(GUILD, 1))[0]
    assert (entry.action_type, entry.target_id) == (60, int(made["id"]))
    assert entry.changes == b'[{"key":"name","new_value":"wave"}]'


async def test_the_picture_goes_to_nobody_with_the_commit(house: House) -> None:
    await make(house)
    kinds = [type(noun).__name__ for commit in house.commits for noun in commit.save]
    assert kinds == ["Emoji", "AuditEntry"]


async def test_pictures_of_earlier_versions_become_blobs(house: House) -> None:
    world = house.owner
    emojis = [Emoji(id=3000 + i, guild_id=GUILD, name=f"old{i}") for i in range(45)]
    images = [EmojiImage(emoji_id=emoji.id, data=PNG + bytes([emoji.id % 3])) for emoji in emojis]
    await world.write([*emojis, *images])
    assert await move_pictures(world) == 45
    assert await move_pictures(world) == 0
    assert await world.directory.emoji_images(1) == []
    for image in images:
        assert await picture(house, image.emoji_id) == ("png", image.data)


async def test_own_emojis_need_less_than_others(house: House) -> None:
    another = await make(house)
    await grant(house, P.CREATE_GUILD_EXPRESSIONS)
    own = await make(house, CAT)
    house.told()
    assert await house.call("get_guild_emoji", CAT, guild_id=GUILD, emoji_id=int(own["id"])) == own
    where = {"guild_id": GUILD, "emoji_id": int(another["id"])}
    await house.refused(MISSING_PERMISSIONS, "update_guild_emoji", CAT, {"name": "xy"}, **where)
    await house.refused(MISSING_PERMISSIONS, "delete_guild_emoji", CAT, **where)
    await house.call("delete_guild_emoji", CAT, guild_id=GUILD, emoji_id=int(own["id"]))
    await grant(house, P.MANAGE_GUILD_EXPRESSIONS)
    await house.call("delete_guild_emoji", CAT, **where)
    house.told()
    wish = {"name": "wave", "image": IMAGE}
    for who in (BOB, CAT):
        await house.refused(MISSING_PERMISSIONS, "create_guild_emoji", who, wish, guild_id=GUILD)
    # Who may change none does not learn which there are.
    await house.refused(MISSING_PERMISSIONS, "delete_guild_emoji", BOB, guild_id=GUILD, emoji_id=5)


async def test_there_is_room_for_fifty_of_each_kind(house: House) -> None:
    for error, image in ((MAX_EMOJIS, IMAGE), (MAX_ANIMATED_EMOJIS, MOVING)):
        for _ in range(MOST_EMOJIS):
            house.clock.seconds += 1
            made = await make(house, image=image)
            assert made["animated"] == (image is MOVING)
        house.told()
        wish = {"name": "wave", "image": image}
        await house.refused(error, "create_guild_emoji", ANN, wish, guild_id=GUILD)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "x", "BASE_TYPE_BAD_LENGTH"),
        ("name", "x" * 33, "BASE_TYPE_BAD_LENGTH"),
        ("name", "a b", "STRING_TYPE_REGEX"),
        ("image", "hello", "IMAGE_INVALID"),
        ("image", "data:image/png;base64,AAAA", "IMAGE_INVALID"),
        ("image", data_uri(PNG[:-20]), "IMAGE_INVALID"),
        (
            "image",
            data_uri(PNG + bytes(262_144)),
            "BINARY_TYPE_MAX_SIZE",
        ),
        ("roles", [5], "ROLE_UNKNOWN"),
    ],
)
async def test_what_no_emoji_is_made_of(house: House, field: str, value: Any, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await make(house, **{field: value})
    assert list(caught.value.more["errors"]) == [field]
    assert caught.value.more["errors"][field]["_errors"][0]["code"] == code
    assert house.told() == []
