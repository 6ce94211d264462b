"""What a reader of a tuned search must not miss: a leg that is better alone, a gain that may be
none.
"""

from collections.abc import Iterator, Mapping

from relevance_eval.tuning.answers import MEASURE
from relevance_eval.tuning.choosing import gained
from tandem.intervals import Estimate, estimate
from tandem.normalisation import Floats


def leg_warnings(
    now: Floats, held_out: Floats, legs: Mapping[str, Floats], seed: int
) -> Iterator[str]:
    """Where a leg alone is better than hybrid as it is now or than the tuned one, and where the
    tuned one is not surely better. Each is of shape (queries,); ``legs`` are by name.
    """
    has_changed = gained(now, held_out).any()
    for leg, alone in legs.items():
        before, after = (
            estimate(gained(values, alone), range(len(values)), seed=seed)
            for values in (now, held_out)
        )
        told = f"{leg} has {MEASURE} {alone.mean():.4f}"
        if has_changed and before.mean < 0:
            yield f"hybrid loses to one leg: {told}, as it is now {_told(now, before)}"
        found = f"{told}, {'tuned and held out' if has_changed else 'as it is now'} "
        if after.mean < 0:
            yield f"hybrid loses to one leg: {found}{_told(held_out, after)}"
        elif after.low <= 0:
            yield f"no hybrid is surely better than one leg: {found}{_told(held_out, after)}"


def doubts(gain: Estimate) -> Iterator[str]:
    """Whether what was chosen is better than what there is now; ``gain`` is the held-out one. That
    it was surely better over the queries that it was chosen by does not tell: it is the best of
    many there.
    """
    mean, low, high = map(difference, gain)
    found = f"{MEASURE} {mean} ({low} to {high}) held out"
    if gain.mean < 0:
        yield f"what was chosen loses to what there is now: {found}; judge more queries first"
    elif gain.low <= 0:
        yield f"what was chosen is not surely better than what there is now: {found}"


def _told(values: Floats, found: Estimate) -> str:
    mean, low, high = map(difference, found)
    certainty = "; that is not certain" if found.mean < 0 <= found.high else ""
    return f"{values.mean():.4f}, {mean} ({low} to {high}){certainty}"


def difference(value: float) -> str:
    """With its sign; nothing is ``+0.0000``."""
    return f"{round(value, 4) + 0.0:+.4f}"
