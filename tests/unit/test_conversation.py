"""The conversation: what each message of a client leads to, and when."""

from typing import Any

import msgspec
import pytest

from hearth.core.events import ALL_INTENTS
from hearth.core.models.presence import PresencePut
from hearth.net.gateway import conversation as c
from hearth.net.gateway.conversation import Beat, Close, Command, Conversation, Identify, Resume

IDENTIFY = {"token": "t", "properties": {}}
RESUME = {"token": "t", "session_id": "s", "seq": 3}


def say(talk: Conversation, op: Any, d: Any = None, now: float = 0.0) -> Any:
    """What comes of one payload."""
    return talk.receive(msgspec.json.encode({"op": op, "d": d}), now)


def begun() -> Conversation:
    """A conversation that has identified."""
    talk = Conversation(0.0)
    assert isinstance(say(talk, c.IDENTIFY, IDENTIFY), Identify)
    return talk


def test_identify_says_who_it_is_and_what_it_wants() -> None:
    wish = say(
        Conversation(0.0),
        c.IDENTIFY,
        {
            "token": "t",
            "properties": {"browser": "x"},
            "compress": True,
            "large_threshold": 250,
            "shard": [1, 4],
            "presence": {"status": "dnd", "activities": [], "since": 91, "afk": True},
            "intents": ALL_INTENTS,
            "capabilities": 16381,
            "client_state": {"guild_versions": {}},
        },
    )
    assert wish == Identify(
        token="t",
        properties={"browser": "x"},
        compress=True,
        large_threshold=250,
        shard=(1, 4),
        presence=PresencePut(status="dnd", activities=[], since=91, afk=True),
        intents=ALL_INTENTS,
        capabilities=16381,
    )


def test_resume_says_what_goes_on() -> None:
    assert say(Conversation(0.0), c.RESUME, RESUME) == Resume("t", "s", 3)


@pytest.mark.parametrize("first", [(c.IDENTIFY, IDENTIFY), (c.RESUME, RESUME)])
@pytest.mark.parametrize("second", [(c.IDENTIFY, IDENTIFY), (c.RESUME, RESUME)])
def test_one_begins_once_unless_told_to_begin_anew(
    first: tuple[int, Any], second: tuple[int, Any]
) -> None:
    talk = Conversation(0.0)
    say(talk, *first)
    assert say(talk, *second) == Close(c.ALREADY_AUTHENTICATED)
    talk.restart()
    assert isinstance(say(talk, *second), Identify | Resume)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"intents": 1 << 30}, c.INVALID_INTENTS),
        ({"intents": -1}, c.INVALID_INTENTS),
        ({"intents": "513"}, c.DECODE_ERROR),
        ({"shard": [2, 2]}, c.INVALID_SHARD),
        ({"shard": [-1, 2]}, c.INVALID_SHARD),
        ({"shard": [0, 0]}, c.INVALID_SHARD),
        ({"shard": [0]}, c.DECODE_ERROR),
        ({"token": 5}, c.DECODE_ERROR),
        ({"presence": {"status": "asleep"}}, c.DECODE_ERROR),
        ({"presence": {"activities": [{}] * 11}}, c.DECODE_ERROR),
        ({"presence": {"activities": [{"name": "x" * 4096}]}}, c.DECODE_ERROR),
    ],
)
def test_a_wrong_identify_is_refused_and_may_not_be_mended(more: Any, code: int) -> None:
    talk = Conversation(0.0)
    assert say(talk, c.IDENTIFY, {**IDENTIFY, **more}) == Close(code)
    assert not talk.begun


@pytest.mark.parametrize("d", [None, {}, {**RESUME, "seq": None}, {**RESUME, "session_id": 5}])
def test_a_wrong_resume_is_refused(d: Any) -> None:
    assert say(Conversation(0.0), c.RESUME, d) == Close(c.DECODE_ERROR)


def test_a_presence_may_be_null() -> None:
    wish = say(Conversation(0.0), c.IDENTIFY, {**IDENTIFY, "presence": None, "shard": None})
    assert (wish.presence, wish.shard) == (None, None)


@pytest.mark.parametrize("seq", [None, 0, 251])
def test_heartbeats_are_answered_before_and_after(seq: int | None) -> None:
    assert say(Conversation(0.0), c.HEARTBEAT, seq) == Beat(seq)
    assert say(begun(), c.HEARTBEAT, seq) == Beat(seq)
    assert say(begun(), c.QOS_HEARTBEAT, {"seq": seq, "qos": {"ver": 26}}) == Beat(seq)


def test_a_heartbeat_may_leave_d_out() -> None:
    assert Conversation(0.0).receive(b'{"op":1}', 0.0) == Beat(None)


@pytest.mark.parametrize("op", sorted(c.COMMANDS))
def test_commands_wait_for_identify(op: int) -> None:
    assert say(Conversation(0.0), op, {"x": 1}) == Close(c.NOT_AUTHENTICATED)
    assert say(begun(), op, {"x": 1}) == Command(op, b'{"x":1}')


@pytest.mark.parametrize("op", sorted(c.QUIET))
def test_opcodes_of_other_clients_do_nothing(op: int) -> None:
    assert say(Conversation(0.0), op, {"x": 1}) is None


@pytest.mark.parametrize("op", [0, 7, 9, 10, 11, 15, 99, -1])
def test_an_unknown_opcode_is_refused(op: int) -> None:
    assert say(begun(), op) == Close(c.UNKNOWN_OPCODE)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"op":"1"}',
        b'{"op":1,"d":"x"}',
        b'{"op":1,"d":1.5}',
        b'{"op":2,"d":',
        b'{"op":40,"d":null}',
        b'{"op":2,"d":' + b'{"properties":' * 20_000 + b"}" * 20_001,
        b'{"op":2,"d":{"token":"t","properties":{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}}}",
    ],
)
def test_what_cannot_be_read_is_refused(text: bytes) -> None:
    assert Conversation(0.0).receive(text, 0.0) == Close(c.DECODE_ERROR)


def test_a_great_presence_is_refused_and_another_great_command_is_not() -> None:
    d = {"activities": [{"name": "x" * c.MOST_PRESENCE_BYTES}]}
    assert say(begun(), c.PRESENCE_UPDATE, d) == Close(c.DECODE_ERROR)
    assert isinstance(say(begun(), c.REQUEST_GUILD_MEMBERS, d), Command)


def test_who_sends_too_much_in_a_window_is_refused() -> None:
    talk = Conversation(0.0)
    for _ in range(c.SENDS):
        assert say(talk, c.HEARTBEAT, None, 59.9) == Beat(None)
    assert say(talk, c.HEARTBEAT, None, 59.9) == Close(c.RATE_LIMITED)
    assert say(talk, c.HEARTBEAT, None, 60.0) == Beat(None)


def test_the_limit_may_be_another() -> None:
    talk = Conversation(0.0, sends=1)
    assert say(talk, 99) == Close(c.UNKNOWN_OPCODE)
    assert say(talk, 99) == Close(c.RATE_LIMITED)


def test_silence_ends_it_and_only_heartbeats_count() -> None:
    talk = Conversation(10.0)
    assert talk.wake_at() == 10.0 + c.PATIENCE_S
    assert talk.tick(talk.wake_at() - 0.1) is None
    say(talk, c.IDENTIFY, IDENTIFY, 30.0)
    assert talk.tick(10.0 + c.PATIENCE_S) == Close(c.TIMED_OUT)
    say(talk, c.HEARTBEAT, None, 30.0)
    assert talk.tick(10.0 + c.PATIENCE_S) is None
    say(talk, c.QOS_HEARTBEAT, {"seq": None}, 40.0)
    assert talk.wake_at() == 40.0 + c.PATIENCE_S


def test_every_close_has_a_reason() -> None:
    codes = {
        value for name, value in vars(c).items() if name.isupper() and value in range(4000, 4020)
    }
    assert codes == set(c.REASONS)
    assert all(Close(code).reason for code in c.REASONS)
