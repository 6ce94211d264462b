"""Rules and synonyms through the pipeline, over real words: order, counts, pages, explanations."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.rankings import Degradation
from tests.builders import document
from tests.small_collection import SmallCollection

SHOES = [
    document("s1", "sandals sandals sandals", title="Sandals", brand="acme"),
    document("s2", "sandals for summer", brand="acme"),
    document("s3", "sandals for winter and other things", brand="best"),
    document("s4", "a long text about walking that has sandals in it somewhere", brand="best"),
    document("b1", "boots", brand="best"),
    document("t1", "a television", brand="acme"),
    document("t2", "a tv set", brand="best"),
]
SALE = """
[[rules]]
name = "sale"
query = "sandals"
pin = ["b1", "s4", "missing"]
hide = ["s1"]
boost = [{ filter = { brand = "best" }, by = 100.0 }]
"""
SCREENS = """
[[synonyms]]
name = "screens"
words = ["tv", "television"]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SmallCollection]:
    """Sandals, boots and televisions."""
    made = SmallCollection(tmp_path, SHOES)
    yield made
    made.close()


def test_without_rules_words_decide(shop: SmallCollection) -> None:
    """What the tests below change."""
    result = shop.search("sandals")
    assert set(result.page.document_ids) == {"s1", "s2", "s3", "s4"}
    assert result.page.document_ids[0] == "s1"
    assert (result.total, result.notes, result.applied) == (4, {}, ())


@pytest.mark.parametrize("configuration", ["lexical", "rrf", "hybrid", "semantic"])
def test_pinned_boosted_and_hidden(shop: SmallCollection, configuration: str) -> None:
    """In every configuration; the hidden are not counted, the pinned are."""
    shop.read_rules(SALE)
    result = shop.search("Sandals", configuration, facets=("brand",))
    ids = result.page.document_ids
    assert ids[:2] == ("b1", "s4")
    brands = [shop.documents[name].attributes["brand"] for name in ids]
    assert brands == sorted(brands, reverse=True), "the boosted are before the others"
    assert {"s2", "s3"} <= {*ids}
    assert "s1" not in ids
    assert [hit.rank for hit in result.page.hits] == list(range(1, len(ids) + 1))
    assert result.applied == ("sale",)
    assert result.notes["b1"][0] == "sale: pinned"
    assert result.notes["s3"] == ("sale: boosted by 100",)
    assert result.documents["b1"].body == "boots"
    assert result.total == len(ids)
    assert result.facets is not None
    assert sum(result.facets["brand"].values()) == len(ids)


def test_a_pin_passes_the_filter_or_is_left_out(shop: SmallCollection) -> None:
    """A filter is a promise."""
    shop.read_rules(SALE)
    result = shop.search("sandals", filters={"brand": "acme"})
    assert result.page.document_ids == ("s2",)
    assert result.total == 1


def test_hiding_the_best_leaves_a_full_page(shop: SmallCollection) -> None:
    """As many candidates more are asked for."""
    shop.read_rules('[[rules]]\nname = "h"\nquery = "sandals"\nhide = ["s1", "s2"]')
    result = shop.search("sandals", depth=2, limit=2)
    assert set(result.page.document_ids) == {"s3", "s4"}


def test_synonyms_find_by_words(shop: SmallCollection) -> None:
    """Both are found, counted and marked; whose name took part is told."""
    shop.read_rules(SCREENS)
    result = shop.search("tv")
    assert set(result.page.document_ids) == {"t1", "t2"}
    assert (result.total, result.applied) == (2, ("screens",))
    assert result.highlights["t1"].body == "a <mark>television</mark>"
    assert result.correction is None


def test_synonyms_are_scored_by_completion(shop: SmallCollection) -> None:
    """What only meaning found has the lexical score that a search would have given."""
    shop.read_rules(SCREENS)
    result = shop.search("tv", "hybrid")
    legs = {hit.document_id: hit.evidence for hit in result.page.hits}
    lexical = {name: part.score for name in legs for part in legs[name] if part.leg == "lexical"}
    assert lexical["t1"]
    assert lexical["t2"]
    assert lexical["b1"] in (0.0, None)


def test_browsing_has_no_rules(shop: SmallCollection) -> None:
    """They are called up by a text."""
    shop.read_rules(SALE)
    result = shop.search("")
    assert result.total == len(SHOES)
    assert result.applied == ()


# --- pages of a frozen order ---


def test_later_pages_are_of_the_order_that_rules_made(shop: SmallCollection) -> None:
    """What was pinned is not repeated; notes, names and counts are the first page's."""
    shop.read_rules(SALE + SCREENS)
    first = shop.search("sandals", limit=2, facets=("brand",))
    assert first.page.document_ids == ("b1", "s4")
    assert first.cursor is not None
    later = shop.search("", cursor=first.cursor, limit=5)
    assert later.page.document_ids == ("s3", "s2")
    assert [hit.rank for hit in later.page.hits] == [3, 4]
    assert later.notes == {"s3": ("sale: boosted by 100",)}
    assert (later.applied, later.total, later.facets) == (first.applied, 4, first.facets)


def test_what_is_hidden_meanwhile_is_gone(shop: SmallCollection) -> None:
    """It keeps its place, without content; the total is what it was."""
    first = shop.search("sandals", limit=1)
    assert first.cursor is not None
    shop.read_rules('[[rules]]\nname = "h"\nquery = "sandals"\nhide = ["s2", "s3"]')
    later = shop.search("", cursor=first.cursor, limit=5)
    assert len(later.page) == 3
    assert {*later.page.document_ids} - {*later.documents} == {"s2", "s3"}
    assert later.unread == frozenset()
    assert not {"s2", "s3"} & {*later.highlights}
    assert later.total == first.total == 4


def test_a_page_of_hidden_hits_reads_nothing(shop: SmallCollection) -> None:
    """All of them are gone, and nothing is missing from the answer."""
    first = shop.search("sandals", limit=1)
    shop.read_rules('[[rules]]\nname = "h"\nquery = "sandals"\nhide = ["s2", "s3", "s4"]')
    later = shop.search("", cursor=first.cursor, limit=5)
    assert (len(later.page), later.documents, later.degraded) == (3, {}, ())


def test_rules_that_come_later_do_not_move_hits(shop: SmallCollection) -> None:
    """The order is frozen: only what is hidden goes."""
    first = shop.search("sandals", limit=1)
    rest = shop.search("", cursor=first.cursor, limit=5).page.document_ids
    shop.read_rules('[[rules]]\nname = "p"\nquery = "sandals"\npin = ["b1", "s3"]')
    assert shop.search("", cursor=first.cursor, limit=5).page.document_ids == rest


def test_synonyms_mark_later_pages_too(shop: SmallCollection) -> None:
    """They are frozen with the order, whatever the file says by then."""
    shop.read_rules(SCREENS)
    first = shop.search("tv", limit=1)
    shop.read_rules("")
    later = shop.search("", cursor=first.cursor, limit=1)
    shown = [*first.highlights.values(), *later.highlights.values()]
    marked = {highlight.body for highlight in shown}
    assert marked == {"a <mark>television</mark>", "a <mark>tv</mark> set"}
    assert later.applied == ("screens",)


def test_pins_are_there_though_a_leg_hangs(
    shop: SmallCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It uses up the time of the legs, not that of what rules need."""
    released = threading.Event()
    monkeypatch.setattr(shop.vectors, "search", lambda *_, **__: released.wait(30))
    shop.read_rules(SALE)
    result = shop.search("sandals", "rrf", budget_ms=1_500.0)
    released.set()
    assert result.page.document_ids[:2] == ("b1", "s4")
    assert result.degraded == (Degradation("vector", "timeout"),)


def test_what_rules_lacked_is_told_on_each_page(
    shop: SmallCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pinned document, which only the log would have, is missing from all of them."""
    released = threading.Event()
    logged = shop.logged
    monkeypatch.setattr(shop, "logged", lambda *_: released.wait(30))
    shop.read_rules('[[rules]]\nname = "pinner"\nquery = "sandals"\npin = ["zz"]')
    first = shop.search("sandals", limit=1, budget_ms=1_500.0)
    released.set()
    monkeypatch.setattr(shop, "logged", logged)
    later = shop.search("", cursor=first.cursor, limit=1)
    lacking = (Degradation("documents", "timeout"),)
    assert (first.degraded, later.degraded) == (lacking, lacking)
    assert (first.applied, later.applied) == ((), ())


def test_a_boost_that_does_not_fit_is_told(shop: SmallCollection) -> None:
    """The rest of its rule is in force, on each page."""
    shop.read_rules(SALE.replace("brand =", "colour ="))
    first = shop.search("sandals", limit=2)
    later = shop.search("", cursor=first.cursor, limit=2)
    assert first.page.document_ids == ("b1", "s4")
    assert first.applied == later.applied == ("sale",)
    told = ("sale: boost 1: filter.colour: no such field in this collection",)
    assert first.left_out == later.left_out == told
