"""Messages by the gate, in one World and in two: what two at once do, and whom replies show."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from hearth.actions.auth import make_token
from hearth.core.errors import SLOWMODE, UNKNOWN_MESSAGE, Refused
from hearth.core.events import MessageCreate
from hearth.core.models.members import Member
from hearth.core.models.users import Application, User
from tests.actions.house import ANN, BOB, CAT, GUILD, TEXT, House

DAN = 1004
"""A member of nothing, whom nobody has met since the start."""


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    made.owner.scale = made.entry.scale = 1000.0
    await made.owner.write([User(id=DAN, username="dan")])
    yield made
    await made.close()


async def say(house: House, who: int, content: str = "hi", **more: Any) -> dict[str, Any]:
    return await house.call("create_message", who, {"content": content, **more}, channel_id=TEXT)


def at(message: dict[str, Any]) -> dict[str, int]:
    return {"channel_id": TEXT, "message_id": int(message["id"])}


def to(message: dict[str, Any]) -> dict[str, Any]:
    """What makes a message a reply that pings nobody."""
    return {
        "message_reference": {"message_id": message["id"]},
        "allowed_mentions": {"parse": [], "replied_user": False},
    }


def forget(house: House, *users: int) -> None:
    """As after a restart: nobody has read these users yet."""
    for world in {house.owner, house.entry}:
        for user_id in users:
            world._users.pop(user_id, None)


async def test_two_edits_at_once_lose_neither(house: House):
    message = await say(house, BOB)
    # To find out who is mentioned takes the author's edit longer.
    edits = [
        house.call("update_message", BOB, {"content": f"now <@{DAN}>"}, **at(message)),
        house.call("update_message", CAT, {"flags": 4}, **at(message)),
    ]
    await asyncio.gather(*edits)
    shown = await house.call("get_message", ANN, **at(message))
    assert (shown["content"], shown["flags"]) == (f"now <@{DAN}>", 4)
    assert [user["username"] for user in shown["mentions"]] == ["dan"]


async def test_slow_mode_holds_for_messages_at_once(house: House):
    await house.call("update_channel", ANN, {"rate_limit_per_user": 30}, channel_id=TEXT)
    both = [say(house, BOB, f"<@{DAN}>"), say(house, BOB, f"<@{DAN}>")]
    answers = await asyncio.gather(*both, return_exceptions=True)
    (refused,) = [each for each in answers if isinstance(each, Refused)]
    assert refused.error is SLOWMODE
    assert len(await house.call("list_messages", ANN, channel_id=TEXT)) == 1


async def test_two_who_delete_at_once_leave_one_entry(house: House):
    message = await say(house, BOB)
    house.told()
    gone = [house.call("delete_message", who, **at(message)) for who in (ANN, CAT)]
    answers = await asyncio.gather(*gone, return_exceptions=True)
    (refused,) = [each for each in answers if isinstance(each, Refused)]
    assert refused.error is UNKNOWN_MESSAGE
    assert house.told() == ["MESSAGE_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert len(await house.owner.directory.audit_entries(GUILD, 10)) == 1


async def test_a_reply_names_whom_nobody_has_met_since_the_start(house: House):
    first = await say(house, BOB, f"hi <@{DAN}>")
    await house.call("delete_guild_member", ANN, guild_id=GUILD, user_id=BOB)

    async def names() -> list[list[str]]:
        home = await house.owner.home(GUILD)
        events = [event for commit in house.commits for event in commit.tell]
        house.commits.clear()
        told = [event.data(home) for event in events if isinstance(event, MessageCreate)]
        shown = [msgspec.json.decode(msgspec.json.encode(each)) for each in told]
        found = [each.get("referenced_message") or each for each in shown]
        return [[u["username"] for u in (one["author"], *one["mentions"])] for one in found]

    house.commits.clear()
    forget(house, BOB, DAN)
    reply = await say(house, ANN, **to(first))
    other = reply["referenced_message"]
    assert [other["author"]["username"], other["mentions"][0]["username"]] == ["bob", "dan"]
    assert await names() == [["bob", "dan"]]
    forget(house, BOB, DAN)
    await house.call("update_message", ANN, {"content": "x"}, **at(reply))
    assert await names() == [["bob", "dan"]]
    forget(house, BOB, DAN)
    await house.call("create_pin", ANN, **at(first))
    assert (await names())[0] == ["bob", "dan"]


async def test_a_reply_shows_what_hangs_off_the_other(house: House):
    first = await say(house, BOB)
    await house.call("create_pin", CAT, **at(first))
    await house.call("add_my_message_reaction", CAT, emoji_name="👍", **at(first))
    house.commits.clear()
    reply = await say(house, ANN, nonce="1", enforce_nonce=True, **to(first))
    event = house.commits[-1].tell[0]
    assert event.data(await house.entry.home(GUILD)).referenced_message.pinned is True
    again = await say(house, ANN, nonce="1", enforce_nonce=True, **to(first))
    assert again == reply
    one = await house.call("get_message", ANN, **at(reply))
    page = await house.call("list_messages", ANN, channel_id=TEXT)
    assert one == page[0]
    for shown in (reply, one):
        other = shown["referenced_message"]
        assert other["pinned"] is True
        assert [(r["count"], r["me"]) for r in other["reactions"]] == [(1, False)]
    mine = await house.call("get_message", CAT, **at(reply))
    assert mine["referenced_message"]["reactions"][0]["me"] is True


BOT = 4001


@pytest.mark.parametrize("flags", [0, 1 << 18, 1 << 19])
async def test_a_bot_reads_what_its_application_may(house: House, flags: int) -> None:
    await house.owner.save(
        [
            User(id=BOT, username="robot", bot=True),
            Application(id=BOT, bot_id=BOT, owner_id=ANN, name="Robot", flags=flags),
            Member(guild_id=GUILD, user_id=BOT, joined_at_ms=1),
        ],
        home=GUILD,
    )
    text, token = make_token(house.owner, BOT)
    await house.owner.save([token])
    robot = await house.entry.authenticate(text)
    assert robot is not None
    house.principals[BOT] = robot
    embed = {"embeds": [{"title": "seen"}]}
    first = await say(house, ANN, "secret", **embed)
    await say(house, BOB, f"hey <@{BOT}>")
    own = await say(house, BOT, "mine", **to(first))
    reads = ["secret"] if flags else [""]
    assert own["content"] == "mine"
    assert own["referenced_message"]["content"] == reads[0]
    await say(house, CAT, "other", **to(own))
    page = await house.call("list_messages", BOT, channel_id=TEXT)
    contents = [each["content"] for each in reversed(page)]
    assert contents == [*reads, f"hey <@{BOT}>", "mine", "other" if flags else ""]
    assert [len(each["embeds"]) for each in reversed(page)] == [bool(flags), 0, 0, 0]
    # What is replied to counts by itself.
    assert [each["referenced_message"]["content"] for each in page[:2]] == ["mine", reads[0]]
    one = await house.call("get_message", BOT, **at(first))
    assert (one["content"], len(one["embeds"])) == (reads[0], bool(flags))
    await house.call("create_pin", ANN, **at(first))
    pins = await house.call("list_pins", BOT, channel_id=TEXT)
    assert [each["message"]["content"] for each in pins["items"]] == reads
    # People read everything, and so does a bot in its DMs.
    assert (await house.call("get_message", BOB, **at(first)))["content"] == "secret"
    dm = int((await house.call("create_dm", BOT, {"recipient_id": BOB}))["id"])
    await house.call("create_message", BOT, {"content": "hello"}, channel_id=dm)
    await house.call("create_message", BOB, {"content": "private"}, channel_id=dm)
    page = await house.call("list_messages", BOT, channel_id=dm)
    assert [each["content"] for each in page] == ["private", "hello"]
