"""What all pages of one search share: the order of its hits, and what is said beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Correction, Degradation, Ranking


@dataclass(frozen=True, slots=True)
class Arranged:
    """The order of the hits of a query, from first to last; see ``SearchResult`` for most of it.

    ``legs`` are those of the configuration. ``words`` is the text that the lexical leg searched
    for, with ``variants`` as its other wordings. ``features`` are those of all candidates, where
    the query wants them or an explanation.
    """

    query: Query
    configuration: str
    release: int
    ranking: Ranking
    legs: tuple[str, ...]
    words: str
    variants: tuple[str, ...] = ()
    degraded: tuple[Degradation, ...] = ()
    total: int | None = None
    facets: Mapping[str, Mapping[str, int]] | None = None
    correction: Correction | None = None
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    as_of: int = 0
    features: FeatureMatrix | None = None
