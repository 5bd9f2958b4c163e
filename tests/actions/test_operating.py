"""What the operator changes: as members' own operations do it, noted first, and for nobody else."""

from typing import Any

import msgspec
import pytest

from hearth.actions.all import MODULES
from hearth.actions.collection import GRACE_S, collect_blobs
from hearth.actions.gate import call
from hearth.actions.scopes import AsOperator, AsOperatorInGuild
from hearth.core.errors import (
    FEATURE_DISABLED,
    MISSING_PERMISSIONS,
    NOT_IN_DM,
    UNAUTHORIZED,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_MESSAGE,
    Error,
    Refused,
)
from hearth.core.models.users import Application, Token, User
from hearth.core.operations import OPERATIONS, OPERATOR, Operation, Principal
from hearth.core.wire import decode
from tests.actions.house import ANN, BOB, CAT, GUILD, MODS, TEXT, House

assert MODULES

BOT = 5000
FOR_OPERATORS = [
    each for each in OPERATIONS.values() if issubclass(each.scope, AsOperator | AsOperatorInGuild)
]
SERVERS_OWN = [each for each in OPERATIONS.values() if each.scope.__name__ == "OfUser"]


async def operate(house: House, name: str, **body: Any) -> Any:
    """The operator's call, as JSON gives it."""
    operation = OPERATIONS[name]
    form = None
    if operation.body is not None:
        form = decode(operation.body, msgspec.json.encode(body))
    reply = await call(house.entry, operation, OPERATOR, {"uid": 7}, form)
    return msgspec.json.decode(msgspec.json.encode(reply.value))


async def is_refused(house: House, error: Error, name: str, **body: Any) -> None:
    with pytest.raises(Refused) as caught:
        await operate(house, name, **body)
    assert caught.value.error is error


async def noted(house: House) -> list[tuple[str, int, int]]:
    """The operator log, newest first."""
    found = await house.owner.directory.operator_log(100)
    return [(each.action, each.target_id, each.uid) for each in found]


def roles_of(house: House, user_id: int) -> tuple[int, ...]:
    snapshot = house.owner.homes[GUILD].snapshot
    assert snapshot is not None
    return snapshot.members[user_id].roles


@pytest.mark.parametrize("operation", FOR_OPERATORS + SERVERS_OWN, ids=lambda each: each.name)
@pytest.mark.parametrize("kind", ["user", "bot", "anonymous"])
async def test_it_is_for_the_operator_alone(house: House, operation: Operation, kind: str) -> None:
    who = Principal(kind=kind, user_id=0 if kind == "anonymous" else ANN)
    with pytest.raises(Refused) as caught:
        await call(house.entry, operation, who, {"guild_id": GUILD, "user_id": BOB})
    assert caught.value.error is UNAUTHORIZED
    assert await noted(house) == []


async def test_roles(house: House) -> None:
    wish = {"guild": "Den", "user": "bob", "role": "mods"}
    for _ in range(2):
        assert await operate(house, "grant_role", **wish) == {"id": str(MODS)}
        assert roles_of(house, BOB) == (MODS,)
    assert await operate(house, "revoke_role", **{**wish, "role": str(MODS)}) == {"id": str(MODS)}
    assert roles_of(house, BOB) == ()
    assert [each[:2] for each in await noted(house)] == [
        ("revoke_role", BOB),
        ("grant_role", BOB),
        ("grant_role", BOB),
    ]
    await house.owner.save([User(id=BOT, username="stranger")])
    await is_refused(house, UNKNOWN_MEMBER, "grant_role", **{**wish, "user": "stranger"})
    await is_refused(house, UNKNOWN_GUILD, "grant_role", **{**wish, "guild": "1"})


async def test_bans(house: House) -> None:
    await operate(house, "add_ban", guild="Den", user="cat", reason="spam")
    snapshot = house.owner.homes[GUILD].snapshot
    assert snapshot is not None
    assert CAT not in snapshot.members
    (ban,) = (await operate(house, "list_bans_as_operator", guild="Den"))["bans"]
    assert (ban["user"]["id"], ban["reason"]) == (str(CAT), "spam")
    await is_refused(house, MISSING_PERMISSIONS, "add_ban", guild="Den", user="ann")
    await operate(house, "remove_ban", guild="Den", user="cat")
    assert (await operate(house, "list_bans_as_operator", guild="Den"))["bans"] == []


async def test_a_guild_changes_hands_and_goes(house: House) -> None:
    await house.call("create_message", ANN, {"content": "hello"}, channel_id=TEXT)
    usage = await operate(house, "measure_guild", guild="Den")
    record = house.owner.log.get(TEXT, house.owner.log.last_id(TEXT) or 0)
    assert record is not None
    assert (usage["messages"], usage["message_bytes"]) == (1, len(record))
    await operate(house, "transfer_guild", guild="Den", user="bob")
    assert (await operate(house, "show_guild", guild="Den"))["owner"] == "bob"
    await operate(house, "delete_guild_as_operator", guild="Den")
    assert GUILD not in house.owner.homes
    assert await house.owner.directory.guild_ids() == []
    await is_refused(house, UNKNOWN_GUILD, "show_guild", guild=str(GUILD))
    assert [each[0] for each in await noted(house)] == ["delete_guild", "transfer_guild"]


async def test_a_message(house: House) -> None:
    await house.call("create_message", BOB, {"content": "hello"}, channel_id=TEXT)
    named = {"channel": str(TEXT), "message": str(house.owner.log.last_id(TEXT))}
    shown = await operate(house, "show_message", **named)
    assert (shown["private"], shown["message"]["content"]) == (False, "hello")
    assert await noted(house) == [("read_messages", TEXT, 7)]
    await operate(house, "delete_message_as_operator", **named)
    await is_refused(house, UNKNOWN_MESSAGE, "show_message", **named)


async def test_sessions_end(house: House) -> None:
    world = house.owner
    tokens = [Token(hash=bytes([i]), user_id=BOB, created_at_ms=i) for i in (1, 2, 3)]
    await world.save(tokens)
    first, *others = (await operate(house, "list_sessions", user="bob"))["sessions"]
    assert await operate(house, "end_sessions", user="bob", session=first["id"]) == {"ended": 1}
    assert (await operate(house, "list_sessions", user="bob"))["sessions"] == others
    assert await operate(house, "end_sessions", user="bob") == {"ended": 2}
    assert await world.directory.tokens_of(BOB) == []
    application = Application(id=BOT, bot_id=BOT, owner_id=ANN, name="Pinger")
    token = Token(hash=b"bot", user_id=BOT, created_at_ms=0)
    await world.save([User(id=BOT, username="pinger", bot=True), application, token])
    made = (await operate(house, "reset_bot_token", user="pinger"))["token"]
    (kept,) = await world.directory.tokens_of(BOT)
    assert kept.hash != b"bot"
    who = await world.authenticate(made)
    assert who is not None
    assert who.user_id == BOT
    assert await noted(house) == [
        ("reset_bot_token", BOT, 7),
        ("end_sessions", BOB, 7),
        ("end_sessions", BOB, 7),
    ]


async def test_lists_go_on(house: House) -> None:
    seen: list[str] = []
    after = 0
    while users := (await operate(house, "list_users", after=after, limit=1))["users"]:
        seen += [each["username"] for each in users]
        after = int(users[-1]["id"])
    assert seen == ["ann", "bob", "cat"]
    members = await operate(house, "list_members_as_operator", guild="Den", after=ANN, limit=1)
    assert [each["user"]["username"] for each in members["members"]] == ["bob"]


async def test_of_a_private_channel_there_are_no_invites(house: House) -> None:
    made = await house.call("create_dm", ANN, {"recipient_id": str(BOB)})
    await is_refused(house, NOT_IN_DM, "create_invite", channel=made["id"])


async def test_where_nothing_is_on_a_disk_there_is_no_backup(house: House) -> None:
    await is_refused(house, FEATURE_DISABLED, "create_backup", directory="/nowhere")


async def test_no_blob_goes_while_a_backup_is_made(house: House) -> None:
    world = house.owner

    async def bytes_of() -> Any:
        yield b"x"

    blob = await world.blobs.put(bytes_of(), 10)
    house.clock.seconds += GRACE_S + 1
    async with world.collecting:
        collecting = world.tasks.start(collect_blobs(world), name="collect")
        await operate(house, "show_stats")
        assert await world.blobs.size(blob.hash) == 1
    assert await collecting == 1
