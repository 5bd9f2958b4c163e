"""Mention rows: who was mentioned where, derived from the log by the unread consumer."""

from msgspec import Struct


class Mention(Struct, frozen=True, gc=False, kw_only=True):
    """A message that mentions `target_id`: a user, a role, or the guild for @everyone.

    In a private channel each message mentions the channel. `author_id` is 0 in old rows.
    """

    channel_id: int
    message_id: int
    target_id: int
    author_id: int = 0
