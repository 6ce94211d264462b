"""What a reader of a tuned search must not miss: a leg that is better alone."""

from collections.abc import Iterator, Mapping

import numpy as np

from relevance_eval.tuning.answers import MEASURE
from relevance_eval.tuning.choosing import ROUNDING
from tandem.intervals import Estimate, estimate
from tandem.normalisation import Floats


def leg_warnings(
    now: Floats, held_out: Floats, legs: Mapping[str, Floats], seed: int
) -> Iterator[str]:
    """Where a leg alone is better than hybrid as it is now or than the tuned one, and where the
    tuned one is not surely better. Each is of shape (queries,); ``legs`` are by name.
    """
    has_changed = not np.allclose(now, held_out, rtol=0.0, atol=ROUNDING)
    for leg, alone in legs.items():
        before, after = (
            estimate(values - alone, range(len(values)), seed=seed) for values in (now, held_out)
        )
        told = f"{leg} has {MEASURE} {alone.mean():.4f}"
        if has_changed and before.mean < 0:
            yield f"hybrid loses to one leg: {told}, as it is now {_told(now, before)}"
        found = f"{told}, {'tuned and held out' if has_changed else 'as it is now'} "
        if after.mean < 0:
            yield f"hybrid loses to one leg: {found}{_told(held_out, after)}"
        elif after.low <= 0:
            yield f"no hybrid is surely better than one leg: {found}{_told(held_out, after)}"


def _told(values: Floats, found: Estimate) -> str:
    mean, low, high = map(difference, found)
    certainty = "; that is not certain" if found.mean < 0 <= found.high else ""
    return f"{values.mean():.4f}, {mean} ({low} to {high}){certainty}"


def difference(value: float) -> str:
    """With its sign; nothing is ``+0.0000``."""
    return f"{round(value, 4) + 0.0:+.4f}"
