"""Compares what the engines hold with the log, and the log with what the client was told."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from indexer.indexing import catch_up
from tandem.documents import Document
from tandem.errors import CollectionNotFound
from tandem.passages import PassageSplitter
from tests.fakes import HashEmbedder
from tests.integration.crash.driver import settings
from tests.integration.crash.oracle import Held, Oracle, State

EVERYTHING = 1_000_000
ROUNDING = 1e-6


def audit(folder: Path, collections: list[str], oracle: Oracle) -> int:
    """Open the house, catch up, compare everything with everything; how many documents there are.

    A collection that died before it was made has nothing acknowledged in it.
    """
    found: State = {}
    with open_house(settings(folder), "audit", embedder=HashEmbedder()) as house:
        for name in collections:
            held = exact(house, name)
            found |= {(name, document_id): item for document_id, item in held.items()}
    oracle.settle(found)
    return len(found)


def exact(house: House, name: str) -> dict[str, Held]:
    """Catch up; then both engines hold exactly what the log does, which is returned."""
    try:
        collection = house.collection(name)
    except CollectionNotFound:
        return {}
    assert catch_up(collection.followers) == []
    collection.lexical.index.refresh()  # another process may have written last, a moment ago
    log = house.catalog.documents
    changes = log.changes(name, 0, EVERYTHING).changes
    held = {
        change.document_id: Held(change.document, change.sequence)
        for change in changes
        if change.document is not None
    }
    for follower in collection.followers:
        assert follower.checkpoint.applied == log.head()
        assert house.catalog.checkpoints.read(follower.checkpoint.index_name) == follower.checkpoint
    _check_lexical(collection, held)
    _check_vectors(collection, held)
    return held


def _check_lexical(collection: OpenCollection, held: Mapping[str, Held]) -> None:
    index = collection.lexical.index
    versions = sorted(index.versions())
    assert versions == sorted((name, item.sequence) for name, item in held.items())
    assert index.count() == len(held)
    assert index.documents(list(held)) == {name: item.document for name, item in held.items()}
    for document_id, item in held.items():
        words = Counter(item.document.body.split())
        if words:
            rarest = min(words, key=lambda word: (words[word], word))
            hits = index.search(rarest, limit=len(held), timeout_seconds=5).scores()
            holding = {name for name in held if rarest in held[name].document.body.split()}
            assert hits.keys() == holding, f"{document_id}: {rarest}"


def _check_vectors(collection: OpenCollection, held: Mapping[str, Held]) -> None:
    index = collection.vector.index
    embedder = HashEmbedder()
    splitter = PassageSplitter(embedder, collection.generation.passage_tokens)
    expected = {
        document_id: embedder.embed_documents(splitter.split([item.document])[0])
        for document_id, item in held.items()
        if not _is_blank(item.document)
    }
    assert sorted(index.versions()) == sorted(
        (name, held[name].sequence, len(rows), len(rows)) for name, rows in expected.items()
    )
    assert index.count() == sum(len(rows) for rows in expected.values())
    vectors = index.vectors(list(expected))
    assert vectors.keys() == expected.keys()
    for document_id, rows in expected.items():
        assert np.abs(vectors[document_id] - rows).max() <= ROUNDING, document_id
    failures = collection.catalog.checkpoints.failures(
        collection.generation.vector_name, EVERYTHING
    )
    assert {(failure.document_id, failure.sequence) for failure in failures} == {
        (name, item.sequence) for name, item in held.items() if _is_blank(item.document)
    }
    assert collection.failure_counts()["lexical"] == 0


def _is_blank(document: Document) -> bool:
    return not (document.title.strip() or document.body.strip())
