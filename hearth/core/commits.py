"""What a change is, everywhere: one commit of one home, and how it turns a snapshot."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hearth.core import (
    events,
    guild_events,
    message_events,
    social_events,
    user_events,
    voice_events,
)
from hearth.core.events import Event
from hearth.core.models.accounts import (
    Account,
    OneTimeLink,
    RecoveryCode,
    SecondFactor,
    TokenUse,
)
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import PendingUpload, StoredFile
from hearth.core.models.audit import AuditEntry
from hearth.core.models.bans import Ban, BanSweep
from hearth.core.models.channels import Channel
from hearth.core.models.emojis import Emoji, EmojiImage
from hearth.core.models.exports import Harvest
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.invites import Invite
from hearth.core.models.members import Member
from hearth.core.models.mentions import Mention
from hearth.core.models.operators import OperatorEntry
from hearth.core.models.presence import Presence
from hearth.core.models.private import Recipient, as_member
from hearth.core.models.roles import Role
from hearth.core.models.settings import (
    DismissedMention,
    NotificationSettings,
    PinAck,
    Setting,
)
from hearth.core.models.social import Note, Relationship
from hearth.core.models.stickers import Sticker
from hearth.core.models.users import Application, Credential, ReadState, Token, User
from hearth.core.models.voice import Call, StageInstance, VoiceChannel, VoiceState

Noun = (
    Guild
    | Channel
    | Role
    | Member
    | User
    | Presence
    | Credential
    | Token
    | TokenUse
    | Account
    | SecondFactor
    | RecoveryCode
    | OneTimeLink
    | Application
    | ReadState
    | Mention
    | AuditEntry
    | Recipient
    | OperatorEntry
    | Emoji
    | EmojiImage
    | Sticker
    | Ban
    | BanSweep
    | Invite
    | Relationship
    | Note
    | Setting
    | NotificationSettings
    | PinAck
    | DismissedMention
    | Harvest
    | Asset
    | StoredFile
    | PendingUpload
    | VoiceState
    | VoiceChannel
    | StageInstance
    | Call
)


class Commit(Struct, gc=False):
    """One change of one home: what was saved and deleted, and what is told of it.

    `n` counts a home's commits from 1 without a hole; `epoch` is the owner's. The owner, every
    follower and the tests take it by the same `World.receive`.
    """

    home: int
    epoch: int
    n: int
    save: Sequence[Noun] = ()
    delete: Sequence[Noun] = ()
    tell: Sequence[Event] = ()

    @property
    def moves_sight(self) -> bool:
        """Whether it may change which channels somebody sees."""
        return any(isinstance(noun, Guild | Channel | Role) for noun in (*self.save, *self.delete))


def apply(before: Snapshot, commit: Commit) -> Snapshot:
    """The snapshot after `commit`.

    Channels, roles, emojis, stickers and what is of voice are copied when they change; members,
    users and presences are changed in place (see `Snapshot`).
    """
    guild, channels, roles = before.guild, before.channels, before.roles
    members, users, presences = before.members, before.users, before.presences
    recipients = before.recipients
    emojis, stickers = before.emojis, before.stickers
    voice_states, voice_channels = before.voice_states, before.voice_channels
    stages, calls = before.stages, before.calls
    if any(isinstance(noun, _OF_VOICE) for noun in (*commit.save, *commit.delete)):
        voice_states, voice_channels = dict(voice_states), dict(voice_channels)
        stages, calls = dict(stages), dict(calls)
    if any(isinstance(noun, Channel) for noun in (*commit.save, *commit.delete)):
        channels = dict(channels)
    if any(isinstance(noun, Role) for noun in (*commit.save, *commit.delete)):
        roles = dict(roles)
    if any(isinstance(noun, Emoji) for noun in (*commit.save, *commit.delete)):
        emojis = dict(emojis)
    if any(isinstance(noun, Sticker) for noun in (*commit.save, *commit.delete)):
        stickers = dict(stickers)
    for noun in commit.save:
        match noun:
            case Guild():
                guild = noun
            case Channel():
                channels[noun.id] = noun
            case Role():
                roles[noun.id] = noun
            case Member():
                members[noun.user_id] = noun
            case User():
                users[noun.id] = noun
            case Presence():
                presences[noun.user_id] = noun
            case Recipient():
                recipients[noun.user_id] = noun
                members[noun.user_id] = as_member(noun)
            case Emoji():
                emojis[noun.id] = noun
            case Sticker():
                stickers[noun.id] = noun
            case VoiceState():
                voice_states[noun.user_id] = noun
            case VoiceChannel():
                voice_channels[noun.channel_id] = noun
            case StageInstance():
                stages[noun.channel_id] = noun
            case Call():
                calls[noun.channel_id] = noun
            case _:
                pass
    for noun in commit.delete:
        match noun:
            case Channel():
                channels.pop(noun.id, None)
            case Role():
                roles.pop(noun.id, None)
            case Member():
                members.pop(noun.user_id, None)
                presences.pop(noun.user_id, None)
            case Presence():
                presences.pop(noun.user_id, None)
            case Recipient():
                recipients.pop(noun.user_id, None)
                members.pop(noun.user_id, None)
            case Emoji():
                emojis.pop(noun.id, None)
            case Sticker():
                stickers.pop(noun.id, None)
            case VoiceState():
                voice_states.pop(noun.user_id, None)
            case VoiceChannel():
                voice_channels.pop(noun.channel_id, None)
            case StageInstance():
                stages.pop(noun.channel_id, None)
            case Call():
                calls.pop(noun.channel_id, None)
            case _:
                pass
    return Snapshot(
        guild=guild,
        channels=channels,
        roles=roles,
        members=members,
        users=users,
        presences=presences,
        recipients=recipients,
        emojis=emojis,
        stickers=stickers,
        voice_states=voice_states,
        voice_channels=voice_channels,
        stages=stages,
        calls=calls,
        n=commit.n,
    )


_OF_VOICE = (VoiceState, VoiceChannel, StageInstance, Call)

assert guild_events
assert message_events
assert social_events
assert user_events
assert voice_events
_TYPES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Guild,
        Channel,
        Role,
        Member,
        User,
        Presence,
        Credential,
        Token,
        TokenUse,
        Account,
        Asset,
        SecondFactor,
        RecoveryCode,
        OneTimeLink,
        Application,
        ReadState,
        AuditEntry,
        Recipient,
        OperatorEntry,
        events.PrivateChannelCreate,
        events.PrivateChannelUpdate,
        events.PrivateChannelDelete,
        Emoji,
        Sticker,
        Ban,
        Invite,
        Relationship,
        Note,
        social_events.FriendPresence,
        *_OF_VOICE,
        *events.EVENTS.values(),
    )
}


def pack(commit: Commit) -> bytes:
    """A commit as bytes, for a bus that crosses processes."""
    parts = ((type(x).__name__, x) for x in (*commit.save, *commit.delete, *commit.tell))
    return msgspec.msgpack.encode(
        (
            commit.home,
            commit.epoch,
            commit.n,
            len(commit.save),
            len(commit.delete),
            [(name, msgspec.msgpack.encode(x)) for name, x in parts],
        )
    )


def unpack(data: bytes) -> Commit:
    """The commit that `pack` made `data` from."""
    home, epoch, n, saved, deleted, parts = msgspec.msgpack.decode(data)
    nouns = [msgspec.msgpack.decode(raw, type=_TYPES[name]) for name, raw in parts]
    return Commit(
        home,
        epoch,
        n,
        nouns[:saved],
        nouns[saved : saved + deleted],
        nouns[saved + deleted :],
    )
