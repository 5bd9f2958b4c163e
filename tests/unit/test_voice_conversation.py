"""The voice gateway's protocol: what may be said when, and what is sent again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.net.voice.conversation import (
    GREETING_S,
    LIMIT_BYTES,
    PATIENCE_S,
    SENDS,
    SENDS_PER_S,
    Beat,
    Close,
    Conversation,
    Identify,
    Resume,
    SelectProtocol,
    Sent,
    Speaking,
    UdpChoice,
    Video,
    Wants,
)
from hearth.net.voice.direct import (
    SDP_BYTES,
    Allow,
    Candidate,
    Candidates,
    Description,
    Flows,
    Word,
)

IDENTITY = {"server_id": "1", "user_id": "2", "session_id": "s", "token": "t"}


def say(talk: Conversation, op: Any, d: Any = None, now: float = 0.0) -> Any:
    """One message."""
    return talk.receive(json.dumps({"op": op, "d": d}).encode(), now)


def begun() -> Conversation:
    """One that has identified."""
    talk = Conversation(0.0)
    assert isinstance(say(talk, 0, IDENTITY), Identify)
    return talk


def test_it_begins_by_identify_or_resume() -> None:
    wish = say(Conversation(0.0), 0, {**IDENTITY, "max_dave_protocol_version": 1})
    assert (wish.server_id, wish.user_id, wish.session_id, wish.token) == (1, 2, "s", "t")
    gone = say(Conversation(0.0), 7, {"server_id": "1", "session_id": "s", "token": "t"})
    assert gone == Resume(1, "s", "t", -1)


@pytest.mark.parametrize("op", [1, 5, 12, 15, 100])
def test_nothing_else_comes_first(op: int) -> None:
    assert say(Conversation(0.0), op, {}) == Close(4003)


@pytest.mark.parametrize("op", [0, 7])
def test_it_begins_once(op: int) -> None:
    assert say(begun(), op, IDENTITY) == Close(4005)


def test_what_a_client_says() -> None:
    talk = begun()
    udp = {"protocol": "udp", "data": {"address": "1.2.3.4", "port": 5, "mode": "m"}}
    assert say(talk, 1, udp) == SelectProtocol("udp", UdpChoice("m", "1.2.3.4", 5))
    offer = {"protocol": "webrtc", "type": "offer", "rev": 2, "data": "v=0"}
    assert say(talk, 1, offer) == SelectProtocol("webrtc", "v=0", rev=2)
    assert say(talk, 5, {"speaking": 1, "delay": 0, "ssrc": 9}) == Speaking(1, 0, 9)
    assert say(talk, 5, {"speaking": True}) == Speaking(True)
    assert isinstance(say(talk, 12, {"audio_ssrc": 9}), Video)
    wants = {"any": 0, "7": 100, "pixelCounts": {"7": 921600.0}}
    assert say(talk, 15, wants) == Wants(0, {7: 100}, {7: 921600})
    assert say(talk, 100, {"type": "allow", "on": True}) == Allow(True)
    long = "v" * SDP_BYTES
    described = {"type": "description", "id": 1, "kind": "offer", "sdp": long}
    assert say(talk, 100, described) == Description(1, "offer", long)
    candidates = {"type": "candidates", "id": 1, "candidates": [{"candidate": "c", "mid": "0"}]}
    assert say(talk, 100, candidates) == Candidates(1, [Candidate("c", "0")])
    flows = {"type": "flows", "id": 1, "sound": True, "streams": [7]}
    assert say(talk, 100, flows) == Flows(1, True, [7])


@pytest.mark.parametrize(
    ("op", "d"),
    [
        (0, {"server_id": "1"}),
        (0, None),
        (1, {"protocol": 1}),
        (5, {"speaking": "loud"}),
        (15, []),
        (15, {"7": "x"}),
        (15, {"pixelCounts": {"x": 1}}),
        (15, {str(n): 1 for n in range(300)}),
        (100, {"type": "begin", "id": 1}),
        (100, {"type": "allow"}),
        (100, {"type": "description", "id": 1, "kind": "rollback", "sdp": ""}),
        (100, {"type": "description", "id": 1, "kind": "offer", "sdp": "v" * (SDP_BYTES + 1)}),
        (100, {"type": "candidates", "id": 1, "candidates": [{"candidate": "", "mid": ""}] * 17}),
        (100, {"type": "candidates", "id": 1, "candidates": [{"candidate": "c" * 513, "mid": ""}]}),
        (100, {"type": "flows", "id": 1, "sound": True, "streams": [1] * 9}),
        ("x", None),
    ],
)
def test_what_cannot_be_read_ends_it(op: Any, d: Any) -> None:
    talk = begun() if op else Conversation(0.0)
    assert say(talk, op, d) == Close(4002)


def test_only_offers_are_long() -> None:
    talk = begun()
    long = "x" * LIMIT_BYTES
    assert isinstance(say(talk, 1, {"protocol": "webrtc", "data": long}), SelectProtocol)
    assert say(talk, 5, {"speaking": 1, "x": long}) == Close(4002)


def test_opcodes() -> None:
    talk = begun()
    assert say(talk, 23, {}) is None
    assert talk.receive(b"\x1b\0\0", 0.0, binary=True) is None
    assert say(talk, 99, {}) == Close(4001)


def test_heartbeats() -> None:
    talk = begun()
    assert say(talk, 3, {"t": 5, "seq_ack": 2}, 10.0) == Beat(5, 2)
    assert say(talk, 3, 7, 20.0) == Beat(7, whole=False)
    assert talk.tick(20.0 + PATIENCE_S - 0.1) is None
    assert talk.tick(20.0 + PATIENCE_S) == Close(4009)


def test_who_says_nothing_is_not_waited_for() -> None:
    talk = Conversation(0.0)
    assert say(talk, 3, {"t": 5}, 10.0) == Beat(5)
    assert talk.tick(GREETING_S - 0.1) is None
    assert talk.tick(GREETING_S) == Close(4009)


def test_too_much_is_too_much() -> None:
    talk = begun()
    said = [say(talk, 5, {"speaking": 1}) for _ in range(SENDS)]
    assert said[-2:] == [Speaking(1), Close(4021)]
    assert say(begun(), 5, {"speaking": 1}, SENDS_PER_S) == Speaking(1)


def test_numbered_messages_are_sent_again() -> None:
    sent = Sent()
    made = [sent.number(5, b"%d" % n) for n in range(4)]
    assert json.loads(made[2]) == {"op": 5, "d": 2, "seq": 3}
    assert sent.after(-1) == made
    assert sent.after(2) == made[2:]
    sent.acknowledge(2)
    assert sent.after(1) is None
    assert (sent.after(2), sent.after(4), sent.after(5)) == (made[2:], [], None)
    for _ in range(2 * Sent.MOST):
        sent.number(5, b"0")
    assert sent.after(4) is None
    assert len(sent.after(sent.last - Sent.MOST) or ()) == Sent.MOST


@given(st.binary(max_size=200))
def test_whatever_comes_is_answered(data: bytes) -> None:
    for talk in (Conversation(0.0), begun()):
        output = talk.receive(data, 0.0)
        assert output is None or isinstance(
            output,
            Close | Beat | Speaking | Video | Wants | SelectProtocol | Identify | Resume | Word,
        )
