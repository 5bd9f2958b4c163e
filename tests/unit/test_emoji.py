"""Which texts are emoji, and the one spelling of each."""

import pytest

from hearth.core.emoji import CUSTOM, spelled

WHOLE = [
    "👍",
    "👍🏽",
    "❤️",
    "☺️",
    "©️",
    "™️",
    "1️⃣",
    "#️⃣",
    "*️⃣",
    "🇩🇪",
    "🇺🇳",
    "🇩",
    "🏽",
    "🏴",
    "👩\u200d👩\u200d👧\u200d👦",
    "👩🏽\u200d❤️\u200d💋\u200d👨🏿",
    "🧑🏻\u200d🤝\u200d🧑🏿",
    "🏳️\u200d🌈",
    "🏴\u200d☠️",
    "👁️\u200d🗨️",
    "⛓️\u200d💥",
    "⛹🏻\u200d♂️",
    "🏃\u200d♀️\u200d➡️",
    "🫱🏻\u200d🫲🏿",
]
PIECES = {"👩‍👩", "👍👍", "🇽🇽", "🇩🇪🇩🇪", "👍\u200d", "\u200d", "\ufe0f", "1\ufe0f", "\u20e3", "❤🏽"}
TEXTS = {"", " ", "a", "hi", "1", "#", "thumbsup", ":thumbsup:", "é", "日", "\0", "x" * 500}


@pytest.mark.parametrize(
    "text", [*WHOLE, "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"]
)
def test_an_emoji_is_kept_as_it_is(text: str):
    assert spelled(text) == text


@pytest.mark.parametrize("text", WHOLE)
def test_it_is_the_same_without_variation_selectors(text: str):
    assert spelled(text.replace("\ufe0f", "")) == text


@pytest.mark.parametrize("text", sorted(PIECES | TEXTS))
def test_all_else_is_none(text: str):
    assert spelled(text) is None


def test_a_flag_of_tags_is_a_nations():
    black, end = "🏴", "\U000e007f"
    assert spelled(f"{black}\U000e0067{end}") is None
    assert spelled(f"{black}{end}") is None
    assert spelled(f"{black}\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067{end}") is not None
    assert spelled("🏴gbeng" + end) is None


@pytest.mark.parametrize(
    ("text", "id"),
    [("name:12", "12"), ("a:name:12", "12"), (":name:12", "12"), (":12", "12"), ("name:", None),
     ("12", None), ("name:1x", None), ("a:b:c:12", None), (f"name:{10**20}", None)],
)  # fmt: skip
def test_a_guilds_own_is_named_by_its_id(text: str, id: str | None):
    found = CUSTOM.fullmatch(text)
    assert (found and found[1]) == id
