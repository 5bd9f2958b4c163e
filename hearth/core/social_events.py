"""The events of what one user keeps of others, and of how they want to be told of things.

(discord-userdoccers, "Gateway events".) Each is told to all sessions of one person.
"""

from typing import Any, ClassVar

from msgspec import UNSET, Raw

from hearth.core.events import PEOPLE, Audience, Context, Event, event
from hearth.core.models.presence import NO_ACTIVITIES, Presence, SessionObject
from hearth.core.models.settings import NotificationSettingsObject
from hearth.core.models.social import RelationshipObject
from hearth.core.wire import timestamp


class ToUser(Event):
    """What one person is told."""

    user: int

    @property
    def user_id(self) -> int:
        return self.user


@event("RELATIONSHIP_ADD", intent=PEOPLE, to="user")
class RelationshipAdd(ToUser):
    """Somebody is now a friend, asks to be one, was asked, or is blocked."""

    relationship: RelationshipObject
    should_notify: bool = False

    def data(self, at: Context) -> Any:
        shown = self.relationship
        d: dict[str, Any] = {
            "id": shown.id,
            "type": shown.type,
            "nickname": shown.nickname,
            "since": shown.since,
            "user_ignored": False,
        }
        if shown.user is not UNSET:
            d["user"] = shown.user
        if self.should_notify:
            d["should_notify"] = True
        return d


@event("RELATIONSHIP_UPDATE", intent=PEOPLE, to="user")
class RelationshipUpdate(RelationshipAdd):
    """A friend has another nickname."""


@event("RELATIONSHIP_REMOVE", intent=PEOPLE, to="user")
class RelationshipRemove(ToUser):
    """Somebody is no friend any more, asks no more, or is not blocked any more."""

    other: int
    type: int
    nickname: str | None = None

    def data(self, at: Context) -> Any:
        return {"id": str(self.other), "type": self.type, "nickname": self.nickname}


class FriendPresence(ToUser):
    """A friend's presence, or that of somebody in an open DM; it has the name of guilds' event."""

    name: ClassVar[str] = "PRESENCE_UPDATE"
    intent: ClassVar[int] = PEOPLE
    to: ClassVar[Audience] = "user"

    id: int
    presence: Presence | None

    def data(self, at: Context) -> Any:
        return friend_presence(self.id, self.presence)


def friend_presence(user_id: int, presence: Presence | None) -> dict[str, Any]:
    """A presence as friends are told of it, which is of no guild."""
    return {
        "user": {"id": str(user_id)},
        "status": "offline" if presence is None else presence.status,
        "activities": Raw(NO_ACTIVITIES if presence is None else presence.activities),
        "client_status": {} if presence is None else presence.clients,
    }


@event("USER_NOTE_UPDATE", intent=PEOPLE, to="user")
class UserNoteUpdate(ToUser):
    """A note was written, changed or, when it is empty, removed."""

    other: int
    note: str

    def data(self, at: Context) -> Any:
        return {"id": str(self.other), "note": self.note}


@event("USER_SETTINGS_UPDATE", intent=PEOPLE, to="user")
class UserSettingsUpdate(ToUser):
    """Settings that clients share changed; `d` is what changed."""

    changed: dict[str, Any]

    def data(self, at: Context) -> Any:
        return self.changed


@event("USER_SETTINGS_PROTO_UPDATE", intent=PEOPLE, to="user")
class UserSettingsProtoUpdate(ToUser):
    """Settings that clients keep as protocol buffers changed; all of that kind are told."""

    kind: int
    proto: str

    def data(self, at: Context) -> Any:
        return {"settings": {"type": self.kind, "proto": self.proto}, "partial": False}


@event("USER_GUILD_SETTINGS_UPDATE", intent=PEOPLE, to="user")
class UserGuildSettingsUpdate(ToUser):
    """How the user is told of a guild, or of private channels, changed."""

    settings: NotificationSettingsObject

    def data(self, at: Context) -> Any:
        return self.settings


@event("CHANNEL_PINS_ACK", intent=PEOPLE, to="user")
class ChannelPinsAck(ToUser):
    """The user has seen a channel's pins up to the newest."""

    channel: int
    at_ms: int
    version: int

    def data(self, at: Context) -> Any:
        return {
            "channel_id": str(self.channel),
            "timestamp": timestamp(self.at_ms),
            "version": self.version,
        }


@event("RECENT_MENTION_DELETE", intent=PEOPLE, to="user")
class RecentMentionDelete(ToUser):
    """The user took a message off their list of recent mentions."""

    message_id: int

    def data(self, at: Context) -> Any:
        return {"message_id": str(self.message_id)}


@event("SESSIONS_REPLACE", intent=PEOPLE, to="user")
class SessionsReplace(ToUser):
    """The user's sessions, when there is one more or less of several, or one's status changed."""

    sessions: list[SessionObject]

    def data(self, at: Context) -> Any:
        return self.sessions
