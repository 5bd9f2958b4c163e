"""What unmodified libraries need of HTTP, each detail by itself.

Every test names what breaks without it; the libraries' own runs are in tests/conformance.
"""

import asyncio
import base64
import io
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from tests.doors.conftest import Den
from tests.harness import PASSWORD, Answer, Gateway, Server

SNOWFLAKE = re.compile(r"[1-9][0-9]{16,19}")
TOKEN = re.compile(r"[\w-]{18,}\.[\w-]{6,}\.[\w-]{27,}")


async def ask(server: Server, method: str, path: str, **more: Any) -> Answer:
    """One request to any path of the server, as whoever `headers` say."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, server.url + path, **more) as response,
    ):
        return Answer(response.status, response.headers, await response.text())


@pytest.fixture(scope="module")
def shared(server: Server) -> Den:
    """One guild for all tests of the module."""
    return Den(server)


@pytest.fixture
async def den(shared: Den) -> AsyncIterator[Den]:
    """The guild, whose clients' connections end with the test."""
    yield shared
    for client in shared.clients:
        await client.close()
        client.gateway = None


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the limits that it has unless told otherwise."""
    running = Server(tmp_path_factory.mktemp("strict") / "data", scale=1.0).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def busy(strict: Server) -> AsyncIterator[Den]:
    """A guild on the server with strict limits."""
    made = Den(strict)
    yield made
    for client in made.clients:
        await client.close()


# Replies


async def test_json_has_exactly_one_content_type(den: Den) -> None:
    # With "; charset=utf-8" behind it discord.py takes the body for text and its login dies.
    answers = [
        await den.ann.get("/users/@me"),
        await den.ann.post(f"/guilds/{den.guild}/channels", {"name": "made"}),
        await den.ann.get("/channels/1"),
        await den.ann.get("/nothing"),
        await den.ann.post(f"/channels/{den.channel}/messages", {"content": 5 * ["x"]}),
        await ask(den.server, "GET", "/api/v10/users/@me"),
    ]
    assert [answer.status for answer in answers] == [200, 201, 404, 404, 400, 401]
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}


async def test_nothing_has_no_content_type(den: Den) -> None:
    answer = await den.ann.post(f"/channels/{den.channel}/typing")
    assert answer.status == 204
    assert answer.body is None
    assert "Content-Type" not in answer.headers


async def test_the_date_is_right(den: Den) -> None:
    # eris and JDA reckon the end of a limit from it.
    answer = await den.ann.get("/users/@me")
    told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(told - time.time()) < 5


async def test_ids_are_strings_of_discords_size(den: Den) -> None:
    # Parsers of webhook and message addresses want 17 to 20 digits.
    message = await den.say(den.ann, "x")
    ids = [message["id"], message["channel_id"], message["author"]["id"], str(den.guild)]
    assert all(SNOWFLAKE.fullmatch(each) for each in ids)
    created = (int(message["id"]) >> 22) + 1_420_070_400_000
    assert abs(created / 1000 - time.time()) < 5


async def test_times_have_microseconds_and_an_offset(den: Den) -> None:
    message = await den.say(den.ann, "x")
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
    assert re.fullmatch(form, message["timestamp"])


async def test_tokens_have_discords_shape(den: Den) -> None:
    # hikari reads the user's id out of the first part and refuses any other token.
    bot, cat = den.bot(), den.person("cat", PASSWORD)
    login = await ask(
        den.server,
        "POST",
        "/api/v10/auth/login",
        json={"login": cat.name, "password": PASSWORD},
    )
    for user_id, token in (
        (den.ann.id, den.ann.token),
        (cat.id, login.body["token"]),
        (bot.id, bot.token),
    ):
        assert TOKEN.fullmatch(token)
        owner = token.partition(".")[0]
        assert int(base64.urlsafe_b64decode(owner + "=" * (-len(owner) % 4))) == user_id


@pytest.mark.parametrize("prefix", ["", "Bot ", "Bearer "])
async def test_a_token_comes_with_or_without_a_prefix(den: Den, prefix: str) -> None:
    bot = den.bot()
    headers = {"Authorization": prefix + bot.token}
    answer = await ask(den.server, "GET", "/api/v10/users/@me", headers=headers)
    assert answer.body["id"] == str(bot.id)


# Versions, routes, methods


@pytest.mark.parametrize("base", ["/api", "/api/v9", "/api/v10"])
async def test_bases(den: Den, base: str) -> None:
    headers = {"Authorization": den.ann.token}
    answer = await ask(den.server, "GET", f"{base}/users/@me", headers=headers)
    assert (answer.status, answer.body["id"]) == (200, str(den.ann.id))


@pytest.mark.parametrize("version", ["6", "8", "11"])
async def test_other_versions_are_refused(den: Den, version: str) -> None:
    answer = await ask(den.server, "GET", f"/api/v{version}/gateway")
    assert (answer.status, answer.code) == (400, 50041)


async def test_unauthorized(den: Den) -> None:
    wanted = {"message": "401: Unauthorized", "code": 0}
    for headers in ({}, {"Authorization": "Bot nonsense"}, {"Authorization": ""}):
        answer = await ask(den.server, "GET", "/api/v10/users/@me", headers=headers)
        assert (answer.status, answer.body) == (401, wanted)


@pytest.mark.parametrize("path", ["/api/v10/nothing", "/api", "/api/v10", "/else", "/api/v10/"])
async def test_unknown_routes(den: Den, path: str) -> None:
    answer = await ask(den.server, "GET", path, headers={"Authorization": den.ann.token})
    assert (answer.status, answer.body) == (404, {"message": "404: Not Found", "code": 0})


async def test_unknown_methods(den: Den) -> None:
    answer = await den.ann.call("DELETE", "/users/@me")
    assert (answer.status, answer.body) == (405, {"message": "405: Method Not Allowed", "code": 0})
    assert answer.headers["Allow"] == "GET, PATCH"


async def test_a_slash_at_the_end_does_not_matter(den: Den) -> None:
    assert (await den.ann.get("/users/@me/")).status == 200


async def test_the_server_says_that_it_is_well(server: Server) -> None:
    answer = await ask(server, "GET", "/healthz")
    assert (answer.status, answer.body) == (200, {"status": "ok"})


# What libraries read at log-in


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/soundboard-default-sounds", []),
        ("/sticker-packs", {"sticker_packs": []}),
        ("/applications/{bot}/commands", []),
    ],
)
async def test_empty_reads(den: Den, path: str, wanted: Any) -> None:
    # py-cord reads the sounds in READY and dies of a 404.
    bot = den.bot()
    answer = await bot.get(path.format(guild=den.guild, bot=bot.id))
    assert (answer.status, answer.body) == (200, wanted)


async def test_a_bot_reads_itself_and_its_application(den: Den) -> None:
    bot = den.bot()
    me = (await bot.get("/users/@me")).body
    assert (me["id"], me["bot"], me["username"]) == (str(bot.id), True, bot.name)
    for path in ("/oauth2/applications/@me", "/applications/@me"):
        application = (await bot.get(path)).body
        assert application["id"] == str(bot.id)
        assert application["bot"]["id"] == str(bot.id)
        assert application["owner"]["id"] == str(den.ann.id)
        assert application["approximate_guild_count"] == 1


# Rate limits


def limit_headers(answer: Answer) -> dict[str, str]:
    return {
        name: answer.headers[f"X-RateLimit-{name}"]
        for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket")
    }


async def test_limits_are_told_with_replies_and_refusals(busy: Den) -> None:
    path = f"/channels/{busy.channel}/messages"
    answers = [
        await busy.ann.post(path, {"content": "x"}),
        await busy.ann.post(path, {"content": ""}),
        await busy.ann.post(path, {"content": 5 * ["x"]}),
        await busy.ann.post(path, data=b"{", headers={"Content-Type": "application/json"}),
    ]
    assert [answer.status for answer in answers] == [200, 400, 400, 400]
    told = [limit_headers(answer) for answer in answers]
    assert [each["Remaining"] for each in told] == ["4", "3", "2", "1"]
    assert {each["Limit"] for each in told} == {"5"}
    assert len({each["Bucket"] for each in told}) == 1
    first = told[0]
    assert 0 < float(first["Reset-After"]) <= 5
    reset = float(first["Reset"]) - time.time()
    assert abs(reset - float(first["Reset-After"])) < 2
    stranger = busy.person("eve")
    assert limit_headers(await stranger.get(f"/channels/{busy.channel}"))["Remaining"]
    assert limit_headers(await stranger.get("/channels/5"))["Remaining"]


async def test_too_many_calls(busy: Den) -> None:
    path = f"/channels/{busy.channel}/messages"
    bodies = [await busy.ann.post(path, {"content": "x"}) for _ in range(6)]
    assert [answer.status for answer in bodies] == [200] * 5 + [429]
    last = bodies[-1]
    # Without Via discord.py, disnake and py-cord raise instead of waiting.
    assert last.headers["Via"] == "1.1 hearth"
    assert last.headers["X-RateLimit-Scope"] == "user"
    assert "X-RateLimit-Global" not in last.headers
    assert limit_headers(last)["Remaining"] == "0"
    assert 1 <= int(last.headers["Retry-After"]) <= 5
    wait = last.body["retry_after"]
    assert isinstance(wait, float)
    assert 0 < wait <= 5
    assert last.body["global"] is False
    assert last.body["message"] == "You are being rate limited."
    # Another's calls, and those in another channel, are counted by themselves.
    assert (await busy.bob.post(path, {"content": "x"})).status == 200
    other = await busy.ann.post(f"/guilds/{busy.guild}/channels", {"name": "other"})
    path = f"/channels/{other.body['id']}/messages"
    assert (await busy.ann.post(path, {"content": "x"})).status == 200


async def test_the_limit_over_everything(busy: Den) -> None:
    eve = busy.person("eve")
    answers = [await eve.get(f"/users/{n}") for n in range(1, 120)]
    limited = [each for each in answers if each.headers.get("X-RateLimit-Scope") == "global"]
    assert limited
    first = limited[0]
    assert first.status == 429
    assert first.headers["X-RateLimit-Global"] == "true"
    assert first.headers["Via"]
    assert int(first.headers["Retry-After"]) == 1
    assert first.body["global"] is True


async def test_a_bucket_keeps_its_name(busy: Den) -> None:
    # discord.py notes a change of a route's bucket and hashes anew.
    bot = busy.bot()
    other = (await busy.ann.post(f"/guilds/{busy.guild}/channels", {"name": "b"})).body["id"]
    names: dict[str, set[str]] = {"post": set(), "delete": set(), "patch": set()}
    for channel in (busy.channel, other):
        path = f"/channels/{channel}/messages"
        answer = await busy.ann.post(path, {"content": "x"})
        names["post"].add(limit_headers(answer)["Bucket"])
        path = f"{path}/{answer.body['id']}"
        names["patch"].add(limit_headers(await busy.ann.patch(path, {"content": "y"}))["Bucket"])
        names["delete"].add(limit_headers(await busy.ann.delete(path))["Bucket"])
    names["post"].add(
        limit_headers(await bot.post(f"/channels/{busy.channel}/messages", {"content": "x"}))[
            "Bucket"
        ]
    )
    assert [len(each) for each in names.values()] == [1, 1, 1]
    assert len(set.union(*names.values())) == 3


async def test_slow_mode_says_when(den: Den) -> None:
    await den.ann.patch(f"/channels/{den.channel}", {"rate_limit_per_user": 60})
    await den.say(den.bob, "one")
    answer = await den.bob.post(f"/channels/{den.channel}/messages", {"content": "two"})
    assert (answer.status, answer.code) == (429, 20016)
    assert answer.headers["Via"]
    assert 50 < answer.body["retry_after"] <= 60


async def test_failed_log_ins_are_limited_by_address(strict: Server) -> None:
    # All at once: one after the other they could take longer than the first wait lasts.
    bodies = [{"login": f"nobody{i}", "password": "wrong password"} for i in range(20)]
    asked = [ask(strict, "POST", "/api/v10/auth/login", json=body) for body in bodies]
    answers = await asyncio.gather(*asked)
    assert {answer.status for answer in answers} == {400, 429}
    assert [answer.status for answer in answers].count(400) >= 10
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.headers["Via"]
    assert 0 < refused.body["retry_after"] <= 60


# What a client sends


async def test_ids_come_as_numbers_and_as_strings(den: Den) -> None:
    # discord.py sends ids in op 4 and 8 as numbers, REST bodies have them as strings.
    first = await den.say(den.ann, "x")
    for message_id in (first["id"], int(first["id"])):
        reply = await den.say(den.ann, "y", message_reference={"message_id": message_id})
        assert reply["message_reference"]["message_id"] == first["id"]
    gateway = await den.ann.connect()
    for guild_id in (den.guild, str(den.guild)):
        await gateway.send(8, {"guild_id": guild_id, "user_ids": [den.bob.id, str(den.ann.id)]})
        chunk = await gateway.event("GUILD_MEMBERS_CHUNK")
        assert len(chunk["members"]) == 2


async def test_permissions_come_as_numbers_and_as_strings(den: Den) -> None:
    for permissions in (1024, "1024"):
        body = {"name": "r", "permissions": permissions}
        role = (await den.ann.post(f"/guilds/{den.guild}/roles", body)).body
        assert role["permissions"] == "1024"


def codes(tree: dict[str, Any], path: str = "") -> dict[str, list[str]]:
    """Every path of a tree of form errors with its codes; leaves have nothing else."""
    if "_errors" in tree:
        assert list(tree) == ["_errors"]
        assert all(each.keys() == {"code", "message"} for each in tree["_errors"])
        return {path: [each["code"] for each in tree["_errors"]]}
    found: dict[str, list[str]] = {}
    for key, value in tree.items():
        found |= codes(value, f"{path}.{key}".lstrip("."))
    return found


async def test_a_form_names_all_that_is_wrong(den: Den) -> None:
    body = {
        "content": "x" * 2001,
        "tts": "maybe",
        "embeds": [
            {"title": "fine"},
            {"title": "x" * 257, "fields": [{"name": "n", "value": "v"}, {"name": "n"}]},
        ],
        "message_reference": {"message_id": "abc"},
        "nonce": "x" * 26,
    }
    answer = await den.ann.post(f"/channels/{den.channel}/messages", body)
    assert (answer.status, answer.code) == (400, 50035)
    assert answer.body["message"] == "Invalid Form Body"
    assert codes(answer.body["errors"]) == {
        "content": ["BASE_TYPE_MAX_LENGTH"],
        "tts": ["BOOLEAN_TYPE_CONVERT"],
        "embeds.1.title": ["BASE_TYPE_MAX_LENGTH"],
        "embeds.1.fields.1.value": ["BASE_TYPE_REQUIRED"],
        "message_reference.message_id": ["NUMBER_TYPE_COERCE"],
        "nonce": ["NONCE_TYPE_TOO_LONG"],
    }


async def test_a_path_and_a_query_are_forms_too(den: Den) -> None:
    answer = await den.ann.get("/channels/abc")
    assert codes(answer.body["errors"]) == {"channel_id": ["NUMBER_TYPE_COERCE"]}
    answer = await den.ann.get(f"/channels/{den.channel}/messages?limit=101&before=x")
    assert (answer.status, answer.code) == (400, 50035)
    assert codes(answer.body["errors"]) == {
        "limit": ["NUMBER_TYPE_MAX"],
        "before": ["NUMBER_TYPE_COERCE"],
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"content": "x"} y',
        b'{"content": "\xff"}',
        b'{"content": "\\ud800"}',
        b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["cut", "more", "not utf-8", "half a surrogate", "deep"],
)
async def test_what_is_no_json(den: Den, raw: bytes) -> None:
    path, headers = f"/channels/{den.channel}/messages", {"Content-Type": "application/json"}
    answer = await den.ann.post(path, data=raw, headers=headers)
    assert (answer.status, answer.code) == (400, 50109)
    assert answer.body["message"] == "The request body contains invalid JSON."


async def test_json_that_is_no_object(den: Den) -> None:
    answer = await den.ann.post(f"/channels/{den.channel}/messages", [1])
    assert (answer.status, answer.code) == (400, 50035)


async def test_a_content_type_that_nobody_reads(den: Den) -> None:
    answer = await den.ann.post(
        f"/channels/{den.channel}/messages", data=b"x", headers={"Content-Type": "text/plain"}
    )
    assert (answer.status, answer.code) == (400, 50035)
    assert codes(answer.body["errors"]) == {"": ["CONTENT_TYPE_INVALID"]}


async def test_a_body_that_is_too_large(den: Den) -> None:
    data = io.BytesIO(json.dumps({"content": "x" * 2_000_000}).encode())
    headers = {"Content-Type": "application/json"}
    answer = await den.ann.post(f"/channels/{den.channel}/messages", data=data, headers=headers)
    assert (answer.status, answer.code) == (413, 40005)


async def test_multipart_with_payload_json(den: Den) -> None:
    # discord.py and discord.js send it as soon as a message could have files.
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("payload_json", json.dumps({"content": "x", "tts": False}))
    answer = await den.ann.post(f"/channels/{den.channel}/messages", data=form)
    assert (answer.status, answer.body["content"]) == (200, "x")
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("payload_json", "{")
    answer = await den.ann.post(f"/channels/{den.channel}/messages", data=form)
    assert answer.code == 50109


async def test_multipart_with_fields(den: Den) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("content", "from a form")
    form.add_field("tts", "false")
    answer = await den.ann.post(f"/channels/{den.channel}/messages", data=form)
    assert (answer.status, answer.body["content"]) == (200, "from a form")


async def test_files_where_there_are_none_are_refused_by_name(den: Den) -> None:
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps({"name": "xy"}))
    form.add_field("files[3]", b"data", filename="a.txt")
    answer = await den.ann.call("PATCH", f"/guilds/{den.guild}", data=form)
    assert (answer.status, answer.code) == (400, 50035)
    assert codes(answer.body["errors"]) == {"files[3]": ["FILES_NOT_ALLOWED"]}


async def test_multipart_that_is_broken(den: Den) -> None:
    kind = "multipart/form-data; boundary=x"
    for raw in (b"--y\r\n", b"--x\r\nContent-Disposition: form-data"):
        answer = await den.ann.post(
            f"/channels/{den.channel}/messages", data=raw, headers={"Content-Type": kind}
        )
        assert answer.status == 400


async def test_a_urlencoded_form(den: Den) -> None:
    answer = await den.ann.post(
        f"/channels/{den.channel}/messages", data={"content": "grüß dich", "tts": "false"}
    )
    assert (answer.status, answer.body["content"]) == (200, "grüß dich")


@pytest.mark.parametrize(
    ("text", "told"),
    [("True", True), ("true", True), ("1", True), ("False", False), ("false", False), ("0", False)],
)
async def test_booleans_in_a_query(den: Den, text: str, told: bool) -> None:
    answer = await den.ann.get(f"/guilds/{den.guild}?with_counts={text}")
    assert answer.status == 200
    assert ("approximate_member_count" in answer.body) == told


# The audit log's reason


async def reason_of(den: Den, gateway: Gateway, header: str) -> Any:
    answer = await den.ann.post(
        f"/guilds/{den.guild}/roles", {"name": "r"}, headers={"X-Audit-Log-Reason": header}
    )
    assert answer.status == 200, answer.body
    return (await gateway.event("GUILD_AUDIT_LOG_ENTRY_CREATE")).get("reason")


async def test_a_reason_is_percent_encoded(den: Den) -> None:
    gateway = await den.ann.connect()
    assert await reason_of(den, gateway, "gr%C3%BC%C3%9Fe%20%26%20k%C3%BCsse") == "grüße & küsse"
    assert await reason_of(den, gateway, "plain words") == "plain words"
    assert await reason_of(den, gateway, "%F0%9F%94%A5" * 512) == "🔥" * 512


@pytest.mark.parametrize("header", ["x" * 513, "%20", "%FF%FE", "\udcff"])
async def test_a_reason_that_does_not_fit(den: Den, header: str) -> None:
    head = (
        f"POST /api/v10/guilds/{den.guild}/roles HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: {den.ann.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: 2\r\nX-Audit-Log-Reason: {header}\r\n\r\n{{}}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", den.server.port)
    writer.write(head.encode(errors="surrogateescape"))
    raw = await reader.read()
    writer.close()
    await writer.wait_closed()
    start, _, body = raw.partition(b"\r\n\r\n")
    answer = Answer(int(start.split()[1]), {}, body.decode())
    assert (answer.status, answer.code) == (400, 50035)
    assert codes(answer.body["errors"]) == {"reason": ["BASE_TYPE_BAD_LENGTH"]}
