"""Badges: what counts with which settings, and that all sessions of one person agree."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.actions.acks import personal_of
from hearth.actions.consumers import unread
from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.wire import timestamp
from tests.doors.conftest import Den
from tests.doors.inside import ANN, BOB, CAT, Inside
from tests.harness import Client, Gateway

GUILD, TEXT, ROLE, CATEGORY, NESTED = 5000, 5001, 5002, 5003, 5004
HOUR_MS = 3_600_000


@pytest.fixture
async def house() -> AsyncIterator[Inside]:
    """A guild of ann's where bob has a role, with a channel in a category."""
    made = await Inside.build()
    for user_id in (ANN, BOB, CAT):
        await made.person(user_id)
    nested = {"guild_id": GUILD, "name": "nested", "parent_id": CATEGORY}
    await made.guild(
        GUILD,
        ANN,
        nouns=[
            Member(guild_id=GUILD, user_id=BOB, joined_at_ms=1, roles=(ROLE,)),
            Member(guild_id=GUILD, user_id=CAT, joined_at_ms=1),
            Role(id=ROLE, guild_id=GUILD, name="role"),
            Channel(id=CATEGORY, guild_id=GUILD, type=ChannelType.GUILD_CATEGORY, name="category"),
            Channel(id=NESTED, type=ChannelType.GUILD_TEXT, **nested),
        ],
    )
    made.clock.seconds += 10
    yield made
    await made.close()


async def badges(inside: Inside, who: int) -> dict[int, int]:
    """What a new session's READY counts, by channel."""
    while await unread.step(inside.world):
        pass
    client = await inside.connect(f"token{who}")
    ready = client.take()[0][1]
    client.goodbye(1000)
    await inside.settle()
    return {int(e["id"]): e["mention_count"] for e in ready["read_state"]["entries"]}


async def say(inside: Inside, channel: int, content: str) -> int:
    """A message of ann's."""
    sent = await inside.call("create_message", ANN, {"content": content}, channel_id=channel)
    return int(sent.id)


async def settle_on(inside: Inside, where: str, patch: dict[str, Any]) -> None:
    """Bob says how he wants to be told of a guild, or with `@me` of private channels."""
    params: Any = {"guild_id": where}
    await inside.call("update_notification_settings", BOB, patch, **params)


def until(inside: Inside, hours: int) -> dict[str, Any]:
    """A mute that ends by itself."""
    end = timestamp(inside.world.wall_ms() + hours * HOUR_MS)
    return {"muted": True, "mute_config": {"end_time": end, "selected_time_window": 60}}


ALL = {TEXT: 3, NESTED: 3}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, ALL),
        ({"suppress_everyone": True}, {TEXT: 2, NESTED: 2}),
        ({"suppress_roles": True}, {TEXT: 2, NESTED: 2}),
        ({"suppress_roles": True, "suppress_everyone": True}, {TEXT: 1, NESTED: 1}),
        ({"muted": True}, {TEXT: 1, NESTED: 1}),
        ({"muted": False}, ALL),
        ({"channel_overrides": {str(TEXT): {"muted": True}}}, {TEXT: 1, NESTED: 3}),
        ({"channel_overrides": {str(CATEGORY): {"muted": True}}}, {TEXT: 3, NESTED: 1}),
        ({"channel_overrides": {str(TEXT): {"message_notifications": 2}}}, ALL),
        ({"message_notifications": 2, "mobile_push": False, "hide_muted_channels": True}, ALL),
    ],
)
async def test_what_counts_with_which_settings(
    house: Inside, patch: dict[str, Any], expected: dict[int, int]
) -> None:
    for channel in (TEXT, NESTED):
        for content in ("@everyone", f"<@&{ROLE}>", f"<@{BOB}>", "nobody"):
            await say(house, channel, content)
    await settle_on(house, str(GUILD), patch)
    assert await badges(house, BOB) == expected
    # They are bob's own settings.
    assert await badges(house, CAT) == {TEXT: 1, NESTED: 1}


async def test_one_message_counts_once(house: Inside) -> None:
    await say(house, TEXT, f"@everyone <@&{ROLE}> <@{BOB}>")
    assert await badges(house, BOB) == {TEXT: 1}
    await settle_on(house, str(GUILD), {"muted": True})
    assert await badges(house, BOB) == {TEXT: 1}


async def test_a_mute_ends_by_itself(house: Inside) -> None:
    for channel in (TEXT, NESTED):
        await say(house, channel, "@everyone")
        await say(house, channel, f"<@{BOB}>")
    await settle_on(house, str(GUILD), until(house, 2))
    of_channel = {"channel_overrides": {str(TEXT): until(house, 4)}}
    await settle_on(house, str(GUILD), of_channel)
    assert await badges(house, BOB) == {TEXT: 1, NESTED: 1}
    house.clock.seconds += 3 * 3600
    assert await badges(house, BOB) == {TEXT: 1, NESTED: 2}
    house.clock.seconds += 2 * 3600
    assert await badges(house, BOB) == {TEXT: 2, NESTED: 2}


async def test_of_muted_private_channels_only_what_names_one_counts(house: Inside) -> None:
    dm = int((await house.call("create_dm", ANN, {"recipient_id": str(BOB)})).id)
    group = int((await house.call("create_dm", ANN, {"recipients": [str(BOB), str(CAT)]})).id)
    for channel in (dm, group):
        await say(house, channel, "hi")
        await say(house, channel, f"<@{BOB}>")
    assert await badges(house, BOB) == {dm: 2, group: 2}
    await settle_on(house, "@me", {"channel_overrides": {str(dm): {"muted": True}}})
    assert await badges(house, BOB) == {dm: 1, group: 2}
    await settle_on(house, "@me", until(house, 1))
    assert await badges(house, BOB) == {dm: 1, group: 1}
    house.clock.seconds += 2 * 3600
    assert await badges(house, BOB) == {dm: 1, group: 2}


async def test_an_ack_that_is_being_written_counts(
    house: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await say(house, TEXT, f"<@{BOB}>")
    assert await badges(house, BOB) == {TEXT: 1}
    order: list[str] = []
    let = asyncio.Event()
    commit, personal = house.directory.commit, house.directory.personal

    async def held(save: Any, delete: Any) -> None:
        await let.wait()
        await commit(save, delete)
        order.append("written")

    async def noted(user_id: int) -> Any:
        order.append("read")
        return await personal(user_id)

    monkeypatch.setattr(house.directory, "commit", held)
    monkeypatch.setattr(house.directory, "personal", noted)
    await house.call("ack_message", BOB, {}, channel_id=TEXT, message_id=sent)
    writing = asyncio.create_task(house.world.flush())
    await asyncio.sleep(0)
    reading = asyncio.create_task(personal_of(house.world, BOB))
    await asyncio.sleep(0)
    let.set()
    await asyncio.gather(writing, reading)
    assert order == ["written", "read"]
    assert await badges(house, BOB) == {TEXT: 0}


# Over the wire


async def counted(who: Client, channel: int, count: int) -> list[int]:
    """What READY counts once that is `count`, as mentions follow behind, and the next one."""
    found: list[int] = []
    while count not in found[:-1]:
        gateway = await Gateway.open(who.server)
        await gateway.send(2, {"token": who.token, "properties": {}})
        entries = (await gateway.event("READY"))["read_state"]["entries"]
        await gateway.close()
        found += [e["mention_count"] for e in entries if e["id"] == str(channel)] or [0]
    return found[-2:]


async def test_sessions_of_one_person_agree(den: Den) -> None:
    one, other = [await Gateway.open(den.server) for _ in range(2)]
    for gateway in (one, other):
        await gateway.send(2, {"token": den.bob.token, "properties": {}})
        await gateway.event("READY")
    elsewhere = await den.ann.connect()
    first = await den.say(den.ann, f"<@{den.bob.id}>")
    second = await den.say(den.ann, f"<@{den.bob.id}>")
    assert await counted(den.bob, den.channel, 2) == [2, 2]

    async def both(name: str) -> Any:
        """What both sessions are told alike."""
        told = [await gateway.event(name) for gateway in (one, other)]
        assert told[0] == told[1]
        return told[0]

    path = f"/channels/{den.channel}/messages"
    assert (await den.bob.post(f"{path}/{first['id']}/ack", {})).status == 200
    ack = await both("MESSAGE_ACK")
    assert (ack["channel_id"], ack["message_id"]) == (str(den.channel), first["id"])
    assert await counted(den.bob, den.channel, 1) == [1, 1]
    body = {"manual": True, "mention_count": 2}
    assert (await den.bob.post(f"{path}/{int(first['id']) - 1}/ack", body)).status == 200
    ack = await both("MESSAGE_ACK")
    assert (ack["manual"], ack["mention_count"]) == (True, 2)
    assert await counted(den.bob, den.channel, 2) == [2, 2]
    settings = f"/users/@me/guilds/{den.guild}/settings"
    changed = await den.bob.patch(settings, {"muted": True, "suppress_everyone": True})
    assert await both("USER_GUILD_SETTINGS_UPDATE") == changed.body
    await den.say(den.ann, "@everyone")
    last = await den.say(den.ann, f"<@{den.bob.id}>")
    assert await counted(den.bob, den.channel, 3) == [3, 3]
    listed = await den.bob.get("/users/@me/mentions")
    assert [each["id"] for each in listed.body][::3] == [last["id"], first["id"]]
    gone = await den.bob.delete(f"/users/@me/mentions/{second['id']}")
    assert gone.status == 204
    assert await both("RECENT_MENTION_DELETE") == {"message_id": second["id"]}
    listed = await den.bob.get("/users/@me/mentions")
    assert second["id"] not in [each["id"] for each in listed.body]
    assert (await den.bob.post(f"/guilds/{den.guild}/ack", {})).status == 204
    assert (await both("MESSAGE_ACK"))["message_id"] == last["id"]
    assert await counted(den.bob, den.channel, 0) == [0, 0]
    # Of none of it was anybody else told.
    await elsewhere.send(1, None)
    await elsewhere.other(11)
    private = {"MESSAGE_ACK", "USER_GUILD_SETTINGS_UPDATE", "RECENT_MENTION_DELETE"}
    assert not private & {*elsewhere.names()}
    for gateway in (one, other):
        await gateway.close()
