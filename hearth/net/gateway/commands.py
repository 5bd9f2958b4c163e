"""What a session's client asks for once it has begun: each opcode an operation, and its answer."""

import msgspec
from msgspec import Struct

from hearth.actions.calls import CallConnect
from hearth.actions.gate import call
from hearth.actions.gateway import (
    ChannelInfo,
    LastMessages,
    MembersAsked,
    RequestGuildMembers,
    SoundboardSounds,
)
from hearth.core.errors import Refused
from hearth.core.models.presence import PresencePut
from hearth.core.models.subscriptions import Subscription
from hearth.core.models.voice import UpdateVoiceState
from hearth.core.operations import OPERATIONS, Operation, Principal
from hearth.net.gateway import ready
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.conversation import (
    CALL_CONNECT,
    CHANNEL_STATUSES,
    SUBSCRIBE_GUILD,
    SUBSCRIBE_GUILDS,
    Command,
)
from hearth.net.gateway.hub import Hub
from hearth.net.gateway.session import Session

_encode = msgspec.json.Encoder().encode

_OF_OP: dict[int, Operation] = {}


def commands() -> dict[int, Operation]:
    """The operations that are commands, by opcode."""
    if not _OF_OP:
        _OF_OP.update({each.op: each for each in OPERATIONS.values() if each.op is not None})
    return _OF_OP


def guilds_of(body: Struct) -> list[int]:
    """The guilds that a command is about."""
    asked: int | list[int] | None = getattr(body, "guild_ids", None)
    if asked is None:
        asked = getattr(body, "guild_id", None)
    if asked is None:
        return []
    return [asked] if isinstance(asked, int) else list(dict.fromkeys(asked))


async def obey(hub: Hub, session: Session, command: Command) -> bool:
    """Do what a client asked for, and tell it the answer; False when it cannot be read."""
    operation = commands().get(command.op)
    if operation is None:
        return True
    if command.op in (SUBSCRIBE_GUILD, SUBSCRIBE_GUILDS) and not session.wants_all:
        return True  # Bots are told by intent, and nothing of lists.
    try:
        body = msgspec.json.decode(command.d, type=operation.body, strict=False)
    except (msgspec.DecodeError, RecursionError):
        return False
    who = Principal(
        kind="user" if session.wants_all else "bot", user_id=session.user_id, token=session.token
    )
    params: dict[str, int | str] = {"session_id": session.id, "client": session.client}
    if isinstance(body, PresencePut):
        session.presence = body
        await _ask(hub, session, operation, who, params, body)
        return True
    if isinstance(body, CallConnect):
        params["channel_id"] = body.channel_id
        await _ask(hub, session, operation, who, params, body)
        return True
    guild_ids = guilds_of(body)
    if isinstance(body, UpdateVoiceState):
        params["endpoint"] = hub.voice_endpoint(session)
        if not guild_ids:
            await _ask_for_call(hub, session, who, params, body)
            return True
    if isinstance(body, RequestGuildMembers):
        if not session.wants_all and len(guild_ids) != 1:
            return False  # Bots ask for one guild at a time.
        if not ready.may_ask(session, body):
            return True
    for guild_id in guild_ids:
        params["guild_id"] = guild_id
        await _ask(hub, session, operation, who, params, body)
    return True


async def _ask_for_call(
    hub: Hub,
    session: Session,
    who: Principal,
    params: dict[str, int | str],
    body: UpdateVoiceState,
) -> None:
    """Op 4 without a guild: join the call of a channel, or leave whichever one is in."""
    if body.channel_id is None:
        hub.voices.leave(session, calls=True)
        return
    params["channel_id"] = body.channel_id
    await _ask(hub, session, OPERATIONS["request_call_state"], who, params, body)


async def _ask(
    hub: Hub,
    session: Session,
    operation: Operation,
    who: Principal,
    params: dict[str, int | str],
    body: Struct,
) -> None:
    """One call; a refusal is silent but for RATE_LIMITED."""
    op = operation.op or 0
    try:
        value = (await call(hub.world, operation, who, params, body)).value
    except Refused as refused:
        told = ready.rate_limited(op, body, params.get("guild_id"), refused)
        if told is not None:
            hub.tell(session, told)
        return
    if isinstance(value, MembersAsked):
        home = await hub.world.home(value.guild_id)
        for chunk in ready.chunks(session, home, value):
            hub.tell(session, chunk)
    elif isinstance(value, Subscription):
        hub.subscriptions.follow(session, int(params["guild_id"]), value)
    elif op == CALL_CONNECT:
        if value is not None:
            hub.tell(session, Payload("CALL_CREATE", _encode(value)))
    elif isinstance(value, SoundboardSounds):
        hub.tell(session, Payload("SOUNDBOARD_SOUNDS", _encode(value)))
    elif isinstance(value, LastMessages):
        hub.tell(session, Payload("LAST_MESSAGES", _encode(value)))
    elif isinstance(value, ChannelInfo) and op == CHANNEL_STATUSES:
        hub.tell(session, Payload("CHANNEL_STATUSES", _encode(value)))
    elif isinstance(value, ChannelInfo):
        hub.tell(session, Payload("CHANNEL_INFO", _encode(value)))
