"""The ways to score words that are tried: each changes one thing about how they score now.

So they are few: each needs a retrieval of its own, and the best of all combinations by some queries
is worse on others (decision 0024). Once one of them is live, the next choice goes on from there.
Numbers are small: phrases that count as much as words cost SciFact's train queries 0.027 nDCG@10 of
the lexical leg.
"""

from collections.abc import Iterator, Sequence

from tandem.fields import Field
from tandem.schema import BODY
from tandem.scoring import LexicalScoring

RATIOS = (0.5, 1.0, 2.0, 4.0)
"""What a match in a field may be worth beside one in the body."""

PAIRS = (0.0, 0.05, 0.1, 0.2, 0.4)
"""What phrases, and what proximity may be worth."""

MOST_WEIGHT = 10.0
MOST_FIELDS = 10
"""Fields beyond the first ones keep their weights."""


def scorings(current: LexicalScoring, fields: Sequence[Field]) -> Sequence[LexicalScoring]:
    """``current``, and what is tried in its place; ``fields`` are the text fields of the index."""
    return [current, *_weighted(current, fields), *_paired(current)]


def _weighted(current: LexicalScoring, fields: Sequence[Field]) -> Iterator[LexicalScoring]:
    own = [current.weight(field) for field in fields if field.name == BODY.name]
    body = next(filter(None, own), 1.0)  # nothing is worth a ratio of a body without weight
    others = [field for field in fields if field.name != BODY.name]
    for field in others[:MOST_FIELDS]:
        weights = sorted({min(ratio * body, MOST_WEIGHT) for ratio in RATIOS})
        for weight in weights:
            if weight != current.weight(field):
                given = dict(current.weights) | {field.name: weight}
                yield LexicalScoring.of(given, current.phrase, current.proximity)


def _paired(current: LexicalScoring) -> Iterator[LexicalScoring]:
    weights, phrase, proximity = dict(current.weights), current.phrase, current.proximity
    yield from (LexicalScoring.of(weights, worth, proximity) for worth in PAIRS if worth != phrase)
    yield from (LexicalScoring.of(weights, phrase, worth) for worth in PAIRS if worth != proximity)
