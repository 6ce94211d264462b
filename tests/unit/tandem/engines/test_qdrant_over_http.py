"""A whole life of an index over HTTP: the requests are understood, and the answers read."""

import numpy as np
from qdrant_client import QdrantClient

from tandem.documents import Document
from tandem.engines.qdrant_connection import connect
from tandem.engines.qdrant_store import QdrantStore
from tests.builders import deletion, filters, random_rows, upserts
from tests.contracts import filters_oracle as oracle
from tests.contracts.qdrant_local import QUIET
from tests.unit.tandem.engines.qdrant_http import HttpQdrant, serving

pytestmark = QUIET
VECTOR = random_rows(1, 1, 8)[0]


def test_the_life_of_an_index() -> None:
    """Made, written, searched, read, published, made again, dropped."""
    engine = QdrantClient(":memory:")
    with serving(engine) as (url, server):
        store = QdrantStore(connect(url), namespace="http")
        documents = oracle.sample_documents(260, seed=3)
        _lives(store, documents)
        assert store.health().state == "ok"
        store.drop("a-vector-1")
        assert list(store.names()) == []
        store.close()
        _was_asked_well(server)
    assert engine.get_collections().collections == []


def _lives(store: QdrantStore, documents: list[Document]) -> None:
    index = store.create("a-vector-1", "one", oracle.SCHEMA, 8)
    passages = {item.document_id: random_rows(at, 3, 8) for at, item in enumerate(documents)}
    assert index.apply(upserts(documents), passages) == []
    cosines = {name: float((rows @ VECTOR).max()) for name, rows in passages.items()}
    ranking = index.search(VECTOR, limit=20, timeout_seconds=10)
    best = sorted(cosines, key=lambda name: -cosines[name])[:20]
    assert list(ranking.document_ids) == best
    scores = index.score(VECTOR, best[:5], timeout_seconds=10)
    assert np.allclose([scores[name] for name in best[:5]], [cosines[name] for name in best[:5]])
    data = {"seen_at": {"gt": "2300-07-01T12:00:00.000001+00:00"}, "not": {"open": True}}
    typed = filters(oracle.SCHEMA, data)
    found = index.search(VECTOR, filters=typed, limit=500, timeout_seconds=10)
    assert set(found.document_ids) == oracle.matching_ids(documents, data) != set()
    index.apply([deletion(900, best[0])], {})
    assert index.count() == 259 * 3
    assert sum(1 for _ in index.versions(1, 260)) == 259
    assert [tuple(row) for row in index.versions_of(best[1:2])] == [
        (best[1], documents.index(_named(documents, best[1])) + 1, 3, 3)
    ]
    np.testing.assert_allclose(index.vectors(best)[best[1]], passages[best[1]], atol=1e-6)
    store.publish("box", "a-vector-1")
    assert store.identity("a-vector-1") == "one"
    assert store.open("a-vector-1", oracle.SCHEMA, 8).count() == 259 * 3
    assert store.create("a-vector-1", "two", oracle.SCHEMA, 8).count() == 0
    assert (list(store.names()), store.identity("a-vector-1")) == (["a-vector-1"], "two")


def _named(documents: list[Document], document_id: str) -> Document:
    return next(item for item in documents if item.document_id == document_id)


def _was_asked_well(server: HttpQdrant) -> None:
    """Writes are waited for, and every search tells the server how long it may take."""
    for route, options in server.asked:
        if route.endswith(("/points", "/delete", "/index")):
            assert options["wait"] == "true", route
        if "/points" in route:
            assert options["timeout"] in {"10", "60"}, route
    searches = [options for route, options in server.asked if route.endswith("/query")]
    assert {options["timeout"] for options in searches} == {"10"}
