"""The rules of numbers, losses, loudness, layers and bandwidth, without any packets."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.sfu.allocator import Ask, allocate, ideal
from hearth.sfu.bwe import FIRST, LEAST, Bandwidth
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


def test_bandwidth_grows_in_calm_and_shrinks_in_trouble():
    line = Bandwidth()
    now = 0.0
    for _ in range(20):
        now += 1
        line.look(now)
    assert line.estimate > 3 * FIRST
    line.rate = 2e6
    line.loss(1, 0.3, now)
    fell = line.look(now)
    assert fell == pytest.approx(1.7e6)
    # It is not raised at once, and later each time.
    now += 1
    assert line.look(now) == fell
    waits: list[float] = []
    for _ in range(3):
        began = now
        while line.look(now) <= line.estimate and line.look(now) == fell:
            now += 1
        waits.append(now - began)
        line.loss(1, 0.3, now)
        fell = line.look(now)
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_browsers_word_counts_only_when_it_is_less_than_it_gets():
    line = Bandwidth()
    line.rate = 200e3
    line.remb(240e3, 1.0)
    assert line.look(1.0) >= FIRST
    line.rate = 2e6
    line.remb(900e3, 2.0)
    assert line.look(2.0) == 900e3
    line.remb(1.0, 5.0)
    assert line.look(5.0) == LEAST


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
