"""Accounts by the gate: made, logged in to, proven twice, changed; in one World and in two."""

import asyncio
import base64
import itertools
import threading
from typing import Any

import msgspec
import pytest

from hearth.actions import auth
from hearth.actions.accounts import LINK_S, make_link
from hearth.actions.departures import finish_deletions
from hearth.actions.gate import call
from hearth.actions.sessions import id_hash, write_uses
from hearth.actions.world import World
from hearth.core.errors import (
    ACCOUNT_DISABLED,
    INVALID_FORM,
    INVALID_LINK,
    INVALID_MFA_CODE,
    INVALID_MFA_TICKET,
    MFA_ENABLED_ALREADY,
    MFA_NEEDED,
    MFA_NOT_ENABLED,
    MISSING_ACCESS,
    OWNS_GUILDS,
    RATE_LIMITED,
    REGISTRATION_CLOSED,
    UNKNOWN_INVITE,
    USERS_ONLY,
    Error,
    Refused,
)
from hearth.core.models.accounts import DELETED, SUSPENDED, Account
from hearth.core.models.members import Member
from hearth.core.models.users import Application, Token, User
from hearth.core.operations import ANONYMOUS, OPERATIONS, OPERATOR, Principal
from hearth.core.totp import PERIOD_S, code_at
from hearth.core.wire import decode
from tests.actions.house import ANN, BOB, CAT, GUILD, TEXT, House

PASSWORD = "correct horse"
SECRET = b"12345678901234567890"
BASE32 = base64.b32encode(SECRET).decode()


async def do(house: House, token: str | None, name: str, body: Any = None, **params: Any) -> Any:
    """A call with a token, or of somebody unknown, as the door makes it."""
    who = ANONYMOUS
    if token is not None:
        known = await house.entry.authenticate(token)
        assert known is not None, "the token is not good any more"
        who = known
    operation = OPERATIONS[name]
    form = None
    if operation.body is not None:
        form = decode(operation.body, msgspec.json.encode(body or {}))
    reply = await call(house.entry, operation, who, params, form)
    await asyncio.sleep(0)
    return msgspec.json.decode(msgspec.json.encode(reply.value))


async def refused(house: House, error: Error, token: str | None, name: str, body: Any,
                  **params: Any) -> Refused:  # fmt: skip
    with pytest.raises(Refused) as caught:
        await do(house, token, name, body, **params)
    assert caught.value.error is error, caught.value.error
    return caught.value


async def join(house: House, name: str, **more: Any) -> str:
    """A new account on an open server; its token."""
    house.entry.registration = "open"
    body = {"username": name, "password": PASSWORD, **more}
    return (await do(house, None, "register", body))["token"]


async def log_in(house: House, name: str, password: str = PASSWORD, **params: Any) -> Any:
    return await do(house, None, "login", {"login": name, "password": password}, **params)


def code(house: House, away: int = 0) -> str:
    """What the authenticator shows."""
    return code_at(SECRET, int(house.clock.wall()) // PERIOD_S + away)


async def enable(house: House, token: str) -> Any:
    body = {"password": PASSWORD, "secret": BASE32, "code": code(house)}
    return await do(house, token, "enable_totp", body)


# Registration


async def code_of(world: World, kind: str, user_id: int | None = None) -> str:
    """What a new link ends with."""
    return (await make_link(world, kind, user_id)).partition(f"#{kind}=")[2]


async def test_an_open_server_takes_everybody(house: House) -> None:
    token = await join(house, "  Dan ", global_name="Dan", email="d@x", fingerprint="1")
    me = await do(house, token, "get_my_user")
    assert (me["username"], me["global_name"], me["email"]) == ("dan", "Dan", None)
    assert (me["mfa_enabled"], me["bio"]) == (False, "")
    assert (await log_in(house, "DAN"))["user_id"] == me["id"]


@pytest.mark.parametrize("mode", ["invite", "closed"])
async def test_without_an_invite_nobody_comes_in(house: House, mode: str) -> None:
    house.entry.registration = mode
    body = {"username": "dan", "password": PASSWORD}
    await refused(house, REGISTRATION_CLOSED, None, "register", body)
    assert await house.owner.directory.user_named("dan") is None


async def test_an_invite_lets_in_and_is_joined(house: House) -> None:
    invite = await house.call("create_channel_invite", ANN, {"max_uses": 1}, channel_id=TEXT)
    house.told()
    body = {"username": "dan", "password": PASSWORD, "invite": invite["code"]}
    token = (await do(house, None, "register", body))["token"]
    me = int((await do(house, token, "get_my_user"))["id"])
    assert me in (await house.snapshot()).members
    assert "GUILD_MEMBER_ADD" in house.told()
    # It is used up; and what leads nowhere makes no account.
    await refused(house, UNKNOWN_INVITE, None, "register", {**body, "username": "eve"})
    house.entry.registration = "open"
    await refused(house, UNKNOWN_INVITE, None, "register", {**body, "username": "eve"})
    assert await house.owner.directory.user_named("eve") is None


async def test_a_closed_server_heeds_no_invite(house: House) -> None:
    house.entry.registration = "closed"
    invite = await house.call("create_channel_invite", ANN, {}, channel_id=TEXT)
    body = {"username": "dan", "password": PASSWORD, "invite": invite["code"]}
    await refused(house, REGISTRATION_CLOSED, None, "register", body)


async def test_of_two_who_share_a_last_use_one_is_let_in(house: House) -> None:
    invite = await house.call("create_channel_invite", ANN, {"max_uses": 1}, channel_id=TEXT)
    bodies = [
        {"username": name, "password": PASSWORD, "invite": invite["code"]}
        for name in ("dan", "eve")
    ]
    done = await asyncio.gather(
        *(do(house, None, "register", body) for body in bodies), return_exceptions=True
    )
    assert sorted(isinstance(each, Refused) for each in done) == [False, True]
    names = [await house.owner.directory.user_named(name) for name in ("dan", "eve")]
    assert names.count(None) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ann", "USERNAME_ALREADY_TAKEN"),
        ("system", "USERNAME_INVALID"),
        ("a b", "USERNAME_INVALID_CHARACTERS"),
        ("x", "BASE_TYPE_BAD_LENGTH"),
    ],
)
async def test_names_that_are_refused(house: House, name: str, code: str) -> None:
    house.entry.registration = "open"
    body = {"username": name, "password": PASSWORD}
    error = await refused(house, INVALID_FORM, None, "register", body)
    assert error.more["errors"]["username"]["_errors"][0]["code"] == code


async def test_a_name_that_looks_like_anothers(house: House) -> None:
    await join(house, "mallo")
    error = await refused(
        house, INVALID_FORM, None, "register", {"username": "rna11o", "password": PASSWORD}
    )
    assert error.more["errors"]["username"]["_errors"][0]["code"] == "USERNAME_ALREADY_TAKEN"


async def test_of_two_who_take_one_name_one_gets_it(house: House) -> None:
    done = await asyncio.gather(*(join(house, "dan") for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in done) == 2


# Links


async def test_a_claim_link_makes_an_owner_once(house: House) -> None:
    house.entry.registration = "closed"
    link = await code_of(house.entry, "claim")
    body = {"username": "dan", "password": PASSWORD, "claim": link}
    done = await asyncio.gather(
        do(house, None, "register", body),
        do(house, None, "register", {**body, "username": "eve"}),
        return_exceptions=True,
    )
    (token,) = [each["token"] for each in done if not isinstance(each, BaseException)]
    (error,) = [each.error for each in done if isinstance(each, Refused)]
    assert error is INVALID_LINK
    me = int((await do(house, token, "get_my_user"))["id"])
    account = await house.owner.directory.account(me)
    assert account is not None
    assert account.operator
    await refused(house, INVALID_LINK, None, "register", {**body, "username": "fay"})


async def test_links_lapse_and_are_void_after_the_next(house: House) -> None:
    first = await code_of(house.entry, "claim")
    second = await code_of(house.entry, "claim")
    body = {"username": "dan", "password": PASSWORD}
    await refused(house, INVALID_LINK, None, "register", {**body, "claim": first})
    reset = await code_of(house.entry, "reset", ANN)
    await refused(house, INVALID_LINK, None, "register", {**body, "claim": reset})
    house.clock.seconds += LINK_S
    await refused(house, INVALID_LINK, None, "register", {**body, "claim": second})
    assert first.encode() not in repr(await house.owner.directory.links("claim")).encode()


async def test_a_reset_link_sets_a_password_once_and_ends_all_sessions(house: House) -> None:
    token = await join(house, "dan")
    me = int((await do(house, token, "get_my_user"))["id"])
    link = await code_of(house.entry, "reset", me)
    other = await code_of(house.entry, "reset", ANN)
    body = {"token": link, "password": "another horse"}
    done = await asyncio.gather(
        *(do(house, None, "reset_password", body) for _ in range(2)), return_exceptions=True
    )
    (new,) = [each["token"] for each in done if not isinstance(each, BaseException)]
    assert await house.entry.authenticate(token) is None
    assert (await do(house, new, "get_my_user"))["id"] == str(me)
    await refused(house, INVALID_LINK, None, "reset_password", body)
    await refused(house, INVALID_FORM, None, "login", {"login": "dan", "password": PASSWORD})
    assert (await log_in(house, "dan", "another horse"))["token"]
    # Another's link is not touched by it.
    await do(house, None, "reset_password", {"token": other, "password": PASSWORD})


async def test_who_has_no_password_yet_sets_it_by_a_link(house: House) -> None:
    made = await operate(house, "create_user", {"username": "eve"})
    for wrong in ("", PASSWORD):
        await refused(house, INVALID_FORM, None, "login", {"login": "eve", "password": wrong})
    change = {"password": PASSWORD, "new_password": PASSWORD}
    await refused(house, INVALID_FORM, made.token, "update_my_user", change)
    link = await code_of(house.entry, "reset", int(made.id))
    await do(house, None, "reset_password", {"token": link, "password": PASSWORD})
    assert (await log_in(house, "eve"))["token"]


# Log-in


async def test_failures_wait_longer_and_longer(house: House) -> None:
    await join(house, "dan")
    waits: list[float] = []
    for i in range(9):
        params = {"address": f"10.0.0.{i}"}
        try:
            await log_in(house, "dan", "wrong", **params)
        except Refused as error:
            if error.error is RATE_LIMITED:
                waits.append(error.more["retry_after"])
                house.clock.seconds += error.more["retry_after"]
                with pytest.raises(Refused):
                    await log_in(house, "dan", "wrong", **params)
    assert waits == [1.0, 2.0, 4.0, 8.0]
    # Even the right password waits, from where it never came.
    with pytest.raises(Refused) as caught:
        await log_in(house, "dan", address="10.9.9.9")
    assert caught.value.error is RATE_LIMITED


async def test_nobody_locks_an_owner_out_from_elsewhere(house: House) -> None:
    await join(house, "dan")
    await log_in(house, "dan", address="10.0.0.1")
    for i in range(20):
        with pytest.raises(Refused):
            await log_in(house, "dan", "wrong", address=f"10.1.0.{i}")
    with pytest.raises(Refused):
        await log_in(house, "dan", address="10.2.0.1")
    assert (await log_in(house, "dan", address="10.0.0.1"))["token"]


async def test_an_address_that_tries_many_names_waits(house: House) -> None:
    await join(house, "dan")
    for i in range(10):
        with pytest.raises(Refused) as caught:
            await log_in(house, f"name{i}", "wrong", address="10.0.0.1")
        assert caught.value.error is INVALID_FORM
    with pytest.raises(Refused) as caught:
        await log_in(house, "dan", address="10.0.0.1")
    assert caught.value.error is RATE_LIMITED
    assert (await log_in(house, "dan", address="10.0.0.2"))["token"]


async def test_only_so_many_wait_to_be_hashed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await join(house, "dan")
    verify, all_are_here = auth._verify, threading.Event()

    def late(password_hash: str, password: str) -> bool:
        assert all_are_here.wait(60)
        return verify(password_hash, password)

    monkeypatch.setattr(auth, "_verify", late)
    asked = [
        asyncio.ensure_future(log_in(house, f"n{i}", "wrong")) for i in range(auth.MOST_WAITING + 5)
    ]
    for each in itertools.islice(asyncio.as_completed(asked), 5):
        with pytest.raises(Refused):
            await each
    all_are_here.set()
    done = await asyncio.gather(*asked, return_exceptions=True)
    errors = [each.error for each in done if isinstance(each, Refused)]
    assert errors.count(RATE_LIMITED) == 5
    assert errors.count(INVALID_FORM) == auth.MOST_WAITING


async def test_who_is_suspended_is_not_let_in(house: House) -> None:
    token = await join(house, "dan")
    me = int((await do(house, token, "get_my_user"))["id"])
    await house.owner.save([Account(user_id=me, disabled=SUSPENDED)])
    body = {"login": "dan", "password": PASSWORD, "undelete": True}
    await refused(house, ACCOUNT_DISABLED, None, "login", body)
    await refused(house, INVALID_FORM, None, "login", {**body, "password": "wrong"})


# Sessions


async def test_sessions_are_shown_and_ended(house: House) -> None:
    first = await join(house, "dan")
    params = {"address": "10.0.0.1", "agent": "Mozilla/5.0 (X11; Linux) Firefox/140"}
    second = (await log_in(house, "dan", **params))["token"]
    assert (await do(house, first, "get_my_user"))["username"] == "dan"
    shown = (await do(house, second, "list_auth_sessions"))["user_sessions"]
    assert len(shown) == 2
    assert {"os": "Linux", "platform": "Firefox", "location": None} in [
        each["client_info"] for each in shown
    ]
    assert "10.0.0.1" not in repr(shown)
    known = await house.entry.authenticate(first)
    assert known is not None
    gone = id_hash(known.token)
    body = {"session_id_hashes": [gone, "x"]}
    error = await refused(house, INVALID_FORM, second, "logout_auth_sessions", body)
    assert error.more["errors"]["session_id_hashes"].keys() == {"1"}
    house.commits.clear()
    await do(house, second, "logout_auth_sessions", {"session_id_hashes": [gone]})
    assert [noun.hash for each in house.commits for noun in each.delete] == [known.token]
    assert await house.entry.authenticate(first) is None
    assert len((await do(house, second, "list_auth_sessions"))["user_sessions"]) == 1


async def test_nobody_ends_anothers_sessions(house: House) -> None:
    dan, eve = await join(house, "dan"), await join(house, "eve")
    known = await house.entry.authenticate(eve)
    assert known is not None
    body = {"session_id_hashes": [id_hash(known.token)]}
    await refused(house, INVALID_FORM, dan, "logout_auth_sessions", body)
    assert await house.entry.authenticate(eve) is not None


async def test_when_a_token_was_used_is_written_down(house: House) -> None:
    token = await join(house, "dan")
    house.clock.seconds += 3600
    who = await house.entry.authenticate(token)
    assert who is not None
    await write_uses(house.entry)
    uses = await house.owner.directory.token_uses(who.user_id)
    assert uses == {who.token: house.owner.wall_ms()}
    # One that is taken back meanwhile holds nothing up.
    await house.entry.authenticate(token)
    (row,) = await house.owner.directory.tokens_of(who.user_id)
    await house.owner.directory.commit([], [row])
    await write_uses(house.entry)


# Oneself


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    first = await join(house, "dan")
    second = (await log_in(house, "dan"))["token"]
    body = {"password": "wrong", "new_password": "another horse"}
    await refused(house, INVALID_FORM, first, "update_my_user", body)
    await refused(house, INVALID_FORM, first, "update_my_user", {"new_password": "another horse"})
    house.told()
    changed = await do(house, first, "update_my_user", {**body, "password": PASSWORD})
    assert house.told() == ["AUTH_SESSION_CHANGE"]
    assert await house.entry.authenticate(first) is None
    assert await house.entry.authenticate(second) is None
    assert (await do(house, changed["token"], "get_my_user"))["id"] == changed["id"]
    await log_in(house, "dan", "another horse")


async def test_a_new_name_is_told_wherever_one_is(house: House) -> None:
    invite = await house.call("create_channel_invite", ANN, {}, channel_id=TEXT)
    token = await join(house, "dan", invite=invite["code"])
    house.told()
    body = {"username": "Daniel", "password": PASSWORD}
    await refused(house, INVALID_FORM, token, "update_my_user", {"username": "daniel"})
    changed = await do(house, token, "update_my_user", body)
    assert changed["username"] == "daniel"
    assert "token" not in changed
    assert house.told() == ["USER_UPDATE", "GUILD_MEMBER_UPDATE"]
    shown = await house.call("get_guild_member", BOB, guild_id=GUILD, user_id=int(changed["id"]))
    assert shown["user"]["username"] == "daniel"
    await do(house, token, "update_my_user", {"username": "dan", "password": PASSWORD})
    await refused(house, RATE_LIMITED, token, "update_my_user", {**body, "username": "danny"})
    # What one already is called costs nothing.
    await do(house, token, "update_my_user", {"username": "dan", "global_name": "Dan!"})
    for name in ("ann", "everyone"):
        wish = {"username": name, "password": PASSWORD}
        await refused(house, INVALID_FORM, token, "update_my_user", wish)


async def test_a_profile_is_for_those_one_shares_something_with(house: House) -> None:
    dan, eve = await join(house, "dan"), await join(house, "eve")
    me = int((await do(house, dan, "get_my_user"))["id"])
    said = {"bio": "I am Dan", "pronouns": "he", "accent_color": 255}
    house.told()
    assert (await do(house, dan, "update_my_profile", said))["bio"] == "I am Dan"
    assert house.told() == ["USER_UPDATE"]
    mine = await do(house, dan, "get_my_user")
    assert {**mine, **said} == mine
    query = OPERATIONS["get_user_profile"].query
    assert query is not None

    async def look(token: str, user_id: int) -> Any:
        who = await house.entry.authenticate(token)
        assert who is not None
        at = {"user_id": user_id}
        return await call(house.entry, OPERATIONS["get_user_profile"], who, at, None, query())

    with pytest.raises(Refused) as caught:
        await look(eve, me)
    assert caught.value.error is MISSING_ACCESS
    await do(house, eve, "create_dm", {"recipient_id": me})
    shown = msgspec.json.decode(msgspec.json.encode((await look(eve, me)).value))
    assert shown["user_profile"]["bio"] == "I am Dan"
    assert shown["mutual_guilds"] == []
    for token in (dan, eve):
        who = await house.entry.authenticate(token)
        assert who is not None
        invite = await house.call("create_channel_invite", ANN, {}, channel_id=TEXT)
        await do(house, token, "accept_invite", code=invite["code"])
    shown = msgspec.json.decode(msgspec.json.encode((await look(eve, me)).value))
    assert shown["mutual_guilds"] == [{"id": str(GUILD), "nick": None}]


async def test_bots_change_their_name_and_nothing_else(house: House) -> None:
    bot = User(id=4001, username="pinger", bot=True, skeleton="pinger")
    await house.owner.save([bot])
    house.bots.add(bot.id)
    changed = await house.call("update_my_user", bot.id, {"username": "Mein Bot ☺"})
    assert changed["username"] == "mein bot ☺"
    await house.call("update_my_user", bot.id, {})
    house.told()
    await house.refused(USERS_ONLY, "update_my_user", bot.id, {"global_name": "x"})
    await house.refused(INVALID_FORM, "update_my_user", bot.id, {"username": "ann"})


# The second factor


async def test_a_second_factor_is_asked_for(house: House) -> None:
    first = await join(house, "dan")
    second = (await log_in(house, "dan"))["token"]
    for body, error in (
        ({"password": "wrong", "secret": BASE32, "code": code(house)}, INVALID_FORM),
        ({"password": PASSWORD, "secret": "AAAA", "code": code(house)}, INVALID_FORM),
        ({"password": PASSWORD, "code": code(house)}, INVALID_FORM),
        ({"password": PASSWORD, "secret": BASE32}, INVALID_MFA_CODE),
        ({"password": PASSWORD, "secret": BASE32, "code": code(house, 5)}, INVALID_MFA_CODE),
    ):
        await refused(house, error, first, "enable_totp", body)
    house.told()
    enabled = await enable(house, first)
    assert sorted(house.told()) == ["AUTH_SESSION_CHANGE", "USER_UPDATE"]
    token = enabled["token"]
    assert await house.entry.authenticate(first) is None
    assert await house.entry.authenticate(second) is None
    assert (await do(house, token, "get_my_user"))["mfa_enabled"] is True
    asked = await log_in(house, "dan")
    assert (asked["mfa"], asked["totp"]) == (True, True)
    assert "token" not in asked
    ticket = asked["ticket"]
    # The code that enabled it is used up, and so is each that lets in.
    body = {"ticket": ticket, "code": code(house)}
    await refused(house, INVALID_MFA_CODE, None, "login_with_totp", body)
    house.clock.seconds += PERIOD_S
    body = {"ticket": ticket, "code": code(house)}
    done = await asyncio.gather(
        *(do(house, None, "login_with_totp", body) for _ in range(2)), return_exceptions=True
    )
    assert [type(each) for each in done].count(Refused) == 1
    (given,) = [each["token"] for each in done if not isinstance(each, BaseException)]
    who = await house.entry.authenticate(given)
    assert who is not None
    assert who.mfa
    with pytest.raises(Refused) as caught:
        await enable(house, given)
    assert caught.value.error is MFA_ENABLED_ALREADY


async def test_recovery_codes_are_good_once(house: House) -> None:
    enabled = await enable(house, await join(house, "dan"))
    codes = [each["code"] for each in enabled["backup_codes"]]
    assert len({*codes}) == 10
    ticket = (await log_in(house, "dan"))["ticket"]
    body = {"ticket": ticket, "code": codes[0].upper()}
    await refused(house, INVALID_MFA_CODE, None, "login_with_totp", body)
    assert (await do(house, None, "login_with_backup_code", body))["token"]
    await refused(house, INVALID_MFA_CODE, None, "login_with_backup_code", body)
    token = enabled["token"]
    asked = {"password": PASSWORD, "regenerate": False}
    await refused(house, INVALID_FORM, token, "regenerate_backup_codes", asked)
    new = await do(house, token, "regenerate_backup_codes", {"password": PASSWORD})
    assert not {each["code"] for each in new["backup_codes"]} & {*codes}
    body["code"] = codes[1]
    await refused(house, INVALID_MFA_CODE, None, "login_with_backup_code", body)
    body["code"] = new["backup_codes"][3]["code"]
    assert (await do(house, None, "login_with_backup_code", body))["token"]


async def test_a_ticket_is_good_for_a_while_and_for_one_password(house: House) -> None:
    token = (await enable(house, await join(house, "dan")))["token"]
    ticket = (await log_in(house, "dan"))["ticket"]
    body = {"ticket": ("A" if ticket[0] != "A" else "B") + ticket[1:], "code": code(house)}
    await refused(house, INVALID_MFA_TICKET, None, "login_with_totp", body)
    house.clock.seconds += auth.TICKET_S
    body = {"ticket": ticket, "code": code(house)}
    await refused(house, INVALID_MFA_TICKET, None, "login_with_totp", body)
    ticket = (await log_in(house, "dan"))["ticket"]
    change = {"password": PASSWORD, "new_password": "another horse"}
    await do(house, token, "update_my_user", change)
    body = {"ticket": ticket, "code": code(house)}
    await refused(house, INVALID_MFA_TICKET, None, "login_with_totp", body)


async def test_guessing_codes_takes_ever_longer(house: House) -> None:
    await enable(house, await join(house, "dan"))
    ticket = (await log_in(house, "dan"))["ticket"]
    body = {"ticket": ticket, "code": "000000"}
    for _ in range(auth.FREE_OF_NAME):
        await refused(house, INVALID_MFA_CODE, None, "login_with_totp", body)
    await refused(house, RATE_LIMITED, None, "login_with_totp", body)


async def test_a_second_factor_is_removed_by_a_code(house: House) -> None:
    plain = await join(house, "eve")
    await refused(house, MFA_NOT_ENABLED, plain, "disable_totp", {"code": "1"})
    enabled = await enable(house, await join(house, "dan"))
    token = enabled["token"]
    await refused(house, INVALID_MFA_CODE, token, "disable_totp", {"code": code(house)})
    body = {"code": enabled["backup_codes"][0]["code"]}
    token = (await do(house, token, "disable_totp", body))["token"]
    assert (await do(house, token, "get_my_user"))["mfa_enabled"] is False
    assert "token" in await log_in(house, "dan")
    me = int((await do(house, token, "get_my_user"))["id"])
    assert await house.owner.directory.recovery_codes(me) == []


async def test_the_secret_is_not_kept_in_the_clear(house: House) -> None:
    token = (await enable(house, await join(house, "dan")))["token"]
    me = int((await do(house, token, "get_my_user"))["id"])
    factor = await house.owner.directory.second_factor(me)
    assert factor is not None
    assert SECRET not in factor.secret
    assert BASE32.encode() not in factor.secret
    assert Principal(kind="user", user_id=CAT).mfa is False


async def test_a_guild_may_ask_its_moderators_for_a_second_factor(house: House) -> None:
    """Who has the permission and no second factor is refused; the owner needs one to ask."""
    dan = await join(house, "dan")
    made = await do(house, dan, "create_my_guild", {"name": "Guarded"})
    at = {"guild_id": int(made["id"])}
    await refused(house, MFA_NEEDED, dan, "set_guild_mfa_level", {"level": 1}, **at)
    dan = (await enable(house, dan))["token"]
    assert await do(house, dan, "set_guild_mfa_level", {"level": 1}, **at) == {"level": 1}
    assert (await do(house, dan, "create_guild_role", {"name": "x"}, **at))["name"] == "x"
    who = await house.entry.authenticate(dan)
    assert who is not None
    plain = Principal(kind="user", user_id=who.user_id)
    operation = OPERATIONS["create_guild_role"]
    form = decode(operation.body, b"{}")
    with pytest.raises(Refused) as caught:
        await call(house.entry, operation, plain, at, form)
    assert caught.value.error is MFA_NEEDED
    # What moderates nobody needs none.
    await call(house.entry, OPERATIONS["list_guild_roles"], plain, at)


# Going


async def test_who_disables_an_account_comes_back_by_undelete(house: House) -> None:
    token = await join(house, "dan")
    await refused(house, INVALID_FORM, token, "disable_my_account", {"password": "wrong"})
    house.commits.clear()
    await do(house, token, "disable_my_account", {"password": PASSWORD})
    assert any(isinstance(n, Token) for each in house.commits for n in each.delete)
    assert await house.entry.authenticate(token) is None
    body = {"login": "dan", "password": PASSWORD}
    await refused(house, ACCOUNT_DISABLED, None, "login", body)
    token = (await do(house, None, "login", {**body, "undelete": True}))["token"]
    assert (await do(house, token, "get_my_user"))["username"] == "dan"
    await log_in(house, "dan")


async def leaver(house: House) -> tuple[str, int]:
    """Dan, a member who has written, with a DM and a group DM, a bot, and all that one can have."""
    invite = await house.call("create_channel_invite", ANN, {}, channel_id=TEXT)
    token = await join(house, "dan", invite=invite["code"])
    me = int((await do(house, token, "get_my_user"))["id"])
    token = (await enable(house, token))["token"]
    await do(house, token, "update_my_profile", {"bio": "hello"})
    await do(house, token, "create_message", {"content": "I was here"}, channel_id=TEXT)
    await house.owner.save(
        [
            User(id=4001, username="pinger", bot=True, skeleton="pinger"),
            Application(id=4001, bot_id=4001, owner_id=me, name="Pinger"),
            Token(hash=b"bot", user_id=4001, created_at_ms=0),
            Member(guild_id=GUILD, user_id=4001, joined_at_ms=0),
        ]
    )
    return token, me


async def test_who_is_deleted_is_gone_and_what_they_wrote_stays(house: House) -> None:
    token, me = await leaver(house)
    dm = await do(house, token, "create_dm", {"recipient_id": BOB})
    directory = house.owner.directory
    own = await do(house, token, "create_my_guild", {"name": "Mine"})
    await refused(house, OWNS_GUILDS, token, "delete_my_account", {"password": PASSWORD})
    await do(house, token, "delete_guild", guild_id=int(own["id"]))
    await refused(house, INVALID_FORM, token, "delete_my_account", {"password": "wrong"})
    house.told()
    await do(house, token, "delete_my_account", {"password": PASSWORD})
    assert "GUILD_MEMBER_REMOVE" in house.told()
    assert await house.entry.authenticate(token) is None
    for user_id in (me, 4001):
        (left,) = await directory.users([user_id])
        assert left.username == f"deleted_user_{user_id:x}"
        assert left.skeleton is left.global_name is None
        assert await directory.guilds_of(user_id) == []
        assert await directory.tokens_of(user_id) == []
        assert await directory.second_factor(user_id) is None
        assert await directory.recovery_codes(user_id) == []
    assert await directory.credential(me) is None
    assert await directory.application_of(4001) is None
    account = await directory.account(me)
    assert account is not None
    assert account.bio == ""
    assert me not in (await house.snapshot()).members
    (message,) = [
        each
        for each in await house.call("list_messages", BOB, channel_id=TEXT)
        if each["content"] == "I was here"
    ]
    assert message["author"]["username"] == f"deleted_user_{me:x}"
    shown = await house.call("get_channel", BOB, channel_id=int(dm["id"]))
    assert [each["id"] for each in shown["recipients"]] == [str(me)]
    await refused(house, INVALID_FORM, None, "login", {"login": "dan", "password": PASSWORD})
    # The name is free, and nobody is deleted twice.
    assert await join(house, "dan")
    assert await directory.check() == []
    with pytest.raises(Refused):
        await operate(house, "delete_user", {"user": str(me)})


async def operate(house: House, name: str, body: Any) -> Any:
    """The operator's call, at the process that owns the data."""
    operation = OPERATIONS[name]
    form = decode(operation.body, msgspec.json.encode(body))
    return (await call(house.entry, operation, OPERATOR, {}, form)).value


async def test_the_operator_deletes_what_somebody_wrote_too(house: House) -> None:
    _, me = await leaver(house)
    await house.call("create_message", BOB, {"content": "I stay"}, channel_id=TEXT)
    await operate(house, "delete_user", {"user": "dan", "purge": True})
    texts = [each["content"] for each in await house.call("list_messages", BOB, channel_id=TEXT)]
    assert "I stay" in texts
    assert "I was here" not in texts
    assert await house.owner.directory.guilds_of(me) == []


async def test_a_deletion_that_was_interrupted_goes_on_at_the_start(house: House) -> None:
    _, me = await leaver(house)
    directory = house.owner.directory
    await directory.commit([Account(user_id=each, disabled=DELETED) for each in (me, 4001)], [])
    assert await directory.departing() == [4001, me]
    await finish_deletions(house.owner)
    assert await directory.departing() == []
    assert await directory.guilds_of(me) == await directory.guilds_of(4001) == []
    assert await directory.credential(me) is None


async def test_the_operator_suspends_and_restores(house: House) -> None:
    token = await join(house, "dan")
    await operate(house, "suspend_user", {"user": "dan"})
    assert await house.entry.authenticate(token) is None
    body = {"login": "dan", "password": PASSWORD, "undelete": True}
    await refused(house, ACCOUNT_DISABLED, None, "login", body)
    with pytest.raises(Refused) as caught:
        await operate(house, "create_token", {"user": "dan"})
    assert caught.value.error is ACCOUNT_DISABLED
    await operate(house, "restore_user", {"user": "dan"})
    assert (await log_in(house, "dan"))["token"]
