"""Search by the gate: every parameter, who finds what, edits and deletes, building anew."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.actions.consumers import search
from hearth.actions.search import clear
from hearth.core.errors import INDEX_NOT_READY, INVALID_FORM, MISSING_ACCESS, MISSING_PERMISSIONS
from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.users import User
from hearth.core.permissions import P
from hearth.core.words import words
from hearth.store.search_fts import FtsSearch
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, MODS, TEXT, House, overwrite
from tests.actions.test_attachments import sent


@pytest.fixture
async def alone() -> AsyncIterator[House]:
    made = await House.build(1)
    yield made
    await made.close()


async def say(house: House, who: int, content: str, channel: int = TEXT, **more: Any) -> int:
    body = {"content": content, **more}
    sent = await house.call("create_message", who, body, channel_id=channel)
    house.clock.seconds += 10
    return int(sent["id"])


async def look(house: House, who: int = ANN, **query: Any) -> dict[str, Any]:
    """What a guild search answers, the index being as far as the log."""
    await search.catch_up(house.owner)
    house.clock.seconds += 10
    asked = {name: str(value) for name, value in query.items()}
    return await house.call("guild_search", who, query=asked, guild_id=GUILD)


async def found(house: House, who: int = ANN, **query: Any) -> list[int]:
    """The ids of what is found, all of which must be counted."""
    reply = await look(house, who, **query)
    ids = [int(message["id"]) for (message,) in reply["messages"]]
    assert reply["total_results"] == len(ids)
    return ids


async def test_words_are_found_newest_first(house: House) -> None:
    one = await say(house, ANN, "The quick brown fox")
    await say(house, BOB, "a lazy dog")
    two = await say(house, BOB, "QUICK, said he")
    assert await found(house, content="quick") == [two, one]
    assert await found(house, content="quick", sort_order="asc") == [one, two]
    assert await found(house, content="fox quick") == [one]
    assert await found(house, content="absent") == []
    assert len(await found(house)) == 3


async def test_a_hit_looks_like_a_message_without_reactions(house: House) -> None:
    first = await say(house, ANN, "hello there")
    at = {"channel_id": TEXT, "message_id": first}
    await house.call("add_my_message_reaction", BOB, **at, emoji_name="👍")
    answer = await say(house, BOB, f"hello <@{ANN}>", message_reference={"message_id": str(first)})
    reply = await look(house, content="hello")
    assert reply | {"messages": ...} == {
        "messages": ...,
        "total_results": 2,
        "doing_deep_historical_index": False,
        "threads": [],
        "members": [],
    }
    (newest,), (oldest,) = reply["messages"]
    assert int(newest["id"]) == answer
    assert newest["referenced_message"]["id"] == str(first)
    assert newest["mentions"][0]["id"] == str(ANN)
    assert oldest["hit"] is newest["hit"] is True
    assert oldest["author"]["username"] == "ann"
    assert "reactions" not in oldest


@pytest.mark.parametrize(
    ("text", "query", "there"),
    [
        ("I like cats", "cat", True),  # the last word goes on
        ("I like cats", "lik", True),
        ("I like cats", "lik cats", False),  # others do not
        ("I like cats", "li", False),  # nor do short ones
        ("I like cats", '"cat"', False),  # nor quoted ones
        ("I like cats", '"like cats"', True),
        ("I like cats", '"cats like"', False),
        ("I like cats", "cats like", True),
        ("a b c d e f", "a d", True),  # two between them
        ("a b c d e f", "a e", False),  # three
        ("one two three four five", "five four three two one", True),
        ("Crème brûlée", "creme brulee", True),
        ("creme", "CRÈME", True),
        ("Straße", "strasse", True),
        ("don't panic", "don't", True),
        ("snake_case_name", "case_name", True),
        ("東京タワーに行った", "東京", True),
        ("東京タワーに行った", "京", True),
        ("東京タワーに行った", "東タ", False),
        ("我们明天去北京吃饭", "北京", True),
        ("我们明天去北京吃饭", "京北", False),
        ("がぎぐ", "か", False),
        ("ﾊﾝｶｸ", "ハンカク", True),
        ("안녕하세요 여러분", "여러", False),
        ("안녕하세요 여러분", "안녕하세요", True),
        ("สวัสดีครับ", "ครับ", True),
        ("it burns 🔥🔥", "🔥", True),
        ("नमस्ते दुनिया", "नमस्ते", True),
        ("plain", "!!!", False),
        ("plain", "   ", True),
        ("AND OR NOT near", "AND OR NOT", True),
        ("a or b", 'a" OR "b', True),
        ("x", 'words : "x"', False),
    ],
)
async def test_what_a_text_is_found_by(alone: House, text: str, query: str, there: bool) -> None:
    message = await say(alone, ANN, text)
    assert await found(alone, content=query) == [message] * there


async def test_slop_says_how_far_apart(alone: House) -> None:
    message = await say(alone, ANN, "one a b c d two")
    assert await found(alone, content="one two", slop=3) == []
    assert await found(alone, content="one two", slop=4) == [message]
    assert await found(alone, content="one two", slop=100) == [message]
    assert await found(alone, content="one a", slop=0) == [message]


async def test_every_filter(house: House) -> None:
    await house.owner.save([User(id=9, username="robot", bot=True)])
    embed = {
        "title": "Weather",
        "url": "https://www.example.org/x",
        "image": {"url": "https://e.x/p"},
    }
    plain = await say(house, ANN, "plain")
    link = await say(house, BOB, "see https://Docs.Example.com:8080/path and https://b.example.")
    told = await say(house, BOB, f"<@{ANN}> <@{CAT}>")
    role = await say(house, ANN, f"<@&{MODS}>")
    every = await say(house, ANN, "@everyone")
    rich = await say(house, CAT, "", embeds=[embed])
    reply = await say(house, CAT, "yes", message_reference={"message_id": str(plain)})
    hidden = await say(house, CAT, "plain too", HIDDEN)
    await house.call("create_pin", ANN, channel_id=TEXT, message_id=link)
    all_of_it = [hidden, reply, rich, every, role, told, link, plain]
    assert await found(house) == all_of_it  # the system message of the pin is none

    async def only(*messages: int, **query: Any) -> None:
        assert await found(house, **query) == sorted(messages, reverse=True), query

    await only(link, told, author_id=BOB)
    await only(author_id=12345)
    await only(told, mentions=CAT)
    await only(told, reply, mentions=ANN)
    await only(role, mentions_role_id=MODS)
    await only(every, mention_everyone="true")
    await only(*set(all_of_it) - {every}, mention_everyone="false")
    await only(reply, replied_to_user_id=ANN)
    await only(replied_to_user_id=BOB)
    await only(reply, replied_to_message_id=plain)
    await only(link, pinned="true")
    await only(*set(all_of_it) - {link}, pinned="false")
    await only(link, rich, has="link")
    await only(*set(all_of_it) - {link, rich}, has="-link")
    await only(rich, has="embed")
    await only(rich, has="image")
    for absent in ("file", "video", "sound", "sticker", "poll", "snapshot"):
        await only(has=absent)
        await only(*all_of_it, has=f"-{absent}")
    await only(link, link_hostname="docs.example.com")
    await only(rich, link_hostname="Example.org")
    await only(link_hostname="example.com")
    await only(embed_provider="Tenor")
    await only(embed_type="video")
    await only(attachment_extension="png")
    await only(attachment_filename="x.png")
    await only(*all_of_it, author_type="user")
    await only(author_type="bot")
    await only(author_type="-user")
    await only(*all_of_it, author_type="-webhook")
    await only(rich, content="weather")
    await only(hidden, channel_id=HIDDEN)
    await only(*set(all_of_it) - {hidden}, channel_id=TEXT)
    await only(channel_id=777)
    await only(hidden, plain, content="plain")
    await only(*[i for i in all_of_it if i > told], min_id=told)
    await only(*[i for i in all_of_it if i < told], max_id=told)
    await only(link, author_id=BOB, has="link", content="see")
    await house.call("delete_pin", ANN, channel_id=TEXT, message_id=link)
    await only(pinned="true")


async def test_files_are_found_by_kind_and_name(house: House) -> None:
    ids: list[int] = []
    for name, kind in (("A photo.PNG", "image/png"), ("song.mp3", "audio/mpeg"), ("notes", None)):
        file = await sent(house, filename=name, content_type=kind)
        made = await house.call("create_message", ANN, {}, uploads=[file], channel_id=TEXT)
        ids.append(int(made["id"]))
        house.clock.seconds += 10
    names = [each["filename"] for each in made["attachments"]]
    photo, song, notes = ids
    assert names == ["notes"]
    assert await found(house, has="file") == [notes, song, photo]
    assert await found(house, has="image") == [photo]
    assert await found(house, has="sound") == [song]
    assert await found(house, has="video") == []
    assert await found(house, attachment_extension="png") == [photo]
    assert await found(house, attachment_extension=".MP3") == [song]
    assert await found(house, attachment_filename="NOTES") == [notes]
    assert await found(house, has="-file") == []


async def test_pages_and_relevance(alone: House) -> None:
    ids = [await say(alone, ANN, "word" + " more" * i) for i in (3, 0, 2, 1)]
    newest = ids[::-1]

    async def page(**query: Any) -> list[int]:
        reply = await look(alone, content="word", **query)
        assert reply["total_results"] == 4
        return [int(message["id"]) for (message,) in reply["messages"]]

    assert await page(limit=3) == newest[:3]
    assert await page(limit=3, offset=3) == newest[3:]
    assert await page(offset=4) == []
    assert await page(sort_by="relevance") == [ids[1], ids[3], ids[2], ids[0]]


async def test_a_bots_messages_are_by_a_bot(alone: House) -> None:
    alone.bots.add(BOB)
    user = alone.owner.user(BOB)
    await alone.owner.save([User(id=BOB, username=user.username, bot=True)])
    message = await say(alone, BOB, "beep")
    assert await found(alone, author_type="bot") == [message]
    assert await found(alone, author_type="user") == []


async def test_a_bot_that_may_not_read_contents_searches_nothing(house: House) -> None:
    await say(house, ANN, "secret")
    await search.catch_up(house.owner)
    house.told()
    house.bots.add(BOB)
    query = {"content": "secret"}
    await house.refused(MISSING_ACCESS, "guild_search", BOB, query=query, guild_id=GUILD)
    await house.refused(MISSING_ACCESS, "channel_search", BOB, query=query, channel_id=TEXT)


async def test_edits_and_deletes_are_followed(house: House) -> None:
    message = await say(house, ANN, "first words")
    at = {"channel_id": TEXT, "message_id": message}
    assert await found(house, content="first") == [message]
    await house.call("update_message", ANN, {"content": "other words"}, **at)
    assert await found(house, content="first") == []
    assert await found(house, content="other") == [message]
    await house.call("delete_message", ANN, **at)
    assert await found(house, content="other") == []
    assert await house.owner.check() == []
    assert house.owner.search is not None
    assert await house.owner.search.count() == 0


async def test_what_is_deleted_and_still_indexed_is_not_shown(house: House) -> None:
    message = await say(house, ANN, "gone")
    await search.catch_up(house.owner)
    await house.call("delete_message", ANN, channel_id=TEXT, message_id=message)
    reply = await house.call("guild_search", ANN, query={}, guild_id=GUILD)
    assert reply["messages"] == []


async def test_nobody_finds_or_counts_what_they_may_not_read(house: House) -> None:
    await say(house, CAT, "secret plan", HIDDEN)
    open_one = await say(house, CAT, "open plan")
    assert await found(house, BOB, content="plan") == [open_one]
    assert await found(house, BOB, content="secret") == []
    assert await found(house, BOB, channel_id=HIDDEN) == []
    assert await found(house, BOB) == [open_one]
    assert len(await found(house, CAT, content="plan")) == 2
    query = {"content": "secret"}
    house.told()
    await house.refused(MISSING_ACCESS, "channel_search", BOB, query=query, channel_id=HIDDEN)
    # Nor by what was in sight once.
    denied = {"type": 0, "deny": str(int(P.READ_MESSAGE_HISTORY)), "allow": "0"}
    at = {"channel_id": TEXT, "overwrite_id": GUILD}
    await house.call("set_channel_permission_overwrite", ANN, denied, **at)
    assert await found(house, BOB, content="plan") == []
    house.told()
    await house.refused(MISSING_PERMISSIONS, "channel_search", BOB, query=query, channel_id=TEXT)


async def test_nsfw_channels_are_asked_for(house: House) -> None:
    await house.call("update_channel", ANN, {"nsfw": True}, channel_id=TEXT)
    message = await say(house, ANN, "spicy")
    assert await found(house, content="spicy") == []
    assert await found(house, content="spicy", include_nsfw="true") == [message]
    query = {"content": "spicy"}
    reply = await house.call("channel_search", ANN, query=query, channel_id=TEXT)
    assert reply["total_results"] == 1


async def test_more_channels_than_a_few(alone: House) -> None:
    many = [
        Channel(id=3000 + i, guild_id=GUILD, type=ChannelType.GUILD_TEXT, name=f"c{i}")
        for i in range(10)
    ]
    closed = (overwrite(GUILD, deny=P.VIEW_CHANNEL),)
    dark = Channel(
        id=3999, guild_id=GUILD, type=ChannelType.GUILD_TEXT, name="dark", overwrites=closed
    )
    home = await alone.owner.home(GUILD)
    async with home.busy.turn:
        await alone.owner.commit(home, [*many, dark], [], [])
    ids = [await say(alone, ANN, "hey", channel.id) for channel in (*many, dark)]
    opened = await alone.call("create_dm", ANN, {"recipient_id": str(BOB)})
    # Whether the guild has most of what there is, or a private channel has.
    for _ in range(2):
        for who, sees in ((ANN, ids), (BOB, ids[:-1])):
            assert await found(alone, who, content="hey") == sees[::-1]
            assert (await look(alone, who, content="hey"))["total_results"] == len(sees)
        assert await found(alone, BOB) == ids[-2::-1]
        for _ in range(len(ids) + 1):
            await say(alone, ANN, "hey", int(opened["id"]))


async def test_a_dm_is_searched_by_those_in_it(house: House) -> None:
    opened = await house.call("create_dm", ANN, {"recipient_id": str(BOB)})
    dm = int(opened["id"])
    message = await say(house, ANN, "psst", dm)
    await search.catch_up(house.owner)
    for who in (ANN, BOB):
        reply = await house.call("channel_search", who, query={"content": "psst"}, channel_id=dm)
        assert [each[0]["id"] for each in reply["messages"]] == [str(message)]
    assert await found(house, ANN, content="psst") == []


async def test_wrong_forms_are_refused(house: House) -> None:
    wrong = {"limit": "26", "offset": "9976", "has": "gold", "sort_by": "luck", "min_id": "x"}
    refused = await house.refused(INVALID_FORM, "guild_search", BOB, query=wrong, guild_id=GUILD)
    assert sorted(refused.more["errors"]) == sorted(wrong)
    between = {"min_id": "5", "max_id": "4"}
    await house.refused(INVALID_FORM, "guild_search", BOB, query=between, guild_id=GUILD)


async def test_it_says_that_it_is_not_ready(house: House) -> None:
    await say(house, ANN, "x")
    house.told()
    asked = {"query": {"content": "x"}, "guild_id": GUILD}
    refused = await house.refused(INDEX_NOT_READY, "guild_search", BOB, **asked)
    assert refused.body == {
        "message": "Index not yet available. Try again later",
        "code": 110000,
        "documents_indexed": 0,
        "retry_after": 5,
    }
    assert len(await found(house, content="x")) == 1
    house.owner.indexing.since = house.clock.now() - 11
    refused = await house.refused(INDEX_NOT_READY, "guild_search", BOB, **asked)
    assert refused.more["documents_indexed"] == 1
    house.owner.indexing.since = house.clock.now() - 9
    await house.call("guild_search", BOB, **asked)
    assert house.owner.search is not None
    await house.owner.search.close()
    house.owner.search = None
    await house.refused(INDEX_NOT_READY, "guild_search", BOB, **asked)


async def test_building_anew_finds_the_same(alone: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    ids = [await say(alone, ANN, f"word {i}", (TEXT, HIDDEN)[i % 2]) for i in range(7)]
    await alone.call("create_pin", ANN, channel_id=TEXT, message_id=ids[2])
    assert await found(alone, content="word") == ids[::-1]
    assert await clear(alone.owner) == 7
    alone.told()
    asked = {"query": {}, "guild_id": GUILD}
    await alone.refused(INDEX_NOT_READY, "guild_search", ANN, **asked)
    # What changes while it is built, before and behind the place where it is, is not lost.
    assert await search.step(alone.owner) == 2
    await alone.call("delete_message", ANN, channel_id=TEXT, message_id=ids[0])
    late = await say(alone, ANN, "word late")
    assert await found(alone, content="word") == [late, *ids[:0:-1]]
    assert await found(alone, pinned="true") == [ids[2]]
    assert await alone.owner.check() == []


async def test_a_hole_in_the_journal_has_it_built_anew(
    alone: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await say(alone, ANN, "word")
    assert await found(alone, content="word") == [first]
    ids = [await say(alone, ANN, "word") for _ in range(3)]
    rows = await alone.owner.log.journal(0, 100)
    await alone.owner.log.trim(rows[-1].n)
    assert await found(alone, content="word") == [*ids[::-1], first]


async def test_a_log_that_is_older_has_it_built_anew(alone: House) -> None:
    await say(alone, ANN, "word")
    await search.catch_up(alone.owner)
    assert alone.owner.search is not None
    progress = await alone.owner.search.progress()
    ahead = type(progress)(progress.cursor + 5, built=True)
    await alone.owner.search.put((), (), ahead)
    assert len(await found(alone, content="word")) == 1
    assert await alone.owner.search.progress() == progress


async def test_a_deleted_channel_leaves_nothing(alone: House) -> None:
    await say(alone, ANN, "x")
    kept = await say(alone, ANN, "y", HIDDEN)
    await search.catch_up(alone.owner)
    await alone.call("delete_channel", ANN, channel_id=TEXT)
    assert await found(alone) == [kept]
    assert await search.tidy(alone.owner) == 1
    assert await search.tidy(alone.owner) == 0
    assert alone.owner.search is not None
    assert await alone.owner.search.channels() == [HIDDEN]
    assert await alone.owner.search.count() == 1
    assert await alone.owner.check() == []


async def test_it_follows_by_itself(alone: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAUSE_S", 0.0)
    alone.owner.tasks.start(search.run(alone.owner), name="search")
    await say(alone, ANN, "word")
    assert alone.owner.search is not None
    async with asyncio.timeout(10):
        while not await alone.owner.search.count():
            pass
        await clear(alone.owner)
        indexing = alone.owner.indexing
        # It has all again, and knows of nothing that it lacks.
        while not await alone.owner.search.count() or not indexing.ready or indexing.since:
            pass


VOCABULARY = ["ant", "bee", "beetle", "cat", "dog", "東京", "京都", "é", "a", "https://x.example/"]
SEED = 20_261_127


async def test_it_finds_what_looking_at_every_message_finds(alone: House) -> None:
    """Random messages, edits, deletes, pins and permissions against the plainest search."""
    dice = random.Random(SEED)
    texts: dict[int, tuple[int, int, str]] = {}
    pins: set[int] = set()
    hidden = False
    for round_ in range(12):
        for _ in range(10):
            alone.clock.seconds += 10
            content = " ".join(dice.choices(VOCABULARY, k=dice.randint(1, 6)))
            act, channel = dice.random(), dice.choice([TEXT, HIDDEN])
            if act < 0.6 or not texts:
                who = ANN if hidden else dice.choice([ANN, CAT])
                texts[await say(alone, who, content, channel)] = (channel, who, content)
                continue
            message = dice.choice([*texts])
            channel, who, _ = texts[message]
            at = {"channel_id": channel, "message_id": message}
            if hidden and who == CAT:
                continue
            if act < 0.8:
                await alone.call("update_message", who, {"content": content}, **at)
                texts[message] = (channel, who, content)
            elif act < 0.9:
                await alone.call("delete_message", who, **at)
                del texts[message]
                pins.discard(message)
            elif message not in pins:
                await alone.call("create_pin", ANN, **at)
                pins.add(message)
        if dice.random() < 0.5:
            hidden = not hidden
            bit = str(int(P.VIEW_CHANNEL if dice.random() < 0.5 else P.READ_MESSAGE_HISTORY))
            body = {"type": 0, "deny": bit if hidden else "0", "allow": "0"}
            at = {"channel_id": TEXT, "overwrite_id": GUILD}
            await alone.call("set_channel_permission_overwrite", ANN, body, **at)
        if round_ == 6:
            await clear(alone.owner)
        for who, sees in ((ANN, {TEXT, HIDDEN}), (BOB, set() if hidden else {TEXT})):
            word = dice.choice(VOCABULARY)
            author, pinned = dice.choice([ANN, CAT]), dice.random() < 0.5
            wanted = words(word)
            expected = [
                message
                for message, (channel, by, text) in texts.items()
                if channel in sees and by == author and (message in pins) == pinned
                if _has(words(text), wanted)
            ]
            query = {"content": f'"{word}"', "author_id": author, "pinned": str(pinned).lower()}
            reply = await look(alone, who, **query)
            ids = [int(message["id"]) for (message,) in reply["messages"]]
            where = f"seed {SEED}, round {round_}, {query}"
            assert reply["total_results"] == len(expected), where
            assert ids == sorted(expected, reverse=True)[:25], where
    assert await alone.owner.check() == []


def _has(text: list[str], phrase: list[str]) -> bool:
    return any(text[i : i + len(phrase)] == phrase for i in range(len(text)))


async def test_what_cannot_be_read_is_made_anew(alone: House, tmp_path: Any) -> None:
    path = tmp_path / "search.db"
    index = await FtsSearch.open(path)
    await index.close()
    path.write_bytes(b"no database at all" * 1000)
    index = await FtsSearch.open(path)
    assert await index.count() == 0
    await index.close()
