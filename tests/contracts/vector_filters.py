"""The vector contract: filters."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings

from tandem.protocols import VectorIndex
from tests.builders import document, filters, random_rows, unit_rows, upserts
from tests.contracts import filters_oracle as oracle
from tests.contracts.vector_base import (
    DIMENSION,
    EAST,
    NORTH,
    SCHEMA,
    VectorContract,
    assert_nearest,
    best_cosines,
    put,
    search,
)


class FiltersContract(VectorContract):
    """``search`` under filters."""

    @example(data={"open": True})
    @example(data={"open": False})
    @example(data={"not": {"open": True}})
    @example(data={"seen_at": {"gt": "2300-07-01T12:00:00.000001+00:00"}})
    @example(data={"seen_at": {"gt": "9999-12-31T23:59:59.999998+00:00"}})
    @given(data=oracle.filter_data())
    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_filters_mean_what_the_oracle_says(
        self, filtered: VectorIndex, data: dict[str, Any]
    ) -> None:
        """Any filter leaves exactly the documents that plain Python leaves."""
        expected = oracle.matching_ids(oracle.sample_documents(300, seed=3), data)
        typed = filters(oracle.SCHEMA, data)
        assert set(search(filtered, EAST, 1_000, filters=typed).document_ids) == expected

    def test_a_filter_on_a_boolean_fails_closed(self, index: VectorIndex) -> None:
        """What may not be listed is never found, however the filter says so."""
        put(index, {"public": NORTH[None]}, 1, listed=True)
        put(index, {"secret": EAST[None]}, 2, listed=False)
        put(index, {"unmarked": EAST[None]}, 3)
        for data in ({"listed": True}, {"not": {"not": {"listed": [True]}}}):
            ranking = search(index, EAST, filters=filters(SCHEMA, data))
            assert ranking.document_ids == ("public",)
        kept = search(index, EAST, filters=filters(SCHEMA, {"not": {"listed": False}}))
        assert set(kept.document_ids) == {"public", "unmarked"}

    def test_a_selective_filter_loses_nothing(self, index: VectorIndex) -> None:
        """Over many vectors in tight clusters, a narrow filter returns all that match it."""
        total, every = self.crowd, 100
        generator = np.random.default_rng(17)
        centres = random_rows(4, 60, DIMENSION)
        noise = 0.05 * generator.normal(size=(total, DIMENSION))
        rows = unit_rows(centres[generator.integers(0, 60, total)] + noise)
        names = [f"d{number:05}" for number in range(total)]
        changes = upserts(
            document(name, genre=f"g{number % every}") for number, name in enumerate(names)
        )
        for start in range(0, total, 2_000):
            part = range(start, start + 2_000)
            passages = {names[number]: rows[number : number + 1] for number in part}
            assert not index.apply(changes[start : start + 2_000], passages)
        for number in (0, 41):
            wanted = {names[at]: rows[at : at + 1] for at in range(number, total, every)}
            typed = filters(SCHEMA, {"genre": f"g{number}"})
            for vector in centres[:3]:
                cosines = best_cosines(wanted, vector)
                assert set(search(index, vector, 200, filters=typed).document_ids) == set(wanted)
                assert_nearest(search(index, vector, 20, filters=typed), cosines, 20)
