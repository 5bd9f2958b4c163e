"""Says the types of requests and replies as JSON Schema.

msgspec's own schemas know no unions of Structs, and call a key of a reply optional for its default.
"""

from collections.abc import Iterator
from enum import Enum
from inspect import cleandoc, getdoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import NODEFAULT, UNSET, Meta, Raw, Struct, UnsetType, to_builtins
from msgspec.structs import fields

from hearth.core.ids import MAX_ID

Json = dict[str, Any]

ID: Json = {"type": "string", "pattern": "^[0-9]{1,20}$", "format": "snowflake"}

_PLAIN = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    NoneType: "null",
    bytes: "string",
}


class Schemas:
    """Schemas by name, as they are asked for; `named` holds those of the Structs."""

    def __init__(self) -> None:
        self.named: dict[str, Json] = {}
        self._names: dict[type[Struct], str] = {}
        self._forms: set[type[Struct]] = set()

    def reply(self, kind: Any) -> Json:
        """What a reply of this type is."""
        return self._schema(kind, form=False)

    def form(self, kind: Any) -> Json:
        """What a request of this type may be. A Struct of both is described as a request's."""
        return self._schema(kind, form=True)

    def properties(self, struct: type[Struct], *, form: bool) -> Json:
        """The keys of a Struct."""
        return {each.encode_name: self._field(each, form) for each in fields(struct)}

    def _schema(self, kind: Any, form: bool) -> Json:
        origin: Any = get_origin(kind)
        if origin is Annotated:
            inner, *notes = get_args(kind)
            schema = self._schema(inner, form)
            for note in notes:
                if isinstance(note, Meta):
                    schema = schema | _limits(note, schema)
            return schema
        if origin is Union or origin is UnionType:
            return self._union([each for each in get_args(kind) if each is not UnsetType], form)
        if origin is Literal:
            return {"enum": list(get_args(kind))}
        if origin in (list, tuple, set, frozenset) or kind in (list, tuple):
            items = [each for each in get_args(kind) if each is not ...]
            if not items or items == [()]:
                return {"type": "array"} | ({"maxItems": 0} if kind == tuple[()] else {})
            return {"type": "array", "items": self._union(items, form)}
        if origin is dict or kind is dict:
            _, value = get_args(kind) or (str, Any)
            inside = self._schema(value, form)
            return {"type": "object"} | ({"additionalProperties": inside} if inside else {})
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self._struct(kind, form)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"enum": [each.value for each in kind]}
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        if kind in (Any, Raw, object):
            return {}
        raise TypeError(f"no schema for {kind!r}")

    def _union(self, kinds: list[Any], form: bool) -> Json:
        schemas: list[Json] = []
        for kind in kinds:
            schema = self._schema(kind, form)
            if schema not in schemas:
                schemas.append(schema)
        if {} in schemas:
            return {}
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _struct(self, struct: type[Struct], form: bool) -> Json:
        name = self._name(struct)
        if name not in self.named or (form and struct not in self._forms):
            if form:
                self._forms.add(struct)
            schema: Json = self.named.setdefault(name, {})
            schema |= {"title": name, "type": "object"}
            if (said := getdoc(struct)) is not None:
                schema["description"] = cleandoc(said)
            schema["properties"] = self.properties(struct, form=form)
            schema["required"] = list(_required(struct, form))
        return {"$ref": f"#/components/schemas/{name}"}

    def _name(self, struct: type[Struct]) -> str:
        """The Struct's name, behind its file's where another has it too."""
        if struct not in self._names:
            name = struct.__name__
            if name in self._names.values():
                name = f"{struct.__module__.rpartition('.')[2]}.{name}"
            self._names[struct] = name
        return self._names[struct]

    def _field(self, field: Any, form: bool) -> Json:
        schema = self._schema(field.type, form)
        default: Any = field.default
        if form and schema and default is not None and default not in (NODEFAULT, UNSET):
            schema = schema | {"default": to_builtins(default)}
        return schema


def _required(struct: type[Struct], form: bool) -> Iterator[str]:
    """The keys that are always there: of a reply all but those that can be unset."""
    omitted = form or struct.__struct_config__.omit_defaults
    for field in fields(struct):
        can_be_unset = UnsetType in get_args(field.type)
        if field.required or not (omitted or can_be_unset):
            yield field.encode_name


def _limits(meta: Meta, schema: Json) -> Json:
    """What an annotation adds. Numbers that can be large may come as strings."""
    listed = schema.get("type") == "array"
    limits: Json = {
        "minimum": meta.ge,
        "maximum": meta.le,
        "exclusiveMinimum": meta.gt,
        "exclusiveMaximum": meta.lt,
        "pattern": meta.pattern,
        "minItems" if listed else "minLength": meta.min_length,
        "maxItems" if listed else "maxLength": meta.max_length,
        "description": meta.description,
    }
    found = {name: value for name, value in limits.items() if value is not None}
    if meta.le == MAX_ID:
        found |= {"type": ["string", "integer"], "pattern": ID["pattern"]}
        if (meta.extra or {}).get("form") == "snowflake":
            found["format"] = "snowflake"
    return found | (meta.extra_json_schema or {})
