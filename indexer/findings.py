"""What verification can find, and how it is told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from indexer.holdings import Held
from tandem.catalog.document_log import LogVersion
from tandem.errors import TandemError

SHOWN_EXAMPLES = 10


class Kind(StrEnum):
    """How an index can differ from the log."""

    MISSING = "missing"
    """The log has the document, the index holds nothing of it."""
    STALE = "stale"
    """The index holds an older version than the log's."""
    ORPHANED = "orphaned"
    """The index holds what the log has deleted or never had."""
    DOUBLED = "doubled"
    """Held twice: two versions, or more passages than there are."""
    INCOMPLETE = "incomplete"
    """Fewer passages than there are."""
    AHEAD = "ahead"
    """The index holds a newer version than the log ever gave out."""
    ALTERED = "altered"
    """The right version with another content."""


class Finding(NamedTuple):
    """One document that an index holds wrongly.

    ``place`` is the lowest sequence under which that shows, so that a document that shows in two
    ranges of sequences is counted in one.
    """

    kind: Kind
    document_id: str
    detail: str
    place: int


def compared(document_id: str, version: LogVersion | None, rows: Sequence[Held]) -> Finding | None:
    """What is wrong with a document, by its newest version in the log and all rows of an index."""
    if version is None or version.is_deleted:
        if not rows:
            return None
        place = min(row.sequence for row in rows)
        said = "never had it" if version is None else f"deleted it at {version.sequence}"
        detail = f"holds sequence {_listed(rows)}, the log {said}"
        return Finding(Kind.ORPHANED, document_id, detail, place)
    kind = _kind(version.sequence, rows)
    if kind is None:
        return None
    fits = [row for row in rows if is_clean(version, row)]
    wrong = [row.sequence for row in rows if len(fits) != 1 or row not in fits]
    place = min(wrong if len(fits) == 1 else [*wrong, version.sequence])
    return Finding(kind, document_id, _detail(kind, version.sequence, rows), place)


def is_clean(version: LogVersion, row: Held) -> bool:
    """Whether a row is exactly what the log asks for."""
    return (
        not version.is_deleted
        and row.sequence == version.sequence
        and row.parts_held == row.parts_expected
    )


def _kind(sequence: int, rows: Sequence[Held]) -> Kind | None:
    if not rows:
        return Kind.MISSING
    if len(rows) > 1 or rows[0].parts_held > rows[0].parts_expected:
        return Kind.DOUBLED
    if rows[0].sequence != sequence:
        return Kind.STALE if rows[0].sequence < sequence else Kind.AHEAD
    return Kind.INCOMPLETE if rows[0].parts_held < rows[0].parts_expected else None


def _detail(kind: Kind, sequence: int, rows: Sequence[Held]) -> str:
    if kind is Kind.MISSING:
        return f"the log has sequence {sequence}"
    if kind is Kind.INCOMPLETE:
        return f"holds {rows[0].parts_held} of {rows[0].parts_expected} passages"
    if kind is Kind.DOUBLED and len(rows) == 1:
        return f"holds {rows[0].parts_held} passages, expected {rows[0].parts_expected}"
    return f"holds sequence {_listed(rows)}, the log has {sequence}"


def _listed(rows: Sequence[Held]) -> str:
    return ", ".join(str(sequence) for sequence in sorted(row.sequence for row in rows))


@dataclass(slots=True)
class Tally:
    """Findings counted by kind, and the first few of each."""

    counts: Counter[Kind] = field(default_factory=Counter)
    examples: dict[Kind, list[Finding]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many findings there are."""
        return self.counts.total()

    def add(self, findings: Iterable[Finding]) -> None:
        """Count them."""
        for finding in findings:
            self.counts[finding.kind] += 1
            shown = self.examples.setdefault(finding.kind, [])
            if len(shown) < SHOWN_EXAMPLES:
                shown.append(finding)


@dataclass(slots=True)
class IndexVerification:
    """How one index compares with the log.

    ``head`` is the log's last sequence when it began: documents accepted later were not looked for.
    ``documents`` counts the log's documents compared, ``held`` the rows read from the index,
    ``sampled`` the documents compared by content. ``refused`` documents are in the failure table,
    ``behind`` counts what the index had not applied after waiting, ``unsettled`` what changed too
    fast to be judged. With repair, ``left`` holds what could not be mended, and ``accepted`` counts
    refused documents that the index took when it was asked again; ``refused`` are the others.
    ``error`` says why an index could be read only so far.
    """

    leg: str
    generation: int
    index_name: str
    head: int
    seed: int
    documents: int = 0
    held: int = 0
    sampled: int = 0
    refused: int = 0
    behind: int = 0
    unsettled: int = 0
    accepted: int = 0
    found: Tally = field(default_factory=Tally)
    left: Tally | None = None
    seconds: float = 0.0
    error: TandemError | None = None

    @property
    def remaining(self) -> int:
        """How many findings there still are."""
        return (self.found if self.left is None else self.left).total

    @property
    def is_clean(self) -> bool:
        """Whether the index was read to its end and holds what the log says."""
        return self.error is None and self.remaining == 0 and self.behind == 0
