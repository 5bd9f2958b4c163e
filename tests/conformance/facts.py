"""Reads facts.json: is a JSON value what Discord's OpenAPI document says of it?"""

import json
from pathlib import Path
from typing import Any

from hearth.core.wire import parse_timestamp

FACTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "facts.json").read_text(encoding="utf-8")
)

# Keys that Discord's documentation or gateway has and its OpenAPI document lacks.
BEYOND = {
    "UserResponse": {"member"},
    "UserPIIResponse": {"bio", "pronouns", "token"},
    "MessageResponse": {"guild_id", "member"},
}

# Values that the documentation has and the OpenAPI document lacks: media channels.
MORE_VALUES: dict[tuple[str, str], list[Any]] = {("GuildChannelResponse", "type"): [16]}

JSON_TYPES = {bool: "boolean", int: "integer", str: "string", float: "number"}


def reply_faults(operation: str, body: Any) -> list[str]:
    """Where the reply of an operation is not what Discord's is; none for what Discord has not."""
    facts = FACTS["operations"].get(operation, {})
    if "reply" not in facts:
        return []
    return faults(facts["reply"], body, operation)


def faults(types: str, value: Any, path: str) -> list[str]:
    """Where the JSON `value` is not of `types`, written as in facts.json."""
    names = split(types)
    if value is None:
        return [] if {"null", "any"} & {*names} else [f"{path}: null, not {types}"]
    if "any" in names:
        return []
    if isinstance(value, list):
        inner = next((name[1:-1] for name in names if name.startswith("[")), None)
        if inner is None:
            return [f"{path}: a list, not {types}"]
        return [
            fault for i, each in enumerate(value) for fault in faults(inner, each, f"{path}.{i}")
        ]
    if isinstance(value, dict):
        # Of several schemas the one that fits best is meant.
        tried = [object_faults(name, value, path) for name in names if name in FACTS["schemas"]]
        if tried:
            return min(tried, key=len)
        inner = next((name[1:-1] for name in names if name.startswith("{")), None)
        if inner is not None:
            return [
                fault
                for key, each in value.items()
                for fault in faults(inner, each, f"{path}.{key}")
            ]
        return [] if "object" in names else [f"{path}: an object, not {types}"]
    kind = JSON_TYPES[type(value)]
    fits = kind in names or (kind == "integer" and "number" in names)
    return [] if fits else [f"{path}: {kind}, not {types}"]


def object_faults(schema: str, value: dict[str, Any], path: str) -> list[str]:
    """Where an object lacks a key, has one that Discord's has not, or one of another form."""
    facts = FACTS["schemas"][schema]
    types = facts["required"] | facts["optional"]
    found = [f"{path}.{name}: missing" for name in facts["required"] if name not in value]
    for name, each in value.items():
        if name in types:
            found += faults(types[name], each, f"{path}.{name}")
            limits = facts.get("limits", {}).get(name, {})
            if each not in MORE_VALUES.get((schema, name), []):
                found += value_faults(limits, each, f"{path}.{name}")
        elif name not in BEYOND.get(schema, ()):
            found.append(f"{path}.{name}: not in {schema}")
    return found


def value_faults(limits: dict[str, Any], value: Any, path: str) -> list[str]:
    """Where a value is none of those that there are, or an id or a time is none."""
    if isinstance(value, list):
        items = limits.get("items", {})
        return [
            fault
            for i, each in enumerate(value)
            for fault in value_faults(items, each, f"{path}.{i}")
        ]
    if isinstance(value, str):
        if limits.get("format") == "snowflake" and not value.isdecimal():
            return [f"{path}: {value!r} is no id"]
        if limits.get("format") == "date-time" and parse_timestamp(value) is None:
            return [f"{path}: {value!r} is no time"]
    known = value is None or "enum" not in limits or value in limits["enum"]
    return [] if known else [f"{path}: {value!r} is none of {limits['enum']}"]


def split(types: str) -> list[str]:
    """`a|[b|c]|null` at its outer bars."""
    parts, depth = [""], 0
    for character in types:
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0)
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts
