"""Messages as they are stored (Discord reference, "Message resource")."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from hearth.core.ids import created_ms
from hearth.core.models.attachments import (
    MOST_FILES,
    Attachment,
    AttachmentObject,
    AttachmentRequest,
)
from hearth.core.models.embeds import MAX_EMBEDS, Embed, embed_problems
from hearth.core.models.members import Member, PartialMemberObject, partial_member_json
from hearth.core.models.reactions import ReactionObject
from hearth.core.models.stickers import StickerItem, StickerItemObject, sticker_item
from hearth.core.models.users import User, UserObject, user_json, user_object
from hearth.core.wire import Bits, Form, Nonce, Problem, Snowflake, raw, timestamp


class MessageType(IntEnum):
    """Discord's message types that Hearth writes today."""

    DEFAULT = 0
    RECIPIENT_ADD = 1
    RECIPIENT_REMOVE = 2
    CALL = 3
    CHANNEL_NAME_CHANGE = 4
    CHANNEL_ICON_CHANGE = 5
    CHANNEL_PINNED_MESSAGE = 6
    USER_JOIN = 7
    REPLY = 19
    STAGE_START = 27
    STAGE_END = 28
    STAGE_SPEAKER = 29
    STAGE_TOPIC = 31


WRITTEN = frozenset({MessageType.DEFAULT, MessageType.REPLY})
"""The types that people write; all others are system messages, which nobody edits."""

LASTING = frozenset(range(1, 6))
"""The types of system messages that nobody deletes (reference, "Message types")."""


class MessageFlag(IntEnum):
    """Bits of a message's `flags`."""

    SUPPRESS_EMBEDS = 1 << 2
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_VOICE_MESSAGE = 1 << 13


class MessageReference(Struct, frozen=True, gc=False, array_like=True):
    """Which message another replies to."""

    channel_id: int
    message_id: int
    guild_id: int | None = None
    type: int = 0


class CallRecord(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """The call that a message tells of: who took part, and when it ended."""

    participants: tuple[int, ...] = ()
    ended_at_ms: int | None = None


class Message(Struct, frozen=True, gc=False, cache_hash=True, array_like=True, kw_only=True):
    """A message as the log keeps it: ids, no objects, nothing that depends on reader or time.

    Fields are only ever appended, each with a default: a record of any earlier commit decodes.
    `embeds` is the JSON of the embeds as sent; `nonce` is not stored, it is the event's.
    """

    id: int
    channel_id: int
    author_id: int
    type: int
    content: str
    flags: int = 0
    edited_at_ms: int | None = None
    tts: bool = False
    mention_everyone: bool = False
    mentions: tuple[int, ...] = ()
    mention_roles: tuple[int, ...] = ()
    embeds: bytes | None = None
    reference: MessageReference | None = None
    attachments: tuple[Attachment, ...] = ()
    stickers: tuple[StickerItem, ...] = ()
    call: CallRecord | None = None

    @property
    def shows_referenced(self) -> bool:
        """Whether it is shown with the message that it refers to; only replies are."""
        return self.reference is not None and self.type != MessageType.CHANNEL_PINNED_MESSAGE


# Replies


class MessageReferenceObject(Struct, gc=False, kw_only=True):
    """Which message another replies to; `guild_id` is there for guilds."""

    type: int
    channel_id: str
    message_id: str
    guild_id: str | UnsetType = UNSET


class CallRecordObject(Struct, gc=False, kw_only=True):
    """The call that a message tells of; without an end it goes on."""

    participants: list[str]
    ended_timestamp: str | None


class MentionedUserObject(UserObject, gc=False, kw_only=True):
    """A user who is mentioned, with the member that they are in the guild."""

    member: PartialMemberObject | UnsetType = UNSET


class MessageObject(Struct, gc=False, kw_only=True):
    """A message. `guild_id` and `member` are there only in events, in DMs' `channel_type` instead.

    `nonce` is there for its author once. `referenced_message` is null when the message that was
    replied to is gone and absent when it was not looked for, or there is none.
    """

    id: str
    type: int
    channel_id: str
    author: UserObject
    content: str
    timestamp: str
    edited_timestamp: str | None
    tts: bool
    mention_everyone: bool
    mentions: list[UserObject]
    mention_roles: list[str]
    embeds: Raw
    flags: int
    attachments: tuple[AttachmentObject, ...] = ()
    components: tuple[()] = ()
    pinned: bool = False
    reactions: list[ReactionObject] | UnsetType = UNSET
    sticker_items: list[StickerItemObject] | UnsetType = UNSET
    nonce: str | int | UnsetType = UNSET
    message_reference: MessageReferenceObject | UnsetType = UNSET
    referenced_message: "MessageObject | UnsetType | None" = UNSET
    guild_id: str | UnsetType = UNSET
    member: PartialMemberObject | UnsetType = UNSET
    channel_type: int | UnsetType = UNSET
    call: CallRecordObject | UnsetType = UNSET


NO_EMBEDS = Raw(b"[]")


@lru_cache(2048)
def mention_json(user: User, member: Member | None) -> UserObject:
    """A mentioned user with their member, encoded already and kept; for events."""
    shown = user_object(user)
    return raw(
        MentionedUserObject(
            id=shown.id,
            username=shown.username,
            global_name=shown.global_name,
            avatar=shown.avatar,
            public_flags=shown.public_flags,
            flags=shown.flags,
            bot=shown.bot,
            member=UNSET if member is None else partial_member_json(member),
        )
    )


def message_object(
    message: Message,
    author: User,
    mentions: Sequence[UserObject] = (),
    referenced: MessageObject | UnsetType | None = UNSET,
    *,
    nonce: str | int | None = None,
    with_content: bool = True,
    files: tuple[AttachmentObject, ...] = (),
) -> MessageObject:
    """A message as it is shown.

    `mentions` come from `user_json`, or in events from `mention_json`. `referenced` is the message
    that it replies to, None when that is gone; `files` are its attachments. Without `with_content`
    it is blank, as bots get it that lack the intent MESSAGE_CONTENT.
    """
    edited = message.edited_at_ms
    embeds = message.embeds
    shown = MessageObject(
        id=str(message.id),
        type=message.type,
        channel_id=str(message.channel_id),
        author=user_json(author),
        content=message.content if with_content else "",
        timestamp=timestamp(created_ms(message.id)),
        edited_timestamp=None if edited is None else timestamp(edited),
        tts=message.tts,
        mention_everyone=message.mention_everyone,
        mentions=list(mentions),
        mention_roles=[str(role_id) for role_id in message.mention_roles],
        embeds=NO_EMBEDS if embeds is None or not with_content else Raw(embeds),
        flags=message.flags,
    )
    if files and with_content:
        shown.attachments = files
    if message.stickers:
        shown.sticker_items = [sticker_item(each) for each in message.stickers]
    if message.call is not None:
        ended = message.call.ended_at_ms
        shown.call = CallRecordObject(
            participants=[str(user_id) for user_id in message.call.participants],
            ended_timestamp=None if ended is None else timestamp(ended),
        )
    if nonce is not None:
        shown.nonce = nonce
    reference = message.reference
    if reference is not None:
        shown.message_reference = _reference_object(reference)
        if message.shows_referenced:
            shown.referenced_message = referenced
    return shown


@lru_cache(4096)
def message_json(message: Message, author: User) -> MessageObject:
    """A message that names nobody and replies to nothing, encoded already and kept.

    Pages are read by many: what stands on them is rendered once.
    """
    return raw(message_object(message, author))


def _reference_object(reference: MessageReference) -> MessageReferenceObject:
    return MessageReferenceObject(
        type=reference.type,
        channel_id=str(reference.channel_id),
        message_id=str(reference.message_id),
        guild_id=UNSET if reference.guild_id is None else str(reference.guild_id),
    )


def in_event(shown: MessageObject, guild_id: int, member: Member | None) -> MessageObject:
    """`shown` with what only events tell: the guild, and who the author is in it."""
    shown.guild_id = str(guild_id)
    if member is not None:
        shown.member = partial_member_json(member)
    return shown


# Requests

Content = Annotated[str, Meta(max_length=2000)]
Embeds = Annotated[list[Embed], Meta(max_length=MAX_EMBEDS)]
Ids = Annotated[list[Snowflake], Meta(max_length=100)]
Files = Annotated[list[AttachmentRequest], Meta(max_length=MOST_FILES)]


class AllowedMentions(Struct, kw_only=True):
    """Whom a message may mention; what is left out may not be."""

    parse: list[Literal["users", "roles", "everyone"]] | None = None
    users: Ids | None = None
    roles: Ids | None = None
    replied_user: bool | None = None


class ReferenceRequest(Struct, kw_only=True):
    """Which message to reply to (type 0) or forward (type 1)."""

    message_id: Snowflake
    channel_id: Snowflake | None = None
    guild_id: Snowflake | None = None
    type: Literal[0, 1] | None = None
    fail_if_not_exists: bool | None = None


StickerIds = Annotated[list[Snowflake], Meta(max_length=3)]


class MessageFields(Form, kw_only=True):
    """What the bodies of create_message and update_message have in common."""

    content: Content | UnsetType | None = UNSET
    embeds: Embeds | UnsetType | None = UNSET
    allowed_mentions: AllowedMentions | UnsetType | None = UNSET
    flags: Bits | UnsetType | None = UNSET
    attachments: Files | UnsetType | None = UNSET
    components: Any = UNSET
    sticker_ids: StickerIds | UnsetType | None = UNSET

    def problems(self) -> Iterable[Problem]:
        """What is wrong in embeds and allowed mentions."""
        if isinstance(self.embeds, list):
            yield from embed_problems(self.embeds)
        if isinstance(self.allowed_mentions, AllowedMentions):
            yield from _mention_problems(self.allowed_mentions)


class MessageCreate(MessageFields, kw_only=True):
    """Body of create_message."""

    nonce: Nonce | UnsetType | None = UNSET
    enforce_nonce: bool | None = None
    tts: bool | None = None
    message_reference: ReferenceRequest | None = None
    poll: Any = UNSET
    shared_client_theme: Any = UNSET


class MessageEdit(MessageFields, kw_only=True):
    """Body of update_message; what is left out stays as it is."""


class BulkDelete(Form, kw_only=True):
    """Body of bulk_delete_messages."""

    messages: Annotated[list[Snowflake], Meta(min_length=2, max_length=100)]

    def problems(self) -> Iterable[Problem]:
        """No message is named twice."""
        return _repeats(self.messages, ("messages",))


class MessagesQuery(Struct, kw_only=True):
    """Query of list_messages."""

    around: Snowflake | None = None
    before: Snowflake | None = None
    after: Snowflake | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


def _mention_problems(allowed: AllowedMentions) -> Iterator[Problem]:
    path = ("allowed_mentions",)
    for name, ids in (("users", allowed.users), ("roles", allowed.roles)):
        if ids and name in (allowed.parse or ()):
            text = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            yield path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text
        yield from _repeats(ids or (), (*path, name))
    yield from _repeats(allowed.parse or (), (*path, "parse"))


def _repeats(values: Sequence[Hashable], path: tuple[str, ...]) -> Iterator[Problem]:
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if value in seen:
            text = "The set already contains this value"
            yield (*path, index), "SET_TYPE_ALREADY_CONTAINS_VALUE", text
        seen.add(value)


UNKNOWN_REFERENCE: Problem = (
    ("message_reference",),
    "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
    "Unknown message",
)
"""A reply to a message that is gone, where `fail_if_not_exists` is not false."""

REFERENCE_ELSEWHERE: Problem = (
    ("message_reference",),
    "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
    "Cannot reply to a message in a different channel",
)
