"""A weighted sum of a few features, fitted to whole lists: what trees are then added to.

Where groups are few, trees alone forget that a larger score should lead on average; a sum of scores
keeps it. The loss is that of ListNet with its top-one probabilities (Z. Cao et al., "Learning to
rank: from pairwise approach to listwise approach", 2007), the targets in proportion to the gains.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rerank.model import known_or_zero
from rerank.training.groups import TrainingSet
from tandem.errors import InputError

Floats = npt.NDArray[np.float64]

STEPS = 200


def fit_linear(
    data: TrainingSet, names: Sequence[str], *, l2: float, weights: Floats | None = None
) -> dict[str, float]:
    """Feature -> weight, of features as they are, NaN counting 0 (see ``Manifest.start``).

    ``l2`` is the penalty on the weights of features of variance 1; ``weights``, (documents,),
    multiply the gains. One that never varies gets no weight.

    Raises:
        InputError: a feature is not there, or no group has anything of use.
    """
    from scipy.optimize import minimize

    if unknown := {*names} - {*data.names}:
        raise InputError(f"unknown features for a weighted sum: {', '.join(sorted(unknown))}")
    columns = known_or_zero(data.only(names).values)
    scales = columns.std(axis=0)
    used = np.flatnonzero(scales > 0)
    columns = columns[:, used] / scales[used]
    lists = np.repeat(np.arange(len(data)), data.sizes)
    gains = (np.exp2(data.grades.astype(np.float64)) - 1.0) * (1.0 if weights is None else weights)
    wholes = np.bincount(lists, gains, len(data))
    if not wholes.any():
        raise InputError("no group has anything of use: nothing to learn from")
    targets = np.divide(gains, wholes[lists], out=np.zeros_like(gains), where=wholes[lists] > 0)
    counts = wholes > 0

    def loss(tried: Floats) -> tuple[float, Floats]:
        chances, logs = _softmax(columns @ tried, lists, len(data))
        kept = counts[lists]
        value = -(targets * logs).sum() / counts.sum() + l2 * (tried @ tried)
        slope = columns.T @ ((chances - targets) * kept) / counts.sum() + 2.0 * l2 * tried
        return float(value), slope

    found = minimize(loss, np.zeros(len(used)), jac=True, method="L-BFGS-B",
                     options={"maxiter": STEPS}).x  # fmt: skip
    kept = [names[place] for place in used.tolist()]
    return dict(zip(kept, (found / scales[used]).tolist(), strict=True))


def _softmax(scores: Floats, lists: npt.NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """Each document's chance to be first in its list, and the logarithm of it."""
    highest = np.full(count, -np.inf)
    np.maximum.at(highest, lists, scores)
    shifted = scores - highest[lists]
    sums = np.bincount(lists, np.exp(shifted), count)
    logs = shifted - np.log(sums[lists])
    return np.exp(logs), logs
