"""Embeds of messages (Discord reference, "Message resource", "Embed object")."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.roles import Color
from hearth.core.wire import Problem, encode, parse_timestamp, timestamp

MAX_EMBEDS = 10
MAX_EMBED_CHARACTERS = 6000
"""Over all embeds of a message: titles, descriptions, fields, footers and authors' names."""

WEB = ("http", "https")
FILES = ("http", "https", "attachment")
"""Schemes of pictures: `attachment://name` is a file of the same message."""

# Replies


class EmbedMediaObject(Struct, gc=False, kw_only=True):
    """A picture; its size is known only where the server has fetched it."""

    url: str


class EmbedAuthorObject(Struct, gc=False, kw_only=True):
    """Who an embed is by."""

    name: str
    url: str | UnsetType = UNSET
    icon_url: str | UnsetType = UNSET


class EmbedFooterObject(Struct, gc=False, kw_only=True):
    """An embed's last line."""

    text: str
    icon_url: str | UnsetType = UNSET


class EmbedFieldObject(Struct, gc=False, kw_only=True):
    """A name and a value."""

    name: str
    value: str
    inline: bool


class EmbedObject(Struct, gc=False, kw_only=True):
    """An embed as it is shown and stored."""

    type: str = "rich"
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    color: int | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET
    author: EmbedAuthorObject | UnsetType = UNSET
    footer: EmbedFooterObject | UnsetType = UNSET
    image: EmbedMediaObject | UnsetType = UNSET
    thumbnail: EmbedMediaObject | UnsetType = UNSET
    fields: list[EmbedFieldObject] | UnsetType = UNSET


# Requests

Url = Annotated[str, Meta(max_length=2048)]


class EmbedMedia(Struct, kw_only=True):
    """A picture in a request."""

    url: Url | None = None


class EmbedAuthor(Struct, kw_only=True):
    """An author in a request."""

    name: Annotated[str, Meta(max_length=256)] | None = None
    url: Url | None = None
    icon_url: Url | None = None


class EmbedFooter(Struct, kw_only=True):
    """A footer in a request."""

    text: Annotated[str, Meta(max_length=2048)] | None = None
    icon_url: Url | None = None


class EmbedField(Struct, kw_only=True):
    """A field in a request."""

    name: Annotated[str, Meta(max_length=256)]
    value: Annotated[str, Meta(max_length=1024)]
    inline: bool | None = None


class Embed(Struct, kw_only=True):
    """An embed in a request. Its type is always "rich"; only links have video and provider."""

    title: Annotated[str, Meta(max_length=256)] | None = None
    description: Annotated[str, Meta(max_length=4096)] | None = None
    url: Url | None = None
    color: Color | None = None
    timestamp: str | None = None
    author: EmbedAuthor | None = None
    footer: EmbedFooter | None = None
    image: EmbedMedia | None = None
    thumbnail: EmbedMedia | None = None
    fields: Annotated[list[EmbedField], Meta(max_length=25)] | None = None


def _is_blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _has_content(embed: Embed) -> bool:
    """Whether there is anything to see."""
    texts = [embed.title, embed.description]
    if embed.author:
        texts.append(embed.author.name)
    if embed.footer:
        texts.append(embed.footer.text)
    pictures = [media.url for media in (embed.image, embed.thumbnail) if media]
    return bool(embed.fields) or any(pictures) or not all(map(_is_blank, texts))


def _characters(embed: Embed) -> int:
    texts = [embed.title, embed.description]
    if embed.author:
        texts.append(embed.author.name)
    if embed.footer:
        texts.append(embed.footer.text)
    for field in embed.fields or ():
        texts += field.name, field.value
    return sum(len(text) for text in texts if text)


def embed_problems(embeds: Sequence[Embed]) -> Iterator[Problem]:
    """What is wrong in embeds whose fields are each of the right type."""
    if sum(map(_characters, embeds)) > MAX_EMBED_CHARACTERS:
        text = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        yield ("embeds",), "MAX_EMBED_SIZE_EXCEEDED", text
    for index, embed in enumerate(embeds):
        yield from _problems(embed, ("embeds", index))


def _problems(embed: Embed, path: tuple[str | int, ...]) -> Iterator[Problem]:
    required = ("BASE_TYPE_REQUIRED", "This field is required")
    if embed == Embed():
        yield path, "LIST_ITEM_VALUE_REQUIRED", "List item values of ModelType are required"
    elif not _has_content(embed):
        yield (*path, "description"), *required
    if embed.timestamp is not None and parse_timestamp(embed.timestamp) is None:
        text = f"Could not parse {embed.timestamp[:100]}. Should be ISO8601."
        yield (*path, "timestamp"), "DATE_TIME_TYPE_PARSE", text
    for index, field in enumerate(embed.fields or ()):
        for name, text in (("name", field.name), ("value", field.value)):
            if _is_blank(text):
                yield (*path, "fields", index, name), *required
    for keys, url, schemes in _urls(embed):
        if url and (wrong := url_problem(url, schemes)):
            yield (*path, *keys), *wrong


def _urls(embed: Embed) -> Iterable[tuple[tuple[str, ...], str | None, tuple[str, ...]]]:
    yield ("url",), embed.url, WEB
    if embed.author:
        yield ("author", "url"), embed.author.url, WEB
        yield ("author", "icon_url"), embed.author.icon_url, FILES
    if embed.footer:
        yield ("footer", "icon_url"), embed.footer.icon_url, FILES
    if embed.image:
        yield ("image", "url"), embed.image.url, FILES
    if embed.thumbnail:
        yield ("thumbnail", "url"), embed.thumbnail.url, FILES


_ADDRESS = re.compile(
    r"""(?P<scheme>[a-z][a-z0-9+.-]*):
    (?P<rest>//(?:[^/?\#@]*@)?(?P<host>\[[0-9a-f:.]+\]|[^/?\#@:\[\]]+)(?::\d{1,5})?(?:[/?\#].*)?)?
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
"""Scheme, and where the rest is whole the host (RFC 3986 section 3)."""


def url_problem(url: str, schemes: tuple[str, ...]) -> tuple[str, str] | None:
    """Code and message if `url` is not a whole one of these schemes."""
    bad = "URL_TYPE_INVALID_URL", "Not a well formed URL."
    found = _ADDRESS.match(url)
    if found is None or any(character <= " " or character.isspace() for character in url):
        return bad
    scheme = found["scheme"].lower()
    if scheme not in schemes:
        known = ", ".join(f"'{scheme}'" for scheme in schemes)
        text = f'Scheme "{scheme[:100]}" is not supported. Scheme must be one of ({known}).'
        return "URL_TYPE_INVALID_SCHEME", text
    return None if found["host"] and found.end() == len(url) else bad


def embeds_json(embeds: Sequence[Embed]) -> bytes | None:
    """The JSON of embeds as they are stored and shown, None for none."""
    return encode([_object(embed) for embed in embeds]) if embeds else None


def _text(text: str | None) -> str | UnsetType:
    return UNSET if text is None or _is_blank(text) else text.strip()


def _media(media: EmbedMedia | None) -> EmbedMediaObject | UnsetType:
    return EmbedMediaObject(url=media.url) if media and media.url else UNSET


def _object(embed: Embed) -> EmbedObject:
    shown = EmbedObject(
        title=_text(embed.title),
        description=_text(embed.description),
        url=_text(embed.url),
        color=UNSET if embed.color is None else embed.color,
        image=_media(embed.image),
        thumbnail=_media(embed.thumbnail),
    )
    moment = None if embed.timestamp is None else parse_timestamp(embed.timestamp)
    if moment is not None:
        shown.timestamp = timestamp(moment)
    author, footer = embed.author, embed.footer
    if author and author.name and not _is_blank(author.name):
        shown.author = EmbedAuthorObject(
            name=author.name.strip(), url=_text(author.url), icon_url=_text(author.icon_url)
        )
    if footer and footer.text and not _is_blank(footer.text):
        shown.footer = EmbedFooterObject(text=footer.text.strip(), icon_url=_text(footer.icon_url))
    if embed.fields:
        shown.fields = [
            EmbedFieldObject(
                name=field.name.strip(), value=field.value.strip(), inline=bool(field.inline)
            )
            for field in embed.fields
        ]
    return shown
