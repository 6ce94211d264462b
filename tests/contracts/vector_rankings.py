"""The vector contract: nearest documents and their scores."""

import numpy as np
import pytest

from tandem.protocols import VectorIndex
from tests.builders import random_rows, unit_rows
from tests.contracts.vector_base import (
    DIMENSION,
    EAST,
    NORTH,
    TOLERANCE,
    VectorContract,
    assert_nearest,
    best_cosines,
    put,
    score,
    search,
    some_passages,
)


class RankingsContract(VectorContract):
    """``search`` and ``score``."""

    @pytest.mark.parametrize("seed", range(6))
    def test_search_is_exact(self, index: VectorIndex, seed: int) -> None:
        """Random documents of several passages: the same best ones as numpy, each once."""
        passages = some_passages(seed, documents=120)
        put(index, passages)
        for vector in random_rows(99 + seed, 4, DIMENSION):
            cosines = best_cosines(passages, vector)
            for limit in (1, 7, 60, 119, 120, 500):
                assert_nearest(search(index, vector, limit), cosines, limit)

    def test_ranking_is_named_and_ordered(self, index: VectorIndex) -> None:
        """Ranks count from 1, cosines run from 1 to -1, and the ranking is named ``vector``."""
        put(index, {"same": EAST[None], "across": NORTH[None], "opposite": -EAST[None]})
        ranking = search(index, EAST)
        assert ranking.name == "vector"
        assert ranking.document_ids == ("same", "across", "opposite")
        assert [hit.rank for hit in ranking.hits] == [1, 2, 3]
        assert [hit.score for hit in ranking.hits] == pytest.approx([1, 0, -1], abs=TOLERANCE)

    def test_one_document_cannot_fill_the_list(self, index: VectorIndex) -> None:
        """A document that owns the 1,000 nearest passages leaves room for ``limit`` documents."""
        near = unit_rows(EAST + 0.01 * random_rows(1, 1_000, DIMENSION))
        others = {f"d{n:02}": unit_rows(NORTH + 0.02 * n * EAST) for n in range(40)}
        put(index, {"greedy": near, **others})
        for limit in (1, 2, 10, 41, 100):
            ranking = search(index, EAST, limit)
            assert_nearest(ranking, best_cosines({"greedy": near, **others}, EAST), limit)
            assert ranking.document_ids[0] == "greedy"

    def test_several_greedy_documents(self, index: VectorIndex) -> None:
        """Many documents of many near passages, and the far ones still get their places."""
        passages = {
            f"greedy{n}": unit_rows(EAST + 0.01 * random_rows(n, 150, DIMENSION)) for n in range(8)
        }
        passages |= {f"far{n}": random_rows(50 + n, 1, DIMENSION) for n in range(30)}
        put(index, passages)
        assert_nearest(search(index, EAST, 25), best_cosines(passages, EAST), 25)

    def test_ties_stand_in_order_of_id(self, index: VectorIndex) -> None:
        """Equal scores are ordered by id, also where the limit cuts through them."""
        names = [f"d{number:02}" for number in reversed(range(60))]
        put(index, {"zz": EAST[None], **dict.fromkeys(names, NORTH[None])})
        expected = ("zz", *sorted(names))
        for limit in (1, 2, 9, 59, 60, 61, 100):
            assert search(index, EAST, limit).document_ids == expected[:limit]

    def test_length_of_the_query_is_ignored(self, index: VectorIndex) -> None:
        """Scores are cosines, whatever the length of the query vector."""
        passages = some_passages(7, documents=20)
        put(index, passages)
        vector = random_rows(5, 1, DIMENSION)[0]
        cosines = best_cosines(passages, vector)
        assert_nearest(search(index, np.asarray(vector * 3.0, np.float32)), cosines, 100)

    @pytest.mark.parametrize("seed", range(3))
    def test_score_is_searchs_score(self, index: VectorIndex, seed: int) -> None:
        """``score`` gives exactly what ``search`` gives, and what numpy gives up to rounding."""
        passages = some_passages(seed, documents=80)
        put(index, passages)
        vector = random_rows(seed, 1, DIMENSION)[0]
        names = list(passages)
        scores = score(index, vector, names)
        found = search(index, vector).scores()
        assert scores == pytest.approx(found, rel=0, abs=self.rounding)
        assert scores == pytest.approx(best_cosines(passages, vector), abs=TOLERANCE)
        some = {name: scores[name] for name in names[::7]}
        assert score(index, vector, [*some, "unknown"]) == pytest.approx(
            some, rel=0, abs=self.rounding
        )

    def test_score_beside_a_greedy_document(self, index: VectorIndex) -> None:
        """A thousand near passages of one of the documents asked for hide none of the others."""
        passages = {
            "greedy": unit_rows(EAST + 0.01 * random_rows(1, 1_000, DIMENSION)),
            "far": -EAST[None],
        }
        put(index, passages)
        expected = best_cosines(passages, EAST)
        assert score(index, EAST, ["far", "greedy"]) == pytest.approx(expected, abs=TOLERANCE)

    def test_score_of_nothing(self, index: VectorIndex) -> None:
        """No ids, or only unknown ones, give no scores."""
        put(index, {"a": EAST[None]})
        assert score(index, EAST, []) == {}
        assert score(index, EAST, ["unknown"]) == {}
