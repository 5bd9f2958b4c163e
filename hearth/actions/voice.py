"""Voice states: join, leave, speak on a stage, be moved (Discord reference, "Voice resource")."""

import secrets

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.home import Home
from hearth.actions.scopes import Audit, InChannel, InGuild, SignedIn
from hearth.actions.voicing import admit, change
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.errors import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOT_IN_VOICE,
    UNKNOWN_CHANNEL,
    UNKNOWN_VOICE_STATE,
    WRONG_CHANNEL_TYPE,
    Refused,
    invalid_form,
)
from hearth.core.events import Event
from hearth.core.limits import Rate
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member, MemberPatch
from hearth.core.models.voice import (
    SelfVoicePatch,
    UpdateVoiceState,
    VoiceChannel,
    VoicePatch,
    VoiceRegionObject,
    VoiceState,
    VoiceStateObject,
    VoiceStatusPut,
    whole_voice_state,
)
from hearth.core.operations import operation
from hearth.core.permissions import P, resolve
from hearth.core.voice import SPOKEN, is_full, is_silenced, may_show
from hearth.core.voice_events import REGION, VoiceChannelStatusUpdate, VoiceStateUpdate
from hearth.core.wire import parse_timestamp

SLACK_MS = 60_000
"""How far in the past a clock that is slow may say that now is."""


# Joining and leaving


@operation(op=4, rate=Rate(60, per=60), commits=True)
async def request_voice_state(here: InGuild, body: UpdateVoiceState) -> None:
    """Join a channel of a guild, move there, leave voice, or change one's own flags.

    Needs VIEW_CHANNEL and CONNECT, and room unless one has MOVE_MEMBERS.
    """
    if here.member is None:
        raise Refused(MISSING_ACCESS)
    before = here.snapshot.voice_states.get(here.member.user_id)
    if body.channel_id is None:
        _leave(here, before)
        return
    channel = here.snapshot.channels.get(body.channel_id)
    if channel is None:
        raise Refused(UNKNOWN_CHANNEL)
    permissions = here.permissions_in(channel)
    if not permissions & P.VIEW_CHANNEL:
        raise Refused(MISSING_ACCESS)
    if channel.type not in SPOKEN:
        raise Refused(WRONG_CHANNEL_TYPE)
    if before is None or before.channel_id != channel.id:
        if not permissions & P.CONNECT:
            raise Refused(MISSING_PERMISSIONS)
        full = is_full(here.snapshot, channel, here.member.user_id)
        if full and not permissions & P.MOVE_MEMBERS:
            raise Refused(MISSING_PERMISSIONS)
    join(here, before, channel.id, body)


def _leave(here: InGuild, before: VoiceState | None) -> None:
    if before is not None and before.session == here.params["session_id"]:
        change(here.world, here.home, [(before, None)])


def join(here: InGuild, before: VoiceState | None, channel_id: int, body: UpdateVoiceState) -> None:
    """Put the caller where they may be, and let them connect where that is somewhere new.

    Who asks again from where they are, without a change, gets another token.
    """
    world, home, session = here.world, here.home, str(here.params["session_id"])
    same = before is not None and before.session == session
    after = VoiceState(
        home_id=home.key,
        user_id=here.who.user_id,
        channel_id=channel_id,
        session_id=before.session_id if before and same else secrets.token_hex(16),
        session=session,
        endpoint=str(here.params.get("endpoint", "")),
        joined_at_ms=world.wall_ms(),
        self_mute=body.self_mute,
        self_deaf=body.self_deaf,
        self_video=body.self_video,
    )
    if before is not None and same and before.channel_id == channel_id:
        after = replace(
            after,
            joined_at_ms=before.joined_at_ms,
            suppress=before.suppress,
            request_to_speak_ms=before.request_to_speak_ms,
            let_in=before.let_in,
            self_stream=before.self_stream,
        )
        after = _as_allowed(here.snapshot, after, world.wall_ms())
        if after == before:
            change(world, home, [(before, after)], [admit(world, home, after)])
        else:
            change(world, home, [(before, after)])
        return
    after = _as_allowed(here.snapshot, after, world.wall_ms())
    change(world, home, [(before, after)], [admit(world, home, after)])


def _as_allowed(snapshot: Snapshot, state: VoiceState, wall_ms: int) -> VoiceState:
    """A state with what its channel does to it; whoever comes to a stage listens at first."""
    video = state.self_video and may_show(snapshot, state, wall_ms)
    before = snapshot.voice_states.get(state.user_id)
    channel = snapshot.channels.get(state.channel_id)
    if channel is not None and channel.type == ChannelType.GUILD_STAGE_VOICE:
        here = before is not None and before.channel_id == state.channel_id
        return replace(state, self_video=video, suppress=state.suppress or not here)
    return replace(state, self_video=video, suppress=is_silenced(snapshot, state, wall_ms))


def move(world: World, home: Home, state: VoiceState, channel: Channel) -> None:
    """Let somebody else be taken to a channel, where they connect anew."""
    snapshot = home.snapshot
    assert snapshot is not None
    after = replace(
        state,
        channel_id=channel.id,
        suppress=False,
        request_to_speak_ms=None,
        let_in=True,
        self_stream=False,
        joined_at_ms=world.wall_ms(),
    )
    after = _as_allowed(snapshot, after, world.wall_ms())
    change(world, home, [(state, after)], [admit(world, home, after)])


# By moderators: mute, deaf and channel_id of update_guild_member


class Moderated:
    """What a change of a member does in voice; `state` is where they are now."""

    def __init__(self, here: InGuild, member: Member, body: MemberPatch) -> None:
        """Check it; raises Refused."""
        self.wants_move = body.channel_id is not UNSET
        self.values = {
            name: value
            for name, value in (("mute", body.mute), ("deaf", body.deaf))
            if isinstance(value, bool)
        }
        self.state = here.snapshot.voice_states.get(member.user_id)
        self.target: Channel | None = None
        if not self.wants_move and not self.values:
            return
        channel = None if self.state is None else here.snapshot.channels.get(self.state.channel_id)
        permissions = here.permissions_in(channel)
        needs = P.MUTE_MEMBERS if "mute" in self.values else 0
        needs |= P.DEAFEN_MEMBERS if "deaf" in self.values else 0
        needs |= P.MOVE_MEMBERS if self.wants_move else 0
        if permissions & needs != needs:
            raise Refused(MISSING_PERMISSIONS)
        if self.state is None:
            raise Refused(NOT_IN_VOICE)
        if isinstance(body.channel_id, int):
            self.target = self._target(here, member, body.channel_id)

    def _target(self, here: InGuild, member: Member, channel_id: int) -> Channel:
        """Where a member is to be moved: the caller may connect and move there, they may look."""
        channel = here.snapshot.channels.get(channel_id)
        if channel is None:
            raise Refused(UNKNOWN_CHANNEL)
        permissions = here.permissions_in(channel)
        if not permissions & P.VIEW_CHANNEL:
            raise Refused(MISSING_ACCESS)
        if channel.type not in SPOKEN:
            raise Refused(WRONG_CHANNEL_TYPE)
        needs = P.CONNECT | P.MOVE_MEMBERS
        sees = resolve(here.snapshot, member, channel, here.world.wall_ms()) & P.VIEW_CHANNEL
        if permissions & needs != needs or not sees:
            raise Refused(MISSING_PERMISSIONS)
        return channel

    def told(self) -> list[Event]:
        """What is told beside the member's change."""
        if self.state is None or not self.values:
            return []
        return [VoiceStateUpdate(self.state, self.state.channel_id)]

    async def move(self, here: InGuild) -> None:
        """Move or disconnect them, once the rest is done."""
        state = self.state
        if not self.wants_move or state is None:
            return
        if self.target is None:
            options = {"count": "1"}
            await here.note(Audit(AuditAction.MEMBER_DISCONNECT, None, options=options))
            change(here.world, here.home, [(state, None)])
        elif self.target.id != state.channel_id:
            options = {"channel_id": str(self.target.id), "count": "1"}
            await here.note(Audit(AuditAction.MEMBER_MOVE, None, options=options))
            move(here.world, here.home, state, self.target)


# The operations with paths


@operation("GET", "/voice/regions")
async def list_voice_regions(here: SignedIn) -> list[VoiceRegionObject]:
    """The voice regions: this server."""
    return [VoiceRegionObject(id=REGION, name="Hearth")]


@operation("GET", "/guilds/{guild_id}/regions")
async def list_guild_voice_regions(here: InGuild) -> list[VoiceRegionObject]:
    """The voice regions of a guild: this server."""
    return [VoiceRegionObject(id=REGION, name="Hearth")]


@operation("GET", "/guilds/{guild_id}/voice-states/@me")
async def get_self_voice_state(here: InGuild) -> VoiceStateObject:
    """The caller's voice state."""
    return _shown(here, _state(here, here.who.user_id))


@operation("GET", "/guilds/{guild_id}/voice-states/{user_id}")
async def get_voice_state(here: InGuild, user_id: int) -> VoiceStateObject:
    """A member's voice state, in a channel where the caller may connect."""
    state = _state(here, user_id)
    if user_id != here.who.user_id:
        permissions = here.permissions_in(here.snapshot.channels[state.channel_id])
        if not permissions & P.VIEW_CHANNEL:
            raise Refused(UNKNOWN_VOICE_STATE)
        if not permissions & P.CONNECT:
            raise Refused(MISSING_PERMISSIONS)
    return _shown(here, state)


@operation("PATCH", "/guilds/{guild_id}/voice-states/@me", commits=True)
async def update_self_voice_state(here: InGuild, body: SelfVoicePatch) -> None:
    """Ask to speak on a stage, with REQUEST_TO_SPEAK; go there with MUTE_MEMBERS; step down."""
    state = _state(here, here.who.user_id)
    permissions = _on_stage(here, state, body.channel_id)
    after, now = state, here.world.wall_ms()
    asked = body.request_to_speak_timestamp
    if isinstance(asked, str):
        at_ms = parse_timestamp(asked)
        if at_ms is None or at_ms < now - SLACK_MS:
            path = ("request_to_speak_timestamp",)
            raise invalid_form(
                (path, "DATE_TIME_TYPE_PARSE", "Must be a time that has not passed.")
            )
        if not permissions & P.REQUEST_TO_SPEAK:
            raise Refused(MISSING_PERMISSIONS)
        after = replace(after, request_to_speak_ms=at_ms)
    elif asked is None:
        after = replace(after, request_to_speak_ms=None)
    if body.suppress:
        after = replace(after, suppress=True)
    elif body.suppress is False and state.suppress:
        if not permissions & P.MUTE_MEMBERS:
            raise Refused(MISSING_PERMISSIONS)
        after = replace(after, suppress=False, request_to_speak_ms=None)
    if after != state:
        change(here.world, here.home, [(state, after)])


@operation("PATCH", "/guilds/{guild_id}/voice-states/{user_id}", commits=True)
async def update_voice_state(here: InGuild, user_id: int, body: VoicePatch) -> None:
    """Ask a member to speak on a stage, or let them speak no more; with MUTE_MEMBERS there."""
    state = _state(here, user_id)
    channel = here.snapshot.channels[state.channel_id]
    if not here.permissions_in(channel) & P.VIEW_CHANNEL:
        raise Refused(UNKNOWN_VOICE_STATE)
    if not _on_stage(here, state, body.channel_id) & P.MUTE_MEMBERS:
        raise Refused(MISSING_PERMISSIONS)
    after = state
    if body.suppress:
        after = replace(after, suppress=True, request_to_speak_ms=None)
    elif body.suppress is False and state.suppress:
        # A person is asked, and speaks once they say yes by taking the time away.
        asked = None if here.home.user(user_id).bot else here.world.wall_ms()
        after = replace(after, suppress=False, request_to_speak_ms=asked)
    if after != state:
        change(here.world, here.home, [(state, after)])


def _state(here: InGuild, user_id: int) -> VoiceState:
    state = here.snapshot.voice_states.get(user_id)
    if state is None or state.channel_id not in here.snapshot.channels:
        raise Refused(UNKNOWN_VOICE_STATE)
    return state


def _on_stage(here: InGuild, state: VoiceState, channel_id: int | None) -> int:
    """The caller's permissions on the stage where somebody is, which must be the one named."""
    channel = here.snapshot.channels[state.channel_id]
    if channel_id not in (None, channel.id):
        raise Refused(UNKNOWN_VOICE_STATE)
    if channel.type != ChannelType.GUILD_STAGE_VOICE:
        raise Refused(WRONG_CHANNEL_TYPE)
    return here.permissions_in(channel)


def _shown(here: InGuild, state: VoiceState) -> VoiceStateObject:
    member = here.snapshot.members.get(state.user_id)
    return whole_voice_state(
        state, here.guild.id, member, here.home.user(state.user_id), gone=False
    )


@operation(
    "PUT",
    "/channels/{channel_id}/voice-status",
    needs=P.SET_VOICE_CHANNEL_STATUS,
    commits=True,
    rate=Rate(10, per=10),
)
async def update_voice_channel_status(here: InChannel, body: VoiceStatusPut) -> None:
    """Say what a voice channel is about; with MANAGE_CHANNELS also from outside.

    It is forgotten when the last leaves.
    """
    channel = here.channel
    if channel.type != ChannelType.GUILD_VOICE:
        raise Refused(WRONG_CHANNEL_TYPE)
    own = here.snapshot.voice_states.get(here.who.user_id)
    if own is None or own.channel_id != channel.id:
        here.require(P.MANAGE_CHANNELS)
    status = (body.status or "").strip() or None
    known = here.snapshot.voice_channels.get(channel.id) or VoiceChannel(channel_id=channel.id)
    if known.status == status:
        return
    if status is None:
        audit = Audit(AuditAction.VOICE_CHANNEL_STATUS_DELETE, channel.id)
    else:
        options = {"status": status}
        audit = Audit(AuditAction.VOICE_CHANNEL_STATUS_UPDATE, channel.id, options=options)
    await here.note(audit)
    save: list[Noun] = [replace(known, status=status)]
    here.tell([VoiceChannelStatusUpdate(channel.id, status)], save=save)
