"""Queries that mean to be more than text: whatever is looked for, the index answers."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearth.core.models.messages import Message
from hearth.core.models.search import ChannelSearchQuery, Hits
from hearth.core.search import Progress, document, wanted
from hearth.store.search_fts import FtsSearch

Find = Callable[[ChannelSearchQuery], Hits | None]

# What FTS5 knows as operators, quotes, columns and prefixes, and what ends or breaks texts.
PARTS = [
    '"', '""', "'", "''", "*", "^", "(", ")", "{", "}", ":", "+", "-", ",", "\\", ";", "--", "/*",
    "AND", "OR", "NOT", "NEAR", "NEAR(", "NEAR(a b, 3)", "tags", "tags : ", "words:", "found",
    "rowid", "a", "hello", "hello*", "c1", "\0", "\x01", "\x1f", "\x7f", "\u200b", "\u202e",
    "\ufeff", "\uffff", "\U0010ffff", "é", "e\u0301", "中文", "ไทย", "🔥", "👩‍👩‍👧", " ", "\n",
    "%", "_", "?", "?1", ":a", "$a", "@a", "DROP TABLE documents", "x" * 300,
]  # fmt: skip
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
few = st.none() | st.lists(texts, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def find() -> Iterator[Find]:
    """Ask an index in memory that has a message."""
    with asyncio.Runner() as runner:
        index = runner.run(FtsSearch.open(None))
        said = Message(id=7, channel_id=1, author_id=3, type=0, content="hello world")
        kept = document(said, 1, "user", pinned=False, replied_to=None)
        runner.run(index.put([kept], [], Progress(1, True)))

        def ask(query: ChannelSearchQuery) -> Hits | None:
            asked = wanted(query, 1, [1])
            return None if asked is None else runner.run(index.find(asked))

        yield ask
        runner.run(index.close())


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts, few, few, few, few, st.integers(0, 100), st.booleans())
def test_nothing_is_a_fault_of_syntax(
    find: Find,
    content: str,
    hosts: list[str] | None,
    providers: list[str] | None,
    endings: list[str] | None,
    names: list[str] | None,
    slop: int,
    relevance: bool,
) -> None:
    find(
        ChannelSearchQuery(
            content=content,
            link_hostname=hosts,
            embed_provider=providers,
            attachment_extension=endings,
            attachment_filename=names,
            slop=slop,
            sort_by="relevance" if relevance else "timestamp",
        )
    )
    # Nothing was changed by it.
    assert find(ChannelSearchQuery(content="hello")) == Hits(((1, 7),), 1)


@pytest.mark.parametrize("part", PARTS)
def test_each_alone_and_many_times(find: Find, part: str) -> None:
    for text in (part, part * 2, f"hello {part}", f'"{part}', (part * 2000)[:2000]):
        find(ChannelSearchQuery(content=text))
    assert find(ChannelSearchQuery(content="hello")) == Hits(((1, 7),), 1)
