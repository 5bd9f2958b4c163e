"""Search of messages: what is kept of a message to find it by, what is looked for, and the port.

A message is kept as its words and its tags. A tag is a letter for a kind and an id or a hash: what
one filters by. A query becomes groups of tags of which one each must be there, tags that must not,
and phrases.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from hearth.core.ids import MAX_ID
from hearth.core.models.attachments import Attachment
from hearth.core.models.messages import Message
from hearth.core.models.search import ChannelSearchQuery, Hits
from hearth.core.words import stands_alone, words

MOST = 10_000
"""So many results are counted and can be paged to: what offset and limit reach at most."""

MOST_PHRASES = 32
PREFIX = 3
"""The last word of a query also finds longer ones from so many letters on."""

_LINK = re.compile(r"https?://([^\s/?#<>\"')\]]+)", re.IGNORECASE)
_QUERY = re.compile(r'"([^"]*)"|([^\s"]+)')
_EMBED_TYPES = {"gifv": "gif"}
_FILES = {"image": "image", "video": "video", "audio": "sound"}


class Phrase(Struct, frozen=True):
    """Words that follow each other; with `prefix` the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False


class Document(Struct, frozen=True, gc=False):
    """A message as the index keeps it; tags and words with a blank between each."""

    id: int
    channel_id: int
    tags: str
    words: str


class Wanted(Struct, frozen=True, kw_only=True):
    """What is looked for, in these channels of one home only; ids are above and below.

    A document has one tag of each group of `any_of`, none of `none_of`, every phrase of `exact`,
    and those of `near` within a stretch that holds up to `slop` other words.
    """

    home: int
    channels: Sequence[int]
    any_of: Sequence[Sequence[str]] = ()
    none_of: Sequence[str] = ()
    near: Sequence[Phrase] = ()
    exact: Sequence[Phrase] = ()
    slop: int = 2
    above: int = -1
    below: int = MAX_ID
    ascending: bool = False
    by_relevance: bool = False
    limit: int = 25
    offset: int = 0


class Progress(Struct, frozen=True):
    """How far the index is: the last row of the journal that it has, and what it was built from.

    Until it is `built` it has the messages of the channels before `channel_id`, and in that one
    those up to `message_id`.
    """

    cursor: int = 0
    built: bool = False
    channel_id: int = 0
    message_id: int = 0


class Search(Protocol):
    """An index of messages. It is derived: lost or cleared, it is built anew from the log."""

    async def progress(self) -> Progress:
        """How far it is."""
        ...

    async def put(
        self, documents: Sequence[Document], gone: Iterable[int], progress: Progress
    ) -> None:
        """Take `gone` messages out, put documents in or in their place, and note the progress.

        All or nothing. Raises `StorageFull`.
        """
        ...

    async def find(self, wanted: Wanted) -> Hits:
        """A page of what is found, and how much there is of it, up to `MOST`.

        By relevance come those first of which the words make up the most, of the `MOST` newest.
        """
        ...

    async def count(self) -> int:
        """How many documents there are."""
        ...

    async def channels(self) -> list[int]:
        """The channels of which there are, or were, documents."""
        ...

    async def of_channel(self, channel_id: int, limit: int) -> list[int]:
        """Up to `limit` messages of a channel; its last ones gone, it is forgotten by `put`."""
        ...

    async def clear(self) -> None:
        """Begin anew, with nothing."""
        ...

    async def check(self) -> list[str]:
        """A sentence for each fault in what is stored."""
        ...

    async def close(self) -> None:
        """Finish what is queued, then close."""
        ...


# What is kept


def document(
    message: Message, home: int, author_type: str, *, pinned: bool, replied_to: int | None
) -> Document:
    """What is kept of a message; `replied_to` is the author of the message that it replies to."""
    embeds = [] if message.embeds is None else _decode(message.embeds)
    texts = [message.content]
    for embed in embeds:
        texts += _embed_texts(embed)
    found = dict.fromkeys(_tags(message, home, author_type, embeds))
    if pinned:
        found["p"] = None
    if replied_to is not None:
        found[f"r{replied_to}"] = None
    kept = [word for text in texts for word in words(text)]
    return Document(message.id, message.channel_id, " ".join(found), " ".join(kept))


class _Named(Struct):
    name: str = ""
    text: str = ""
    value: str = ""


class _Embed(Struct):
    """What search reads of an embed."""

    type: str = "rich"
    title: str = ""
    description: str = ""
    url: str = ""
    image: _Named | None = None
    provider: _Named | None = None
    author: _Named | None = None
    footer: _Named | None = None
    fields: list[_Named] = []


_decode = msgspec.json.Decoder(list[_Embed]).decode


def _tags(message: Message, home: int, author_type: str, embeds: list[_Embed]) -> Iterator[str]:
    yield f"g{home}"
    yield f"c{message.channel_id}"
    yield f"a{message.author_id}"
    yield f"t{author_type}"
    yield from (f"m{user_id}" for user_id in message.mentions)
    yield from (f"o{role_id}" for role_id in message.mention_roles)
    if message.mention_everyone:
        yield "e"
    if message.reference is not None and message.shows_referenced:
        yield f"q{message.reference.message_id}"
    yield from _link_tags(message.content)
    for embed in embeds:
        yield from _embed_tags(embed)
    for file in message.attachments:
        yield from _file_tags(file)
    if message.stickers:
        yield "hsticker"
    # Records have these as far as this version can write them.
    for name, field in (("poll", "poll"), ("snapshot", "snapshots")):
        if getattr(message, field, None):
            yield f"h{name}"


def _link_tags(text: str) -> Iterator[str]:
    # Most texts have none, and the expression takes its time to find that out.
    for name in _LINK.findall(text) if "://" in text else ():
        yield "hlink"
        host = name.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")
        if host:
            yield _hashed("l", host)


def _embed_texts(embed: _Embed) -> Iterator[str]:
    yield embed.title
    yield embed.description
    for field in embed.fields:
        yield field.name
        yield field.value
    if embed.author is not None:
        yield embed.author.name
    if embed.footer is not None:
        yield embed.footer.text


def _embed_tags(embed: _Embed) -> Iterator[str]:
    yield "hembed"
    kind = _EMBED_TYPES.get(embed.type, embed.type)
    if kind.isascii() and kind.isalnum():
        yield f"k{kind}"
    if kind == "image" or embed.image is not None:
        yield "himage"
    if kind in ("video", "gif"):
        yield "hvideo"
    if kind == "sound":
        yield "hsound"
    if embed.provider is not None and embed.provider.name:
        yield _hashed("v", embed.provider.name)
    yield from _link_tags(embed.url)


def _file_tags(file: Attachment) -> Iterator[str]:
    yield "hfile"
    yield _hashed("f", file.filename)
    if "." in file.filename:
        yield _hashed("x", file.filename.rpartition(".")[2])
    kind = (file.content_type or "").partition("/")[0]
    if kind in _FILES:
        yield f"h{_FILES[kind]}"


def _hashed(kind: str, text: str) -> str:
    """A tag of a text, whatever it holds."""
    return kind + hashlib.blake2b(text.casefold().encode(), digest_size=8).hexdigest()


# What is looked for


def wanted(query: ChannelSearchQuery, home: int, channels: Sequence[int]) -> Wanted | None:
    """What a query looks for in these channels; None where nothing can be found."""
    any_of: list[list[str]] = []
    none_of: list[str] = []
    for kind, ids in (
        ("a", query.author_id),
        ("m", query.mentions),
        ("o", query.mentions_role_id),
        ("r", query.replied_to_user_id),
        ("q", query.replied_to_message_id),
    ):
        if ids:
            any_of.append([f"{kind}{each}" for each in ids])
    for kind, names in (("t", query.author_type), ("h", query.has), ("k", query.embed_type)):
        none_of += [f"{kind}{name[1:]}" for name in names or () if name.startswith("-")]
        if some := [f"{kind}{name}" for name in names or () if not name.startswith("-")]:
            any_of.append(some)
    hosts = [host.lower().removeprefix("www.") for host in query.link_hostname or ()]
    extensions = [each.removeprefix(".") for each in query.attachment_extension or ()]
    for kind, texts in (
        ("l", hosts),
        ("v", query.embed_provider),
        ("x", extensions),
        ("f", query.attachment_filename),
    ):
        if texts:
            any_of.append([_hashed(kind, text) for text in texts])
    for tag, flag in (("e", query.mention_everyone), ("p", query.pinned)):
        if flag is not None:
            any_of += [[tag]] if flag else []
            none_of += [] if flag else [tag]
    near, exact = phrases(query.content or "")
    if not channels or ((query.content or "").strip() and not near and not exact):
        return None
    return Wanted(
        home=home,
        channels=channels,
        any_of=any_of,
        none_of=none_of,
        near=near,
        exact=exact,
        slop=query.slop,
        above=-1 if query.min_id is None else query.min_id,
        below=MAX_ID if query.max_id is None else query.max_id,
        ascending=query.sort_order == "asc",
        by_relevance=query.sort_by == "relevance",
        limit=query.limit,
        offset=query.offset,
    )


def phrases(content: str) -> tuple[list[Phrase], list[Phrase]]:
    """The phrases of a query: those that stand near each other, and those in quotes.

    What stands between blanks is one phrase, such as `don't` or a run of Chinese. The last word
    also finds longer ones where it is not quoted.
    """
    near: dict[Phrase, None] = {}
    exact: dict[Phrase, None] = {}
    last: Phrase | None = None
    for quoted, bare in _QUERY.findall(content):
        found = tuple(words(quoted or bare))
        if not found or len(near) + len(exact) == MOST_PHRASES:
            continue
        phrase = Phrase(found)
        (near if bare else exact)[phrase] = None
        last = phrase if bare else None
    if last is not None and len(last.words[-1]) >= PREFIX and not stands_alone(last.words[-1][-1]):
        del near[last]
        near[Phrase(last.words, prefix=True)] = None
    return list(near), list(exact)
