"""Who deletes their account: each line of docs/operate.md, "When somebody goes"."""

from typing import Any

import msgspec
import pytest

from hearth.actions.accounts import make_link
from hearth.actions.gate import call
from hearth.core.errors import INVALID_ACCOUNT_TYPE, OWNS_GUILDS, Error, Refused
from hearth.core.models.accounts import Account, RecoveryCode, SecondFactor
from hearth.core.models.assets import Asset
from hearth.core.models.bans import Ban
from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.settings import Personal
from hearth.core.models.users import Application, Credential, ReadState, Token, User
from hearth.core.operations import OPERATIONS, OPERATOR
from hearth.core.wire import decode
from tests.actions.house import ANN, BOB, CAT, GUILD, TEXT, House

DAN, BOT, OTHER = 4000, 4001, 4002


@pytest.fixture
async def dan(house: House) -> int:
    """A member of the den who has all that one can have, and a bot; their id."""
    await house.owner.save(
        [
            User(id=DAN, username="dan", skeleton="dan"),
            Credential(user_id=DAN, password_hash="x"),
            Token(hash=b"dan", user_id=DAN, created_at_ms=0),
            Account(user_id=DAN, bio="hello", pronouns="he", accent_color=1),
            SecondFactor(user_id=DAN, secret=b"x"),
            RecoveryCode(user_id=DAN, hash=b"x"),
            Asset(path=f"avatars/{DAN}", hash="x", blob=b"x", type="png", user_id=DAN),
            User(id=BOT, username="pinger", bot=True, skeleton="pinger"),
            Application(id=BOT, bot_id=BOT, owner_id=DAN, name="Pinger"),
            Token(hash=b"bot", user_id=BOT, created_at_ms=0),
            Guild(id=OTHER, name="Other", owner_id=ANN),
            Ban(guild_id=OTHER, user_id=DAN),
        ]
    )
    for user_id in (DAN, BOT):
        await operate(house, "join_guild", str(user_id), guild_id=GUILD)
    await make_link(house.owner, "reset", DAN)
    for user_id in (BOB, CAT):
        await house.call("create_relationship", user_id, {}, user_id=DAN)
        await house.call("create_relationship", DAN, {}, user_id=user_id)
    await house.call("update_note", DAN, {"note": "a friend"}, user_id=BOB)
    await house.call("update_note", BOB, {"note": "another"}, user_id=DAN)
    await house.call("update_user_settings", DAN, {"theme": "light"})
    await house.call("update_notification_settings", DAN, {"muted": True}, guild_id="@me")
    await house.owner.directory.commit(
        [ReadState(user_id=DAN, channel_id=TEXT, last_message_id=1)], []
    )
    return DAN


async def operate(house: House, name: str, user: str, *, purge: bool = False, **params: int) -> Any:
    """The operator's call about a user."""
    operation = OPERATIONS[name]
    form = decode(operation.body, msgspec.json.encode({"user": user, "purge": purge}))
    return (await call(house.entry, operation, OPERATOR, params, form)).value


async def is_refused(house: House, error: Error, user: str, *, purge: bool = False) -> None:
    with pytest.raises(Refused) as caught:
        await operate(house, "delete_user", user, purge=purge)
    assert caught.value.error is error


async def test_nothing_of_their_own_stays(house: House, dan: int) -> None:
    directory = house.owner.directory
    house.told()
    await operate(house, "delete_user", "dan")
    # Those whose friend they were are told.
    assert house.told().count("RELATIONSHIP_REMOVE") == 2
    assert await directory.personal(dan) == Personal()
    assert await directory.account(dan) == Account(user_id=dan, disabled=3)
    assert await directory.credential(dan) is None
    assert await directory.tokens_of(dan) == await directory.recovery_codes(dan) == []
    assert await directory.second_factor(dan) is None
    assert await directory.links("reset") == []
    assert await directory.asset(f"avatars/{dan}") is None
    assert await directory.bans(OTHER, 10) == []
    assert await directory.guilds_of(dan) == []
    # Nor do others keep anything of them.
    for user_id in (BOB, CAT):
        assert await house.call("list_relationships", user_id) == []
    assert await directory.notes(BOB) == []


async def test_their_bots_go_with_them(house: House, dan: int) -> None:
    directory = house.owner.directory
    await operate(house, "delete_user", "dan")
    (bot,) = await directory.users([BOT])
    assert (bot.username, bot.bot) == (f"deleted_user_{BOT:x}", True)
    assert await directory.tokens_of(BOT) == []
    assert await directory.application_of(BOT) is None
    assert not {dan, BOT} & {*(await house.snapshot()).members}


async def test_what_they_wrote_and_how_they_reacted_stays(house: House, dan: int) -> None:
    made = await house.call("create_message", dan, {"content": "hi"}, channel_id=TEXT)
    at = {"channel_id": TEXT, "message_id": int(made["id"])}
    await house.call("add_my_message_reaction", dan, emoji_name="👍", **at)
    await operate(house, "delete_user", "dan")
    (shown,) = await house.call("list_messages", BOB, channel_id=TEXT)
    name = f"deleted_user_{dan:x}"
    assert (shown["content"], shown["author"]["username"]) == ("hi", name)
    assert shown["reactions"][0]["count"] == 1
    users = await house.call("list_message_reactions_by_emoji", BOB, emoji_name="👍", **at)
    assert [each["username"] for each in users] == [name]


async def test_dms_stay_with_the_other(house: House, dan: int) -> None:
    dm = int((await house.call("create_dm", dan, {"recipient_id": BOB}))["id"])
    await house.call("create_message", dan, {"content": "hi"}, channel_id=dm)
    await operate(house, "delete_user", "dan")
    (listed,) = await house.call("list_private_channels", BOB)
    name = f"deleted_user_{dan:x}"
    assert [each["username"] for each in listed["recipients"]] == [name]
    (message,) = await house.call("list_messages", BOB, channel_id=dm)
    assert (message["content"], message["author"]["username"]) == ("hi", name)


async def test_groups_are_left_and_given_on(house: House, dan: int) -> None:
    made = await house.call("create_dm", dan, {"recipients": [BOB, CAT]})
    group = int(made["id"])
    await operate(house, "delete_user", "dan")
    shown = await house.call("get_channel", BOB, channel_id=group)
    assert [each["id"] for each in shown["recipients"]] == [str(CAT)]
    assert shown["owner_id"] in (str(BOB), str(CAT))
    assert await house.owner.directory.private_channel_ids(dan) == []


@pytest.mark.parametrize("owner", [DAN, BOT])
async def test_guilds_are_given_away_first(house: House, dan: int, owner: int) -> None:
    """Those of their bots too: a guild has an owner who is a member."""
    mine = Guild(id=4100, name="Mine", owner_id=owner)
    member = Member(guild_id=4100, user_id=owner, joined_at_ms=1)
    await house.owner.save([mine, member], home=4100)
    await is_refused(house, OWNS_GUILDS, "dan")
    assert len(await house.owner.directory.tokens_of(owner)) == 1
    await house.owner.directory.commit([], [mine])
    await operate(house, "delete_user", "dan")


async def test_what_they_wrote_is_deleted_also_later(house: House, dan: int) -> None:
    await house.call("create_message", dan, {"content": "hi"}, channel_id=TEXT)
    await house.call("create_message", BOB, {"content": "I stay"}, channel_id=TEXT)
    await operate(house, "delete_user", "dan")
    assert len(await house.call("list_messages", BOB, channel_id=TEXT)) == 2
    await operate(house, "delete_user", str(dan), purge=True)
    (left,) = await house.call("list_messages", BOB, channel_id=TEXT)
    assert left["content"] == "I stay"
    await is_refused(house, INVALID_ACCOUNT_TYPE, str(dan))
