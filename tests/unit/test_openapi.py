"""The OpenAPI document and its page say what the declarations say."""

import json
import re
from enum import IntEnum
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from openapi_spec_validator import OpenAPIV31SpecValidator

from hearth.core.errors import ROWS, UNKNOWN_CHANNEL, Refused, invalid_form, rate_limited
from hearth.core.events import EVENTS
from hearth.core.operations import OPERATIONS
from hearth.core.wire import Bits, Snowflake, encode
from hearth.net.rest.openapi import document
from hearth.net.rest.reference import page
from hearth.net.rest.schemas import Schemas

DOCUMENT: dict[str, Any] = json.loads(encode(document()))
BY_NAME: dict[str, dict[str, Any]] = {
    each["operationId"]: each | {"path": path, "method": method}
    for path, methods in DOCUMENT["paths"].items()
    for method, each in methods.items()
}


def test_it_is_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_it_has_every_operation() -> None:
    assert BY_NAME.keys() == {name for name, each in OPERATIONS.items() if each.path}
    assert [each["name"] for each in DOCUMENT["x-gateway-events"]] == sorted(EVENTS)
    assert {each["name"] for each in DOCUMENT["x-gateway-commands"]} == {
        name for name, each in OPERATIONS.items() if each.op is not None
    }


@pytest.mark.parametrize("name", BY_NAME)
def test_an_operation_is_described_whole(name: str) -> None:
    shown, operation = BY_NAME[name], OPERATIONS[name]
    assert shown["summary"] == operation.summary
    assert len(shown["tags"]) == 1
    in_path = [each["name"] for each in shown["parameters"] if each.get("in") == "path"]
    assert in_path == re.findall(r"{(\w+)}", operation.path)
    assert str(operation.status) in shown["responses"]
    assert {"400", "404", "429"} <= shown["responses"].keys()
    assert ("401" in shown["responses"]) == (shown["security"] != [{}])
    assert ("requestBody" in shown) == (operation.body is not None)
    good = shown["responses"][str(operation.status)]
    assert ("content" in good) == (operation.status != 204)
    assert "X-RateLimit-Bucket" in good["headers"]


def test_who_may_call_is_said() -> None:
    assert BY_NAME["login"]["security"] == [{}]
    assert BY_NAME["logout"]["security"] == [{"Person": []}]
    assert BY_NAME["get_bot_gateway"]["security"] == [{"Bot": []}]
    assert BY_NAME["create_message"]["security"] == [{"Bot": []}, {"Person": []}]
    assert BY_NAME["create_message"]["x-permissions"] == ["SEND_MESSAGES"]
    assert BY_NAME["create_message"]["x-rate-limit"] == {"calls": 5, "seconds": 5}


def test_a_query_has_its_limits() -> None:
    found = {each.get("name"): each for each in BY_NAME["list_messages"]["parameters"]}
    limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert found["limit"]["schema"] == limit
    assert found["before"]["schema"]["format"] == "snowflake"
    assert not found["before"]["required"]


def test_what_waits_says_so() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    said = schemas["RolePatch"]["properties"]["icon"].get("description", "")
    assert said in ("", "Not taken yet: files, images and their limits come with media.")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("Error", Refused(UNKNOWN_CHANNEL)),
        ("Error", invalid_form((("a", 0, "b"), "CODE", "text"), (("c",), "CODE", "text"))),
        ("Wait", rate_limited(1.5, everywhere=True)),
    ],
)
def test_refusals_are_what_is_said_of_them(name: str, refused: Refused) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    check = Draft202012Validator(schema)
    body = json.loads(encode(refused.body))
    check.validate(body)
    assert not check.is_valid(body | {"code": 1})
    assert not check.is_valid({"code": 0})


class Kind(IntEnum):
    ONE = 1


class Inner(Struct, kw_only=True):
    """An inner one."""

    a: int


class Other(Struct, kw_only=True):
    b: str = "x"
    c: int | UnsetType = UNSET


class Whole(Struct, kw_only=True):
    id: Snowflake
    bits: Bits | UnsetType | None = UNSET
    one: Inner | Other
    many: Annotated[list[Inner | Other], Meta(max_length=3)]
    raw: Raw | None = None
    kind: Kind | Literal["x"] = Kind.ONE
    none: tuple[()] = ()
    by_name: dict[str, bool] | None = None


ID = {"type": ["string", "integer"], "minimum": 0, "maximum": (1 << 63) - 1}
ID |= {"pattern": "^[0-9]{1,20}$"}
EITHER = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Inner", "Other")]}


def test_the_schema_of_a_request() -> None:
    schemas = Schemas()
    assert schemas.form(Whole) == {"$ref": "#/components/schemas/Whole"}
    assert json.loads(encode(schemas.named["Whole"]["properties"])) == {
        "id": ID | {"format": "snowflake"},
        "bits": {"anyOf": [ID, {"type": "null"}]},
        "one": EITHER,
        "many": {"type": "array", "items": EITHER, "maxItems": 3},
        "raw": {},
        "kind": {"anyOf": [{"enum": [1]}, {"enum": ["x"]}], "default": 1},
        "none": {"type": "array", "maxItems": 0, "default": []},
        "by_name": {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "boolean"}},
                {"type": "null"},
            ]
        },
    }
    assert schemas.named["Whole"]["required"] == ["id", "one", "many"]
    assert schemas.named["Inner"]["description"] == "An inner one."


def test_a_reply_has_all_its_keys() -> None:
    schemas = Schemas()
    schemas.reply(list[Other])
    assert schemas.named["Other"]["required"] == ["b"]
    assert schemas.named["Other"]["properties"]["b"] == {"type": "string"}
    # Of what is both, the request is described: a reply is one too.
    schemas.form(Other)
    assert schemas.named["Other"]["required"] == []


def test_two_structs_of_one_name() -> None:
    schemas = Schemas()
    namesake = type("Inner", (Struct,), {"__annotations__": {"z": int}, "__module__": "a.b"})
    assert schemas.reply(Inner) != schemas.reply(namesake)
    assert {*schemas.named} == {"Inner", "b.Inner"}


def test_a_type_that_nobody_knows() -> None:
    with pytest.raises(TypeError, match="no schema"):
        Schemas().reply(complex)


def test_the_page_leads_everywhere() -> None:
    text = page(DOCUMENT)
    anchors = re.findall(r'\bid="([^"]+)"', text)
    assert len(anchors) == len({*anchors})
    assert {*BY_NAME} <= {*anchors}
    links = {link for link in re.findall(r'href="([^"]+)"', text) if link != "data:,"}
    assert {link[1:] for link in links if link.startswith("#")} <= {*anchors}
    assert {link for link in links if not link.startswith("#")} == {"openapi.json"}
    assert "<!--" not in text
    assert not re.search(r'\b(src|style|on\w+)="', text)
    for row in ROWS.values():
        assert f"<th>{row.code}</th><td>{row.status}</td>" in text


def test_the_page_takes_no_markup_from_a_description() -> None:
    evil = json.loads(json.dumps(DOCUMENT))
    said = "<script>alert(1)</script> `<b>`"
    evil["info"]["description"] = evil["tags"][0]["description"] = said
    for methods in evil["paths"].values():
        for each in methods.values():
            each["summary"] = said
    for schema in evil["components"]["schemas"].values():
        schema["description"] = said
    text = page(evil)
    assert text.count("<script>") == 1
    assert "<b>" not in text
    assert "<code>&lt;b&gt;</code>" in text
