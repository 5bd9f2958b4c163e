"""Events of voice: who is where, where to connect, stages and calls (Discord, "Gateway events")."""

from typing import Any

from hearth.core.events import PEOPLE, Context, Event, Intent, event, of_guild
from hearth.core.models.voice import (
    Call,
    StageInstance,
    VoiceState,
    stage_object,
    voice_state_object,
    whole_voice_state,
)


@event("VOICE_STATE_UPDATE", intent=Intent.GUILD_VOICE_STATES, to="channel")
class VoiceStateUpdate(Event):
    """Somebody joined voice, left, moved or changed; who sees only where they were hears that."""

    state: VoiceState
    before: int | None = None
    """The channel where they were, None when they were in none."""
    gone: bool = False
    """Whether they are in no channel now; `state` is what they left."""

    @property
    def channel_id(self) -> int:
        return self.state.channel_id

    @property
    def user_id(self) -> int:
        return self.state.user_id

    def data(self, at: Context) -> Any:
        return self._shown(at, gone=self.gone)

    def left(self, at: Context) -> Any:
        """`d` for those who see the channel that was left, and not the other."""
        return self._shown(at, gone=True)

    def _shown(self, at: Context, *, gone: bool) -> Any:
        snapshot, user_id = at.snapshot, self.state.user_id
        assert snapshot is not None
        guild_id = None if snapshot.guild is None else snapshot.guild.id
        member = snapshot.members.get(user_id)
        return whole_voice_state(self.state, guild_id, member, at.user(user_id), gone=gone)


@event("VOICE_SERVER_UPDATE", to="user")
class VoiceServerUpdate(Event):
    """Where the session that asked for it is to connect for voice, and the token to do it with."""

    user: int
    session: str
    token: str
    endpoint: str
    guild_id: int | None = None
    channel: int | None = None

    @property
    def user_id(self) -> int:
        return self.user

    def data(self, at: Context) -> Any:
        d: dict[str, Any] = {
            "token": self.token,
            "guild_id": None if self.guild_id is None else str(self.guild_id),
            "endpoint": self.endpoint or None,
        }
        if self.channel is not None:
            d["channel_id"] = str(self.channel)
        return d


@event("VOICE_CHANNEL_STATUS_UPDATE", intent=Intent.GUILDS, to="channel")
class VoiceChannelStatusUpdate(Event):
    """A voice channel is about something else."""

    channel: int
    status: str | None

    @property
    def channel_id(self) -> int:
        return self.channel

    def data(self, at: Context) -> Any:
        return {"id": str(self.channel), **of_guild(at), "status": self.status}


@event("VOICE_CHANNEL_START_TIME_UPDATE", intent=Intent.GUILDS, to="channel")
class VoiceChannelStartTimeUpdate(Event):
    """The first came into a voice channel, or the last left it."""

    channel: int
    started_s: int | None

    @property
    def channel_id(self) -> int:
        return self.channel

    def data(self, at: Context) -> Any:
        return {"id": str(self.channel), **of_guild(at), "voice_start_time": self.started_s}


# Stages


@event("STAGE_INSTANCE_CREATE", intent=Intent.GUILDS, to="channel")
class StageInstanceCreate(Event):
    """A stage is live."""

    stage: StageInstance

    @property
    def channel_id(self) -> int:
        return self.stage.channel_id

    def data(self, at: Context) -> Any:
        return stage_object(self.stage)


@event("STAGE_INSTANCE_UPDATE", intent=Intent.GUILDS, to="channel")
class StageInstanceUpdate(StageInstanceCreate):
    """A stage has another topic."""


@event("STAGE_INSTANCE_DELETE", intent=Intent.GUILDS, to="channel")
class StageInstanceDelete(StageInstanceCreate):
    """A stage was closed."""


# Calls


class _CallEvent(Event):
    call: Call

    @property
    def channel_id(self) -> int:
        return self.call.channel_id


@event("CALL_UPDATE", intent=PEOPLE, to="channel")
class CallUpdate(_CallEvent):
    """Others are rung in a call."""

    def data(self, at: Context) -> Any:
        return {
            "channel_id": str(self.call.channel_id),
            "message_id": str(self.call.message_id),
            "region": REGION,
            "ringing": [str(user_id) for user_id in self.call.ringing],
        }


@event("CALL_CREATE", intent=PEOPLE, to="channel")
class CallCreate(CallUpdate):
    """A call began."""

    def data(self, at: Context) -> Any:
        snapshot = at.snapshot
        assert snapshot is not None
        states = [voice_state_object(each, None) for each in snapshot.voice_states.values()]
        return {**super().data(at), "voice_states": states}


@event("CALL_DELETE", intent=PEOPLE, to="channel")
class CallDelete(_CallEvent):
    """A call ended."""

    def data(self, at: Context) -> Any:
        return {"channel_id": str(self.call.channel_id)}


REGION = "hearth"
"""The one voice region."""
