"""What a manifest says of the data, and of what the trees look at."""

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from rerank.manifest import Data
from rerank.training.fitting import Fitted
from rerank.training.groups import TrainingSet
from rerank.training.splits import Split

BY_THE_SPLIT = "too new to learn from, or history of who tests"

Reasons = tuple[Mapping[str, int], Mapping[str, str]]
"""Why groups were left out, with how many, and why features are not of the model."""


def described(data: TrainingSet, parts: Split, names: tuple[str, ...], reasons: Reasons) -> Data:
    """What a model of the features ``names`` was made from."""
    left_out, unused = reasons
    seconds = [group.seconds for group in data.groups]
    shares = np.isnan(data.only(names).values).mean(axis=0).tolist()
    return Data(
        groups=len(data),
        rows=sum(data.sizes),
        users=len({group.user_id for group in data.groups} - {None}),
        first_seconds=min(seconds),
        last_seconds=max(seconds),
        fingerprint=fingerprint(data),
        origins=dict(Counter(group.origin for group in data.groups)),
        parts={name: len(getattr(parts, name)) for name in ("training", "validation", "test")},
        left_out=dict(left_out) | ({BY_THE_SPLIT: parts.left_out} if parts.left_out else {}),
        unused=dict(unused),
        unknown={name: share for name, share in zip(names, shares, strict=True) if share},
    )


def fingerprint(data: TrainingSet) -> str:
    """SHA-256 over all that is learned from, in the order of the groups."""
    digest = hashlib.sha256(repr(data.names).encode())
    for group in data.groups:
        said = (group.group_id, group.user_id, group.seconds, group.origin, group.document_ids)
        digest.update(repr(said).encode())
        for part in (group.grades, group.values, group.positions):
            digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def importances(made: Fitted) -> dict[str, float]:
    """Each feature's share of the gain, largest first; those without any are left out."""
    gains = np.asarray(made.booster.feature_importance("gain"), dtype=np.float64)
    shares = {
        name: float(gain / gains.sum())
        for name, gain in zip(made.names, gains, strict=True)
        if gain > 0
    }
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
