"""The cache spares the embedder every text it knows, and changes no vector."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from tandem.embedding.cached_embedder import CachedEmbedder, RenewingEmbedder
from tandem.protocols import FloatMatrix, FloatVector


class CountingEmbedder:
    """Embeds a text as its length and first character, and remembers what it was asked."""

    name = "counting@00000000"
    dimension = 2
    window = 8

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """One token a text."""
        return [[(0, len(text))] for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """One row a text, each different."""
        self.asked.append(list(texts))
        return np.array([[len(text), ord(text[0])] for text in texts], np.float32)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As documents, negative."""
        return -self.embed_documents(texts)


class DictCache:
    """An ``EmbeddingCache`` in a dictionary; counts its calls. What it knows it keeps."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], FloatVector] = {}
        self.calls = 0

    def get(self, embedder_name: str, texts: Sequence[str]) -> Mapping[str, FloatVector]:
        """See ``EmbeddingCache``."""
        self.calls += 1
        keys = [(embedder_name, text) for text in texts]
        return {text: self.held[name, text] for name, text in keys if (name, text) in self.held}

    def put(self, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
        """See ``EmbeddingCache``."""
        self.calls += 1
        self.held = {(embedder_name, text): row for text, row in vectors.items()} | self.held

    def forget(self, embedder_name: str, texts: Sequence[str]) -> None:
        """See ``EmbeddingCache``."""
        for text in texts:
            self.held.pop((embedder_name, text), None)


@pytest.fixture
def behind() -> CountingEmbedder:
    """The embedder behind the cache."""
    return CountingEmbedder()


@pytest.fixture
def cache() -> DictCache:
    """An empty cache."""
    return DictCache()


@pytest.fixture
def cached(behind: CountingEmbedder, cache: DictCache) -> CachedEmbedder:
    """Both together."""
    return CachedEmbedder(behind, cache)


def test_only_distinct_unknown_texts_are_embedded(
    cached: CachedEmbedder, behind: CountingEmbedder
) -> None:
    """A text twice in a call is embedded once, and in a later call not at all."""
    cached.embed_documents(["a", "bb", "a"])
    rows = cached.embed_documents(["ccc", "bb", "a", "ccc"])
    assert behind.asked == [["a", "bb"], ["ccc"]]
    assert rows[:, 0].tolist() == [3, 2, 1, 3]
    assert rows.dtype == np.float32


def test_known_texts_ask_nothing(cached: CachedEmbedder, behind: CountingEmbedder) -> None:
    """With everything known, neither the model nor a write is needed."""
    first = cached.embed_documents(["a", "bb"])
    behind.asked.clear()
    np.testing.assert_array_equal(cached.embed_documents(["bb", "a"]), first[::-1])
    assert behind.asked == []


def test_vectors_are_kept_by_the_name(cached: CachedEmbedder, cache: DictCache) -> None:
    """A model of another name finds nothing of this one."""
    cached.embed_documents(["a"])
    other = CountingEmbedder()
    other.name = "counting@11111111"
    CachedEmbedder(other, cache).embed_documents(["a"])
    assert other.asked == [["a"]]
    assert len(cache.held) == 2


def test_vector_of_another_length_is_replaced(
    cached: CachedEmbedder, behind: CountingEmbedder, cache: DictCache
) -> None:
    """A damaged entry is embedded again and put right."""
    cache.held[behind.name, "a"] = np.zeros(3, np.float32)
    assert cached.embed_documents(["a"]).tolist() == [[1, 97]]
    assert cache.held[behind.name, "a"].tolist() == [1, 97]


def test_renewing_trusts_nothing(behind: CountingEmbedder, cache: DictCache) -> None:
    """Everything is embedded, and stands in the place of what was kept; of nothing, nothing is."""
    cache.held[behind.name, "a"] = np.zeros(2, np.float32)
    renewing = RenewingEmbedder(behind, cache)
    assert renewing.embed_documents([]).shape == (0, 2)
    assert cache.calls == 0
    assert renewing.embed_documents(["a", "bb"]).tolist() == [[1, 97], [2, 98]]
    assert {text: row.tolist() for (_, text), row in cache.held.items()} == {
        "a": [1, 97],
        "bb": [2, 98],
    }


def test_queries_pass_by(cached: CachedEmbedder, cache: DictCache) -> None:
    """A query is neither looked up nor kept."""
    assert cached.embed_queries(["a"]).tolist() == [[-1, -97]]
    assert cache.calls == 0


def test_nothing_asks_nothing(cached: CachedEmbedder, cache: DictCache) -> None:
    """No text touches neither cache nor model."""
    assert cached.embed_documents([]).shape == (0, 2)
    assert cache.calls == 0


def test_describes_the_embedder_behind(cached: CachedEmbedder) -> None:
    """Name, dimension, window and spans are those of the embedder."""
    assert (cached.name, cached.dimension, cached.window) == ("counting@00000000", 2, 8)
    assert cached.token_spans(["abc"]) == [[(0, 3)]]
