"""Invites by the gate, in one World and in two."""

import asyncio
from typing import Any

import pytest

from hearth.actions.gate import call
from hearth.actions.gateway import end_stays
from hearth.actions.invites import MOST_INVITES
from hearth.core.errors import (
    BANNED,
    MAX_INVITES,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOT_A_TEXT_CHANNEL,
    RATE_LIMITED,
    UNAUTHORIZED,
    UNKNOWN_INVITE,
    USERS_ONLY,
    Refused,
)
from hearth.core.models.bans import Ban
from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.invites import Invite
from hearth.core.models.presence import PresencePut
from hearth.core.models.users import User
from hearth.core.operations import ANONYMOUS, OPERATIONS, SYSTEM, Principal
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House

DAN, EVE = 1004, 1005
DAY_S = 24 * 3600
ACCEPTED = ["GUILD_MEMBER_ADD", "MESSAGE_CREATE"]


async def make(house: House, who: int = ANN, channel: int = TEXT, **body: Any) -> Any:
    made = await house.call("create_channel_invite", who, body, channel_id=channel)
    house.clock.seconds += 60
    return made


async def strangers(house: House) -> None:
    """Dan and eve have accounts, and the guild greets who comes."""
    await house.owner.save([User(id=DAN, username="dan"), User(id=EVE, username="eve")])
    body = {"system_channel_id": TEXT}
    await house.call("update_guild", ANN, body, guild_id=GUILD)
    house.told()


async def settle() -> None:
    """Wait until who has gone has left."""
    for task in asyncio.all_tasks():
        if task.get_name() == "end-temporary-stay":
            await task
    await asyncio.sleep(0)


async def test_an_invite_is_made_and_shown(house: House) -> None:
    made = await make(house, BOB, max_age=60, max_uses=5, temporary=True)
    assert len(made["code"]) >= 8
    assert made["code"].isalnum()
    assert made["inviter"]["username"] == "bob"
    assert made["channel"] == {"id": str(TEXT), "type": 0, "name": "text"}
    assert made["guild"]["name"] == "Den"
    assert (made["uses"], made["max_uses"], made["max_age"]) == (0, 5, 60)
    assert made["temporary"] is True
    assert made["expires_at"] is not None
    assert house.told() == ["INVITE_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    house.clock.seconds -= 60
    assert await house.call("list_channel_invites", ANN, channel_id=TEXT) == [made]
    assert await house.call("list_guild_invites", ANN, guild_id=GUILD) == [made]
    plain = await house.call("invite_resolve", DAN, code=made["code"])
    assert not plain.keys() & {"uses", "max_uses", "max_age", "temporary", "created_at"}
    assert "approximate_member_count" not in plain
    counted = await house.call(
        "invite_resolve", DAN, query={"with_counts": "true"}, code=made["code"]
    )
    assert (counted["approximate_member_count"], counted["approximate_presence_count"]) == (3, 0)


async def test_anybody_may_ask_where_an_invite_leads(house: House) -> None:
    made = await make(house)
    operation = OPERATIONS["invite_resolve"]
    assert operation.query is not None
    reply = await call(
        house.entry, operation, ANONYMOUS, {"code": made["code"]}, None, operation.query()
    )
    assert reply.value.code == made["code"]


async def test_one_alike_is_given_again_unless_it_is_to_be_unique(house: House) -> None:
    first = await make(house)
    again = await make(house)
    assert again["code"] == first["code"]
    for body in ({"unique": True}, {"max_uses": 1}, {"max_age": 0}, {"temporary": True}):
        assert (await make(house, **body))["code"] != first["code"]
    assert (await make(house, BOB))["code"] != first["code"]
    house.clock.seconds += DAY_S
    assert (await make(house))["code"] != first["code"]


async def test_who_accepts_becomes_a_member(house: House) -> None:
    await strangers(house)
    made = await make(house, max_uses=2)
    house.told()
    joined = await house.call("accept_invite", DAN, code=made["code"])
    assert (joined["guild_id"], joined["new_member"]) == (str(GUILD), True)
    assert house.told() == ACCEPTED
    (message,) = await house.call("list_messages", DAN, channel_id=TEXT)
    assert (message["type"], message["author"]["username"]) == (7, "dan")
    assert (await house.snapshot()).members[DAN].temporary is False
    # Who is a member already uses nothing up.
    assert (await house.call("accept_invite", DAN, code=made["code"]))["new_member"] is False
    assert house.told() == []
    assert (await house.call("list_channel_invites", ANN, channel_id=TEXT))[0]["uses"] == 1


async def test_of_two_at_once_one_has_the_last_use(house: House) -> None:
    await strangers(house)
    made = await make(house, max_uses=1)
    results = await asyncio.gather(
        *(house.call("accept_invite", who, code=made["code"]) for who in (DAN, EVE)),
        return_exceptions=True,
    )
    refusals = [each for each in results if isinstance(each, Refused)]
    assert [each.error for each in refusals] == [UNKNOWN_INVITE]
    assert len(set((await house.snapshot()).members) & {DAN, EVE}) == 1
    house.told()
    await house.refused(UNKNOWN_INVITE, "invite_resolve", DAN, code=made["code"])


async def test_no_greeting_where_the_guild_wants_none(house: House) -> None:
    await strangers(house)
    body = {"system_channel_flags": 1}
    await house.call("update_guild", ANN, body, guild_id=GUILD)
    made = await make(house)
    house.told()
    await house.call("accept_invite", DAN, code=made["code"])
    assert house.told() == ["GUILD_MEMBER_ADD"]


async def test_a_full_disk_keeps_nobody_out(house: House) -> None:
    await strangers(house)
    made = await make(house)
    house.owner.log.full = True  # pyright: ignore[reportAttributeAccessIssue]
    assert (await house.call("accept_invite", DAN, code=made["code"]))["new_member"] is True


async def test_who_may_not_come(house: House) -> None:
    await strangers(house)
    made = await make(house)
    await house.owner.directory.commit([Ban(guild_id=GUILD, user_id=DAN)], [])
    house.told()
    await house.refused(BANNED, "accept_invite", DAN, code=made["code"])
    await house.refused(UNKNOWN_INVITE, "accept_invite", EVE, code="nothing")
    operation, params = OPERATIONS["accept_invite"], {"code": made["code"]}
    for who, error in (
        (ANONYMOUS, UNAUTHORIZED),
        (Principal(kind="bot", user_id=EVE), USERS_ONLY),
        (SYSTEM, UNAUTHORIZED),
    ):
        with pytest.raises(Refused) as caught:
            await call(house.entry, operation, who, params)
        assert caught.value.error is error
    await house.call("update_guild", ANN, {"features": ["INVITES_DISABLED"]}, guild_id=GUILD)
    house.told()
    await house.refused(UNKNOWN_INVITE, "accept_invite", EVE, code=made["code"])


async def test_an_invite_lapses_and_is_swept_out(house: House) -> None:
    made = await make(house, max_age=120)
    house.told()
    house.clock.seconds += 61
    await house.refused(UNKNOWN_INVITE, "invite_resolve", BOB, code=made["code"])
    await house.refused(UNKNOWN_INVITE, "accept_invite", DAN, code=made["code"])
    assert await house.call("list_guild_invites", ANN, guild_id=GUILD) == []
    await make(house)
    assert await house.owner.directory.invite(made["code"]) is None


async def test_an_invite_is_taken_back(house: House) -> None:
    made = await make(house)
    hidden = await make(house, channel=HIDDEN)
    house.told()
    await house.refused(MISSING_PERMISSIONS, "invite_revoke", BOB, code=made["code"])
    await house.refused(MISSING_ACCESS, "invite_revoke", DAN, code=made["code"])
    gone = await house.call("invite_revoke", CAT, code=made["code"])
    assert gone["code"] == made["code"]
    assert house.told() == ["INVITE_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    await house.refused(UNKNOWN_INVITE, "invite_resolve", BOB, code=made["code"])
    await house.refused(UNKNOWN_INVITE, "invite_revoke", ANN, code=made["code"])
    # With its channel an invite goes too.
    await house.call("delete_channel", ANN, channel_id=HIDDEN)
    house.told()
    await house.refused(UNKNOWN_INVITE, "invite_resolve", BOB, code=hidden["code"])


async def test_who_sees_the_list(house: House) -> None:
    await make(house)
    await house.call(
        "update_guild_role",
        ANN,
        {"permissions": str(P.VIEW_AUDIT_LOG)},
        guild_id=GUILD,
        role_id=MODS,
    )
    (seen,) = await house.call("list_guild_invites", CAT, guild_id=GUILD)
    assert "uses" not in seen
    house.told()
    await house.refused(MISSING_PERMISSIONS, "list_guild_invites", BOB, guild_id=GUILD)
    await house.refused(MISSING_PERMISSIONS, "list_channel_invites", CAT, channel_id=TEXT)


async def test_a_channel_that_is_made_while_the_list_is_read(house: House) -> None:
    made = await make(house)
    # Since the call came in, a channel and an invite to it were committed.
    late = Channel(id=2999, guild_id=GUILD, type=ChannelType.GUILD_TEXT, name="late")
    invite = Invite(
        code="late", guild_id=GUILD, channel_id=late.id, inviter_id=None, created_at_ms=1
    )
    await house.owner.directory.commit([late, invite], [])
    assert await house.call("list_guild_invites", ANN, guild_id=GUILD) == [made]


async def test_a_guild_has_a_thousand(house: House) -> None:
    many = [
        Invite(
            code=f"many{i}",
            guild_id=GUILD,
            channel_id=TEXT,
            inviter_id=None,
            created_at_ms=house.owner.wall_ms(),
        )
        for i in range(MOST_INVITES)
    ]
    await house.owner.directory.commit(many, [])
    await house.refused(MAX_INVITES, "create_channel_invite", ANN, {}, channel_id=TEXT)
    await house.owner.directory.commit([], many[:1])
    assert await make(house)


async def test_categories_take_no_invites(house: House) -> None:
    made = await house.call(
        "create_guild_channel", ANN, {"name": "more", "type": 4}, guild_id=GUILD
    )
    house.told()
    with pytest.raises(Refused) as caught:
        await make(house, channel=int(made["id"]))
    assert caught.value.error.code == 50024
    assert caught.value.error is not NOT_A_TEXT_CHANNEL


async def presence(house: House, user: int, session: str, status: str | None) -> None:
    """A session of a user shows a status, or has ended."""
    params: dict[str, int | str] = {"user_id": user, "session_id": session, "client": "web"}
    body = None if status is None else PresencePut(status=status)  # pyright: ignore
    await call(house.owner, OPERATIONS["set_session_presence"], SYSTEM, params, body)
    await settle()


async def test_a_temporary_member_leaves_with_the_last_session(house: House) -> None:
    await strangers(house)
    made = await make(house, temporary=True)
    for who in (DAN, EVE):
        await house.call("accept_invite", who, code=made["code"])
        await presence(house, who, "a", "online")
        await presence(house, who, "b", "invisible")
    house.told()
    await presence(house, DAN, "a", None)
    assert DAN in (await house.snapshot()).members
    # Invisible is not gone.
    await presence(house, DAN, "b", None)
    assert DAN not in (await house.snapshot()).members
    assert "GUILD_MEMBER_REMOVE" in house.told()
    await house.call("add_guild_member_role", ANN, guild_id=GUILD, user_id=EVE, role_id=MODS)
    for session in ("a", "b"):
        await presence(house, EVE, session, None)
    assert EVE in (await house.snapshot()).members
    await presence(house, BOB, "c", "online")
    await presence(house, BOB, "c", None)
    assert BOB in (await house.snapshot()).members


async def test_an_owner_is_not_temporary(house: House) -> None:
    await strangers(house)
    made = await make(house, temporary=True)
    await house.call("accept_invite", DAN, code=made["code"])
    await presence(house, DAN, "a", "online")
    await house.call("update_guild", ANN, {"owner_id": str(DAN)}, guild_id=GUILD)
    await presence(house, DAN, "a", None)
    assert DAN in (await house.snapshot()).members


async def test_who_outlived_a_crash_leaves_a_while_after_the_start(house: House) -> None:
    await strangers(house)
    made = await make(house, temporary=True)
    for who in (DAN, EVE):
        await house.call("accept_invite", who, code=made["code"])
    # Both were connected when the server was killed; one has come back.
    await presence(house, EVE, "a", "invisible")
    house.told()
    await end_stays(house.owner)
    await asyncio.sleep(0)
    assert {*(await house.snapshot()).members} & {DAN, EVE} == {EVE}
    assert house.told() == ["GUILD_MEMBER_REMOVE"]


async def test_each_address_that_nobody_knows_has_a_limit(house: House) -> None:
    made = await make(house)
    operation = OPERATIONS["invite_resolve"]
    assert operation.query is not None

    async def resolve(address: str) -> Any:
        at = {"code": made["code"], "address": address}
        return await call(house.entry, operation, ANONYMOUS, at, None, operation.query())

    for left in reversed(range(operation.rate.limit)):
        reply = await resolve("192.0.2.1")
        assert reply.limit is not None
        assert reply.limit.remaining == left
    with pytest.raises(Refused) as caught:
        await resolve("192.0.2.1")
    assert caught.value.error is RATE_LIMITED
    assert (await resolve("192.0.2.2")).limit
    # A Unix socket says no address.
    for _ in range(operation.rate.limit + 1):
        assert (await resolve("")).limit is None
    house.clock.seconds += operation.rate.per
    assert (await resolve("192.0.2.1")).limit
