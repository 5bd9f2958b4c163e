"""Stages that are live (Discord reference, "Stage instance resource"): open, change, close."""

from msgspec import UNSET
from msgspec.structs import replace

from hearth.actions.gate import call
from hearth.actions.messages import write_system_message
from hearth.actions.scopes import Audit, InChannel, SignedIn
from hearth.core.errors import STAGE_OPEN, UNKNOWN_STAGE_INSTANCE, WRONG_CHANNEL_TYPE, Refused
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import ChannelType
from hearth.core.models.messages import MessageType
from hearth.core.models.voice import (
    StageCreate,
    StageInstance,
    StageInstanceObject,
    StagePatch,
    stage_object,
)
from hearth.core.operations import OPERATIONS, operation
from hearth.core.patch import Change, changes
from hearth.core.permissions import P
from hearth.core.voice import MODERATES_STAGE
from hearth.core.voice_events import (
    StageInstanceCreate,
    StageInstanceDelete,
    StageInstanceUpdate,
)

_SHOWN = ("topic", "privacy_level")


@operation("POST", "/stage-instances")
async def create_stage_instance(here: SignedIn, body: StageCreate) -> StageInstanceObject:
    """Open a stage, which its moderators may."""
    at: dict[str, int | str] = {"channel_id": body.channel_id}
    operation = OPERATIONS["open_stage"]
    return (await call(here.world, operation, here.who, at, body, None, here.reason)).value


@operation(needs=MODERATES_STAGE, commits=True)
async def open_stage(here: InChannel, body: StageCreate) -> StageInstanceObject:
    """Open the stage of a channel, and say so in its chat.

    With `send_start_notification` the message mentions everyone, where the caller may.
    """
    if here.channel.type != ChannelType.GUILD_STAGE_VOICE:
        raise Refused(WRONG_CHANNEL_TYPE)
    if here.channel.id in here.snapshot.stages:
        raise Refused(STAGE_OPEN)
    stage = StageInstance(
        id=here.world.make_id(),
        guild_id=here.guild.id,
        channel_id=here.channel.id,
        topic=body.topic,
        privacy_level=body.privacy_level or 2,
    )
    await here.note(_audit(AuditAction.STAGE_INSTANCE_CREATE, None, stage))
    here.tell([StageInstanceCreate(stage)], save=[stage])
    everyone = bool(body.send_start_notification) and here.may(P.MENTION_EVERYONE)
    kind = MessageType.STAGE_START
    await write_system_message(here, kind, content=stage.topic, everyone=everyone)
    return stage_object(stage)


@operation("GET", "/stage-instances/{channel_id}")
async def get_stage_instance(here: InChannel) -> StageInstanceObject:
    """The live stage of a channel."""
    return stage_object(_stage(here))


@operation("PATCH", "/stage-instances/{channel_id}", needs=MODERATES_STAGE, commits=True)
async def update_stage_instance(here: InChannel, body: StagePatch) -> StageInstanceObject:
    """Change what a stage is about, and say so in its chat."""
    before = after = _stage(here)
    if body.topic is not UNSET:
        after = replace(after, topic=body.topic)
    if body.privacy_level is not UNSET:
        after = replace(after, privacy_level=body.privacy_level)
    if after != before:
        await here.note(_audit(AuditAction.STAGE_INSTANCE_UPDATE, before, after))
        here.tell([StageInstanceUpdate(after)], save=[after])
        if after.topic != before.topic:
            await write_system_message(here, MessageType.STAGE_TOPIC, content=after.topic)
    return stage_object(after)


@operation("DELETE", "/stage-instances/{channel_id}", needs=MODERATES_STAGE, commits=True)
async def delete_stage_instance(here: InChannel) -> None:
    """Close a stage, and say so in its chat. It is closed too when the last leaves its channel."""
    stage = _stage(here)
    await here.note(_audit(AuditAction.STAGE_INSTANCE_DELETE, stage, None))
    here.tell([StageInstanceDelete(stage)], delete=[stage])
    await write_system_message(here, MessageType.STAGE_END, content=stage.topic)


def _stage(here: InChannel) -> StageInstance:
    stage = here.snapshot.stages.get(here.channel.id)
    if stage is None:
        raise Refused(UNKNOWN_STAGE_INSTANCE)
    return stage


def _audit(action: AuditAction, before: StageInstance | None, after: StageInstance | None) -> Audit:
    stage = after or before
    assert stage is not None
    shown: list[Change] = changes(before, after, _SHOWN)
    return Audit(action, stage.id, shown, {"channel_id": str(stage.channel_id)})
