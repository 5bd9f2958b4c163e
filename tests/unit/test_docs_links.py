"""Every link inside the repository's pages leads somewhere, and the site has every page."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def text_of(page: Path) -> str:
    """A page without its examples, which hold no links."""
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where a page leads, but for other hosts."""
    found = re.findall(r"\]\(<?([^)>\s]+)>?\)", text_of(page))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    without = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", without, re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"[\s]+", "-", heading) for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if DOCS in page.parents:
            # The site has nothing but what is below docs/.
            assert DOCS in target.parents or target == ROOT / "COMPATIBILITY.md", link
        if anchor:
            assert anchor in anchors(target), link


def shown(nav: list[Any]) -> Iterator[str]:
    """The pages of the site's menu."""
    for entry in nav:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from shown(value)


def test_the_site_has_every_page() -> None:
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    menu = list(shown(nav))
    assert len(menu) == len({*menu})
    pages = {page.name for page in DOCS.glob("*.md")}
    assert {*menu} == {*pages, "decisions/index.md"}


def test_the_index_of_decisions_has_each() -> None:
    decisions = DOCS / "decisions"
    pages = {page.name for page in decisions.glob("[0-9]*.md")}
    assert pages == {*links(decisions / "index.md")}
    for page in pages:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page)


def test_the_check_finds_links() -> None:
    assert "docs/cli.md" in links(ROOT / "README.md")
    assert "what-does-not-work-yet" in anchors(ROOT / "README.md")
