"""Notes and settings, in one World and in two: what is kept, and that nobody else hears of it."""

import base64
from typing import Any

import msgspec
import pytest

from hearth.core.errors import INVALID_FORM, UNKNOWN_GUILD, UNKNOWN_USER, USERS_ONLY, Refused
from hearth.core.wire import timestamp
from tests.actions.house import ANN, BOB, GUILD, HIDDEN, TEXT, House

LATER = "2030-01-01T00:00:00+00:00"


def told(house: House) -> list[tuple[int, str, Any]]:
    """Who was told what; forgets it."""
    events = [event for commit in house.commits for event in commit.tell]
    house.commits.clear()
    assert all(each.to == "user" for each in events)
    shown = [msgspec.json.decode(msgspec.json.encode(e.data(house.entry.nowhere))) for e in events]
    return [(e.user_id, e.name, d) for e, d in zip(events, shown, strict=True)]


async def wrong(house: House, name: str, body: Any, **params: int | str) -> Any:
    """The form errors of a call of ann's."""
    with pytest.raises(Refused) as caught:
        await house.call(name, ANN, body, **params)
    assert caught.value.error is INVALID_FORM
    return caught.value.more["errors"]


async def test_a_note_is_its_writers_own(house: House):
    await house.refused(UNKNOWN_USER, "get_note", ANN, user_id=BOB)
    await house.call("update_note", ANN, {"note": " owes me a book "}, user_id=BOB)
    assert told(house) == [(ANN, "USER_NOTE_UPDATE", {"id": str(BOB), "note": "owes me a book"})]
    assert await house.call("get_note", ANN, user_id=BOB) == {
        "user_id": str(ANN),
        "note_user_id": str(BOB),
        "note": "owes me a book",
    }
    assert await house.call("list_notes", ANN) == {str(BOB): "owes me a book"}
    assert await house.call("list_notes", BOB) == {}
    await house.call("update_note", ANN, {"note": "owes me a book"}, user_id=BOB)
    assert told(house) == []
    await house.call("update_note", ANN, {"note": None}, user_id=BOB)
    assert told(house) == [(ANN, "USER_NOTE_UPDATE", {"id": str(BOB), "note": ""})]
    await house.call("update_note", ANN, {"note": ""}, user_id=BOB)
    assert told(house) == []
    assert await house.call("list_notes", ANN) == {}
    await house.refused(UNKNOWN_USER, "update_note", ANN, {"note": "x"}, user_id=GUILD)
    assert "note" in await wrong(house, "update_note", {"note": "x" * 257}, user_id=BOB)


async def test_there_is_a_most_of_notes(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hearth.actions.notes.MOST_NOTES", 1)
    await house.call("update_note", ANN, {"note": "x"}, user_id=BOB)
    assert "note" in await wrong(house, "update_note", {"note": "x"}, user_id=ANN)
    await house.call("update_note", ANN, {"note": "y"}, user_id=BOB)


async def test_settings_begin_at_their_defaults_and_keep_what_is_changed(house: House):
    first = await house.call("get_user_settings", ANN)
    assert (first["theme"], first["status"], first["guild_folders"]) == ("dark", "online", [])
    change = {
        "theme": "light",
        "custom_status": {"text": "away", "emoji_id": None, "expires_at": LATER},
        "guild_folders": [{"guild_ids": [str(GUILD)], "id": 5, "name": "mine", "color": None}],
        "restricted_guilds": [str(GUILD)],
        "nobody_documents_this": {"x": 1},
    }
    shown = await house.call("update_user_settings", ANN, change)
    ((to, name, d),) = told(house)
    assert (to, name) == (ANN, "USER_SETTINGS_UPDATE")
    assert d.keys() == change.keys() - {"nobody_documents_this"}
    assert shown["theme"] == d["theme"] == "light"
    assert shown["guild_folders"][0]["guild_ids"] == [str(GUILD)]
    assert shown["restricted_guilds"] == [str(GUILD)]
    assert shown["custom_status"]["text"] == "away"
    await house.call("update_user_settings", ANN, {"developer_mode": True, "custom_status": None})
    kept = await house.call("get_user_settings", ANN)
    assert (kept["theme"], kept["developer_mode"], kept["custom_status"]) == ("light", True, None)
    assert kept.keys() == first.keys()
    house.commits.clear()
    await house.call("update_user_settings", ANN, {"theme": "light"})
    assert told(house) == []
    assert (await house.call("get_user_settings", BOB)) == first


async def test_wrong_settings_are_named(house: House):
    change = {
        "theme": "pink",
        "afk_timeout": -1,
        "guild_folders": [{"guild_ids": ["x"]}],
        "custom_status": {"expires_at": "soon"},
    }
    errors = await wrong(house, "update_user_settings", change)
    assert {"theme", "afk_timeout", "guild_folders"} <= errors.keys()
    assert "custom_status" in await wrong(
        house, "update_user_settings", {"custom_status": {"expires_at": "soon"}}
    )


async def test_protocol_buffers_are_kept_as_they_are(house: House):
    at = {"settings_type": "1"}
    assert await house.call("get_proto_settings", ANN, **at) == {"settings": ""}
    text = base64.b64encode(b"\x0a\x00\xff").decode()
    assert await house.call("update_proto_settings", ANN, {"settings": text}, **at) == {
        "settings": text
    }
    d = {"settings": {"type": 1, "proto": text}, "partial": False}
    assert told(house) == [(ANN, "USER_SETTINGS_PROTO_UPDATE", d)]
    await house.call("update_proto_settings", ANN, {"settings": text}, **at)
    assert told(house) == []
    assert await house.call("get_proto_settings", ANN, **at) == {"settings": text}
    assert await house.call("get_proto_settings", ANN, settings_type="2") == {"settings": ""}
    assert await house.call("get_proto_settings", BOB, **at) == {"settings": ""}
    for bad in ("*", "AAAA" * 50_000, base64.b64encode(bytes(128 * 1024 + 1)).decode()):
        assert "settings" in await wrong(house, "update_proto_settings", {"settings": bad}, **at)
    assert "settings_type" in await wrong(
        house, "update_proto_settings", {"settings": ""}, settings_type="4"
    )


async def test_notification_settings_are_of_guilds_one_is_in(house: House):
    patch = {
        "message_notifications": 1,
        "suppress_everyone": True,
        "muted": True,
        "mute_config": {"end_time": LATER, "selected_time_window": 900},
        "channel_overrides": {str(TEXT): {"muted": True, "collapsed": True}},
    }
    at = {"guild_id": str(GUILD)}
    shown = await house.call("update_notification_settings", BOB, patch, **at)
    ((to, name, d),) = told(house)
    assert (to, name, d) == (BOB, "USER_GUILD_SETTINGS_UPDATE", shown)
    assert shown["guild_id"] == str(GUILD)
    assert (shown["muted"], shown["suppress_everyone"], shown["suppress_roles"]) == (
        True,
        True,
        False,
    )
    assert shown["mute_config"]["selected_time_window"] == 900
    (override,) = shown["channel_overrides"]
    assert (override["channel_id"], override["muted"], override["collapsed"]) == (
        str(TEXT),
        True,
        True,
    )
    await house.call("update_notification_settings", BOB, patch, **at)
    assert told(house) == []
    more = {"channel_overrides": {str(HIDDEN): {"message_notifications": 2}}, "muted": False}
    shown = await house.call("update_notification_settings", BOB, more, **at)
    assert (shown["muted"], shown["mute_config"], shown["message_notifications"]) == (
        False,
        None,
        1,
    )
    assert [each["channel_id"] for each in shown["channel_overrides"]] == [str(TEXT), str(HIDDEN)]
    # What is as it was at first needs no place.
    more = {"channel_overrides": {str(HIDDEN): {"message_notifications": 3}}}
    shown = await house.call("update_notification_settings", BOB, more, **at)
    assert [each["channel_id"] for each in shown["channel_overrides"]] == [str(TEXT)]
    house.commits.clear()
    await house.refused(UNKNOWN_GUILD, "update_notification_settings", BOB, {}, guild_id="7")


async def test_a_mute_ends_by_itself(house: House):
    wall = house.clock.wall()
    end = timestamp(int((wall + 60) * 1000))
    patch = {"muted": True, "mute_config": {"end_time": end, "selected_time_window": 60}}
    body = {"guilds": {"@me": patch, str(GUILD): {"channel_overrides": {str(TEXT): patch}}}}
    private, den = await house.call("update_all_notification_settings", BOB, body)
    assert (private["guild_id"], private["muted"]) == (None, True)
    assert den["channel_overrides"][0]["muted"]
    house.clock.seconds += 61
    private, den = await house.call(
        "update_all_notification_settings", BOB, {"guilds": {"@me": {}, str(GUILD): {}}}
    )
    assert (private["muted"], private["mute_config"]) == (False, None)
    assert not den["channel_overrides"][0]["muted"]


async def test_wrong_notification_settings_are_named(house: House):
    body = {"guilds": {"x": {}}}
    assert "guilds" in await wrong(house, "update_all_notification_settings", body)
    body = {"channel_overrides": {"x": {"muted": True}}}
    assert "channel_overrides" in await wrong(
        house, "update_notification_settings", body, guild_id="@me"
    )
    body = {"message_notifications": 4}
    errors = await wrong(house, "update_notification_settings", body, guild_id="@me")
    assert "message_notifications" in errors
    mute = {"mute_config": {"end_time": "soon"}}
    body = {"guilds": {"@me": {**mute, "channel_overrides": {str(TEXT): mute}}}}
    errors = (await wrong(house, "update_all_notification_settings", body))["guilds"]["@me"]
    assert errors["mute_config"].keys() == {"end_time"}
    assert errors["channel_overrides"][str(TEXT)].keys() == {"mute_config"}
    (problem,) = errors["mute_config"]["end_time"]["_errors"]
    assert problem["code"] == "DATE_TIME_TYPE_PARSE"
    many = {str(i): {"muted": True} for i in range(1, 1002)}
    assert "channel_overrides" in await wrong(
        house, "update_notification_settings", {"channel_overrides": many}, guild_id="@me"
    )


async def test_bots_have_no_settings(house: House):
    house.bots.add(BOB)
    for name, body, params in (
        ("list_notes", None, {}),
        ("get_user_settings", None, {}),
        ("update_user_settings", {}, {}),
        ("get_proto_settings", None, {"settings_type": "1"}),
        ("update_notification_settings", {}, {"guild_id": "@me"}),
        ("update_all_notification_settings", {"guilds": {}}, {}),
    ):
        await house.refused(USERS_ONLY, name, BOB, body, **params)
