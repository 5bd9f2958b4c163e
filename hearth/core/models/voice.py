"""Who is in voice, and what is said of a channel with people in it (reference, "Voice", "Stage").

All of it lives in the home's memory only: it ends with the connections that it is about.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.members import Member, MemberObject, member_object
from hearth.core.models.users import User
from hearth.core.wire import Snowflake, timestamp

# Nouns


class VoiceState(Struct, frozen=True, gc=False, kw_only=True):
    """A user's place in voice; at most one in each guild or private channel, `home_id`.

    `session_id` names the voice connection and is told to all; `session` is the gateway session
    that asked for it, with which it ends, and `endpoint` where that one is to connect. Who was
    `let_in` by a moderator stays without CONNECT. Mute and deaf are the member's; `self_stream` is
    what the media server sees: a screen is shown.
    """

    home_id: int
    user_id: int
    channel_id: int
    session_id: str
    session: str
    endpoint: str
    joined_at_ms: int
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False
    suppress: bool = False
    request_to_speak_ms: int | None = None
    let_in: bool = False
    self_stream: bool = False


class VoiceChannel(Struct, frozen=True, gc=False, kw_only=True):
    """A guild's channel with people in it: since when, in epoch seconds, and what it is about."""

    channel_id: int
    started_s: int | None = None
    status: str | None = None


class StageInstance(Struct, frozen=True, gc=False, kw_only=True):
    """A stage that is live."""

    id: int
    guild_id: int
    channel_id: int
    topic: str
    privacy_level: int = 2


class Call(Struct, frozen=True, gc=False, kw_only=True):
    """A call in a private channel, the message that tells of it, who is rung, and who joined."""

    channel_id: int
    message_id: int
    ringing: tuple[int, ...] = ()
    joined: tuple[int, ...] = ()


class KeptVoice(Struct, kw_only=True):
    """Who is in voice in a home, and what there is for that: what an orderly restart keeps."""

    home_id: int
    states: list[VoiceState]
    channels: list[VoiceChannel] = []
    stages: list[StageInstance] = []
    calls: list[Call] = []


# Replies


class VoiceStateObject(Struct, gc=False, kw_only=True):
    """A voice state; without `guild_id` and `member` in GUILD_CREATE."""

    channel_id: str | None
    user_id: str
    session_id: str
    deaf: bool
    mute: bool
    self_deaf: bool
    self_mute: bool
    self_stream: bool
    self_video: bool
    suppress: bool
    request_to_speak_timestamp: str | None
    guild_id: str | UnsetType | None = UNSET
    member: MemberObject | UnsetType = UNSET


def voice_state_object(
    state: VoiceState, member: Member | None, *, gone: bool = False
) -> VoiceStateObject:
    """A voice state of the `member`, in no channel any more when they are `gone`."""
    return VoiceStateObject(
        channel_id=None if gone else str(state.channel_id),
        user_id=str(state.user_id),
        session_id=state.session_id,
        deaf=member is not None and member.deaf,
        mute=member is not None and member.mute,
        self_deaf=state.self_deaf,
        self_mute=state.self_mute,
        self_stream=state.self_stream,
        self_video=state.self_video,
        suppress=state.suppress,
        request_to_speak_timestamp=None
        if state.request_to_speak_ms is None
        else timestamp(state.request_to_speak_ms),
    )


def whole_voice_state(
    state: VoiceState, guild_id: int | None, member: Member | None, user: User, *, gone: bool
) -> VoiceStateObject:
    """A voice state with its guild and member; in a private channel both are none."""
    shown = voice_state_object(state, None if guild_id is None else member, gone=gone)
    shown.guild_id = None if guild_id is None else str(guild_id)
    if guild_id is not None and member is not None:
        shown.member = member_object(member, user)
    return shown


class StageInstanceObject(Struct, gc=False, kw_only=True):
    """A stage that is live."""

    id: str
    guild_id: str
    channel_id: str
    topic: str
    privacy_level: int
    discoverable_disabled: bool = True
    guild_scheduled_event_id: None = None


def stage_object(stage: StageInstance) -> StageInstanceObject:
    """A live stage as it is shown."""
    return StageInstanceObject(
        id=str(stage.id),
        guild_id=str(stage.guild_id),
        channel_id=str(stage.channel_id),
        topic=stage.topic,
        privacy_level=stage.privacy_level,
    )


class VoiceRegionObject(Struct, gc=False, kw_only=True):
    """Where voice is served from."""

    id: str
    name: str
    optimal: bool = True
    deprecated: bool = False
    custom: bool = False


class Ringable(Struct, gc=False, kw_only=True):
    """Whether the caller may ring others in a private channel."""

    ringable: bool


# Requests


class UpdateVoiceState(Struct, kw_only=True):
    """Op 4 (topic "Gateway events", "Update voice state"); without a guild it is a call's."""

    guild_id: Snowflake | None = None
    channel_id: Snowflake | None = None
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False


class SelfVoicePatch(Struct, kw_only=True):
    """Body of update_self_voice_state."""

    channel_id: Snowflake | None = None
    suppress: bool | None = None
    request_to_speak_timestamp: str | UnsetType | None = UNSET


class VoicePatch(Struct, kw_only=True):
    """Body of update_voice_state."""

    channel_id: Snowflake | None = None
    suppress: bool | None = None


class VoiceStatusPut(Struct, kw_only=True):
    """Body of update_voice_channel_status."""

    status: Annotated[str, Meta(max_length=500)] | None = None


Topic = Annotated[str, Meta(min_length=1, max_length=120)]
PrivacyLevel = Literal[1, 2]


class StageCreate(Struct, kw_only=True):
    """Body of create_stage_instance."""

    topic: Topic
    channel_id: Snowflake
    privacy_level: PrivacyLevel | None = None
    guild_scheduled_event_id: Snowflake | None = None
    send_start_notification: bool | None = None


class StagePatch(Struct, kw_only=True):
    """Body of update_stage_instance."""

    topic: Topic | UnsetType = UNSET
    privacy_level: PrivacyLevel | UnsetType = UNSET


class CallPatch(Struct, kw_only=True):
    """Body of update_call. There is one region, so nothing changes."""

    region: str | None = None


class Ring(Struct, kw_only=True):
    """Body of ring_call and stop_ringing; nobody named is everybody, or the caller."""

    recipients: Annotated[list[Snowflake], Meta(max_length=10)] | None = None
