"""Training data from judgments: each judged query is asked, and its candidates are graded.

No person takes part. What is learned is how the evidence of the legs and the texts go together.
"""

from collections.abc import Mapping

import numpy as np

from rerank.training.groups import Group, TrainingSet
from rerank.training.lambdamart import FitOptions
from rerank.training.training import TrainingOptions
from tandem.errors import InputError, ModelError, SearchUnavailable
from tandem.features import FeatureMatrix
from tandem.judgments import Qrels
from tandem.protocols import Searcher
from tandem.queries import Query
from tandem.rankings import SearchResult

ORIGIN = "judgments"
BUDGET_MS = 60_000

FOLDS = 5
"""Judged queries are few: were some kept to prove the model alone, neither side had enough."""

LINEAR = (
    "blended_score",
    "blended_spread",
    "blended_lead",
    "fragments",
    "vector_mean",
    "words_of_best",
)
"""What counts on average; trees correct their weighted sum. Judged queries are few, and trees alone
do not find better than the untrained order. Chosen on SciFact's train queries by cross-validation:
untrained 0.746 nDCG@10, this sum 0.756; 400 trees upon it instead of 50 lose 0.003.
"""

TREES = FitOptions(
    trees=50,
    learning_rate=0.02,
    leaves=4,
    rows_in_leaf=100,
    row_share=0.7,
    feature_share=0.6,
    l2=20.0,
    truncation=20,
)
"""Few and careful ones, for the same reason."""


def options(seed: int = 0) -> TrainingOptions:
    """How to train on judgments."""
    return TrainingOptions(seed=seed, fit=TREES, linear=LINEAR, folds=FOLDS, selects=False)


def groups(
    searcher: Searcher, queries: Mapping[str, str], qrels: Qrels, *, depth: int = 100
) -> TrainingSet:
    """One group a judged query: its ``depth`` best candidates with their features and grades.

    A candidate that nobody judged, or that has a grade below 0, gets 0. A query is left out if no
    candidate is useful, or if all have one grade: it has no order to learn. The searcher is one
    that gives features (``Query.wants_features``).

    Raises:
        InputError: a judged query has no text, or no group is left.
        ModelError: the searcher gives no features, or other ones than it did before.
        SearchUnavailable: a query was answered only in part; what is learned from that misleads.
    """
    made: list[Group] = []
    names: tuple[str, ...] | None = None
    for query_id, grades in qrels.items():
        if query_id not in queries:
            raise InputError(f"the judged query {query_id!r} has no text")
        found = _features(query_id, _asked(searcher, query_id, queries[query_id], depth))
        if names is not None and found.names != names:
            raise ModelError(
                f"query {query_id!r} came with other features than the ones before it",
                hint="nothing may be reindexed or promoted meanwhile; run it again",
            )
        names = found.names
        group = _group(query_id, found, grades)
        if len({*group.grades.tolist()}) > 1:
            made.append(group)
    if names is None or not made:
        raise InputError(
            f"none of {len(qrels)} judged queries finds documents of different grades",
            hint="are these the judgments of this collection? document ids are compared exactly",
        )
    return TrainingSet(names, tuple(made))


def _asked(searcher: Searcher, query_id: str, text: str, depth: int) -> SearchResult:
    result = searcher.search(
        Query(
            text=text,
            limit=depth,
            budget_ms=BUDGET_MS,
            wants_highlights=False,
            wants_features=True,
        )
    )
    if result.degraded:
        lacking = ", ".join(f"{part.leg} {part.reason}" for part in result.degraded)
        raise SearchUnavailable(
            f"query {query_id!r} was answered only in part: {lacking}",
            hint="look at `tandem status`, and run it again when nothing is missing",
        )
    return result


def _features(query_id: str, result: SearchResult) -> FeatureMatrix:
    if result.features is None:
        raise ModelError(
            f"query {query_id!r} came without features",
            hint=f"the configuration {result.configuration!r} must be one that reranks",
        )
    return result.features.of(result.page.document_ids)


def _group(query_id: str, found: FeatureMatrix, grades: Mapping[str, int | None]) -> Group:
    judged = [max(grades.get(document_id) or 0, 0) for document_id in found.document_ids]
    return Group(
        group_id=query_id,
        document_ids=found.document_ids,
        grades=np.array(judged, dtype=np.int32),
        values=found.values,
        origin=ORIGIN,
    )
