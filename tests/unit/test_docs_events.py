"""The table of docs/events.md is the one of hearth/core/events.py.

`python tests/unit/test_docs_events.py` writes the table anew.
"""

import re
from pathlib import Path

import hearth.net.gateway
from hearth.core import guild_events, message_events, social_events, user_events, voice_events
from hearth.core.events import ALWAYS, EVENTS, PEOPLE, Event, Intent
from hearth.core.permissions import names

assert guild_events
assert message_events
assert social_events
assert user_events
assert voice_events

DOCS = Path(__file__).parents[2] / "docs" / "events.md"
HEAD = "| event | intent | told to | what it says |\n|---|---|---|---|\n"

AUDIENCES = {
    "guild": "the guild's members",
    "channel": "members who see the channel",
    "user": "the user that it is about",
}


def intent_of(kind: type[Event]) -> str:
    """The intent that a bot needs."""
    if kind.intent == PEOPLE:
        return "people only"
    if kind.intent == ALWAYS:
        return "none"
    need = f"`{Intent(kind.intent).name}`"
    if kind.own:
        need += ", but of itself without"
    if kind.content:
        need += ", and `MESSAGE_CONTENT` to read it"
    return need


def told_to(kind: type[Event]) -> str:
    """Who is told."""
    who = AUDIENCES[kind.to]
    if kind.needs:
        who += f" with `{'`, `'.join(names(kind.needs))}`"
    if kind.small:
        who += "; in guilds above 250 members people hear only of themselves"
        if kind.followed:
            who = who.replace("themselves", "what they follow")
    if kind.to_others:
        who += "; not to the bot that it is about"
    return who


def table() -> str:
    """The rows as Markdown, by name."""
    return HEAD + "".join(
        f"| `{name}` | {intent_of(kind)} | {told_to(kind)} | {(kind.__doc__ or '').strip()} |\n"
        for name, kind in sorted(EVENTS.items())
    )


def test_the_docs_have_every_event() -> None:
    assert table() in DOCS.read_text(), "run: python tests/unit/test_docs_events.py"


def test_every_event_says_one_sentence() -> None:
    for name, kind in EVENTS.items():
        assert re.fullmatch(r"[A-Z][^|\n]*\.", (kind.__doc__ or "").strip()), name
        assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", name)


def test_the_docs_have_what_a_session_is_told_of_itself() -> None:
    text = DOCS.read_text()
    folder = Path(hearth.net.gateway.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    made = set(re.findall(r'Payload\(\s*"([A-Z_]+)"', source))
    assert made >= {"READY", "RESUMED", "GUILD_CREATE", "GUILD_MEMBERS_CHUNK", "RATE_LIMITED"}
    for name in made:
        assert f"`{name}`" in text, name


if __name__ == "__main__":
    text = DOCS.read_text()
    start = text.index(HEAD)
    end = text.find("\n\n", start)
    DOCS.write_text(text[:start] + table() + (text[end + 1 :] if end >= 0 else ""))
