"""Calls in DMs and group DMs: begin, join, ring (discord-userdoccers, "Channels")."""

import asyncio
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hearth.actions.gate import call
from hearth.actions.messages import write_system_message
from hearth.actions.private import others_of
from hearth.actions.reach import reach
from hearth.actions.scopes import InChannel
from hearth.actions.seats import InHome
from hearth.actions.voice import join
from hearth.actions.world import World
from hearth.core.errors import USERS_ONLY, WRONG_CHANNEL_TYPE, Refused
from hearth.core.events import PrivateChannelCreate
from hearth.core.limits import Rate
from hearth.core.models.messages import CallRecord, MessageType
from hearth.core.models.voice import Call, CallPatch, Ring, Ringable, UpdateVoiceState
from hearth.core.operations import OPERATIONS, SYSTEM, operation
from hearth.core.voice import CALLED
from hearth.core.voice_events import CallCreate, CallUpdate
from hearth.core.wire import Snowflake


class CallConnect(Struct, kw_only=True):
    """Op 13: a person's client opened a private channel."""

    channel_id: Snowflake


RING_S = 30.0
"""Who does not answer is rung for so long."""


class Rung(Struct):
    """Who is rung, in the call that a message tells of."""

    message_id: int
    user_ids: list[int]


def _private(here: InChannel) -> None:
    """Raise unless the caller is a person in a private channel."""
    if here.channel.type not in CALLED:
        raise Refused(WRONG_CHANNEL_TYPE)
    if here.who.kind != "user":
        raise Refused(USERS_ONLY)


@operation(rate=Rate(60, per=60), commits=True)
async def request_call_state(here: InChannel, body: UpdateVoiceState) -> None:
    """Join the call of a private channel, which the first to come begins; change one's flags there.

    In a DM it needs what a message there needs. (Op 4 without a guild.)
    """
    _private(here)
    before = here.snapshot.voice_states.get(here.who.user_id)
    if before is None:
        await reach(here)
    if here.channel.id not in here.snapshot.calls:
        await _begin(here)
    join(here, before, here.channel.id, body)


async def _begin(here: InChannel) -> None:
    """Write the message that tells of a call, and show the channel in everybody's list."""
    shut = [each for each in here.snapshot.recipients.values() if not each.open]
    if shut:
        told = [
            PrivateChannelCreate(here.channel, each.user_id, others_of(here, each.user_id))
            for each in shut
        ]
        await here.commit(save=[replace(each, open=True) for each in shut], tell=told)
    record = CallRecord(participants=(here.who.user_id,))
    message_id = await write_system_message(here, MessageType.CALL, call=record)
    made = Call(channel_id=here.channel.id, message_id=message_id)
    here.tell([CallCreate(made)], save=[made])


@operation(op=13, rate=Rate(60, per=60))
async def request_call_connect(here: InChannel, body: CallConnect) -> Any:
    """The call of a private channel as CALL_CREATE tells it, if there is one."""
    _private(here)
    made = here.snapshot.calls.get(here.channel.id)
    return None if made is None else CallCreate(made).data(here.home)


@operation("GET", "/channels/{channel_id}/call")
async def get_call(here: InChannel) -> Ringable:
    """Whether the caller may ring others in a private channel."""
    _private(here)
    try:
        await reach(here)
    except Refused:
        return Ringable(ringable=False)
    return Ringable(ringable=True)


@operation("PATCH", "/channels/{channel_id}/call")
async def update_call(here: InChannel, body: CallPatch) -> None:
    """Ask for another voice region; there is one, and nothing changes."""
    _private(here)


@operation("POST", "/channels/{channel_id}/call/ring", rate=Rate(10, per=10), commits=True)
async def ring_call(here: InChannel, body: Ring) -> None:
    """Ring those named, or all, who are not in the call yet; without a call nobody is rung."""
    _private(here)
    made = here.snapshot.calls.get(here.channel.id)
    if made is None:
        return
    await reach(here)
    wanted = others_of(here, here.who.user_id)
    if body.recipients is not None:
        wanted = tuple(i for i in wanted if i in body.recipients)
    inside = here.snapshot.voice_states
    rung = [i for i in wanted if i not in inside]
    _ring(here, made, {*made.ringing, *rung})
    loop = asyncio.get_running_loop()
    loop.call_later(RING_S, _rang_long, here.world, here.home.key, Rung(made.message_id, rung))


def _rang_long(world: World, home_id: int, rung: Rung) -> None:
    async def end() -> None:
        with suppress(Refused):  # A channel that is gone.
            await call(world, OPERATIONS["end_ringing"], SYSTEM, {"home_id": home_id}, rung)

    world.tasks.start(end(), name="end-ringing")


@operation(commits=True)
async def end_ringing(here: InHome, body: Rung) -> None:
    """Who has not answered for so long is rung no more, in the call of that message."""
    made = here.snapshot.calls.get(here.home.key)
    if made is not None and made.message_id == body.message_id:
        _ring(here, made, {*made.ringing} - {*body.user_ids})


@operation("POST", "/channels/{channel_id}/call/stop-ringing", commits=True)
async def stop_ringing(here: InChannel, body: Ring) -> None:
    """Ring those named no more; nobody named is the caller, who does not answer."""
    _private(here)
    made = here.snapshot.calls.get(here.channel.id)
    if made is not None:
        _ring(here, made, {*made.ringing} - {*(body.recipients or [here.who.user_id])})


def _ring(here: InChannel | InHome, made: Call, ringing: set[int]) -> None:
    after = replace(made, ringing=tuple(sorted(ringing)))
    if after != made:
        here.tell([CallUpdate(after)], save=[after])
