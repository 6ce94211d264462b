"""Pages over stand-in legs: totals, facets, highlights, later pages, and what may be missing."""

from collections.abc import Iterator, Mapping

import pytest

from query.highlighting import PASSAGE_CHARACTERS, shortened
from query.rules_reading import read_rules
from tandem.documents import Document
from tandem.errors import BadCursor, CatalogError, CursorExpired, EngineError, EngineUnavailable
from tandem.lexical import Matching
from tandem.queries import Query, Sort
from tandem.rankings import Degradation, Highlight, Ranking, Reason, Reranked, SearchResult
from tests.frozen_store import MemoryStore
from tests.pipeline_house import PATIENCE_MS, House, opened_house, raising


@pytest.fixture
def house() -> Iterator[House]:
    """Two healthy legs, and a store of frozen rankings. In the hybrid order: b, a, d, c."""
    with opened_house() as opened:
        opened.store = MemoryStore()
        yield opened


# --- total and facets ---


@pytest.mark.parametrize(
    ("configuration", "counted"),
    [
        ("lexical", Matching("these words")),
        ("semantic", Matching(None, also=("b", "d"))),
        ("rrf", Matching("these words", also=("d",))),
        ("hybrid", Matching("these words", also=("d",))),
    ],
)
def test_one_set_is_counted(house: House, configuration: str, counted: Matching) -> None:
    """What the words match, and what only meaning found."""
    result = house.pipeline(configuration).search(Query("x", facets=("genre",)))
    assert house.lexical.counted[0] == counted
    total = len(counted.also) + (70 if counted.text else 0)
    assert (result.total, result.facets) == (total, {"genre": {"x": total}})


def test_without_facets_meaning_alone_needs_no_count(house: House) -> None:
    """Its candidates are all that it found; the lexical index need not be there."""
    result = house.pipeline("semantic").search(Query("x"))
    assert (result.total, result.facets, house.lexical.counted) == (2, {}, [])


@pytest.mark.parametrize("configuration", ["semantic", "rrf", "hybrid"])
def test_what_the_lexical_index_lacks_is_found_all_the_same(
    house: House, configuration: str
) -> None:
    """It lags behind, or has refused d: the total holds it, with facets and without; its values are
    in no facet, which is told.
    """
    house.lexical.lacks.add("d")
    known = 2 if configuration == "semantic" else 71
    plain = house.pipeline(configuration).search(Query("x"))
    assert (plain.total, plain.degraded) == (known, ())
    result = house.pipeline(configuration).search(Query("x", facets=("genre",)))
    assert (result.total, result.facets) == (known, {"genre": {"x": known - 1}})
    assert result.degraded == (Degradation("facets", "unavailable"),)


def test_what_is_hidden_is_not_lacking(house: House) -> None:
    """Nobody looks for it."""
    house.lexical.lacks.add("d")
    house.rules = read_rules(b'[[rules]]\nname = "r"\nquery = "x"\nhide = ["d"]', "rules.toml")
    result = house.pipeline().search(Query("x", facets=("genre",)))
    assert (result.total, result.degraded) == (70, ())


def test_without_the_lexical_leg_nothing_is_counted(house: House) -> None:
    """The reply names the leg; that is why."""
    house.lexical.on_retrieve = raising(EngineUnavailable("down"))
    result = house.pipeline().search(Query("x", facets=("genre",)))
    assert (result.total, result.facets) == (None, None)
    assert result.degraded == (Degradation("lexical", "unavailable"),)
    assert house.lexical.counted == []


@pytest.mark.parametrize("configuration", ["lexical", "hybrid"])
def test_a_count_that_does_not_come(house: House, configuration: str) -> None:
    """Late or failed: the hits come all the same."""
    house.lexical.on_tally = house.hang
    result = house.pipeline(configuration).search(Query("x", budget_ms=1_000))
    assert result.degraded == (Degradation("facets", "timeout"),)
    assert (result.total, result.facets) == (None, None)
    assert len(result.page) >= 3
    house.lexical.on_tally = raising(EngineError("broken"))
    result = house.pipeline(configuration).search(Query("x"))
    assert result.degraded == (Degradation("facets", "error"),)


def test_a_hanging_leg_leaves_time_to_count(house: House) -> None:
    """And for everything else."""
    house.vector.on_retrieve = house.hang
    result = house.pipeline().search(Query("x", budget_ms=1_000))
    assert result.degraded == (Degradation("vector", "timeout"),)
    assert result.total == 70
    assert result.documents.keys() == set("abc")


# --- highlights ---


def test_matches_are_shown_else_the_nearest_passage(house: House) -> None:
    """The body of b matches; of a the title alone, and of c and d nothing. HTML is escaped."""
    result = house.pipeline().search(Query("x"))
    assert result.highlights == {
        "a": Highlight("<mark>A</mark>", "&lt;body of a&gt;", is_passage=True),
        "b": Highlight(None, "<mark>B</mark>"),
        "c": Highlight(None, "&lt;body of c&gt;", is_passage=True),
        "d": Highlight(None, "&lt;body of d&gt;", is_passage=True),
    }
    assert house.vector.shown == [("a", "d", "c")]


def test_each_configuration_shows_by_its_own_legs(house: House) -> None:
    """Words alone show no passage, meaning alone no matches: no other engine is needed."""
    words = house.pipeline("lexical").search(Query("x")).highlights
    assert words == {"a": Highlight("<mark>A</mark>", None), "b": Highlight(None, "<mark>B</mark>")}
    assert house.vector.shown == []
    meaning = house.pipeline("semantic").search(Query("x")).highlights
    assert [shown.is_passage for shown in meaning.values()] == [True, True]
    assert len(house.lexical.shown) == 1


def test_highlights_that_nobody_wants_cost_nothing(house: House) -> None:
    """Neither engine is asked."""
    result = house.pipeline().search(Query("x", wants_highlights=False))
    assert result.highlights == {}
    assert house.lexical.shown == house.vector.shown == []


def test_highlights_are_of_the_page_alone(house: House) -> None:
    """Not of all candidates."""
    house.pipeline().search(Query("x", limit=1))
    assert house.lexical.shown == [("b",)]


@pytest.mark.parametrize("leg", ["lexical", "vector"])
def test_highlights_that_do_not_come(house: House, leg: str) -> None:
    """The hits come without. Where it is not known which bodies match, no passage stands in."""
    asked = house.lexical if leg == "lexical" else house.vector
    asked.on_show = house.hang
    result = house.pipeline().search(Query("x", budget_ms=PATIENCE_MS))
    assert result.degraded == (Degradation("highlights", "timeout"),)
    assert result.highlights.keys() == (set() if leg == "lexical" else {"a", "b"})
    assert not any(shown.is_passage for shown in result.highlights.values())
    assert len(result.documents) == 4


def test_a_leg_that_is_down_is_not_asked_to_show(house: House) -> None:
    """Without meaning there is no passage, and nothing more is missing than the leg."""
    house.vector.on_retrieve = raising(EngineError("down"))
    result = house.pipeline().search(Query("x"))
    assert result.degraded == (Degradation("vector", "error"),)
    assert result.highlights.keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("passage", "shown"),
    [
        ("  few words ", "few words"),
        ("word " * 100, ("word " * 60).strip()),
        ("x" * 400, "x" * PASSAGE_CHARACTERS),
        ("x" * 299 + " next", "x" * 299),
        ("x" * 300 + " next", "x" * 300),
        ("one " + "x" * 400, "one"),
    ],
)
def test_long_passages_are_cut_between_words(passage: str, shown: str) -> None:
    """Unless a word is too long by itself."""
    assert shortened(passage) == shown


# --- pages ---


def walked(house: House, query: Query, configuration: str = "hybrid") -> list[SearchResult]:
    """Every page, from the first on."""
    pipeline = house.pipeline(configuration)
    results = [pipeline.search(query)]
    while results[-1].cursor is not None:
        results.append(pipeline.search(Query("", cursor=results[-1].cursor, limit=query.limit)))
    return results


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("configuration", ["lexical", "semantic", "rrf", "hybrid"])
def test_pages_follow_each_other(house: House, limit: int, configuration: str) -> None:
    """Ranks count over all of them; nothing is asked of the legs for later ones but highlights."""
    whole = house.pipeline(configuration).search(Query("x", limit=1_000, facets=("genre",)))
    asked = len(house.lexical.asked) + len(house.vector.asked)
    pages = walked(house, Query("x", limit=limit, facets=("genre",)), configuration)
    assert [hit for page in pages for hit in page.page.hits] == [*whole.page.hits]
    assert [len(page.page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    for page in pages:
        assert (page.total, page.facets) == (whole.total, whole.facets)
        assert page.reachable == len(whole.page)
        assert page.is_frozen
        assert page.degraded == ()
        assert page.documents.keys() == {*page.page.document_ids}
        assert page.highlights == {name: whole.highlights[name] for name in page.highlights}
        assert page.configuration == configuration
        assert page.release == 7
    assert len({page.query.query_id for page in pages}) == 1
    assert {page.query.text for page in pages} == {"x"}
    puts = 1 if configuration in {"lexical", "semantic"} else 2
    asked_later = len(house.lexical.asked) + len(house.vector.asked) - 2 * asked
    assert asked_later == puts * (len(pages) - 1)


def test_a_single_page_is_not_frozen(house: House) -> None:
    """Nothing is kept that nobody can ask for."""
    assert house.store is not None
    result = house.pipeline().search(Query("x", limit=4))
    assert (result.cursor, house.store.kept) == (None, {})
    assert "freezing" not in result.milliseconds
    result = house.pipeline().search(Query("x", limit=3))
    assert len(house.store.kept) == 1
    assert result.milliseconds["freezing"] >= 0


def test_pages_may_have_different_limits(house: House) -> None:
    """And one may be asked for again."""
    pipeline = house.pipeline()
    first = pipeline.search(Query("x", limit=1))
    for limit in (1, 2, 3, 100, 2):
        page = pipeline.search(Query("", cursor=first.cursor, limit=limit))
        assert page.page.document_ids == ("a", "d", "c")[:limit]
        assert [hit.rank for hit in page.page.hits] == [2, 3, 4][:limit]
        assert (page.cursor is None) == (limit >= 3)


def test_what_was_deleted_since_keeps_its_place(house: House) -> None:
    """Without a document; it is not unread."""
    first = house.pipeline().search(Query("x", limit=1))
    house.deleted.add("d")
    page = house.pipeline().search(Query("", cursor=first.cursor, limit=3))
    assert page.page.document_ids == ("a", "d", "c")
    assert page.documents.keys() == {"a", "c"}
    assert (page.unread, page.degraded) == (frozenset(), ())


def test_what_was_missing_is_said_on_every_page(house: House) -> None:
    """The order was made without it."""
    house.vector.on_retrieve = raising(EngineUnavailable("down"))
    pages = walked(house, Query("x", limit=1))
    assert len(pages) == 3
    assert {page.degraded for page in pages} == {(Degradation("vector", "unavailable"),)}


class Short:
    """A ``Reranker`` that looks at a document, and lacks a profile."""

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        documents.get("a")
        return Reranked(candidates, (Degradation("profile", "timeout"),))


def test_what_the_order_lacked_is_said_on_every_page(house: House) -> None:
    """It is everybody's, or made without documents that could not be read: no page lacks any."""
    house.reranker = Short()
    house.on_log = lambda ids: ids == ("d",) and raising(CatalogError("down"))()
    house.unindexed.add("d")
    first = house.pipeline().search(Query("x", limit=2))
    house.on_log = lambda _: None
    later = house.pipeline().search(Query("", cursor=first.cursor, limit=2))
    for page in (first, later):
        assert {part.leg for part in page.degraded} == {"profile", "rerank"}
        assert page.documents.keys() == {*page.page.document_ids}
        assert page.unread == frozenset()


@pytest.mark.parametrize(("trouble", "reason"), [("fails", "error"), ("hangs", "timeout")])
def test_an_order_that_cannot_be_kept(house: House, trouble: str, reason: Reason) -> None:
    """The first page comes without a cursor, and says so; more hits are told of by a limit."""
    assert house.store is not None
    house.store.before = house.hang if trouble == "hangs" else raising(CatalogError("down"))
    result = house.pipeline().search(Query("x", limit=2, budget_ms=PATIENCE_MS))
    assert (result.cursor, result.reachable) == (None, 4)
    assert result.degraded == (Degradation("cursor", reason),)
    assert len(result.documents) == len(result.highlights) == 2


def test_a_pipeline_that_freezes_nothing(house: House) -> None:
    """Has first pages alone."""
    assert house.store is not None
    cursor = house.pipeline().search(Query("x", limit=1)).cursor
    house.store = None
    assert house.pipeline().search(Query("x", limit=1)).cursor is None
    with pytest.raises(BadCursor, match="nothing is frozen here"):
        house.pipeline().search(Query("", cursor=cursor))


def test_cursors_are_checked_before_anything_is_done(house: House) -> None:
    """Their form; whether one is kept is seen when it is used."""
    pipeline = house.pipeline()
    pipeline.check(Query("", cursor="A" * 27, limit=5))
    for query in (
        Query("x", cursor="nonsense"),
        Query("x", cursor="b.nonsense"),
        Query("", cursor="b.nonsense"),
        Query("", cursor=""),
    ):
        with pytest.raises(BadCursor):
            pipeline.check(query)
        with pytest.raises(BadCursor):
            pipeline.search(query)
    with pytest.raises(CursorExpired):
        pipeline.search(Query("", cursor="A" * 27))
    assert house.lexical.asked == house.vector.asked == []


# --- browsing ---


@pytest.mark.parametrize("configuration", ["lexical", "semantic", "hybrid"])
def test_browsing_goes_by_words_whatever_the_configuration(
    house: House, configuration: str
) -> None:
    """Page after page, from place to place; nothing is frozen or highlighted."""
    pipeline = house.pipeline(configuration)
    query = Query("", limit=2, facets=("genre",), filters={"genre": "x"}, sort=Sort("year"))
    first = pipeline.search(query)
    second = pipeline.search(Query("", limit=2, cursor=first.cursor, filters={"genre": "x"},
                                   sort=Sort("year")))  # fmt: skip
    assert [hit.document_id for hit in first.page.hits] == ["a", "b"]
    assert [(hit.document_id, hit.rank, hit.score) for hit in second.page.hits] == [("c", 3, 0.0)]
    assert (first.is_frozen, second.is_frozen, second.cursor) == (False, False, None)
    assert (first.total, first.facets, first.reachable) == (70, {"genre": {"x": 70}}, 70)
    assert first.highlights == {}
    assert house.lexical.counted == [Matching(""), Matching("")]
    assert house.vector.asked == []
    assert house.store is not None
    assert house.store.kept == {}
    assert first.milliseconds.keys() == {"understanding", "retrieval", "lexical", "tally",
                                         "documents", "total"}  # fmt: skip


def test_browsing_without_a_count(house: House) -> None:
    """The page comes, and the next one; how many there are is not told."""
    house.lexical.on_tally = raising(EngineError("broken"))
    result = house.pipeline().search(Query("", limit=2))
    assert (result.total, result.facets, result.reachable) == (None, None, 2)
    assert result.degraded == (Degradation("facets", "error"),)
    assert result.cursor is not None


def test_a_cursor_of_browsing_belongs_to_its_list(house: House) -> None:
    """Not to another filter, and not to a search."""
    pipeline = house.pipeline()
    cursor = pipeline.search(Query("", limit=2)).cursor
    with pytest.raises(BadCursor, match="another filter"):
        pipeline.search(Query("", cursor=cursor, filters={"genre": "x"}))
    with pytest.raises(BadCursor, match="here is a text"):
        pipeline.search(Query("x", cursor=cursor))
