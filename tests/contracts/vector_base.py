"""What the parts of the vector contract share: an index, and short ways to ask it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tandem.documents import Change
from tandem.protocols import FloatMatrix, FloatVector, VectorIndex, VectorVersion
from tandem.rankings import Ranking
from tandem.stores import VectorStore
from tests.builders import document, random_rows, schema_of, unit_rows, upserts
from tests.contracts import filters_oracle as oracle

NAME = "meaning"
IDENTITY = "0123456789abcdef"
DIMENSION = 8
TIMEOUT = 10.0
TOLERANCE = 1e-5
SCHEMA = schema_of(genre="keyword", year="integer", listed="boolean")
EAST = unit_rows([1, 0, 0, 0, 0, 0, 0, 0])[0]
NORTH = unit_rows([0, 1, 0, 0, 0, 0, 0, 0])[0]

Passages = Mapping[str, FloatMatrix]


def search(index: VectorIndex, vector: FloatVector, limit: int = 100, **keywords: Any) -> Ranking:
    """A search without the arguments that do not matter here."""
    return index.search(vector, limit=limit, timeout_seconds=TIMEOUT, **keywords)


def score(
    index: VectorIndex, vector: FloatVector, document_ids: Sequence[str]
) -> Mapping[str, float]:
    """As ``search``, for ``score``."""
    return index.score(vector, document_ids, timeout_seconds=TIMEOUT)


def put(index: VectorIndex, passages: Passages, first: int = 1, **attributes: Any) -> list[Change]:
    """Apply documents with these passages; the changes."""
    changes = upserts([document(name, "text", **attributes) for name in passages], first)
    assert not index.apply(changes, passages)
    return changes


def held(index: VectorIndex) -> list[VectorVersion]:
    """Everything held, in order of id."""
    return sorted(index.versions())


def best_cosines(passages: Passages, vector: FloatVector) -> dict[str, float]:
    """The oracle: each document's best passage, in double precision."""
    return {
        name: float((rows.astype(np.float64) @ vector.astype(np.float64)).max())
        for name, rows in passages.items()
    }


def assert_nearest(ranking: Ranking, cosines: Mapping[str, float], limit: int) -> None:
    """The ranking holds the oracle's best documents, up to the engine's rounding."""
    assert len(ranking) == min(limit, len(cosines))
    assert len(set(ranking.document_ids)) == len(ranking)
    ordered = sorted(cosines.values(), reverse=True)[:limit]
    for hit, expected in zip(ranking.hits, ordered, strict=True):
        assert hit.score == pytest.approx(expected, abs=TOLERANCE)
        assert hit.score == pytest.approx(cosines[hit.document_id], abs=TOLERANCE)


def some_passages(seed: int, documents: int, most: int = 6) -> dict[str, FloatMatrix]:
    """Documents with 1 to ``most`` random passages."""
    counts = np.random.default_rng(seed).integers(1, most + 1, documents)
    return {
        f"d{number:03}": random_rows(seed * 1_000 + number, int(count), DIMENSION)
        for number, count in enumerate(counts)
    }


def assert_same(ranking: Ranking, other: Ranking, rounding: float) -> None:
    """The same documents in the same order, their scores up to the engine's rounding."""
    assert ranking.document_ids == other.document_ids
    assert ranking.scores() == pytest.approx(other.scores(), rel=0, abs=rounding)


class VectorContract:
    """The base of the parts. An engine inherits ``VectorIndexContract`` and says these things."""

    crowd: ClassVar[int] = 12_000
    """How many vectors a filter is tried among; fewer where the engine is slow."""

    rounding: ClassVar[float] = 0.0
    """How much one score may differ between two answers; nothing where each is computed alone."""

    @classmethod
    def make_store(cls, folder: Path) -> VectorStore:
        """The store under test; a second one for the same folder sees the same indexes."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[VectorStore]:
        """A store without an index."""
        made = self.make_store(tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def index(self, store: VectorStore) -> Iterator[VectorIndex]:
        """An empty index."""
        opened = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        yield opened
        opened.close()

    @pytest.fixture(scope="class")
    @classmethod
    def filtered(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
        """An index of the oracle's documents, two passages each."""
        store = cls.make_store(tmp_path_factory.mktemp("filtered"))
        opened = store.create(NAME, IDENTITY, oracle.SCHEMA, DIMENSION)
        changes = upserts(oracle.sample_documents(300, seed=3))
        passages = {
            change.document_id: random_rows(change.sequence, 2, DIMENSION) for change in changes
        }
        assert not opened.apply(changes, passages)
        yield opened
        opened.close()
        store.close()

    @pytest.fixture(scope="class")
    @classmethod
    def four_hundred(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
        """An index of 400 documents of 1 to 6 passages, sequences 1 to 400; only read."""
        store = cls.make_store(tmp_path_factory.mktemp("four-hundred"))
        opened = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        put(opened, some_passages(11, documents=400))
        yield opened
        opened.close()
        store.close()
