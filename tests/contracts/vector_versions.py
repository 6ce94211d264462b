"""The vector contract: what an index says that it holds, and what may not replace it."""

import pytest

from tandem.protocols import VectorIndex, VectorVersion
from tests.builders import deletion, document, random_rows, upserts
from tests.contracts.vector_base import (
    DIMENSION,
    EAST,
    NORTH,
    VectorContract,
    held,
    put,
    search,
    some_passages,
)


class VersionsContract(VectorContract):
    """``versions`` and ``versions_of``."""

    def test_versions_count_passages(self, index: VectorIndex) -> None:
        """Each document once, with its sequence and its passages, also beyond one page."""
        passages = some_passages(11, documents=400)
        put(index, passages)
        assert held(index) == [
            VectorVersion(name, sequence, len(rows), len(rows))
            for sequence, (name, rows) in enumerate(passages.items(), start=1)
        ]
        assert index.count() == sum(len(rows) for rows in passages.values())

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            (0, None), (0, 0), (1, 1), (400, 400), (401, None), (400, None), (17, 16), (-5, 3),
            (0, 2**53 - 1), (399, 10_000), (100, 350), (2, None),
        ],
    )  # fmt: skip
    def test_a_range_of_sequences(
        self, four_hundred: VectorIndex, first: int, last: int | None
    ) -> None:
        """Both ends are included, ``None`` has no end; ranges also span several pages."""
        expected = [
            version
            for version in held(four_hundred)
            if first <= version.sequence and (last is None or version.sequence <= last)
        ]
        assert sorted(four_hundred.versions(first, last)) == expected
        wanted = range(max(first, 1), (400 if last is None else min(last, 400)) + 1)
        assert sorted(version.sequence for version in expected) == list(wanted)

    def test_ranges_follow_changes(self, index: VectorIndex) -> None:
        """A replaced document is in the range of its new sequence alone, a deleted one in none."""
        put(index, {name: random_rows(3, 2, DIMENSION) for name in "abc"})
        put(index, {"a": EAST[None]}, 4)
        index.apply([deletion(5, "b")], {})
        assert list(index.versions(0, 2)) == []
        assert list(index.versions(3, 3)) == [VectorVersion("c", 3, 2, 2)]
        assert list(index.versions(4)) == [VectorVersion("a", 4, 1, 1)]
        assert list(index.versions(5)) == []

    def test_versions_of_documents(self, four_hundred: VectorIndex) -> None:
        """Those asked for and held, however many are asked for; unknown ids are left out."""
        every = held(four_hundred)
        some = [version.document_id for version in every[::9]]
        assert sorted(four_hundred.versions_of([*some, "unknown"])) == every[::9]
        names = [version.document_id for version in every]
        assert sorted(four_hundred.versions_of([*names, *map(str, range(1_000))])) == every
        assert list(four_hundred.versions_of(["unknown"])) == []
        assert list(four_hundred.versions_of([])) == []

    def test_an_older_change_replaces_nothing(self, index: VectorIndex) -> None:
        """A change below the sequence held is passed over, and the others of its batch are not."""
        rows = random_rows(8, 3, DIMENSION)
        put(index, {"a": rows, "b": NORTH[None]}, 10)
        older = [*upserts([document("a"), document("new")], 5), deletion(7, "b")]
        assert not index.apply(older, {"a": EAST[None], "new": EAST[None]})
        assert held(index) == [
            VectorVersion("a", 10, 3, 3),
            VectorVersion("b", 11, 1, 1),
            VectorVersion("new", 6, 1, 1),
        ]
        assert index.vectors(["a"])["a"] == pytest.approx(rows, abs=1e-6)
        assert set(search(index, EAST).document_ids) == {"a", "b", "new"}

    def test_an_older_bad_vector_is_not_told(self, index: VectorIndex) -> None:
        """What is passed over is not refused either: the version held stays the right one."""
        put(index, {"a": EAST[None]}, 10)
        assert not index.apply(upserts([document("a")], 3), {})
        assert held(index) == [VectorVersion("a", 10, 1, 1)]

    def test_what_is_forgotten_takes_any_version(self, index: VectorIndex) -> None:
        """Held or unknown: it is out, all its passages, and an older version can be written."""
        put(index, {name: random_rows(5, 3, DIMENSION) for name in ("a", "b", "kept")}, 50)
        index.forget(["a", "b", "unknown"])
        assert held(index) == [VectorVersion("kept", 52, 3, 3)]
        put(index, {"b": EAST[None], "a": NORTH[None]}, 7)
        again = [VectorVersion("a", 8, 1, 1), VectorVersion("b", 7, 1, 1)]
        assert held(index) == [*again, VectorVersion("kept", 52, 3, 3)]
        index.forget([])
        assert index.count() == 5
