"""An index compared with the log: what is found, where, how often, and how it is mended."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.findings import SHOWN_EXAMPLES, Kind
from indexer.judging import VerifiedIndex
from indexer.reindexing import Interrupted
from indexer.verification import Verifier, VerifyOptions
from tandem.catalog.catalog import Catalog
from tandem.documents import Change
from tests.memory_index import MemoryIndex, Row
from tests.verified_place import COLLECTION, DOCUMENTS, NAME, Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A log and an index that agree."""
    made = Place(tmp_path)
    yield made
    made.catalog.close()


Planted = Callable[[Place], None]


def _missing(place: Place) -> None:
    del place.index.rows["d5"]


def _stale(place: Place) -> None:
    place.write("d5", body="newer")
    place.follow()
    place.index.rows["d5"] = [Row(5, "two words", 2, 2)]


def _deleted(place: Place) -> None:
    place.index.rows["d3"] = [Row(3, "two words", 2, 2)]


def _never_had(place: Place) -> None:
    place.index.rows["stray"] = [Row(5, "of another collection", 3, 3)]


def _above_the_head(place: Place) -> None:
    place.index.rows["stray"] = [Row(1_000, "of another log")]


def _two_versions(place: Place) -> None:
    place.index.rows["d5"] += [Row(2, "old")]


def _twice_the_same(place: Place) -> None:
    place.index.rows["d5"] *= 2


def _a_passage_too_many(place: Place) -> None:
    place.index.damage("d5", held=3)


def _a_passage_lost(place: Place) -> None:
    place.index.damage("d5", held=1)


def _ahead(place: Place) -> None:
    place.index.damage("d5", sequence=900)


def _altered(place: Place) -> None:
    place.index.damage("d5", body="another")


PLANTED: list[tuple[Planted, Kind, str]] = [
    (_missing, Kind.MISSING, "d5"),
    (_stale, Kind.STALE, "d5"),
    (_deleted, Kind.ORPHANED, "d3"),
    (_never_had, Kind.ORPHANED, "stray"),
    (_above_the_head, Kind.ORPHANED, "stray"),
    (_two_versions, Kind.DOUBLED, "d5"),
    (_twice_the_same, Kind.DOUBLED, "d5"),
    (_a_passage_too_many, Kind.DOUBLED, "d5"),
    (_a_passage_lost, Kind.INCOMPLETE, "d5"),
    (_ahead, Kind.AHEAD, "d5"),
    (_altered, Kind.ALTERED, "d5"),
]


def test_an_index_that_agrees_is_clean(place: Place) -> None:
    """Everything is looked at, in ranges that join and have no end; nothing is written."""
    place.index.batches.clear()
    result = place.verify()
    assert result.is_clean
    assert result.found.total == 0
    assert (result.documents, result.held, result.sampled) == (11, 11, 11)
    assert (result.head, result.seed, result.left) == (13, 1, None)
    assert place.index.asked == [(0, 4), (5, 7), (8, 10), (11, 13), (14, None)]
    assert place.index.batches == []


def test_an_empty_log_is_compared_too(tmp_path: Path) -> None:
    """What an index holds is then all orphaned."""
    catalog = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    index = MemoryIndex()
    index.rows["stray"] = [Row(7, "stray")]
    verifier = Verifier(catalog.documents, catalog.checkpoints, COLLECTION)
    result = verifier.verify(VerifiedIndex("memory", 1, NAME, index, index, index, lambda: 0))
    catalog.close()
    assert index.asked == [(0, None)]
    assert result.found.counts == {Kind.ORPHANED: 1}


@pytest.mark.parametrize(("plant", "kind", "document_id"), PLANTED)
@pytest.mark.parametrize("rows_per_range", [1, 3, 10_000])
def test_each_kind_is_found_once_and_mended(
    place: Place, plant: Planted, kind: Kind, document_id: str, rows_per_range: int
) -> None:
    """Exactly that, however the ranges lie; repair mends it, and nothing is left to find."""
    plant(place)

    found = place.verify(rows_per_range=rows_per_range)
    assert not found.is_clean
    assert found.found.counts == {kind: 1}
    assert [finding.document_id for finding in found.found.examples[kind]] == [document_id]

    mended = place.verify(rows_per_range=rows_per_range, repair=True)
    assert mended.found.counts == {kind: 1}
    assert mended.left is not None
    assert mended.left.total == 0
    assert mended.is_clean
    after = place.verify()
    assert (after.is_clean, after.found.total, after.sampled) == (True, 0, 11)


def test_all_at_once(place: Place) -> None:
    """Many findings are counted apart."""
    for number in (1, 2):
        del place.index.rows[f"d{number}"]
    place.index.damage("d4", held=1)
    place.index.damage("d6", body="another")
    place.index.damage("d7", sequence=500)
    _deleted(place)
    _stale(place)
    counts = {
        Kind.MISSING: 2,
        Kind.INCOMPLETE: 1,
        Kind.ALTERED: 1,
        Kind.AHEAD: 1,
        Kind.ORPHANED: 1,
        Kind.STALE: 1,
    }
    assert place.verify().found.counts == counts
    assert place.verify(repair=True).found.counts == counts
    assert place.verify().is_clean


def test_examples_are_few(place: Place) -> None:
    """An empty index is told by its count."""
    place.write(*(f"e{number}" for number in range(30)))
    place.follow()
    place.index.rows.clear()
    result = place.verify(repair=True)
    assert result.found.counts == {Kind.MISSING: DOCUMENTS - 1 + 30}
    assert len(result.found.examples[Kind.MISSING]) == SHOWN_EXAMPLES
    assert result.is_clean
    assert len(place.index.rows) == DOCUMENTS - 1 + 30


def test_what_cannot_be_mended_is_told(place: Place) -> None:
    """The rest is mended all the same."""
    place.index.damage("d4", held=1)
    del place.index.rows["d5"]
    place.index.deaf = {"d4"}
    result = place.verify(repair=True)
    assert result.found.counts == {Kind.INCOMPLETE: 1, Kind.MISSING: 1}
    assert result.left is not None
    assert result.left.counts == {Kind.INCOMPLETE: 1}
    assert not result.is_clean
    assert "d5" in place.index.rows


def test_repair_takes_out_what_an_engine_would_keep(place: Place) -> None:
    """Whatever their versions, they are forgotten before the log's state is written."""
    place.index.rows |= {f"stray{n}": [Row(13 + n, "stray")] for n in range(5)}
    deletes: list[Change] = []
    place.index.before_apply = deletes.extend
    result = place.verify(repair=True)
    assert result.found.counts == {Kind.ORPHANED: 5}
    assert result.is_clean
    assert not [name for name in place.index.rows if name.startswith("stray")]
    assert all(change.document is None for change in deletes)


def test_repair_forgets_what_an_engine_remembers(place: Place) -> None:
    """A document that is not held may still be refused, until the index has forgotten it."""
    del place.index.rows["d5"]
    place.index.remembered["d5"] = 1_000
    result = place.verify(repair=True)
    assert result.found.counts == {Kind.MISSING: 1}
    assert result.is_clean
    assert place.index.forgotten == ["d5"]


@pytest.mark.parametrize("repair", [False, True])
def test_it_can_be_ended_before_each_part(
    place: Place, monkeypatch: pytest.MonkeyPatch, *, repair: bool
) -> None:
    """Within a range, amid mending and in the sample: what listens is asked each time, told of no
    rows.
    """
    monkeypatch.setattr("indexer.verification.IDS_PER_JUDGEMENT", 4)
    monkeypatch.setattr("indexer.verification.DOCUMENTS_PER_COMPARISON", 4)
    options = VerifyOptions(repair, patience_seconds=0.0)
    index = place.index
    place.follow()
    # 11 documents, judged in parts of 4, 4 and 3, each mended in parts of 3, compared as judged
    asked = (3 + 3) if not repair else (3 + 2 + 2 + 1 + 3)
    for end in range(asked + 1):
        index.rows.clear()
        index.batches.clear()
        calls: list[int] = []

        def told(_name: str, rows: int, calls: list[int] = calls, end: int = end) -> None:
            if rows == 0:
                calls.append(rows)
                if len(calls) > end:
                    raise Interrupted("stopped")

        verifier = Verifier(place.log, place.catalog.checkpoints, COLLECTION, options, told)
        result = verifier.verify(VerifiedIndex("memory", 1, NAME, index, index, index, lambda: 13))
        assert len(calls) == min(end + 1, asked)
        assert (result.error is None) == (end == asked)
