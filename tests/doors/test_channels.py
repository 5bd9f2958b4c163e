"""Channels and overwrites over HTTP: parameters, limits, refusals, audit entries, events."""

from typing import Any

import pytest

from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import Answer, Client


async def make(den: Den, who: Client | None = None, **body: Any) -> Answer:
    """A new channel."""
    return await (who or den.ann).post(f"/guilds/{den.guild}/channels", {"name": "made", **body})


async def moderator(den: Den, permissions: int, name: str = "mod") -> Client:
    """A member whose one role has `permissions`."""
    made = await den.ann.post(f"/guilds/{den.guild}/roles", {"permissions": str(permissions)})
    who = den.member(name)
    path = f"/guilds/{den.guild}/members/{who.id}/roles/{made.body['id']}"
    assert (await den.ann.put(path)).status == 204
    return who


async def entries(den: Den, count: int) -> list[dict[str, Any]]:
    """The next audit entries that ann is told of."""
    return [await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE") for _ in range(count)]


def changed(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """An entry's changes as (old, new) by key."""
    return {
        each["key"]: (each.get("old_value"), each.get("new_value")) for each in entry["changes"]
    }


async def test_every_field_of_a_channel(den: Den) -> None:
    await den.bob.connect()
    answer = await make(
        den,
        topic="about",
        nsfw=True,
        rate_limit_per_user=5,
        default_auto_archive_duration=1440,
        default_thread_rate_limit_per_user=7,
        permission_overwrites=[{"id": den.guild, "type": 0, "allow": "2048", "deny": 1 << 13}],
    )
    assert answer.status == 201
    wanted = {
        "type": 0,
        "guild_id": str(den.guild),
        "name": "made",
        "position": 2,
        "parent_id": None,
        "topic": "about",
        "nsfw": True,
        "flags": 0,
        "rate_limit_per_user": 5,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "default_auto_archive_duration": 1440,
        "default_thread_rate_limit_per_user": 7,
        "permission_overwrites": [
            {"id": str(den.guild), "type": 0, "allow": "2048", "deny": str(1 << 13)}
        ],
    }
    channel_id = answer.body["id"]
    assert answer.body == {**wanted, "id": channel_id}
    told = await den.bob.event("CHANNEL_CREATE")
    assert told == answer.body | {"member_list_id": "everyone"}
    assert (await den.bob.get(f"/channels/{channel_id}")).body == answer.body
    listed = (await den.bob.get(f"/guilds/{den.guild}/channels")).body
    assert answer.body in listed
    assert len(listed) == 5


async def test_voice_channels(den: Den) -> None:
    made = (await make(den, type=2)).body
    assert (made["bitrate"], made["user_limit"], made["rtc_region"]) == (64000, 0, None)
    assert made["video_quality_mode"] == 1
    assert "topic" not in made
    path = f"/channels/{made['id']}"
    body = {"bitrate": 96000, "user_limit": 9, "rtc_region": "here", "video_quality_mode": 2}
    assert body.items() <= (await den.ann.patch(path, body)).body.items()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": None}, "name"),
        ({"type": 1}, "type"),
        ({"topic": "x" * 1025}, "topic"),
        ({"rate_limit_per_user": 21601}, "rate_limit_per_user"),
        ({"bitrate": 7999}, "bitrate"),
        ({"user_limit": -1}, "user_limit"),
        ({"position": -1}, "position"),
        ({"default_auto_archive_duration": 61}, "default_auto_archive_duration"),
        ({"video_quality_mode": 3}, "video_quality_mode"),
        ({"parent_id": "5"}, "parent_id"),
        ({"permission_overwrites": [{"type": 0}]}, "permission_overwrites"),
    ],
)
async def test_limits_of_fields(den: Den, body: dict[str, Any], where: str) -> None:
    for answer in (await make(den, **body), await den.ann.patch(f"/channels/{den.channel}", body)):
        assert (answer.status, answer.code) == (400, 50035)
        assert list(answer.body["errors"]) == [where]


async def test_what_waits_is_refused_by_name(den: Den) -> None:
    for body in ({"type": 15}, {"available_tags": [{"name": "x"}]}):
        answer = await make(den, **body)
        assert (answer.status, answer.code) == (403, 40006)
        assert list(answer.body["errors"]) == list(body)
    answer = await den.ann.patch(f"/channels/{den.channel}", {"archived": True})
    assert list(answer.body["errors"]) == ["archived"]


async def test_categories(den: Den) -> None:
    hidden = [{"id": str(den.guild), "type": 0, "allow": "0", "deny": str(P.VIEW_CHANNEL)}]
    category = (await make(den, type=4, permission_overwrites=hidden)).body
    assert "topic" not in category
    # A new channel takes the overwrites of its category unless it has its own.
    inside = (await make(den, parent_id=category["id"])).body
    assert inside["permission_overwrites"] == hidden
    own = [{"id": str(den.guild), "type": 0, "allow": "0", "deny": "2048"}]
    assert (await make(den, parent_id=category["id"], permission_overwrites=own)).body[
        "permission_overwrites"
    ] == own
    # One that is moved keeps them.
    moved = await den.ann.patch(f"/channels/{den.channel}", {"parent_id": category["id"]})
    assert moved.body["parent_id"] == category["id"]
    assert moved.body["permission_overwrites"] == []
    assert (await den.bob.get(f"/channels/{den.channel}")).status == 200
    for parent in (inside["id"], "5"):
        assert (await make(den, parent_id=parent)).code == 50035
    assert (await make(den, type=4, parent_id=category["id"])).code == 50035
    for number in range(47):
        assert (await make(den, name=f"c{number}", parent_id=category["id"])).status == 201
    full = await make(den, parent_id=category["id"])
    assert full.body["errors"]["parent_id"]["_errors"][0]["code"] == "CHANNEL_PARENT_MAX_CHANNELS"


async def test_positions(den: Den) -> None:
    # A new channel comes last: behind the two categories, voice channels by themselves.
    assert [(await make(den)).body["position"] for _ in range(2)] == [2, 3]
    assert (await make(den, type=2)).body["position"] == 0
    assert (await make(den, position=9)).body["position"] == 9
    answer = await den.ann.patch(f"/channels/{den.channel}", {"position": 4})
    assert answer.body["position"] == 4


async def test_changes_are_told_and_noted(den: Den) -> None:
    await den.ann.connect()
    path = f"/channels/{den.channel}"
    headers = {"X-Audit-Log-Reason": "why"}
    answer = await den.ann.patch(path, {"name": "new", "topic": "t"}, headers=headers)
    assert (answer.body["name"], answer.body["topic"]) == ("new", "t")
    told = await den.ann.event("CHANNEL_UPDATE")
    assert told == answer.body | {"member_list_id": "everyone"}
    (entry,) = await entries(den, 1)
    assert entry["action_type"] == 11
    assert (entry["target_id"], entry["user_id"]) == (str(den.channel), str(den.ann.id))
    assert (entry["reason"], entry["guild_id"]) == ("why", str(den.guild))
    assert changed(entry) == {"name": ("general", "new"), "topic": (None, "t")}
    # What changes nothing is neither.
    await den.ann.patch(path, {"name": "new"})
    await den.ann.patch(path, {})
    await den.ann.patch(path, {"topic": None})
    (entry,) = await entries(den, 1)
    assert changed(entry) == {"topic": ("t", None)}


async def test_only_text_and_announcement_convert(den: Den) -> None:
    path = f"/channels/{den.channel}"
    assert (await den.ann.patch(path, {"type": 5})).body["type"] == 5
    assert (await den.ann.patch(path, {"type": 0})).body["type"] == 0
    assert (await den.ann.patch(path, {"type": 2})).code == 50035


async def test_delete(den: Den) -> None:
    guild = (await den.ann.get(f"/guilds/{den.guild}")).body
    assert guild["system_channel_id"] == str(den.channel)
    message = await den.say(den.ann, "x")
    gateway = await den.ann.connect()
    answer = await den.ann.delete(f"/channels/{den.channel}")
    assert answer.status == 200
    assert answer.body["id"] == str(den.channel)
    assert answer.body["last_message_id"] == message["id"]
    assert (await gateway.event("CHANNEL_DELETE"))["id"] == str(den.channel)
    # The guild forgets the channel that it named.
    assert (await gateway.event("GUILD_UPDATE"))["system_channel_id"] is None
    (entry,) = await entries(den, 1)
    assert (entry["action_type"], entry["target_id"]) == (12, str(den.channel))
    assert changed(entry)["name"] == ("general", None)
    for path in ("", f"/messages/{message['id']}", "/messages"):
        assert (await den.ann.get(f"/channels/{den.channel}{path}")).code == 10003


async def test_a_guild_has_500_channels(den: Den) -> None:
    there = len((await den.ann.get(f"/guilds/{den.guild}/channels")).body)
    for _ in range(500 - there):
        assert (await make(den)).status == 201
    answer = await make(den)
    assert (answer.status, answer.code) == (400, 30013)


# Overwrites


async def test_an_overwrite_is_made_changed_and_deleted(den: Den) -> None:
    await den.ann.connect()
    path = f"/channels/{den.channel}/permissions/{den.bob.id}"
    told: list[Any] = []
    for body in (
        {"type": 1, "allow": "2048", "deny": "0"},
        {"type": 1, "deny": 2048},
        {"deny": 2048},
    ):
        assert (await den.ann.put(path, body)).status == 204
        told = (await den.ann.get(f"/channels/{den.channel}")).body["permission_overwrites"]
    assert told == [{"id": str(den.bob.id), "type": 1, "allow": "0", "deny": "2048"}]
    assert (await den.ann.delete(path)).status == 204
    assert (await den.ann.delete(path)).code == 10009
    assert (await den.ann.get(f"/channels/{den.channel}")).body["permission_overwrites"] == []
    # The third PUT changed nothing.
    made, updated, deleted = await entries(den, 3)
    assert [each["action_type"] for each in (made, updated, deleted)] == [13, 14, 15]
    for each in (made, updated, deleted):
        assert each["target_id"] == str(den.channel)
        assert each["options"] == {"id": str(den.bob.id), "type": "1"}
    assert changed(made) == {"allow": (None, "2048"), "deny": (None, "0")}
    assert changed(updated) == {"allow": ("2048", "0"), "deny": ("0", "2048")}
    assert changed(deleted) == {"allow": ("0", None), "deny": ("2048", None)}


async def test_an_entry_names_the_role_of_an_overwrite(den: Den) -> None:
    await den.ann.connect()
    await den.ann.put(f"/channels/{den.channel}/permissions/{den.guild}", {"deny": "2048"})
    (entry,) = await entries(den, 1)
    assert entry["options"] == {"id": str(den.guild), "type": "0", "role_name": "@everyone"}


@pytest.mark.parametrize("kind", [0, 1])
async def test_an_overwrite_of_nobody(den: Den, kind: int) -> None:
    # A role's id is no member's, and the other way round.
    target = den.bob.id if kind == 0 else den.guild
    for overwrite_id in (target, 5):
        path = f"/channels/{den.channel}/permissions/{overwrite_id}"
        answer = await den.ann.put(path, {"type": kind, "allow": "0", "deny": "2048"})
        assert (answer.status, answer.code) == (404, 10009)
        each = {"id": overwrite_id, "type": kind, "deny": "2048"}
        assert (await make(den, permission_overwrites=[each])).code == 10009
    known = f"/channels/{den.channel}/permissions/{den.guild}"
    assert (await den.ann.put(known, {"type": 0, "deny": "2048"})).status == 204
    assert (await den.ann.put(known, {"type": 1, "deny": "2048"})).code == 10009


async def test_bits_that_are_no_permissions_are_dropped(den: Den) -> None:
    path = f"/channels/{den.channel}/permissions/{den.guild}"
    assert (await den.ann.put(path, {"deny": str(1 << 47 | 1 << 60 | 2048)})).status == 204
    (told,) = (await den.ann.get(f"/channels/{den.channel}")).body["permission_overwrites"]
    assert told["deny"] == "2048"
    assert (await den.ann.put(path, {"deny": "-1"})).code == 50035


async def test_nobody_gives_what_they_lack(den: Den) -> None:
    mod = await moderator(den, P.MANAGE_ROLES | P.MANAGE_CHANNELS)
    path = f"/channels/{den.channel}/permissions/{den.guild}"
    assert (await mod.put(path, {"allow": str(P.MANAGE_MESSAGES)})).code == 50013
    assert (await mod.put(path, {"deny": str(P.MANAGE_MESSAGES)})).code == 50013
    # MANAGE_ROLES is given by administrators only.
    assert (await mod.put(path, {"allow": str(P.MANAGE_ROLES)})).code == 50013
    assert (await mod.put(path, {"allow": str(P.SEND_MESSAGES)})).status == 204
    overwrite = {"id": den.guild, "type": 0, "allow": str(P.MANAGE_MESSAGES)}
    assert (await make(den, mod, permission_overwrites=[overwrite])).code == 50013
    patch = {"permission_overwrites": [overwrite]}
    assert (await mod.patch(f"/channels/{den.channel}", patch)).code == 50013
    # Nor do they take away what the owner has set beyond them.
    assert (await den.ann.put(path, {"allow": str(P.MANAGE_MESSAGES)})).status == 204
    editor = await moderator(den, P.MANAGE_ROLES, "editor")
    await den.ann.put(path, {"deny": str(P.MANAGE_WEBHOOKS)})
    assert (await editor.delete(path)).code == 50013


async def test_what_one_has_in_the_guild_may_be_given_where_it_is_denied(den: Den) -> None:
    mod = await moderator(den, P.MANAGE_ROLES)
    path = f"/channels/{den.channel}/permissions/{den.guild}"
    assert (await den.ann.put(path, {"deny": str(P.SEND_MESSAGES)})).status == 204
    assert (await mod.put(path, {"allow": str(P.SEND_MESSAGES)})).status == 204


async def test_an_overwrite_that_gives_manage_roles_lets_one_give_all(den: Den) -> None:
    path = f"/channels/{den.channel}/permissions/{den.guild}"
    body = {"allow": str(P.MANAGE_MESSAGES)}
    assert (await den.bob.put(path, body)).code == 50013
    own = f"/channels/{den.channel}/permissions/{den.bob.id}"
    await den.ann.put(own, {"type": 1, "allow": str(P.MANAGE_ROLES)})
    assert (await den.bob.put(path, body)).status == 204
    # Elsewhere it lets bob nothing.
    made = (await make(den)).body["id"]
    assert (await den.bob.put(f"/channels/{made}/permissions/{den.guild}", body)).code == 50013


async def test_overwrites_of_a_patch_need_manage_roles(den: Den) -> None:
    mod = await moderator(den, P.MANAGE_CHANNELS)
    path = f"/channels/{den.channel}"
    assert (await mod.patch(path, {"topic": "x"})).status == 200
    overwrite = {"id": den.guild, "type": 0, "deny": str(P.SEND_MESSAGES)}
    assert (await mod.patch(path, {"permission_overwrites": [overwrite]})).code == 50013


async def test_a_channel_has_100_overwrites_in_a_body(den: Den) -> None:
    many = [{"id": den.guild, "type": 0}] * 101
    answer = await make(den, permission_overwrites=many)
    assert list(answer.body["errors"]) == ["permission_overwrites"]


async def test_a_hidden_channel_is_missing_access(den: Den) -> None:
    path = f"/channels/{den.channel}"
    await den.ann.put(f"{path}/permissions/{den.guild}", {"deny": str(P.VIEW_CHANNEL)})
    for answer in (
        await den.bob.get(path),
        await den.bob.get(f"{path}/messages"),
        await den.bob.post(f"{path}/messages", {"content": "x"}),
        await den.bob.patch(path, {"name": 5}),
        await den.bob.delete(path),
    ):
        assert (answer.status, answer.code) == (403, 50001)
    listed = (await den.bob.get(f"/guilds/{den.guild}/channels")).body
    assert str(den.channel) not in {each["id"] for each in listed}
