"""Search of messages (Discord reference, "Message resource", "Search guild messages")."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from hearth.core.models.messages import MessageObject
from hearth.core.wire import Form, Problem, Snowflake

Ids = Annotated[list[Snowflake], Meta(max_length=100)]
Texts = Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=100)]
AuthorType = Literal["user", "bot", "webhook", "-user", "-bot", "-webhook"]
Has = Literal[
    "link", "embed", "file", "image", "video", "sound", "sticker", "poll", "snapshot",
    "-link", "-embed", "-file", "-image", "-video", "-sound", "-sticker", "-poll", "-snapshot",
]  # fmt: skip
EmbedType = Literal["image", "video", "gif", "sound", "article"]


class ChannelSearchQuery(Form, kw_only=True):
    """What is looked for; lists are alternatives, different fields must all hold."""

    content: Annotated[str, Meta(max_length=1024)] | None = None
    slop: Annotated[int, Meta(ge=0, le=100)] = 2
    author_id: Ids | None = None
    author_type: Annotated[list[AuthorType], Meta(max_length=6)] | None = None
    mentions: Ids | None = None
    mentions_role_id: Ids | None = None
    mention_everyone: bool | None = None
    replied_to_user_id: Ids | None = None
    replied_to_message_id: Ids | None = None
    min_id: Snowflake | None = None
    max_id: Snowflake | None = None
    has: Annotated[list[Has], Meta(max_length=18)] | None = None
    link_hostname: Texts | None = None
    embed_provider: Texts | None = None
    embed_type: Annotated[list[EmbedType], Meta(max_length=5)] | None = None
    attachment_extension: Texts | None = None
    attachment_filename: (
        Annotated[list[Annotated[str, Meta(max_length=1024)]], Meta(max_length=100)] | None
    ) = None
    pinned: bool | None = None
    sort_by: Literal["timestamp", "relevance"] = "timestamp"
    sort_order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Meta(ge=1, le=25)] = 25
    offset: Annotated[int, Meta(ge=0, le=9975)] = 0

    def problems(self) -> Iterable[Problem]:
        """The ids must leave room between them."""
        if self.min_id is not None and self.max_id is not None and self.min_id > self.max_id:
            yield ("min_id",), "NUMBER_TYPE_MAX", "min_id must not be greater than max_id."


class GuildSearchQuery(ChannelSearchQuery, kw_only=True):
    """The same in a guild: in all channels that the caller may read, or in some."""

    channel_id: Annotated[list[Snowflake], Meta(max_length=500)] | None = None
    include_nsfw: bool = False


class Hits(Struct, frozen=True):
    """A page of what was found, as (channel id, message id), and how much there is of it."""

    found: tuple[tuple[int, int], ...]
    total: int


class FoundMessageObject(MessageObject, gc=False, kw_only=True):
    """A message that was found; it comes without its reactions."""

    hit: bool = True


class FoundObject(Struct, gc=False, kw_only=True):
    """A page of what was found, each message in a list of its own; at most 10,000 are counted.

    There are no threads yet whose channels and members would have to come along.
    """

    messages: list[tuple[FoundMessageObject]]
    total_results: int
    doing_deep_historical_index: bool = False
    threads: tuple[()] = ()
    members: tuple[()] = ()
