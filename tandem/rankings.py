"""Rankings: what a leg returns, what fusion makes of them, and what a search answers.

Hits and their evidence are named tuples, not frozen dataclasses: a query makes about 700 of them,
and a tuple is made in less than half the time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from tandem.documents import Document
from tandem.queries import Query


class Evidence(NamedTuple):
    """What one leg said about a hit.

    ``rank`` counts from 1 and is ``None`` where the leg did not return the document; ``score`` is
    then the completed one, or ``None`` where completion did not happen. ``contribution`` is the
    leg's share of the hit's score.
    """

    leg: str
    rank: int | None
    score: float | None
    contribution: float


class Hit(NamedTuple):
    """One document of a ranking. ``rank`` counts from 1; a larger ``score`` is better and is
    comparable inside its ranking only.
    """

    document_id: str
    rank: int
    score: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Hits, best first; equal scores stand in the order of ``document_id``."""

    name: str
    hits: tuple[Hit, ...] = ()

    @classmethod
    def from_scores(
        cls,
        name: str,
        scores: Iterable[tuple[str, float]],
        *,
        limit: int | None = None,
        evidence: Callable[[str], tuple[Evidence, ...]] = lambda _: (),
    ) -> "Ranking":
        """Order (document_id, score) pairs; ids must be distinct. ``evidence`` gives a kept
        document's.
        """
        by_id = sorted(scores, key=itemgetter(0))
        ordered = sorted(by_id, key=itemgetter(1), reverse=True)[:limit]  # stable: ties stay by id
        return cls(
            name,
            tuple(
                Hit(document_id, rank, score, evidence(document_id))
                for rank, (document_id, score) in enumerate(ordered, start=1)
            ),
        )

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The ids, best first."""
        return tuple(hit.document_id for hit in self.hits)

    def scores(self) -> dict[str, float]:
        """document_id -> score."""
        return {hit.document_id: hit.score for hit in self.hits}

    def top(self, limit: int) -> "Ranking":
        """The best ``limit`` hits."""
        return Ranking(self.name, self.hits[:limit])

    def __len__(self) -> int:
        return len(self.hits)


@dataclass(frozen=True, slots=True)
class Degradation:
    """A part of the answer that is missing: a leg, ``completion`` or ``documents``. ``reason`` is
    ``timeout``, ``unavailable``, ``error``, or ``skipped``: it failed several times in a row, and
    is tried again every second.
    """

    leg: str
    reason: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query. ``milliseconds`` maps a stage's name to its duration."""

    query: Query
    page: Ranking
    documents: Mapping[str, Document]
    configuration: str
    release: int
    degraded: tuple[Degradation, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
