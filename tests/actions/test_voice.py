"""Voice states: joining, limits, moving, muting, stages; who is told, and what ends them."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hearth.actions.gate import call
from hearth.core.errors import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOT_IN_VOICE,
    STAGE_OPEN,
    SYSTEM_MESSAGE,
    UNAUTHORIZED,
    UNKNOWN_CHANNEL,
    UNKNOWN_STAGE_INSTANCE,
    UNKNOWN_VOICE_STATE,
    WRONG_CHANNEL_TYPE,
)
from hearth.core.models.voice import VoiceState
from hearth.core.operations import OPERATIONS, SYSTEM
from hearth.core.permissions import P
from hearth.core.voice import MODERATES_STAGE, flags
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House

WHERE = {"guild_id": GUILD}


async def channel(house: House, **more: Any) -> int:
    """A new channel of ann's, a voice channel unless it is said otherwise."""
    body = {"name": "talk", "type": 2, **more}
    made = await house.call("create_guild_channel", ANN, body, **WHERE)
    house.told()
    return int(made["id"])


async def go(house: House, who: int, where: int | None, session: str = "", **more: Any) -> None:
    """Op 4 of a session of `who`'s."""
    body = {"guild_id": GUILD, "channel_id": where, **more}
    at = {**WHERE, "session_id": session or f"s{who}", "client": "web", "endpoint": "here/voice"}
    await house.call("request_voice_state", who, body, **at)


async def states(house: House) -> dict[int, VoiceState]:
    """Who is in voice, as the entry knows it."""
    return (await house.snapshot()).voice_states


async def grant(house: House, permissions: int) -> None:
    """Let bob have a role with these permissions."""
    made = await house.call(
        "create_guild_role", ANN, {"name": "r", "permissions": str(permissions)}, **WHERE
    )
    await house.call("add_guild_member_role", ANN, user_id=BOB, role_id=int(made["id"]), **WHERE)
    house.told()


def events(house: House, name: str) -> list[Any]:
    """The events of this name that were told, and forgets all."""
    found = [e for commit in house.commits for e in commit.tell if e.name == name]
    house.commits.clear()
    return found


JOINED = ["VOICE_STATE_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE", "VOICE_SERVER_UPDATE"]
LEFT = ["VOICE_STATE_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE"]


async def test_to_join_change_and_leave(house: House) -> None:
    talk = await channel(house)
    await go(house, BOB, talk, self_mute=True)
    assert house.told() == JOINED
    first = (await states(house))[BOB]
    assert (first.channel_id, first.self_mute, first.suppress) == (talk, True, False)
    shown = await house.call("get_self_voice_state", BOB, **WHERE)
    assert shown["session_id"] == first.session_id != first.session
    assert (shown["channel_id"], shown["guild_id"]) == (str(talk), str(GUILD))
    assert shown["member"]["user"]["id"] == str(BOB)
    await go(house, BOB, talk, self_deaf=True)
    assert house.told() == ["VOICE_STATE_UPDATE"]
    assert (await states(house))[BOB].self_deaf
    # Who asks again without a change wants to connect again.
    await go(house, BOB, talk, self_deaf=True)
    assert house.told() == ["VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"]
    await go(house, ANN, talk)
    assert house.told() == ["VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"]
    # Another session of the same user does not hang up for the one that is there.
    await go(house, BOB, None, session="other")
    assert house.told() == []
    await go(house, BOB, None)
    assert house.told() == ["VOICE_STATE_UPDATE"]
    await go(house, ANN, None)
    assert house.told() == LEFT
    assert await states(house) == {}
    await house.refused(UNKNOWN_VOICE_STATE, "get_self_voice_state", BOB, **WHERE)


async def test_one_place_in_a_guild(house: House) -> None:
    one, two = await channel(house), await channel(house)
    await go(house, BOB, one)
    first = (await states(house))[BOB]
    await go(house, BOB, two)
    (moved, *_) = events(house, "VOICE_STATE_UPDATE")[1:]
    assert (moved.before, moved.channel_id) == (one, two)
    assert (await states(house))[BOB].session_id == first.session_id
    await go(house, BOB, two, session="phone")
    taken = (await states(house))[BOB]
    assert taken.session == "phone"
    assert taken.session_id != first.session_id
    server = events(house, "VOICE_SERVER_UPDATE")[-1]
    assert (server.session, server.guild_id, server.endpoint) == ("phone", GUILD, "here/voice")
    assert len(server.token) >= 32


async def test_a_session_that_ends_leaves(house: House) -> None:
    talk = await channel(house)
    await go(house, BOB, talk)
    house.told()
    for session, names in (("another", []), (f"s{BOB}", LEFT)):
        at = {"home_id": GUILD, "user_id": BOB, "session": session}
        await call(house.entry, OPERATIONS["leave_voice"], SYSTEM, at)
        await go(house, CAT, None)
        assert house.told() == names
    await house.refused(
        UNAUTHORIZED, "leave_voice", BOB, home_id=GUILD, user_id=BOB, session=f"s{BOB}"
    )


async def test_where_one_may_not_be(house: House) -> None:
    deny = [{"id": str(GUILD), "type": 0, "deny": str(P.CONNECT)}]
    shut = await channel(house, permission_overwrites=deny)
    hidden = [{"id": str(GUILD), "type": 0, "deny": str(P.VIEW_CHANNEL)}]
    unseen = await channel(house, permission_overwrites=hidden)
    for where, error in (
        (shut, MISSING_PERMISSIONS),
        (unseen, MISSING_ACCESS),
        (HIDDEN, MISSING_ACCESS),
        (TEXT, WRONG_CHANNEL_TYPE),
        (77, UNKNOWN_CHANNEL),
    ):
        body = {"guild_id": GUILD, "channel_id": where}
        at = {**WHERE, "session_id": "s", "endpoint": ""}
        await house.refused(error, "request_voice_state", BOB, body, **at)
    assert await states(house) == {}


async def test_a_channel_has_room_for_so_many(house: House) -> None:
    talk = await channel(house, user_limit=1)
    await go(house, CAT, talk)
    house.told()
    body = {"guild_id": GUILD, "channel_id": talk}
    at = {**WHERE, "session_id": "s", "endpoint": ""}
    await house.refused(MISSING_PERMISSIONS, "request_voice_state", BOB, body, **at)
    await go(house, CAT, talk, self_mute=True)
    await go(house, ANN, talk)
    assert set(await states(house)) == {ANN, CAT}


async def test_a_moderator_mutes_moves_and_disconnects(house: House) -> None:
    one, two = await channel(house), await channel(house)
    await go(house, BOB, one)
    house.told()
    at = {**WHERE, "user_id": BOB}
    await house.refused(MISSING_PERMISSIONS, "update_guild_member", CAT, {"mute": True}, **at)
    await house.refused(
        NOT_IN_VOICE, "update_guild_member", ANN, {"deaf": True}, **{**at, "user_id": CAT}
    )
    await house.call("update_guild_member", ANN, {"mute": True, "deaf": True}, **at)
    assert house.told() == [
        "GUILD_MEMBER_UPDATE",
        "VOICE_STATE_UPDATE",
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
    ]
    shown = await house.call("get_voice_state", ANN, **at)
    assert (shown["mute"], shown["deaf"]) == (True, True)
    await house.call("update_guild_member", ANN, {"channel_id": str(two)}, **at)
    assert [e.entry.action_type for e in events(house, "GUILD_AUDIT_LOG_ENTRY_CREATE")] == [26]
    assert (await states(house))[BOB].channel_id == two
    # Being moved by somebody else gives another token to the same session.
    await house.call("update_guild_member", ANN, {"channel_id": str(one)}, **at)
    (server,) = events(house, "VOICE_SERVER_UPDATE")
    assert (server.user, server.session) == (BOB, f"s{BOB}")
    await house.refused(
        WRONG_CHANNEL_TYPE, "update_guild_member", ANN, {"channel_id": str(TEXT)}, **at
    )
    await house.call("update_guild_member", ANN, {"channel_id": None}, **at)
    assert house.told()[0] == "GUILD_AUDIT_LOG_ENTRY_CREATE"
    assert await states(house) == {}


async def test_nobody_is_moved_where_they_see_nothing(house: House) -> None:
    talk = await channel(house)
    hidden = [{"id": str(GUILD), "type": 0, "deny": str(P.VIEW_CHANNEL)}]
    unseen = await channel(house, permission_overwrites=hidden)
    deny = [{"id": str(GUILD), "type": 0, "deny": str(P.CONNECT)}]
    shut = await channel(house, permission_overwrites=deny)
    await go(house, BOB, talk)
    house.told()
    at = {**WHERE, "user_id": BOB}
    body = {"channel_id": str(unseen)}
    await house.refused(MISSING_PERMISSIONS, "update_guild_member", ANN, body, **at)
    # Where they may not go by themselves they may be led, and stay while they see it.
    await house.call("update_guild_member", ANN, {"channel_id": str(shut)}, **at)
    assert (await states(house))[BOB].channel_id == shut
    await house.call("update_channel", ANN, {"topic": "x"}, channel_id=shut)
    assert (await states(house))[BOB].channel_id == shut
    hide = {"type": 0, "deny": str(P.VIEW_CHANNEL)}
    await house.call(
        "set_channel_permission_overwrite", ANN, hide, channel_id=shut, overwrite_id=GUILD
    )
    assert await states(house) == {}


@pytest.mark.parametrize("by", ["overwrite", "role", "channel", "kick", "timeout", "leave"])
async def test_what_ends_a_stay(house: House, by: str) -> None:
    talk = await channel(house)
    await go(house, BOB, talk)
    await go(house, ANN, talk)
    house.told()
    if by == "overwrite":
        deny = {"type": 0, "deny": str(P.CONNECT)}
        at = {"channel_id": talk, "overwrite_id": GUILD}
        await house.call("set_channel_permission_overwrite", ANN, deny, **at)
    elif by == "role":
        body = {"permissions": str(P.VIEW_CHANNEL)}
        await house.call("update_guild_role", ANN, body, role_id=GUILD, **WHERE)
    elif by == "channel":
        await house.call("delete_channel", ANN, channel_id=talk)
    elif by == "kick":
        await house.call("delete_guild_member", ANN, user_id=BOB, **WHERE)
    elif by == "timeout":
        until = {"communication_disabled_until": "2027-01-15T08:20:00+00:00"}
        await house.call("update_guild_member", ANN, until, user_id=BOB, **WHERE)
    else:
        await house.call("leave_guild", BOB, **WHERE)
    left = events(house, "VOICE_STATE_UPDATE")
    assert {each.user_id for each in left if each.gone} >= {BOB}
    assert set(await states(house)) == (set() if by == "channel" else {ANN})


async def test_who_may_not_speak_is_suppressed(house: House) -> None:
    deny = [{"id": str(GUILD), "type": 0, "deny": str(P.SPEAK)}]
    talk = await channel(house, permission_overwrites=deny)
    await go(house, BOB, talk, self_video=True)
    state = (await states(house))[BOB]
    assert (state.suppress, state.self_video) == (True, True)
    assert flags(await house.snapshot(), state, house.entry.wall_ms())[0] is False
    allow = {"type": 0, "allow": str(P.SPEAK), "deny": str(P.STREAM)}
    at = {"channel_id": talk, "overwrite_id": GUILD}
    await house.call("set_channel_permission_overwrite", ANN, allow, **at)
    state = (await states(house))[BOB]
    assert (state.suppress, state.self_video) == (False, False)
    heard, hears, shows, first = flags(await house.snapshot(), state, house.entry.wall_ms())
    assert (heard, hears, shows, first) == (True, True, False, False)


@pytest.mark.parametrize(
    ("member", "own", "expected"),
    [
        ({}, {}, (True, True, True, False)),
        ({"mute": True}, {}, (False, True, True, False)),
        ({"deaf": True}, {}, (True, False, True, False)),
        ({}, {"self_mute": True}, (False, True, True, False)),
        # Bots that play music are deaf by their own wish.
        ({}, {"self_deaf": True}, (True, False, True, False)),
    ],
)
async def test_what_one_may_do_with_media(
    house: House, member: Any, own: Any, expected: Any
) -> None:
    talk = await channel(house)
    await go(house, BOB, talk, **own)
    if member:
        await house.call("update_guild_member", ANN, member, user_id=BOB, **WHERE)
    snapshot = await house.snapshot()
    state = snapshot.voice_states[BOB]
    assert flags(snapshot, state, house.entry.wall_ms()) == expected


async def test_a_stage(house: House) -> None:
    stage = await channel(house, type=13)
    await go(house, BOB, stage)
    await go(house, ANN, stage)
    house.told()
    assert all(state.suppress for state in (await states(house)).values())
    me = "update_self_voice_state"
    await house.refused(MISSING_PERMISSIONS, me, BOB, {"suppress": False}, **WHERE)
    now = "2027-01-15T08:20:00+00:00"
    await house.call(me, BOB, {"request_to_speak_timestamp": now}, **WHERE)
    assert (await states(house))[BOB].request_to_speak_ms is not None
    await house.call(me, BOB, {"request_to_speak_timestamp": None}, **WHERE)
    assert (await states(house))[BOB].request_to_speak_ms is None
    house.told()
    await house.refused(
        MISSING_PERMISSIONS, "update_voice_state", CAT, {"suppress": False}, user_id=BOB, **WHERE
    )
    await house.call("update_voice_state", ANN, {"suppress": False}, user_id=BOB, **WHERE)
    snapshot = await house.snapshot()
    asked = snapshot.voice_states[BOB]
    assert (asked.suppress, asked.request_to_speak_ms is None) == (False, False)
    assert not flags(snapshot, asked, house.entry.wall_ms())[0]
    await house.call(me, BOB, {"request_to_speak_timestamp": None}, **WHERE)
    snapshot = await house.snapshot()
    assert flags(snapshot, snapshot.voice_states[BOB], house.entry.wall_ms())[0]
    # A change of permissions leaves speakers where they are.
    await house.call("update_channel", ANN, {"topic": "x"}, channel_id=stage)
    assert not (await states(house))[BOB].suppress
    await house.call("update_voice_state", ANN, {"suppress": True}, user_id=BOB, **WHERE)
    assert (await states(house))[BOB].suppress
    await house.call(me, ANN, {"suppress": False}, **WHERE)
    assert not (await states(house))[ANN].suppress


async def test_speaking_is_asked_for_on_stages_only(house: House) -> None:
    talk = await channel(house)
    await go(house, BOB, talk)
    house.told()
    me = "update_self_voice_state"
    await house.refused(WRONG_CHANNEL_TYPE, me, BOB, {"suppress": True}, **WHERE)
    await house.refused(UNKNOWN_VOICE_STATE, me, BOB, {"channel_id": str(TEXT)}, **WHERE)


async def test_a_stage_is_live(house: House) -> None:
    stage = await channel(house, type=13)
    body = {"channel_id": str(stage), "topic": "news"}
    await house.refused(MISSING_PERMISSIONS, "create_stage_instance", BOB, body)
    made = await house.call("create_stage_instance", ANN, body)
    audit, said = "GUILD_AUDIT_LOG_ENTRY_CREATE", "MESSAGE_CREATE"
    assert house.told() == [audit, "STAGE_INSTANCE_CREATE", said]
    assert (made["topic"], made["privacy_level"]) == ("news", 2)
    await house.refused(STAGE_OPEN, "create_stage_instance", ANN, body)
    at = {"channel_id": stage}
    assert await house.call("get_stage_instance", BOB, **at) == made
    changed = await house.call("update_stage_instance", ANN, {"topic": "more"}, **at)
    assert changed == {**made, "topic": "more"}
    assert house.told() == [audit, "STAGE_INSTANCE_UPDATE", said]
    await house.call("update_stage_instance", ANN, {"topic": "more"}, **at)
    assert house.told() == []
    await house.call("delete_stage_instance", ANN, **at)
    assert house.told() == [audit, "STAGE_INSTANCE_DELETE", said]
    await house.refused(UNKNOWN_STAGE_INSTANCE, "get_stage_instance", ANN, **at)
    # The last to leave closes it.
    await house.call("create_stage_instance", ANN, body)
    await go(house, BOB, stage)
    house.told()
    await go(house, BOB, None)
    told: list[str] = []
    async with asyncio.timeout(10):
        # The message is not waited for.
        while said not in told:
            await asyncio.sleep(0)
            told += house.told()
    assert told == [*LEFT, "STAGE_INSTANCE_DELETE", said]
    text = {"channel_id": str(TEXT), "topic": "news"}
    await house.refused(WRONG_CHANNEL_TYPE, "create_stage_instance", ANN, text)


async def test_everyone_is_told_that_a_stage_began(house: House) -> None:
    stage = await channel(house, type=13)
    body = {"channel_id": str(stage), "topic": "news", "send_start_notification": True}
    await house.call("create_stage_instance", ANN, body)
    assert house.told()[-1] == "MESSAGE_CREATE"
    (said,) = await house.call("list_messages", BOB, query={}, channel_id=stage)
    assert (said["type"], said["content"], said["mention_everyone"]) == (27, "news", True)
    # Who may not mention everyone opens it, and mentions nobody.
    await house.call("delete_stage_instance", ANN, channel_id=stage)
    await grant(house, MODERATES_STAGE)
    for permission in (0, P.MENTION_EVERYONE):
        basic = P.VIEW_CHANNEL | P.CONNECT | P.SEND_MESSAGES | P.READ_MESSAGE_HISTORY
        role = {"permissions": str(permission | basic)}
        await house.call("update_guild_role", ANN, role, role_id=GUILD, **WHERE)
        house.told()
        await house.call("create_stage_instance", BOB, body)
        said = (await house.call("list_messages", BOB, query={}, channel_id=stage))[0]
        assert (said["type"], said["mention_everyone"]) == (27, bool(permission))
        await house.call("delete_stage_instance", BOB, channel_id=stage)


async def test_the_chat_of_a_stage_says_what_happens_there(house: House) -> None:
    stage = await channel(house, type=13)
    for who in (ANN, BOB):
        await go(house, who, stage)
    me = "update_self_voice_state"
    # Before it is open nothing is said.
    await house.call(me, ANN, {"suppress": False}, **WHERE)
    await house.call(me, ANN, {"suppress": True}, **WHERE)
    await house.call("create_stage_instance", ANN, {"channel_id": str(stage), "topic": "news"})
    # Who is invited speaks once they say yes.
    await house.call("update_voice_state", ANN, {"suppress": False}, user_id=BOB, **WHERE)
    await house.call(me, BOB, {"request_to_speak_timestamp": None}, **WHERE)
    await house.call(me, BOB, {"suppress": True}, **WHERE)
    await house.call(me, ANN, {"suppress": False}, **WHERE)
    await house.call("update_stage_instance", ANN, {"topic": "more"}, channel_id=stage)
    await go(house, ANN, None)
    # The last to leave ends it.
    await go(house, BOB, None)
    wanted = [(27, ANN, "news"), (29, BOB, ""), (29, ANN, ""), (31, ANN, "more"), (28, BOB, "more")]
    said: list[tuple[int, int, str]] = []
    async with asyncio.timeout(10):
        # What follows by itself is not waited for.
        while len(said) < len(wanted):
            found = await house.call("list_messages", ANN, query={}, channel_id=stage)
            said = [(each["type"], int(each["author"]["id"]), each["content"]) for each in found]
    assert said[::-1] == wanted
    # They are not edited, and a moderator may delete them.
    house.told()
    last = int(found[0]["id"])
    edit = {"content": "x"}
    await house.refused(
        SYSTEM_MESSAGE, "update_message", BOB, edit, channel_id=stage, message_id=last
    )
    await house.call("delete_message", ANN, channel_id=stage, message_id=last)
    # With its channel a stage ends, and there is no chat to say it in.
    await house.call("create_stage_instance", ANN, {"channel_id": str(stage), "topic": "news"})
    await go(house, BOB, stage)
    house.told()
    await house.call("delete_channel", ANN, channel_id=stage)
    assert "STAGE_INSTANCE_DELETE" in house.told()


async def test_the_status_of_a_channel(house: House) -> None:
    talk = await channel(house)
    at = {"channel_id": talk}
    body = {"status": "chess"}
    await grant(house, P.SET_VOICE_CHANNEL_STATUS)
    await house.refused(MISSING_PERMISSIONS, "update_voice_channel_status", BOB, body, **at)
    await go(house, BOB, talk)
    house.told()
    await house.call("update_voice_channel_status", BOB, body, **at)
    assert house.told() == ["GUILD_AUDIT_LOG_ENTRY_CREATE", "VOICE_CHANNEL_STATUS_UPDATE"]
    asked = {"guild_id": GUILD, "fields": ["status", "voice_start_time"]}
    info = await house.call("request_channel_info", CAT, asked, **WHERE)
    (found,) = info["channels"]
    assert (found["id"], found["status"]) == (str(talk), "chess")
    assert found["voice_start_time"] == house.entry.wall_ms() // 1000
    await go(house, BOB, None)
    assert house.told() == [*LEFT, "VOICE_CHANNEL_STATUS_UPDATE"]
    info = await house.call("request_channel_statuses", CAT, {"guild_id": GUILD}, **WHERE)
    assert info["channels"] == []


async def test_a_hidden_channel_says_nothing(house: House) -> None:
    hidden = [
        {"id": str(GUILD), "type": 0, "deny": str(P.VIEW_CHANNEL)},
        {"id": str(MODS), "type": 0, "allow": str(P.VIEW_CHANNEL)},
    ]
    talk = await channel(house, permission_overwrites=hidden)
    await go(house, CAT, talk)
    house.told()
    await house.refused(UNKNOWN_VOICE_STATE, "get_voice_state", BOB, user_id=CAT, **WHERE)
    asked = {"guild_id": GUILD, "fields": ["voice_start_time"]}
    info = await house.call("request_channel_info", BOB, asked, **WHERE)
    assert info["channels"] == []
    await house.refused(
        UNKNOWN_VOICE_STATE, "update_voice_state", BOB, {"suppress": True}, user_id=CAT, **WHERE
    )


async def test_who_is_silent_and_away_is_moved(house: House) -> None:
    talk, away = await channel(house), await channel(house)
    await house.call("update_guild", ANN, {"afk_channel_id": str(away)}, **WHERE)
    await go(house, BOB, talk)
    house.told()
    at = {"home_id": GUILD, "user_id": BOB}
    await call(house.entry, OPERATIONS["move_to_afk"], SYSTEM, at)
    await asyncio.sleep(0)
    state = (await states(house))[BOB]
    assert (state.channel_id, state.suppress) == (away, True)


async def test_whose_media_is_gone_gets_another_token_where_they_are(house: House) -> None:
    talk = await channel(house)
    await go(house, BOB, talk)
    (first,) = events(house, "VOICE_SERVER_UPDATE")
    state = (await states(house))[BOB]
    at: dict[str, int | str] = {"home_id": GUILD, "user_id": BOB, "session_id": state.session_id}
    await call(house.entry, OPERATIONS["set_streaming"], SYSTEM, {**at, "on": 1})
    house.told()
    await call(house.entry, OPERATIONS["readmit_voice"], SYSTEM, {**at, "session_id": "another"})
    assert events(house, "VOICE_SERVER_UPDATE") == []
    await call(house.entry, OPERATIONS["readmit_voice"], SYSTEM, at)
    await asyncio.sleep(0)
    (again,) = events(house, "VOICE_SERVER_UPDATE")
    assert again.token != first.token
    # What was shown is not any more; they are where they were.
    after = (await states(house))[BOB]
    assert after == replace(state, self_stream=False)
