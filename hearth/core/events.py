"""The gateway's dispatch events: each a Struct that says whom it is for and what it shows.

(Discord topic, "Gateway events"; intents: topic "Gateway", "List of intents".)
"""

from collections.abc import Callable, Sequence
from enum import IntFlag
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from msgspec import UNSET, Struct, UnsetType

from hearth.core.models.attachments import Attachment, AttachmentObject
from hearth.core.models.audit import AuditEntry, audit_entry_object
from hearth.core.models.channels import Channel, channel_object
from hearth.core.models.guilds import Snapshot, guild_object
from hearth.core.models.members import Member, member_object
from hearth.core.models.messages import (
    Message,
    MessageObject,
    in_event,
    mention_json,
    message_object,
)
from hearth.core.models.presence import Presence, presence_object
from hearth.core.models.private import private_channel_object
from hearth.core.models.roles import Role, role_object
from hearth.core.models.users import User, user_json
from hearth.core.permissions import P


class Intent(IntFlag):
    """What a session asks to be told of."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL_INTENTS = sum(Intent)
PRIVILEGED_INTENTS = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT

Audience = Literal["guild", "channel", "user"]

ALWAYS = 1 << 62
"""A bit that every session's intents have: for events that need none."""

PEOPLE = 1 << 61
"""A bit that people's sessions have and bots' never: for events that no intent stands for."""

CONTENT = int(Intent.MESSAGE_CONTENT)

EVERYTHING = ALWAYS | PEOPLE | ALL_INTENTS
"""The intents of a person's session."""


class Context(Protocol):
    """What an event is shown with: a guild's snapshot and the users that are loaded."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot of the guild or private channel; None for what concerns one user."""
        ...

    def user(self, user_id: int) -> User:
        """A user; one who is gone is shown as deleted."""
        ...

    def last_id(self, channel_id: int) -> int | None:
        """The newest message of a channel."""
        ...

    def files(
        self, channel_id: int, attachments: Sequence[Attachment]
    ) -> tuple[AttachmentObject, ...]:
        """Attachments with addresses that are good for a day."""
        ...

    def pinned(self, channel_id: int, message_id: int) -> bool:
        """Whether a message is pinned."""
        ...

    def last_pin_ms(self, channel_id: int) -> int | None:
        """When the newest of a channel's pins was made."""
        ...


class Event(Struct, gc=False):
    """One thing that sessions are told. `@event` sets the class's variables."""

    name: ClassVar[str] = ""
    intent: ClassVar[int] = ALWAYS
    direct: ClassVar[int] = PEOPLE
    """The intent in place of `intent` in a DM."""
    to: ClassVar[Audience] = "guild"
    needs: ClassVar[int] = 0
    small: ClassVar[bool] = False
    """In guilds above 250 members people are told only of themselves (bots by intent)."""
    followed: ClassVar[bool] = False
    """There people are also told of what they follow (`models.subscriptions`)."""
    to_others: ClassVar[bool] = False
    """A bot is not told of itself."""
    own: ClassVar[bool] = False
    """The user that it is about is told without the intent."""
    content: ClassVar[bool] = False
    """A session without MESSAGE_CONTENT gets `blank` unless the event concerns its user."""

    @property
    def channel_id(self) -> int:
        """The channel that one must see to be told."""
        raise NotImplementedError

    @property
    def user_id(self) -> int:
        """The user that is told, or (small) that it is about."""
        raise NotImplementedError

    def concerns(self, user_id: int) -> bool:
        """Whether a bot may read the content without the intent."""
        return False

    def data(self, at: Context) -> Any:
        """The dispatch's `d`."""
        raise NotImplementedError

    def blank(self, at: Context) -> Any:
        """`d` without what MESSAGE_CONTENT guards."""
        return self.data(at)

    def concerned(self, at: Context, user_id: int) -> Any:
        """`d` for a bot without the intent that the event concerns."""
        return self.data(at)


_DIRECT = {
    int(Intent.GUILD_MESSAGES): int(Intent.DIRECT_MESSAGES),
    int(Intent.GUILD_MESSAGE_REACTIONS): int(Intent.DIRECT_MESSAGE_REACTIONS),
    int(Intent.GUILD_MESSAGE_TYPING): int(Intent.DIRECT_MESSAGE_TYPING),
    int(Intent.GUILD_MESSAGE_POLLS): int(Intent.DIRECT_MESSAGE_POLLS),
}

EVENTS: dict[str, type[Event]] = {}
"""Every event by its name on the wire."""

E = TypeVar("E", bound=type[Event])


def event(
    name: str,
    *,
    intent: int = ALWAYS,
    direct: int | None = None,
    to: Audience = "guild",
    needs: int = 0,
    small: bool = False,
    followed: bool = False,
    to_others: bool = False,
    own: bool = False,
    content: bool = False,
) -> Callable[[E], E]:
    """Declare the Struct below as the event `name`: its intent, its audience, its permission.

    Left out, `direct` is the intent that stands beside `intent` for DMs; where there is none, only
    people are told in a DM.
    """

    def declare(kind: E) -> E:
        kind.name, kind.intent, kind.to = name, int(intent), to
        kind.direct = _DIRECT.get(int(intent), PEOPLE) if direct is None else int(direct)
        kind.needs, kind.small, kind.content = needs, small, content
        kind.to_others, kind.own, kind.followed = to_others, own, followed
        EVENTS[name] = kind
        return kind

    return declare


def _guild_id(at: Context) -> int:
    assert at.snapshot is not None
    return at.snapshot.the_guild.id


def of_guild(at: Context) -> dict[str, str]:
    """The `guild_id` of an event in a channel; nothing where the channel is a private one."""
    guild = None if at.snapshot is None else at.snapshot.guild
    return {} if guild is None else {"guild_id": str(guild.id)}


# Guilds


@event("GUILD_UPDATE", intent=Intent.GUILDS)
class GuildUpdate(Event):
    """The guild's own settings changed."""

    def data(self, at: Context) -> Any:
        assert at.snapshot is not None
        return guild_object(at.snapshot)


@event("GUILD_DELETE", intent=Intent.GUILDS, to="user")
class GuildDelete(Event):
    """The session's user is no member any more."""

    guild_id: int

    def data(self, at: Context) -> Any:
        return {"id": str(self.guild_id)}


# Channels


@event("CHANNEL_CREATE", intent=Intent.GUILDS, to="channel")
class ChannelCreate(Event):
    """A channel that one may see now: made, or come into sight."""

    channel: Channel

    @property
    def channel_id(self) -> int:
        return self.channel.id

    def data(self, at: Context) -> Any:
        channel_id = self.channel.id
        last_id, last_pin_ms = at.last_id(channel_id), at.last_pin_ms(channel_id)
        return channel_object(self.channel, last_id, last_pin_ms, in_event=True)


@event("CHANNEL_UPDATE", intent=Intent.GUILDS, to="channel")
class ChannelUpdate(ChannelCreate):
    """A channel's settings changed."""


@event("CHANNEL_DELETE", intent=Intent.GUILDS, to="channel")
class ChannelDelete(ChannelCreate):
    """A channel that one may not see any more: deleted, or gone out of sight."""


# Private channels


class PrivateChannelCreate(Event):
    """A private channel that one's list shows now; people only, each told of the `others` in it.

    It has the name of guild channels' event on the wire, and so have the two below.
    """

    name: ClassVar[str] = "CHANNEL_CREATE"
    intent: ClassVar[int] = PEOPLE
    to: ClassVar[Audience] = "user"

    channel: Channel
    user: int
    others: tuple[int, ...]

    @property
    def user_id(self) -> int:
        return self.user

    def data(self, at: Context) -> Any:
        others = [at.user(user_id) for user_id in self.others]
        channel_id = self.channel.id
        last_id, last_pin_ms = at.last_id(channel_id), at.last_pin_ms(channel_id)
        return private_channel_object(self.channel, others, last_id, last_pin_ms)


class PrivateChannelUpdate(PrivateChannelCreate):
    """A group DM has another name, picture or owner."""

    name: ClassVar[str] = "CHANNEL_UPDATE"


class PrivateChannelDelete(PrivateChannelCreate):
    """A private channel that one's list does not show any more: closed, left, or removed from."""

    name: ClassVar[str] = "CHANNEL_DELETE"


@event("CHANNEL_RECIPIENT_ADD", intent=PEOPLE, to="channel", to_others=True)
class ChannelRecipientAdd(Event):
    """Somebody was added to a group DM; who was is told of the channel instead."""

    channel: int
    user: int

    @property
    def channel_id(self) -> int:
        return self.channel

    @property
    def user_id(self) -> int:
        return self.user

    def data(self, at: Context) -> Any:
        return {"channel_id": str(self.channel), "user": user_json(at.user(self.user))}


@event("CHANNEL_RECIPIENT_REMOVE", intent=PEOPLE, to="channel", to_others=True)
class ChannelRecipientRemove(ChannelRecipientAdd):
    """Somebody left a group DM, or was removed from it."""


# Roles


@event("GUILD_ROLE_CREATE", intent=Intent.GUILDS)
class GuildRoleCreate(Event):
    """A role was made."""

    role: Role

    def data(self, at: Context) -> Any:
        return {"guild_id": str(self.role.guild_id), "role": role_object(self.role)}


@event("GUILD_ROLE_UPDATE", intent=Intent.GUILDS)
class GuildRoleUpdate(GuildRoleCreate):
    """A role changed."""


@event("GUILD_ROLE_DELETE", intent=Intent.GUILDS)
class GuildRoleDelete(Event):
    """A role was deleted."""

    role_id: int

    def data(self, at: Context) -> Any:
        return {"guild_id": str(_guild_id(at)), "role_id": str(self.role_id)}


# Members


class _MemberEvent(Event):
    member: Member

    @property
    def user_id(self) -> int:
        return self.member.user_id


@event("GUILD_MEMBER_ADD", intent=Intent.GUILD_MEMBERS, small=True)
class GuildMemberAdd(_MemberEvent):
    """Somebody joined."""

    def data(self, at: Context) -> Any:
        return member_object(self.member, at.user(self.member.user_id), in_event=True)


@event("GUILD_MEMBER_UPDATE", intent=Intent.GUILD_MEMBERS, small=True, own=True)
class GuildMemberUpdate(GuildMemberAdd):
    """A member's roles, name or timeout changed."""


@event("GUILD_MEMBER_REMOVE", intent=Intent.GUILD_MEMBERS, small=True)
class GuildMemberRemove(_MemberEvent):
    """Somebody left or was removed."""

    def data(self, at: Context) -> Any:
        user = user_json(at.user(self.member.user_id))
        return {"guild_id": str(self.member.guild_id), "user": user}


@event("GUILD_AUDIT_LOG_ENTRY_CREATE", intent=Intent.GUILD_MODERATION, needs=P.VIEW_AUDIT_LOG)
class AuditLogEntryCreate(Event):
    """The audit log got an entry."""

    entry: AuditEntry

    def data(self, at: Context) -> Any:
        return audit_entry_object(self.entry, in_event=True)


# Presence and typing


@event("PRESENCE_UPDATE", intent=Intent.GUILD_PRESENCES, small=True, followed=True, to_others=True)
class PresenceUpdate(Event):
    """A member's status or activities changed; no presence is offline."""

    id: int
    presence: Presence | None

    @property
    def user_id(self) -> int:
        return self.id

    def data(self, at: Context) -> Any:
        return presence_object(self.id, self.presence, _guild_id(at))


@event("TYPING_START", intent=Intent.GUILD_MESSAGE_TYPING, to="channel", small=True, followed=True)
class TypingStart(Event):
    """A member started to type; good for ten seconds."""

    channel: int
    member: Member
    timestamp_s: int

    @property
    def channel_id(self) -> int:
        return self.channel

    @property
    def user_id(self) -> int:
        return self.member.user_id

    def data(self, at: Context) -> Any:
        where = of_guild(at)
        d: dict[str, Any] = {
            "channel_id": str(self.channel),
            **where,
            "user_id": str(self.member.user_id),
            "timestamp": self.timestamp_s,
        }
        if where:
            d["member"] = member_object(self.member, at.user(self.member.user_id))
        return d


# Messages


def concerns(message: Message | None, user_id: int) -> bool:
    """Whether a user may read a message without MESSAGE_CONTENT: their own, or it names them."""
    return message is not None and (user_id == message.author_id or user_id in message.mentions)


@event("MESSAGE_CREATE", intent=Intent.GUILD_MESSAGES, to="channel", content=True)
class MessageCreate(Event):
    """A message was written; `nonce` is the writer's own, shown once."""

    message: Message
    referenced: Message | None = None
    nonce: str | int | None = None

    @property
    def channel_id(self) -> int:
        return self.message.channel_id

    def concerns(self, user_id: int) -> bool:
        return concerns(self.message, user_id) or concerns(self.referenced, user_id)

    def data(self, at: Context) -> Any:
        return self._shown(at, with_content=True, with_referenced=True)

    def blank(self, at: Context) -> Any:
        return self._shown(at, with_content=False, with_referenced=False)

    def concerned(self, at: Context, user_id: int) -> Any:
        # A bot may read what mentions it; what that replies to may be another's message.
        return self._shown(
            at,
            with_content=concerns(self.message, user_id),
            with_referenced=concerns(self.referenced, user_id),
        )

    def _shown(self, at: Context, *, with_content: bool, with_referenced: bool) -> MessageObject:
        snapshot = at.snapshot
        assert snapshot is not None
        guild, message = snapshot.guild, self.message
        # Who is in a private channel is no member of anything.
        members: dict[int, Member] = {} if guild is None else snapshot.members
        referenced: MessageObject | UnsetType | None = UNSET
        if message.shows_referenced:
            other = self.referenced
            referenced = None
            if other is not None:
                referenced = message_object(
                    other,
                    at.user(other.author_id),
                    [mention_json(at.user(i), members.get(i)) for i in other.mentions],
                    with_content=with_referenced,
                    files=at.files(other.channel_id, other.attachments),
                )
                referenced.pinned = at.pinned(other.channel_id, other.id)
        shown = message_object(
            message,
            at.user(message.author_id),
            [mention_json(at.user(i), members.get(i)) for i in message.mentions],
            referenced,
            nonce=self.nonce,
            with_content=with_content,
            files=at.files(message.channel_id, message.attachments),
        )
        if guild is None:
            for channel in snapshot.channels.values():
                shown.channel_type = channel.type
            return shown
        return in_event(shown, guild.id, members.get(message.author_id))


@event("MESSAGE_UPDATE", intent=Intent.GUILD_MESSAGES, to="channel", content=True)
class MessageUpdate(MessageCreate):
    """A message was edited; `d` is the whole message."""

    def _shown(self, at: Context, *, with_content: bool, with_referenced: bool) -> MessageObject:
        shown = super()._shown(at, with_content=with_content, with_referenced=with_referenced)
        # Not noted when it was edited: a pin may have been on its way to the disk.
        shown.pinned = at.pinned(self.message.channel_id, self.message.id)
        return shown


@event("MESSAGE_DELETE", intent=Intent.GUILD_MESSAGES, to="channel")
class MessageDelete(Event):
    """A message was deleted."""

    channel: int
    message_id: int

    @property
    def channel_id(self) -> int:
        return self.channel

    def data(self, at: Context) -> Any:
        return {
            "id": str(self.message_id),
            "channel_id": str(self.channel),
            **of_guild(at),
        }


@event("MESSAGE_ACK", to="user")
class MessageAck(Event):
    """The user has read a channel up to a message; told to the user's own sessions."""

    user: int
    channel: int
    message_id: int
    version: int = 1
    manual: bool = False
    mention_count: int | None = None
    last_viewed: int | None = None
    flags: int | None = None

    @property
    def user_id(self) -> int:
        return self.user

    def data(self, at: Context) -> Any:
        d: dict[str, Any] = {
            "channel_id": str(self.channel),
            "message_id": str(self.message_id),
            "version": self.version,
        }
        if self.manual:
            d |= {"manual": True, "mention_count": self.mention_count or 0}
        if self.last_viewed is not None:
            d["last_viewed"] = self.last_viewed
        if self.flags is not None:
            d["flags"] = self.flags
        return d
