"""Queries' vectors are remembered, and nothing else is changed."""

import pytest

from tandem.embedding.remembering_embedder import RememberingEmbedder
from tests.fakes import HashEmbedder


def test_a_query_is_remembered() -> None:
    """Its vector is at hand; of what nobody asked there is none."""
    embedder = RememberingEmbedder(HashEmbedder())
    rows = embedder.embed_queries(["red fox", "dog"])
    remembered = embedder.remembered("dog")
    assert remembered is not None
    assert remembered.tolist() == rows[1].tolist()
    assert embedder.remembered("fox") is None


def test_documents_are_not_remembered() -> None:
    """They are what the embedder behind makes of them."""
    behind = HashEmbedder()
    embedder = RememberingEmbedder(behind)
    assert embedder.embed_documents(["fox"]).tolist() == behind.embed_documents(["fox"]).tolist()
    assert embedder.token_spans(["fox"]) == behind.token_spans(["fox"])
    assert embedder.remembered("fox") is None
    assert (embedder.name, embedder.dimension, embedder.window) == (
        behind.name,
        behind.dimension,
        behind.window,
    )


def test_the_last_ones_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked again counts as late."""
    monkeypatch.setattr("tandem.embedding.remembering_embedder.QUERIES", 2)
    embedder = RememberingEmbedder(HashEmbedder())
    for text in "abac":
        embedder.embed_queries([text])
    known = [text for text in "abc" if embedder.remembered(text) is not None]
    assert known == ["a", "c"]
    assert len(embedder.embed_queries([])) == 0
