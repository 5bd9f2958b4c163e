"""Pinned messages (Discord reference, "Message resource", "Get Channel Pins" and on)."""

from hearth.actions.messages import (
    TEXT_CHANNELS,
    load_named,
    message_of,
    messages_of,
    page,
    referenced_by,
    write_system_message,
)
from hearth.actions.reach import open_for_all, reach
from hearth.actions.scopes import Audit, InChannel
from hearth.core.errors import (
    MAX_PINS,
    MISSING_PERMISSIONS,
    SYSTEM_MESSAGE,
    UNKNOWN_MESSAGE,
    WRONG_CHANNEL_TYPE,
    Refused,
)
from hearth.core.events import MessageUpdate
from hearth.core.message_events import ChannelPinsUpdate
from hearth.core.models.audit import AuditAction
from hearth.core.models.messages import (
    WRITTEN,
    Message,
    MessageObject,
    MessageReference,
    MessageType,
)
from hearth.core.models.pins import (
    MOST_PINS,
    PinnedMessageObject,
    PinnedMessagesObject,
    PinsQuery,
)
from hearth.core.operations import operation
from hearth.core.permissions import P
from hearth.core.ports import Entry, Exists, Kind, Missing, TooMany
from hearth.core.wire import timestamp


@operation("GET", "/channels/{channel_id}/messages/pins")
async def list_pins(here: InChannel, query: PinsQuery) -> PinnedMessagesObject:
    """A page of a channel's pins, the newest first; nothing without READ_MESSAGE_HISTORY."""
    before_ms = query.before_ms
    found, more = await _pins(here, query.limit, before_ms)
    items = [
        PinnedMessageObject(pinned_at=timestamp(at_ms), message=shown) for at_ms, shown in found
    ]
    return PinnedMessagesObject(items=items, has_more=more)


@operation("PUT", "/channels/{channel_id}/messages/pins/{message_id}")
async def create_pin(here: InChannel, message_id: int) -> None:
    """Pin a message, with PIN_MESSAGES or MANAGE_MESSAGES; a system message says so."""
    message = _to_change(here, message_id)
    if message.type not in WRITTEN:
        raise Refused(SYSTEM_MESSAGE)
    guild = here.snapshot.guild
    if guild is None:
        await reach(here)  # The message that says so is one to the other.
    entry = Entry(Kind.PIN, here.channel.id, message_id, at_ms=here.world.wall_ms(), most=MOST_PINS)
    if await _changed(here, entry):
        if guild is None:
            await open_for_all(here)
        guild_id = None if guild is None else guild.id
        await write_system_message(
            here,
            MessageType.CHANNEL_PINNED_MESSAGE,
            reference=MessageReference(here.channel.id, message_id, guild_id),
        )
        await _note(here, AuditAction.MESSAGE_PIN, message)


@operation("DELETE", "/channels/{channel_id}/messages/pins/{message_id}")
async def delete_pin(here: InChannel, message_id: int) -> None:
    """Unpin a message, with PIN_MESSAGES or MANAGE_MESSAGES."""
    message = _to_change(here, message_id)
    if await _changed(here, Entry(Kind.UNPIN, here.channel.id, message_id)):
        await _note(here, AuditAction.MESSAGE_UNPIN, message)


@operation("GET", "/channels/{channel_id}/pins")
async def deprecated_list_pins(here: InChannel) -> list[MessageObject]:
    """The newest 50 pinned messages of a channel; nothing without READ_MESSAGE_HISTORY."""
    found, _ = await _pins(here, 50, None)
    return [shown for _, shown in found]


@operation("PUT", "/channels/{channel_id}/pins/{message_id}")
async def deprecated_create_pin(here: InChannel, message_id: int) -> None:
    """As create_pin, at its earlier place."""
    await create_pin(here, message_id)


@operation("DELETE", "/channels/{channel_id}/pins/{message_id}")
async def deprecated_delete_pin(here: InChannel, message_id: int) -> None:
    """As delete_pin, at its earlier place."""
    await delete_pin(here, message_id)


async def _pins(
    here: InChannel, limit: int, before_ms: int | None
) -> tuple[list[tuple[int, MessageObject]], bool]:
    """Pinned messages with when they were pinned, and whether there are more."""
    if not here.may(P.READ_MESSAGE_HISTORY):
        return [], False
    pins = await here.world.log.pins(here.channel.id)
    pins = [pin for pin in pins if before_ms is None or pin[0] < before_ms]
    when = {message_id: at_ms for at_ms, message_id in pins[:limit]}
    messages = messages_of(here, when)
    shown = await page(here, messages, cold=True)
    pairs = zip(messages, shown, strict=True)
    return [(when[message.id], each) for message, each in pairs], len(pins) > limit


def _to_change(here: InChannel, message_id: int) -> Message:
    """A message that the caller may pin."""
    if here.channel.type not in TEXT_CHANNELS:
        raise Refused(WRONG_CHANNEL_TYPE)
    # Discord parted the one from the other in 2025; bots of before have the other.
    if not here.may(P.PIN_MESSAGES) and not here.may(P.MANAGE_MESSAGES):
        raise Refused(MISSING_PERMISSIONS)
    return message_of(here, message_id)


async def _changed(here: InChannel, entry: Entry) -> bool:
    """Pin or unpin and tell of it; False, and nothing told, where that was done already."""
    message = message_of(here, entry.id)
    await load_named(here.world, [message, referenced_by(here, message)])
    # Read anew, as nothing awaits any more: it may have been edited meanwhile.
    message = message_of(here, entry.id)
    told = (
        MessageUpdate(message, referenced_by(here, message)),
        ChannelPinsUpdate(here.channel.id),
    )
    try:
        await here.world.post(here.home, entry, *told)
    except Exists:
        return False
    except Missing as error:
        if entry.kind is Kind.PIN:
            raise Refused(UNKNOWN_MESSAGE) from error
        return False
    except TooMany as error:
        raise Refused(MAX_PINS) from error
    return True


async def _note(here: InChannel, action: AuditAction, message: Message) -> None:
    if here.snapshot.guild is not None:
        options = {"channel_id": str(here.channel.id), "message_id": str(message.id)}
        await here.note(Audit(action, message.author_id, options=options))
