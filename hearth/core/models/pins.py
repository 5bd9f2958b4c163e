"""Pinned messages (Discord reference, "Message resource", "Get Channel Pins")."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from hearth.core.models.messages import MessageObject
from hearth.core.wire import Form, Problem, parse_timestamp

MOST_PINS = 250
"""So many messages of a channel are pinned at most."""


class PinnedMessageObject(Struct, gc=False, kw_only=True):
    """A pinned message and when it was pinned."""

    pinned_at: str
    message: MessageObject


class PinnedMessagesObject(Struct, gc=False, kw_only=True):
    """A page of pinned messages, the newest pin first."""

    items: list[PinnedMessageObject]
    has_more: bool


class PinsQuery(Form, kw_only=True):
    """Query of list_pins: what was pinned before a time, for the next page."""

    before: str | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 50

    @property
    def before_ms(self) -> int | None:
        """The time in epoch milliseconds."""
        return None if self.before is None else parse_timestamp(self.before)

    def problems(self) -> Iterable[Problem]:
        """The time must be one."""
        if self.before is not None and self.before_ms is None:
            message = f'Could not parse "{self.before[:100]}". Should be ISO8601.'
            yield ("before",), "DATE_TIME_TYPE_PARSE", message
