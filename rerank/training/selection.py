"""Which features earn their place: each one costs every search something."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rerank.training.fitting import Fitted, Fitting

LEAST_SHARE = 0.005
"""Of the gain of all trees: a feature with less tells hardly more than chance."""

HARDLY_TOLD = f"less than {LEAST_SHARE:.1%} of the gain, and no worse without"


class Selection(NamedTuple):
    """The model of the features that are kept, made of the training set alone, and why the others
    are not.
    """

    tried: Fitted
    unused: Mapping[str, str]


def selected(fitting: Fitting, names: tuple[str, ...], what: str) -> Selection:
    """Those of the features whose share of the gain is not below ``LEAST_SHARE``, unless the order
    of the validation set's groups is worse by them alone: the 95 % interval of the difference in
    nDCG is below 0. What a weighted sum is made of stays.
    """
    every = fitting.tried(names, what)
    kept = _telling(every, fitting.linear)
    if not 0 < len(kept) < len(names):
        return Selection(every, {})
    fewer = fitting.tried(kept, f"{what} with {len(kept)} of {len(names)} features")
    if fitting.lift(fewer, every).high < 0:
        return Selection(every, {})
    return Selection(
        fewer, dict.fromkeys((name for name in names if name not in kept), HARDLY_TOLD)
    )


def _telling(made: Fitted, always: tuple[str, ...]) -> tuple[str, ...]:
    gains = np.asarray(made.booster.feature_importance("gain"), dtype=np.float64)
    least = LEAST_SHARE * gains.sum()
    return tuple(
        name
        for name, gain in zip(made.names, gains.tolist(), strict=True)
        if (gain > 0.0 and gain >= least) or name in always
    )
