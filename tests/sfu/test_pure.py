"""The rules of numbers, losses, loudness, layers and bandwidth, without any packets."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.sfu.allocator import Ask, allocate, cost, following, ideal, shares
from hearth.sfu.bwe import FIRST, LEAST, MOST, PROBE_S, Bandwidth
from hearth.sfu.codecs import LEVEL_ZEROES, PICTURES, h264, renumbered, vp8
from hearth.sfu.reception import Reception
from hearth.sfu.sources import Allowance
from hearth.sfu.speakers import Voice, loudest
from hearth.sfu.track import Numbers, step_forward

numbers_16 = st.integers(0, 0xFFFF)


@given(numbers_16, numbers_16)
def test_a_step_leads_forward_by_less_than_half(last: int, following: int):
    ahead = (following + step_forward(last, following) - last) % 65536
    assert 0 < ahead < 32768


def test_who_got_the_packet_before_needs_no_step():
    assert step_forward(None, 5) == 0
    assert step_forward(65535, 0) == 0


@given(
    st.lists(
        st.tuples(st.integers(1, 3), numbers_16, st.integers(0, 0xFFFFFFFF)),
        min_size=1,
        max_size=6,
    )
)
def test_numbers_go_on_when_the_source_changes(sources: list[tuple[int, int, int]]):
    numbers, now = Numbers(90_000), 5_000.0
    out: list[tuple[int, int]] = []
    for each, (_, sequence, timestamp) in enumerate(sources):
        for step in range(4):
            now += 0.033
            out.append(numbers.map(each, (sequence + step) % 65536, timestamp + step * 2970, now))
    assert {(b[0] - a[0]) % 65536 for a, b in itertools.pairwise(out)} <= {1}
    assert all(0 < (b[1] - a[1]) % (1 << 32) < 9000 for a, b in itertools.pairwise(out))


def test_what_is_missing_is_asked_for_until_it_comes():
    arrives = Reception(7, 90_000, 65_534)
    assert arrives.take(65_534, 0, 0.0)
    assert arrives.take(1, 0, 0.01)
    # Two later ones first: it may only have been overtaken.
    assert arrives.wanted(0.01) == [65_535]
    assert arrives.take(2, 0, 0.02)
    assert arrives.wanted(0.02) == [0]
    assert arrives.misses(65_535)
    assert not arrives.take(65_535, 0, 0.03)
    assert not arrives.misses(65_535)
    assert arrives.wanted(0.2) == [0]
    assert arrives.wanted(0.21) == []
    assert arrives.wanted(2.0) == []
    assert not arrives.misses(0)


@given(numbers_16, st.lists(st.booleans(), min_size=2, max_size=200))
def test_losses_are_counted(first: int, came: list[bool]):
    arrives = Reception(7, 90_000, first)
    arrives.take(first, 0, 0.0)
    for number, arrived in enumerate([*came, True], start=1):
        if arrived:
            arrives.take((first + number) % 65536, number * 3000, number / 30)
    report = arrives.report(10.0)
    assert report.lost == came.count(False)
    assert report.highest == first + len(came) + 1
    assert report.fraction == 256 * came.count(False) // (len(came) + 2)


def test_a_great_gap_is_a_new_beginning():
    arrives = Reception(7, 90_000, 0)
    arrives.take(0, 0, 0.0)
    arrives.take(20_000, 0, 0.1)
    assert arrives.wanted(0.2) == []
    assert arrives.report(0.2).lost == 0


VP8 = bytes.fromhex("90e0ffff0760") + bytes([0, 0, 0]) + b"\x9d\x01\x2a\x00\x05\xd0\x02"


def test_a_keyframe_is_known():
    peek = vp8(VP8)
    assert peek.keyframe
    assert peek.begins
    assert (peek.picture, peek.level) == (0x7FFF, 7)
    assert (peek.width, peek.height) == (1280, 720)
    assert not vp8(VP8[:6] + b"\x01" + VP8[7:]).keyframe
    assert not vp8(b"\x80" + VP8[1:]).begins


@given(st.integers(0, PICTURES - 1), st.integers(0, LEVEL_ZEROES - 1))
def test_numbers_are_added_and_nothing_else_changes(picture: int, level: int):
    made = renumbered(VP8, vp8(VP8), picture, level)
    peek = vp8(made)
    assert peek.picture == (0x7FFF + picture) % PICTURES
    assert peek.level == (7 + level) % LEVEL_ZEROES
    assert renumbered(made, peek, -picture, -level) == VP8


@given(st.binary(max_size=40))
def test_any_payload_is_peeked_at(payload: bytes):
    h264(payload)
    peek = vp8(payload)
    assert len(renumbered(payload, peek, 1, 1)) == len(payload)


@pytest.mark.parametrize(
    ("payload", "keyframe"),
    [
        (b"\x67\x42", True),
        (b"\x65\x88", False),
        (b"\x41\x9a", False),
        (b"\x78\x00\x02\x67\x42\x00\x02\x65\x88", True),
        (b"\x78\x00\x02\x41\x9a", False),
        (b"\x7c\x85", False),
        (b"", False),
    ],
)
def test_keyframes_of_h264_begin_with_their_parameters(payload: bytes, keyframe: bool):
    assert h264(payload).keyframe == keyframe


def ask(ssrc: int, **words: object) -> Ask:
    base = Ask(ssrc, False, 100, 0, (200e3, 700e3, 2500e3), (180, 360, 720), None)
    return base._replace(**words)


def test_what_is_shown_small_is_sent_small():
    assert ideal(ask(1)) == 2
    assert ideal(ask(1, quality=1)) == 0
    assert ideal(ask(1, quality=50)) == 1
    assert ideal(ask(1, pixels=320 * 180)) == 0
    assert ideal(ask(1, pixels=640 * 360)) == 1
    assert ideal(ask(1, pixels=1920 * 1080)) == 2
    assert ideal(ask(1, pixels=1920 * 1080, quality=10)) == 0


def test_a_small_budget_goes_to_screens_then_to_the_large():
    asks = [ask(1, pixels=10_000), ask(2, pixels=900_000), ask(3, screen=True)]
    assert allocate(asks, 0) == {1: 0, 2: 0, 3: 0}
    assert allocate(asks, 1.3e6) == {1: 0, 2: 0, 3: 1}
    assert allocate(asks, 2e6) == {1: 0, 2: 1, 3: 1}
    assert allocate(asks, 50e6) == {1: 0, 2: 2, 3: 2}
    # What is shown already stays on less than it takes to begin.
    assert allocate([ask(1)], 710e3) == {1: 0}
    assert allocate([ask(1, now=1)], 710e3) == {1: 1}


@given(
    st.lists(
        st.builds(
            ask,
            st.integers(1, 1000),
            screen=st.booleans(),
            quality=st.integers(1, 100),
            pixels=st.integers(0, 3_000_000),
        ),
        max_size=12,
        unique_by=lambda each: each.ssrc,
    ),
    st.floats(0, 3e7),
)
def test_no_more_than_the_budget_is_given_beyond_the_poorest(asks: list[Ask], budget: float):
    chosen = allocate(asks, budget)
    assert set(chosen) == {each.ssrc for each in asks}
    assert all(chosen[each.ssrc] <= ideal(each) for each in asks)
    cost = sum(each.bitrates[chosen[each.ssrc]] for each in asks)
    assert cost <= max(budget, 200e3 * len(asks))


def test_more_is_given_from_the_following_budget_on():
    asks = [ask(1, pixels=900_000), ask(2, pixels=10_000), ask(3, screen=True)]
    chosen = allocate(asks, 0)
    budget = following(asks, chosen)
    assert allocate(asks, budget - 1) == chosen
    assert allocate(asks, budget + 1) != chosen
    best = {each.ssrc: ideal(each) for each in asks}
    assert allocate(asks, 50e6) == best
    assert following(asks, best) == 0.0


def test_what_does_not_fit_in_the_cap_is_not_sent():
    asks = [ask(1, pixels=10_000), ask(2, pixels=900_000), ask(3, screen=True)]
    assert allocate(asks, 50e6, 450e3) == {1: -1, 2: 0, 3: 0}
    assert allocate(asks, 50e6, 100e3) == {1: -1, 2: -1, 3: -1}
    assert cost(asks, {1: -1, 2: 0, 3: 1}) == 900e3


@given(st.lists(st.floats(0, 1e8), max_size=20), st.floats(0, 1e9))
def test_what_is_there_is_shared(wants: list[float], capacity: float):
    given = shares(wants, capacity)
    assert sum(given) <= capacity * 1.000001 + 1
    assert all(0 <= got <= want for got, want in zip(given, wants, strict=True))
    lacking = [got for got, want in zip(given, wants, strict=True) if got < want]
    if lacking:
        # All is given, and who lacks has no less than anybody.
        assert sum(given) == pytest.approx(capacity)
        assert min(lacking) == pytest.approx(max(given))


def steady(line: Bandwidth, now: float, seconds: int) -> float:
    """Time passes without trouble."""
    for _ in range(seconds):
        now += 1
        line.look(now)
    return now


def test_an_estimate_is_no_more_than_half_as_much_again_as_was_sent():
    line = Bandwidth()
    now = steady(line, 0.0, 20)
    assert line.estimate == FIRST
    line.rate = 3e6
    steady(line, now, 60)
    assert line.estimate == pytest.approx(4.5e6)


@pytest.mark.parametrize("loss", [0.12, 0.3, 0.6, 1.0])
def test_loss_lowers_the_estimate_at_once_and_it_is_tried_again_later_each_time(loss: float):
    line = Bandwidth()
    line.rate = 2e6
    line.loss(1, 0.0, 1_000)
    line.look(0.0)
    line.loss(1, loss, 5_000)
    assert line.alarmed == (loss > 0.25)
    assert line.look(3.0) < 2e6
    fell = line.estimate
    assert fell == pytest.approx(max(LEAST, 2e6 * (1 - (loss if loss > 0.25 else loss / 2))))
    now, waits = 3.0, list[float]()
    for _ in range(4):
        line.rate, line.more = fell / 2, 2e6
        began = now
        while line.probe is None:
            now = steady(line, now, 1)
        waits.append(now - began)
        for _ in range(10):
            line.missed(1)
        assert line.alarmed
        now += 0.1
        line.look(now)
        # A probe that fails costs nothing of what got through.
        assert line.probe is None
        assert line.estimate == fell
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]


def test_a_probe_ends_well_when_nothing_is_amiss():
    line = Bandwidth()
    line.estimate, line.rate, line.more = 300e3, 200e3, 800e3
    now = 0.0
    while line.probe is None:
        now = steady(line, now, 1)
    said = [line.padding(now + each / 10) for each in range(int(PROBE_S * 10))]
    assert said == sorted(said)
    assert 0 < said[0] < said[-1] == line.probe.target - line.rate
    assert line.padding(now + PROBE_S) == 0
    now = steady(line, now, 4)
    assert line.probe is None
    assert line.estimate >= 800e3
    # Allocated, it is sent, and there is no more to try.
    line.rate, line.more = 800e3, 0.0
    steady(line, now, 30)
    assert line.probe is None


def test_a_browsers_word_counts_where_it_falls():
    line = Bandwidth()
    line.rate = 200e3
    line.remb(240e3, 1.0)
    assert line.look(1.0) == FIRST
    line.rate = 2e6
    # It rises slowly; that it is less than what is sent says nothing.
    line.remb(260e3, 2.0)
    assert line.look(2.0) >= FIRST
    line.remb(2.4e6, 2.5)
    line.remb(900e3, 3.0)
    assert line.alarmed
    assert line.look(3.0) == 900e3
    # What it says that it takes is believed in calm.
    for now in range(4, 20):
        line.rate = 500e3
        line.remb(1.5e6, now)
        line.look(now)
    assert line.estimate == 1.5e6


def reports(line: Bandwidth, now: float, seconds: int, parts: Callable[[], float]) -> float:
    """Each second two streams report of 30 packets each, of which `parts` were lost."""
    for _ in range(seconds):
        now += 1
        for ssrc in (1, 2):
            line.loss(ssrc, parts(), int(now) * 30)
        line.look(now)
    return now


def test_what_a_network_loses_of_anything_is_no_sign_of_too_much():
    """A twentieth, told in small reports, some of which tell of much more."""
    line, lost = Bandwidth(), random.Random(1)
    line.rate = 2e6
    worst = 0.0

    def parts() -> float:
        nonlocal worst
        part = sum(lost.random() < 0.05 for _ in range(30)) / 30
        worst = max(worst, part)
        return part

    now = reports(line, 0.0, 120, parts)
    assert worst > 0.12
    assert line.estimate == FIRST
    # Where it fell nevertheless more is tried, and what is asked for again as ever ends nothing.
    line.estimate, line.rate, line.more = 300e3, 200e3, 800e3
    for _ in range(30):
        line.missed(3)
        now = reports(line, now, 1, parts)
    assert line.estimate >= 800e3


def test_what_was_asked_for_again_before_is_told_by_the_second():
    """A few packets between two looks that follow each other closely are no rate of hundreds."""
    line = Bandwidth()
    line.estimate, line.rate, line.more = 300e3, 200e3, 800e3
    line.look(1.0)
    line.missed(6)
    line.look(1.01)
    assert line.probe is not None
    line.missed(60)
    line.look(1.1)
    assert line.probe is None
    assert line.estimate == 300e3


def test_streams_are_judged_together():
    """One of little that loses a third, beside one of much that loses nothing, is no trouble."""
    line = Bandwidth()
    line.rate = 2e6
    for now in range(1, 20):
        line.loss(1, 0.33, now * 10)
        line.loss(2, 0.0, now * 200)
        assert line.look(now) >= FIRST
    for now in range(20, 22):
        line.loss(1, 0.33, now * 10)
        line.loss(2, 0.33, now * 200)
        line.look(now)
    assert line.estimate < 2e6


def test_packets_that_queue_are_too_many():
    line = Bandwidth()
    line.rate = 2e6
    for now, trip in enumerate((0.05, 0.06, 0.5, 0.05, 0.5)):
        line.trip(trip, now)
        assert line.look(now) >= FIRST
    line.trip(0.6, 6)
    assert line.look(6) == pytest.approx(0.85 * 2e6)


said = st.one_of(
    st.tuples(st.just("remb"), st.floats(0, 1e9)),
    st.tuples(st.just("loss"), st.tuples(st.floats(0, 1), st.integers(0, (1 << 32) - 1))),
    st.tuples(st.just("trip"), st.floats(0, 100)),
    st.tuples(st.just("missed"), st.integers(0, 100)),
    st.tuples(st.just("rate"), st.floats(0, 1e8)),
    st.tuples(st.just("more"), st.floats(0, 1e9)),
)


@given(st.lists(st.tuples(st.floats(0, 5), said), max_size=60))
def test_whatever_is_reported_the_estimate_stays_within_bounds(
    reports: list[tuple[float, tuple[str, Any]]],
):
    line, now = Bandwidth(), 0.0
    for passed, (kind, value) in reports:
        now += passed
        if kind == "loss":
            line.loss(1, *value)
        elif kind == "missed":
            line.missed(int(value))
        elif kind in ("remb", "trip"):
            getattr(line, kind)(value, now)
        else:
            setattr(line, kind, value)
        assert LEAST <= line.look(now) <= MOST
        assert 0 <= line.padding(now) <= MOST
        # A probe is over within seconds, whatever comes.
        if line.probe is not None:
            assert line.probe.ends <= now + PROBE_S
            assert now - line.probe.began <= PROBE_S + 2 + passed


def test_speaking_begins_at_once_and_ends_after_a_pause():
    voice = Voice()
    assert voice.look(30, 0.0)
    assert voice.speaking
    assert not voice.look(127, 0.2)
    assert voice.look(127, 0.5)
    assert not voice.speaking
    assert not voice.look(100, 0.6)


def test_the_loudest_stay_until_somebody_is_clearly_louder():
    voices = {name: Voice() for name in "abc"}
    for name, level in (("a", 40), ("b", 41), ("c", 60)):
        voices[name].look(level, 0.0)
    heard = loudest(voices.items(), 2, set())
    assert heard == {"a", "b"}
    voices["c"].look(38, 0.05)
    assert loudest(voices.items(), 2, heard) == {"a", "b"}
    voices["c"].look(20, 0.1)
    assert "c" in loudest(voices.items(), 2, heard)


def test_too_much_is_dropped_and_time_gives_it_back():
    bucket = Allowance(3, 1000)
    assert [bucket.take(100, 0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(100, 0.5)
    assert not bucket.take(2000, 9.0)
