"""The bodies and queries of requests: what each takes, and its refusals with their paths."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from hearth.actions.all import MODULES
from hearth.core.deferred import ROWS, refuse_deferred
from hearth.core.errors import Refused
from hearth.core.models.channels import ChannelCreate, ChannelPatch, Overwrite, OverwritePut
from hearth.core.models.embeds import Embed, embeds_json, url_problem
from hearth.core.models.guilds import MyGuildsQuery
from hearth.core.models.members import MemberPatch
from hearth.core.models.messages import MessageCreate, MessageEdit, MessagesQuery
from hearth.core.models.roles import RoleCreate, RolePatch
from hearth.core.models.users import Login
from hearth.core.operations import OPERATIONS
from hearth.core.wire import Form, decode, decode_query, problems

assert MODULES

FORMS: list[type[Any]] = [
    ChannelCreate,
    ChannelPatch,
    OverwritePut,
    MemberPatch,
    MessageCreate,
    MessageEdit,
    RoleCreate,
    RolePatch,
    Login,
]
QUERIES: list[type[Any]] = [MessagesQuery, MyGuildsQuery]


def make(form: type[Any], **values: Any) -> Any:
    return decode(form, json.dumps(values).encode())


def codes(tree: Any, path: str = "") -> dict[str, list[str]]:
    """The leaves of an error tree: path → codes."""
    found: dict[str, list[str]] = {}
    for key, value in tree.items():
        if key == "_errors":
            found[path] = [each["code"] for each in value]
        else:
            found |= codes(value, f"{path}.{key}" if path else key)
    return found


def wrong(form: type[Any], **values: Any) -> dict[str, list[str]]:
    with pytest.raises(Refused) as refused:
        make(form, **values)
    return codes(refused.value.more["errors"])


REQUIRED, LENGTH, MAX = ["BASE_TYPE_REQUIRED"], ["BASE_TYPE_BAD_LENGTH"], ["BASE_TYPE_MAX_LENGTH"]

REFUSED: list[tuple[type[Any], dict[str, Any], dict[str, list[str]]]] = [
    (MessageCreate, {"content": "x" * 2001}, {"content": MAX}),
    (MessageCreate, {"content": 5}, {"content": ["STRING_TYPE_CONVERT"]}),
    (MessageCreate, {"nonce": "x" * 26}, {"nonce": ["NONCE_TYPE_TOO_LONG"]}),
    (MessageCreate, {"tts": "maybe"}, {"tts": ["BOOLEAN_TYPE_CONVERT"]}),
    (MessageCreate, {"flags": -1}, {"flags": ["NUMBER_TYPE_MIN"]}),
    (MessageCreate, {"embeds": [{"title": "x"}] * 11}, {"embeds": MAX}),
    (MessageCreate, {"message_reference": {}}, {"message_reference.message_id": REQUIRED}),
    (
        MessageCreate,
        {"message_reference": {"message_id": 1, "type": 2}},
        {"message_reference.type": ["BASE_TYPE_CHOICES"]},
    ),
    (
        MessageCreate,
        {"allowed_mentions": {"parse": ["all", "users"], "users": ["x"]}},
        {
            "allowed_mentions.parse.0": ["BASE_TYPE_CHOICES"],
            "allowed_mentions.users.0": ["NUMBER_TYPE_COERCE"],
        },
    ),
    (
        MessageCreate,
        {"allowed_mentions": {"parse": ["users", "roles"], "users": [1], "roles": ["2"]}},
        {"allowed_mentions": ["MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"] * 2},
    ),
    (
        MessageCreate,
        {"allowed_mentions": {"users": [1, "1"], "parse": ["roles", "roles"]}},
        {
            "allowed_mentions.users.1": ["SET_TYPE_ALREADY_CONTAINS_VALUE"],
            "allowed_mentions.parse.1": ["SET_TYPE_ALREADY_CONTAINS_VALUE"],
        },
    ),
    (
        MessageCreate,
        {"allowed_mentions": {"users": list(range(101))}},
        {"allowed_mentions.users": MAX},
    ),
    (MessageEdit, {"embeds": [None]}, {"embeds.0": ["LIST_ITEM_VALUE_REQUIRED"]}),
    (ChannelCreate, {}, {"name": REQUIRED}),
    (ChannelCreate, {"name": None}, {"name": REQUIRED}),
    (ChannelCreate, {"name": ""}, {"name": LENGTH}),
    (ChannelCreate, {"name": "x" * 101}, {"name": LENGTH}),
    (ChannelCreate, {"name": "x", "type": 1}, {"type": ["BASE_TYPE_CHOICES"]}),
    (ChannelCreate, {"name": "x", "type": "text"}, {"type": ["NUMBER_TYPE_COERCE"]}),
    (ChannelCreate, {"name": "x", "topic": "x" * 1025}, {"topic": MAX}),
    (ChannelCreate, {"name": "x", "bitrate": 7999}, {"bitrate": ["NUMBER_TYPE_MIN"]}),
    (
        ChannelCreate,
        {"name": "x", "rate_limit_per_user": 21601},
        {"rate_limit_per_user": ["NUMBER_TYPE_MAX"]},
    ),
    (
        ChannelCreate,
        {"name": "x", "permission_overwrites": [{"id": "1", "type": 2, "allow": "x"}, {}]},
        {
            "permission_overwrites.0.type": ["BASE_TYPE_CHOICES"],
            "permission_overwrites.0.allow": ["NUMBER_TYPE_COERCE"],
            "permission_overwrites.1.id": REQUIRED,
        },
    ),
    (ChannelPatch, {"name": "x" * 101}, {"name": MAX}),
    (
        ChannelPatch,
        {"default_auto_archive_duration": 61},
        {"default_auto_archive_duration": ["BASE_TYPE_CHOICES"]},
    ),
    (OverwritePut, {"type": "role"}, {"type": ["NUMBER_TYPE_COERCE"]}),
    (OverwritePut, {"allow": -1}, {"allow": ["NUMBER_TYPE_MIN"]}),
    (RoleCreate, {"name": ""}, {"name": LENGTH}),
    (RoleCreate, {"color": 1 << 24}, {"color": ["NUMBER_TYPE_MAX"]}),
    (
        RolePatch,
        {"colors": {"primary_color": -1}},
        {"colors.primary_color": ["NUMBER_TYPE_MIN"]},
    ),
    (RolePatch, {"colors": {"secondary_color": 1}}, {"colors.primary_color": REQUIRED}),
    (
        RolePatch,
        {"colors": {"primary_color": 1, "tertiary_color": 1}},
        {"colors.secondary_color": REQUIRED},
    ),
    (MemberPatch, {"nick": "x" * 33}, {"nick": MAX}),
    (MemberPatch, {"roles": "1"}, {"roles": ["LIST_TYPE_CONVERT"]}),
    (MemberPatch, {"roles": [1] * 351}, {"roles": MAX}),
    (
        MemberPatch,
        {"communication_disabled_until": "soon"},
        {"communication_disabled_until": ["DATE_TIME_TYPE_PARSE"]},
    ),
    (Login, {}, {"login": REQUIRED, "password": REQUIRED}),
    (Login, {"login": "ann", "password": "x" * 1025}, {"password": LENGTH}),
]


@pytest.mark.parametrize(("form", "values", "expected"), REFUSED)
def test_a_wrong_form_names_every_fault(
    form: type[Any], values: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert wrong(form, **values) == expected


@pytest.mark.parametrize("form", [MessagesQuery, MyGuildsQuery])
@pytest.mark.parametrize("limit", ["0", "201", "x"])
def test_pages_are_bounded(form: type[Any], limit: str) -> None:
    with pytest.raises(Refused) as refused:
        decode_query(form, {"limit": limit})
    assert codes(refused.value.more["errors"]).keys() == {"limit"}


def test_queries_have_defaults() -> None:
    assert decode_query(MessagesQuery, {}) == MessagesQuery(limit=50)
    assert decode_query(MessagesQuery, {"around": "5", "limit": "100"}).around == 5
    assert decode_query(MyGuildsQuery, {"with_counts": "true"}).with_counts is True


def test_ids_and_permissions_come_as_numbers_or_strings() -> None:
    assert make(OverwritePut, type=1, allow="1024", deny=2048) == OverwritePut(
        type=1, allow=1024, deny=2048
    )
    assert make(MemberPatch, roles=["1", 2]).roles == [1, 2]


# What bodies ask of nouns


def test_a_channel_body_gives_the_fields_of_a_channel() -> None:
    body = make(
        ChannelCreate,
        name="talk",
        type=0,
        topic=None,
        nsfw=None,
        rate_limit_per_user=None,
        position=None,
        parent_id="7",
        permission_overwrites=[{"id": "1", "allow": "1"}, {"id": 2, "type": 1, "deny": "4"}],
    )
    assert body.values() == {
        "name": "talk",
        "type": 0,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "parent_id": 7,
        "overwrites": (Overwrite(1, 0, 1, 0), Overwrite(2, 1, 0, 4)),
    }


def test_a_channel_patch_gives_only_what_was_sent() -> None:
    assert make(ChannelPatch).values() == {}
    assert make(ChannelPatch, name="x").values() == {"name": "x"}
    assert make(ChannelPatch, parent_id=None).values() == {"parent_id": None}


def test_a_role_body_gives_the_fields_of_a_role() -> None:
    assert make(RolePatch).values() == {}
    assert make(RolePatch, name=None, permissions=None, colors=None).values() == {}
    assert make(RolePatch, color=None, hoist=None, unicode_emoji="").values() == {
        "color": 0,
        "hoist": False,
        "unicode_emoji": None,
    }
    assert make(
        RoleCreate, color=1, colors={"primary_color": 2, "secondary_color": 3}, mentionable=True
    ).values() == {
        "color": 2,
        "secondary_color": 3,
        "tertiary_color": None,
        "mentionable": True,
    }


def test_a_timeout_is_read_as_a_time() -> None:
    assert make(MemberPatch).until_ms is None
    assert make(MemberPatch, communication_disabled_until=None).until_ms is None
    until = make(MemberPatch, communication_disabled_until="1970-01-01T00:00:01+00:00")
    assert until.until_ms == 1000


# Embeds

EMBEDS: list[tuple[list[dict[str, Any]], dict[str, list[str]]]] = [
    ([{}], {"embeds.0": ["LIST_ITEM_VALUE_REQUIRED"]}),
    ([{"title": "x"}, {"color": 5}], {"embeds.1.description": REQUIRED}),
    ([{"title": "  "}], {"embeds.0.description": REQUIRED}),
    ([{"title": "x" * 257}], {"embeds.0.title": MAX}),
    ([{"description": "x" * 4097}], {"embeds.0.description": MAX}),
    ([{"footer": {"text": "x" * 2049}}], {"embeds.0.footer.text": MAX}),
    ([{"author": {"name": "x" * 257}}], {"embeds.0.author.name": MAX}),
    ([{"fields": [{"name": "a", "value": "b"}] * 26}], {"embeds.0.fields": MAX}),
    (
        [{"fields": [{"name": "x" * 257, "value": "x" * 1025}, {}]}],
        {
            "embeds.0.fields.0.name": MAX,
            "embeds.0.fields.0.value": MAX,
            "embeds.0.fields.1.name": REQUIRED,
            "embeds.0.fields.1.value": REQUIRED,
        },
    ),
    (
        [{"fields": [{"name": " ", "value": ""}]}],
        {"embeds.0.fields.0.name": REQUIRED, "embeds.0.fields.0.value": REQUIRED},
    ),
    ([{"title": "x", "color": 0x1000000}], {"embeds.0.color": ["NUMBER_TYPE_MAX"]}),
    ([{"title": "x", "timestamp": "now"}], {"embeds.0.timestamp": ["DATE_TIME_TYPE_PARSE"]}),
    (
        [{"title": "x", "url": "ftp://a.b", "image": {"url": "nothing"}}],
        {
            "embeds.0.url": ["URL_TYPE_INVALID_SCHEME"],
            "embeds.0.image.url": ["URL_TYPE_INVALID_URL"],
        },
    ),
    (
        [
            {
                "thumbnail": {"url": "data:x"},
                "author": {"name": "a", "url": "attachment://x", "icon_url": "x"},
                "footer": {"text": "a", "icon_url": "http://"},
            }
        ],
        {
            "embeds.0.thumbnail.url": ["URL_TYPE_INVALID_SCHEME"],
            "embeds.0.author.url": ["URL_TYPE_INVALID_SCHEME"],
            "embeds.0.author.icon_url": ["URL_TYPE_INVALID_URL"],
            "embeds.0.footer.icon_url": ["URL_TYPE_INVALID_URL"],
        },
    ),
    (
        [
            {
                "title": "x" * 256,
                "description": "x" * 2000,
                "footer": {"text": "x" * 1000},
                "author": {"name": "x" * 200},
                "fields": [{"name": "x" * 200, "value": "x" * 300}],
            },
            {"description": "x" * 2045},
        ],
        {"embeds": ["MAX_EMBED_SIZE_EXCEEDED"]},
    ),
]


@pytest.mark.parametrize(("embeds", "expected"), EMBEDS)
@pytest.mark.parametrize("form", [MessageCreate, MessageEdit])
def test_a_wrong_embed_is_refused(
    form: type[Any], embeds: list[dict[str, Any]], expected: dict[str, list[str]]
) -> None:
    assert wrong(form, embeds=embeds) == expected


def test_six_thousand_characters_are_enough() -> None:
    make(MessageCreate, embeds=[{"description": "x" * 4000}, {"description": "x" * 2000}])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.com/a?b=c#d", None),
        ("HTTP://localhost:8080", None),
        ("https://[::1]/", None),
        ("attachment://picture.png", "URL_TYPE_INVALID_SCHEME"),
        ("javascript:alert(1)", "URL_TYPE_INVALID_SCHEME"),
        ("https://", "URL_TYPE_INVALID_URL"),
        ("https:/example.com", "URL_TYPE_INVALID_URL"),
        ("https://[", "URL_TYPE_INVALID_URL"),
        ("https://a b", "URL_TYPE_INVALID_URL"),
        ("https://a\u00a0b", "URL_TYPE_INVALID_URL"),
        ("java\nscript:x", "URL_TYPE_INVALID_URL"),
        ("//example.com", "URL_TYPE_INVALID_URL"),
        ("https://u:p@example.com:8443?x", None),
        ("https://example.com:port/", "URL_TYPE_INVALID_URL"),
        ("https://\u00fcber.example/\u00e9", None),
        ("https://@/", "URL_TYPE_INVALID_URL"),
        ("https:///path", "URL_TYPE_INVALID_URL"),
    ],
)
def test_addresses_are_whole_and_of_the_web(url: str, code: str | None) -> None:
    found = url_problem(url, ("http", "https"))
    assert (found and found[0]) == code


def test_embeds_are_kept_as_they_are_shown() -> None:
    body = make(
        MessageCreate,
        embeds=[
            {
                "type": "video",
                "title": " t ",
                "color": 0,
                "timestamp": "2020-01-01T00:00:00Z",
                "author": {"name": "a", "url": "https://a"},
                "footer": {"text": "f", "icon_url": None},
                "image": {"url": "attachment://a.png", "width": 5},
                "thumbnail": {"url": ""},
                "fields": [{"name": " n", "value": "v "}],
                "video": {"url": "https://v"},
            },
            {"description": "d", "author": {"name": " "}, "footer": {}, "fields": []},
        ],
    )
    stored = embeds_json(body.embeds)
    assert stored is not None
    assert json.loads(stored) == [
        {
            "type": "rich",
            "title": "t",
            "color": 0,
            "timestamp": "2020-01-01T00:00:00.000000+00:00",
            "author": {"name": "a", "url": "https://a"},
            "footer": {"text": "f"},
            "image": {"url": "attachment://a.png"},
            "fields": [{"name": "n", "value": "v", "inline": False}],
        },
        {"type": "rich", "description": "d"},
    ]
    assert embeds_json([]) is None


# What waits


def test_nothing_deferred_is_refused_where_it_is_not_used() -> None:
    for row in ROWS:
        form = OPERATIONS[row.operation].body
        refuse_deferred(row.operation, form(**dict.fromkeys(required(form), "")))
    refuse_deferred("get_channel", None)
    refuse_deferred("create_message", make(MessageCreate, components=[], attachments=None, flags=4))
    refuse_deferred(
        "create_message", make(MessageCreate, message_reference={"message_id": 1, "type": 0})
    )


def required(form: Any) -> list[str]:
    """The fields without which there is no such form."""
    return [field.name for field in msgspec.structs.fields(form) if field.required]


@pytest.mark.parametrize("row", ROWS, ids=[f"{r.operation}-{r.parameter}-{r.bits}" for r in ROWS])
def test_each_deferred_parameter_is_refused_by_name(row: Any) -> None:
    form = OPERATIONS[row.operation].body
    names = row.parameter.split(".")
    value: Any = row.values[0] if row.values else row.bits or "1"
    for name in reversed(names):
        value = {name: value, "message_id": 1} if name == "type" and names[1:] else {name: value}
    value = dict.fromkeys(required(form), "xy") | value
    with pytest.raises(Refused) as refused:
        refuse_deferred(row.operation, make(form, **value))
    assert refused.value.error is row.error
    assert codes(refused.value.more["errors"]) == {row.parameter: ["NOT_SUPPORTED_YET"]}


def test_several_deferred_parameters_are_named_together() -> None:
    with pytest.raises(Refused) as refused:
        refuse_deferred("create_message", make(MessageCreate, poll={"a": 1}, components=[1]))
    assert refused.value.body["errors"].keys() == {"poll", "components"}


# The walk agrees with msgspec on every form

names = sorted({name for form in FORMS for name in form.__struct_fields__} | {"id", "message_id"})
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 30)
    | st.integers()
    | st.sampled_from(["x", "", "1", "users", "x" * 120, "x" * 5000, "1024", "null"])
    | st.floats(allow_nan=False, allow_infinity=False)
)
inner_names = st.sampled_from(
    ["id", "type", "allow", "name", "value", "url", "title", "fields", "parse", "users", "author"]
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(inner_names, inner, max_size=3),
    max_leaves=12,
)


@given(st.sampled_from([*FORMS, Embed]), st.dictionaries(st.sampled_from(names), values))
def test_the_walk_agrees_with_msgspec(form: type[Any], value: dict[str, Any]) -> None:
    try:
        taken = msgspec.convert(value, form, strict=False)
    except msgspec.ValidationError:
        taken = None
    assert (taken is None) == bool(list(problems(form, value)))
    if isinstance(taken, Form):
        list(taken.problems())


def test_forms_start_unset() -> None:
    for form in (MessageEdit, ChannelPatch, RolePatch, MemberPatch):
        empty = form()
        assert all(getattr(empty, name) is UNSET for name in form.__struct_fields__)
