"""The pipeline with stand-in legs: each configuration's own list, evidence, honest degradation."""

import time
from collections.abc import Iterator, Mapping

import pytest

from query.arranging import LazyDocuments
from tandem.documents import Document
from tandem.errors import EngineError, EngineUnavailable, QueryError, SearchUnavailable
from tandem.filters import AnyOf
from tandem.queries import Query
from tandem.rankings import Degradation, Evidence, Part, Ranking, Reason, Reranked
from tests.pipeline_house import MEANING, PATIENCE_MS, SCHEMA, WORDS, House, opened_house, raising


@pytest.fixture
def house() -> Iterator[House]:
    """Two healthy legs."""
    with opened_house() as opened:
        yield opened


# --- the four lists ---


def test_lexical_shows_its_own_list(house: House) -> None:
    """The leg's order and scores, each its own evidence; the other leg is not asked."""
    result = house.pipeline("lexical").search(Query("some words"))
    assert result.page.document_ids == ("a", "b", "c")
    assert [hit.score for hit in result.page.hits] == [9, 6, 3]
    assert result.page.hits[1].evidence == (Evidence("lexical", 2, 6.0, 6.0),)
    assert house.vector.asked == []
    assert result.configuration == "lexical"


def test_semantic_shows_its_own_list(house: House) -> None:
    """As ``lexical``, for the vector leg."""
    result = house.pipeline("semantic").search(Query("some words"))
    assert result.page.document_ids == ("b", "d")
    assert result.page.hits[0].evidence == (Evidence("vector", 1, 0.8, 0.8),)
    assert house.lexical.asked == []


def test_rrf_shows_the_fused_list(house: House) -> None:
    """b: 1/62 + 1/61, a: 1/61, d: 1/62, c: 1/63; nothing is completed."""
    result = house.pipeline("rrf").search(Query("some words"))
    assert result.page.document_ids == ("b", "a", "d", "c")
    assert result.page.hits[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert result.page.hits[1].evidence == (Evidence("lexical", 1, 9.0, 1 / 61),)
    assert "completion" not in result.milliseconds


def test_hybrid_orders_by_completed_scores(house: House) -> None:
    """a: 0.4 x 9/9 + 0.6 x 0.2/0.8 = 0.55; b: 0.4 x 6/9 + 0.6 = 0.867;
    c: 0.4 x 3/9 + 0.6 x 0.1/0.8 = 0.208; d: 0.6 x 0.4/0.8 = 0.3.
    """
    result = house.pipeline().search(Query("some words"))
    assert result.page.document_ids == ("b", "a", "d", "c")
    assert [hit.score for hit in result.page.hits] == pytest.approx(
        [0.866667, 0.55, 0.3, 0.208333], abs=1e-6
    )
    assert house.vector.asked[-1] == ("a", "c"), "only what the leg did not return is completed"
    assert house.lexical.asked[-1] == ("d",)


@pytest.mark.parametrize("configuration", ["lexical", "semantic", "rrf", "hybrid"])
def test_every_hit_has_evidence(house: House, configuration: str) -> None:
    """Each leg's rank, score and share; the shares add up to the hit's score."""
    result = house.pipeline(configuration).search(Query("some words"))
    assert [hit.rank for hit in result.page.hits] == list(range(1, len(result.page) + 1))
    for hit in result.page.hits:
        assert hit.evidence
        shares = [part.share for part in hit.evidence]
        parts = [part.contribution for part in hit.contributions]
        assert hit.score == pytest.approx(sum(parts if configuration == "hybrid" else shares))
        for part in hit.evidence:
            known = WORDS if part.leg == "lexical" else MEANING
            assert part.score == known.get(hit.document_id, 0.0)
    if configuration == "hybrid":
        assert all(len(hit.evidence) == 2 for hit in result.page.hits)


# --- what travels ---


def test_the_question_reaches_both_legs(house: House) -> None:
    """The understood text, typed filters, the depth, and no more time than there is."""
    house.pipeline("rrf").search(Query("  some \n words ", filters={"genre": "x"}, budget_ms=900))
    expected = (AnyOf(SCHEMA.by_name["genre"], ("x",)),)
    for leg in (house.lexical, house.vector):
        text, (filters, limit, seconds) = leg.asked
        assert text == "some words"
        assert filters == expected
        assert limit == 100
        assert 0 < seconds <= 0.9


def test_bad_queries_reach_no_leg(house: House) -> None:
    """What is refused costs the engines nothing."""
    with pytest.raises(QueryError):
        house.pipeline().search(Query("\u200b"))
    assert house.lexical.asked == house.vector.asked == []


def test_the_answer_says_where_it_comes_from(house: House) -> None:
    """Query, release, configuration, documents of the page, and each stage's time."""
    query = Query("some words", limit=2)
    result = house.pipeline().search(query)
    assert (result.query, result.release, result.configuration) == (query, 7, "hybrid")
    assert len(result.page) == 2
    assert result.documents.keys() == set(result.page.document_ids)
    assert result.degraded == ()
    stages = {"understanding", "retrieval", "lexical", "vector", "fusion", "completion", "rerank",
              "arrangement",
              "tally", "documents", "highlights", "total"}  # fmt: skip
    assert result.milliseconds.keys() == stages
    assert all(value >= 0 for value in result.milliseconds.values())


def test_a_limit_above_the_depth(house: House) -> None:
    """The legs are asked for as many as are wanted."""
    house.depth = 2
    many = {f"d{number:03}": 1_000.0 - number for number in range(300)}
    house.lexical.scores = house.vector.scores = many
    house.lexical.found = house.vector.found = 300
    assert len(house.pipeline("rrf").search(Query("x", limit=250)).page) == 250
    assert len(house.pipeline("lexical").search(Query("x", limit=250)).page) == 250
    assert len(house.pipeline("rrf").search(Query("x", limit=1)).page) == 1
    assert [asked[1] for asked in house.vector.asked[1::2]] == [250, 2]


def test_fusion_keeps_depth_candidates(house: House) -> None:
    """Only the candidates that fusion keeps are completed."""
    house.depth = 2
    result = house.pipeline().search(Query("x", limit=2))
    assert len(result.page) == 2
    assert house.lexical.asked[1][1] == 2


def test_nothing_found(house: House) -> None:
    """An empty answer is an answer."""
    house.lexical.scores, house.vector.found = {}, 0
    result = house.pipeline().search(Query("x"))
    assert (len(result.page), result.documents, result.degraded) == (0, {}, ())


# --- degradation ---


@pytest.mark.parametrize(
    ("missing", "page"), [("vector", ("a", "b", "c")), ("lexical", ("b", "d"))]
)
@pytest.mark.parametrize("configuration", ["rrf", "hybrid"])
def test_a_hanging_leg_is_named(
    house: House, missing: Part, page: tuple[str, ...], configuration: str
) -> None:
    """The other leg's answer comes within the budget and says what is missing."""
    leg = house.vector if missing == "vector" else house.lexical
    leg.on_retrieve = house.hang
    began = time.monotonic()
    result = house.pipeline(configuration).search(Query("x", budget_ms=PATIENCE_MS))
    assert time.monotonic() - began < 3 * PATIENCE_MS / 1_000
    assert result.page.document_ids == page
    assert result.degraded == (Degradation(missing, "timeout"),)
    assert all(part.leg != missing for hit in result.page.hits for part in hit.evidence)


@pytest.mark.parametrize(
    ("error", "reason"), [(EngineUnavailable("down"), "unavailable"), (EngineError("x"), "error")]
)
def test_a_failing_leg_is_named(house: House, error: Exception, reason: Reason) -> None:
    """A leg that breaks is left out, and not asked for completion."""
    house.vector.on_retrieve = raising(error)
    result = house.pipeline().search(Query("x"))
    assert result.page.document_ids == ("a", "b", "c")
    assert result.page.hits[0].score == pytest.approx(0.4)
    assert result.degraded == (Degradation("vector", reason),)
    assert len(house.vector.asked) == 2


@pytest.mark.parametrize("configuration", ["rrf", "hybrid"])
def test_both_legs_missing_is_an_error(house: House, configuration: str) -> None:
    """There is no honest page to show; the error names both and what to do."""
    house.lexical.on_retrieve = raising(EngineUnavailable("down"))
    house.vector.on_retrieve = house.hang
    with pytest.raises(SearchUnavailable, match="lexical unavailable, vector timeout") as raised:
        house.pipeline(configuration).search(Query("x", budget_ms=PATIENCE_MS))
    assert raised.value.hint


def test_the_only_leg_missing_is_an_error(house: House) -> None:
    """A configuration of one leg has nothing without it."""
    house.lexical.on_retrieve = raising(EngineError("broken"))
    with pytest.raises(SearchUnavailable, match="lexical error"):
        house.pipeline("lexical").search(Query("x"))


@pytest.mark.parametrize("late", ["lexical", "vector"])
def test_late_completion_leaves_the_fused_order(house: House, late: str) -> None:
    """Scores that are half there would mislead: the page is RRF's, and says so."""
    leg = house.vector if late == "vector" else house.lexical
    leg.on_score = house.hang
    result = house.pipeline().search(Query("x", budget_ms=PATIENCE_MS))
    expected = house.pipeline("rrf").search(Query("x")).page
    assert result.page == expected
    assert result.degraded == (Degradation("completion", "timeout"),)


def test_failing_completion_is_named(house: House) -> None:
    """As a late one, with its own reason."""
    house.vector.on_score = raising(EngineError("broken"))
    result = house.pipeline().search(Query("x"))
    assert result.page.document_ids == ("b", "a", "d", "c")
    assert result.degraded == (Degradation("completion", "error"),)


def test_complete_candidates_need_no_completion(house: House) -> None:
    """Where each leg returned every candidate nothing more is asked."""
    house.lexical.scores = house.vector.scores = WORDS
    house.vector.found = 3
    house.pipeline().search(Query("x"))
    assert len(house.lexical.asked) == len(house.vector.asked) == 2


# --- documents for the reranker ---


class Reader:
    """A ``Reranker`` that looks at the documents and leaves the order."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.seen: dict[str, Document] = {}
        self.within = 0.0

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        if self.wanted:
            self.seen = {name: documents[name] for name in candidates.document_ids}
        self.within = timeout_seconds
        return Reranked(candidates)


@pytest.mark.parametrize("wanted", [False, True])
def test_candidates_are_fetched_when_a_reranker_looks(house: House, wanted: bool) -> None:
    """One fetch for the page, and one more for all candidates only if they are read."""
    reader = Reader(wanted)
    house.reranker = reader
    result = house.pipeline().search(Query("x", limit=1))
    page = result.page.document_ids
    assert len(page) == 1
    assert house.fetched == ([("b", "a", "d", "c"), page] if wanted else [page])
    assert set(reader.seen) == (set("abcd") if wanted else set())


def test_lazy_documents_are_a_mapping() -> None:
    """Fetched once, whatever is asked of them; an unknown id is a ``KeyError``."""
    fetched = 0

    def fetch() -> Mapping[str, Document]:
        nonlocal fetched
        fetched += 1
        return {"a": Document("a")}

    documents = LazyDocuments(fetch)
    assert fetched == 0
    assert documents["a"] == Document("a")
    assert len(documents) == 1
    assert list(documents) == ["a"]
    assert "gone" not in documents
    assert fetched == 1
