"""Reactions, pins and bulk deletes over the wire: paths, who is told by intent, and kill -9."""

import asyncio
import random
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from hearth.core.events import Intent
from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import Answer, Client, Server

UP, HEART, FAMILY = "👍", "❤️", "👩‍👩‍👧‍👦"
GUILD = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.GUILD_MESSAGE_REACTIONS
DIRECT = Intent.DIRECT_MESSAGES | Intent.DIRECT_MESSAGE_REACTIONS
SEED = 20150103


def reaction(channel: int, message: str | int, emoji: str, who: str | int = "@me") -> str:
    """The path of a reaction, as clients encode it."""
    return f"/channels/{channel}/messages/{message}/reactions/{quote(emoji, safe='')}/{who}"


async def react(who: Client, channel: int, message: str | int, emoji: str) -> None:
    answer = await who.put(reaction(channel, message, emoji))
    assert (answer.status, answer.body) == (204, None), answer.body


async def test_a_reaction_on_the_wire(den: Den) -> None:
    gateway = await den.bob.connect()
    sent = await den.say(den.ann, "hi")
    for emoji in (UP, HEART, FAMILY, "1️⃣", "🇩🇪"):
        await react(den.ann, den.channel, sent["id"], emoji)
        told = await gateway.event("MESSAGE_REACTION_ADD")
        member = told.pop("member")
        assert (member["user"]["id"], member["roles"]) == (str(den.ann.id), [])
        assert told == {
            "user_id": str(den.ann.id),
            "channel_id": str(den.channel),
            "message_id": sent["id"],
            "guild_id": str(den.guild),
            "message_author_id": str(den.ann.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
    read = (await den.bob.get(f"/channels/{den.channel}/messages/{sent['id']}")).body
    assert [r["emoji"]["name"] for r in read["reactions"]] == [UP, HEART, FAMILY, "1️⃣", "🇩🇪"]
    path = reaction(den.channel, sent["id"], HEART, "").rstrip("/")
    assert [user["id"] for user in (await den.bob.get(path)).body] == [str(den.ann.id)]
    await den.ann.delete(reaction(den.channel, sent["id"], HEART))
    told = await gateway.event("MESSAGE_REACTION_REMOVE")
    assert (told["emoji"]["name"], told["user_id"]) == (HEART, str(den.ann.id))
    assert (await den.bob.get(path)).body == []
    assert (await den.ann.delete(path)).status == 204
    assert (await den.ann.delete(reaction(den.channel, sent["id"], UP, den.ann.id))).status == 204
    await den.ann.delete(f"/channels/{den.channel}/messages/{sent['id']}/reactions")
    told = await gateway.event("MESSAGE_REACTION_REMOVE_ALL")
    assert told == {
        "channel_id": str(den.channel),
        "message_id": sent["id"],
        "guild_id": str(den.guild),
    }
    assert "MESSAGE_REACTION_REMOVE_EMOJI" not in gateway.names()


@pytest.mark.parametrize("emoji", ["hello", "a", "name:", "%", "👍👍", "/"])
async def test_what_is_no_emoji(den: Den, emoji: str) -> None:
    sent = await den.say(den.ann, "hi")
    answer = await den.ann.put(reaction(den.channel, sent["id"], emoji))
    assert answer.status == 404
    assert answer.code in (10014, 0)


async def test_bots_are_told_by_intent(den: Den) -> None:
    deaf, bot = den.bot(), den.bot(P.MANAGE_MESSAGES)
    without = await deaf.connect(intents=int(GUILD & ~Intent.GUILD_MESSAGE_REACTIONS))
    gateway = await bot.connect(intents=int(GUILD))
    first, second = await den.say(den.bob, "one"), await den.say(den.bob, "two")
    await react(den.bob, den.channel, first["id"], UP)
    path = f"/channels/{den.channel}/messages"
    assert (await bot.put(f"{path}/pins/{first['id']}")).status == 204
    ids = [first["id"], second["id"]]
    assert (await bot.post(f"{path}/bulk-delete", {"messages": ids})).status == 204
    told = await gateway.event("MESSAGE_REACTION_ADD")
    assert told["emoji"]["name"] == UP
    for one in (gateway, without):
        update = await one.event("MESSAGE_UPDATE")
        assert (update["pinned"], update["content"]) == (True, "")
        pins = await one.event("CHANNEL_PINS_UPDATE")
        assert pins.keys() == {"guild_id", "channel_id", "last_pin_timestamp"}
        bulk = await one.event("MESSAGE_DELETE_BULK")
        assert (bulk["ids"], bulk["guild_id"]) == (ids, str(den.guild))
    assert "MESSAGE_REACTION_ADD" not in without.names()


async def test_who_does_not_see_the_channel_is_not_told(den: Den) -> None:
    path = f"/channels/{den.channel}/permissions/{den.bob.id}"
    body = {"type": 1, "allow": "0", "deny": str(P.VIEW_CHANNEL)}
    assert (await den.ann.put(path, body)).status == 204
    other = (await den.ann.post(f"/guilds/{den.guild}/channels", {"name": "seen"})).body
    gateway = await den.bob.connect()
    sent = await den.say(den.ann, "hidden")
    await react(den.ann, den.channel, sent["id"], UP)
    await den.ann.put(f"/channels/{den.channel}/messages/pins/{sent['id']}")
    await den.ann.delete(f"/channels/{den.channel}/messages/{sent['id']}/reactions")
    assert (await den.bob.put(reaction(den.channel, sent["id"], UP))).code == 50001
    assert (await den.bob.get(f"/channels/{den.channel}/messages/pins")).code == 50001
    await den.ann.post(f"/channels/{other['id']}/messages", {"content": "end"})
    assert (await gateway.event("MESSAGE_CREATE"))["content"] == "end"
    names = {"MESSAGE_UPDATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE_ALL"}
    assert not {*gateway.names()} & {*names, "CHANNEL_PINS_UPDATE"}


async def test_in_a_dm(den: Den) -> None:
    bot = den.bot()
    gateway = await bot.connect(intents=int(DIRECT))
    person = await den.bob.connect()
    deaf = await den.bot().connect(intents=int(GUILD))
    dm = (await bot.post("/users/@me/channels", {"recipient_id": str(den.bob.id)})).body
    channel = int(dm["id"])
    sent = (await den.bob.post(f"/channels/{channel}/messages", {"content": "hi"})).body
    await react(den.bob, channel, sent["id"], UP)
    for one in (gateway, person):
        told = await one.event("MESSAGE_REACTION_ADD")
        assert told["message_id"] == sent["id"]
        assert not {"guild_id", "member"} & told.keys()
    # Both may pin, nobody may take off what is another's or delete many.
    assert (await bot.put(f"/channels/{channel}/messages/pins/{sent['id']}")).status == 204
    for one in (gateway, person):
        assert (await one.event("MESSAGE_UPDATE"))["pinned"] is True
        told = await one.event("CHANNEL_PINS_UPDATE")
        assert "guild_id" not in told
    shown = (await den.bob.get(f"/channels/{channel}")).body
    assert shown["last_pin_timestamp"] == told["last_pin_timestamp"]
    page = (await den.bob.get(f"/channels/{channel}/messages")).body
    assert [each["type"] for each in page] == [6, 0]
    assert "guild_id" not in page[0]["message_reference"]
    theirs = reaction(channel, sent["id"], UP, den.bob.id)
    assert (await bot.delete(theirs)).code == 50003
    ids = [each["id"] for each in page]
    path = f"/channels/{channel}/messages/bulk-delete"
    assert (await den.bob.post(path, {"messages": ids})).code == 50003
    await den.bob.delete(reaction(channel, sent["id"], UP))
    assert "guild_id" not in await gateway.event("MESSAGE_REACTION_REMOVE")
    assert not {"MESSAGE_REACTION_ADD", "CHANNEL_PINS_UPDATE"} & {*deaf.names()}


async def test_pins_on_the_wire(den: Den) -> None:
    sent = await den.say(den.bob, "keep")
    path = f"/channels/{den.channel}/messages/pins"
    assert (await den.bob.put(f"{path}/{sent['id']}")).code == 50013
    assert (await den.ann.put(f"{path}/{sent['id']}")).status == 204
    found = (await den.bob.get(path)).body
    assert found["has_more"] is False
    assert [item["message"]["id"] for item in found["items"]] == [sent["id"]]
    before = quote(found["items"][0]["pinned_at"])
    assert (await den.bob.get(f"{path}?before={before}&limit=1")).body["items"] == []
    assert (await den.bob.get(f"{path}?before=x")).code == 50035
    old = (await den.bob.get(f"/channels/{den.channel}/pins")).body
    assert [each["id"] for each in old] == [sent["id"]]
    assert (await den.ann.delete(f"/channels/{den.channel}/pins/{sent['id']}")).status == 204
    assert (await den.bob.get(path)).body == {"items": [], "has_more": False}


async def test_reactions_have_limits_of_their_own(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", scale=1.0).start()
    ann = server.person("ann")
    _, channel = server.guild("Den", "ann")
    sent = (await ann.post(f"/channels/{channel}/messages", {"content": "hi"})).body
    answers: list[Answer] = await asyncio.gather(
        *(ann.put(reaction(channel, sent["id"], emoji)) for emoji in (UP, HEART, FAMILY))
    )
    limited = [each for each in answers if each.status == 429]
    assert limited
    assert 0 < limited[0].body["retry_after"] <= 0.25
    await ann.close()
    assert server.stop() == 0


async def test_kill_under_reactions(tmp_path: Path) -> None:
    """After each kill -9 what was acknowledged is there, and tallies count the marks."""
    chance = random.Random(SEED)
    server = Server(tmp_path / "data").start()
    people = [server.person(f"person{i}") for i in range(3)]
    guild, channel = server.guild("Den", people[0].name)
    for person in people[1:]:
        server.join(guild, person.name)
    path = f"/channels/{channel}/messages"
    ids = [(await people[0].post(path, {"content": "hi"})).body["id"] for _ in range(3)]
    emojis = [chr(0x1F600 + number) for number in range(4)]
    acked: dict[tuple[Client, str, str], bool | None] = {}

    async def work(person: Client, count: int, enough: asyncio.Event) -> None:
        """One change after the other of what is this person's; None is not known."""
        own = random.Random(f"{SEED}{person.name}{count}")
        while True:
            key = (person, own.choice(ids), own.choice(emojis))
            adds = own.random() < 0.6
            acked[key] = None
            where = reaction(channel, key[1], key[2])
            try:
                answer = await (person.put(where) if adds else person.delete(where))
            except aiohttp.ClientError:
                return
            assert answer.status == 204, answer.body
            acked[key] = adds
            count -= 1
            if not count:
                enough.set()

    for _ in range(5):
        enough = asyncio.Event()
        work_of = [
            asyncio.create_task(work(person, chance.randint(10, 60), enough)) for person in people
        ]
        await asyncio.wait_for(enough.wait(), 20)
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*work_of)
        await asyncio.to_thread(server.start)
        checked = await asyncio.to_thread(server.operate, "check_storage")
        assert checked["faults"] == [], f"seed {SEED}"
        for person in people:
            page = (await person.get(path)).body
            shown = {
                (person, message["id"], each["emoji"]["name"])
                for message in page
                for each in message.get("reactions", [])
                if each["me"]
            }
            for key, there in acked.items():
                if key[0] is person and there is not None:
                    assert (key in shown) is there, f"seed {SEED}"
    for person in people:
        await person.close()
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()
