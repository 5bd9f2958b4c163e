"""The events of what hangs off messages, reactions and pins, and of many messages deleted at once.

(Discord topic, "Gateway events".)
"""

from typing import Any

from hearth.core.events import Context, Event, Intent, event, of_guild
from hearth.core.models.members import Member, member_object
from hearth.core.models.reactions import ReactionEmoji, reaction_emoji_object
from hearth.core.wire import timestamp


class _OfMessage(Event):
    channel: int
    message_id: int

    @property
    def channel_id(self) -> int:
        return self.channel

    def data(self, at: Context) -> Any:
        return {
            "channel_id": str(self.channel),
            "message_id": str(self.message_id),
            **of_guild(at),
        }


class _Reaction(_OfMessage):
    user: int
    emoji: ReactionEmoji

    def data(self, at: Context) -> Any:
        return {
            "user_id": str(self.user),
            **super().data(at),
            "emoji": reaction_emoji_object(self.emoji),
            "burst": False,
            "type": 0,
        }


@event("MESSAGE_REACTION_ADD", intent=Intent.GUILD_MESSAGE_REACTIONS, to="channel")
class ReactionAdd(_Reaction):
    """Somebody reacted to a message."""

    author_id: int
    member: Member | None = None

    def data(self, at: Context) -> Any:
        d = super().data(at)
        d["message_author_id"] = str(self.author_id)
        if self.member is not None:
            d["member"] = member_object(self.member, at.user(self.member.user_id))
        return d


@event("MESSAGE_REACTION_REMOVE", intent=Intent.GUILD_MESSAGE_REACTIONS, to="channel")
class ReactionRemove(_Reaction):
    """A reaction was taken back, or off by a moderator."""


@event("MESSAGE_REACTION_REMOVE_ALL", intent=Intent.GUILD_MESSAGE_REACTIONS, to="channel")
class ReactionRemoveAll(_OfMessage):
    """All reactions to a message were taken off."""


@event("MESSAGE_REACTION_REMOVE_EMOJI", intent=Intent.GUILD_MESSAGE_REACTIONS, to="channel")
class ReactionRemoveEmoji(_OfMessage):
    """All reactions to a message with one emoji were taken off."""

    emoji: ReactionEmoji

    def data(self, at: Context) -> Any:
        return {**super().data(at), "emoji": reaction_emoji_object(self.emoji)}


@event("MESSAGE_DELETE_BULK", intent=Intent.GUILD_MESSAGES, to="channel")
class MessageDeleteBulk(Event):
    """Several messages were deleted at once."""

    channel: int
    ids: tuple[int, ...]

    @property
    def channel_id(self) -> int:
        return self.channel

    def data(self, at: Context) -> Any:
        return {
            "ids": [str(id) for id in self.ids],
            "channel_id": str(self.channel),
            **of_guild(at),
        }


@event("CHANNEL_PINS_UPDATE", intent=Intent.GUILDS, direct=Intent.DIRECT_MESSAGES, to="channel")
class ChannelPinsUpdate(Event):
    """A message was pinned or unpinned; not told when a pinned one is deleted."""

    channel: int

    @property
    def channel_id(self) -> int:
        return self.channel

    def data(self, at: Context) -> Any:
        pinned_ms = at.last_pin_ms(self.channel)
        return {
            "channel_id": str(self.channel),
            "last_pin_timestamp": None if pinned_ms is None else timestamp(pinned_ms),
            **of_guild(at),
        }
