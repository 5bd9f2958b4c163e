"""Ids, times and the decoder: what is read, and what is refused with which code."""

import json
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.errors import INVALID_FORM, INVALID_JSON, Refused
from hearth.core.wire import (
    MOST_PROBLEMS,
    Form,
    Nonce,
    Snowflake,
    decode,
    decode_query,
    parse_timestamp,
    path_id,
    problems,
    timestamp,
)


class Size(IntEnum):
    SMALL = 0
    LARGE = 2


class Leaf(Struct):
    id: Snowflake
    name: Annotated[str, Meta(min_length=1, max_length=3)] = "a"


class Sample(Form, kw_only=True):
    """Every kind of field that the walk knows."""

    number: Annotated[int, Meta(ge=0, le=10)]
    ratio: Annotated[float, Meta(ge=0, le=1)] | None = None
    flag: bool = False
    text: Annotated[str, Meta(max_length=5)] | UnsetType | None = UNSET
    name: Annotated[str, Meta(min_length=2)] | None = None
    word: Annotated[str, Meta(pattern="^[a-z]+$")] | None = None
    size: Size = Size.SMALL
    choice: Literal["x", "y"] | None = None
    step: Literal[1, 2] | None = None
    leaf: Leaf | None = None
    leaves: Annotated[list[Leaf], Meta(max_length=2)] | UnsetType | None = UNSET
    ids: list[Snowflake] | None = None
    texts: tuple[str, ...] = ()
    table: Annotated[dict[str, int], Meta(max_length=2)] | None = None
    nonce: Nonce | None = None
    either: list[Snowflake] | Snowflake | None = None
    anything: Any = None


def errors_of(form: type[Any], value: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as refused:
        decode(form, json.dumps(value).encode())
    assert refused.value.error is INVALID_FORM
    return refused.value.more["errors"]


def leaf(code: str, message: str) -> dict[str, Any]:
    return {"_errors": [{"code": code, "message": message}]}


COERCE, REQUIRED = "NUMBER_TYPE_COERCE", leaf("BASE_TYPE_REQUIRED", "This field is required")

WRONG = [
    ({"number": "x"}, leaf(COERCE, 'Value "x" is not int.')),
    ({"number": True}, leaf(COERCE, 'Value "True" is not int.')),
    ({"number": 1.5}, leaf(COERCE, 'Value "1.5" is not int.')),
    ({"number": None}, REQUIRED),
    ({"number": -1}, leaf("NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")),
    ({"number": 11}, leaf("NUMBER_TYPE_MAX", "int value should be less than or equal to 10.")),
    ({"ratio": 2}, leaf("NUMBER_TYPE_MAX", "float value should be less than or equal to 1.")),
    ({"ratio": "x"}, leaf(COERCE, 'Value "x" is not float.')),
    ({"flag": 2}, leaf("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")),
    ({"flag": None}, REQUIRED),
    ({"text": "123456"}, leaf("BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")),
    ({"text": 5}, leaf("STRING_TYPE_CONVERT", 'Could not interpret "5" as string.')),
    ({"text": []}, leaf("STRING_TYPE_CONVERT", 'Could not interpret "[]" as string.')),
    ({"name": "a"}, leaf("BASE_TYPE_MIN_LENGTH", "Must be 2 or more in length.")),
    ({"word": "A"}, leaf("STRING_TYPE_REGEX", "String value did not match validation regex.")),
    ({"size": 1}, leaf("BASE_TYPE_CHOICES", "Value must be one of (0, 2).")),
    ({"size": "BIG"}, leaf(COERCE, 'Value "BIG" is not int.')),
    ({"choice": "z"}, leaf("BASE_TYPE_CHOICES", "Value must be one of ('x', 'y').")),
    ({"choice": 1}, leaf("BASE_TYPE_CHOICES", "Value must be one of ('x', 'y').")),
    ({"step": 3}, leaf("BASE_TYPE_CHOICES", "Value must be one of (1, 2).")),
    ({"leaf": []}, leaf("MODEL_TYPE_CONVERT", "Expected an object/dictionary.")),
    ({"leaf": {}}, {"id": REQUIRED}),
    ({"leaf": {"id": "x"}}, {"id": leaf(COERCE, 'Value "x" is not snowflake.')}),
    (
        {"leaf": {"id": 1 << 63}},
        {
            "id": leaf(
                "NUMBER_TYPE_MAX",
                "snowflake value should be less than or equal to 9223372036854775807.",
            )
        },
    ),
    (
        {"leaf": {"id": 1, "name": ""}},
        {"name": leaf("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 3 in length.")},
    ),
    ({"leaves": {}}, leaf("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")),
    (
        {"leaves": [{"id": 1}, None]},
        {"1": leaf("LIST_ITEM_VALUE_REQUIRED", "List item values of ModelType are required")},
    ),
    ({"leaves": [{"id": 1}, {}]}, {"1": {"id": REQUIRED}}),
    # What is wrong with the whole list hides what is wrong inside it.
    ({"leaves": [{}, {}, {}]}, leaf("BASE_TYPE_MAX_LENGTH", "Must be 2 or fewer in length.")),
    (
        {"ids": [None]},
        {"0": leaf("LIST_ITEM_VALUE_REQUIRED", "List item values of SnowflakeType are required")},
    ),
    ({"ids": ["1", "-"]}, {"1": leaf(COERCE, 'Value "-" is not snowflake.')}),
    ({"texts": ["a", 1]}, {"1": leaf("STRING_TYPE_CONVERT", 'Could not interpret "1" as string.')}),
    ({"table": []}, leaf("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")),
    ({"table": {"a": "x"}}, {"a": leaf(COERCE, 'Value "x" is not int.')}),
    ({"nonce": "1" * 26}, leaf("NONCE_TYPE_TOO_LONG", "Must be 25 or fewer characters long.")),
    (
        {"nonce": 1 << 63},
        leaf(
            "NONCE_TYPE_OUT_OF_BOUNDS",
            "Must be between -9223372036854775808 and 9223372036854775807.",
        ),
    ),
    (
        {"nonce": 1.5},
        leaf("NONCE_TYPE_INVALID_TYPE", "This field must be a string or integer."),
    ),
    ({"either": [{}]}, {"0": leaf(COERCE, 'Value "{}" is not snowflake.')}),
]


@pytest.mark.parametrize(("value", "expected"), WRONG)
def test_each_kind_of_error_has_its_code(value: dict[str, Any], expected: dict[str, Any]) -> None:
    ((name, _),) = value.items()
    assert errors_of(Sample, {"number": 1, **value}) == {name: expected}


def test_every_error_of_a_form_is_named_at_once() -> None:
    found = errors_of(Sample, {"flag": "x", "leaf": {"id": "?", "name": 5}, "ids": [1, "?"]})
    assert found.keys() == {"number", "flag", "leaf", "ids"}
    assert found["leaf"].keys() == {"id", "name"}
    assert found["ids"].keys() == {"1"}


def test_a_body_that_is_no_object_is_named_at_the_root() -> None:
    assert errors_of(Sample, [])["_errors"][0]["code"] == "MODEL_TYPE_CONVERT"


def test_errors_are_bounded() -> None:
    found = errors_of(Sample, {"number": 1, "ids": ["?"] * 5000})
    assert len(found["ids"]) == MOST_PROBLEMS
    assert len(json.dumps(errors_of(Sample, {"number": "?" * 100_000}))) < 300


RIGHT = [
    ({"number": "7"}, "number", 7),
    ({"number": 7.0}, "number", 7),
    ({"flag": "True"}, "flag", True),
    ({"flag": 1}, "flag", True),
    ({"text": None}, "text", None),
    ({"text": "\U0001f525" * 5}, "text", "\U0001f525" * 5),  # code points, not UTF-16 units
    ({"size": "2"}, "size", Size.LARGE),
    ({"leaf": {"id": "9223372036854775807"}}, "leaf", Leaf((1 << 63) - 1)),
    ({"ids": ["1", 2]}, "ids", [1, 2]),
    ({"nonce": "12"}, "nonce", "12"),
    ({"nonce": 12}, "nonce", 12),
    ({"either": "5"}, "either", 5),
    ({"either": ["5"]}, "either", [5]),
    ({"unknown": {"x": []}}, "text", UNSET),
]


@pytest.mark.parametrize(("value", "name", "expected"), RIGHT)
def test_what_fits_is_read(value: dict[str, Any], name: str, expected: Any) -> None:
    form = decode(Sample, json.dumps({"number": 1, **value}).encode())
    assert getattr(form, name) == expected


def test_of_a_repeated_key_the_last_one_counts() -> None:
    assert decode(Sample, b'{"number": "x", "number": 3}').number == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{}x",
        b'{"number": 01}',
        b'{"number": NaN}',
        b'{"number": 1e999}',
        b"\xef\xbb\xbf{}",
        b'{"number": 1, "unknown": "\xff"}',
        b'{"number": 1, "text": "\xff"}',
        b'{"number": 1, "text": "\\ud800"}',
        b'{"number": 1, "unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"number": 1, "anything": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"number": "x"',
        # Too deep for the second look, too
        b'{"number": "x", "leaf": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_json_is_50109(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decode(Sample, raw)
    assert refused.value.error is INVALID_JSON
    assert refused.value.body == {
        "message": "The request body contains invalid JSON.",
        "code": 50109,
    }


class Late(Form, kw_only=True):
    """A form whose fields must differ."""

    a: int
    b: int

    def problems(self) -> list[tuple[tuple[str | int, ...], str, str]]:
        return [] if self.a != self.b else [(("b",), "SAME", "They are the same.")]


def test_a_form_checks_itself_once_its_fields_fit() -> None:
    assert decode(Late, b'{"a": 1, "b": 2}') == Late(a=1, b=2)
    assert errors_of(Late, {"a": 1, "b": 1}) == {"b": leaf("SAME", "They are the same.")}
    assert errors_of(Late, {"a": 1, "b": "x"})["b"]["_errors"][0]["code"] == COERCE


class Pairs(dict[str, str]):
    """A multidict as far as the decoder asks: pairs in order, with repeats."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def items(self) -> Any:
        return self.pairs


def test_a_query_is_read_from_strings() -> None:
    form = decode_query(
        Sample, Pairs(("number", "3"), ("flag", "True"), ("ids", "1"), ("ids", "2"), ("x", ""))
    )
    assert (form.number, form.flag, form.ids) == (3, True, [1, 2])
    assert decode_query(Sample, {"number": "3", "flag": "1"}).flag is True
    assert decode_query(Sample, {"number": "3", "flag": "false"}).flag is False


def test_a_wrong_query_is_named_like_a_body() -> None:
    with pytest.raises(Refused) as refused:
        decode_query(Sample, {"number": "", "flag": "maybe", "ids": "x"})
    assert refused.value.more["errors"] == {
        "number": leaf(COERCE, 'Value "" is not int.'),
        "flag": leaf("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
        "ids": {"0": leaf(COERCE, 'Value "x" is not snowflake.')},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("9223372036854775807", (1 << 63) - 1), ("0", 0), ("007", 7)],
)
def test_an_id_of_a_path_is_read(text: str, value: int) -> None:
    assert path_id("user_id", text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", COERCE),
        ("@me", COERCE),
        ("-1", "NUMBER_TYPE_MIN"),
        ("\u0661", COERCE),
        ("\u00b2", COERCE),
        ("1.0", COERCE),
        ("1e3", COERCE),
        (" 1", COERCE),
        ("9223372036854775808", "NUMBER_TYPE_MAX"),
        ("1" * 21, "NUMBER_TYPE_MAX"),
        ("1" * 5000, COERCE),
    ],
)
def test_a_wrong_id_of_a_path_is_named(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        path_id("user_id", text)
    assert refused.value.more["errors"]["user_id"]["_errors"][0]["code"] == code


# Times


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_times_are_iso_8601_with_microseconds(ms: int) -> None:
    text = timestamp(ms)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert text == moment.isoformat(timespec="microseconds")
    assert parse_timestamp(text) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T01:00:01+01:00", 1000),
        ("1970-01-01T00:00:00.5", 500),
        ("1970-01-02", 86_400_000),
        ("", None),
        ("tomorrow", None),
        ("1970-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59.999999-00:01", None),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999),
    ],
)
def test_times_are_parsed(text: str, ms: int | None) -> None:
    assert parse_timestamp(text) == ms


# The walk agrees with msgspec

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 15)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["x", "y", "a", "abcdef", "1", "1.0", "-1", "null", "true", "True", "", "1e3"]
    )
    | st.text(max_size=4)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
samples = st.dictionaries(
    st.sampled_from([*Sample.__struct_fields__, "other"]), values, max_size=8
).flatmap(
    lambda table: st.fixed_dictionaries({}, optional={"number": scalars}).map(
        lambda more: table | more
    )
)


def agrees(form: type[Any], value: Any) -> None:
    """Either msgspec takes the JSON and the walk finds nothing, or neither."""
    raw = msgspec.json.encode(value)
    try:
        msgspec.json.decode(raw, type=form, strict=False)
    except msgspec.ValidationError:
        taken = False
    else:
        taken = True
    assert taken == (not list(problems(form, msgspec.json.decode(raw))))


@given(values | samples)
def test_the_walk_agrees_with_msgspec(value: Any) -> None:
    agrees(Sample, value)


@given(st.binary(max_size=60) | samples.map(msgspec.json.encode))
def test_decode_takes_or_refuses_any_bytes(raw: bytes) -> None:
    try:
        form = decode(Sample, raw)
    except Refused as refused:
        body = refused.body
    else:
        body = None
        assert isinstance(form, Sample)
    if body is not None:
        assert body["code"] in (INVALID_FORM.code, INVALID_JSON.code)
        assert bool(body.get("errors")) == (body["code"] == INVALID_FORM.code)


@pytest.mark.parametrize("name", ["number", "text", "leaf", "ids", "anything", "unknown"])
@pytest.mark.parametrize("depth", range(100, 1100, 50))
def test_no_depth_is_a_fault(name: str, depth: int) -> None:
    raw = b'{"number": "x", "%b": %b}' % (name.encode(), b"[" * depth + b"]" * depth)
    with pytest.raises(Refused):
        decode(Sample, raw)
