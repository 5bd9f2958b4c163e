"""Derives facts.json, what Discord's OpenAPI document says of its operations.

    python tests/conformance/derive_facts.py path/to/openapi.json

The document is published under the MIT licence at github.com/discord/discord-api-spec. Kept are
names, types and limits only, an operation or a schema a line: of each operation its class and group
(those of scope.json), method, path, parameters, body and reply; of each schema that they reach its
keys with their JSON types, which of them are required, and the limits of their values.

Types are written `string|null`; `[x]` is a list of x, `{x}` an object with any keys that are x, a
name that is none of JSON's is a schema. An object without a name is called after where it is:
`list_messages.query`, `GuildResponse.features`.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
JSON_TYPES = {"string", "integer", "number", "boolean", "object", "null", "any"}
CONTENT = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded")

LIMITS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "minimum",
    "maximum": "maximum",
    "minItems": "min_items",
    "maxItems": "max_items",
    "pattern": "pattern",
}
FORMATS = {"snowflake", "date-time"}


class Document:
    """The document, read for names and types; `found` are the schemas that were reached."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths = document["paths"]
        self.schemas = document["components"]["schemas"]
        self.found: dict[str, dict[str, Any]] = {}

    def types(self, schema: dict[str, Any], where: str) -> str:
        """A schema as JSON types and names of object schemas."""
        return "|".join(sorted(self._types(schema, where), key=lambda name: (name == "null", name)))

    def _types(self, schema: dict[str, Any], where: str) -> set[str]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            target = self.schemas[name]
            if target.get("properties"):
                self.keys(target, name)
                return {name}
            return self._types(target, name)
        kinds = schema.get("type")
        if kinds is None:
            parts = schema.get("oneOf", schema.get("anyOf", schema.get("allOf", [])))
            inner = [part for part in parts if isinstance(part, dict)]
            if not inner:
                return {"any"}
            return {kind for part in inner for kind in self._types(part, where)}
        names = {kinds} if isinstance(kinds, str) else set(kinds)
        if "array" in names:
            names = names - {"array"} | {f"[{self.types(schema.get('items', {}), where)}]"}
        if "object" in names and schema.get("properties"):
            self.keys(schema, where)
            names = names - {"object"} | {where}
        elif "object" in names and isinstance(schema.get("additionalProperties"), dict):
            inside = self.types(schema["additionalProperties"], where)
            names = names - {"object"} | {f"{{{inside}}}"}
        return names

    def keys(self, schema: dict[str, Any], name: str) -> None:
        """Note an object schema: its required and its other keys, and their limits."""
        if name in self.found:
            return
        facts = self.found[name] = {}
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        types = {key: self.types(value, f"{name}.{key}") for key, value in properties.items()}
        facts["required"] = {key: types[key] for key in sorted(types) if key in required}
        facts["optional"] = {key: types[key] for key in sorted(types) if key not in required}
        limits = {key: self.limits(properties[key]) for key in sorted(properties)}
        limits = {key: each for key, each in limits.items() if each}
        if limits:
            facts["limits"] = limits

    def limits(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a value must be beside its type; of a list also what its items must be."""
        if "$ref" in schema:
            return self.limits(self.schemas[schema["$ref"].rpartition("/")[2]])
        parts = [part for part in schema.get("oneOf", []) if part.get("type") != "null"]
        if schema.get("type") is None and len(parts) == 1:
            return self.limits(parts[0])
        facts = {ours: schema[theirs] for theirs, ours in LIMITS.items() if theirs in schema}
        if schema.get("format") in FORMATS:
            facts = {"format": schema["format"]}
        if "enum" in schema:
            facts["enum"] = [value for value in schema["enum"] if value is not None]
        elif parts and all("const" in part for part in parts):
            facts["enum"] = [part["const"] for part in parts]
        elif len(schema.get("allOf", [])) == 1:
            facts = self.limits(schema["allOf"][0]) | facts
        if isinstance(schema.get("items"), dict):
            items = self.limits(schema["items"])
            if items:
                facts["items"] = items
        return facts

    def operation(self, name: str, method: str, path: str, found: dict[str, Any]) -> dict[str, Any]:
        """The facts of one operation."""
        parameters = self.paths[path].get("parameters", []) + found.get("parameters", [])
        parameters = [each for each in parameters if each.get("in") == "query"]
        if parameters:
            properties = {each["name"]: each["schema"] for each in parameters}
            required = [each["name"] for each in parameters if each.get("required")]
            self.keys({"properties": properties, "required": required}, f"{name}.query")
        good = {int(at): reply for at, reply in found["responses"].items() if at.startswith("2")}
        facts: dict[str, Any] = {
            "method": method.upper(),
            "path": path,
            "query": sorted(each["name"] for each in parameters),
            "body": [],
            "statuses": sorted(good),
        }
        content = found.get("requestBody", {}).get("content", {})
        kind = next((kind for kind in CONTENT if kind in content), None)
        if kind:
            facts["form"] = self.types(content[kind]["schema"], f"{name}.body")
            facts["body"] = sorted({key for each in self.named(facts["form"]) for key in each})
        for _, reply in sorted(good.items()):
            kinds = reply.get("content", {})
            if "application/json" in kinds:
                facts["reply"] = self.types(kinds["application/json"]["schema"], f"{name}.reply")
                break
            if kinds:
                facts["media"] = next(iter(kinds))
        return facts

    def named(self, types: str) -> list[set[str]]:
        """The keys of the schemas among `types`, or in a list that is the only one."""
        names = types.removesuffix("|null").removeprefix("[").removesuffix("]").split("|")
        schemas = [self.found[name] for name in names if name in self.found]
        return [{*each["required"], *each["optional"]} for each in schemas]


def derive(document: dict[str, Any], scope: dict[str, Any]) -> dict[str, Any]:
    """All facts."""
    source = Document(document)
    places = {
        name: {"class": kind, "group": group}
        for kind, groups in scope.items()
        for group, names in groups.items()
        for name in names
    }
    found = {
        operation["operationId"]: places[operation["operationId"]]
        | source.operation(operation["operationId"], method, path, operation)
        for path, item in source.paths.items()
        for method, operation in item.items()
        if isinstance(operation, dict) and operation.get("operationId")
    }
    assert found.keys() == places.keys(), "scope.json says of each operation what class it is"
    return {"operations": found, "schemas": source.found}


def written(facts: dict[str, Any]) -> str:
    """The facts as JSON, one to a line."""
    parts = []
    for part, rows in facts.items():
        lines = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(rows[name], separators=(',', ':'))}"
            for name in sorted(rows)
        )
        parts.append(f" {json.dumps(part)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    scope = json.loads((HERE / "scope.json").read_text())
    facts = derive(json.loads(Path(sys.argv[1]).read_text()), scope)
    (HERE / "facts.json").write_text(written(facts))
