"""What a client says it is, by the two headers that clients send."""

import base64
import binascii
import re
from typing import Any

import msgspec

MOST_CHARACTERS = 64

_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Windows", "Windows"),
    ("Mac OS X", "Mac OS X"), ("CrOS", "Chrome OS"), ("Linux", "Linux"),
)  # fmt: skip
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip


def client_of(agent: str, properties: str) -> tuple[str | None, str | None]:
    """The system and the client's name, as far as known.

    `agent` is User-Agent; `properties` is X-Super-Properties, Base64 of a JSON object, which is
    believed first. Both are only ever shown to the user whose client it is.
    """
    said = _properties(properties)
    system = said.get("os") or next((name for mark, name in _SYSTEMS if mark in agent), None)
    client = said.get("browser") or next((name for mark, name in _BROWSERS if mark in agent), None)
    if client is None and agent:
        client = re.split(r"[/( ]", agent)[0]
    return _short(system), _short(client)


def _properties(text: str) -> dict[str, Any]:
    if not text or len(text) > 4096:
        return {}
    try:
        found = msgspec.json.decode(base64.b64decode(text), type=dict[str, Any])
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return {}
    return found


def _short(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(each for each in value if each.isprintable())[:MOST_CHARACTERS].strip() or None
