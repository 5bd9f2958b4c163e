"""Roles over HTTP: parameters, limits, refusals, audit entries, events."""

from typing import Any

import pytest

from hearth.core.permissions import EVERYONE, P
from tests.doors.conftest import Den
from tests.harness import Answer, Client


async def make(den: Den, who: Client | None = None, **body: Any) -> Answer:
    """A new role."""
    return await (who or den.ann).post(f"/guilds/{den.guild}/roles", body)


async def give(den: Den, who: Client, role_id: str) -> None:
    """Ann gives a role."""
    path = f"/guilds/{den.guild}/members/{who.id}/roles/{role_id}"
    assert (await den.ann.put(path)).status == 204


def changed(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """An entry's changes as (old, new) by key."""
    return {
        each["key"]: (each.get("old_value"), each.get("new_value")) for each in entry["changes"]
    }


async def test_every_field_of_a_role(den: Den) -> None:
    await den.ann.connect()
    wanted = {
        "name": "crew",
        "permissions": str(P.KICK_MEMBERS | P.VIEW_CHANNEL),
        "color": 0x3366FF,
        "hoist": True,
        "mentionable": True,
        "unicode_emoji": "🔥",
    }
    headers = {"X-Audit-Log-Reason": "why"}
    answer = await den.ann.post(f"/guilds/{den.guild}/roles", wanted, headers=headers)
    role = answer.body
    assert answer.status == 200
    assert role == {
        **wanted,
        "id": role["id"],
        "position": 1,
        "colors": {"primary_color": 0x3366FF, "secondary_color": None, "tertiary_color": None},
        "managed": False,
        "icon": None,
        "flags": 0,
    }
    told = await den.ann.event("GUILD_ROLE_CREATE")
    assert told == {"guild_id": str(den.guild), "role": role}
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["target_id"]) == (30, role["id"])
    assert entry["reason"] == "why"
    assert changed(entry)["name"] == (None, "crew")
    assert changed(entry)["permissions"] == (None, wanted["permissions"])
    assert (await den.bob.get(f"/guilds/{den.guild}/roles/{role['id']}")).body == role
    assert role in (await den.bob.get(f"/guilds/{den.guild}/roles")).body
    assert role in (await den.bob.get(f"/guilds/{den.guild}")).body["roles"]


async def test_what_a_role_has_when_nothing_is_said(den: Den) -> None:
    role = (await make(den)).body
    assert (role["name"], role["color"], role["hoist"]) == ("new role", 0, False)
    # As much as everybody has.
    assert role["permissions"] == str(EVERYONE)


async def test_colours(den: Den) -> None:
    colors = {"primary_color": 1, "secondary_color": 2}
    role = (await make(den, colors=colors, color=9)).body
    assert (role["color"], role["colors"]) == (1, {**colors, "tertiary_color": None})
    path = f"/guilds/{den.guild}/roles/{role['id']}"
    assert (await den.ann.patch(path, {"color": 5})).body["colors"]["primary_color"] == 5
    answer = await make(den, colors={"secondary_color": 2})
    assert list(answer.body["errors"]["colors"]) == ["primary_color"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x" * 101},
        {"name": ""},
        {"color": 1 << 24},
        {"permissions": "x"},
        {"permissions": -1},
        {"hoist": "perhaps"},
    ],
)
async def test_limits_of_fields(den: Den, body: dict[str, Any]) -> None:
    role = (await make(den)).body
    path = f"/guilds/{den.guild}/roles/{role['id']}"
    for answer in (await make(den, **body), await den.ann.patch(path, body)):
        assert (answer.status, answer.code) == (400, 50035)
        assert list(answer.body["errors"]) == list(body)


async def test_an_icon_is_a_picture(den: Den) -> None:
    answer = await make(den, icon="data:image/png;base64,AAAA")
    assert (answer.status, answer.code) == (400, 50035)
    assert list(answer.body["errors"]) == ["icon"]


async def test_bits_that_are_no_permissions_are_dropped(den: Den) -> None:
    everything = str((1 << 63) - 1)
    role = (await make(den, permissions=everything)).body
    assert 0 < int(role["permissions"]) < 1 << 53
    path = f"/guilds/{den.guild}/roles/{role['id']}"
    unknown = str(1 << 47 | 1 << 60 | P.VIEW_CHANNEL)
    changed_role = (await den.ann.patch(path, {"permissions": unknown})).body
    assert changed_role["permissions"] == str(P.VIEW_CHANNEL)


async def test_a_change_is_told_and_noted(den: Den) -> None:
    role = (await make(den, name="old")).body
    await den.ann.connect()
    path = f"/guilds/{den.guild}/roles/{role['id']}"
    answer = await den.ann.patch(path, {"name": "new", "hoist": True})
    assert answer.body == {**role, "name": "new", "hoist": True}
    told = await den.ann.event("GUILD_ROLE_UPDATE")
    assert told == {"guild_id": str(den.guild), "role": answer.body}
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["target_id"]) == (31, role["id"])
    assert changed(entry) == {"name": ("old", "new"), "hoist": (False, True)}
    # What changes nothing, or says null of what cannot be null, is neither.
    same = await den.ann.patch(path, {"name": None, "permissions": None, "hoist": True})
    assert same.body == answer.body
    await make(den, name="marker")
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert entry["action_type"] == 30
    assert (await den.ann.patch(f"/guilds/{den.guild}/roles/5", {})).code == 10011


async def test_everyone_has_permissions_and_nothing_else(den: Den) -> None:
    path = f"/guilds/{den.guild}/roles/{den.guild}"
    body = {"name": "x", "color": 5, "hoist": True, "permissions": "1024"}
    role = (await den.ann.patch(path, body)).body
    assert (role["name"], role["color"], role["hoist"]) == ("@everyone", 0, False)
    assert (role["permissions"], role["position"]) == ("1024", 0)
    assert (await den.ann.delete(path)).code == 50028


async def test_delete_takes_it_from_members_and_channels(den: Den) -> None:
    role = (await make(den, name="gone")).body["id"]
    await give(den, den.bob, role)
    await den.ann.put(f"/channels/{den.channel}/permissions/{role}", {"deny": "2048"})
    gateway = await den.ann.connect()
    path = f"/guilds/{den.guild}/roles/{role}"
    assert (await den.ann.delete(path)).status == 204
    told = await gateway.event("GUILD_ROLE_DELETE")
    assert told == {"guild_id": str(den.guild), "role_id": role}
    assert (await gateway.event("GUILD_MEMBER_UPDATE"))["roles"] == []
    assert (await gateway.event("CHANNEL_UPDATE"))["permission_overwrites"] == []
    entry = await gateway.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["target_id"]) == (32, role)
    assert changed(entry)["name"] == ("gone", None)
    assert (await den.bob.get(f"/guilds/{den.guild}/members/{den.bob.id}")).body["roles"] == []
    for answer in (await den.ann.get(path), await den.ann.delete(path)):
        assert (answer.status, answer.code) == (404, 10011)


async def test_giving_and_taking(den: Den) -> None:
    role = (await make(den, name="crew")).body["id"]
    await den.ann.connect()
    path = f"/guilds/{den.guild}/members/{den.bob.id}/roles/{role}"
    for method, roles, key in (("PUT", [role], "$add"), ("DELETE", [], "$remove")):
        # The second time nothing changes.
        for _ in range(2):
            answer = await den.ann.call(method, path, headers={"X-Audit-Log-Reason": "why"})
            assert answer.status == 204
        told = await den.ann.event("GUILD_MEMBER_UPDATE")
        assert told["roles"] == roles
        assert (told["guild_id"], told["user"]["id"]) == (str(den.guild), str(den.bob.id))
        entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
        assert (entry["action_type"], entry["target_id"]) == (25, str(den.bob.id))
        assert entry["changes"] == [{"key": key, "new_value": [{"id": role, "name": "crew"}]}]
        assert entry["reason"] == "why"
    await den.say(den.ann, "marker")
    await den.ann.event("MESSAGE_CREATE")
    assert den.ann.gateway is not None
    assert den.ann.gateway.names().count("GUILD_MEMBER_UPDATE") == 2
    base = f"/guilds/{den.guild}/members"
    assert (await den.ann.put(f"{base}/{den.bob.id}/roles/5")).code == 10011
    assert (await den.ann.put(f"{base}/5/roles/{role}")).code == 10007
    assert (await den.ann.put(f"{base}/{den.bob.id}/roles/{den.guild}")).code == 50028


async def test_a_bots_own_role_is_nobody_elses(den: Den) -> None:
    bot = den.bot(permissions=P.MANAGE_ROLES)
    roles = (await den.ann.get(f"/guilds/{den.guild}/roles")).body
    managed = next(role for role in roles if role["managed"])
    assert managed["tags"] == {"bot_id": str(bot.id)}
    assert (managed["name"], managed["permissions"]) == (bot.name, str(P.MANAGE_ROLES))
    path = f"/guilds/{den.guild}/members/{den.bob.id}/roles/{managed['id']}"
    for answer in (
        await den.ann.put(path),
        await den.ann.delete(f"/guilds/{den.guild}/members/{bot.id}/roles/{managed['id']}"),
        await den.ann.delete(f"/guilds/{den.guild}/roles/{managed['id']}"),
    ):
        assert (answer.status, answer.code) == (400, 50028)


async def test_rank(den: Den) -> None:
    # At one position the older role is above.
    high = (await make(den, permissions=str(P.MANAGE_ROLES | P.KICK_MEMBERS))).body["id"]
    low = (await make(den, permissions="0")).body["id"]
    await give(den, den.bob, high)
    path = f"/guilds/{den.guild}/roles"
    assert (await den.bob.patch(f"{path}/{low}", {"name": "x"})).status == 200
    assert (await den.bob.patch(f"{path}/{high}", {"name": "x"})).code == 50013
    assert (await den.bob.delete(f"{path}/{high}")).code == 50013
    given = f"/guilds/{den.guild}/members/{den.ann.id}/roles"
    assert (await den.bob.put(f"{given}/{low}")).status == 204
    assert (await den.bob.put(f"{given}/{high}")).code == 50013


async def test_nobody_gives_what_they_lack(den: Den) -> None:
    high = (await make(den, permissions=str(P.MANAGE_ROLES))).body["id"]
    low = (await make(den, permissions=str(P.BAN_MEMBERS))).body["id"]
    await give(den, den.bob, high)
    path = f"/guilds/{den.guild}/roles"
    wish = str(P.MANAGE_ROLES | P.BAN_MEMBERS)
    assert (await make(den, den.bob, permissions=wish)).code == 50013
    assert (await make(den, den.bob, permissions=str(P.MANAGE_ROLES))).status == 200
    # What the role has already may stay, and may be taken from it.
    assert (await den.bob.patch(f"{path}/{low}", {"permissions": wish})).status == 200
    wish = str(P.KICK_MEMBERS)
    assert (await den.bob.patch(f"{path}/{low}", {"permissions": wish})).code == 50013
    assert (await den.bob.patch(f"{path}/{low}", {"permissions": "0"})).status == 200


async def test_a_guild_has_250_roles(den: Den) -> None:
    for _ in range(249):
        assert (await make(den)).status == 200
    answer = await make(den)
    assert (answer.status, answer.code) == (400, 30005)
