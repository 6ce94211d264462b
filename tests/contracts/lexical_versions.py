"""Which version of each document is held: what verification and a second writing rely on."""

import pytest

from tandem.lexical import LexicalIndex
from tests.builders import deletion, document, upserts
from tests.contracts.lexical_base import LexicalContract, found, held, write


class VersionsContract(LexicalContract):
    """Versions."""

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every reading of more than three documents takes several pages."""
        monkeypatch.setattr(self.page_size, 3)

    @pytest.mark.parametrize(
        ("bounds", "expected"),
        [
            ((), range(1, 21)),
            ((0,), range(1, 21)),
            ((-5,), range(1, 21)),
            ((7,), range(7, 21)),
            ((1, 20), range(1, 21)),
            ((5, 9), range(5, 10)),
            ((5, 5), range(5, 6)),
            ((0, 3), range(1, 4)),
            ((18, 10**15), range(18, 21)),
            ((0, 0), range(0)),
            ((21,), range(0)),
            ((9, 5), range(0)),
        ],
    )
    def test_ranges_of_sequences(
        self, index: LexicalIndex, bounds: tuple[int, ...], expected: range
    ) -> None:
        """Both ends are included, no end means all that follow, an empty range gives nothing."""
        changes = upserts(document(f"d{number:02}", "zebra") for number in range(1, 21))
        write(index, changes[:8])
        write(index, changes[8:])
        versions = list(index.versions(*bounds))
        assert sorted(versions) == [(f"d{number:02}", number) for number in expected]

    def test_gaps_replacements_and_deletes(self, index: LexicalIndex) -> None:
        """A replaced document has its new sequence alone, a deleted one has none."""
        documents = [document(f"d{number}", "zebra") for number in range(10)]
        write(index, upserts(documents))
        write(index, [*upserts(documents[:4], 1_001), deletion(2**40, "d9")])
        write(index, upserts([documents[5]], 2**40 + 1))
        expected = {
            "d0": 1_001, "d1": 1_002, "d2": 1_003, "d3": 1_004, "d4": 5, "d5": 2**40 + 1, "d6": 7,
            "d7": 8, "d8": 9,
        }  # fmt: skip
        assert held(index) == expected
        assert dict(index.versions(1, 4)) == {}
        assert dict(index.versions(8, 1_001)) == {"d7": 8, "d8": 9, "d0": 1_001}
        assert dict(index.versions(2**40, None)) == {"d5": 2**40 + 1}

    def test_versions_of_given_documents(self, index: LexicalIndex) -> None:
        """Those that are held, each once; unknown and deleted ids are left out."""
        names = [f"d{number:02}" for number in range(20)]
        write(index, [*upserts(document(name, "zebra") for name in names), deletion(21, "d19")])
        write(index, upserts([document("d03", "horse")], 22))
        asked = ["d00", "d03", "d04", "d18", "d19", "unknown", "", "d0"]
        expected = [("d00", 1), ("d03", 22), ("d04", 5), ("d18", 19)]
        assert sorted(index.versions_of(asked)) == expected
        assert sorted(index.versions_of(set(asked))) == expected
        everything = sorted(index.versions_of([*names, *(f"x{n}" for n in range(5_000))]))
        assert everything == sorted(held(index).items())
        assert list(index.versions_of([])) == []
        assert list(index.versions_of(["unknown"])) == []

    def test_an_empty_index_has_no_versions(self, index: LexicalIndex) -> None:
        """Nothing is held."""
        assert list(index.versions()) == []
        assert list(index.versions(3, 9)) == []
        assert list(index.versions_of(["a"])) == []

    def test_reading_beside_writing(self, index: LexicalIndex) -> None:
        """What changes while versions are read hinders nobody and doubles nothing."""
        documents = [document(f"d{number:02}", "zebra") for number in range(12)]
        write(index, upserts(documents))
        reading = index.versions()
        seen = [next(reading) for _ in range(4)]
        write(index, [*upserts(documents[:6], 100), deletion(200, "d11")])
        seen += list(reading)
        assert len(seen) == len(set(seen))
        assert {name for name, _ in seen} >= {f"d{number:02}" for number in range(6, 11)}

    def test_an_older_change_replaces_nothing(self, index: LexicalIndex) -> None:
        """An upsert or a delete of a lower sequence than the held one is passed over."""
        write(index, upserts([document("a", "newest")], 9))
        assert not write(index, upserts([document("a", "zebra"), document("b", "zebra")], 7))
        assert not write(index, [deletion(6, "a")])
        assert held(index) == {"a": 9, "b": 8}
        assert found(index, "newest") == {"a"}
        assert found(index, "zebra") == {"b"}
        assert index.documents(["a"]) == {"a": document("a", "newest")}
        write(index, upserts([document("a", "same")], 9))
        assert index.documents(["a"]) == {"a": document("a", "same")}, "a repair writes again"
        write(index, [deletion(9, "a")])
        assert held(index) == {"b": 8}

    def test_an_older_refusal_removes_nothing(self, index: LexicalIndex) -> None:
        """What would be refused takes no newer version away."""
        write(index, upserts([document("a", "zebra")], 9))
        write(index, upserts([document("a", "zebra", year="not a number")], 7))
        assert held(index) == {"a": 9}
        assert found(index, "zebra") == {"a"}

    def test_what_is_forgotten_takes_any_version(self, index: LexicalIndex) -> None:
        """Held, deleted or unknown: it is out, and an older version can be written next."""
        names = ("held", "deleted", "kept")
        write(index, [*upserts([document(name, "zebra") for name in names], 50)])
        write(index, [deletion(90, "deleted")])
        index.forget(["held", "deleted", "unknown"])
        index.refresh()
        assert held(index) == {"kept": 52}
        assert found(index, "zebra") == {"kept"}
        again = [document(name, "horse") for name in ("held", "deleted", "unknown", "kept")]
        assert not write(index, upserts(again, 7))
        assert held(index) == {"held": 7, "deleted": 8, "unknown": 9, "kept": 52}
        assert found(index, "horse") == {"held", "deleted", "unknown"}
        index.forget([])
        assert index.count() == 4
