"""Voice states as sessions are told of them: to whom, in which order, and when they end."""

from pathlib import Path

import pytest

from hearth.core.models.channels import Channel, Overwrite
from hearth.core.models.members import Member
from hearth.core.operations import OPERATOR
from hearth.core.permissions import P
from hearth.net.gateway.saved import restore, save
from tests.doors.inside import ANN, BOB, BOT, CAT, DEN, EVERY_INTENT, NEXT, Client, Inside, sweep

TALK, BACK = DEN + 5, DEN + 6
GUILDS, VOICE = 1, 1 << 7


@pytest.fixture
async def den(inside: Inside) -> Inside:
    """The den with a voice channel for all, and one that bob and the bot do not see."""
    hidden = (Overwrite(DEN, 0, deny=P.VIEW_CHANNEL), Overwrite(CAT, 1, allow=P.VIEW_CHANNEL))
    await inside.world.save(
        [
            Channel(id=TALK, guild_id=DEN, type=2, name="talk"),
            Channel(id=BACK, guild_id=DEN, type=2, name="back", overwrites=hidden),
        ],
        home=DEN,
    )
    await inside.call("join_guild", OPERATOR, {"user": f"user{CAT}"}, guild_id=DEN)
    return inside


def join(client: Client, channel: int | None) -> None:
    """Op 4 into the den's channel."""
    client.say((4, {"guild_id": str(DEN), "channel_id": channel and str(channel)}))


def voice(client: Client) -> list[tuple[str, int | None]]:
    """Who was told to be where since the last time, as (user, channel)."""
    return [
        (d["user_id"], d["channel_id"] and int(d["channel_id"]))
        for t, d in client.take()
        if t == "VOICE_STATE_UPDATE"
    ]


async def test_a_session_is_told_where_to_connect(den: Inside) -> None:
    ann, other = await den.connect(f"token{ANN}"), await den.connect(f"token{ANN}")
    ann.take()
    other.take()
    join(ann, TALK)
    await den.settle()
    told = ann.take()
    assert [t for t, _ in told] == [
        "VOICE_STATE_UPDATE",
        "VOICE_CHANNEL_START_TIME_UPDATE",
        "VOICE_SERVER_UPDATE",
    ]
    state, server = told[0][1], told[2][1]
    assert (state["user_id"], state["channel_id"]) == (str(ANN), str(TALK))
    assert state["member"]["user"]["id"] == str(ANN)
    assert (server["guild_id"], server["endpoint"]) == (str(DEN), "here/voice")
    # The token is for nobody else's eyes, not even the same person's on another device.
    assert "VOICE_SERVER_UPDATE" not in other.names()


async def test_bots_are_told_by_intent(den: Inside) -> None:
    ann = await den.connect(f"token{ANN}")
    with_intent = await den.connect(f"token{BOT}", intents=GUILDS | VOICE)
    without = await den.connect(f"token{BOT}", intents=EVERY_INTENT & ~VOICE)
    join(ann, TALK)
    await den.settle()
    assert voice(with_intent) == [(str(ANN), TALK)]
    assert voice(without) == []
    for intents, expected in ((GUILDS | VOICE, [str(ANN)]), (EVERY_INTENT & ~VOICE, [])):
        late = await den.connect(f"token{BOT}", intents=intents)
        (guild,) = [d for t, d in late.take() if t == "GUILD_CREATE"]
        assert [each["user_id"] for each in guild["voice_states"]] == expected
        assert all("guild_id" not in each for each in guild["voice_states"])
        if expected:
            assert str(ANN) in [each["user"]["id"] for each in guild["members"]]


async def test_a_hidden_channel_is_told_to_those_who_see_it(den: Inside) -> None:
    bob, cat = await den.connect(f"token{BOB}"), await den.connect(f"token{CAT}")
    ann = await den.connect(f"token{ANN}")
    for client in (ann, bob, cat):
        client.take()
    join(ann, BACK)
    await den.settle()
    assert (voice(bob), voice(cat)) == ([], [(str(ANN), BACK)])
    late = await den.connect(f"token{BOB}")
    (ready,) = [d for t, d in late.take() if t == "READY"]
    assert ready["guilds"][0]["voice_states"] == []
    # Into sight, and out of it again: who does not see where to hears that she left.
    join(ann, TALK)
    await den.settle()
    assert (voice(bob), voice(cat)) == ([(str(ANN), TALK)], [(str(ANN), TALK)])
    join(ann, BACK)
    await den.settle()
    assert (voice(bob), voice(cat)) == ([(str(ANN), None)], [(str(ANN), BACK)])
    join(ann, None)
    await den.settle()
    assert (voice(bob), voice(cat)) == ([], [(str(ANN), None)])


async def test_sight_that_changes_shows_and_hides_who_is_there(den: Inside) -> None:
    bob, ann = await den.connect(f"token{BOB}"), await den.connect(f"token{ANN}")
    join(ann, BACK)
    await den.settle()
    bob.take()
    at = {"channel_id": BACK, "overwrite_id": BOB}
    allow = {"type": 1, "allow": str(P.VIEW_CHANNEL)}
    await den.call("set_channel_permission_overwrite", ANN, allow, **at)
    await den.settle()
    assert bob.names()[:2] == ["CHANNEL_CREATE", "VOICE_STATE_UPDATE"]
    await den.call("delete_channel_permission_overwrite", ANN, **at)
    await den.settle()
    told = bob.take()
    assert [t for t, _ in told] == ["VOICE_STATE_UPDATE", "CHANNEL_DELETE"]
    assert told[0][1]["channel_id"] is None


async def test_who_loses_sight_of_where_they_are_leaves(den: Inside) -> None:
    bob, ann = await den.connect(f"token{BOB}"), await den.connect(f"token{ANN}")
    join(bob, TALK)
    await den.settle()
    ann.take()
    bob.take()
    deny = {"type": 1, "deny": str(P.VIEW_CHANNEL)}
    at = {"channel_id": TALK, "overwrite_id": BOB}
    await den.call("set_channel_permission_overwrite", ANN, deny, **at)
    await den.settle()
    assert voice(ann) == [(str(BOB), None)]
    assert set(voice(bob)) == {(str(BOB), None)}
    assert den.world.homes[DEN].snapshot.voice_states == {}  # type: ignore[union-attr]


@pytest.mark.parametrize("how", ["goodbye", "lost", "back"])
async def test_voice_ends_with_its_session(den: Inside, how: str) -> None:
    bob, ann = await den.connect(f"token{BOB}"), await den.connect(f"token{ANN}")
    join(bob, TALK)
    await den.settle()
    session, seq = bob.session.id, bob.seq
    ann.take()
    if how == "goodbye":
        bob.goodbye(1000)
        await den.settle()
        assert voice(ann) == [(str(BOB), None)]
        return
    bob.cut()
    sweep(den, 14)
    await den.settle()
    assert voice(ann) == []
    if how == "back":
        again = await den.resume(f"token{BOB}", session, max(seq, 1))
        sweep(den, 30)
        await den.settle()
        assert voice(ann) == []
        join(again, None)
    else:
        sweep(den, 3)
    await den.settle()
    assert voice(ann) == [(str(BOB), None)]


async def test_a_call_is_told_to_those_who_are_in_it(den: Inside) -> None:
    ann, bob, cat = [await den.connect(f"token{who}") for who in (ANN, BOB, CAT)]
    made = await den.call("create_dm", ANN, {"recipient_id": str(BOB)})
    for client in (ann, bob, cat):
        client.take()
    ann.say((4, {"guild_id": None, "channel_id": made.id}))
    await den.settle()
    told = bob.take()
    assert [t for t, _ in told][-2:] == ["CALL_CREATE", "VOICE_STATE_UPDATE"]
    assert (told[-1][1]["guild_id"], told[-1][1]["channel_id"]) == (None, made.id)
    assert cat.take() == []
    (server,) = [d for t, d in ann.take() if t == "VOICE_SERVER_UPDATE"]
    assert (server["guild_id"], server["channel_id"]) == (None, made.id)
    bob.say((13, {"channel_id": made.id}))
    await den.settle()
    ((name, call),) = bob.take()
    assert (name, call["channel_id"]) == ("CALL_CREATE", made.id)
    ann.say((4, {"guild_id": None, "channel_id": None}))
    await den.settle()
    assert bob.names()[:2] == ["VOICE_STATE_UPDATE", "CALL_DELETE"]


async def test_an_orderly_restart_keeps_who_is_in_voice(den: Inside, tmp_path: Path) -> None:
    ann, bob, cat = [await den.connect(f"token{who}") for who in (ANN, BOB, CAT)]
    for client in (ann, bob):
        join(client, TALK)
    await den.settle()
    for client in (ann, bob, cat):
        client.take()
    session, seq = bob.session.id, bob.seq
    names = {who: client.session.id for who, client in ((ANN, ann), (CAT, cat))}
    seqs = {ANN: ann.seq, CAT: cat.seq}
    await den.gateway.close()
    await den.settle()
    # Ann's session does not outlive it.
    del den.gateway.sessions[names[ANN]]
    save(den.gateway, tmp_path / "sessions")
    await den.stop()
    later = Inside(den.directory, 1)
    await restore(later.gateway, tmp_path / "sessions")
    states = later.world.homes[DEN].snapshot.voice_states  # type: ignore[union-attr]
    assert set(states) == {BOB}
    back = await later.resume(f"token{BOB}", session, seq)
    told = back.take()
    assert told[-1][0] == "RESUMED"
    server = [d for t, d in told if t == "VOICE_SERVER_UPDATE"][-1]
    assert server["guild_id"] == str(DEN)
    other = await later.resume(f"token{CAT}", names[CAT], seqs[CAT])
    assert voice(other) == [(str(ANN), None)]
    await later.stop()


async def test_a_person_is_in_one_place(den: Inside) -> None:
    await den.world.save([Channel(id=NEXT + 5, guild_id=NEXT, type=2, name="talk")], home=NEXT)
    desktop, phone = await den.connect(f"token{ANN}"), await den.connect(f"token{ANN}")
    join(desktop, TALK)
    await den.settle()
    desktop.take()
    phone.say((4, {"guild_id": str(NEXT), "channel_id": str(NEXT + 5)}))
    await den.settle()
    assert voice(desktop) == [(str(ANN), NEXT + 5), (str(ANN), None)]
    for key, there in ((DEN, set[int]()), (NEXT, {ANN})):
        snapshot = den.world.homes[key].snapshot
        assert snapshot is not None
        assert set(snapshot.voice_states) == there


async def test_a_bot_is_in_many_places(den: Inside) -> None:
    await den.world.save(
        [
            Channel(id=NEXT + 5, guild_id=NEXT, type=2, name="talk"),
            Member(guild_id=NEXT, user_id=BOT, joined_at_ms=1),
        ],
        home=NEXT,
    )
    bot = await den.connect(f"token{BOT}", intents=GUILDS | VOICE)
    join(bot, TALK)
    bot.say((4, {"guild_id": str(NEXT), "channel_id": str(NEXT + 5)}))
    await den.settle()
    for key in (DEN, NEXT):
        snapshot = den.world.homes[key].snapshot
        assert snapshot is not None
        assert set(snapshot.voice_states) == {BOT}
