"""How the web client's files are served: one page for all its views, in the form that is taken."""

from pathlib import Path

import pytest

from hearth.net.rest.static import POLICY, Static


@pytest.fixture
def static(tmp_path: Path) -> Static:
    """A build of three files."""
    (tmp_path / "assets").mkdir()
    for name, body in {
        "index.html": b"<html>",
        "index.html.br": b"br of it",
        "index.html.gz": b"gz of it",
        "assets/main-1a2b.js": b"let a",
        ".stamp": b"",
    }.items():
        (tmp_path / name).write_bytes(body)
    return Static(tmp_path)


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/register", "/channels/@me", "/channels/1/2/3", "/claim/x", "/invite/x",
     "/reset/x", "/settings", "/settings/account"],
)  # fmt: skip
def test_views_are_the_page(static: Static, path: str) -> None:
    answer = static.answer(path, {})
    assert answer is not None
    assert answer.body == b"<html>"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/loginx", "/channelsx", "/assets/", "/assets/none.js", "/.stamp",
     "/index.html.br", "/assets/../index.html", "/../static.py", "//", "/api"],
)  # fmt: skip
def test_nothing_else_is_there(static: Static, path: str) -> None:
    assert static.answer(path, {}) is None


@pytest.mark.parametrize(
    ("taken", "coding", "body"),
    [
        ("gzip, deflate, br", "br", b"br of it"),
        ("gzip", "gzip", b"gz of it"),
        ("br;q=0, gzip", "gzip", b"gz of it"),
        ("br; q=0.0, gzip;q=0", None, b"<html>"),
        ("identity", None, b"<html>"),
        ("", None, b"<html>"),
    ],
)
def test_the_smallest_form_that_is_taken(
    static: Static, taken: str, coding: str | None, body: bytes
) -> None:
    answer = static.answer("/", {"Accept-Encoding": taken})
    assert answer is not None
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.body == body
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_names_with_a_hash_stay(static: Static) -> None:
    answer = static.answer("/assets/main-1a2b.js", {"Accept-Encoding": "br"})
    assert answer is not None
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = static.answer("/assets/main-1a2b.js", {"If-None-Match": answer.headers["ETag"]})
    assert again is not None
    assert again.status == 304


def test_without_a_build_the_page_says_so(tmp_path: Path) -> None:
    static = Static(tmp_path / "none")
    assert not static.built
    answer = static.answer("/", {})
    assert answer is not None
    assert b"make setup" in answer.body  # type: ignore[operator]
    assert static.answer("/assets/main-1a2b.js", {}) is None
