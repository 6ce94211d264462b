"""Rankings: what a leg returns, what fusion makes of them, and what a search answers.

Hits and their evidence are named tuples, not frozen dataclasses: a query makes about 700 of them,
and a tuple is made in less than half the time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Final, Literal, NamedTuple

from tandem.documents import Document
from tandem.features import FeatureMatrix
from tandem.queries import Query


class Evidence(NamedTuple):
    """What one leg said about a hit.

    ``rank`` counts from 1 and is ``None`` where the leg did not return the document; ``score`` is
    then the completed one, or ``None`` where completion did not happen. ``share`` is what the leg
    added to the fused score.
    """

    leg: str
    rank: int | None
    score: float | None
    share: float


class Contribution(NamedTuple):
    """What one feature did to a hit's score; ``value`` is the feature's, ``None`` = unknown."""

    feature: str
    value: float | None
    contribution: float


class Hit(NamedTuple):
    """One document of a ranking. ``rank`` counts from 1; a larger ``score`` is better and is
    comparable inside its ranking only.
    """

    document_id: str
    rank: int
    score: float
    evidence: tuple[Evidence, ...] = ()
    contributions: tuple[Contribution, ...] = ()


_ID = attrgetter("document_id")


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
        contributions: Callable[[str], tuple[Contribution, ...]] = lambda _: (),
    ) -> "Ranking":
        """Order (document_id, score) pairs; ids must be distinct. ``evidence`` and
        ``contributions`` give a kept document's.
        """
        by_id = sorted(scores, key=itemgetter(0))
        ordered = sorted(by_id, key=itemgetter(1), reverse=True)[:limit]  # stable: ties stay by id
        return cls(
            name,
            tuple(
                Hit(document_id, rank, score, evidence(document_id), contributions(document_id))
                for rank, (document_id, score) in enumerate(ordered, start=1)
            ),
        )

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The ids, best first."""
        return tuple(map(_ID, self.hits))

    def scores(self) -> dict[str, float]:
        """document_id -> score."""
        return {hit.document_id: hit.score for hit in self.hits}

    def top(self, limit: int) -> "Ranking":
        """The best ``limit`` hits."""
        return Ranking(self.name, self.hits[:limit])

    def __len__(self) -> int:
        return len(self.hits)


Part = Literal[
    "lexical", "vector", "completion", "profile", "rerank", "documents", "facets", "highlights",
    "cursor", "catalogue",
]  # fmt: skip
"""What may be missing from an answer:

lexical, vector    a leg: what it alone would have found
completion         the exact scores of what only one leg found: the order is the fused one
profile            what the person likes: the order is everybody's
rerank             the model's order, or documents that decide the order
documents          documents that would be shown, or that rules ask for
facets             the counts, or some of what they would count
highlights         what hits show of themselves
cursor             the way to the next page
catalogue          whether another release is live by now
"""

Reason = Literal["timeout", "unavailable", "error", "skipped", "rebuilding", "behind"]
"""Why: no answer in time, out of reach, it failed; it was not asked, as it has not answered several
times in a row, and is tried again every second; it is built again, and finds but a part; or it does
not show yet what the query wants to see.
"""

REBUILDING: Final = "rebuilding"


@dataclass(frozen=True, slots=True)
class Degradation:
    """A part of the answer that is missing, wholly or in part; the rest is as it should be."""

    leg: Part
    reason: Reason


class Reranked(NamedTuple):
    """What a reranker makes of candidates, and what it lacked for that. ``as_of`` is how far it had
    read the event log, 0 = not at all; ``features`` are the candidates', if it computed any.
    """

    ranking: Ranking
    degraded: tuple[Degradation, ...] = ()
    as_of: int = 0
    features: FeatureMatrix | None = None


class Highlight(NamedTuple):
    """What a hit shows of itself, as escaped HTML: matches inside ``<mark>``. ``is_passage``: no
    word of the body matched, and the body's passage that is nearest in meaning stands there.
    """

    title: str | None
    body: str | None
    is_passage: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """What was searched for by words in place of what was typed; ``words`` maps a word as it was
    typed to what was taken for it.
    """

    text: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query. Ranks of ``page`` count over all pages.

    A hit of the page without a document is gone: deleted, or hidden, since the order was frozen;
    one named in ``unread`` could only not be read in time. ``total`` and ``facets`` count one set,
    the same on every page: what matches by words under the filters, and the candidates by meaning
    alone; ``None`` where the lexical index did not say. ``reachable`` is how far paging goes;
    ``cursor`` asks for the next page, ``None`` on the last one. ``is_frozen``: documents that
    change meanwhile neither move nor repeat a hit. ``notes`` maps a document to what rules did with
    it; ``applied`` names the rules and synonyms that took part, ``left_out`` says which parts of
    rules could not, and why. ``milliseconds`` maps a stage's name to its duration. ``as_of`` is
    how far the event log had been read for the order, 0 = not at all; ``features`` are those of the
    page's hits, where the query wants them.
    """

    query: Query
    page: Ranking
    documents: Mapping[str, Document]
    configuration: str
    release: int
    degraded: tuple[Degradation, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    total: int | None = None
    facets: Mapping[str, Mapping[str, int]] | None = None
    reachable: int = 0
    cursor: str | None = None
    is_frozen: bool = True
    highlights: Mapping[str, Highlight] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    correction: Correction | None = None
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    as_of: int = 0
    features: FeatureMatrix | None = None
