"""The vector contract: what changes leave behind."""

import numpy as np
import pytest

from tandem.protocols import FloatMatrix, VectorIndex, VectorVersion
from tandem.rankings import Ranking
from tests.builders import deletion, document, random_rows, upserts
from tests.contracts.vector_base import (
    DIMENSION,
    EAST,
    NORTH,
    TOLERANCE,
    VectorContract,
    assert_nearest,
    best_cosines,
    held,
    put,
    search,
)


class ChangesContract(VectorContract):
    """``apply``, and what is held after it."""

    def test_an_empty_index(self, index: VectorIndex) -> None:
        """An index without documents answers with nothing."""
        assert search(index, EAST) == Ranking("vector")
        assert index.vectors(["a"]) == {}
        assert held(index) == []
        assert index.count() == 0
        assert index.apply([], {}) == []

    def test_vectors_come_back(self, index: VectorIndex) -> None:
        """The passages' vectors in their order; unknown ids are left out."""
        passages = {"many": random_rows(1, 1_203, DIMENSION), "one": random_rows(2, 1, DIMENSION)}
        put(index, passages)
        found = index.vectors(["one", "many", "unknown"])
        assert found.keys() == passages.keys()
        for name, rows in passages.items():
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], rows, atol=1e-6)
        assert index.vectors([]) == {}
        assert index.count() == 1_204

    def test_an_update_leaves_no_stale_passage(self, index: VectorIndex) -> None:
        """Fewer, more, or other passages: only the new ones are held and found."""
        put(index, {"a": random_rows(1, 5, DIMENSION), "b": NORTH[None]})
        for sequence, count in enumerate((2, 4, 1), start=3):
            rows = random_rows(40 + count, count, DIMENSION)
            put(index, {"a": rows}, sequence)
            np.testing.assert_allclose(index.vectors(["a"])["a"], rows, atol=1e-6)
            assert held(index) == [
                VectorVersion("a", sequence, count, count),
                VectorVersion("b", 2, 1, 1),
            ]
            expected = best_cosines({"a": rows, "b": NORTH[None]}, EAST)
            assert search(index, EAST).scores() == pytest.approx(expected, abs=TOLERANCE)

    def test_delete_removes(self, index: VectorIndex) -> None:
        """A deleted document is gone with every passage; deleting an unknown one is no error."""
        put(index, {"a": random_rows(1, 3, DIMENSION), "b": NORTH[None]})
        assert not index.apply([deletion(3, "a"), deletion(4, "unknown")], {})
        assert search(index, EAST).document_ids == ("b",)
        assert index.vectors(["a"]) == {}
        assert index.count() == 1
        put(index, {"a": EAST[None]}, 5)
        assert held(index) == [VectorVersion("a", 5, 1, 1), VectorVersion("b", 2, 1, 1)]

    def test_changes_apply_in_order(self, index: VectorIndex) -> None:
        """Several changes of one document in a batch leave what the last one says."""
        batch = [
            *upserts([document("a", "one"), document("a", "two"), document("b", "one")]),
            deletion(4, "b"),
            deletion(5, "c"),
            *upserts([document("c", "back")], 6),
        ]
        index.apply(batch, {"a": EAST[None], "b": NORTH[None], "c": NORTH[None]})
        assert held(index) == [VectorVersion("a", 2, 1, 1), VectorVersion("c", 6, 1, 1)]

    def test_a_batch_twice_changes_nothing(self, index: VectorIndex) -> None:
        """A batch applied again, as after a crash before the checkpoint, leaves the same."""
        put(index, {"gone": EAST[None], "a": random_rows(1, 4, DIMENSION)})
        passages = {"a": random_rows(2, 2, DIMENSION), "b": random_rows(3, 3, DIMENSION)}
        batch = [*upserts([document("a"), document("b")], 3), deletion(5, "gone")]
        index.apply(batch, passages)
        before = held(index), search(index, EAST)
        index.apply(batch, passages)
        assert (held(index), search(index, EAST)) == before
        assert before[0] == [VectorVersion("a", 3, 2, 2), VectorVersion("b", 4, 3, 3)]

    def test_an_older_batch_read_again_is_harmless(self, index: VectorIndex) -> None:
        """The log keeps newest versions only: re-reading from an old checkpoint leaves them."""
        put(index, dict.fromkeys("abc", EAST[None]))
        newer = [*upserts([document("a", "two")], 4), deletion(5, "b")]
        index.apply(newer, {"a": NORTH[None]})
        reread = [*upserts([document("c", "one")], 3), *newer]
        index.apply(reread, {"a": NORTH[None], "c": EAST[None]})
        assert held(index) == [VectorVersion("a", 4, 1, 1), VectorVersion("c", 3, 1, 1)]

    def test_large_batches(self, index: VectorIndex) -> None:
        """More passages in one batch than an engine takes at once."""
        passages = {f"d{n:03}": random_rows(n, 7, DIMENSION) for n in range(250)}
        put(index, passages)
        assert index.count() == 1_750
        assert_nearest(search(index, EAST, 250), best_cosines(passages, EAST), 250)

    @pytest.mark.parametrize(
        ("rows", "reason"),
        [
            (np.full((2, DIMENSION), np.nan, np.float32), "finite"),
            (np.full((2, DIMENSION), np.inf, np.float32), "finite"),
            (np.vstack([EAST, np.where(EAST > 0, np.nan, 0)]).astype(np.float32), "finite"),
            (np.ones((2, DIMENSION + 1), np.float32), "shape"),
            (np.ones((2, DIMENSION - 1), np.float32), "shape"),
            (np.ones(DIMENSION, np.float32), "shape"),
            (np.empty((0, DIMENSION), np.float32), "nothing to embed"),
            (None, "nothing to embed"),
        ],
        ids=["nan", "infinite", "one nan", "wider", "narrower", "flat", "no passage", "missing"],
    )
    def test_a_bad_vector_is_refused_alone(
        self, index: VectorIndex, rows: FloatMatrix | None, reason: str
    ) -> None:
        """What cannot be stored is refused with its reason, and its old version goes."""
        put(index, {"bad": EAST[None], "kept": EAST[None]})
        changes = upserts([document("first"), document("bad"), document("last")], 3)
        passages = {"first": EAST[None], "last": NORTH[None]}
        refusals = index.apply(changes, passages if rows is None else passages | {"bad": rows})
        assert [refusal.document_id for refusal in refusals] == ["bad"]
        assert reason in refusals[0].reason
        assert [version.document_id for version in held(index)] == ["first", "kept", "last"]
        assert set(search(index, EAST).document_ids) == {"first", "kept", "last"}

    def test_a_bad_attribute_is_refused_alone(self, index: VectorIndex) -> None:
        """A value that does not fit its field is refused with its reason."""
        changes = upserts(
            [document("a", year=1), document("bad", year="x"), document("worse", unheard_of=1)]
        )
        refusals = index.apply(changes, dict.fromkeys(("a", "bad", "worse"), EAST[None]))
        reasons = {refusal.document_id: refusal.reason for refusal in refusals}
        assert reasons.keys() == {"bad", "worse"}
        assert "year" in reasons["bad"]
        assert "unheard_of" in reasons["worse"]
        assert [version.document_id for version in held(index)] == ["a"]
