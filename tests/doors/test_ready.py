"""What a person's READY has of their own, in each form that a client may ask for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.core.models.presence import Presence
from hearth.core.permissions import P
from hearth.core.social_events import FriendPresence
from hearth.net.gateway import mine
from hearth.net.gateway.mine import Capability
from hearth.net.gateway.session import ONLINE
from tests.doors.conftest import Den
from tests.doors.inside import ANN, BOB, CAT, DEN, Gate, Inside
from tests.harness import Client, Gateway, Server, until

NOTES, READ_STATES, SETTINGS, DEDUPE, PRIORITIZED = (1 << 0, 1 << 2, 1 << 3, 1 << 4, 1 << 5)
EVERY = NOTES | READ_STATES | SETTINGS | DEDUPE | PRIORITIZED


class Home(Den):
    """A guild in which ann's friend bob has written to her, whom he notes and settles about."""

    dm: str

    async def furnish(self) -> None:
        """Make everything; bob is there."""
        ann, bob = self.ann, self.bob
        await self.do(bob, "PUT", f"/users/@me/relationships/{ann.id}", {})
        await self.do(ann, "PUT", f"/users/@me/relationships/{bob.id}", {})
        await self.do(ann, "PATCH", f"/users/@me/relationships/{bob.id}", {"nickname": "bobby"})
        self.dm = (await self.do(ann, "POST", "/users/@me/channels", {"recipient_id": bob.id}))[
            "id"
        ]
        await self.do(ann, "PUT", f"/users/@me/notes/{bob.id}", {"note": "owes me a book"})
        await self.do(ann, "PATCH", "/users/@me/settings", {"theme": "light"})
        path = f"/users/@me/guilds/{self.guild}/settings"
        await self.do(ann, "PATCH", path, {"suppress_roles": True})
        await self.do(bob, "POST", f"/channels/{self.channel}/messages", {"content": "hello"})
        last = await self.do(bob, "POST", f"/channels/{self.channel}/messages", {"content": "you"})
        await self.do(ann, "POST", f"/channels/{self.channel}/messages/{last['id']}/ack", {})
        watching = await ann.connect()
        await bob.connect(presence={"status": "idle", "since": 0, "activities": [], "afk": False})
        while (await watching.event("PRESENCE_UPDATE"))["user"]["id"] != str(bob.id):
            pass
        await watching.close()

    async def do(self, who: Client, method: str, path: str, body: Any = None) -> Any:
        """Somebody does something that works."""
        answer = await who.call(method, path, json=body)
        assert answer.status < 300, (path, answer.body)
        return answer.body


@pytest.fixture
async def home(server: Server) -> AsyncIterator[Home]:
    """A furnished guild."""
    made = Home(server)
    await made.furnish()
    yield made
    for client in made.clients:
        await client.close()


async def begin(who: Client, capabilities: int | None) -> tuple[Gateway, Any]:
    """A connection and what its READY has."""
    if who.gateway is not None:
        await who.gateway.close()
    more = {} if capabilities is None else {"capabilities": capabilities}
    gateway = await who.connect(**more)
    s, name, ready = gateway.dispatches[0]
    assert (s, name) == (1, "READY")
    return gateway, ready


async def names(gateway: Gateway) -> list[str]:
    """All that was told before a heartbeat was answered."""
    await gateway.send(1, None)
    await gateway.other(11)
    return gateway.names()


@pytest.mark.parametrize("capabilities", [None, 0])
async def test_without_capabilities_all_is_in_ready(home: Home, capabilities: int | None) -> None:
    gateway, ready = await begin(home.ann, capabilities)
    (friend,) = ready["relationships"]
    assert (friend["id"], friend["type"], friend["nickname"]) == (str(home.bob.id), 1, "bobby")
    assert friend["user"]["username"] == home.bob.name
    assert ready["notes"] == {str(home.bob.id): "owes me a book"}
    assert (ready["user_settings"]["theme"], ready["user_settings"]["locale"]) == ("light", "en-US")
    for name in ("read_state", "user_guild_settings"):
        assert ready[name]["partial"] is False
        assert ready[name]["version"] > 0
    (entry,) = ready["read_state"]["entries"]
    assert (entry["id"], entry["mention_count"]) == (str(home.channel), 0)
    assert int(entry["last_message_id"]) > home.channel
    (settings,) = ready["user_guild_settings"]["entries"]
    assert (settings["guild_id"], settings["suppress_roles"]) == (str(home.guild), True)
    (presence,) = ready["presences"]
    assert (presence["user"], presence["status"]) == ({"id": str(home.bob.id)}, "idle")
    (session,) = ready["sessions"]
    assert (session["session_id"], session["status"]) == (ready["session_id"], "online")
    assert not {"users", "merged_members", "merged_presences"} & ready.keys()
    (dm,) = ready["private_channels"]
    assert [user["id"] for user in dm["recipients"]] == [str(home.bob.id)]
    assert "READY_SUPPLEMENTAL" not in await names(gateway)


@pytest.mark.parametrize(
    ("capabilities", "notes", "read", "settings"),
    [
        (NOTES, False, False, False),
        (READ_STATES, True, True, False),
        (SETTINGS, True, False, True),
        (PRIORITIZED, True, False, False),
        (1 << 20, True, False, False),
    ],
)
async def test_each_capability_changes_its_part(
    home: Home, capabilities: int, notes: bool, read: bool, settings: bool
) -> None:
    gateway, ready = await begin(home.ann, capabilities)
    assert ("notes" in ready) is notes
    assert isinstance(ready["read_state"], dict) is read
    assert isinstance(ready["user_guild_settings"], dict) is settings
    (entry,) = ready["read_state"]["entries"] if read else ready["read_state"]
    assert entry["id"] == str(home.channel)
    # The last says how a client takes READY_SUPPLEMENTAL only beside another.
    assert "user" in ready["relationships"][0]
    assert ready["presences"]
    assert "READY_SUPPLEMENTAL" not in await names(gateway)


async def test_users_are_shown_once_to_who_can_take_it(home: Home) -> None:
    stranger = home.member("cat")
    gateway, ready = await begin(home.ann, DEDUPE)
    bob, ann, cat = str(home.bob.id), str(home.ann.id), str(stranger.id)
    assert {user["id"] for user in ready["users"]} == {bob, cat}
    assert {user["username"] for user in ready["users"]} == {home.bob.name, stranger.name}
    (friend,) = ready["relationships"]
    assert (friend["id"], friend["user_id"], friend["nickname"]) == (bob, bob, "bobby")
    assert "user" not in friend
    (dm,) = ready["private_channels"]
    assert (dm["id"], dm["recipient_ids"]) == (home.dm, [bob])
    assert "recipients" not in dm
    (guild,) = ready["guilds"]
    assert not {"members", "presences"} & guild.keys()
    (members,) = ready["merged_members"]
    assert {member["user_id"] for member in members} == {ann, bob, cat}
    assert all("user" not in member for member in members)
    merged = ready["merged_presences"]
    assert [(each["user_id"], each["status"]) for each in merged["friends"]] == [(bob, "idle")]
    ((told,),) = merged["guilds"]
    assert (told["user_id"], told["status"]) == (bob, "idle")
    assert guild["voice_states"] == []
    assert "READY_SUPPLEMENTAL" not in await names(gateway)


async def test_presences_may_come_behind(home: Home) -> None:
    gateway, ready = await begin(home.ann, EVERY)
    s, name, later = gateway.dispatches[1]
    assert (s, name) == (2, "READY_SUPPLEMENTAL")
    assert "merged_presences" not in ready
    assert ready["presences"] == []
    assert "notes" not in ready
    bob = str(home.bob.id)
    (guild,) = ready["guilds"]
    assert not {"members", "presences", "voice_states"} & guild.keys()
    assert later["guilds"] == [{"id": str(home.guild), "voice_states": []}]
    assert later["merged_members"] == [[]]
    assert [each["user_id"] for each in later["merged_presences"]["friends"]] == [bob]
    assert [[each["user_id"] for each in g] for g in later["merged_presences"]["guilds"]] == [[bob]]
    assert later["lazy_private_channels"] == later["disclose"] == []
    assert (await names(gateway)).count("READY_SUPPLEMENTAL") == 1


def test_the_capabilities_are_discords() -> None:
    named = {"LAZY_USER_NOTES": 0, "VERSIONED_READ_STATES": 2, "VERSIONED_USER_GUILD_SETTINGS": 3}
    named |= {"DEDUPE_USER_OBJECTS": 4, "PRIORITIZED_READY_PAYLOAD": 5}
    assert {each.name: 1 << bit for each, bit in zip(Capability, named.values(), strict=True)} == {
        name: 1 << bit for name, bit in named.items()
    }


@pytest.mark.parametrize("capabilities", [0, EVERY])
async def test_a_channel_out_of_sight_is_not_named(home: Home, capabilities: int) -> None:
    """Read before, then mentioned in: what one had read there is not told any more either."""
    path = f"/channels/{home.channel}/messages"
    sent = await home.do(home.ann, "POST", path, {"content": f"<@{home.bob.id}>"})
    await home.do(home.bob, "POST", f"{path}/{sent['id']}/ack", {})
    gateway, ready = await begin(home.bob, capabilities)
    assert [each["id"] for each in entries(ready)] == [str(home.channel)]
    await gateway.close()
    view = {"type": 1, "allow": "0", "deny": str(int(P.VIEW_CHANNEL))}
    await home.do(home.ann, "PUT", f"/channels/{home.channel}/permissions/{home.bob.id}", view)
    gateway, ready = await begin(home.bob, capabilities)
    assert entries(ready) == []


def entries(ready: Any) -> list[Any]:
    """The read states."""
    return ready["read_state"]["entries"]


# What happens while READY is made


async def friends(inside: Inside) -> None:
    """Make ann and bob friends."""
    await inside.call("create_relationship", ANN, {}, user_id=BOB)
    await inside.call("create_relationship", BOB, {}, user_id=ANN)
    await inside.settle()


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def either(request: pytest.FixtureRequest) -> Any:
    """One World, or two of which the second follows the first; ann's guild with bob."""
    made = await Inside.build(request.param)
    for user_id in (ANN, BOB):
        await made.person(user_id)
    await made.guild(DEN, ANN, [BOB])
    yield made
    await made.close()


async def test_a_friend_who_comes_while_ready_is_made_is_there(either: Inside) -> None:
    await friends(either)
    gate = Gate(either, "mention_counts", first=True)
    ann = await either.connect("token11", gateway=len(either.gateways) - 1, settle=False)
    await gate.reached.wait()
    bob = await either.connect("token12", settle=False)
    await until(lambda: bob.connection.session)
    gate.open()
    await either.settle()
    told = ann.take()
    assert told[0][0] == "READY"
    shown = [p["status"] for p in told[0][1]["presences"] if p["user"]["id"] == str(BOB)]
    shown += [
        d["status"] for t, d in told if t == "PRESENCE_UPDATE" and d["user"]["id"] == str(BOB)
    ]
    assert shown[-1] == "online"


async def test_what_was_told_of_friends_meanwhile_counts(inside: Inside) -> None:
    ann = await inside.connect("token11")
    busy = Presence(user_id=BOB, status="dnd", activities=b"[]", clients={})
    with inside.gateway.arrival(ann.session) as arrival:
        home = inside.world.user_home(ANN)
        told = [FriendPresence(ANN, BOB, busy), FriendPresence(ANN, CAT, busy)]
        inside.world.publish(home, tell=told)
        assert not arrival.moved
        found = mine.Mine(presences={BOB: None})
        mine.settle(inside.world, found, ann.session, ONLINE, arrival.presences)
    assert found.presences == {BOB: busy}


async def test_what_changes_of_oneself_while_ready_is_made_is_in_it(either: Inside) -> None:
    last = len(either.gateways) - 1
    changes: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("update_my_user", {"global_name": "Annie"}, {}),
        ("update_user_settings", {"theme": "light"}, {}),
        ("update_note", {"note": "late"}, {"user_id": BOB}),
        ("update_notification_settings", {"suppress_everyone": True}, {"guild_id": str(DEN)}),
    ]
    for name, body, params in changes:
        gate = Gate(either, "watchers", first=True)
        ann = await either.connect("token11", gateway=last, settle=False)
        await gate.reached.wait()
        await either.call(name, ANN, body, **params)
        gate.open()
        await either.settle()
        ready = ann.take()[0][1]
        ann.goodbye(1000)
        await either.settle()
    assert ready["user"]["global_name"] == "Annie"
    assert ready["user_settings"]["theme"] == "light"
    assert ready["notes"] == {str(BOB): "late"}
    assert ready["user_guild_settings"]["entries"][0]["suppress_everyone"] is True
