"""Addresses of files: signed, good for a day, and of names that do no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.core.limits import Quota
from hearth.core.models.attachments import HOUR_S, MOST_NAME, VALID_S, is_signed, safe_name, signed

KEY = bytes(range(32))
NOW = 1_764_000_000


def parts(address: str) -> tuple[str, str, str, str]:
    path, _, query = address.partition("?")
    told = dict(each.split("=") for each in query.split("&"))
    return path, told["ex"], told["is"], told["hm"]


@given(st.integers(0, 1 << 40), st.integers(0, (1 << 63) - 1), st.text(max_size=20))
def test_an_address_is_good_for_a_day_and_at_most_25_hours(now: int, id: int, name: str) -> None:
    told = parts(signed(KEY, now, 5, id, safe_name(name)))
    assert is_signed(KEY, now, *told)
    assert is_signed(KEY, now + VALID_S - HOUR_S, *told)
    assert not is_signed(KEY, now + VALID_S, *told)
    assert told == parts(signed(KEY, now - now % HOUR_S, 5, id, safe_name(name)))
    assert not is_signed(bytes(32), now, *told)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("wrong", ["", "0", "x", "f" * 64, "é", "0" * 200])
def test_each_part_of_it_is_signed(at: int, wrong: str) -> None:
    told = [*parts(signed(KEY, NOW, 1, 2, "a.png"))]
    assert is_signed(KEY, NOW, *told)
    told[at] = wrong
    assert not is_signed(KEY, NOW, *told)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.png", "a.png"),
        ("Grüße an dich.txt", "Grue_an_dich.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.exe", "x.exe"),
        ("..", "unknown"),
        ("", "unknown"),
        ("世界", "unknown"),
        ('a"\r\nX: y', "a_X_y"),
        ("x" * 300 + ".jpeg", "x" * (MOST_NAME - 5) + ".jpeg"),
        ("." + "x" * 300, "x" * MOST_NAME),
    ],
)
def test_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=400), st.booleans())
def test_every_name_is_safe(name: str, spoiler: bool) -> None:
    made = safe_name(name, spoiler=spoiler)
    assert 0 < len(made) <= MOST_NAME
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert safe_name(made, spoiler=spoiler) == made
    assert made.startswith("SPOILER_") or not spoiler


def test_a_quota_is_of_one_user_and_one_hour() -> None:
    quota = Quota()
    assert quota.take(1, 60, 100, 0.0) == 0
    assert quota.take(1, 41, 100, 600.0) == 3000.0
    assert quota.take(1, 40, 100, 600.0) == 0
    assert quota.take(2, 100, 100, 600.0) == 0
    assert quota.take(1, 100, 100, 3600.0) == 0
