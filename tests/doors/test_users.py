"""Users and their guilds over HTTP."""

import pytest

from hearth.core.permissions import P
from tests.doors.conftest import Den


async def test_oneself(den: Den) -> None:
    body = (await den.ann.get("/users/@me")).body
    wanted = {
        "id": str(den.ann.id),
        "username": den.ann.name,
        "global_name": None,
        "discriminator": "0",
        "avatar": None,
        "mfa_enabled": False,
        "verified": True,
        "locale": "en-US",
    }
    assert wanted.items() <= body.items()
    assert "bot" not in body


async def test_another(den: Den) -> None:
    bot = den.bot()
    body = (await den.bob.get(f"/users/{bot.id}")).body
    assert (body["id"], body["bot"]) == (str(bot.id), True)
    # What is one's own is not shown of others.
    assert "email" not in body
    assert (await bot.get(f"/users/{den.bob.id}")).body["username"] == den.bob.name
    answer = await den.ann.get("/users/5")
    assert (answer.status, answer.code) == (404, 10013)
    assert (await den.ann.get("/users/x")).code == 50035


async def test_ones_guilds(den: Den) -> None:
    second, _ = den.server.guild("Second", den.ann.name)
    third, _ = den.server.guild("Third", den.bob.name)
    den.server.join(third, den.ann.name)
    guilds = (await den.ann.get("/users/@me/guilds")).body
    assert [int(guild["id"]) for guild in guilds] == [den.guild, second, third]
    assert [guild["owner"] for guild in guilds] == [True, True, False]
    first = guilds[0]
    assert (first["name"], first["icon"], first["features"]) == ("Den", None, [])
    assert int(first["permissions"]) & P.ADMINISTRATOR
    assert not int(guilds[2]["permissions"]) & P.ADMINISTRATOR
    assert "approximate_member_count" not in first

    async def page(query: str) -> list[int]:
        return [int(each["id"]) for each in (await den.ann.get(f"/users/@me/guilds{query}")).body]

    assert await page("?limit=2") == [den.guild, second]
    assert await page(f"?after={den.guild}") == [second, third]
    assert await page(f"?after={den.guild}&limit=1") == [second]
    # Before an id the nearest ones, in order.
    assert await page(f"?before={third}&limit=1") == [second]
    counted = (await den.ann.get("/users/@me/guilds?with_counts=true")).body
    assert [each["approximate_member_count"] for each in counted] == [2, 1, 2]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "before=x", "with_counts=maybe"])
async def test_limits_of_the_query(den: Den, query: str) -> None:
    answer = await den.ann.get(f"/users/@me/guilds?{query}")
    assert (answer.status, answer.code) == (400, 50035)
    assert list(answer.body["errors"]) == [query.partition("=")[0]]


async def test_a_bot_and_a_person_are_told_apart(den: Den) -> None:
    bot = den.bot()
    for path in ("/gateway/bot", "/applications/@me", "/oauth2/applications/@me"):
        answer = await den.ann.get(path)
        assert (answer.status, answer.code) == (403, 20002)
        assert (await bot.get(path)).status == 200
    answer = await bot.post("/auth/logout")
    assert (answer.status, answer.code) == (403, 20001)
