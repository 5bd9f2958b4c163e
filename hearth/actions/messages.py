"""Messages: write, read, edit, delete (Discord reference, "Message resource")."""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from hearth.actions.attachments import attach, forget
from hearth.actions.reach import open_for_all, reach
from hearth.actions.scopes import Audit, InChannel, InGuild
from hearth.actions.stickers import stickers_of
from hearth.actions.voice_messages import spoken, stays, voice_message
from hearth.actions.world import World
from hearth.core.errors import (
    EMPTY_MESSAGE,
    MESSAGE_TOO_OLD,
    NO_REPLY_WITHOUT_HISTORY,
    NOT_A_TEXT_CHANNEL,
    NOT_THE_AUTHOR,
    SLOWMODE,
    SYSTEM_MESSAGE,
    UNKNOWN_MESSAGE,
    Refused,
    invalid_form,
    rate_limited,
)
from hearth.core.events import MessageCreate, MessageDelete, MessageUpdate, concerns
from hearth.core.ids import created_ms
from hearth.core.limits import Rate
from hearth.core.mentions import Mentions, allowed, find
from hearth.core.message_events import MessageDeleteBulk
from hearth.core.models.audit import AuditAction
from hearth.core.models.channels import ChannelType
from hearth.core.models.embeds import embeds_json
from hearth.core.models.messages import (
    LASTING,
    REFERENCE_ELSEWHERE,
    UNKNOWN_REFERENCE,
    WRITTEN,
    AllowedMentions,
    BulkDelete,
    CallRecord,
    Message,
    MessageEdit,
    MessageFlag,
    MessageObject,
    MessageReference,
    MessagesQuery,
    MessageType,
    message_json,
    message_object,
)
from hearth.core.models.messages import MessageCreate as MessageCreateBody
from hearth.core.models.reactions import FAMILY, emoji_of, reaction_object
from hearth.core.models.users import user_json
from hearth.core.operations import operation
from hearth.core.permissions import P
from hearth.core.ports import Attached, Entry, Kind, Missing
from hearth.core.record import BadRecord, decode, encode

logger = logging.getLogger(__name__)

TEXT_CHANNELS = frozenset(
    {
        ChannelType.GUILD_TEXT,
        ChannelType.DM,
        ChannelType.GUILD_VOICE,
        ChannelType.GROUP_DM,
        ChannelType.GUILD_ANNOUNCEMENT,
        ChannelType.ANNOUNCEMENT_THREAD,
        ChannelType.PUBLIC_THREAD,
        ChannelType.PRIVATE_THREAD,
        ChannelType.GUILD_STAGE_VOICE,
    }
)
"""The channels that hold messages."""


BULK_MS = 14 * 24 * 3_600_000
"""Messages older than this are deleted one by one only."""

SETTABLE_FLAGS = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_VOICE_MESSAGE
)


@operation(
    "POST",
    "/channels/{channel_id}/messages",
    needs=P.SEND_MESSAGES,
    rate=Rate(5, per=5),
    files=P.ATTACH_FILES,
)
async def create_message(here: InChannel, body: MessageCreateBody) -> MessageObject:
    """Write a message; it is durable and on its way to everybody when the reply comes."""
    if here.channel.type not in TEXT_CHANNELS:
        raise Refused(NOT_A_TEXT_CHANNEL)
    given = (trimmed(body.content), body.embeds, body.attachments, here.uploads, body.sticker_ids)
    if not any(given):
        raise Refused(EMPTY_MESSAGE)
    if body.embeds:
        here.require(P.EMBED_LINKS)
    if body.tts:
        here.require(P.SEND_TTS_MESSAGES)
    if here.snapshot.guild is None:
        await reach(here)
    key = _nonce_key(here, body)
    if key is None:
        return await _create(here, body, None)
    # One at a time under a nonce: whoever comes meanwhile waits and finds what was made.
    while (other := here.home.busy.inflight.get(key)) is not None:
        await asyncio.wait([other])
    earlier = _earlier(here, key)
    if earlier is not None:
        return await _answer(here, earlier, body.nonce or None, new=False)
    # Asked for anew: what a home keeps for calls goes with the last one, even while we waited.
    inflight = here.home.busy.inflight
    inflight[key] = asyncio.get_running_loop().create_future()
    try:
        return await _create(here, body, key)
    finally:
        inflight.pop(key).set_result(None)


async def _create(here: InChannel, body: MessageCreateBody, key: bytes | None) -> MessageObject:
    assert here.member is not None
    author = here.member.user_id
    voice = voice_message(here, body)
    content, nonce = trimmed(body.content), body.nonce or None
    reference, referenced = _reply(here, body)
    mentions = await _mentions(here, content, body.allowed_mentions, referenced)
    await load_named(here.world, [referenced])
    stickers = await stickers_of(here, body.sticker_ids or ())
    attachments = await attach(here, body)
    if voice is not None:
        attachments = spoken(voice, attachments)
    message = Message(
        id=here.world.make_id(),
        channel_id=here.channel.id,
        author_id=author,
        type=MessageType.DEFAULT if reference is None else MessageType.REPLY,
        content=content,
        flags=(body.flags or 0) & SETTABLE_FLAGS,
        tts=bool(body.tts),
        mention_everyone=mentions.everyone,
        mentions=mentions.users,
        mention_roles=mentions.roles,
        embeds=embeds_json(body.embeds or ()),
        reference=reference,
        attachments=attachments,
        stickers=stickers,
    )
    _slow_down(here)
    if here.snapshot.guild is None:
        await open_for_all(here)
    entry = Entry(Kind.CREATE, message.channel_id, message.id, encode(message), nonce=key)
    await here.world.post(here.home, entry, MessageCreate(message, referenced, nonce))
    return await _answer(here, message, nonce, new=True)


@operation("GET", "/channels/{channel_id}/messages", rate=Rate(50, per=5))
async def list_messages(here: InChannel, query: MessagesQuery) -> list[MessageObject]:
    """A page of a channel's messages, newest first; nothing without READ_MESSAGE_HISTORY."""
    if not here.may(P.READ_MESSAGE_HISTORY):
        return []
    log, channel_id, limit = here.world.log, here.channel.id, query.limit
    if query.around is not None:
        # As in Discord half of `limit` on either side and the message itself: of 100 come 101.
        half = limit // 2
        newer = await log.page(channel_id, half, after=query.around) if half else []
        itself = log.get(channel_id, query.around)
        older = await log.page(channel_id, half, before=query.around) if half else []
        records = [*newer, *([] if itself is None else [itself]), *older]
    else:
        # They exclude each other; of both, as in the list of one's guilds, `after` counts.
        before = query.before if query.after is None else None
        records = await log.page(channel_id, limit, before=before, after=query.after)
    messages = [m for record in records if (m := readable(record)) is not None]
    newest = query.around is None and query.before is None and query.after is None
    return await page(here, messages, cold=not newest)


@operation("GET", "/channels/{channel_id}/messages/{message_id}", needs=P.READ_MESSAGE_HISTORY)
async def get_message(here: InChannel, message_id: int) -> MessageObject:
    """One message."""
    return (await page(here, [message_of(here, message_id)]))[0]


@operation(
    "PATCH",
    "/channels/{channel_id}/messages/{message_id}",
    rate=Rate(5, per=5),
    files=P.ATTACH_FILES,
)
async def update_message(here: InChannel, message_id: int, body: MessageEdit) -> MessageObject:
    """Edit one's own message; with MANAGE_MESSAGES suppress another's embeds."""
    before = message_of(here, message_id)
    if before.type not in WRITTEN:
        raise Refused(SYSTEM_MESSAGE)
    own = before.author_id == here.who.user_id
    asked = (body.content, body.embeds, body.allowed_mentions, body.attachments, body.sticker_ids)
    edits = any(value is not UNSET for value in asked) or bool(here.uploads)
    if not own:
        if edits:
            raise Refused(NOT_THE_AUTHOR)
        here.require(P.MANAGE_MESSAGES)
    if edits:
        stays(before)
    if body.embeds:
        here.require(P.EMBED_LINKS)
    referenced = referenced_by(here, before)
    await load_named(here.world, [before, referenced])
    values: dict[str, Any] = {}
    if body.content is not UNSET or body.allowed_mentions is not UNSET:
        content = before.content if body.content is UNSET else trimmed(body.content)
        mentions = await _mentions(here, content, body.allowed_mentions, referenced)
        values["mentions"] = mentions.users
        values["mention_roles"] = mentions.roles
        values["mention_everyone"] = mentions.everyone
    if body.attachments is not UNSET or here.uploads:
        values["attachments"] = await attach(here, body, before.attachments)
    if body.sticker_ids is not UNSET:
        values["stickers"] = await stickers_of(here, body.sticker_ids or ())
    # Read anew, as nothing awaits any more: another edit may have come meanwhile.
    before = message_of(here, message_id)
    if body.flags is not UNSET:
        changed = (body.flags or 0) & MessageFlag.SUPPRESS_EMBEDS
        values["flags"] = before.flags & ~MessageFlag.SUPPRESS_EMBEDS | changed
    if body.content is not UNSET:
        values["content"] = trimmed(body.content)
    if body.embeds is not UNSET:
        values["embeds"] = embeds_json(body.embeds or ())
    if edits:
        values["edited_at_ms"] = here.world.wall_ms()
    after = msgspec.structs.replace(before, **values)
    if not (after.content or after.embeds or after.attachments or after.stickers):
        raise Refused(EMPTY_MESSAGE)
    if after != before:
        entry = Entry(Kind.UPDATE, after.channel_id, after.id, encode(after))
        await _posted(here, entry, MessageUpdate(after, referenced))
        kept = {each.id for each in after.attachments}
        await forget(here.world, [each for each in before.attachments if each.id not in kept])
    return (await page(here, [after]))[0]


@operation(
    "DELETE",
    "/channels/{channel_id}/messages/{message_id}",
    rate=Rate(5, per=1),
)
async def delete_message(here: InChannel, message_id: int) -> None:
    """Delete one's own message, or any with MANAGE_MESSAGES."""
    message = message_of(here, message_id)
    if message.type in LASTING:
        raise Refused(SYSTEM_MESSAGE)
    own = message.author_id == here.who.user_id
    if not own:
        here.require(P.MANAGE_MESSAGES)
    entry = Entry(Kind.DELETE, message.channel_id, message.id, None)
    await _posted(here, entry, MessageDelete(message.channel_id, message.id))
    await forget(here.world, message.attachments)
    if not own and here.snapshot.guild is not None:
        options = {"channel_id": str(here.channel.id), "count": "1"}
        await here.note(Audit(AuditAction.MESSAGE_DELETE, message.author_id, options=options))


@operation(
    "POST",
    "/channels/{channel_id}/messages/bulk-delete",
    needs=P.MANAGE_MESSAGES,
    rate=Rate(5, per=5),
)
async def bulk_delete_messages(here: InChannel, body: BulkDelete) -> None:
    """Delete 2 to 100 messages of the last two weeks; those that are gone already do not matter."""
    world = here.world
    oldest_ms = world.wall_ms() - BULK_MS
    if any(created_ms(message_id) < oldest_ms for message_id in body.messages):
        raise Refused(MESSAGE_TOO_OLD)
    found = messages_of(here, body.messages)
    if any(message.type in LASTING for message in found):
        raise Refused(SYSTEM_MESSAGE)
    # Shielded: what was deleted must be told also when the caller goes away.
    task = world.tasks.start(_delete_all(here, [each.id for each in found]), name="bulk-delete")
    gone = await asyncio.shield(task)
    await forget(world, [a for each in found if each.id in gone for a in each.attachments])
    if gone:
        options = {"count": str(len(gone))}
        await here.note(Audit(AuditAction.MESSAGE_BULK_DELETE, here.channel.id, options=options))


async def _delete_all(here: InChannel, message_ids: list[int]) -> list[int]:
    """Delete messages in one step of the log and tell of all at once; those that were there."""
    world, channel_id = here.world, here.channel.id
    posted = [
        world.post(here.home, Entry(Kind.DELETE, channel_id, message_id))
        for message_id in message_ids
    ]
    outcomes = await asyncio.gather(*posted, return_exceptions=True)
    gone = [i for i, outcome in zip(message_ids, outcomes, strict=True) if outcome is None]
    if gone:
        world.publish(here.home, tell=[MessageDeleteBulk(channel_id, tuple(gone))])
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, Missing):
            raise outcome
    return gone


async def write_system_message(
    here: InChannel,
    kind: MessageType,
    *,
    content: str = "",
    mentions: tuple[int, ...] = (),
    reference: MessageReference | None = None,
    call: CallRecord | None = None,
    everyone: bool = False,
) -> int:
    """Write a system message of the caller's into the channel; its id."""
    message = Message(
        id=here.world.make_id(),
        channel_id=here.channel.id,
        author_id=here.who.user_id,
        type=kind,
        content=content,
        mention_everyone=everyone,
        mentions=mentions,
        reference=reference,
        call=call,
    )
    entry = Entry(Kind.CREATE, message.channel_id, message.id, encode(message))
    await here.world.post(here.home, entry, MessageCreate(message))
    return message.id


def trimmed(content: str | UnsetType | None) -> str:
    """A message's content as it is kept: like Discord, without blanks around it."""
    return content.strip() if isinstance(content, str) else ""


async def _posted(here: InChannel, entry: Entry, event: MessageUpdate | MessageDelete) -> None:
    try:
        await here.world.post(here.home, entry, event)
    except Missing as error:
        raise Refused(UNKNOWN_MESSAGE) from error


def readable(record: bytes | None) -> Message | None:
    """The message of a record; None where there is none, or none that can be read.

    A damaged record hides itself and not the page that it stands on; `hearth admin check` names it.
    """
    if record is None:
        return None
    try:
        return decode(record)
    except BadRecord as error:
        logger.error("record is unreadable: %s", error)
        return None


def message_of(here: InChannel, message_id: int) -> Message:
    """A message of the channel, or 10008."""
    message = readable(here.world.log.get(here.channel.id, message_id))
    if message is None:
        raise Refused(UNKNOWN_MESSAGE)
    return message


def messages_of(here: InChannel, message_ids: Iterable[int]) -> list[Message]:
    """Those of the messages that are there, in the same order."""
    records = (here.world.log.get(here.channel.id, message_id) for message_id in message_ids)
    return [message for record in records if (message := readable(record)) is not None]


def _nonce_key(here: InChannel, body: MessageCreateBody) -> bytes | None:
    if not body.nonce or not body.enforce_nonce:
        return None
    text = f"{here.channel.id}/{here.who.user_id}/{body.nonce}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _earlier(here: InChannel, key: bytes) -> Message | None:
    """The message that was sent under the same nonce within ten minutes."""
    message_id = here.world.log.nonce(key, here.world.wall_ms())
    return None if message_id is None else readable(here.world.log.get(here.channel.id, message_id))


async def _answer(
    here: InChannel, message: Message, nonce: str | int | None, *, new: bool
) -> MessageObject:
    """A message as its writer is answered."""
    referenced = referenced_by(here, message)
    await load_named(here.world, [message, referenced])
    attached: Mapping[int, Attached] = {}
    if referenced is not None or not new:
        ids = [each.id for each in (message, referenced) if each is not None]
        attached = await here.world.log.attached(here.channel.id, ids, here.who.user_id)
    whole = referenced is None or reads_content(here)
    shown = show(here, message, referenced, attached, whole=whole)
    if nonce is not None:
        shown.nonce = nonce
    return shown


def _slow_down(here: InChannel) -> None:
    """Slow mode: people without a permission that lifts it wait between messages.

    What it counts is sent in the same step: of two at once one waits.
    """
    if not here.channel.rate_limit_per_user or here.who.kind == "bot":
        return
    if here.permissions & (P.MANAGE_MESSAGES | P.MANAGE_CHANNELS | P.BYPASS_SLOWMODE):
        return
    now = here.world.clock.now()
    slow, key = here.home.busy.slow, (here.channel.id, here.who.user_id)
    until = slow.get(key, 0.0)
    if now < until:
        raise rate_limited(round(until - now, 3), error=SLOWMODE)
    slow[key] = now + here.channel.rate_limit_per_user


def _reply(
    here: InChannel, body: MessageCreateBody
) -> tuple[MessageReference | None, Message | None]:
    wanted = body.message_reference
    if wanted is None:
        return None, None
    if not here.may(P.READ_MESSAGE_HISTORY):
        raise Refused(NO_REPLY_WITHOUT_HISTORY)
    if wanted.channel_id not in (None, here.channel.id):
        raise invalid_form(REFERENCE_ELSEWHERE)
    referenced = readable(here.world.log.get(here.channel.id, wanted.message_id))
    if referenced is None:
        if wanted.fail_if_not_exists is False:
            return None, None
        raise invalid_form(UNKNOWN_REFERENCE)
    guild = here.snapshot.guild
    guild_id = None if guild is None else guild.id
    reference = MessageReference(here.channel.id, wanted.message_id, guild_id)
    return reference, referenced


async def _mentions(
    here: InChannel,
    content: str,
    asked: AllowedMentions | UnsetType | None,
    referenced: Message | None,
) -> Mentions:
    """Whom a message mentions; only users that exist, who are in memory after it."""
    mentions = find(
        content,
        allowed(asked or None),
        here.snapshot.roles,
        here.permissions,
        None if referenced is None else referenced.author_id,
    )
    if not mentions.users:
        return mentions
    await here.world.load_users(mentions.users)
    known = tuple(i for i in mentions.users if here.world.known_user(i) is not None)
    return Mentions(mentions.everyone, known, mentions.roles)


def referenced_by(here: InGuild, message: Message) -> Message | None:
    """The message that a reply refers to, if it is there."""
    if message.reference is None or not message.shows_referenced:
        return None
    return readable(here.world.log.get(message.reference.channel_id, message.reference.message_id))


async def page(
    here: InChannel, messages: list[Message], *, cold: bool = False
) -> list[MessageObject]:
    """Messages as the reader sees them, with the users that they name and what hangs off them.

    `cold` says that they may have to come from a slow disk.
    """
    world = here.world
    ids = {message.id for message in messages}
    ids.update(m.reference.message_id for m in messages if m.reference and m.shows_referenced)
    attached = await world.log.attached(here.channel.id, [*ids], here.who.user_id, cold=cold)
    whole = reads_content(here)
    if whole and all(
        message.reference is None
        and not message.mentions
        and world.known_user(message.author_id) is not None
        for message in messages
    ):
        return [
            message_json(message, world.user(message.author_id))
            if message.id not in attached and not message.attachments
            else _attach(
                here,
                message_object(
                    message,
                    world.user(message.author_id),
                    files=world.files(message.channel_id, message.attachments),
                ),
                attached.get(message.id),
            )
            for message in messages
        ]
    referenced = [referenced_by(here, message) for message in messages]
    await load_named(world, [*messages, *referenced])
    return [
        show(here, message, other, attached, whole=whole)
        for message, other in zip(messages, referenced, strict=True)
    ]


def reads_content(here: InGuild) -> bool:
    """Whether the caller reads what others wrote here: in guilds not a bot that may not.

    (Discord topic "Gateway", "Message content intent": it holds for the HTTP API too.)
    """
    who = here.who
    return who.kind != "bot" or who.content or here.snapshot.guild is None


async def load_named(world: World, messages: Iterable[Message | None]) -> None:
    """Read into memory who wrote these messages, and whom they mention."""
    there = [message for message in messages if message is not None]
    await world.load_users({i for each in there for i in (each.author_id, *each.mentions)})


def _attach(here: InGuild, shown: MessageObject, attached: Attached | None) -> MessageObject:
    """Show what hangs off a message, if anything does."""
    if attached is None:
        return shown
    shown.pinned = attached.pinned_at_ms is not None
    emojis = here.snapshot.emojis
    reactions = [
        reaction_object(emoji_of(each.name, each.label, emojis), each.count, mine=each.mine)
        for each in attached.tallies
        if each.name.startswith(FAMILY)
    ]
    if reactions:
        shown.reactions = reactions
    return shown


def show(
    here: InGuild,
    message: Message,
    referenced: Message | None,
    attached: Mapping[int, Attached],
    *,
    whole: bool,
) -> MessageObject:
    """A message as replies show it, with what hangs off it by message id; users are loaded.

    Unless the caller reads it `whole` it has content only where it concerns them.
    """
    user, me = here.world.user, here.who.user_id
    other: MessageObject | UnsetType | None = UNSET
    if message.shows_referenced:
        other = None
        if referenced is not None:
            named = [user_json(user(i)) for i in referenced.mentions]
            with_content = whole or concerns(referenced, me)
            author = user(referenced.author_id)
            other = message_object(
                referenced,
                author,
                named,
                with_content=with_content,
                files=here.world.files(referenced.channel_id, referenced.attachments),
            )
            _attach(here, other, attached.get(referenced.id))
    named = [user_json(user(i)) for i in message.mentions]
    with_content = whole or concerns(message, me)
    author = user(message.author_id)
    files = here.world.files(message.channel_id, message.attachments)
    shown = message_object(message, author, named, other, with_content=with_content, files=files)
    return _attach(here, shown, attached.get(message.id))
