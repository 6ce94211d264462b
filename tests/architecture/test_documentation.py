"""Documentation holds output, not memories of it."""

import re
from pathlib import Path

import pytest

from docs.generate import stale_pages
from tandem import settings

DOCS = Path(__file__).parents[2] / "docs"
README = DOCS.parent / "README.md"
PAGES = sorted([README, *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\((?!https?://)([^)#]+)[^)]*\)")


def test_the_generated_pages_are_current() -> None:
    """`make docs` would change nothing."""
    assert stale_pages() == []


def test_every_setting_has_a_meaning() -> None:
    """No setting is listed without an explanation."""
    assert [row["name"] for row in settings.describe() if not row["help"]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page names a file that exists."""
    broken = [
        target
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_the_decisions_are_all_listed() -> None:
    """The table of decisions names every page, and every page stands in it."""
    folder = DOCS / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))

    assert listed == {page.name for page in folder.glob("0*.md")}


def test_the_architecture_page_names_every_room() -> None:
    """A room without a section would be a room that nobody explained."""
    page = (DOCS / "architecture.md").read_text("utf-8")
    rooms = ["tandem", "indexer", "query", "rerank", "relevance_eval", "api"]
    shelves = [f"tandem/{shelf}" for shelf in ("catalog", "engines", "embedding")]

    assert [name for name in rooms + shelves if f"## {name}/" not in page] == []
