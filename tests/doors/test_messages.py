"""Messages over HTTP: each parameter, limit, refusal, event and reply field."""

from typing import Any

import pytest

from hearth.core.events import Intent
from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import EVERY_INTENT, Answer


async def send(den: Den, **body: Any) -> Answer:
    """Ann, who may everything, writes."""
    return await den.ann.post(f"/channels/{den.channel}/messages", body)


async def allow(den: Den, **bits: int) -> None:
    """An overwrite of @everyone in the channel."""
    path = f"/channels/{den.channel}/permissions/{den.guild}"
    answer = await den.ann.put(path, {"type": 0, **bits})
    assert answer.status == 204, answer.body


async def marker(den: Den) -> str:
    """A message that ends what is looked at."""
    return (await den.say(den.ann, "marker"))["id"]


async def test_every_field_of_a_message(den: Den) -> None:
    gateway = await den.bob.connect()
    answer = await send(den, content="hello", nonce="n1", tts=False, flags=1 << 12)
    body = answer.body
    author = {"id": str(den.ann.id), "username": den.ann.name}
    assert author.items() <= body.pop("author").items()
    assert body.pop("timestamp").endswith("+00:00")
    message_id = body.pop("id")
    assert body == {
        "type": 0,
        "channel_id": str(den.channel),
        "content": "hello",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "embeds": [],
        "attachments": [],
        "components": [],
        "pinned": False,
        "flags": 1 << 12,
        "nonce": "n1",
    }
    told = await gateway.event("MESSAGE_CREATE")
    assert told["id"] == message_id
    assert told["guild_id"] == str(den.guild)
    assert told["member"]["roles"] == []
    assert "user" not in told["member"]
    assert body.items() <= told.items()
    read = (await den.ann.get(f"/channels/{den.channel}/messages/{message_id}")).body
    assert read.keys() == {*body, "id", "author", "timestamp"} - {"nonce"}


async def test_content_is_kept_without_blanks_around_it(den: Den) -> None:
    assert (await send(den, content="\n  a  b \n")).body["content"] == "a  b"


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": " \n\t"}, {"embeds": []}])
async def test_an_empty_message(den: Den, body: dict[str, Any]) -> None:
    answer = await send(den, **body)
    assert (answer.status, answer.code) == (400, 50006)


async def test_content_has_2000_characters(den: Den) -> None:
    # A code point is one character, however many bytes it takes.
    assert (await send(den, content="🔥" * 2000)).status == 200
    assert (await send(den, content="🔥" * 2001)).code == 50035


async def test_nonces(den: Den) -> None:
    for nonce in ("x" * 25, 123456789012345678):
        assert (await send(den, content="x", nonce=nonce)).body["nonce"] == nonce
    assert "nonce" not in (await send(den, content="x")).body
    for wrong in ("x" * 26, 1.5, [1]):
        assert (await send(den, content="x", nonce=wrong)).code == 50035


async def test_an_enforced_nonce_makes_one_message(den: Den) -> None:
    one = await send(den, content="one", nonce="n", enforce_nonce=True)
    two = await send(den, content="two", nonce="n", enforce_nonce=True)
    assert one.body["id"] == two.body["id"]
    assert two.body["content"] == "one"
    # Another's nonce, and one that is not enforced, make another message.
    other = await den.bob.post(
        f"/channels/{den.channel}/messages",
        {"content": "x", "nonce": "n", "enforce_nonce": True},
    )
    third = await send(den, content="three", nonce="n")
    assert len({one.body["id"], other.body["id"], third.body["id"]}) == 3


async def test_tts_and_embeds_need_a_permission(den: Den) -> None:
    path = f"/channels/{den.channel}/messages"
    assert (await den.bob.post(path, {"content": "x", "tts": True})).code == 50013
    await allow(den, allow=P.SEND_TTS_MESSAGES, deny=P.EMBED_LINKS)
    assert (await den.bob.post(path, {"content": "x", "tts": True})).body["tts"] is True
    embed = {"title": "x"}
    assert (await den.bob.post(path, {"embeds": [embed]})).code == 50013
    assert (await send(den, embeds=[embed])).status == 200


async def test_embeds(den: Den) -> None:
    embed = {
        "title": " title ",
        "description": "text",
        "url": "https://example.org/x",
        "color": 0x3366FF,
        "timestamp": "2026-01-02T03:04:05Z",
        "author": {"name": "a", "url": "https://example.org", "icon_url": "https://example.org/a"},
        "footer": {"text": "f", "icon_url": "https://example.org/f"},
        "image": {"url": "https://example.org/i"},
        "thumbnail": {"url": "https://example.org/t"},
        "fields": [{"name": "n", "value": "v", "inline": True}, {"name": "m", "value": "w"}],
    }
    shown = (await send(den, embeds=[embed])).body["embeds"]
    wanted = {
        **embed,
        "type": "rich",
        "title": "title",
        "timestamp": "2026-01-02T03:04:05.000000+00:00",
        "fields": [
            {"name": "n", "value": "v", "inline": True},
            {"name": "m", "value": "w", "inline": False},
        ],
    }
    assert shown == [wanted]


@pytest.mark.parametrize(
    ("embeds", "where"),
    [
        ([{"title": "x"}] * 11, "embeds"),
        ([{"title": "x" * 257}], "title"),
        ([{"description": "x" * 4097}], "description"),
        ([{"description": "x" * 3000}] * 3, "embeds"),
        ([{"title": "x", "fields": [{"name": "n", "value": "v"}] * 26}], "fields"),
        ([{"title": "x", "color": 1 << 24}], "color"),
        ([{"title": "x", "url": "ftp://example.org"}], "url"),
        ([{}], "embeds"),
    ],
)
async def test_limits_of_embeds(den: Den, embeds: list[Any], where: str) -> None:
    answer = await send(den, embeds=embeds)
    assert (answer.status, answer.code) == (400, 50035)
    assert where in str(answer.body["errors"])


async def test_channels_without_text(den: Den) -> None:
    made = (await den.ann.post(f"/guilds/{den.guild}/channels", {"name": "c", "type": 4})).body
    for path, body in (("messages", {"content": "x"}), ("typing", None)):
        answer = await den.ann.post(f"/channels/{made['id']}/{path}", body)
        assert (answer.status, answer.code) == (400, 50008)


async def test_voice_channels_have_text(den: Den) -> None:
    made = (await den.ann.post(f"/guilds/{den.guild}/channels", {"name": "v", "type": 2})).body
    answer = await den.ann.post(f"/channels/{made['id']}/messages", {"content": "x"})
    assert answer.status == 200


# Replies and mentions


async def test_a_reply(den: Den) -> None:
    first = await den.say(den.bob, "first")
    await den.bob.connect()
    reply = (await send(den, content="x", message_reference={"message_id": first["id"]})).body
    assert reply["type"] == 19
    assert reply["message_reference"] == {
        "type": 0,
        "channel_id": str(den.channel),
        "guild_id": str(den.guild),
        "message_id": first["id"],
    }
    assert reply["referenced_message"]["content"] == "first"
    assert "referenced_message" not in reply["referenced_message"]
    assert [each["id"] for each in reply["mentions"]] == [str(den.bob.id)]
    told = await den.bob.event("MESSAGE_CREATE")
    assert told["referenced_message"]["id"] == first["id"]
    assert told["mentions"][0]["member"]["roles"] == []
    # Null says that the message is gone; where there was none there is no key.
    await den.bob.delete(f"/channels/{den.channel}/messages/{first['id']}")
    read = (await den.ann.get(f"/channels/{den.channel}/messages/{reply['id']}")).body
    assert read["referenced_message"] is None
    assert "referenced_message" not in first


async def test_replies_that_are_none(den: Den) -> None:
    gone = {"message_id": "5"}
    answer = await send(den, content="x", message_reference=gone)
    assert (answer.status, answer.code) == (400, 50035)
    assert answer.body["errors"]["message_reference"]["_errors"]
    plain = await send(den, content="x", message_reference={**gone, "fail_if_not_exists": False})
    assert (plain.status, plain.body["type"]) == (200, 0)
    assert "message_reference" not in plain.body
    other = (await den.ann.post(f"/guilds/{den.guild}/channels", {"name": "o"})).body["id"]
    first = await den.say(den.ann, "x")
    answer = await den.ann.post(
        f"/channels/{other}/messages",
        {"content": "x", "message_reference": {"message_id": first["id"], "channel_id": "5"}},
    )
    assert answer.code == 50035
    await allow(den, deny=P.READ_MESSAGE_HISTORY)
    answer = await den.bob.post(
        f"/channels/{den.channel}/messages",
        {"content": "x", "message_reference": {"message_id": first["id"]}},
    )
    assert (answer.status, answer.code) == (400, 160002)


async def test_mentions(den: Den) -> None:
    roles = f"/guilds/{den.guild}/roles"
    role = (await den.ann.post(roles, {"name": "r", "mentionable": True})).body["id"]
    closed = (await den.ann.post(roles, {"name": "s"})).body["id"]
    content = f"<@{den.bob.id}> <@!{den.ann.id}> <@&{role}> <@&{closed}> @everyone <@5> `<@1>`"
    mine = (await send(den, content=content)).body
    assert [each["id"] for each in mine["mentions"]] == [str(den.bob.id), str(den.ann.id)]
    assert mine["mention_roles"] == [role, closed]
    assert mine["mention_everyone"] is True
    theirs = await den.say(den.bob, content)
    assert theirs["mention_roles"] == [role]
    assert theirs["mention_everyone"] is False
    none = (await send(den, content=content, allowed_mentions={"parse": []})).body
    assert (none["mentions"], none["mention_roles"], none["mention_everyone"]) == ([], [], False)
    some = {"parse": ["roles"], "users": [str(den.bob.id)]}
    some = (await send(den, content=content, allowed_mentions=some)).body
    assert [each["id"] for each in some["mentions"]] == [str(den.bob.id)]
    assert (some["mention_roles"], some["mention_everyone"]) == ([role, closed], False)
    both = {"parse": ["users"], "users": [str(den.bob.id)]}
    assert (await send(den, content="x", allowed_mentions=both)).code == 50035


async def test_a_reply_mentions_only_who_is_allowed(den: Den) -> None:
    first = await den.say(den.bob, "x")
    reference = {"message_id": first["id"]}
    quiet = {"parse": [], "replied_user": False}
    reply = await send(den, content="x", message_reference=reference, allowed_mentions=quiet)
    assert reply.body["mentions"] == []
    loud = {"parse": [], "replied_user": True}
    reply = await send(den, content="x", message_reference=reference, allowed_mentions=loud)
    assert [each["id"] for each in reply.body["mentions"]] == [str(den.bob.id)]


# What waits for a later issue


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("components", [{"type": 1}]),
        ("poll", {"question": {"text": "?"}}),
        ("flags", 1 << 15),
        ("message_reference", {"type": 1, "message_id": "5", "channel_id": "5"}),
    ],
)
async def test_what_waits_is_refused_by_name(den: Den, name: str, value: Any) -> None:
    answer = await send(den, content="x", **{name: value})
    assert (answer.status, answer.code) == (403, 40006)
    assert list(answer.body["errors"]) == [name]
    empty = await send(den, content="x", attachments=[], components=[], sticker_ids=[], poll=None)
    assert empty.status == 200


# Reading


async def test_pages(den: Den) -> None:
    ids = [(await den.say(den.ann, str(n)))["id"] for n in range(7)]
    path = f"/channels/{den.channel}/messages"

    async def page(query: str) -> list[str]:
        return [str(ids.index(each["id"])) for each in (await den.ann.get(path + query)).body]

    assert await page("") == list("6543210")
    assert await page("?limit=2") == list("65")
    assert await page(f"?limit=2&before={ids[3]}") == list("21")
    # With `after` the oldest above it, still newest first.
    assert await page(f"?limit=2&after={ids[3]}") == list("54")
    # They exclude each other; `after` counts.
    assert await page(f"?limit=2&after={ids[3]}&before={ids[0]}") == list("54")
    assert await page(f"?limit=3&around={ids[3]}") == list("432")
    assert await page(f"?limit=1&around={ids[3]}") == ["3"]
    assert await page(f"?around={ids[0]}") == list("6543210")
    for limit in ("0", "101", "x"):
        assert (await den.ann.get(f"{path}?limit={limit}")).code == 50035


async def test_history_needs_its_permission(den: Den) -> None:
    message = await den.say(den.ann, "x")
    await allow(den, deny=P.READ_MESSAGE_HISTORY)
    path = f"/channels/{den.channel}/messages"
    assert (await den.bob.get(path)).body == []
    assert (await den.bob.get(f"{path}/{message['id']}")).code == 50013
    assert (await den.ann.get(f"{path}/5")).code == 10008


# Editing


async def test_an_edit(den: Den) -> None:
    first = await den.say(den.bob, f"<@{den.ann.id}>")
    await den.ann.connect()
    path = f"/channels/{den.channel}/messages/{first['id']}"
    edited = (await den.bob.patch(path, {"content": " new "})).body
    assert edited["content"] == "new"
    assert edited["mentions"] == []
    assert edited["timestamp"] == first["timestamp"]
    assert edited["edited_timestamp"] > edited["timestamp"]
    told = await den.ann.event("MESSAGE_UPDATE")
    assert told["guild_id"] == str(den.guild)
    assert "member" in told
    assert edited.items() <= told.items()
    embeds = (await den.bob.patch(path, {"embeds": [{"title": "x"}]})).body
    assert (embeds["content"], len(embeds["embeds"])) == ("new", 1)
    only = (await den.bob.patch(path, {"content": None})).body
    assert (only["content"], len(only["embeds"])) == ("", 1)
    assert (await den.bob.patch(path, {"embeds": None})).code == 50006
    assert (await den.bob.patch(path, {"content": "x" * 2001})).code == 50035


async def test_an_edit_that_changes_nothing_is_told_to_nobody(den: Den) -> None:
    first = await den.say(den.bob, "x")
    gateway = await den.ann.connect()
    path = f"/channels/{den.channel}/messages/{first['id']}"
    for body in ({}, {"flags": 0}):
        same = (await den.bob.patch(path, body)).body
        assert (same["content"], same["edited_timestamp"]) == ("x", None)
    await marker(den)
    await gateway.event("MESSAGE_CREATE")
    assert "MESSAGE_UPDATE" not in gateway.names()


async def test_whose_message_may_be_edited(den: Den) -> None:
    first = await den.say(den.bob, "x")
    path = f"/channels/{den.channel}/messages/{first['id']}"
    assert (await den.ann.patch(path, {"content": "y"})).code == 50005
    assert (await den.ann.patch(path, {"embeds": []})).code == 50005
    hidden = (await den.ann.patch(path, {"flags": 4})).body
    assert (hidden["flags"], hidden["edited_timestamp"]) == (4, None)
    cat = den.member("cat")
    assert (await cat.patch(path, {"flags": 0})).code == 50013
    assert (await den.bob.patch(path, {"flags": 0})).body["flags"] == 0
    gone = f"/channels/{den.channel}/messages/5"
    assert (await den.bob.patch(gone, {"content": "y"})).code == 10008


# Deleting


async def test_delete(den: Den) -> None:
    mine, theirs = await den.say(den.bob, "x"), await den.say(den.bob, "y")
    gateway = await den.ann.connect()
    path = f"/channels/{den.channel}/messages/"
    assert (await den.bob.delete(path + mine["id"])).status == 204
    told = await gateway.event("MESSAGE_DELETE")
    assert told == {
        "id": mine["id"],
        "channel_id": str(den.channel),
        "guild_id": str(den.guild),
    }
    # Only who deletes another's leaves an entry.
    assert "GUILD_AUDIT_LOG_ENTRY_CREATE" not in gateway.names()
    headers = {"X-Audit-Log-Reason": "spam"}
    assert (await den.ann.delete(path + theirs["id"], headers=headers)).status == 204
    entry = await gateway.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert entry["action_type"] == 72
    assert entry["user_id"] == str(den.ann.id)
    assert entry["target_id"] == str(den.bob.id)
    assert entry["options"] == {"channel_id": str(den.channel), "count": "1"}
    assert entry["reason"] == "spam"
    assert (await den.ann.delete(path + theirs["id"])).code == 10008
    assert (await den.ann.get(path + theirs["id"])).code == 10008


# Slow mode, content, acknowledgements


async def test_slow_mode_spares_bots_and_moderators(den: Den) -> None:
    await den.ann.patch(f"/channels/{den.channel}", {"rate_limit_per_user": 60})
    bot = den.bot()
    for who in (den.ann, den.ann, bot, bot, den.bob):
        await den.say(who, "x")
    answer = await den.bob.post(f"/channels/{den.channel}/messages", {"content": "x"})
    assert answer.code == 20016
    await allow(den, allow=P.BYPASS_SLOWMODE)
    await den.say(den.bob, "x")


async def test_content_without_its_intent(den: Den) -> None:
    bot = den.bot()
    gateway = await bot.connect(intents=EVERY_INTENT & ~Intent.MESSAGE_CONTENT)
    embeds = [{"title": "secret"}]
    first = (await send(den, content="secret", embeds=embeds)).body
    told = await gateway.event("MESSAGE_CREATE")
    assert (told["content"], told["embeds"], told["author"]["id"]) == ("", [], str(den.ann.id))
    await send(den, content=f"<@{bot.id}> look")
    assert (await gateway.event("MESSAGE_CREATE"))["content"] == f"<@{bot.id}> look"
    await den.say(bot, "mine")
    assert (await gateway.event("MESSAGE_CREATE"))["content"] == "mine"
    # What a message that mentions it replies to stays another's secret.
    reference = {"message_id": first["id"]}
    await send(den, content=f"<@{bot.id}> this", message_reference=reference)
    told = await gateway.event("MESSAGE_CREATE")
    assert told["content"] == f"<@{bot.id}> this"
    assert told["referenced_message"]["content"] == ""


async def test_ack(den: Den) -> None:
    message = await den.say(den.ann, f"<@{den.bob.id}>")
    here = await den.bob.connect()
    answer = await den.bob.post(f"/channels/{den.channel}/messages/{message['id']}/ack", {})
    assert (answer.status, answer.body) == (200, {"token": None})
    told = await here.event("MESSAGE_ACK")
    assert (told["channel_id"], told["message_id"]) == (str(den.channel), message["id"])
    bot = den.bot()
    answer = await bot.post(f"/channels/{den.channel}/messages/{message['id']}/ack", {})
    assert answer.code == 20001


async def test_typing(den: Den) -> None:
    await den.bob.connect()
    answer = await den.ann.post(f"/channels/{den.channel}/typing")
    assert answer.status == 204
    told = await den.bob.event("TYPING_START")
    assert told["user_id"] == str(den.ann.id)
