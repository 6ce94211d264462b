"""The writers: what each index is given of a batch of changes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from indexer.writers import LexicalWriter, VectorWriter
from tandem.documents import Change
from tandem.protocols import FloatMatrix, Refusal
from tests.builders import deletion, document, upserts
from tests.fakes import DIMENSION, HashEmbedder

REFUSED = [Refusal("a", "never")]


class FakeIndex:
    """Both kinds of index, as far as a writer sees them: remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[Sequence[Change], Any]] = []

    def apply(self, changes: Sequence[Change], passages: Any = None) -> Sequence[Refusal]:
        """Refuse one document."""
        self.given.append((changes, passages))
        return REFUSED

    def search(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def score(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def forget(self, document_ids: Collection[str]) -> None:
        """Not for writers."""
        raise NotImplementedError

    def documents(self, document_ids: Collection[str]) -> Mapping[str, Any]:
        """Not for writers."""
        raise NotImplementedError

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """Not for writers."""
        raise NotImplementedError

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[Any]:
        """Not for writers."""
        raise NotImplementedError

    def versions_of(self, document_ids: Collection[str]) -> Sequence[Any]:
        """Not for writers."""
        raise NotImplementedError

    def suggest(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def highlight(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def tally(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def browse(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def words(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def resembling(self, *_: Any, **__: Any) -> Any:
        """Not for writers."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Not for writers."""
        raise NotImplementedError

    def count(self) -> int:
        """Not for writers."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def test_the_lexical_index_gets_the_changes_as_they_are() -> None:
    """It prepares nothing, and its refusals come back."""
    index = FakeIndex()
    writer = LexicalWriter(cast("Any", index))
    changes = [*upserts([document("a", "text")]), deletion(2, "b")]
    writer.prepare(changes)
    assert writer.apply(changes, None) == REFUSED
    assert index.given == [(changes, None)]


def test_the_vector_index_gets_every_passage_of_every_document() -> None:
    """Rows by document in order of its passages; a delete has none, a blank document no rows."""
    embedder, index = HashEmbedder(32), FakeIndex()
    writer = VectorWriter(index, embedder, 32)
    long = " ".join(f"w{number}" for number in range(100))
    changes = [
        *upserts([document("a", "short"), document("long", long), document("blank", " ")]),
        deletion(4, "gone"),
        *upserts([document("b", "other", title="title")], first=5),
    ]
    prepared = writer.prepare(changes)
    assert {name: rows.shape for name, rows in prepared.items()} == {
        "a": (1, DIMENSION),
        "long": (4, DIMENSION),
        "blank": (0, DIMENSION),
        "b": (1, DIMENSION),
    }
    texts = embedder.embedded
    assert len(texts) == 6
    assert (texts[0], texts[-1]) == ("short", "title other")
    assert np.array_equal(np.vstack([*prepared.values()]), HashEmbedder().embed_queries(texts))
    assert writer.apply(changes, prepared) == REFUSED
    assert index.given == [(changes, prepared)]


def test_a_batch_of_deletes_needs_no_embedder() -> None:
    """The model may not be loaded yet, and is not loaded for this."""

    class Unloaded(HashEmbedder):
        """Fails where a lazy one would load."""

        def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
            """Never asked."""
            raise AssertionError("loaded")

        def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
            """Never asked."""
            raise AssertionError("loaded")

    writer = VectorWriter(FakeIndex(), Unloaded(), 32)
    assert writer.prepare([deletion(1, "a"), deletion(2, "b")]) == {}
