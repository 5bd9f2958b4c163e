"""Reactions by the gate, in one World and in two: reply, refusal, and what is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.core.errors import (
    MAX_REACTIONS,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    REACTION_BLOCKED,
    STORAGE_FULL,
    UNKNOWN_EMOJI,
    UNKNOWN_MESSAGE,
    Error,
    Refused,
)
from hearth.core.models.emojis import Emoji
from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.permissions import EVERYONE, P
from hearth.core.record import decode
from hearth.store.memory import MemoryLog
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House

OWN, SECRET, AWAY, GONE = 5001, 5002, 5003, 5004
NEXT = 3000


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    made = await House.build(request.param)
    made.owner.scale = made.entry.scale = 1000.0
    yield made
    assert await made.owner.log.check(decode) == []
    await made.close()


@pytest.fixture
async def message(house: House) -> int:
    """A message of ann's."""
    sent = await house.call("create_message", ANN, {"content": "hi"}, channel_id=TEXT)
    house.told()
    return int(sent["id"])


def at(message: int, emoji: str | None = None, **more: Any) -> dict[str, Any]:
    """The path's parameters."""
    named = {} if emoji is None else {"emoji_name": emoji}
    return {"channel_id": TEXT, "message_id": message, **named, **more}


async def react(house: House, who: int, message: int, emoji: str) -> None:
    assert await house.call("add_my_message_reaction", who, **at(message, emoji)) is None


async def shown(house: House, message: int, who: int = ANN) -> list[tuple[str, int, bool]]:
    """The reactions of a message as one message and as a page show them."""
    one = await house.call("get_message", who, **at(message))
    page = await house.call("list_messages", who, channel_id=TEXT)
    older = await house.call(
        "list_messages", who, query={"before": str(message + 1)}, channel_id=TEXT
    )
    assert one in page
    assert one in older
    return [(r["emoji"]["name"], r["count"], r["me"]) for r in one.get("reactions", [])]


async def refused(house: House, error: Error, name: str, who: int, **params: Any) -> None:
    with pytest.raises(Refused) as caught:
        await house.call(name, who, **params)
    assert caught.value.error is error
    assert house.told() == []


async def test_a_reaction_is_told_and_counted(house: House, message: int):
    await react(house, BOB, message, "👍")
    event = house.commits[-1].tell[0]
    home = await house.entry.home(GUILD)
    assert event.data(home) | {"member": None, "emoji": None} == {
        "user_id": str(BOB),
        "channel_id": str(TEXT),
        "message_id": str(message),
        "guild_id": str(GUILD),
        "member": None,
        "emoji": None,
        "message_author_id": str(ANN),
        "burst": False,
        "type": 0,
    }
    assert house.told() == ["MESSAGE_REACTION_ADD"]
    await react(house, CAT, message, "👍")
    await react(house, BOB, message, "❤")
    assert house.told() == ["MESSAGE_REACTION_ADD"] * 2
    assert await shown(house, message, CAT) == [("👍", 2, True), ("❤️", 1, False)]
    whole = (await house.call("get_message", BOB, **at(message)))["reactions"][0]
    assert whole == {
        "emoji": {"id": None, "name": "👍"},
        "count": 2,
        "count_details": {"normal": 2, "burst": 0},
        "burst_colors": [],
        "me": True,
        "me_burst": False,
    }


async def test_a_message_without_reactions_has_no_key(house: House, message: int):
    assert "reactions" not in await house.call("get_message", BOB, **at(message))


async def test_the_same_again_changes_and_tells_nothing(house: House, message: int):
    await react(house, BOB, message, "❤️")
    house.told()
    await react(house, BOB, message, "❤")
    assert house.told() == []
    assert await shown(house, message) == [("❤️", 1, False)]
    where = at(message, "❤")
    await house.call("delete_my_message_reaction", BOB, **where)
    assert house.told() == ["MESSAGE_REACTION_REMOVE"]
    await house.call("delete_my_message_reaction", BOB, **where)
    assert house.told() == []
    assert await shown(house, message) == []


async def test_many_at_once_are_each_counted_once(house: House, message: int):
    await asyncio.gather(
        *(react(house, who, message, "👍") for who in (ANN, BOB, CAT) for _ in range(5))
    )
    assert house.told().count("MESSAGE_REACTION_ADD") == 3
    assert await shown(house, message) == [("👍", 3, True)]


@pytest.mark.parametrize(
    "text", ["", "a", "hi", "1", "🇽🇽", "👍👍", "👩\u200d👩", "name:", "x:y", ":", "x" * 200]
)
async def test_what_is_no_emoji_is_unknown(house: House, message: int, text: str):
    for name in (
        "add_my_message_reaction",
        "delete_my_message_reaction",
        "list_message_reactions_by_emoji",
    ):
        await refused(house, UNKNOWN_EMOJI, name, ANN, **at(message, text))


async def test_a_message_that_is_not_there_is_unknown(house: House, message: int):
    for name in (
        "add_my_message_reaction",
        "delete_my_message_reaction",
        "delete_all_message_reactions_by_emoji",
        "list_message_reactions_by_emoji",
    ):
        await refused(house, UNKNOWN_MESSAGE, name, ANN, **at(5, "👍"))
    await refused(house, UNKNOWN_MESSAGE, "delete_all_message_reactions", ANN, **at(5))
    both = await asyncio.gather(
        house.call("delete_message", ANN, **at(message)),
        house.call("add_my_message_reaction", BOB, **at(message, "👍")),
        return_exceptions=True,
    )
    assert isinstance(both[1], Refused)
    assert both[1].error is UNKNOWN_MESSAGE
    assert house.told() == ["MESSAGE_DELETE"]


async def everyone_may(house: House, bits: int) -> None:
    await house.call(
        "update_guild_role", ANN, {"permissions": str(bits)}, guild_id=GUILD, role_id=GUILD
    )
    house.told()


async def test_only_a_new_emoji_needs_the_permission(house: House, message: int):
    await everyone_may(house, P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY)
    await refused(house, MISSING_PERMISSIONS, "add_my_message_reaction", BOB, **at(message, "👍"))
    await react(house, ANN, message, "👍")
    await react(house, BOB, message, "👍")
    assert await shown(house, message) == [("👍", 2, True)]


async def test_reactions_need_the_history(house: House, message: int):
    await everyone_may(house, P.VIEW_CHANNEL | P.ADD_REACTIONS)
    for name in ("add_my_message_reaction", "list_message_reactions_by_emoji"):
        await refused(house, MISSING_PERMISSIONS, name, BOB, **at(message, "👍"))
    hidden = {**at(message, "👍"), "channel_id": HIDDEN}
    await refused(house, MISSING_ACCESS, "add_my_message_reaction", BOB, **hidden)


async def test_who_is_timed_out_does_not_react(house: House, message: int):
    await react(house, ANN, message, "👍")
    until = "2027-01-16T08:30:00+00:00"
    body = {"communication_disabled_until": until}
    await house.call("update_guild_member", ANN, body, guild_id=GUILD, user_id=BOB)
    house.told()
    await refused(house, MISSING_PERMISSIONS, "add_my_message_reaction", BOB, **at(message, "👍"))


async def test_a_message_takes_twenty_emoji(house: House, message: int):
    for number in range(20):
        await react(house, BOB, message, chr(0x1F600 + number))
    house.told()
    await refused(house, MAX_REACTIONS, "add_my_message_reaction", ANN, **at(message, "👍"))
    await react(house, ANN, message, chr(0x1F600))
    assert len(await shown(house, message)) == 20


async def test_moderators_take_reactions_off(house: House, message: int):
    for who, emoji in ((ANN, "👍"), (BOB, "👍"), (ANN, "👎"), (BOB, "🎉")):
        await react(house, who, message, emoji)
    house.told()
    theirs = at(message, "👍", user_id=ANN)
    await refused(house, MISSING_PERMISSIONS, "delete_user_message_reaction", BOB, **theirs)
    await house.call("delete_user_message_reaction", CAT, **theirs)
    assert house.told() == ["MESSAGE_REACTION_REMOVE"]
    await house.call("delete_user_message_reaction", CAT, **theirs)
    assert house.told() == []
    name = "delete_all_message_reactions_by_emoji"
    await refused(house, MISSING_PERMISSIONS, name, BOB, **at(message, "👎"))
    await house.call(name, CAT, **at(message, "👎"))
    assert house.told() == ["MESSAGE_REACTION_REMOVE_EMOJI"]
    assert await shown(house, message) == [("👍", 1, False), ("🎉", 1, False)]
    name = "delete_all_message_reactions"
    await refused(house, MISSING_PERMISSIONS, name, BOB, **at(message))
    await house.call(name, CAT, **at(message))
    assert house.told() == ["MESSAGE_REACTION_REMOVE_ALL"]
    await house.call(name, CAT, **at(message))
    assert house.told() == []


async def test_who_reacted_is_listed_in_pages(house: House, message: int):
    for who in (CAT, ANN, BOB):
        await react(house, who, message, "👍")

    async def listed(**query: str) -> list[str]:
        found = await house.call(
            "list_message_reactions_by_emoji", BOB, query=query, **at(message, "👍")
        )
        return [user["username"] for user in found]

    assert await listed() == ["ann", "bob", "cat"]
    assert await listed(limit="2") == ["ann", "bob"]
    assert await listed(after=str(ANN), limit="1", type="0") == ["bob"]
    assert await listed(type="1") == []
    for query in ({"limit": "0"}, {"limit": "101"}, {"type": "2"}, {"after": "x"}):
        with pytest.raises(Refused, match="50035"):
            await listed(**query)


async def test_a_full_disk_refuses_marks_and_lets_them_go(house: House, message: int):
    await react(house, BOB, message, "👍")
    house.told()
    log = house.owner.log
    assert isinstance(log, MemoryLog)
    log.full = True
    await refused(house, STORAGE_FULL, "add_my_message_reaction", CAT, **at(message, "👍"))
    await house.call("delete_my_message_reaction", BOB, **at(message, "👍"))
    assert house.told() == ["MESSAGE_REACTION_REMOVE"]
    log.full = False


async def test_a_deleted_message_takes_its_reactions_along(house: House, message: int):
    await react(house, BOB, message, "👍")
    await house.call("delete_message", ANN, **at(message))
    assert await house.owner.log.marked(TEXT, message, "r👍".encode(), 0, 9) == []


# Guilds' own emoji


@pytest.fixture
async def emojis(house: House) -> None:
    """Emoji of the guild, and of another that bob is in too."""
    await house.owner.save(
        [
            Guild(id=NEXT, name="Next", owner_id=ANN),
            Role(id=NEXT, guild_id=NEXT, name="@everyone", permissions=EVERYONE),
            Member(guild_id=NEXT, user_id=BOB, joined_at_ms=1),
            Emoji(id=AWAY, guild_id=NEXT, name="away", animated=True),
        ],
        home=NEXT,
    )
    home = await house.owner.home(GUILD)
    async with home.busy.turn:
        await house.owner.commit(
            home,
            [
                Emoji(id=OWN, guild_id=GUILD, name="own"),
                Emoji(id=SECRET, guild_id=GUILD, name="secret", roles=(MODS,)),
                Emoji(id=GONE, guild_id=GUILD, name="gone", available=False),
            ],
            [],
            [],
        )
    await asyncio.sleep(0)
    house.told()


@pytest.mark.usefixtures("emojis")
async def test_a_guilds_own_emoji(house: House, message: int):
    for text in ("own:5001", "a:own:5001", ":own:5001", "whatever:5001"):
        await react(house, BOB, message, text)
    assert house.told() == ["MESSAGE_REACTION_ADD"]
    found = (await house.call("get_message", BOB, **at(message)))["reactions"]
    assert [r["emoji"] for r in found] == [{"id": "5001", "name": "own", "animated": False}]
    await refused(house, UNKNOWN_EMOJI, "add_my_message_reaction", ANN, **at(message, f"x:{GONE}"))
    secret = at(message, f"secret:{SECRET}")
    await refused(house, UNKNOWN_EMOJI, "add_my_message_reaction", BOB, **secret)
    await house.call("add_my_message_reaction", CAT, **secret)
    # What is there already everybody may join in.
    await house.call("add_my_message_reaction", BOB, **secret)
    assert (await shown(house, message, BOB))[1] == ("secret", 2, True)


@pytest.mark.usefixtures("emojis")
async def test_another_guilds_emoji(house: House, message: int):
    away = at(message, f"away:{AWAY}")
    await refused(house, UNKNOWN_EMOJI, "add_my_message_reaction", CAT, **away)
    await everyone_may(house, EVERYONE & ~P.USE_EXTERNAL_EMOJIS)
    await refused(house, MISSING_PERMISSIONS, "add_my_message_reaction", BOB, **away)
    await everyone_may(house, EVERYONE | P.USE_EXTERNAL_EMOJIS)
    await house.call("add_my_message_reaction", BOB, **away)
    found = (await house.call("get_message", CAT, **at(message)))["reactions"]
    assert [r["emoji"] for r in found] == [{"id": "5003", "name": "away", "animated": True}]
    await house.call("add_my_message_reaction", CAT, **away)
    house.commits.pop()
    await house.call("delete_my_message_reaction", BOB, **away)
    told = [event for commit in house.commits for event in commit.tell]
    assert [(e.name, e.emoji.name, e.emoji.animated) for e in told] == [
        ("MESSAGE_REACTION_ADD", "away", True),
        ("MESSAGE_REACTION_REMOVE", "away", True),
    ]


async def test_whom_the_author_blocks_does_not_react(house: House, message: int):
    await react(house, BOB, message, "👍")
    await house.call("create_relationship", ANN, {"type": 2}, user_id=BOB)
    house.told()
    for emoji in ("👎", "👍"):
        await refused(house, REACTION_BLOCKED, "add_my_message_reaction", BOB, **at(message, emoji))
    # What is there may be taken back, and others react.
    await house.call("delete_my_message_reaction", BOB, **at(message, "👍"))
    await react(house, CAT, message, "👎")
    # Who blocks somebody may react to what they wrote.
    written = await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)
    await react(house, ANN, int(written["id"]), "👍")
    await house.call("delete_relationship", ANN, user_id=BOB)
    await react(house, BOB, message, "👍")
