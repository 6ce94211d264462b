"""What is no finding: refused, not applied yet, changing; and an index that fails amid it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.findings import Kind
from tandem.errors import EngineUnavailable
from tandem.protocols import Refusal
from tests.memory_index import Row
from tests.verified_place import COLLECTION, NAME, Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A log and an index that agree."""
    made = Place(tmp_path)
    yield made
    made.catalog.close()


def test_refused_documents_are_not_missing(place: Place) -> None:
    """They are counted apart, tried again by repair, and accepted once the index takes them."""
    place.index.refused = {"bad"}
    place.write("d5", "d6", body="bad")
    place.follow()

    for result in (place.verify(), place.verify(repair=True)):
        assert (result.refused, result.accepted, result.found.total) == (2, 0, 0)
        assert result.is_clean
    assert place.catalog.checkpoints.failure_count(NAME) == 2

    place.index.refused = set()
    taken = place.verify(repair=True)
    assert (taken.refused, taken.accepted, taken.found.total) == (0, 2, 0)
    assert place.catalog.checkpoints.failure_count(NAME) == 0
    assert place.verify().refused == 0


def test_a_refusal_of_another_version_excuses_nothing(place: Place) -> None:
    """The log has moved on, and the index has applied it: so it is missing."""
    del place.index.rows["d5"]
    place.catalog.checkpoints.settle(NAME, COLLECTION, {}, [(5, Refusal("d5", "once"))])
    assert place.verify().refused == 1
    place.write("d5", body="newer")
    place.follow()
    del place.index.rows["d5"]
    assert place.verify().found.counts == {Kind.MISSING: 1}


def test_an_old_version_of_a_refused_document_is_stale(place: Place) -> None:
    """The index was to let go of it."""
    place.index.refused = {"bad"}
    place.write("d5", body="bad")
    place.follow()
    place.index.rows["d5"] = [Row(5, "two words", 2, 2)]
    assert place.verify().found.counts == {Kind.STALE: 1}
    result = place.verify(repair=True)
    assert (result.is_clean, result.accepted) == (True, 0)
    assert "d5" not in place.index.rows


def test_what_repair_is_refused_is_noted(place: Place) -> None:
    """A document that the index lost and does not take any more goes to the failure table."""
    del place.index.rows["d5"]
    place.index.refused = {"two words"}
    result = place.verify(repair=True, sample=0)
    assert result.found.counts == {Kind.MISSING: 1}
    assert (result.refused, result.is_clean) == (1, True)
    assert list(place.catalog.checkpoints.failures_of(NAME, ["d5"])) == ["d5"]


def test_what_is_not_applied_yet_is_behind(place: Place) -> None:
    """New, changed and deleted documents are no findings, and not mended; but it is not clean."""
    place.write("new", "d5", body="newer")
    place.log.delete(COLLECTION, ["d6"])
    del place.index.rows["d1"]
    for result in (place.verify(), place.verify(repair=True)):
        assert result.behind == 3
        assert result.found.counts == {Kind.MISSING: 1}
        assert not result.is_clean
    assert "new" not in place.index.rows
    place.follow()
    assert place.verify().is_clean


def test_a_follower_that_is_on_its_way_is_awaited(place: Place) -> None:
    """What it applies while it is awaited is neither behind nor missing."""
    place.write("new", "d5", body="newer")
    place.log.delete(COLLECTION, ["d6"])
    looks = 0

    def applied() -> int:
        nonlocal looks
        looks += 1
        if looks % 3 == 0:
            place.follow()
        return place.checkpoint.applied

    result = place.verify(applied, patience_seconds=10.0)
    assert (result.is_clean, result.found.total, result.behind) == (True, 0, 0)


def test_a_document_that_changes_while_it_is_judged_is_judged_anew(place: Place) -> None:
    """Nothing follows from two versions; from the next look on it stands still."""
    del place.index.rows["d5"]

    def change(document_ids: Any) -> None:
        if "d5" in document_ids:
            place.index.before_read = lambda _: None
            place.write("d5", body="newer")
            place.follow()

    place.index.before_read = change
    result = place.verify(sample=0)
    assert (result.found.total, result.unsettled) == (0, 0)


def test_a_document_that_never_rests_is_unsettled(place: Place) -> None:
    """It is told as such, and is no finding."""
    del place.index.rows["d5"]

    def change(document_ids: Any) -> None:
        if "d5" in document_ids:
            place.write("d5", body=f"version {place.log.head()}")

    place.index.before_read = change
    result = place.verify(sample=0)
    assert (result.found.total, result.unsettled) == (0, 1)


def test_what_fails_ends_one_index_and_keeps_what_was_found(place: Place) -> None:
    """The engine's error is the result's; another exception becomes one."""
    del place.index.rows["d1"]

    def fail(error: Exception) -> Callable[[Any], None]:
        def before_read(document_ids: Any) -> None:
            if "d10" in document_ids:
                raise error

        return before_read

    del place.index.rows["d10"]
    for error in (EngineUnavailable("gone", hint="start it"), RuntimeError("gone")):
        place.index.before_read = fail(error)
        result = place.verify()
        assert result.error is not None
        assert "gone" in str(result.error)
        assert result.error.hint
        assert result.found.counts == {Kind.MISSING: 1}
        assert not result.is_clean
