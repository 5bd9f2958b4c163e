"""Member lists and subscriptions over the wire: who is told what, and who is not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import User
from hearth.core.permissions import P
from hearth.net.gateway import saved
from hearth.net.gateway.subscriptions import INTERVAL_S, MOST_RANGES
from tests.doors.conftest import Den
from tests.doors.inside import ANN, BOB, BOT, CAT, DEN, FLAGS, NEXT, TEXT, Client, Inside
from tests.harness import until
from tests.unit.test_lists import Copy

UPDATE = "GUILD_MEMBER_LIST_UPDATE"
FIRST = {str(TEXT): [[0, 99]]}
VIEW = str(int(P.VIEW_CHANNEL))
CROWD = range(50_000, 50_300)


class Watcher:
    """A client of a gateway in this process, and the copies of lists that it keeps."""

    def __init__(self, inside: Inside, client: Client) -> None:
        self.inside = inside
        self.client = client
        self.copies: dict[str, Copy] = {}
        self.news: list[tuple[str, Any]] = []

    @classmethod
    async def connect(cls, inside: Inside, user_id: int, **more: Any) -> "Watcher":
        """A session of a user's."""
        return cls(inside, await inside.connect(f"token{user_id}", **more))

    def take(self) -> None:
        """Take what came; the copies follow it."""
        for t, d in self.client.take():
            self.news.append((t, d))
            if t == UPDATE:
                self.copies.setdefault(d["id"], Copy()).take(d)

    async def ask(self, guild_id: int = DEN, **d: Any) -> None:
        """Subscribe."""
        self.client.say((14, {"guild_id": str(guild_id), **d}))
        await self.inside.settle()

    async def next(self, name: str = UPDATE) -> Any:
        """The next event of a name; what came before it is forgotten."""

        def found() -> bool:
            self.take()
            return any(t == name for t, _ in self.news)

        await until(found)
        at = next(i for i, (t, _) in enumerate(self.news) if t == name)
        d = self.news[at][1]
        del self.news[: at + 1]
        return d

    def names(self) -> set[str]:
        """The names of what came since the last time."""
        self.take()
        names = {t for t, _ in self.news}
        self.news.clear()
        return names

    def rows(self, id: str = "everyone") -> list[Any]:
        """The rows of a list: a group's id, or a member's id and how they are there."""
        self.take()
        rows = self.copies[id].window(0, 99)
        return [row if isinstance(row, str) else (int(row[0]), row[4]) for row in rows]


async def test_a_list_over_the_wire(den: Den) -> None:
    cat = den.person("cat")
    gateway = await den.bob.connect()
    await den.ann.connect()
    while (await den.bob.event("PRESENCE_UPDATE"))["user"]["id"] != str(den.ann.id):
        pass
    await gateway.send(14, {"guild_id": str(den.guild), "channels": {str(den.channel): [[0, 99]]}})
    copy = Copy()
    first = await den.bob.event(UPDATE)
    assert (first["guild_id"], first["id"]) == (str(den.guild), "everyone")
    assert (first["member_count"], first["online_count"]) == (2, 2)
    assert first["groups"] == [{"id": "online", "count": 2}]
    (sync,) = first["ops"]
    assert (sync["op"], sync["range"]) == ("SYNC", [0, 99])
    assert sync["items"][0] == {"group": {"id": "online", "count": 2}}
    shown = (await den.bob.get(f"/guilds/{den.guild}/members/{den.ann.id}")).body
    assert sync["items"][1]["member"] == shown | {
        "presence": {
            "user": {"id": str(den.ann.id)},
            "status": "online",
            "activities": [],
            "client_status": {"web": "online"},
        }
    }
    copy.take(first)
    den.server.join(den.guild, cat.name)
    while len(copy.window(0, 99)) < 5:
        copy.take(await den.bob.event(UPDATE))
    assert [row if isinstance(row, str) else int(row[0]) for row in copy.window(0, 99)] == [
        "online", den.ann.id, den.bob.id, "offline", cat.id,
    ]  # fmt: skip
    await den.ann.patch(f"/guilds/{den.guild}/members/@me/nick", {"nick": "zoe"})
    moved = await den.bob.event(UPDATE)
    assert [(op["op"], op["index"]) for op in moved["ops"]] == [("DELETE", 1), ("INSERT", 2)]
    await gateway.send(14, {"guild_id": str(den.guild), "channels": {str(den.channel): [[9, 0]]}})
    assert await gateway.closed() == 4002


async def test_who_is_in_a_list_and_who_is_not(inside: Inside) -> None:
    role = Role(id=7, guild_id=DEN, name="crew", hoist=True, position=1)
    home = await inside.world.home(DEN)
    inside.world.publish(home, save=[role])
    body = {"type": 1, "deny": VIEW}
    await inside.call(
        "set_channel_permission_overwrite", ANN, body, channel_id=TEXT, overwrite_id=BOT
    )
    await inside.call("add_guild_member_role", ANN, guild_id=DEN, user_id=BOB, role_id=7)
    ann, bob = await Watcher.connect(inside, ANN), await Watcher.connect(inside, BOB)
    await bob.ask(channels=FIRST)
    d = await bob.next()
    # The bot does not see the channel; counts are those that the guild shows to all its members.
    assert bob.rows(d["id"]) == ["7", (BOB, "online"), "online", (ANN, "online")]
    assert (d["id"].isdecimal(), d["member_count"]) == (True, 3)
    again = (await inside.connect(f"token{BOB}")).take()[0][1]
    assert again["guilds"][0]["channels"][0]["member_list_id"] == d["id"]
    assert str(BOT) not in str(d)
    await ann.ask(channels=FIRST)
    assert (await ann.next())["ops"] == d["ops"]


async def test_who_loses_the_channel_is_told_nothing_more(inside: Inside) -> None:
    ann, bob = await Watcher.connect(inside, ANN), await Watcher.connect(inside, BOB)
    for each in (ann, bob):
        await each.ask(channels=FIRST)
        await each.next()
    body = {"type": 1, "deny": VIEW}
    where = {"channel_id": TEXT, "overwrite_id": BOB}
    await inside.call("set_channel_permission_overwrite", ANN, body, **where)
    d = await ann.next()
    assert d["id"] != "everyone"
    assert ann.rows(d["id"]) == ["online", (ANN, "online"), "offline", (BOT, "offline")]
    assert UPDATE not in bob.names()
    await inside.call("update_my_nick", ANN, {"nick": "Anna"}, guild_id=DEN)
    await ann.next()
    assert UPDATE not in bob.names()
    # Nor by asking.
    await bob.ask(channels=FIRST)
    await inside.call("update_my_nick", ANN, {"nick": "Annika"}, guild_id=DEN)
    await ann.next()
    assert UPDATE not in bob.names()
    # It is there again as soon as they see the channel again.
    await inside.call("delete_channel_permission_overwrite", ANN, None, **where)
    assert (await bob.next())["id"] == "everyone"
    await ann.next()
    assert bob.rows() == ann.rows()
    await inside.call("delete_guild_member", ANN, guild_id=DEN, user_id=BOB)
    await ann.next()
    assert ann.rows() == ["online", (ANN, "online"), "offline", (BOT, "offline")]
    assert UPDATE not in bob.names()
    # A guild where they are not, a channel of another guild, one that there is not.
    await bob.ask(channels=FIRST, members=[str(ANN)], typing=True)
    await bob.ask(NEXT, channels={str(NEXT + 1): [[0, 99]]})
    await ann.ask(NEXT, channels={str(TEXT): [[0, 99]], "5": [[0, 99]]})
    await inside.call("update_my_nick", ANN, {"nick": "Ann"}, guild_id=DEN)
    await ann.next()
    assert (UPDATE in ann.names(), UPDATE in bob.names()) == (False, False)
    assert inside.gateway.subscriptions.wishes(bob.client.session) == {}


async def test_bots_subscribe_to_nothing(inside: Inside) -> None:
    bot = await Watcher.connect(inside, BOT, intents=(1 << 9) - 1)
    ann = await Watcher.connect(inside, ANN)
    await ann.ask(channels=FIRST)
    await bot.ask(channels=FIRST)
    bot.client.say((14, "nothing that could be read"), (37, None))
    await ann.next()
    await inside.call("update_my_nick", ANN, {"nick": "Anna"}, guild_id=DEN)
    await ann.next()
    assert UPDATE not in bot.names()
    assert bot.client.code is None
    assert list(inside.gateway.subscriptions.guilds) == [DEN]


async def test_nothing_is_kept_of_sessions_that_ended(inside: Inside) -> None:
    bob = await Watcher.connect(inside, BOB)
    await bob.ask(channels=FIRST, members=[str(ANN)], typing=True)
    assert inside.gateway.subscriptions.typing(DEN)
    bob.client.goodbye(1000)
    await inside.settle()
    assert inside.gateway.subscriptions.guilds == {}
    assert inside.gateway.subscriptions.typing(DEN) == ()


async def test_changes_are_told_four_times_a_second_at_most(inside: Inside) -> None:
    bob = await Watcher.connect(inside, BOB)
    await bob.ask(channels=FIRST)
    await bob.next()
    home, loop = await inside.world.home(DEN), asyncio.get_running_loop()
    times: list[float] = []
    for number in range(3):
        for digit in range(20):
            nick = f"n{number}{digit}"
            member = Member(guild_id=DEN, user_id=ANN, joined_at_ms=1, nick=nick)
            inside.world.publish(home, save=[member])
        d = await bob.next()
        times.append(loop.time())
        # Twenty changes, of which the last is shown.
        (op,) = [op for op in d["ops"] if op["op"] in ("INSERT", "UPDATE")]
        assert op["item"]["member"]["nick"] == f"n{number}19"
    assert times[2] - times[0] > 2 * INTERVAL_S - 0.05


async def test_a_session_that_was_cut_gets_its_lists_anew(inside: Inside) -> None:
    ann, bob = await Watcher.connect(inside, ANN), await Watcher.connect(inside, BOB)
    for each in (ann, bob):
        await each.ask(channels=FIRST)
        await each.next()
    session_id, seq = bob.client.session.id, bob.client.seq
    bob.client.cut()
    await inside.call("update_my_nick", ANN, {"nick": "Anna"}, guild_id=DEN)
    await ann.next()
    bob.client = await inside.resume(f"token{BOB}", session_id, seq)
    d = await bob.next()
    assert [op["op"] for op in d["ops"]] == ["SYNC"]
    assert bob.rows() == ann.rows()
    await inside.call("update_my_nick", ANN, {"nick": "Annika"}, guild_id=DEN)
    assert [op["op"] for op in (await bob.next())["ops"]] == ["UPDATE"]


async def test_subscriptions_go_on_after_a_restart(tmp_path: Path) -> None:
    inside = await Inside.build()
    for user_id in (ANN, BOB):
        await inside.person(user_id)
    await inside.guild(DEN, ANN, [BOB])
    bob = await Watcher.connect(inside, BOB)
    await bob.ask(channels=FIRST, typing=True)
    await bob.next()
    session_id, seq = bob.client.session.id, bob.client.seq
    await inside.gateway.close()
    saved.save(inside.gateway, tmp_path / "sessions")
    await inside.stop()
    anew = Inside(inside.directory, 1)
    await saved.restore(anew.gateway, tmp_path / "sessions")
    await anew.settle()
    again = Watcher(anew, await anew.resume(f"token{BOB}", session_id, seq))
    d = await again.next()
    assert [op["op"] for op in d["ops"]] == ["SYNC"]
    assert again.rows() == ["online", (BOB, "online"), "offline", (ANN, "offline")]
    assert len(anew.gateway.subscriptions.typing(DEN)) == 1
    await anew.close()


async def test_an_account_s_name_moves_it_in_all_guilds(inside: Inside) -> None:
    bob = await Watcher.connect(inside, BOB)
    await bob.ask(channels=FIRST)
    await bob.next()
    await inside.call("update_my_user", ANN, {"global_name": "Zoe"})
    assert "Zoe" in str((await bob.next())["ops"])


async def test_a_session_follows_so_much_and_no_more(inside: Inside) -> None:
    guild_ids = range(5000, 5300, 100)
    for guild_id in guild_ids:
        await inside.guild(guild_id, BOB)
    bob = await Watcher.connect(inside, BOB)
    ranges = [[i, i] for i in range(0, 10, 2)]
    # One command for many guilds names five ranges of a channel each, others five channels.
    for start in range(0, 3):
        guild_id = guild_ids[start]
        channels = {str(guild_id + 1): ranges, **{str(i): ranges for i in range(4)}}
        subscription = {"channels": channels, "typing": True}
        bob.client.say((37, {"subscriptions": {str(guild_id): subscription}}))
        await inside.settle()
    wishes = inside.gateway.subscriptions.wishes(bob.client.session)
    assert sum(wish.ranges for wish in wishes.values()) == MOST_RANGES
    assert [wish.ranges for wish in wishes.values()] == [0, 25, 25]
    assert all(wish.typing for wish in wishes.values())
    # Who is named again is the last to go.
    await bob.ask(guild_ids[1], typing=False)
    await bob.ask(guild_ids[0], channels={str(i): ranges for i in range(5)})
    wishes = inside.gateway.subscriptions.wishes(bob.client.session)
    assert [(i, wish.ranges) for i, wish in wishes.items()] == [
        (guild_ids[2], 0), (guild_ids[1], 25), (guild_ids[0], 25),
    ]  # fmt: skip


async def hall(worlds: int = 1) -> Inside:
    """Ann's guild with bob, cat, the bot, and a crowd of those who are not there."""
    inside = await Inside.build(worlds)
    for user_id in (ANN, BOB, CAT):
        await inside.person(user_id)
    await inside.person(BOT, bot=True, flags=FLAGS)
    await inside.world.save([User(id=i, username=f"crowd{i}") for i in CROWD])
    await inside.guild(DEN, ANN, [BOB, CAT, BOT, *CROWD])
    return inside


async def test_presence_and_typing_in_a_large_guild() -> None:
    inside = await hall()
    bob, cat = await Watcher.connect(inside, BOB), await Watcher.connect(inside, CAT)
    bot = await Watcher.connect(inside, BOT, intents=1 << 8 | 1 << 11)
    await bob.ask(channels=FIRST, typing=True, members=[])
    await bob.next()
    ann = await Watcher.connect(inside, ANN)
    d = await bob.next("PRESENCE_UPDATE")
    assert (d["user"]["id"], d["status"], d["guild_id"]) == (str(ANN), "online", str(DEN))
    await cat.ask(members=[str(ANN), str(CROWD[0]), "5"])
    assert (await cat.next("PRESENCE_UPDATE"))["user"]["id"] == str(ANN)
    for each in (bob, cat, bot):
        each.names()
    ann.client.say((3, {"status": "dnd"}))
    for each in (bob, cat):
        assert (await each.next("PRESENCE_UPDATE"))["status"] == "dnd"
    await inside.call("trigger_typing_indicator", ANN, channel_id=TEXT)
    assert (await bob.next("TYPING_START"))["user_id"] == str(ANN)
    assert bot.names() == {"PRESENCE_UPDATE", "TYPING_START"}
    assert cat.names() == set()
    # Who does not see the channel hears of nobody who types there, nor follows its list.
    body = {"type": 1, "deny": VIEW}
    where = {"channel_id": TEXT, "overwrite_id": BOB}
    await inside.call("set_channel_permission_overwrite", ANN, body, **where)
    ann.client.say((3, {"status": "idle"}))
    await inside.settle()
    await inside.call("trigger_typing_indicator", ANN, channel_id=TEXT)
    assert (await cat.next("PRESENCE_UPDATE"))["status"] == "idle"
    assert bob.names().isdisjoint({"PRESENCE_UPDATE", "TYPING_START", UPDATE})
    # After typing and members are taken back there is nothing.
    await cat.ask(members=[], typing=False)
    assert list(inside.gateway.subscriptions.wishes(cat.client.session)) == []
    await inside.close()


async def test_lists_where_another_process_has_the_guild() -> None:
    inside = await hall(2)
    here = await Watcher.connect(inside, BOB)
    there = await Watcher.connect(inside, CAT, gateway=1)
    for each in (here, there):
        await each.ask(channels=FIRST)
        await each.next()
    await inside.call("update_my_nick", ANN, {"nick": "Anna"}, guild_id=DEN)
    for each in (here, there):
        d = await each.next()
        while "Anna" not in str(d["ops"]):
            d = await each.next()
    assert here.rows() == there.rows()
    await inside.close()


async def test_what_fails_is_told_to_nobody(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    bob = await Watcher.connect(inside, BOB)
    await bob.ask(channels=FIRST)
    await bob.next()
    home = await inside.world.home(DEN)
    nick: Any = 5
    member = Member(guild_id=DEN, user_id=BOB, joined_at_ms=1, nick=nick)
    inside.world.publish(home, save=[member])
    await until(lambda: "lists failed guild=1000" in caplog.text)
    assert inside.gateway.subscriptions.guilds == {}
    assert UPDATE not in bob.names()
