"""What signals know of documents, read from a generation's real embedded indexes."""

from collections.abc import Iterator

import numpy as np
import pytest

from api.bootstrap import House
from api.signal_reads import SignalReads
from rerank.document_facts import DocumentFacts, inverse_frequency
from rerank.facts import QueryWord, coded
from rerank.signals.registry import features
from tandem.documents import Document
from tandem.queries import Query
from tests.e2e.shop import until
from tests.integration.downtime import embedders
from tests.owned_house import NAME, at_work, owned, settings_in


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Twenty documents and one more, followed."""
    settings = settings_in(tmp_path_factory.mktemp("reads"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with owned(settings) as house, at_work(house):
            fox = Document("fox", "The Foxes", "Running word3 foxes", {"kind": ("k", "l")})
            house.catalog.documents.append(NAME, "test", [fox])
            until(lambda: house.collection(NAME).behind == 0)
            yield house


@pytest.fixture
def facts(house: House) -> Iterator[DocumentFacts]:
    """Of the live generation."""
    opened, reads = house.collection(NAME).live, SignalReads(house.catalog, NAME)
    yield DocumentFacts(opened.generation.schema, reads.reading(opened))
    reads.close()


def test_facts_of_a_document(house: House, facts: DocumentFacts) -> None:
    """Its words as the analysis of the generation leaves them, and its passages' direction."""
    found = facts.of(["fox", "gone"], 10.0)
    assert [*found] == ["fox"]
    fox = found["fox"]
    assert fox.words["title"].tolist() == coded(["fox"]).tolist()
    assert fox.words["body"].tolist() == coded(["run", "word3", "fox"]).tolist()
    assert fox.keywords == {"kind": ("k", "l")}
    assert fox.vector is not None
    (passages,) = house.collection(NAME).live.vector.index.vectors(["fox"]).values()
    assert fox.focus * fox.vector == pytest.approx(passages.mean(axis=0), abs=1e-6)


def test_words_of_a_query(facts: DocumentFacts) -> None:
    """Without stop words, weighted by how many of all documents hold them."""
    assert facts.words("the Words word3", 10.0) == (
        QueryWord("word", inverse_frequency(21, 0)),
        QueryWord("word3", inverse_frequency(21, 2)),
    )


def test_a_query_that_was_searched_for(house: House, facts: DocumentFacts) -> None:
    """Its vector is the one that the search used, however the text was spaced; it is not embedded
    for its own sake.
    """
    assert facts.vector("Running foxes") is None
    house.collection(NAME).searcher().search(Query("  Running \n foxes"))
    vector = facts.vector("Running foxes ")
    assert vector is not None
    again = house.collection(NAME).live.embedder.embed_queries(["Running foxes"])[0]
    assert vector.tolist() == again.tolist()


def test_features_of_a_search(house: House) -> None:
    """Those of the answer, of words and of vectors come out of one search."""
    query = Query("running foxes", wants_features=True)
    result = house.collection(NAME).searcher().search(query)
    assert result.features is not None
    schema = house.collection(NAME).live.generation.schema
    assert [*result.features.names] == [feature.name for feature in features(schema)]
    asked = result.features.of(["fox"]).columns(
        ["field_coverage.body", "field_near.body", "title_matched", "values.kind", "query_words"]
    )
    assert asked.values.tolist() == [[1.0, 1.0, 1.0, 2.0, 2.0]]
    both = result.features.of(["fox"]).columns(["vector_mean", "vector_score"]).values
    assert np.isfinite(both).all()
    assert both[0, 0] == pytest.approx(both[0, 1], abs=1e-5)  # it has one passage
