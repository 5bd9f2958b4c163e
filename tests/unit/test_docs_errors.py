"""The table of docs/errors.md is the one of hearth/core/errors.py.

`python tests/unit/test_docs_errors.py` writes the table anew.
"""

import re
from pathlib import Path

import pytest

from hearth.core.errors import (
    INDEX_NOT_READY,
    ROWS,
    UNKNOWN_CHANNEL,
    Error,
    Refused,
    form_errors,
    invalid_login,
    rate_limited,
)

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
HEAD = "| code | status | text | what to do |\n|---|---|---|---|\n"


def table() -> str:
    """The rows as Markdown, by code and status."""
    rows = sorted(ROWS.values(), key=lambda row: (row.code, row.status, row.text))
    return HEAD + "".join(
        f"| {row.code} | {row.status} | {row.text} | {row.remedy} |\n" for row in rows
    )


def test_the_docs_have_every_row() -> None:
    assert table() in DOCS.read_text(), "run: python tests/unit/test_docs_errors.py"


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_row_fits_a_line_of_the_table(row: Error) -> None:
    assert 400 <= row.status < 600 or row is INDEX_NOT_READY
    assert row.text
    assert re.fullmatch(r"\S[^|\n]*[.]", row.remedy)


def test_no_two_rows_look_alike() -> None:
    assert len({(row.code, row.status, row.text) for row in ROWS.values()}) == len(ROWS)
    codes = [row.code for row in ROWS.values() if row.code]
    assert len(set(codes)) == len(codes)


def test_a_refusal_has_a_body() -> None:
    assert Refused(UNKNOWN_CHANNEL).body == {"message": "Unknown Channel", "code": 10003}
    assert str(Refused(UNKNOWN_CHANNEL)) == "10003: Unknown Channel"
    assert rate_limited(1.5, everywhere=True).body == {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": 1.5,
        "global": True,
    }


def test_a_failed_login_does_not_say_what_was_wrong() -> None:
    leaf = {"_errors": [{"code": "INVALID_LOGIN", "message": "Login or password is invalid."}]}
    assert invalid_login().body["errors"] == {"login": leaf, "password": leaf}


def test_form_errors_nest_by_key_and_index() -> None:
    a, b = ("A", "a"), ("B", "b")
    one, two = {"code": "A", "message": "a"}, {"code": "B", "message": "b"}
    assert form_errors((("x", 0, "y"), *a)) == {"x": {"0": {"y": {"_errors": [one]}}}}
    assert form_errors((("x",), *a), (("x",), *b)) == {"x": {"_errors": [one, two]}}
    assert form_errors(((), *a)) == {"_errors": [one]}
    # A leaf stands alone, whichever comes first.
    assert form_errors((("x",), *a), (("x", 0), *b)) == {"x": {"_errors": [one]}}
    assert form_errors((("x", 0), *a), (("x",), *b)) == {"x": {"_errors": [two]}}
    assert form_errors((("x", "_errors"), *a), (("y",), *b)) == {
        "x": {},
        "y": {"_errors": [two]},
    }


if __name__ == "__main__":
    text = DOCS.read_text()
    start = text.index(HEAD)
    end = text.find("\n\n", start)
    DOCS.write_text(text[:start] + table() + (text[end + 1 :] if end >= 0 else ""))
