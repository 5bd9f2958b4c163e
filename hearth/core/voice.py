"""The rules of voice: who may be in a channel, who may speak there, who may hear.

Pure (Discord reference, "Permissions", "Voice resource", "Stage instance").
"""

from msgspec.structs import replace

from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.guilds import Snapshot
from hearth.core.models.voice import VoiceState
from hearth.core.permissions import P, resolve

SPOKEN = frozenset({ChannelType.GUILD_VOICE, ChannelType.GUILD_STAGE_VOICE})
"""The channels of guilds that people can be in."""

CALLED = frozenset({ChannelType.DM, ChannelType.GROUP_DM})

MODERATES_STAGE = P.MANAGE_CHANNELS | P.MUTE_MEMBERS | P.MOVE_MEMBERS


def is_full(snapshot: Snapshot, channel: Channel, user_id: int) -> bool:
    """Whether a channel has no room for another; who is in it has theirs."""
    states = snapshot.voice_states.values()
    inside = sum(s.channel_id == channel.id and s.user_id != user_id for s in states)
    return bool(channel.user_limit) and inside >= (channel.user_limit or 0)


def may_stay(snapshot: Snapshot, state: VoiceState, wall_ms: int) -> bool:
    """Whether somebody may still be where they are.

    Who was let in needs no CONNECT; a timeout ends it all.
    """
    member = snapshot.members.get(state.user_id)
    channel = snapshot.channels.get(state.channel_id)
    if member is None or channel is None:
        return False
    if snapshot.guild is None:
        return state.user_id in snapshot.recipients
    until_ms = member.communication_disabled_until_ms
    permissions = resolve(snapshot, member, channel, wall_ms)
    if until_ms is not None and until_ms > wall_ms and not permissions & P.ADMINISTRATOR:
        return False
    needs = P.VIEW_CHANNEL if state.let_in else P.VIEW_CHANNEL | P.CONNECT
    return permissions & needs == needs


def is_silenced(snapshot: Snapshot, state: VoiceState, wall_ms: int) -> bool:
    """Whether a channel that is no stage lets somebody not speak: SPEAK is missing, or it is AFK's.

    On a stage it is decided by its moderators.
    """
    guild, channel = snapshot.guild, snapshot.channels.get(state.channel_id)
    member = snapshot.members.get(state.user_id)
    if guild is None or channel is None or member is None:
        return False
    if channel.type == ChannelType.GUILD_STAGE_VOICE:
        return state.suppress
    if channel.id == guild.afk_channel_id:
        return True
    return not resolve(snapshot, member, channel, wall_ms) & P.SPEAK


def settled(snapshot: Snapshot, state: VoiceState, wall_ms: int) -> VoiceState | None:
    """A voice state as the rules have it now; None when its user may not stay."""
    if not may_stay(snapshot, state, wall_ms):
        return None
    show = may_show(snapshot, state, wall_ms)
    video, stream = state.self_video and show, state.self_stream and show
    suppress = is_silenced(snapshot, state, wall_ms)
    if (video, stream, suppress) == (state.self_video, state.self_stream, state.suppress):
        return state
    return replace(state, self_video=video, self_stream=stream, suppress=suppress)


def may_show(snapshot: Snapshot, state: VoiceState, wall_ms: int) -> bool:
    """Whether somebody may show a camera or a screen where they are."""
    member = snapshot.members.get(state.user_id)
    channel = snapshot.channels.get(state.channel_id)
    if member is None or channel is None:
        return False
    return bool(resolve(snapshot, member, channel, wall_ms) & P.STREAM)


def flags(snapshot: Snapshot, state: VoiceState, wall_ms: int) -> tuple[bool, bool, bool, bool]:
    """What somebody may do with media: be heard, hear, show, and speak before others.

    Who may not stay may do nothing. Who was asked to speak on a stage, and has not answered, is
    not heard.
    """
    member = snapshot.members.get(state.user_id)
    channel = snapshot.channels.get(state.channel_id)
    if member is None or channel is None or not may_stay(snapshot, state, wall_ms):
        return False, False, False, False
    if snapshot.guild is None:
        return not state.self_mute, not state.self_deaf, True, False
    permissions = resolve(snapshot, member, channel, wall_ms)
    stage = channel.type == ChannelType.GUILD_STAGE_VOICE
    silent = is_silenced(snapshot, state, wall_ms) or (
        stage and state.request_to_speak_ms is not None
    )
    return (
        not (silent or member.mute or state.self_mute),
        not (member.deaf or state.self_deaf),
        bool(permissions & P.STREAM) and not (stage and silent),
        bool(permissions & P.PRIORITY_SPEAKER),
    )
