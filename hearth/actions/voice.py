"""Voice states (Discord reference, "Voice resource"): nobody can be in voice yet."""

from typing import Any

from msgspec import Struct

from hearth.actions.scopes import InGuild
from hearth.core.errors import UNKNOWN_VOICE_STATE, Refused
from hearth.core.operations import operation
from hearth.core.wire import Snowflake


class SelfVoicePatch(Struct, kw_only=True):
    """Body of update_self_voice_state."""

    channel_id: Snowflake | None = None
    suppress: bool | None = None
    request_to_speak_timestamp: str | None = None


class VoicePatch(Struct, kw_only=True):
    """Body of update_voice_state."""

    channel_id: Snowflake | None = None
    suppress: bool | None = None


@operation("GET", "/guilds/{guild_id}/voice-states/@me")
async def get_self_voice_state(here: InGuild) -> dict[str, Any]:
    """The caller's voice state: none before voice."""
    raise Refused(UNKNOWN_VOICE_STATE)


@operation("GET", "/guilds/{guild_id}/voice-states/{user_id}")
async def get_voice_state(here: InGuild, user_id: int) -> dict[str, Any]:
    """A member's voice state: none before voice."""
    raise Refused(UNKNOWN_VOICE_STATE)


@operation("PATCH", "/guilds/{guild_id}/voice-states/@me")
async def update_self_voice_state(here: InGuild, body: SelfVoicePatch) -> None:
    """Ask to speak on a stage: not before voice."""
    raise Refused(UNKNOWN_VOICE_STATE)


@operation("PATCH", "/guilds/{guild_id}/voice-states/{user_id}")
async def update_voice_state(here: InGuild, user_id: int, body: VoicePatch) -> None:
    """Let a member speak on a stage: not before voice."""
    raise Refused(UNKNOWN_VOICE_STATE)
