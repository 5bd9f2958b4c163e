"""DMs at the gateway: who is told, what READY has, bots by intent and shard, copies elsewhere."""

import msgspec
import pytest

from hearth.actions.consumers import unread
from hearth.core.commits import Commit
from hearth.core.events import Intent
from hearth.core.models.members import Member
from tests.doors.conftest import Den
from tests.doors.inside import ANN, BOB, BOT, CAT, DEN, EVERY_INTENT, Client, Inside
from tests.harness import Gateway, Server
from tests.pictures import data_uri, still


async def dm(inside: Inside, one: int, other: int) -> int:
    made = await inside.call("create_dm", one, {"recipient_id": str(other)})
    await inside.settle()
    value = msgspec.json.decode(made) if isinstance(made, msgspec.Raw) else made
    return int(value["id"] if isinstance(value, dict) else value.id)


async def say(inside: Inside, who: int, channel: int, content: str = "hi") -> None:
    await inside.call("create_message", who, {"content": content}, channel_id=channel)
    await inside.settle()


def private(told: list[tuple[str, object]]) -> list[str]:
    """The names of events without those that are of guilds or sessions."""
    others = ("READY", "GUILD_CREATE", "PRESENCE_UPDATE", "SESSIONS_REPLACE")
    return [t for t, d in told if t not in others]


@pytest.fixture
async def den(inside: Inside) -> Inside:
    """The inside, with cat in the den too."""
    home = await inside.world.home(DEN)
    inside.world.publish(home, [Member(guild_id=DEN, user_id=CAT, joined_at_ms=1)])
    await inside.world.write([Member(guild_id=DEN, user_id=CAT, joined_at_ms=1)])
    return inside


async def test_a_dm_is_for_the_two_and_each_of_their_sessions(den: Inside) -> None:
    ann, bob, again = [await den.connect(f"token{i}") for i in (ANN, BOB, BOB)]
    cat = await den.connect(f"token{CAT}")
    bot = await den.connect(f"token{BOT}", intents=EVERY_INTENT & ~(1 << 15))
    for client in (ann, bob, again, cat, bot):
        client.take()
    channel = await dm(den, ANN, BOB)
    assert private(ann.take()) == ["CHANNEL_CREATE"]
    assert private(bob.take()) == []
    await say(den, ANN, channel)
    for client in (bob, again):
        created, message = [one for one in client.take() if one[0] != "PRESENCE_UPDATE"]
        assert (created[0], message[0]) == ("CHANNEL_CREATE", "MESSAGE_CREATE")
        assert [user["id"] for user in created[1]["recipients"]] == [str(ANN)]
        assert message[1]["content"] == "hi"
        assert not {"guild_id", "member"} & message[1].keys()
        assert message[1]["channel_type"] == 1
    assert private(ann.take()) == ["MESSAGE_CREATE"]
    assert private(cat.take()) == private(bot.take()) == []
    # Nothing is kept for it beside its home.
    assert channel not in den.gateway.rooms
    assert den.gateway.followed == {}


async def test_ready_has_the_dms_that_are_open_and_their_badges(den: Inside) -> None:
    den.clock.seconds += 10
    channel = await dm(den, ANN, BOB)
    shut = await dm(den, ANN, CAT)
    await say(den, BOB, channel)
    await say(den, BOB, channel)
    await unread.step(den.world)
    ann = await den.connect(f"token{ANN}")
    ready = next(d for t, d in ann.take() if t == "READY")
    assert [one["id"] for one in ready["private_channels"]] == sorted([str(channel), str(shut)])
    one = next(one for one in ready["private_channels"] if one["id"] == str(channel))
    assert one["last_message_id"] == str(den.log.last_id(channel))
    assert [user["username"] for user in one["recipients"]] == [f"user{BOB}"]
    counts = {e["id"]: e["mention_count"] for e in ready["read_state"]["entries"]}
    assert counts[str(channel)] == 2
    cat = await den.connect(f"token{CAT}")
    ready = next(d for t, d in cat.take() if t == "READY")
    assert ready["private_channels"] == []
    assert ready["read_state"]["entries"] == []


async def test_bots_are_told_by_intent_and_on_their_first_shard(den: Inside) -> None:
    channel = await dm(den, ANN, BOT)
    wishes = {
        "messages": {"intents": int(Intent.DIRECT_MESSAGES)},
        "typing": {"intents": int(Intent.DIRECT_MESSAGE_TYPING)},
        "guilds": {"intents": int(Intent.GUILDS | Intent.GUILD_MESSAGES)},
        "first": {"intents": int(Intent.DIRECT_MESSAGES), "shard": [0, 2]},
        "second": {"intents": int(Intent.DIRECT_MESSAGES), "shard": [1, 2]},
    }
    clients = {name: await den.connect(f"token{BOT}", **wish) for name, wish in wishes.items()}
    for client in clients.values():
        ready = next(d for t, d in client.take() if t == "READY")
        assert ready["private_channels"] == []
    await den.call("trigger_typing_indicator", ANN, channel_id=channel)
    await say(den, ANN, channel)
    told = {name: client.take() for name, client in clients.items()}
    assert {name: private(each) for name, each in told.items()} == {
        "messages": ["MESSAGE_CREATE"],
        "typing": ["TYPING_START"],
        "guilds": [],
        "first": ["MESSAGE_CREATE"],
        "second": [],
    }
    # In a DM a bot reads everything, without the intent for content.
    assert told["messages"][-1][1]["content"] == "hi"


async def test_a_dm_that_opens_while_ready_is_made_is_in_it(den: Inside) -> None:
    channel = await dm(den, ANN, BOB)
    client = Client(den.gateway)
    real = den.directory.personal

    async def late(user_id: int) -> object:
        den.directory.personal = real
        await den.call("create_message", ANN, {"content": "hi"}, channel_id=channel)
        return await real(user_id)

    den.directory.personal = late
    client.say((2, {"token": f"token{BOB}", "properties": {}}))
    await den.settle()
    told = client.take()
    ready = next(d for t, d in told if t == "READY")
    assert [one["id"] for one in ready["private_channels"]] == [str(channel)]
    assert private(told) == []


async def test_what_happens_in_a_dm_while_ready_is_made_is_in_it(den: Inside) -> None:
    made = await den.call("create_dm", ANN, {"recipients": [str(BOB), str(CAT)]})
    channel = int(made.id)
    real = den.directory.personal
    happenings = [
        ("create_message", {"content": "hi"}, {}),
        ("update_channel", {"name": "Renamed", "icon": data_uri(still())}, {}),
        ("delete_group_dm_user", None, {"user_id": CAT}),
    ]

    async def late(user_id: int) -> object:
        name, body, more = happenings.pop(0)
        if not happenings:
            den.directory.personal = real
        await den.call(name, ANN, body, channel_id=channel, **more)
        return await real(user_id)

    den.directory.personal = late
    bob = await den.connect(f"token{BOB}")
    # The message alone makes nothing be read anew.
    assert len(happenings) == 2
    (shown,) = next(d for t, d in bob.take() if t == "READY")["private_channels"]
    assert shown["last_message_id"] == str(den.log.last_id(channel))
    bob = await den.connect(f"token{BOB}")
    assert happenings == []
    told = bob.take()
    (shown,) = next(d for t, d in told if t == "READY")["private_channels"]
    assert private(told) == []
    assert shown["name"] == "Renamed"
    assert len(shown["icon"]) == 32
    assert [user["id"] for user in shown["recipients"]] == [str(ANN)]
    assert shown["last_message_id"] == str(den.log.last_id(channel))


# Two Worlds


@pytest.fixture
async def apart() -> object:
    """Two Worlds of which the second follows the first."""
    made = await Inside.build(2)
    for user_id in (ANN, BOB, CAT):
        await made.person(user_id)
    await made.guild(DEN, ANN, [BOB, CAT])
    yield made
    await made.close()


async def test_a_follower_tells_of_dms_that_are_and_that_come(apart: Inside) -> None:
    old = await dm(apart, ANN, BOB)
    bob = await apart.connect(f"token{BOB}", gateway=1)
    bob.take()
    await say(apart, ANN, old)
    assert private(bob.take()) == ["CHANNEL_CREATE", "MESSAGE_CREATE"]
    new = await dm(apart, CAT, BOB)
    assert private(bob.take()) == []
    await say(apart, CAT, new)
    created, message = [one for one in bob.take() if one[0] != "PRESENCE_UPDATE"]
    assert created[1]["recipients"][0]["username"] == f"user{CAT}"
    assert message[1]["content"] == "hi"
    own = await dm(apart, BOB, ANN)
    assert own == old
    # They are followed as long as somebody is here who is in them.
    gateway = apart.gateways[1]
    assert gateway.followed == {old: {BOB}, new: {BOB}}
    apart.clock.seconds += 3600
    apart.worlds[1].drop_idle(gateway.uses)
    assert {old, new} <= apart.worlds[1].homes.keys()
    bob.goodbye(1000)
    await apart.settle()
    assert gateway.followed == {}
    apart.worlds[1].drop_idle(gateway.uses)
    assert not {old, new} & apart.worlds[1].homes.keys()


async def test_a_hole_sends_only_those_away_who_are_in_the_dm(apart: Inside) -> None:
    channel = await dm(apart, ANN, BOB)
    await say(apart, ANN, channel)
    bob = await apart.connect(f"token{BOB}", gateway=1)
    cat = await apart.connect(f"token{CAT}", gateway=1)
    n = apart.worlds[1].homes[channel].n
    apart.worlds[1].receive(Commit(channel, 0, n + 2))
    assert 9 in bob.ops()
    assert 9 not in cat.ops()
    assert channel not in apart.worlds[1].homes


# Over the wire


async def test_two_people_over_a_restart(server: Server) -> None:
    den = Den(server)
    await den.bob.connect()
    made = await den.ann.post("/users/@me/channels", {"recipient_id": str(den.bob.id)})
    assert (made.status, made.body["type"]) == (200, 1)
    path = f"/channels/{made.body['id']}/messages"
    sent = await den.ann.post(path, {"content": "hello"})
    assert sent.status == 200
    created = await den.bob.event("CHANNEL_CREATE")
    assert created["id"] == made.body["id"]
    assert (await den.bob.event("MESSAGE_CREATE"))["content"] == "hello"
    gateway = den.bob.gateway
    assert gateway is not None
    seq, session_id = gateway.seq, gateway.session_id
    await den.ann.close()
    server.stop()
    server.start()
    assert (await den.ann.patch(f"{path}/{sent.body['id']}", {"content": "later"})).status == 200
    again = await Gateway.open(server)
    await again.send(6, {"token": den.bob.token, "session_id": session_id, "seq": seq})
    assert (await again.event("MESSAGE_UPDATE"))["content"] == "later"
    page = await den.bob.get(path)
    assert [message["content"] for message in page.body] == ["later"]
    stranger = den.person("cat")
    for method, where in (("GET", path), ("GET", f"/channels/{made.body['id']}"), ("POST", path)):
        answer = await stranger.call(method, where, json={"content": "x"})
        assert (answer.status, answer.code) == (404, 10003)
    await again.close()
    for client in den.clients:
        await client.close()
