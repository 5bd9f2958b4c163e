"""Writes the OpenAPI document as one page for people: no script but a search, nothing fetched."""

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from hearth.core.errors import ROWS
from hearth.core.wire import encode
from hearth.net.rest.openapi import document
from hearth.net.rest.schemas import Json
from hearth.net.rest.unchanging import Unchanging, page_headers

DOCUMENTS = frozenset({"/openapi.json", "/docs"})
"""The paths below /api that have what this file makes."""

SKELETON = Path(__file__).parent / "reference.html"


@cache
def unchanging(path: str) -> Unchanging:
    """One of DOCUMENTS, made when it is first asked for."""
    if path == "/openapi.json":
        return Unchanging(encode(document()), "application/json")
    body = page(document()).encode()
    return Unchanging(body, "text/html; charset=utf-8", page_headers(body))


def page(document: Json) -> str:
    """The whole page."""
    operations = [
        {"method": method, "path": path, **operation}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document["components"]["schemas"]
    menu: list[str] = []
    parts: list[str] = [f'<section id="about"><h1>Hearth</h1>{_text(document["info"])}</section>']
    for tag in document["tags"]:
        name = tag["name"]
        own = [each for each in operations if name in each["tags"]]
        menu.append(_menu(f"tag-{name}", name, [(each["operationId"], each) for each in own]))
        shown = "".join(_operation(each, schemas) for each in own)
        parts.append(
            f'<section id="tag-{name}"><h2>{escape(name)}</h2>'
            f"<p>{_inline(tag['description'])}</p>{shown}</section>"
        )
    parts += [
        _gateway(document),
        _errors(),
        '<section id="schemas"><h2>schemas</h2>'
        + "".join(_schema(name, schema, schemas) for name, schema in schemas.items())
        + "</section>",
    ]
    links = "".join(f'<a href="#{name}">{name}</a>' for name in ("gateway", "errors", "schemas"))
    skeleton = SKELETON.read_text()
    return (
        skeleton.replace("<!-- version -->", escape(document["info"]["version"]))
        .replace("<!-- menu -->", "".join(menu) + f'<div class="more">{links}</div>')
        .replace("<!-- content -->", "".join(parts))
    )


def _text(info: Json) -> str:
    paragraphs = info["description"].split("\n\n")
    return "".join(f"<p>{_inline(each)}</p>" for each in paragraphs)


def _inline(text: str) -> str:
    """A line of text with its `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _menu(anchor: str, name: str, own: list[tuple[str, Json]]) -> str:
    items = "".join(
        f'<li><a href="#{ident}" title="{escape(each["path"])}">'
        f'<b class="{each["method"]}">{each["method"]}</b>{_broken(ident)}</a></li>'
        for ident, each in own
    )
    return f'<nav><a class="tag" href="#{anchor}">{escape(name)}</a><ul>{items}</ul></nav>'


def _broken(name: str) -> str:
    """A name that may be broken behind each underscore."""
    return escape(name).replace("_", "_<wbr>")


def _operation(operation: Json, schemas: Json) -> str:
    name, method = operation["operationId"], operation["method"]
    path = re.sub(r"({\w+})", r"<var>\1</var>", operation["path"].replace("/", "<wbr>/"))
    chips = [f"<code>{name}</code>" for name in operation["x-permissions"]]
    rate = operation["x-rate-limit"]
    chips.append(f"{rate['calls']} in {rate['seconds']:g} s")
    callers = [next(iter(each), "everybody").lower() for each in operation["security"]]
    chips.append(" or ".join({"person": "people", "bot": "bots"}.get(c, c) for c in callers))
    *details, _ = [part for part in operation["description"].split("\n\n") if part]
    parts = [
        f'<h3><a href="#{name}"><b class="{method}">{method}</b> <span>{path}</span></a></h3>',
        f'<p class="name">{_broken(name)}</p>',
        f"<p>{_inline(operation['summary'])}</p>",
        *(f"<p>{_inline(each)}</p>" for each in details),
        '<p class="chips">' + "".join(f"<span>{chip}</span>" for chip in chips) + "</p>",
    ]
    rows = [
        _row(each["name"], each["schema"], each.get("required", False), each["in"])
        for each in operation["parameters"]
        if "name" in each
    ]
    if rows:
        parts.append(_table("Parameters", rows))
    body = operation.get("requestBody")
    if body:
        schema = body["content"]["application/json"]["schema"]
        parts.append(_keys(f"Body: {_kind(schema)}", schemas, schema) or f"<p>{_kind(schema)}</p>")
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            content = response.get("content", {})
            shown = [_kind(each.get("schema", {})) for each in content.values()] or ["no body"]
            parts.append(f"<p>Reply {status}: {', '.join(shown)}</p>")
    return f'<article id="{name}">{"".join(parts)}</article>'


def _table(caption: str, rows: list[str]) -> str:
    return (
        f'<div class="wide"><table><caption>{caption}</caption>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(name: str, schema: Json, required: bool, where: str = "") -> str:
    note = "" if where in ("", "query") else f" <small>{where}</small>"
    star = ' <small class="must">required</small>' if required and where != "path" else ""
    said = _inline(schema.get("description", ""))
    return (
        f"<tr><th><code>{_broken(name)}</code>{note}{star}</th>"
        f"<td>{_kind(schema)}</td><td>{said}</td></tr>"
    )


def _keys(caption: str, schemas: Json, schema: Json) -> str:
    """The table of an object's keys; empty where there are none."""
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    required = schema.get("required", ())
    rows = [_row(key, each, key in required) for key, each in schema.get("properties", {}).items()]
    return _table(caption, rows) if rows else ""


def _schema(name: str, schema: Json, schemas: Json) -> str:
    said = "".join(f"<p>{_inline(p)}</p>" for p in schema.get("description", "").split("\n\n"))
    shown = _keys("Keys", schemas, schema) or f"<p>{_kind(schema)}</p>"
    link = f'<a href="#schema-{name}">{escape(name)}</a>'
    return f'<article id="schema-{name}"><h3>{link}</h3>{said}{shown}</article>'


def _kind(schema: Json) -> str:
    """A schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        values = ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
        return f"one of {values}"
    kinds: Any = schema.get("type", "any")
    named = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if kinds == "array":
        named = f"list of {_kind(schema['items'])}" if schema.get("items") else "list"
    elif isinstance(schema.get("additionalProperties"), dict):
        named = f"object of {_kind(schema['additionalProperties'])}"
    if schema.get("format") == "snowflake":
        named = "id"
    limits = "" if schema.get("format") == "snowflake" else _limits(schema)
    default = ""
    if schema.get("default") not in (None, "", []):
        default = f"; default <code>{escape(encode(schema['default']).decode())}</code>"
    return f"{named}{limits}{default}"


def _limits(schema: Json) -> str:
    """`, 1 to 100 characters`."""
    for least, most, unit in (
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ):
        low, high = schema.get(least), schema.get(most)
        # 2^63 is no limit that anybody means.
        if high is not None and high < 1 << 53:
            return f", {low or 0} to {high}{unit}" if low is not None else f", up to {high}{unit}"
        if low:
            return f", at least {low}{unit}"
    return ""


def _gateway(document: Json) -> str:
    """The gateway's commands and events."""
    commands = [
        f"<tr><th>{each['op']}</th><td><code>{_broken(each['name'])}</code></td>"
        f"<td>{_inline(each['summary'])}</td></tr>"
        for each in document["x-gateway-commands"]
    ]
    events = [
        f"<tr><th><code>{_broken(each['name'])}</code></th>"
        f"<td>{_broken(each['intent'] or 'no intent')}</td>"
        f"<td>{_inline(each['summary'])}</td></tr>"
        for each in document["x-gateway-events"]
    ]
    return (
        '<section id="gateway"><h2>gateway</h2><p>What is sent over the WebSocket that '
        '<a href="#get_gateway">get_gateway</a> names.</p>'
        f"<article>{_table('Commands', commands)}</article>"
        f"<article>{_table('Events', events)}</article></section>"
    )


def _errors() -> str:
    """Every refusal, with what to do about it."""
    rows = [
        f"<tr><th>{row.code}</th><td>{row.status}</td>"
        f"<td>{escape(row.text)}<br><small>{_inline(row.remedy)}</small></td></tr>"
        for row in sorted(ROWS.values(), key=lambda row: (row.code, row.status))
    ]
    return (
        '<section id="errors"><h2>errors</h2><p>Each refusal has a <code>code</code>, a '
        "<code>message</code> and an HTTP status.</p>"
        f"<article>{_table('Codes', rows)}</article></section>"
    )
