"""What a comparison found: runs over one judgment list, each pair of them by each measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from relevance_eval.measures import PerQuery
from tandem.intervals import Estimate

Family = Literal["primary", "other"]
"""What p-values are corrected together. ``primary``: the first measure, of all pairs; a decision
rests on it. ``other``: every further measure of all pairs, to understand the decision by.
"""


class Listed(NamedTuple):
    """A hit of a list beside another list; ``grade`` is ``None`` where nobody judged it."""

    document_id: str
    grade: int | None


class Moved(NamedTuple):
    """A query that the pair answers differently: the measure's value in each run."""

    query_id: str
    first: float
    second: float

    @property
    def difference(self) -> float:
        """Above 0 = the second is better."""
        return self.second - self.first


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run. ``means`` maps a measure to its mean over all judged queries and the interval.

    ``missing`` are judged queries that the run does not have (counted as found nothing), ``empty``
    those that it has without a hit, ``unjudged`` its queries that have no judgments (left out).
    """

    name: str
    means: Mapping[str, Estimate]
    missing: tuple[str, ...]
    empty: tuple[str, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of one pair, query by query; above 0 = ``second`` is better than ``first``.

    estimate       mean difference and its 95 % interval (bootstrap)
    spread         standard deviation of the differences, 0 where there is one query only
    p, p_holm      paired randomisation, two-sided; after Holm's correction in ``family``
    is_exact       whether p counts every way to swap the two, not a sample of them
    detectable     the smallest true difference that so many queries find at 80 % power, at the
                   level that Holm asks of the first; ``None`` where there is no spread, or so few
                   queries that none is ever found
    needed         how many queries would find the difference seen here so, were it the true one;
                   ``None`` where there is none, it has no spread, or ten million would not do
    wins, losses, ties
                   queries on which ``second`` is better, worse, or as good within ``TIE``
    moved          the queries that differ most, the largest difference first
    is_believed    whether p after Holm is below 5 %
    sentence       all of that for a person, in one or two sentences
    """

    first: str
    second: str
    measure: str
    family: Family
    first_mean: float
    second_mean: float
    estimate: Estimate
    spread: float
    p: float
    p_holm: float
    is_exact: bool
    detectable: float | None
    needed: int | None
    wins: int
    losses: int
    ties: int
    moved: tuple[Moved, ...]
    is_believed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs over one judgment list.

    formulas       measure -> how it is computed, in the order asked for; the first is the primary
    queries        how many judged queries everything was computed over
    values         run -> measure -> query_id -> value
    differences    by measure, and there by pair in the order of the runs
    lists          query_id -> run -> its best hits, for every query that a ``moved`` names
    notes          what a reader has to know beside the figures: missing queries and the like
    seed           of both the randomisation and the bootstrap
    """

    formulas: Mapping[str, str]
    queries: int
    runs: tuple[RunSummary, ...]
    values: Mapping[str, PerQuery]
    differences: tuple[Difference, ...]
    lists: Mapping[str, Mapping[str, tuple[Listed, ...]]]
    notes: tuple[str, ...]
    seed: int

    @property
    def primary(self) -> str:
        """The measure that decisions rest on."""
        return next(iter(self.formulas))

    @property
    def query_ids(self) -> tuple[str, ...]:
        """Those that have a judgment: everything was computed over them."""
        return tuple(next(iter(self.values.values()))[self.primary])

    def of(self, measure: str) -> tuple[Difference, ...]:
        """All pairs by one measure."""
        return tuple(found for found in self.differences if found.measure == measure)
