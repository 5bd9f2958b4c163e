"""Log-in and log-out by name and password."""

from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from hearth.actions import auth
from tests.doors.conftest import Den
from tests.harness import PASSWORD, Answer, Gateway, Refusal


@pytest.fixture
def password() -> str:
    """They log in."""
    return PASSWORD


async def log_in(den: Den, **body: Any) -> Answer:
    """A log-in by somebody who is not known yet."""
    return await den.ann.post("/auth/login", body, headers={"Authorization": ""})


async def test_a_log_in_gives_a_token(den: Den) -> None:
    for name in (den.ann.name, den.ann.name.upper(), f" {den.ann.name} "):
        answer = await log_in(den, login=name, password=PASSWORD)
        assert answer.status == 200
        assert answer.body["user_id"] == str(den.ann.id)
        assert answer.body["user_settings"].keys() == {"locale", "theme"}
        headers = {"Authorization": answer.body["token"]}
        assert (await den.ann.get("/users/@me", headers=headers)).body["id"] == str(den.ann.id)


async def test_a_wrong_log_in_does_not_say_what_was_wrong(den: Den) -> None:
    bot = den.bot()
    answers = [
        await log_in(den, login=den.ann.name, password="wrong horse"),
        await log_in(den, login="nobody.is.this", password=PASSWORD),
        await log_in(den, login=bot.name, password=PASSWORD),
    ]
    assert {answer.status for answer in answers} == {400}
    bodies = [answer.body for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == 50035
    assert bodies[0]["errors"].keys() == {"login", "password"}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["login", "password"]),
        ({"login": "x"}, ["password"]),
        ({"login": "x", "password": "y" * 1025}, ["password"]),
        ({"login": "", "password": "y"}, ["login"]),
        ({"login": 5, "password": "y"}, ["login"]),
    ],
)
async def test_forms(den: Den, body: dict[str, Any], where: list[str]) -> None:
    answer = await log_in(den, **body)
    assert (answer.status, answer.code) == (400, 50035)
    assert sorted(answer.body["errors"]) == where


async def test_a_log_out_takes_the_token_back(den: Den) -> None:
    token = (await log_in(den, login=den.bob.name, password=PASSWORD)).body["token"]
    gateway = await Gateway.open(den.server)
    await gateway.send(2, {"token": token, "properties": {}})
    await gateway.event("READY")
    other = await den.bob.connect()
    headers = {"Authorization": token}
    answer = await den.bob.post("/auth/logout", headers=headers)
    assert (answer.status, answer.body) == (204, None)
    # Its sessions end, those of the user's other tokens go on.
    assert await gateway.closed() == 4004
    await gateway.close()
    assert (await den.bob.get("/users/@me", headers=headers)).status == 401
    assert (await den.bob.post("/auth/logout", headers=headers)).status == 401
    await den.say(den.ann, "x")
    await other.event("MESSAGE_CREATE")
    late = await Gateway.open(den.server)
    await late.send(2, {"token": token, "properties": {}})
    assert await late.closed() == 4004
    await late.close()


def test_names_and_passwords_of_new_people(den: Den) -> None:
    operate = den.server.operate
    for name in ("x", "Upper", "with space", "x" * 33, "ü"):
        with pytest.raises(Refusal, match=r"50035.*username"):
            operate("create_user", {"username": name, "password": PASSWORD})
    with pytest.raises(Refusal, match=r"50035.*password"):
        operate("create_user", {"username": "short", "password": "x" * 7})
    with pytest.raises(Refusal, match="USERNAME_ALREADY_TAKEN"):
        operate("create_user", {"username": den.ann.name, "password": PASSWORD})


async def test_one_more_token(den: Den) -> None:
    for user in (den.ann.name, str(den.ann.id)):
        token = den.server.operate("create_token", {"user": user})["token"]
        headers = {"Authorization": token}
        assert (await den.ann.get("/users/@me", headers=headers)).body["id"] == str(den.ann.id)
    with pytest.raises(Refusal, match="10013"):
        den.server.operate("create_token", {"user": "nobody.is.this"})


def test_an_unknown_name_costs_what_a_known_one_does() -> None:
    hasher = PasswordHasher()
    assert not hasher.check_needs_rehash(auth._NOBODY)
    with pytest.raises(VerifyMismatchError):
        hasher.verify(auth._NOBODY, "password")
