"""Calls every operation as the served OpenAPI document describes it, and as it forbids.

Whatever the values are: no fault of the server's, a status that the document names, and a body of
the schema that it gives, refusals too. The calls are derived from a fixed seed; a failure prints
the call. Random ids are mostly those of things that are there.
"""

import copy
import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hearth.actions.all import MODULES
from hearth.core.operations import OPERATIONS
from tests.harness import Server
from tests.pictures import data_uri, still

assert MODULES

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NAMES = [name for name, each in OPERATIONS.items() if each.path]
MANY = 50 if os.environ.get("HEARTH_SOAK") == "1" else 1
RIGHT, WRONG = 6 * MANY, 6 * MANY
"""How many calls of each kind an operation gets."""

MOST_URL = 8000
"""Longer request lines are refused by the reader of HTTP."""

schemathesis.openapi.format("snowflake", st.integers(0, (1 << 63) - 1).map(str))


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    """The operations of a document."""
    schema = schemathesis.openapi.from_dict(document)
    found = (each.ok() for each in schema.get_all_operations())
    return {each.definition.raw["operationId"]: each for each in found}


class Field:
    """The server, its document, and a guild with something of everything."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.http = requests.Session()
        answer = self.http.get(f"{server.url}/api/v10/openapi.json", timeout=10)
        self.document = answer.json()
        self.operations = by_name(self.document)
        self.ann = server.person("ann")
        self.bob = server.person("bob")

    def fresh(self) -> tuple[dict[str, list[str]], list[str]]:
        """Ids in a new guild by the name of the parameter, and tokens of its owner and its bot."""
        server = self.server
        guild, channel = server.guild("Field", "ann")
        server.join(guild, "bob")
        token = server.operate("create_token", {"user": "ann"})["token"]
        bot = server.bot(f"bot{guild}", "ann", guild, 8)
        role = self.make(token, f"/guilds/{guild}/roles", {"name": "role"})
        messages = [
            self.make(token, f"/channels/{channel}/messages", {"content": text}) for text in "ab"
        ]
        image = {"name": "wave", "image": data_uri(still())}
        emoji = self.make(token, f"/guilds/{guild}/emojis", image)
        code = self.make(token, f"/channels/{channel}/invites", {}, "code")
        return {
            "guild_id": [str(guild)],
            "channel_id": [str(channel)],
            "message_id": messages,
            "role_id": [role, str(guild)],
            "user_id": [str(self.bob.id), str(self.ann.id), str(bot.id)],
            "overwrite_id": [role, str(self.bob.id)],
            "application_id": [str(bot.id)],
            "emoji_id": [emoji],
            "code": [code],
        }, [token, f"Bot {bot.token}"]

    @cached_property
    def standing(self) -> tuple[dict[str, list[str]], list[str]]:
        """The same of one guild, for what changes nothing."""
        return self.fresh()

    def make(self, token: str, path: str, body: dict[str, Any], key: str = "id") -> str:
        """The id of something new, or its `key`."""
        url = f"{self.server.url}/api/v10{path}"
        answer = self.http.post(url, json=body, headers={"Authorization": token}, timeout=10)
        return answer.json()[key]


@pytest.fixture(scope="module")
def field(server: Server) -> Iterator[Field]:
    """One server for all operations."""
    made = Field(server)
    yield made
    made.http.close()
    assert "Traceback" not in server.log.read_text()


def test_every_operation_is_called(field: Field) -> None:
    assert field.operations.keys() == {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_answers_as_described(field: Field, name: str) -> None:
    ids, tokens = field.standing if OPERATIONS[name].method == "GET" else field.fresh()
    modes = [(GenerationMode.POSITIVE, RIGHT)]
    if OPERATIONS[name].body is not None or OPERATIONS[name].query is not None:
        modes.append((GenerationMode.NEGATIVE, WRONG))
    for mode, examples in modes:
        call_all(field, field.operations[name], mode, examples, ids, tokens)


def call_all(
    field: Field,
    operation: Any,
    mode: GenerationMode,
    examples: int,
    ids: dict[str, list[str]],
    tokens: list[str],
) -> set[int]:
    """Call an operation and check each answer; the statuses of all."""
    statuses: set[int] = set()

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        known=st.integers(0, 9),
        token=st.sampled_from(tokens),
    )
    def call(case: schemathesis.Case, known: int, token: str) -> None:
        for key in {*case.path_parameters} & ids.keys():
            if known:
                case.path_parameters[key] = ids[key][known % len(ids[key])]
        response = case.call(
            base_url=f"{field.server.url}/api/v10",
            session=field.http,
            headers={"Authorization": token},
        )
        statuses.add(response.status_code)
        if len(response.request.url or "") > MOST_URL:
            # What is no HTTP request of ours is refused before it is one, in plain text.
            assert response.status_code == 400
            return
        case.validate_response(response, checks=CHECKS)

    call()
    return statuses


def test_the_calls_arrive(field: Field) -> None:
    ids, tokens = field.fresh()
    for name, mode, wanted in (
        ("get_channel", GenerationMode.POSITIVE, {200, 404}),
        ("create_guild_role", GenerationMode.NEGATIVE, {400}),
    ):
        got = call_all(field, field.operations[name], mode, 20, ids, tokens)
        assert wanted <= got, name


def test_the_check_finds_what_is_not_so(field: Field) -> None:
    ids, tokens = field.fresh()
    lie = copy.deepcopy(field.document)
    lie["components"]["schemas"]["RoleObject"]["properties"]["name"]["type"] = "integer"
    del lie["paths"]["/guilds/{guild_id}"]["get"]["responses"]["200"]
    wrong = by_name(lie)
    for name in ("list_guild_roles", "get_guild"):
        with pytest.raises(FailureGroup):
            call_all(field, wrong[name], GenerationMode.POSITIVE, 9, ids, tokens)


@pytest.mark.parametrize("token", [None, "", "x", "Bot x.y.z", "Bearer x"])
def test_no_operation_is_open_without_a_token(field: Field, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": token}
    for name in NAMES:
        operation = OPERATIONS[name]
        if field.operations[name].definition.raw["security"] == [{}]:
            continue
        path = "/".join("1" if part.startswith("{") else part for part in operation.path.split("/"))
        answer = field.http.request(
            operation.method, f"{field.server.url}/api/v10{path}", headers=headers, timeout=10
        )
        assert (answer.status_code, answer.json()["code"]) == (401, 0), name
