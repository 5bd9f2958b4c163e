"""How voice states of a home change: whoever changes them does it here, in the home's turn."""

import secrets
from asyncio import Future
from collections.abc import Iterable, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from hearth.actions.home import Home
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import Refused
from hearth.core.events import Event, MessageCreate, MessageUpdate
from hearth.core.models.messages import CallRecord, Message, MessageType
from hearth.core.models.voice import Call, StageInstance, VoiceChannel, VoiceState
from hearth.core.ports import Entry, Kind
from hearth.core.record import BadRecord, decode, encode
from hearth.core.voice import settled
from hearth.core.voice_events import (
    CallDelete,
    CallUpdate,
    StageInstanceDelete,
    VoiceChannelStartTimeUpdate,
    VoiceChannelStatusUpdate,
    VoiceServerUpdate,
    VoiceStateUpdate,
)

IDENTIFY_S = 60.0
"""A voice token is good for one Identify within so long."""

Change = tuple[VoiceState | None, VoiceState | None]
"""A user's voice state before and after; one of them may be none."""


class Ticket(Struct):
    """What lets a user into voice: its token, the state that it is of, and when it lapses.

    Once it was `used` it is good for resuming only.
    """

    token: str
    session_id: str
    channel_id: int
    until: float
    used: bool = False


def change(world: World, home: Home, changes: Sequence[Change], tell: Iterable[Event] = ()) -> None:
    """Take voice states over, and tell of them and of what follows for their channels."""
    snapshot = home.snapshot
    assert snapshot is not None
    states = dict(snapshot.voice_states)
    save: list[Noun] = []
    delete: list[Noun] = []
    told: list[Event] = []
    touched: dict[int, None] = {}
    for before, after in changes:
        if before is not None:
            touched[before.channel_id] = None
        if after is not None:
            touched[after.channel_id] = None
            states[after.user_id] = after
            save.append(after)
            told.append(VoiceStateUpdate(after, None if before is None else before.channel_id))
        elif before is not None:
            states.pop(before.user_id, None)
            home.tickets.pop(before.user_id, None)
            delete.append(before)
            told.append(VoiceStateUpdate(before, before.channel_id, gone=True))
    occupied = {state.channel_id for state in states.values()}
    for channel_id in touched:
        if snapshot.guild is None:
            _call(world, home, channel_id, changes, channel_id in occupied, save, delete, told)
        else:
            _channel(world, home, channel_id, channel_id in occupied, save, delete, told)
    world.publish(home, save, delete, [*told, *tell])
    _say(world, home, changes, delete)


def _channel(
    world: World,
    home: Home,
    channel_id: int,
    occupied: bool,
    save: list[Noun],
    delete: list[Noun],
    told: list[Event],
) -> None:
    """The first to come begins what is said of a channel, the last to leave ends it."""
    snapshot = home.snapshot
    assert snapshot is not None
    known = snapshot.voice_channels.get(channel_id)
    if occupied:
        if known is None or known.started_s is None:
            started_s = world.wall_ms() // 1000
            status = None if known is None else known.status
            save.append(VoiceChannel(channel_id=channel_id, started_s=started_s, status=status))
            told.append(VoiceChannelStartTimeUpdate(channel_id, started_s))
        return
    if known is not None:
        delete.append(known)
        told.append(VoiceChannelStartTimeUpdate(channel_id, None))
        if known.status is not None:
            told.append(VoiceChannelStatusUpdate(channel_id, None))
    stage = snapshot.stages.get(channel_id)
    if stage is not None:
        delete.append(stage)
        told.append(StageInstanceDelete(stage))


def _say(world: World, home: Home, changes: Sequence[Change], deleted: Sequence[Noun]) -> None:
    """Say in a live stage's chat who became a speaker, and that it ended as the last left."""
    snapshot = home.snapshot
    assert snapshot is not None
    for before, after in changes:
        if after is not None:
            live = after.channel_id in snapshot.stages
            if live and before is not None and not _speaks(before) and _speaks(after):
                _write(world, home, after.channel_id, after.user_id, MessageType.STAGE_SPEAKER)
    for stage in deleted:
        if isinstance(stage, StageInstance) and stage.channel_id in snapshot.channels:
            last = next(
                before.user_id
                for before, _ in reversed(changes)
                if before is not None and before.channel_id == stage.channel_id
            )
            if last in snapshot.members:
                _write(world, home, stage.channel_id, last, MessageType.STAGE_END, stage.topic)


def _speaks(state: VoiceState) -> bool:
    """Whether somebody on a stage is a speaker, and not only invited to be."""
    return not state.suppress and state.request_to_speak_ms is None


def _write(
    world: World, home: Home, channel_id: int, user_id: int, kind: MessageType, content: str = ""
) -> None:
    """Write a system message of somebody's, for which nobody waits."""
    message = Message(
        id=world.make_id(), channel_id=channel_id, author_id=user_id, type=kind, content=content
    )
    entry = Entry(Kind.CREATE, channel_id, message.id, encode(message))
    with suppress(Refused):
        world.post(home, entry, MessageCreate(message)).add_done_callback(_forget)


def _call(
    world: World,
    home: Home,
    channel_id: int,
    changes: Sequence[Change],
    occupied: bool,
    save: list[Noun],
    delete: list[Noun],
    told: list[Event],
) -> None:
    """Who comes is rung no more; with the last to leave a call ends."""
    snapshot = home.snapshot
    assert snapshot is not None
    call = snapshot.calls.get(channel_id)
    if call is None:
        return
    if not occupied:
        delete.append(call)
        told.append(CallDelete(call))
        _finish(world, home, call)
        return
    came = [after.user_id for before, after in changes if before is None and after is not None]
    ringing = tuple(user_id for user_id in call.ringing if user_id not in came)
    joined = tuple(dict.fromkeys((*call.joined, *came)))
    if (ringing, joined) != (call.ringing, call.joined):
        after = replace(call, ringing=ringing, joined=joined)
        save.append(after)
        if ringing != call.ringing:
            told.append(CallUpdate(after))


def _finish(world: World, home: Home, call: Call) -> None:
    """Write into a call's message that it ended, and who took part."""
    record = world.log.get(call.channel_id, call.message_id)
    if record is None:
        return
    with suppress(BadRecord, Refused):
        ended = CallRecord(participants=call.joined, ended_at_ms=world.wall_ms())
        message = replace(decode(record), call=ended)
        entry = Entry(Kind.UPDATE, message.channel_id, message.id, encode(message))
        # Nobody waits for it: deleted meanwhile, it needs no end.
        world.post(home, entry, MessageUpdate(message)).add_done_callback(_forget)


def _forget(done: Future[None]) -> None:
    if not done.cancelled():
        done.exception()


def settle(world: World, home: Home) -> None:
    """After any change of a home: who may not be in voice any more leaves, flags follow.

    Called by the gate in the same turn, without awaiting anything.
    """
    snapshot = home.snapshot
    if snapshot is None or not snapshot.voice_states:
        return
    wall_ms = world.wall_ms()
    moved: list[Change] = []
    for state in snapshot.voice_states.values():
        after = settled(snapshot, state, wall_ms)
        if after is not state:
            moved.append((state, after))
    if moved:
        change(world, home, moved)


def admit(world: World, home: Home, state: VoiceState) -> VoiceServerUpdate:
    """A new token for a voice state, as its session is told of it."""
    snapshot = home.snapshot
    assert snapshot is not None
    token = secrets.token_urlsafe(24)
    home.tickets[state.user_id] = Ticket(
        token, state.session_id, state.channel_id, world.clock.now() + IDENTIFY_S
    )
    private = snapshot.guild is None
    return VoiceServerUpdate(
        state.user_id,
        state.session,
        token,
        state.endpoint,
        guild_id=None if private else home.key,
        channel=home.key if private else None,
    )
