"""Names of people: one form, no two alike, none that speaks for the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.core.names import RESERVED, bot_problem, normal, problem, skeleton

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789._", min_size=2, max_size=32)


@pytest.mark.parametrize("name", ["ann", "a.b", "a_b", "_.", "x" * 32, "0x", "deleted"])
def test_names_that_may_be_had(name: str) -> None:
    assert problem(name) is None
    assert normal(name) == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x", "BASE_TYPE_BAD_LENGTH"),
        ("x" * 33, "BASE_TYPE_BAD_LENGTH"),
        ("a b", "USERNAME_INVALID_CHARACTERS"),
        ("Ann", "USERNAME_INVALID_CHARACTERS"),
        ("\u0430nn", "USERNAME_INVALID_CHARACTERS"),
        ("ann\u200b", "USERNAME_INVALID_CHARACTERS"),
        ("ann\n", "USERNAME_INVALID_CHARACTERS"),
        ("a..b", "USERNAME_INVALID_CHARACTERS"),
        ("everyone", "USERNAME_INVALID"),
        ("adrnin", "USERNAME_INVALID"),
        ("system", "USERNAME_INVALID"),
        ("r00t", "USERNAME_INVALID"),
        ("deleted_user_1", "USERNAME_INVALID"),
    ],
)
def test_names_that_may_not(name: str, code: str) -> None:
    found = problem(name)
    assert found is not None
    assert found[:2] == (("username",), code)


def test_the_operator_may_give_out_more() -> None:
    assert problem("admin", by_operator=True) is None
    assert problem("everyone", by_operator=True) is not None
    assert problem("here", by_operator=True) is not None


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_is_reserved_is_so_in_every_disguise(name: str) -> None:
    for disguise in (name, name.replace("m", "rn"), name.replace("o", "0"), name.replace("l", "1")):
        assert problem(disguise) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann", "\u0430nn"),
        ("bob", "b0b"),
        ("ella", "e1la"),
        ("mark", "rnark"),
        ("wim", "vvim"),
        ("ren\u00e9", "rene"),
        ("ann", "\uff21\uff4e\uff4e"),
        ("\u03bfmar", "omar"),
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("maria", "marla"), ("ann1", "ann2"), ("a.b", "a_b"), ("bob", "rob")]
)
def test_names_that_do_not(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text(max_size=40))
def test_the_normal_form_is_one(text: str) -> None:
    name = normal(text)
    if problem(name) is None:
        assert normal(name) == name
        assert name.isascii()
        assert 2 <= len(name) <= 32
        assert problem(normal(text.upper())) is None or not text.isascii()


@given(NAMES)
def test_a_name_in_capitals_is_the_name(name: str) -> None:
    assert normal(name.upper()) == normal(name)
    assert skeleton(name.upper()) == skeleton(name)


@given(NAMES)
def test_a_skeleton_has_a_skeleton(name: str) -> None:
    assert skeleton(skeleton(name)) == skeleton(name)


@given(NAMES)
def test_digits_are_no_way_around(name: str) -> None:
    assert skeleton(name.replace("o", "0").replace("l", "1")) == skeleton(name)


def test_bots_have_other_letters_and_none_that_nobody_sees() -> None:
    assert bot_problem("мой бот") is None
    for name in ("x", "x" * 33, "a\nb", "a\u200bb", "everyone", "deleted_user_1"):
        assert bot_problem(name) is not None, name
