"""Forms of values on the wire: ids, times, and the decoder of request bodies and queries.

A request is a Struct. `decode` makes it from JSON and `decode_query` from the strings of a query,
a urlencoded form or the fields of a multipart body. Values are read as Discord reads them: numbers
and booleans may come as strings (so ids and permissions may be either), unknown keys are ignored,
of a repeated key the last one counts, and the length of a string is its number of code points.
What does not fit is refused by 50035, with every wrong field named by path, code and message, or
by 50109 when it is no JSON at all (Discord reference, "Error messages").
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Raw, Struct, UnsetType

from hearth.core.errors import INVALID_JSON, Refused, invalid_form
from hearth.core.ids import MAX_ID

Snowflake = Annotated[int, Meta(ge=0, le=MAX_ID, extra={"form": "snowflake"})]
"""An id in a request."""

Bits = Annotated[int, Meta(ge=0, le=MAX_ID)]
"""Permissions or flags in a request; replies show permissions as a decimal string."""

Nonce = (
    Annotated[str, Meta(max_length=25, extra={"form": "nonce"})]
    | Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
)
"""What a client knows its message by before it has an id."""

Problem = tuple[tuple[str | int, ...], str, str]
"""One error of a form: the path to the field, a code and a message."""

MOST_PROBLEMS = 100
"""So many errors are listed at most, so that a reply cannot outgrow its request by much."""

MOST_ECHOED = 100
"""So many characters of a wrong value are shown in its message."""

F = TypeVar("F")


class Form(Struct, kw_only=True):
    """A request whose fields depend on each other or have forms that a type cannot say."""

    def problems(self) -> Iterable[Problem]:
        """What is wrong in a form whose fields are each of the right type."""
        return ()


# Replies

encode = msgspec.json.Encoder().encode
"""JSON of an object."""


def raw(value: F) -> F:
    """`value` as JSON already, to be put where an object like it is expected."""
    return cast("F", Raw(encode(value)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999: an offset from UTC can lead out of what `timestamp` can say."""


@lru_cache(16384)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def timestamp(wall_ms: int) -> str:
    """Epoch milliseconds as ISO 8601 with microseconds in UTC, as libraries parse it."""
    return f"{_second(wall_ms // 1000)}.{wall_ms % 1000:03}000+00:00"


def parse_timestamp(text: str) -> int | None:
    """Epoch milliseconds of an ISO 8601 time (UTC where it names no zone), None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
    except ValueError:
        return None
    wall_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    return wall_ms if _FIRST_MS <= wall_ms <= _LAST_MS else None


# Requests

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decode(form: type[F], raw: bytes) -> F:
    """A request of type `form` from its JSON; raises Refused with 50035 or 50109."""
    decoder = _decoders.get(form)
    if decoder is None:
        decoder = _decoders[form] = msgspec.json.Decoder(form, strict=False)
    try:
        # Keys that nobody reads are skipped undecoded, so they are checked here.
        if not raw.isascii():
            raw.decode()
        value = decoder.decode(raw)
    except msgspec.ValidationError:
        value = _convert(form, _untyped(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(INVALID_JSON) from error
    return _checked(value)


@lru_cache
def _lists(form: type[Struct]) -> frozenset[str]:
    """The names of the fields that take several values."""
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(form)
        if any(_kind(member) is list for member, _ in _members(field.type))
    )


def decode_query(form: type[F], fields: Mapping[str, str]) -> F:
    """A request of type `form` from strings by name; a multidict's repeats make up a list."""
    lists = _lists(cast("type[Struct]", form))
    values: dict[str, Any] = {}
    for name, text in fields.items():
        if name in lists:
            values.setdefault(name, []).append(text)
        else:
            values[name] = text
    return _checked(_convert(form, values))


def path_id(name: str, text: str) -> int:
    """The id that the path has for its parameter `name`; raises 50035."""
    if text.isascii() and text.isdecimal() and len(text) <= 20 and (value := int(text)) <= MAX_ID:
        return value
    found = list(problems(Snowflake, text, (name,)))
    # In a body 1e3 is a number; in a path it is none.
    coerce = ((name,), "NUMBER_TYPE_COERCE", f'Value "{_shown(text)}" is not snowflake.')
    raise invalid_form(*(found or [coerce]))


def _untyped(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(INVALID_JSON) from error


def _convert(form: type[F], value: Any) -> F:
    try:
        return msgspec.convert(value, form, strict=False)
    except msgspec.ValidationError as error:
        found = list(islice(problems(form, value), MOST_PROBLEMS))
        # The walk finds what msgspec finds; were it ever not so, the refusal still stands.
        raise invalid_form(*(found or [((), "MODEL_TYPE_CONVERT", str(error))])) from None
    except RecursionError as error:
        raise Refused(INVALID_JSON) from error


def _checked(value: F) -> F:
    if isinstance(value, Form):
        found = list(islice(value.problems(), MOST_PROBLEMS))
        if found:
            raise invalid_form(*found)
    return value


# The walk that finds every error; it runs only when msgspec has refused a value.

Members = list[tuple[Any, Meta]]
"""The types that a union has, or one type alone, each with its limits."""

_NO_LIMITS = Meta()

_NOT_OF_KIND: dict[Any, tuple[str, str]] = {
    bool: ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    Struct: ("MODEL_TYPE_CONVERT", "Expected an object/dictionary."),
    dict: ("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"),
    list: ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
}


def problems(kind: Any, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """Every reason why the decoded JSON `value` is not of type `kind`."""
    members = _members(kind)
    kinds = [_kind(member) for member, _ in members]
    if object in kinds:
        return
    if value is None:
        if NoneType not in kinds:
            yield path, "BASE_TYPE_REQUIRED", "This field is required"
    elif isinstance(value, dict) and (Struct in kinds or dict in kinds):
        at = kinds.index(Struct if Struct in kinds else dict)
        yield from _in_dict(*members[at], cast("dict[str, Any]", value), path)
    elif isinstance(value, list) and list in kinds:
        yield from _in_list(*members[kinds.index(list)], cast("list[Any]", value), path)
    elif not _fits(kind, value):
        yield path, *_why_not(members, kinds, value)


def _in_dict(
    member: Any, meta: Meta, value: dict[str, Any], path: tuple[str | int, ...]
) -> Iterator[Problem]:
    if _kind(member) is dict:
        yield from _length(meta, value, path)
        for key, item in value.items():
            yield from problems(get_args(member)[1], item, (*path, key))
        return
    for field in msgspec.structs.fields(member):
        name = field.encode_name
        if name in value:
            yield from problems(field.type, value[name], (*path, name))
        elif field.required:
            yield (*path, name), "BASE_TYPE_REQUIRED", "This field is required"


def _in_list(
    member: Any, meta: Meta, value: list[Any], path: tuple[str | int, ...]
) -> Iterator[Problem]:
    yield from _length(meta, value, path)
    inner = get_args(member)[0]
    for index, item in enumerate(value):
        if item is None and not _fits(inner, None):
            text = f"List item values of {_type_name(inner)} are required"
            yield (*path, index), "LIST_ITEM_VALUE_REQUIRED", text
        else:
            yield from problems(inner, item, (*path, index))


def _length(meta: Meta, value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    least, most = meta.min_length, meta.max_length
    if len(value) < (least or 0) or (most is not None and len(value) > most):
        if least and most is not None:
            yield path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
        elif most is not None:
            yield path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
        else:
            yield path, "BASE_TYPE_MIN_LENGTH", f"Must be {least} or more in length."


def _why_not(members: Members, kinds: list[Any], value: Any) -> tuple[str, str]:
    """Code and message for a `value` that none of the types takes."""
    own: Any = int if type(value) is float else cast("Any", type(value))
    if own in kinds:
        at = kinds.index(own)
    else:
        at = next(at for at, kind in enumerate(kinds) if kind is not NoneType)
    member, meta = members[at]
    kind = kinds[at]
    if any((other.extra or {}).get("form") == "nonce" for _, other in members):
        return _bad_nonce(value)
    if kind is str:
        return _bad_string(meta, value)
    if kind is int or kind is float or (kind is Literal and isinstance(_choices(member)[0], int)):
        return _bad_number(member, meta, kind, value)
    if kind is Literal:
        return "BASE_TYPE_CHOICES", _one_of(member)
    return _NOT_OF_KIND[kind]


def _bad_nonce(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer characters long."
    if _fits(int, value):
        text = f"Must be between {-(1 << 63)} and {(1 << 63) - 1}."
        return "NONCE_TYPE_OUT_OF_BOUNDS", text
    return "NONCE_TYPE_INVALID_TYPE", "This field must be a string or integer."


def _bad_string(meta: Meta, value: Any) -> tuple[str, str]:
    if not isinstance(value, str):
        return "STRING_TYPE_CONVERT", f'Could not interpret "{_shown(value)}" as string.'
    for _, code, text in _length(meta, value, ()):
        return code, text
    return "STRING_TYPE_REGEX", "String value did not match validation regex."


def _bad_number(member: Any, meta: Meta, kind: Any, value: Any) -> tuple[str, str]:
    plain = float if kind is float else int
    name = (meta.extra or {}).get("form", plain.__name__)
    try:
        number = msgspec.convert(value, plain, strict=False)
    except msgspec.ValidationError:
        return "NUMBER_TYPE_COERCE", f'Value "{_shown(value)}" is not {name}.'
    if kind is Literal:
        return "BASE_TYPE_CHOICES", _one_of(member)
    if meta.ge is not None and number < meta.ge:
        text = f"{name} value should be greater than or equal to {meta.ge}."
        return "NUMBER_TYPE_MIN", text
    return "NUMBER_TYPE_MAX", f"{name} value should be less than or equal to {meta.le}."


def _fits(kind: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return False
    return True


def _members(kind: Any) -> Members:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *notes = get_args(kind)
        meta = next((note for note in notes if isinstance(note, Meta)), _NO_LIMITS)
        return [(member, meta) for member, _ in _members(inner)]
    if origin is Union or origin is UnionType:
        return [each for part in get_args(kind) for each in _members(part)]
    return [] if kind is UnsetType else [(kind, _NO_LIMITS)]


def _kind(member: Any) -> Any:
    """What sort of type this is; `object` takes anything, `Literal` stands for enums too."""
    origin: Any = get_origin(member) or member
    if origin is Any:
        return object
    if origin is tuple:
        return list
    if isinstance(origin, type) and issubclass(origin, Struct):
        return Struct
    if isinstance(origin, type) and issubclass(origin, Enum):
        return Literal
    return cast("Any", origin)


def _choices(member: Any) -> tuple[Any, ...]:
    if get_origin(member) is Literal:
        return get_args(member)
    return tuple(choice.value for choice in member)


def _one_of(member: Any) -> str:
    return f"Value must be one of ({', '.join(repr(choice) for choice in _choices(member))})."


def _type_name(kind: Any) -> str:
    member, meta = _members(kind)[0]
    if (meta.extra or {}).get("form") == "snowflake":
        return "SnowflakeType"
    names = {Struct: "ModelType", str: "StringType", int: "NumberType", list: "ListType"}
    return names.get(_kind(member), "BaseType")


def _shown(value: Any) -> str:
    try:
        return str(value)[:MOST_ECHOED]
    except RecursionError:
        return "..."
