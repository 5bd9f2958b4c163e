"""Private channels: DMs, group DMs and who is in them (Discord reference, "Channel resource")."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.channels import Channel, ChannelType
from hearth.core.models.members import Member
from hearth.core.models.users import User, UserObject, user_json
from hearth.core.wire import Form, Problem, Snowflake, timestamp

MOST_RECIPIENTS = 10
"""A group DM has no more, its owner among them."""


class Recipient(Struct, frozen=True, gc=False, kw_only=True):
    """A user's place in a private channel, which is `open` while their list shows it."""

    channel_id: int
    user_id: int
    joined_at_ms: int
    open: bool = False


class PrivateChannel(Struct, frozen=True, gc=False):
    """A private channel with those who are in it, by user id."""

    channel: Channel
    recipients: tuple[Recipient, ...]


def pair_of(one: int, other: int) -> str:
    """What is unique of the DM of two users, whoever of them opens it."""
    return f"{min(one, other)}-{max(one, other)}"


def as_member(recipient: Recipient) -> Member:
    """A recipient as the member of a home; its `guild_id` is the channel's."""
    return Member(
        guild_id=recipient.channel_id,
        user_id=recipient.user_id,
        joined_at_ms=recipient.joined_at_ms,
    )


# Replies


class PrivateChannelObject(Struct, gc=False, kw_only=True):
    """A DM or group DM as one of its recipients sees it: `recipients` are the others.

    The last three are there for groups.
    """

    id: str
    type: int
    last_message_id: str | None
    recipients: list[UserObject]
    flags: int = 0
    last_pin_timestamp: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    owner_id: str | UnsetType = UNSET


def private_channel_object(
    channel: Channel,
    others: Sequence[User],
    last_message_id: int | None = None,
    last_pin_ms: int | None = None,
) -> PrivateChannelObject:
    """A private channel as it is shown to a recipient, with the `others` in it."""
    shown = PrivateChannelObject(
        id=str(channel.id),
        type=channel.type,
        last_message_id=None if last_message_id is None else str(last_message_id),
        recipients=[user_json(user) for user in others],
        flags=channel.flags,
        last_pin_timestamp=None if last_pin_ms is None else timestamp(last_pin_ms),
    )
    if channel.type == ChannelType.GROUP_DM:
        shown.name = channel.name or None
        shown.icon = channel.icon
        shown.owner_id = str(channel.owner_id)
    return shown


# Requests


class PrivateChannelCreate(Form, kw_only=True):
    """Body of create_dm: `recipient_id` for a DM; people's clients send `recipients` for both."""

    recipient_id: Snowflake | UnsetType | None = UNSET
    recipients: Annotated[list[Snowflake], Meta(max_length=100)] | UnsetType | None = UNSET
    access_tokens: Any = UNSET
    nicks: Any = UNSET

    @property
    def user_ids(self) -> list[int]:
        """Whom it is with, each once."""
        if self.recipient_id:
            return [self.recipient_id]
        return list(dict.fromkeys(self.recipients or ()))

    def problems(self) -> Iterable[Problem]:
        """It must be with somebody. (OAuth2 tokens are refused by name.)"""
        if not self.user_ids and not self.access_tokens and not self.nicks:
            yield ("recipient_id",), "BASE_TYPE_REQUIRED", "This field is required"


class RecipientPut(Form, kw_only=True):
    """Body of add_group_dm_user."""

    access_token: Any = UNSET
    nick: Any = UNSET
