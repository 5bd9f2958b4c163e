"""Describes everything that clients may call, as OpenAPI 3.1, from the declarations alone."""

import re
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from types import NoneType
from typing import cast

from msgspec.structs import fields

from hearth import __version__
from hearth.actions.all import MODULES
from hearth.actions.scopes import AsBot, AsPerson, Open, Scope
from hearth.core.deferred import ROWS as DEFERRED
from hearth.core.deferred import Deferred
from hearth.core.errors import ROWS
from hearth.core.events import ALWAYS, EVENTS, Intent
from hearth.core.models.search import FoundObject
from hearth.core.operations import OPERATIONS, File, Operation
from hearth.core.permissions import names
from hearth.net.rest.schemas import ID, Json, Schemas

ABOUT = """\
A chat server that speaks version 10 of Discord's HTTP API and Gateway. Names, paths, forms and
error codes are Discord's.

Bodies are JSON; urlencoded and multipart forms are read too, the JSON of a multipart one in
`payload_json`. Ids and permissions are decimal strings in replies and may be numbers in requests.
Keys that nobody knows are ignored. What Hearth does not do yet is refused by name with code 40006.

Each reply tells the caller's rate limit in its `X-RateLimit-*` headers. One caller may make 50
requests a second over all operations."""

REASON: Json = {
    "name": "X-Audit-Log-Reason",
    "in": "header",
    "description": "Why, percent-encoded: it is shown in the guild's audit log.",
    "schema": {"type": "string", "maxLength": 4608, "pattern": "^[ -~]*$"},
}

LIMIT_HEADERS: dict[str, tuple[str, str]] = {
    "X-RateLimit-Limit": ("integer", "How many calls each window of time takes."),
    "X-RateLimit-Remaining": ("integer", "How many calls this window still takes."),
    "X-RateLimit-Reset": ("number", "When the window ends, in seconds since 1970."),
    "X-RateLimit-Reset-After": ("number", "In how many seconds the window ends."),
    "X-RateLimit-Bucket": ("string", "Operations with one bucket share a limit."),
}
WAIT_HEADERS: dict[str, tuple[str, str]] = {
    "Retry-After": ("integer", "For how many whole seconds to wait."),
    "X-RateLimit-Scope": ("string", "`user` for an operation's limit, `global` for that over all."),
    "X-RateLimit-Global": ("string", "There with the limit over all operations."),
}
REFUSALS: dict[int, tuple[str, str]] = {
    202: ("NotReady", "Messages are still being indexed: ask again after `retry_after` seconds."),
    400: ("Refused", "What was asked is wrong; with code 50035 `errors` names every wrong field."),
    401: ("Unknown", "There is no valid token."),
    403: ("Forbidden", "The caller may not do this here; `code` says why."),
    404: ("NotFound", "There is no such thing, or none that the caller may know of."),
    413: ("TooLarge", "The body is larger than the server takes."),
    429: ("RateLimited", "Too many calls: wait for `retry_after` seconds."),
    503: ("Overloaded", "The server starts, stops, or has no room left; try again."),
}


def caller(operation: Operation) -> str:
    """Whom the scope lets in, in its own words."""
    said = " ".join((operation.scope.__doc__ or "").split()).removeprefix("For ")
    said = re.split(r"[.;]|, and for the server itself", said)[0]
    return re.sub(r" `\w+`", "", said)


def resource(operation: Operation) -> str:
    """What the operation is about: the name of the file that declares it."""
    return operation.verb.__module__.rpartition(".")[2]


def document() -> Json:
    """The whole OpenAPI document."""
    operations = [each for each in OPERATIONS.values() if each.path]
    schemas = Schemas()
    paths: dict[str, Json] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    for row in DEFERRED:
        _say_waits(schemas, row)
    used = {resource(each) for each in operations}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Hearth",
            "version": __version__,
            "summary": "A chat server that speaks Discord's HTTP API and Gateway.",
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{"url": "/api/v10"}],
        "tags": [
            {"name": name, "description": cleandoc(module.__doc__ or "").partition("\n")[0]}
            for module in MODULES
            if (name := module.__name__.rpartition(".")[2]) in used
        ],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": dict(sorted((schemas.named | _errors()).items())),
            "responses": _refusals(),
            "parameters": {"Reason": REASON},
            "headers": {
                name: {"description": said, "schema": {"type": kind}}
                for name, (kind, said) in (LIMIT_HEADERS | WAIT_HEADERS).items()
            },
            "securitySchemes": {
                "Person": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "A person's token, as `login` gives it.",
                },
                "Bot": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Bot ` and the token of a bot.",
                },
            },
        },
        "x-gateway-events": _events(),
        "x-gateway-commands": _commands(),
    }


def _say_waits(schemas: Schemas, row: Deferred) -> None:
    """A parameter that waits for a later issue says so."""
    name = schemas.form(OPERATIONS[row.operation].body)["$ref"].rpartition("/")[2]
    field = schemas.named[name]["properties"].get(row.parameter.partition(".")[0])
    if field is not None:
        some = "Partly not" if row.values or row.bits or "." in row.parameter else "Not"
        said = f"{some} taken yet: {row.why}."
        if said not in field.get("description", ""):
            field["description"] = f"{field.get('description', '')} {said}".strip()


def _operation(operation: Operation, schemas: Schemas) -> Json:
    """One operation object."""
    said = cleandoc(operation.verb.__doc__ or "").partition("\n")[2].strip()
    scope: type[Scope] = operation.scope
    shown: Json = {
        "operationId": operation.name,
        "tags": [resource(operation)],
        "summary": operation.summary,
        "description": "\n\n".join(part for part in (said, _conditions(operation)) if part),
        "parameters": [*_in_path(operation), *_in_query(operation, schemas)],
        "responses": _responses(operation, schemas),
        "security": _security(scope),
        "x-permissions": list(names(operation.needs)),
        "x-rate-limit": {"calls": operation.rate.limit, "seconds": operation.rate.per},
    }
    if operation.commits and scope.holds_guild:
        shown["parameters"].append({"$ref": "#/components/parameters/Reason"})
    if operation.body is not None:
        schema = schemas.form(operation.body)
        named = schemas.named.get(schema.get("$ref", "").rpartition("/")[2], {})
        shown["requestBody"] = {
            "required": not named or bool(named["required"]),
            "content": {"application/json": {"schema": schema}},
        }
    return shown


def _conditions(operation: Operation) -> str:
    """Whom it is for, in a sentence."""
    said = f"For {caller(operation)}"
    needs = ", ".join(f"`{name}`" for name in names(operation.needs))
    if needs:
        said += f"; needs {needs}"
    return f"{said}. {operation.rate.limit} calls in {operation.rate.per:g} s."


def _security(scope: type[Scope]) -> list[dict[str, list[str]]]:
    bot: dict[str, list[str]] = {"Bot": []}
    person: dict[str, list[str]] = {"Person": []}
    if issubclass(scope, Open):
        return [{}]
    if issubclass(scope, AsBot):
        return [bot]
    return [person] if issubclass(scope, AsPerson) else [bot, person]


def _in_path(operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        text = operation.parameters.get(name) is str
        schema: Json = {"type": "string", "minLength": 1} if text else ID
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(operation: Operation, schemas: Schemas) -> Iterator[Json]:
    if operation.query is None:
        return
    required = {field.encode_name for field in fields(operation.query) if field.required}
    for name, schema in schemas.properties(operation.query, form=True).items():
        # A query cannot say null: what is not wanted is left out.
        kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        if kinds:
            rest |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        yield {"name": name, "in": "query", "required": name in required, "schema": rest}


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _responses(operation: Operation, schemas: Schemas) -> Json:
    good: Json = {"description": "It is done.", "headers": _headers(LIMIT_HEADERS)}
    if operation.returns is File:
        good["content"] = {"application/octet-stream": {}}
    elif operation.returns is not NoneType:
        schema = schemas.reply(operation.reply)
        good |= {"description": "The reply.", "content": {"application/json": {"schema": schema}}}
    possible = {400, 403, 404, 429, 503}
    if not issubclass(operation.scope, Open):
        possible.add(401)
    if operation.body is not None:
        possible.add(413)
    if operation.returns is FoundObject:
        possible.add(202)
    answers = {str(operation.status): good}
    if operation.reply is not operation.returns:
        answers["204"] = {"description": "There is none.", "headers": _headers(LIMIT_HEADERS)}
    return answers | {
        str(status): {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}
        for status in sorted(possible)
    }


_FORMS = {202: "NotReady", 429: "Wait"}
"""The forms of refusals that are not just an `Error`."""


def _refusals() -> Json:
    return {
        name: {
            "description": said,
            "headers": _headers([*WAIT_HEADERS, *LIMIT_HEADERS] if status == 429 else []),
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{_FORMS.get(status, 'Error')}"}
                }
            },
        }
        for status, (name, said) in REFUSALS.items()
    }


def _errors() -> Json:
    """The forms of refusals."""
    codes = sorted({row.code for row in ROWS.values()})
    common: Json = {
        "message": {"type": "string"},
        "code": {"enum": codes, "description": "0 where HTTP's status says it all."},
    }
    errors: Json = {"$ref": "#/components/schemas/FormErrors"}
    return {
        "Error": {
            "title": "Error",
            "description": "A refusal.",
            "type": "object",
            "properties": common | {"errors": errors},
            "required": ["message", "code"],
        },
        "FormErrors": {
            "title": "FormErrors",
            "description": "What is wrong in a form, by key and index down to `_errors`.",
            "type": "object",
            "properties": {
                "_errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "code": {"type": "string"},
                            "message": {"type": "string"},
                        },
                        "required": ["code", "message"],
                    },
                }
            },
            "additionalProperties": errors,
        },
        "NotReady": {
            "title": "NotReady",
            "description": "There is no answer yet.",
            "type": "object",
            "properties": common
            | {
                "documents_indexed": {"type": "integer", "minimum": 0},
                "retry_after": {"type": "integer", "minimum": 0, "description": "Seconds."},
            },
            "required": ["message", "code", "documents_indexed", "retry_after"],
        },
        "Wait": {
            "title": "Wait",
            "description": "A refusal that passes.",
            "type": "object",
            "properties": common
            | {
                "retry_after": {"type": "number", "minimum": 0, "description": "Seconds."},
                "global": {"type": "boolean", "description": "The limit over all operations."},
            },
            "required": ["message", "code", "retry_after", "global"],
        },
    }


def _events() -> list[Json]:
    """What the gateway tells. OpenAPI has no word for it."""
    return [
        {
            "name": name,
            "intent": None if kind.intent == ALWAYS else Intent(kind.intent).name,
            "audience": kind.to,
            "permissions": list(names(kind.needs)),
            "summary": (kind.__doc__ or "").strip(),
        }
        for name, kind in sorted(EVENTS.items())
    ]


def _commands() -> list[Json]:
    """What the gateway is told."""
    commands = [each for each in OPERATIONS.values() if each.op is not None]
    return [
        {"op": each.op, "name": each.name, "summary": each.summary}
        for each in sorted(commands, key=lambda each: cast("int", each.op))
    ]
