"""Members over HTTP: parameters, limits, refusals, audit entries, events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import Answer, Client


async def moderator(den: Den, permissions: int) -> Client:
    """A member whose one role has `permissions`; the first is above those made after it."""
    made = await den.ann.post(f"/guilds/{den.guild}/roles", {"permissions": str(permissions)})
    who = den.member("mod")
    path = f"/guilds/{den.guild}/members/{who.id}/roles/{made.body['id']}"
    assert (await den.ann.put(path)).status == 204
    return who


async def patch(den: Den, who: Client, target: Client, **body: Any) -> Answer:
    """Change a member."""
    return await who.patch(f"/guilds/{den.guild}/members/{target.id}", body)


def later(**delta: float) -> str:
    """A time from now."""
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


async def test_every_field_of_a_member(den: Den) -> None:
    answer = await den.ann.get(f"/guilds/{den.guild}/members/{den.bob.id}")
    body = answer.body
    assert answer.status == 200
    assert body.pop("joined_at").endswith("+00:00")
    user = body.pop("user")
    assert (user["id"], user["username"], user["discriminator"]) == (
        str(den.bob.id),
        den.bob.name,
        "0",
    )
    assert body == {
        "roles": [],
        "nick": None,
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "deaf": False,
        "mute": False,
        "pending": False,
        "premium_since": None,
    }
    stranger = den.person("eve")
    for user_id in (stranger.id, 5):
        answer = await den.ann.get(f"/guilds/{den.guild}/members/{user_id}")
        assert (answer.status, answer.code) == (404, 10007)


async def test_a_nickname_is_told_and_noted(den: Den) -> None:
    await den.ann.connect()
    path = f"/guilds/{den.guild}/members/{den.bob.id}"
    headers = {"X-Audit-Log-Reason": "why"}
    answer = await den.ann.patch(path, {"nick": "Bobby"}, headers=headers)
    assert (answer.status, answer.body["nick"]) == (200, "Bobby")
    told = await den.ann.event("GUILD_MEMBER_UPDATE")
    assert told == {**answer.body, "guild_id": str(den.guild)}
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["target_id"]) == (24, str(den.bob.id))
    assert entry["changes"] == [{"key": "nick", "new_value": "Bobby"}]
    assert entry["reason"] == "why"
    message = await den.say(den.bob, "x")
    assert (await den.ann.event("MESSAGE_CREATE"))["member"]["nick"] == "Bobby"
    assert message["author"]["id"] == str(den.bob.id)
    for nick in ("", None):
        await patch(den, den.ann, den.bob, nick="again")
        assert (await patch(den, den.ann, den.bob, nick=nick)).body["nick"] is None
    assert (await patch(den, den.ann, den.bob, nick="x" * 32)).status == 200
    assert (await patch(den, den.ann, den.bob, nick="x" * 33)).code == 50035


async def test_what_changes_nothing_is_told_to_nobody(den: Den) -> None:
    gateway = await den.ann.connect()
    for body in ({}, {"nick": None}, {"roles": []}, {"communication_disabled_until": None}):
        assert (await patch(den, den.ann, den.bob, **body)).status == 200
    await den.say(den.ann, "marker")
    await gateway.event("MESSAGE_CREATE")
    names = gateway.names()
    assert "GUILD_MEMBER_UPDATE" not in names
    assert "GUILD_AUDIT_LOG_ENTRY_CREATE" not in names


async def test_whose_nickname(den: Den) -> None:
    assert (await patch(den, den.bob, den.bob, nick="me")).status == 200
    assert (await patch(den, den.bob, den.ann, nick="x")).code == 50013
    mod = await moderator(den, P.MANAGE_NICKNAMES)
    assert (await patch(den, mod, den.bob, nick="x")).status == 200
    assert (await patch(den, mod, den.ann, nick="x")).code == 50013
    everyone = f"/guilds/{den.guild}/roles/{den.guild}"
    await den.ann.patch(everyone, {"permissions": str(P.VIEW_CHANNEL)})
    assert (await patch(den, den.bob, den.bob, nick="y")).code == 50013


async def test_roles_as_a_whole(den: Den) -> None:
    roles = [
        (await den.ann.post(f"/guilds/{den.guild}/roles", {"name": name})).body["id"]
        for name in "abc"
    ]
    await den.ann.connect()
    answer = await patch(den, den.ann, den.bob, roles=[roles[1], roles[0], str(den.guild)])
    assert answer.body["roles"] == roles[:2]
    answer = await patch(den, den.ann, den.bob, roles=roles[1:])
    assert answer.body["roles"] == roles[1:]
    await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert entry["action_type"] == 25
    assert entry["changes"] == [
        {"key": "$add", "new_value": [{"id": roles[2], "name": "c"}]},
        {"key": "$remove", "new_value": [{"id": roles[0], "name": "a"}]},
    ]
    assert (await patch(den, den.ann, den.bob, roles=["5"])).code == 50035
    assert (await patch(den, den.ann, den.bob, roles=None)).body["roles"] == []


async def test_roles_above_ones_own(den: Den) -> None:
    mod = await moderator(den, P.MANAGE_ROLES)
    low = (await den.ann.post(f"/guilds/{den.guild}/roles", {"permissions": "0"})).body["id"]
    own = (await den.ann.get(f"/guilds/{den.guild}/members/{mod.id}")).body["roles"][0]
    assert (await patch(den, mod, den.bob, roles=[low])).status == 200
    assert (await patch(den, mod, den.bob, roles=[low, own])).code == 50013
    assert (await patch(den, mod, mod, roles=[])).code == 50013
    assert (await patch(den, den.bob, den.bob, roles=[low])).code == 50013


async def test_a_timeout(den: Den) -> None:
    await den.bob.connect()
    until = later(hours=1)
    answer = await patch(den, den.ann, den.bob, communication_disabled_until=until)
    shown = answer.body["communication_disabled_until"]
    assert shown[:19] == until[:19]
    told = await den.bob.event("GUILD_MEMBER_UPDATE")
    assert told["communication_disabled_until"] == shown
    path = f"/channels/{den.channel}"
    assert (await den.bob.post(f"{path}/messages", {"content": "x"})).code == 50013
    assert (await den.bob.post(f"{path}/typing")).code == 50013
    assert (await den.bob.get(f"{path}/messages")).status == 200
    answer = await patch(den, den.ann, den.bob, communication_disabled_until=None)
    assert answer.body["communication_disabled_until"] is None
    await den.say(den.bob, "free")


async def test_a_timeout_that_has_passed_is_over(den: Den) -> None:
    await patch(den, den.ann, den.bob, communication_disabled_until=later(seconds=-1))
    await den.say(den.bob, "free")


@pytest.mark.parametrize("until", ["soon", pytest.param(later(days=29), id="too late"), 5])
async def test_times_that_are_none(den: Den, until: Any) -> None:
    answer = await patch(den, den.ann, den.bob, communication_disabled_until=until)
    assert (answer.status, answer.code) == (400, 50035)
    assert list(answer.body["errors"]) == ["communication_disabled_until"]


async def test_who_may_time_out_whom(den: Den) -> None:
    mod = await moderator(den, P.MODERATE_MEMBERS)
    until = later(hours=1)
    assert (await patch(den, mod, den.bob, communication_disabled_until=until)).status == 200
    assert (await patch(den, mod, den.ann, communication_disabled_until=until)).status == 403
    admin = await moderator(den, P.ADMINISTRATOR)
    assert (await patch(den, den.ann, admin, communication_disabled_until=until)).status == 403
    assert (await patch(den, den.bob, mod, communication_disabled_until=until)).code == 50013


async def test_flags(den: Den) -> None:
    # Of a member's flags only BYPASSES_VERIFICATION can be set.
    assert (await patch(den, den.ann, den.bob, flags=4 | 1)).body["flags"] == 4
    assert (await patch(den, den.ann, den.bob, flags=0)).body["flags"] == 0
    for permissions, status in (
        (P.MANAGE_GUILD, 200),
        (P.MANAGE_ROLES, 200),
        (P.MODERATE_MEMBERS | P.KICK_MEMBERS, 403),
        (P.MODERATE_MEMBERS | P.KICK_MEMBERS | P.BAN_MEMBERS, 200),
    ):
        mod = await moderator(den, permissions)
        assert (await patch(den, mod, den.bob, flags=4)).status == status


@pytest.mark.parametrize("body", [{"mute": True}, {"deaf": True}, {"channel_id": "5"}])
async def test_nobody_is_in_voice(den: Den, body: dict[str, Any]) -> None:
    answer = await patch(den, den.ann, den.bob, **body)
    assert (answer.status, answer.code) == (400, 40032)


async def test_a_kick(den: Den) -> None:
    await den.ann.connect()
    await den.bob.connect()
    path = f"/guilds/{den.guild}/members/{den.bob.id}"
    answer = await den.ann.delete(path, headers={"X-Audit-Log-Reason": "bye"})
    assert answer.status == 204
    assert await den.bob.event("GUILD_DELETE") == {"id": str(den.guild)}
    told = await den.ann.event("GUILD_MEMBER_REMOVE")
    assert (told["guild_id"], told["user"]["id"]) == (str(den.guild), str(den.bob.id))
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["target_id"]) == (20, str(den.bob.id))
    assert entry["reason"] == "bye"
    assert (await den.ann.delete(path)).code == 10007
    assert (await den.bob.get(f"/channels/{den.channel}")).code == 50001
    assert (await den.bob.get("/users/@me/guilds")).body == []
    # Who comes back is told of the guild, and the others of them.
    den.server.join(den.guild, den.bob.name)
    assert (await den.bob.event("GUILD_CREATE"))["id"] == str(den.guild)
    told = await den.ann.event("GUILD_MEMBER_ADD")
    assert (told["guild_id"], told["user"]["id"]) == (str(den.guild), str(den.bob.id))


async def test_whom_one_may_kick(den: Den) -> None:
    high = await moderator(den, P.KICK_MEMBERS)
    low = await moderator(den, P.KICK_MEMBERS)
    base = f"/guilds/{den.guild}/members"
    for who, target in ((low, high), (low, den.ann), (high, high), (den.ann, den.ann)):
        answer = await who.delete(f"{base}/{target.id}")
        assert (answer.status, answer.code) == (403, 50013)
    assert (await high.delete(f"{base}/{low.id}")).status == 204


async def test_a_guild(den: Den) -> None:
    body = (await den.bob.get(f"/guilds/{den.guild}")).body
    assert (body["id"], body["name"], body["owner_id"]) == (
        str(den.guild),
        "Den",
        str(den.ann.id),
    )
    assert [role["name"] for role in body["roles"]] == ["@everyone"]
    assert "approximate_member_count" not in body
    await den.bob.connect()
    counted = (await den.bob.get(f"/guilds/{den.guild}?with_counts=true")).body
    assert counted["approximate_member_count"] == 2
    assert (await den.bob.get("/guilds/5")).code == 10004
    eve = den.person("eve")
    assert (await eve.get(f"/guilds/{den.guild}")).code == 50001
