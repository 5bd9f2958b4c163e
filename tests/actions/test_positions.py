"""The order of roles and channels by the gate, in one World and in two."""

from typing import Any

from hearth.actions.channels import MOST_CHANNELS
from hearth.actions.roles import MOST_ROLES
from hearth.core.errors import (
    INVALID_FORM,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_ROLE,
)
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House


async def role(house: House) -> int:
    house.clock.seconds += 1
    made = await house.call("create_guild_role", ANN, {"permissions": "0"}, guild_id=GUILD)
    house.told()
    return int(made["id"])


async def places(house: House) -> dict[int, int]:
    return {role.id: role.position for role in (await house.snapshot()).roles.values()}


async def test_roles_move_in_one_commit(house: House) -> None:
    one, two = await role(house), await role(house)
    body = [{"id": str(one), "position": 3}, {"id": two, "position": 2}, {"id": MODS}]
    roles = await house.call("bulk_update_guild_roles", ANN, body, guild_id=GUILD)
    assert len(house.commits) == 1
    assert house.told() == ["GUILD_ROLE_UPDATE"] * 2 + ["GUILD_AUDIT_LOG_ENTRY_CREATE"] * 2
    assert await places(house) == {GUILD: 0, MODS: 5, one: 3, two: 2}
    assert {int(each["id"]): each["position"] for each in roles} == await places(house)
    await house.call("bulk_update_guild_roles", ANN, body, guild_id=GUILD)
    assert house.told() == []
    entry = (await house.owner.directory.audit_entries(GUILD, 1))[0]
    assert (entry.action_type, entry.target_id) == (31, two)
    assert entry.changes == b'[{"key":"position","old_value":1,"new_value":2}]'


async def test_nobody_moves_what_is_not_below_them_or_to_there(house: House) -> None:
    low = await role(house)
    name, where = "bulk_update_guild_roles", {"guild_id": GUILD}
    move = [{"id": low, "position": 4}]
    await house.refused(MISSING_PERMISSIONS, name, BOB, move, **where)
    for body in (
        [{"id": MODS, "position": 1}],
        [{"id": low, "position": 6}],
        # One that may not is enough for nothing to move.
        [{"id": low, "position": 2}, {"id": MODS, "position": 1}],
    ):
        await house.refused(MISSING_PERMISSIONS, name, CAT, body, **where)
    await house.refused(UNKNOWN_ROLE, name, CAT, [{"id": 5, "position": 1}], **where)
    await house.refused(INVALID_FORM, name, ANN, [{"id": GUILD, "position": 1}], **where)
    await house.call(name, ANN, [{"id": GUILD, "position": 0}], **where)
    assert house.told() == []
    await house.call(name, CAT, move, **where)
    assert (await places(house))[low] == 4


async def test_wrong_places_are_named_by_index(house: House) -> None:
    body = [{"id": MODS, "position": 1}, {"id": "x", "position": -1}]
    refused = await house.refused(
        INVALID_FORM, "bulk_update_guild_roles", ANN, body, guild_id=GUILD
    )
    assert list(refused.more["errors"]) == ["1"]
    assert sorted(refused.more["errors"]["1"]) == ["id", "position"]


async def test_nobody_moves_more_than_a_guild_can_have(house: House) -> None:
    many = [{"id": TEXT, "position": 1}] * (MOST_CHANNELS + 1)
    name, where = "bulk_update_guild_channels", {"guild_id": GUILD}
    await house.refused(INVALID_FORM, name, CAT, many, **where)
    await house.call(name, CAT, many[:-1], **where)
    many = [{"id": MODS, "position": 2}] * (MOST_ROLES + 1)
    name = "bulk_update_guild_roles"
    house.told()
    await house.refused(INVALID_FORM, name, ANN, many, **where)
    await house.call(name, ANN, many[:-1], **where)
    assert (await places(house))[MODS] == 2


async def test_members_of_roles_are_counted(house: House) -> None:
    empty = await role(house)
    counts = await house.call("guild_role_member_counts", BOB, guild_id=GUILD)
    assert counts == {str(MODS): 1, str(empty): 0}


async def category(house: House, **more: Any) -> int:
    body = {"name": "rooms", "type": 4, **more}
    made = await house.call("create_guild_channel", ANN, body, guild_id=GUILD)
    house.told()
    return int(made["id"])


async def test_channels_move_in_one_commit(house: House) -> None:
    denied = [{"id": GUILD, "type": 0, "deny": str(P.SEND_MESSAGES)}]
    rooms = await category(house, permission_overwrites=denied)
    body = [
        {"id": TEXT, "position": 7, "parent_id": rooms, "lock_permissions": True},
        {"id": HIDDEN, "position": 1},
        {"id": rooms, "parent_id": None},
    ]
    await house.call("bulk_update_guild_channels", ANN, body, guild_id=GUILD)
    assert len(house.commits) == 1
    assert house.told() == ["CHANNEL_UPDATE"] * 2 + ["GUILD_AUDIT_LOG_ENTRY_CREATE"] * 3
    channels = (await house.snapshot()).channels
    text = channels[TEXT]
    assert (text.position, text.parent_id, channels[HIDDEN].position) == (7, rooms, 1)
    assert text.overwrites == channels[rooms].overwrites
    await house.call("bulk_update_guild_channels", ANN, body, guild_id=GUILD)
    assert house.told() == []
    # Out of the category a channel keeps its overwrites.
    body = [{"id": TEXT, "parent_id": None, "lock_permissions": True}]
    await house.call("bulk_update_guild_channels", ANN, body, guild_id=GUILD)
    text = (await house.snapshot()).channels[TEXT]
    assert (text.parent_id, len(text.overwrites)) == (None, 1)


async def test_what_does_not_move(house: House) -> None:
    name, where = "bulk_update_guild_channels", {"guild_id": GUILD}
    await house.refused(MISSING_PERMISSIONS, name, BOB, [{"id": TEXT}], **where)
    await house.refused(UNKNOWN_CHANNEL, name, ANN, [{"id": 5, "position": 1}], **where)
    for parent in (TEXT, 5):
        body = [{"id": HIDDEN, "position": 0}, {"id": HIDDEN, "parent_id": parent}]
        refused = await house.refused(INVALID_FORM, name, ANN, body, **where)
        assert list(refused.more["errors"]["1"]) == ["parent_id"]
    # Each channel is moved by who may manage it there.
    body = {"type": 0, "deny": str(P.MANAGE_CHANNELS)}
    await house.call(
        "set_channel_permission_overwrite", ANN, body, channel_id=TEXT, overwrite_id=MODS
    )
    house.told()
    move = [{"id": HIDDEN, "position": 3}, {"id": TEXT, "position": 4}]
    await house.refused(MISSING_PERMISSIONS, name, CAT, move, **where)
    await house.call(name, CAT, move[:1], **where)


async def test_a_category_gives_only_what_the_mover_has(house: House) -> None:
    allowed = [{"id": MODS, "type": 0, "allow": str(P.MENTION_EVERYONE)}]
    rooms = await category(house, permission_overwrites=allowed)
    name, where = "bulk_update_guild_channels", {"guild_id": GUILD}
    move = [{"id": TEXT, "parent_id": rooms, "lock_permissions": True}]
    await house.refused(MISSING_PERMISSIONS, name, CAT, move, **where)
    await house.call(name, CAT, [{"id": TEXT, "parent_id": rooms}], **where)
    assert (await house.snapshot()).channels[TEXT].overwrites == ()


async def test_a_category_is_not_filled_past_its_limit_by_many_at_once(house: House) -> None:
    rooms = await category(house)
    ids: list[int] = []
    for index in range(51):
        house.clock.seconds += 10
        body = {"name": f"c{index}"}
        made = await house.call("create_guild_channel", ANN, body, guild_id=GUILD)
        ids.append(int(made["id"]))
    house.told()
    name, where = "bulk_update_guild_channels", {"guild_id": GUILD}
    body = [{"id": each, "parent_id": rooms} for each in ids]
    await house.refused(INVALID_FORM, name, ANN, body, **where)
    await house.call(name, ANN, body[:50], **where)
    # One comes when another goes.
    await house.call(name, ANN, [{"id": ids[0], "parent_id": None}], **where)
    house.told()
    await house.call(name, ANN, body[50:], **where)
