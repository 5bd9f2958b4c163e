"""What the server itself asks of voice states: who connects may, who is gone leaves."""

import hmac

from msgspec import Struct
from msgspec.structs import replace

from hearth.actions.scopes import Params, Scope
from hearth.actions.voice import move
from hearth.actions.voicing import Change, admit, change
from hearth.actions.world import World
from hearth.core.errors import (
    INVALID_TOKEN,
    UNAUTHORIZED,
    UNKNOWN_CHANNEL,
    UNKNOWN_VOICE_STATE,
    Refused,
)
from hearth.core.models.guilds import Snapshot
from hearth.core.models.voice import KeptVoice
from hearth.core.operations import Principal, operation
from hearth.core.permissions import P, resolve
from hearth.core.voice import may_stay


class InHome(Scope):
    """For the server itself, in the guild or private channel `home_id`."""

    __slots__ = ("snapshot",)

    holds_guild = True
    snapshot: Snapshot

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return int(params["home_id"])

    def admit(self) -> None:
        if self.who.kind != "system":
            raise Refused(UNAUTHORIZED)
        if self.home.snapshot is None:
            raise Refused(UNKNOWN_CHANNEL)
        self.snapshot = self.home.snapshot


class VoiceToken(Struct, frozen=True):
    """What a voice connection shows: which state it is of, and the token."""

    user_id: int
    session_id: str
    token: str


@operation(commits=True)
async def enter_voice(here: InHome, body: VoiceToken) -> int:
    """Use a voice token up; gives the channel. It is good once, for a minute, where one may be."""
    state = here.snapshot.voice_states.get(body.user_id)
    ticket = here.home.tickets.get(body.user_id)
    if state is None or ticket is None or state.session_id != body.session_id:
        raise Refused(UNKNOWN_VOICE_STATE)
    good = hmac.compare_digest(ticket.token.encode(), body.token.encode())
    if not good or ticket.used or here.world.clock.now() >= ticket.until:
        raise Refused(INVALID_TOKEN)
    of = (ticket.session_id, ticket.channel_id)
    if of != (state.session_id, state.channel_id):
        raise Refused(INVALID_TOKEN)
    if not may_stay(here.snapshot, state, here.world.wall_ms()):
        raise Refused(UNKNOWN_VOICE_STATE)
    ticket.used = True
    return state.channel_id


@operation(commits=True)
async def leave_voice(here: InHome) -> None:
    """Take `user_id` out of voice, if it is still the session or connection that is named.

    `session` is a gateway session, `session_id` a voice connection.
    """
    state = here.snapshot.voice_states.get(int(here.params["user_id"]))
    if state is not None and (
        state.session == here.params.get("session")
        or state.session_id == here.params.get("session_id")
    ):
        change(here.world, here.home, [(state, None)])


@operation(commits=True)
async def move_to_afk(here: InHome) -> None:
    """Move `user_id`, who has been silent and away, to the guild's AFK channel."""
    guild = here.snapshot.guild
    state = here.snapshot.voice_states.get(int(here.params["user_id"]))
    if guild is None or state is None or guild.afk_channel_id in (None, state.channel_id):
        return
    channel = here.snapshot.channels.get(guild.afk_channel_id or 0)
    member = here.snapshot.members.get(state.user_id)
    if channel is None or member is None:
        return
    if not resolve(here.snapshot, member, channel, here.world.wall_ms()) & P.VIEW_CHANNEL:
        return
    move(here.world, here.home, state, channel)


@operation(commits=True)
async def set_streaming(here: InHome) -> None:
    """Note that `user_id` shows a screen by the connection `session_id`, or, `on` 0, does not."""
    state = here.snapshot.voice_states.get(int(here.params["user_id"]))
    on = bool(here.params["on"])
    if state is None or state.session_id != here.params["session_id"] or state.self_stream == on:
        return
    change(here.world, here.home, [(state, replace(state, self_stream=on))])


@operation(commits=True)
async def readmit_voice(here: InHome) -> None:
    """Let `user_id` connect anew where the connection `session_id` was, which is no more."""
    state = here.snapshot.voice_states.get(int(here.params["user_id"]))
    if state is None or state.session_id != here.params["session_id"]:
        return
    if state.self_stream:
        change(here.world, here.home, [(state, replace(state, self_stream=False))])
    here.tell([admit(here.world, here.home, state)])


class Returned(Struct):
    """What was kept of a home's voice, and the users whose sessions were kept too."""

    kept: KeptVoice
    user_ids: list[int]


@operation(commits=True)
async def restore_voice(here: InHome, body: Returned) -> None:
    """After an orderly restart: who has a session still is where they were, and connects anew.

    Those are told where to; of the others it is told that they left.
    """
    world, home, kept = here.world, here.home, body.kept
    states = [each for each in kept.states if each.user_id not in here.snapshot.voice_states]
    world.publish(home, [*states, *kept.channels, *kept.stages, *kept.calls])
    snapshot = home.snapshot
    assert snapshot is not None
    here_still = {
        each.user_id
        for each in states
        if each.user_id in body.user_ids and may_stay(snapshot, each, world.wall_ms())
    }
    gone: list[Change] = [(each, None) for each in states if each.user_id not in here_still]
    if gone:
        change(world, home, gone)
    world.publish(
        home, tell=[admit(world, home, each) for each in states if each.user_id in here_still]
    )


def keep_voice(world: World) -> list[KeptVoice]:
    """What an orderly restart keeps of voice, before this process ends."""
    return [
        KeptVoice(
            home_id=home.key,
            states=list(home.snapshot.voice_states.values()),
            channels=list(home.snapshot.voice_channels.values()),
            stages=list(home.snapshot.stages.values()),
            calls=list(home.snapshot.calls.values()),
        )
        for home in world.homes.values()
        if home.snapshot is not None and home.snapshot.voice_states
    ]
