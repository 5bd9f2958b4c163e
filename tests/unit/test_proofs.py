"""What proves who somebody is: codes of authenticators, sealed secrets, waits after failures."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.core.clients import client_of
from hearth.core.seal import keyed, opened, seal, ticket, unseal
from hearth.core.throttle import Throttle
from hearth.core.totp import PERIOD_S, code_at, secret_of, step_of

SECRET = b"12345678901234567890"
KEY, OTHER = bytes(32), bytes(31) + b"\1"
NONCE = bytes(range(16))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, SHA-1; our six digits are the last of its eight."""
    assert code_at(SECRET, seconds // PERIOD_S, digits=8) == code
    assert code_at(SECRET, seconds // PERIOD_S) == code[2:]


def test_the_codes_of_rfc_4226() -> None:
    """Appendix D."""
    wanted = [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]
    assert [code_at(SECRET, count) for count in range(10)] == wanted


def test_a_code_is_taken_now_and_one_step_beside_it() -> None:
    now = 1_800_000_000.0
    step = int(now) // PERIOD_S
    for away in (-1, 0, 1):
        assert step_of(SECRET, code_at(SECRET, step + away), now) == step + away
    for away in (-2, 2, 1000):
        assert step_of(SECRET, code_at(SECRET, step + away), now) is None
    for code in ("", "12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16"):
        assert step_of(SECRET, code, now) is None


def test_no_code_is_taken_twice() -> None:
    now = 1_800_000_000.0
    step = int(now) // PERIOD_S
    assert step_of(SECRET, code_at(SECRET, step), now, after=step) is None
    assert step_of(SECRET, code_at(SECRET, step - 1), now, after=step) is None
    assert step_of(SECRET, code_at(SECRET, step + 1), now, after=step) == step + 1


def test_secrets_in_base32() -> None:
    text = base64.b32encode(SECRET).decode()
    for written in (text, text.lower(), " ".join(text[i : i + 4] for i in range(0, 32, 4))):
        assert secret_of(written) == SECRET
    assert secret_of(base64.b32encode(bytes(11)).decode().rstrip("=")) == bytes(11)
    for wrong in ("", "1", "AAAA", "0" * 32, "é" * 32, "A" * 200):
        assert secret_of(wrong) is None


@given(st.binary(max_size=100))
def test_what_is_sealed_opens_with_the_key_for_its_use(plain: bytes) -> None:
    sealed = seal(KEY, "a", plain, NONCE)
    assert unseal(KEY, "a", sealed) == plain
    assert unseal(OTHER, "a", sealed) is None
    assert unseal(KEY, "b", sealed) is None
    assert opened(KEY, "t", ticket(KEY, "t", plain, NONCE)) == plain


@given(st.binary(min_size=1, max_size=40), st.data())
def test_what_is_changed_does_not_open(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, "a", plain, NONCE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    assert unseal(KEY, "a", bytes(sealed)) is None
    assert unseal(KEY, "a", bytes(sealed[:-1])) is None


def test_nothing_shows_through_a_seal() -> None:
    plain = b"a secret of twenty by"
    sealed = seal(KEY, "a", plain, NONCE)
    assert plain not in sealed
    assert seal(KEY, "a", plain, bytes(16)) != sealed
    assert keyed(KEY, "a", plain) != keyed(OTHER, "a", plain) != hashlib.sha256(plain).digest()
    for text in ("", "x", "é", "!", "A" * 300):
        assert opened(KEY, "t", text) is None


def test_waits_double_after_the_free_failures() -> None:
    throttle = Throttle(base_s=1.0, most_s=10.0)
    now, waits = 0.0, list[float]()
    for _ in range(8):
        throttle.attempt("k", 3, now)
        waits.append(throttle.wait("k", now))
        now += waits[-1]
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]
    assert throttle.wait("other", now) == 0
    throttle.succeed("k")
    assert throttle.wait("k", 0) == 0


def test_failures_are_forgotten_after_an_hour() -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.attempt("k", 3, 0.0)
    throttle.attempt("k", 3, Throttle.FORGET_S + 1)
    assert throttle.wait("k", Throttle.FORGET_S + 1) == 0


def test_a_success_of_ones_own_does_not_clear_the_address() -> None:
    throttle = Throttle()
    for _ in range(50):
        throttle.attempt("address", 10, 0.0)
        throttle.take_back("address")
    assert throttle.wait("address", 0.0) == 0
    for _ in range(9):
        throttle.attempt("address", 10, 0.0)
    throttle.attempt("address", 10, 0.0)
    throttle.take_back("address")
    throttle.attempt("address", 10, 0.0)
    assert throttle.wait("address", 0.0) > 0


def test_it_cannot_be_filled() -> None:
    throttle = Throttle(keys=10)
    for i in range(1000):
        throttle.attempt(i, 1, 0.0)
    assert sum(throttle.wait(i, 0.0) > 0 for i in range(1000)) == 10


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("agent", "properties", "client"),
    [
        ("", "", (None, None)),
        (FIREFOX, "", ("Linux", "Firefox")),
        (IPHONE, "", ("iOS", "Safari")),
        ("DiscordBot (https://x, 1)", "", (None, "DiscordBot")),
        (FIREFOX, '{"os": "Windows", "browser": "Discord Client"}', ("Windows", "Discord Client")),
        (FIREFOX, '{"os": 5, "browser": null}', (None, "Firefox")),
        (FIREFOX, '{"os": "a\\nb' + "x" * 99 + '"}', ("ab" + "x" * 62, "Firefox")),
        (FIREFOX, "[1]", ("Linux", "Firefox")),
        (FIREFOX, "no JSON", ("Linux", "Firefox")),
    ],
)
def test_what_a_client_says_it_is(
    agent: str, properties: str, client: tuple[str | None, str | None]
) -> None:
    encoded = base64.b64encode(properties.encode()).decode()
    assert client_of(agent, encoded) == client
    assert client_of(agent, "!" * 10_000) == client_of(agent, "")
