"""What a document's versions in log and index mean."""

import pytest

from indexer.findings import SHOWN_EXAMPLES, Finding, Kind, Tally, compared
from indexer.holdings import Held
from tandem.catalog.document_log import LogVersion

LOGGED = LogVersion("d", 5, is_deleted=False)
DELETED = LogVersion("d", 5, is_deleted=True)


def held(sequence: int, passages: int = 2, expected: int = 2) -> Held:
    """A row of the document."""
    return Held("d", sequence, passages, expected)


@pytest.mark.parametrize(
    ("version", "rows", "kind", "place"),
    [
        (LOGGED, [], Kind.MISSING, 5),
        (LOGGED, [held(3)], Kind.STALE, 3),
        (LOGGED, [held(3, 1)], Kind.STALE, 3),
        (LOGGED, [held(9)], Kind.AHEAD, 5),
        (LOGGED, [held(5, 1)], Kind.INCOMPLETE, 5),
        (LOGGED, [held(5, 3)], Kind.DOUBLED, 5),
        (LOGGED, [held(5), held(5)], Kind.DOUBLED, 5),
        (LOGGED, [held(5), held(3)], Kind.DOUBLED, 3),
        (LOGGED, [held(5), held(9)], Kind.DOUBLED, 9),
        (LOGGED, [held(5, 1), held(9)], Kind.DOUBLED, 5),
        (LOGGED, [held(3), held(4)], Kind.DOUBLED, 3),
        (DELETED, [held(3)], Kind.ORPHANED, 3),
        (DELETED, [held(9), held(5)], Kind.ORPHANED, 5),
        (None, [held(9)], Kind.ORPHANED, 9),
    ],
)
def test_what_is_wrong(
    version: LogVersion | None, rows: list[Held], kind: Kind, place: int
) -> None:
    """Its kind, and the lowest sequence under which log or index show it."""
    finding = compared("d", version, rows)
    assert finding is not None
    assert (finding.kind, finding.document_id, finding.place) == (kind, "d", place)
    assert finding.detail


@pytest.mark.parametrize(("version", "rows"), [(LOGGED, [held(5)]), (DELETED, []), (None, [])])
def test_what_is_right(version: LogVersion | None, rows: list[Held]) -> None:
    """The log's version once and whole, and nothing of what the log does not have."""
    assert compared("d", version, rows) is None


def test_a_tally_counts_all_and_shows_some() -> None:
    """However many there are, the examples stay few."""
    tally = Tally()
    for number in range(25):
        tally.add([Finding(Kind.STALE, f"d{number}", "old", number)])
    tally.add([Finding(Kind.MISSING, "m", "gone", 1)])
    assert tally.total == 26
    assert tally.counts == {Kind.STALE: 25, Kind.MISSING: 1}
    assert [example.document_id for example in tally.examples[Kind.STALE]] == [
        f"d{number}" for number in range(SHOWN_EXAMPLES)
    ]
