"""Friends, blocked users and notes: what one user keeps of others (discord-userdoccers)."""

from enum import IntEnum
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.users import User, UserObject, user_object
from hearth.core.wire import timestamp

MOST_RELATIONSHIPS = 1000
"""So many friends and requests somebody has at most, and so many blocked users."""

MOST_NOTES = 5000
NICKNAME_LENGTH = 32
NOTE_LENGTH = 256


class RelationshipType(IntEnum):
    """What another is to a user; stored, so values never change."""

    NONE = 0
    FRIEND = 1
    BLOCKED = 2
    INCOMING = 3
    OUTGOING = 4


class Relationship(Struct, frozen=True, gc=False, kw_only=True):
    """What `other_id` is to `user_id`; the other has a row of their own, unless blocked."""

    user_id: int
    other_id: int
    type: int
    since_ms: int
    nickname: str | None = None


class Note(Struct, frozen=True, gc=False, kw_only=True):
    """What a user wrote down about another, who never learns of it."""

    user_id: int
    other_id: int
    note: str


# Replies


class RelationshipObject(Struct, gc=False, kw_only=True):
    """A relationship as its user sees it; without `user` where users are listed apart."""

    id: str
    type: int
    nickname: str | None
    since: str
    user: UserObject | UnsetType = UNSET
    user_ignored: bool = False


def relationship_object(relationship: Relationship, other: User | None) -> RelationshipObject:
    """A relationship; `other` is shown where it is given."""
    return RelationshipObject(
        id=str(relationship.other_id),
        type=relationship.type,
        nickname=relationship.nickname,
        since=timestamp(relationship.since_ms),
        user=UNSET if other is None else user_object(other),
    )


class NoteObject(Struct, gc=False, kw_only=True):
    """A note."""

    user_id: str
    note_user_id: str
    note: str


def note_object(note: Note) -> NoteObject:
    """A note, as its writer sees it."""
    return NoteObject(user_id=str(note.user_id), note_user_id=str(note.other_id), note=note.note)


# Requests


class RelationshipPut(Struct, kw_only=True):
    """Body of create_relationship: without `type`, or with 1, friends; with 2, blocked."""

    type: Literal[1, 2] | UnsetType | None = UNSET


class RelationshipPatch(Struct, kw_only=True):
    """Body of update_relationship."""

    nickname: Annotated[str, Meta(max_length=NICKNAME_LENGTH)] | UnsetType | None = UNSET


class FriendRequest(Struct, kw_only=True):
    """Body of send_friend_request. Nobody has a discriminator: what is sent of it is not read."""

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    discriminator: Any = None


class NotePut(Struct, kw_only=True):
    """Body of update_note; nothing is no note."""

    note: Annotated[str, Meta(max_length=NOTE_LENGTH)] | None = None
