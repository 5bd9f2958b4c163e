"""Reactions, how they are kept and shown (Discord reference, "Message resource").

In the log a reaction is a mark. Its name is `r` and the emoji: Unicode's as UTF-8, a guild's own
by its id in digits. The label keeps what a guild's emoji was called when it was first used, with
`a` or `s` in front (animated or static): the emoji may be another guild's, or gone.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.emojis import Emoji
from hearth.core.wire import Snowflake

FAMILY = b"r"
"""The first byte of a reaction's name, which stands for all of a message's."""

MOST_REACTIONS = 20
"""So many different emoji a message takes."""


class ReactionEmoji(Struct, frozen=True, gc=False):
    """What somebody reacted with: a Unicode emoji by `name`, or a guild's own by `id`."""

    id: int | None
    name: str
    animated: bool = False

    @property
    def mark(self) -> bytes:
        """The name of its mark."""
        return FAMILY + (self.name if self.id is None else str(self.id)).encode()

    @property
    def label(self) -> bytes:
        """What is kept with its tally."""
        if self.id is None:
            return b""
        return (("a" if self.animated else "s") + self.name).encode()


def emoji_of(name: bytes, label: bytes, emojis: Mapping[int, Emoji]) -> ReactionEmoji:
    """The emoji of a mark; one of `emojis` as it is called now."""
    text = name[1:].decode()
    if not text.isdecimal():
        return ReactionEmoji(None, text)
    known = emojis.get(int(text))
    if known is not None:
        return ReactionEmoji(known.id, known.name, known.animated)
    return ReactionEmoji(int(text), label[1:].decode(), label[:1] == b"a")


class ReactionEmojiObject(Struct, gc=False, kw_only=True):
    """An emoji as reactions show it; `animated` is there for a guild's own."""

    id: str | None
    name: str | None
    animated: bool | UnsetType = UNSET


class CountDetailsObject(Struct, gc=False, kw_only=True):
    """How many reacted in which way; there are no super reactions."""

    normal: int
    burst: int = 0


class ReactionObject(Struct, gc=False, kw_only=True):
    """The reactions to a message with one emoji; `me` is whether the reader's is among them."""

    emoji: ReactionEmojiObject
    count: int
    count_details: CountDetailsObject
    me: bool
    me_burst: bool = False
    burst_colors: tuple[()] = ()


def reaction_emoji_object(emoji: ReactionEmoji) -> ReactionEmojiObject:
    """An emoji as reactions and their events show it."""
    if emoji.id is None:
        return ReactionEmojiObject(id=None, name=emoji.name)
    return ReactionEmojiObject(id=str(emoji.id), name=emoji.name or None, animated=emoji.animated)


def reaction_object(emoji: ReactionEmoji, count: int, *, mine: bool) -> ReactionObject:
    """What the message shows of one emoji."""
    return ReactionObject(
        emoji=reaction_emoji_object(emoji),
        count=count,
        count_details=CountDetailsObject(normal=count),
        me=mine,
    )


class ReactionsQuery(Struct, kw_only=True):
    """Query of list_message_reactions_by_emoji; `type` 1 asks for super reactions."""

    after: Snowflake | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 25
    type: Literal[0, 1] = 0
