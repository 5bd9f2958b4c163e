"""Sessions from inside: what is kept over an orderly restart."""

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hearth.core.models.presence import PresencePut
from hearth.net.gateway import saved
from hearth.net.gateway.connection import ABSENT_S
from hearth.net.gateway.saved import Saved
from hearth.net.gateway.session import DETACHED_S, MOST_BYTES, Deferred
from tests.doors.inside import (
    ANN,
    BOB,
    CAT,
    DEN,
    TEXT,
    Client,
    Inside,
    presence_of,
    sweep,
    told_status,
)


async def restart(inside: Inside, path: Path) -> Inside:
    """Save, stop, and begin anew on the same directory."""
    await inside.gateway.close()
    saved.save(inside.gateway, path)
    await inside.stop()
    anew = Inside(inside.directory, 1)
    anew.clock.seconds = inside.clock.seconds + 5
    await saved.restore(anew.gateway, path)
    await anew.settle()
    return anew


async def test_sessions_go_on_after_a_restart_and_the_absent_are_missed(tmp_path: Path) -> None:
    inside = await Inside.build()
    tokens = [await inside.person(user_id) for user_id in (ANN, BOB, CAT)]
    await inside.guild(DEN, ANN, [BOB, CAT])
    ann, bob, cat = [await inside.connect(token) for token in tokens]
    bob.say((3, {"status": "dnd"}))
    more = [await inside.connect(tokens[0]) for _ in range(3)]
    await inside.settle()
    for client in (ann, bob, cat, *more):
        client.take()
    sessions = [client.session for client in (ann, bob, cat, *more)]
    anew = await restart(inside, tmp_path / "sessions")
    for client in (ann, bob, cat, *more):
        assert client.ops()[-1] == 7
        assert client.code == 4000
    assert set(anew.gateway.sessions) == {session.id for session in sessions}
    assert not (tmp_path / "sessions").exists()
    assert presence_of(anew, BOB) == "dnd"
    await anew.call("create_message", ANN, {"content": "x"}, channel_id=TEXT)
    ann_again = await anew.resume(tokens[0], sessions[0].id, ann.seq)
    assert ann_again.heard() == ["MESSAGE_CREATE", "RESUMED"]
    bob_again = await anew.resume(tokens[1], sessions[1].id, bob.seq)
    assert bob_again.heard() == ["MESSAGE_CREATE", "RESUMED"]
    assert told_status(ann_again, BOB) == []
    sweep(anew, ABSENT_S + 1)
    await anew.settle()
    assert told_status(ann_again, CAT) == ["offline"]
    assert presence_of(anew, BOB) == "dnd"
    assert bob_again.session.presence == PresencePut(status="dnd")
    await anew.close()


async def test_guilds_left_since_end_a_session(tmp_path: Path) -> None:
    inside = await Inside.build()
    tokens = [await inside.person(user_id) for user_id in (ANN, BOB)]
    await inside.guild(DEN, ANN, [BOB])
    for token in tokens:
        await inside.connect(token)
    path = tmp_path / "sessions"
    await inside.gateway.close()
    saved.save(inside.gateway, path)
    await inside.call("delete_guild_member", ANN, guild_id=DEN, user_id=BOB)
    await inside.stop()
    anew = Inside(inside.directory, 1)
    anew.clock.seconds = inside.clock.seconds + 5
    await saved.restore(anew.gateway, path)
    assert [session.user_id for session in anew.gateway.sessions.values()] == [ANN]
    await anew.close()


def written(**more: Any) -> bytes:
    """A file as the first version wrote it: one session, cut after two events of three."""
    session = ["abc", BOB, b"\x01" * 32, 1 << 62, True, None, "web", 0, 2, [0, 1, 0], [DEN]]
    whole = {
        "format": 1,
        "wall": 1_800_001_000.0,
        "payloads": [["A", b"{}"], ["B", b"[1]"]],
        "sessions": [session],
        **more,
    }
    return msgspec.msgpack.encode(list(whole.values()))


async def test_a_file_of_the_first_version_is_read(inside: Inside, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    path.write_bytes(written())
    await saved.restore(inside.gateway, path)
    (session,) = inside.gateway.sessions.values()
    assert [(event.payload if isinstance(event, Deferred) else event).t for event in session.events]
    assert (session.base, session.sent, session.last) == (0, 2, 3)
    assert (session.large_threshold, session.present) == (50, False)
    assert list(inside.gateway.detached) == [session]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00garbage",
        written(format=2),
        written(wall=1_800_001_000.0 - DETACHED_S),
        written(wall=1_800_001_001.0),
    ],
)
async def test_a_file_that_is_of_no_use_is_dropped(
    inside: Inside, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sessions"
    path.write_bytes(content)
    with caplog.at_level(logging.CRITICAL):
        await saved.restore(inside.gateway, path)
    assert inside.gateway.sessions == {}
    assert not path.exists()
    await saved.restore(inside.gateway, path)


async def test_payloads_are_saved_once_and_for_nobody_else_to_read(
    inside: Inside, tmp_path: Path
) -> None:
    ann, bob = await inside.connect("token11"), await inside.connect("token12")
    for client in (ann, bob):
        client.say((1, client.session.sent))
    for _ in range(3):
        await inside.call("create_message", ANN, {"content": "x" * 1000}, channel_id=TEXT)
    await inside.settle()
    path = tmp_path / "sessions"
    saved.save(inside.gateway, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size < 3 * 2000 + 2000
    data = msgspec.msgpack.decode(path.read_bytes(), type=Saved)
    assert [name for name, _ in data.payloads].count("MESSAGE_CREATE") == 3


async def test_closing_does_not_wait_for_those_who_take_nothing(inside: Inside) -> None:
    bob = await inside.connect("token12")
    bob.pipe.held = MOST_BYTES
    await inside.gateway.close()
    await inside.settle()
    assert inside.gateway.connections == {}
    late = Client(inside.gateway)
    assert late.ops() == [10, 7]
    assert late.code == 4000
