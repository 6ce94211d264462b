"""Similar documents: by telling words and by the middle of the passages, never the seed itself."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from query.legs import LexicalLeg, VectorLeg
from query.similar import LONGEST_TEXT, middle, telling_text, told_text
from tandem.documents import Document
from tandem.errors import DocumentNotFound, QueryError
from tandem.protocols import FloatMatrix, VectorIndex
from tandem.queries import Query
from tandem.rankings import SearchResult
from tandem.scoring import DEFAULT, LexicalScoring
from tests.builders import document, unit_rows
from tests.fakes import DIMENSION
from tests.small_collection import SmallCollection

PAPERS = [
    document("seed", "the telescope sees galaxies galaxies galaxies", title="Stars", brand="a"),
    document("near", "galaxies and stars", brand="a"),
    document("other", "galaxies, seen by nobody", brand="b"),
    document("noted", "something", note="stars", brand="b"),
    document("far", "cooking with salt", brand="b"),
    document("slash/id", "more salt", title="Cooking"),
    document("blank", ""),
]


@pytest.fixture
def papers(tmp_path: Path) -> Iterator[SmallCollection]:
    """Stars and salt. By meaning ``far`` is nearest to the seed, then ``near``."""
    made = SmallCollection(tmp_path, PAPERS)
    axes = np.eye(DIMENSION, dtype=np.float32)
    made.vectors.rows |= {
        "seed": axes[:2],
        "far": unit_rows(axes[0] + axes[1]),
        "near": axes[:1],
        "other": axes[2:3],
    }
    yield made
    made.close()


def similar(papers: SmallCollection, seed: str, configuration: str = "hybrid") -> SearchResult:
    """What resembles a document."""
    return papers.search("", configuration, surface="similar", seed_document_id=seed)


def test_by_words(papers: SmallCollection) -> None:
    """What holds its telling words, in any text field; the seed is neither shown nor counted."""
    result = similar(papers, "seed", "lexical")
    assert set(result.page.document_ids) == {"near", "other", "noted"}
    assert result.page.document_ids[0] == "near"
    assert result.total == 3
    assert "<mark>galaxies</mark>" in (result.highlights["other"].body or "")


def test_words_are_weighed_but_no_pairs_are_counted(papers: SmallCollection) -> None:
    """Telling words are a list: which of them stand side by side in it says nothing."""

    def scores(scoring: LexicalScoring) -> Mapping[str, float]:
        leg = LexicalLeg(papers.lexical, scoring)
        question = leg.ask_like(papers.documents["seed"], ["title", "body", "note"])
        return {**question.retrieve((), 9, 5.0).scores(), **question.score(["seed"], 5.0)}

    weighed = scores(LexicalScoring.of({"body": 5.0}))
    assert scores(LexicalScoring.of({"body": 5.0}, phrase=5.0, proximity=5.0)) == weighed
    assert weighed != scores(DEFAULT)


def test_by_meaning(papers: SmallCollection) -> None:
    """The middle of its passages is what others are near to."""
    result = similar(papers, "seed", "semantic")
    assert result.page.document_ids[:2] == ("far", "near")
    assert "seed" not in result.page.document_ids
    assert result.page.hits[0].score == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("configuration", ["rrf", "hybrid"])
def test_by_both(papers: SmallCollection, configuration: str) -> None:
    """As a search: fused, under filters, counted, with the legs' evidence."""
    query = Query(
        "", surface="similar", seed_document_id="seed", filters={"brand": "b"}, facets=("brand",)
    )
    result = papers.pipeline(configuration).search(query)
    assert set(result.page.document_ids) == {"other", "noted", "far"}
    assert result.facets == {"brand": {"b": 3}}
    assert result.total == 3
    legs = {part.leg for hit in result.page.hits for part in hit.evidence}
    assert legs == {"lexical", "vector"}


def test_by_pages(papers: SmallCollection) -> None:
    """Each document once, the seed never; passages are chosen by the seed's meaning."""
    asked: dict[str, Any] = {"surface": "similar", "seed_document_id": "seed"}
    whole = similar(papers, "seed").page.document_ids
    page, found = papers.search("", "hybrid", limit=2, **asked), list[str]()
    while True:
        found += page.page.document_ids
        assert page.total == similar(papers, "seed").total
        if page.cursor is None:
            break
        page = papers.search("", "hybrid", limit=2, cursor=page.cursor, **asked)
    assert tuple(found) == whole
    assert "seed" not in found


def test_later_pages_without_the_seeds_passages(papers: SmallCollection) -> None:
    """It left the vector index since: nobody knows which passages are near to it."""
    asked: dict[str, Any] = {"surface": "similar", "seed_document_id": "seed"}
    first = papers.search("", "semantic", limit=1, **asked)
    assert first.highlights["far"].is_passage
    del papers.vectors.rows["seed"]
    later = papers.search("", "semantic", limit=3, cursor=first.cursor, **asked)
    assert {"near", "noted"} <= {*later.documents}
    assert (later.highlights, later.degraded) == ({}, ())


def test_rules_do_not_apply(papers: SmallCollection) -> None:
    """Nobody typed a text that would call them up."""
    papers.read_rules('[[rules]]\nname = "r"\ncontains = "stars"\nhide = ["near"]')
    assert "near" in similar(papers, "seed").page.document_ids


def test_an_id_is_any_text(papers: SmallCollection) -> None:
    """Slashes too."""
    assert similar(papers, "slash/id", "lexical").page.document_ids == ("far",)


def test_a_document_that_says_nothing(papers: SmallCollection) -> None:
    """It resembles nothing; no count stands for everything."""
    result = similar(papers, "blank")
    assert (result.page.document_ids, result.total) == ((), 0)


def test_one_that_is_in_the_log_alone(papers: SmallCollection) -> None:
    """It was just written: it is embedded, and the log has its words."""
    fresh = document("fresh", "cooking with salt")
    papers.documents["fresh"] = fresh
    assert set(similar(papers, "fresh", "lexical").page.document_ids) == {"far", "slash/id"}
    assert len(similar(papers, "fresh", "semantic").page) == len(PAPERS)
    assert papers.embedder.embedded == ["cooking with salt"]


def test_an_unknown_document(papers: SmallCollection) -> None:
    """An error of its own."""
    with pytest.raises(DocumentNotFound, match="there is no document 'nobody'"):
        similar(papers, "nobody")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (Query("", surface="similar"), "seed_document_id"),
        (Query("", seed_document_id="seed"), "seed_document_id"),
        (Query("words", seed_document_id="seed"), "seed_document_id"),
        (Query("words", surface="similar", seed_document_id="seed"), "text"),
        (Query("", surface="similar", seed_document_id=" "), "seed_document_id"),
    ],
)
def test_half_a_question(papers: SmallCollection, query: Query, field: str) -> None:
    """A document or a text, and the surface that fits."""
    for ask in (papers.pipeline().check, papers.pipeline().search):
        with pytest.raises(QueryError) as caught:
            ask(query)
        assert caught.value.field == field


def test_telling_words(papers: SmallCollection) -> None:
    """Frequent in it and rare elsewhere; those that it alone holds lead nowhere."""
    text = told_text(PAPERS[0], ["title", "body", "note"])
    assert text == "Stars\nthe telescope sees galaxies galaxies galaxies"
    assert telling_text(papers.lexical, text, 10.0) == "galaxies stars"
    assert telling_text(papers.lexical, "", 10.0) == ""


def test_a_long_document_is_bounded() -> None:
    """Its title and short texts come first."""
    long = replace(document("x", "word " * 10_000, title="Title", note="noted"))
    told = told_text(long, ["title", "body", "note"])
    assert told.startswith("Title\nnoted\nword word")
    assert len(told) == LONGEST_TEXT


def test_the_middle() -> None:
    """Of length 1; what cancels out is no direction, and nothing is near it."""
    rows = unit_rows([[1, 0], [0, 1]])
    np.testing.assert_allclose(middle(rows), [0.5**0.5, 0.5**0.5], atol=1e-6)
    assert middle(rows).dtype == np.float32
    assert not middle(np.concatenate([rows, -rows])).any()


def test_a_seed_without_direction_finds_nothing(papers: SmallCollection) -> None:
    """The engine is not asked for what is near to nothing."""

    class Opposed:
        """Two passages that cancel each other out."""

        def vectors(self, _: object) -> dict[str, FloatMatrix]:
            """See ``VectorIndex``."""
            return {"x": unit_rows([[1, 0], [-1, 0]])}

    leg = VectorLeg(cast("VectorIndex", Opposed()), papers.embedder, 128)
    assert leg.ask_like(Document("x"), ()).retrieve((), 10, 1.0).hits == ()
